#include "policy/decide.h"

/* Questions about a policy as a whole, for the plan compiler and `crust rules`. */

bool policy_op_matters(const struct policy *p, enum policy_op op)
{
	return (unsigned)op >= POLICY_OPS_ALL || p->matters[op];
}

enum policy_verdict policy_default(const struct policy *p, enum policy_op op,
				   bool *ret_workspace_only)
{
	const struct fallback *f;

	if ((unsigned)op >= POLICY_OPS_ALL) {
		*ret_workspace_only = false;
		return VERDICT_DENY;
	}
	f = &p->fallback[op];
	*ret_workspace_only = f->inside != f->outside;
	return f->inside;
}

static bool each_glob(const struct strlist *globs, bool (*fn)(const char *pattern, void *arg),
		      void *arg)
{
	for (size_t i = 0; i < globs->n; i++) {
		const char *s = globs->v[i];

		if (!fn(pattern_at_dstar(s) ? s + 1 : s, arg))
			return false;
	}
	return true;
}

static bool each_cond_glob(const struct rule *r, bool (*fn)(const char *pattern, void *arg), void *arg)
{
	const struct match *m;

	for (size_t i = 0; (m = rule_match(r, i)); i++) {
		const struct cond *c = match_get(m, COND_PATH);

		for (size_t j = 0; c && j < c->yes.n; j++) {
			const char *s = c->yes.v[j].text;

			if (c->yes.v[j].kind == TEXT_PATH && !fn(pattern_at_dstar(s) ? s + 1 : s, arg))
				return false;
		}
	}
	return true;
}

bool policy_each_guard(const struct policy *p, unsigned ops,
		       bool (*fn)(const char *pattern, void *arg), void *arg)
{
	for (uint32_t i = 0; i < p->first_allow; i++) {
		const struct rule *r = p->rules[i];

		/* Where both groups must match, either of them covers what the rule is about. */
		if (!(r->ops & ops) || r->only_asked)
			continue;
		if (!each_glob(&r->globs[r->globs[0].n ? 0 : 1], fn, arg) || !each_cond_glob(r, fn, arg))
			return false;
	}
	return true;
}

size_t policy_rule_count(const struct policy *p)
{
	return p->n_rules;
}

static bool has_host_name(const struct rule *r)
{
	for (unsigned k = 0; k < 2; k++)
		for (size_t i = 0; i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind == HOST_NAME ||
			    r->hosts[k].v[i].kind == HOST_SUFFIX)
				return true;
	return false;
}

void policy_rule_get(const struct policy *p, size_t i, struct policy_rule_info *ret)
{
	const struct rule *r = p->rules[i];

	*ret = (struct policy_rule_info){
		.name = r->name,
		.message = r->message,
		.description = r->description,
		.source = r->source,
		.effect = r->effect,
		.severity = r->severity,
		.ops = r->ops,
		.locked = r->locked,
		.builtin = r->origin == ORIGIN_BUILTIN,
		.only_asked = r->only_asked,
		.n_examples = r->examples.n,
		.has_paths = rule_has_paths(r),
		.has_command = rule_has_exec(r),
		.has_dest = rule_has_hosts(r),
		.has_host_name = has_host_name(r),
		.patterns = r->written.v,
		.lifted_by = r->lifted_by,
	};
}

void policy_rule_conds(const struct policy *p, size_t i, policy_cond_fn *each, void *arg)
{
	const struct rule *r = p->rules[i];
	const struct match *m;

	for (size_t k = 0; (m = rule_match(r, k)); k++) {
		bool all = k <= r->all.n;
		char group[32];

		(void)snprintf(group, sizeof(group), "%s %zu", all ? "all" : "any", all ? k : k - r->all.n);
		for (size_t j = 0; j < m->n; j++)
			each(k ? group : NULL, cond_name(m->v[j].id), m->v[j].written.v, m->v[j].written.n, arg);
	}
}
