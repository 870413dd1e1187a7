/* resolve - from what a target wrote to the name that the policy judges. The result is a name without a
 * symbolic link in it, so that a later open of exactly that name with RESOLVE_NO_SYMLINKS can only reach
 * the object that was judged. A wrong guess, or a race, makes that open fail; never reach elsewhere. */
#pragma once

#include "seccomp/notif.h"

/* A path argument, joined to its base but not followed yet. */
struct name {
	char written[NAME_SIZE]; /* base + "/" + path as the target wrote it */
	char path[NAME_SIZE];	 /* lexically normalised; after name_follow(): without links */
	char root[PATH_MAX];	 /* the target's root as we see it; "" for ours */
	size_t base_len;	 /* bytes of .written that are the base: known to hold no link */
	unsigned ops;		 /* operations (bits) that names on the way are judged for */
	bool dots;		 /* has ".." behind its first real component */
	bool slash;		 /* ends in "/" or "/.": must be a directory */
	bool moved;		 /* path was changed by name_follow() */
	int pin;		 /* O_PATH on the object behind a magic link (/proc/PID/fd/N…), or -1 */
};

void name_done(struct name *nm);
#define autoname __attribute__((cleanup(name_done))) struct name

/* Read the path at @addr, relative to @dirfd as the *at calls mean it. Return 0 or -errno as the kernel
 * would (ENOENT for "", EBADF, ENAMETOOLONG, EFAULT), -EACCES when the target cannot be read. */
int name_read(struct notif *n, int dirfd, uint64_t addr, struct name *ret);

/* The same for a path that was read already. @len without a NUL, less than PATH_MAX. */
int name_from_text(struct notif *n, int dirfd, const char *path, size_t len, struct name *ret);

/* The name of the target's descriptor @fd itself (AT_EMPTY_PATH): pins the object. */
int name_of_fd(struct notif *n, int fd, struct name *ret);

enum follow {
	FOLLOW_LAST = 0,       /* as open() does */
	FOLLOW_NOT_LAST = 1,   /* as unlink() does; the last component is left alone */
	FOLLOW_NO_MAGIC = 2,   /* RESOLVE_NO_MAGICLINKS: -ELOOP */
	FOLLOW_BENEATH = 4,    /* RESOLVE_BENEATH: -EXDEV when it leaves .beneath */
};

/* Follow symbolic links by hand, judging each name on the way for nm->ops: a link through a protected
 * name is a use of that name. On return path has no link in it (unless FOLLOW_NOT_LAST).
 * Return 0 or -errno (ELOOP, ENOENT, ENOTDIR, EACCES…). */
int name_follow(struct notif *n, struct name *nm, unsigned flags, const char *beneath);

/* openat2 of exactly nm->path, no link followed. -ELOOP: there is one after all. */
int name_open(const struct name *nm, int flags, mode_t mode);

/* Pin the object: O_PATH, links followed as @flags say. The name is final afterwards. New fd or -errno. */
int name_pin(struct notif *n, struct name *nm, unsigned flags);

/* What the last component is: calls that change names refuse all but normal ones, each in its own way. */
enum last { LAST_NORMAL = 0, LAST_DOT, LAST_DOTDOT, LAST_ROOT };
enum last name_last(const struct name *nm);

/* Pin the directory that holds the last component; *ret_last points into nm->path. For calls that make,
 * move or remove a name. New fd or -errno. */
int name_pin_parent(struct notif *n, struct name *nm, const char **ret_last);

/* The name of an open descriptor of ours, as the kernel knows it. *ret_deleted: it has none any more
 * (the old one is in @buf). Return length or -errno. */
int fd_name(int fd, char *buf, size_t size, bool *ret_deleted);
