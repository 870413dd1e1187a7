#include "policy/subset.h"

#include "policy/pattern.h"

/* Subset construction. A state is the sorted set of nfa nodes that a path may be at. For most
 * states one default successor serves all bytes but a few: those that a literal or a class out of
 * the set names. */

#define SET_POOL_MAX ((size_t)64 << 20) /* numbers, over all sets of one automaton */

struct set {
	uint32_t *v;
	size_t n;
};

struct work {
	struct arena *arena; /* of the lists */
	const struct nfa *nfa;
	struct list_pool *lists;
	struct subset *dfa;
	size_t cap;
	uint32_t *pool; /* the sets of all states, one behind the other */
	size_t n_pool, cap_pool;
	size_t *set_start; /* per state, and one more */
	size_t cap_states;
	uint32_t *hash; /* state + 1 */
	size_t cap_hash;
	size_t cap_keys, n_keys, cap_targets;
	uint32_t *stamp; /* per node: the round it was added in */
	uint32_t round;
	uint32_t *set; /* the set being built; room for every node */
	size_t n_set;
	uint32_t *entries;
	size_t cap_entries;
	/* edges of the set being expanded, by byte */
	uint32_t head[256]; /* link + 1 */
	uint32_t *link_next, *link_target;
	uint8_t *link_byte;
	size_t n_links;
	uint32_t *odd; /* nodes with classes or LOOP_CHAR */
	size_t n_odd;
	uint64_t named[4]; /* bit c: some edge speaks of byte c */
};

static int reserve(void *array, size_t need, size_t *cap, size_t size)
{
	void *p, *old;
	size_t want;

	if (need <= *cap)
		return 0;
	want = MAX(*cap * 2, need + 64);
	memcpy(&old, array, sizeof(old));
	p = reallocarray(old, want, size);
	if (!p)
		return -ENOMEM;
	memcpy(array, &p, sizeof(p));
	*cap = want;
	return 0;
}

static void set_begin(struct work *w)
{
	w->round++;
	w->n_set = 0;
}

/* A node without anything to do or to say only passes on to its free edges: leaving it out makes
 * states equal that behave alike. */
static bool worth_keeping(const struct nfa *nfa, const struct nfa_node *n)
{
	if (n->edges || n->end || n->below || n->loop != LOOP_NONE)
		return true;
	for (uint32_t i = n->free_edges; i; i = nfa->edges[i - 1].next)
		if (nfa->edges[i - 1].kind == EDGE_DSTAR)
			return true;
	return false;
}

