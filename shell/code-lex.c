#include "shell/code-lex.h"

#include <ctype.h>

#define LANGS(l)  (1u << (l))
#define PERL_LIKE (LANGS(CODE_PERL) | LANGS(CODE_RUBY))
#define HASH_COMMENTS                                                                              \
	(LANGS(CODE_PYTHON) | PERL_LIKE | LANGS(CODE_PHP) | LANGS(CODE_AWK) | LANGS(CODE_R) |      \
	 LANGS(CODE_TCL))
#define SLASH_COMMENTS (LANGS(CODE_JS) | LANGS(CODE_PHP) | LANGS(CODE_GROOVY))
#define DASH_COMMENTS  (LANGS(CODE_LUA) | LANGS(CODE_OSA))
#define REGEXES	       (LANGS(CODE_JS) | PERL_LIKE | LANGS(CODE_AWK) | LANGS(CODE_GROOVY))
#define TRIPLES	       (LANGS(CODE_PYTHON) | LANGS(CODE_GROOVY))
#define NO_SINGLES     (LANGS(CODE_AWK) | LANGS(CODE_OSA) | LANGS(CODE_TCL))
#define DOLLAR_IN_DOUBLE                                                                           \
	(LANGS(CODE_PERL) | LANGS(CODE_PHP) | LANGS(CODE_GROOVY) | LANGS(CODE_TCL) |               \
	 LANGS(CODE_RUBY))
#define DOT_CONCATS (LANGS(CODE_PERL) | LANGS(CODE_PHP))

struct lexer {
	struct lexed *l;
	size_t i, cap;
	uint32_t *open; /* brackets that wait for their other half */
	size_t n_open, cap_open;
	bool failed;
};

static bool is_lang(const struct lexer *x, unsigned langs)
{
	return langs >> x->l->lang & 1;
}

static char at(const struct lexer *x, size_t i)
{
	return i < x->l->len ? x->l->text[i] : '\0';
}

static void emit(struct lexer *x, struct token t)
{
	struct lexed *l = x->l;

	if (l->n == CODE_TOKENS_MAX) {
		l->cut = true;
		x->i = l->len;
		return;
	}
	if (l->n == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 64;
		struct token *v = realloc(l->v, cap * sizeof(*v));

		if (!v) {
			x->failed = true;
			x->i = l->len;
			return;
		}
		l->v = v;
		x->cap = cap;
	}
	t.match = (uint32_t)l->n;
	l->v[l->n++] = t;
}

static void emit_string(struct lexer *x, enum token_kind kind, unsigned char flags, size_t start,
			size_t end)
{
	emit(x, (struct token){.kind = kind,
			       .flags = flags,
			       .start = (uint32_t)start,
			       .len = (uint32_t)(end - start)});
}

/* To the @close that is not escaped; brackets nest. x->i is behind the opening one. */
static size_t find_close(struct lexer *x, char open, char close, bool escapes)
{
	size_t depth = 1, i = x->i;

	for (; i < x->l->len; i++) {
		char c = x->l->text[i];

		if (c == '\\' && escapes)
			i++;
		else if (c == close && --depth == 0)
			break;
		else if (c == open && open != close)
			depth++;
	}
	return MIN(i, x->l->len);
}

static char closing(char c)
{
	switch (c) {
	case '(':
		return ')';
	case '[':
		return ']';
	case '{':
		return '}';
	case '<':
		return '>';
	default:
		return c;
	}
}

/* q(…), qq{…}, %w[…]: x->i is at the opening delimiter. */
static void lex_delimited(struct lexer *x, enum token_kind kind, unsigned char flags)
{
	char open = at(x, x->i), close = closing(open);
	size_t start = ++x->i, end = find_close(x, open, close, true);

	x->i = end + 1;
	emit_string(x, kind, flags, start, end);
}

static unsigned char string_flags(const struct lexer *x, char quote)
{
	if (quote == '`')
		return STRING_INTERP;
	if (quote == '\'')
		return is_lang(x, PERL_LIKE | LANGS(CODE_PHP)) ? STRING_RAW : 0;
	return is_lang(x, DOLLAR_IN_DOUBLE) ? STRING_INTERP : 0;
}

