#include "policy/loader.h"

#include <ctype.h>

/* Rule files of security-hooks (*.rules), read into the tree that the YAML of the same rules would give:
 *
 *   file    = { "#" comment | rule }
 *   rule    = ("block" | "suspicious") '"'name'"' NL  INDENT matcher  [ INDENT "nudge" '"'text'"' ]
 *   matcher = "match" value | "match_any" NL { INDENT value }
 *           | "match_base_command_not_in" key | "match_server_not_in" key | "validator" name
 *   value   = call { call } | regex to the end of the line
 *   call    = command("x", …) | with_flags("-a", …) | with_args_matching(regex) | pipeline_to("x", …)
 *           | reads_file("p", …) | writes_file("p", …) | sets_env("N", …)
 *
 * What a regex is about follows from the file's name: bash.rules, and any other name: the command's text;
 * edit.rules: the file's path; mcp.rules: the input of an MCP server's tool; post.rules: content. The order of rules
 * means nothing: the strongest that applies counts. */

#define CALLS_MAX 16

struct reader {
	struct loader *l;
	const char *tier;
	const char *line; /* the current one, without its newline, in the arena */
	unsigned line_no;
	const char *next, *end;
	bool have; /* @line has not been used yet */
};

static int bad_here(const struct reader *r, const char *at, const char *what)
{
	struct place p = {.file = r->l->file, .line = r->line_no, .col = (unsigned)(at - r->line) + 1};
	char q[TREE_QUOTE_MAX];

	return bad_at(r->l, &p, *at ? "%s, not '%s'" : "%s", what, tree_quote(at, q));
}

/* --- making the tree ------------------------------------------------------------------------------ */

static struct node *new_node(struct reader *r, enum node_kind kind, const char *at)
{
	struct node *n = arena_alloc(&r->l->scratch, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->line = n->key_line = r->line_no;
		n->col = n->key_col = at ? (unsigned)(at - r->line) + 1 : 1;
	}
	return n;
}

static struct node *add(struct node *to, const char *key, struct node *n)
{
	struct node **at = to ? &to->first : NULL;

	if (!to || !n)
		return NULL;
	while (*at)
		at = &(*at)->next;
	*at = n;
	n->key = key;
	to->n++;
	return n;
}

static struct node *add_text(struct reader *r, struct node *to, const char *key, const char *at, const char *prefix,
			     const char *text, size_t len)
{
	struct node *n = new_node(r, NODE_SCALAR, at);
	char *copy = arena_alloc(&r->l->p->arena, strlen(prefix) + len + 1);

	if (!n || !copy)
		return NULL;
	memcpy(copy, prefix, strlen(prefix));
	memcpy(copy + strlen(prefix), text, len);
	n->text = copy;
	return add(to, key, n);
}

static int or_no_memory(const struct reader *r, const struct node *n)
{
	return n ? 0 : no_memory(r->l);
}

/* --- lines ---------------------------------------------------------------------------------------- */

static bool is_blank(const char *s)
{
	s += strspn(s, " \t\r");
	return !*s || *s == '#';
}

/* The next line that says something. 1; 0 at the end; -errno. */
static int next_line(struct reader *r)
{
	if (r->have)
		return 1;
	while (r->next < r->end) {
		const char *nl = memchr(r->next, '\n', (size_t)(r->end - r->next));
		size_t len = (size_t)((nl ? nl : r->end) - r->next);
		char *line = arena_strndup(&r->l->scratch, r->next, len);

		if (!line)
			return no_memory(r->l);
		r->line_no++;
		r->next += len + (nl != NULL);
		r->line = line;
		if (strlen(line) != len)
			return bad_here(r, line + strlen(line), "NUL byte");
		while (len && strchr(" \t\r", line[len - 1]))
			line[--len] = '\0';
		if (!is_blank(line)) {
			r->have = true;
			return 1;
		}
	}
	return 0;
}

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t");
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '-')
		n++;
	return n;
}

static bool is_word(const char *s, const char *word)
{
	return word_len(s) == strlen(word) && str_starts(s, word);
}

