/* The open family. Order, and why:
 *   1. read the name once; judge what was written;
 *   2. open exactly that name, following no link. ELOOP: follow by hand, judge, open that name;
 *   3. look at what was opened: a directory is judged for listing, a file with several names for all of
 *      them, a name with ".." is compared with what the kernel says it is now;
 *   4. only then truncate, if asked to: a denied open leaves no trace;
 *   5. hand the descriptor over. */
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "seccomp/creds.h"
#include "seccomp/guard.h"
#include "seccomp/handlers.h"
#include "seccomp/resolve.h"
#include "seccomp/state.h"

/* What open() and openat() accept; they ignore the rest, openat2() refuses it (VALID_OPEN_FLAGS). */
#define OPEN_FLAGS                                                                                  \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | \
	 O_ASYNC | O_DIRECT | O_LARGEFILE_ | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | \
	 O_TMPFILE)
#if defined(__x86_64__)
#define O_LARGEFILE_ 0100000
#else
#define O_LARGEFILE_ 0400000
#endif

#define RESOLVE_KNOWN                                                                          \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
	 RESOLVE_IN_ROOT | RESOLVE_CACHED)

struct open_call {
	int dirfd;
	int flags; /* as the target gave them, within OPEN_FLAGS */
	mode_t mode;
	uint64_t resolve;
	struct name name;
	char beneath[NAME_SIZE]; /* RESOLVE_BENEATH, RESOLVE_IN_ROOT: the directory itself */
};

static void open_call_free(struct open_call **o)
{
	if (*o)
		name_done(&(*o)->name);
	free(*o);
}

#define autoopen __attribute__((cleanup(open_call_free))) struct open_call

static struct open_call *open_call_new(void)
{
	struct open_call *o = calloc(1, sizeof(*o));

	if (o)
		o->name.pin = -1;
	return o;
}

static bool is_tmpfile(int flags)
{
	return (flags & O_TMPFILE) == O_TMPFILE;
}

static bool makes_file(int flags)
{
	return (flags & O_CREAT) || is_tmpfile(flags);
}

/* The operations that an open asks for. Reading a directory is judged as listing once it is known. */
static unsigned open_ops(int flags)
{
	static const unsigned by_mode[] = {
		[O_RDONLY] = OP(READ), [O_WRONLY] = OP(WRITE), [O_RDWR] = OP(READ) | OP(WRITE),
		[O_ACCMODE] = OP(READ) | OP(WRITE), /* 3: ioctls only, needs both rights */
	};
	unsigned ops = by_mode[flags & O_ACCMODE];

	if ((flags & O_TRUNC) || makes_file(flags))
		ops |= OP(WRITE);
	if ((flags & O_DIRECTORY) && ops == OP(READ))
		ops = OP(LIST);
	return ops;
}

static int judge_ops(struct notif *n, unsigned ops, bool makes, const char *path, const char *as_written)
{
	int rc = 0;

	for (int op = 0; op < POLICY_OP_COUNT && rc == 0; op++) {
		if (!(ops & (1u << op)))
			continue;
		if (makes)
			rc = judge_path(n, (enum policy_op)op, path, as_written) ? 0 : -EACCES;
		else
			rc = judge_existing(n, (enum policy_op)op, path, as_written);
	}
	return rc;
}

/* O_RDONLY|O_CREAT of a file that exists only reads it (flock(1) does that everywhere): if writing is
 * denied, go on without O_CREAT. */
static bool may_drop_creat(struct notif *n, struct open_call *o)
{
	if ((o->flags & (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC)) != (O_RDONLY | O_CREAT))
		return false;
	return !judge_path_quietly(n, POLICY_WRITE, o->name.path) && access(o->name.path, F_OK) == 0;
}

/* Objects without a path: pipes, sockets, anonymous memory. Who can name one through /proc holds it, or
 * could trace who does. */
static bool is_nameless(const struct name *nm)
{
	return nm->pin >= 0 && (nm->path[0] != '/' || str_starts(nm->path, "/memfd:"));
}

static int open_judge(struct notif *n, struct open_call *o)
{
	char inside[NAME_SIZE + 8];

	if (is_nameless(&o->name))
		return 0;
	if (may_drop_creat(n, o))
		o->flags &= ~O_CREAT;
	o->name.ops = open_ops(o->flags);
	if (!is_tmpfile(o->flags))
		return judge_ops(n, o->name.ops, o->flags & O_CREAT, o->name.path, o->name.written);
	/* An unnamed file in that directory. */
	(void)snprintf(inside, sizeof(inside), "%s/#tmp", o->name.path); /* fits */
	return judge_ops(n, o->name.ops, true, inside, o->name.written);
}

