#include "policy/loader.h"

#include <stdarg.h>

/* A policy document is a map with these keys, all of them optional:
 *
 * - version: 1
 * - include: PATH or a list of them
 * - default: {OP: allow | ask | deny | workspace, ...}
 * - lists: {NAME: TEXTS or {items: TEXTS, append: TEXTS, exclude: TEXTS}, ...}
 * - rules: a list of RULE; see parse-rule.c. They are read last, when the lists of all files are known
 * - env: {hide: GLOBS, keep: GLOBS, agents: {NAME: GLOBS, ...}}
 *
 * What a project's file may not say is refused here and there, at its place. */

struct place place_of(const struct loader *l, const struct node *n)
{
	return (struct place){.file = l->file, .line = n->line, .col = n->col};
}

static int PRINTF(3, 0)
	bad(const struct loader *l, const struct place *at, const char *fmt, va_list ap)
{
	char msg[sizeof(l->err->msg)];

	(void)vsnprintf(msg, sizeof(msg), fmt, ap); /* a cut text is still a text */
	return err_set(l->err, EBADMSG, "%s:%u:%u: %s", at->file, at->line, at->col, msg);
}

int bad_at(const struct loader *l, const struct place *at, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = bad(l, at, fmt, ap);
	va_end(ap);
	return r;
}

int bad_node(const struct loader *l, const struct node *n, const char *fmt, ...)
{
	struct place at = place_of(l, n);
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = bad(l, &at, fmt, ap);
	va_end(ap);
	return r;
}

int no_memory(const struct loader *l)
{
	return err_set(l->err, ENOMEM, "%s: out of memory", l->file);
}

int check_map(const struct loader *l, const struct node *n, const char *what)
{
	return n->kind == NODE_MAP ? 0 : bad_node(l, n, "%s must be a map (key: value)", what);
}

int check_keys(const struct loader *l, const struct node *n, const char *const *keys)
{
	for (const struct node *c = n->first; c; c = c->next) {
		struct place at = {.file = l->file, .line = c->key_line, .col = c->key_col};
		char q[TREE_QUOTE_MAX], all[512] = "";
		size_t len = 0, i;

		for (i = 0; keys[i] && !streq(keys[i], c->key); i++) {
			(void)snprintf(all + len, sizeof(all) - len, "%s%s", len ? ", " : "",
				       keys[i]);
			len = strlen(all);
		}
		if (!keys[i])
			return bad_at(l, &at, "unknown key '%s'; expected one of %s",
				      tree_quote(c->key, q), all);
	}
	return 0;
}

int want_text(const struct loader *l, const struct node *n, const char *what)
{
	if (n->kind != NODE_SCALAR)
		return bad_node(l, n, "expected %s, not a %s", what,
				n->kind == NODE_LIST ? "list" : "map");
	if (!*n->text)
		return bad_node(l, n, "expected %s, not an empty text", what);
	return 0;
}

int want_bool(const struct loader *l, const struct node *n, bool *ret)
{
	char q[TREE_QUOTE_MAX];

	if (n->kind != NODE_SCALAR)
		return bad_node(l, n, "expected true or false");
	if (!streq(n->text, "true") && !streq(n->text, "false"))
		return bad_node(l, n, "expected true or false, not '%s'", tree_quote(n->text, q));
	*ret = n->text[0] == 't';
	return 0;
}

int each_text(struct loader *l, const struct node *n, const char *what,
	      int (*fn)(struct loader *l, const struct node *n, void *arg), void *arg)
{
	const struct node *c = n->kind == NODE_LIST ? n->first : n;
	int r = 0;

	if (!c)
		return bad_node(l, n, "expected %s or a list of them; the list is empty", what);
	for (; r == 0 && c; c = n->kind == NODE_LIST ? c->next : NULL) {
		r = want_text(l, c, what);
		if (r == 0)
			r = fn(l, c, arg);
	}
	return r;
}

static int parse_version(struct loader *l, const struct node *n)
{
	char q[TREE_QUOTE_MAX];
	int r = want_text(l, n, "a version");

	if (r == 0 && !streq(n->text, "1"))
		r = bad_node(l, n, "version '%s' is not known; expected 1", tree_quote(n->text, q));
	return r;
}

/* allow > workspace > ask > deny */
static int looseness(const struct fallback *f)
{
	if (f->outside == VERDICT_ALLOW)
		return 3;
	if (f->inside == VERDICT_ALLOW)
		return 2;
	return f->inside == VERDICT_ASK ? 1 : 0;
}

static int parse_fallback(struct loader *l, const struct node *n, enum policy_op op,
			  struct fallback *ret)
{
	static const struct {
		const char *name;
		struct fallback f;
	} words[] = {
		{"allow", {VERDICT_ALLOW, VERDICT_ALLOW}},
		{"ask", {VERDICT_ASK, VERDICT_ASK}},
		{"deny", {VERDICT_DENY, VERDICT_DENY}},
		{"workspace", {VERDICT_ALLOW, VERDICT_DENY}},
	};
	bool no_path = op >= POLICY_EXEC;
	char q[TREE_QUOTE_MAX];
	int r = want_text(l, n, "allow, ask, deny or workspace");

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!streq(n->text, words[i].name))
			continue;
		if (i == 3 && no_path)
			break;
		*ret = words[i].f;
		return 0;
	}
	return bad_node(l, n, "expected allow, ask%s, not '%s'",
			no_path ? " or deny" : ", deny or workspace", tree_quote(n->text, q));
}

