/* Calls that change an object's metadata: modes, owners, times, extended attributes, and truncate(). The
 * object is pinned, judged by its name, and changed through /proc/self/fd, or on a duplicate of the
 * target's descriptor. A hard link to a protected file is found by its inode (guard.c). */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

#include "seccomp/guard.h"
#include "seccomp/handlers.h"
#include "seccomp/resolve.h"

#define XATTR_VALUE_MAX XATTR_SIZE_MAX

/* An object whose metadata is to be changed. .via is its path for calls: through /proc for what can be
 * followed there; a symbolic link itself is meant by .fd with an empty path. */
struct object {
	struct name name;
	int fd;
	bool content; /* the call changes content, too */
	char via[32];
	struct stat st;
};

static void object_done(struct object *o)
{
	name_done(&o->name);
	if (o->fd >= 0)
		(void)close(o->fd); /* nothing was written through it */
}

#define autoobject __attribute__((cleanup(object_done))) struct object
#define OBJECT_EMPTY { .name.pin = -1, .fd = -1 }

/* Metadata of a file whose content may change under inspection is free: git probes the mode of its own
 * config. Its content (truncate) is not. */
static bool judge_metadata(struct notif *n, const struct object *o)
{
	enum policy_inspect inspect;

	if (o->content)
		return judge_path(n, POLICY_WRITE, o->name.path, o->name.written);
	return judge_change(n, POLICY_WRITE, o->name.path, o->name.written, &inspect);
}

static int object_judge(struct notif *n, struct object *o)
{
	if (fstat(o->fd, &o->st) < 0)
		return -errno;
	(void)snprintf(o->via, sizeof(o->via), "/proc/self/fd/%d", o->fd); /* fits */
	if (o->name.path[0] != '/' || str_starts(o->name.path, "/memfd:"))
		return 0; /* pipes, sockets, anonymous memory: nobody else's */
	if (!judge_metadata(n, o) || !guard_judge(n, POLICY_WRITE, &o->st, o->name.path))
		return -EACCES;
	return target_alive(n) ? 0 : -EINTR;
}

/* By name. @empty: AT_EMPTY_PATH was given, "" means @dirfd itself. */
static int object_find(struct notif *n, int dirfd, uint64_t addr, bool follow, bool empty,
		       struct object *o)
{
	char first = 0, written[NAME_SIZE];
	int rc = empty ? target_read(n, addr, &first, 1) : 0;

	if (rc < 0)
		return rc;
	rc = empty && !first ? name_of_fd(n, dirfd, &o->name) : name_read(n, dirfd, addr, &o->name);
	if (rc < 0)
		return rc;
	o->name.ops = OP(WRITE);
	o->fd = name_pin(n, &o->name, follow ? FOLLOW_LAST : FOLLOW_NOT_LAST);
	if (o->fd < 0)
		return o->fd;
	if (o->name.moved && policy_normalise("/", o->name.written, written, sizeof(written)) >= 0 &&
	    !str_starts(written, "/proc/") && !str_starts(written, "/dev/fd/") &&
	    !judge_path(n, POLICY_WRITE, written, NULL))
		return -EACCES;
	return object_judge(n, o);
}

/* The same with the flags of an *at call. */
static int object_find_at(struct notif *n, int dirfd, uint64_t addr, int flags, struct object *o)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return object_find(n, dirfd, addr, !(flags & AT_SYMLINK_NOFOLLOW), flags & AT_EMPTY_PATH, o);
}

/* By descriptor: the very open file, duplicated. */
static int object_dup(struct notif *n, int fd, struct object *o)
{
	bool deleted;
	int len;

	o->fd = target_dup(n, fd);
	if (o->fd < 0)
		return o->fd;
	len = fd_name(o->fd, o->name.path, sizeof(o->name.path), &deleted);
	if (len < 0)
		return len;
	memcpy(o->name.written, o->name.path, (size_t)len + 1);
	return object_judge(n, o);
}

static int64_t do_chmod(struct notif *n, int dirfd, uint64_t path, uint64_t mode, int flags)
{
	autoobject o = OBJECT_EMPTY;
	int rc = object_find_at(n, dirfd, path, flags, &o);

	if (rc < 0)
		return rc;
	if (S_ISLNK(o.st.st_mode))
		return -EOPNOTSUPP; /* since 6.6 for every file system; glibc says it, too */
	return errno_reply(n, chmod(o.via, (mode_t)mode & 07777));
}

int64_t call_chmod(struct notif *n)
{
	return do_chmod(n, AT_FDCWD, n->args[0], n->args[1], 0);
}

