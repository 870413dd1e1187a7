/* Words to fields: braces, tilde, expansions, splitting, globs; in this order, as bash does it. */
#include "shell/eval.h"

#include <stdarg.h>

bool has_unknown(const char *s)
{
	return strchr(s, SHELL_UNKNOWN);
}

bool is_unknown(const char *s)
{
	return s[0] == SHELL_UNKNOWN && !s[strspn(s, value_unknown.text)];
}

char *eval_printf(struct eval *ev, const char *fmt, ...)
{
	va_list ap;
	char *ret;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ret = n < 0 ? NULL : arena_alloc(&ev->a->arena, (size_t)n + 1);
	if (!ret) {
		(void)eval_fail(ev, "out of memory");
		return NULL;
	}
	va_start(ap, fmt);
	(void)vsnprintf(ret, (size_t)n + 1, fmt, ap); /* measured above */
	va_end(ap);
	return ret;
}

bool expand_add(struct eval *ev, struct fields *out, const char *field)
{
	const char **v;

	if (!field || ev->a->unparsable)
		return eval_fail(ev, "out of memory");
	if (out->n >= EVAL_WORDS_MAX)
		return eval_fail(ev, "too many words");
	if (out->n + 2 > out->cap) { /* one for the NULL */
		v = arena_alloc(&ev->a->arena, (out->cap * 2 + 6) * sizeof(*v));
		if (!v)
			return eval_fail(ev, "out of memory");
		if (out->n)
			memcpy(v, out->v, out->n * sizeof(*v));
		out->v = v;
		out->cap = out->cap * 2 + 6;
	}
	out->v[out->n++] = field;
	out->v[out->n] = NULL;
	return true;
}

/* ---- fields in the making
 * ------------------------------------------------------------------------------ */
struct maker {
	struct eval *ev;
	struct fields *out;
	const char *ifs;
	size_t base;  /* in ev->scratch */
	bool split;   /* else one field, whatever comes */
	bool open;    /* a field has begun, even if it is empty */
	bool spaced;  /* the last one was ended by white space: a delimiter behind it makes no empty
			 one */
	bool globs;   /* an active *?[ is in it */
	bool pattern; /* it becomes a pattern: what comes from unquoted expansions is active */
};

static bool put(struct maker *m, const char *s, size_t n, bool quoted)
{
	struct eval *ev = m->ev;

	if (n > EVAL_FIELD_MAX || ev->scratch_len - m->base > EVAL_FIELD_MAX || !eval_step(ev, n))
		return eval_fail(ev, "too much text");
	if (ev->scratch_len + n + 1 > ev->scratch_cap) {
		size_t want = (ev->scratch_len + n + 1) * 2 + 256;
		char *text = realloc(ev->scratch, want), *flags;

		if (!text)
			return eval_fail(ev, "out of memory");
		ev->scratch = text;
		flags = realloc(ev->scratch_quoted, want);
		if (!flags)
			return eval_fail(ev, "out of memory");
		ev->scratch_quoted = flags;
		ev->scratch_cap = want;
	}
	memcpy(ev->scratch + ev->scratch_len, s, n);
	memset(ev->scratch_quoted + ev->scratch_len, quoted, n);
	ev->scratch_len += n;
	m->open = true;
	m->spaced = false;
	for (size_t i = 0; i < n && !quoted && !m->globs; i++)
		m->globs = s[i] == '*' || s[i] == '?' || s[i] == '[';
	return true;
}

struct found {
	struct eval *ev;
	struct fields names;
	size_t skip;
	bool too_many;
};

static void add_found(void *to, const char *path)
{
	struct found *f = to;
	const char *copy;

	if (f->too_many || strlen(path) < f->skip || has_unknown(path))
		return;
	if (f->names.n >= EVAL_GLOB_MAX) {
		f->too_many = true;
		return;
	}
	copy = arena_strdup(&f->ev->a->arena, path + f->skip);
	f->too_many |= !copy || !expand_add(f->ev, &f->names, copy);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_escaped(struct buf *b, const char *s, const char *quoted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((!quoted || quoted[i]) && s[i] && strchr("*?[]\\", s[i]))
			buf_putc(b, '\\');
		buf_putc(b, s[i]);
	}
}

