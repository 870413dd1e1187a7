/* table - the form that scripts/gen-commands makes of commands.tab, and what a word means in it.
 * For commands.c, roles.c and the generated file only. */
#pragma once

#include "shell/commands.h"

/* A role: effects on the path that the word is (bits of enum shell_effect_kind), what is special
 * about them, and at most one other meaning with its parameter. */
#define ROLE_READ	(1u << SHELL_READ)
#define ROLE_WRITE	(1u << SHELL_WRITE)
#define ROLE_DELETE	(1u << SHELL_DELETE)
#define ROLE_LIST	(1u << SHELL_LIST)
#define ROLE_RUN	(1u << SHELL_RUN)
#define ROLE_EFFECTS	0x7fu
#define ROLE_RECURSIVE	(1u << 8)
#define ROLE_DANGEROUS	(1u << 9)
#define ROLE_SENT	(1u << 10)
#define ROLE_IF_PATH	(1u << 11) /* only if the word looks like a path, and then it is a guess */
#define ROLE_MEANING(m) ((uint32_t)(m) << 16)
#define ROLE_CODE(lang) (ROLE_MEANING(MEANING_CODE) | (uint32_t)(lang) << 24)

/* Each is described at the top of commands.tab. */
enum meaning {
	MEANING_NONE = 0,
	MEANING_SH,
	MEANING_SHREST,
	MEANING_SHARGS,
	MEANING_PARALLEL,
	MEANING_SCRIPT,
	MEANING_STDIN,
	MEANING_ARGV,
	MEANING_ARGVX,
	MEANING_REMOTE,
	MEANING_REMOTEV,
	MEANING_CODE,
	MEANING_CODEIN,
	MEANING_CWD,
	MEANING_CD,
	MEANING_SRC,
	MEANING_DST,
	MEANING_CSRC,
	MEANING_CDST,
	MEANING_URL,
	MEANING_HOST,
	MEANING_HOSTPORT,
	MEANING_IMAGE,
	MEANING_PKG,
	MEANING_AT,
	MEANING_FORM,
	MEANING_HTTPITEM,
	MEANING_ENV,
	MEANING_VOL,
	MEANING_MOUNT,
	MEANING_SSHOPT,
	MEANING_GITCONF,
	MEANING_GUESS,
	MEANING_VIM,
	MEANING_VIMIN,
	MEANING_DB,
	MEANING_SOCAT,
	MEANING_FIND,
	MEANING_TAREXEC,
	MEANING_MAKEVAR,
	MEANING_AFTER,
	MEANING_HOP,
	MEANING_INTO,
	MEANING_BELOW,
	MEANING_URLSIN,
	MEANING_PATCHIN,
	MEANING_MAKEFILE,
	MEANING_COUNT
};

/* Modes: what flags say about the whole command. Small letters are a row's own, these are
 * everybody's. */
#define MODE(letter)   (1u << (letter))
#define MODE_RECURSIVE (1u << 26) /* R */
#define MODE_DANGEROUS (1u << 27) /* D */
#define MODE_SENT      (1u << 28) /* S */
#define MODE_DRY       (1u << 29) /* N: nothing is changed */

enum table_arg { ARG_NONE = 0, ARG_VALUE, ARG_ATTACHED, ARG_KEY };

struct table_flag {
	const char *name; /* "-o", "--output", "-name", "+x"; "of" of of=FILE */
	enum table_arg arg;
	uint32_t guard, set, role;
};

/* Which operands a rule is about: the @first to the @last (from 1), or one of the ones below. */
enum {
	AT_LAST = 0x1000, /* the last of two or more */
	AT_COUNT,	  /* none: there are exactly @last operands */
	AT_ALWAYS,	  /* none: about the working directory, or stdin */
	AT_DASHES,	  /* what follows -- */
	AT_END = 0xffff,
};

struct table_rule {
	uint16_t first, last;
	uint32_t guard, role;
};

#define ROW_STOP(n)                                                                                \
	((uint32_t)(n) << 24) /* the nth operand is the last that flags may follow: not even that  \
			       */
#define ROW_NOCLUSTER 1u      /* -abc is one flag */
#define ROW_PLUS      2u      /* words with + are flags as well */
#define ROW_ASSIGN    4u      /* NAME=value operands in front go to the environment */
#define ROW_ASSIGNS   8u      /* NAME=value operands anywhere */
#define ROW_NEXTVAL   16u     /* values of clustered flags are words of their own */
#define ROW_BUNDLE    32u     /* the first word is a cluster, with or without '-' */
#define ROW_GLOBAL    64u     /* its flags are good for its subcommands */
#define ROW_KEYS      128u    /* has ARG_KEY flags */
#define ROW_SUBS      256u    /* has subcommands */
#define ROW_RAW	      1024u   /* every word is an operand */
#define ROW_NOABBREV  512u    /* long flags are not abbreviated */

struct table_row {
	uint16_t flags, n_flags, rules, n_rules;
	uint16_t parent; /* row, or 0 */
	uint32_t attrs;
};

struct table_name {
	uint16_t parent, row;
	const char *name;
};

/* One command that is being read. */
struct use {
	struct shell_analysis *a;
	const struct shell_env *env;
	const struct shell_command *c;
	unsigned index;
	struct commands_run *runs;
	size_t n_runs;
	uint32_t modes;
	const char *cwd;  /* paths of flags are below it, and what is run runs there */
	const char *base; /* paths of operands */
	bool full;	  /* no more effects are taken */
};

/* Do to @u what @word, which is argv[@at], is there for. */
void role_apply(struct use *u, uint32_t role, const char *word, size_t at, bool is_operand);

/* The directory that @word makes of @cwd, for MEANING_CWD and MEANING_CD. */
const char *role_cwd(struct use *u, const char *cwd, const char *word);

/* Is it somewhere else than this file system: a URL, host:path? */
bool role_is_remote(const char *word);

bool role_is_assignment(const char *word);
