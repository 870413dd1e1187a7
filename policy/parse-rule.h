/* parse-rule - what parse-rule.c and parse-match.c share. Nobody else includes this. */
#pragma once

#include "policy/loader.h"

/* One rule on its way. */
struct rule_parse {
	struct loader *l;
	struct rule *r;
	unsigned part;	    /* where paths and hosts go, if not into a condition */
	struct cond *cond;  /* where the rest goes */
	bool excluding;	    /* what a list excludes is being put */
	bool locked;	    /* lists count as far as they are built in or appended to */
	bool never;	    /* a condition nothing can meet: a list is empty */
};

/* As each_text(); `list:NAME` stands for what that list holds. */
int each_item(struct rule_parse *x, const struct node *n, const char *what,
	      int (*fn)(struct loader *l, const struct node *n, void *arg));

/* Patterns under @n (NULL: none) go to @part of the rule. */
int parse_part(struct rule_parse *x, const struct node *n, enum part part);

int parse_match(struct rule_parse *x, const struct node *n);
/* `all:` or `any:`, a list of match maps. */
int parse_matches(struct rule_parse *x, const struct node *n, struct matches *to);

int put_unless(struct loader *l, const struct node *n, void *arg);

/* Which operations the conditions leave; the bits of enum policy_op. 0: none. */
unsigned match_ops(const struct rule *r);
