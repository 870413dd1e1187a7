#include "policy/parse-rule.h"

#include "base/buf.h"

/* One rule is a map:
 *
 * - exactly one effect: `block`, `ask` or `allow` with PATTERNS, or `true`, or a map {paths:
 * PATTERNS, hosts: HOSTS, except: PATTERNS}; or none of them but `match`, with `effect` (block if
 * not said)
 * - match: a map of conditions, all of them; all, any: lists of such maps; see parse-match.c
 * - except: PATTERNS (HOSTS in a rule about hosts only)
 * - actions, name, message (or nudge), description, severity, enabled, lifts, unless_by, inspect, locked
 * - examples: {match: ACTIONS, not_match: ACTIONS}, what the rule must and must not apply to
 *
 * A plural is one text or a list of them. */

static const char *const effect_names[EFFECT_COUNT] = {
	[EFFECT_BLOCK] = "block",
	[EFFECT_ASK] = "ask",
	[EFFECT_ALLOW] = "allow",
};

static const struct {
	const char *name;
	unsigned ops;
} action_names[] = {
	{"all", (1u << POLICY_OP_COUNT) - 1}, {"connect", 1u << POLICY_CONNECT},
	{"content", 1u << POLICY_CONTENT},    {"copy", 1u << POLICY_READ},
	{"delete", 1u << POLICY_DELETE},      {"exec", 1u << POLICY_EXEC},
	{"execute", 1u << POLICY_EXEC},	      {"list", 1u << POLICY_LIST},
	{"move", 1u << POLICY_DELETE},	      {"network", 1u << POLICY_CONNECT},
	{"read", 1u << POLICY_READ},	      {"tool", 1u << POLICY_TOOL},
	{"write", 1u << POLICY_WRITE},
};

static int put_action(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	char q[TREE_QUOTE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(action_names); i++)
		if (streq(n->text, action_names[i].name)) {
			x->r->ops |= action_names[i].ops;
			x->r->given_ops = true;
			return 0;
		}
	return bad_node(
		l, n,
		"unknown action '%s'; expected read, write, delete, list, exec, connect, "
		"content, tool or all",
		tree_quote(n->text, q));
}

static int put_lift(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;

	x->r->lifts_place = place_of(l, n);
	return strlist_add(&l->p->arena, &x->r->lifts, n->text) < 0 ? no_memory(l) : 0;
}

static int parse_effect_map(struct rule_parse *x, const struct node *n,
			    const struct node **ret_except)
{
	static const char *const keys[] = {"paths", "hosts", "except", NULL};
	const struct node *paths = tree_get(n, "paths"), *hosts = tree_get(n, "hosts");
	int r = check_keys(x->l, n, keys);

	if (r == 0 && !paths && !hosts)
		r = bad_node(x->l, n, "expected paths or hosts");
	if (r == 0)
		r = parse_part(x, paths, PART_PATH);
	if (r == 0)
		r = parse_part(x, hosts, PART_HOST);
	*ret_except = tree_get(n, "except");
	return r;
}

static bool has_match(const struct node *rule)
{
	return tree_get(rule, "match") || tree_get(rule, "all") || tree_get(rule, "any");
}

static int parse_effect(struct rule_parse *x, const struct node *rule,
			const struct node **ret_except)
{
	const struct node *found = NULL, *n, *word = tree_get(rule, "effect");
	char q[TREE_QUOTE_MAX];
	int r;

	for (unsigned i = 0; i < EFFECT_COUNT; i++) {
		n = tree_get(rule, effect_names[i]);
		if (!n)
			continue;
		if (found)
			return bad_node(x->l, n, "a rule has only one of block, ask and allow");
		found = n;
		x->r->effect = i;
	}
	if (!found && !has_match(rule))
		return bad_node(x->l, rule, "expected block, ask, allow or match in the rule");
	if (word && found)
		return bad_node(x->l, word, "effect: does not go together with %s:", found->key);
	if (word) {
		unsigned i = 0;

		r = want_text(x->l, word, "block, ask or allow");
		while (r == 0 && i < EFFECT_COUNT && !streq(word->text, effect_names[i]))
			i++;
		if (r == 0 && i == EFFECT_COUNT)
			r = bad_node(x->l, word, "expected block, ask or allow, not '%s'",
				     tree_quote(word->text, q));
		x->r->effect = i;
		return r;
	}
	if (!found)
		return 0;
	if (found->kind == NODE_MAP)
		return parse_effect_map(x, found, ret_except);
	if (found->kind == NODE_SCALAR && found->plain && streq(found->text, "true"))
		return 0;
	if (found->kind == NODE_SCALAR && found->plain && streq(found->text, "false"))
		return bad_node(x->l, found,
				"expected a pattern or true; 'enabled: false' switches a rule off");
	return parse_part(x, found, PART_PATH);
}