/* A text in double quotes at *at; '\' before '"' and '\' takes them as they are. */
static int read_quoted(struct reader *r, const char **at, char **ret)
{
	const char *s = *at;
	char *out;
	size_t n = 0;

	if (*s != '"')
		return bad_here(r, s, "expected a text in double quotes");
	out = arena_alloc(&r->l->scratch, strlen(s));
	if (!out)
		return no_memory(r->l);
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		out[n++] = *s;
	}
	if (*s != '"')
		return bad_here(r, s, "the quote is not closed");
	*at = s + 1;
	*ret = out;
	return 0;
}

/* --- values --------------------------------------------------------------------------------------- */

/* What a call becomes. @each: one map for each argument, as any of them is enough where ours asks for all. */
static const struct {
	const char *name, *key;
	bool is_regex, each;
} calls[] = {
	{"command", "program", false, false},	      {"with_flags", "flags", false, true},
	{"with_args_matching", "args", true, false},  {"pipeline_to", "pipeline_to", false, false},
	{"reads_file", "reads_file", false, false},   {"writes_file", "writes_file", false, false},
	{"sets_env", "sets_env", false, false},
};

/* The end of the regex that begins behind '(' at @s: the ')' that closes it. */
static const char *regex_end(const char *s)
{
	unsigned depth = 0;
	bool in_class = false;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (in_class)
			in_class = *s != ']';
		else if (*s == '[') {
			in_class = true;
			s += s[1] == '^';
			s += s[1] == ']';
		} else if (*s == '(')
			depth++;
		else if (*s == ')' && depth-- == 0)
			return s;
	}
	return NULL;
}

static int read_regex_arg(struct reader *r, const char **at, struct node *to, const char *key)
{
	const char *s = skip_space(*at), *end;
	char *text = NULL;
	int e;

	if (*s == '"') {
		*at = s;
		e = read_quoted(r, at, &text);
		if (e < 0)
			return e;
		*at = skip_space(*at);
		if (**at != ')')
			return bad_here(r, *at, "expected ')'");
		++*at;
		return or_no_memory(r, add_text(r, to, key, s, "re:", text, strlen(text)));
	}
	end = regex_end(*at);
	if (!end || end == *at)
		return bad_here(r, *at, "expected a regular expression and ')'");
	e = or_no_memory(r, add_text(r, to, key, *at, "re:", *at, (size_t)(end - *at)));
	*at = end + 1;
	return e;
}

static int read_text_args(struct reader *r, const char **at, struct node *list)
{
	for (;;) {
		const char *s = *at = skip_space(*at);
		char *text = NULL;
		int e = read_quoted(r, at, &text);

		if (e == 0)
			e = or_no_memory(r, add_text(r, list, NULL, s, "", text, strlen(text)));
		if (e < 0)
			return e;
		*at = skip_space(*at);
		if (**at == ')')
			break;
		if (**at != ',')
			return bad_here(r, *at, "expected ',' or ')'");
		++*at;
	}
	++*at;
	return 0;
}

/* One call into the match map @to; flags go into @ret_flags instead. */
static int read_call(struct reader *r, const char **at, struct node *to, struct node **ret_flags)
{
	size_t len = word_len(*at), i = 0;
	struct node *list;

	while (i < ARRAY_SIZE(calls) && !is_word(*at, calls[i].name))
		i++;
	if (i == ARRAY_SIZE(calls) || (*at)[len] != '(')
		return bad_here(r, *at, "expected command(…), with_flags(…), with_args_matching(…), pipeline_to(…), "
					"reads_file(…), writes_file(…) or sets_env(…)");
	if (tree_get(to, calls[i].key) || (calls[i].each && *ret_flags))
		return bad_here(r, *at, "this stands twice");
	*at += len + 1;
	if (calls[i].is_regex)
		return read_regex_arg(r, at, to, calls[i].key);
	list = new_node(r, NODE_LIST, *at);
	if (!list)
		return no_memory(r->l);
	if (calls[i].each)
		*ret_flags = list;
	else
		add(to, calls[i].key, list);
	return read_text_args(r, at, list);
}

