/* What a command runs in turn: other commands, texts, files. */
#include "shell/code.h"
#include "shell/commands.h"
#include "shell/eval.h"
#include "shell/output.h"

void follow_decoded(struct eval *ev, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < ev->n_decoded && !ev->a->decoded; i++) {
		const char *d = ev->decoded[i];

		if (d && eval_step(ev, len / 8))
			ev->a->decoded = strlen(d) <= len ? strstr(text, d) != NULL
							  : strstr(d, text) && len > 1;
	}
}

/* The frame of what the command @by runs. */
static void below(struct eval *ev, int by)
{
	if (by >= 0) {
		const struct shell_command *c = &ev->a->commands[by];

		ev->f.depth = c->depth + 1;
		ev->f.pipeline = c->pipeline;
		ev->f.stage = c->stage;
		ev->f.in_pipe = true; /* it stands where the one that runs it does */
	} else {
		ev->f.depth++;
	}
	ev->f.parent = by;
}

static bool evaluate(struct eval *ev, int by, const char *text, bool lenient)
{
	struct collector *out = ev->out;
	bool unknown = false, ok;

	if (ev->n_decoded)
		follow_decoded(ev, text);
	if (lenient) { /* what is no shell text is code of some other kind */
		struct parse_result r = {0};

		if (!eval_step(ev, strlen(text)))
			return false;
		if (!parse_text(&ev->a->arena, text, strlen(text), true, 0, &r)) {
			eval_unknown_code(ev, by);
			return true;
		}
	}
	ok = eval_text(ev, text, strlen(text), &unknown);
	ev->out = out;
	if (unknown)
		eval_unknown_code(ev, by);
	return ok;
}

bool follow_code(struct eval *ev, int by, const char *text)
{
	struct frame f = ev->f;
	bool ok;

	below(ev, by);
	ok = evaluate(ev, by, text, false);
	ev->f = f;
	return ok;
}

/* ---- new shells
 * -----------------------------------------------------------------------------------------------
 */
struct inherit {
	struct eval *ev;
	const struct binding *root;
};

/* A child has the exported variables and functions, the directory and the files. */
static bool inherited(void *arg, enum state_kind kind, const char *name, const struct value *x,
		      const struct value *y)
{
	struct inherit *in = arg;

	(void)y;
	if (kind == STATE_ALIAS ||
	    (kind == STATE_OTHER && !streq(name, "cwd") && !streq(name, "stdin")))
		return eval_step(in->ev, 4);
	if ((kind == STATE_VAR || kind == STATE_FUNCTION) && !x->exported)
		return eval_step(in->ev, 4);
	in->root = state_set(&in->ev->a->arena, in->root, kind, name, x);
	return in->root && eval_step(in->ev, 8);
}

struct child { /* a shell that is started */
	const char *text, *zero;
	const char *const *args;
	size_t n_args;
	bool lenient; /* what does not parse is unknown code, no error */
};

static bool child_shell(struct eval *ev, int by, const struct child *c)
{
	struct inherit in = {.ev = ev};
	struct state before = ev->st;
	struct frame f = ev->f;
	size_t locals = ev->n_locals;
	bool ok;

	if (!state_diff(before.root, NULL, inherited, &in) || !in.root)
		return eval_fail(ev, "out of memory");
	below(ev, by);
	ev->st = (struct state){.root = in.root};
	ev->f.zero = c->zero;
	ev->f.loops = ev->f.returns = NULL;
	ok = eval_set_args(ev, c->args, c->n_args, false) && evaluate(ev, by, c->text, c->lenient);
	ev->n_locals = locals;
	ev->f = f;
	eval_leave_subshell(ev, before);
	return ok;
}

/* ---- files
 * ------------------------------------------------------------------------------------------------------
 */
static bool is_stdin_path(const char *path)
{
	return streq(path, "-") || streq(path, "/dev/stdin") || streq(path, "/dev/fd/0") ||
	       streq(path, "/proc/self/fd/0");
}