/* The names that the pattern in scratch matches; false: it stays as it is. */
static bool glob(struct maker *m)
{
	struct eval *ev = m->ev;
	const char *text = ev->scratch + m->base, *cwd = var_cwd(ev);
	size_t n = ev->scratch_len - m->base;
	struct found found = {.ev = ev};
	autobuf pattern = {0};

	/* With ** there are more names than a glob without globstar finds. */
	if (!ev->env->glob || eval_option(ev, "noglob") || memchr(text, SHELL_UNKNOWN, n) || memmem(text, n, "**", 2) ||
	    (text[0] != '/' && !cwd))
		return false;
	if (text[0] != '/') {
		put_escaped(&pattern, cwd, NULL, strlen(cwd));
		if (!streq(cwd, "/"))
			buf_putc(&pattern, '/');
		found.skip = strlen(cwd) + !streq(cwd, "/");
	}
	put_escaped(&pattern, text, ev->scratch_quoted + m->base, n);
	if (buf_failed(&pattern) ||
	    !ev->env->glob(ev->env->arg, buf_str(&pattern), add_found, &found) || found.too_many ||
	    !found.names.n)
		return false;
	qsort(found.names.v, found.names.n, sizeof(found.names.v[0]), by_name);
	for (size_t i = 0; i < found.names.n; i++)
		if (!expand_add(ev, m->out, found.names.v[i]))
			return true;
	return true;
}

static bool finish(struct maker *m)
{
	struct eval *ev = m->ev;
	const char *text;

	if (!m->open)
		return true;
	m->open = false;
	if (m->globs && m->split && glob(m)) {
		ev->scratch_len = m->base;
		m->globs = false;
		return !ev->a->unparsable;
	}
	m->globs = false;
	text = ev->scratch_len > m->base ? arena_strndup(&ev->a->arena, ev->scratch + m->base,
							 ev->scratch_len - m->base)
					 : "";
	ev->scratch_len = m->base;
	return expand_add(ev, m->out, text);
}

/* The result of an unquoted expansion. */
static bool put_split(struct maker *m, const char *s)
{
	if (!m->split)
		return put(m, s, strlen(s), !m->pattern);
	while (*s) {
		size_t n = strcspn(s, m->ifs);

		if (n && !put(m, s, n, false))
			return false;
		s += n;
		if (!*s)
			break;
		if (*s == ' ' || *s == '\t' || *s == '\n') {
			if (m->open) {
				if (!finish(m))
					return false;
				m->spaced = true;
			}
		} else if (m->open || !m->spaced) {
			m->open = true;
			if (!finish(m))
				return false;
		} else {
			m->spaced = false;
		}
		s++;
	}
	return true;
}

/* ---- braces
 * -------------------------------------------------------------------------------------------- */
#define ATOMS_MAX 65536

struct atom { /* an unquoted character, or a part */
	char c;
	const struct part *part;
};

struct atoms {
	struct atom *v;
	size_t n;
};

struct brace_list {
	struct atoms *v;
	size_t n, cap;
};

static bool brace(struct eval *ev, struct atoms in, struct brace_list *out);

static bool brace_add(struct eval *ev, struct brace_list *out, struct atoms a)
{
	struct atoms *v = arena_grow(&ev->a->arena, out->v, out->n, &out->cap, sizeof(*v));

	if (!v || out->n >= EVAL_WORDS_MAX || !eval_step(ev, a.n + 1))
		return eval_fail(ev, "too many words of braces");
	out->v = v;
	v[out->n++] = a;
	return true;
}

