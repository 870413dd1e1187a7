/* One walk over the tokens. A name that is called and that the table knows says what becomes of its
 * arguments; their values come from code-value.c. Literals that no such call took are looked at at
 * the end. */
#include "shell/code.h"

#include "shell/code-value.h"
#include "shell/path.h"

#include <ctype.h>

#define SCAN_DEPTH_MAX 4 /* code within literals within code */
#define ARGS_MAX       12

enum call_kind {
	CALL_READ = 0,
	CALL_WRITE,
	CALL_DELETE,
	CALL_LIST,
	CALL_RUN_FILE,
	CALL_OPEN, /* path, mode */
	CALL_MOVE, /* from, to */
	CALL_COPY,
	CALL_LINK,    /* from, to: only the second is written */
	CALL_SECOND,  /* data, path that is written */
	CALL_SHELL,   /* a command text, or a list of words, or words */
	CALL_CONNECT, /* URL, or host and port, in a tuple, too */
	CALL_EVAL,
	CALL_SETENV,
	CALL_CHDIR,
};

enum {		      /* of calls */
       ON_SELF = 1,   /* as a method of a path: Path('x').unlink() */
       TREE = 2,      /* all below, too */
       DUP_ARGV0 = 4, /* program, argv[0], … */
       BARE = 8,      /* also without brackets */
       NO_RECV = 16,  /* as a method it is something else */
};

struct call {
	enum call_kind kind;
	unsigned flags;
	const char *receivers; /* NULL: the name says enough */
};

struct call_name {
	const char *name;
	unsigned call;
};

#include "code_calls.inc"

struct walk {
	struct code_scan s;
	struct commands_run *runs;
	size_t n_runs;
	unsigned char *used; /* literals that a call has taken */
	const char *cwd;
	unsigned depth;
	bool full;
};

static void scan_text(struct walk *outer, enum code_lang lang, const char *text, size_t len);

/* ---- results ---- */

static void put(struct walk *w, struct shell_effect e)
{
	e.command = w->s.place->index;
	if (e.text && !w->full && !shell_add_effect(w->s.place->a, &e))
		w->full = true;
}

static void put_path(struct walk *w, enum shell_effect_kind kind, const char *path, bool tree,
		     bool guess)
{
	struct shell_effect e = {.kind = kind, .recursive = tree, .guess = guess};

	if (*path == '\0')
		return;
	if (str_starts(path, "file://"))
		path += 7;
	e.text = shell_path(&w->s.place->a->arena, w->cwd, w->s.place->home, path);
	if (!e.text)
		return;
	e.unknown = e.text[0] != '/' || strchr(e.text, SHELL_UNKNOWN);
	e.dangerous = kind == SHELL_DELETE;
	put(w, e);
}

static void put_connect(struct walk *w, const char *to, bool guess)
{
	if (*to)
		put(w, (struct shell_effect){.kind = SHELL_CONNECT,
					     .text = to,
					     .guess = guess,
					     .unknown = strchr(to, SHELL_UNKNOWN)});
}

static void unknown_code(struct walk *w)
{
	struct shell_analysis *a = w->s.place->a;

	if (!a->unknown_code) {
		a->unknown_code = true;
		a->unknown_code_by = w->s.place->index;
	}
}

static void run_text(struct walk *w, const char *text)
{
	text += strspn(text, " \t\n|");
	if (*text == '\0')
		return;
	if (*text == SHELL_UNKNOWN || !w->runs || w->n_runs == COMMANDS_RUNS_MAX) {
		unknown_code(w);
		if (!w->runs || w->n_runs == COMMANDS_RUNS_MAX)
			return;
	}
	if (w->s.decoded)
		w->s.place->a->decoded = true;
	w->runs[w->n_runs++] = (struct commands_run){.kind = RUN_TEXT, .text = text};
}

