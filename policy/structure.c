#include "policy/structure.h"

#include "policy/command.h"
#include "text/url.h"

/* Each condition is one function in a table. What a condition needs to know and nobody knows, it does not meet,
 * except where a rule that blocks or asks would be dodged by it (see may_match()). */

/* --- texts ---------------------------------------------------------------------------------------- */

static bool any_glob(const struct text_conds *t, const char *text)
{
	for (size_t i = 0; i < t->n; i++)
		if (pattern_match_flat(t->v[i].text, text, true))
			return true;
	return false;
}

static bool is_listed(const struct cond *k, const char *text)
{
	return any_glob(&k->yes, text) && !any_glob(&k->no, text);
}

static bool any_regex(const struct text_conds *t, const char *text, size_t len, bool limit)
{
	for (size_t i = 0; i < t->n; i++)
		if (text_cond_matches(&t->v[i], text, len, 0, limit))
			return true;
	return false;
}

static bool bytes_match(const struct cond *k, const char *text, size_t len, bool limit)
{
	return text && any_regex(&k->yes, text, len, limit) && !any_regex(&k->no, text, len, !limit);
}

/* --- paths ---------------------------------------------------------------------------------------- */

static bool is_wild(char c, bool is_glob)
{
	return c == SHELL_UNKNOWN || (is_glob && strchr("*?[", c) && c);
}

/* Could the component [@s, @s + len), parts of which are not known, be one that [@p, @p + plen) matches? Only the ends
 * of both, up to the first and behind the last wildcard, are compared: more is a match. */
static bool component_may_match(const char *p, size_t plen, const char *s, size_t len, bool is_glob)
{
	size_t i = 0, k = 0;

	if (is_glob && len && strchr("*?[", s[0]) && plen && p[0] == '.')
		return false; /* a shell's wildcard is no leading dot */
	while (i < plen && i < len && !is_wild(s[i], is_glob) && !strchr("*?[\\", p[i]))
		if (p[i] != s[i])
			return false;
		else
			i++;
	if (i == len || i == plen)
		return i == len ? i == plen || p[i] == '*' : is_wild(s[i], is_glob);
	while (k < plen - i && k < len - i && !is_wild(s[len - 1 - k], is_glob) && s[len - 1 - k] != ']' &&
	       !strchr("*?]\\", p[plen - 1 - k]))
		if (p[plen - 1 - k] != s[len - 1 - k])
			return false;
		else
			k++;
	return true;
}

static bool has_known_byte(const char *s, size_t len, bool is_glob)
{
	for (size_t i = 0; i < len; i++)
		if (!is_wild(s[i], is_glob))
			return true;
	return false;
}

/* Could @text, with stretches that are not known, be a path that @pattern matches? The part up to the first such
 * component must be one that the pattern spells out, or the component itself must be known in part: what is
 * wholly unknown could be anything, and is asked about elsewhere. @tries bounds the work. */
static bool may_match(const char *pattern, const char *text, bool is_glob, unsigned *tries)
{
	const char *p = pattern, *s = text;
	bool spelled = false;

	for (;;) {
		size_t plen, len, wild = 0;

		p += *p == '/';
		s += *s == '/';
		if (!*s || !*p)
			return !*p && !*s ? true : !*p && spelled && pattern_covers(pattern);
		plen = strcspn(p, "/");
		len = strcspn(s, "/");
		while (wild < len && !is_wild(s[wild], is_glob))
			wild++;
		if (plen == 2 && strncmp(p, "**", 2) == 0) {
			for (const char *at = s - 1; p[2] && at; at = strchr(at + 1, '/'))
				if (!*tries || !--*tries || may_match(p + 2, at, is_glob, tries))
					return true;
			return !p[2] && len > 0;
		}
		if (wild < len && !spelled && !has_known_byte(s, len, is_glob))
			return false;
		if (!component_may_match(p, plen, s, len, is_glob))
			return false;
		spelled = true;
		p += plen;
		s += len;
	}
}

/* Is the tree at @dir one that the pattern's fixed beginning lies in? */
static bool tree_holds(const char *dir, const char *pattern)
{
	size_t n = pattern_literal_prefix(pattern), len = strlen(dir);

	return streq(dir, "/") || (n > len && strncmp(pattern, dir, len) == 0 && pattern[len] == '/');
}

