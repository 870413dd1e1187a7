#include "policy/parse-rule.h"

/* The conditions of a rule: `match`, the members of `all` and `any`, and the lists that patterns may come
 * from. Each key is one row of a table: what it takes, where it is put, and for which operations it can
 * hold. */

#define OP(name)    (1u << POLICY_##name)
#define OPS_OBJECT  ((1u << POLICY_OP_COUNT) - 1) /* what a system call can do */
#define OPS_ANY	    ((1u << POLICY_OPS_ALL) - 1)
#define LIST_PREFIX "list:"

#define SUBCOMMAND_WORDS_MAX 16

#define CONDS_TOOL                                                                                     \
	(COND_BIT(COND_TOOL) | COND_BIT(COND_SERVER) | COND_BIT(COND_SERVER_NOT_IN) | COND_BIT(COND_INPUT))
#define CONDS_CONTENT (COND_BIT(COND_CONTENT) | COND_BIT(COND_SECRET))

/* --- putting one text ----------------------------------------------------------------------------- */

static int finish_expand(struct loader *l, const struct node *n, int r, size_t added, const char *why)
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

static int expand_path(struct loader *l, const struct node *n, struct strlist *to)
{
	size_t before = to->n;
	char why[256];
	int r = pattern_expand(&l->p->arena, &l->p->roots, n->text, to, why, sizeof(why));

	return finish_expand(l, n, r, to->n - before, why);
}

static int expand_flat(struct loader *l, const struct node *n, struct strlist *to)
{
	size_t before = to->n;
	char why[256];
	int r = pattern_expand_flat(&l->p->arena, n->text, to, why, sizeof(why));

	return finish_expand(l, n, r, to->n - before, why);
}

static int new_regex(struct loader *l, const struct node *n, const char *text, const struct regex **ret)
{
	struct policy *p = l->p;
	struct regex **v = arena_grow(&p->arena, p->regexes, p->n_regexes, &p->cap_regexes, sizeof(struct regex *));
	char why[256];

	if (!v)
		return no_memory(l);
	p->regexes = v;
	if (++l->n_patterns > PATTERNS_MAX)
		return bad_node(l, n, "more than %d patterns in all", PATTERNS_MAX);
	v[p->n_regexes] = regex_new(&p->arena, text, why, sizeof(why));
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

static int note_written(struct rule_parse *x, struct strlist *to, const char *text)
{
	return strlist_add(&x->l->p->arena, to, text) < 0 ? no_memory(x->l) : 0;
}

static int put_path(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	unsigned part = x->excluding ? PART_EXCEPT_PATH : x->part;

	if (str_starts(n->text, "re:")) {
		if (part == PART_PATH)
			return bad_node(l, n, "a regex goes into match: {path: 're:…'}");
		return put_regex(l, n, &x->r->regexes[part]);
	}
	return expand_path(l, n, &x->r->globs[part]);
}

static int add_host(struct loader *l, const struct node *n, struct host_list *to)
{
	struct strlist globs = {0};
	struct host h;
	char why[256];
	int r = host_parse(&l->p->arena, n->text, &h, why, sizeof(why));

	if (r == 0 && h.kind == HOST_UNIX)
		r = pattern_expand(&l->p->arena, &l->p->roots, h.name, &globs, why, sizeof(why));
	else if (r == 0 && h.kind == HOST_ABSTRACT)
		r = pattern_expand_flat(&l->p->arena, h.name, &globs, why, sizeof(why));
	r = finish_expand(l, n, r, MAX(globs.n, (size_t)1), why);
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

static int put_host(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;
	unsigned part = x->excluding ? PART_EXCEPT_HOST : x->part;

	return add_host(l, n, &x->r->hosts[part - PART_HOST]);
}

static int put_cond_host(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;

	return add_host(l, n, x->excluding ? &x->cond->no_hosts : &x->cond->hosts);
}

static int put_text_cond(struct rule_parse *x, struct text_cond c)
{
	struct text_conds *to = x->excluding ? &x->cond->no : &x->cond->yes;
	struct text_cond *v = arena_grow(&x->l->p->arena, to->v, to->n, &to->cap, sizeof(*v));

	if (!v)
		return no_memory(x->l);
	to->v = v;
	v[to->n++] = c;
	return 0;
}

static int put_globs(struct rule_parse *x, const struct strlist *globs, enum text_kind kind)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < globs->n; i++)
		r = put_text_cond(x, (struct text_cond){.kind = kind, .text = globs->v[i]});
	return r;
}

