#include "policy/loader.h"

#include <limits.h>
#include <stdlib.h>

#include "policy/command.h"
#include "policy/decide.h"

/* From rules as they were written to what a decision uses: names are checked, lifts resolved, rules
 * put in rank order, and patterns, destinations and programs into their indexes. */

static int compare_names(const void *a, const void *b)
{
	const struct rule *x = *(struct rule *const *)a, *y = *(struct rule *const *)b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->order > y->order) - (x->order < y->order);
}

/* A generated name may meet another file's: then its column and position make it different. */
static int make_unique(struct loader *l, struct rule *r)
{
	char buf[192];

	(void)snprintf(buf, sizeof(buf), "%.120s:%u+%zu", r->name, r->place.col, r->order);
	r->name = arena_strdup(&l->p->arena, buf);
	return r->name ? 0 : no_memory(l);
}

static int check_names(struct loader *l, struct rule **by_name, size_t n)
{
	bool changed = false;

	for (size_t i = 1; i < n; i++) {
		struct rule *a = by_name[i - 1], *b = by_name[i];

		if (!streq(a->name, b->name))
			continue;
		if (b->given_name && a->given_name)
			return bad_at(l, &b->place, "the name '%s' is taken by the rule at %s:%u",
				      b->name, a->place.file, a->place.line);
		if (make_unique(l, b->given_name ? a : b) < 0)
			return -ENOMEM;
		changed = true;
	}
	if (changed)
		qsort(by_name, n, sizeof(struct rule *), compare_names);
	return 0;
}

static struct rule *find_name(struct rule **by_name, size_t n, const char *name)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(by_name[mid]->name, name);

		if (c == 0)
			return by_name[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* Until ranks exist, lifters[] holds positions in the files. */
static int resolve_lift(struct loader *l, struct rule **by_name, size_t n, struct rule *r,
			const char *name)
{
	struct rule *target = find_name(by_name, n, name);
	char q[TREE_QUOTE_MAX];
	uint32_t *v;

	if (!target)
		return bad_at(l, &r->lifts_place, "lifts: there is no rule '%s'",
			      tree_quote(name, q));
	if (target->locked)
		return bad_at(l, &r->lifts_place, "lifts: rule '%s' is locked", target->name);
	if (target->effect == EFFECT_ALLOW)
		return bad_at(l, &r->lifts_place,
			      "lifts: '%s' is an allow rule; there is nothing to lift",
			      target->name);
	if (target == r)
		return bad_at(l, &r->lifts_place, "lifts: a rule cannot lift itself");
	v = arena_grow(&l->p->arena, target->lifters, target->n_lifters, &target->cap_lifters,
		       sizeof(*v));
	if (!v)
		return no_memory(l);
	target->lifters = v;
	v[target->n_lifters++] = (uint32_t)r->order;
	target->lifted_by = r->name;
	return 0;
}

/* Rules lift rules that lift rules: no circles, and not too deep for policy_decide(). */
static bool lifts_too_deep(struct policy *p, const struct rule *r, unsigned depth)
{
	if (depth > 6)
		return true;
	for (size_t i = 0; i < r->n_lifters; i++)
		if (lifts_too_deep(p, p->rules[r->lifters[i]], depth + 1))
			return true;
	return false;
}

static int resolve_lifts(struct loader *l, struct rule **by_name, size_t n)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < n; i++) {
		struct rule *r = l->p->rules[i];

		for (size_t k = 0; r->enabled && e == 0 && k < r->lifts.n; k++)
			e = resolve_lift(l, by_name, n, r, r->lifts.v[k]);
	}
	for (size_t i = 0; e == 0 && i < n; i++) {
		struct rule *r = l->p->rules[i];

		if (r->n_lifters && r->lifts.n && lifts_too_deep(l->p, r, 0))
			e = bad_at(l, &r->lifts_place, "lifts: rules lift each other");
	}
	return e;
}

