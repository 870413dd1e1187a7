/* Calls that change names and metadata. Two shapes:
 *
 *  - a *name* is made, moved or removed: the directory is pinned (O_PATH), the last component judged with
 *    its name, and the *at call made on the pin. Should the directory be moved meanwhile, the verdict
 *    still holds: a move of a directory is refused if any rule could treat a name below it otherwise.
 *  - an *object's* metadata is changed: the object is pinned, judged by its name, and changed through
 *    /proc/self/fd. A hard link to a protected file is found by its inode (guard.c).
 *
 * Renames and links are made one at a time (names_lock): a source which was a file when it was judged
 * cannot be a directory when it is moved, since nothing but a rename could have put one there; and while
 * net.c binds a socket by its full path no component can become a symbolic link. */
#include <linux/fs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

#include "seccomp/guard.h"
#include "seccomp/handlers.h"
#include "seccomp/kernel.h"
#include "seccomp/net.h"
#include "seccomp/resolve.h"

#define XATTR_VALUE_MAX XATTR_SIZE_MAX
#define INSPECT_SIZE_MAX (1024 * 1024) /* bytes of a git config that is read before a change */

/* --- names ------------------------------------------------------------------------------------ */

/* What calls say about "." ".." and "/" as the last component. */
struct odd {
	int dot, dotdot, root;
};

static const struct odd odd_exists = { EEXIST, EEXIST, EEXIST };
static const struct odd odd_busy = { EBUSY, EBUSY, EBUSY };
static const struct odd odd_unlink = { EISDIR, EISDIR, EISDIR };
static const struct odd odd_rmdir = { EINVAL, ENOTEMPTY, EBUSY };

/* A name to be changed: its directory is pinned, its last component is for an *at call. */
struct place {
	struct name name;
	int dir;
	char last[NAME_MAX + 2]; /* with the slash that the target wrote */
};

static void place_done(struct place *p)
{
	name_done(&p->name);
	if (p->dir >= 0)
		(void)close(p->dir); /* O_PATH */
}

#define autoplace __attribute__((cleanup(place_done))) struct place
#define PLACE_EMPTY { .name.pin = -1, .dir = -1 }

static int place_find(struct notif *n, int dirfd, uint64_t addr, const struct odd *odd,
		      struct place *ret)
{
	const char *last;
	int rc = name_read(n, dirfd, addr, &ret->name);

	if (rc < 0)
		return rc;
	switch (name_last(&ret->name)) {
	case LAST_DOT:
		return -odd->dot;
	case LAST_DOTDOT:
		return -odd->dotdot;
	case LAST_ROOT:
		return -odd->root;
	case LAST_NORMAL:
		break;
	}
	ret->dir = name_pin_parent(n, &ret->name, &last);
	if (ret->dir < 0)
		return ret->dir;
	if (strlen(last) > NAME_MAX)
		return -ENAMETOOLONG;
	(void)snprintf(ret->last, sizeof(ret->last), "%s%s", last, ret->name.slash ? "/" : ""); /* fits */
	return 0;
}

/* As written and as found: a link in the way must not lead around a rule on either. */
static bool judge_place(struct notif *n, enum policy_op op, struct place *p)
{
	char written[NAME_SIZE];

	if (policy_normalise("/", p->name.written, written, sizeof(written)) < 0)
		return false;
	if (p->name.moved && !streq(written, p->name.path) && !judge_path(n, op, written, NULL))
		return false;
	return judge_path(n, op, p->name.path, p->name.written);
}

/* Without its config a repository makes git run nothing: what may change under inspection may go. */
static bool judge_removal(struct notif *n, struct place *p)
{
	enum policy_inspect inspect;

	if (p->name.moved && !judge_place(n, POLICY_DELETE, p))
		return false;
	return judge_change(n, POLICY_DELETE, p->name.path, p->name.written, &inspect);
}

/* A symbolic link at @at gives the names below it to another directory. Refused where rules treat names
 * below @at in a way of their own (.git/hooks), unless those below the link's target are treated alike. */
