/* The builtins that change what the following commands mean, or that run text. */
#include "shell/commands.h"
#include "shell/eval.h"
#include "shell/output.h"

struct builtin {
	struct eval *ev;
	const char *const *argv; /* behind the name */
	size_t n;
	const char *name;
	const struct command_in *in;
	int index;
	bool apply; /* the command table is asked as well */
};

static bool set_option(struct eval *ev, const char *name, bool on)
{
	if (!on && !eval_option(ev, name))
		return true;
	return eval_set(ev, STATE_OTHER, name, on ? value_text(&ev->a->arena, "1") : &value_absent);
}

static const char *joined(struct eval *ev, const char *const *argv, size_t n)
{
	autobuf b = {0};
	const char *ret;

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&b, ' ');
		buf_puts(&b, argv[i]);
	}
	ret = buf_failed(&b) ? NULL : arena_strndup(&ev->a->arena, buf_str(&b), b.len);
	if (!ret)
		(void)eval_fail(ev, "out of memory");
	return ret;
}

/* ---- assignments
 * --------------------------------------------------------------------------------------------- */
static bool assign_elements(struct eval *ev, const struct assign *as)
{
	const struct value *old = var_get(ev, as->name);
	bool assoc = old && old->assoc, unknown = false;
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));
	struct entry *items = NULL;
	size_t cap = 0, n = 0;
	long long next = 0;

	if (!v)
		return eval_fail(ev, "out of memory");
	for (const struct element *e = as->elements; e; e = e->next) {
		const char *key = e->index ? expand_one(ev, e->index) : NULL;
		struct fields f = {0};

		if ((e->index && !key) || (key && !expand_index_code(ev, key)))
			return false;
		if (key && !assoc && !arith_value(ev, key, &next))
			unknown = true;
		if (e->index ? !expand_add(ev, &f, expand_one(ev, e->value))
			     : !expand_words(ev, e->value, &f))
			return false;
		for (size_t i = 0; i < f.n; i++) {
			items = arena_grow(&ev->a->arena, items, n, &cap, sizeof(*items));
			if (!items || n >= EVAL_WORDS_MAX)
				return eval_fail(ev, "too large an array");
			items[n++] = (struct entry){
				.key = key && assoc ? key : eval_printf(ev, "%lld", next),
				.text = f.v[i]};
			next++;
		}
	}
	*v = (struct value){.array = true, .assoc = assoc, .items = items, .n = n};
	if (unknown)
		v->text = value_unknown.text;
	if (as->append && old && !unknown && !assoc) {
		struct entry *all = arena_alloc(&ev->a->arena, (old->n + n + 2) * sizeof(*all));
		const struct entry first = {"0", old->text};
		size_t k = 0;

		if (!all || !eval_step(ev, old->n))
			return eval_fail(ev, "out of memory");
		if (!old->array && old->text)
			all[k++] = first;
		for (size_t i = 0; i < old->n; i++)
			all[k++] = old->items[i];
		for (size_t i = 0; i < n; i++, k++)
			all[k] = (struct entry){.key = eval_printf(ev, "%zu", k), .text = items[i].text};
		v->items = all;
		v->n = k;
		v->text = old->array ? old->text : NULL;
	} else if (as->append && old) { /* which elements it has then is not followed */
		v->text = value_unknown.text;
	}
	return var_set_value(ev, as->name, v);
}

bool builtin_assign(struct eval *ev, const struct assign *as, const char **ret_text)
{
	const char *name = as->name, *text;

	*ret_text = NULL;
	if (as->array)
		return assign_elements(ev, as);
	text = expand_one(ev, as->value);
	if (!text)
		return false;
	if (as->index) {
		const char *key = expand_one(ev, as->index);

		name = key ? eval_printf(ev, "%s[%s]", as->name, key) : NULL;
		if (!name)
			return false;
	}
	if (as->append) {
		const char *old = as->index ? value_unknown.text : var_text(ev, name);

		text = old ? eval_printf(ev, "%s%s", old, text) : text;
		if (!text || strlen(text) > EVAL_FIELD_MAX || !eval_step(ev, strlen(text)))
			return eval_fail(ev, "too much text");
	}
	*ret_text = text;
	return var_set(ev, name, text);
}

