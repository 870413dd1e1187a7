/* creds - performed calls are made with the target thread's rights, never with ours. Without privilege
 * the two are the same. As root, a reader takes the target's file system ids, groups and capabilities for
 * the call: raw per-thread system calls, since glibc's wrappers change all threads. */
#pragma once

#include "seccomp/notif.h"

/* Does this process hold any capability? */
bool creds_privileged(void);

/* Once, on each new reader. 0 or -errno. */
int creds_thread_start(struct supervisor *s);

/* Take the target's rights for the call in hand. 0, or -EACCES (recorded) when they cannot be known or
 * taken. Always followed by creds_restore(). */
int creds_assume(struct notif *n);
void creds_restore(struct notif *n);

/* Open @path with the credentials of the target's user namespace, for /proc/PID/uid_map and its kin: the
 * kernel asks who opened them. New fd or -errno. */
int creds_open_in_userns(struct notif *n, const char *path, int flags);
