/* Variables, and ${…}. */
#include "shell/eval.h"

#include <ctype.h>

/* ---- variables
 * -------------------------------------------------------------------------------------- */
static bool is_dynamic(const char *name)
{
	static const char *const names[] = {
		"RANDOM",	"SRANDOM",	 "SECONDS",	"LINENO",	"BASHPID",
		"BASH_COMMAND", "BASH_SUBSHELL", "HISTCMD",	"DIRSTACK",	"FUNCNAME",
		"GROUPS",	"PIPESTATUS",	 "BASH_LINENO", "EPOCHSECONDS", "EPOCHREALTIME",
		"BASH_ARGV",	"BASH_ARGC",	 "BASH_ARGV0",	"COMP_WORDS",	"BASH_CMDS",
		"BASH_ALIASES"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (name[0] == names[i][0] && streq(name, names[i]))
			return true;
	return false;
}

static bool is_set_by_shell(const char *name)
{
	static const char *const names[] = {
		"UID",	    "EUID",	"PPID",	    "SHLVL",	 "OSTYPE",	 "HOSTTYPE",
		"MACHTYPE", "HOSTNAME", "BASHOPTS", "SHELLOPTS", "BASH_VERSION", "BASH_VERSINFO",
		"OPTIND",   "PS4",	"_",	    "COLUMNS",	 "LINES",	 "OLDPWD"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (name[0] == names[i][0] && streq(name, names[i]))
			return true;
	return false;
}

const char *var_cwd(struct eval *ev)
{
	const struct value *v = state_get(ev->st.root, STATE_OTHER, "cwd");

	v = v ? eval_choose(ev, v) : NULL;
	return v && v->text && !has_unknown(v->text) ? v->text : NULL;
}

/* A variable that the text has not set. */
static const char *from_outside(struct eval *ev, const char *name)
{
	const struct shell_env *env = ev->env;
	const char *text = NULL;

	if (streq(name, "IFS"))
		return " \t\n";
	if (streq(name, "PWD")) {
		text = var_cwd(ev);
		return text ? text : value_unknown.text;
	}
	if (streq(name, "BASH"))
		return "/bin/bash";
	if (streq(name, "BASH_SOURCE"))
		return ev->f.zero && strchr(ev->f.zero, '/') ? ev->f.zero : value_unknown.text;
	if (env->getvar)
		text = env->getvar(env->arg, name);
	if (text) /* the byte that means unknown is no part of anybody's environment */
		return strchr(text, SHELL_UNKNOWN) ? value_unknown.text : text;
	if (streq(name, "HOME"))
		return env->home;
	if (streq(name, "USER") || streq(name, "LOGNAME"))
		return env->user ? env->user : value_unknown.text;
	if (is_set_by_shell(name))
		return value_unknown.text;
	if (env->getvar)
		return NULL;
	return streq(name, "TMPDIR") ? "/tmp" : value_unknown.text;
}

/* The binding, through namerefs. */
static const struct value *bound(struct eval *ev, const char **name)
{
	const struct value *v = state_get(ev->st.root, STATE_VAR, *name);

	for (unsigned i = 0; v && i < 8; i++) {
		v = eval_choose(ev, v);
		if (!v->nameref || !v->text || has_unknown(v->text) ||
		    !parse_is_name(v->text, strlen(v->text)))
			return v;
		*name = v->text;
		v = state_get(ev->st.root, STATE_VAR, *name);
	}
	return v;
}

const struct value *var_get(struct eval *ev, const char *name)
{
	const struct value *v;
	const char *text;

	if (is_dynamic(name))
		return &value_unknown;
	v = bound(ev, &name);
	if (v && v->nameref)
		return &value_unknown;
	if (v && !v->absent)
		return v->text || v->array ? v : NULL;
	text = from_outside(ev, name);
	return text ? value_text(&ev->a->arena, text) : NULL;
}

static const char *item(const struct value *v, const char *key)
{
	for (size_t i = v->n; i-- > 0;)
		if (streq(v->items[i].key, key))
			return v->items[i].text;
	return v->text; /* the rest, if it is not known; else NULL */
}

const char *var_text(struct eval *ev, const char *name)
{
	const struct value *v = var_get(ev, name);

	return !v ? NULL : v->array ? item(v, "0") : v->text;
}

const struct value *var_outside(struct eval *ev, const char *name)
{
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));

	if (v) {
		v->text = is_dynamic(name) ? value_unknown.text : from_outside(ev, name);
		v->exported = var_exported(ev, name);
	}
	return v;
}

