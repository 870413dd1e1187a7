/* dfa - one byte automaton made from an nfa by subset construction, complete before the first use.
 *
 * It runs on one array of words, in which a state is an offset. What follows a state in a pattern
 * follows it in memory too, so that a path touches few cache lines and pages however many rules
 * there are:
 *
 * - word 0: where most bytes lead
 * - word 1: where '/' leads
 * - word 2: n; from bit DFA_LISTS_SHIFT on, the number of its lists
 * - if 0 < n <= DFA_SPARSE_MAX: n bytes that lead elsewhere, filled up to words, then n targets
 * - if n > DFA_SPARSE_MAX: the number of a table of 256 targets */
#pragma once

#include "policy/automaton.h"
#include "policy/nfa.h"

#define DFA_SPARSE_MAX	8
#define DFA_LISTS_SHIFT 9
#define DFA_KEYS	3

struct dfa_lists {
	uint32_t end, below;
};

struct dfa {
	uint32_t *code;
	uint32_t *tables;
	struct dfa_lists *lists; /* 0: none */
	uint32_t start, dead;
	size_t n_states;
};

/* Return 0 with *ret in @a, -ENOMEM, or -E2BIG when more than @cap states would be needed. */
int dfa_build(struct arena *a, const struct nfa *n, struct list_pool *lists, size_t cap, struct dfa **ret);

static inline uint32_t dfa_next(const struct dfa *d, uint32_t state, uint8_t c)
{
	const uint32_t *w = d->code + state;
	uint32_t n = w[2] & ((1u << DFA_LISTS_SHIFT) - 1);
	const uint8_t *keys = (const uint8_t *)(w + DFA_KEYS);

	if (c == '/')
		return w[1];
	if (n > DFA_SPARSE_MAX)
		return d->tables[(size_t)w[DFA_KEYS] * 256 + c];
	for (uint32_t i = 0; i < n; i++)
		if (keys[i] == c)
			return w[DFA_KEYS + (n + 3) / 4 + i];
	return w[0];
}

static inline struct dfa_lists dfa_lists(const struct dfa *d, uint32_t state)
{
	return d->lists[d->code[state + 2] >> DFA_LISTS_SHIFT];
}