/* The } of the { at @i, and whether a comma of its own is between them. 0: none. */
static size_t brace_end(struct atoms in, size_t i, bool *ret_comma)
{
	size_t open = 0;

	*ret_comma = false;
	for (; i < in.n; i++) {
		open += in.v[i].c == '{';
		*ret_comma |= open == 1 && in.v[i].c == ',';
		if (in.v[i].c == '}' && !--open)
			return i;
	}
	return 0;
}

static struct atoms text_atoms(struct eval *ev, const char *s)
{
	struct atoms a = {.n = strlen(s)};

	a.v = arena_alloc(&ev->a->arena, a.n * sizeof(*a.v) + 1);
	for (size_t i = 0; a.v && i < a.n; i++)
		a.v[i].c = s[i];
	return a.v ? a : (struct atoms){0};
}

/* FROM..TO[..STEP] between braces: its words. False: it is none. */
static bool sequence(struct eval *ev, struct atoms in, struct brace_list *out)
{
	char text[64], *end;
	long from, to, step = 1;
	size_t width = 0;
	bool letters = false;

	if (in.n >= sizeof(text))
		return false;
	for (size_t i = 0; i < in.n; i++)
		text[i] = in.v[i].c; /* a part is 0: no number goes on behind it */
	text[in.n] = '\0';
	if (in.n >= 4 && str_starts(text + 1, "..") &&
	    ((text[0] | 32) >= 'a' && (text[0] | 32) <= 'z')) {
		letters = true;
		from = (unsigned char)text[0];
		to = (unsigned char)text[3];
		end = text + 4;
		if ((to | 32) < 'a' || (to | 32) > 'z')
			return false;
	} else {
		from = strtol(text, &end, 10);
		if (end == text || !str_starts(end, ".."))
			return false;
		if (text[text[0] == '-'] == '0' && end - text > 1)
			width = (size_t)(end - text);
		to = strtol(end + 2, &end, 10);
		if (end[-1] == '.')
			return false;
	}
	if (str_starts(end, ".."))
		step = strtol(end + 2, &end, 10);
	if (end != text + in.n)
		return false;
	step = step == 0 ? 1 : step < 0 && step > -1000000 ? -step : step;
	if (step < 0 || labs(from) > INT32_MAX || labs(to) > INT32_MAX ||
	    labs(to - from) / step > 1000)
		return brace_add(ev, out, text_atoms(ev, value_unknown.text)); /* some number */
	for (long n = from; from <= to ? n <= to : n >= to; n += from <= to ? step : -step)
		if (!brace_add(ev, out,
			       text_atoms(ev, letters ? eval_printf(ev, "%c", (int)n)
						      : eval_printf(ev, "%0*ld", (int)width, n))))
			break;
	return true;
}

static bool alternatives(struct eval *ev, struct atoms in, struct brace_list *out)
{
	size_t start = 0, open = 0;

	for (size_t i = 0; i <= in.n; i++) {
		if (i < in.n && (in.v[i].c != ',' || open)) {
			open += in.v[i].c == '{';
			open -= open && in.v[i].c == '}';
			continue;
		}
		if (!brace(ev, (struct atoms){in.v + start, i - start}, out))
			return false;
		start = i + 1;
	}
	return true;
}

static bool brace_combine(struct eval *ev, struct atoms head, const struct brace_list *mid,
			  const struct brace_list *tail, struct brace_list *out)
{
	for (size_t i = 0; i < mid->n; i++) {
		for (size_t k = 0; k < tail->n; k++) {
			size_t n = head.n + mid->v[i].n + tail->v[k].n;
			struct atom *v = arena_alloc(&ev->a->arena, n * sizeof(*v) + 1);

			if (!v)
				return eval_fail(ev, "out of memory");
			if (head.n)
				memcpy(v, head.v, head.n * sizeof(*v));
			if (mid->v[i].n)
				memcpy(v + head.n, mid->v[i].v, mid->v[i].n * sizeof(*v));
			if (tail->v[k].n)
				memcpy(v + head.n + mid->v[i].n, tail->v[k].v,
				       tail->v[k].n * sizeof(*v));
			if (!brace_add(ev, out, (struct atoms){v, n}))
				return false;
		}
	}
	return true;
}

