/* Signals. Keys typed at the terminal reach the agent by themselves, it is in the foreground group as we
 * are; so what the kernel sends us (si_code > 0) is ours to survive, and what a process sends us
 * (si_code <= 0) is meant for the agent. All are blocked and read from a descriptor.
 *
 * Stopping. A shell must see us stopped by the signal that stopped the agent. Between the report and our
 * own stop, somebody may have continued the group. So: make the signal pending on us first, look whether
 * the agent is still stopped, unblock only then. A SIGCONT that comes in between takes the pending signal
 * away, as the kernel promises.
 *
 * Going on. A shell's SIGCONT to the group has reached the agent already, and the next ^Z may have, too: a
 * second SIGCONT from us would undo it. One that was sent to us alone has not. The supervisor, who counts
 * the stops, can tell: REPORT_CONTINUE.
 *
 * Orphaned groups. Where no shell could continue us (leader of a session, no job control), the kernel does
 * not stop a group at all. With the supervisor as a parent in the session but outside the group it does;
 * so there we undo every stop that came from the terminal. */
#include "launcher/front.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LOG_MODULE "front"
#include "base/log.h"

#include "launcher/procs.h"
#include "launcher/report.h"
#include "launcher/tty.h"

#define ORPHAN_RETRY_MS 50

struct front {
	struct session *s;
	struct tty tty;
	pid_t supervisor, agent;
	int fd, signal_fd, agent_pidfd;
	unsigned long long supervisor_start;
	int stops;	    /* of the agent, heard of */
	bool mirrored;	    /* we stopped with it */
	pid_t handed_to;    /* its own group, if that had the terminal when it stopped; or 0 */
	bool saw_interrupt; /* ^C was typed at our terminal */
	bool done;
	int status; /* for main() */
};

/* --- signals to the agent --------------------------------------------------------------------------- */

static void send_signal(const struct front *f, int sig, siginfo_t *info)
{
	if (f->agent_pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, f->agent_pidfd, sig, info, 0); /* may be gone */
}

/* What sigqueue() carried goes along. */
static void pass_on(const struct front *f, const struct signalfd_siginfo *in)
{
	siginfo_t info = { 0 };

	if (in->ssi_code != SI_QUEUE) {
		send_signal(f, (int)in->ssi_signo, NULL);
		return;
	}
	info.si_signo = (int)in->ssi_signo;
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)in->ssi_pid;
	info.si_uid = in->ssi_uid;
	info.si_value.sival_ptr = (void *)(uintptr_t)in->ssi_ptr;
	send_signal(f, info.si_signo, &info);
}

/* From the kernel, and yet meant for the process that the user started: an alarm set before exec, and the
 * hang-up that only the leader of a session gets. */
static bool is_ours_to_pass(const struct signalfd_siginfo *in)
{
	if (in->ssi_code <= 0)
		return true;
	return in->ssi_signo == SIGALRM || (in->ssi_signo == SIGHUP && getsid(0) == getpid());
}

static void on_continue(struct front *f, const struct signalfd_siginfo *in)
{
	if (!f->mirrored) {
		pass_on(f, in);
		return;
	}
	f->mirrored = false;
	if (f->handed_to)
		tty_hand_over(&f->tty, f->handed_to);
	(void)report_send(f->fd, REPORT_CONTINUE, f->stops, NULL); /* gone: the loop sees it */
}

/* Members of the group that no report tells of may have been stopped, too. */
static void undo_stop(void)
{
	(void)kill(-getpgrp(), SIGCONT); /* we are in it ourselves */
}

static void on_signal(struct front *f, const struct signalfd_siginfo *in)
{
	if (in->ssi_code <= 0 && in->ssi_pid == (uint32_t)getpid())
		return; /* our own, of stop_self() and undo_stop() */
	switch (in->ssi_signo) {
	case SIGCHLD:
		return;
	case SIGCONT:
		on_continue(f, in);
		return;
	case SIGTSTP:
		if (in->ssi_code > 0 && procs_group_is_orphaned())
			undo_stop();
		break;
	case SIGINT:
		f->saw_interrupt |= in->ssi_code > 0;
		break;
	default:
		break;
	}
	if (is_ours_to_pass(in))
		pass_on(f, in);
}

static void on_signals(struct front *f)
{
	struct signalfd_siginfo in;

	while (read(f->signal_fd, &in, sizeof(in)) == (ssize_t)sizeof(in))
		on_signal(f, &in);
}

/* --- stopping with the agent ------------------------------------------------------------------------ */