/* @flags come from a prefix; x->i is at the quote. */
static void lex_quoted(struct lexer *x, unsigned char flags)
{
	char q = at(x, x->i);
	enum token_kind kind =
		q == '`' && is_lang(x, PERL_LIKE | LANGS(CODE_PHP)) ? TOKEN_RUN : TOKEN_STRING;
	size_t start, end;

	flags |= string_flags(x, q);
	if (is_lang(x, TRIPLES) && at(x, x->i + 1) == q && at(x, x->i + 2) == q) {
		char three[4] = {q, q, q, '\0'};
		const char *p;

		start = x->i + 3;
		p = start <= x->l->len ? memmem(x->l->text + start, x->l->len - start, three, 3)
				       : NULL;
		end = p ? (size_t)(p - x->l->text) : x->l->len;
		x->i = end + 3;
	} else {
		start = ++x->i;
		end = find_close(x, q, q, true);
		x->i = end + 1;
	}
	emit_string(x, kind, flags, MIN(start, end), end);
}

static bool name_start(unsigned char c)
{
	return isalpha(c) || c == '_' || c >= 0x80 || c == '$' || c == '@';
}

static bool name_byte(const struct lexer *x, size_t i)
{
	unsigned char c = (unsigned char)at(x, i);

	return isalnum(c) || c == '_' || c >= 0x80 || (c == '$' && x->l->lang == CODE_JS) ||
	       (c == '.' && x->l->lang == CODE_R) ||
	       ((c == '?' || c == '!') && x->l->lang == CODE_RUBY &&
		isalnum((unsigned char)at(x, i - 1)) && at(x, i + 1) != '=');
}

/* How long the separator at @i is that goes on with a name; 0: none. */
static size_t separator(const struct lexer *x, size_t i)
{
	char c = at(x, i), d = at(x, i + 1);
	size_t n = 0;

	if ((c == ':' && d == ':') || (c == '-' && d == '>') || (c == '?' && d == '.') ||
	    (c == '&' && d == '.'))
		n = 2;
	else if ((c == '.' && !is_lang(x, DOT_CONCATS)) || (c == ':' && x->l->lang == CODE_LUA))
		n = 1;
	return n && name_start((unsigned char)at(x, i + n)) && at(x, i + n) != '@' ? n : 0;
}

static void lex_name(struct lexer *x)
{
	size_t start = x->i, n = separator(x, x->i);

	x->i += n;
	do {
		x->i++;
		while (name_byte(x, x->i))
			x->i++;
		n = separator(x, x->i);
		x->i += n;
	} while (n);
	emit(x, (struct token){.kind = TOKEN_NAME,
			       .start = (uint32_t)start,
			       .len = (uint32_t)(x->i - start)});
}

/* rb'…', f"…", u'…' */
static bool lex_prefixed(struct lexer *x)
{
	unsigned char flags = 0;
	size_t n = 0;

	if (x->l->lang != CODE_PYTHON)
		return false;
	for (; n < 3 && at(x, x->i + n) && strchr("rRbBfFuU", at(x, x->i + n)); n++) {
		flags |= tolower((unsigned char)at(x, x->i + n)) == 'r' ? STRING_RAW : 0;
		flags |= tolower((unsigned char)at(x, x->i + n)) == 'f' ? STRING_FORMAT : 0;
	}
	if (at(x, x->i + n) != '\'' && at(x, x->i + n) != '"')
		return false;
	x->i += n;
	lex_quoted(x, flags);
	return true;
}

