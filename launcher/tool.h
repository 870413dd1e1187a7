/* tool - what the subcommands of `crust` share: which policy a question is about. For launcher/ only; reads
 * files, never ends the process. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "policy/policy.h"

#include <limits.h>

#define TOOL_POLICIES_MAX 64

/* Exit statuses of all. */
enum tool_exit { TOOL_OK = 0, TOOL_DENIED = 1, TOOL_USAGE = 2 };

/* How much an answer says. */
enum tool_explain {
	EXPLAIN_SOME = 0,
	EXPLAIN_BRIEF, /* only verdict, rule, stage and message */
	EXPLAIN_WAY,   /* the way through the pipeline too */
};

struct tool_options {
	const char *home, *cwd, *workspace; /* as given, or NULL */
	const char *policies[TOOL_POLICIES_MAX];
	size_t n_policies;
	bool help;
	bool filter;	 /* plan: print the filter's instructions too */
	enum tool_explain explain; /* check */
	bool json;	 /* rules list */
	bool no_examples; /* set by rules test: the examples are tried there */
	char **words;	 /* rules: what is not an option, NULL-terminated */
};

/* Which subcommand, so that an option of the other one is refused. */
enum tool_command { TOOL_CHECK = 0, TOOL_PLAN, TOOL_RULES };

/* @argv[0] is the subcommand's name. Return 0, or -EINVAL with @reterr. Strings point into @argv. */
int tool_options_parse(enum tool_command cmd, int argc, char **argv, struct tool_options *ret, struct err *reterr);

/* Where the question is asked: everything absolute and normalised. */
struct tool_place {
	char home[PATH_MAX], cwd[PATH_MAX], workspace[PATH_MAX];
};

/* Fill *ret_place and load the policy: built-in rules, then --policy or the user's own file if there is
 * one, then the workspace's .crust/policy.yaml if there is one. 0 or -errno with @reterr. */
int tool_load(const struct tool_options *o, struct tool_place *ret_place, struct policy **ret,
	      struct err *reterr);