static bool run_stdin(struct eval *ev, int by, const struct child *how, bool sourced);

/* #! of something that is no shell, or no text at all. */
static bool is_other_code(const char *text, size_t len)
{
	const char *nl = memchr(text, '\n', len);
	size_t first = nl ? (size_t)(nl - text) : len;

	if (memchr(text, '\0', MIN(len, (size_t)512)))
		return true;
	if (len < 2 || text[0] != '#' || text[1] != '!')
		return false;
	return !memmem(text, first, "sh", 2) || memmem(text, first, "fish", 4);
}

/* The text of @path: written by this script, or from the disk. *ret_known: it is one of both. */
static const char *file_text(struct eval *ev, const char *path, bool *ret_downloaded)
{
	const struct value *v = state_get(ev->st.root, STATE_FILE, path);
	const char *text;
	size_t len = 0;

	*ret_downloaded = false;
	v = v ? eval_choose(ev, v) : NULL;
	if (v && v->text) {
		*ret_downloaded = v->downloaded;
		return v->text;
	}
	if (!ev->env->read_file)
		return NULL;
	text = ev->env->read_file(ev->env->arg, &ev->a->arena, path, &len);
	if (!text || is_other_code(text, len) || memchr(text, SHELL_UNKNOWN, len))
		return NULL;
	return arena_strndup(&ev->a->arena, text, len);
}

bool follow_file(struct eval *ev, int by, const char *path, const char *const *args, size_t n_args,
		 bool sourced)
{
	struct child c = {.zero = path, .args = args, .n_args = n_args, .lenient = true};
	bool downloaded, unknown;

	if (is_stdin_path(path))
		return run_stdin(ev, by, &c, sourced);
	c.zero = path = run_path(ev, path, &unknown);
	if (!path)
		return false;
	if (has_unknown(run_base(path)) || str_starts(path, "/dev/tcp/") ||
	    str_starts(path, "/dev/udp/"))
		eval_unknown_code(ev, by);
	if (unknown)
		return true;
	c.text = file_text(ev, path, &downloaded);
	if (!c.text) {
		if (strpbrk(path, "*?[") && ev->wrote)
			eval_unknown_code(ev, by);
		if (str_starts(path, "/dev/") || str_starts(path, "/proc/"))
			eval_unknown_code(ev, by);
		return !ev->a->unparsable;
	}
	if (is_unknown(c.text)) {
		eval_unknown_code(ev, by);
		return true;
	}
	return sourced ? follow_code(ev, by, c.text) : child_shell(ev, by, &c);
}

static bool run_stdin(struct eval *ev, int by, const struct child *how, bool sourced)
{
	struct child c = *how;

	switch (ev->f.stdin_kind) {
	case STDIN_OUTSIDE:
		if (eval_option(ev, "stdin")) /* exec <… */
			eval_unknown_code(ev, by);
		return true; /* a shell for a person: nothing of this text reaches it */
	case STDIN_UNKNOWN:
		eval_unknown_code(ev, by);
		return true;
	case STDIN_FILE:
		return is_stdin_path(ev->f.stdin_text) ||
		       follow_file(ev, by, ev->f.stdin_text, c.args, c.n_args, sourced);
	case STDIN_KNOWN:
		break;
	}
	c.text = ev->f.stdin_text;
	c.lenient = false;
	return sourced ? follow_code(ev, by, c.text) : child_shell(ev, by, &c);
}

/* ---- wrappers
 * -----------------------------------------------------------------------------------------------------
 */
static bool is_shell(const char *program)
{
	static const char *const names[] = {"sh",  "bash", "dash",  "zsh",     "ksh",
					    "ash", "mksh", "rbash", "busybox", "fish"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(run_base(program), names[i]))
			return true;
	return false;
}

