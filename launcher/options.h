/* options - the command line of crust-run as one struct. Pure: options_parse() looks at nothing but its
 * arguments, allocates nothing, prints nothing; every string it hands out points into @argv. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#define OPTIONS_LIST_MAX 64 /* of each option that may be repeated */

enum options_action { OPTIONS_RUN = 0, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
	enum options_action action;
	bool observe; /* --profile observe */
	bool quiet, events_all, best_effort, no_project;
	const char *workspace, *events; /* as given, or NULL */
	const char *policies[OPTIONS_LIST_MAX];
	size_t n_policies;
	const char *keep_env[OPTIONS_LIST_MAX];
	size_t n_keep_env;
	char **command; /* NULL-terminated; at least one word when action is OPTIONS_RUN */
};

/* Options end at "--" or at the first word that is none: that word is the command. Return 0; -EINVAL
 * with @reterr naming the word that is wrong, and *ret untouched. */
int options_parse(int argc, char **argv, struct options *ret, struct err *reterr);

void options_print_help(FILE *out);
