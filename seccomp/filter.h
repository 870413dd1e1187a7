/* filter - the seccomp program, made from the table of calls (table.h) for one policy. Building does
 * no I/O; installing acts on the calling thread and what it becomes. */
#pragma once

#include "base/err.h"
#include "policy/policy.h"

#include <linux/filter.h>

struct filter {
	struct sock_filter *insns; /* for filter_done() */
	size_t n_insns;
};

/* @supervisor_pid, @front_pid: processes that no signal, prlimit… may name (0: none). */
int filter_build(const struct policy *p, int supervisor_pid, int front_pid, struct filter *ret,
		 struct err *reterr);
void filter_done(struct filter *f);

/* Install for this thread with a listener; no_new_privs must be set. Uses WAIT_KILLABLE_RECV where the
 * kernel has it (5.19). Return: the listener (close-on-exec), or -errno: -EBUSY means that another
 * listener watches this process already; text in @reterr. */
int filter_install(const struct filter *f, bool *ret_killable, struct err *reterr);

/* One line an instruction, for `crust plan --filter` and golden tests. */
void filter_print(const struct filter *f, FILE *out);
/* One line a trapped or refused call: name, what is tested, which operations made it necessary. */
void filter_print_calls(const struct policy *p, FILE *out);
