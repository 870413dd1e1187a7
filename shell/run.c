/* One simple command: expanded, recorded, done if it is a builtin, else looked up in the command
 * table. */
#include <ctype.h>
#include <strings.h>

#include "shell/commands.h"
#include "shell/eval.h"
#include "shell/output.h"
#include "shell/path.h"

const char *run_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *run_path(struct eval *ev, const char *path, bool *ret_unknown)
{
	const char *s = shell_path(&ev->a->arena, var_cwd(ev), NULL,
				   path[0] == '~' ? eval_printf(ev, "./%s", path) : path);
	char *ret = s ? arena_strdup(&ev->a->arena, s) : NULL;

	if (!ret)
		(void)eval_fail(ev, "out of memory");
	*ret_unknown = !ret || has_unknown(ret) || ret[0] != '/';
	return ret;
}

void run_effect(struct eval *ev, enum shell_effect_kind kind, const char *path, int index)
{
	bool unknown;
	char *text;

	if (index < 0 || ev->f.remote)
		return;
	text = run_path(ev, path, &unknown);
	if (text)
		(void)shell_add_effect(ev->a,
				       &(struct shell_effect){.kind = kind,
							      .text = text,
							      .command = (unsigned)index,
							      .unknown = unknown,
							      .is_glob = strpbrk(path, "*?[")});
}

int run_add(struct eval *ev, const struct command_in *c)
{
	static const char *const none[] = {NULL};
	struct shell_analysis *a = ev->a;
	struct shell_command *v;
	const struct frame *f = &ev->f;

	if (a->n_commands >= SHELL_COMMANDS_MAX) {
		(void)eval_fail(ev, "too many commands");
		return -1;
	}
	v = arena_grow(&a->arena, a->commands, a->n_commands, &a->cap_commands, sizeof(*v));
	if (!v) {
		(void)eval_fail(ev, "out of memory");
		return -1;
	}
	a->commands = v;
	v[a->n_commands] = (struct shell_command){
		.argv = c->argv ? c->argv : none,
		.argc = c->argc,
		.env = c->n_env ? c->env : ev->exports,
		.n_env = c->n_env ? c->n_env : ev->n_exports,
		.redirects = c->redirects,
		.n_redirects = c->n_redirects,
		.cwd = var_cwd(ev),
		.stdin_text = f->stdin_kind == STDIN_KNOWN ? f->stdin_text : NULL,
		.pipeline = f->in_pipe ? f->pipeline : ev->next_pipeline++,
		.stage = f->in_pipe ? f->stage : 0,
		.depth = f->depth,
		.parent = f->parent,
		.background = f->background,
		.is_function_body = f->function,
		.is_substitution = f->substitution,
		.at = f->at,
	};
	return (int)a->n_commands++;
}

/* ---- redirections
 * ------------------------------------------------------------------------------------------ */
static bool is_stdin(const char *path)
{
	return streq(path, "/dev/stdin") || streq(path, "/dev/fd/0") ||
	       streq(path, "/proc/self/fd/0");
}

static void read_from(struct eval *ev, enum stdin_kind kind, const char *text)
{
	ev->f.stdin_kind = kind;
	ev->f.stdin_text = text;
}

static bool is_descriptor(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return streq(s, "-") || (n && (!s[n] || streq(s + n, "-")));
}

static const char *here_text(struct eval *ev, const struct redir *r)
{
	const char *s = expand_one(ev, r->word);

	return s && r->op == REDIR_HERE_STRING ? eval_printf(ev, "%s\n", s) : s;
}

static enum shell_redirect_kind kind_of(const struct redir *r, const char *target)
{
	switch (r->op) {
	case REDIR_READ:
		return REDIRECT_READ;
	case REDIR_APPEND:
	case REDIR_BOTH_APPEND:
		return REDIRECT_APPEND;
	case REDIR_RDWR:
		return REDIRECT_RDWR;
	case REDIR_HERE:
	case REDIR_HERE_STRING:
		return REDIRECT_TEXT;
	case REDIR_DUP_IN:
		return REDIRECT_DUP;
	case REDIR_DUP_OUT:
		return is_descriptor(target) ? REDIRECT_DUP : REDIRECT_WRITE;
	case REDIR_WRITE:
	case REDIR_BOTH:
		break;
	}
	return REDIRECT_WRITE;
}