/* The @k-th operand of a declaring builtin that is an array. */
static const struct assign *array_operand(const struct eval *ev, size_t k)
{
	for (const struct word *w = ev->declares; w; w = w->next)
		if (w->assign && w->assign->array && k-- == 0)
			return w->assign;
	return NULL;
}

static bool remember_local(struct eval *ev, const char *name)
{
	const char **v;

	if (!ev->f.call)
		return true;
	v = arena_grow(&ev->a->arena, ev->locals, ev->n_locals, &ev->cap_locals, sizeof(*v));
	if (!v)
		return eval_fail(ev, "out of memory");
	ev->locals = v;
	v[ev->n_locals++] = name;
	return true;
}

static bool remember_export(struct eval *ev, const char *name)
{
	const char *text = var_text(ev, name);
	struct shell_assign *v;

	if (!text)
		return true;
	/* Commands that were recorded keep what they have: a list only ever grows behind its end.
	 */
	v = arena_grow(&ev->a->arena, ev->exports, ev->n_exports, &ev->cap_exports, sizeof(*v));
	if (!v)
		return eval_fail(ev, "out of memory");
	ev->exports = v;
	v[ev->n_exports++] = (struct shell_assign){.name = name, .value = text};
	return true;
}

struct attributes {
	bool local, exported, not_exported, readonly, nameref, mangled, array, assoc, functions,
		print, global;
};

static void attribute(struct attributes *at, char sign, char letter)
{
	bool on = sign == '-';

	at->exported |= on && letter == 'x';
	at->not_exported |= (!on && letter == 'x') || (on && letter == 'n' && at->exported);
	at->readonly |= on && letter == 'r';
	at->nameref |= on && letter == 'n';
	at->mangled |= on && letter && strchr("iluc", letter);
	at->array |= on && letter == 'a';
	at->assoc |= on && letter == 'A';
	at->functions |= letter == 'f' || letter == 'F';
	at->print |= letter == 'p';
	at->global |= letter == 'g';
}

static bool apply_attributes(struct eval *ev, const char *name, const struct attributes *at,
			     bool assigned)
{
	enum state_kind kind = at->functions ? STATE_FUNCTION : STATE_VAR;
	const struct value *old = state_get(ev->st.root, kind, name);
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));

	if (!v)
		return eval_fail(ev, "out of memory");
	if (!old && kind == STATE_FUNCTION)
		return true;
	old = old && !old->absent ? old : var_outside(ev, name);
	if (!old)
		return eval_fail(ev, "out of memory");
	*v = at->local && !assigned ? (struct value){0} : *old;
	v->exported = (v->exported || at->exported) && !at->not_exported;
	v->readonly |= at->readonly;
	v->nameref |= at->nameref;
	v->mangled |= at->mangled;
	v->array |= at->array || at->assoc;
	v->assoc |= at->assoc;
	old = var_mangled(ev, v);
	if (!old)
		return eval_fail(ev, "out of memory");
	return eval_set(ev, kind, name, old) &&
	       (!at->exported || at->functions || remember_export(ev, name));
}

static bool declare_one(struct builtin *b, const char *word, const struct attributes *at,
			size_t *arrays)
{
	struct eval *ev = b->ev;
	size_t len = parse_assignment(word);
	const char *name = len ? arena_strndup(&ev->a->arena, word, strcspn(word, "[+=")) : word,
		   *text;
	bool append = len && word[len] == '+';
	const struct assign *as;

	if (!name || !parse_is_name(name, strlen(name)))
		return expand_index_code(ev, word);
	if (at->local && !remember_local(ev, name))
		return false;
	if (at->assoc &&
	    !apply_attributes(ev, name, &(struct attributes){.assoc = true, .local = at->local},
			      false))
		return false;
	if (len) {
		text = word + len + 1 + append;
		as = streq(text, "(…)") ? array_operand(ev, (*arrays)++) : NULL;
		if (append && !as) {
			const char *old = var_text(ev, name);

			text = old ? eval_printf(ev, "%s%s", old, text) : text;
		}
		name = word[strlen(name)] == '[' ? arena_strndup(&ev->a->arena, word, len) : name;
		if ((at->array || at->assoc) && !as && text[0] == '(') { /* read again, as elements */
			if (!name || !eval_set(ev, STATE_VAR, name, &value_unknown_array))
				return false;
			return true;
		}
		if (!name || !(as	     ? assign_elements(ev, as)
			       : at->nameref ? true
					     : var_set(ev, name, text)))
			return false;
		if (at->nameref && !eval_set(ev, STATE_VAR, name, value_text(&ev->a->arena, text)))
			return false;
		if (strchr(name, '['))
			return true;
	}
	return apply_attributes(ev, name, at, len || at->assoc);
}