/* /dev/tty is the opener's controlling terminal. Ours is the target's unless it made a session of its
 * own; then its terminal is opened by number. */
static int open_tty(struct notif *n, int flags)
{
	unsigned long tty = target_tty(n->tid);
	char path[48];
	int opened;

	if (tty == 0)
		return -ENXIO;
	if (tty == n->s->tty)
		(void)snprintf(path, sizeof(path), "/dev/tty"); /* fits */
	else if (major(tty) >= 136 && major(tty) <= 143) /* Unix98 pty slaves: devices.txt */
		(void)snprintf(path, sizeof(path), "/dev/pts/%u", /* fits */
			       (major(tty) - 136) * 256 + minor(tty));
	else
		return -ENXIO;
	opened = open(path, (flags & ~(O_CREAT | O_EXCL)) | O_NOCTTY | O_CLOEXEC);
	return opened < 0 ? -errno : opened;
}

/* Follow links as the flags permit, then judge the name that came out. */
static int open_follow(struct notif *n, struct open_call *o)
{
	unsigned flags = FOLLOW_LAST;
	int rc;

	if (o->resolve & RESOLVE_NO_SYMLINKS)
		return -ELOOP;
	if ((o->flags & O_NOFOLLOW) && !o->name.slash)
		flags |= FOLLOW_NOT_LAST;
	if ((o->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		flags |= FOLLOW_NOT_LAST;
	if (o->resolve & RESOLVE_NO_MAGICLINKS)
		flags |= FOLLOW_NO_MAGIC;
	if (o->resolve & RESOLVE_BENEATH)
		flags |= FOLLOW_BENEATH;
	rc = name_follow(n, &o->name, flags, o->beneath);
	return rc < 0 ? rc : open_judge(n, o);
}

/* Files of /proc/PID that the kernel lets only a member of the target's user namespace write. */
static bool is_idmap(const char *path)
{
	const char *base = strrchr(path, '/');

	return str_starts(path, "/proc/") && path[6] >= '0' && path[6] <= '9' && base &&
	       (streq(base, "/uid_map") || streq(base, "/gid_map") || streq(base, "/projid_map") ||
		streq(base, "/setgroups"));
}

static int open_once(struct notif *n, struct open_call *o)
{
	/* Truncation waits until the object is known: see file top. A new file needs none. */
	int flags = o->flags & ~(O_TRUNC | O_CLOEXEC);

	if (streq(o->name.path, "/dev/tty") && !o->name.root[0])
		return open_tty(n, flags);
	if (is_idmap(o->name.path))
		return creds_open_in_userns(n, o->name.path, flags);
	if (makes_file(flags))
		worker_umask(n);
	return name_open(&o->name, flags, makes_file(flags) ? o->mode : 0);
}

/* Would the name, as its text says, be allowed? */
static bool open_judge_quietly(struct notif *n, struct open_call *o)
{
	for (int op = 0; op < POLICY_OP_COUNT; op++)
		if ((open_ops(o->flags) & (1u << op)) &&
		    !judge_path_quietly(n, (enum policy_op)op, o->name.path))
			return false;
	return true;
}

/* ".." behind a link means another directory than it seems. If nothing speaks against the name as it
 * seems, the kernel may find out (check_dots()); else, and if a file would be made, it is walked first. */
static bool must_walk(struct notif *n, struct open_call *o)
{
	return o->name.dots && (makes_file(o->flags) || o->name.root[0] ||
				(o->resolve & RESOLVE_BENEATH) || !open_judge_quietly(n, o));
}

/* Links are followed only when the kernel says that there are any. */
static int open_object(struct notif *n, struct open_call *o)
{
	bool followed = must_walk(n, o);
	int fd, rc = followed ? open_follow(n, o) : open_judge(n, o);

	if (rc < 0)
		return rc;
	for (int tries = 0; tries < 8; tries++) {
		fd = open_once(n, o);
		if (fd != -ELOOP)
			return fd;
		if (followed && (o->flags & O_NOFOLLOW) && !o->name.slash)
			return -ELOOP;
		rc = open_follow(n, o);
		if (rc < 0)
			return rc;
		followed = true;
	}
	return -ELOOP;
}

/* Did ".." lead where the text says? Directories may have been moved while the kernel walked. */
static int check_dots(struct notif *n, struct open_call *o, int fd)
{
	char path[NAME_SIZE];
	bool deleted;

	if (!o->name.dots)
		return 0;
	if (fd_name(fd, path, sizeof(path), &deleted) < 0)
		return deny_undecided(n, "the name of the opened object cannot be read");
	if (streq(path, o->name.path))
		return 0;
	return judge_ops(n, o->name.ops, true, path, o->name.written);
}

static int check_xdev(struct open_call *o, int fd)
{
	struct statx base, got;

	if (!(o->resolve & RESOLVE_NO_XDEV))
		return 0;
	if (statx(AT_FDCWD, o->beneath, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &base) < 0 ||
	    statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &got) < 0)
		return -EXDEV;
	return base.stx_dev_major == got.stx_dev_major && base.stx_dev_minor == got.stx_dev_minor ?
		       0 :
		       -EXDEV;
}

static int check_object(struct notif *n, struct open_call *o, int fd, struct stat *st)
{
	int rc = check_dots(n, o, fd);

	if (rc < 0)
		return rc;
	if (fstat(fd, st) < 0)
		return deny_undecided(n, "the opened object cannot be looked at");
	if (S_ISDIR(st->st_mode) && !(o->name.ops & OP(LIST)) &&
	    !judge_path(n, POLICY_LIST, o->name.path, o->name.written))
		return -EACCES;
	for (int op = 0; op < POLICY_OP_COUNT; op++)
		if ((o->name.ops & (1u << op)) &&
		    !guard_judge(n, (enum policy_op)op, st, o->name.path))
			return -EACCES;
	return check_xdev(o, fd);
}

/* Device nodes that reach around every file name. Judged by number: a node may have any name. */
static bool is_raw_device(const struct stat *st)
{
	return S_ISBLK(st->st_mode) || (S_ISCHR(st->st_mode) && major(st->st_rdev) == 1 &&
					(minor(st->st_rdev) == 1 || minor(st->st_rdev) == 2 ||
					 minor(st->st_rdev) == 4)); /* mem, kmem, port: devices.txt */
}

static int pty_number(const struct stat *st)
{
	/* Unix98 pty slaves: majors 136 to 143 */
	if (!S_ISCHR(st->st_mode) || major(st->st_rdev) < 136 || major(st->st_rdev) > 143)
		return -1;
	return (int)((major(st->st_rdev) - 136) * 256 + minor(st->st_rdev));
}

static int check_device(struct notif *n, struct open_call *o, int fd, const struct stat *st)
{
	struct policy_decision d = { .rule = "protect-devices",
				     .message = "Raw devices hold every file's content.",
				     .source = "builtin",
				     .stage = "supervisor",
				     .severity = SEVERITY_CRITICAL };
	int pty = pty_number(st);
	unsigned made;

	/* A terminal made here belongs to the tree. */
	if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(5, 2) && ioctl(fd, TIOCGPTN, &made) == 0)
		pty_allow(n->s, made);
	if (is_raw_device(st))
		return judge_deny(n, POLICY_READ, o->name.path, NULL, &d) ? 0 : -EACCES;
	/* Other people's terminals are not; one that the target holds already (/proc/self/fd) is its. */
	if (pty < 0 || o->name.pin >= 0 || pty_allowed(n->s, (unsigned)pty))
		return 0;
	d.rule = "protect-terminals";
	d.message = "This terminal belongs to another session.";
	return judge_deny(n, POLICY_READ, o->name.path, NULL, &d) ? 0 : -EACCES;
}