static bool add_redirect(struct eval *ev, const struct redir *r, const char *target,
			 struct shell_redirect *to)
{
	*to = (struct shell_redirect){.kind = kind_of(r, target), .fd = r->fd, .target = target};
	if (r->name && !var_set(ev, r->name, "10")) /* the first that bash gives */
		return false;
	if (r->fd != 0)
		return true;
	if (to->kind == REDIRECT_TEXT)
		read_from(ev, is_unknown(target) ? STDIN_UNKNOWN : STDIN_KNOWN, target);
	else if (to->kind == REDIRECT_READ && !has_unknown(target) && !is_stdin(target))
		read_from(ev, STDIN_FILE, target);
	else if (!is_stdin(target))
		read_from(ev, STDIN_UNKNOWN, NULL);
	return true;
}

bool run_redirects(struct eval *ev, const struct node *n, struct command_in *c)
{
	struct shell_redirect *v;
	struct fields targets = {0};
	size_t count = 0;

	for (const struct redir *r = n->redirs; r; r = r->next)
		count++;
	if (!count)
		return true;
	v = arena_alloc(&ev->a->arena, count * sizeof(*v));
	if (!v)
		return eval_fail(ev, "out of memory");
	for (const struct redir *r = n->redirs; r; r = r->next) {
		const char *target;

		if (!r->word)
			return eval_fail(ev, "redirection");
		targets.n = 0;
		if (r->op == REDIR_HERE || r->op == REDIR_HERE_STRING)
			target = here_text(ev, r);
		else if (!expand_words(ev, r->word, &targets))
			return false;
		else /* several words are an error in bash, and one in sh */
			target = targets.n == 1 ? targets.v[0] : expand_one(ev, r->word);
		if (!target || !add_redirect(ev, r, target, &v[c->n_redirects++]))
			return false;
	}
	c->redirects = v;
	return true;
}

/* /dev/tcp/HOST/PORT: bash connects. */
static bool connect_effect(struct eval *ev, const char *path, int index)
{
	const char *host, *slash;

	if (!str_starts(path, "/dev/tcp/") && !str_starts(path, "/dev/udp/"))
		return true;
	host = path + strlen("/dev/tcp/");
	slash = strchr(host, '/');
	host = slash ? eval_printf(ev, "%.*s:%s", (int)(slash - host), host, slash + 1) : host;
	return host &&
	       shell_add_effect(ev->a, &(struct shell_effect){.kind = SHELL_CONNECT,
							      .text = host,
							      .command = (unsigned)index,
							      .unknown = has_unknown(host)});
}

bool run_redirect_effects(struct eval *ev, const struct command_in *c, int index)
{
	for (size_t i = 0; i < c->n_redirects && index >= 0; i++) {
		const struct shell_redirect *r = &c->redirects[i];

		if (r->kind == REDIRECT_TEXT || r->kind == REDIRECT_DUP)
			continue;
		if (!connect_effect(ev, r->target, index))
			return false;
		if (r->kind == REDIRECT_READ || r->kind == REDIRECT_RDWR)
			run_effect(ev, SHELL_READ, r->target, index);
		if (r->kind != REDIRECT_READ)
			run_effect(ev, SHELL_WRITE, r->target, index);
	}
	return !ev->a->unparsable;
}

/* ---- what it prints
 * ------------------------------------------------------------------------------------------ */
static void remember_decoded(struct eval *ev, const char *text)
{
	size_t len = strlen(text);

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len >= 2 && ev->n_decoded < ARRAY_SIZE(ev->decoded))
		ev->decoded[ev->n_decoded++] = arena_strndup(&ev->a->arena, text, len);
}

