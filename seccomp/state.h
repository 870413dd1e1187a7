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

#define HOST_SLOTS 512
#define HOST_TEXT  128

/* A name that a program says it got @addr for (preload). Untrusted. */
struct host_slot {
	char addr[48];
	char name[HOST_TEXT];
};

/* The name that was last claimed for the address @addr (text), in @buf; false if there is none. */
bool host_claimed(struct supervisor *s, const char *addr, char *buf, size_t size);

/* The value of "Key:" in /proc/TID/status. 0 or -errno. */
int target_status(pid_t tid, const char *key, char *buf, size_t size);

/* Device number of the controlling terminal of @tid, 0 if it has none or is gone. */
unsigned long target_tty(pid_t tid);

/* Terminals by their number in /dev/pts. */
static inline void pty_allow(struct supervisor *s, unsigned pty)
{
	if (pty / 8 < sizeof(s->ptys))
		atomic_fetch_or(&s->ptys[pty / 8], (unsigned char)(1u << pty % 8));
}

static inline bool pty_allowed(struct supervisor *s, unsigned pty)
{
	return pty / 8 < sizeof(s->ptys) && (atomic_load(&s->ptys[pty / 8]) & (1u << pty % 8));
}
