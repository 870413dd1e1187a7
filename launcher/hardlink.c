#include "launcher/hardlink.h"

#include <dirent.h>
#include <limits.h>
#include <time.h>

#define HARDLINK_DEPTH_MAX   8
#define HARDLINK_BASES_MAX   512
#define HARDLINK_ENTRIES_MAX 4000   /* of one base */
#define HARDLINK_TOTAL_MAX   100000 /* of one search */
#define HARDLINK_FOUND_MAX   4096
#define HARDLINK_AGE_S	     1

struct found {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct table {
	struct found found[HARDLINK_FOUND_MAX];
	size_t n;
	time_t made_s; /* CLOCK_MONOTONIC; 0: never */
};

struct hardlink {
	const struct policy *policy;
	const char *workspace;
	struct table *tables[POLICY_OP_COUNT]; /* made when first asked for */
	/* while a search runs: */
	enum policy_op op;
	char *bases[HARDLINK_BASES_MAX];
	size_t n_bases, entries, total;
};

struct hardlink *hardlink_new(const struct policy *p, const char *workspace)
{
	struct hardlink *h = calloc(1, sizeof(*h));

	if (h) {
		h->policy = p;
		h->workspace = workspace;
	}
	return h;
}

static void table_clear(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->found[i].path);
	t->n = 0;
}

static void bases_clear(struct hardlink *h)
{
	for (size_t i = 0; i < h->n_bases; i++)
		free(h->bases[i]);
	h->n_bases = 0;
}

struct hardlink *hardlink_free(struct hardlink *h)
{
	if (!h)
		return NULL;
	for (size_t i = 0; i < POLICY_OP_COUNT; i++) {
		if (h->tables[i])
			table_clear(h->tables[i]);
		free(h->tables[i]);
	}
	bases_clear(h);
	free(h);
	return NULL;
}

/* --- one file ------------------------------------------------------------------------------------- */

static bool is_guarded(const struct hardlink *h, const char *path)
{
	struct policy_dest dest = {.unix_path = path};
	struct policy_action a = {.op = h->op, .path = path};
	struct policy_decision d;

	if (h->op == POLICY_CONNECT) {
		a.path = NULL;
		a.dest = &dest;
	}
	policy_decide(h->policy, &a, &d);
	return d.verdict != VERDICT_ALLOW && !streq(d.rule, "default");
}

static void note_file(struct hardlink *h, const char *path, const struct stat *st)
{
	struct table *t = h->tables[h->op];
	char *copy;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2 || t->n == HARDLINK_FOUND_MAX ||
	    !is_guarded(h, path))
		return;
	copy = strdup(path);
	if (copy)
		t->found[t->n++] = (struct found){.dev = st->st_dev, .ino = st->st_ino, .path = copy};
}

/* --- the search ----------------------------------------------------------------------------------- */

static void search_dir(struct hardlink *h, const char *path, unsigned depth);

static void search_entry(struct hardlink *h, int dirfd_, const char *dir, const char *name, unsigned depth)
{
	char path[PATH_MAX];
	struct stat st;
	int n;

	if (streq(name, ".") || streq(name, ".."))
		return;
	if (fstatat(dirfd_, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	n = snprintf(path, sizeof(path), "%s/%s", streq(dir, "/") ? "" : dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	if (S_ISDIR(st.st_mode))
		search_dir(h, path, depth + 1);
	else
		note_file(h, path, &st);
}

static void search_dir(struct hardlink *h, const char *path, unsigned depth)
{
	const struct dirent *e;
	DIR *d;

	if (depth > HARDLINK_DEPTH_MAX)
		return;
	d = opendir(path);
	if (!d)
		return;
	while (h->entries < HARDLINK_ENTRIES_MAX && h->total < HARDLINK_TOTAL_MAX && (e = readdir(d))) {
		h->entries++;
		h->total++;
		search_entry(h, dirfd(d), path, e->d_name, depth);
	}
	(void)closedir(d); /* read only */
}

/* The part of @pattern before its first component with a wildcard; the workspace for a floating one. */
static bool add_base(const char *pattern, void *arg)
{
	struct hardlink *h = arg;
	size_t len = strcspn(pattern, "*?[{\\");
	char base[PATH_MAX];

	if (pattern[len])
		while (len > 0 && pattern[len - 1] != '/')
			len--;
	if (len <= 1 || len >= sizeof(base)) {
		len = MIN(strlen(h->workspace), sizeof(base) - 1);
		memcpy(base, h->workspace, len);
	} else {
		memcpy(base, pattern, len);
		len -= base[len - 1] == '/';
	}
	base[len] = '\0';
	for (size_t i = 0; i < h->n_bases; i++)
		if (streq(h->bases[i], base))
			return true;
	if (h->n_bases < HARDLINK_BASES_MAX && (h->bases[h->n_bases] = strdup(base)))
		h->n_bases++;
	return true;
}

static void search(struct hardlink *h)
{
	struct stat st;

	table_clear(h->tables[h->op]);
	bases_clear(h);
	h->total = 0;
	policy_each_guard(h->policy, 1u << h->op, add_base, h);
	for (size_t i = 0; i < h->n_bases; i++) {
		h->entries = 0;
		if (lstat(h->bases[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			search_dir(h, h->bases[i], 0);
		else
			note_file(h, h->bases[i], &st);
	}
}

const char *hardlink_find(struct hardlink *h, enum policy_op op, const struct stat *st)
{
	struct timespec now = {0};
	struct table *t;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	if (!h->tables[op] && !(h->tables[op] = calloc(1, sizeof(*t))))
		return NULL;
	t = h->tables[op];
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	if (t->made_s == 0 || now.tv_sec - t->made_s > HARDLINK_AGE_S) {
		h->op = op;
		search(h);
		t->made_s = now.tv_sec + 1; /* never 0 */
	}
	for (size_t i = 0; i < t->n; i++)
		if (t->found[i].dev == st->st_dev && t->found[i].ino == st->st_ino)
			return t->found[i].path;
	return NULL;
}
