#include "policy/loader.h"

/* One rule is a map:
 *
 * - exactly one effect: `block`, `ask` or `allow` with PATTERNS, or `true`, or a map {paths:
 * PATTERNS, hosts: HOSTS, except: PATTERNS}; or none of them but `match`, with `effect` (block if
 * not said)
 * - match: {path: PATTERNS or re:, host: HOSTS, command: TEXTS or re:, program: GLOBS,
 *   argv: GLOBS or re:, flags: FLAGS}, all of them
 * - except: PATTERNS (HOSTS in a rule about hosts only)
 * - actions, name, message, description, severity, enabled, lifts, unless_by, inspect, locked
 *
 * A plural is one text or a list of them. */

struct rule_parse {
	struct loader *l;
	struct rule *r;
	unsigned part; /* where patterns go */
};

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
	{"copy", 1u << POLICY_READ},	      {"delete", 1u << POLICY_DELETE},
	{"exec", 1u << POLICY_EXEC},	      {"execute", 1u << POLICY_EXEC},
	{"list", 1u << POLICY_LIST},	      {"move", 1u << POLICY_DELETE},
	{"network", 1u << POLICY_CONNECT},    {"read", 1u << POLICY_READ},
	{"write", 1u << POLICY_WRITE},
};

static int finish_expand(struct loader *l, const struct node *n, int r, size_t added,
			 const char *why)
{
	l->n_patterns += added;
	if (r == -ENOMEM)
		return no_memory(l);
	if (r < 0)
		return bad_node(l, n, "%s", why);
	if (l->n_patterns > PATTERNS_MAX)
		return bad_node(l, n, "more than %d patterns in all", PATTERNS_MAX);
	return 0;
}

static int expand_path(struct loader *l, const struct node *n, const char *text, struct strlist *to)
{
	size_t before = to->n;
	char why[256];
	int r = pattern_expand(&l->p->arena, &l->p->roots, text, to, why, sizeof(why));

	return finish_expand(l, n, r, to->n - before, why);
}

static int new_regex(struct loader *l, const struct node *n, const char *text,
		     const struct regex **ret)
{
	struct policy *p = l->p;
	struct regex **v = arena_grow(&p->arena, p->regexes, p->n_regexes, &p->cap_regexes,
				      sizeof(struct regex *));
	char why[256];

	if (!v)
		return no_memory(l);
	p->regexes = v;
	if (++l->n_patterns > PATTERNS_MAX)
		return bad_node(l, n, "more than %d patterns in all", PATTERNS_MAX);
	v[p->n_regexes] = regex_new(text, why, sizeof(why));
	if (!v[p->n_regexes])
		return bad_node(l, n, "%s", why);
	*ret = v[p->n_regexes++];
	return 0;
}

static int put_regex(struct loader *l, const struct node *n, struct regex_list *to)
{
	const struct regex **v = arena_grow(&l->p->arena, to->v, to->n, &to->cap, sizeof(*v));

	if (!v)
		return no_memory(l);
	to->v = v;
	return new_regex(l, n, n->text + 3, &v[to->n++]);
}

static int note_written(struct rule_parse *x, const struct node *n)
{
	return strlist_add(&x->l->p->arena, &x->r->written, n->text) < 0 ? no_memory(x->l) : 0;
}

static int put_path(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	int r = 0;

	if (x->part != PART_EXCEPT_PATH)
		r = note_written(x, n);
	if (r < 0)
		return r;
	if (str_starts(n->text, "re:")) {
		if (x->part == PART_PATH)
			return bad_node(l, n, "a regex goes into match: {path: 're:…'}");
		return put_regex(l, n, &x->r->regexes[x->part]);
	}
	return expand_path(l, n, n->text, &x->r->globs[x->part]);
}

