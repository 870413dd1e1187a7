/* notif - one stopped call: who made it, what its arguments mean, and how it is answered. Handlers
 * (open.c, change.c, metadata.c, exec.c, net.c) get a struct notif and return a value, -errno, REPLY_CONTINUE or
 * REPLY_DONE. Everything read from the target is read once, into our memory, and never looked at again
 * there: the target may change it at any time.
 *
 * Glossary: *target* = the thread that made the call; *judge* = ask the policy; *perform* = make the call
 * on the target's behalf, with its rights. */
#pragma once

#include <limits.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "seccomp/supervisor.h"
#include "seccomp/table.h"

#define NAME_SIZE 8192 /* base + "/" + path, both up to PATH_MAX */

struct creds;
struct guard_index;
struct exec_table;
struct sock_table;

/* The supervisor's state that handlers share. Fields without a comment are set at start and never change. */
struct supervisor {
	int listener;
	_Atomic(struct policy *) policy;
	struct policy *policy_main; /* the same, for the main thread */
	struct audit *audit;
	char *home, *workspace, *voice_path, *canary_path;
	char **self_files; /* NULL-terminated */
	bool observe, privileged, has_pidfd_thread;
	bool killable; /* WAIT_KILLABLE_RECV: no signal comes between two steps of an answer */
	int front_pid, pid, end_fd;
	unsigned long tty; /* device number of our controlling terminal, or 0 */
	uint64_t families; /* operations that the installed filter traps */

	/* Things that happened in the tree and stay true: see note_*() in supervisor.c. */
	atomic_bool roots_differ;  /* some target has, or had, a root of its own */
	atomic_bool creds_differ;  /* some target has other credentials than we */
	atomic_bool files_shared;  /* a descriptor table is shared across processes */

	pthread_mutex_t names_lock; /* held while names are moved or linked: see change.c */
	struct guard_index *guards;
	struct exec_table *execs;
	struct sock_table *socks;
	atomic_uchar ptys[512]; /* bit per /dev/pts number: made in the tree, or the session's own */

	struct host_slot *hosts; /* names that programs said they resolved: for the log, nothing else */
	struct denial_slot *denials; /* last denial of each thread, for the voice */
	pthread_mutex_t voice_lock; /* denials, hosts */

	pthread_mutex_t pool_lock; /* workers, n_workers, n_idle */
	struct worker *workers;
	int n_workers, n_idle;
	atomic_bool stopping;
	pthread_t watch;
};

/* One thread of the pool. */
struct worker {
	struct supervisor *s;
	pthread_t thread;
	struct worker *next;
	_Atomic(const struct policy *) policy; /* in use right now, or NULL: see supervisor_set_policy() */
	_Atomic(uint64_t) busy_id;   /* the call in hand, or 0 */
	_Atomic(int) busy_tid;
	_Atomic(int64_t) busy_since_ms;
	atomic_int interrupt;	     /* the watch saw a signal for the target: enum interrupt */
	mode_t umask;
	struct seccomp_notif *req;
	struct seccomp_notif_resp *resp;
	size_t req_size, resp_size;
};

enum interrupt { INTERRUPT_NONE = 0, INTERRUPT_GONE, INTERRUPT_EINTR, INTERRUPT_RESTART };

struct notif {
	struct supervisor *s;
	struct worker *w;
	const struct policy *policy;
	const struct call *call;
	uint64_t id;
	pid_t tid;
	uint64_t args[6];
	int nr;
};

/* --- the target's memory ------------------------------------------------------------------------ */

/* Read exactly @len bytes. Return 0, -EFAULT, or -EACCES when the target cannot be read at all (it is not
 * dumpable): then the call is denied, with that reason in the log. */
int target_read(struct notif *n, uint64_t addr, void *buf, size_t len);

/* Read a NUL-terminated string of less than @size bytes. Return its length; -EFAULT, -EACCES as above,
 * -ENAMETOOLONG. */
int target_read_str(struct notif *n, uint64_t addr, char *buf, size_t size);

/* Write a result (msg_len of sendmmsg). Only while the target waits in the very call. 0 or -EFAULT. */
int target_write(struct notif *n, uint64_t addr, const void *buf, size_t len);

/* --- the target's process --------------------------------------------------------------------- */

bool target_alive(struct notif *n); /* NOTIF_ID_VALID: is it still the same call? */
int target_tgid(struct notif *n);   /* thread group, or -errno */

/* A descriptor on the target's descriptor @fd (pidfd_getfd: same open file). New fd, or -errno:
 * -EBADF as the target would get it. */
int target_dup(struct notif *n, int fd);
int target_umask(struct notif *n);

/* Set the umask of the worker, whose file system state is its own, to the target's. */
void worker_umask(struct notif *n);

/* --- verdicts --------------------------------------------------------------------------------- */

/* Judge @op on the name @path; @as_written is what the program said (or NULL). Denials are recorded and
 * told. True = go on. In the observe profile always true. */
bool judge_path(struct notif *n, enum policy_op op, const char *path, const char *as_written);

/* The same, but only asks: nothing is recorded. */
bool judge_path_quietly(struct notif *n, enum policy_op op, const char *path);

/* The same for a name that should be opened or reached but not made: -ENOENT, and silence, if it is denied
 * and does not exist; -EACCES if it is denied; 0 = go on. Existence is no secret (stat is not judged), and
 * programs look for many files that are not there. */
int judge_existing(struct notif *n, enum policy_op op, const char *path, const char *as_written);

/* For changes that policy_inspect() may let pass: like judge_path(), but *ret_inspect tells what kind of
 * look would make it pass; nothing is recorded in that case. */
bool judge_change(struct notif *n, enum policy_op op, const char *path, const char *as_written,
		  enum policy_inspect *ret_inspect);

/* Any action. @object is its text for people and the log. */
bool judge_action(struct notif *n, struct policy_action *a, const char *object, const char *as_written);

/* Record and tell a denial with the decision at hand. True only in the observe profile. */
bool judge_deny(struct notif *n, enum policy_op op, const char *object, const char *as_written,
		const struct policy_decision *d);

/* Deny what could not be decided. Always -EACCES; also in the observe profile. @why is for the log. */
int deny_undecided(struct notif *n, const char *why);

/* The name of the program that runs the target, in @buf; "" if unknown. */
void target_program(struct notif *n, char *buf, size_t size);

/* --- answers ---------------------------------------------------------------------------------- */

/* Hand @fd_consume to the target as the result of its call. A handler's answer. @at_once: in one step with
 * the answer, which is faster; but then the target may run before our copy is closed, and see it: locks,
 * leases, IN_CLOSE_WRITE, ETXTBSY and a FIFO's end of file wait for the last copy. */
int64_t reply_fd(struct notif *n, int fd_consume, bool cloexec, bool at_once);

/* A call that returned EINTR because the watch interrupted it: the answer for the target. */
int64_t reply_interrupted(struct notif *n);

static inline int64_t errno_reply(struct notif *n, int64_t rc)
{
	if (rc >= 0)
		return rc;
	return errno == EINTR ? reply_interrupted(n) : -errno;
}