static void set_add(struct work *w, uint32_t node)
{
	const struct nfa_node *n = &w->nfa->nodes[node];

	if (w->stamp[node] == w->round)
		return;
	w->stamp[node] = w->round;
	if (worth_keeping(w->nfa, n))
		w->set[w->n_set++] = node;
	for (uint32_t i = n->free_edges; i; i = w->nfa->edges[i - 1].next)
		set_add(w, w->nfa->edges[i - 1].target);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void set_sort(struct work *w)
{
	if (w->n_set > 24) {
		qsort(w->set, w->n_set, sizeof(*w->set), compare);
		return;
	}
	for (size_t i = 1; i < w->n_set; i++) {
		uint32_t x = w->set[i];
		size_t k = i;

		for (; k > 0 && w->set[k - 1] > x; k--)
			w->set[k] = w->set[k - 1];
		w->set[k] = x;
	}
}

static uint64_t set_hash(const uint32_t *v, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ v[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

static int rehash(struct work *w)
{
	size_t cap = w->cap_hash ? w->cap_hash * 2 : 1024;
	uint32_t *v = calloc(cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < w->dfa->n_states; i++) {
		size_t at = w->set_start[i];
		uint64_t h = set_hash(w->pool + at, w->set_start[i + 1] - at);

		while (v[h & (cap - 1)])
			h++;
		v[h & (cap - 1)] = (uint32_t)i + 1;
	}
	free(w->hash);
	w->hash = v;
	w->cap_hash = cap;
	return 0;
}

static int64_t collect(struct work *w, const uint32_t *set, size_t n, bool end)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const struct nfa_node *node = &w->nfa->nodes[set[i]];

		for (uint32_t a = end ? node->end : node->below; a;
		     a = w->nfa->accepts[a - 1].next) {
			if (reserve(&w->entries, k + 1, &w->cap_entries, sizeof(*w->entries)) < 0)
				return -ENOMEM;
			w->entries[k++] = w->nfa->accepts[a - 1].entry;
		}
	}
	return list_intern(w->arena, w->lists, w->entries, k);
}

static int64_t new_state(struct work *w)
{
	struct subset *d = w->dfa;
	int64_t end, below;

	if (d->n_states >= w->cap || w->n_pool + w->n_set > SET_POOL_MAX)
		return -E2BIG;
	if (d->n_states + 1 >= w->cap_states) {
		size_t cap = w->cap_states;

		if (reserve(&d->states, d->n_states + 2, &cap, sizeof(*d->states)) < 0)
			return -ENOMEM;
		if (reserve(&w->set_start, d->n_states + 2, &w->cap_states, sizeof(*w->set_start)) <
		    0)
			return -ENOMEM;
	}
	if (reserve(&w->pool, w->n_pool + w->n_set, &w->cap_pool, sizeof(*w->pool)) < 0)
		return -ENOMEM;
	end = collect(w, w->set, w->n_set, true);
	below = collect(w, w->set, w->n_set, false);
	if (end < 0 || below < 0)
		return -ENOMEM;
	if (w->n_set)
		memcpy(w->pool + w->n_pool, w->set, w->n_set * sizeof(*w->set));
	w->set_start[d->n_states] = w->n_pool;
	w->n_pool += w->n_set;
	w->set_start[d->n_states + 1] = w->n_pool;
	d->states[d->n_states] =
		(struct subset_state){.end = (uint32_t)end, .below = (uint32_t)below};
	return (int64_t)d->n_states++;
}

/* The state of the set being built, new or not. */
static int64_t set_intern(struct work *w)
{
	uint64_t h;
	int64_t id;

	set_sort(w);
	if (w->dfa->n_states * 2 >= w->cap_hash && rehash(w) < 0)
		return -ENOMEM;
	for (h = set_hash(w->set, w->n_set); w->hash[h & (w->cap_hash - 1)]; h++) {
		uint32_t i = w->hash[h & (w->cap_hash - 1)] - 1;
		size_t at = w->set_start[i], n = w->set_start[i + 1] - at;

		if (n == w->n_set &&
		    (n == 0 || memcmp(w->pool + at, w->set, n * sizeof(*w->set)) == 0))
			return i;
	}
	id = new_state(w);
	if (id >= 0)
		w->hash[h & (w->cap_hash - 1)] = (uint32_t)id + 1;
	return id;
}

static void name_byte(struct work *w, unsigned byte)
{
	w->named[byte / 64] |= UINT64_C(1) << byte % 64;
}

static void link_byte(struct work *w, uint8_t byte, uint32_t target)
{
	w->link_next[w->n_links] = w->head[byte];
	w->link_target[w->n_links] = target;
	w->link_byte[w->n_links] = byte;
	w->head[byte] = (uint32_t)++w->n_links;
	name_byte(w, byte);
}

static void name_class(struct work *w, const char *text)
{
	for (unsigned c = 1; c < 256; c++)
		if (pattern_class_has(text, (unsigned char)c))
			name_byte(w, c);
}

/* Sort the edges of state @s by what they read. */
static void gather(struct work *w, const uint32_t *set, size_t n)
{
	for (size_t i = 0; i < w->n_links; i++)
		w->head[w->link_byte[i]] = 0;
	memset(w->named, 0, sizeof(w->named));
	w->n_links = w->n_odd = 0;
	for (size_t i = 0; i < n; i++) {
		const struct nfa_node *node = &w->nfa->nodes[set[i]];
		bool odd = node->loop == LOOP_CHAR;

		if (odd)
			w->named[2] = UINT64_MAX; /* 0x80 to 0xbf */
		for (uint32_t k = node->edges; k; k = w->nfa->edges[k - 1].next) {
			const struct nfa_edge *e = &w->nfa->edges[k - 1];

			if (e->kind == EDGE_BYTE) {
				link_byte(w, e->byte, e->target);
			} else if (e->kind == EDGE_CLASS) {
				name_class(w, e->class_text);
				odd = true;
			}
		}
		for (uint32_t k = node->free_edges; k; k = w->nfa->edges[k - 1].next)
			if (w->nfa->edges[k - 1].kind == EDGE_DSTAR)
				link_byte(w, '/', w->nfa->edges[k - 1].target + 1);
		if (odd)
			w->odd[w->n_odd++] = set[i];
	}
	w->named['/' / 64] &= ~(UINT64_C(1) << '/' % 64);
}

/* What any byte but '/' does to state @set. */
static void add_common(struct work *w, const uint32_t *set, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct nfa_node *node = &w->nfa->nodes[set[i]];

		if (node->loop == LOOP_NAME || node->loop == LOOP_ALL)
			set_add(w, set[i]);
		for (uint32_t k = node->edges; k; k = w->nfa->edges[k - 1].next)
			if (w->nfa->edges[k - 1].kind == EDGE_ANY)
				set_add(w, w->nfa->edges[k - 1].target);
	}
}

static void add_links(struct work *w, uint8_t c)
{
	for (uint32_t k = w->head[c]; k; k = w->link_next[k - 1])
		set_add(w, w->link_target[k - 1]);
}

