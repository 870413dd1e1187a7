/* commands - what programs do with their operands. The knowledge is a table (commands.tab, made into C at build):
 * one row a program or subcommand. commands_apply() reads one expanded command with it. */
#pragma once

#include "shell/shell.h"

/* What of a command is to be looked at further; the evaluator goes on with it. */
enum commands_run_kind {
	RUN_ARGV = 0, /* argv[first..last) is a command: sudo, env, xargs, find -exec, timeout, nohup… */
	RUN_TEXT,     /* text is shell text: sh -c, eval, ssh host …, su -c, watch, git -c alias.x=!… */
	RUN_STDIN,    /* shell text comes on stdin: sh, bash -s, ssh host without a command, xargs sh -c… */
	RUN_FILE,     /* text is a path: a script that a shell runs or sources */
	RUN_REMOTE,   /* as RUN_TEXT, but on another machine: local paths in it mean nothing here */
};

struct commands_run {
	enum commands_run_kind kind;
	size_t first, last;   /* RUN_ARGV */
	const char *text;     /* RUN_TEXT, RUN_FILE, RUN_REMOTE */
	const char *cwd;      /* where, if the wrapper changes it (env -C, make -C, git -C); NULL: the same */
	bool operands_unknown; /* xargs, parallel, find -exec {}: more operands follow that are not known, unless
				* they can be had from stdin_text (xargs) */
};

#define COMMANDS_RUNS_MAX 16

/* Add the effects of @c (argv, redirects excluded) to @a, and tell in @runs what it would run. Return how many
 * runs, at most COMMANDS_RUNS_MAX. @index is its place in a->commands. Interpreters' -c and -e code is
 * scanned for paths, URLs and process calls here. */
size_t commands_apply(struct shell_analysis *a, unsigned index, const struct shell_env *env,
		      struct commands_run runs[COMMANDS_RUNS_MAX]);

/* Does the table know @program (base name)? */
bool commands_knows(const char *program);
size_t commands_count(void); /* programs, not rows */