static bool do_declare(struct builtin *b)
{
	bool local = streq(b->name, "local");
	struct attributes at = {.exported = streq(b->name, "export"),
				.readonly = streq(b->name, "readonly")};
	size_t i = 0, arrays = 0;

	for (; i < b->n && (b->argv[i][0] == '-' || b->argv[i][0] == '+') && b->argv[i][1]; i++) {
		if (streq(b->argv[i], "--")) {
			i++;
			break;
		}
		for (const char *s = b->argv[i] + 1; *s; s++)
			attribute(&at, b->argv[i][0], *s);
	}
	if (streq(b->name, "export"))
		at.nameref = false;
	at.local = (local || streq(b->name, "declare") || streq(b->name, "typeset")) &&
		   b->ev->f.call && !at.global;
	b->apply = true;
	if (at.print || i == b->n)
		eval_emit(b->ev, NULL);
	for (; i < b->n && !at.print; i++)
		if (!declare_one(b, b->argv[i], &at, &arrays))
			return false;
	return true;
}

static bool do_unset(struct builtin *b)
{
	static const struct value unset;
	bool functions = false, variables = true;

	for (size_t i = 0; i < b->n; i++) {
		const char *s = b->argv[i];

		if (s[0] == '-') {
			functions |= strchr(s, 'f') != NULL;
			variables &= !functions;
			continue;
		}
		if (!expand_index_code(b->ev, s))
			return false;
		if (strchr(s, '['))
			s = arena_strndup(&b->ev->a->arena, s, strcspn(s, "["));
		if (!s)
			return eval_fail(b->ev, "out of memory");
		if (variables &&
		    !eval_set(b->ev, STATE_VAR, s, s == b->argv[i] ? &unset : &value_unknown))
			return false;
		if ((functions || !state_get(b->ev->st.root, STATE_VAR, s)) &&
		    !eval_set(b->ev, STATE_FUNCTION, s, &value_absent))
			return false;
	}
	return true;
}

static bool do_set(struct builtin *b)
{
	struct eval *ev = b->ev;
	size_t i = 0;

	if (!b->n)
		eval_emit(ev, NULL);
	for (; i < b->n; i++) {
		const char *s = b->argv[i];
		bool on = s[0] == '-';

		if (streq(s, "--") || streq(s, "-")) {
			i++;
			return (i == b->n && streq(s, "-")) ||
			       eval_set_args(ev, b->argv + i, b->n - i, false);
		}
		if ((s[0] != '-' && s[0] != '+') || !s[1])
			break;
		if (strchr(s, 'o') && i + 1 < b->n) {
			const char *name = b->argv[++i];

			if ((streq(name, "noglob") || streq(name, "allexport") ||
			     streq(name, "errexit")) &&
			    !set_option(ev, name, on))
				return false;
		}
		if ((strchr(s, 'f') && !set_option(ev, "noglob", on)) ||
		    (strchr(s, 'a') && !set_option(ev, "allexport", on)) ||
		    (strchr(s, 'e') && !set_option(ev, "errexit", on)))
			return false;
	}
	return i == b->n || eval_set_args(ev, b->argv + i, b->n - i, false);
}

static bool do_shift(struct builtin *b)
{
	const struct value *v = state_get(b->ev->st.root, STATE_OTHER, "args");
	long long by = 1;
	struct value *shifted = arena_alloc(&b->ev->a->arena, sizeof(*shifted));

	v = v ? eval_choose(b->ev, v) : NULL;
	if (!shifted || !v)
		return v == NULL;
	*shifted = *v;
	if (b->n && !arith_value(b->ev, b->argv[0], &by))
		shifted->text = value_unknown.text;
	by = by < 0 ? 0 : by;
	if ((size_t)by <= v->n || v->text) { /* more than there are: nothing happens */
		shifted->items = v->items + MIN((size_t)by, v->n);
		shifted->n = v->n - MIN((size_t)by, v->n);
	}
	return eval_set(b->ev, STATE_OTHER, "args", shifted);
}

/* ---- text that runs
 * -------------------------------------------------------------------------------------------- */
