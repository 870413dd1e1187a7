/* front - the process that the user started, once everything else runs. It stands for the agent in the
 * eyes of the shell: stops when the agent stops, goes on when told to, passes on what it is sent, and
 * ends as the agent ended. */
#pragma once

#include "launcher/session.h"

/* @fd: our end of the report pair. @supervisor: our child. Returns the exit status for main(). */
int front_run(struct session *s, pid_t supervisor, int fd);
