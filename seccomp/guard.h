/* guard - what hard links would hide. A file with more than one name is compared, by device and inode,
 * with the files that protected names lead to. The index is made at the first such file and again when it
 * is older than a few seconds. Names that rules give by "**" are looked for in home and workspace only,
 * to a bounded depth and number: docs/THREAT-MODEL.md. */
#pragma once

#include "seccomp/notif.h"

struct guard_index *guard_new(void);
void guard_free(struct guard_index *g);
void guard_forget(struct guard_index *g); /* the policy changed */

struct stat;

/* Judge @op on the file @st, known as @path: if another, protected name has the same inode, judge that
 * name as well. True = go on. Cheap for files with one name. */
bool guard_judge(struct notif *n, enum policy_op op, const struct stat *st, const char *path);