static int rank_class(const struct rule *r)
{
	if (r->effect == EFFECT_BLOCK)
		return r->locked ? 0 : 1;
	return r->effect == EFFECT_ASK ? 2 : 3;
}

static int compare_rank(const void *a, const void *b)
{
	const struct rule *x = *(struct rule *const *)a, *y = *(struct rule *const *)b;
	int r = rank_class(x) - rank_class(y);

	if (r == 0)
		r = (int)y->severity - (int)x->severity;
	return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int rank_rules(struct loader *l)
{
	struct policy *p = l->p;
	autofree uint32_t *rank_of = calloc(p->n_rules + 1, sizeof(*rank_of));
	size_t n = 0;

	if (!rank_of)
		return no_memory(l);
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i]->enabled)
			p->rules[n++] = p->rules[i];
	p->n_rules = n;
	if (n)
		qsort(p->rules, n, sizeof(p->rules[0]), compare_rank);
	for (size_t i = 0; i < n; i++) {
		size_t order = p->rules[i]->order;

		rank_of[order] = (uint32_t)i;
		if (p->rules[i]->effect != EFFECT_ALLOW)
			p->first_allow = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < p->rules[i]->n_lifters; k++)
			p->rules[i]->lifters[k] = rank_of[p->rules[i]->lifters[k]];
	return 0;
}

/* A guard whose literal beginning leads through a symbolic link also guards the name behind the
 * link: actions come with resolved names. Not for excepts and allows: a link somebody makes must
 * not widen those. */
static int add_alias(struct loader *l, struct strlist *globs, const char *pattern)
{
	char literal[PATTERN_MAX], real[PATH_MAX], text[PATTERN_MAX * 2] = "";
	size_t n = pattern_literal_prefix(pattern), len = strlen(pattern);
	char *copy;
	int r;

	if (n == 0 || len >= PATTERN_MAX)
		return 0;
	memcpy(literal, pattern, n);
	literal[n] = '\0';
	pattern_unescape(literal, literal);
	r = links_follow(&l->p->links, &l->p->arena, literal, real, sizeof(real));
	if (r <= 0)
		return r < 0 ? no_memory(l) : 0;
	if (!pattern_escape(real, strlen(real), text, PATTERN_MAX) ||
	    strlen(text) + len - n >= PATTERN_MAX)
		return 0; /* too long to be a path */
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
		       pattern + n); /* measured */
	copy = arena_strdup(&l->p->arena, text);
	if (!copy || strlist_add(&l->p->arena, globs, copy) < 0)
		return no_memory(l);
	return 0;
}

static int add_cond_aliases(struct loader *l, struct cond *c)
{
	struct strlist globs = {0};
	int e = 0;

	for (size_t i = 0, n = c->yes.n; e == 0 && i < n; i++)
		if (c->yes.v[i].kind == TEXT_PATH)
			e = add_alias(l, &globs, c->yes.v[i].text);
	for (size_t i = 0; e == 0 && i < globs.n; i++) {
		struct text_cond *v = arena_grow(&l->p->arena, c->yes.v, c->yes.n, &c->yes.cap, sizeof(*v));

		if (!v)
			return no_memory(l);
		c->yes.v = v;
		v[c->yes.n++] = (struct text_cond){.kind = TEXT_PATH, .text = globs.v[i]};
	}
	return e;
}

static int add_aliases(struct loader *l, struct rule *r)
{
	const struct match *m;
	int e = 0;

	if (l->no_files)
		return 0;
	for (unsigned part = PART_PATH; part <= PART_MATCH_PATH; part++) {
		size_t n = r->globs[part].n;

		for (size_t i = 0; e == 0 && i < n; i++)
			e = add_alias(l, &r->globs[part], r->globs[part].v[i]);
	}
	for (size_t j = 0; e == 0 && (m = rule_match(r, j)); j++)
		for (size_t i = 0; e == 0 && i < m->n; i++)
			if (m->v[i].id == COND_PATH)
				e = add_cond_aliases(l, &m->v[i]);
	return e;
}

