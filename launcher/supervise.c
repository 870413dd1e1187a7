/* Life of the process: confine itself, fork the agent, leave its process group, fetch the listener, judge,
 * and then one poll loop. The agent is forked while this process has one thread only and before it has
 * become undumpable, so that the listener can be fetched from it without privilege.
 *
 * When the agent's main process ends, the front goes home; this process stays while descendants live
 * (they are ours: we are their subreaper), for without it their calls would fail. When the front is
 * killed while the agent runs, everything below dies with it: nobody is left to mirror. */
#include "launcher/supervise.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define LOG_MODULE "supervise"
#include "base/log.h"

#include "launcher/agent.h"
#include "launcher/caps.h"
#include "launcher/procs.h"
#include "launcher/report.h"
#include "launcher/watch.h"
#include "seccomp/filter.h"
#include "seccomp/landlock.h"
#include "seccomp/supervisor.h"

#define WATCH_DELAY_MS	500 /* short commands do without: see watch_arm() */
#define RELOAD_DELAY_MS 50  /* editors write in several steps */
#define BROKEN_DELAY_MS 500 /* between the listener's end and the agent's there is a moment */
#define NEVER		INT64_MAX

struct supervise {
	struct session *s;
	struct supervisor *judge;
	struct watch *watch;
	int front_fd, agent_fd, signal_fd;
	pid_t agent;
	int stops; /* of the agent, that the front was told of */
	bool enforced;
	bool agent_ended, front_gone, all_ended, failed;
	bool tree_must_die;
	struct stat project; /* as it was when it was read; st_ino 0: there was none */
	int64_t watch_at_ms, reload_at_ms, broken_at_ms;
};

static int64_t now_ms(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- start ---------------------------------------------------------------------------------------- */

/* Should: bind this process as its targets are bound, so that a call performed for them reaches no
 * further; adopt their orphans. Mustn't: become undumpable yet: the child would be, too. */
static int confine_self(const struct session *s, struct err *reterr)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return err_set(reterr, errno, "prctl: %s", strerror(errno));
	return landlock_scope(s->landlock_abi, reterr);
}

static int fork_agent(struct supervise *v, const struct filter *filter, struct err *reterr)
{
	pid_t self = getpid();
	int fds[2], rc = report_pair(fds);

	if (rc < 0)
		return err_set(reterr, -rc, "cannot make a socket pair: %s", strerror(-rc));
	v->agent = fork();
	if (v->agent == 0) {
		(void)close(fds[0]);
		(void)close(v->front_fd);
		agent_run(v->s, filter, self, fds[1]);
	}
	(void)close(fds[1]);
	if (v->agent < 0) {
		(void)close(fds[0]);
		return err_set(reterr, errno, "cannot fork: %s", strerror(errno));
	}
	v->agent_fd = fds[0];
	return 0;
}

static int fork_filtered(struct supervise *v, struct err *reterr)
{
	struct filter filter;
	int rc = filter_build(v->s->policy, getpid(), v->s->front_pid, &filter, reterr);

	if (rc < 0)
		return rc;
	rc = fork_agent(v, &filter, reterr);
	filter_done(&filter);
	return rc;
}

static int start_agent(struct supervise *v, struct err *reterr)
{
	if (!v->s->site.project[0] || stat(v->s->site.project, &v->project) < 0)
		v->project.st_ino = 0;
	return fork_filtered(v, reterr);
}

/* Should: get out of reach of the keyboard and of whoever shares our uid.
 * Mustn't: leave the session: /dev/tty of a call performed for the agent is ours. */
static void step_aside(const struct supervise *v)
{
	(void)v;
	(void)setpgid(0, 0);		  /* cannot fail: we lead no session and have not exec'd */
	(void)prctl(PR_SET_DUMPABLE, 0);  /* cannot fail */
}