/* Perl's q qq qw qx m s tr y qr; ruby's %q %w %x %() */
static bool lex_perlish(struct lexer *x)
{
	static const struct {
		const char *word;
		enum token_kind kind;
		unsigned char flags, parts; /* parts 0: only skipped, 2: two of them */
	} words[] = {
		{"qq", TOKEN_STRING, STRING_INTERP, 1}, {"qw", TOKEN_STRING, STRING_RAW, 1},
		{"qx", TOKEN_RUN, STRING_INTERP, 1},	{"qr", TOKEN_STRING, STRING_RAW, 0},
		{"tr", TOKEN_STRING, STRING_RAW, 2},	{"q", TOKEN_STRING, STRING_RAW, 1},
		{"m", TOKEN_STRING, STRING_RAW, 0},	{"s", TOKEN_STRING, STRING_RAW, 2},
		{"y", TOKEN_STRING, STRING_RAW, 2},
	};

	if (x->l->lang != CODE_PERL || (x->i > 0 && strchr("$@%&>{", at(x, x->i - 1))))
		return false;
	for (size_t k = 0; k < ARRAY_SIZE(words); k++) {
		size_t n = strlen(words[k].word), i = x->i + n;
		char d;

		if (i >= x->l->len || strncmp(x->l->text + x->i, words[k].word, n) != 0)
			continue;
		while (isspace((unsigned char)at(x, i)))
			i++;
		d = at(x, i);
		if (!d || isalnum((unsigned char)d) || strchr("_,;=)", d) ||
		    (d == '#' && i > x->i + n))
			continue;
		if (d == '-' && at(x, i + 1) == '>')
			continue;
		x->i = i;
		if (words[k].parts == 1) {
			lex_delimited(x, words[k].kind,
				      words[k].flags | (d == '\'' ? STRING_RAW : 0));
			return true;
		}
		x->i = i + 1;
		x->i = find_close(x, d, closing(d), true) + 1;
		if (words[k].parts == 2) {
			if (closing(d) != d)
				while (x->i < x->l->len && at(x, x->i++) != d)
					;
			x->i = find_close(x, d, closing(d), true) + 1;
		}
		return true;
	}
	return false;
}

static bool lex_percent(struct lexer *x)
{
	char kind = at(x, x->i + 1), d;
	bool typed = kind && strchr("qQwWxiIr", kind);

	if (x->l->lang != CODE_RUBY || (!typed && (!kind || !strchr("([{", kind))))
		return false;
	d = at(x, x->i + 1 + typed);
	if (!d || isalnum((unsigned char)d) || isspace((unsigned char)d) || d == '=')
		return false;
	x->i += 1 + typed;
	lex_delimited(x, kind == 'x' ? TOKEN_RUN : TOKEN_STRING,
		      kind == 'q' || kind == 'w' ? STRING_RAW : STRING_INTERP);
	return true;
}

/* Can a slash here start a regular expression? Not behind something that has a value. */
static bool regex_may_start(const struct lexer *x)
{
	const struct token *last = x->l->n ? &x->l->v[x->l->n - 1] : NULL;
	const char *p;

	if (!last)
		return true;
	if (last->kind == TOKEN_PUNCT)
		return !strchr(")]}", last->c);
	p = x->l->text + last->start;
	return last->kind == TOKEN_NAME && ((last->len == 6 && memcmp(p, "return", 6) == 0) ||
					    (last->len == 2 && memcmp(p, "if", 2) == 0) ||
					    (last->len == 5 && memcmp(p, "split", 5) == 0) ||
					    (last->len == 6 && memcmp(p, "unless", 6) == 0) ||
					    (last->len == 3 && memcmp(p, "and", 3) == 0));
}

static void lex_regex(struct lexer *x)
{
	bool class = false;

	for (x->i++; x->i < x->l->len && at(x, x->i) != '\n'; x->i++) {
		char c = at(x, x->i);

		if (c == '\\')
			x->i++;
		else if (c == '[' || c == ']')
			class = c == '[';
		else if (c == '/' && !class)
			break;
	}
	x->i++;
	emit(x, (struct token){.kind = TOKEN_NUMBER, .start = (uint32_t)MIN(x->i, x->l->len)});
}

static bool lex_comment(struct lexer *x)
{
	char c = at(x, x->i), d = at(x, x->i + 1);
	const char *p;

	if ((c == '#' && is_lang(x, HASH_COMMENTS)) ||
	    (c == '/' && d == '/' && is_lang(x, SLASH_COMMENTS)) ||
	    (c == '-' && d == '-' && is_lang(x, DASH_COMMENTS))) {
		p = memchr(x->l->text + x->i, '\n', x->l->len - x->i);
	} else if (c == '/' && d == '*' && is_lang(x, SLASH_COMMENTS)) {
		p = memmem(x->l->text + x->i, x->l->len - x->i, "*/", 2);
		p = p ? p + 1 : NULL;
	} else {
		return false;
	}
	x->i = p ? (size_t)(p - x->l->text) + 1 : x->l->len;
	return true;
}

