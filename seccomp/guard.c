/* The index: device and inode of every protected file that has more than one name, made by walking the
 * patterns of block and ask rules. Only files with several names are in it, and only they are looked up,
 * so it is small, and opening ordinary files costs nothing. */
#include "seccomp/guard.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#define GUARD_FILES_MAX	  4096
#define GUARD_VISIT_MAX	  50000 /* directory entries looked at in one pass */
#define GUARD_DEPTH_MAX	  6	/* of "**" below home and workspace */
#define GUARD_FRESH_SEC	  5

struct guard_file {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct guard_index {
	pthread_mutex_t lock;
	time_t made; /* CLOCK_MONOTONIC seconds; 0 = never */
	struct guard_file *files;
	size_t n;
	size_t visits; /* left in this pass */
};

struct guard_index *guard_new(void)
{
	struct guard_index *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->files = calloc(GUARD_FILES_MAX, sizeof(*g->files));
	if (!g->files) {
		free(g);
		return NULL;
	}
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

static void guard_empty(struct guard_index *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->files[i].path);
	g->n = 0;
}

void guard_free(struct guard_index *g)
{
	if (!g)
		return;
	guard_empty(g);
	free(g->files);
	free(g);
}

void guard_forget(struct guard_index *g)
{
	pthread_mutex_lock(&g->lock);
	g->made = 0;
	pthread_mutex_unlock(&g->lock);
}

static void guard_add(struct guard_index *g, const char *path)
{
	struct stat st;

	if (g->n >= GUARD_FILES_MAX || lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink < 2)
		return;
	g->files[g->n] = (struct guard_file){ st.st_dev, st.st_ino, strdup(path) };
	if (g->files[g->n].path)
		g->n++;
}

/* Most files have one name only, and to see that is much cheaper than to compare patterns. */
static bool has_more_names(DIR *d, const char *name)
{
	struct stat st;

	return fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1;
}

struct guard_walk {
	struct guard_index *g;
	const char *pattern;
	int depth_left;
};

/* Look at everything below @dir that @pattern could mean. */
static void guard_scan(struct guard_walk *w, const char *dir, int depth)
{
	DIR *d;
	struct dirent *e;

	if (depth < 0 || w->g->visits == 0)
		return;
	d = opendir(dir);
	if (!d)
		return;
	while ((e = readdir(d)) && w->g->visits > 0) {
		char path[PATH_MAX];

		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		w->g->visits--;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= sizeof(path))
			continue;
		if (e->d_type == DT_DIR)
			guard_scan(w, path, depth - 1);
		else if (has_more_names(d, e->d_name) && policy_glob(w->pattern, path))
			guard_add(w->g, path);
	}
	closedir(d);
}

static int count(const char *s, char c)
{
	int n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

/* A pattern with a literal beginning is walked from there; one that begins with "**" is not: see
 * guard_anywhere(). */
static bool guard_pattern(const char *pattern, void *arg)
{
	struct guard_walk w = { .g = arg, .pattern = pattern };
	size_t lit = strcspn(pattern, "*?[{\\");
	char dir[PATH_MAX];

	if (pattern[0] != '/' || str_starts(pattern, "/proc/") || str_starts(pattern, "/sys/") ||
	    str_starts(pattern, "/dev/"))
		return true; /* file systems of the kernel have no hard links */
	if (pattern[lit] == '\0') {
		guard_add(w.g, pattern);
	}
	while (lit > 0 && pattern[lit - 1] != '/')
		lit--;
	if (lit <= 1 || lit >= sizeof(dir))
		return true; /* "/" followed by a wildcard is as good as anywhere */
	memcpy(dir, pattern, lit - 1);
	dir[lit - 1] = '\0';
	guard_scan(&w, dir, strstr(pattern + lit, "**") ? GUARD_DEPTH_MAX : count(pattern + lit, '/'));
	return w.g->visits > 0;
}

struct anywhere {
	const char **patterns;
	size_t n, cap;
};

static bool collect_anywhere(const char *pattern, void *arg)
{
	struct anywhere *a = arg;

	if (pattern[0] == '*' && a->n < a->cap)
		a->patterns[a->n++] = pattern;
	return true;
}

static void scan_anywhere(struct guard_index *g, const struct anywhere *a, const char *dir, int depth)
{
	struct dirent *e;
	DIR *d;

	if (depth < 0 || g->visits == 0)
		return;
	d = opendir(dir);
	while (d && (e = readdir(d)) && g->visits > 0) {
		char path[PATH_MAX];

		if (streq(e->d_name, ".") || streq(e->d_name, "..") || streq(e->d_name, "node_modules"))
			continue;
		g->visits--;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= sizeof(path))
			continue;
		if (e->d_type == DT_DIR) {
			scan_anywhere(g, a, path, depth - 1);
			continue;
		}
		if (!has_more_names(d, e->d_name))
			continue;
		for (size_t i = 0; i < a->n; i++)
			if (policy_glob(a->patterns[i], path)) {
				guard_add(g, path);
				break;
			}
	}
	if (d)
		closedir(d);
}

static void guard_make(struct notif *n, struct guard_index *g)
{
	const char *patterns[512];
	struct anywhere any = { .patterns = patterns, .cap = ARRAY_SIZE(patterns) };
	unsigned ops = OP(READ) | OP(WRITE) | OP(DELETE);

	guard_empty(g);
	g->visits = GUARD_VISIT_MAX;
	policy_each_guard(n->policy, ops, guard_pattern, g);
	policy_each_guard(n->policy, ops, collect_anywhere, &any);
	g->visits = GUARD_VISIT_MAX;
	scan_anywhere(g, &any, n->s->workspace, GUARD_DEPTH_MAX);
	if (!str_starts(n->s->workspace, n->s->home))
		scan_anywhere(g, &any, n->s->home, 2);
}

static void guard_refresh(struct notif *n, struct guard_index *g)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (g->made != 0 && now.tv_sec - g->made <= GUARD_FRESH_SEC)
		return;
	guard_make(n, g);
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	g->made = MAX(now.tv_sec, (time_t)1);
}

/* The next protected name of this inode from *at on, in @buf. */
static bool guard_find(struct notif *n, const struct stat *st, size_t *at, char *buf, size_t size)
{
	struct guard_index *g = n->s->guards;
	bool found = false;

	pthread_mutex_lock(&g->lock);
	guard_refresh(n, g);
	for (; *at < g->n && !found; ++*at) {
		found = g->files[*at].dev == st->st_dev && g->files[*at].ino == st->st_ino;
		if (found)
			(void)snprintf(buf, size, "%s", g->files[*at].path); /* PATH_MAX both */
	}
	pthread_mutex_unlock(&g->lock);
	return found;
}

bool guard_judge(struct notif *n, enum policy_op op, const struct stat *st, const char *path)
{
	char other[PATH_MAX];
	size_t at = 0;

	if (!S_ISREG(st->st_mode) || st->st_nlink < 2)
		return true;
	while (guard_find(n, st, &at, other, sizeof(other)))
		if (!streq(other, path) && !judge_path(n, op, other, path))
			return false;
	return true;
}