/* What xargs reads, as words; with -I a word is a line. */
static bool add_operands(struct eval *ev, const char *text, bool lines, struct fields *out)
{
	static const char blanks[] = " \t\n";

	while (*text) {
		size_t n;

		text += strspn(text, lines ? "\n" : blanks);
		n = strcspn(text, lines ? "\n" : blanks);
		if (!lines && (*text == '\'' || *text == '"') && strchr(text + 1, *text)) {
			n = strcspn(text + 1, (char[]){*text, '\0'});
			text++;
		}
		if (n && !expand_add(ev, out, arena_strndup(&ev->a->arena, text, n)))
			return false;
		text += n;
		text += *text != '\0';
	}
	return true;
}

/* The text that stands for an operand: {} or what -I says. */
static const char *placeholder(const struct shell_command *c, size_t first)
{
	for (size_t i = 1; i < first; i++) {
		if (str_starts(c->argv[i], "-I"))
			return c->argv[i][2]   ? c->argv[i] + 2
			       : i + 1 < first ? c->argv[i + 1]
					       : "{}";
		if (str_starts(c->argv[i], "--replace="))
			return c->argv[i] + strlen("--replace=");
	}
	return "{}";
}

static const char *replaced(struct eval *ev, const char *word, const char *what, const char *with)
{
	const char *at = *what ? strstr(word, what) : NULL, *ret;
	autobuf b = {0};

	if (!at)
		return word;
	for (; at && b.len <= EVAL_FIELD_MAX; at = strstr(word, what)) {
		buf_put(&b, word, (size_t)(at - word));
		buf_puts(&b, with);
		word = at + strlen(what);
	}
	buf_puts(&b, word);
	if (buf_failed(&b) || !eval_step(ev, b.len))
		return NULL;
	ret = arena_strndup(&ev->a->arena, buf_str(&b), b.len);
	return ret;
}

/* One run of argv[first..last) with @operand in it, or behind it. */
static bool run_with(struct eval *ev, const char *const *argv, size_t n, const char *what,
		     const char *operand, bool *ret_used)
{
	struct fields f = {0};

	*ret_used = false;
	for (size_t i = 0; i < n; i++) {
		const char *word = operand ? replaced(ev, argv[i], what, operand) : argv[i];

		*ret_used |= word != argv[i];
		if (!expand_add(ev, &f, word))
			return false;
	}
	if (!*ret_used && operand && !expand_add(ev, &f, operand))
		return false;
	return run_argv(ev, &(struct command_in){.argv = f.v, .argc = f.n}, false);
}

static bool has_placeholder(const char *const *argv, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (*what && strstr(argv[i], what))
			return true;
	return false;
}

/* xargs: its operands, if its input is known. */
static bool run_xargs(struct eval *ev, const char *const *argv, size_t n, const char *what,
		      const char *text, const char *const *own, size_t n_own)
{
	bool whole = false, lines = has_placeholder(argv, n, what), used;
	struct fields words = {0}, all = {0};

	for (size_t i = 1; i < n_own; i++)
		if (str_starts(own[i], "-d") || str_starts(own[i], "--delimiter") || streq(own[i], "--null") ||
		    (own[i][0] == '-' && own[i][1] != '-' && strchr(own[i], '0')))
			whole = true;
	/* Other separators: each line is one word, or everything is. */
	if (!add_operands(ev, text, lines || whole, &words) || (whole && !expand_add(ev, &words, value_unknown.text)))
		return false;
	if (lines) {
		if (words.n > EVAL_LOOP_MAX)
			return run_with(ev, argv, n, what, value_unknown.text, &used);
		for (size_t i = 0; i < words.n; i++)
			if (!run_with(ev, argv, n, what, words.v[i], &used))
				return false;
		return true;
	}
	for (size_t i = 0; i < n + words.n; i++)
		if (!expand_add(ev, &all, i < n ? argv[i] : words.v[i - n]))
			return false;
	return run_argv(ev, &(struct command_in){.argv = all.v, .argc = all.n}, false);
}