static int put_regex_cond(struct rule_parse *x, const struct node *n, const char *text)
{
	struct text_cond c = {.kind = TEXT_REGEX, .text = text};
	int r = new_regex(x->l, n, text, &c.re);

	return r < 0 ? r : put_text_cond(x, c);
}

/* A piece of a command line. */
static int put_text(struct loader *l, const struct node *n, void *arg)
{
	if (strlen(n->text) > PATTERN_MAX)
		return bad_node(l, n, "text is longer than %d bytes", PATTERN_MAX);
	if (str_starts(n->text, "re:"))
		return put_regex_cond(arg, n, n->text + 3);
	return put_text_cond(arg, (struct text_cond){.kind = TEXT_PART, .text = n->text});
}

/* A piece of bytes that may be many, and of which any may be NUL: PCRE2 looks for it, quoted and in any case. */
static int put_bytes(struct loader *l, const struct node *n, void *arg)
{
	size_t len = strlen(n->text), k = 0;
	char *quoted;

	if (str_starts(n->text, "re:"))
		return put_regex_cond(arg, n, n->text + 3);
	if (len > 512)
		return bad_node(l, n, "text is longer than 512 bytes");
	quoted = arena_alloc(&l->p->arena, 2 * len + sizeof("(?i)"));
	if (!quoted)
		return no_memory(l);
	memcpy(quoted, "(?i)", 4);
	k = 4;
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\^$.[]|()?*+{}#-", n->text[i]))
			quoted[k++] = '\\';
		quoted[k++] = n->text[i];
	}
	return put_regex_cond(arg, n, quoted);
}

static int put_flat(struct loader *l, const struct node *n, void *arg)
{
	struct strlist globs = {0};
	int r = expand_flat(l, n, &globs);

	return r < 0 ? r : put_globs(arg, &globs, TEXT_GLOB);
}

static int put_cond_path(struct loader *l, const struct node *n, void *arg)
{
	struct strlist globs = {0};
	int r;

	if (str_starts(n->text, "re:"))
		return put_regex_cond(arg, n, n->text + 3);
	r = expand_path(l, n, &globs);
	return r < 0 ? r : put_globs(arg, &globs, TEXT_PATH);
}

static int put_program(struct loader *l, const struct node *n, void *arg)
{
	bool is_path = strchr(n->text, '/') || n->text[0] == '~' || n->text[0] == '$';

	if (str_starts(n->text, "re:"))
		return put_regex_cond(arg, n, n->text + 3);
	return is_path ? put_cond_path(l, n, arg) : put_flat(l, n, arg);
}

/* All arguments must match, so braces, which mean any, stay in one condition: none are allowed. */
static int put_arg(struct loader *l, const struct node *n, void *arg)
{
	struct strlist globs = {0};
	int r;

	if (str_starts(n->text, "re:"))
		return put_regex_cond(arg, n, n->text + 3);
	r = expand_flat(l, n, &globs);
	if (r == 0 && globs.n > 1)
		return bad_node(l, n, "braces are not supported in argv; use re:");
	return r < 0 ? r : put_globs(arg, &globs, TEXT_GLOB);
}

static int put_flag(struct loader *l, const struct node *n, void *arg)
{
	if (n->text[0] != '-' || !n->text[1] || streq(n->text, "--") || strpbrk(n->text, "= \t"))
		return bad_node(l, n, "expected a flag such as -r or --recursive");
	return put_text_cond(arg, (struct text_cond){.kind = TEXT_WORD, .text = n->text});
}