static bool do_eval(struct builtin *b)
{
	size_t skip = b->n && streq(b->argv[0], "--");
	const char *text = joined(b->ev, b->argv + skip, b->n - skip);

	return text && follow_code(b->ev, b->index, text);
}

/* Later, in a state nobody knows: from here, and then forgotten. */
static bool runs_later(struct builtin *b, const char *text)
{
	struct state before = b->ev->st;
	struct collector *out = b->ev->out;
	bool ok;

	b->ev->out = NULL;
	ok = follow_code(b->ev, b->index, text);
	b->ev->out = out;
	eval_leave_subshell(b->ev, before);
	return ok;
}

/* It may run now already, or at the end, when more of its variables are set: what is not known now counts then. */
static bool runs_at_end(struct builtin *b, const char *text)
{
	struct shell_analysis *a = b->ev->a;
	struct trap *t = arena_alloc(&a->arena, sizeof(*t));
	size_t first = a->n_effects, n = first;

	if (!t || !runs_later(b, text))
		return eval_fail(b->ev, "trap");
	for (size_t i = first; i < a->n_effects; i++)
		if (!a->effects[i].unknown)
			a->effects[n++] = a->effects[i];
	a->n_effects = n;
	*t = (struct trap){.next = b->ev->traps, .text = text, .by = b->index, .frame = b->ev->f};
	b->ev->traps = t;
	return true;
}

static bool do_trap(struct builtin *b)
{
	bool at_end = b->ev->f.parent < 0 && !b->ev->f.function && !b->ev->f.in_pipe;
	size_t i = 0;

	while (i < b->n && b->argv[i][0] == '-' && b->argv[i][1])
		i++;
	if (i + 1 >= b->n || streq(b->argv[i], "-")) {
		if (!b->n || i)
			eval_emit(b->ev, NULL);
		return true;
	}
	for (size_t k = i + 1; k < b->n; k++)
		at_end &= streq(b->argv[k], "EXIT") || streq(b->argv[k], "0") || streq(b->argv[k], "INT") ||
			  streq(b->argv[k], "TERM") || streq(b->argv[k], "HUP") || streq(b->argv[k], "QUIT");
	return at_end ? runs_at_end(b, b->argv[i]) : runs_later(b, b->argv[i]);
}

/* The value of the option @letter, attached or not; NULL: not there. */
static const char *option(const struct builtin *b, char letter)
{
	for (size_t i = 0; i < b->n; i++) {
		const char *s = b->argv[i], *at;

		if (s[0] != '-')
			continue;
		at = strchr(s, letter);
		if (at)
			return at[1] ? at + 1 : i + 1 < b->n ? b->argv[i + 1] : "";
	}
	return NULL;
}

static bool do_complete(struct builtin *b)
{
	const char *text = option(b, 'C');

	return !text || runs_later(b, text);
}

static bool do_bind(struct builtin *b)
{
	const char *text = option(b, 'x');

	text = text ? strchr(text, ':') : NULL;
	return !text || runs_later(b, text + 1 + strspn(text + 1, " \t"));
}

static bool run_rest(struct builtin *b, size_t from, bool builtins)
{
	struct eval *ev = b->ev;
	struct command_in c = {.argv = b->argv + from,
			       .argc = b->n - from,
			       .env = b->in->env,
			       .n_env = b->in->n_env};
	struct frame f = ev->f;
	bool ok;

	if (from >= b->n)
		return true;
	ev->f.parent = b->index;
	ev->f.depth++;
	ok = run_argv(ev, &c, builtins);
	ev->f = f;
	return ok;
}

static bool do_command(struct builtin *b)
{
	size_t i = 0;

	for (; i < b->n && b->argv[i][0] == '-'; i++)
		if (strpbrk(b->argv[i], "vV")) {
			eval_emit(b->ev, i + 2 == b->n && !strchr(b->argv[i], 'V') ? b->argv[i + 1] : NULL);
			return b->apply = true;
		}
	return run_rest(b, i, true);
}

static bool do_exec(struct builtin *b)
{
	size_t i = 0;

	while (i < b->n && b->argv[i][0] == '-' && b->argv[i][1]) {
		bool value = strchr(b->argv[i], 'a') && b->argv[i][strlen(b->argv[i]) - 1] == 'a';

		if (streq(b->argv[i], "--")) {
			i++;
			break;
		}
		i += 1U + value;
	}
	for (size_t k = 0; i >= b->n && k < b->in->n_redirects; k++)
		if (b->in->redirects[k].fd == 0)
			return set_option(b->ev, "stdin", true);
	return run_rest(b, i, false);
}