static bool brace(struct eval *ev, struct atoms in, struct brace_list *out)
{
	if (++ev->depth > EVAL_DEPTH_MAX)
		return eval_fail(ev, "too many braces");
	for (size_t i = 0; i < in.n; i++) {
		struct brace_list mid = {0}, tail = {0};
		struct atoms inside;
		bool comma, ok;
		size_t end;

		if (in.v[i].c != '{')
			continue;
		end = brace_end(in, i, &comma);
		if (!eval_step(ev, in.n - i))
			return false;
		inside = (struct atoms){in.v + i + 1, end - i - 1};
		if (!end ||
		    !(comma ? alternatives(ev, inside, &mid) : sequence(ev, inside, &mid))) {
			if (ev->a->unparsable)
				return false;
			continue;
		}
		ok = brace(ev, (struct atoms){in.v + end + 1, in.n - end - 1}, &tail) &&
		     brace_combine(ev, (struct atoms){in.v, i}, &mid, &tail, out);
		ev->depth--;
		return ok;
	}
	ev->depth--;
	return brace_add(ev, out, in);
}

static struct atoms atoms_of(struct eval *ev, const struct word *w)
{
	struct atoms a = {0};
	size_t n = 0;

	for (const struct part *p = w->parts; p; p = p->next)
		n += p->kind == PART_TEXT && !p->quoted ? p->len : 1;
	if (n > ATOMS_MAX || !eval_step(ev, n)) {
		(void)eval_fail(ev, "too long a word of braces");
		return a;
	}
	a.v = arena_alloc(&ev->a->arena, n * sizeof(*a.v) + 1);
	for (const struct part *p = w->parts; p && a.v; p = p->next) {
		if (p->kind != PART_TEXT || p->quoted) {
			a.v[a.n++].part = p;
			continue;
		}
		for (size_t i = 0; i < p->len; i++)
			a.v[a.n++].c = p->text[i];
	}
	return a;
}

/* $x{a,b} is $xa $xb: braces come first, and know nothing of names. */
static bool join_names(struct eval *ev, struct part *first)
{
	for (struct part *p = first; p && p->next; p = p->next) {
		struct part *text = p->next;
		struct param *x;
		size_t len = 0;

		if (p->kind != PART_PARAM || !p->param->bare || !parse_is_name(p->param->name, 1) ||
		    text->kind != PART_TEXT || text->quoted)
			continue;
		while (len < text->len && (parse_is_name(text->text + len, 1) ||
					   (text->text[len] >= '0' && text->text[len] <= '9')))
			len++;
		x = arena_alloc(&ev->a->arena, sizeof(*x));
		if (!x)
			return eval_fail(ev, "out of memory");
		*x = *p->param;
		x->name = eval_printf(ev, "%s%.*s", x->name, (int)len, text->text);
		if (!x->name)
			return false;
		p->param = x;
		text->text += len;
		text->len -= len;
	}
	return true;
}

static struct part *parts_of(struct eval *ev, struct atoms a)
{
	struct part *first = NULL, **tail = &first, *text = NULL;
	char *at = NULL;

	for (size_t i = 0; i < a.n; i++) {
		if (a.v[i].part || !text) {
			struct part *p = arena_alloc(&ev->a->arena, sizeof(*p));

			if (!p)
				return NULL;
			*tail = p;
			tail = &p->next;
			text = NULL;
			if (a.v[i].part) {
				*p = *a.v[i].part;
				p->next = NULL;
				continue;
			}
			at = arena_alloc(&ev->a->arena, a.n - i + 1);
			if (!at)
				return NULL;
			p->text = at;
			text = p;
		}
		*at++ = a.v[i].c;
		text->len++;
	}
	return join_names(ev, first) ? first : NULL;
}

