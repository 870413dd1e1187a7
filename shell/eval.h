/* eval - the evaluator's inside, shared by the files of shell/ that are parts of it:
 *   eval.c     the tree: lists, branches, loops, functions, joins
 *   run.c      one simple command, and what it runs in turn
 *   builtins.c the builtins that change the state
 *   expand.c   words to fields          param.c  ${…} and variables
 *   arith.c    $((…))                   match.c  patterns within ${…} */
#pragma once

#include "base/buf.h"
#include "shell/parse.h"
#include "shell/shell.h"
#include "shell/state.h"

#define EVAL_STEPS_MAX	 ((size_t)4 << 20) /* bytes looked at and nodes visited, together */
#define EVAL_TEXT_MAX	 ((size_t)4 << 20) /* of all texts within texts */
#define EVAL_DEPTH_MAX	 320		   /* of the evaluator's own recursion */
#define EVAL_FIELD_MAX	 ((size_t)1 << 20) /* bytes of one value */
#define EVAL_WORDS_MAX	 8192		   /* fields of one command */
#define EVAL_GLOB_MAX	 1000
#define EVAL_LOOP_MAX	 64  /* words of a for that are tried one by one */
#define EVAL_ROUNDS_MAX	 512 /* the same, of all loops together */
#define EVAL_CHOICES_MAX 16  /* combinations of alternatives of one command */
#define EVAL_CALLS_MAX	 24  /* functions within functions */

enum stdin_kind {
	STDIN_OUTSIDE = 0,
	STDIN_KNOWN,
	STDIN_FILE,
	STDIN_UNKNOWN
}; /* FILE: stdin_text is its path */

struct exits { /* states that leave a loop or a function early */
	struct exits *up;
	struct state st;
	bool any;
};

struct call { /* of a function that is being evaluated */
	const struct call *up;
	const struct node *body;
	bool forked; /* in the background or as a stage of a pipe */
};

/* What surrounds the command that is being evaluated. Copied on the way in, put back on the way
 * out. */
struct frame {
	int parent;
	unsigned depth;
	size_t at; /* if depth: the place in the outermost text */
	unsigned pipeline, stage;
	bool in_pipe, background, function, substitution;
	bool forked;	  /* since the function that is being evaluated was called */
	bool remote;	  /* on another machine */
	bool conditional; /* within if, case or a loop of the function */
	enum stdin_kind stdin_kind;
	const char *stdin_text;
	const struct call *call;
	const char *zero; /* $0 */
	struct exits *loops, *returns;
};

struct choice {
	const void *of; /* what is chosen: a value, or the expansion ${x:-…} */
	size_t index, n;
};

struct collector { /* of what a substitution or a stage prints */
	struct buf text;
	unsigned uncertain; /* within something that perhaps does not run */
};

struct fields {
	const char **v;
	size_t n, cap;
};

struct function {
	struct function *next;
	const struct node *node;
	struct frame frame; /* where it is defined */
	bool called;
};

struct trap {
	struct trap *next;
	const char *text;
	int by;
	struct frame frame;
};

struct eval {
	struct shell_analysis *a;
	const struct shell_env *env;
	struct state st;
	struct frame f;
	struct collector *out; /* NULL: nobody wants it */
	struct choice choices[8];
	size_t n_choices, used_choices;
	struct function *functions, *last_function;
	struct trap *traps; /* texts for the end */
	struct shell_assign *exports;
	size_t n_exports, cap_exports;
	const char *decoded[16]; /* what decoders printed */
	size_t n_decoded;
	const char **locals; /* names made local by the functions that are being evaluated */
	size_t n_locals, cap_locals;
	const struct word *declares;	/* the words of the command that is being evaluated */
	char *scratch, *scratch_quoted; /* fields in the making */
	size_t scratch_len, scratch_cap;
	size_t steps, texts;
	unsigned depth, rounds, calls, next_pipeline;
	unsigned own_starts, self_calls; /* of $0 beside others; of functions by themselves */
	bool builtins_off;	/* enable -n was seen: exit and break may be something else */
	bool wrote; /* the text writes files */
	bool links; /* the text makes links */
	bool doubtful_cd;	/* a cd to what is not there was seen */
	unsigned next_fd;	/* of process substitutions */
	const char *aliases[8]; /* that are being expanded */
	unsigned n_aliases;
};

/* ---- eval.c */
/* False from here on: the analysis is over. */
bool eval_fail(struct eval *ev, const char *why);
bool eval_step(struct eval *ev, size_t n); /* spend some of the budget */
bool eval_node(struct eval *ev, const struct node *n);
/* As `eval` does it: here and now. */
bool eval_text(struct eval *ev, const char *text, size_t len,
	       bool *ret_unknown); /* *ret_unknown: holds unknown code */
bool eval_set_args(struct eval *ev, const char *const *argv, size_t argc, bool unknown);
bool eval_call(struct eval *ev, const struct node *body, const char *const *argv, size_t argc,
	       bool unknown_args);
bool eval_join(struct eval *ev, struct state other); /* ev->st becomes: ev->st or @other */
void eval_leave_subshell(struct eval *ev, struct state before);
void eval_unknown_code(struct eval *ev, int command);
void eval_emit(struct eval *ev, const char *text); /* NULL: prints something unknown */
bool eval_option(struct eval *ev, const char *name);
bool eval_set(struct eval *ev, enum state_kind kind, const char *name, const struct value *v);

