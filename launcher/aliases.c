#include "launcher/aliases.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "policy/policy.h"

void aliases_done(struct aliases *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->name[i]);
	n->n = 0;
}

int aliases_add(struct aliases *n, const char *name)
{
	for (size_t i = 0; i < n->n; i++)
		if (streq(n->name[i], name))
			return 0;
	if (n->n == ALIASES_MAX)
		return 0;
	n->name[n->n] = strdup(name);
	if (!n->name[n->n])
		return -ENOMEM;
	n->n++;
	return 0;
}

/* --- /proc ---------------------------------------------------------------------------------------- */

/* Length of "/proc/self", "/proc/thread-self" or "/proc/1234" (with "/task/5") at the start of @path, else 0. */
static size_t proc_prefix(const char *path)
{
	static const char *const self[] = {"self", "thread-self"};
	size_t n = strlen("/proc/"), digits;

	if (!str_starts(path, "/proc/"))
		return 0;
	digits = strspn(path + n, "0123456789");
	for (size_t i = 0; i < ARRAY_SIZE(self) && digits == 0; i++) {
		size_t len = strlen(self[i]);

		if (strncmp(path + n, self[i], len) == 0 && (path[n + len] == '/' || !path[n + len]))
			digits = len;
	}
	if (digits == 0)
		return 0;
	n += digits;
	if (str_starts(path + n, "/task/")) {
		digits = strspn(path + n + 6, "0123456789");
		n += digits ? 6 + digits : 0;
	}
	return path[n] == '/' || path[n] == '\0' ? n : 0;
}

/* If @path goes through a process's root or working directory, write what it stands for. */
static bool proc_fold(const char *cwd, const char *path, char *buf, size_t size)
{
	size_t n = proc_prefix(path);
	const char *base, *rest;

	if (n == 0)
		return false;
	if (str_starts(path + n, "/root") && (path[n + 5] == '/' || !path[n + 5])) {
		base = "/";
		rest = path + n + 5;
	} else if (str_starts(path + n, "/cwd") && (path[n + 4] == '/' || !path[n + 4])) {
		base = cwd;
		rest = path + n + 4;
	} else {
		return false;
	}
	while (*rest == '/')
		rest++;
	return policy_normalise(base, *rest ? rest : ".", buf, size) >= 0;
}

/* Links below /proc/PID name things of that process, which is not the one asked about. */
static bool proc_is_magic(const char *path)
{
	return proc_prefix(path) > 0 || str_starts(path, "/dev/fd/");
}

/* --- the walk ------------------------------------------------------------------------------------- */

/* @done is resolved so far ("" is the root), @todo what remains, without leading slashes. */
struct walk {
	const char *cwd;
	char done[PATH_MAX];
	char todo[PATH_MAX];
	unsigned links;
	struct aliases *names;
};

static void walk_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash)
		*slash = '\0';
}

/* Take the first component of todo. */
static size_t walk_take(struct walk *w, char *comp)
{
	size_t len = strcspn(w->todo, "/"), skip;

	memcpy(comp, w->todo, len);
	comp[len] = '\0';
	skip = len + strspn(w->todo + len, "/");
	memmove(w->todo, w->todo + skip, strlen(w->todo + skip) + 1);
	return len;
}

/* Note the whole name that the walk stands before: done + todo, folded. */
static int walk_note(struct walk *w)
{
	char whole[2 * PATH_MAX], name[PATH_MAX];

	(void)snprintf(whole, sizeof(whole), "%s/%s", w->done, w->todo); /* fits by its size */
	if (policy_normalise("/", whole, name, sizeof(name)) < 0)
		return -ENAMETOOLONG;
	if (aliases_add(w->names, name) < 0)
		return -ENOMEM;
	if (proc_fold(w->cwd, name, whole, PATH_MAX) && aliases_add(w->names, whole) < 0)
		return -ENOMEM;
	return 0;
}