/* ---- tilde
 * ---------------------------------------------------------------------------------------------- */
/* What ~NAME at @s stands for, and its length; NULL: nothing. */
static const char *tilde(struct eval *ev, const char *s, size_t len, bool whole, size_t *ret_used)
{
	size_t n = 1;
	const char *home;

	while (n < len && s[n] != '/' && s[n] != ':')
		n++;
	if (n == len && !whole)
		return NULL; /* ~$x and ~"x" are no names */
	*ret_used = n;
	if (n == 1) {
		home = var_text(ev, "HOME");
		return home ? home : ev->env->home;
	}
	if (n == 2 && (s[1] == '+' || s[1] == '-')) {
		home = var_text(ev, s[1] == '+' ? "PWD" : "OLDPWD");
		return home ? home : value_unknown.text;
	}
	if (n == 5 && str_starts(s, "~root"))
		return "/root";
	if (ev->env->user && strlen(ev->env->user) == n - 1 && str_starts(s + 1, ev->env->user))
		return ev->env->home;
	if (!parse_is_name(s + 1, 1))
		return NULL;
	return eval_printf(ev, "/home/%.*s", (int)(n - 1), s + 1);
}

/* Unquoted text with ~ in it: at its start (@first), and in assignments behind = and :. */
static bool put_tildes(struct maker *m, const struct part *p, bool first, bool assigns, bool value)
{
	size_t start = 0, used = 0;
	bool equals = value;

	for (size_t i = 0; i < p->len; i++) {
		bool at =
			(i == 0 && first) ||
			(i && assigns &&
			 ((p->text[i - 1] == '=' && !equals) || (p->text[i - 1] == ':' && equals)));
		const char *home;

		equals |= i && p->text[i - 1] == '=';
		if (p->text[i] != '~' || !at)
			continue;
		home = tilde(m->ev, p->text + i, p->len - i, !p->next, &used);
		if (!home)
			continue;
		if (!put(m, p->text + start, i - start, false) || !put(m, home, strlen(home), true))
			return false;
		i += used - 1;
		start = i + 1;
	}
	return put(m, p->text + start, p->len - start, false);
}

/* ---- parts
 * ------------------------------------------------------------------------------------------------
 */
/* Where parts stand: @quoted: within quotes around; @result: in the word of ${x:-word}, whose text
 * is split. */
struct place {
	bool quoted, result, value; /* value: of an assignment */
};

static bool expand_parts(struct maker *m, const struct word *w, const struct part *p,
			 struct place at);

static bool put_list(struct maker *m, const struct fields *values, bool star, bool quoted)
{
	char joiner = star ? m->ifs[0] : ' ';

	for (size_t i = 0; i < values->n; i++) {
		const char *s = values->v[i];

		if (i && !m->split) {
			if (joiner && !put(m, &joiner, 1, true))
				return false;
		} else if (i && quoted && star) {
			if (joiner && !put(m, &joiner, 1, true))
				return false;
		} else if (i && !finish(m)) {
			return false;
		}
		if (!(quoted ? put(m, s, strlen(s), true) : put_split(m, s)))
			return false;
	}
	if (quoted && star)
		m->open = true;
	return true;
}

static bool expand_param(struct maker *m, const struct part *p, struct place at)
{
	bool quoted = p->quoted || at.quoted, list;
	struct fields values = {0};
	const struct word *word;
	const char *s;

	if (!param_values(m->ev, p->param, &values, &list, &word))
		return eval_fail(m->ev, "expansion");
	if (word) {
		if (word->text && quoted)
			return put(m, word->text, strlen(word->text), true);
		if (quoted && !word->parts)
			m->open = true;
		return expand_parts(m, word, word->parts,
				    (struct place){.quoted = quoted, .result = true});
	}
	if (list)
		return put_list(m, &values,
				p->param->name[0] == '*' ||
					(p->param->index && p->param->index->text[0] == '*'),
				quoted);
	s = values.n ? values.v[0] : "";
	return quoted ? put(m, s, strlen(s), true) : put_split(m, s);
}