static bool do_source(struct builtin *b)
{
	const struct value *args = state_get(b->ev->st.root, STATE_OTHER, "args");
	struct exits x = {0}, *returns = b->ev->f.returns;
	size_t i = b->n && streq(b->argv[0], "--");
	bool ok;

	if (i >= b->n)
		return true;
	run_effect(b->ev, SHELL_RUN, b->argv[i], b->index);
	if (b->n - i > 1 && !eval_set_args(b->ev, b->argv + i + 1, b->n - i - 1, false))
		return false;
	b->ev->f.returns = &x;
	ok = follow_file(b->ev, b->index, b->argv[i], NULL, 0, true);
	b->ev->f.returns = returns;
	if (ok && x.any)
		ok = eval_join(b->ev, x.st);
	if (ok && b->n - i > 1)
		ok = eval_set(b->ev, STATE_OTHER, "args", args ? args : &value_absent);
	return ok;
}

static bool do_enable(struct builtin *b)
{
	const char *file = option(b, 'f');

	if (option(b, 'n'))
		b->ev->builtins_off = true;
	if (file) {
		run_effect(b->ev, SHELL_READ, file, b->index);
		run_effect(b->ev, SHELL_RUN, file, b->index);
	}
	return true;
}

/* hash -p FILE NAME: NAME is FILE from now on. */
static bool do_hash(struct builtin *b)
{
	const char *path = option(b, 'p');

	if (!path || b->n < 2 || path == b->argv[b->n - 1])
		return true;
	return eval_set(b->ev, STATE_ALIAS, b->argv[b->n - 1], value_text(&b->ev->a->arena, path));
}

static bool do_alias(struct builtin *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const char *eq = strchr(b->argv[i], '='), *name;

		if (!eq || eq == b->argv[i])
			continue;
		name = arena_strndup(&b->ev->a->arena, b->argv[i], (size_t)(eq - b->argv[i]));
		if (!name ||
		    !eval_set(b->ev, STATE_ALIAS, name, value_text(&b->ev->a->arena, eq + 1)))
			return eval_fail(b->ev, "out of memory");
	}
	return true;
}

static bool do_unalias(struct builtin *b)
{
	for (size_t i = 0; i < b->n; i++) /* -a: aliases that stay are tried in vain */
		if (b->argv[i][0] != '-' &&
		    !eval_set(b->ev, STATE_ALIAS, b->argv[i], &value_absent))
			return false;
	return true;
}

static bool do_let(struct builtin *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (!arith_text(b->ev, b->argv[i]))
			return false;
	return true;
}

static bool do_test(struct builtin *b)
{
	b->apply = true;
	for (size_t i = 1; i < b->n; i++)
		if (streq(b->argv[i - 1], "-v") && !expand_index_code(b->ev, b->argv[i]))
			return false;
	return true;
}

/* ---- directories
 * -------------------------------------------------------------------------------------------------
 */
static void found_one(void *to, const char *path)
{
	(void)path;
	*(bool *)to = true;
}

/* May a cd to @path fail? Not if it is there, or if the text made it. */
static bool may_be_missing(struct eval *ev, const char *path)
{
	bool found = false;

	if (!ev->env->glob || streq(path, "/") || strpbrk(path, "*?[]\\") ||
	    !ev->env->glob(ev->env->arg, path, found_one, &found) || found)
		return false;
	for (size_t i = 0; i < ev->a->n_effects; i++)
		if (ev->a->effects[i].kind == SHELL_WRITE &&
		    (path_under(ev->a->effects[i].text, path) ||
		     path_under(path, ev->a->effects[i].text)))
			return false;
	return eval_step(ev, ev->a->n_effects) && !eval_option(ev, "errexit");
}

/* CDPATH of one directory: there. That it is not there, but here, shows when it runs. */
static const char *by_cdpath(struct eval *ev, const char *dir)
{
	const char *path = var_text(ev, "CDPATH");

	return path && *path && !has_unknown(path) && !strchr(path, ':') ? eval_printf(ev, "%s/%s", path, dir) : NULL;
}

