/* The pool of readers. Each reader waits in RECV, handles the call it got, answers, and waits again. Any
 * call may block (a FIFO, a dead file server, connect()): so whenever the last waiting reader takes a
 * call, another reader is started first, and surplus ones leave. No call ever waits for another one.
 *
 * The watch is one thread that looks at calls which have taken long: if their target is gone, or has a
 * signal to handle, the reader is interrupted and the target gets what the kernel would have given it. */
#include "seccomp/supervisor.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "seccomp/creds.h"
#include "seccomp/exec.h"
#include "seccomp/filter.h"
#include "seccomp/guard.h"
#include "seccomp/handlers.h"
#include "seccomp/kernel.h"
#include "seccomp/net.h"
#include "seccomp/state.h"

#define READERS_MIN	2
#define READERS_IDLE	4	/* more than this many waiting: the next one to finish leaves */
#define READERS_MAX	2048
#define READER_STACK	(1024 * 1024) /* virtual; a decision on a command line wants 100 KiB */
#define WATCH_MS	20
#define SIG_INTERRUPT	(SIGRTMIN + 1)

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- notes: what happened in the tree and changes how later calls are performed -------------------- */

int64_t note_root(struct notif *n)
{
	atomic_store(&n->s->roots_differ, true);
	return REPLY_CONTINUE; /* whatever root it gets, names are judged by where it really is */
}

int64_t note_clone(struct notif *n)
{
	if ((n->args[0] & (CLONE_FILES | CLONE_THREAD)) == CLONE_FILES)
		atomic_store(&n->s->files_shared, true);
	if (n->args[0] & CLONE_NEWUSER)
		atomic_store(&n->s->creds_differ, true);
	return REPLY_CONTINUE; /* scalars */
}

int64_t note_creds(struct notif *n)
{
	atomic_store(&n->s->creds_differ, true);
	return REPLY_CONTINUE; /* the kernel checks them; we only read the outcome, at each later call */
}

/* Is @pid one of ours? Every process of the tree descends from this one: a child subreaper. */
static bool in_tree(const struct supervisor *s, pid_t pid)
{
	char text[32];

	for (int depth = 0; pid > 1 && depth < 4096; depth++) {
		if (target_status(pid, "PPid", text, sizeof(text)) < 0)
			return false;
		pid = (pid_t)strtoul(text, NULL, 10);
		if (pid == s->pid)
			return true;
	}
	return false;
}

int64_t note_prlimit(struct notif *n)
{
	/* In a pid namespace of its own the target means another number; then we refuse too much. */
	return in_tree(n->s, (pid_t)n->args[0]) ? REPLY_CONTINUE : -EPERM;
}

/* Refused by the filter alone it would be silent, and this is what breaks the sandboxes that agents bring. */
int64_t refuse_mount(struct notif *n)
{
	struct policy_decision d = {
		.rule = "no-mounts",
		.message = "Mounting would give files a second name. Turn the agent's own sandbox off: "
			   "crust-run takes its place.",
		.source = "builtin",
		.stage = "supervisor",
		.severity = SEVERITY_MEDIUM,
	};

	(void)judge_deny(n, POLICY_WRITE, n->call->name, NULL, &d); /* also in the observe profile */
	return -EPERM;
}

/* --- one call --------------------------------------------------------------------------------- */

static void respond(struct notif *n, int64_t rc)
{
	struct seccomp_notif_resp *resp = n->w->resp;

	if (rc == REPLY_DONE)
		return;
	memset(resp, 0, n->w->resp_size);
	resp->id = n->id;
	if (rc == REPLY_CONTINUE)
		resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (rc < 0)
		resp->error = (int32_t)rc;
	else
		resp->val = rc;
	/* ENOENT: the target is gone. Nothing else can fail that we could mend. */
	(void)ioctl(n->s->listener, SECCOMP_IOCTL_NOTIF_SEND, resp);
}

static void policy_hold(struct worker *w)
{
	struct policy *p;

	do {
		p = atomic_load(&w->s->policy);
		atomic_store(&w->policy, p);
	} while (p != atomic_load(&w->s->policy));
}

static int64_t dispatch(struct notif *n)
{
	int64_t rc;

	n->call = call_find(n->nr, n->args);
	if (!n->call || n->tid <= 0)
		return deny_undecided(n, "a call that no row of the table describes");
	if (exec_verify(n) < 0)
		return -EACCES; /* killed */
	if (n->call->action == CALL_NOTE)
		return n->call->handler(n);
	rc = creds_assume(n);
	if (rc < 0)
		return rc;
	rc = n->call->handler(n);
	creds_restore(n);
	return rc;
}