bool var_exported(struct eval *ev, const char *name)
{
	const struct value *v = state_get(ev->st.root, STATE_VAR, name);

	if (v && !v->absent)
		return v->exported;
	return !ev->env->getvar || ev->env->getvar(ev->env->arg, name);
}

/* Variables that tell other programs what to run. */
static bool is_command_name(const char *name)
{
	static const char *const names[] = {"PAGER",  "GIT_PAGER",	     "MANPAGER",	"EDITOR",	   "VISUAL",
					    "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF",
					    "BROWSER",	  "SYSTEMD_PAGER",	     "KUBE_EDITOR",	"LESSOPEN",	   "LESSCLOSE",
					    "FCEDIT",	  "PSQL_PAGER",	     "PSQL_EDITOR",	"GH_PAGER",	   "DELTA_PAGER",
					    "BAT_PAGER",  "FZF_DEFAULT_COMMAND", "HGEDITOR",	"SVN_EDITOR",	   "GIT_PROXY_COMMAND"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(name, names[i]))
			return true;
	return false;
}

/* What a variable says is code, for some names. */
static bool is_code(struct eval *ev, const char *name, const char *text)
{
	struct state before = ev->st;
	bool ret = true;

	if (str_starts(name, "PS") && name[2] >= '0' && name[2] <= '4' && !name[3])
		return expand_code(ev, text) != NULL;
	if (streq(name, "PROMPT_COMMAND") || is_command_name(name)) {
		ret = follow_code(ev, ev->f.parent, text + (text[0] == '|'));
		ev->st = before;
	} else if (streq(name, "BASH_ENV") || streq(name, "ENV")) {
		const char *path = expand_code(ev, text);

		ret = path && follow_file(ev, ev->f.parent, path, NULL, 0, true);
		ev->st = before;
	}
	return ret;
}

static const char *change_case(struct eval *ev, const char *s, char op, bool all);

/* declare -l, -u, -c, -i: the value is in other letters, or what it is in arithmetic. */
const struct value *var_mangled(struct eval *ev, const struct value *v)
{
	const char *texts[] = {NULL, NULL, NULL};
	const struct value *ret = NULL;

	if (!v->mangled || !v->text || !v->text[strspn(v->text, "0123456789")] || has_unknown(v->text))
		return v;
	texts[0] = change_case(ev, v->text, ',', true);
	texts[1] = change_case(ev, v->text, '^', true);
	texts[2] = arith_text(ev, v->text);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct value *one = arena_alloc(&ev->a->arena, sizeof(*one));

		if (!one || !texts[i])
			return NULL;
		*one = *v;
		one->text = texts[i];
		ret = ret ? value_join(&ev->a->arena, ret, one) : one;
		if (!ret)
			return NULL;
	}
	return ret;
}

bool var_set_value(struct eval *ev, const char *name, struct value *v)
{
	const struct value *old = bound(ev, &name), *kept = v;

	if (!v)
		return eval_fail(ev, "out of memory");
	v->exported |= var_exported(ev, name) || eval_option(ev, "allexport");
	if (old) {
		v->mangled |= old->mangled;
		v->readonly |= old->readonly;
		kept = var_mangled(ev, v);
		if (kept && (old->nameref || old->readonly)) /* perhaps refused: then it keeps what it has */
			kept = value_join(&ev->a->arena, kept, old);
	}
	if (!kept)
		return eval_fail(ev, "out of memory");
	if (!eval_set(ev, STATE_VAR, name, kept))
		return false;
	return name[0] < 'A' || name[0] > 'Z' || !v->text || is_code(ev, name, v->text);
}

static long index_of(const char *key)
{
	return strtol(key, NULL, 10);
}