/* "s3 rm": globs for the first words. */
static int put_words(struct loader *l, const struct node *n, void *arg)
{
	struct strlist globs = {0};
	int r = expand_flat(l, n, &globs);

	for (size_t i = 0; r == 0 && i < globs.n; i++) {
		char *to = arena_alloc(&l->p->arena, strlen(globs.v[i]) + 2); /* zeroed: ends with two NULs */
		size_t k = 0, n_words = 0;

		if (!to)
			return no_memory(l);
		for (const char *p = globs.v[i]; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
			memcpy(to + k, p, strcspn(p, " "));
			k += strcspn(p, " ") + 1;
			n_words++;
		}
		if (!*to || *to == '-' || n_words > SUBCOMMAND_WORDS_MAX)
			return bad_node(l, n, "expected the words of a subcommand, such as push or 's3 rm'");
		r = put_text_cond(arg, (struct text_cond){.kind = TEXT_WORDS, .text = to});
	}
	return r;
}

static int put_unknown(struct loader *l, const struct node *n, void *arg)
{
	char q[TREE_QUOTE_MAX];

	if (!streq(n->text, "operand") && !streq(n->text, "code") && !streq(n->text, "command"))
		return bad_node(l, n, "expected operand, code or command, not '%s'", tree_quote(n->text, q));
	return put_text_cond(arg, (struct text_cond){.kind = TEXT_WORD, .text = n->text});
}

int put_unless(struct loader *l, const struct node *n, void *arg)
{
	struct rule_parse *x = arg;

	if (x->excluding)
		return bad_node(l, n, "a list that excludes something cannot be in unless_by");
	return expand_path(l, n, &x->r->unless_by);
}

/* --- lists ---------------------------------------------------------------------------------------- */

static bool list_counts(const struct rule_parse *x, const struct list_part *part, const char *name)
{
	if (part->origin > x->l->origin || !streq(part->name, name))
		return false;
	/* Nobody takes anything away from a locked rule. */
	return !x->locked || part->origin == ORIGIN_BUILTIN || part->kind == LIST_APPEND;
}

static int refuse_list(const struct loader *l, const struct node *n)
{
	return str_starts(n->text, LIST_PREFIX) ? bad_node(l, n, "a list cannot hold a list") : 0;
}

static int put_list_part(struct rule_parse *x, const struct list_part *part, const char *what,
			 int (*fn)(struct loader *l, const struct node *n, void *arg))
{
	const struct node *n = part->items, *c = n->kind == NODE_LIST ? n->first : n;
	const char *file = x->l->file;
	int r = 0;

	x->l->file = part->file; /* what is wrong with an item is wrong there */
	x->excluding = part->kind == LIST_EXCLUDE;
	for (; r == 0 && c; c = n->kind == NODE_LIST ? c->next : NULL) {
		r = want_text(x->l, c, what);
		if (r == 0)
			r = refuse_list(x->l, c);
		if (r == 0)
			r = fn(x->l, c, x);
	}
	x->excluding = false;
	if (r == 0)
		x->l->file = file;
	return r;
}

static int put_list(struct rule_parse *x, const struct node *n, const char *name, const char *what,
		    int (*fn)(struct loader *l, const struct node *n, void *arg))
{
	struct loader *l = x->l;
	size_t first = SIZE_MAX;
	char q[TREE_QUOTE_MAX];
	int r = 0;

	for (size_t i = 0; i < l->n_lists; i++)
		if (list_counts(x, &l->lists[i], name) && (first == SIZE_MAX || l->lists[i].kind == LIST_REPLACE))
			first = i;
	if (first == SIZE_MAX)
		return bad_node(l, n, "there is no list '%s'", tree_quote(name, q));
	for (size_t i = first; r == 0 && i < l->n_lists; i++) {
		if (!list_counts(x, &l->lists[i], name))
			continue;
		if (l->lists[i].kind == LIST_EXCLUDE && x->part != PART_COUNT &&
		    (x->part == PART_EXCEPT_PATH || x->part == PART_EXCEPT_HOST))
			return bad_node(l, n, "a list that excludes something cannot be an exception");
		r = put_list_part(x, &l->lists[i], what, fn);
	}
	return r;
}