static void add_odd(struct work *w, uint8_t c)
{
	for (size_t i = 0; i < w->n_odd; i++) {
		const struct nfa_node *node = &w->nfa->nodes[w->odd[i]];

		if (node->loop == LOOP_CHAR && c >= 0x80 && c <= 0xbf)
			set_add(w, w->odd[i]);
		for (uint32_t k = node->edges; k; k = w->nfa->edges[k - 1].next) {
			const struct nfa_edge *e = &w->nfa->edges[k - 1];

			if (e->kind == EDGE_CLASS && pattern_class_has(e->class_text, c))
				set_add(w, e->target);
		}
	}
}

/* The set of @s, copied out of the pool, which moves while states are added. */
static int64_t successor(struct work *w, const uint32_t *set, size_t n, int c)
{
	set_begin(w);
	if (c != '/')
		add_common(w, set, n);
	else
		for (size_t i = 0; i < n; i++)
			if (w->nfa->nodes[set[i]].loop == LOOP_ALL)
				set_add(w, set[i]);
	if (c >= 0) {
		add_links(w, (uint8_t)c);
		if (c != '/')
			add_odd(w, (uint8_t)c);
	}
	return set_intern(w);
}

static int put_sparse(struct work *w, struct subset_state *s, const uint8_t *keys,
		      const uint32_t *targets, size_t n)
{
	if (reserve(&w->dfa->keys, w->n_keys + n, &w->cap_keys, 1) < 0 ||
	    reserve(&w->dfa->targets, w->n_keys + n, &w->cap_targets, sizeof(*targets)) < 0)
		return -ENOMEM;
	if (n) {
		memcpy(w->dfa->keys + w->n_keys, keys, n);
		memcpy(w->dfa->targets + w->n_keys, targets, n * sizeof(*targets));
	}
	s->sparse = w->n_keys;
	s->n_sparse = (uint32_t)n;
	w->n_keys += n;
	return 0;
}

static int expand(struct work *w, size_t state)
{
	size_t at = w->set_start[state], n = w->set_start[state + 1] - at, k = 0;
	autofree uint32_t *set = malloc((n + 1) * sizeof(*set));
	uint32_t targets[256];
	struct subset_state s = w->dfa->states[state];
	uint8_t keys[256];
	int64_t other, slash;

	if (!set)
		return -ENOMEM;
	if (n)
		memcpy(set, w->pool + at, n * sizeof(*set));
	gather(w, set, n);
	other = successor(w, set, n, -1);
	slash = other < 0 ? other : successor(w, set, n, '/');
	if (slash < 0)
		return (int)slash;
	s.other = (uint32_t)other;
	s.slash = (uint32_t)slash;
	for (unsigned i = 0; i < ARRAY_SIZE(w->named); i++) {
		for (uint64_t left = w->named[i]; left; left &= left - 1) {
			int c = (int)(i * 64) + __builtin_ctzll(left);
			int64_t t = successor(w, set, n, c);

			if (t < 0)
				return (int)t;
			if (t == other)
				continue;
			keys[k] = (uint8_t)c;
			targets[k++] = (uint32_t)t;
		}
	}
	if (put_sparse(w, &s, keys, targets, k) < 0)
		return -ENOMEM;
	w->dfa->states[state] = s;
	return 0;
}

static int work_init(struct work *w)
{
	size_t nodes = w->nfa->n_nodes, edges = w->nfa->n_edges;

	w->stamp = calloc(nodes, sizeof(*w->stamp));
	w->set = calloc(nodes, sizeof(*w->set));
	w->odd = calloc(nodes, sizeof(*w->odd));
	w->link_next = calloc(edges + 1, sizeof(*w->link_next));
	w->link_target = calloc(edges + 1, sizeof(*w->link_target));
	w->link_byte = calloc(edges + 1, sizeof(*w->link_byte));
	return w->stamp && w->set && w->odd && w->link_next && w->link_target && w->link_byte ? 0 : -ENOMEM;
}

static void work_done(struct work *w)
{
	free(w->pool);
	free(w->set_start);
	free(w->hash);
	free(w->stamp);
	free(w->set);
	free(w->odd);
	free(w->entries);
	free(w->link_next);
	free(w->link_target);
	free(w->link_byte);
}

static int build(struct work *w)
{
	int64_t r = work_init(w);

	if (r < 0)
		return (int)r;
	set_begin(w);
	r = set_intern(w); /* the dead state: the empty set */
	if (r >= 0) {
		set_begin(w);
		set_add(w, 0);
		r = set_intern(w);
	}
	for (size_t i = 0; r >= 0 && i < w->dfa->n_states; i++)
		r = expand(w, i);
	return r < 0 ? (int)r : 0;
}

int subset_build(struct arena *a, const struct nfa *n, struct list_pool *lists, size_t cap, struct subset *ret)
{
	struct work w = {.arena = a, .nfa = n, .lists = lists, .cap = cap, .dfa = ret};
	int r = build(&w);

	work_done(&w);
	return r;
}

void subset_done(struct subset *s)
{
	free(s->states);
	free(s->keys);
	free(s->targets);
	*s = (struct subset){0};
}