/* The output of the command @index as a string without NULs, or NULL: not known. */
static const char *printed(struct eval *ev, int index)
{
	const struct shell_command *c = &ev->a->commands[index];
	bool decoded = false, ok;
	struct buf b = {0};
	char *ret = NULL;
	size_t n = 0;

	if (c->argc && (streq(run_base(c->argv[0]), "pwd")) && c->argc == 1 && c->cwd) {
		buf_printf(&b, "%s\n", c->cwd);
		ok = true;
	} else {
		ok = c->argc && output_of(c, &b, &decoded);
	}
	if (ok && !buf_failed(&b) && b.len <= EVAL_FIELD_MAX && eval_step(ev, b.len))
		ret = arena_alloc(&ev->a->arena, b.len + 1);
	for (size_t i = 0; ret && i < b.len; i++)
		if (b.data[i])
			ret[n++] = b.data[i];
	buf_done(&b);
	if (ret && decoded)
		remember_decoded(ev, ret);
	return ret;
}

static bool is_device(const char *path)
{
	return str_starts(path, "/dev/") || str_starts(path, "/proc/") || has_unknown(path);
}

/* Where its standard output goes: a file that can be remembered, or NULL; *ret_lost: not to where
 * the others print. */
static const struct shell_redirect *output_file(const struct shell_command *c, bool *ret_lost,
						bool *ret_strange)
{
	const struct shell_redirect *ret = NULL;

	*ret_lost = *ret_strange = false;
	for (size_t i = 0; i < c->n_redirects; i++) {
		const struct shell_redirect *r = &c->redirects[i];

		if (r->fd != 1 && r->kind != REDIRECT_DUP)
			continue;
		if (r->kind == REDIRECT_DUP) {
			*ret_strange |= r->fd == 1 && !streq(r->target, "1");
		} else {
			*ret_lost = true;
			*ret_strange |= is_device(r->target) && !streq(r->target, "/dev/null");
			ret = r;
		}
	}
	return ret;
}

static bool remember_file(struct eval *ev, const char *path, const char *text, bool append,
			  bool downloaded)
{
	const struct value *old;
	struct value *v;
	bool unknown;

	path = run_path(ev, path, &unknown);
	if (!path || unknown)
		return path;
	v = arena_alloc(&ev->a->arena, sizeof(*v));
	if (!v)
		return eval_fail(ev, "out of memory");
	v->text = text ? text : value_unknown.text;
	v->downloaded = downloaded;
	old = append ? state_get(ev->st.root, STATE_FILE, path) : NULL;
	if (append) {
		old = old ? eval_choose(ev, old) : NULL;
		v->text = eval_printf(ev, "%s%s", old && old->text ? old->text : value_unknown.text,
				      v->text);
		v->downloaded |= old && old->downloaded;
		if (v->text && strlen(v->text) > EVAL_FIELD_MAX)
			v->text = value_unknown.text;
		if (!v->text || !eval_step(ev, strlen(v->text)))
			return false;
	}
	ev->wrote = true;
	return eval_set(ev, STATE_FILE, path, v);
}

/* @children: what it runs printed already. */
static bool put_output(struct eval *ev, int index, bool children, bool downloaded)
{
	const struct shell_command *c = &ev->a->commands[index];
	const struct shell_redirect *to;
	const char *text = NULL;
	bool lost, strange;

	if (!ev->out && !c->n_redirects)
		return true;
	to = output_file(c, &lost, &strange);
	if (!ev->out && !(to && !is_device(to->target)))
		return true;
	if (!children)
		text = printed(ev, index);
	if (to && !is_device(to->target) && !ev->f.remote &&
	    !remember_file(ev, to->target, text, to->kind != REDIRECT_WRITE, downloaded))
		return false;
	if (strange)
		eval_emit(ev, NULL);
	else if (!lost && !children)
		eval_emit(ev, text);
	return !ev->a->unparsable;
}

/* ---- files that it writes
 * -------------------------------------------------------------------------------------- */
static bool only_changes_metadata(const char *program)
{
	static const char *const names[] = {"chmod",   "chown",	 "chgrp",   "touch",
					    "setfacl", "chattr", "setfattr"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(program, names[i]))
			return true;
	return false;
}