int each_item(struct rule_parse *x, const struct node *n, const char *what,
	      int (*fn)(struct loader *l, const struct node *n, void *arg))
{
	const struct node *c = n->kind == NODE_LIST ? n->first : n;
	int r = 0;

	if (!c)
		return bad_node(x->l, n, "expected %s or a list of them; the list is empty", what);
	for (; r == 0 && c; c = n->kind == NODE_LIST ? c->next : NULL) {
		r = want_text(x->l, c, what);
		if (r == 0 && str_starts(c->text, LIST_PREFIX))
			r = put_list(x, c, c->text + strlen(LIST_PREFIX), what, fn);
		else if (r == 0)
			r = fn(x->l, c, x);
	}
	return r;
}

static int add_list_part(struct loader *l, const struct node *n, int kind, const struct node *items)
{
	struct list_part *v = arena_grow(&l->scratch, l->lists, l->n_lists, &l->cap_lists, sizeof(*v));

	if (!v)
		return no_memory(l);
	if (items->kind == NODE_MAP)
		return bad_node(l, items, "expected a list of texts");
	l->lists = v;
	v[l->n_lists++] = (struct list_part){
		.kind = kind, .name = n->key, .file = l->file, .origin = l->origin, .items = items};
	return 0;
}

/* A project may have lists of its own; to change one of the user's could loosen the rules that use it. */
static int check_list(const struct loader *l, const struct node *n)
{
	struct place at = {.file = l->file, .line = n->key_line, .col = n->key_col};
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	bool known = false;
	char q[TREE_QUOTE_MAX];

	if (!*n->key || strlen(n->key) > 64 || strspn(n->key, ok) != strlen(n->key))
		return bad_at(l, &at, "a list's name has at most 64 of a-z 0-9 -");
	for (size_t i = 0; i < l->n_lists; i++) {
		if (!streq(l->lists[i].name, n->key))
			continue;
		known = true;
		if (l->origin == ORIGIN_PROJECT && l->lists[i].origin != ORIGIN_PROJECT)
			return bad_at(l, &at, "a project's file may not change the list '%s'", n->key);
	}
	if (!known && n->kind == NODE_MAP && !tree_get(n, "items"))
		return bad_at(l, &at, "there is no list '%s' to change", tree_quote(n->key, q));
	return 0;
}

int parse_lists(struct loader *l, const struct node *n)
{
	static const char *const keys[] = {"items", "append", "exclude", NULL};
	int r = check_map(l, n, "lists");

	for (const struct node *c = n->first; r == 0 && c; c = c->next) {
		const struct node *items = c->kind == NODE_MAP ? tree_get(c, "items") : c;
		const struct node *append = tree_get(c, "append"), *exclude = tree_get(c, "exclude");

		r = check_list(l, c);
		if (r == 0 && c->kind == NODE_MAP)
			r = check_keys(l, c, keys);
		if (r == 0 && items)
			r = add_list_part(l, c, LIST_REPLACE, items);
		if (r == 0 && append)
			r = add_list_part(l, c, LIST_APPEND, append);
		if (r == 0 && exclude)
			r = add_list_part(l, c, LIST_EXCLUDE, exclude);
	}
	return r;
}

/* --- match ---------------------------------------------------------------------------------------- */