static void handle(struct worker *w)
{
	struct notif n = {
		.s = w->s,
		.w = w,
		.id = w->req->id,
		.tid = (pid_t)w->req->pid,
		.nr = w->req->data.nr,
	};
	int64_t rc;

	memcpy(n.args, w->req->data.args, sizeof(n.args));
	atomic_store(&w->interrupt, INTERRUPT_NONE);
	atomic_store(&w->busy_tid, n.tid);
	atomic_store(&w->busy_since_ms, now_ms());
	atomic_store(&w->busy_id, n.id);
	policy_hold(w);
	n.policy = atomic_load(&w->policy);
	rc = dispatch(&n);
	atomic_store(&w->busy_id, 0);
	atomic_store(&w->policy, NULL);
	respond(&n, rc);
}

/* --- the pool --------------------------------------------------------------------------------- */

static int reader_start(struct supervisor *s);

/* Another reader, if nobody would be waiting. Called with the pool locked. */
static void pool_refill(struct supervisor *s)
{
	if (s->n_idle == 0 && s->n_workers < READERS_MAX && !atomic_load(&s->stopping))
		(void)reader_start(s); /* without memory: calls wait for each other, none is let through */
}

static bool pool_took_call(struct supervisor *s)
{
	pthread_mutex_lock(&s->pool_lock);
	s->n_idle--;
	pool_refill(s);
	pthread_mutex_unlock(&s->pool_lock);
	return true;
}

/* Wait again, or leave? */
static bool pool_stay(struct supervisor *s)
{
	bool stay;

	pthread_mutex_lock(&s->pool_lock);
	stay = s->n_idle < READERS_IDLE && !atomic_load(&s->stopping);
	if (stay)
		s->n_idle++;
	pthread_mutex_unlock(&s->pool_lock);
	return stay;
}

static void pool_remove(struct worker *w)
{
	struct supervisor *s = w->s;
	struct worker **at;

	pthread_mutex_lock(&s->pool_lock);
	for (at = &s->workers; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	s->n_workers--;
	pthread_mutex_unlock(&s->pool_lock);
	free(w->req);
	free(w->resp);
	free(w);
}

/* The listener is gone, or no target is left: nobody can be let through any more. */
static void pool_ended(struct supervisor *s)
{
	uint64_t one = 1;

	pthread_mutex_lock(&s->pool_lock);
	s->n_idle--;
	pthread_mutex_unlock(&s->pool_lock);
	(void)!write(s->end_fd, &one, sizeof(one)); /* an eventfd: cannot fail below 2^64 */
}

/* The kernel wakes one of those who wait in RECV; poll() would wake all. When no target is left, newer
 * kernels answer ENOENT and poll() says so, older ones let us wait: then the process ends with its loop. */
static bool reader_recv(struct worker *w)
{
	struct pollfd pfd = { .fd = w->s->listener, .events = POLLIN };

	while (!atomic_load(&w->s->stopping)) {
		memset(w->req, 0, w->req_size); /* or RECV says EINVAL */
		if (ioctl(w->s->listener, SECCOMP_IOCTL_NOTIF_RECV, w->req) == 0)
			return true;
		if (errno == ENOENT && poll(&pfd, 1, 0) >= 0 && !(pfd.revents & (POLLHUP | POLLERR)))
			continue; /* the target died on the way */
		if (errno != EINTR && errno != EAGAIN)
			return false;
	}
	return false;
}

static void *reader_main(void *arg)
{
	struct worker *w = arg;
	struct supervisor *s = w->s;

	/* Umask, cwd and root of this thread are its own from here on. */
	if (unshare(CLONE_FS) < 0 || creds_thread_start(s) < 0)
		abort(); /* would perform calls with the wrong umask or rights */
	umask(0);
	w->umask = 0;
	for (;;) {
		if (!reader_recv(w)) {
			pool_ended(s);
			break;
		}
		pool_took_call(s);
		handle(w);
		if (!pool_stay(s))
			break;
	}
	pool_remove(w);
	return NULL;
}

static struct worker *worker_new(struct supervisor *s)
{
	struct seccomp_notif_sizes sizes;
	struct worker *w = calloc(1, sizeof(*w));

	if (!w || syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) {
		free(w);
		return NULL;
	}
	w->s = s;
	w->req_size = MAX((size_t)sizes.seccomp_notif, sizeof(*w->req));
	w->resp_size = MAX((size_t)sizes.seccomp_notif_resp, sizeof(*w->resp));
	w->req = calloc(1, w->req_size);
	w->resp = calloc(1, w->resp_size);
	if (w->req && w->resp)
		return w;
	free(w->req);
	free(w->resp);
	free(w);
	return NULL;
}

/* Called with the pool locked. */
static int reader_start(struct supervisor *s)
{
	struct worker *w = worker_new(s);
	pthread_attr_t attr;
	int rc;

	if (!w)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, READER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	w->next = s->workers;
	s->workers = w;
	s->n_workers++;
	s->n_idle++;
	rc = pthread_create(&w->thread, &attr, reader_main, w);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return 0;
	s->workers = w->next;
	s->n_workers--;
	s->n_idle--;
	free(w->req);
	free(w->resp);
	free(w);
	return -rc;
}

/* --- the watch -------------------------------------------------------------------------------- */

static uint64_t status_mask(pid_t tid, const char *key)
{
	char text[64];

	return target_status(tid, key, text, sizeof(text)) < 0 ? 0 : strtoull(text, NULL, 16);
}

/* Would a call that blocks natively have been interrupted by now? */
static enum interrupt watch_look(pid_t tid)
{
	uint64_t blocked = status_mask(tid, "SigBlk");
	uint64_t own = status_mask(tid, "SigPnd") & ~blocked;
	uint64_t shared = status_mask(tid, "ShdPnd") & ~blocked;
	char threads[16];

	if (!own && !shared)
		return INTERRUPT_NONE;
	if (own)
		return INTERRUPT_RESTART;
	/* A signal for the process: with one thread there is no doubt who takes it. */
	if (target_status(tid, "Threads", threads, sizeof(threads)) == 0 && streq(threads, "1"))
		return INTERRUPT_RESTART;
	return INTERRUPT_EINTR;
}

static void watch_worker(struct supervisor *s, struct worker *w)
{
	uint64_t id = atomic_load(&w->busy_id);
	enum interrupt why = INTERRUPT_GONE;

	if (!id || now_ms() - atomic_load(&w->busy_since_ms) < WATCH_MS)
		return;
	if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0)
		why = watch_look(atomic_load(&w->busy_tid));
	if (why == INTERRUPT_NONE || atomic_load(&w->busy_id) != id)
		return;
	atomic_store(&w->interrupt, why);
	pthread_kill(w->thread, SIG_INTERRUPT);
}