int64_t call_fchmodat(struct notif *n)
{
	return do_chmod(n, (int)n->args[0], n->args[1], n->args[2], 0);
}

int64_t call_fchmodat2(struct notif *n)
{
	return do_chmod(n, (int)n->args[0], n->args[1], n->args[2], (int)n->args[3]);
}

int64_t call_fchmod(struct notif *n)
{
	autoobject o = OBJECT_EMPTY;
	int rc = object_dup(n, (int)n->args[0], &o);

	return rc < 0 ? rc : errno_reply(n, fchmod(o.fd, (mode_t)n->args[1] & 07777));
}

static int64_t do_chown(struct notif *n, int dirfd, uint64_t path, uid_t uid, gid_t gid, int flags)
{
	autoobject o = OBJECT_EMPTY;
	int rc = object_find_at(n, dirfd, path, flags, &o);

	if (rc < 0)
		return rc;
	return errno_reply(n, fchownat(o.fd, "", uid, gid, AT_EMPTY_PATH));
}

int64_t call_chown(struct notif *n)
{
	return do_chown(n, AT_FDCWD, n->args[0], (uid_t)n->args[1], (gid_t)n->args[2], 0);
}

int64_t call_lchown(struct notif *n)
{
	return do_chown(n, AT_FDCWD, n->args[0], (uid_t)n->args[1], (gid_t)n->args[2],
			AT_SYMLINK_NOFOLLOW);
}

int64_t call_fchownat(struct notif *n)
{
	return do_chown(n, (int)n->args[0], n->args[1], (uid_t)n->args[2], (gid_t)n->args[3],
			(int)n->args[4]);
}

int64_t call_fchown(struct notif *n)
{
	autoobject o = OBJECT_EMPTY;
	int rc = object_dup(n, (int)n->args[0], &o);

	return rc < 0 ? rc : errno_reply(n, fchown(o.fd, (uid_t)n->args[1], (gid_t)n->args[2]));
}

int64_t call_truncate(struct notif *n)
{
	autoobject o = { .name.pin = -1, .fd = -1, .content = true };
	struct rlimit lim;
	int rc;

	if ((int64_t)n->args[1] < 0)
		return -EINVAL;
	rc = object_find(n, AT_FDCWD, n->args[0], true, false, &o);
	if (rc < 0)
		return rc;
	/* The limit is the target's, not ours: setrlimit(2), RLIMIT_FSIZE. */
	if (prlimit(n->tid, RLIMIT_FSIZE, NULL, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY &&
	    n->args[1] > lim.rlim_cur && (uint64_t)o.st.st_size < n->args[1]) {
		(void)syscall(__NR_tgkill, target_tgid(n), n->tid, SIGXFSZ); /* it may be gone */
		return -EFBIG;
	}
	return errno_reply(n, truncate(o.via, (off_t)n->args[1]));
}

/* --- times ------------------------------------------------------------------------------------ */

static int64_t do_utimens(struct notif *n, int dirfd, uint64_t path, const struct timespec *ts, int flags)
{
	autoobject o = OBJECT_EMPTY;
	int rc;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!path) {
		if (flags & ~AT_EMPTY_PATH || dirfd == AT_FDCWD)
			return dirfd == AT_FDCWD ? -EFAULT : -EINVAL;
		rc = object_dup(n, dirfd, &o);
		return rc < 0 ? rc : errno_reply(n, syscall(__NR_utimensat, o.fd, NULL, ts, 0));
	}
	rc = object_find(n, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), flags & AT_EMPTY_PATH, &o);
	if (rc < 0)
		return rc;
	if (!S_ISLNK(o.st.st_mode))
		return errno_reply(n, utimensat(AT_FDCWD, o.via, ts, 0));
	return errno_reply(n, syscall(__NR_utimensat, o.fd, "", ts, AT_EMPTY_PATH)); /* since 5.8 */
}

