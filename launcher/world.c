#include "launcher/world.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>
#include <time.h>

#include "launcher/aliases.h"
#include "launcher/hardlink.h"

#define WORLD_PATH_DIRS	   64		/* of PATH */
#define WORLD_FILE_MAX	   (1u << 20)	/* bytes of a file that is read */
#define WORLD_GLOB_ENTRIES 20000	/* directory entries that one glob may look at */
#define WORLD_GLOB_NAMES   1000		/* names that one glob may yield */

/* What find_program() found, and find_names() for it; asked for again after a second. */
#define WORLD_FOUND	 1024 /* so that hardly two share a slot */
#define WORLD_FOUND_TIME 1  /* s */

struct found {
	char program[64]; /* "" : empty */
	char path[256];	  /* "" : nowhere */
	time_t at;
	bool has_others;  /* those two are filled */
	char others[512]; /* the names of @path besides, each with its NUL */
	size_t others_len;
	char real[256];
};

struct world {
	struct pipeline_world view;
	const struct tool_place *place;
	struct hardlink *links;
	struct found found[WORLD_FOUND];
};

/* --- names ---------------------------------------------------------------------------------------- */

/* Add the guarded names of hard links. */
static int add_hardlinks(const struct world *w, enum policy_op op, struct aliases *n)
{
	const size_t known = n->n;

	for (size_t i = 0; i < known && !n->absent; i++) {
		const char *other = NULL;
		struct stat st;

		if (lstat(n->name[i], &st) == 0)
			other = hardlink_find(w->links, op, &st);
		if (other && aliases_add(n, other) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int names_of(const struct world *w, enum policy_op op, const char *path,
		    void (*add)(void *to, const char *name), void *to, char *ret_real)
{
	autoaliases n = {.n = 0};
	struct err err;
	int rc = aliases_find(w->place->home, w->place->cwd, path, op != POLICY_DELETE, &n, &err);

	if (rc == 0)
		rc = add_hardlinks(w, op, &n);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n.n; i++)
		if (!streq(n.name[i], path))
			add(to, n.name[i]);
	(void)snprintf(ret_real, PATH_MAX, "%s", n.name[n.resolved]); /* PATH_MAX both */
	return 0;
}

/* --- programs ------------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Where PATH leads, as in execvp(3). */
static bool search_path(const struct world *w, const char *program, char ret[PATH_MAX])
{
	const char *dirs = getenv("PATH");

	if (!dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (size_t i = 0; i < WORLD_PATH_DIRS; i++) {
		size_t len = strcspn(dirs, ":");
		int n = snprintf(ret, PATH_MAX, "%.*s/%s", (int)len, dirs, program);

		if (len == 0)
			n = snprintf(ret, PATH_MAX, "%s/%s", w->place->cwd, program);
		if (n > 0 && n < PATH_MAX && is_program(ret))
			return true;
		if (!dirs[len])
			break;
		dirs += len + 1;
	}
	return false;
}

static struct found *found_slot(struct world *w, const char *program)
{
	return &w->found[fnv1a(FNV1A_START, program, strlen(program)) % WORLD_FOUND];
}

static time_t now_s(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail for this clock */
	return now.tv_sec;
}

static bool find_program(void *arg, const char *program, char *ret)
{
	struct world *w = arg;
	struct found *f = found_slot(w, program);
	time_t now = now_s();
	bool is_there;

	if (streq(f->program, program) && now - f->at <= WORLD_FOUND_TIME) {
		memcpy(ret, f->path, sizeof(f->path));
		return f->path[0];
	}
	is_there = search_path(w, program, ret);
	if (program[0] && strlen(program) < sizeof(f->program) && (!is_there || strlen(ret) < sizeof(f->path))) {
		memcpy(f->program, program, strlen(program) + 1);
		(void)snprintf(f->path, sizeof(f->path), "%s", is_there ? ret : "");
		f->at = now;
		f->has_others = false;
	}
	return is_there;
}

static void keep_name(void *to, const char *name)
{
	struct found *f = to;
	size_t size = strlen(name) + 1;

	f->has_others &= size <= sizeof(f->others) - f->others_len;
	if (f->has_others) {
		memcpy(f->others + f->others_len, name, size);
		f->others_len += size;
	}
}

static int find_names(void *arg, enum policy_op op, const char *path, void (*add)(void *to, const char *name), void *to,
		      char *ret_real)
{
	struct world *w = arg;
	struct found *f = op == POLICY_EXEC ? found_slot(w, strrchr(path, '/') + 1) : NULL;

	if (!f || !streq(f->path, path) || now_s() - f->at > WORLD_FOUND_TIME)
		return names_of(w, op, path, add, to, ret_real);
	if (!f->has_others) {
		char real[PATH_MAX];

		f->has_others = true;
		f->others_len = 0;
		if (names_of(w, op, path, keep_name, f, real) < 0 || strlen(real) >= sizeof(f->real))
			f->has_others = false;
		else
			memcpy(f->real, real, strlen(real) + 1);
		if (!f->has_others)
			return names_of(w, op, path, add, to, ret_real);
	}
	for (size_t i = 0; i < f->others_len; i += strlen(f->others + i) + 1)
		add(to, f->others + i);
	memcpy(ret_real, f->real, sizeof(f->real));
	return 0;
}

/* --- globs ---------------------------------------------------------------------------------------- */

/* glob(3) has no limit of its own; it asks these functions. Its callbacks take no argument. */
static __thread unsigned glob_left;

static struct dirent *limited_readdir(void *dir)
{
	if (glob_left == 0)
		return NULL;
	glob_left--;
	return readdir(dir);
}

static void *open_dir(const char *path)
{
	return opendir(path);
}

static void close_dir(void *dir)
{
	(void)closedir(dir); /* was only read */
}

static int stat_name(const char *path, struct stat *st)
{
	return stat(path, st);
}

static int lstat_name(const char *path, struct stat *st)
{
	return lstat(path, st);
}

static bool expand_glob(void *arg, const char *pattern, void (*add)(void *to, const char *path), void *to)
{
	glob_t g = {
		.gl_opendir = open_dir,
		.gl_closedir = close_dir,
		.gl_readdir = limited_readdir,
		.gl_stat = stat_name,
		.gl_lstat = lstat_name,
	};
	int rc;

	(void)arg; /* patterns are absolute */
	glob_left = WORLD_GLOB_ENTRIES;
	rc = glob(pattern, GLOB_NOSORT | GLOB_ALTDIRFUNC, NULL, &g);
	if (rc == 0 && glob_left)
		for (size_t i = 0; i < MIN(g.gl_pathc, (size_t)WORLD_GLOB_NAMES); i++)
			add(to, g.gl_pathv[i]);
	globfree(&g);
	return rc == 0 && glob_left && g.gl_pathc <= WORLD_GLOB_NAMES;
}

/* --- files ---------------------------------------------------------------------------------------- */

static int read_file(void *arg, const char *path, struct buf *ret)
{
	autoclose fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char chunk[16384];
	struct stat st;
	ssize_t n;

	(void)arg;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_put(ret, chunk, (size_t)n);
		if (ret->len > WORLD_FILE_MAX)
			return -EFBIG;
	}
	return n < 0 ? -errno : buf_failed(ret) ? -ENOMEM : 0;
}

/* --- the whole ------------------------------------------------------------------------------------ */

struct world *world_new(const struct tool_place *place, const struct policy *p)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->place = place;
	w->view = (struct pipeline_world){
		.home = place->home,
		.cwd = place->cwd,
		.workspace = place->workspace,
		.glob = expand_glob,
		.names = find_names,
		.find_program = find_program,
		.read_file = read_file,
		.arg = w,
	};
	w->links = hardlink_new(p, place->workspace);
	return w->links ? w : world_free(w);
}

struct world *world_free(struct world *w)
{
	if (w)
		hardlink_free(w->links);
	free(w);
	return NULL;
}

const struct pipeline_world *world_view(const struct world *w)
{
	return &w->view;
}
