/* The order of things (DESIGN 2): sanitise and Unicode → encodings → shell analysis → each action under all of its
 * names (question.c) → rules; content also goes to the secret scan. A question is split until there is
 * nothing left but actions that policy_decide() understands, and every one of them is decided: there is
 * no early exit, so the order cannot hide anything. */
#include "policy/pipeline.h"

#include "policy/content-commands.h"
#include "policy/question.h"
#include "policy/tool.h"
#include "shell/path.h"
#include "shell/plain.h"
#include "shell/shell.h"
#include "text/decode.h"
#include "text/secrets.h"
#include "text/unicode.h"

#define NESTED_MAX  4	 /* texts within what a question holds: a patch in a command, a script in a file… */
/* Rules that look at a whole text are expressions, and may take the square of its length. */
#define WHOLE_RAW_MAX (8u << 10)   /* bytes of a text that is also judged with its quotes */
#define WHOLE_MAX     (32u << 10)  /* of one that is judged at all; a longer one is asked about */
#define WHOLE_BUDGET  (128u << 10) /* of all texts of one question */
#define SECRETS_MAX 32	 /* hits that are looked at in one content */
#define INSPECT_MAX (1u << 20) /* bytes of a file that is inspected */

#define UNPARSABLE_MESSAGE "This cannot be understood, so it is not run. Write it plainly, as several simple commands."

struct pipeline {
	struct question q;
	struct shell_env env;
	struct shell_analysis analysis[NESTED_MAX];
	struct arena arena; /* of one question */
	unsigned nested;
	size_t whole_left; /* bytes of text that are still judged as a whole */
	bool in_command; /* what is decoded comes from a command */
	bool in_decoded; /* what came out of an encoding is not decoded again: decode_each() did that */
};

struct pipeline *pipeline_new(const struct policy *p, const struct pipeline_world *w)
{
	struct pipeline *pl = calloc(1, sizeof(*pl));

	if (!pl)
		return NULL;
	pl->q.policy = p;
	pl->q.world = w;
	pl->env = (struct shell_env){
		.home = w->home, .cwd = w->cwd, .user = w->user, .getvar = w->getvar, .glob = w->glob, .arg = w->arg};
	return pl;
}

struct pipeline *pipeline_free(struct pipeline *pl)
{
	if (!pl)
		return NULL;
	for (unsigned i = 0; i < NESTED_MAX; i++)
		shell_done(&pl->analysis[i]);
	arena_done(&pl->arena);
	free(pl);
	return NULL;
}

void pipeline_explain(struct pipeline *pl, struct buf *to)
{
	pl->q.explain = to;
}

void pipeline_no_suggestions(struct pipeline *pl)
{
	pl->q.no_suggestions = true;
}

static void begin(struct pipeline *pl, const char *by, struct pipeline_answer *ret)
{
	arena_reset(&pl->arena);
	pl->nested = 0;
	pl->in_decoded = false;
	pl->whole_left = WHOLE_BUDGET;
	question_begin(&pl->q, ret, by);
}

static void no_memory(struct pipeline *pl)
{
	question_refuse(&pl->q, VERDICT_DENY, "unparsable", "memory", "Out of memory.", "");
}

static void too_deep(struct pipeline *pl)
{
	question_refuse(&pl->q, VERDICT_ASK, "unparsable", "shell", UNPARSABLE_MESSAGE, "nested too deeply");
}

static void judge_shell_text(struct pipeline *pl, const char *text, size_t len);
static void judge_code(struct pipeline *pl, const char *lang, const char *text, size_t len);

/* --- content -------------------------------------------------------------------------------------- */

static void judge_bytes(struct pipeline *pl, const char *path, const char *text, size_t len)
{
	struct policy_action a = {.op = POLICY_CONTENT, .path = path, .text = text, .text_len = len, .by = pl->q.by};
	struct secret_hit hits[SECRETS_MAX];
	size_t n;

	if (policy_op_matters(pl->q.policy, POLICY_CONTENT))
		question_action(&pl->q, &a, path);
	n = secrets_scan(text, len, hits, SECRETS_MAX);
	for (size_t i = 0; i < n; i++) {
		a.secret = hits[i].name;
		question_note(&pl->q, "secrets    bytes %zu to %zu look like %s", hits[i].start, hits[i].end, a.secret);
		question_action(&pl->q, &a, hits[i].name);
	}
}

