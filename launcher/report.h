/* report - the few sentences that our processes say to each other over socket pairs: the agent's process
 * to the supervisor until it execs, the supervisor to the front until the agent ends. One report is one
 * packet. Sent with write(2), which the filter never stops. */
#pragma once

#include "base/base.h"
#include "base/err.h"

enum report_kind {
	REPORT_NONE = 0,
	/* from the agent's process */
	REPORT_LISTENER,    /* value: descriptor of the listener there; text: "killable" or nothing */
	REPORT_NO_LISTENER, /* value: errno; text */
	/* to the agent's process */
	REPORT_GO,	   /* enforced: witness it, then exec */
	REPORT_GO_UNFORCED, /* best-effort: exec */
	/* from the front */
	REPORT_CONTINUE, /* value: how many stops it has heard of. Continue the agent, if it is that one */
	/* to the front */
	REPORT_STARTED,	  /* value: pid of the agent */
	REPORT_STOPPED,	  /* value: signal */
	REPORT_ENDED,	  /* value: wait status; text: summary. Others below live on, and so do we */
	REPORT_ENDED_ALL, /* the same, but nobody is left: the supervisor ends now */
	/* from the agent's process, and on to the front */
	REPORT_FAILED, /* value: exit status; text: why */
};

struct report {
	enum report_kind kind;
	int value;
	char text[sizeof(((struct err *)NULL)->msg)];
};

/* A pair of connected ends, close-on-exec. Return 0 or -errno. */
int report_pair(int ret_fds[2]);

/* @text may be NULL. Return 0 or -errno (-EPIPE: nobody listens any more). */
int report_send(int fd, enum report_kind kind, int value, const char *text);

/* Wait for one. Return 1; 0 when the other side is gone; -errno (-EAGAIN if @fd does not block). */
int report_recv(int fd, struct report *ret);