static bool set_item(struct eval *ev, const char *name, const struct value *old, const char *key,
		     const char *text)
{
	struct entry *items = arena_alloc(&ev->a->arena, (old->n + 1) * sizeof(*items)),
		     added = {key, text};
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));
	bool done = false;
	size_t n = 0;

	if (!items || !v || !eval_step(ev, old->n))
		return eval_fail(ev, "out of memory");
	for (size_t i = 0; i < old->n; i++) {
		bool same = streq(old->items[i].key, key);

		if (!done &&
		    (same || (!old->assoc && index_of(old->items[i].key) > index_of(key)))) {
			items[n++] = added;
			done = true;
		}
		if (!same)
			items[n++] = old->items[i];
	}
	if (!done)
		items[n++] = added;
	*v = *old;
	v->array = true;
	v->items = items;
	v->n = n;
	return var_set_value(ev, name, v);
}

bool var_set(struct eval *ev, const char *name, const char *text)
{
	const struct value *old;
	const char *open = strchr(name, '[');
	struct value *v;
	size_t len;

	if (!text)
		return eval_fail(ev, "out of memory");
	if (open) {
		const char *base = arena_strndup(&ev->a->arena, name, (size_t)(open - name));
		const char *key;
		static const struct value empty = {.array = true};

		len = strlen(open);
		key = arena_strndup(&ev->a->arena, open + 1, len > 2 ? len - 2 : 0);
		if (!base || !key || !expand_code(ev, key))
			return eval_fail(ev, "out of memory");
		old = var_get(ev, base);
		if (!old || !old->assoc)
			key = arith_text(ev, key);
		if (old && old->array && !has_unknown(key))
			return set_item(ev, base, old, key, text);
		if (old && !old->array && old->text && !has_unknown(key)) {
			const struct entry first = {"0", old->text};

			return set_item(ev, base,
					&(struct value){.array = true, .items = &first, .n = 1},
					key, text);
		}
		if (has_unknown(key))
			return set_item(ev, base,
					&(struct value){.array = true, .text = value_unknown.text},
					"", text);
		return set_item(ev, base, &empty, key, text);
	}
	old = state_get(ev->st.root, STATE_VAR, name);
	old = old ? eval_choose(ev, old) : NULL;
	if (old && old->array)
		return set_item(ev, name, old, "0", text);
	v = arena_alloc(&ev->a->arena, sizeof(*v));
	if (v)
		v->text = text;
	return var_set_value(ev, name, v);
}

/* ---- ${…}
 * -------------------------------------------------------------------------------------------- */
static bool add_items(struct eval *ev, const struct value *v, bool keys, struct fields *out)
{
	if (!v || (!v->array && !v->text))
		return true;
	if (!v->array)
		return expand_add(ev, out, keys ? "0" : v->text);
	for (size_t i = 0; i < v->n; i++)
		if (!expand_add(ev, out, keys ? v->items[i].key : v->items[i].text))
			return false;
	return !v->text || expand_add(ev, out, v->text);
}

static const struct value *args(struct eval *ev)
{
	const struct value *v = state_get(ev->st.root, STATE_OTHER, "args");

	return v ? eval_choose(ev, v) : NULL;
}

static const char *special(struct eval *ev, const char *name)
{
	const struct value *v;
	size_t i;

	switch (name[0]) {
	case '#':
		v = args(ev);
		return !v ? "0" : v->text ? value_unknown.text : eval_printf(ev, "%zu", v->n);
	case '?':
	case '$':
	case '!':
	case '-':
		return value_unknown.text;
	default:
		break;
	}
	i = strlen(name) < 6 ? (size_t)strtoul(name, NULL, 10) : SIZE_MAX;
	if (!i)
		return ev->f.zero ? ev->f.zero : value_unknown.text;
	v = args(ev);
	return v && i <= v->n ? v->items[i - 1].text : v ? v->text : NULL;
}

static bool is_list(const struct word *index)
{
	return index && index->text && (streq(index->text, "@") || streq(index->text, "*"));
}