static bool expand_process(struct maker *m, const struct part *p)
{
	struct eval *ev = m->ev;
	const char *path = eval_printf(ev, "/dev/fd/%u", ev->next_fd), *text;
	struct value *v;

	if (!path)
		return false;
	ev->next_fd -= ev->next_fd > 10;
	if (p->writes) { /* reads what somebody writes into it */
		struct state before = ev->st;
		struct frame f = ev->f;

		ev->f.substitution = true;
		ev->f.stdin_kind = STDIN_UNKNOWN;
		ev->f.stdin_text = NULL;
		(void)eval_node(ev, p->list); /* a failure sticks */
		ev->f = f;
		eval_leave_subshell(ev, before);
		return put(m, path, strlen(path), true);
	}
	text = expand_output(ev, p->list);
	v = text ? arena_alloc(&ev->a->arena, sizeof(*v)) : NULL;
	if (!v)
		return false;
	v->text = text;
	return eval_set(ev, STATE_FILE, path, v) && put(m, path, strlen(path), true);
}

static bool expand_arith(struct maker *m, const struct part *p, bool quoted)
{
	const char *text = expand_one(m->ev, p->word),
		   *value = text ? arith_text(m->ev, text) : NULL;

	if (!value)
		return false;
	return quoted ? put(m, value, strlen(value), true) : put_split(m, value);
}

static bool expand_parts(struct maker *m, const struct word *w, const struct part *p,
			 struct place at)
{
	size_t assigned = w && w->tilde && p && p->kind == PART_TEXT && !p->quoted
				  ? parse_assignment(p->text)
				  : 0;
	bool first = true;

	if (!p && w && w->text) /* the word of ${x:-word} */
		return at.quoted ? put(m, w->text, strlen(w->text), true) : put_split(m, w->text);
	for (; p; p = p->next, first = false) {
		bool quoted = p->quoted || at.quoted, ok;
		const char *text;

		if (m->ev->a->unparsable)
			return false;
		switch (p->kind) {
		case PART_TEXT:
			if (quoted)
				ok = put(m, p->text, p->len, true);
			else if (!p->len) /* of {,a}: no field by itself */
				ok = true;
			else if (w && w->tilde && memchr(p->text, '~', p->len))
				ok = put_tildes(m, p, first, assigned || at.value, at.value);
			else if (at.result)
				ok = put_split(m, p->text);
			else
				ok = put(m, p->text, p->len, false);
			break;
		case PART_PARAM:
			ok = expand_param(m, p, at);
			break;
		case PART_COMMAND:
			text = expand_output(m->ev, p->list);
			ok = text &&
			     (quoted ? put(m, text, strlen(text), true) : put_split(m, text));
			break;
		case PART_ARITH:
			ok = expand_arith(m, p, quoted);
			break;
		case PART_PROCESS:
		default:
			ok = expand_process(m, p);
			break;
		}
		if (!ok)
			return eval_fail(m->ev, "expansion");
	}
	return true;
}

static const char *ifs_of(struct eval *ev)
{
	const char *ifs;

	if (!state_get(ev->st.root, STATE_VAR, "IFS"))
		return " \t\n";
	ifs = var_text(ev, "IFS");
	return !ifs || has_unknown(ifs) ? " \t\n" : ifs;
}

static bool expand_word(struct eval *ev, const struct word *w, const struct part *parts,
			struct fields *out)
{
	struct maker m = {
		.ev = ev, .out = out, .base = ev->scratch_len, .split = true, .ifs = ifs_of(ev)};
	bool ok = expand_parts(&m, w, parts, (struct place){0}) && finish(&m);

	ev->scratch_len = m.base;
	return ok;
}