/* A text that was hidden in another: may hold a secret, or be a command. */
static bool judge_decoded(const char *kind, const char *text, size_t len, void *arg)
{
	struct pipeline *pl = arg;
	enum question_mode mode = pl->q.mode;

	if (streq(kind, "limit")) { /* see decode.h: there is more than could be looked at */
		question_refuse(&pl->q, VERDICT_ASK, "unparsable", "decode", UNPARSABLE_MESSAGE, "too much encoded text");
		return true;
	}
	question_note(&pl->q, "decoded    %s: %.*s", kind, (int)MIN(len, (size_t)300), text);
	judge_bytes(pl, NULL, text, len);
	if (!pl->in_command)
		return true; /* what is only content runs nowhere by being there */
	pl->in_decoded = true;
	pl->q.mode = QUESTION_BLOCKS;
	judge_shell_text(pl, text, len);
	pl->q.mode = mode;
	pl->in_decoded = false;
	return true;
}

/* Bytes as they are, as they look, and what is encoded in them. */
static void judge_content(struct pipeline *pl, const char *path, const char *text, size_t len)
{
	autobuf norm = {0}, skeleton = {0};
	unsigned found = unicode_normalise(text, len, &norm, &skeleton);

	judge_bytes(pl, path, text, len);
	if (found && norm.len)
		judge_bytes(pl, path, buf_str(&norm), norm.len);
	if (found && skeleton.len)
		judge_bytes(pl, path, buf_str(&skeleton), skeleton.len);
	if (buf_failed(&norm) || buf_failed(&skeleton))
		no_memory(pl);
	decode_each(text, len, judge_decoded, pl);
}

/* Commands in a file that an ordinary command will run later: only what is blocked by name counts, since
 * nobody knows where and when. */
static void judge_file_commands(struct pipeline *pl, const char *path, const char *text, size_t len)
{
	enum question_mode mode = pl->q.mode;
	struct content_command *v = NULL;
	size_t n = content_commands(&pl->arena, path, text, len, &v);

	pl->q.mode = QUESTION_BLOCKS;
	for (size_t i = 0; i < n; i++) {
		question_note(&pl->q, "file       line %u of %.200s, %s: %.200s", v[i].line, path, v[i].kind, v[i].text);
		if (v[i].lang)
			judge_code(pl, v[i].lang, v[i].text, v[i].len);
		else
			judge_shell_text(pl, v[i].text, v[i].len);
	}
	pl->q.mode = mode;
}

/* --- writing -------------------------------------------------------------------------------------- */

/* A rule with `inspect` denies by name; content may show that the change is harmless. What the other rules say is
 * asked for the name that git writes first: its lock, which such a rule leaves alone. */
static bool is_harmless_change(struct pipeline *pl, const struct pipeline_answer *ans, const char *content,
			       size_t len)
{
	autobuf old = {0};
	char why[200] = "";
	int rc = -ENOSYS;

	if (ans->d.inspect == INSPECT_NONE || len > INSPECT_MAX || !pl->q.world->read_file)
		return false;
	rc = pl->q.world->read_file(pl->q.world->arg, ans->judged, &old);
	if ((rc < 0 && rc != -ENOENT) || old.len > INSPECT_MAX || buf_failed(&old))
		return false;
	return policy_inspect(ans->d.inspect, ans->judged, rc == 0 ? buf_str(&old) : NULL, old.len, content, len, why,
			      sizeof(why));
}

static void judge_write(struct pipeline *pl, const char *path, const char *content, size_t len)
{
	struct pipeline_answer own, *outer = question_apart(&pl->q, &own);
	char judged[PATH_MAX], lock[PATH_MAX + 8];

	question_path(&pl->q, POLICY_WRITE, path);
	if (content && is_harmless_change(pl, &own, content, len)) {
		memcpy(judged, own.judged, sizeof(judged));
		(void)snprintf(lock, sizeof(lock), "%s.lock", judged);
		(void)question_apart(&pl->q, &own); /* what the inspecting rule said is taken back */
		question_path(&pl->q, POLICY_WRITE, lock);
		memcpy(own.judged, judged, sizeof(judged));
	}
	question_join(&pl->q, outer, &own);
}