/* The bare value of a name: one field, several, or none if it is not set. */
static bool base_values(struct eval *ev, const char *name, const struct word *index, bool keys,
			struct fields *out)
{
	const struct value *v;
	const char *text;

	if (name[0] == '@' || name[0] == '*') {
		v = args(ev);
		return add_items(ev, v, false, out);
	}
	if (!parse_is_name(name, strlen(name))) {
		text = special(ev, name);
		return !text || expand_add(ev, out, text);
	}
	v = var_get(ev, name);
	if (!index)
		text = var_text(ev, name);
	else if (is_list(index))
		return add_items(ev, v, keys, out);
	else {
		const char *key = expand_one(ev, index);

		if (!key || !expand_code(ev, key))
			return false;
		if (!v || !v->assoc)
			key = arith_text(ev, key);
		if (key && v && v->array && !v->assoc && key[0] == '-' && v->n && !has_unknown(key))
			key = eval_printf(ev, "%ld",
					  index_of(v->items[v->n - 1].key) + 1 + index_of(key));
		if (!key)
			return false;
		if (v && !v->array)
			v = streq(key, "0") || has_unknown(key) ? v : NULL;
		text = !v		  ? NULL
		       : has_unknown(key) ? value_unknown.text
		       : v->array	  ? item(v, key)
					  : v->text;
	}
	return !text || expand_add(ev, out, text);
}

/* ${!x}: the value of x names what is meant. */
static bool indirect(struct eval *ev, const struct param *x, struct fields *out)
{
	struct fields names = {0};
	const char *name, *open;
	struct word index = {0};
	size_t len;

	if (x->op == '@')
		return expand_add(ev, out, value_unknown.text);
	if (is_list(x->index))
		return base_values(ev, x->name, x->index, true, out);
	if (!base_values(ev, x->name, x->index, false, &names))
		return false;
	if (!names.n)
		return true;
	name = names.v[0];
	if (names.n > 1 || has_unknown(name))
		return expand_add(ev, out, value_unknown.text);
	open = strchr(name, '[');
	if (!open)
		return base_values(ev, name, NULL, false, out);
	len = strlen(open);
	index.text = arena_strndup(&ev->a->arena, open + 1, len > 2 ? len - 2 : 0);
	name = arena_strndup(&ev->a->arena, name, (size_t)(open - name));
	return index.text && name && base_values(ev, name, &index, false, out);
}

static const char *cut(struct eval *ev, const char *s, size_t from, size_t len)
{
	const char *ret = arena_strndup(&ev->a->arena, s + from, len);

	if (!ret)
		(void)eval_fail(ev, "out of memory");
	return ret;
}

static const char *trim(struct eval *ev, const struct param *x, const char *s, const char *pattern)
{
	size_t n = strlen(s);
	long shortest, longest, len;

	if (has_unknown(s))
		return value_unknown.text;
	if (!(x->op == '#' ? match_prefix : match_suffix)(ev, pattern, s, n, &shortest, &longest))
		return value_unknown.text;
	len = x->twice ? longest : shortest;
	if (len <= 0)
		return s;
	return x->op == '#' ? s + len : cut(ev, s, 0, n - (size_t)len);
}

static const char *replace(struct eval *ev, const struct param *x, const char *s,
			   const char *pattern, const char *with)
{
	size_t n = strlen(s);
	autobuf b = {0};

	if (has_unknown(s))
		return value_unknown.text;
	if (!*pattern)
		return s;
	for (size_t i = 0; i <= n;) {
		long shortest, longest;
		bool ok = x->letter == '%'
				  ? match_suffix(ev, pattern, s, n, &shortest, &longest)
				  : match_prefix(ev, pattern, s + i, n - i, &shortest, &longest);

		if (!ok)
			return value_unknown.text;
		if (longest > 0 || (longest == 0 && x->letter)) {
			if (x->letter == '%')
				buf_put(&b, s, n - (size_t)longest);
			buf_puts(&b, with);
			i = x->letter == '%' ? n : i + (size_t)longest;
			if (!x->twice || b.len > EVAL_FIELD_MAX) {
				buf_put(&b, s + i, n - i);
				break;
			}
			continue;
		}
		if (x->letter) {
			buf_puts(&b, s);
			break;
		}
		if (i < n)
			buf_putc(&b, s[i]);
		i++;
	}
	if (b.len > EVAL_FIELD_MAX || buf_failed(&b) || !eval_step(ev, b.len)) {
		(void)eval_fail(ev, "too much text");
		return NULL;
	}
	return cut(ev, buf_str(&b), 0, b.len);
}

