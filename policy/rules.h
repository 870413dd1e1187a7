/* rules - what a policy is made of inside policy/. Nobody outside includes this. Filled by parse.c,
 * completed by compile.c, read by everything else; never changed afterwards. */
#pragma once

#include "base/arena.h"
#include "policy/automaton.h"
#include "policy/dest.h"
#include "policy/links.h"
#include "policy/pattern.h"
#include "policy/policy.h"
#include "policy/regex.h"

#define RULES_MAX	  20000
#define PATTERNS_MAX	  200000
#define FILE_SIZE_MAX	  ((size_t)4 << 20)
#define INCLUDES_MAX	  64
#define INCLUDE_DEPTH_MAX 8

enum origin { ORIGIN_BUILTIN = 0, ORIGIN_USER, ORIGIN_PROJECT };

/* What a pattern does in its rule; together with the rule's rank it is the entry of the automaton.
 * The first three speak of paths, the next three of destinations. */
enum part {
	PART_PATH = 0,	 /* block: …, ask: …, allow: … */
	PART_MATCH_PATH, /* match: {path: …} */
	PART_EXCEPT_PATH,
	PART_HOST,	 /* block: {hosts: …} */
	PART_MATCH_HOST, /* match: {host: …} */
	PART_EXCEPT_HOST,
	PART_FINDS, /* only finds the rule; all conditions are looked at again */
	PART_COUNT
};
_Static_assert(PART_COUNT <= MATCH_KINDS, "a part must fit into an entry");

/* Where something was written. */
struct place {
	const char *file;
	unsigned line, col;
};

enum text_kind {
	TEXT_GLOB = 0,
	TEXT_PART,  /* substring, any case */
	TEXT_REGEX,
	TEXT_PATH,  /* path pattern */
	TEXT_WORDS, /* globs, each with its NUL, and one NUL more */
	TEXT_WORD,  /* as it stands: a flag, a keyword */
};

struct text_cond {
	enum text_kind kind;
	const char *text;
	const struct regex *re;
	uint64_t names; /* only of a program, see below */
};

struct text_conds {
	struct text_cond *v;
	size_t n, cap;
	uint64_t names; /* of programs: command_glob_bits() of all of @v */
};

/* The conditions of `match`. Cheap ones come first: they are looked at in this order. Those that
 * need the meaning of a command's text (struct shell_analysis) are CONDS_TEXT. */
enum cond_id {
	COND_TOOL = 0,
	COND_SERVER,
	COND_SERVER_NOT_IN,
	COND_SECRET,
	COND_IN_TEXT,
	COND_UNKNOWN, /* the words operand, code, command */
	COND_UNPARSABLE,
	COND_DECODED,
	COND_FORK_BOMB,
	COND_PROGRAM,
	COND_PROGRAM_NOT_IN,
	COND_FLAGS,
	COND_SUBCOMMAND,
	COND_ARGV,
	COND_ARGS,
	COND_HOST, /* only in all: and any:; elsewhere they are parts */
	COND_PATH,
	COND_SETS_ENV,
	COND_READS_FILE,
	COND_WRITES_FILE,
	COND_DELETES_FILE,
	COND_SENDS_FILE,
	COND_CONNECTS,
	COND_RECURSIVE,
	COND_PIPELINE_TO,
	COND_PIPELINE_FROM,
	COND_COMMAND,
	COND_INPUT,
	COND_CONTENT,
	COND_COUNT
};

#define COND_BIT(id) (1u << (id))
/* All of these in a match must hold for one and the same way to read the command. */
#define CONDS_VIEW                                                                             \
	(COND_BIT(COND_PROGRAM) | COND_BIT(COND_PROGRAM_NOT_IN) | COND_BIT(COND_FLAGS) |       \
	 COND_BIT(COND_SUBCOMMAND) | COND_BIT(COND_ARGV) | COND_BIT(COND_ARGS))
#define CONDS_EFFECT                                                                           \
	(COND_BIT(COND_READS_FILE) | COND_BIT(COND_WRITES_FILE) | COND_BIT(COND_DELETES_FILE) | \
	 COND_BIT(COND_SENDS_FILE) | COND_BIT(COND_CONNECTS) | COND_BIT(COND_RECURSIVE))
#define CONDS_PIPELINE (COND_BIT(COND_PIPELINE_TO) | COND_BIT(COND_PIPELINE_FROM))
#define CONDS_TEXT                                                                             \
	(CONDS_EFFECT | CONDS_PIPELINE | COND_BIT(COND_SETS_ENV) | COND_BIT(COND_UNKNOWN) |    \
	 COND_BIT(COND_UNPARSABLE) | COND_BIT(COND_DECODED) | COND_BIT(COND_FORK_BOMB) |       \
	 COND_BIT(COND_IN_TEXT))
/* About commands: those, and what can be asked of an argument vector alone. */
#define CONDS_EXEC (CONDS_TEXT | CONDS_VIEW | COND_BIT(COND_COMMAND))