/* Nobody can tell our copy from the target's own: see reply_fd(). */
static bool may_reply_at_once(const struct open_call *o, const struct stat *st)
{
	return (o->flags & (O_ACCMODE | O_CREAT)) == O_RDONLY &&
	       (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
}

static int64_t open_perform(struct notif *n, struct open_call *o)
{
	autoclose fd = -1;
	struct stat st = { 0 };
	int rc;

	if (makes_file(o->flags) && !target_alive(n))
		return -EINTR;
	fd = open_object(n, o);
	if (fd < 0)
		return fd == -EINTR ? reply_interrupted(n) : fd;
	if (!is_nameless(&o->name)) {
		rc = check_object(n, o, fd, &st);
		if (rc == 0)
			rc = check_device(n, o, fd, &st);
		if (rc < 0)
			return rc;
	}
	if ((o->flags & O_TRUNC) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fd, 0) < 0)
		return -errno;
	return reply_fd(n, take_fd(&fd), o->flags & O_CLOEXEC, may_reply_at_once(o, &st));
}

static int64_t open_common(struct notif *n, int dirfd, uint64_t path, uint64_t flags, uint64_t mode)
{
	autoopen *o = open_call_new();
	int rc;

	if (!o)
		return -ENOMEM;
	o->dirfd = dirfd;
	o->flags = (int)(flags & OPEN_FLAGS);
	o->mode = (mode_t)(mode & 07777);
	if (makes_file(o->flags) && (o->flags & O_DIRECTORY) && !is_tmpfile(o->flags))
		return -EINVAL; /* O_CREAT|O_DIRECTORY: since 6.4; made a plain file before */
	rc = name_read(n, dirfd, path, &o->name);
	return rc < 0 ? rc : open_perform(n, o);
}

