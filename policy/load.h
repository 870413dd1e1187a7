/* load - the entry for tests and fuzzing: a policy from memory. */
#pragma once

#include "policy/policy.h"

/* As policy_load(), with @text as the one file of the user's, or of the project if @as_project.
 * Opens no file: an include is an error. @name is for messages. */
int policy_load_text(const struct policy_config *cfg, const char *name, const char *text,
		     size_t len, bool as_project, struct policy **ret, struct err *reterr);
