/* The order of the stages matters, and each says what it needs. Nothing of ours that happens after
 * stage_filter() is exempt from it: from there on this process is a target like any other. */
#include "launcher/agent.h"

#include <signal.h>
#include <sys/prctl.h>

#define LOG_MODULE "agent"
#include "base/log.h"

#include "base/buf.h"
#include "launcher/canary.h"
#include "launcher/caps.h"
#include "launcher/report.h"
#include "seccomp/filter.h"
#include "seccomp/landlock.h"

struct agent {
	struct session *s;
	const struct filter *filter;
	pid_t supervisor;
	int fd;	      /* to the supervisor */
	int listener; /* until the supervisor has it */
	bool enforced, killable;
};

static _Noreturn void give_up(const struct agent *a, int status, const char *text)
{
	(void)report_send(a->fd, REPORT_FAILED, status, text); /* gone: then it has said why */
	_exit(status);
}

/* Should: make sure that we do not outlive the supervisor while nothing judges us yet.
 * Mustn't: be the only thing that ends us later: a program that changes its uid clears this. */
static void stage_bind_life(const struct agent *a)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with a valid signal */
	if (getppid() != a->supervisor)
		_exit(EXIT_OURS);
}

/* Should: leave root's powers over the machine behind. Mustn't: come after the filter, which stops
 * changes of credentials, and nobody answers yet. */
static void stage_drop_powers(const struct agent *a)
{
	struct err e;

	if (caps_cut(false, &e) < 0)
		give_up(a, EXIT_OURS, e.msg);
}

/* Should: cut the tree off from the supervisor, the front and the world: signals, abstract sockets,
 * tracing. Mustn't: come after the filter, which refuses Landlock's own calls. */
static void stage_domain(const struct agent *a)
{
	struct err e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		give_up(a, EXIT_OURS, "the kernel refuses no_new_privs");
	if (landlock_scope(a->s->landlock_abi, &e) < 0)
		give_up(a, EXIT_OURS, e.msg);
}

/* Should: install the filter and tell the supervisor where its listener is.
 * Mustn't: make a trapped call before stage_wait() has returned: nobody would answer. */
static void stage_filter(struct agent *a)
{
	struct err e;
	int rc;

	a->listener = filter_install(a->filter, &a->killable, &e);
	rc = a->listener >= 0 ? report_send(a->fd, REPORT_LISTENER, a->listener, a->killable ? "killable" : NULL)
			      : report_send(a->fd, REPORT_NO_LISTENER, e.code, e.msg);
	if (rc < 0)
		_exit(EXIT_OURS);
}

/* Should: wait until the supervisor judges. Mustn't: keep the listener: who holds it can judge. */
static void stage_wait(struct agent *a)
{
	struct report r;

	if (report_recv(a->fd, &r) <= 0)
		_exit(EXIT_OURS);
	if (r.kind != REPORT_GO && r.kind != REPORT_GO_UNFORCED)
		_exit(EXIT_OURS);
	a->enforced = r.kind == REPORT_GO;
	if (a->listener >= 0)
		(void)close(a->listener); /* the supervisor has its own */
}

/* Should: try what must not work, from here, where the agent will be. Mustn't: claim anything untried. */
static void stage_witness(const struct agent *a)
{
	struct err e;

	if (canary_check(a->s, a->enforced, &e) < 0)
		give_up(a, EXIT_OURS, e.msg);
}

static void describe_mechanisms(const struct agent *a, struct buf *b)
{
	buf_printf(b, "%s, Landlock %s (ABI %d)%s", a->enforced ? "seccomp notify" : "no seccomp notify",
		   a->s->landlock_abi >= 6 ? "scopes" : "without scopes", a->s->landlock_abi,
		   a->s->env.socket ? ", preload" : "");
	if (a->enforced && !a->killable)
		buf_puts(b, ", calls not killable-only (kernel < 5.19)");
	if (a->s->env.n_hidden)
		buf_printf(b, "; %zu variable%s hidden", a->s->env.n_hidden,
			   a->s->env.n_hidden == 1 ? "" : "s");
}

/* Should: say, once, what holds for this run. */
static void stage_announce(const struct agent *a)
{
	const struct session *s = a->s;
	char name[64], workspace[512];
	autobuf mechanisms = { 0 };

	for (size_t i = 0; i < s->env.n_hidden; i++)
		log_dbg("hidden variable %.*s", (int)strcspn(s->env.hidden[i], "="), s->env.hidden[i]);
	if (!a->enforced)
		log_err("best-effort mode: no kernel enforcement, only programs that load the preload "
			"library ask before they act");
	if (!log_wants(LOG_LEVEL_INFO))
		return;
	describe_mechanisms(a, &mechanisms);
	log_info("%s under policy (%zu rules, workspace %s): %s%s",
		 site_show(&s->site, session_program(s), name, sizeof(name)),
		 policy_rule_count(s->policy),
		 site_show(&s->site, s->site.workspace, workspace, sizeof(workspace)),
		 s->options.observe ? "observe, nothing is denied; " : "", buf_str(&mechanisms));
}

/* execvp() says EACCES also when the name is nowhere, but some directory of PATH may not be searched.
 * A shell calls that "not found", and so do we. */
static bool is_in_path(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (size_t len; path && *path; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		(void)snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name); /* cut: not there */
		if (faccessat(AT_FDCWD, file, F_OK, AT_EACCESS) == 0)
			return true;
	}
	return false;
}

/* As a shell would say it. ENOENT of a file that is there is its interpreter's. */
static _Noreturn void cannot_exec(const struct agent *a, int error)
{
	const char *name = a->s->options.command[0], *why = strerror(error);
	char text[512];

	if (error == EACCES && !strchr(name, '/') && !is_in_path(name))
		error = ENOENT;
	if (error == ENOENT && !strchr(name, '/'))
		why = "command not found";
	else if (error == ENOENT && access(name, F_OK) == 0)
		why = "its interpreter does not exist";
	else if (error == EACCES)
		why = "permission denied";
	(void)snprintf(text, sizeof(text), "%s: %s", name, why); /* cut if need be */
	give_up(a, error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, text);
}

/* Should: become the command, with the environment, mask and dispositions it would have had without us.
 * Mustn't: do anything after the mask is back: a signal may end us at any moment now. */
static _Noreturn void stage_exec(const struct agent *a)
{
	char **command = a->s->options.command;
	int rc = env_apply(&a->s->env, !a->enforced);

	if (rc < 0)
		give_up(a, EXIT_OURS, "cannot set up the environment");
	signals_give_back(&a->s->signals);
	execvp(command[0], command);
	cannot_exec(a, errno);
}

_Noreturn void agent_run(struct session *s, const struct filter *filter, pid_t supervisor, int fd)
{
	struct agent a = { .s = s, .filter = filter, .supervisor = supervisor, .fd = fd, .listener = -1 };

	stage_bind_life(&a);
	stage_drop_powers(&a);
	stage_domain(&a);
	stage_filter(&a);
	stage_wait(&a);
	stage_witness(&a);
	stage_announce(&a);
	stage_exec(&a);
}