/* Does a stage in front of @c fetch something? */
static bool fed_from_network(struct eval *ev, const struct shell_command *c)
{
	for (size_t i = ev->a->n_effects; i > 0 && ev->steps < EVAL_STEPS_MAX; i--, ev->steps++) {
		const struct shell_effect *e = &ev->a->effects[i - 1];
		const struct shell_command *by = &ev->a->commands[e->command];

		if (e->kind == SHELL_CONNECT && by->pipeline == c->pipeline && by->stage < c->stage)
			return true;
	}
	return false;
}

/* A file that is written from the network, or from a file whose text came from there or from this
 * script, is remembered as not known. */
static bool taint_written(struct eval *ev, int index, size_t first, bool *ret_downloaded)
{
	const struct shell_command *c = &ev->a->commands[index];
	bool writes = false, connects = false, from = false, downloaded = false;
	const struct value *v;

	for (size_t i = first; i < ev->a->n_effects; i++) {
		const struct shell_effect *e = &ev->a->effects[i];

		writes |= e->kind == SHELL_WRITE;
		connects |= e->kind == SHELL_CONNECT;
		if (e->kind != SHELL_READ && e->kind != SHELL_DELETE)
			continue;
		v = state_get(ev->st.root, STATE_FILE, e->text);
		from |= v != NULL;
		downloaded |= v && v->downloaded;
	}
	*ret_downloaded = connects || downloaded;
	if (writes && c->stage && !c->stdin_text)
		connects |= fed_from_network(ev, c);
	*ret_downloaded |= connects;
	if (!writes || !c->argc || only_changes_metadata(run_base(c->argv[0])))
		return true;
	for (size_t i = first; i < ev->a->n_effects; i++) {
		const struct shell_effect *e = &ev->a->effects[i];
		struct value *taint;

		if (e->kind != SHELL_WRITE || e->unknown || e->is_glob)
			continue;
		v = state_get(ev->st.root, STATE_FILE, e->text);
		if (!connects && !from && !v)
			continue;
		if (streq(run_base(c->argv[0]), "tee"))
			continue; /* known better */
		taint = arena_alloc(&ev->a->arena, sizeof(*taint));
		if (!taint)
			return eval_fail(ev, "out of memory");
		*taint = (struct value){.text = value_unknown.text,
					.downloaded = connects || downloaded};
		if (!eval_set(ev, STATE_FILE, e->text, taint))
			return false;
	}
	return true;
}

/* wget URL and curl -O URL name the file themselves. */
static bool named_by_url(struct eval *ev, int index, size_t first)
{
	const struct shell_command *c = &ev->a->commands[index];
	const char *program = c->argc ? run_base(c->argv[0]) : "";
	bool names = streq(program, "wget") || streq(program, "aria2c");

	for (size_t i = 1; streq(program, "curl") && i < c->argc; i++)
		names |= streq(c->argv[i], "--remote-name") ||
			 (c->argv[i][0] == '-' && c->argv[i][1] != '-' && strchr(c->argv[i], 'O'));
	for (size_t i = first; names && i < ev->a->n_effects; i++) {
		const char *url = ev->a->effects[i].text, *name = run_base(url);

		if (ev->a->effects[i].kind != SHELL_CONNECT || !strstr(url, "://"))
			continue;
		name = arena_strndup(&ev->a->arena, name, strcspn(name, "?#"));
		if (!name || (*name && !remember_file(ev, name, NULL, false, true)))
			return eval_fail(ev, "out of memory");
	}
	return true;
}

static bool written_by_tee(struct eval *ev, int index)
{
	const struct shell_command *c = &ev->a->commands[index];

	if (!c->argc || !streq(run_base(c->argv[0]), "tee"))
		return true;
	for (size_t i = 1; i < c->argc; i++)
		if (c->argv[i][0] != '-' &&
		    !remember_file(ev, c->argv[i], ev->a->commands[index].stdin_text,
				   !streq(c->argv[1], c->argv[i]), false))
			return false;
	return true;
}

/* ---- links that the text itself makes: what is done to them is done to what they lead to
 * ------------------------------------------------------------------------------------------
 */
