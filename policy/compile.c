#include "policy/loader.h"

#include <limits.h>
#include <stdlib.h>

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

/* The name that @path (no wildcard) has once symbolic links are followed, as far as it exists. */
static bool resolve_existing(const char *path, char *out, size_t size)
{
	char head[PATH_MAX], real[PATH_MAX];
	size_t cut = strlen(path);

	if (cut >= sizeof(head))
		return false;
	memcpy(head, path, cut + 1);
	while (cut > 0 && !realpath(head, real)) {
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			return false;
		while (cut > 0 && head[cut - 1] != '/')
			cut--;
		if (cut > 0)
			cut--;
		head[cut] = '\0';
	}
	if (cut == 0 || (strlen(real) == cut && memcmp(real, path, cut) == 0))
		return false; /* nothing of it exists, or no link on the way */
	return snprintf(out, size, "%s%s", streq(real, "/") ? "" : real, path + cut) < (int)size;
}

/* A guard whose literal beginning leads through a symbolic link also guards the name behind the
 * link: actions come with resolved names. Not for excepts and allows: a link somebody makes must
 * not widen those. */
static int add_alias(struct loader *l, struct strlist *globs, const char *pattern)
{
	char literal[PATTERN_MAX], real[PATH_MAX], text[PATTERN_MAX * 2] = "";
	size_t n = pattern_literal_prefix(pattern), len = strlen(pattern);
	char *copy;

	if (n == 0 || len >= PATTERN_MAX)
		return 0;
	memcpy(literal, pattern, n);
	literal[n] = '\0';
	pattern_unescape(literal, literal);
	if (!resolve_existing(literal, real, sizeof(real)))
		return 0;
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

static int add_aliases(struct loader *l, struct rule *r)
{
	int e = 0;

	for (unsigned part = PART_PATH; part <= PART_MATCH_PATH; part++) {
		size_t n = r->globs[part].n;

		for (size_t i = 0; e == 0 && i < n && !l->no_files; i++)
			e = add_alias(l, &r->globs[part], r->globs[part].v[i]);
	}
	return e;
}

static bool program_is_indexable(const struct rule *r)
{
	for (size_t i = 0; i < r->program.n; i++)
		if (r->program.v[i].kind != TEXT_GLOB || strpbrk(r->program.v[i].text, "*?[\\"))
			return false;
	return r->program.n > 0;
}

/* Can one of the indexes find @r whenever it applies? */
static bool is_indexed(const struct rule *r)
{
	if (r->regexes[PART_PATH].n || r->regexes[PART_MATCH_PATH].n)
		return false;
	return rule_has_paths(r) || rule_has_hosts(r) || program_is_indexable(r);
}

static int index_hosts(struct policy *p, const struct rule *r, uint32_t rank)
{
	struct dest_index *x = &p->dests[rank >= p->first_allow];
	int e = 0;

	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; e == 0 && i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind != HOST_UNIX)
				e = dest_index_add(&p->arena, x, &r->hosts[k].v[i],
						   rank * MATCH_KINDS + PART_HOST + k);
	for (size_t i = 0; e == 0 && program_is_indexable(r) && i < r->program.n; i++)
		e = dest_index_add_program(&p->arena, x, r->program.v[i].text,
					   rank * MATCH_KINDS + PART_PROGRAM);
	return e;
}

static int index_other(struct policy *p, const struct rule *r, uint32_t rank)
{
	for (unsigned op = 0; op < POLICY_OP_COUNT; op++) {
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

static size_t put_refs(const struct rule *r, uint32_t rank, struct pattern_ref *refs)
{
	size_t n = 0;

	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->globs[k].n; i++)
			refs[n++] = (struct pattern_ref){r->globs[k].v[i],
							 rank * MATCH_KINDS + PART_PATH + k};
	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind == HOST_UNIX)
				refs[n++] = (struct pattern_ref){
					r->hosts[k].v[i].name, rank * MATCH_KINDS + PART_HOST + k};
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
	e = matcher_build(m, refs, n, &bad);
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
		for (unsigned k = 0; k < 3; k++)
			n += p->rules[i]->globs[k].n + p->rules[i]->hosts[k].n;
	refs = calloc(n, sizeof(*refs));
	if (!refs)
		return no_memory(l);
	e = build_side(l, &p->guards, 0, p->first_allow, refs);
	if (e == 0)
		e = build_side(l, &p->allows, p->first_allow, (uint32_t)p->n_rules, refs);
	if (e == 0 && (dest_index_seal(&p->dests[0], &p->guards.lists) < 0 ||
		       dest_index_seal(&p->dests[1], &p->allows.lists) < 0))
		e = no_memory(l);
	return e;
}

static void note_ops(struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		for (unsigned op = 0; op < POLICY_OP_COUNT; op++)
			if (p->rules[i]->effect != EFFECT_ALLOW && p->rules[i]->ops >> op & 1)
				p->matters[op] = true;
	for (unsigned op = 0; op < POLICY_OP_COUNT; op++)
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

int compile_policy(struct loader *l)
{
	struct policy *p = l->p;
	int e = name_rules(l);

	if (e == 0)
		e = rank_rules(l);
	for (uint32_t i = 0; e == 0 && i < p->n_rules; i++) {
		struct rule *r = p->rules[i];

		if (i < p->first_allow)
			e = add_aliases(l, r);
		if (e == 0)
			e = index_hosts(p, r, i);
		if (e == 0 && !is_indexed(r))
			e = index_other(p, r, i);
		p->has_exec_rules |= rule_has_exec(r);
		p->has_lifts |= r->n_lifters > 0;
		p->guard_regexes |= i < p->first_allow &&
				    (r->regexes[0].n || r->regexes[1].n || r->regexes[2].n);
	}
	if (e == 0)
		e = build_matchers(l);
	if (e == 0)
		e = end_lists(l);
	note_ops(p);
	return e == -ENOMEM ? no_memory(l) : e;
}