static void stop_self(const struct front *f, int sig)
{
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	const struct timespec at_once = { 0 };
	sigset_t set;

	(void)sigemptyset(&set);    /* cannot fail */
	(void)sigaddset(&set, sig); /* a stop signal */
	if (sig != SIGSTOP) {
		(void)sigaction(sig, &dfl, NULL); /* cannot fail */
		(void)kill(getpid(), sig);	  /* cannot fail; pending, for it is blocked */
	}
	if (!proc_is_stopped(f->agent)) {
		(void)sigtimedwait(&set, NULL, &at_once); /* gone already if SIGCONT came */
		return;
	}
	if (sig == SIGSTOP) {
		(void)kill(getpid(), sig); /* cannot fail */
		return;
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* stops here, if it is still to be */
	(void)sigprocmask(SIG_BLOCK, &set, NULL);   /* cannot fail */
}

static void on_stopped(struct front *f, int sig)
{
	pid_t group = getpgid(f->agent);

	f->stops++;
	if ((sig == SIGTTIN || sig == SIGTTOU) && group != getpgrp() &&
	    tty_is_foreground(&f->tty, getpgrp())) {
		/* It made a group of its own, which natively it has from the start, in the foreground. */
		tty_hand_over(&f->tty, group);
		(void)report_send(f->fd, REPORT_CONTINUE, f->stops, NULL); /* gone: the loop sees it */
		return;
	}
	if (sig == SIGSTOP || !procs_group_is_orphaned()) {
		f->mirrored = true;
		f->handed_to = tty_is_foreground(&f->tty, group) && group != getpgrp() ? group : 0;
		stop_self(f, sig);
		return;
	}
	if (sig != SIGTSTP)
		(void)poll(NULL, 0, ORPHAN_RETRY_MS); /* a read that natively fails stops it again */
	undo_stop();
}

/* --- the end ------------------------------------------------------------------------------------------ */

/* A shell breaks off a loop only if ^C ended the command in it by the signal itself. */
static void die_interrupted(void)
{
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t set;

	(void)sigemptyset(&set);	      /* cannot fail */
	(void)sigaddset(&set, SIGINT);	      /* cannot fail */
	(void)sigaction(SIGINT, &dfl, NULL);  /* cannot fail */
	(void)kill(getpid(), SIGINT);	      /* cannot fail */
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* ends here */
}

static void on_ended(struct front *f, const struct report *r)
{
	int status = r->value;

	if (r->kind == REPORT_ENDED_ALL)
		(void)waitpid(f->supervisor, NULL, 0); /* our child; leave no zombie to a lazy init */
	f->done = true;
	f->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (WIFSIGNALED(status))
		tty_restore(&f->tty);
	log_info("%s", r->text);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT && f->saw_interrupt)
		die_interrupted();
}

static void on_failed(struct front *f, const struct report *r)
{
	log_err("%s", r->text);
	(void)waitpid(f->supervisor, NULL, 0); /* our child; it ends what it started */
	f->done = true;
	f->status = r->value;
}

/* The judge died without a word. Its listener is closed, so what is left below can do nothing that is
 * mediated; it must not linger either. */
static void on_supervisor_lost(struct front *f)
{
	int status = 0;

	(void)kill(f->supervisor, SIGKILL); /* in case it only lost its voice */
	(void)waitpid(f->supervisor, &status, 0); /* our child */
	procs_kill_below(f->supervisor_start);
	site_dir_remove(&f->s->dir);
	tty_restore(&f->tty);
	if (WIFSIGNALED(status))
		log_err("the supervisor was killed by signal %d (%s); everything below was killed",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_err("the supervisor ended (status %d); everything below was killed",
			WEXITSTATUS(status));
	f->done = true;
	f->status = EXIT_OURS;
}

/* --- the loop ----------------------------------------------------------------------------------------- */

static void on_report(struct front *f)
{
	struct report r;

	if (report_recv(f->fd, &r) <= 0) {
		on_supervisor_lost(f);
		return;
	}
	switch (r.kind) {
	case REPORT_STARTED:
		f->agent = r.value;
		f->agent_pidfd = (int)syscall(SYS_pidfd_open, f->agent, 0);
		break;
	case REPORT_STOPPED:
		on_stopped(f, r.value);
		break;
	case REPORT_ENDED:
	case REPORT_ENDED_ALL:
		on_ended(f, &r);
		break;
	case REPORT_FAILED:
		on_failed(f, &r);
		break;
	case REPORT_NONE:
	case REPORT_LISTENER:
	case REPORT_NO_LISTENER:
	case REPORT_CONTINUE:
	case REPORT_GO:
	case REPORT_GO_UNFORCED:
		break; /* not for us */
	}
}

static void loop(struct front *f)
{
	while (!f->done) {
		/* Signals wait until there is somebody to pass them on to. */
		struct pollfd p[] = {
			{ f->fd, POLLIN, 0 },
			{ f->agent_pidfd >= 0 ? f->signal_fd : -1, POLLIN, 0 },
		};

		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[1].revents)
			on_signals(f);
		if (p[0].revents)
			on_report(f);
	}
}

int front_run(struct session *s, pid_t supervisor, int fd)
{
	static const int all[] = { 0 };
	struct front f = { .s = s, .supervisor = supervisor, .fd = fd, .agent_pidfd = -1 };
	struct proc_stat st = { 0 };

	tty_open(&f.tty);
	f.signal_fd = signals_fd(all);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);	 /* since 3.4 */
	(void)proc_stat_read(supervisor, &st);	 /* without /proc nothing could be found later */
	f.supervisor_start = st.start;
	procs_let_go_of_files();
	loop(&f);
	return f.status;
}