static int set_fallback(struct loader *l, const struct node *n, enum policy_op op, bool given[])
{
	struct fallback *now = &l->p->fallback[op], f;
	int r = parse_fallback(l, n, op, &f);

	if (r < 0)
		return r;
	given[op] = true;
	if (l->origin == ORIGIN_PROJECT) {
		if (looseness(&f) > looseness(now))
			return bad_node(l, n, "a project's file may not loosen the default for %s",
					policy_op_name(op));
		f.inside = MIN(f.inside, now->inside);
		f.outside = MIN(f.outside, now->outside);
	}
	*now = f;
	return 0;
}

/* A default that is not set follows another operation's, as far as this file sets that one. */
static void follow(struct loader *l, const bool given[], enum policy_op op, enum policy_op other)
{
	struct fallback *f = &l->p->fallback[op], *o = &l->p->fallback[other];

	if (given[op] || !given[other])
		return;
	if (l->origin == ORIGIN_PROJECT) {
		f->inside = MIN(f->inside, o->inside);
		f->outside = MIN(f->outside, o->outside);
	} else {
		*f = *o;
	}
}

static int parse_default(struct loader *l, const struct node *n)
{
	static const char *const keys[] = {"read", "write",   "delete", "list",
					   "exec", "connect", "content", "tool", NULL};
	bool given[POLICY_OPS_ALL] = {false};
	int r = check_map(l, n, "default");

	if (r == 0)
		r = check_keys(l, n, keys);
	for (unsigned op = 0; r == 0 && op < POLICY_OPS_ALL; op++) {
		const struct node *c = tree_get(n, policy_op_name(op));

		if (c)
			r = set_fallback(l, c, op, given);
	}
	if (r == 0) {
		follow(l, given, POLICY_LIST, POLICY_READ);
		follow(l, given, POLICY_DELETE, POLICY_WRITE);
	}
	return r;
}

static int put_env_glob(struct loader *l, const struct node *n, void *arg)
{
	char why[256];
	int r = pattern_expand_flat(&l->p->arena, n->text, arg, why, sizeof(why));

	if (r == -ENOMEM)
		return no_memory(l);
	return r < 0 ? bad_node(l, n, "%s", why) : 0;
}

static int parse_agent(struct loader *l, const struct node *n)
{
	struct env_rules *e = &l->p->env;
	struct env_agent *v =
		arena_grow(&l->p->arena, e->agents, e->n_agents, &e->cap_agents, sizeof(*v));

	if (!v)
		return no_memory(l);
	e->agents = v;
	v[e->n_agents] = (struct env_agent){.name = n->key};
	return each_text(l, n, "a variable's name", put_env_glob, &v[e->n_agents++].keep);
}

static int parse_env(struct loader *l, const struct node *n)
{
	static const char *const keys[] = {"hide", "keep", "agents", NULL};
	const struct node *agents = tree_get(n, "agents"), *c;
	int r = check_map(l, n, "env");

	if (r == 0)
		r = check_keys(l, n, keys);
	if (r == 0 && l->origin == ORIGIN_PROJECT)
		for (c = n->first; r == 0 && c; c = c->next)
			if (!streq(c->key, "hide"))
				r = bad_node(l, c, "a project's file may not set env '%s'", c->key);
	c = tree_get(n, "hide");
	if (r == 0 && c)
		r = each_text(l, c, "a variable's name", put_env_glob, &l->p->env.hide);
	c = tree_get(n, "keep");
	if (r == 0 && c)
		r = each_text(l, c, "a variable's name", put_env_glob, &l->p->env.keep);
	if (r == 0 && agents)
		r = check_map(l, agents, "agents");
	for (c = agents ? agents->first : NULL; r == 0 && c; c = c->next)
		r = parse_agent(l, c);
	return r;
}

static int put_pending(struct loader *l, const struct node *n)
{
	struct pending *v = arena_grow(&l->scratch, l->pending, l->n_pending, &l->cap_pending, sizeof(*v));

	if (!v)
		return no_memory(l);
	l->pending = v;
	v[l->n_pending++] = (struct pending){.rules = n, .file = l->file, .origin = l->origin};
	return 0;
}

int parse_document(struct loader *l, const struct node *root)
{
	static const char *const keys[] = {"version", "include", "default", "lists", "rules", "env", NULL};
	static const struct {
		const char *key;
		int (*fn)(struct loader *l, const struct node *n);
	} parts[] = {
		{"version", parse_version}, {"include", load_include}, {"default", parse_default},
		{"lists", parse_lists},	    {"rules", put_pending},    {"env", parse_env},
	};
	int r;

	if (!root || (root->kind == NODE_SCALAR && root->plain && !*root->text))
		return 0;
	r = check_map(l, root, "a policy");
	if (r == 0)
		r = check_keys(l, root, keys);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		const struct node *n = tree_get(root, parts[i].key);
		bool empty = n && n->kind == NODE_SCALAR && n->plain && !*n->text;

		if (n && !empty)
			r = parts[i].fn(l, n);
	}
	return r;
}
