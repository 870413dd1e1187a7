/* session - one run of crust-run, and its three processes:
 *
 *   front        the process the user started. In the user's job; mirrors how the agent fares; outside
 *    |           of every domain.
 *   supervisor   judges. A process group of its own in the same session, so that keys typed at the
 *    |           terminal pass it by while /dev/tty still means the same; outer Landlock domain.
 *   agent        the user's command, in the front's process group and foreground; inner domain, filter.
 *
 * The struct is filled by main() before the first fork; each process then has its own copy. */
#pragma once

#include "audit/audit.h"
#include "launcher/env.h"
#include "launcher/options.h"
#include "launcher/signals.h"
#include "launcher/site.h"
#include "policy/policy.h"

#include <sys/types.h>

/* Exit statuses of our own: crust-run(1). */
enum exit_status { EXIT_OURS = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

struct session {
	struct options options;
	struct site site;
	struct site_dir dir;
	struct env_plan env;
	struct signals signals;
	struct policy *policy; /* NULL once the supervisor has it */
	struct audit *audit;
	int landlock_abi;
	pid_t front_pid;
};

/* What the command is called in messages: its base name. */
static inline const char *session_program(const struct session *s)
{
	const char *name = s->options.command[0], *slash = strrchr(name, '/');

	return slash && slash[1] ? slash + 1 : name;
}