static bool go(struct eval *ev, const char *dir)
{
	const char *old = var_cwd(ev), *to = NULL;
	bool unknown = true;

	if (dir && !is_unknown(dir)) {
		if (dir[0] != '/' && dir[0] != '.' && state_get(ev->st.root, STATE_VAR, "CDPATH"))
			dir = by_cdpath(ev, dir);
		to = dir ? run_path(ev, dir, &unknown) : NULL;
	}
	if (!to || unknown)
		to = value_unknown.text;
	else if (may_be_missing(ev, to))
		ev->doubtful_cd = true;
	return var_set(ev, "OLDPWD", old ? old : value_unknown.text) && var_set(ev, "PWD", to) &&
	       eval_set(ev, STATE_OTHER, "cwd", value_text(&ev->a->arena, to));
}

static bool do_cd(struct builtin *b)
{
	size_t i = 0;

	while (i < b->n && b->argv[i][0] == '-' && b->argv[i][1] && !streq(b->argv[i], "--"))
		i++;
	i += i < b->n && streq(b->argv[i], "--");
	b->apply = true;
	if (i >= b->n)
		return go(b->ev, var_text(b->ev, "HOME"));
	return go(b->ev, streq(b->argv[i], "-") ? var_text(b->ev, "OLDPWD") : b->argv[i]);
}

static bool set_dirs(struct eval *ev, const struct value *v)
{
	return eval_set(ev, STATE_OTHER, "dirs", v ? v : &value_unknown);
}

static bool do_pushd(struct builtin *b)
{
	struct eval *ev = b->ev;
	const struct value *old = state_get(ev->st.root, STATE_OTHER, "dirs");
	const char *cwd = var_cwd(ev);
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));
	struct entry *items;

	if (b->n != 1 || b->argv[0][0] == '+' || b->argv[0][0] == '-')
		return set_dirs(ev, NULL) && go(ev, NULL);
	old = old ? eval_choose(ev, old) : NULL;
	items = arena_alloc(&ev->a->arena, ((old ? old->n : 0) + 1) * sizeof(*items));
	if (!v || !items)
		return eval_fail(ev, "out of memory");
	if (old && old->n)
		memcpy(items, old->items, old->n * sizeof(*items));
	items[old ? old->n : 0].text = cwd ? cwd : value_unknown.text;
	*v = (struct value){.items = items,
			    .n = (old ? old->n : 0) + 1,
			    .array = true,
			    .text = old ? old->text : NULL};
	for (size_t i = 0; i < v->n; i++)
		items[i].key = "";
	b->apply = true;
	return eval_step(ev, v->n) && set_dirs(ev, v) && go(ev, b->argv[0]);
}

static bool do_popd(struct builtin *b)
{
	const struct value *old = state_get(b->ev->st.root, STATE_OTHER, "dirs");
	struct value *v = arena_alloc(&b->ev->a->arena, sizeof(*v));

	old = old ? eval_choose(b->ev, old) : NULL;
	if (!old || !old->n || old->text || b->n || !v)
		return go(b->ev, NULL);
	*v = *old;
	v->n--;
	return set_dirs(b->ev, v) && go(b->ev, old->items[v->n].text);
}

/* ---- input
 * ---------------------------------------------------------------------------------------------------------
 */
/* What `read` may get: a line of the input, one of several if it is within a loop. */
static const struct value *line_value(struct eval *ev)
{
	const char *text = ev->f.stdin_kind == STDIN_KNOWN ? ev->f.stdin_text : NULL;
	const struct value *v = NULL;
	unsigned lines = 0;

	if (!text || is_unknown(text))
		return &value_unknown;
	if (has_unknown(text)) /* which may be several lines */
		v = &value_unknown;
	while (*text && lines++ <= STATE_ALTERNATIVES_MAX) {
		size_t n = strcspn(text, "\n");
		const char *start = text + strspn(text, " \t"), *copy;
		size_t len = start < text + n ? (size_t)(text + n - start) : 0;
		const struct value *one;

		while (len && (start[len - 1] == ' ' || start[len - 1] == '\t'))
			len--;
		copy = arena_strndup(&ev->a->arena, start, len);
		one = copy ? value_text(&ev->a->arena, copy) : NULL;
		v = v && one ? value_join(&ev->a->arena, v, one) : one;
		if (!v)
			return NULL;
		text += n + (text[n] == '\n');
		if (!ev->f.loops)
			break;
	}
	return v ? v : value_text(&ev->a->arena, "");
}

