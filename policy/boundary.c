#include "policy/decide.h"

/* What a directory's move changes: its own name and, through the states behind "from/" and "to/",
 * the names of all that lies below. Equal states and equal lists of rules mean that no pattern can
 * tell the two directories apart. A regex is asked about both names, and if it could span a '/', it
 * counts as different. */

struct below {
	struct hits exact, under; /* on the name itself; on anything below it */
};

static bool has_entry(const struct matcher *m, const struct hits *h, uint32_t entry)
{
	for (unsigned i = 0; i < h->n; i++)
		if (list_has(&m->lists, h->list[i], entry))
			return true;
	return false;
}

/* The strongest rule with an entry in @a that @b lacks, if stronger than @best. */
static uint32_t missing(const struct matcher *m, const struct hits *a, const struct hits *b,
			uint32_t best)
{
	for (unsigned i = 0; i < a->n; i++)
		for (const uint32_t *e = list_begin(&m->lists, a->list[i]);
		     e < list_end(&m->lists, a->list[i]); e++) {
			if (*e / MATCH_KINDS >= best)
				break;
			if (!has_entry(m, b, *e))
				best = *e / MATCH_KINDS;
		}
	return best;
}

static bool matches(const struct regex *re, const char *path)
{
	return regex_match(re, path, strlen(path), 0) != REGEX_NO;
}

static bool regex_differs(const struct regex *re, const char *from, const char *to)
{
	return !regex_is_local(re) || matches(re, from) != matches(re, to);
}

/* The path conditions of `all` and `any` by number. */
static const struct text_cond *path_cond(const struct rule *r, size_t i)
{
	const struct match *m;

	for (size_t j = 0; (m = rule_match(r, j)); j++) {
		const struct cond *c = match_get(m, COND_PATH);

		if (c && i < c->yes.n)
			return &c->yes.v[i];
		i -= c ? c->yes.n : 0;
	}
	return NULL;
}

static bool regexes_differ(const struct rule *r, const char *from, const char *to)
{
	const struct text_cond *c;

	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->regexes[k].n; i++)
			if (regex_differs(r->regexes[k].v[i], from, to))
				return true;
	for (size_t i = 0; (c = path_cond(r, i)); i++)
		if (c->re && regex_differs(c->re, from, to))
			return true;
	return false;
}

static bool globs_differ(const struct rule *r, const char *from, const char *to)
{
	const struct text_cond *c;

	for (size_t i = 0; (c = path_cond(r, i)); i++)
		if (!c->re && !pattern_same_below(c->text, from, to))
			return true;
	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->globs[k].n; i++)
			if (!pattern_same_below(r->globs[k].v[i], from, to))
				return true;
	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind == HOST_UNIX &&
			    !pattern_same_below(r->hosts[k].v[i].name, from, to))
				return true;
	return false;
}

static uint32_t first_rule(const struct policy *p, const char *from, const char *to, uint32_t best,
			   bool (*differs)(const struct rule *r, const char *from, const char *to))
{
	for (uint32_t i = 0; i < p->first_allow && i < best; i++)
		if (differs(p->rules[i], from, to))
			return i;
	return best;
}

/* A rule that lifts a guard makes holes in it; a move can carry a name into such a hole. */
static bool holes_differ(const struct policy *p, const struct rule *guard, const char *from,
			 const char *to)
{
	for (size_t i = 0; i < guard->n_lifters; i++) {
		const struct rule *r = p->rules[guard->lifters[i]];

		if (globs_differ(r, from, to) || regexes_differ(r, from, to))
			return true;
		for (unsigned k = 0; k < 3; k++)
			for (size_t j = 0; j < r->globs[k].n; j++)
				if (policy_glob(r->globs[k].v[j], from) !=
				    policy_glob(r->globs[k].v[j], to))
					return true;
	}
	return false;
}

bool policy_boundary(const struct policy *p, const char *from, const char *to,
		     struct policy_decision *ret_rule)
{
	const struct matcher *m = &p->guards;
	uint32_t best = UINT32_MAX;
	struct below a, b;

	if (p->first_allow == 0)
		return false;
	matcher_run(m, from, &a.exact);
	matcher_run(m, to, &b.exact);
	matcher_run_below(m, from, &a.under);
	matcher_run_below(m, to, &b.under);
	best = missing(m, &a.exact, &b.exact, best);
	best = missing(m, &b.exact, &a.exact, best);
	best = missing(m, &a.under, &b.under, best);
	best = missing(m, &b.under, &a.under, best);
	if (p->guard_regexes)
		best = first_rule(p, from, to, best, regexes_differ);
	for (uint32_t i = 0; p->has_lifts && i < p->first_allow && i < best; i++)
		if (p->rules[i]->n_lifters && holes_differ(p, p->rules[i], from, to))
			best = i;
	if (best == UINT32_MAX && !matcher_same_below(m, from, to)) {
		best = first_rule(p, from, to, best, globs_differ);
		best = MIN(best,
			   p->first_allow -
				   1); /* the automata are the judge; the search names a rule */
	}
	if (a.exact.overflow || b.exact.overflow || a.under.overflow || b.under.overflow)
		best = MIN(best, p->first_allow - 1);
	if (best == UINT32_MAX)
		return false;
	if (ret_rule)
		policy_decision_of(p->rules[best], ret_rule);
	return true;
}
