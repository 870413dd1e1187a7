/* env - the environment that the agent gets: the user's own, minus the variables that the policy hides,
 * plus what the preload library needs. Pure functions over name lists; only env_apply() changes this
 * process's environment, and belongs in the agent's process between fork and exec. */
#pragma once

#include "base/base.h"
#include "policy/policy.h"

#define ENV_HIDDEN_MAX 512

struct env_plan {
	const char *hidden[ENV_HIDDEN_MAX]; /* borrowed from the environment: "NAME=value" */
	size_t n_hidden;
	char *ld_preload; /* the whole new value, or NULL: leave it */
	char *socket;	  /* value for WIRE_ENV, or NULL: no voice */
};

/* What a plan is made from. Strings are borrowed for the call. */
struct env_config {
	const struct policy *policy;
	const char *program;	      /* base name of the command */
	const char *const *keep;      /* names that stay whatever the policy says */
	size_t n_keep;
	const char *preload, *socket; /* library and socket, or both NULL */
};

/* Decide over @environ. Return 0, -ENOMEM, or -E2BIG when more than ENV_HIDDEN_MAX would be hidden
 * (hiding only some of them would be a leak). env_plan_done() frees in every case. */
int env_plan_make(const struct env_config *cfg, char **environ_, struct env_plan *ret);
void env_plan_done(struct env_plan *p);

/* Append @lib to an LD_PRELOAD value @old (NULL or "" for none), unless it is there already.
 * NULL: no memory. */
char *env_preload_join(const char *old, const char *lib);

/* Can the loader take @lib from LD_PRELOAD at all? It splits at spaces and colons. */
bool env_preload_usable(const char *lib);

/* Change the environment of this process; @ask: best-effort mode. Return 0 or -errno. */
int env_apply(const struct env_plan *p, bool ask);
