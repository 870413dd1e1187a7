/* shell - what a command text would do, found without running any of it: parsed as bash and POSIX sh do, then
 * evaluated dry. Variables, quotes, substitutions, globs, functions, aliases and `cd` are followed; each
 * simple command becomes a struct shell_command, and what the command table (commands.h) knows about
 * it becomes effects. What cannot be known is SHELL_UNKNOWN in the words, never guessed away.
 *
 * No I/O of its own: the file system and the environment are reached through struct shell_env.
 * Everything in an analysis lives in its arena. One analysis is for one thread. */
#pragma once

#include "base/arena.h"
#include "base/base.h"

/* Stands in a word for a stretch of any length, also empty, that only a run would tell. A text that
 * contains this byte (SUB) is not analysed: it is unparsable. */
#define SHELL_UNKNOWN '\x1a'

#define SHELL_TEXT_MAX	   ((size_t)1 << 20) /* bytes of one text */
#define SHELL_DEPTH_MAX	   24		     /* texts within texts; nesting of syntax has its own limit */
#define SHELL_COMMANDS_MAX 4096
#define SHELL_EFFECTS_MAX  16384

struct shell_env {
	const char *home, *cwd, *user; /* absolute; cwd may be NULL: not known */
	/* The value of an environment variable, or NULL: not set. May be NULL: none is known, and then every
	 * variable but HOME, PWD, USER, TMPDIR, IFS is SHELL_UNKNOWN unless the text sets it. */
	const char *(*getvar)(void *arg, const char *name);
	/* Call @add for each existing name that @pattern (absolute) matches, in any order; false: no file system
	 * to ask. NULL like false: the pattern stays as it is, with is_glob in the effect. */
	bool (*glob)(void *arg, const char *pattern, void (*add)(void *to, const char *path), void *to);
	/* The content of a file the text sources or runs (`. x`, `sh x`), or NULL. May be NULL. */
	const char *(*read_file)(void *arg, struct arena *a, const char *path, size_t *ret_len);
	void *arg;
};

struct shell_assign {
	const char *name, *value;
};

enum shell_redirect_kind {
	REDIRECT_READ = 0, /* < */
	REDIRECT_WRITE,	   /* > >| &> */
	REDIRECT_APPEND,   /* >> &>> */
	REDIRECT_RDWR,	   /* <> */
	REDIRECT_TEXT,	   /* << <<<: target is the text */
	REDIRECT_DUP,	   /* >&3 <&- */
};

struct shell_redirect {
	enum shell_redirect_kind kind;
	int fd;
	const char *target;
};

struct shell_command {
	const char *const *argv; /* expanded, NULL-terminated; argc 0: only assignments or redirections */
	size_t argc;
	const struct shell_assign *env; /* NAME=value in front of it, and what `export` set in the text */
	size_t n_env;
	const struct shell_redirect *redirects;
	size_t n_redirects;
	const char *cwd;	/* absolute, or NULL: not known */
	const char *stdin_text; /* what it reads on stdin, as far as known (may hold SHELL_UNKNOWN), or NULL */
	unsigned pipeline, stage; /* commands of one pipeline have one number; stage counts from 0 in it */
	unsigned depth;		  /* 0 for the text itself; more for what sudo, sh -c, eval, $(…) run */
	int parent;		  /* index of the command that runs this one, or -1 */
	bool background, is_function_body, is_substitution;
	size_t at;		  /* byte of the outermost text */
};

enum shell_effect_kind {
	SHELL_READ = 0, /* a file's content */
	SHELL_WRITE,	/* created or changed */
	SHELL_DELETE,
	SHELL_LIST,	/* names or metadata only */
	SHELL_RUN,	/* a file run as a program or script */
	SHELL_CONNECT,	/* text is a URL, HOST, HOST:PORT, or unix:PATH */
	SHELL_SETENV,	/* text is NAME=value */
	SHELL_EFFECT_COUNT
};

struct shell_effect {
	enum shell_effect_kind kind;
	const char *text; /* paths: absolute and normalised where cwd is known; else as in the words */
	unsigned command; /* index of the command that does it */
	bool unknown;	  /* text holds SHELL_UNKNOWN, or a relative path without a cwd */
	bool is_glob;	  /* text still is a glob pattern */
	bool recursive;	  /* the whole tree below it */
	bool sent;	  /* what is read goes to another machine */
	bool guess;	  /* operand of a program that the table does not know */
	bool dangerous;	  /* cannot be undone: an unknown operand is worth a question */
};

struct shell_analysis {
	struct arena arena;
	struct shell_command *commands;
	size_t n_commands, cap_commands;
	struct shell_effect *effects;
	size_t n_effects, cap_effects;
	const char **texts; /* texts that are run in turn: of sh -c, eval, trap … */
	size_t n_texts, cap_texts;
	bool unparsable;      /* nothing in it may be trusted; deny or ask */
	char why[128];	      /* why unparsable: "byte 17: unterminated quote" */
	bool fork_bomb;	      /* a function that starts itself in the background or in a pipe */
	bool unknown_code;    /* some text is run that is not known: `curl … | sh`, eval "$x", sh <(…) */
	unsigned unknown_code_by; /* index of the command that runs it */
	bool decoded;	      /* some text that is run came out of base64, hex, rev… */
};

/* Fill @a, which is zeroed or was used before (its arena is reset). Never fails: what goes wrong, no
 * memory included, is `unparsable`. */
void shell_analyse(const char *text, size_t len, const struct shell_env *env, struct shell_analysis *a);

/* The same for an argument vector as execve gets it: argv[0] and what it would run. */
void shell_analyse_argv(const char *const *argv, const struct shell_env *env, struct shell_analysis *a);

void shell_done(struct shell_analysis *a);

/* For shell/ only: more of an analysis, with its limits. False: the limit is reached (`unparsable` is set). */
bool shell_add_effect(struct shell_analysis *a, const struct shell_effect *e);