static bool program_is_indexable(const struct cond *c)
{
	for (size_t i = 0; c && i < c->yes.n; i++)
		if (c->yes.v[i].kind != TEXT_GLOB || strpbrk(c->yes.v[i].text, "*?[\\"))
			return false;
	return c != NULL;
}

static bool paths_are_indexable(const struct cond *c)
{
	for (size_t i = 0; c && i < c->yes.n; i++)
		if (c->yes.v[i].kind != TEXT_PATH)
			return false;
	return c != NULL;
}

/* Can one of the indexes find what @m is about? */
static bool match_is_indexed(const struct match *m)
{
	return match_get(m, COND_HOST) || paths_are_indexable(match_get(m, COND_PATH)) ||
	       program_is_indexable(match_get(m, COND_PROGRAM));
}

/* Can one of the indexes find @r whenever it applies? */
static bool is_indexed(const struct rule *r)
{
	bool any = r->any.n > 0;

	if (match_is_indexed(&r->match))
		return true;
	for (size_t i = 0; i < r->all.n; i++)
		if (match_is_indexed(&r->all.v[i]))
			return true;
	for (size_t i = 0; i < r->any.n; i++)
		any &= match_is_indexed(&r->any.v[i]);
	if (any)
		return true;
	if (r->regexes[PART_PATH].n || r->regexes[PART_MATCH_PATH].n)
		return false;
	return rule_has_paths(r) || rule_has_hosts(r);
}

static int index_match(struct policy *p, const struct match *m, uint32_t rank)
{
	const struct cond *host = match_get(m, COND_HOST), *program = match_get(m, COND_PROGRAM);
	struct dest_index *x = &p->dests[rank >= p->first_allow];
	int e = 0;

	for (size_t i = 0; host && e == 0 && i < host->hosts.n; i++)
		if (host->hosts.v[i].kind != HOST_UNIX)
			e = dest_index_add(&p->arena, x, &host->hosts.v[i], rank * MATCH_KINDS + PART_FINDS);
	for (size_t i = 0; program_is_indexable(program) && e == 0 && i < program->yes.n; i++)
		e = dest_index_add_program(&p->arena, x, program->yes.v[i].text, rank * MATCH_KINDS + PART_FINDS);
	return e;
}

/* See struct text_conds. */
static void note_cond_names(struct text_conds *t)
{
	for (size_t i = 0; i < t->n; i++) {
		t->v[i].names = t->v[i].kind == TEXT_GLOB ? command_glob_bits(t->v[i].text) : ~0ULL;
		t->names |= t->v[i].names;
	}
}

static void note_names(struct match *m)
{
	m->names = ~0ULL;
	m->indexed = program_is_indexable(match_get(m, COND_PROGRAM));
	for (size_t i = 0; i < m->n; i++) {
		if (m->v[i].id != COND_PROGRAM)
			continue;
		note_cond_names(&m->v[i].yes);
		note_cond_names(&m->v[i].no);
		m->names = m->v[i].yes.names;
	}
}

static void note_rule_names(struct rule *r)
{
	note_names(&r->match);
	for (size_t i = 0; i < r->all.n; i++)
		note_names(&r->all.v[i]);
	for (size_t i = 0; i < r->any.n; i++) {
		struct match m = r->any.v[i];

		note_names(&m);
		if (m.indexed) {
			r->any.v[i] = m;
			continue;
		}
		memmove(r->any.v + r->n_open + 1, r->any.v + r->n_open, (i - r->n_open) * sizeof(m));
		r->any.v[r->n_open++] = m;
	}
}

