/* Calls that make, move or remove a name. The directory is pinned (O_PATH), the last component judged with
 * its name, and the *at call made on the pin. Should the directory be moved meanwhile, the verdict still
 * holds: a move of a directory is refused if any rule could treat a name below it otherwise.
 *
 * Renames and links are made one at a time (names_lock): a source which was a file when it was judged
 * cannot be a directory when it is moved, since nothing but a rename could have put one there; and while
 * net.c binds a socket by its full path no component can become a symbolic link. */
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "seccomp/guard.h"
#include "seccomp/handlers.h"
#include "seccomp/net.h"
#include "seccomp/resolve.h"

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