bool expand_words(struct eval *ev, const struct word *w, struct fields *out)
{
	struct brace_list list = {0};

	if (w->text)
		return eval_step(ev, 1) && expand_add(ev, out, w->text);
	if (!w->braces)
		return expand_word(ev, w, w->parts, out);
	if (!brace(ev, atoms_of(ev, w), &list))
		return false;
	for (size_t i = 0; i < list.n; i++)
		if (!expand_word(ev, w, parts_of(ev, list.v[i]), out))
			return false;
	return !ev->a->unparsable;
}

/* The one field in scratch, kept there: quoting flags beside it. */
static bool one(struct maker *m, const struct word *w)
{
	return expand_parts(m, w, w->parts, (struct place){.value = true});
}

const char *expand_one(struct eval *ev, const struct word *w)
{
	struct maker m = {.ev = ev, .base = ev->scratch_len, .ifs = ifs_of(ev)};
	const char *ret = NULL;

	if (w->text)
		return w->text;
	if (one(&m, w)) {
		ret = ev->scratch_len > m.base ? arena_strndup(&ev->a->arena, ev->scratch + m.base,
							       ev->scratch_len - m.base)
					       : "";
		if (!ret)
			(void)eval_fail(ev, "out of memory");
	}
	ev->scratch_len = m.base;
	return ret;
}

const char *expand_pattern(struct eval *ev, const struct word *w)
{
	struct maker m = {.ev = ev, .base = ev->scratch_len, .pattern = true, .ifs = ifs_of(ev)};
	const char *ret = NULL;
	autobuf b = {0};

	if (w->text)
		put_escaped(&b, w->text, NULL, strlen(w->text));
	else if (one(&m, w))
		put_escaped(&b, ev->scratch + m.base, ev->scratch_quoted + m.base,
			    ev->scratch_len - m.base);
	ev->scratch_len = m.base;
	if (!ev->a->unparsable && !buf_failed(&b))
		ret = arena_strndup(&ev->a->arena, buf_str(&b), b.len);
	if (!ret)
		(void)eval_fail(ev, "out of memory");
	return ret;
}

/* ---- code in text
 * ---------------------------------------------------------------------------------------- */
const char *expand_code(struct eval *ev, const char *text)
{
	struct parse_result r = {0};
	struct word *w;

	if (!strpbrk(text, "$`"))
		return text;
	if (!eval_step(ev, strlen(text)) || ev->depth > EVAL_DEPTH_MAX)
		return NULL;
	w = parse_quoted(&ev->a->arena, text, strlen(text), ev->depth / 4, &r);
	if (!w) { /* it would be an error there, too */
		return value_unknown.text;
	}
	ev->depth += 8;
	text = expand_one(ev, w);
	ev->depth -= 8;
	return text;
}

bool expand_index_code(struct eval *ev, const char *text)
{
	if (!strchr(text, '[') || !strpbrk(text, "$`"))
		return true;
	return expand_code(ev, text) != NULL;
}

const char *expand_output(struct eval *ev, const struct node *list)
{
	struct collector c = {0}, *outer = ev->out;
	struct state before = ev->st;
	struct frame f = ev->f;
	const char *ret = NULL;
	size_t n = 0;
	char *text;

	ev->out = &c;
	ev->f.substitution = true;
	ev->f.in_pipe = false;
	if (list)
		(void)eval_node(ev, list); /* a failure sticks */
	ev->f = f;
	ev->out = outer;
	eval_leave_subshell(ev, before);
	if (!ev->a->unparsable && !buf_failed(&c.text)) {
		text = arena_alloc(&ev->a->arena, c.text.len + 1);
		for (size_t i = 0; text && i < c.text.len; i++)
			if (c.text.data[i]) /* the shell drops NULs */
				text[n++] = c.text.data[i];
		while (text && n && text[n - 1] == '\n')
			text[--n] = '\0';
		ret = text;
	}
	buf_done(&c.text);
	if (!ret)
		(void)eval_fail(ev, "out of memory");
	return ret;
}