static const struct spec {
	const char *key, *alias, *what;
	int (*fn)(struct loader *l, const struct node *n, void *arg); /* NULL: only true */
	unsigned ops;
} specs[] = {
	[COND_TOOL] = {"tool", "tools", "a tool's name", put_flat, OPS_ANY},
	[COND_SERVER] = {"server", NULL, "a server's name", put_flat, OPS_ANY},
	[COND_SERVER_NOT_IN] = {"server_not_in", "match_server_not_in", "a list's name", put_flat, OPS_ANY},
	[COND_SECRET] = {"secret", NULL, "a secret's format", put_flat, OP(CONTENT)},
	[COND_IN_TEXT] = {"in_text", NULL, NULL, NULL, OPS_ANY},
	[COND_UNKNOWN] = {"unknown", NULL, "operand, code or command", put_unknown, OP(EXEC)},
	[COND_UNPARSABLE] = {"unparsable", NULL, NULL, NULL, OP(EXEC)},
	[COND_DECODED] = {"decoded", NULL, NULL, NULL, OP(EXEC)},
	[COND_FORK_BOMB] = {"fork_bomb", NULL, NULL, NULL, OP(EXEC)},
	[COND_PROGRAM] = {"program", NULL, "a program's name", put_program, OP(EXEC)},
	[COND_PROGRAM_NOT_IN] = {"program_not_in", "match_base_command_not_in", "a list's name", put_flat, OP(EXEC)},
	[COND_FLAGS] = {"flags", NULL, "a flag", put_flag, OP(EXEC)},
	[COND_SUBCOMMAND] = {"subcommand", NULL, "a subcommand", put_words, OP(EXEC)},
	[COND_ARGV] = {"argv", NULL, "an argument", put_arg, OP(EXEC)},
	[COND_ARGS] = {"args", "with_args_matching", "a text", put_text, OP(EXEC)},
	[COND_HOST] = {"host", NULL, "a destination", put_cond_host, OP(CONNECT)},
	[COND_PATH] = {"path", NULL, "a pattern", put_cond_path, OPS_OBJECT | OP(CONTENT)},
	[COND_SETS_ENV] = {"sets_env", NULL, "a variable's name", put_flat, OP(EXEC)},
	[COND_READS_FILE] = {"reads_file", NULL, "a pattern", put_cond_path, OP(EXEC)},
	[COND_WRITES_FILE] = {"writes_file", NULL, "a pattern", put_cond_path, OP(EXEC)},
	[COND_DELETES_FILE] = {"deletes_file", NULL, "a pattern", put_cond_path, OP(EXEC)},
	[COND_SENDS_FILE] = {"sends_file", NULL, "a pattern", put_cond_path, OP(EXEC)},
	[COND_CONNECTS] = {"connects", NULL, "a destination", put_cond_host, OP(EXEC)},
	[COND_RECURSIVE] = {"recursive", NULL, NULL, NULL, OP(EXEC)},
	[COND_PIPELINE_TO] = {"pipeline_to", NULL, "a program's name", put_program, OP(EXEC)},
	[COND_PIPELINE_FROM] = {"pipeline_from", NULL, "a program's name", put_program, OP(EXEC)},
	[COND_COMMAND] = {"command", NULL, "a text", put_text, OP(EXEC)},
	[COND_INPUT] = {"input", NULL, "a text", put_bytes, OPS_ANY},
	[COND_CONTENT] = {"content", NULL, "a text", put_bytes, OP(CONTENT) | OP(TOOL)},
};
_Static_assert(ARRAY_SIZE(specs) == COND_COUNT && COND_COUNT <= 32, "a row and a bit for each condition");

const char *cond_name(enum cond_id id)
{
	return specs[id].key;
}

int parse_part(struct rule_parse *x, const struct node *n, enum part part)
{
	bool is_host = part >= PART_HOST, is_except = part == PART_EXCEPT_PATH || part == PART_EXCEPT_HOST;
	const struct node *c;
	int r;

	if (!n)
		return 0;
	x->part = part;
	r = each_item(x, n, is_host ? "a destination" : "a pattern", is_host ? put_host : put_path);
	c = n->kind == NODE_LIST ? n->first : n;
	for (; r == 0 && !is_except && c; c = n->kind == NODE_LIST ? c->next : NULL)
		r = note_written(x, &x->r->written, c->text);
	if (r == 0 && !is_except && !(is_host ? x->r->hosts[part - PART_HOST].n : x->r->globs[part].n + x->r->regexes[part].n))
		x->never = true;
	return r;
}