static void *watch_main(void *arg)
{
	struct supervisor *s = arg;
	struct timespec tick = { .tv_nsec = WATCH_MS * 1000000L };

	while (!atomic_load(&s->stopping)) {
		bool busy = false;

		pthread_mutex_lock(&s->pool_lock);
		for (struct worker *w = s->workers; w; w = w->next) {
			busy |= atomic_load(&w->busy_id) != 0;
			watch_worker(s, w);
		}
		pthread_mutex_unlock(&s->pool_lock);
		tick.tv_nsec = (busy ? WATCH_MS : 5 * WATCH_MS) * 1000000L;
		nanosleep(&tick, NULL);
	}
	return NULL;
}

static void on_interrupt(int sig)
{
	(void)sig; /* its only purpose is EINTR */
}

/* --- life ------------------------------------------------------------------------------------- */

static void free_list(char **list)
{
	for (char **at = list; at && *at; at++)
		free(*at);
	free(list);
}

static char **copy_list(const char *const *list)
{
	size_t n = 0;
	char **copy;

	while (list && list[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(list[i]);
		if (!copy[i]) {
			free_list(copy);
			return NULL;
		}
	}
	return copy;
}

static int config_copy(struct supervisor *s, const struct supervisor_config *cfg)
{
	const char *voice = cfg->voice_path ? cfg->voice_path : "";
	const char *slash = strrchr(voice, '/');

	s->home = strdup(cfg->home);
	s->workspace = strdup(cfg->workspace);
	s->voice_path = strdup(voice);
	if (asprintf(&s->canary_path, "%.*s/canary", slash ? (int)(slash - voice) : 0, voice) < 0)
		s->canary_path = NULL;
	s->self_files = copy_list(cfg->self_files);
	s->denials = calloc(DENIAL_SLOTS, sizeof(*s->denials));
	s->hosts = calloc(HOST_SLOTS, sizeof(*s->hosts));
	s->guards = guard_new();
	s->execs = exec_table_new();
	s->socks = sock_table_new();
	return s->home && s->workspace && s->voice_path && s->canary_path && s->denials && s->hosts && s->guards && s->self_files &&
			       s->execs && s->socks ?
		       0 :
		       -ENOMEM;
}

static void free_all(struct supervisor *s)
{
	if (s->listener >= 0)
		(void)close(s->listener); /* waiting targets get ENOSYS */
	if (s->end_fd >= 0)
		(void)close(s->end_fd); /* an eventfd */
	free(s->home);
	free(s->workspace);
	free(s->voice_path);
	free(s->canary_path);
	free_list(s->self_files);
	free(s->denials);
	free(s->hosts);
	guard_free(s->guards);
	exec_table_free(s->execs);
	sock_table_free(s->socks);
	free(s);
}

static uint64_t families_of(const struct policy *p)
{
	uint64_t families = 0;

	for (int op = 0; op < POLICY_OP_COUNT; op++)
		if (policy_op_matters(p, (enum policy_op)op))
			families |= 1u << op;
	return families;
}

static int start_threads(struct supervisor *s, struct err *reterr)
{
	struct sigaction sa = { .sa_handler = on_interrupt };
	uint64_t flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
	sigset_t all, old, none;
	int rc = 0;

	/* The largest single gain there is (6.6+): wake the target on this CPU. Without it: slower only. */
	(void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
	sigaction(SIG_INTERRUPT, &sa, NULL);
	sigfillset(&all);
	sigdelset(&all, SIG_INTERRUPT);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the main thread's */
	pthread_mutex_lock(&s->pool_lock);
	for (int i = 0; i < READERS_MIN && rc == 0; i++)
		rc = reader_start(s);
	pthread_mutex_unlock(&s->pool_lock);
	if (rc == 0)
		rc = -pthread_create(&s->watch, NULL, watch_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc < 0)
		return err_set(reterr, -rc, "cannot start the supervisor's threads: %s", strerror(-rc));
	return 0;
}

int supervisor_start(const struct supervisor_config *cfg, struct supervisor **ret, struct err *reterr)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	struct rlimit files;
	int rc, fd;

	if (!s) {
		if (cfg->listener_consume >= 0)
			(void)close(cfg->listener_consume); /* consumed on failure too */
		return err_set(reterr, ENOMEM, "no memory for the supervisor");
	}
	s->listener = cfg->listener_consume;
	s->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->audit = cfg->audit;
	s->observe = cfg->observe;
	s->killable = cfg->killable;
	s->front_pid = cfg->front_pid;
	s->pid = getpid();
	s->tty = target_tty(s->pid);
	if (major(s->tty) >= 136 && major(s->tty) <= 143)
		pty_allow(s, (unsigned)((major(s->tty) - 136) * 256 + minor(s->tty)));
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* ours, not the targets': theirs were set before */
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files); /* fewer calls at once, otherwise */
	}
	s->privileged = creds_privileged();
	fd = (int)syscall(__NR_pidfd_open, s->pid, PIDFD_THREAD);
	s->has_pidfd_thread = fd >= 0;
	if (fd >= 0)
		(void)close(fd); /* a probe */
	pthread_mutex_init(&s->pool_lock, NULL);
	pthread_mutex_init(&s->voice_lock, NULL);
	pthread_mutex_init(&s->names_lock, NULL);
	s->families = families_of(cfg->policy);
	s->policy_main = cfg->policy;
	atomic_store(&s->policy, cfg->policy);
	if (s->end_fd < 0 || config_copy(s, cfg) < 0) {
		free_all(s);
		return err_set(reterr, ENOMEM, "no memory for the supervisor");
	}
	if (s->listener >= 0) {
		rc = start_threads(s, reterr);
		if (rc < 0) {
			atomic_store(&s->stopping, true);
			return rc; /* threads may run: the little that is left is not worth a race */
		}
	}
	*ret = s;
	return 0;
}

