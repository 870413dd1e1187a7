/* command - what an exec means to rules: the program, its arguments, and what a shell's -c would
 * run; or one command of a text that was analysed. Pure; a struct command is about 45 KiB of the caller's stack. Borrows the action's strings.
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
	uint64_t names;		 /* command_name_bits() of its names */
	bool is_real;		 /* the resolved path belongs to this one */
};

struct command {
	const char *path; /* as resolved, or NULL */
	const char *text; /* of the shell's -c, or NULL */
	const char *whole; /* the whole text that the command is part of, or NULL */
	size_t whole_len;
	bool from_text, is_whole;
	bool is_file; /* no command: a file that one runs, such as a script */
	struct command_view views[3];
	unsigned n_views;
	uint64_t names; /* of all views */
	const char *fallback_argv[2];
	const char *words[COMMAND_WORDS_MAX + 1];
	char word_text[COMMAND_TEXT_MAX];
	char joined[COMMAND_JOIN_MAX + 1];
	size_t joined_len, total_len;
	const char *const *joined_argv; /* what @joined holds whole, or NULL */
	struct grams joined_grams, whole_grams; /* of @joined, and of @whole once it was asked for */
	bool has_whole_grams;
};

void command_init(struct command *c, const char *path, const char *const *argv);
/* One command of an analysis, or (@index POLICY_WHOLE_TEXT) the text as such. @text may be NULL. */
void command_init_shell(struct command *c, const struct policy_action *a);

/* Do the conditions of @m hold that are about the program, its arguments and its text? @limit is the answer for
 * a regex that gave up; where it is false, what is not known does not count either. */
bool command_matches(struct command *c, const struct match *m, bool limit);

const char *command_base(const char *path);

/* Bits for the base name of @path, and for all names that @glob can match. Where they have none in common the glob is
 * not about the program: that spares most rules a closer look. */
uint64_t command_name_bits(const char *path);
uint64_t command_glob_bits(const char *glob);

/* Is the program of @argv (resolved to @path, or NULL) one of @t? */
bool command_is_program(const char *path, const char *const *argv, const struct text_cond *t, bool limit);

/* Does one of @t match, and what a list excludes does not? @text is NUL-terminated. */
bool conds_match(const struct cond *t, const char *text, bool limit);
bool text_cond_matches(const struct text_cond *t, const char *text, size_t len, uint32_t flags, bool limit);