static int parse_true(struct rule_parse *x, const struct node *n)
{
	bool yes = false;
	int r = want_bool(x->l, n, &yes);

	return r == 0 && !yes ? bad_node(x->l, n, "%s can only be true", n->key) : r;
}

/* A list's bare name, or what stands for its items. */
static int parse_not_in(struct rule_parse *x, const struct node *n, const struct spec *s)
{
	if (n->kind == NODE_SCALAR && *n->text && !str_starts(n->text, LIST_PREFIX))
		return put_list(x, n, n->text, s->what, s->fn);
	return each_item(x, n, s->what, s->fn);
}

static int parse_cond(struct rule_parse *x, struct match *m, const struct node *n, enum cond_id id)
{
	bool negative = id == COND_PROGRAM_NOT_IN || id == COND_SERVER_NOT_IN;
	const struct spec *s = &specs[id];
	struct cond *v = arena_grow(&x->l->p->arena, m->v, m->n, &m->cap, sizeof(*v));
	int r;

	if (!v)
		return no_memory(x->l);
	m->v = v;
	m->has |= COND_BIT(id);
	x->cond = &v[m->n++];
	*x->cond = (struct cond){.id = id};
	x->part = PART_COUNT;
	if (!s->fn)
		return parse_true(x, n);
	r = negative ? parse_not_in(x, n, s) : each_item(x, n, s->what, s->fn);
	for (const struct node *c = n->kind == NODE_LIST ? n->first : n; r == 0 && c;
	     c = n->kind == NODE_LIST ? c->next : NULL)
		r = note_written(x, &x->cond->written, c->text);
	if (!negative && !x->cond->yes.n && !x->cond->hosts.n)
		x->never = true;
	return r;
}

static const struct node *get_cond(const struct node *n, const struct spec *s)
{
	const struct node *c = tree_get(n, s->key);

	return c || !s->alias ? c : tree_get(n, s->alias);
}

/* The conditions of map @n into @m. @top: paths and hosts are the rule's own, where the index finds them. */
static int parse_map(struct rule_parse *x, const struct node *n, struct match *m, bool top)
{
	const char *keys[2 * COND_COUNT + 1];
	size_t k = 0;
	int r = check_map(x->l, n, "match");

	for (size_t i = 0; i < COND_COUNT; i++)
		keys[k++] = specs[i].key;
	for (size_t i = 0; i < COND_COUNT; i++)
		if (specs[i].alias)
			keys[k++] = specs[i].alias;
	keys[k] = NULL;
	if (r == 0)
		r = check_keys(x->l, n, keys);
	if (r == 0 && !n->first)
		r = bad_node(x->l, n, "match is empty");
	if (r == 0 && top)
		r = parse_part(x, tree_get(n, "path"), PART_MATCH_PATH);
	if (r == 0 && top)
		r = parse_part(x, tree_get(n, "host"), PART_MATCH_HOST);
	for (enum cond_id id = 0; r == 0 && id < COND_COUNT; id++) {
		const struct node *c = get_cond(n, &specs[id]);

		if (c && specs[id].alias && tree_get(n, specs[id].key) && tree_get(n, specs[id].alias))
			r = bad_node(x->l, tree_get(n, specs[id].alias), "%s is another name of %s",
				     specs[id].alias, specs[id].key);
		else if (c && !(top && (id == COND_HOST || id == COND_PATH)))
			r = parse_cond(x, m, c, id);
	}
	return r;
}

int parse_match(struct rule_parse *x, const struct node *n)
{
	return parse_map(x, n, &x->r->match, true);
}