/* done is a link to @target: go on from there. */
static int walk_link(struct walk *w, const char *target)
{
	char todo[2 * PATH_MAX];
	int n;

	if (++w->links > ALIASES_LINKS_MAX)
		return -ELOOP;
	n = snprintf(todo, sizeof(todo), "%s/%s", target, w->todo);
	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	if (target[0] == '/')
		w->done[0] = '\0';
	else
		walk_up(w);
	n = (int)strspn(todo, "/");
	memmove(w->todo, todo + n, strlen(todo + n) + 1);
	return walk_note(w);
}

/* One component. Return 0, or -errno. */
static int walk_step(struct walk *w, bool follow_last)
{
	char comp[PATH_MAX], target[PATH_MAX];
	size_t len = walk_take(w, comp), have = strlen(w->done);
	ssize_t n;

	if (len == 0 || streq(comp, "."))
		return 0;
	if (streq(comp, "..")) {
		walk_up(w);
		return 0;
	}
	if (have + 1 + len >= sizeof(w->done))
		return -ENAMETOOLONG;
	w->done[have] = '/';
	memcpy(w->done + have + 1, comp, len + 1);
	if ((!w->todo[0] && !follow_last) || proc_is_magic(w->done))
		return 0;
	n = readlink(w->done, target, sizeof(target) - 1);
	if (n <= 0)
		return 0; /* no link, not there, or not ours to see: the name stands */
	target[n] = '\0';
	return walk_link(w, target);
}

/* The walk is over: done is what the name comes to. */
static int walk_end(struct walk *w)
{
	int rc = walk_note(w);
	char name[PATH_MAX];

	if (rc < 0 || policy_normalise("/", w->done[0] ? w->done : "/", name, sizeof(name)) < 0)
		return rc;
	for (size_t i = 0; i < w->names->n; i++)
		if (streq(w->names->name[i], name))
			w->names->resolved = i;
	return 0;
}

static int walk_run(struct walk *w, bool follow_last)
{
	char folded[PATH_MAX];

	while (w->todo[0]) {
		int rc = walk_step(w, follow_last);

		if (rc < 0)
			return rc == -ELOOP ? 0 : rc;
		if (proc_fold(w->cwd, w->done, folded, sizeof(folded))) {
			memcpy(w->done, folded, sizeof(folded));
			if (streq(w->done, "/"))
				w->done[0] = '\0';
		}
	}
	return walk_end(w);
}

/* --- entry ---------------------------------------------------------------------------------------- */

/* "~" and "~/x" stand for home; "~user" is somebody's guess and an ordinary name to the kernel. */
static int expand(const char *home, const char *cwd, const char *text, char *buf, size_t size)
{
	const char *base = cwd, *rest = text;
	int n;

	if (text[0] == '~' && (text[1] == '/' || !text[1])) {
		base = home;
		rest = text + 1;
	} else if (text[0] == '/') {
		base = "";
	}
	n = snprintf(buf, size, "%s/%s", base, rest);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Most names hold no link at all, which the kernel tells in one call. False: walk. */
static bool has_no_links(const char *full, bool follow, bool *ret_absent)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), .resolve = RESOLVE_NO_SYMLINKS};
	autoclose fd = (int)syscall(SYS_openat2, AT_FDCWD, full, &how, sizeof(how));

	*ret_absent = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	return fd >= 0 || *ret_absent;
}

int aliases_find(const char *home, const char *cwd, const char *text, bool follow, struct aliases *ret,
	       struct err *reterr)
{
	struct aliases n = {.n = 0};
	struct walk w = {.cwd = cwd, .names = &n};
	char full[PATH_MAX], *tail;
	int rc;

	if (!text[0])
		return err_set(reterr, EINVAL, "empty path");
	rc = expand(home, cwd, text, full, sizeof(full));
	if (rc < 0)
		return err_set(reterr, -rc, "path too long");
	tail = full + strspn(full, "/");
	memcpy(w.todo, tail, strlen(tail) + 1);
	rc = walk_note(&w); /* as written */
	if (rc == 0 && (str_starts(n.name[0], "/proc/") || !has_no_links(full, follow, &n.absent)))
		rc = walk_run(&w, follow);
	if (rc < 0) {
		aliases_done(&n);
		return err_set(reterr, -rc, "%s", rc == -ENAMETOOLONG ? "path too long" : strerror(-rc));
	}
	*ret = n;
	return 0;
}
