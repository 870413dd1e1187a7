/* The walk works on strings, not on descriptors: its outcome is only a proposal for the final openat2()
 * with RESOLVE_NO_SYMLINKS, which succeeds for a name without links and for nothing else. So whatever a
 * racing thread does to the tree while we walk, it can make the call fail, and no more.
 *
 * Magic links of /proc (fd/N, cwd, root, exe) do not lead where their text says; the object behind one is
 * pinned with O_PATH first, its name is asked from the kernel, and that same object is opened later. */
#include "seccomp/resolve.h"

#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#define LINKS_MAX 40 /* MAXSYMLINKS of the kernel */

void name_done(struct name *nm)
{
	if (nm->pin >= 0)
		(void)close(nm->pin); /* O_PATH: nothing to lose */
	nm->pin = -1;
}

static int sys_openat2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = (uint32_t)flags, .mode = mode, .resolve = resolve };
	int fd = (int)syscall(__NR_openat2, dirfd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* readlink() into a string. Length or -errno; a text that fills the buffer is too long. */
static int read_link(const char *path, char *buf, size_t size)
{
	ssize_t len = readlink(path, buf, size);

	if (len < 0)
		return -errno;
	if ((size_t)len >= size)
		return -ENAMETOOLONG;
	buf[len] = '\0';
	return (int)len;
}

/* The kernel puts this behind the name of what has none any more. A name may really end so. */
static const char deleted_mark[] = " (deleted)";

static bool is_deleted(const char *path, size_t len)
{
	const size_t mark = sizeof(deleted_mark) - 1;

	return len > mark && memcmp(path + len - mark, deleted_mark, mark) == 0;
}

int fd_name(int fd, char *buf, size_t size, bool *ret_deleted)
{
	char link[32];
	struct stat st;
	int len;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd); /* fits */
	len = read_link(link, buf, size);
	*ret_deleted = false;
	if (len < 0 || !is_deleted(buf, (size_t)len))
		return len;
	if (fstat(fd, &st) == 0 && st.st_nlink > 0)
		return len;
	len -= (int)sizeof(deleted_mark) - 1;
	buf[len] = '\0';
	*ret_deleted = true;
	return len;
}

