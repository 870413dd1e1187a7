/* supervisor - the judge. Receives the calls that the filter stopped, decides each with the policy, and
 * performs it on the target's behalf. Runs on threads of its own in the process that called
 * supervisor_start(); that process must be an ancestor of every target, and must have put itself into the
 * outer Landlock domain (landlock_scope()) before it forked the first one, so that performed calls are
 * bound by it as the target is. Never ends the process, never logs above debug. */
#pragma once

#include "audit/audit.h"
#include "base/err.h"
#include "policy/policy.h"

struct supervisor;

struct supervisor_config {
	struct policy *policy;       /* ownership goes to the supervisor */
	struct audit *audit;         /* borrowed; must outlive it */
	const char *home, *workspace; /* absolute, resolved; copied */
	const char *voice_path;      /* path of the preload socket: targets may always connect there */
	bool observe;                /* decide and record, but deny nothing */
	int listener_consume;        /* seccomp listener of the target tree */
	bool killable;               /* what filter_install() said */
	const char *const *self_files; /* files that this run rests on (events, policies): absolute, NULL-
					* terminated, copied; targets may not change them. May be NULL */
	int front_pid;               /* the process in front of us: not a target either */
};

/* Start the reader threads. Return 0 or -errno with @reterr; on failure the listener is closed. */
int supervisor_start(const struct supervisor_config *cfg, struct supervisor **ret, struct err *reterr);

/* Replace the policy while calls go on. Takes @p on success. -ENOTSUP with @reterr if @p needs calls
 * that the running filter does not trap; then the old one stays and @p is the caller's still. */
int supervisor_set_policy(struct supervisor *s, struct policy *p, struct err *reterr);

/* Readable (POLLIN) when no target is left or the listener broke; then nothing can be allowed any more. */
int supervisor_end_fd(const struct supervisor *s);

/* The policy in force, for queries on the caller's thread. Valid until the caller's next
 * supervisor_set_policy(). */
const struct policy *supervisor_policy(const struct supervisor *s);

/* Answer one request of the preload library that arrived on @fd (accepted SOCK_SEQPACKET connection),
 * then return; the caller closes @fd. Reads at most one message, never blocks longer than 100 ms. */
void supervisor_answer_voice(struct supervisor *s, int fd);

/* The line about the last denial of thread @tid, "" if there is none; told once. Cut to @size. */
void supervisor_last_denial(struct supervisor *s, int tid, char *buf, size_t size);

/* Stop the threads and free. Waiting calls of targets fail (ENOSYS from the closed listener). */
struct supervisor *supervisor_stop(struct supervisor *s);
