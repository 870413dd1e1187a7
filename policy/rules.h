/* rules - what a policy is made of inside policy/. Nobody outside includes this. Filled by parse.c,
 * completed by compile.c, read by everything else; never changed afterwards. */
#pragma once

#include "base/arena.h"
#include "policy/automaton.h"
#include "policy/dest.h"
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
	PART_PROGRAM, /* only finds the rule; all conditions are looked at again */
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
	TEXT_PART /* substring, any case */,
	TEXT_REGEX,
	TEXT_PATH /* path pattern */
};

struct text_cond {
	enum text_kind kind;
	const char *text;
	const struct regex *re;
};

struct text_conds {
	struct text_cond *v;
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
	struct text_conds command, program; /* any of them */
	struct text_conds argv;		    /* all of them */
	struct strlist flags;		    /* all of them */
	struct strlist unless_by;	    /* canonical path patterns */

	struct strlist lifts;
	struct place lifts_place;
	uint32_t *lifters; /* ranks of the rules that lift this one */
	size_t n_lifters, cap_lifters;
	const char *lifted_by;
	size_t order; /* position in the files */
};

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
	return r->command.n || r->program.n || r->argv.n || r->flags.n;
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

struct policy {
	struct arena arena;
	struct pattern_roots roots;
	struct fallback fallback[POLICY_OP_COUNT];
	struct env_rules env;
	struct strlist files;
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
	} others[POLICY_OP_COUNT]; /* rules that no index finds, ascending */
	bool matters[POLICY_OP_COUNT];
	bool has_exec_rules, guard_regexes, has_lifts;
};