static struct node *copy_map(struct reader *r, const struct node *from)
{
	struct node *to = new_node(r, NODE_MAP, NULL);

	for (const struct node *c = from->first; to && c; c = c->next) {
		struct node *n = arena_alloc(&r->l->scratch, sizeof(*n));

		if (!n)
			return NULL;
		*n = *c;
		n->next = NULL;
		add(to, c->key, n);
	}
	return to;
}

static int read_calls(struct reader *r, const char *at, struct node *any)
{
	struct node *map = new_node(r, NODE_MAP, at), *flags = NULL;
	int e = or_no_memory(r, map);

	while (e == 0 && *at) {
		e = read_call(r, &at, map, &flags);
		at = skip_space(at);
	}
	if (e < 0)
		return e;
	if (!flags)
		return or_no_memory(r, add(any, NULL, map));
	for (const struct node *f = flags->first; e == 0 && f; f = f->next) {
		struct node *one = copy_map(r, map);

		e = or_no_memory(r, add_text(r, one, "flags", r->line + f->col - 1, "", f->text, strlen(f->text)));
		if (e == 0)
			add(any, NULL, one);
	}
	return e;
}

static const struct {
	const char *tier, *key;
} tiers[] = {
	{"bash", "command"},
	{"edit", "path"},
	{"mcp", "input"},
	{"post", "content"},
};

static size_t tier_of(const struct reader *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(tiers); i++)
		if (streq(tiers[i].tier, r->tier))
			return i;
	return 0;
}

static int read_regex(struct reader *r, const char *at, struct node *any)
{
	struct node *map = add(any, NULL, new_node(r, NODE_MAP, at));
	int e = or_no_memory(r, add_text(r, map, tiers[tier_of(r)].key, at, "re:", at, strlen(at)));

	if (e == 0 && streq(r->tier, "mcp"))
		e = or_no_memory(r, add_text(r, map, "server", at, "", "*", 1));
	return e;
}

static int read_value(struct reader *r, const char *at, struct node *any)
{
	size_t len = word_len(at);

	if (!*at)
		return bad_here(r, at, "expected a condition");
	return len && at[len] == '(' && !isdigit((unsigned char)*at) ? read_calls(r, at, any) : read_regex(r, at, any);
}

/* --- what is named, not written ------------------------------------------------------------------- */

static const struct {
	const char *name, *any, *actions;
} validators[] = {
	{"unknown_executable", "[{program_not_in: allowed-executables}]", NULL},
	{"mcp_parameter_injection",
	 "[{server: '*', input: 're:[;&|`]\\s*(?:sh|bash|zsh|curl|wget|nc|ncat|rm|python[0-9.]*|perl|eval|exec|base64|chmod|sudo)\\b|"
	 "\\$\\(|`[^`]+`|(?:^|[\"=/])(?:\\.\\./){3}'}]",
	 NULL},
	{"secret_access",
	 "[{path: 'list:sensitive-paths'}, {reads_file: 'list:sensitive-paths'}, {sends_file: 'list:sensitive-paths'}, "
	 "{secret: '*'}]",
	 "[read, exec, content]"},
	{"dependency_mutation",
	 "[{program: [npm, pnpm, yarn, bun], subcommand: [install, i, add, remove, rm, uninstall, un, update, up, upgrade]}, "
	 "{program: [pip, 'pip[0-9]*', pipx, conda, mamba, gem, brew, apt, apt-get, dnf, yum, apk, pacman], "
	 "subcommand: [install, uninstall, remove, upgrade, update, add, del, reinstall]}, "
	 "{program: [cargo, poetry, uv, pdm, pipenv, bundle, composer, mix, dotnet, flutter, dart], "
	 "subcommand: [add, remove, install, update, require, 'deps.get', 'deps.update', 'pip install', 'pub add']}, "
	 "{program: go, subcommand: [get, install, 'mod tidy', 'mod edit']}, "
	 "{path: ['**/package.json', '**/package-lock.json', '**/pnpm-lock.yaml', '**/yarn.lock', '**/bun.lock*', "
	 "'**/requirements*.txt', '**/pyproject.toml', '**/poetry.lock', '**/uv.lock', '**/Pipfile*', '**/Cargo.toml', "
	 "'**/Cargo.lock', '**/go.mod', '**/go.sum', '**/Gemfile*', '**/composer.json', '**/composer.lock', '**/mix.exs', "
	 "'**/mix.lock']}]",
	 "[exec, write, delete]"},
};