static bool remember_link(struct eval *ev, const char *name, const char *target, bool symbolic)
{
	bool unknown;
	const char *path = run_path(ev, name, &unknown), *slash;

	if (!path || unknown)
		return path != NULL;
	slash = strrchr(path, '/');
	if (symbolic && target[0] != '/') /* relative to where the link is */
		target = eval_printf(ev, "%.*s/%s", (int)(slash - path), path, target);
	target = target ? run_path(ev, target, &unknown) : NULL;
	if (!target || unknown)
		return target != NULL;
	ev->links = true;
	return streq(path, target) || eval_set(ev, STATE_LINK, path, value_text(&ev->a->arena, target));
}

static bool made_by_ln(struct eval *ev, int index)
{
	const struct shell_command *c = &ev->a->commands[index];
	const char *into = NULL;
	struct fields f = {0};
	bool symbolic = false;

	bool copies = c->argc && streq(run_base(c->argv[0]), "cp"), links = !copies;

	if (!c->argc || (!copies && !streq(run_base(c->argv[0]), "ln")))
		return true;
	for (size_t i = 1; i < c->argc; i++) {
		const char *s = c->argv[i];

		if (s[0] != '-' || !s[1]) {
			if (!expand_add(ev, &f, s))
				return false;
			continue;
		}
		links |= streq(s, "--link") || streq(s, "--symbolic-link") || (s[1] != '-' && strpbrk(s, "sl"));
		symbolic |= str_starts(s, "--symbolic") || (s[1] != '-' && strchr(s, 's'));
		if (str_starts(s, "--target-directory="))
			into = strchr(s, '=') + 1;
		else if (s[1] != '-' && s[strlen(s) - 1] == 't' && i + 1 < c->argc)
			into = c->argv[++i];
	}
	if (!links)
		return true;
	if (!into && f.n > 1)
		into = f.v[--f.n];
	for (size_t i = 0; i < f.n; i++) {
		const char *inside = eval_printf(ev, "%s/%s", into ? into : ".", run_base(f.v[i]));

		if (!inside || !remember_link(ev, inside, f.v[i], symbolic) ||
		    (into && f.n == 1 && !remember_link(ev, into, f.v[i], symbolic)))
			return false;
	}
	return true;
}

static const char *behind_link(struct eval *ev, const char *path, bool whole)
{
	for (const char *end = path + 1;; end++) {
		const struct value *v;
		const char *name;

		end += strcspn(end, "/");
		if (!*end && !whole)
			return NULL;
		name = arena_strndup(&ev->a->arena, path, (size_t)(end - path));
		v = name ? state_get(ev->st.root, STATE_LINK, name) : NULL;
		v = v ? eval_choose(ev, v) : NULL;
		if (v && v->text)
			return eval_printf(ev, "%s%s", v->text, end);
		if (!*end || !eval_step(ev, (size_t)(end - path)))
			return NULL;
	}
}

static bool through_links(struct eval *ev, int index, size_t first)
{
	struct shell_analysis *a = ev->a;
	size_t last = a->n_effects + 64;

	if (!ev->links)
		return true;
	for (size_t i = first; i < a->n_effects && i < last; i++) {
		struct shell_effect e = a->effects[i];

		if (e.command != (unsigned)index || e.kind == SHELL_CONNECT || e.kind == SHELL_SETENV || e.text[0] != '/')
			continue;
		e.text = behind_link(ev, e.text, e.kind != SHELL_DELETE);
		if (e.text && !shell_add_effect(a, &e))
			return false;
	}
	return !a->unparsable;
}

/* ---- one command
 * -------------------------------------------------------------------------------------------------
 */
static bool is_assigned_env(struct eval *ev, const struct command_in *c, int index)
{
	for (size_t i = 0; i < c->n_env; i++) {
		const char *text = eval_printf(ev, "%s=%s", c->env[i].name, c->env[i].value);

		if (!text ||
		    !shell_add_effect(ev->a, &(struct shell_effect){.kind = SHELL_SETENV,
								    .text = text,
								    .command = (unsigned)index,
								    .unknown = has_unknown(text)}))
			return false;
	}
	return true;
}