static bool judge_link_tree(struct notif *n, const struct name *at, const char *target)
{
	struct policy_decision d;
	char dir[NAME_SIZE], other[NAME_SIZE + 16], to[NAME_SIZE];
	const char *slash = strrchr(at->path, '/');

	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - at->path), at->path); /* fits */
	(void)snprintf(other, sizeof(other), "%s/\001", dir); /* no rule's name */
	if (!policy_boundary(n->policy, other, at->path, &d))
		return true;
	if (policy_normalise(dir[0] ? dir : "/", target, to, sizeof(to)) >= 0 &&
	    !policy_boundary(n->policy, to, at->path, NULL))
		return true;
	return judge_deny(n, POLICY_WRITE, at->path, at->written, &d);
}

/* The same for a link that is moved or linked to a new name. */
static bool judge_link_move(struct notif *n, const struct place *from, const struct name *to)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(from->dir, from->last, target, sizeof(target) - 1);

	if (len < 0)
		return true; /* no link any more: the call itself will tell */
	target[len] = '\0';
	return judge_link_tree(n, to, target);
}

/* A socket under a new name is still a way out: it may go only where it may be connected to. */
static bool judge_socket_move(struct notif *n, const struct name *from, const struct stat *st)
{
	struct policy_dest dest = { .unix_path = from->path };
	struct policy_action a = { .op = POLICY_CONNECT, .path = from->path, .dest = &dest };

	return sock_bound_here(n->s, st, from->path) || judge_action(n, &a, from->path, from->written);
}