int parse_matches(struct rule_parse *x, const struct node *n, struct matches *to)
{
	bool any = to == &x->r->any, never = x->never;
	int r = 0;

	if (n->kind != NODE_LIST || !n->first)
		return bad_node(x->l, n, "%s must be a list of match maps", n->key);
	for (const struct node *c = n->first; r == 0 && c; c = c->next) {
		struct match *v = arena_grow(&x->l->p->arena, to->v, to->n, &to->cap, sizeof(*v));

		if (!v)
			return no_memory(x->l);
		to->v = v;
		v[to->n] = (struct match){0};
		x->never = false;
		r = parse_map(x, c, &v[to->n], false);
		if (!x->never || !any)
			to->n++;
		never |= x->never && !any;
	}
	x->never = never || (r == 0 && !to->n);
	return r;
}

/* --- operations ----------------------------------------------------------------------------------- */

static bool has_operand(const struct match *m)
{
	const struct cond *c = match_get(m, COND_UNKNOWN);

	for (size_t i = 0; c && i < c->yes.n; i++)
		if (streq(c->yes.v[i].text, "operand"))
			return true;
	return false;
}

/* For which operations all of @has can hold. An operand that is not known is asked about with the operation that
 * would meet it, and with the command that would do it. */
static unsigned possible_ops(unsigned has, bool operand)
{
	unsigned ops = OPS_ANY;

	for (unsigned id = 0; id < COND_COUNT; id++)
		if (has & COND_BIT(id))
			ops &= operand && specs[id].ops == OP(EXEC) ? OPS_OBJECT : specs[id].ops;
	return ops;
}

static bool is_about_tools(unsigned has)
{
	return has && !(has & ~CONDS_TOOL);
}

static unsigned own_conds(const struct rule *r)
{
	unsigned has = r->match.has;

	for (size_t i = 0; i < r->all.n; i++)
		has |= r->all.v[i].has;
	if (rule_has_paths(r))
		has |= COND_BIT(COND_PATH);
	if (r->hosts[1].n || (r->hosts[0].n && !rule_has_paths(r)))
		has |= COND_BIT(COND_HOST);
	return has & ~COND_BIT(COND_IN_TEXT); /* speaks of no operation */
}

/* @ret_usual: those that are meant where the rule does not say. */
static unsigned any_ops(const struct rule *r, unsigned own, bool operand, unsigned *ret_usual)
{
	unsigned ops = 0, usual = 0;

	for (size_t i = 0; i < r->any.n; i++) {
		unsigned has = r->any.v[i].has, can = possible_ops(has, operand);

		ops |= can;
		if (is_about_tools(has))
			usual |= !own || is_about_tools(own) ? OP(TOOL) : OPS_ANY;
		else
			usual |= (own | has) & CONDS_CONTENT ? can : can & OPS_OBJECT;
	}
	*ret_usual = r->any.n ? usual : OPS_ANY;
	return r->any.n ? ops : OPS_ANY;
}

unsigned match_ops(const struct rule *r)
{
	unsigned own = own_conds(r), can, usual, any_usual;
	bool operand = false;
	const struct match *m;

	for (size_t i = 0; (m = rule_match(r, i)); i++)
		operand |= has_operand(m);
	can = possible_ops(own, operand) & any_ops(r, own, operand, &any_usual);
	if (r->given_ops) {
		unsigned given = r->ops;

		if (r->conds & CONDS_CONTENT && given & (OP(READ) | OP(WRITE) | OP(CONNECT)))
			given |= OP(CONTENT); /* bytes that are read, written, sent */
		if (r->conds & (CONDS_CONTENT | CONDS_TOOL) && (given & OPS_OBJECT) == OPS_OBJECT)
			given |= OPS_ANY;
		return given & can;
	}
	if (is_about_tools(own) || (!own && r->any.n))
		usual = r->any.n ? OPS_ANY : OP(TOOL);
	else
		usual = own & CONDS_CONTENT ? can : can & OPS_OBJECT;
	return can & usual & any_usual;
}
