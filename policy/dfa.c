#include "policy/dfa.h"

#include "policy/subset.h"

/* Packing: states are laid out in the order of a walk that follows named bytes first. */

struct packing {
	const struct subset *from;
	struct arena *arena; /* of the result */
	struct dfa *d;
	uint32_t *order;  /* state numbers as laid out */
	uint32_t *offset; /* by state number; + 1 while being walked, 0 = not seen */
	size_t n_words, n_tables, n_lists;
};

static size_t words_of(const struct subset_state *s)
{
	if (s->n_sparse > DFA_SPARSE_MAX)
		return DFA_KEYS + 1;
	return DFA_KEYS + (s->n_sparse + 3) / 4 + s->n_sparse;
}

/* The order, the offset of each state, and how much room all of it takes. */
static int walk(struct packing *p)
{
	const struct subset *f = p->from;
	size_t n = 0, depth = 0, cap = 0;
	autofree uint32_t *stack = NULL;

	for (size_t i = 0; i < f->n_states; i++)
		cap += f->states[i].n_sparse + 2;
	stack = calloc(cap + 2, sizeof(*stack));
	if (!stack)
		return -ENOMEM;
	stack[depth++] = 1;
	stack[depth++] = 0;
	while (depth) {
		uint32_t id = stack[--depth];
		const struct subset_state *s = &f->states[id];

		if (p->offset[id])
			continue;
		p->offset[id] = (uint32_t)p->n_words + 1;
		p->order[n++] = id;
		p->n_words += words_of(s);
		p->n_tables += s->n_sparse > DFA_SPARSE_MAX;
		p->n_lists += s->end || s->below;
		stack[depth++] = s->slash;
		stack[depth++] = s->other;
		for (uint32_t i = s->n_sparse; i > 0; i--)
			stack[depth++] = f->targets[s->sparse + i - 1];
	}
	if (p->n_words >= UINT32_MAX || p->n_lists >> (32 - DFA_LISTS_SHIFT))
		return -E2BIG;
	for (size_t i = 0; i < f->n_states; i++)
		p->offset[i]--;
	return 0;
}

static void put_table(struct packing *p, const struct subset_state *s, uint32_t *w)
{
	uint32_t *t = p->d->tables + p->n_tables * 256;

	for (unsigned c = 0; c < 256; c++)
		t[c] = p->offset[s->other];
	for (uint32_t i = 0; i < s->n_sparse; i++)
		t[p->from->keys[s->sparse + i]] = p->offset[p->from->targets[s->sparse + i]];
	w[DFA_KEYS] = (uint32_t)p->n_tables++;
}

static void put_state(struct packing *p, uint32_t id)
{
	const struct subset_state *s = &p->from->states[id];
	uint32_t *w = p->d->code + p->offset[id], lists = 0;
	uint8_t *keys = (uint8_t *)(w + DFA_KEYS);

	if (s->end || s->below) {
		lists = (uint32_t)p->n_lists++;
		p->d->lists[lists] = (struct dfa_lists){.end = s->end, .below = s->below};
	}
	w[0] = p->offset[s->other];
	w[1] = p->offset[s->slash];
	w[2] = lists << DFA_LISTS_SHIFT | s->n_sparse;
	if (s->n_sparse > DFA_SPARSE_MAX) {
		put_table(p, s, w);
		return;
	}
	for (uint32_t i = 0; i < s->n_sparse; i++) {
		keys[i] = p->from->keys[s->sparse + i];
		w[DFA_KEYS + (s->n_sparse + 3) / 4 + i] =
			p->offset[p->from->targets[s->sparse + i]];
	}
}

static int pack(struct packing *p)
{
	size_t n = p->from->n_states;
	int r;

	p->order = calloc(n, sizeof(*p->order));
	p->offset = calloc(n, sizeof(*p->offset));
	if (!p->order || !p->offset)
		return -ENOMEM;
	r = walk(p);
	if (r < 0)
		return r;
	p->d = arena_alloc(p->arena, sizeof(*p->d));
	if (!p->d)
		return -ENOMEM;
	p->d->code = arena_alloc(p->arena, p->n_words * sizeof(uint32_t));
	p->d->tables = arena_alloc(p->arena, p->n_tables * 256 * sizeof(uint32_t));
	p->d->lists = arena_alloc(p->arena, (p->n_lists + 1) * sizeof(struct dfa_lists));
	if (!p->d->code || !p->d->tables || !p->d->lists)
		return -ENOMEM;
	p->n_tables = 0;
	p->n_lists = 1; /* 0 says: none */
	for (size_t i = 0; i < n; i++)
		put_state(p, p->order[i]);
	p->d->start = p->offset[1];
	p->d->dead = p->offset[0];
	p->d->n_states = n;
	return 0;
}

int dfa_build(struct arena *a, const struct nfa *n, struct list_pool *lists, size_t cap, struct dfa **ret)
{
	struct subset s = {0};
	struct packing p = {.from = &s, .arena = a};
	int r = subset_build(a, n, lists, cap, &s);

	if (r == 0)
		r = pack(&p);
	free(p.order);
	free(p.offset);
	subset_done(&s);
	if (r == 0)
		*ret = p.d;
	return r;
}