static const char *change_case(struct eval *ev, const char *s, char op, bool all)
{
	char *ret = arena_strdup(&ev->a->arena, s);

	for (size_t i = 0; ret && ret[i] && (all || i == 0); i++)
		ret[i] = (char)(op == '^' ? toupper((unsigned char)ret[i])
					  : tolower((unsigned char)ret[i]));
	return ret;
}

static const char *quoted_form(struct eval *ev, const char *s)
{
	autobuf b = {0};

	buf_putc(&b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_puts(&b, "'\\''");
		else
			buf_putc(&b, *s);
	}
	buf_putc(&b, '\'');
	return cut(ev, buf_str(&b), 0, b.len);
}

static const char *transform(struct eval *ev, const struct param *x, const char *s)
{
	autobuf b = {0};

	switch (x->letter) {
	case 'Q':
		return quoted_form(ev, s);
	case 'U':
	case 'L':
	case 'u':
		return change_case(ev, s, x->letter == 'L' ? ',' : '^', x->letter != 'u');
	case 'P': /* a prompt: commands in it run */
		return expand_code(ev, s) ? value_unknown.text : NULL;
	case 'E':
		for (size_t i = 0, len; s[i];) {
			char out[4] = {s[i]};

			i++;
			len = 1;
			if (out[0] == '\\')
				i += parse_escape(s + i, strlen(s + i), out, &len);
			buf_put(&b, out, len);
		}
		return cut(ev, buf_str(&b), 0, b.len);
	default:
		return value_unknown.text;
	}
}

/* OFFSET:LENGTH of ${x:…}: false: not known. */
static bool slice(struct eval *ev, const char *text, long long n, long long first,
		  long long *ret_from, long long *ret_len)
{
	size_t i = 0, open = 0;
	const char *offset;
	long long len = n;

	while (text[i] && (text[i] != ':' || open)) {
		open += text[i] == '(' || text[i] == '?';
		open -= open && (text[i] == ')' || text[i] == ':');
		i++;
	}
	offset = arena_strndup(&ev->a->arena, text, i);
	if (!offset || !arith_value(ev, offset, ret_from))
		return false;
	if (*ret_from < 0)
		*ret_from += n + first;
	if (text[i] && !arith_value(ev, text + i + 1, &len))
		return false;
	if (*ret_from < 0 || *ret_from > n + first)
		*ret_from = n + first;
	if (len < 0)
		len = n + first - *ret_from + len;
	*ret_len = MIN(len, n + first - *ret_from);
	*ret_len = MAX(0LL, *ret_len);
	return true;
}

static bool slice_list(struct eval *ev, const struct param *x, const char *text, struct fields *out)
{
	bool positional = x->name[0] == '@' || x->name[0] == '*';
	long long from, len;
	struct fields in = *out;

	*out = (struct fields){0};
	for (size_t i = 0; i < in.n; i++)
		if (has_unknown(in.v[i]))
			return expand_add(ev, out, value_unknown.text);
	if (!slice(ev, text, (long long)in.n, positional, &from, &len))
		return expand_add(ev, out, value_unknown.text);
	if (positional && from == 0 && len-- > 0 && !expand_add(ev, out, special(ev, "0")))
		return false;
	for (from -= positional; len > 0; from++, len--)
		if (from >= 0 && from < (long long)in.n && !expand_add(ev, out, in.v[from]))
			return false;
	return true;
}

static const char *slice_text(struct eval *ev, const char *text, const char *s)
{
	long long from, len;

	if (!slice(ev, text, (long long)strlen(s), 0, &from, &len) || has_unknown(s))
		return value_unknown.text;
	return cut(ev, s, (size_t)from, (size_t)len);
}

