/* tree - YAML text as a tree of nodes that know their place. The subset that rules need: scalars,
 * lists and maps with scalar keys; anchors, aliases, tags, merge and duplicate keys, and further
 * documents are errors. Used while loading only; no I/O. */
#pragma once

#include "base/err.h"
#include "base/arena.h"

enum node_kind { NODE_SCALAR = 0, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool plain;	    /* scalar without quotes */
	unsigned line, col; /* from 1 */
	const char *text;   /* scalar; no NUL inside */
	const char *key;    /* in a map: its key */
	unsigned key_line, key_col;
	struct node *first; /* list and map: the children */
	struct node *next;  /* the sibling */
	size_t n;	    /* number of children */
};

/* Parse @text into @nodes, with all strings in @texts. *ret is NULL for an empty document. @file is for messages. Return: 0; -EBADMSG with
 * "file:line:column: …" in @reterr; -ENOMEM. */
int tree_parse(struct arena *nodes, struct arena *texts, const char *file, const char *text, size_t len, struct node **ret,
	       struct err *reterr);

/* The child of map @m with @key, or NULL. */
const struct node *tree_get(const struct node *m, const char *key);

/* @s made fit for a message: printable ASCII, short. Returns @buf. */
#define TREE_QUOTE_MAX 72
const char *tree_quote(const char *s, char buf[static TREE_QUOTE_MAX]);