/* Split one line over several names. */
static bool read_fields(struct eval *ev, const char *const *names, size_t n, const char *line)
{
	const char *ifs = state_get(ev->st.root, STATE_VAR, "IFS") ? var_text(ev, "IFS") : " \t\n";
	bool plain = ifs && streq(ifs, " \t\n") && (n == 1 || !has_unknown(line)) && !strchr(line, '\\');

	for (size_t i = 0; i < n; i++) {
		size_t len;

		line += strspn(line, " \t");
		len = i + 1 == n ? strlen(line) : strcspn(line, " \t");
		if (!var_set(ev, names[i],
			     plain ? arena_strndup(&ev->a->arena, line, len) : value_unknown.text))
			return false;
		line += len;
	}
	return true;
}

static bool do_read(struct builtin *b)
{
	static const char with_value[] = "adinNptu";
	struct eval *ev = b->ev;
	static const char *const reply[] = {"REPLY"};
	const char *const *names;
	const struct value *line;
	bool raw = false, strange = false;
	size_t i = 0, n;

	for (; i < b->n && b->argv[i][0] == '-' && b->argv[i][1]; i++) {
		const char *s = b->argv[i] + 1;

		raw |= strchr(s, 'r') != NULL;
		s += strcspn(s, with_value);
		if (!*s)
			continue;
		if (*s == 'a') {
			const char *name = s[1] ? s + 1 : i + 1 < b->n ? b->argv[i + 1] : "REPLY";

			return eval_set(ev, STATE_VAR, name, &value_unknown_array);
		}
		strange |= strchr("dinNu", *s) != NULL;
		i += s[1] == '\0';
	}
	names = i < b->n ? b->argv + i : reply;
	n = i < b->n ? b->n - i : 1;
	for (size_t k = 0; k < n; k++)
		if (!expand_index_code(ev, names[k]))
			return false;
	line = strange ? &value_unknown : line_value(ev);
	if (!line)
		return eval_fail(ev, "out of memory");
	if (n == 1 && !strchr(names[0], '[') && line->alts && raw)
		return eval_set(ev, STATE_VAR, names[0], line);
	line = eval_choose(ev, line);
	return read_fields(ev, names, n, line->text);
}

static bool do_mapfile(struct builtin *b)
{
	const char *code = option(b, 'C'), *name = b->n ? b->argv[b->n - 1] : "MAPFILE";

	if (code && !runs_later(b, code))
		return false;
	return eval_set(b->ev, STATE_VAR, parse_is_name(name, strlen(name)) ? name : "MAPFILE",
			&value_unknown_array);
}

/* OPTARG is one of the arguments, or what hangs on an option. */
static bool do_getopts(struct builtin *b)
{
	const struct value *args = state_get(b->ev->st.root, STATE_OTHER, "args"), *v = &value_unknown;

	if (b->n < 2)
		return true;
	args = args ? eval_choose(b->ev, args) : NULL;
	for (size_t i = 0; v && args && i < args->n && i < STATE_ALTERNATIVES_MAX / 2; i++) {
		const char *s = args->items[i].text;

		v = value_join(&b->ev->a->arena, v, value_text(&b->ev->a->arena, s));
		if (v && s[0] == '-' && s[1] && s[2])
			v = value_join(&b->ev->a->arena, v, value_text(&b->ev->a->arena, s + 2));
	}
	return v && var_set(b->ev, b->argv[1], value_unknown.text) && eval_set(b->ev, STATE_VAR, "OPTARG", v) &&
	       var_set(b->ev, "OPTIND", value_unknown.text);
}

static bool do_printf(struct builtin *b)
{
	struct eval *ev = b->ev;
	struct shell_command c;
	const char **argv;
	autobuf out = {0};
	bool decoded, ok;

	b->apply = b->n < 3 || !streq(b->argv[0], "-v");
	if (b->apply)
		return true;
	argv = arena_alloc(&ev->a->arena, b->n * sizeof(*argv));
	if (!argv)
		return eval_fail(ev, "out of memory");
	argv[0] = "printf";
	for (size_t i = 2; i < b->n; i++)
		argv[i - 1] = b->argv[i];
	c = (struct shell_command){.argv = argv, .argc = b->n - 1};
	ok = output_of(&c, &out, &decoded) && !buf_failed(&out) && out.len <= EVAL_FIELD_MAX;
	return var_set(ev, b->argv[1],
		       ok ? arena_strndup(&ev->a->arena, buf_str(&out), strlen(buf_str(&out)))
			  : value_unknown.text);
}