static bool effect_path_matches(const struct text_conds *t, const struct shell_effect *e, bool limit)
{
	bool vague = e->unknown || e->is_glob;
	unsigned tries = 10000; /* more is as good as a match */
	size_t len = strlen(e->text);

	for (size_t i = 0; i < t->n; i++) {
		const struct text_cond *c = &t->v[i];

		if (vague && !limit)
			continue; /* an allow rule does not go by what is not known */
		if (text_cond_matches(c, e->text, len, 0, limit))
			return true;
		if (c->kind != TEXT_PATH || e->text[0] != '/')
			continue;
		if (vague && may_match(c->text, e->text, e->is_glob, &tries))
			return true;
		if (limit && e->recursive && tree_holds(e->text, c->text))
			return true;
	}
	return false;
}

/* --- destinations --------------------------------------------------------------------------------- */

static bool hosts_hold(const struct host_list *l, const struct policy_dest *d)
{
	for (size_t i = 0; i < l->n; i++)
		if (dest_matches(&l->v[i], d))
			return true;
	return false;
}

/* The destination in an effect's text: a URL, HOST, HOST:PORT or unix:PATH. */
static bool read_dest(const char *text, struct url *u, struct policy_dest *ret)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);
	unsigned long port = 0;
	struct err err;

	*ret = (struct policy_dest){0};
	if (str_starts(text, "unix:")) {
		ret->unix_abstract = text[5] == '@';
		ret->unix_path = text + 5 + ret->unix_abstract;
		return true;
	}
	if (strstr(text, "://")) {
		if (url_parse(text, u, &err) < 0 || u->kind == URL_FILE)
			return false;
		ret->unix_path = u->kind == URL_UNIX ? u->path : NULL;
		ret->host = u->kind == URL_HOST ? u->host : NULL;
		ret->port = u->port;
		return true;
	}
	if (colon && (strchr(text, ':') == colon || (colon > text && colon[-1] == ']'))) {
		port = strtoul(colon + 1, NULL, 10);
		len = (size_t)(colon - text);
	}
	ret->port = port <= UINT16_MAX ? (uint16_t)port : 0;
	ret->host = u->host;
	return url_host(text, len, u->host, &err) == 0;
}

static bool effect_host_matches(const struct cond *k, const struct shell_effect *e, bool limit)
{
	struct policy_dest d;
	struct url u;

	if (e->unknown && !limit)
		return false;
	if (!read_dest(e->text, &u, &d)) {
		/* nobody knows where it goes: only a rule about all destinations is about this one */
		for (size_t i = 0; limit && i < k->hosts.n; i++)
			if (k->hosts.v[i].kind == HOST_ANY && !k->hosts.v[i].port)
				return true;
		return false;
	}
	return hosts_hold(&k->hosts, &d) && !hosts_hold(&k->no_hosts, &d);
}

/* --- the scene ------------------------------------------------------------------------------------ */

void scene_init(struct scene *s, const struct policy_action *a)
{
	s->a = a;
	s->self = a->shell && a->command < a->shell->n_commands ? &a->shell->commands[a->command] : NULL;
	s->have_relations = s->have_effects = s->many_effects = false;
	s->n_own = 0;
}

/* The stages that @c is in: its own, and those of what runs it. */
static enum relation relation_to(const struct shell_analysis *a, const struct shell_command *self,
				 const struct shell_command *c)
{
	const struct shell_command *up = self;

	for (unsigned depth = 0; depth <= SHELL_DEPTH_MAX; depth++) {
		if (up->pipeline == c->pipeline && up->stage != c->stage)
			return c->stage > up->stage ? RELATION_LATER : RELATION_EARLIER;
		if (up->parent < 0 || (size_t)up->parent >= a->n_commands)
			break;
		up = &a->commands[up->parent];
	}
	return RELATION_NONE;
}

static void find_relations(struct scene *s)
{
	const struct shell_analysis *a = s->a->shell;
	size_t n = MIN(a->n_commands, (size_t)SHELL_COMMANDS_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct shell_command *c = &a->commands[i];

		s->relation[i] = relation_to(a, s->self, c);
		if (!s->relation[i] && c->parent >= 0 && (size_t)c->parent < i)
			s->relation[i] = s->relation[c->parent];
	}
	s->have_relations = true;
}

static enum relation relation_of(struct scene *s, size_t command)
{
	if (!s->have_relations)
		find_relations(s);
	return command < SHELL_COMMANDS_MAX && command < s->a->shell->n_commands ? s->relation[command] : RELATION_NONE;
}