/* Fetch descriptor @fd of the agent. */
static int fetch_listener(const struct supervise *v, int fd, struct err *reterr)
{
	autoclose pidfd = (int)syscall(SYS_pidfd_open, v->agent, 0);
	int listener = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	if (listener < 0)
		return err_set(reterr, errno, "cannot fetch the seccomp listener: %s%s", strerror(errno),
			       errno == EPERM ? " (kernel.yama.ptrace_scope above 1?)" : "");
	return listener;
}

/* Files that the verdicts and their record rest on: the tree may not change them. */
static const char **self_files(const struct session *s)
{
	static char events[PATH_MAX], program[PATH_MAX], preload[PATH_MAX];
	const char *const *files = policy_files(s->policy);
	size_t n = 0, at = 0;
	const char **ret;

	while (files[n])
		n++;
	ret = calloc(n + 4, sizeof(*ret));
	for (size_t i = 0; ret && i < n; i++)
		if (files[i][0] == '/' && !streq(files[i], s->site.project))
			ret[at++] = files[i];
	if (ret && s->options.events && realpath(s->options.events, events))
		ret[at++] = events;
	if (ret && realpath("/proc/self/exe", program))
		ret[at++] = program;
	if (ret && s->site.preload[0] && realpath(s->site.preload, preload))
		ret[at++] = preload;
	return ret;
}

static int start_judge(struct supervise *v, int listener_consume, bool killable, struct err *reterr)
{
	const struct session *s = v->s;
	autofree const char **files = self_files(s);
	const struct supervisor_config cfg = {
		.policy = s->policy,
		.audit = s->audit,
		.home = s->site.home_resolved,
		.workspace = s->site.workspace,
		.voice_path = s->dir.voice,
		.observe = s->options.observe,
		.listener_consume = listener_consume,
		.killable = killable,
		.self_files = files,
		.front_pid = s->front_pid,
	};
	int rc;

	if (caps_cut(true, reterr) < 0) {
		if (listener_consume >= 0)
			(void)close(listener_consume); /* nobody will be let through */
		return -reterr->code;
	}
	rc = supervisor_start(&cfg, &v->judge, reterr);
	if (rc == 0)
		v->s->policy = NULL;
	return rc;
}

static int without_listener(struct supervise *v, const struct report *r, struct err *reterr)
{
	const struct session *s = v->s;

	if (!s->options.best_effort)
		return err_set(reterr, r->value,
			       "%s. Nothing was started; --best-effort would go on without enforcement",
			       r->text);
	if (!s->env.socket)
		return err_set(reterr, r->value,
			       "%s, and --best-effort needs the preload library, but %s", r->text,
			       s->site.preload_reason);
	log_dbg("%s", r->text);
	return start_judge(v, -1, false, reterr);
}

/* The agent's process has its filter, or cannot have one: become its judge and let it go on. */
static int admit_agent(struct supervise *v, struct err *reterr)
{
	struct report r;
	int rc = report_recv(v->agent_fd, &r);

	if (rc <= 0)
		return err_set(reterr, ECHILD, "the agent's process ended before it was ready");
	if (r.kind == REPORT_FAILED)
		return err_set(reterr, EPROTO, "%s", r.text);
	v->enforced = r.kind == REPORT_LISTENER;
	if (v->enforced) {
		rc = fetch_listener(v, r.value, reterr);
		if (rc >= 0)
			rc = start_judge(v, rc, streq(r.text, "killable"), reterr);
	} else {
		rc = without_listener(v, &r, reterr);
	}
	if (rc < 0)
		return rc;
	rc = report_send(v->agent_fd, v->enforced ? REPORT_GO : REPORT_GO_UNFORCED, 0, NULL);
	return rc < 0 ? err_set(reterr, -rc, "the agent's process is gone") : 0;
}

static void tell_front(struct supervise *v, enum report_kind kind, int value, const char *text)
{
	if (v->front_gone)
		return;
	(void)report_send(v->front_fd, kind, value, text); /* if it is gone, the poll loop sees it */
	if (kind == REPORT_FAILED)
		v->failed = true;
}