int64_t call_utimensat(struct notif *n)
{
	struct timespec ts[2];
	int rc = n->args[2] ? target_read(n, n->args[2], ts, sizeof(ts)) : 0;

	if (rc < 0)
		return rc;
	/* Nothing to do is nothing to judge: utimensat(2), UTIME_OMIT. */
	if (n->args[2] && ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
		return 0;
	return do_utimens(n, (int)n->args[0], n->args[1], n->args[2] ? ts : NULL, (int)n->args[3]);
}

static int64_t do_utimes(struct notif *n, int dirfd, uint64_t path, uint64_t times)
{
	struct timespec ts[2];
	struct timeval tv[2];
	int rc = times ? target_read(n, times, tv, sizeof(tv)) : 0;

	if (rc < 0)
		return rc;
	for (int i = 0; times && i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		ts[i] = (struct timespec){ tv[i].tv_sec, tv[i].tv_usec * 1000 };
	}
	return do_utimens(n, dirfd, path, times ? ts : NULL, 0);
}

int64_t call_utimes(struct notif *n)
{
	return do_utimes(n, AT_FDCWD, n->args[0], n->args[1]);
}

int64_t call_futimesat(struct notif *n)
{
	return do_utimes(n, (int)n->args[0], n->args[1], n->args[2]);
}

int64_t call_utime(struct notif *n)
{
	struct timespec ts[2] = { 0 };
	struct utimbuf ub;
	int rc = n->args[1] ? target_read(n, n->args[1], &ub, sizeof(ub)) : 0;

	if (rc < 0)
		return rc;
	if (n->args[1]) {
		ts[0].tv_sec = ub.actime;
		ts[1].tv_sec = ub.modtime;
	}
	return do_utimens(n, AT_FDCWD, n->args[0], n->args[1] ? ts : NULL, 0);
}

/* --- extended attributes ---------------------------------------------------------------------- */

struct xattr_args {
	char name[XATTR_NAME_MAX + 2];
	char *value; /* for free() */
	size_t size;
	int flags;
};

static int xattr_read(struct notif *n, uint64_t name, uint64_t value, uint64_t size, int flags,
		      struct xattr_args *ret)
{
	int rc = target_read_str(n, name, ret->name, sizeof(ret->name));

	if (rc < 0)
		return rc == -ENAMETOOLONG ? -ERANGE : rc;
	if (rc == 0)
		return -ERANGE;
	if (size > XATTR_VALUE_MAX)
		return -E2BIG;
	ret->flags = flags;
	ret->size = size;
	ret->value = malloc(size + 1);
	if (!ret->value)
		return -ENOMEM;
	return target_read(n, value, ret->value, size);
}

/* @follow false: the attribute of a symbolic link itself, by its directory. */
static int64_t do_xattr(struct notif *n, bool follow, const struct xattr_args *x)
{
	autoobject o = OBJECT_EMPTY;
	int rc = object_find(n, AT_FDCWD, n->args[0], follow, false, &o);

	if (rc < 0)
		return rc;
	if (S_ISLNK(o.st.st_mode)) /* user.* cannot be set on links: xattr(7) */
		return str_starts(x->name, "user.") ? -EPERM : -EOPNOTSUPP;
	if (!x->value)
		return errno_reply(n, removexattr(o.via, x->name));
	return errno_reply(n, setxattr(o.via, x->name, x->value, x->size, x->flags));
}

static int64_t xattr_set(struct notif *n, bool follow)
{
	struct xattr_args x = { 0 };
	int64_t ret = xattr_read(n, n->args[1], n->args[2], n->args[3], (int)n->args[4], &x);

	if (ret == 0)
		ret = do_xattr(n, follow, &x);
	free(x.value);
	return ret;
}

static int64_t xattr_remove(struct notif *n, bool follow)
{
	struct xattr_args x = { 0 };
	int rc = target_read_str(n, n->args[1], x.name, sizeof(x.name));

	if (rc <= 0)
		return rc == 0 || rc == -ENAMETOOLONG ? -ERANGE : rc;
	return do_xattr(n, follow, &x);
}

int64_t call_setxattr(struct notif *n)
{
	return xattr_set(n, true);
}

int64_t call_lsetxattr(struct notif *n)
{
	return xattr_set(n, false);
}

int64_t call_removexattr(struct notif *n)
{
	return xattr_remove(n, true);
}

int64_t call_lremovexattr(struct notif *n)
{
	return xattr_remove(n, false);
}

int64_t call_fsetxattr(struct notif *n)
{
	autoobject o = OBJECT_EMPTY;
	struct xattr_args x = { 0 };
	int64_t ret = xattr_read(n, n->args[1], n->args[2], n->args[3], (int)n->args[4], &x);

	if (ret == 0)
		ret = object_dup(n, (int)n->args[0], &o);
	if (ret == 0)
		ret = errno_reply(n, fsetxattr(o.fd, x.name, x.value, x.size, x.flags));
	free(x.value);
	return ret;
}

int64_t call_fremovexattr(struct notif *n)
{
	autoobject o = OBJECT_EMPTY;
	char name[XATTR_NAME_MAX + 2];
	int rc = target_read_str(n, n->args[1], name, sizeof(name));

	if (rc <= 0)
		return rc == 0 || rc == -ENAMETOOLONG ? -ERANGE : rc;
	rc = object_dup(n, (int)n->args[0], &o);
	return rc < 0 ? rc : errno_reply(n, fremovexattr(o.fd, name));
}