static void judge_write_all(struct pipeline *pl, const char *path, const char *content, size_t len)
{
	judge_write(pl, path, content, len);
	judge_content(pl, path, content, len);
	judge_file_commands(pl, path, content, len);
}

/* --- shell ---------------------------------------------------------------------------------------- */

/* The shell runs these itself. Sorted. */
static const char *const builtins[] = {
	".",	  ":",	   "[",	     "alias",  "bg",	"bind",	 "break",   "builtin", "caller",   "cd",      "command",
	"compgen", "complete", "compopt", "continue", "declare", "dirs", "disown",  "echo",    "enable",   "eval",    "exec",
	"exit",	  "export", "false",  "fc",     "fg",	"getopts", "hash",  "help",    "history",  "jobs",    "kill",
	"let",	  "local",  "logout", "mapfile", "popd", "printf", "pushd",  "pwd",     "read",     "readarray", "readonly",
	"return", "set",    "shift",  "shopt",  "source", "suspend", "test", "time",    "times",    "trap",    "true",
	"type",	  "typeset", "ulimit", "umask", "unalias", "unset", "wait",
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, *(const char *const *)b);
}

static bool is_builtin(const char *name)
{
	return bsearch(name, builtins, ARRAY_SIZE(builtins), sizeof(*builtins), compare_names) != NULL;
}

struct program_sink {
	struct question *q;
	struct policy_action act;
	const char *about;
};

static void add_program_name(void *to, const char *name)
{
	struct program_sink *s = to;

	s->act.path = name;
	question_action(s->q, &s->act, s->about);
}

/* @text: what the command stands in; NULL: it is an argument vector, and no shell comes first. */
static void judge_program(struct pipeline *pl, const struct shell_analysis *a, unsigned i, const char *text, size_t len)
{
	const struct shell_command *c = &a->commands[i];
	struct policy_action act = {
		.op = POLICY_EXEC, .argv = c->argv, .shell = a, .command = i, .by = pl->q.by};
	enum question_mode mode = pl->q.mode;
	char found[PATH_MAX], about[300];
	const char *name = c->argc ? c->argv[0] : "";

	if (len <= WHOLE_MAX) /* a longer one is asked about as a whole */
		act.text = text, act.text_len = len;
	(void)snprintf(about, sizeof(about), "%s%s%s", name, c->argc > 1 ? " " : "", c->argc > 1 ? c->argv[1] : "");
	if (!c->argc) { /* nothing but redirections and assignments: nothing runs */
		act.argv = NULL;
		pl->q.mode = MAX(mode, (enum question_mode)QUESTION_NAMED);
	} else if (strchr(name, '/')) {
		act.path = shell_path(&pl->arena, c->cwd, pl->env.home, name);
	} else if ((text || c->parent >= 0) && is_builtin(name)) {
		pl->q.mode = MAX(mode, (enum question_mode)QUESTION_NAMED);
	} else if (pl->q.world->find_program && pl->q.world->find_program(pl->q.world->arg, name, found)) {
		act.path = found;
	} else {
		act.path = shell_path(&pl->arena, c->cwd, pl->env.home, name);
	}
	if (act.path && act.path[0] != '/')
		act.path = NULL;
	question_action(&pl->q, &act, about);
	if (act.path && pl->q.world->names) {
		struct program_sink sink = {&pl->q, act, about};
		char real[PATH_MAX];

		(void)pl->q.world->names(pl->q.world->arg, POLICY_EXEC, act.path, add_program_name, &sink, real);
	}
	pl->q.mode = mode;
}

static const enum policy_op effect_ops[SHELL_EFFECT_COUNT] = {
	[SHELL_READ] = POLICY_READ, [SHELL_WRITE] = POLICY_WRITE, [SHELL_DELETE] = POLICY_DELETE,
	[SHELL_LIST] = POLICY_LIST, [SHELL_RUN] = POLICY_EXEC,	  [SHELL_CONNECT] = POLICY_CONNECT,
};