/* What the agent need not wait for. */
static void settle(struct supervise *v)
{
	procs_let_go_of_files();
	(void)!chdir("/"); /* else a mount stays busy because of us */
	v->watch = watch_new();
	if (!v->watch)
		return;
	watch_set(v->watch, policy_files(supervisor_policy(v->judge)), v->s->site.cwd);
	v->watch_at_ms = now_ms() + WATCH_DELAY_MS;
}

/* --- the tree ------------------------------------------------------------------------------------- */

static unsigned long long own_start(void)
{
	struct proc_stat st = { 0 };

	(void)proc_stat_read(getpid(), &st); /* without /proc there is no list of children either */
	return st.start;
}

static void agent_ended(struct supervise *v, int status)
{
	char summary[512];

	v->agent_ended = true;
	audit_summary(v->s->audit, summary, sizeof(summary));
	if (v->all_ended)
		site_dir_remove(&v->s->dir); /* first, so that no trace is left when the front returns */
	if (!v->failed)
		tell_front(v, v->all_ended ? REPORT_ENDED_ALL : REPORT_ENDED, status, summary);
}

/* Collect whoever has changed state; orphans of the tree are our children. */
static void reap(struct supervise *v)
{
	int status, ended = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WALL)) > 0) {
		if (pid != v->agent)
			continue;
		if (!WIFSTOPPED(status)) {
			ended = status;
			continue;
		}
		v->stops++;
		tell_front(v, REPORT_STOPPED, WSTOPSIG(status), NULL);
	}
	v->all_ended = pid < 0 && errno == ECHILD;
	if (ended >= 0)
		agent_ended(v, ended);
	if (v->agent_ended && !v->all_ended)
		procs_let_go_of_stderr();
}

/* The front was continued after it had heard of @stops stops. If the agent still is in the last of them,
 * it is to go on, with those that were stopped with it: if it has a group of its own, the shell has not
 * continued that. Looked at in this order, a newer stop cannot be taken for the old one. */
static void continue_agent(struct supervise *v, int stops)
{
	bool stopped = proc_is_stopped(v->agent);
	pid_t group = getpgid(v->agent), front_group = getpgid(v->s->front_pid);

	reap(v);
	if (!stopped || v->agent_ended || stops != v->stops)
		return;
	(void)kill(v->agent, SIGCONT); /* may have been killed */
	if (group > 1 && group != front_group)
		(void)kill(-group, SIGCONT); /* likewise */
}

/* --- the policy ----------------------------------------------------------------------------------- */

/* A project's policy can be replaced from inside: git may write it, or no project could be cloned. It only
 * tightens, but another one may tighten less: so what it said at the start holds until the end. */
static int check_project(const struct supervise *v, struct err *reterr)
{
	struct stat st;

	if (!v->s->site.project[0])
		return 0;
	if (stat(v->s->site.project, &st) < 0)
		st.st_ino = 0;
	if (st.st_ino == v->project.st_ino && (st.st_ino == 0 || (st.st_size == v->project.st_size &&
	    st.st_mtim.tv_sec == v->project.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == v->project.st_mtim.tv_nsec &&
	    st.st_ctim.tv_sec == v->project.st_ctim.tv_sec &&
	    st.st_ctim.tv_nsec == v->project.st_ctim.tv_nsec)))
		return 0;
	return err_set(reterr, EBUSY, "%s has changed; the project's policy holds as it was at the start, "
		       "until the next one", v->s->site.project);
}

static int reload(struct supervise *v, struct err *reterr)
{
	struct policy_config cfg = site_policy_config(&v->s->site);
	struct policy *p = NULL;
	int rc = check_project(v, reterr);

	if (rc == 0)
		rc = policy_load(&cfg, &p, reterr);
	if (rc < 0)
		return rc;
	policy_warm(p); /* nobody waits for it; at the start somebody would */
	rc = supervisor_set_policy(v->judge, p, reterr);
	if (rc < 0)
		policy_free(p);
	return rc;
}