static int put_host(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	struct host_list *to = &x->r->hosts[x->part - PART_HOST];
	struct strlist globs = {0};
	struct host h;
	char why[256];
	int r = host_parse(&l->p->arena, n->text, &h, why, sizeof(why));

	if (r == 0 && h.kind == HOST_UNIX)
		r = pattern_expand(&l->p->arena, &l->p->roots, h.name, &globs, why, sizeof(why));
	else if (r == 0 && h.kind == HOST_ABSTRACT)
		r = pattern_expand_flat(&l->p->arena, h.name, &globs, why, sizeof(why));
	r = finish_expand(l, n, r, MAX(globs.n, (size_t)1), why);
	if (r == 0 && x->part != PART_EXCEPT_HOST)
		r = note_written(x, n);
	for (size_t i = 0; r == 0 && i < MAX(globs.n, (size_t)1); i++) {
		struct host *v = arena_grow(&l->p->arena, to->v, to->n, &to->cap, sizeof(*v));

		if (!v)
			return no_memory(l);
		to->v = v;
		if (globs.n)
			h.name = globs.v[i];
		v[to->n++] = h;
	}
	return r;
}

static int put_cond(struct loader *l, struct text_conds *to, struct text_cond c)
{
	struct text_cond *v = arena_grow(&l->p->arena, to->v, to->n, &to->cap, sizeof(*v));

	if (!v)
		return no_memory(l);
	to->v = v;
	v[to->n++] = c;
	return 0;
}

static int put_command(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	struct text_cond c = {.kind = TEXT_PART, .text = n->text};
	int r;

	if (strlen(n->text) > PATTERN_MAX)
		return bad_node(l, n, "text is longer than %d bytes", PATTERN_MAX);
	if (str_starts(n->text, "re:")) {
		c.kind = TEXT_REGEX;
		r = new_regex(l, n, n->text + 3, &c.re);
		if (r < 0)
			return r;
	}
	return put_cond(l, &x->r->command, c);
}

static int put_globs(struct loader *l, const struct strlist *globs, enum text_kind kind,
		     struct text_conds *to)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < globs->n; i++)
		r = put_cond(l, to, (struct text_cond){.kind = kind, .text = globs->v[i]});
	return r;
}

static int put_program(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	struct strlist globs = {0};
	bool is_path = strchr(n->text, '/') || n->text[0] == '~' || n->text[0] == '$';
	char why[256];
	int r;

	if (is_path) {
		r = expand_path(l, n, n->text, &globs);
	} else {
		r = pattern_expand_flat(&l->p->arena, n->text, &globs, why, sizeof(why));
		r = finish_expand(l, n, r, globs.n, why);
	}
	return r < 0 ? r : put_globs(l, &globs, is_path ? TEXT_PATH : TEXT_GLOB, &x->r->program);
}

/* All arguments must match, so braces, which mean any, stay in one condition: none are allowed. */
static int put_arg(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	struct text_cond c = {.kind = TEXT_REGEX};
	struct strlist globs = {0};
	char why[256];
	int r;

	if (str_starts(n->text, "re:")) {
		r = new_regex(l, n, n->text + 3, &c.re);
		return r < 0 ? r : put_cond(l, &x->r->argv, c);
	}
	r = pattern_expand_flat(&l->p->arena, n->text, &globs, why, sizeof(why));
	r = finish_expand(l, n, r, globs.n, why);
	if (r == 0 && globs.n > 1)
		return bad_node(l, n, "braces are not supported in argv; use re:");
	return r < 0 ? r : put_globs(l, &globs, TEXT_GLOB, &x->r->argv);
}

static int put_flag(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;

	if (n->text[0] != '-' || !n->text[1] || streq(n->text, "--") || strpbrk(n->text, "= \t"))
		return bad_node(l, n, "expected a flag such as -r or --recursive");
	return strlist_add(&l->p->arena, &x->r->flags, n->text) < 0 ? no_memory(l) : 0;
}

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
		"unknown action '%s'; expected read, write, delete, list, exec, connect or all",
		tree_quote(n->text, q));
}