static int64_t do_unlink(struct notif *n, int dirfd, uint64_t path, int flags)
{
	autoplace p = PLACE_EMPTY;
	struct stat st;
	int rc = place_find(n, dirfd, path, flags & AT_REMOVEDIR ? &odd_rmdir : &odd_unlink, &p);

	if (rc < 0)
		return rc;
	/* A protected name that is not there is no news: see judge_existing(). */
	if (fstatat(p.dir, p.last, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return -ENOENT;
	if (!judge_removal(n, &p))
		return -EACCES;
	if (!target_alive(n))
		return -EINTR;
	return errno_reply(n, unlinkat(p.dir, p.last, flags));
}

int64_t call_unlink(struct notif *n)
{
	return do_unlink(n, AT_FDCWD, n->args[0], 0);
}

int64_t call_rmdir(struct notif *n)
{
	return do_unlink(n, AT_FDCWD, n->args[0], AT_REMOVEDIR);
}

int64_t call_unlinkat(struct notif *n)
{
	if (n->args[2] & ~(uint64_t)AT_REMOVEDIR & UINT32_MAX)
		return -EINVAL;
	return do_unlink(n, (int)n->args[0], n->args[1], (int)n->args[2]);
}

static int64_t do_mkdir(struct notif *n, int dirfd, uint64_t path, uint64_t mode)
{
	autoplace p = PLACE_EMPTY;
	int rc = place_find(n, dirfd, path, &odd_exists, &p);
	struct stat st;

	if (rc < 0)
		return rc;
	/* mkdir -p of what is there already asks for nothing: EEXIST is the kernel's answer, whatever
	 * the rules on writing say. */
	if (fstatat(p.dir, p.last, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (!judge_place(n, POLICY_WRITE, &p))
		return -EACCES;
	if (!target_alive(n))
		return -EINTR;
	worker_umask(n);
	return errno_reply(n, mkdirat(p.dir, p.last, (mode_t)mode & 07777));
}

int64_t call_mkdir(struct notif *n)
{
	return do_mkdir(n, AT_FDCWD, n->args[0], n->args[1]);
}

int64_t call_mkdirat(struct notif *n)
{
	return do_mkdir(n, (int)n->args[0], n->args[1], n->args[2]);
}

static int64_t do_mknod(struct notif *n, int dirfd, uint64_t path, mode_t mode)
{
	autoplace p = PLACE_EMPTY;
	int rc;

	if (S_ISCHR(mode) || S_ISBLK(mode))
		return -EPERM; /* a device node is a second name for what it stands for */
	rc = place_find(n, dirfd, path, &odd_exists, &p);
	if (rc < 0)
		return rc;
	if (!judge_place(n, POLICY_WRITE, &p))
		return -EACCES;
	if (!target_alive(n))
		return -EINTR;
	worker_umask(n);
	return errno_reply(n, mknodat(p.dir, p.last, mode, 0));
}

int64_t call_mknod(struct notif *n)
{
	return do_mknod(n, AT_FDCWD, n->args[0], (mode_t)n->args[1]);
}

int64_t call_mknodat(struct notif *n)
{
	return do_mknod(n, (int)n->args[0], n->args[1], (mode_t)n->args[2]);
}

static int64_t symlink_locked(struct notif *n, const char *target, int dirfd, uint64_t path)
{
	autoplace p = PLACE_EMPTY;
	int rc = place_find(n, dirfd, path, &odd_exists, &p);
	if (rc < 0)
		return rc;
	if (!judge_place(n, POLICY_WRITE, &p) || !judge_link_tree(n, &p.name, target))
		return -EACCES;
	if (!target_alive(n))
		return -EINTR;
	return errno_reply(n, symlinkat(target, p.dir, p.last));
}

static int64_t do_symlink(struct notif *n, uint64_t text, int dirfd, uint64_t path)
{
	char target[PATH_MAX];
	int64_t ret = target_read_str(n, text, target, sizeof(target));

	if (ret <= 0)
		return ret < 0 ? ret : -ENOENT;
	pthread_mutex_lock(&n->s->names_lock);
	ret = symlink_locked(n, target, dirfd, path);
	pthread_mutex_unlock(&n->s->names_lock);
	return ret;
}

int64_t call_symlink(struct notif *n)
{
	return do_symlink(n, n->args[0], AT_FDCWD, n->args[1]);
}

int64_t call_symlinkat(struct notif *n)
{
	return do_symlink(n, n->args[0], (int)n->args[1], n->args[2]);
}

/* --- link ------------------------------------------------------------------------------------- */

/* A second name gives every right that the new place has: the old name must permit them itself. */
static bool judge_link_source(struct notif *n, const struct name *nm, const struct stat *st)
{
	static const enum policy_op ops[] = { POLICY_READ, POLICY_WRITE };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (!judge_path(n, ops[i], nm->path, nm->written) ||
		    !guard_judge(n, ops[i], st, nm->path))
			return false;
	return true;
}

static int64_t link_locked(struct notif *n, int olddir, uint64_t old, int newdir, uint64_t new_,
			   int flags)
{
	autoplace to = PLACE_EMPTY;
	autoname from = { .pin = -1 };
	autoclose pin = -1;
	char via[32], first;
	struct stat st;
	int rc;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	rc = target_read(n, old, &first, 1);
	if (rc < 0)
		return rc;
	rc = (flags & AT_EMPTY_PATH) && !first ? name_of_fd(n, olddir, &from) :
						 name_read(n, olddir, old, &from);
	if (rc < 0)
		return rc;
	from.ops = OP(READ);
	pin = name_pin(n, &from, flags & AT_SYMLINK_FOLLOW ? FOLLOW_LAST : FOLLOW_NOT_LAST);
	if (pin < 0)
		return pin;
	if (fstat(pin, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EPERM;
	rc = place_find(n, newdir, new_, &odd_exists, &to);
	if (rc < 0)
		return rc;
	if (!judge_link_source(n, &from, &st) || !judge_place(n, POLICY_WRITE, &to))
		return -EACCES;
	if (S_ISSOCK(st.st_mode) && !judge_socket_move(n, &from, &st))
		return -EACCES;
	if (!target_alive(n))
		return -EINTR;
	/* Through /proc the pinned object itself is linked, whatever its name has become. A symbolic link
	 * cannot be meant that way: it would be followed. */
	if (S_ISLNK(st.st_mode)) {
		autoplace src = PLACE_EMPTY;

		rc = place_find(n, olddir, old, &odd_busy, &src);
		if (rc == 0 && !judge_link_move(n, &src, &to.name))
			return -EACCES;
		return rc < 0 ? rc : errno_reply(n, linkat(src.dir, src.last, to.dir, to.last, 0));
	}
	(void)snprintf(via, sizeof(via), "/proc/self/fd/%d", pin); /* fits */
	return errno_reply(n, linkat(AT_FDCWD, via, to.dir, to.last, AT_SYMLINK_FOLLOW));
}

static int64_t do_link(struct notif *n, int olddir, uint64_t old, int newdir, uint64_t new_, int flags)
{
	int64_t ret;

	pthread_mutex_lock(&n->s->names_lock);
	ret = link_locked(n, olddir, old, newdir, new_, flags);
	pthread_mutex_unlock(&n->s->names_lock);
	return ret;
}

int64_t call_link(struct notif *n)
{
	return do_link(n, AT_FDCWD, n->args[0], AT_FDCWD, n->args[1], 0);
}

int64_t call_linkat(struct notif *n)
{
	return do_link(n, (int)n->args[0], n->args[1], (int)n->args[2], n->args[3], (int)n->args[4]);
}

/* --- rename ----------------------------------------------------------------------------------- */

/* A directory takes every name below it along. Refused when a rule could treat one of them otherwise at
 * the new place, and when names below could not be read, removed or made there at all. */
static bool judge_move_tree(struct notif *n, const struct name *from, const struct name *to)
{
	struct policy_decision d;
	char below[NAME_SIZE + 4];

	if (policy_boundary(n->policy, from->path, to->path, &d))
		return judge_deny(n, POLICY_DELETE, from->path, from->written, &d);
	(void)snprintf(below, sizeof(below), "%s/x", from->path); /* fits */
	if (!judge_path_quietly(n, POLICY_DELETE, below))
		return judge_path(n, POLICY_DELETE, below, from->written);
	(void)snprintf(below, sizeof(below), "%s/x", to->path); /* fits */
	return judge_path_quietly(n, POLICY_WRITE, below) ||
	       judge_path(n, POLICY_WRITE, below, to->written);
}

/* Moving a file makes it readable at the new place, and gone from the old one. */
static bool judge_move(struct notif *n, struct place *from, struct place *to, const struct stat *st,
		       enum policy_inspect *ret_inspect)
{
	if (!judge_place(n, POLICY_DELETE, from) || !judge_path(n, POLICY_READ, from->name.path, NULL))
		return false;
	if (to->name.moved && !judge_place(n, POLICY_WRITE, to))
		return false;
	if (!judge_change(n, POLICY_WRITE, to->name.path, to->name.written, ret_inspect))
		return false;
	if (S_ISDIR(st->st_mode))
		return judge_move_tree(n, &from->name, &to->name);
	if (S_ISLNK(st->st_mode))
		return judge_link_move(n, from, &to->name);
	if (S_ISSOCK(st->st_mode))
		return judge_socket_move(n, &from->name, st);
	return guard_judge(n, POLICY_WRITE, st, from->name.path);
}

/* Read a small regular file at @dir/@last. Length or -errno (-EFBIG). */
static ssize_t slurp(int dir, const char *last, char **ret, struct stat *st)
{
	autoclose fd = openat(dir, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree char *text = NULL;
	size_t have = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_size > INSPECT_SIZE_MAX)
		return -EFBIG;
	text = malloc(INSPECT_SIZE_MAX + 1);
	if (!text)
		return -ENOMEM;
	for (;;) {
		ssize_t got = read(fd, text + have, INSPECT_SIZE_MAX + 1 - have);

		if (got < 0)
			return -errno;
		have += (size_t)got;
		if (have > INSPECT_SIZE_MAX)
			return -EFBIG;
		if (got == 0)
			break;
	}
	*ret = take_ptr(text);
	return (ssize_t)have;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t got = write(fd, data, len);

		if (got < 0 && errno != EINTR)
			return false;
		if (got > 0) {
			data += got;
			len -= (size_t)got;
		}
	}
	return true;
}

/* The target may hold the source open and change it after we looked: so what takes the protected name is
 * a file of our own with the bytes that were inspected, and the source is removed. */
static int64_t rename_copy(struct place *from, struct place *to, const char *text, size_t len,
			   const struct stat *st)
{
	char temp[64];
	autoclose fd = -1;
	int saved;

	(void)snprintf(temp, sizeof(temp), ".crust-run.%d.%lx", (int)gettid(), (unsigned long)st->st_ino);
	fd = openat(to->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write_all(fd, text, len) && fchmod(fd, st->st_mode & 0777) == 0 &&
	    renameat(to->dir, temp, to->dir, to->last) == 0)
		return unlinkat(from->dir, from->last, 0) < 0 ? -errno : 0;
	saved = errno;
	(void)unlinkat(to->dir, temp, 0); /* ours, and half made */
	return -saved;
}

/* git writes config.lock and renames it onto config: the only way in which a protected config may change,
 * if the new text makes git run nothing that the old one did not. */
static int64_t rename_inspected(struct notif *n, struct place *from, struct place *to,
				enum policy_inspect kind)
{
	autofree char *old = NULL, *text = NULL;
	struct policy_decision d = { .rule = "protect-git-config",
				     .source = "builtin",
				     .stage = "inspection",
				     .severity = SEVERITY_CRITICAL };
	char why[160] = "it cannot be read", message[256];
	struct stat st, st_old;
	ssize_t len = slurp(from->dir, from->last, &text, &st);
	ssize_t old_len = slurp(to->dir, to->last, &old, &st_old);

	if (len >= 0 && (old_len >= 0 || old_len == -ENOENT) &&
	    policy_inspect(kind, to->name.path, old, old_len < 0 ? 0 : (size_t)old_len, text, (size_t)len, why,
			   sizeof(why)))
		return rename_copy(from, to, text, (size_t)len, &st);
	(void)snprintf(message, sizeof(message), "This change would make git run something: %s.", why);
	d.message = message;
	if (!judge_deny(n, POLICY_WRITE, to->name.path, to->name.written, &d))
		return -EACCES;
	return errno_reply(n, renameat(from->dir, from->last, to->dir, to->last));
}

static int64_t names_locked(struct notif *n, struct place *from, struct place *to, unsigned flags)
{
	enum policy_inspect inspect = INSPECT_NONE, ignored;
	struct stat st;

	if (fstatat(from->dir, from->last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!judge_move(n, from, to, &st, &inspect))
		return -EACCES;
	if (flags & RENAME_EXCHANGE) {
		if (fstatat(to->dir, to->last, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (inspect != INSPECT_NONE || !judge_move(n, to, from, &st, &ignored) ||
		    ignored != INSPECT_NONE)
			return -EACCES;
	}
	if (!target_alive(n))
		return -EINTR;
	if (inspect != INSPECT_NONE)
		return rename_inspected(n, from, to, inspect);
	return errno_reply(n, syscall(__NR_renameat2, from->dir, from->last, to->dir, to->last, flags));
}

static int64_t do_rename(struct notif *n, int olddir, uint64_t old, int newdir, uint64_t new_,
			 unsigned flags)
{
	autoplace from = PLACE_EMPTY, to = PLACE_EMPTY;
	int64_t ret;
	int rc;

	if (flags & RENAME_WHITEOUT)
		return -EINVAL; /* makes a device node: mknod(2) is refused too */
	if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    (flags & (RENAME_NOREPLACE | RENAME_EXCHANGE)) == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	pthread_mutex_lock(&n->s->names_lock);
	rc = place_find(n, olddir, old, &odd_busy, &from);
	if (rc == 0)
		rc = place_find(n, newdir, new_, &odd_busy, &to);
	ret = rc < 0 ? rc : names_locked(n, &from, &to, flags);
	pthread_mutex_unlock(&n->s->names_lock);
	return ret;
}

int64_t call_rename(struct notif *n)
{
	return do_rename(n, AT_FDCWD, n->args[0], AT_FDCWD, n->args[1], 0);
}

int64_t call_renameat(struct notif *n)
{
	return do_rename(n, (int)n->args[0], n->args[1], (int)n->args[2], n->args[3], 0);
}

int64_t call_renameat2(struct notif *n)
{
	return do_rename(n, (int)n->args[0], n->args[1], (int)n->args[2], n->args[3],
			 (unsigned)n->args[4]);
}

/* --- metadata --------------------------------------------------------------------------------- */

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
	int rc;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	rc = object_find(n, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), flags & AT_EMPTY_PATH, &o);
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
	int rc;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	rc = object_find(n, dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), flags & AT_EMPTY_PATH, &o);
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
