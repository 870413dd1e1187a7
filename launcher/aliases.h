/* aliases - the names under which one object would be reached from a text: as written, through its symbolic
 * links, and under a guarded name if it is a hard link of it. What `crust check` judges; the strongest
 * verdict counts. Looks at the file system (lstat, readlink, and a bounded walk for hard links), changes
 * nothing, never logs. At run time the supervisor does not need this: it judges what it opens. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#include <limits.h>

#define ALIASES_MAX	48 /* names of one object */
#define ALIASES_LINKS_MAX 40 /* symbolic links of one name, as the kernel counts */

struct aliases {
	char *name[ALIASES_MAX]; /* absolute, normalised; [0] as written */
	size_t n;
	size_t resolved; /* index of the one without symbolic links */
	bool absent;	 /* surely none of them exists */
};

void aliases_done(struct aliases *n);
#define autoaliases __attribute__((cleanup(aliases_done))) struct aliases

/* Fill *ret for @text: "~" and "~/" stand for @home, a relative one begins at @cwd. /proc/self/root and
 * /proc/self/cwd are read as the names they stand for; other links of /proc belong to a process that
 * does not exist yet and stay. The last link is followed if @follow. Names that do not exist are fine.
 * -EINVAL, -ENAMETOOLONG, -ENOMEM with @reterr; -ELOOP is no error: the name leads nowhere. */
int aliases_find(const char *home, const char *cwd, const char *text, bool follow, struct aliases *ret,
	       struct err *reterr);

/* Add one more. -ENOMEM, or 0; one that is there already, or does not fit, is dropped. */
int aliases_add(struct aliases *n, const char *name);