/* find DIR… -exec: {} is each line that find would print without the action. */
static bool run_find(struct eval *ev, const struct shell_command *c, const char *const *argv,
		     size_t n)
{
	struct shell_command only = *c;
	struct fields found = {0};
	bool used, decoded, ok;
	autobuf b = {0};

	for (only.argc = 1; only.argc < c->argc && c->argv + only.argc != argv; only.argc++)
		if (str_starts(c->argv[only.argc], "-exec") || str_starts(c->argv[only.argc], "-ok"))
			break;
	if (!has_placeholder(argv, n, "{}"))
		return run_with(ev, argv, n, "{}", NULL, &used);
	if (!output_of(&only, &b, &decoded) || buf_failed(&b))
		return run_with(ev, argv, n, "{}", value_unknown.text, &used);
	ok = eval_step(ev, b.len) && add_operands(ev, buf_str(&b), true, &found);
	for (size_t i = 0; ok && i < found.n; i++)
		ok = run_with(ev, argv, n, "{}", found.v[i], &used);
	return ok;
}

/* NAME=value words of env, sudo and their like, in front of what they run. */
static bool wrapper_env(struct eval *ev, const struct shell_command *c, size_t first)
{
	for (size_t i = 1; i < first; i++) {
		size_t len = parse_assignment(c->argv[i]);
		struct value *v;
		const char *name;

		if (!len || c->argv[i][len] != '=')
			continue;
		name = arena_strndup(&ev->a->arena, c->argv[i], len);
		v = arena_alloc(&ev->a->arena, sizeof(*v));
		if (!name || !v)
			return eval_fail(ev, "out of memory");
		*v = (struct value){.text = c->argv[i] + len + 1, .exported = true};
		if (!var_set_value(ev, name, v))
			return false;
	}
	return true;
}

static bool follow_argv(struct eval *ev, int by, const struct commands_run *r)
{
	const struct shell_command c = ev->a->commands[by];
	const char *const *argv = c.argv + r->first;
	size_t n = r->last - r->first;
	const char *what = placeholder(&c, r->first), *base = run_base(c.argv[0]);
	bool used;

	below(ev, by);
	if (!wrapper_env(ev, &c, r->first))
		return false;
	if (!r->operands_unknown) {
		struct fields f = {0};

		for (size_t i = 0; i < n; i++)
			if (!expand_add(ev, &f, argv[i]))
				return false;
		return run_argv(ev, &(struct command_in){.argv = f.v, .argc = f.n}, false);
	}
	if (streq(base, "find"))
		return run_find(ev, &c, argv, n);
	if (c.stdin_text && (streq(base, "xargs") || streq(base, "parallel")))
		return run_xargs(ev, argv, n, what, c.stdin_text, c.argv, r->first);
	return run_with(ev, argv, n, what, value_unknown.text, &used);
}

/* The words behind the text of `sh -c text`, or behind the path of `sh path`: $0 or $1 on. */
static void positional(struct eval *ev, const struct shell_command *c, const struct commands_run *r,
		       struct child *ret)
{
	bool file = r->kind == RUN_FILE, unknown;
	size_t i = 1;

	if (!is_shell(c->argv[0]))
		return;
	while (i < c->argc && c->argv[i] != r->text &&
	       !(file && streq(run_path(ev, c->argv[i], &unknown), r->text)))
		i++;
	if (i >= c->argc)
		return;
	i++;
	if (!file && i < c->argc)
		ret->zero = c->argv[i++];
	ret->args = c->argv + i;
	ret->n_args = c->argc - i;
}

static bool follow_text(struct eval *ev, int by, const struct commands_run *r)
{
	const struct shell_command c = ev->a->commands[by];
	struct child child = {.text = r->text, .zero = c.argv[0]};

	positional(ev, &c, r, &child);
	if (r->kind == RUN_REMOTE) {
		child.lenient = ev->f.remote = true;
		ev->f.stdin_kind = STDIN_OUTSIDE;
	}
	if (r->operands_unknown)
		child.text = eval_printf(ev, "%s %c", r->text, SHELL_UNKNOWN);
	return child.text && child_shell(ev, by, &child);
}