static int add_yaml(struct reader *r, struct node *rule, const char *key, const char *yaml, const char *at)
{
	struct node *n = NULL;
	int e = tree_parse(&r->l->scratch, &r->l->p->arena, r->l->file, yaml, strlen(yaml), &n, r->l->err);

	if (e < 0)
		return e;
	n->line = r->line_no;
	n->col = (unsigned)(at - r->line) + 1;
	return or_no_memory(r, add(rule, key, n));
}

static int read_validator(struct reader *r, const char *at, struct node *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(validators); i++) {
		int e;

		if (!is_word(at, validators[i].name) || at[word_len(at)])
			continue;
		e = add_yaml(r, rule, "any", validators[i].any, at);
		return e < 0 || !validators[i].actions ? e
						       : add_yaml(r, rule, "actions", validators[i].actions, at);
	}
	return bad_here(r, at, "expected one of the validators unknown_executable, dependency_mutation, secret_access, "
			       "mcp_parameter_injection");
}

/* Their names of lists that we have, and ours. */
static int read_list_name(struct reader *r, const char *at, struct node *any, const char *cond)
{
	struct node *map = add(any, NULL, new_node(r, NODE_MAP, at));
	char name[80];
	size_t len = word_len(at);

	if (!len || at[len] || len >= sizeof(name))
		return bad_here(r, at, "expected a list's name");
	for (size_t i = 0; i <= len; i++)
		name[i] = at[i] == '_' ? '-' : at[i];
	if (streq(name, "mcp-allowed-servers"))
		(void)snprintf(name, sizeof(name), "mcp-servers");
	return or_no_memory(r, add_text(r, map, cond, at, "", name, strlen(name)));
}

/* --- rules ---------------------------------------------------------------------------------------- */

static int read_match_any(struct reader *r, size_t indent, struct node *any)
{
	int e;

	while ((e = next_line(r)) > 0 && strspn(r->line, " \t") > indent) {
		r->have = false;
		e = read_value(r, skip_space(r->line), any);
		if (e < 0)
			return e;
	}
	if (e >= 0 && !any->first)
		return bad_here(r, r->line, "match_any has nothing below it");
	return MIN(e, 0);
}

static int read_matcher(struct reader *r, const char *at, struct node *rule)
{
	size_t indent = (size_t)(at - r->line);
	const char *value = skip_space(at + word_len(at));
	struct node *any = new_node(r, NODE_LIST, at);

	if (!any)
		return no_memory(r->l);
	if (tree_get(rule, "any"))
		return bad_here(r, at, "a rule has one matcher");
	if (is_word(at, "validator"))
		return read_validator(r, value, rule);
	add(rule, "any", any);
	if (is_word(at, "match"))
		return read_value(r, value, any);
	if (is_word(at, "match_base_command_not_in"))
		return read_list_name(r, value, any, "program_not_in");
	if (is_word(at, "match_server_not_in"))
		return read_list_name(r, value, any, "server_not_in");
	if (is_word(at, "match_any") && !*value)
		return read_match_any(r, indent, any);
	return bad_here(r, at, "expected match, match_any, match_base_command_not_in, match_server_not_in, validator or "
			       "nudge");
}