static void find_effects(struct scene *s)
{
	const struct shell_analysis *a = s->a->shell;

	for (size_t i = 0; i < a->n_effects && !s->many_effects; i++) {
		if (a->effects[i].command != s->a->command)
			continue;
		if (s->n_own == SCENE_EFFECTS_MAX)
			s->many_effects = true;
		else
			s->own[s->n_own++] = (uint32_t)i;
	}
	s->have_effects = true;
}

/* --- conditions about effects --------------------------------------------------------------------- */

static bool effect_holds(const struct cond *k, const struct shell_effect *e, bool recursive, bool limit)
{
	static const struct {
		enum shell_effect_kind kind;
		bool sent;
	} wanted[COND_COUNT] = {
		[COND_READS_FILE] = {SHELL_READ, false},     [COND_WRITES_FILE] = {SHELL_WRITE, false},
		[COND_DELETES_FILE] = {SHELL_DELETE, false}, [COND_SENDS_FILE] = {SHELL_READ, true},
		[COND_CONNECTS] = {SHELL_CONNECT, false},
	};

	if (k->id == COND_RECURSIVE)
		return e->recursive;
	if (e->kind != wanted[k->id].kind || (wanted[k->id].sent && !e->sent))
		return false;
	if (k->id == COND_CONNECTS)
		return effect_host_matches(k, e, limit);
	return (e->recursive || !recursive) && effect_path_matches(&k->yes, e, limit) &&
	       !effect_path_matches(&k->no, e, !limit);
}

/* In a rule about a pipeline what an earlier stage reads passes through this command, and what a later one contacts
 * gets what comes out of it. */
static bool counts(struct scene *s, const struct match *m, const struct cond *k, const struct shell_effect *e)
{
	if (e->command == s->a->command)
		return true;
	if (!(m->has & CONDS_PIPELINE))
		return false;
	return relation_of(s, e->command) == (k->id == COND_CONNECTS ? RELATION_LATER : RELATION_EARLIER);
}

static bool some_effect_holds(struct scene *s, const struct match *m, const struct cond *k, bool limit)
{
	const struct shell_analysis *a = s->a->shell;
	bool recursive = m->has & COND_BIT(COND_RECURSIVE);

	if (!s->self)
		return false;
	if (!s->have_effects)
		find_effects(s);
	if (!s->many_effects && !(m->has & CONDS_PIPELINE)) {
		for (size_t i = 0; i < s->n_own; i++)
			if (effect_holds(k, &a->effects[s->own[i]], recursive, limit))
				return true;
		return false;
	}
	for (size_t i = 0; i < a->n_effects; i++)
		if (counts(s, m, k, &a->effects[i]) && effect_holds(k, &a->effects[i], recursive, limit))
			return true;
	return false;
}

static bool stage_is(const struct shell_command *c, const struct cond *k, bool limit)
{
	bool hit = false;

	for (size_t i = 0; i < k->yes.n && !hit; i++)
		hit = command_is_program(NULL, c->argv, &k->yes.v[i], limit);
	for (size_t i = 0; i < k->no.n && hit; i++)
		hit = !command_is_program(NULL, c->argv, &k->no.v[i], !limit);
	return hit;
}

#define STAGES_MAX 256 /* nobody writes more; more of them count as all that a rule could look for */

static bool some_stage_is(struct scene *s, const struct cond *k, enum relation want, bool limit)
{
	const struct shell_analysis *a = s->a->shell;
	unsigned tried = 0;

	for (size_t i = 0; s->self && i < a->n_commands; i++) {
		if (relation_of(s, i) != want || !a->commands[i].argc)
			continue;
		if (++tried > STAGES_MAX)
			return limit;
		if (stage_is(&a->commands[i], k, limit))
			return true;
	}
	return false;
}

/* --- conditions about variables ------------------------------------------------------------------- */

/* A glob with '=' in it is about the value too. */
static bool any_assignment(const struct text_conds *t, const char *name, const char *assignment)
{
	for (size_t i = 0; i < t->n; i++)
		if (pattern_match_flat(t->v[i].text, strchr(t->v[i].text, '=') ? assignment : name, true))
			return true;
	return false;
}

#define ASSIGNMENT_MAX 4096 /* what is behind it of a value is not looked at */

static bool assignment_is_listed(const struct cond *k, const char *name, size_t name_len, const char *value)
{
	char both[ASSIGNMENT_MAX], alone[256];

	if (name_len >= sizeof(alone))
		return false; /* no variable that means something is called that */
	memcpy(alone, name, name_len);
	alone[name_len] = '\0';
	(void)snprintf(both, sizeof(both), "%s=%s", alone, value ? value : "");
	return any_assignment(&k->yes, alone, both) && !any_assignment(&k->no, alone, both);
}

