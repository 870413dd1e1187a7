/* crust-run - run a command, and everything that it starts, under a policy. See crust-run(1), and
 * launcher/session.h for the processes. */
#include <unistd.h>

#define LOG_MODULE "main"
#include "base/log.h"

#include "launcher/front.h"
#include "launcher/report.h"
#include "launcher/session.h"
#include "launcher/supervise.h"
#include "seccomp/landlock.h"

/* A program may have been started without standard descriptors; what we open must not land there. Filled
 * with ones that close on exec, so that the agent finds it as we did. */
static void fill_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", O_RDWR | O_CLOEXEC); /* takes the lowest: this one */
}

static int find_landlock(struct session *s, struct err *reterr)
{
	s->landlock_abi = landlock_abi();
	if (s->landlock_abi >= 1)
		return 0;
	if (s->landlock_abi == -EOPNOTSUPP)
		return err_set(reterr, EOPNOTSUPP,
			       "Landlock is not to be had: either a sandbox around us refuses it (another "
			       "crust-run does), or it is not switched on: add landlock to the lsm= list on "
			       "the kernel's command line (see /sys/kernel/security/lsm)");
	return err_set(reterr, ENOSYS,
		       "this kernel has no Landlock (%s): 5.13 or newer, built with "
		       "CONFIG_SECURITY_LANDLOCK, is needed", strerror(-s->landlock_abi));
}

static int make_environment(struct session *s, struct err *reterr)
{
	const bool voice = s->dir.socket >= 0;
	const struct env_config cfg = {
		.policy = s->policy,
		.program = session_program(s),
		.keep = s->options.keep_env,
		.n_keep = s->options.n_keep_env,
		.preload = voice ? s->site.preload : NULL,
		.socket = voice ? s->dir.voice : NULL,
	};
	int rc = env_plan_make(&cfg, environ, &s->env);

	if (rc < 0)
		return err_set(reterr, -rc, "the environment: %s", strerror(-rc));
	return 0;
}

/* Everything that can go wrong before a process is forked. */
static int prepare(struct session *s, struct err *reterr)
{
	struct policy_config cfg;
	int rc = find_landlock(s, reterr);

	if (rc == 0)
		rc = site_find(&s->options, &s->site, reterr);
	if (rc < 0)
		return rc;
	rc = audit_open(s->options.events, s->options.events_all, &s->audit, reterr);
	if (rc < 0)
		return rc;
	cfg = site_policy_config(&s->site);
	rc = policy_load(&cfg, &s->policy, reterr);
	if (rc < 0)
		return rc;
	rc = site_dir_make(s->site.preload[0] != '\0', &s->dir, reterr);
	return rc < 0 ? rc : make_environment(s, reterr);
}

static void warn(const struct session *s)
{
	char workspace[512];

	if (s->site.workspace_holds_home)
		log_warn("the workspace is %s: everything in your home may be changed; start in a "
			 "project's directory, or use --workspace DIR",
			 site_show(&s->site, s->site.workspace, workspace, sizeof(workspace)));
	if (!s->site.preload[0])
		log_warn("denials are not explained to the agent: %s", s->site.preload_reason);
}

static int fork_supervisor(struct session *s, pid_t *ret_pid, int *ret_fd)
{
	int fds[2], rc = report_pair(fds);

	if (rc < 0)
		return rc;
	*ret_pid = fork();
	if (*ret_pid < 0)
		return -errno;
	if (*ret_pid == 0) {
		(void)close(fds[0]);
		_exit(supervise_run(s, fds[1]));
	}
	(void)close(fds[1]);
	*ret_fd = fds[0];
	return 0;
}

static int run(struct session *s)
{
	struct err e = { 0 };
	pid_t supervisor;
	int fd = -1, rc;

	if (prepare(s, &e) < 0) {
		site_dir_remove(&s->dir);
		log_err("%s", e.msg);
		return EXIT_OURS;
	}
	warn(s);
	s->front_pid = getpid();
	signals_take(&s->signals);
	rc = fork_supervisor(s, &supervisor, &fd);
	if (rc < 0) {
		site_dir_remove(&s->dir);
		log_err("cannot fork: %s", strerror(-rc));
		return EXIT_OURS;
	}
	site_dir_close(&s->dir);
	return front_run(s, supervisor, fd);
}

int main(int argc, char **argv)
{
	static struct session s; /* large: names of files */
	struct err e;

	fill_standard_files();
	s.dir.socket = -1;
	log_init("crust-run", LOG_LEVEL_INFO);
	if (options_parse(argc, argv, &s.options, &e) < 0) {
		log_err("%s", e.msg);
		log_err("try 'crust-run --help'");
		return EXIT_OURS;
	}
	switch (s.options.action) {
	case OPTIONS_HELP:
		options_print_help(stdout);
		return fflush(stdout) == 0 ? 0 : EXIT_OURS;
	case OPTIONS_VERSION:
		puts("crust-run " CRUST_VERSION);
		return fflush(stdout) == 0 ? 0 : EXIT_OURS;
	case OPTIONS_RUN:
		break;
	}
	if (s.options.quiet)
		log_init("crust-run", LOG_LEVEL_ERR);
	return run(&s);
}