/* What a run would have to tell: rules that speak of unknown operands. */
static void judge_unknown(struct pipeline *pl, const struct shell_analysis *a, const struct shell_effect *e)
{
	const struct policy_action act = {
		.op = effect_ops[e->kind],
		.argv = a->commands[e->command].argv,
		.shell = a,
		.command = e->command,
		.by = pl->q.by,
		.unknown = true,
	};
	enum question_mode mode = pl->q.mode;

	if (mode == QUESTION_ALL)
		pl->q.mode = QUESTION_NAMED;
	question_action(&pl->q, &act, e->text);
	pl->q.mode = mode;
}

/* @e->text with a letter where the unknown is: what is known of it still counts. */
static char *without_unknown(struct pipeline *pl, const char *text, char stand_in)
{
	char *s = arena_strdup(&pl->arena, text);

	for (char *p = s; p && (p = strchr(p, SHELL_UNKNOWN));)
		*p = stand_in;
	return s;
}

static void judge_connect_effect(struct pipeline *pl, const struct shell_analysis *a, const struct shell_effect *e)
{
	const char *scheme = strstr(e->text, "://"), *host = scheme ? scheme + 3 : e->text;
	size_t len = strcspn(host, "/?#");
	char *text;

	if (memchr(host, SHELL_UNKNOWN, len)) {
		judge_unknown(pl, a, e);
		if (host[0] == SHELL_UNKNOWN && (len == 1 || host[1] == ':' || host[1] == '/'))
			return; /* nothing of the host is known */
	}
	text = without_unknown(pl, e->text, 'x');
	if (!text)
		no_memory(pl);
	else
		question_destination(&pl->q, text);
}

static void judge_path_effect(struct pipeline *pl, const struct shell_analysis *a, const struct shell_effect *e)
{
	enum policy_op op = effect_ops[e->kind];
	enum question_mode mode = pl->q.mode;
	const char *cwd = pl->q.cwd;

	pl->q.cwd = a->commands[e->command].cwd;
	if (e->unknown && !shell_path_known(e->text)) {
		if (e->dangerous)
			judge_unknown(pl, a, e);
		if (mode == QUESTION_ALL)
			pl->q.mode = QUESTION_NAMED;
		if (e->text[0] != SHELL_UNKNOWN || e->text[1])
			question_path(&pl->q, op, e->text);
	} else if (e->is_glob) {
		question_glob(&pl->q, op, e->text);
	} else if (e->recursive && op == POLICY_READ) {
		question_tree(&pl->q, op, e->text);
	} else {
		question_path(&pl->q, op, e->text);
	}
	pl->q.mode = mode;
	pl->q.cwd = cwd;
}

/* Files that a command of the text itself fills with what stands in it: cat >x <<E, tee x <<<y. */
static void judge_written_text(struct pipeline *pl, const struct shell_analysis *a, unsigned i)
{
	const struct shell_command *c = &a->commands[i];

	if (!c->stdin_text || !c->argc || !(streq(c->argv[0], "cat") || streq(c->argv[0], "tee")))
		return;
	for (size_t k = 0; k < a->n_effects; k++)
		if (a->effects[k].command == i && a->effects[k].kind == SHELL_WRITE)
			judge_file_commands(pl, a->effects[k].text, c->stdin_text, strlen(c->stdin_text));
}

static void judge_items(struct pipeline *pl, const struct tool_call *call);

/* apply_patch <<E, as some agents call it. */
static void judge_patch_command(struct pipeline *pl, const struct shell_command *c)
{
	const char *patch = c->argc > 1 ? c->argv[1] : c->stdin_text;
	struct tool_call call = {.name = "apply_patch"};
	struct err err;

	if (!c->argc || !(streq(c->argv[0], "apply_patch") || streq(c->argv[0], "applypatch")) || !patch)
		return;
	if (tool_patch(&pl->arena, patch, strlen(patch), &call, &err) < 0)
		question_refuse(&pl->q, VERDICT_DENY, "unparsable", "patch", "This patch cannot be read.", err.msg);
	else
		judge_items(pl, &call);
}