static void reload_now(struct supervise *v)
{
	struct err e;

	v->reload_at_ms = NEVER;
	if (reload(v, &e) < 0)
		log_err("policy not reloaded, the old one stays: %s", e.msg);
	else
		log_dbg("policy reloaded");
	if (v->watch)
		watch_set(v->watch, policy_files(supervisor_policy(v->judge)), v->s->site.cwd);
}

/* Names were touched: the content may still be the same, or only a directory has appeared. */
static void reload_if_changed(struct supervise *v)
{
	if (watch_changed(v->watch)) {
		reload_now(v);
		return;
	}
	v->reload_at_ms = NEVER;
	watch_set(v->watch, policy_files(supervisor_policy(v->judge)), v->s->site.cwd);
}

/* --- the loop ------------------------------------------------------------------------------------- */

enum { AT_SIGNAL = 0, AT_FRONT, AT_AGENT, AT_JUDGE, AT_WATCH, AT_VOICE, AT_COUNT };

static void on_signals(struct supervise *v)
{
	struct signalfd_siginfo info;

	while (read(v->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			break;
		case SIGHUP:
			reload_now(v);
			break;
		case SIGTERM:
			/* While there is an agent it got its own, from the same hand or through the
			 * front; a judge that leaves first would only break its farewell. */
			v->tree_must_die |= v->agent_ended;
			break;
		default:
			break;
		}
	}
	reap(v);
}

/* The agent's process says why it could not become the command; silence means that it has. */
static void on_agent(struct supervise *v)
{
	struct report r;

	if (report_recv(v->agent_fd, &r) > 0 && r.kind == REPORT_FAILED) {
		char text[sizeof(r.text) + 512], summary[400], why[512];

		/* No preload library in there yet that could tell. */
		supervisor_last_denial(v->judge, v->agent, why, sizeof(why));
		if (why[0])
			log_err("%s", str_starts(why, "crust-run: ") ? why + 11 : why);

		audit_summary(v->s->audit, summary, sizeof(summary));
		(void)snprintf(text, sizeof(text), "%s%s%s%s", r.text, /* cut if need be */
			       audit_counts(v->s->audit).denied ? " (" : "",
			       audit_counts(v->s->audit).denied ? summary : "",
			       audit_counts(v->s->audit).denied ? ")" : "");
		tell_front(v, REPORT_FAILED, r.value, text);
	}
	(void)close(v->agent_fd); /* nothing buffered */
	v->agent_fd = -1;
	site_dir_trim(&v->s->dir);
}

static void on_front(struct supervise *v)
{
	struct report r;

	if (report_recv(v->front_fd, &r) > 0) {
		if (r.kind == REPORT_CONTINUE && !v->agent_ended)
			continue_agent(v, r.value);
		return;
	}
	v->front_gone = true;
	(void)close(v->front_fd); /* nothing buffered */
	v->front_fd = -1;
	v->tree_must_die |= !v->agent_ended;
}

/* Nothing can be allowed any more. Usually because the last target is just ending. */
static void on_judge_end(struct supervise *v)
{
	if (v->broken_at_ms == NEVER)
		v->broken_at_ms = now_ms() + BROKEN_DELAY_MS;
}