static int parse_except(struct rule_parse *x, const struct node *n)
{
	bool hosts_only = rule_has_hosts(x->r) && !rule_has_paths(x->r);

	return parse_part(x, n, hosts_only ? PART_EXCEPT_HOST : PART_EXCEPT_PATH);
}

static int parse_name(struct rule_parse *x, const struct node *rule)
{
	static const char ok[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const struct node *n = tree_get(rule, "name");
	const char *base = strrchr(x->l->file, '/');
	char buf[128];
	int r;

	if (!n && has_match(rule))
		return bad_node(x->l, rule, "a rule with match: needs a name:");
	if (!n) {
		(void)snprintf(buf, sizeof(buf), "%.100s:%u", base ? base + 1 : x->l->file,
			       rule->line);
		x->r->name = arena_strdup(&x->l->p->arena, buf);
		return x->r->name ? 0 : no_memory(x->l);
	}
	r = want_text(x->l, n, "a name");
	if (r == 0 && (strlen(n->text) > 64 || strspn(n->text, ok) != strlen(n->text)))
		r = bad_node(x->l, n, "a name has at most 64 of A-Z a-z 0-9 . _ -");
	if (r == 0 && streq(n->text, "default"))
		r = bad_node(x->l, n, "the name 'default' is taken");
	x->r->name = n->text;
	x->r->given_name = true;
	x->r->place = place_of(x->l, rule);
	return r;
}

static int parse_severity(struct rule_parse *x, const struct node *n)
{
	char q[TREE_QUOTE_MAX];
	unsigned i = 0;
	int r = want_text(x->l, n, "a severity");

	if (r < 0)
		return r;
	while (i < SEVERITY_COUNT && !streq(n->text, policy_severity_name(i)))
		i++;
	if (i == SEVERITY_COUNT)
		return bad_node(x->l, n, "expected low, medium, high or critical, not '%s'",
				tree_quote(n->text, q));
	x->r->severity = i;
	return 0;
}

static int parse_inspect(struct rule_parse *x, const struct node *n)
{
	char q[TREE_QUOTE_MAX];
	int r = want_text(x->l, n, "git-config");

	if (r == 0 && !streq(n->text, "git-config"))
		r = bad_node(x->l, n, "expected git-config, not '%s'", tree_quote(n->text, q));
	if (r == 0 && x->r->effect == EFFECT_ALLOW)
		r = bad_node(x->l, n, "inspect is for block and ask rules");
	x->r->inspect = INSPECT_GIT_CONFIG;
	return r;
}

static int parse_texts(struct rule_parse *x, const struct node *rule)
{
	const struct node *n = tree_get(rule, "message"), *nudge = tree_get(rule, "nudge");
	int r = 0;

	if (n && nudge)
		return bad_node(x->l, nudge, "nudge is another name of message");
	n = n ? n : nudge;

	x->r->message = x->r->description = arena_strdup(&x->l->p->arena, "");
	if (!x->r->message)
		return no_memory(x->l);
	if (n) {
		r = want_text(x->l, n, "a text");
		x->r->message = n->text;
	}
	n = tree_get(rule, "description");
	if (r == 0 && n) {
		r = want_text(x->l, n, "a text");
		x->r->description = n->text;
	}
	n = tree_get(rule, "severity");
	if (r == 0 && n)
		r = parse_severity(x, n);
	n = tree_get(rule, "enabled");
	if (r == 0 && n)
		r = want_bool(x->l, n, &x->r->enabled);
	return r;
}

static int parse_powers(struct rule_parse *x, const struct node *rule)
{
	const struct node *n = tree_get(rule, "locked");
	int r = 0;

	if (n)
		r = want_bool(x->l, n, &x->r->locked);
	n = tree_get(rule, "lifts");
	if (r == 0 && n && x->r->effect == EFFECT_BLOCK)
		r = bad_node(x->l, n, "lifts is for allow and ask rules");
	if (r == 0 && n)
		r = each_text(x->l, n, "a rule's name", put_lift, x);
	n = tree_get(rule, "unless_by");
	if (r == 0 && n && x->r->effect == EFFECT_ALLOW)
		r = bad_node(x->l, n, "unless_by is for block and ask rules");
	if (r == 0 && n)
		r = each_item(x, n, "a program's path", put_unless);
	n = tree_get(rule, "inspect");
	if (r == 0 && n)
		r = parse_inspect(x, n);
	return r;
}

/* Who may say what. */
static int check_origin(const struct loader *l, const struct node *rule, const struct rule *r)
{
	static const char *const powers[] = {"locked", "lifts", "unless_by", "inspect"};
	const struct node *n;

	if (l->origin == ORIGIN_PROJECT && r->effect == EFFECT_ALLOW)
		return bad_node(l, rule, "a project's file may only block and ask");
	for (size_t i = 0; i < ARRAY_SIZE(powers); i++) {
		n = tree_get(rule, powers[i]);
		if (!n)
			continue;
		if (l->origin == ORIGIN_PROJECT)
			return bad_node(l, n, "a project's file may not use %s", powers[i]);
		if (i == 0 && l->origin != ORIGIN_BUILTIN)
			return bad_node(l, n, "only built-in rules can be locked");
		if (i == 1 && l->origin != ORIGIN_USER)
			return bad_node(l, n, "only the user's own rules can lift others");
	}
	return 0;
}

/* In which ways the conditions can be met, if in any. */
static int settle(const struct loader *l, const struct node *rule, struct rule *r)
{
	bool host = rule_has_hosts(r), paths = rule_has_paths(r);
	const struct match *m;
	bool any_text = r->any.n;

	for (size_t i = 0; (m = rule_match(r, i)); i++)
		r->conds |= m->has;
	r->needs_text = r->match.has & CONDS_TEXT;
	for (size_t i = 0; i < r->all.n; i++)
		r->needs_text |= (r->all.v[i].has & CONDS_TEXT) != 0;
	for (size_t i = 0; i < r->any.n; i++)
		any_text &= (r->any.v[i].has & CONDS_TEXT) != 0;
	r->needs_text |= any_text;
	if (rule_has_exec(r) && (r->hosts[1].n || (host && !paths)))
		return bad_node(
			l, rule,
			"no action is both a command and a connection: this rule never applies");
	r->ops = match_ops(r);
	if (!r->ops)
		return bad_node(l, rule,
				"the actions do not fit the conditions: this rule never applies");
	if (r->locked && r->effect != EFFECT_BLOCK)
		return bad_node(l, rule, "only block rules can be locked");
	return 0;
}

static int parse_conditions(struct rule_parse *x, const struct node *rule)
{
	const struct node *except = tree_get(rule, "except"), *inner = NULL, *n;
	int r = parse_effect(x, rule, &inner);

	n = tree_get(rule, "match");
	if (r == 0 && n)
		r = parse_match(x, n);
	n = tree_get(rule, "all");
	if (r == 0 && n)
		r = parse_matches(x, n, &x->r->all);
	n = tree_get(rule, "any");
	if (r == 0 && n)
		r = parse_matches(x, n, &x->r->any);
	if (r == 0 && inner)
		r = parse_except(x, inner);
	if (r == 0 && except)
		r = parse_except(x, except);
	n = tree_get(rule, "actions");
	if (r == 0 && n)
		r = each_text(x->l, n, "an action", put_action, x);
	return r;
}

/* --- examples: kept as JSON, the way `crust check` takes actions ---------------------------------- */

static bool is_json_word(const struct node *n)
{
	const char *digits = n->text + (n->text[0] == '-');

	if (!n->plain || strlen(n->text) > 18)
		return false;
	return streq(n->text, "true") || streq(n->text, "false") || streq(n->text, "null") || streq(n->text, "0") ||
	       (*digits >= '1' && *digits <= '9' && strspn(digits, "0123456789") == strlen(digits));
}

static void put_json(struct buf *b, const struct node *n)
{
	const char *sep = "";

	if (n->kind == NODE_SCALAR) {
		if (is_json_word(n))
			buf_puts(b, n->text);
		else
			buf_put_json(b, n->text);
		return;
	}
	buf_putc(b, n->kind == NODE_MAP ? '{' : '[');
	for (const struct node *c = n->first; c; c = c->next) {
		buf_puts(b, sep);
		if (n->kind == NODE_MAP) {
			buf_put_json(b, c->key);
			buf_putc(b, ':');
		}
		put_json(b, c); /* no deeper than the tree, which is bounded */
		sep = ",";
	}
	buf_putc(b, n->kind == NODE_MAP ? '}' : ']');
}

static int put_example(struct rule_parse *x, const struct node *n, bool wanted)
{
	struct arena *a = &x->l->p->arena;
	struct examples *to = &x->r->examples;
	struct example *v = arena_grow(a, to->v, to->n, &to->cap, sizeof(*v));
	autobuf b = {0};

	if (n->kind == NODE_LIST)
		return bad_node(x->l, n, "an example is a command, or a map as `crust check` takes it");
	if (n->kind == NODE_SCALAR) {
		buf_puts(&b, "{\"op\":\"exec\",\"command\":");
		buf_put_json(&b, n->text);
		buf_putc(&b, '}');
	} else {
		put_json(&b, n);
	}
	if (!v || buf_failed(&b))
		return no_memory(x->l);
	to->v = v;
	v[to->n] = (struct example){
		.text = arena_strdup(a, buf_str(&b)), .wanted = wanted, .place = place_of(x->l, n)};
	return v[to->n++].text ? 0 : no_memory(x->l);
}

static int parse_examples(struct rule_parse *x, const struct node *rule)
{
	static const char *const keys[] = {"match", "not_match", NULL};
	const struct node *n = tree_get(rule, "examples");
	int r = 0;

	if (!n)
		return 0;
	r = check_map(x->l, n, "examples");
	if (r == 0)
		r = check_keys(x->l, n, keys);
	for (const struct node *k = n->first; r == 0 && k; k = k->next) {
		const struct node *c = k->kind == NODE_LIST ? k->first : k;

		for (; r == 0 && c; c = k->kind == NODE_LIST ? c->next : NULL)
			r = put_example(x, c, streq(k->key, "match"));
	}
	return r;
}

static int put_rule(struct loader *l, struct rule *r, const struct node *n)
{
	struct policy *p = l->p;
	struct rule **v =
		arena_grow(&p->arena, p->rules, p->n_rules, &p->cap_rules, sizeof(struct rule *));
	char buf[32];
	size_t len = strlen(l->file) + sizeof(buf);
	char *source = arena_alloc(&p->arena, len);

	if (!v || !source)
		return no_memory(l);
	if (l->origin == ORIGIN_BUILTIN)
		(void)snprintf(source, len, "builtin");
	else
		(void)snprintf(source, len, "%s:%u", l->file, n->line);
	r->source = source;
	r->order = p->n_rules;
	p->rules = v;
	v[p->n_rules++] = r;
	return 0;
}

static int parse_rule(struct loader *l, const struct node *n)
{
	static const char *const keys[] = {
		"block",   "ask",	"allow",       "match",	   "all",     "any",
		"effect",  "except",	"actions",     "name",	   "message", "nudge",
		"description", "severity", "enabled",  "examples", "locked",  "lifts",
		"unless_by",   "inspect",  NULL};
	const struct node *locked = tree_get(n, "locked");
	struct rule *r = arena_alloc(&l->p->arena, sizeof(*r));
	struct rule_parse x = {.l = l, .r = r, .locked = locked && l->origin == ORIGIN_BUILTIN};
	int e;

	if (!r)
		return no_memory(l);
	r->origin = l->origin;
	r->severity = SEVERITY_HIGH;
	r->enabled = true;
	r->place = place_of(l, n);
	e = check_map(l, n, "a rule");
	if (e == 0)
		e = check_keys(l, n, keys);
	if (e == 0)
		e = parse_conditions(&x, n);
	if (e == 0)
		e = check_origin(l, n, r);
	if (e == 0)
		e = parse_name(&x, n);
	if (e == 0)
		e = parse_texts(&x, n);
	if (e == 0)
		e = parse_powers(&x, n);
	if (e == 0)
		e = settle(l, n, r);
	if (e == 0)
		e = parse_examples(&x, n);
	r->enabled &= !x.never;
	return e < 0 ? e : put_rule(l, r, n);
}

int parse_rules(struct loader *l, const struct node *list)
{
	int r = 0;

	if (list->kind != NODE_LIST)
		return bad_node(l, list, "rules must be a list (each rule begins with '-')");
	for (const struct node *n = list->first; r == 0 && n; n = n->next) {
		if (l->p->n_rules >= RULES_MAX)
			return bad_node(l, n, "more than %d rules", RULES_MAX);
		r = parse_rule(l, n);
	}
	return r;
}

int parse_pending(struct loader *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->n_pending; i++) {
		l->file = l->pending[i].file;
		l->origin = l->pending[i].origin;
		r = parse_rules(l, l->pending[i].rules);
	}
	return r;
}