/* A text as a whole. */
static void judge_whole(struct pipeline *pl, const struct shell_analysis *a, const char *text, size_t len)
{
	const char *const argv[] = {"sh", "-c", text, NULL};
	const struct policy_action whole = {
		.op = POLICY_EXEC,
		.argv = argv,
		.shell = a,
		.command = POLICY_WHOLE_TEXT,
		.text = text,
		.text_len = len,
		.by = pl->q.by,
	};

	if (len > WHOLE_MAX || len > pl->whole_left) {
		question_refuse(&pl->q, VERDICT_ASK, "unparsable", "shell", UNPARSABLE_MESSAGE, "too long a text");
		return;
	}
	pl->whole_left -= len;
	question_action(&pl->q, &whole, text);
}

/* As it is written, without quoting that changes nothing, and the texts that it runs in turn. */
static void judge_texts(struct pipeline *pl, const struct shell_analysis *a, const char *text, size_t len)
{
	const enum question_mode mode = pl->q.mode;
	autobuf plain = {0};

	if (mode == QUESTION_ALL)
		pl->q.mode = QUESTION_NAMED;
	if (text && len <= WHOLE_RAW_MAX)
		judge_whole(pl, a, text, len);
	for (size_t i = 0; i <= a->n_texts; i++) {
		const char *t = i < a->n_texts ? a->texts[i] : text;

		if (!t)
			continue;
		buf_reset(&plain);
		shell_plain(t, i < a->n_texts ? strlen(t) : len, &plain);
		if (buf_failed(&plain))
			no_memory(pl);
		else if (t != text || len > WHOLE_RAW_MAX || plain.len != len || !streq(buf_str(&plain), t))
			judge_whole(pl, a, buf_str(&plain), plain.len);
	}
	pl->q.mode = mode;
}

static void judge_analysis(struct pipeline *pl, const struct shell_analysis *a, const char *text, size_t len)
{
	judge_texts(pl, a, text, len);
	for (unsigned i = 0; i < a->n_commands; i++) {
		judge_program(pl, a, i, text, len);
		judge_written_text(pl, a, i);
		judge_patch_command(pl, &a->commands[i]);
	}
	for (size_t i = 0; i < a->n_effects; i++) {
		const struct shell_effect *e = &a->effects[i];

		if (e->kind == SHELL_CONNECT)
			judge_connect_effect(pl, a, e);
		else if (e->kind != SHELL_SETENV)
			judge_path_effect(pl, a, e);
	}
	if (a->unparsable)
		question_refuse(&pl->q, VERDICT_ASK, "unparsable", "shell", UNPARSABLE_MESSAGE, a->why);
}

static void explain_analysis(struct pipeline *pl, const struct shell_analysis *a)
{
	static const char *const kinds[SHELL_EFFECT_COUNT] = {"read", "write", "delete", "list", "run", "connect",
							      "setenv"};

	if (!pl->q.explain)
		return;
	for (unsigned i = 0; i < a->n_commands; i++) {
		const struct shell_command *c = &a->commands[i];

		question_note(&pl->q, "shell      command %u%s: %.100s%s%.200s", i, c->parent >= 0 ? " (inside another)" : "",
			   c->argc ? c->argv[0] : "(no program)", c->argc > 1 ? " " : "", c->argc > 1 ? c->argv[1] : "");
	}
	for (size_t i = 0; i < a->n_effects; i++)
		question_note(&pl->q, "shell      command %u: %s %.300s%s%s", a->effects[i].command,
			   kinds[a->effects[i].kind], a->effects[i].text, a->effects[i].sent ? " (sent)" : "",
			   a->effects[i].unknown ? " (not wholly known)" : "");
	if (a->unparsable)
		question_note(&pl->q, "shell      unparsable: %s", a->why);
	if (a->unknown_code)
		question_note(&pl->q, "shell      runs text that is not known");
}

