/* canary - a mechanism that was not seen to work is not claimed. Run by the agent's process under the
 * final filter and domains, right before it execs. */
#pragma once

#include "launcher/session.h"

/* Try one thing of each mechanism that this run relies on. @enforced: the supervisor judges. Return 0,
 * or -errno with @reterr naming what was not as claimed. */
int canary_check(const struct session *s, bool enforced, struct err *reterr);