static bool change_each(struct eval *ev, const struct param *x, struct fields *out)
{
	const char *pattern = NULL, *with = "";

	if (x->op == ':')
		pattern = x->word ? expand_one(ev, x->word) : "";
	else if (x->word)
		pattern = expand_pattern(ev, x->word);
	if (x->word2)
		with = expand_one(ev, x->word2);
	if (ev->a->unparsable || !with)
		return false;
	for (size_t i = 0; i < out->n; i++) {
		const char *s = out->v[i];

		switch (x->op) {
		case '#':
		case '%':
			s = trim(ev, x, s, pattern);
			break;
		case '/':
			s = replace(ev, x, s, pattern, with);
			break;
		case '^':
		case ',':
			s = *pattern && !streq(pattern, "?") ? value_unknown.text
							     : change_case(ev, s, x->op, x->twice);
			break;
		case ':':
			s = slice_text(ev, pattern, s);
			break;
		default:
			s = transform(ev, x, s);
			break;
		}
		if (!s)
			return eval_fail(ev, "out of memory");
		out->v[i] = s;
	}
	return true;
}

/* ${x-w} ${x=w} ${x+w} ${x?w} with their colons. */
static bool conditional(struct eval *ev, const struct param *x, struct fields *out,
			const struct word **ret_word)
{
	bool set = out->n && !(x->colon && out->n == 1 && !*out->v[0]),
	     use = x->op == '+' ? set : !set;

	if (out->n == 1 && is_unknown(out->v[0])) { /* perhaps empty, perhaps not set: both ways */
		size_t pick = eval_pick(ev, x, 2);

		if (pick == 2 || (pick == 0 && x->op != '+'))
			return pick != 2 || !x->word ||
			       expand_one(ev, x->word); /* for the commands in it */
		use = pick == 1;
	}
	if (!use && x->op != '+')
		return true;
	out->n = 0;
	if (!use) /* ${x+w}: nothing */
		return expand_add(ev, out, "");
	if (x->op == '?') {
		const char *said = expand_one(ev, x->word);

		return said && expand_add(ev, out, value_unknown.text); /* the shell ends here */
	}
	if (x->op == '=' && parse_is_name(x->name, strlen(x->name))) {
		const char *text = expand_one(ev, x->word);

		return text && var_set(ev, x->name, text) && expand_add(ev, out, text);
	}
	*ret_word = x->word;
	return true;
}

static bool list_length(struct eval *ev, struct fields *out, bool list)
{
	size_t n = out->n;
	bool unknown = false;

	for (size_t i = 0; i < n; i++)
		unknown |= has_unknown(out->v[i]);
	if (!list)
		n = n ? strlen(out->v[0]) : 0;
	for (size_t i = 0; !list && out->n && out->v[0][i]; i++)
		unknown |= (unsigned char)out->v[0][i] >=
			   0x80; /* characters, in a locale that is not known */
	out->n = 0;
	return expand_add(ev, out, unknown ? value_unknown.text : eval_printf(ev, "%zu", n));
}

bool param_values(struct eval *ev, const struct param *x, struct fields *out, bool *ret_list,
		  const struct word **ret_word)
{
	bool list = x->name[0] == '@' || x->name[0] == '*' || is_list(x->index);

	*ret_word = NULL;
	*ret_list = false;
	if (x->op == 'B')
		return expand_add(ev, out, value_unknown.text);
	if (!(x->indirect ? indirect(ev, x, out) : base_values(ev, x->name, x->index, false, out)))
		return false;
	*ret_list = list && !x->length;
	if (x->length)
		return list_length(ev, out, list);
	switch (x->op) {
	case '\0':
		return true;
	case '-':
	case '=':
	case '+':
	case '?':
		return conditional(ev, x, out, ret_word);
	case ':':
		if (list) {
			const char *text = expand_one(ev, x->word);

			return text && slice_list(ev, x, text, out);
		}
		return change_each(ev, x, out);
	case '@': /* names: done by indirect() */
		return true;
	default:
		return change_each(ev, x, out);
	}
}