static void judge_shell_text(struct pipeline *pl, const char *text, size_t len)
{
	struct shell_analysis *a;
	const char *copy;

	if (pl->nested == NESTED_MAX) {
		too_deep(pl);
		return;
	}
	a = &pl->analysis[pl->nested++];
	pl->env.cwd = pl->q.cwd;
	shell_analyse(text, len, &pl->env, a);
	/* What only looks encoded is often no command at all. */
	if (!(a->unparsable && pl->in_decoded)) {
		copy = arena_strndup(&pl->arena, text, len);
		explain_analysis(pl, a);
		if (copy)
			judge_analysis(pl, a, copy, len);
		else
			no_memory(pl);
	}
	pl->nested--;
}

/* What a person would not see in it. */
#define HIDDEN (UNICODE_NUL | UNICODE_CONTROL | UNICODE_ANSI | UNICODE_BIDI | UNICODE_TAG | UNICODE_INVALID)

static void judge_command(struct pipeline *pl, const char *text, size_t len)
{
	autobuf norm = {0}, skeleton = {0};
	unsigned found = unicode_normalise(text, len, &norm, &skeleton);

	judge_shell_text(pl, text, len);
	if (found & HIDDEN)
		question_refuse(&pl->q, VERDICT_ASK, "hidden-characters", "unicode",
			     "The command holds characters that nobody sees. Write it without them.", "");
	if (found && norm.len) {
		question_note(&pl->q, "unicode    reads as: %.300s", buf_str(&norm));
		judge_shell_text(pl, buf_str(&norm), norm.len);
	}
	if (found && skeleton.len && !(norm.len == skeleton.len && streq(buf_str(&norm), buf_str(&skeleton)))) {
		question_note(&pl->q, "unicode    looks like: %.300s", buf_str(&skeleton));
		judge_shell_text(pl, buf_str(&skeleton), skeleton.len);
	}
	if (buf_failed(&norm) || buf_failed(&skeleton))
		no_memory(pl);
	judge_bytes(pl, NULL, text, len);
	pl->in_command = true;
	decode_each(text, len, judge_decoded, pl);
	pl->in_command = false;
}

static void judge_argv(struct pipeline *pl, const char *const *argv)
{
	struct shell_analysis *a;

	if (pl->nested == NESTED_MAX) {
		too_deep(pl);
		return;
	}
	a = &pl->analysis[pl->nested++];
	pl->env.cwd = pl->q.cwd;
	shell_analyse_argv(argv, &pl->env, a);
	explain_analysis(pl, a);
	judge_analysis(pl, a, NULL, 0);
	for (size_t i = 0; argv[i]; i++)
		judge_bytes(pl, NULL, argv[i], strlen(argv[i]));
	pl->nested--;
}

/* How a command line would run code of a language. */
static const struct {
	const char *lang, *program, *flag;
} languages[] = {
	{"python", "python3", "-c"},   {"javascript", "node", "-e"}, {"typescript", "node", "-e"},
	{"perl", "perl", "-e"},	       {"ruby", "ruby", "-e"},	     {"php", "php", "-r"},
	{"lua", "lua", "-e"},	       {"r", "Rscript", "-e"},
};

/* Code in a language that nobody here reads goes to the secret scan alone; its calls are judged when it runs. */
static void judge_code(struct pipeline *pl, const char *lang, const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(languages); i++) {
		const char *const argv[] = {languages[i].program, languages[i].flag, text, NULL};

		if (lang && streq(lang, languages[i].lang)) {
			judge_argv(pl, argv);
			return;
		}
	}
	judge_bytes(pl, NULL, text, len);
}

/* --- tool calls ----------------------------------------------------------------------------------- */

/* The content that goes to the path of @items[i], if the call has it whole. */
static const struct tool_item *content_of(const struct tool_call *call, size_t i)
{
	for (size_t k = 0; k < call->n_items; k++) {
		const struct tool_item *c = &call->items[k];

		if (c->kind == TOOL_CONTENT && c->path && !c->old && streq(c->path, call->items[i].text))
			return c;
	}
	return NULL;
}

