/* table - every system call that the filter does not simply let through: one row says what is tested in
 * the kernel, what happens then, and which handler performs the call. The filter (filter.c) and the
 * dispatch (supervisor.c) are both made from it, so they cannot disagree. To mediate one more call:
 * add a row here and its handler in open.c, change.c, metadata.c, exec.c or net.c. */
#pragma once

#include "base/base.h"
#include "policy/policy.h"

struct notif;

/* Answers of a handler besides a value (>= 0) or -errno. */
#define REPLY_CONTINUE INT64_MAX       /* let the kernel run the call: see DESIGN's soundness rule */
#define REPLY_DONE     (INT64_MAX - 1) /* answered already, by ADDFD_FLAG_SEND */

typedef int64_t call_handler(struct notif *n);

enum call_action {
	CALL_JUDGE = 0, /* stop; the supervisor decides and performs */
	CALL_NOTE,      /* stop; the supervisor remembers that it happened and continues it (scalars only) */
	CALL_REFUSE,    /* fails with .err in the kernel; .err == 0 answers success without doing anything */
	CALL_FREE,      /* goes through */
};

enum arg_cmp { ARG_NONE = 0, ARG_EQ, ARG_NE }; /* (arg & mask) == or != value */

struct arg_test {
	enum arg_cmp cmp;
	uint8_t arg;
	bool wide; /* a 64-bit argument (pointer): both halves are compared. Else the low 32 bits */
	uint64_t mask, value;
};

#define CALL_TESTS_MAX 3

struct call {
	int nr;
	const char *name;
	enum call_action action;
	int err;
	struct arg_test test[CALL_TESTS_MAX]; /* all must hold, or the next row of this call is tried */
	unsigned ops;      /* CALL_JUDGE: trapped only if the policy cares about one of these (bits) */
	unsigned free_ops; /* row exists only while the policy cares about none of these */
	bool privileged;   /* row exists only when the tree starts with capabilities */
	call_handler *handler;
	const char *why;
};

#define OP(x) (1u << POLICY_##x)
#define OPS_CHANGE (OP(WRITE) | OP(DELETE))
#define OPS_FILE   (OP(READ) | OP(WRITE) | OP(DELETE) | OP(LIST))

/* Newest call known when this was written (Linux 6.18: file_setattr). Anything above fails with ENOSYS:
 * a call that nobody has looked at must not be a way around those that we did look at. */
#define CALL_NR_NEWEST 469

extern const struct call call_table[];
extern const size_t call_table_len;

/* Is the row part of the filter for this policy? */
bool call_row_active(const struct call *c, const struct policy *p, bool privileged);

/* The row that a notification came from, or NULL: then the call is denied. */
const struct call *call_find(int nr, const uint64_t args[6]);
