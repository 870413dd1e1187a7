/* dfa - one byte automaton made from an nfa by subset construction, complete before the first use. */
#pragma once

#include "policy/automaton.h"
#include "policy/nfa.h"

struct dfa_state {
	uint32_t other;  /* where most bytes lead: state number */
	uint32_t slash;
	uint32_t sparse; /* index into keys and targets, or of the table of 256 if n_sparse > DFA_SPARSE_MAX */
	uint32_t n_sparse;
	uint32_t end, below; /* lists */
};

#define DFA_SPARSE_MAX 8

struct dfa {
	struct dfa_state *states; /* 0 is dead, 1 is the start */
	size_t n_states;
	uint8_t *keys;
	uint32_t *targets;
	uint32_t *tables;
};

/* Return 0, -ENOMEM, or -E2BIG when more than @cap states would be needed. *ret is for dfa_free(). */
int dfa_build(const struct nfa *n, struct list_pool *lists, size_t cap, struct dfa **ret);
struct dfa *dfa_free(struct dfa *d);

static inline uint32_t dfa_next(const struct dfa *d, const struct dfa_state *s, uint8_t c)
{
	const uint8_t *k;

	if (c == '/')
		return s->slash;
	if (s->n_sparse > DFA_SPARSE_MAX)
		return d->tables[(size_t)s->sparse * 256 + c];
	k = d->keys + s->sparse;
	for (uint32_t i = 0; i < s->n_sparse; i++)
		if (k[i] == c)
			return d->targets[s->sparse + i];
	return s->other;
}
