/* nfa - patterns as a trie of tokens, from which automaton.c makes byte automata. Prefixes are
 * shared, above all the leading "**" that most rules begin with, so the sets of the subset
 * construction stay small.
 *
 * "Everything below" (x/double-star, or a literal last component) is no loop here: the node says
 * `below`, and the runner looks at each '/'. A loop would make the automaton remember every covered
 * directory it is in, and the number of states exponential in the number of such rules. */
#pragma once

#include "base/base.h"

enum nfa_loop {
	LOOP_NONE = 0,
	LOOP_NAME /* any but '/' */,
	LOOP_ALL,
	LOOP_CHAR /* UTF-8 continuation */
};
enum nfa_kind { EDGE_BYTE = 0, EDGE_ANY, EDGE_CLASS, EDGE_STAR, EDGE_DSTAR, EDGE_JOIN };

struct nfa_edge {
	uint32_t next, target; /* next: edge + 1, 0 = none */
	const char *class_text;
	uint8_t kind, byte;
};

struct nfa_accept {
	uint32_t next, entry; /* next: accept + 1 */
};

struct nfa_node {
	uint32_t edges;	     /* first edge that reads a byte, + 1 */
	uint32_t free_edges; /* first edge that may be passed without reading, + 1 */
	uint32_t end, below; /* first accept, + 1 */
	uint8_t loop;
};

struct nfa {
	struct nfa_node *nodes;
	struct nfa_edge *edges;
	struct nfa_accept *accepts;
	size_t n_nodes, n_edges, n_accepts;
	size_t cap_nodes, cap_edges, cap_accepts;
};

int nfa_init(struct nfa *n); /* node 0 is the start */
void nfa_done(struct nfa *n);

/* @pattern is canonical and borrowed for the life of @n. Return 0 or -ENOMEM. */
int nfa_add(struct nfa *n, const char *pattern, uint32_t entry);