int supervisor_set_policy(struct supervisor *s, struct policy *p, struct err *reterr)
{
	struct policy *old = s->policy_main;
	struct timespec tick = { .tv_nsec = 1000000 };
	bool used = true;

	if (s->listener >= 0 && (families_of(p) & ~s->families))
		return err_set(reterr, ENOTSUP,
			       "it has rules on operations that this run does not trap; they would hold "
			       "only after a restart");
	s->policy_main = p;
	atomic_store(&s->policy, p);
	guard_forget(s->guards);
	/* A reader that blocks (connect…) may hold the old one for long: then it is left to it. */
	for (int tries = 0; used && tries < 100; tries++) {
		used = false;
		pthread_mutex_lock(&s->pool_lock);
		for (struct worker *w = s->workers; w; w = w->next)
			used |= atomic_load(&w->policy) == old;
		pthread_mutex_unlock(&s->pool_lock);
		if (used)
			nanosleep(&tick, NULL);
	}
	if (!used)
		policy_free(old);
	return 0;
}

int supervisor_end_fd(const struct supervisor *s)
{
	return s->end_fd;
}

const struct policy *supervisor_policy(const struct supervisor *s)
{
	return s->policy_main;
}

struct supervisor *supervisor_stop(struct supervisor *s)
{
	/* Readers may sit in calls that block: the process ends right after this, and with it they do.
	 * Closing the listener is what counts: from here on no call can be let through. */
	if (!s)
		return NULL;
	atomic_store(&s->stopping, true);
	if (s->listener >= 0)
		(void)close(s->listener); /* the end of all permission */
	return NULL;
}
