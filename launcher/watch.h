/* watch - tells when one of the policy's files changes, appears or goes. Watches their directories, since
 * editors replace files; and where a directory is not there yet, the nearest one that is. */
#pragma once

#include "base/base.h"

struct watch;

struct watch *watch_new(void);		   /* NULL: no memory */
struct watch *watch_free(struct watch *w); /* NULL is fine; returns NULL */

/* These are the files from now on (NULL-terminated; relative names are taken from @cwd), as they are now. */
void watch_set(struct watch *w, const char *const *files, const char *cwd);

/* Begin to watch. Apart from watch_set() because a process that has used inotify takes some 10 ms to end,
 * more than a short command takes to run. Without inotify SIGHUP is what is left. */
void watch_arm(struct watch *w);

int watch_fd(const struct watch *w); /* readable: call watch_read(); -1 before watch_arm() */

/* Drain. True if something happened to one of the names. */
bool watch_read(struct watch *w);

/* Are the files others than at the last watch_set()? */
bool watch_changed(const struct watch *w);
