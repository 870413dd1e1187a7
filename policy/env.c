#include "policy/decide.h"

/* Which environment variables an agent does not get. Names are compared without case. */

static bool any_matches(const struct strlist *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++)
		if (pattern_match_flat(globs->v[i], name, true))
			return true;
	return false;
}

bool policy_env_hides(const struct policy *p, const char *name, const char *program)
{
	const struct env_rules *e = &p->env;

	if (!any_matches(&e->hide, name) || any_matches(&e->keep, name))
		return false;
	for (size_t i = 0; program && i < e->n_agents; i++)
		if (streq(e->agents[i].name, program) && any_matches(&e->agents[i].keep, name))
			return false;
	return true;
}
