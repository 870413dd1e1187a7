#include "policy/decide.h"

#include <stdarg.h>

#include "base/buf.h"
#include "text/secrets.h"

/* What is allowed in a policy and yet hardly what was meant. */

struct lint {
	const struct policy *p;
	const struct rule *r;
	policy_lint_fn *fn;
	void *arg;
	unsigned n;
};

static void PRINTF(2, 3) warn(struct lint *l, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* a cut text is still a text */
	va_end(ap);
	l->n++;
	l->fn(l->r->source, l->r->name, text, l->arg);
}

/* --- regexes and texts ---------------------------------------------------------------------------- */

static bool is_slow(const struct regex *re)
{
	static const char fills[] = "a0 /-._=x";
	char text[2001];

	for (size_t i = 0; i < sizeof(fills) - 1; i++) {
		memset(text, fills[i], sizeof(text) - 1);
		text[sizeof(text) - 1] = '!';
		if (regex_match(re, text, sizeof(text), 0) == REGEX_LIMIT)
			return true;
	}
	return false;
}

static void check_regex(struct lint *l, const struct regex *re)
{
	const char *text = regex_text(re);

	if (is_slow(re))
		warn(l, "regex '%.80s' is slow: on long texts it gives up, which counts as %s", text,
		     l->r->effect == EFFECT_ALLOW ? "no match" : "a match");
	if (str_starts(text, ".*") || str_starts(text, ".+"))
		warn(l, "regex '%.80s': what it begins with says nothing; a regex matches anywhere", text);
}

static void check_short(struct lint *l, const char *key, const char *text)
{
	size_t len = strlen(text);

	if (len <= 4 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len)
		warn(l, "%s '%s' is also found inside other words; program: and args: are about words", key, text);
}

static void check_format(struct lint *l, const char *glob)
{
	const char *name, *what;

	for (size_t i = 0; (name = secrets_format(i, &what)); i++)
		if (pattern_match_flat(glob, name, true))
			return;
	warn(l, "secret '%s': no format is called that", glob);
}

static void check_cond(struct lint *l, const struct cond *c)
{
	const char *key = cond_name(c->id);

	for (size_t i = 0; i < c->yes.n; i++) {
		const struct text_cond *t = &c->yes.v[i];

		if (t->re)
			check_regex(l, t->re);
		if (c->id == COND_COMMAND)
			check_short(l, key, t->text);
		if ((c->id == COND_PROGRAM || c->id == COND_PIPELINE_TO || c->id == COND_PIPELINE_FROM) && !t->re &&
		    strpbrk(t->text, " \t"))
			warn(l, "%s '%s': no program's name holds a space", key, t->text);
		if (c->id == COND_SETS_ENV && t->text[0] == '$')
			warn(l, "%s '%s': a variable's name is written without '$'", key, t->text);
		if (c->id == COND_SECRET)
			check_format(l, t->text);
	}
}

/* --- what never comes into play ------------------------------------------------------------------- */

/* A path that canonical @pattern matches. */
static void witness(const char *pattern, struct buf *to)
{
	for (const char *p = pattern; *p; p++) {
		if (*p == '\\' && p[1]) {
			buf_putc(to, *++p);
		} else if (*p == '*') {
			p += p[1] == '*';
			buf_putc(to, 'x');
		} else if (*p == '[' && pattern_class_end(p)) {
			buf_putc(to, pattern_class_negated(p) ? 'x' : p[1]);
			p = pattern_class_end(p) - 1;
		} else {
			buf_putc(to, *p == '?' ? 'x' : *p);
		}
	}
	if (to->len > 1 && buf_str(to)[to->len - 1] == '/')
		buf_putc(to, 'x');
}

static bool decided_by(const struct policy *p, enum policy_op op, const char *path, struct policy_decision *d)
{
	policy_decide(p, &(struct policy_action){.op = op, .path = path}, d);
	return !streq(d->rule, "default");
}