static bool lex_long_bracket(struct lexer *x)
{
	const char *p;
	size_t start = x->i + 2;

	if (x->l->lang != CODE_LUA || at(x, x->i) != '[' || at(x, x->i + 1) != '[')
		return false;
	p = memmem(x->l->text + start, x->l->len - start, "]]", 2);
	x->i = p ? (size_t)(p - x->l->text) + 2 : x->l->len;
	emit_string(x, TOKEN_STRING, STRING_RAW, start, p ? (size_t)(p - x->l->text) : x->l->len);
	return true;
}

static void match_bracket(struct lexer *x, char c)
{
	struct lexed *l = x->l;

	if (strchr("([{", c)) {
		if (x->n_open == x->cap_open) {
			size_t cap = x->cap_open ? x->cap_open * 2 : 64;
			uint32_t *open = realloc(x->open, cap * sizeof(*open));

			if (!open) {
				x->failed = true;
				return;
			}
			x->open = open;
			x->cap_open = cap;
		}
		x->open[x->n_open++] = (uint32_t)l->n - 1;
	} else if (x->n_open && closing((char)l->v[x->open[x->n_open - 1]].c) == c) {
		uint32_t open = x->open[--x->n_open];

		l->v[open].match = (uint32_t)l->n - 1;
		l->v[l->n - 1].match = open;
	}
}

static void lex_punct(struct lexer *x, char c)
{
	size_t before = x->l->n;

	emit(x, (struct token){.kind = TOKEN_PUNCT,
			       .c = (unsigned char)c,
			       .start = (uint32_t)x->i,
			       .len = 1});
	x->i++;
	if (x->l->n > before && strchr("()[]{}", c))
		match_bracket(x, c);
}

static void lex_one(struct lexer *x)
{
	char c = at(x, x->i);

	if (isspace((unsigned char)c) || c == '\0') {
		x->i++;
	} else if (lex_comment(x) || lex_long_bracket(x) || lex_prefixed(x) || lex_perlish(x) ||
		   (c == '%' && lex_percent(x))) {
		return;
	} else if (c == '"' || (c == '\'' && !is_lang(x, NO_SINGLES)) ||
		   (c == '`' && is_lang(x, LANGS(CODE_JS) | PERL_LIKE | LANGS(CODE_PHP)))) {
		lex_quoted(x, 0);
	} else if (c == '/' && is_lang(x, REGEXES) && regex_may_start(x)) {
		lex_regex(x);
	} else if (isdigit((unsigned char)c)) {
		size_t start = x->i;

		while (isalnum((unsigned char)at(x, x->i)))
			x->i++;
		emit_string(x, TOKEN_NUMBER, 0, start, x->i);
	} else if (name_start((unsigned char)c) || separator(x, x->i)) {
		lex_name(x);
	} else {
		lex_punct(x, c);
	}
}

int lex(enum code_lang lang, const char *text, size_t len, struct lexed *ret)
{
	struct lexer x = {.l = ret};

	*ret = (struct lexed){.text = text,
			      .len = MIN(len, CODE_TEXT_MAX),
			      .lang = lang,
			      .cut = len > CODE_TEXT_MAX};
	while (x.i < ret->len)
		lex_one(&x);
	free(x.open);
	if (x.failed) {
		lex_done(ret);
		return -ENOMEM;
	}
	return 0;
}

void lex_done(struct lexed *l)
{
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

const char *lex_last(const struct lexed *l, const struct token *t, size_t *ret_len,
		     const char **ret_recv, size_t *ret_recv_len)
{
	const char *p = l->text + t->start, *end = p + t->len, *last = end;

	while (last > p && !strchr(l->lang == CODE_R ? ":>" : ".:>", last[-1]))
		last--;
	*ret_len = (size_t)(end - last);
	*ret_recv = NULL;
	*ret_recv_len = 0;
	if (last > p) {
		const char *recv_end =
			last - 1 - (last - p > 1 && strchr(":-?&", last[-2]) ? 1 : 0);

		*ret_recv = p;
		*ret_recv_len = (size_t)(recv_end - p);
	}
	return last;
}
