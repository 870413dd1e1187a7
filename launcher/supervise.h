/* supervise - the supervisor's process: starts the agent, judges it with seccomp/supervisor.h, tells the
 * front how it fares, reloads the policy, and stays as long as anything below is alive. */
#pragma once

#include "launcher/session.h"

/* The whole life of the process. @front_fd: our end of the report pair with the front. Returns the
 * process's exit status; nobody but a debugger looks at it. */
int supervise_run(struct session *s, int front_fd);
