/* automaton - all path patterns of a policy as byte automata, so that a path is judged in one pass
 * whatever the number of rules. Built while loading; matcher_run() is pure.
 *
 * What a pattern stands for is an *entry*: rule rank * MATCH_KINDS + kind. Running a path collects
 * *lists* of entries: ascending, without duplicates, shared by all states that mean the same. List
 * 0 is empty. */
#pragma once

#include "base/arena.h"

#define MATCH_KINDS	     8
#define HITS_MAX	     512 /* different lists along one path */
#define MATCHER_AUTOMATA_MAX 256

struct dfa;

struct list_pool {
	uint32_t *entries; /* list i = entries[start[i] .. start[i + 1]) */
	uint32_t *start;
	size_t n, cap_start, cap_entries;
	uint32_t *hash; /* list + 1; 0 = free */
	size_t cap_hash;
};

struct matcher {
	struct dfa *automata[MATCHER_AUTOMATA_MAX];
	unsigned n;
	struct list_pool lists;
	size_t n_states; /* in all automata, for tests and `crust plan` */
};

struct pattern_ref {
	const char *text; /* canonical; borrowed for the build, and for error messages */
	uint32_t entry;
	uint8_t shape; /* matcher_build()'s */
};

/* The lists that a path ran into. */
struct hits {
	uint32_t list[HITS_MAX];
	unsigned n;
	bool overflow; /* there were more: the caller must fail closed */
};

/* Build @m, which lives in @a, from @refs (reordered in place). Return: 0; -ENOMEM; -E2BIG with *ret_bad
 * the pattern that is too complex. */
int matcher_build(struct arena *a, struct matcher *m, struct pattern_ref *refs, size_t n,
		  const struct pattern_ref **ret_bad);

/* Collect the lists of @path (canonical, "/" included) into @h. */
void matcher_run(const struct matcher *m, const char *path, struct hits *h);

/* The lists of everything below @path, whatever its name. */
void matcher_run_below(const struct matcher *m, const char *path, struct hits *h);

/* Do names below directories @a and @b run into the same entries from now on? The states behind
 * "@a/" and
 * "@b/" decide. */
bool matcher_same_below(const struct matcher *m, const char *a, const char *b);

/* The list of @entries (any order, may be reordered). Returns its number, or -ENOMEM. */
int64_t list_intern(struct arena *a, struct list_pool *p, uint32_t *entries, size_t n);
bool list_has(const struct list_pool *p, uint32_t list, uint32_t entry);
void hits_add(struct hits *h, uint32_t list);

static inline const uint32_t *list_begin(const struct list_pool *p, uint32_t list)
{
	return p->entries + p->start[list];
}

static inline const uint32_t *list_end(const struct list_pool *p, uint32_t list)
{
	return p->entries + p->start[list + 1];
}