/* The directory that a relative path begins at, as a string. */
static int base_read(struct notif *n, int dirfd, char *buf, size_t size)
{
	char link[48];
	int len;

	if (dirfd == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/%d/cwd", n->tid); /* fits */
	else
		(void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", n->tid, dirfd); /* fits */
	len = read_link(link, buf, size);
	if (len == -ENOENT && dirfd != AT_FDCWD)
		return -EBADF;
	if (len == -EACCES || len == -EPERM)
		return deny_undecided(n, "the target's directory cannot be read");
	if (len >= 0 && buf[0] != '/')
		return -ENOTDIR; /* a pipe, a socket */
	return len;
}

/* The target's root, "" if it is ours. */
static int root_read(struct notif *n, char *buf, size_t size)
{
	char link[48];
	int len;

	buf[0] = '\0';
	if (!atomic_load(&n->s->roots_differ))
		return 0;
	(void)snprintf(link, sizeof(link), "/proc/%d/root", n->tid); /* fits */
	len = read_link(link, buf, size);
	if (len < 0)
		return deny_undecided(n, "the target's root cannot be read");
	if (streq(buf, "/"))
		buf[0] = '\0';
	return 0;
}

static void name_flags(struct name *nm)
{
	const char *p = nm->written + nm->base_len;
	bool real = nm->root[0] != '\0'; /* a ".." could leave another root: walk it */
	size_t len = strlen(p);

	nm->slash = (len > 0 && p[len - 1] == '/') || (len > 1 && streq(p + len - 2, "/.")) ||
		    streq(p, ".") || (len > 2 && streq(p + len - 3, "/..")) || streq(p, "..");
	nm->dots = false;
	while (*p) {
		size_t c = strcspn(p, "/");

		if (c == 2 && p[0] == '.' && p[1] == '.')
			nm->dots |= real;
		else if (c > 0 && !(c == 1 && p[0] == '.'))
			real = true;
		p += c;
		p += strspn(p, "/");
	}
}

/* Complete .path and the flags of a name whose .written, .root and .base_len are set. */
static int name_finish(struct name *nm)
{
	int len = policy_normalise("/", nm->written, nm->path, sizeof(nm->path));

	if (len < 0)
		return len;
	name_flags(nm);
	return 0;
}

int name_from_text(struct notif *n, int dirfd, const char *path, size_t len, struct name *ret)
{
	int base, rc;

	ret->pin = -1;
	ret->ops = 0;
	ret->moved = false;
	if (len == 0)
		return -ENOENT;
	rc = root_read(n, ret->root, sizeof(ret->root));
	if (rc < 0)
		return rc;
	if (path[0] == '/') {
		base = (int)strlen(ret->root);
		memcpy(ret->written, ret->root, (size_t)base + 1);
	} else {
		base = base_read(n, dirfd, ret->written, PATH_MAX);
		if (base < 0)
			return base;
		if (len == 1 && path[0] == '.' && is_deleted(ret->written, (size_t)base))
			return name_of_fd(n, dirfd, ret); /* a removed directory can still be opened */
	}
	rc = snprintf(ret->written + base, sizeof(ret->written) - (size_t)base, "%s%.*s",
		      path[0] == '/' ? "" : "/", (int)len, path);
	if (rc < 0 || (size_t)base + (size_t)rc >= sizeof(ret->written))
		return -ENAMETOOLONG;
	ret->base_len = (size_t)base;
	return name_finish(ret);
}

int name_read(struct notif *n, int dirfd, uint64_t addr, struct name *ret)
{
	char path[PATH_MAX];
	int len = target_read_str(n, addr, path, sizeof(path));

	ret->pin = -1;
	return len < 0 ? len : name_from_text(n, dirfd, path, (size_t)len, ret);
}

int name_of_fd(struct notif *n, int fd, struct name *ret)
{
	char link[48];
	bool deleted;
	int len;

	*ret->written = *ret->root = '\0';
	ret->ops = 0;
	ret->moved = false;
	ret->dots = ret->slash = false;
	ret->base_len = 0;
	ret->pin = -1;
	if (fd == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/%d/cwd", n->tid); /* fits */
	else
		(void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", n->tid, fd); /* fits */
	ret->pin = open(link, O_PATH | O_CLOEXEC);
	if (ret->pin < 0)
		return errno == ENOENT ? -EBADF : -errno;
	len = fd_name(ret->pin, ret->path, sizeof(ret->path), &deleted);
	if (len < 0)
		return len;
	memcpy(ret->written, ret->path, (size_t)len + 1);
	return 0;
}

/* --- following links -------------------------------------------------------------------------- */

struct walk {
	struct notif *n;
	struct name *nm;
	unsigned flags;
	int links;
	char cur[NAME_SIZE];  /* what has been walked: absolute, no link in it; "" is the root */
	size_t len;
	char rest[NAME_SIZE]; /* what has not */
};

static void walk_up(struct walk *w)
{
	size_t root = strlen(w->nm->root);

	if (w->len == root && memcmp(w->cur, w->nm->root, root) == 0)
		return;
	while (w->len > 0 && w->cur[w->len - 1] != '/')
		w->len--;
	if (w->len > 0)
		w->len--;
	w->cur[w->len] = '\0';
}

static int walk_push(struct walk *w, const char *comp, size_t len)
{
	if (len > NAME_MAX || w->len + len + 2 > sizeof(w->cur))
		return -ENAMETOOLONG;
	w->cur[w->len] = '/';
	memcpy(w->cur + w->len + 1, comp, len);
	w->len += len + 1;
	w->cur[w->len] = '\0';
	return 0;
}

/* Put @text in front of what is left to walk. */
static int walk_expand(struct walk *w, const char *text)
{
	size_t text_len = strlen(text), rest_len = strlen(w->rest);

	if (text_len + rest_len + 2 > sizeof(w->rest))
		return -ENAMETOOLONG;
	memmove(w->rest + text_len + 1, w->rest, rest_len + 1);
	memcpy(w->rest, text, text_len);
	w->rest[text_len] = '/';
	if (rest_len == 0)
		w->rest[text_len] = '\0'; /* nothing behind the link: it stays the last component */
	return 0;
}

static int walk_set(struct walk *w, const char *path)
{
	size_t len = streq(path, "/") ? 0 : strlen(path);

	memcpy(w->cur, path, len);
	w->cur[len] = '\0';
	w->len = len;
	return 0;
}

/* The name as it stands now, for the policy: a link through a protected name is a use of it. */
static int walk_judge(struct walk *w)
{
	char whole[2 * NAME_SIZE], path[NAME_SIZE];

	if (!w->nm->ops)
		return 0;
	(void)snprintf(whole, sizeof(whole), "%s/%s", w->cur, w->rest); /* both fit */
	if (policy_normalise("/", whole, path, sizeof(path)) < 0)
		return -ENAMETOOLONG;
	for (int op = 0; op < POLICY_OP_COUNT; op++)
		if ((w->nm->ops & (1u << op)) &&
		    !judge_path(w->n, (enum policy_op)op, path, w->nm->written))
			return -EACCES;
	return 0;
}

/* A link of procfs: /proc/self and /proc/thread-self mean the target, not us; below a process, links are
 * magic. Return 1 if handled (*ret_done: the walk ends here), 0 if it is an ordinary link, -errno. */
static int walk_proc(struct walk *w, const char *comp, const char *link, bool last, bool *ret_done)
{
	const char *dir = w->len ? w->cur : "/";
	char path[NAME_SIZE + NAME_MAX + 2], text[64];
	struct statfs fs;
	struct stat st;
	bool deleted;
	int rc;

	if (statfs(dir, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC || stat(dir, &st) < 0)
		return 0;
	if (st.st_ino == 1) { /* PROC_ROOT_INO */
		int tgid = target_tgid(w->n);

		if (!streq(comp, "self") && !streq(comp, "thread-self"))
			return 0;
		if (tgid < 0)
			return deny_undecided(w->n, "the target's process cannot be found");
		(void)snprintf(text, sizeof(text), comp[0] == 's' ? "%d" : "%d/task/%d", tgid, /* fits */
			       w->n->tid);
		rc = walk_expand(w, text);
		return rc < 0 ? rc : 1;
	}
	if (w->flags & FOLLOW_NO_MAGIC)
		return -ELOOP;
	if (w->flags & FOLLOW_BENEATH)
		return -EXDEV;
	if (!last) {
		if (link[0] != '/')
			return -ENOTDIR;
		return walk_set(w, link) < 0 ? -ENAMETOOLONG : 1;
	}
	(void)snprintf(path, sizeof(path), "%s/%s", w->cur, comp); /* fits */
	w->nm->pin = open(path, O_PATH | O_CLOEXEC);
	if (w->nm->pin < 0)
		return -errno;
	rc = fd_name(w->nm->pin, w->nm->path, sizeof(w->nm->path), &deleted);
	*ret_done = true;
	return rc < 0 ? rc : 1;
}

static int walk_link(struct walk *w, const char *comp, const char *link, bool last, bool *ret_done)
{
	int rc;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	rc = walk_proc(w, comp, link, last, ret_done);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (link[0] == '/') {
		if (w->flags & FOLLOW_BENEATH)
			return -EXDEV;
		walk_set(w, w->nm->root);
	}
	rc = walk_expand(w, link);
	return rc < 0 ? rc : walk_judge(w);
}

static int walk_dots(struct walk *w)
{
	autoclose fd = open(w->len ? w->cur : "/", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? -ENOTDIR : -errno;
	walk_up(w);
	return 0;
}

static int walk_step(struct walk *w, bool *ret_done)
{
	char comp[NAME_MAX + 1], path[NAME_SIZE + NAME_MAX + 2], link[PATH_MAX];
	size_t skip = strspn(w->rest, "/"), len = strcspn(w->rest + skip, "/"), after;
	bool last;
	int rc;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(comp, w->rest + skip, len);
	comp[len] = '\0';
	after = skip + len;
	last = w->rest[after + strspn(w->rest + after, "/")] == '\0';
	memmove(w->rest, w->rest + after, strlen(w->rest + after) + 1);
	if (len == 0) {
		*ret_done = true;
		return 0;
	}
	if (streq(comp, "."))
		return 0;
	if (streq(comp, ".."))
		return walk_dots(w);
	if (last && (w->flags & FOLLOW_NOT_LAST))
		return walk_push(w, comp, len);
	(void)snprintf(path, sizeof(path), "%s/%s", w->cur, comp); /* fits */
	rc = read_link(path, link, sizeof(link));
	if (rc >= 0)
		return walk_link(w, comp, link, last, ret_done);
	if (rc != -EINVAL && !(rc == -ENOENT && last))
		return rc;
	return walk_push(w, comp, len);
}

int name_follow(struct notif *n, struct name *nm, unsigned flags, const char *beneath)
{
	autofree struct walk *w = malloc(sizeof(*w));
	bool done = false;
	int rc;

	if (!w)
		return -ENOMEM;
	w->n = n;
	w->nm = nm;
	w->flags = flags;
	w->links = 0;
	w->len = 0;
	memcpy(w->cur, nm->written, nm->base_len);
	w->cur[nm->base_len] = '\0';
	w->len = streq(w->cur, "/") ? 0 : nm->base_len;
	w->cur[w->len] = '\0';
	(void)snprintf(w->rest, sizeof(w->rest), "%s", nm->written + nm->base_len); /* fits */
	name_done(nm);
	while (!done) {
		rc = walk_step(w, &done);
		if (rc < 0)
			return rc;
		if (w->links > 0 && nm->pin >= 0)
			break;
		if ((flags & FOLLOW_BENEATH) && !path_under(w->cur, beneath))
			return -EXDEV;
	}
	nm->dots = false;
	nm->moved = true;
	if (nm->pin < 0)
		memcpy(nm->path, w->len ? w->cur : "/", w->len ? w->len + 1 : 2);
	return 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* openat2 of exactly @path, which is nm->path or its directory. What is longer than the kernel takes in one
 * go is opened in two steps: the base, whose name has no link in it either, and the rest from there. */
static int open_exact(const struct name *nm, const char *path, int flags, mode_t mode)
{
	autoclose base = -1;
	char dir[PATH_MAX];

	if (strlen(path) < PATH_MAX || nm->moved || nm->base_len == 0 || nm->base_len >= sizeof(dir) ||
	    strncmp(path, nm->written, nm->base_len) != 0 || path[nm->base_len] != '/')
		return sys_openat2(AT_FDCWD, path, flags, mode, RESOLVE_NO_SYMLINKS);
	memcpy(dir, nm->written, nm->base_len);
	dir[nm->base_len] = '\0';
	base = sys_openat2(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
	return base < 0 ? base :
			  sys_openat2(base, path + nm->base_len + 1, flags, mode, RESOLVE_NO_SYMLINKS);
}

int name_open(const struct name *nm, int flags, mode_t mode)
{
	char path[NAME_SIZE + 1];
	int fd;

	flags |= O_CLOEXEC;
	if (!(flags & O_PATH)) /* which goes with few others: openat2(2) */
		flags |= O_NOCTTY;
	if (nm->pin >= 0) {
		if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
			return -EEXIST;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", nm->pin); /* fits */
		fd = open(path, flags & ~(O_CREAT | O_NOFOLLOW));
		return fd < 0 ? -errno : fd;
	}
	/* With ".." inside, the kernel walks what was written; the caller compares the outcome. */
	if (nm->dots)
		return sys_openat2(AT_FDCWD, nm->written, flags, mode, RESOLVE_NO_SYMLINKS);
	if (!nm->slash || streq(nm->path, "/"))
		return open_exact(nm, nm->path, flags, mode);
	(void)snprintf(path, sizeof(path), "%s/", nm->path); /* fits */
	return open_exact(nm, path, flags, mode);
}

int name_pin(struct notif *n, struct name *nm, unsigned flags)
{
	int fd, rc, o = O_PATH | O_CLOEXEC;

	if (nm->slash)
		flags &= ~(unsigned)FOLLOW_NOT_LAST; /* "link/" means what it leads to */
	if (flags & FOLLOW_NOT_LAST)
		o |= O_NOFOLLOW;
	for (int tries = 0; tries < LINKS_MAX; tries++) {
		if (nm->pin >= 0)
			return fcntl(nm->pin, F_DUPFD_CLOEXEC, 3);
		if (!nm->dots) {
			fd = name_open(nm, o, 0);
			if (fd != -ELOOP)
				return fd;
		}
		rc = name_follow(n, nm, flags, NULL);
		if (rc < 0)
			return rc;
	}
	return -ELOOP;
}

enum last name_last(const struct name *nm)
{
	size_t len = strlen(nm->written), c = 0;

	while (len > 0 && nm->written[len - 1] == '/')
		len--;
	while (c < len && nm->written[len - 1 - c] != '/')
		c++;
	if (len == 0)
		return LAST_ROOT;
	if (c == 1 && nm->written[len - 1] == '.')
		return LAST_DOT;
	if (c == 2 && memcmp(nm->written + len - 2, "..", 2) == 0)
		return LAST_DOTDOT;
	return LAST_NORMAL;
}

int name_pin_parent(struct notif *n, struct name *nm, const char **ret_last)
{
	char dir[NAME_SIZE];
	char *slash;
	int fd, rc;

	for (int tries = 0; tries < LINKS_MAX; tries++) {
		if (nm->dots) {
			rc = name_follow(n, nm, FOLLOW_NOT_LAST, NULL);
			if (rc < 0)
				return rc;
		}
		slash = strrchr(nm->path, '/');
		if (!slash || streq(nm->path, "/"))
			return -EBUSY; /* callers asked name_last() before */
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - nm->path), nm->path); /* fits */
		*ret_last = slash + 1;
		fd = open_exact(nm, dir[0] ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		if (fd != -ELOOP)
			return fd;
		nm->dots = true; /* follow it */
	}
	return -ELOOP;
}
