/* hardlink - which guarded file an inode with several names is. A hard link has no way back to its other
 * names, so the places that rules speak of are searched: for `crust check` only, bounded in depth and
 * number, and kept for a second. Reads directories; never logs. */
#pragma once

#include "base/base.h"
#include "policy/policy.h"

#include <sys/stat.h>

struct hardlink;

/* @p and @workspace must outlive it. NULL: no memory. */
struct hardlink *hardlink_new(const struct policy *p, const char *workspace);
struct hardlink *hardlink_free(struct hardlink *h); /* NULL is fine; returns NULL */

/* A name of the file in @st that some rule treats otherwise than allow for @op, or NULL. Valid until the
 * next call. */
const char *hardlink_find(struct hardlink *h, enum policy_op op, const struct stat *st);