static bool follow_one(struct eval *ev, int by, const struct commands_run *r)
{
	const struct shell_command *c = &ev->a->commands[by];
	struct child child = {.zero = c->argv[0]};

	switch (r->kind) {
	case RUN_ARGV:
		return follow_argv(ev, by, r);
	case RUN_TEXT:
	case RUN_REMOTE:
		return follow_text(ev, by, r);
	case RUN_STDIN:
		ev->f.remote |= streq(run_base(c->argv[0]), "ssh");
		return run_stdin(ev, by, &child, false);
	case RUN_FILE:
		positional(ev, c, r, &child);
		return follow_file(ev, by, r->text, child.args, child.n_args, false);
	}
	return false;
}

static bool at_directory(struct eval *ev, const char *cwd)
{
	bool unknown;

	if (!cwd)
		return true;
	cwd = run_path(ev, cwd, &unknown);
	return cwd && eval_set(ev, STATE_OTHER, "cwd",
			       value_text(&ev->a->arena, unknown ? value_unknown.text : cwd));
}

/* A program with a path may be a script that this text wrote, or that lies there. */
static bool follow_program(struct eval *ev, int by)
{
	const struct shell_command c = ev->a->commands[by];
	const struct value *v;
	const char *path;
	bool unknown;

	if (!strchr(c.argv[0], '/'))
		return true;
	path = run_path(ev, c.argv[0], &unknown);
	v = path && !unknown ? state_get(ev->st.root, STATE_FILE, path) : NULL;
	if (!v)
		return !ev->a->unparsable;
	v = eval_choose(ev, v);
	if (v->downloaded)
		eval_unknown_code(ev, by);
	if (!v->text || is_unknown(v->text) || is_other_code(v->text, strlen(v->text)))
		return true;
	return follow_file(ev, by, path, c.argv + 1, c.argc - 1, false);
}

/* `cat >x.py <<E …; python3 x.py`: the file's text is known, and the program says what language it is. */
static size_t follow_code_files(struct eval *ev, int index, struct commands_run *runs, size_t n)
{
	const struct shell_command *c = &ev->a->commands[index];
	const struct code_place place = {.a = ev->a, .index = (unsigned)index, .cwd = c->cwd, .home = ev->env->home};
	int lang = c->argc ? code_lang(run_base(c->argv[0])) : -1;
	size_t last = ev->a->n_effects;

	for (size_t i = last; lang >= 0 && i > 0 && ev->a->effects[i - 1].command == (unsigned)index; i--) {
		const struct shell_effect *e = &ev->a->effects[i - 1];
		const struct value *v = e->kind == SHELL_RUN ? state_get(ev->st.root, STATE_FILE, e->text) : NULL;

		v = v ? eval_choose(ev, v) : NULL;
		if (v && v->text && !is_unknown(v->text) && eval_step(ev, strlen(v->text)))
			n = code_scan((enum code_lang)lang, v->text, strlen(v->text), &place, runs, n);
		else if (v && v->downloaded)
			eval_unknown_code(ev, index);
	}
	return n;
}

bool follow_runs(struct eval *ev, int index, bool *ret_prints)
{
	struct commands_run runs[COMMANDS_RUNS_MAX];
	size_t n = commands_apply(ev->a, (unsigned)index, ev->env, runs);
	const char *program = ev->a->commands[index].argv[0];

	n = follow_code_files(ev, index, runs, n);
	*ret_prints = n == 1 && !runs[0].operands_unknown &&
		      (runs[0].kind == RUN_ARGV || is_shell(program));
	for (size_t i = 0; i < n && !ev->a->unparsable; i++) {
		struct collector *out = ev->out;
		struct frame f = ev->f;
		struct state before = ev->st;
		bool ok;

		if (!*ret_prints)
			ev->out = NULL;
		ok = at_directory(ev, runs[i].cwd) && follow_one(ev, index, &runs[i]);
		ev->out = out;
		ev->f = f;
		eval_leave_subshell(ev, before);
		if (!ok)
			return eval_fail(ev, "cannot be followed");
	}
	return !ev->a->unparsable && follow_program(ev, index);
}