struct cond {
	enum cond_id id;
	struct text_conds yes; /* one of them (flags, argv: each of them) */
	struct text_conds no;  /* and none of these: what a list excludes */
	struct host_list hosts, no_hosts;
	struct strlist written;
};

struct match {
	struct cond *v; /* ascending by id */
	size_t n, cap;
	unsigned has;	/* COND_BIT() of each */
	uint64_t names;	/* of the programs that it can mean, as in struct text_conds */
	bool indexed;	/* the index of programs finds its rule for each of them */
};

struct matches {
	struct match *v;
	size_t n, cap;
};

/* What an action must be like to be judged by this rule, in a rule's own words. */
struct example {
	const char *text; /* JSON of an action, as for `crust check` */
	bool wanted;	  /* under match, not under not_match */
	struct place place;
};

struct examples {
	struct example *v;
	size_t n, cap;
};

struct regex_list {
	const struct regex **v;
	size_t n, cap;
};

struct rule {
	const char *name, *message, *description, *source;
	struct place place;
	enum origin origin;
	enum policy_effect effect;
	enum policy_severity severity;
	enum policy_inspect inspect;
	unsigned ops;
	bool locked, given_ops, given_name, enabled;

	struct strlist written;	   /* patterns as written */
	struct strlist globs[3];   /* canonical, by PART_PATH … PART_EXCEPT_PATH */
	size_t n_written_globs[3]; /* so many of globs[] come from the file; the rest are aliases */
	struct regex_list regexes[3];
	struct host_list hosts[3];	    /* by PART_HOST … PART_EXCEPT_HOST */
	struct match match;		    /* but for its paths and hosts */
	struct matches all, any;
	size_t n_open;		  /* so many of @any, the first, are not indexed */
	unsigned conds;		  /* COND_BIT() of all that are named in them */
	bool needs_text;	  /* holds only with an analysis: see CONDS_TEXT */
	bool only_asked;	  /* never for a system call */
	struct strlist unless_by; /* canonical path patterns */
	struct examples examples;

	struct strlist lifts;
	struct place lifts_place;
	uint32_t *lifters; /* ranks of the rules that lift this one */
	size_t n_lifters, cap_lifters;
	const char *lifted_by;
	size_t order; /* position in the files */
};

const char *cond_name(enum cond_id id); /* as in match: */

/* The match maps of @r by number, its own first; NULL behind the last one. */
static inline const struct match *rule_match(const struct rule *r, size_t i)
{
	if (i == 0)
		return &r->match;
	if (--i < r->all.n)
		return &r->all.v[i];
	i -= r->all.n;
	return i < r->any.n ? &r->any.v[i] : NULL;
}

static inline const struct cond *match_get(const struct match *m, enum cond_id id)
{
	for (size_t i = 0; m->has & COND_BIT(id) && i < m->n; i++)
		if (m->v[i].id == id)
			return &m->v[i];
	return NULL;
}

static inline bool rule_has_paths(const struct rule *r)
{
	return r->globs[0].n || r->globs[1].n || r->regexes[0].n || r->regexes[1].n;
}

static inline bool rule_has_hosts(const struct rule *r)
{
	return r->hosts[0].n || r->hosts[1].n;
}

static inline bool rule_has_exec(const struct rule *r)
{
	return r->conds & CONDS_EXEC;
}

/* The verdict of the default, inside the workspace and elsewhere. */
struct fallback {
	enum policy_verdict inside, outside;
};

struct env_agent {
	const char *name;
	struct strlist keep;
};

struct env_rules {
	struct strlist hide, keep;
	struct env_agent *agents;
	size_t n_agents, cap_agents;
};

/* A file as it was read, for cache.c. */
struct file_mark {
	const char *path;
	bool missing, regular;
	uint64_t dev, ino, size;
	uint64_t hash; /* of its content; 0 for one that had been read under another name */
};

struct policy {
	struct arena arena;
	struct pattern_roots roots;
	struct fallback fallback[POLICY_OPS_ALL];
	struct env_rules env;
	struct strlist files;
	struct file_mark *marks; /* one for each of @files */
	size_t n_marks, cap_marks;
	struct links links;
	struct regex **regexes; /* all of them, for policy_free() */
	size_t n_regexes, cap_regexes;

	struct rule **rules; /* by rank: precedence order, strongest first */
	size_t n_rules, cap_rules;
	uint32_t first_allow; /* rank of the first allow rule; those before are guards */
	struct matcher guards, allows;
	struct dest_index dests[2]; /* guards, allows */
	struct {
		uint32_t *rank;
		size_t n, cap;
	} others[POLICY_OPS_ALL]; /* rules that no index finds, ascending */
	bool matters[POLICY_OPS_ALL];
	bool has_exec_rules, guard_regexes, has_lifts;
	const struct rule *only; /* while examples are tried: the others do not exist */
};
