/* signals - what the user's shell set up, kept aside while our processes run with nearly everything
 * blocked, and given back to the agent untouched. No dispositions are changed but SIGCHLD's: if it was
 * ignored, nobody could wait for anything. Linux queues a blocked signal even if it is ignored, so
 * blocking is enough to see them all. */
#pragma once

#include "base/base.h"

#include <signal.h>

struct signals {
	sigset_t mask;	       /* as inherited */
	struct sigaction chld; /* as inherited */
};

/* Block everything but faults, and make children waitable. */
void signals_take(struct signals *ret);

/* Back to what signals_take() found. Pending signals arrive before this returns. */
void signals_give_back(const struct signals *s);

/* A descriptor (close-on-exec, non-blocking) that reads the signals in @list, 0-terminated; an empty
 * list means all of them. Or -errno. */
int signals_fd(const int *list);
