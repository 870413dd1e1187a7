/* err - a caller-owned error text for what a person must act on. Functions that fill one also return
 * -errno. Never allocates; safe from any thread that owns the struct. */
#pragma once

#include "base/base.h"

struct err {
	int code;       /* positive errno, or 0 */
	char msg[1024]; /* one line, no trailing newline */
};

/* Fill @e (may be NULL) and return -code, so that `return err_set(...)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* Put "text: " in front of what @e says already; returns -e->code. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);