static void judge_item(struct pipeline *pl, const struct tool_call *call, size_t i)
{
	const struct tool_item *it = &call->items[i], *content;

	question_note(&pl->q, "tool       %s", it->field ? it->field : "");
	switch (it->kind) {
	case TOOL_COMMAND:
		judge_command(pl, it->text, it->len);
		break;
	case TOOL_ARGV:
		judge_argv(pl, it->argv);
		break;
	case TOOL_PATH:
		content = it->op == POLICY_WRITE ? content_of(call, i) : NULL;
		if (content)
			judge_write(pl, it->text, content->text, content->len);
		else if (it->is_glob)
			question_glob(&pl->q, it->op, it->text);
		else if (it->recursive && it->op == POLICY_READ)
			question_tree(&pl->q, it->op, it->text);
		else
			question_path(&pl->q, it->op, it->text);
		break;
	case TOOL_CONNECT:
		question_destination(&pl->q, it->text);
		break;
	case TOOL_CONTENT:
		judge_content(pl, it->path, it->text, it->len);
		if (it->path)
			judge_file_commands(pl, it->path, it->text, it->len);
		break;
	case TOOL_CODE:
		judge_code(pl, it->path, it->text, it->len);
		break;
	}
}

static void judge_items(struct pipeline *pl, const struct tool_call *call)
{
	const char *cwd = pl->q.cwd;

	for (size_t i = 0; i < call->n_items; i++) {
		char at[PATH_MAX];

		if (call->items[i].cwd &&
		    policy_normalise(cwd ? cwd : "/", call->items[i].cwd, at, sizeof(at)) > 0)
			pl->q.cwd = at;
		judge_item(pl, call, i);
		pl->q.cwd = cwd;
	}
}

void pipeline_tool(struct pipeline *pl, const char *name, const cJSON *input, struct pipeline_answer *ret)
{
	struct policy_action a = {.op = POLICY_TOOL};
	struct tool_call call = {0};
	struct err err;

	begin(pl, NULL, ret);
	if (tool_parse(&pl->arena, name, input, &call, &err) < 0) {
		question_refuse(&pl->q, VERDICT_DENY, "unparsable", "tool", "This tool call cannot be read.", err.msg);
		return;
	}
	pl->q.tool = call.name;
	pl->q.server = call.server;
	pl->q.input = a.text = call.input;
	a.text_len = call.input ? strlen(call.input) : 0;
	question_action(&pl->q, &a, call.name);
	if (call.input)
		judge_bytes(pl, NULL, call.input, a.text_len);
	judge_items(pl, &call);
}

/* --- the other questions -------------------------------------------------------------------------- */

void pipeline_command(struct pipeline *pl, const char *text, size_t len, const char *by, struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	judge_command(pl, text, len);
}

void pipeline_argv(struct pipeline *pl, const char *const *argv, const char *by, struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	judge_argv(pl, argv);
}

void pipeline_path(struct pipeline *pl, enum policy_op op, const char *path, const char *by,
		   struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	question_path(&pl->q, op, path);
}

void pipeline_write(struct pipeline *pl, const char *path, const char *content, size_t len, const char *by,
		    struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	judge_write_all(pl, path, content, len);
}

void pipeline_host(struct pipeline *pl, const char *host, uint16_t port, const char *by, struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	question_host(&pl->q, host, port);
}

void pipeline_url(struct pipeline *pl, const char *url, const char *by, struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	question_url(&pl->q, url);
	judge_bytes(pl, NULL, url, strlen(url));
}

void pipeline_unix(struct pipeline *pl, const char *path, const char *by, struct pipeline_answer *ret)
{
	begin(pl, by, ret);
	question_unix(&pl->q, path);
}

void pipeline_text(struct pipeline *pl, const char *text, size_t len, struct pipeline_answer *ret)
{
	begin(pl, NULL, ret);
	judge_content(pl, NULL, text, len);
}

void pipeline_unreadable(struct pipeline *pl, const char *why, struct pipeline_answer *ret)
{
	begin(pl, NULL, ret);
	question_refuse(&pl->q, VERDICT_DENY, "unparsable", "sanitise", UNPARSABLE_MESSAGE, why);
}
