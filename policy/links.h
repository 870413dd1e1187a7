/* links - where the names in patterns lead: which of their components are symbolic links, or missing. Each name
 * is looked at once; what was seen is kept, so that a later process can tell whether all of it still holds. */
#pragma once

#include "base/arena.h"

enum link_state {
	LINK_PLAIN = 0, /* there, and no link on the way to it */
	LINK_OTHER,	/* there; `real` is its name without links */
	LINK_MISSING,	/* not there */
	LINK_HIDDEN,	/* not there, as far as we may see */
	LINK_BAD,	/* cannot be followed */
};

/* A directory as it was. While its inode has not changed, nothing in it was made, removed or renamed. */
struct link_stamp {
	uint64_t dev, ino;
	int64_t sec, nsec;
};

struct link_name {
	const char *path;
	const char *real;
	uint32_t parent; /* its number */
	uint8_t state;	 /* enum link_state */
	bool is_parent;
	struct link_stamp *stamp; /* or NULL; by links_seal() */
};

struct links {
	struct link_name *v; /* [0] is the root; parents come before their children */
	size_t n, cap;
	uint32_t *slots; /* by path: number + 1 */
	size_t n_slots;
};

/* The name that @path (absolute, normalised, no wildcard) has without symbolic links, as far as it exists.
 * Return: 1 with the name in @out; 0 if that is @path itself, or cannot be said; -ENOMEM. */
int links_follow(struct links *l, struct arena *a, const char *path, char *out, size_t size);

/* After the last links_follow(): look at the directories too, so that links_hold() has less to do. */
void links_seal(struct links *l, struct arena *a);

/* Is @dir on a file system of this machine, of a kind that is known to tell of every change at once? */
bool links_is_local(const char *dir);

/* Is all that was seen still as it was? */
bool links_hold(const struct links *l);