static int index_rule(struct policy *p, const struct rule *r, uint32_t rank)
{
	struct dest_index *x = &p->dests[rank >= p->first_allow];
	const struct match *m;
	int e = 0;

	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; e == 0 && i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind != HOST_UNIX)
				e = dest_index_add(&p->arena, x, &r->hosts[k].v[i],
						   rank * MATCH_KINDS + PART_HOST + k);
	for (size_t i = 0; e == 0 && (m = rule_match(r, i)); i++)
		e = index_match(p, m, rank);
	return e;
}

static int index_other(struct policy *p, const struct rule *r, uint32_t rank)
{
	for (unsigned op = 0; op < POLICY_OPS_ALL; op++) {
		uint32_t *v;

		if (!(r->ops >> op & 1))
			continue;
		v = arena_grow(&p->arena, p->others[op].rank, p->others[op].n, &p->others[op].cap,
			       sizeof(*v));
		if (!v)
			return -ENOMEM;
		p->others[op].rank = v;
		v[p->others[op].n++] = rank;
	}
	return 0;
}

/* The path patterns of @r for the automata. @refs may be NULL: only count. */
static size_t put_refs(const struct rule *r, uint32_t rank, struct pattern_ref *refs)
{
	const struct match *m;
	size_t n = 0;

#define REF(pattern, part)                                                                         \
	do {                                                                                       \
		if (refs)                                                                          \
			refs[n] = (struct pattern_ref){.text = (pattern),			   \
							       .entry = rank * MATCH_KINDS + (part)}; \
		n++;                                                                               \
	} while (0)
	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->globs[k].n; i++)
			REF(r->globs[k].v[i], PART_PATH + k);
	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind == HOST_UNIX)
				REF(r->hosts[k].v[i].name, PART_HOST + k);
	for (size_t j = 0; (m = rule_match(r, j)); j++) {
		const struct cond *path = match_get(m, COND_PATH), *host = match_get(m, COND_HOST);

		for (size_t i = 0; path && i < path->yes.n; i++)
			if (path->yes.v[i].kind == TEXT_PATH)
				REF(path->yes.v[i].text, PART_FINDS);
		for (size_t i = 0; host && i < host->hosts.n; i++)
			if (host->hosts.v[i].kind == HOST_UNIX)
				REF(host->hosts.v[i].name, PART_FINDS);
	}
#undef REF
	return n;
}

static int build_side(struct loader *l, struct matcher *m, uint32_t lo, uint32_t hi,
		      struct pattern_ref *refs)
{
	const struct pattern_ref *bad = NULL;
	char q[TREE_QUOTE_MAX];
	size_t n = 0;
	int e;

	for (uint32_t i = lo; i < hi; i++)
		n += put_refs(l->p->rules[i], i, refs + n);
	e = matcher_build(&l->p->arena, m, refs, n, &bad);
	if (e == -ENOMEM)
		return no_memory(l);
	if (e == -E2BIG)
		return bad_at(l, &l->p->rules[bad->entry / MATCH_KINDS]->place,
			      "pattern '%s' is too complex, alone or with the others like it",
			      tree_quote(bad->text, q));
	return e;
}

static int build_matchers(struct loader *l)
{
	struct policy *p = l->p;
	size_t n = 1;
	autofree struct pattern_ref *refs = NULL;
	int e;

	for (size_t i = 0; i < p->n_rules; i++)
		n += put_refs(p->rules[i], 0, NULL);
	refs = calloc(n, sizeof(*refs));
	if (!refs)
		return no_memory(l);
	e = build_side(l, &p->guards, 0, p->first_allow, refs);
	if (e == 0)
		e = build_side(l, &p->allows, p->first_allow, (uint32_t)p->n_rules, refs);
	if (e == 0 && (dest_index_seal(&p->arena, &p->dests[0], &p->guards.lists) < 0 ||
		       dest_index_seal(&p->arena, &p->dests[1], &p->allows.lists) < 0))
		e = no_memory(l);
	return e;
}