static void on_voice(struct supervise *v)
{
	autoclose fd = accept4(v->s->dir.socket, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		supervisor_answer_voice(v->judge, fd);
}

static int timeout_ms(const struct supervise *v)
{
	int64_t at = MIN(v->reload_at_ms, v->broken_at_ms);

	at = MIN(at, v->watch_at_ms);
	if (at == NEVER)
		return -1;
	at -= now_ms();
	return (int)MAX(at, (int64_t)0);
}

static void on_time(struct supervise *v)
{
	int64_t now = timeout_ms(v) == 0 ? now_ms() : 0;

	if (v->watch_at_ms <= now) {
		v->watch_at_ms = NEVER;
		v->reload_at_ms = now; /* what changed before */
		watch_arm(v->watch);
	}
	if (v->reload_at_ms <= now)
		reload_if_changed(v);
	if (v->broken_at_ms <= now) {
		v->broken_at_ms = NEVER;
		reap(v);
		if (!v->agent_ended)
			tell_front(v, REPORT_FAILED, EXIT_OURS,
				   "the seccomp listener broke; everything below was killed");
		v->tree_must_die = true;
	}
}

static void loop(struct supervise *v)
{
	while (!v->tree_must_die && !(v->agent_ended && v->all_ended)) {
		struct pollfd p[AT_COUNT] = {
			[AT_SIGNAL] = { v->signal_fd, POLLIN, 0 },
			[AT_FRONT] = { v->front_fd, POLLIN, 0 },
			[AT_AGENT] = { v->agent_fd, POLLIN, 0 },
			[AT_JUDGE] = { v->enforced && v->broken_at_ms == NEVER
					       ? supervisor_end_fd(v->judge) : -1, POLLIN, 0 },
			[AT_WATCH] = { v->watch ? watch_fd(v->watch) : -1, POLLIN, 0 },
			[AT_VOICE] = { v->s->dir.socket, POLLIN, 0 },
		};

		if (poll(p, AT_COUNT, timeout_ms(v)) < 0 && errno != EINTR)
			v->tree_must_die = true; /* cannot happen; a deaf judge must not go on */
		if (p[AT_AGENT].revents)
			on_agent(v);
		if (p[AT_SIGNAL].revents)
			on_signals(v);
		if (p[AT_FRONT].revents)
			on_front(v);
		if (p[AT_JUDGE].revents)
			on_judge_end(v);
		if (p[AT_WATCH].revents && watch_read(v->watch) && v->reload_at_ms == NEVER)
			v->reload_at_ms = now_ms() + RELOAD_DELAY_MS;
		if (p[AT_VOICE].revents)
			on_voice(v);
		on_time(v);
	}
}

/* --- the whole ------------------------------------------------------------------------------------ */

/* Up to the moment when the agent's process may exec. */
static int start(struct supervise *v, struct err *reterr)
{
	static const int handled[] = { SIGCHLD, SIGHUP, SIGTERM, 0 };
	int rc = confine_self(v->s, reterr);

	if (rc == 0)
		rc = start_agent(v, reterr);
	if (rc < 0)
		return rc;
	step_aside(v);
	tell_front(v, REPORT_STARTED, v->agent, NULL);
	v->signal_fd = signals_fd(handled);
	if (v->signal_fd < 0)
		return err_set(reterr, -v->signal_fd, "signalfd: %s", strerror(-v->signal_fd));
	return admit_agent(v, reterr);
}

/* The judge's threads end with the process, and nothing that they use is freed before: the front may be
 * waiting, and a worker may sit in a call that takes its time. */
static void finish(struct supervise *v)
{
	if (!v->all_ended)
		procs_kill_below(own_start());
	site_dir_remove(&v->s->dir);
}

int supervise_run(struct session *s, int front_fd)
{
	struct supervise v = {
		.s = s,
		.front_fd = front_fd,
		.agent_fd = -1,
		.signal_fd = -1,
		.watch_at_ms = NEVER,
		.reload_at_ms = NEVER,
		.broken_at_ms = NEVER,
	};
	struct err e = { 0 };

	if (start(&v, &e) < 0) {
		if (v.agent > 0)
			procs_kill_below(own_start());
		v.all_ended = true;
		tell_front(&v, REPORT_FAILED, EXIT_OURS, e.msg);
	} else {
		settle(&v);
		loop(&v);
	}
	finish(&v);
	return v.failed ? EXIT_OURS : 0;
}
