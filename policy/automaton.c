#include "policy/automaton.h"

#include "policy/dfa.h"
#include "policy/pattern.h"

/* Which patterns go into which automaton. Plain ones (literals, a leading "**", one '*' a component) give a
 * number of states linear in their size, and share one automaton. A '*' that is not the last wildcard of its
 * component, a "**" behind a wildcard, or a second component with one, makes the automaton remember what it
 * passed, one bit a pattern: those go into small automata, halved until each stays under its cap. */

#define PLAIN_STATES_MIN ((size_t)1 << 16)
#define KNOTTY_STATES_MAX ((size_t)1 << 12)
#define LONELY_STATES_MAX ((size_t)1 << 16)

static bool is_knotty(const char *p)
{
	bool starred = false, wild = false, deep = false, here = false;
	unsigned n_wild = 0; /* components with a wildcard behind a "**" */

	for (; *p; p++) {
		if (pattern_at_dstar(p) && p[3]) {
			if (wild)
				return true;
			wild = deep = true;
			p += 2;
		} else if (*p == '/') {
			starred = here = false;
		} else if (*p == '*' || *p == '?' || *p == '[') {
			if (starred || (deep && !here && ++n_wild > 1))
				return true;
			wild = here = true;
			starred = *p == '*';
			if (*p == '[')
				p = pattern_class_end(p) - 1;
		} else if (*p == '\\') {
			p++;
		}
	}
	return false;
}

static int build_one(struct matcher *m, const struct pattern_ref *refs, size_t n, size_t cap)
{
	struct dfa *d = NULL;
	struct nfa nfa;
	int r = nfa_init(&nfa);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = nfa_add(&nfa, refs[i].text, refs[i].entry);
	if (r == 0)
		r = dfa_build(&nfa, &m->lists, cap ? cap : PLAIN_STATES_MIN + nfa.n_nodes * 4, &d);
	nfa_done(&nfa);
	if (r == 0) {
		m->automata[m->n++] = d;
		m->n_states += d->n_states;
	}
	return r;
}

/* @cap 0: as much as plain patterns need. */
static int build_halved(struct matcher *m, const struct pattern_ref *refs, size_t n, size_t cap,
			const struct pattern_ref **ret_bad)
{
	int r;

	if (n == 0)
		return 0;
	*ret_bad = refs;
	if (m->n >= MATCHER_AUTOMATA_MAX)
		return -E2BIG;
	r = build_one(m, refs, n, n == 1 ? LONELY_STATES_MAX : cap);
	if (r != -E2BIG || n == 1)
		return r;
	r = build_halved(m, refs, n / 2, cap, ret_bad);
	return r < 0 ? r : build_halved(m, refs + n / 2, n - n / 2, cap, ret_bad);
}

static int compare(const void *a, const void *b)
{
	const struct pattern_ref *x = a, *y = b;
	int r = is_knotty(x->text) - is_knotty(y->text);

	if (r == 0)
		r = strcmp(x->text, y->text);
	return r ? r : (x->entry > y->entry) - (x->entry < y->entry);
}

int matcher_build(struct matcher *m, struct pattern_ref *refs, size_t n, const struct pattern_ref **ret_bad)
{
	size_t plain = 0;
	int r;

	if (list_intern(&m->lists, NULL, 0) < 0)
		return -ENOMEM;
	if (n)
		qsort(refs, n, sizeof(*refs), compare);
	while (plain < n && !is_knotty(refs[plain].text))
		plain++;
	r = build_halved(m, refs, plain, 0, ret_bad);
	if (r == 0)
		r = build_halved(m, refs + plain, n - plain, KNOTTY_STATES_MAX, ret_bad);
	return r;
}

void matcher_done(struct matcher *m)
{
	for (unsigned i = 0; i < m->n; i++)
		dfa_free(m->automata[i]);
	list_pool_done(&m->lists);
	*m = (struct matcher){0};
}

static void run(const struct dfa *d, const char *path, struct hits *h, bool below)
{
	const struct dfa_state *s = &d->states[1];

	for (const uint8_t *c = (const uint8_t *)path; *c; c++) {
		if (*c == '/' && s->below)
			hits_add(h, s->below);
		s = &d->states[dfa_next(d, s, *c)];
	}
	hits_add(h, below ? s->below : s->end);
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
	uint32_t s = 1;

	if (streq(path, "/"))
		path = "";
	for (const uint8_t *c = (const uint8_t *)path; *c; c++)
		s = dfa_next(d, &d->states[s], *c);
	return dfa_next(d, &d->states[s], '/');
}

bool matcher_same_below(const struct matcher *m, const char *a, const char *b)
{
	for (unsigned i = 0; i < m->n; i++)
		if (state_below(m->automata[i], a) != state_below(m->automata[i], b))
			return false;
	return true;
}