/* The name of the program is not known, or is a pattern that nothing matches here. */
static bool is_unknown_program(const char *program)
{
	return has_unknown(run_base(program)) || strpbrk(program, "*?[") != NULL;
}

static void drop_local_effects(struct shell_analysis *a, size_t first)
{
	size_t n = first;

	for (size_t i = first; i < a->n_effects; i++)
		if (a->effects[i].kind == SHELL_CONNECT)
			a->effects[n++] = a->effects[i];
	a->n_effects = n;
}

static bool is_test(const char *program)
{
	return streq(program, "[") || streq(program, "[[");
}

/* Where file systems do not tell cases apart, and in PowerShell, CURL is curl, and git.exe is git: a name that nobody
 * knows is read in small letters, and without .exe, if it is known so. A path says which file it is. */
static bool fold_name(struct eval *ev, struct command_in *c)
{
	const char *base = c->argc ? run_base(c->argv[0]) : "";
	size_t len = strlen(base);
	const char **argv;
	char *name;

	if (c->argc && strchr(c->argv[0], '/'))
		return true;
	if (len > 4 && strcasecmp(base + len - 4, ".exe") == 0)
		len -= 4;
	else if (strcspn(base, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len)
		return true;
	if (commands_knows(base))
		return true;
	name = arena_strndup(&ev->a->arena, base, len);
	argv = arena_alloc(&ev->a->arena, (c->argc + 1) * sizeof(*argv));
	if (!name || !argv)
		return eval_fail(ev, "out of memory");
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!commands_knows(name))
		return true;
	memcpy(argv, c->argv, c->argc * sizeof(*argv));
	argv[0] = name;
	argv[c->argc] = NULL;
	c->argv = argv;
	return true;
}

bool run_argv(struct eval *ev, const struct command_in *as_written, bool builtins)
{
	struct command_in folded = *as_written, *c = &folded;
	struct frame f = ev->f;
	size_t effects = ev->a->n_effects, first;
	bool apply = true, children = false, printed_already = false, downloaded = false, ok;
	int index;

	if (++ev->depth > EVAL_DEPTH_MAX)
		return eval_fail(ev, "nested too deeply");
	if (!fold_name(ev, c))
		return false;
	index = run_add(ev, c);
	ok = index >= 0 && is_assigned_env(ev, c, index) && run_redirect_effects(ev, c, index);
	first = ev->a->n_effects;
	if (ok && c->argc && is_unknown_program(c->argv[0]) && !is_test(c->argv[0]))
		eval_unknown_code(ev, index);
	if (ok && c->argc && ev->n_decoded)
		follow_decoded(ev, c->argv[0]);
	if (ok && c->argc && builtins)
		ok = builtin_run(ev, c, index, &apply, &printed_already);
	if (ok && c->argc && apply)
		ok = follow_runs(ev, index, &children) && written_by_tee(ev, index) &&
		     named_by_url(ev, index, first) && taint_written(ev, index, first, &downloaded);
	ok = ok && through_links(ev, index, effects) && made_by_ln(ev, index);
	if (ok && ev->f.remote)
		drop_local_effects(ev->a, effects);
	ev->f = f;
	ev->depth--;
	return ok && put_output(ev, index, children || printed_already, downloaded);
}

/* The assignments in front of @c hold while it runs; in front of a special builtin they stay, in
 * sh. */
static bool with_assignments(struct eval *ev, struct command_in *c,
			     bool (*run)(struct eval *ev, struct command_in *c))
{
	const struct binding *before = ev->st.root;
	bool special;

	if (!c->n_env)
		return run(ev, c);
	special = c->argc && builtin_is_special(c->argv[0]);
	for (size_t i = 0; i < c->n_env; i++) {
		struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));

		if (v)
			*v = (struct value){.text = c->env[i].value, .exported = true};
		if (!var_set_value(ev, c->env[i].name, v))
			return false;
	}
	if (!run(ev, c))
		return false;
	for (size_t i = 0; i < c->n_env; i++) {
		const char *name = c->env[i].name;
		const struct value *old = state_get(before, STATE_VAR, name), *now;

		old = old ? old : var_outside(ev, name);
		now = state_get(ev->st.root, STATE_VAR, name);
		if (special && old && now)
			old = value_join(&ev->a->arena, old, now);
		if (!eval_set(ev, STATE_VAR, name, old))
			return false;
	}
	return true;
}