/* The one rule that has the last word on all that @l->r is about, as far as a path for each pattern tells. */
static bool find_shadow(struct lint *l, const struct policy *solo, struct policy_decision *ret)
{
	const struct strlist *globs = &l->r->globs[l->r->globs[PART_PATH].n ? PART_PATH : PART_MATCH_PATH];
	size_t n = 0;

	for (size_t i = 0; i < globs->n; i++) {
		autobuf path = {0};

		witness(globs->v[i], &path);
		for (unsigned op = 0; op < POLICY_OP_COUNT; op++) {
			struct policy_decision d;

			if (!(l->r->ops >> op & 1) || !decided_by(solo, op, buf_str(&path), &d))
				continue;
			(void)decided_by(l->p, op, buf_str(&path), &d);
			if (streq(d.rule, l->r->name) || (n++ && !streq(d.rule, ret->rule)))
				return false;
			*ret = d;
		}
	}
	return n > 0;
}

static void check_shadow(struct lint *l)
{
	struct policy solo = *l->p;
	struct policy_decision d;
	struct policy_rule_info other = {0};

	if (l->r->conds || rule_has_hosts(l->r))
		return;
	solo.only = l->r;
	if (!find_shadow(l, &solo, &d))
		return;
	for (size_t i = 0; i < l->p->n_rules; i++)
		if (streq(l->p->rules[i]->name, d.rule))
			policy_rule_get(l->p, i, &other);
	if (other.locked)
		warn(l, "never decides: rule '%s' blocks the same, and is locked", d.rule);
	else if (l->r->effect == EFFECT_ALLOW && d.verdict != VERDICT_ALLOW)
		warn(l, "allows nothing: rule '%s' is stronger; lifts: %s would take it back", d.rule, d.rule);
}

/* --- what opens too much -------------------------------------------------------------------------- */

static bool is_root(const struct lint *l, const char *glob)
{
	const char *home = l->p->roots.home[0];
	size_t len = home ? strlen(home) : 0;

	if (len && strncmp(glob, home, len) == 0 && (glob[len] == '/' || !glob[len]))
		glob += len;
	return streq(glob, "") || streq(glob, "/") || streq(glob, "/**") || streq(glob, "/**/*") || streq(glob, "/*");
}

static void check_broad(struct lint *l)
{
	const struct rule *r = l->r;
	const struct cond *program = match_get(&r->match, COND_PROGRAM);

	if (r->effect != EFFECT_ALLOW)
		return;
	for (unsigned k = 0; k < 2 && !r->conds; k++) {
		for (size_t i = 0; i < r->globs[k].n; i++)
			if (is_root(l, r->globs[k].v[i]))
				warn(l, "allows everything below %s", r->globs[k].v[i]);
		for (size_t i = 0; i < r->hosts[k].n; i++)
			if (r->hosts[k].v[i].kind == HOST_ANY && !r->hosts[k].v[i].port)
				warn(l, "allows every destination");
	}
	for (size_t i = 0; program && i < program->yes.n; i++)
		if (r->match.n == 1 && streq(program->yes.v[i].text, "*"))
			warn(l, "allows every program");
	if (!r->conds && !rule_has_paths(r) && !rule_has_hosts(r))
		warn(l, "allows everything");
}

static void check_rule(struct lint *l)
{
	const struct rule *r = l->r;
	const struct match *m;

	if (r->effect != EFFECT_ALLOW && !*r->message)
		warn(l, "has no message: the agent is not told what to do instead");
	for (unsigned k = 0; k < 3; k++)
		for (size_t i = 0; i < r->regexes[k].n; i++)
			check_regex(l, r->regexes[k].v[i]);
	for (size_t i = 0; (m = rule_match(r, i)); i++)
		for (size_t k = 0; k < m->n; k++)
			check_cond(l, &m->v[k]);
	check_broad(l);
	check_shadow(l);
}

unsigned policy_lint(const struct policy *p, bool builtin_too, policy_lint_fn *fn, void *arg)
{
	struct lint l = {.p = p, .fn = fn, .arg = arg};

	for (size_t i = 0; i < p->n_rules; i++) {
		l.r = p->rules[i];
		if (l.r->origin != ORIGIN_BUILTIN || builtin_too)
			check_rule(&l);
	}
	return l.n;
}
