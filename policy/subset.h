/* subset - the automaton as the subset construction leaves it, before dfa.c packs it. Internal to
 * the two. */
#pragma once

#include "policy/dfa.h"

struct subset_state {
	uint32_t other; /* where most bytes lead: state number */
	uint32_t slash;
	uint32_t end, below; /* lists */
	size_t sparse;	     /* index into keys and targets */
	uint32_t n_sparse;
};

struct subset {
	struct subset_state *states; /* 0 is dead, 1 is the start */
	size_t n_states;
	uint8_t *keys;
	uint32_t *targets;
};

/* Return 0, -ENOMEM or -E2BIG. Clean up with subset_done() in any case. */
int subset_build(struct arena *a, const struct nfa *n, struct list_pool *lists, size_t cap, struct subset *ret);
void subset_done(struct subset *s);