static bool call_or_run(struct eval *ev, struct command_in *c)
{
	const struct value *fn =
		c->argc ? state_get(ev->st.root, STATE_FUNCTION, c->argv[0]) : NULL;
	int index;

	fn = fn ? eval_choose(ev, fn) : NULL;
	if (!fn || (!fn->body && fn->absent))
		return run_argv(ev, c, true);
	if (!fn->body) {
		index = run_add(ev, c);
		eval_unknown_code(ev, index);
		return index >= 0;
	}
	if (c->n_redirects) { /* of the call: they are not the body's */
		struct command_in only = {.redirects = c->redirects, .n_redirects = c->n_redirects};

		index = run_add(ev, &only);
		if (!run_redirect_effects(ev, &only, index))
			return false;
	}
	return eval_call(ev, fn->body, c->argv + 1, c->argc - 1, false);
}

static bool assignments(struct eval *ev, const struct node *n, struct command_in *c)
{
	struct shell_assign *env;
	size_t count = 0;

	for (const struct assign *as = n->assigns; as; as = as->next)
		count++;
	env = count ? arena_alloc(&ev->a->arena, count * sizeof(*env)) : NULL;
	if (count && !env)
		return eval_fail(ev, "out of memory");
	for (const struct assign *as = n->assigns; as; as = as->next) {
		const char *text = "";

		if (c->argc && as->value) /* in front of a command */
			text = expand_one(ev, as->value);
		else if (!builtin_assign(ev, as, &text))
			return false;
		if (!text && !as->array)
			return false;
		if (c->argc && parse_is_name(as->name, strlen(as->name)))
			env[c->n_env++] =
				(struct shell_assign){.name = as->name, .value = text ? text : ""};
	}
	c->env = env;
	return true;
}

/* $0 & $0, by any spelling: a script that starts itself twice. */
static void watch_own_starts(struct eval *ev, const struct node *n)
{
	const struct word *w = n->words;

	for (size_t i = 0; w && i < 2; i++, w = w->next)
		for (const struct part *p = w->parts; p; p = p->next)
			if (p->kind == PART_PARAM && streq(p->param->name, "0"))
				ev->a->fork_bomb |= ++ev->own_starts > 1;
}

/* $(< file) prints the file. */
static void emit_file(struct eval *ev, const struct node *n)
{
	if (ev->f.substitution && ev->out && n->redirs && !n->redirs->next &&
	    n->redirs->op == REDIR_READ)
		eval_emit(ev, NULL);
}

/* The operands of declare and its like: assignments are made by the builtin, which sees the words;
 * here they only become text. */
static bool declared(struct eval *ev, const struct word *w, struct fields *out)
{
	const struct assign *as = w->assign;
	const char *value = as->value ? expand_one(ev, as->value) : "(…)";

	return value &&
	       expand_add(ev, out,
			  eval_printf(ev, "%s%s=%s", as->name, as->append ? "+" : "", value));
}

/* PATH=…; a variable of the environment stays in it when it is assigned to. */
static bool sets_exported(struct eval *ev, const struct node *n, int index)
{
	for (const struct assign *as = n->assigns; as; as = as->next) {
		const char *text = as->array || as->index || !var_exported(ev, as->name) ? NULL : var_text(ev, as->name);

		if (!text)
			continue;
		text = eval_printf(ev, "%s=%s", as->name, text);
		if (!text || !shell_add_effect(ev->a, &(struct shell_effect){.kind = SHELL_SETENV,
									      .text = text,
									      .command = (unsigned)index,
									      .unknown = has_unknown(text)}))
			return false;
	}
	return true;
}