static int put_lift(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;

	x->r->lifts_place = place_of(l, n);
	return strlist_add(&l->p->arena, &x->r->lifts, n->text) < 0 ? no_memory(l) : 0;
}

static int put_unless(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;

	return expand_path(l, n, n->text, &x->r->unless_by);
}

/* Patterns under @n go to @part. */
static int parse_part(struct rule_parse *x, const struct node *n, enum part part)
{
	bool is_host = part >= PART_HOST;

	if (!n)
		return 0;
	x->part = part;
	return each_text(x->l, n, is_host ? "a destination" : "a pattern",
			 is_host ? put_host : put_path, x);
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

static int parse_effect(struct rule_parse *x, const struct node *rule,
			const struct node **ret_except)
{
	const struct node *found = NULL, *n, *match = tree_get(rule, "match"),
			  *word = tree_get(rule, "effect");
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
	if (!found && !match)
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

static int parse_match(struct rule_parse *x, const struct node *n)
{
	static const char *const keys[] = {"path",  "host",    "command", "program", "argv",
					   "flags", "content", "tool",	  "tools",   NULL};
	static const struct {
		const char *key, *what;
		int (*fn)(struct loader *l, const struct node *n, void *arg);
	} conds[] = {
		{"command", "a text", put_command},
		{"program", "a program's name", put_program},
		{"argv", "an argument", put_arg},
		{"flags", "a flag", put_flag},
	};
	int r = check_map(x->l, n, "match");

	if (r == 0)
		r = check_keys(x->l, n, keys);
	if (r == 0 && !n->first)
		r = bad_node(x->l, n, "match is empty");
	for (const struct node *c = n->first; r == 0 && c; c = c->next)
		if (streq(c->key, "content") || str_starts(c->key, "tool"))
			r = bad_node(x->l, c, "match: %s is not supported yet", c->key);
	if (r == 0)
		r = parse_part(x, tree_get(n, "path"), PART_MATCH_PATH);
	if (r == 0)
		r = parse_part(x, tree_get(n, "host"), PART_MATCH_HOST);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(conds); i++) {
		const struct node *c = tree_get(n, conds[i].key);

		if (c)
			r = each_text(x->l, c, conds[i].what, conds[i].fn, x);
	}
	return r;
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

	if (!n && tree_get(rule, "match"))
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
	const struct node *n = tree_get(rule, "message");
	int r = 0;

	x->r->message = x->r->description = "";
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
		r = each_text(x->l, n, "a program's path", put_unless, x);
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

/* Which operations the conditions leave. */
static int settle_ops(const struct loader *l, const struct node *rule, struct rule *r)
{
	bool exec = rule_has_exec(r), host = rule_has_hosts(r), paths = rule_has_paths(r);
	unsigned all = (1u << POLICY_OP_COUNT) - 1;

	if (!r->given_ops)
		r->ops = host && !paths && !exec ? 1u << POLICY_CONNECT : all;
	if (exec)
		r->ops &= 1u << POLICY_EXEC;
	if (r->hosts[1].n || (host && !paths))
		r->ops &= 1u << POLICY_CONNECT;
	if (exec && (r->hosts[1].n || (host && !paths)))
		return bad_node(
			l, rule,
			"no action is both a command and a connection: this rule never applies");
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
	if (r == 0 && inner)
		r = parse_except(x, inner);
	if (r == 0 && except)
		r = parse_except(x, except);
	n = tree_get(rule, "actions");
	if (r == 0 && n)
		r = each_text(x->l, n, "an action", put_action, x);
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
		"block",   "ask",   "allow",	 "match",	"effect",   "except",
		"actions", "name",  "message",	 "description", "severity", "enabled",
		"locked",  "lifts", "unless_by", "inspect",	NULL};
	struct rule *r = arena_alloc(&l->p->arena, sizeof(*r));
	struct rule_parse x = {.l = l, .r = r};
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
		e = settle_ops(l, n, r);
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