/* Call @fn for each combination of the alternatives that it meets; the state becomes what all of
 * them leave. */
bool eval_each_choice(struct eval *ev, bool (*fn)(struct eval *ev, const struct node *n, void *arg),
		      const struct node *n, void *arg);
const struct value *eval_choose(struct eval *ev, const struct value *v);
size_t eval_pick(struct eval *ev, const void *of, size_t n); /* n: too many by now, take all */

/* ---- run.c: one command */
struct command_in { /* what a command is started with */
	const char *const *argv;
	size_t argc;
	const struct shell_assign *env;
	size_t n_env;
	const struct shell_redirect *redirects;
	size_t n_redirects;
};
bool run_simple(struct eval *ev, const struct node *n);
int run_add(struct eval *ev,
	    const struct command_in *c); /* its index in the analysis; -1: failed */
/* Everything but functions and aliases; @builtins: the shell's own are meant, too. */
bool run_argv(struct eval *ev, const struct command_in *c, bool builtins);
/* Expand @n's redirections into @c and the frame's stdin, and add their effects to the command
 * @index. */
bool run_redirects(struct eval *ev, const struct node *n, struct command_in *c);
bool run_redirect_effects(struct eval *ev, const struct command_in *c, int index);
void run_effect(struct eval *ev, enum shell_effect_kind kind, const char *path, int index);
char *run_path(struct eval *ev, const char *path,
	       bool *ret_unknown); /* absolute and normalised, where it can be */
const char *run_base(const char *path);

/* ---- follow.c: texts and files that commands run */
bool follow_runs(struct eval *ev, int index,
		 bool *ret_prints); /* asks commands_apply(); *ret_prints: children print */
/* In this shell: eval, trap. @by: the command that runs it. */
bool follow_code(struct eval *ev, int by, const char *text);
bool follow_file(struct eval *ev, int by, const char *path, const char *const *args, size_t n_args,
		 bool sourced);
void follow_decoded(struct eval *ev,
		    const char *text); /* @text is run: did it come out of a decoder? */

/* ---- builtins.c */
/* If @c is one of the builtins that matter here, do it, as the command @index. *ret_apply: the
 * command table is to be asked (as well); *ret_prints: what it prints is printed by now. */
bool builtin_run(struct eval *ev, const struct command_in *c, int index, bool *ret_apply,
		 bool *ret_prints);
bool builtin_is_special(const char *name); /* POSIX: assignments in front of it stay */
/* Make one assignment of the text; *ret_text: the value as text, or NULL for an array. */
bool builtin_assign(struct eval *ev, const struct assign *as, const char **ret_text);

/* ---- expand.c */
bool expand_words(struct eval *ev, const struct word *w, struct fields *out);
const char *expand_one(struct eval *ev,
		       const struct word *w); /* no splitting, no globs: an assignment's value */
const char *expand_pattern(struct eval *ev, const struct word *w); /* quoted *?[\ get a \ */
bool expand_add(struct eval *ev, struct fields *out, const char *field);
const char *expand_code(struct eval *ev, const char *text); /* text as in "…", again: PS4, ${x@P} */
bool expand_index_code(struct eval *ev,
		       const char *text); /* commands in x[$(…)], wherever it is evaluated */
/* What @list prints, without its last newlines, for $(…). */
const char *expand_output(struct eval *ev, const struct node *list);
char *eval_printf(struct eval *ev, const char *fmt, ...) PRINTF(2, 3);
bool has_unknown(const char *s);
bool is_unknown(const char *s); /* nothing but unknown */

/* ---- param.c */
/* NULL: not set. What is not known is the text SHELL_UNKNOWN. */
const struct value *var_get(struct eval *ev, const char *name);
const char *var_text(struct eval *ev, const char *name);
bool var_set(struct eval *ev, const char *name, const char *text);
const struct value *var_mangled(struct eval *ev, const struct value *v); /* one of, with declare -i -l -u */
bool var_set_value(struct eval *ev, const char *name, struct value *v);
bool var_exported(struct eval *ev, const char *name);
const struct value *var_outside(struct eval *ev,
				const char *name); /* as if the text had not set it */
const char *var_cwd(struct eval *ev);		   /* NULL: not known */
/* The values of a parameter expansion. *ret_list: they are separate fields ("$@"). NULL: failed. A
 * list of none is an unset or empty one. */
bool param_values(struct eval *ev, const struct param *x, struct fields *out, bool *ret_list,
		  const struct word **ret_word);

/* ---- arith.c */
/* The value of @text as text, or unknown; assignments in it are made. */
const char *arith_text(struct eval *ev, const char *text);
bool arith_value(struct eval *ev, const char *text, long long *ret); /* false: not known */

/* ---- match.c */
/* The shortest and the longest beginning of @s[0..n) that @pattern matches, or -1. False: cannot be
 * told. */
bool match_prefix(struct eval *ev, const char *pattern, const char *s, size_t n, long *ret_short,
		  long *ret_long);
bool match_suffix(struct eval *ev, const char *pattern, const char *s, size_t n, long *ret_short,
		  long *ret_long);