static bool effect_sets(const struct cond *k, const struct shell_effect *e)
{
	size_t len = strcspn(e->text, "=+");
	const char *eq = strchr(e->text, '=');

	return e->kind == SHELL_SETENV && assignment_is_listed(k, e->text, len, eq ? eq + 1 : NULL);
}

static bool sets_env(struct scene *s, const struct cond *k)
{
	const struct shell_analysis *a = s->a->shell;
	const struct shell_command *c = s->self;

	for (size_t i = 0; c && i < c->n_env; i++)
		if (assignment_is_listed(k, c->env[i].name, strlen(c->env[i].name), c->env[i].value))
			return true;
	for (size_t i = 0; c && i < a->n_effects; i++)
		if (a->effects[i].command == s->a->command && effect_sets(k, &a->effects[i]))
			return true;
	return false;
}

static bool is_unknown(struct scene *s, const struct cond *k)
{
	const struct policy_action *a = s->a;
	const struct shell_command *c = s->self;
	bool whole = a->command >= a->shell->n_commands;

	for (size_t i = 0; i < k->yes.n; i++) {
		const char *word = k->yes.v[i].text;

		if (streq(word, "operand") && a->unknown)
			return true;
		if (streq(word, "code") && a->op == POLICY_EXEC && a->shell->unknown_code &&
		    (whole || a->shell->unknown_code_by == a->command))
			return true;
		if (streq(word, "command") && a->op == POLICY_EXEC && c && c->argc &&
		    strchr(command_base(c->argv[0]), SHELL_UNKNOWN))
			return true;
	}
	return false;
}

/* --- all of them ---------------------------------------------------------------------------------- */

static bool is_path(const char *path, const struct cond *k, bool limit)
{
	return path && conds_match(k, path, limit);
}

static bool is_dest(const struct policy_action *a, const struct cond *k)
{
	return a->op == POLICY_CONNECT && a->dest && hosts_hold(&k->hosts, a->dest) &&
	       !hosts_hold(&k->no_hosts, a->dest);
}

static bool call_cond_holds(const struct policy_action *a, const char *path, const struct cond *k, bool limit)
{
	switch ((int)k->id) {
	case COND_TOOL:
		return a->tool && is_listed(k, a->tool);
	case COND_SERVER:
		return a->server && is_listed(k, a->server);
	case COND_SERVER_NOT_IN:
		return a->server && !is_listed(k, a->server);
	case COND_SECRET:
		return a->secret && is_listed(k, a->secret);
	case COND_HOST:
		return is_dest(a, k);
	case COND_PATH:
		return is_path(path, k, limit);
	case COND_INPUT:
		return a->input && bytes_match(k, a->input, strlen(a->input), limit);
	case COND_CONTENT:
		if (a->op == POLICY_TOOL)
			return a->input && bytes_match(k, a->input, strlen(a->input), limit);
		return bytes_match(k, a->text, a->text_len, limit);
	default: /* command_matches() knows the rest */
		return true;
	}
}

static bool text_cond_holds(struct scene *s, const struct match *m, const struct cond *k, bool limit)
{
	const struct shell_analysis *a = s->a->shell;

	switch ((int)k->id) {
	case COND_IN_TEXT:
		return true;
	case COND_UNKNOWN:
		return is_unknown(s, k);
	case COND_UNPARSABLE:
		return a->unparsable;
	case COND_DECODED:
		return a->decoded;
	case COND_FORK_BOMB:
		return a->fork_bomb;
	case COND_SETS_ENV:
		return sets_env(s, k);
	case COND_PIPELINE_TO:
		return some_stage_is(s, k, RELATION_LATER, limit);
	case COND_PIPELINE_FROM:
		return some_stage_is(s, k, RELATION_EARLIER, limit);
	default:
		return some_effect_holds(s, m, k, limit);
	}
}

bool structure_matches(struct scene *s, const struct policy_action *a, const char *path, const struct match *m, bool limit)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct cond *k = &m->v[i];

		if (k->id == COND_IN_TEXT && (unsigned)a->op >= POLICY_OP_COUNT)
			continue; /* no system call asks that */
		if (CONDS_TEXT & COND_BIT(k->id)) {
			if (!s || !text_cond_holds(s, m, k, limit))
				return false;
		} else if (!call_cond_holds(a, path, k, limit)) {
			return false;
		}
	}
	return true;
}
