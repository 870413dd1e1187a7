/* loader - the state of one policy_load(): which file is being read, with whose rights, and the
 * helpers with which parse.c, parse-rule.c and load.c report what is wrong with it. */
#pragma once

#include "policy/rules.h"
#include "policy/tree.h"

struct seen_file {
	uint64_t dev, ino;
	enum origin origin;
};

/* What one file says about a list. */
struct list_part {
	enum { LIST_REPLACE = 0, LIST_APPEND, LIST_EXCLUDE } kind;
	const char *name, *file;
	enum origin origin;
	const struct node *items;
};

/* The rules of a file, read when all files and so all lists are known. */
struct pending {
	const struct node *rules;
	const char *file;
	enum origin origin;
};

struct loader {
	struct policy *p;
	struct arena scratch; /* gone when the policy is loaded */
	struct err *err;
	enum origin origin;
	const char *file;	 /* for messages; "builtin" for the built-in rules */
	const char *project_dir; /* resolved; a project's includes stay in it */
	bool no_files;		 /* include nothing: for fuzzing */
	bool no_examples;	 /* do not try them */
	unsigned depth, n_includes;
	size_t n_patterns;
	struct seen_file seen[INCLUDES_MAX * 4];
	unsigned n_seen;
	struct list_part *lists;
	size_t n_lists, cap_lists;
	struct pending *pending;
	size_t n_pending, cap_pending;
};

/* "file:line:column: …"; returns -EBADMSG. */
int bad_at(const struct loader *l, const struct place *at, const char *fmt, ...) PRINTF(3, 4);
int bad_node(const struct loader *l, const struct node *n, const char *fmt, ...) PRINTF(3, 4);
int no_memory(const struct loader *l);
struct place place_of(const struct loader *l, const struct node *n);

/* Every key of map @n must be in @keys (NULL-terminated). */
int check_keys(const struct loader *l, const struct node *n, const char *const *keys);
int check_map(const struct loader *l, const struct node *n, const char *what);

/* Calls @fn for @n itself, or for every member if it is a list; all must be scalars. @what: "a
 * pattern". */
int each_text(struct loader *l, const struct node *n, const char *what,
	      int (*fn)(struct loader *l, const struct node *n, void *arg), void *arg);
int want_text(const struct loader *l, const struct node *n, const char *what);
int want_bool(const struct loader *l, const struct node *n, bool *ret);

/* The whole document @root (NULL: empty). */
int parse_document(struct loader *l, const struct node *root);
int parse_lists(struct loader *l, const struct node *n);
int parse_rules(struct loader *l, const struct node *list);
int parse_pending(struct loader *l); /* parse_rules() for all files */

/* load.c: what `include:` asks for. */
int load_include(struct loader *l, const struct node *n);

/* rules-file.c: a file of security-hooks as the tree of a policy. */
bool is_rules_file(const char *path);
int rules_file_parse(struct loader *l, const char *text, size_t len, struct node **ret);

/* compile.c: after the last file. */
int compile_policy(struct loader *l);