static bool simple_once(struct eval *ev, const struct node *n, void *arg)
{
	struct command_in c = {0};
	struct fields f = {0};
	struct frame frame = ev->f;
	bool ok = true;

	(void)arg;
	for (const struct word *w = n->words; w && ok; w = w->next)
		ok = w->assign ? declared(ev, w, &f) : expand_words(ev, w, &f);
	c.argv = f.v;
	c.argc = f.n;
	if (ev->f.background || ev->f.in_pipe)
		watch_own_starts(ev, n);
	ok = ok && run_redirects(ev, n, &c) && assignments(ev, n, &c);
	if (!ok)
		return eval_fail(ev, "expansion");
	ev->declares = n->words;
	if (c.argc) {
		ok = with_assignments(ev, &c, call_or_run);
		ok = ok &&
		     eval_set(ev, STATE_VAR, "_", value_text(&ev->a->arena, c.argv[c.argc - 1]));
	} else if (c.n_redirects || n->assigns) {
		int index = run_add(ev, &c);

		ok = index >= 0 && run_redirect_effects(ev, &c, index) && sets_exported(ev, n, index);
		emit_file(ev, n);
	}
	ev->f = frame;
	return ok;
}

/* ---- aliases
 * -----------------------------------------------------------------------------------------------------
 */
/* @text, its last simple command going on with the words behind the alias. */
static bool expand_alias(struct eval *ev, const struct node *n, const char *name, const char *text)
{
	struct parse_result r = {0};
	struct node *tree, *last, tail;
	struct word **words;
	struct redir **redirs;
	bool ok;

	tree = parse_text(&ev->a->arena, text, strlen(text), true, ev->depth / 4, &r);
	if (!tree || !eval_step(ev, strlen(text) * 2))
		return eval_fail(ev, "alias");
	for (last = tree->body[0]; last && (last->next || last->kind != NODE_SIMPLE);)
		last = last->next ? last->next : last->kind <= NODE_PIPE ? last->body[0] : NULL;
	if (last && last->words) {
		for (words = &last->words; *words; words = &(*words)->next)
			;
		*words = n->words->next;
		for (redirs = &last->redirs; *redirs; redirs = &(*redirs)->next)
			;
		*redirs = n->redirs;
		if (!last->assigns)
			last->assigns = n->assigns;
	}
	ev->aliases[ev->n_aliases++] = name;
	ok = eval_node(ev, tree);
	if (ok && last && last->words && text[strlen(text) - 1] == ' ' && n->words->next &&
	    last->words->next) {
		tail = *n; /* the next word may be one as well */
		tail.words = n->words->next;
		ok = run_simple(ev, &tail);
	}
	ev->n_aliases--;
	return ok;
}

static bool is_being_expanded(const struct eval *ev, const char *name)
{
	for (size_t i = 0; i < ev->n_aliases; i++)
		if (streq(ev->aliases[i], name))
			return true;
	return ev->n_aliases == ARRAY_SIZE(ev->aliases);
}

/* Interactive shells and sh expand aliases, `bash -c` does not: both are evaluated. */
static bool alias(struct eval *ev, const struct node *n, const struct value *v)
{
	struct state before = ev->st, after;

	v = eval_choose(ev, v);
	if (v->text && *v->text) {
		if (is_unknown(v->text))
			eval_unknown_code(ev, ev->f.parent);
		else if (!expand_alias(ev, n, n->words->text, v->text))
			return false;
	}
	after = ev->st;
	ev->st = before;
	return simple_once(ev, n, NULL) && eval_join(ev, after);
}

static bool simple_or_alias(struct eval *ev, const struct node *n, void *arg)
{
	const struct word *w = n->words;
	const struct value *v = NULL;

	if (w && w->text && w->bare && !is_being_expanded(ev, w->text))
		v = state_get(ev->st.root, STATE_ALIAS, w->text);
	return v ? alias(ev, n, v) : simple_once(ev, n, arg);
}

bool run_simple(struct eval *ev, const struct node *n)
{
	return eval_each_choice(ev, simple_or_alias, n, NULL);
}