/* ---- leaving
 * --------------------------------------------------------------------------------------------------------
 */
/* Does `exit` or `break` certainly do it? Not with redirections, which may fail, or strange
 * operands. */
static bool leaves(const struct builtin *b)
{
	return !b->in->n_redirects && !b->ev->builtins_off && b->n <= 1 &&
	       (!b->n || !b->argv[0][strspn(b->argv[0], "0123456789")]);
}

static bool leave(struct eval *ev, struct exits *x)
{
	struct state now = ev->st, all;

	if (!x || now.dead)
		return true;
	if (x->any) {
		ev->st = x->st;
		if (!eval_join(ev, now))
			return false;
		all = ev->st;
		ev->st = now;
	} else {
		all = now;
	}
	x->st = all;
	x->any = true;
	return true;
}

static bool do_exit(struct builtin *b)
{
	b->ev->st.dead |= leaves(b);
	return true;
}

static bool do_return(struct builtin *b)
{
	if (!leave(b->ev, b->ev->f.returns))
		return false;
	b->ev->st.dead |= b->ev->f.returns && leaves(b);
	return true;
}

static bool do_break(struct builtin *b)
{
	unsigned long levels = b->n ? strtoul(b->argv[0], NULL, 10) : 1;
	struct exits *x = b->ev->f.loops;

	for (; x && levels; levels--, x = x->up)
		if (!leave(b->ev, x))
			return false;
	b->ev->st.dead |= b->ev->f.loops && leaves(b);
	return true;
}

/* ---- the table
 * --------------------------------------------------------------------------------------------------------
 */
static const struct {
	const char *name;
	bool (*run)(struct builtin *b);
	bool prints; /* what it runs prints, or it prints nothing */
} table[] = {
	{".", do_source, true},
	{"[", do_test, true},
	{"alias", do_alias, false},
	{"bind", do_bind, false},
	{"break", do_break, true},
	{"builtin", do_command, true},
	{"cd", do_cd, true},
	{"chdir", do_cd, true},
	{"command", do_command, true},
	{"compgen", do_complete, false},
	{"complete", do_complete, true},
	{"continue", do_break, true},
	{"declare", do_declare, true},
	{"enable", do_enable, false},
	{"eval", do_eval, true},
	{"exec", do_exec, true},
	{"exit", do_exit, true},
	{"export", do_declare, true},
	{"getopts", do_getopts, true},
	{"hash", do_hash, true},
	{"let", do_let, true},
	{"local", do_declare, true},
	{"mapfile", do_mapfile, true},
	{"popd", do_popd, false},
	{"printf", do_printf, false},
	{"pushd", do_pushd, false},
	{"read", do_read, true},
	{"readarray", do_mapfile, true},
	{"readonly", do_declare, true},
	{"return", do_return, true},
	{"set", do_set, true},
	{"shift", do_shift, true},
	{"source", do_source, true},
	{"test", do_test, true},
	{"trap", do_trap, true},
	{"typeset", do_declare, true},
	{"unalias", do_unalias, true},
	{"unset", do_unset, true},
};

bool builtin_is_special(const char *name)
{
	static const char *const names[] = {
		":",	  ".",	      "source", "break", "continue", "eval",  "exec", "exit",
		"export", "readonly", "return", "set",	 "shift",    "times", "trap", "unset"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(name, names[i]))
			return true;
	return false;
}

bool builtin_run(struct eval *ev, const struct command_in *c, int index, bool *ret_apply,
		 bool *ret_prints)
{
	struct builtin b = {.ev = ev,
			    .argv = c->argv + 1,
			    .n = c->argc - 1,
			    .name = c->argv[0],
			    .in = c,
			    .index = index};
	size_t low = 0, high = ARRAY_SIZE(table);

	*ret_apply = true;
	*ret_prints = false;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int diff = strcmp(b.name, table[mid].name);

		if (diff == 0) {
			if (!table[mid].run(&b))
				return eval_fail(ev, "cannot be evaluated");
			*ret_apply = b.apply;
			*ret_prints = table[mid].prints;
			return true;
		}
		if (diff < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return true;
}