int64_t call_open(struct notif *n)
{
	return open_common(n, AT_FDCWD, n->args[0], n->args[1], n->args[2]);
}

int64_t call_openat(struct notif *n)
{
	return open_common(n, (int)n->args[0], n->args[1], n->args[2], n->args[3]);
}

int64_t call_creat(struct notif *n)
{
	return open_common(n, AT_FDCWD, n->args[0], O_CREAT | O_WRONLY | O_TRUNC, n->args[1]);
}

/* RESOLVE_BENEATH and RESOLVE_IN_ROOT speak of the directory that the walk begins at. */
static int resolve_base(struct notif *n, struct open_call *o, uint64_t path)
{
	struct name dir;
	char text[PATH_MAX];
	int rc, len;

	rc = name_of_fd(n, o->dirfd, &dir);
	name_done(&dir);
	if (rc < 0)
		return rc;
	(void)snprintf(o->beneath, sizeof(o->beneath), "%s", dir.path); /* same size */
	if (!(o->resolve & RESOLVE_IN_ROOT))
		return 0;
	len = target_read_str(n, path, text, sizeof(text));
	if (len < 0 || (size_t)len + strlen(dir.path) + 2 > sizeof(o->name.written))
		return len < 0 ? len : -ENAMETOOLONG;
	/* The directory is the root of this walk; nothing leaves it. */
	(void)snprintf(o->name.root, sizeof(o->name.root), "%s", streq(dir.path, "/") ? "" : dir.path);
	(void)snprintf(o->name.written, sizeof(o->name.written), "%s/%s", o->name.root, text);
	o->name.base_len = strlen(o->name.root);
	o->name.dots = true; /* walk it by hand */
	return policy_normalise("/", o->name.written, o->name.path, sizeof(o->name.path)) < 0 ? -ENAMETOOLONG :
												0;
}

int64_t call_openat2(struct notif *n)
{
	autoopen *o = open_call_new();
	struct open_how how = { 0 };
	uint64_t size = n->args[3], zero;
	int rc;

	if (!o)
		return -ENOMEM;
	if (size < sizeof(how))
		return -EINVAL;
	if (size > 4096)
		return -E2BIG;
	rc = target_read(n, n->args[2], &how, sizeof(how));
	for (uint64_t at = sizeof(how); rc == 0 && at < size; at += MIN(sizeof(zero), size - at)) {
		zero = 0;
		rc = target_read(n, n->args[2] + at, &zero, MIN(sizeof(zero), size - at));
		if (rc == 0 && zero)
			return -E2BIG; /* an extension of a newer kernel */
	}
	if (rc < 0)
		return rc;
	if ((how.flags & ~(uint64_t)OPEN_FLAGS) || (how.resolve & ~(uint64_t)RESOLVE_KNOWN) ||
	    (how.mode & ~07777ULL) || (how.mode && !makes_file((int)how.flags)) ||
	    ((how.resolve & RESOLVE_BENEATH) && (how.resolve & RESOLVE_IN_ROOT)))
		return -EINVAL;
	/* ADDFD cannot hand over O_PATH descriptors, and flags in memory cannot be trusted to the kernel.
	 * Callers of openat2 fall back to openat, whose O_PATH is free. */
	if (how.flags & O_PATH)
		return -ENOSYS;
	if (how.resolve & RESOLVE_CACHED)
		return -EAGAIN; /* "not in the cache": openat2(2) */
	o->dirfd = (int)n->args[0];
	o->flags = (int)how.flags;
	o->mode = (mode_t)how.mode;
	o->resolve = how.resolve;
	rc = name_read(n, o->dirfd, n->args[1], &o->name);
	if (rc == 0 && (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_NO_XDEV)))
		rc = resolve_base(n, o, n->args[1]);
	if (rc == 0 && (how.resolve & RESOLVE_BENEATH) && !path_under(o->name.path, o->beneath))
		return -EXDEV;
	return rc < 0 ? rc : open_perform(n, o);
}