static bool is_url(const char *v)
{
	size_t n = strspn(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+");

	return n && str_starts(v + n, "://");
}

static bool looks_like_path(const char *v)
{
	size_t len = strcspn(v, "\n");

	if (v[len] || len > 4096)
		return false;
	if (v[0] == '/' || v[0] == '~' || (v[0] == '.' && v[1] != ' '))
		return strpbrk(v,
			       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*");
	return strchr(v, '/') && !strpbrk(v, " \t<>\"'(){};,") && (v[0] != SHELL_UNKNOWN || v[1]);
}

/* ---- arguments ---- */

struct args {
	const char *v[ARGS_MAX];
	size_t first[ARGS_MAX], next[ARGS_MAX]; /* tokens */
	size_t n, end;
	bool recursive; /* a word of that name is among them */
};

static void mark(struct walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to && i < w->s.l.n; i++)
		w->used[i] = 1;
}

/* name=value, name: value, name => value */
static size_t keyword(const struct walk *w, size_t i, size_t end)
{
	const struct lexed *l = &w->s.l;

	if (i + 1 >= end || (l->v[i].kind != TOKEN_NAME && l->v[i].kind != TOKEN_STRING))
		return 0;
	if (lex_is(l, i + 1, '=') && lex_is(l, i + 2, '>'))
		return 3;
	if (l->lang == CODE_PYTHON && lex_is(l, i + 1, '=') && !lex_is(l, i + 2, '='))
		return 2;
	if (lex_is(l, i + 1, ':') || (l->lang == CODE_R && lex_is(l, i + 1, '=')))
		return 2;
	return 0;
}

/* From token @i; within a bracket to its @close, else as long as there are commas. */
static void read_args(struct walk *w, size_t i, size_t close, bool bracket, struct args *a)
{
	struct lexed *l = &w->s.l;

	*a = (struct args){0};
	while (i < close && a->n < ARGS_MAX) {
		size_t next, skip = keyword(w, i, close);

		if (skip && l->v[i].len >= 9 &&
		    memmem(l->text + l->v[i].start, l->v[i].len, "recursive", 9))
			a->recursive = true;
		a->first[a->n] = i + skip;
		a->v[a->n] = code_value(&w->s, i + skip, close, &next);
		if (lex_is(l, i, '{') && l->v[i].match > i)
			for (size_t j = i; j < l->v[i].match && j < i + 64; j++)
				a->recursive |=
					l->v[j].kind == TOKEN_NAME && l->v[j].len == 9 &&
					memcmp(l->text + l->v[j].start, "recursive", 9) == 0;
		a->next[a->n++] = next;
		for (i = next; bracket && i < close && !lex_is(l, i, ',');)
			i = MAX(i, (size_t)l->v[i].match) + 1;
		a->end = i;
		if (!lex_is(l, i, ','))
			break;
		i++;
	}
	a->end = bracket ? close : a->end;
}

/* The words of a list literal at token @i, appended to @b; false: that is no list. */
static bool list_words(struct walk *w, size_t i, struct buf *b, bool *first_unknown)
{
	struct lexed *l = &w->s.l;
	size_t close, next;

	if (i >= l->n ||
	    !(lex_is(l, i, '[') || (lex_is(l, i, '(') && l->lang == CODE_PYTHON) ||
	      lex_is(l, i, '{')) ||
	    l->v[i].match <= i)
		return false;
	close = l->v[i].match;
	for (i++; i < close;) {
		const char *v = code_value(&w->s, i, close, &next);

		*first_unknown |= b->len == 0 && *v == SHELL_UNKNOWN;
		if (b->len)
			buf_putc(b, ' ');
		shell_quote(b, v);
		for (i = next; i < close && !lex_is(l, i, ',');)
			i = MAX(i, (size_t)l->v[i].match) + 1;
		i++;
	}
	return true;
}

/* ---- what calls do ---- */

static void call_shell(struct walk *w, const struct call *c, const struct args *a)
{
	struct lexed *l = &w->s.l;
	autobuf b = {0};
	size_t words = 0;
	bool first_unknown = false;

	for (size_t i = 0; i < a->n; i++) {
		size_t from = a->first[i];
		bool named = from > 0 && from < l->n &&
			     (lex_is(l, from - 1, ':') || lex_is(l, from - 1, '='));
		bool args_list = named && from > 1 && l->v[from - 2].kind == TOKEN_NAME &&
				 l->v[from - 2].len == 4 &&
				 memcmp(l->text + l->v[from - 2].start, "args", 4) == 0;

		if (lex_is(l, from, '{') &&
		    l->v[from].match > from) { /* Deno.Command('x', {args: [ … ]}) */
			for (size_t j = from; j < l->v[from].match && j < from + 64; j++)
				if (lex_is(l, j, '[') && j > 2 && l->v[j - 2].len == 4 &&
				    memcmp(l->text + l->v[j - 2].start, "args", 4) == 0)
					(void)list_words(w, j, &b, &first_unknown);
			continue;
		}
		if (c->flags & DUP_ARGV0 && i == 1 && !lex_is(l, from, '['))
			continue;
		if (lex_is(l, from, '[') ||
		    (lex_is(l, from, '(') && l->lang == CODE_PYTHON && words > 0)) {
			if (c->flags & DUP_ARGV0) /* the list starts with the name again */
				buf_reset(&b);
			(void)list_words(w, from, &b, &first_unknown); /* it is one */
			words++;
			continue;
		}
		if (named && !args_list)
			continue;
		if (words == 0 && i == 0) {
			first_unknown |= a->v[i][0] == SHELL_UNKNOWN;
			buf_puts(&b, a->v[i]);
		} else if (l->v[from].kind == TOKEN_STRING || l->v[from].kind == TOKEN_NAME) {
			if (l->v[from].kind == TOKEN_NAME && a->v[i][0] == SHELL_UNKNOWN &&
			    l->lang != CODE_PERL && l->lang != CODE_RUBY)
				continue; /* a callback, options */
			buf_putc(&b, ' ');
			shell_quote(&b, a->v[i]);
		}
		words++;
	}
	if (first_unknown)
		unknown_code(w);
	if (!buf_failed(&b) && b.len)
		run_text(w, arena_strndup(&w->s.place->a->arena, b.data, b.len));
}

/* open(path, mode), and perl's open(FH, mode, path), open(FH, "mode path"), "cmd |" */
static void call_open(struct walk *w, const struct args *a, const char *self, bool guess)
{
	size_t at = self ? 0 : 1;
	const char *path = self	  ? self
			   : a->n ? a->v[0]
				  : "",
		   *mode = a->n > at ? a->v[at] : "r", *p;

	if (w->s.l.lang == CODE_PERL && a->n > 1) {
		mode = a->v[1];
		p = mode + strspn(mode, "+<>| \t");
		path = a->n > 2 ? a->v[2] : p;
		if (a->n == 2 && *p && mode[strlen(mode) - 1] == '|') {
			run_text(w, arena_strndup(&w->s.place->a->arena, p, strlen(p) - 1));
			return;
		}
		if (strchr(mode, '|') || str_starts(mode, "-|")) {
			run_text(w, path);
			return;
		}
		put_path(w, strchr(mode, '>') ? SHELL_WRITE : SHELL_READ, path, false, guess);
		return;
	}
	if (path[0] == '|') { /* ruby's open("| cmd") */
		run_text(w, path + 1);
		return;
	}
	if (is_url(path)) {
		put_connect(w, path, guess);
		return;
	}
	if (strpbrk(mode, "wax+>") && strlen(mode) <= 4)
		put_path(w, SHELL_WRITE, path, false, guess);
	if (!strpbrk(mode, "wax>") || strchr(mode, '+') || strlen(mode) > 4)
		put_path(w, SHELL_READ, path, false, guess);
}

/* connect((host, port)), connect(port, host), get(url), request({host: …}) */
static void call_connect(struct walk *w, const struct args *a, bool gated)
{
	struct lexed *l = &w->s.l;
	const char *host = NULL, *port = NULL, *v;
	size_t i = a->n ? a->first[0] : 0, end = a->end, next;
	autobuf b = {0};

	if (!a->n)
		return;
	if (is_url(a->v[0])) {
		put_connect(w, a->v[0], false);
		return;
	}
	if ((lex_is(l, i, '(') || lex_is(l, i, '{')) && l->v[i].match > i)
		end = MIN((size_t)l->v[i].match, i + 64), i++;
	while (i < end && !(host && port)) {
		const struct token *t = &l->v[i];

		if (t->kind == TOKEN_NUMBER || t->kind == TOKEN_STRING ||
		    (t->kind == TOKEN_NAME && !lex_is(l, i + 1, ':') && !lex_is(l, i + 1, '='))) {
			v = code_value(&w->s, i, end, &next);
			if (*v && !v[strspn(v, "0123456789")])
				port = port ? port : v;
			else if (!host)
				host = v;
			i = MAX(next, i + 1);
		} else {
			i++;
		}
	}
	if (!host || (gated && *host == SHELL_UNKNOWN && !port) || strpbrk(host, " \n/"))
		return;
	buf_puts(&b, host);
	if (port)
		buf_printf(&b, ":%s", port);
	put_connect(w, arena_strndup(&w->s.place->a->arena, buf_str(&b), b.len), gated && !port);
}

static void call_eval(struct walk *w, const struct args *a)
{
	if (!a->n)
		return;
	if (strchr(a->v[0], SHELL_UNKNOWN))
		unknown_code(w);
	if (w->s.decoded)
		w->s.place->a->decoded = true;
	scan_text(w, w->s.l.lang, a->v[0], strlen(a->v[0]));
}

static void call_paths(struct walk *w, const struct call *c, const struct args *a, const char *self,
		       bool guess)
{
	static const enum shell_effect_kind kinds[] = {SHELL_READ, SHELL_WRITE, SHELL_DELETE,
						       SHELL_LIST, SHELL_RUN};
	bool tree = c->flags & TREE;
	size_t n = c->kind == CALL_DELETE && (w->s.l.lang == CODE_PERL || w->s.l.lang == CODE_RUBY)
			   ? a->n
			   : MIN(a->n, (size_t)1);

	if (self) {
		put_path(w, kinds[c->kind], self, tree, guess);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!is_url(a->v[i]))
			put_path(w, kinds[c->kind], a->v[i], tree || a->recursive, guess);
		else
			put_connect(w, a->v[i], guess);
}

static void call_two(struct walk *w, const struct call *c, const struct args *a, const char *self,
		     bool guess)
{
	const char *from = self	  ? self
			   : a->n ? a->v[0]
				  : "",
		   *to = self	    ? (a->n ? a->v[0] : "")
			 : a->n > 1 ? a->v[1]
				    : "";
	bool tree = c->flags & TREE;

	if (c->kind == CALL_LINK && self) { /* new.symlink_to(old) */
		put_path(w, SHELL_READ, to, false, guess);
		put_path(w, SHELL_WRITE, from, false, guess);
		return;
	}
	if (c->kind != CALL_SECOND)
		put_path(w, SHELL_READ, from, tree, guess);
	if (c->kind == CALL_MOVE)
		put_path(w, SHELL_DELETE, from, tree, guess);
	put_path(w, SHELL_WRITE, to, tree, guess);
}

static void apply_call(struct walk *w, const struct call *c, const struct args *a, const char *self,
		       bool guess)
{
	switch (c->kind) {
	case CALL_READ:
	case CALL_WRITE:
	case CALL_DELETE:
	case CALL_LIST:
	case CALL_RUN_FILE:
		return call_paths(w, c, a, self, guess);
	case CALL_OPEN:
		return call_open(w, a, self, guess);
	case CALL_MOVE:
	case CALL_COPY:
	case CALL_LINK:
	case CALL_SECOND:
		return call_two(w, c, a, self, guess);
	case CALL_SHELL:
		return self && !a->n ? run_text(w, self) : call_shell(w, c, a);
	case CALL_CONNECT:
		return call_connect(w, a, c->receivers);
	case CALL_EVAL:
		return call_eval(w, a);
	case CALL_SETENV:
		if (a->n) {
			autobuf b = {0};

			buf_puts(&b, a->v[0]);
			if (!strchr(a->v[0], '=') && a->n > 1) {
				buf_putc(&b, '=');
				buf_puts(&b, a->v[1]);
			}
			put(w,
			    (struct shell_effect){.kind = SHELL_SETENV,
						  .text = arena_strndup(&w->s.place->a->arena,
									buf_str(&b), b.len),
						  .unknown = strchr(buf_str(&b), SHELL_UNKNOWN)});
		}
		return;
	case CALL_CHDIR:
		if (a->n) {
			const char *to = shell_path(&w->s.place->a->arena, w->cwd, w->s.place->home,
						    a->v[0]);

			w->cwd = to && to[0] == '/' ? to : NULL;
		}
		return;
	}
}

/* ---- who is called ---- */

/* The first row of call_names that is not below @name. */
static size_t find_name(const char *name, size_t len)
{
	size_t low = 0, high = ARRAY_SIZE(call_names);

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strncmp(call_names[mid].name, name, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct call *find_call(const char *name, size_t len, const char *recv, size_t recv_len,
				    bool *ret_gated)
{
	const struct call *gated = NULL;

	for (size_t i = find_name(name, len); i < ARRAY_SIZE(call_names); i++) {
		const struct call *c = &calls[call_names[i].call];

		if (strncmp(call_names[i].name, name, len) != 0 || call_names[i].name[len])
			break; /* the shortest of those that start with it come first */
		if (c->flags & NO_RECV && recv)
			continue;
		if (!c->receivers || (recv && code_word_in(c->receivers, recv, recv_len))) {
			*ret_gated = false;
			return c;
		}
		gated = gated ? gated : c;
	}
	*ret_gated = gated;
	return gated;
}

/* The value of the term that ends in front of token @i: what a method is called on. */
static const char *receiver(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	size_t start = i - 1, next;

	while (start > 0 && start + 8 > i && (lex_is(l, start, ')') || lex_is(l, start, ']')) &&
	       l->v[start].match < start) {
		start = l->v[start].match;
		if (start > 0 && l->v[start - 1].kind == TOKEN_NAME)
			start--;
		if (!(l->v[start].kind == TOKEN_NAME &&
		      strchr(".:-?", l->text[l->v[start].start]) && start > 0))
			break;
		start--;
	}
	/* (Path.home() / 'x').unlink() and `x / 'y'` are one term; a value that ends elsewhere is
	 * none. */
	if (start > i - 1)
		return NULL;
	mark(w, start, i);
	return code_value(&w->s, start, i, &next);
}

struct callee {
	const char *name, *recv;
	size_t len, recv_len;
	const char *self; /* the value it is a method of, or NULL */
};

static void resolve_alias(struct walk *w, struct callee *c)
{
	const struct code_var *v =
		c->recv ? code_var(&w->s, c->recv, c->recv_len) : code_var(&w->s, c->name, c->len);
	const char *last;

	if (!v)
		return;
	if (c->recv && v->is_name) {
		c->recv = v->value;
		c->recv_len = strlen(v->value);
	} else if (c->recv) {
		c->self = v->value; /* cp = require('child_process'), p = Path('x') */
		c->recv = v->value;
		c->recv_len = strlen(v->value);
	} else if (v->is_name) {
		last = strrchr(v->value, '.');
		c->name = last ? last + 1 : v->value;
		c->len = strlen(c->name);
		c->recv = last ? v->value : NULL;
		c->recv_len = last ? (size_t)(last - v->value) : 0;
	}
}

static void last_part(struct callee *c)
{
	const char *p = c->recv;

	/* os.path.join: the receiver that tells is the last one, or the whole of it */
	for (size_t i = 0; p && i < c->recv_len; i++)
		if (strchr(".:>", c->recv[i]) && i + 1 < c->recv_len)
			p = c->recv + i + 1;
	if (p) {
		c->recv_len -= (size_t)(p - c->recv);
		c->recv = p;
	}
}

/* X.new is X, File.new is open. */
static void constructed(struct callee *c)
{
	if (!c->recv || c->self || !code_word_in("new", c->name, c->len))
		return;
	c->name = code_word_in("File", c->recv, c->recv_len) ? "open" : c->recv;
	c->len = code_word_in("File", c->recv, c->recv_len) ? 4 : c->recv_len;
	c->recv = NULL;
}

/* A name that many things have, on something that is not known: is it likely to be ours, with @arg?
 */
static bool may_be(const struct call *call, const struct callee *c, const char *arg)
{
	switch (call->kind) {
	case CALL_CONNECT:
		return is_url(arg) || code_word_in("connect", c->name, c->len);
	case CALL_SHELL: /* a regex has exec() as well, but not often on a literal */
		return code_word_in("exec", c->name, c->len) && arg[0] != SHELL_UNKNOWN;
	default:
		return looks_like_path(arg) && arg[0] != SHELL_UNKNOWN;
	}
}

static void called(struct walk *w, struct callee c, size_t open, size_t close, bool bracket)
{
	struct args a;
	bool gated, guess = false;
	const struct call *call;

	resolve_alias(w, &c);
	last_part(&c);
	constructed(&c);
	call = find_call(c.name, c.len, c.recv, c.recv_len, &gated);
	if (!call || (!bracket && !(call->flags & BARE)))
		return;
	w->s.decoded = false;
	read_args(w, open, close, bracket, &a);
	if (gated) {
		/* `exec` alone: python runs code with it, the others run commands. */
		if (call->kind == CALL_SHELL && !c.recv && code_word_in("exec", c.name, c.len)) {
			if (w->s.l.lang == CODE_PYTHON)
				call_eval(w, &a);
			else
				call_shell(w, call, &a);
			mark(w, open, a.end);
			return;
		}
		guess = true;
		if (call->flags & ON_SELF && c.self &&
		    (call->kind == CALL_SHELL ? !a.n : looks_like_path(c.self))) {
			guess = false;
		} else {
			c.self = NULL;
			if (!a.n || !may_be(call, &c, a.v[0]))
				return;
		}
	} else if (!(call->flags & ON_SELF) || (c.self && !looks_like_path(c.self) && a.n)) {
		c.self = NULL;
	}
	if (c.self && call->kind != CALL_OPEN && call->kind != CALL_MOVE &&
	    call->kind != CALL_LINK && a.n && looks_like_path(a.v[0]) && !looks_like_path(c.self))
		c.self = NULL;
	apply_call(w, call, &a, c.self, guess);
	mark(w, open, a.end);
}

/* unlink $x, system 'x', open F, '<x', eval pack(…) */
static bool starts_bare_argument(const struct lexed *l, size_t i)
{
	if (l->v[i].kind == TOKEN_STRING)
		return true;
	if (l->v[i].kind != TOKEN_NAME ||
	    (l->lang != CODE_PERL && l->lang != CODE_RUBY && l->lang != CODE_PHP))
		return false;
	return strchr("$@", l->text[l->v[i].start]) || lex_is(l, i + 1, ',') ||
	       lex_is(l, i + 1, '(');
}

/* The token at @i is a name: is it called, assigned, imported? */
static void walk_call(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	const struct token *t = &l->v[i];
	struct callee c = {0};
	size_t open = i + 1, close;
	bool hangs = strchr(".:-?", l->text[t->start]);

	c.name = lex_last(l, t, &c.len, &c.recv, &c.recv_len);
	if (hangs && i > 0) {
		c.self = receiver(w, i);
		c.recv = c.self;
		c.recv_len = c.self ? strlen(c.self) : 0;
	}
	if (lex_is(l, open, '(')) {
		close = l->v[open].match > open ? l->v[open].match : MIN(open + 64, l->n);
		called(w, c, open + 1, close, true);
	} else if (open < l->n && l->lang != CODE_JS && starts_bare_argument(l, open)) {
		called(w, c, open, l->n, false);
	} else if (open < l->n && l->v[open].kind == TOKEN_STRING && t->len == 1 &&
		   l->text[t->start] == '$') {
		size_t next; /* $`rm x` */

		run_text(w, code_value(&w->s, open, open + 1, &next));
		mark(w, open, open + 1);
	}
}

/* getattr(os, 'system')('x'), os['system']('x'), globals()['x'](…) */
static void walk_computed(struct walk *w, size_t open)
{
	struct lexed *l = &w->s.l;
	size_t before = l->v[open - 1].match, next, from = before + 1;
	struct callee c = {0};

	if (before >= open - 1 || l->v[open].match <= open)
		return;
	if (lex_is(l, open - 1, ')')) {
		const struct token *t = before > 0 ? &l->v[before - 1] : NULL;

		if (!t || t->kind != TOKEN_NAME ||
		    !code_word_in("getattr method public_send send", l->text + t->start, t->len))
			return;
		while (from < open - 1 && !lex_is(l, from, ','))
			from = MAX(from, (size_t)l->v[from].match) + 1;
		from += from < open - 1;
	}
	c.name = code_value(&w->s, from, open - 1, &next);
	c.len = strlen(c.name);
	if (strchr(c.name, SHELL_UNKNOWN))
		return;
	c.recv = before > 0 && l->v[before - 1].kind == TOKEN_NAME
			 ? l->text + l->v[before - 1].start
			 : NULL;
	c.recv_len = c.recv ? l->v[before - 1].len : 0;
	if (lex_is(l, open - 1, ')') && before + 1 < l->n && l->v[before + 1].kind == TOKEN_NAME) {
		c.recv = l->text + l->v[before + 1].start;
		c.recv_len = l->v[before + 1].len;
	}
	called(w, c, open + 1, l->v[open].match, true);
}

/* name = value; name += value; import a as b; from a import b as c */
static void walk_assign(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	const struct token *t = &l->v[i];
	const char *name = l->text + t->start, *value;
	size_t from = i + 2, next, last;

	if (lex_is(l, i + 1, ':') && lex_is(l, i + 2, '=') && l->lang == CODE_PYTHON)
		from++;
	else if (lex_is(l, i + 1, '<') && lex_is(l, i + 2, '-') && l->lang == CODE_R)
		from++;
	else if ((lex_is(l, i + 1, '+') || lex_is(l, i + 1, '.')) && lex_is(l, i + 2, '='))
		from++;
	else if (!lex_is(l, i + 1, '=') || lex_is(l, i + 2, '=') || lex_is(l, i + 2, '>') ||
		 lex_is(l, i + 2, '~'))
		return;
	if (from >= l->n)
		return;
	value = code_value(&w->s, from, l->n, &next);
	last = next - 1;
	if (from == i + 3 && !lex_is(l, i + 1, ':') && !lex_is(l, i + 1, '<')) {
		const struct code_var *v = code_var(&w->s, name, t->len);
		autobuf b = {0};

		buf_puts(&b, v && !v->is_name ? v->value : "\x1a");
		buf_puts(&b, value);
		if (b.len < 65536 && !buf_failed(&b) &&
		    (w->s.budget -= MIN(w->s.budget, b.len)) > 0)
			value = arena_strndup(&w->s.place->a->arena, buf_str(&b), b.len);
		else
			value = "\x1a";
	}
	if (value && l->v[from].kind == TOKEN_NAME && last == from && value[0] == SHELL_UNKNOWN)
		code_set(&w->s, name, t->len,
			 arena_strndup(&w->s.place->a->arena, l->text + l->v[from].start,
				       l->v[from].len),
			 true);
	else if (value)
		code_set(&w->s, name, t->len, value, false);
	if (value && looks_like_path(value) && !is_url(value) && !strchr(value, SHELL_UNKNOWN)) {
		put_path(w, SHELL_READ, value, false, true);
		mark(w, from, next);
	}
}

static void walk_as(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	const struct token *from = i > 0 ? &l->v[i - 1] : NULL,
			   *to = i + 1 < l->n ? &l->v[i + 1] : NULL;

	if (from && to && from->kind == TOKEN_NAME && to->kind == TOKEN_NAME)
		code_set(&w->s, l->text + to->start, to->len,
			 arena_strndup(&w->s.place->a->arena, l->text + from->start, from->len),
			 true);
}

/* ---- what stands alone ---- */

/* awk: print > "f", print | "cmd", "cmd" | getline, getline < "f" */
static bool walk_awk_string(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	size_t next;
	const char *v;
	bool pipe_after;

	if (l->lang != CODE_AWK)
		return false;
	v = code_value(&w->s, i, l->n, &next);
	pipe_after = lex_is(l, next, '|') && !lex_is(l, next + 1, '|');
	if (pipe_after || (i > 0 && lex_is(l, i - 1, '|') && (i < 2 || !lex_is(l, i - 2, '|'))))
		run_text(w, v);
	else if (i > 0 && lex_is(l, i - 1, '>'))
		put_path(w, SHELL_WRITE, v, false, false);
	else if (i > 1 && lex_is(l, i - 1, '<') && l->v[i - 2].kind == TOKEN_NAME)
		put_path(w, SHELL_READ, v, false, false);
	else
		return false;
	return true;
}

static void walk_literal(struct walk *w, size_t i)
{
	size_t next;
	const char *v;

	if (walk_awk_string(w, i))
		return;
	v = code_value(&w->s, i, w->s.l.n, &next);
	mark(w, i, next);
	if (is_url(v) && !strpbrk(v, " \n"))
		put_connect(w, v, true);
	else if (looks_like_path(v))
		put_path(w, SHELL_READ, v, false, true);
	/* Code within a literal may be run later, or the literal may only seem one to us. */
	if (strchr(v, '(') && strpbrk(v, "'\"`"))
		scan_text(w, w->s.l.lang, v, strlen(v));
}

/* do shell script "…" */
static void walk_osa(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	size_t next;

	if (i + 3 < l->n && l->lang == CODE_OSA && l->v[i + 1].len == 5 &&
	    memcmp(l->text + l->v[i + 1].start, "shell", 5) == 0) {
		run_text(w, code_value(&w->s, i + 3, l->n, &next));
		mark(w, i, next);
	}
}

static void walk_name(struct walk *w, size_t i)
{
	struct lexed *l = &w->s.l;
	const char *p = l->text + l->v[i].start;
	size_t len = l->v[i].len;

	if (len == 2 && memcmp(p, "as", 2) == 0)
		walk_as(w, i);
	else if (len == 2 && memcmp(p, "do", 2) == 0)
		walk_osa(w, i);
	else
		walk_call(w, i);
	walk_assign(w, i);
}

static void walk(struct walk *w)
{
	struct lexed *l = &w->s.l;
	size_t next;

	for (size_t i = 0; i < l->n && !w->full; i++) {
		switch (l->v[i].kind) {
		case TOKEN_NAME:
			walk_name(w, i);
			break;
		case TOKEN_RUN: {
			struct token *t = &l->v[i];

			t->kind = TOKEN_STRING;
			run_text(w, code_value(&w->s, i, i + 1, &next));
			t->kind = TOKEN_RUN;
			break;
		}
		case TOKEN_STRING:
			break;
		case TOKEN_PUNCT:
			if (l->v[i].c == '(' && i > 1 &&
			    (lex_is(l, i - 1, ')') || lex_is(l, i - 1, ']')))
				walk_computed(w, i);
			break;
		case TOKEN_NUMBER:
			break;
		}
	}
	for (size_t i = 0; i < l->n && !w->full; i++)
		if (l->v[i].kind == TOKEN_STRING && !w->used[i])
			walk_literal(w, i);
}

/* ---- sed ---- */

/* Behind the @n parts of s/…/…/, y/…/…/, or an address; at most @end. */
static const char *sed_parts(const char *p, const char *end, unsigned n)
{
	char d = p < end ? *p : '\0';

	for (p++; p < end && n; p++)
		if (*p == '\\')
			p++;
		else if (*p == d)
			n--;
	return MIN(p, end);
}

static const char *sed_address(const char *p, const char *end)
{
	while (p < end && strchr(" \t0123456789$,~!+{};\n/\\IM", *p)) {
		if (*p == '\\' && p + 1 < end)
			p = sed_parts(p + 1, end, 1);
		else if (*p == '/')
			p = sed_parts(p, end, 1);
		else
			p++;
	}
	return p;
}

static void sed_file(struct walk *w, enum shell_effect_kind kind, const char *p, size_t len)
{
	const char *path;

	while (len && isspace((unsigned char)*p))
		p++, len--;
	path = arena_strndup(&w->s.place->a->arena, p, len);
	if (path)
		put_path(w, kind, path, false, false);
}

static void scan_sed(struct walk *w, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end && !w->full) {
		size_t line;
		char c;

		p = sed_address(p, end);
		if (p >= end)
			return;
		c = *p++;
		line = strchr("eawWrRic:#", c) ? strcspn(p, "\n") : 0;
		if (c == 's' || c == 'y') {
			p = sed_parts(p, end, 2);
			for (; p < end && !strchr(";\n} ", *p); p++) {
				if (*p == 'e' && c == 's')
					unknown_code(w); /* the pattern space is run */
				if (*p == 'w') {
					line = strcspn(p, "\n");
					sed_file(w, SHELL_WRITE, p + 1, line - 1);
					p += line - 1;
				}
			}
		} else if (c == 'e') {
			const char *text = arena_strndup(&w->s.place->a->arena, p, line);

			if (line == 0 || strspn(p, " \t;}") >= line)
				unknown_code(w);
			else if (text)
				run_text(w, text);
			p += line;
		} else if (strchr("wW", c)) {
			sed_file(w, SHELL_WRITE, p, line);
			p += line;
		} else if (strchr("rR", c)) {
			sed_file(w, SHELL_READ, p, line);
			p += line;
		} else if (strchr("aicbtT:q#", c)) {
			p += strchr("btTq", c) ? strcspn(p, ";\n}") : line;
		}
	}
}

/* ---- tcl, expect ---- */

/* open FILE w, open "|cmd", file delete -force FILE */
static void tcl_files(struct walk *w, const char *words, bool opens)
{
	bool delete = strstr(words, "delete"),
	     write = strstr(words, " w") || strstr(words, " a") || strstr(words, "mkdir");

	for (const char *p = words; *p && !w->full;) {
		size_t n;
		const char *word;

		p += strspn(p, " \t\"{}");
		if (*p == '|' && opens) {
			run_text(w, p + 1);
			return;
		}
		n = strcspn(p, " \t\"{}");
		word = arena_strndup(&w->s.place->a->arena, p, n);
		if (word && looks_like_path(word))
			put_path(w,
				 delete	 ? SHELL_DELETE
				 : write ? SHELL_WRITE
					 : SHELL_READ,
				 word, delete, false);
		p += n;
	}
}

static void scan_tcl(struct walk *w, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end && !w->full) {
		size_t n, line;
		const char *words;

		p += strspn(p, " \t\n;[]{}\"");
		n = strcspn(p, " \t\n;[]{}\"");
		if (code_word_in("exec spawn system open file", p, n)) {
			line = strcspn(p + n, "\n;[]");
			words = arena_strndup(&w->s.place->a->arena, p + n, line);
			if (words && code_word_in("open file", p, n))
				tcl_files(w, words, *p == 'o');
			else if (words)
				run_text(w, words);
			n += line;
		}
		p += n;
		p += p < end && n == 0;
	}
}

/* ---- */

static void scan_text(struct walk *outer, enum code_lang lang, const char *text, size_t len)
{
	struct walk *w;

	if (outer->depth >= SCAN_DEPTH_MAX || outer->full) {
		unknown_code(outer);
		return;
	}
	/* It is some kilobytes, and this recurses. */
	w = arena_alloc(&outer->s.place->a->arena, sizeof(*w));
	if (lang == CODE_SED || lang == CODE_TCL) /* these read to the NUL */
		text = arena_strndup(&outer->s.place->a->arena, text, len);
	if (!w || !text || lex(lang, text, len, &w->s.l) < 0) {
		outer->s.place->a->unparsable = true;
		return;
	}
	w->s.place = outer->s.place;
	w->s.budget = MIN(outer->s.budget, 4 * len + 65536);
	outer->s.budget -= MIN(outer->s.budget, w->s.budget / 4);
	w->runs = outer->runs;
	w->n_runs = outer->n_runs;
	w->cwd = outer->cwd;
	w->depth = outer->depth + 1;
	w->used = calloc(w->s.l.n + 1, 1);
	if (lang == CODE_SED)
		scan_sed(w, text, len);
	else if (lang == CODE_TCL)
		scan_tcl(w, text, len);
	else if (w->used)
		walk(w);
	else
		outer->s.place->a->unparsable = true;
	if (w->s.l.cut || (w->s.budget < 8 && len))
		unknown_code(w);
	free(w->used);
	lex_done(&w->s.l);
	outer->n_runs = w->n_runs;
	outer->full |= w->full;
}

size_t code_scan(enum code_lang lang, const char *text, size_t len, const struct code_place *p,
		 struct commands_run *runs, size_t n)
{
	struct walk *top = arena_alloc(&p->a->arena, sizeof(*top));

	if (!top) {
		p->a->unparsable = true;
		return n;
	}
	/* All that is built is at most so much, whatever the code does. */
	top->s.budget = 3 * MIN(len, CODE_TEXT_MAX) + ((size_t)1 << 18);
	top->s.place = p;
	top->runs = runs;
	top->n_runs = n;
	top->cwd = p->cwd;
	scan_text(top, lang, text, len);
	return top->n_runs;
}

int code_lang(const char *name)
{
	static const struct {
		const char *names;
		enum code_lang lang;
	} langs[] = {
		{"python py pypy ipython python_exec", CODE_PYTHON},
		{"perl", CODE_PERL},
		{"ruby irb", CODE_RUBY},
		{"javascript js node nodejs deno bun typescript ts tsx", CODE_JS},
		{"php", CODE_PHP},
		{"lua luajit", CODE_LUA},
		{"awk gawk mawk nawk", CODE_AWK},
		{"R Rscript r", CODE_R},
		{"osascript applescript", CODE_OSA},
		{"sed", CODE_SED},
		{"tcl tclsh expect", CODE_TCL},
		{"groovy", CODE_GROOVY},
	};
	size_t len = strlen(name);

	while (len > 1 && (isdigit((unsigned char)name[len - 1]) || name[len - 1] == '.'))
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(langs); i++)
		if (code_word_in(langs[i].names, name, len))
			return (int)langs[i].lang;
	return -1;
}
