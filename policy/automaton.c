#include "policy/automaton.h"

#include "policy/dfa.h"
#include "policy/pattern.h"

/* Which patterns share an automaton. Its states are the combinations of how far each pattern can be
 * at once, so patterns belong together if they rule each other out, or run in step:
 *
 * - ANYWHERE: a double star, then one component with at most one star. All of them read the same
 *   component from its beginning.
 * - ROOTED: from the root, without a double star. Mostly literal; they part early and die soon.
 * - DEEP: a literal beginning, then as ANYWHERE.
 * - KNOTTY: the rest. Wildcards that have to be remembered, one bit a pattern, so they multiply.
 *   These go into small automata, halved until each stays under its cap.
 *
 * ROOTED and ANYWHERE in one would multiply, too: "/opt/app1/?/x" is between its slashes while any
 * of the names is being read. */

#define PLAIN_STATES_MIN  ((size_t)1 << 16)
#define KNOTTY_STATES_MAX ((size_t)1 << 12)
#define LONELY_STATES_MAX ((size_t)1 << 16)

enum shape { SHAPE_ANYWHERE = 0, SHAPE_ROOTED, SHAPE_DEEP, SHAPE_KNOTTY, SHAPE_COUNT };

static enum shape shape_of(const char *p)
{
	bool starred = false, wild = false, here = false;
	enum shape shape = pattern_at_dstar(p) ? SHAPE_ANYWHERE : SHAPE_ROOTED;
	unsigned n_wild = 0, n_dstar = 0; /* components with a wildcard behind a "**"; "**"s */

	for (; *p; p++) {
		if (pattern_at_dstar(p) && p[3]) {
			if (wild || n_dstar++)
				return SHAPE_KNOTTY;
			if (shape == SHAPE_ROOTED)
				shape = SHAPE_DEEP;
			p += 2;
		} else if (*p == '/') {
			starred = here = false;
		} else if (*p == '*' || *p == '?' || *p == '[') {
			if (starred || (n_dstar && !here && ++n_wild > 1))
				return SHAPE_KNOTTY;
			wild = here = true;
			starred = *p == '*';
			if (*p == '[')
				p = pattern_class_end(p) - 1;
		} else if (*p == '\\') {
			p++;
		}
	}
	return shape;
}

static int build_one(struct arena *a, struct matcher *m, const struct pattern_ref *refs, size_t n, size_t cap)
{
	struct dfa *d = NULL;
	struct nfa nfa;
	int r = nfa_init(&nfa);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = nfa_add(&nfa, refs[i].text, refs[i].entry);
	if (r == 0)
		r = dfa_build(a, &nfa, &m->lists, cap ? cap : PLAIN_STATES_MIN + nfa.n_nodes * 4, &d);
	nfa_done(&nfa);
	if (r == 0) {
		m->automata[m->n++] = d;
		m->n_states += d->n_states;
	}
	return r;
}

/* @cap 0: as much as plain patterns need. */
static int build_halved(struct arena *a, struct matcher *m, const struct pattern_ref *refs, size_t n, size_t cap,
			const struct pattern_ref **ret_bad)
{
	int r;

	if (n == 0)
		return 0;
	*ret_bad = refs;
	if (m->n >= MATCHER_AUTOMATA_MAX)
		return -E2BIG;
	r = build_one(a, m, refs, n, n == 1 ? LONELY_STATES_MAX : cap);
	if (r != -E2BIG || n == 1)
		return r;
	r = build_halved(a, m, refs, n / 2, cap, ret_bad);
	return r < 0 ? r : build_halved(a, m, refs + n / 2, n - n / 2, cap, ret_bad);
}

static int compare(const void *a, const void *b)
{
	const struct pattern_ref *x = a, *y = b;
	int r = (int)x->shape - (int)y->shape;

	if (r == 0)
		r = strcmp(x->text, y->text);
	return r ? r : (x->entry > y->entry) - (x->entry < y->entry);
}

int matcher_build(struct arena *a, struct matcher *m, struct pattern_ref *refs, size_t n,
		  const struct pattern_ref **ret_bad)
{
	size_t from = 0;
	int r = 0;

	if (list_intern(a, &m->lists, NULL, 0) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		refs[i].shape = (uint8_t)shape_of(refs[i].text);
	if (n)
		qsort(refs, n, sizeof(*refs), compare);
	for (enum shape shape = 0; r == 0 && shape < SHAPE_COUNT; shape++) {
		size_t to = from;

		while (to < n && refs[to].shape == shape)
			to++;
		r = build_halved(a, m, refs + from, to - from,
				 shape == SHAPE_KNOTTY ? KNOTTY_STATES_MAX : 0, ret_bad);
		from = to;
	}
	return r;
}

static void run(const struct dfa *d, const char *path, struct hits *h, bool below)
{
	struct dfa_lists lists;
	uint32_t s = d->start;

	for (const uint8_t *c = (const uint8_t *)path; *c; c++) {
		if (*c == '/') {
			if (s == d->dead)
				return;
			hits_add(h, dfa_lists(d, s).below);
		}
		s = dfa_next(d, s, *c);
	}
	lists = dfa_lists(d, s);
	hits_add(h, below ? lists.below : lists.end);
}

void matcher_run(const struct matcher *m, const char *path, struct hits *h)
{
	h->n = 0;
	h->overflow = false;
	if (streq(path, "/"))
		path = "";
	for (unsigned i = 0; i < m->n; i++)
		run(m->automata[i], path, h, false);
}

void matcher_run_below(const struct matcher *m, const char *path, struct hits *h)
{
	h->n = 0;
	h->overflow = false;
	if (streq(path, "/"))
		path = "";
	for (unsigned i = 0; i < m->n; i++)
		run(m->automata[i], path, h, true);
}

static uint32_t state_below(const struct dfa *d, const char *path)
{
	uint32_t s = d->start;

	if (streq(path, "/"))
		path = "";
	for (const uint8_t *c = (const uint8_t *)path; *c; c++)
		s = dfa_next(d, s, *c);
	return dfa_next(d, s, '/');
}

bool matcher_same_below(const struct matcher *m, const char *a, const char *b)
{
	for (unsigned i = 0; i < m->n; i++)
		if (state_below(m->automata[i], a) != state_below(m->automata[i], b))
			return false;
	return true;
}