/* Conditions that no system call ever meets. */
#define CONDS_ASKED                                                                                \
	(CONDS_TEXT | COND_BIT(COND_TOOL) | COND_BIT(COND_SERVER) | COND_BIT(COND_SERVER_NOT_IN) | \
	 COND_BIT(COND_INPUT) | COND_BIT(COND_SECRET) | COND_BIT(COND_CONTENT))

static bool only_asked(const struct rule *r)
{
	bool any = r->any.n > 0;

	if (r->match.has & CONDS_ASKED)
		return true;
	for (size_t i = 0; i < r->all.n; i++)
		if (r->all.v[i].has & CONDS_ASKED)
			return true;
	for (size_t i = 0; i < r->any.n; i++)
		any &= (r->any.v[i].has & CONDS_ASKED) != 0;
	return any;
}

static void note_ops(struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		struct rule *r = p->rules[i];

		r->only_asked = only_asked(r);
		for (unsigned op = 0; op < POLICY_OPS_ALL; op++)
			if (r->effect != EFFECT_ALLOW && r->ops >> op & 1 &&
			    (op >= POLICY_OP_COUNT || !r->only_asked))
				p->matters[op] = true;
	}
	for (unsigned op = 0; op < POLICY_OPS_ALL; op++)
		if (p->fallback[op].inside != VERDICT_ALLOW ||
		    p->fallback[op].outside != VERDICT_ALLOW)
			p->matters[op] = true;
}

/* Lists that callers walk end with NULL. */
static int end_lists(struct loader *l)
{
	struct policy *p = l->p;
	int e = strlist_add(&p->arena, &p->files, NULL);

	for (size_t i = 0; e == 0 && i < p->n_rules; i++)
		e = strlist_add(&p->arena, &p->rules[i]->written, NULL);
	return e < 0 ? no_memory(l) : 0;
}

static int name_rules(struct loader *l)
{
	struct policy *p = l->p;
	autofree struct rule **by_name = calloc(p->n_rules + 1, sizeof(struct rule *));
	int e;

	if (!by_name)
		return no_memory(l);
	if (p->n_rules) {
		memcpy(by_name, p->rules, p->n_rules * sizeof(struct rule *));
		qsort(by_name, p->n_rules, sizeof(struct rule *), compare_names);
	}
	e = check_names(l, by_name, p->n_rules);
	return e < 0 ? e : resolve_lifts(l, by_name, p->n_rules);
}

static bool has_path_regex(const struct rule *r)
{
	const struct match *m;

	for (size_t i = 0; (m = rule_match(r, i)); i++)
		if (match_get(m, COND_PATH) && !paths_are_indexable(match_get(m, COND_PATH)))
			return true;
	return r->regexes[0].n || r->regexes[1].n || r->regexes[2].n;
}

int compile_policy(struct loader *l)
{
	struct policy *p = l->p;
	int e = parse_pending(l);

	if (e == 0)
		e = name_rules(l);
	if (e == 0)
		e = rank_rules(l);
	for (uint32_t i = 0; e == 0 && i < p->n_rules; i++) {
		struct rule *r = p->rules[i];

		if (i < p->first_allow)
			e = add_aliases(l, r);
		if (e == 0)
			e = index_rule(p, r, i);
		if (e == 0 && !is_indexed(r))
			e = index_other(p, r, i);
		p->has_exec_rules |= rule_has_exec(r);
		p->has_lifts |= r->n_lifters > 0;
		p->guard_regexes |= i < p->first_allow && has_path_regex(r);
	}
	if (e == 0)
		e = build_matchers(l);
	if (e == 0)
		e = end_lists(l);
	for (size_t i = 0; e == 0 && i < p->n_rules; i++)
		note_rule_names(p->rules[i]);
	note_ops(p);
	links_seal(&p->links, &p->arena);
	return e == -ENOMEM ? no_memory(l) : e;
}
