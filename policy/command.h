/* command - what an exec means to rules: the program, its arguments, and what a shell's -c would
 * run. Pure; a struct command is about 45 KiB of the caller's stack. Borrows the action's strings.
 */
#pragma once

#include "policy/rules.h"

#define COMMAND_WORDS_MAX    128
#define COMMAND_TEXT_MAX     4096  /* of shell text that is split into words */
#define COMMAND_JOIN_MAX     32768 /* of argv looked at in one piece */
#define COMMAND_JOIN_OVERLAP 8192  /* longer ones are looked at piece by piece */

/* One way to read the command: as it is, without busybox in front, as the words of the shell text.
 */
struct command_view {
	const char *const *argv; /* NULL-terminated; [0] is the program */
	bool is_real;		 /* the resolved path belongs to this one */
};

struct command {
	const char *path; /* as resolved, or NULL */
	const char *text; /* of the shell's -c, or NULL */
	struct command_view views[3];
	unsigned n_views;
	const char *fallback_argv[2];
	const char *words[COMMAND_WORDS_MAX + 1];
	char word_text[COMMAND_TEXT_MAX];
	char joined[COMMAND_JOIN_MAX + 1];
	size_t joined_len, total_len; /* total_len 0: not joined yet */
};

void command_init(struct command *c, const char *path, const char *const *argv);

/* Do all exec conditions of @r hold? @limit is the answer for a regex that gave up. */
bool command_matches(struct command *c, const struct rule *r, bool limit);

const char *command_base(const char *path);