static int read_nudge(struct reader *r, const char *at, struct node *rule)
{
	const char *value = skip_space(at + strlen("nudge")), *start = value;
	char *text = NULL;
	int e = read_quoted(r, &value, &text);

	value = skip_space(value);
	if (e == 0 && *value)
		e = bad_here(r, value, "nothing may stand behind the text");
	if (e == 0 && tree_get(rule, "message"))
		e = bad_here(r, at, "nudge stands twice");
	return e < 0 || !*text ? e : or_no_memory(r, add_text(r, rule, "message", start, "", text, strlen(text)));
}

static bool has_path_match(const struct node *rule)
{
	const struct node *any = tree_get(rule, "any");

	for (const struct node *c = any ? any->first : NULL; c; c = c->next)
		if (tree_get(c, "path"))
			return true;
	return false;
}

static int read_body(struct reader *r, struct node *rule)
{
	int e;

	while ((e = next_line(r)) > 0 && strchr(" \t", r->line[0])) {
		const char *at = skip_space(r->line);

		r->have = false;
		e = is_word(at, "nudge") ? read_nudge(r, at, rule) : read_matcher(r, at, rule);
		if (e < 0)
			return e;
	}
	if (e >= 0 && !tree_get(rule, "any"))
		return bad_at(r->l, &(struct place){r->l->file, rule->line, 1}, "the rule has no matcher");
	if (e >= 0 && streq(r->tier, "edit") && !tree_get(rule, "actions") && has_path_match(rule))
		e = add_yaml(r, rule, "actions", "[write, delete, exec]", r->line);
	return MIN(e, 0);
}

/* Names may hold anything there; ours are words. */
static void make_name(char *s)
{
	size_t n = 0;

	for (; n < 64 && s[n]; n++)
		if (!isalnum((unsigned char)s[n]) && !strchr("._-", s[n]))
			s[n] = '-';
	s[n] = '\0';
}

static int read_rule(struct reader *r, struct node *rules)
{
	const char *at = r->line + word_len(r->line), *effect = NULL;
	struct node *rule = add(rules, NULL, new_node(r, NODE_MAP, r->line));
	char *name = NULL;
	int e;

	if (is_word(r->line, "block"))
		effect = "block";
	else if (is_word(r->line, "suspicious"))
		effect = "ask";
	else
		return bad_here(r, r->line, "expected block or suspicious");
	at = skip_space(at);
	if (!rule || !add_text(r, rule, "effect", r->line, "", effect, strlen(effect)))
		return no_memory(r->l);
	e = read_quoted(r, &at, &name);
	at = skip_space(at);
	if (e == 0 && *at)
		e = bad_here(r, at, "nothing may stand behind the name");
	if (e < 0)
		return e;
	make_name(name);
	if (!add_text(r, rule, "name", r->line, "", name, strlen(name)))
		return no_memory(r->l);
	r->have = false;
	return read_body(r, rule);
}

bool is_rules_file(const char *path)
{
	size_t len = strlen(path);

	return len > 6 && streq(path + len - 6, ".rules");
}

int rules_file_parse(struct loader *l, const char *text, size_t len, struct node **ret)
{
	const char *slash = strrchr(l->file, '/'), *base = slash ? slash + 1 : l->file;
	char tier[16] = "";
	struct reader r = {.l = l, .tier = tier, .line = "", .next = text, .end = text + len};
	struct node *root, *rules;
	int e;

	for (size_t i = 0; i < ARRAY_SIZE(tiers); i++)
		if (strlen(base) == strlen(tiers[i].tier) + 6 && str_starts(base, tiers[i].tier))
			(void)snprintf(tier, sizeof(tier), "%s", tiers[i].tier);
	root = new_node(&r, NODE_MAP, NULL);
	rules = add(root, "rules", new_node(&r, NODE_LIST, NULL));
	if (!rules)
		return no_memory(l);
	while ((e = next_line(&r)) > 0) {
		if (strchr(" \t", r.line[0]))
			return bad_here(&r, skip_space(r.line), "expected block or suspicious at the beginning of the line");
		e = read_rule(&r, rules);
		if (e < 0)
			return e;
	}
	if (e == 0)
		*ret = root;
	return e;
}
