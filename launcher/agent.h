/* agent - the last steps of the process that becomes the user's command. Called in the child of the
 * supervisor, before that has threads. */
#pragma once

#include "launcher/session.h"

struct filter;

/* Take on every restriction, witness that each holds, exec. @fd: our end of the report pair. Never
 * returns: what goes wrong is reported over @fd. */
_Noreturn void agent_run(struct session *s, const struct filter *filter, pid_t supervisor, int fd);
