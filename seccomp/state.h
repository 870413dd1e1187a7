/* state - what notif.c and supervisor.c share and no handler needs. */
#pragma once

#include "seccomp/notif.h"

#define DENIAL_SLOTS 1024
#define DENIAL_TEXT  1024

/* The last denial of a thread, until it is told or another thread takes the slot. */
struct denial_slot {
	pid_t tid;
	char text[DENIAL_TEXT];
};

/* The value of "Key:" in /proc/TID/status. 0 or -errno. */
int target_status(pid_t tid, const char *key, char *buf, size_t size);
