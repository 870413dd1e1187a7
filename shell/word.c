/* Words: quotes, expansions, here-documents. Commands are in parse.c. */
#include "shell/parser.h"
#include "shell/shell.h"

/* A word in the making. Literal text gathers in p->lit[base..) until its quoting changes. */
struct maker {
	struct word *w;
	struct part **tail;
	size_t base;
	bool quoted; /* of the text gathered */
};

static bool parts(struct parser *p, struct maker *m, enum word_in in);

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return is_name_start(c) || is_digit(c);
}

bool parse_is_name(const char *s, size_t len)
{
	if (!len || !is_name_start(s[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_name_char(s[i]))
			return false;
	return true;
}

size_t parse_assignment(const char *s)
{
	size_t i = 0, open = 0;

	if (!is_name_start(s[0]))
		return 0;
	while (is_name_char(s[i]))
		i++;
	if (s[i] == '[') {
		do {
			open += s[i] == '[';
			open -= s[i] == ']';
		} while (s[i] && s[i++] && open);
		if (open)
			return 0;
	}
	return s[i] == '=' || (s[i] == '+' && s[i + 1] == '=') ? i : 0;
}

/* ---- literals ----------------------------------------------------------------------------------
 */
static bool lit_room(struct parser *p, size_t more)
{
	size_t want = p->lit_len + more + 1;
	char *q;

	if (want <= p->lit_cap)
		return true;
	want = MAX(want * 2, (size_t)256);
	q = realloc(p->lit, want);
	if (!q)
		return parser_fail(p, "out of memory");
	p->lit = q;
	p->lit_cap = want;
	return true;
}

static void put_part(struct maker *m, struct part *part)
{
	*m->tail = part;
	m->tail = &part->next;
}

static bool flush(struct parser *p, struct maker *m)
{
	size_t len = p->lit_len - m->base;
	struct part *part;

	if (!len)
		return true;
	part = parser_alloc(p, sizeof(*part));
	if (!part)
		return false;
	part->text = arena_strndup(p->a, p->lit + m->base, len);
	if (!part->text)
		return parser_fail(p, "out of memory");
	part->len = len;
	part->quoted = m->quoted;
	put_part(m, part);
	p->lit_len = m->base;
	return true;
}

static bool put(struct parser *p, struct maker *m, const char *s, size_t len, bool quoted)
{
	if (m->quoted != quoted && !flush(p, m))
		return false;
	m->quoted = quoted;
	if (!lit_room(p, len))
		return false;
	memcpy(p->lit + p->lit_len, s, len);
	p->lit_len += len;
	return true;
}

/* "" and '' make a field even where nothing else does. */
static bool put_empty(struct parser *p, struct maker *m)
{
	struct part *part;

	if (!flush(p, m))
		return false;
	part = parser_alloc(p, sizeof(*part));
	if (!part)
		return false;
	part->text = "";
	part->quoted = true;
	put_part(m, part);
	return true;
}

static struct part *new_part(struct parser *p, struct maker *m, enum part_kind kind, bool quoted)
{
	struct part *part;

	if (!flush(p, m))
		return NULL;
	part = parser_alloc(p, sizeof(*part));
	if (!part)
		return NULL;
	part->kind = kind;
	part->quoted = quoted;
	put_part(m, part);
	return part;
}

/* ---- quotes -------------------------------------------------------------------------------------
 */
size_t parse_utf8(unsigned long code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | (code >> 18 & 7));
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static size_t number(const char *s, size_t left, int base, size_t most, unsigned long *ret)
{
	size_t i = 0;

	*ret = 0;
	while (i < left && i < most && digit_of(s[i]) < base)
		*ret = *ret * (unsigned)base + (unsigned)digit_of(s[i++]);
	return i;
}

size_t parse_escape(const char *s, size_t left, char *out, size_t *ret_len)
{
	static const char from[] = "abeEfnrtv\\'\"?", to[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	const char *at;
	unsigned long code;
	size_t used;

	*ret_len = 1;
	if (left && s[0] && (at = strchr(from, s[0]))) {
		out[0] = to[at - from];
		return 1;
	}
	if (left && s[0] >= '0' && s[0] <= '7') {
		used = number(s, left, 8, 3, &code);
		out[0] = (char)code;
		return used;
	}
	if (left && (s[0] == 'x' || s[0] == 'u' || s[0] == 'U')) {
		used = number(s + 1, left - 1, 16, s[0] == 'x' ? 2 : s[0] == 'u' ? 4 : 8, &code);
		if (used) {
			if (s[0] == 'x')
				out[0] = (char)code;
			else
				*ret_len = parse_utf8(code, out);
			return used + 1;
		}
	}
	if (left > 1 && s[0] == 'c') {
		out[0] = (char)(s[1] & 0x1f);
		return 2;
	}
	out[0] = '\\'; /* unknown ones stay as they are */
	return 0;
}

/* Behind $'. */
static bool ansi_c(struct parser *p, struct maker *m)
{
	bool ended = false; /* by \0: bash drops the rest */
	char out[4];
	size_t len;

	m->w->bare = false;
	for (;;) {
		char c = ahead(p, 0);

		if (p->i >= p->n)
			return parser_fail(p, "unterminated $' quote");
		p->i++;
		if (c == '\'')
			return put_empty(p, m);
		out[0] = c;
		len = 1;
		if (c == '\\')
			p->i += parse_escape(p->s + p->i, p->n - p->i, out, &len);
		ended |= len == 1 && out[0] == '\0';
		if (!ended && !put(p, m, out, len, true))
			return false;
	}
}

static bool single(struct parser *p, struct maker *m)
{
	const char *end = memchr(p->s + p->i, '\'', p->n - p->i);
	size_t len;

	m->w->bare = false;
	if (!end)
		return parser_fail(p, "unterminated single quote");
	len = (size_t)(end - p->s) - p->i;
	if (!(len ? put(p, m, p->s + p->i, len, true) : put_empty(p, m)))
		return false;
	p->i += len + 1;
	return true;
}

/* Behind the opening quote. */
static bool doubled(struct parser *p, struct maker *m)
{
	bool ret;

	m->w->bare = false;
	if (ahead(p, 0) == '"') {
		p->i++;
		return put_empty(p, m);
	}
	if (!parser_enter(p))
		return false;
	ret = parts(p, m, IN_QUOTES);
	p->depth--;
	if (!ret)
		return false;
	if (ahead(p, 0) != '"')
		return parser_fail(p, "unterminated double quote");
	p->i++;
	return true;
}

/* ---- expansions
 * ---------------------------------------------------------------------------------- */
static bool is_special_param(char c)
{
	return c && strchr("@*#?-$!", c);
}

/* The name of a parameter in ${…}. */
static const char *param_name(struct parser *p)
{
	char c = here(p);
	size_t start = p->i;

	if (is_name_start(c))
		while (is_name_char(ahead(p, 0)))
			p->i++;
	else if (is_digit(c))
		while (is_digit(ahead(p, 0)))
			p->i++;
	else if (is_special_param(c))
		p->i++;
	return arena_strndup(p->a, p->s + start, p->i - start);
}

static struct word *sub_word(struct parser *p, enum word_in in)
{
	struct word *w;

	if (!parser_enter(p))
		return NULL;
	w = parser_word(p, in);
	p->depth--;
	return w;
}

static bool param_pattern(struct parser *p, struct param *x, char c)
{
	x->twice = ahead(p, 0) == c;
	p->i += x->twice;
	if (c == '/' && !x->twice && (ahead(p, 0) == '#' || ahead(p, 0) == '%'))
		x->letter = p->s[p->i++];
	x->word = sub_word(p, c == '/' ? IN_BRACE_SLASH : IN_BRACE);
	if (!x->word)
		return false;
	if (c == '/' && ahead(p, 0) == '/') {
		p->i++;
		x->word2 = sub_word(p, IN_BRACE);
		return x->word2;
	}
	return true;
}

/* Behind the name; up to the }. */
static bool param_op(struct parser *p, struct param *x, bool quoted)
{
	char c = here(p), next;
	size_t at = p->i;

	if (c == '}')
		return true;
	if (p->i >= p->n)
		return parser_fail(p, "unterminated ${");
	p->i++;
	next = here(p);
	if (c == ':' && next && strchr("-=?+", next)) {
		x->colon = true;
		c = next;
		p->i++;
	}
	x->op = c;
	switch (c) {
	case '-':
	case '=':
	case '?':
	case '+':
		x->word = sub_word(p, quoted ? IN_QUOTED_BRACE : IN_BRACE);
		return x->word;
	case '#':
	case '%':
	case '/':
	case '^':
	case ',':
		return param_pattern(p, x, c);
	case ':':
		x->word = sub_word(p, IN_QUOTED_BRACE);
		return x->word;
	case '@':
	case '*':
		if (x->indirect && next == '}') {
			x->op = '@';
			return true;
		}
		if (c == '@' && next && ahead(p, 1) == '}') {
			x->op = 'Q';
			x->letter = next;
			p->i++;
			return true;
		}
		break;
	default:
		break;
	}
	x->op = 'B';
	p->i = at;
	return sub_word(p, quoted ? IN_QUOTED_BRACE : IN_BRACE);
}

/* Behind ${. */
static bool braced(struct parser *p, struct maker *m, bool quoted)
{
	struct part *part = new_part(p, m, PART_PARAM, quoted);
	struct param *x = parser_alloc(p, sizeof(*x));
	char c = here(p), next = ahead(p, 1);

	if (!part || !x)
		return false;
	part->param = x;
	if (is_blank(c) || c == '\n' || c == '|' || c == '(')
		return parser_fail(p, "bad substitution"); /* ${ cmd; } of other shells */
	if (c == '#' && next != '}' &&
	    (is_name_char(next) || (is_special_param(next) && ahead(p, 2) == '}'))) {
		x->length = true;
		p->i++;
	} else if (c == '!' &&
		   (is_name_char(next) || (is_special_param(next) && next != '-' && next != '?'))) {
		x->indirect = true;
		p->i++;
	}
	x->name = param_name(p);
	if (!x->name)
		return parser_fail(p, "out of memory");
	if (here(p) == '[' && is_name_start(x->name[0])) {
		p->i++;
		x->index = sub_word(p, IN_INDEX);
		if (!x->index)
			return false;
		p->i++;
	}
	if (!x->name[0])
		x->op = 'B';
	if (!(x->op ? (bool)sub_word(p, quoted ? IN_QUOTED_BRACE : IN_BRACE)
		    : param_op(p, x, quoted)))
		return false;
	if (here(p) != '}')
		return parser_fail(p, "unterminated ${");
	p->i++;
	return true;
}

/* Behind $( or <(. */
static bool command_sub(struct parser *p, struct part *part)
{
	if (!part || !parser_enter(p))
		return false;
	p->substitutions++;
	part->list = parser_list(p);
	p->substitutions--;
	p->depth--;
	if (p->failed)
		return false;
	if (here(p) != ')')
		return parser_fail(p, "unterminated $(");
	p->i++;
	return true;
}

/* Behind the opening `: the text up to the next bare one, without its backslashes, is a text of its
 * own. */
static bool backquoted(struct parser *p, struct maker *m, bool quoted)
{
	struct part *part = new_part(p, m, PART_COMMAND, quoted);
	struct parse_result *r = p->ret;
	size_t len = 0, start = p->i;
	char *text;

	for (;;) {
		if (p->i >= p->n)
			return parser_fail(p, "unterminated `");
		if (p->s[p->i] == '`')
			break;
		p->i += p->s[p->i] == '\\' ? 2 : 1;
	}
	text = part ? parser_alloc(p, p->i - start + 1) : NULL;
	if (!text || !parser_enter(p))
		return false;
	for (size_t i = start; i < p->i; i++) {
		char next = p->s[i + 1];

		if (p->s[i] == '\\' &&
		    (next == '$' || next == '`' || next == '\\' || (quoted && next == '"')))
			i++;
		text[len++] = p->s[i];
	}
	part->list = parse_text(p->a, text, len, p->inner, p->depth, r);
	p->depth--;
	p->i++;
	if (!part->list)
		p->failed = true;
	return part->list;
}

size_t parser_find_arith(const struct parser *p)
{
	size_t open = 0;

	for (size_t i = p->i; i < p->n; i++) {
		switch (p->s[i]) {
		case '\\':
			i++;
			break;
		case '\'':
		case '"':
		case '`': {
			char quote = p->s[i];

			for (i++; i < p->n && p->s[i] != quote; i++)
				if (p->s[i] == '\\' && quote != '\'')
					i++;
			break;
		}
		case '(':
			open++;
			break;
		case ')':
			if (!open)
				return i + 1 < p->n && p->s[i + 1] == ')' ? i : 0;
			open--;
			break;
		default:
			break;
		}
		if (i - p->i > 16384)
			break; /* nobody's arithmetic: keeps the second look at bytes linear */
	}
	return 0;
}

struct word *parser_expression(struct parser *p, size_t end)
{
	size_t n = p->n;
	struct word *w;

	if (!parser_enter(p))
		return NULL;
	p->n = end;
	w = parser_word(p, IN_ARITH);
	p->n = n;
	p->depth--;
	return w;
}

static bool arith(struct parser *p, struct maker *m, size_t end, size_t closing, bool quoted)
{
	struct part *part = new_part(p, m, PART_ARITH, quoted);

	if (!part)
		return false;
	part->word = parser_expression(p, end);
	if (!part->word)
		return false;
	p->i = end + closing;
	return true;
}

/* $[…] */
static bool arith_old(struct parser *p, struct maker *m, bool quoted)
{
	size_t open = 0, i;

	for (i = p->i; i < p->n && i - p->i < 16384; i++) {
		if (p->s[i] == ']' && !open)
			return arith(p, m, i, 1, quoted);
		open += p->s[i] == '[';
		open -= p->s[i] == ']';
	}
	return parser_fail(p, "unterminated $[");
}

static bool plain_param(struct parser *p, struct maker *m, bool quoted, size_t len)
{
	struct part *part = new_part(p, m, PART_PARAM, quoted);
	struct param *x = parser_alloc(p, sizeof(*x));

	if (!part || !x)
		return false;
	part->param = x;
	x->bare = true;
	x->name = arena_strndup(p->a, p->s + p->i, len);
	p->i += len;
	return x->name ? true : parser_fail(p, "out of memory") != NULL;
}

static bool quotes_count(enum word_in in)
{
	return in <= IN_BRACE_SLASH;
}

/* At a $. */
static bool dollar(struct parser *p, struct maker *m, enum word_in in, bool quoted)
{
	size_t len = 0, end;
	char c;

	p->i++;
	c = here(p);
	if (c == '(') {
		p->i++;
		if (here(p) == '(') {
			p->i++;
			end = parser_find_arith(p);
			if (end)
				return arith(p, m, end, 2, quoted);
			p->i--;
		}
		return command_sub(p, new_part(p, m, PART_COMMAND, quoted));
	}
	if (c == '{') {
		p->i++;
		return braced(p, m, quoted);
	}
	if (c == '[') {
		p->i++;
		return arith_old(p, m, quoted);
	}
	if (c == '\'' && (quotes_count(in) || in == IN_QUOTED_BRACE)) {
		p->i++;
		return ansi_c(p, m);
	}
	if (c == '"' && quotes_count(in)) {
		p->i++;
		return doubled(p, m);
	}
	if (is_name_start(c))
		while (is_name_char(ahead(p, len)))
			len++;
	else if (is_digit(c) || is_special_param(c))
		len = 1;
	return len ? plain_param(p, m, quoted, len) : put(p, m, "$", 1, quoted);
}

/* ---- the loop -----------------------------------------------------------------------------------
 */
static bool backslash(struct parser *p, struct maker *m, enum word_in in)
{
	char next = ahead(p, 1);
	bool keeps;

	if (p->i + 1 >= p->n) {
		p->i++;
		return put(p, m, "\\", 1, true);
	}
	p->i += 2;
	if (next == '\n')
		return true;
	if (quotes_count(in))
		return put(p, m, &next, 1, true);
	keeps = next != '$' && next != '`' && next != '\\' && !(next == '"' && in != IN_HERE) &&
		!(next == '}' && in == IN_QUOTED_BRACE);
	return put(p, m, p->s + p->i - 1 - keeps, 1 + keeps, true);
}

/* Is the ( here behind one of ?*+@! of this word, and not the () of a function? */
static bool extglob_opens(const struct parser *p, const struct maker *m)
{
	size_t i = p->i + 1;

	if (p->lit_len == m->base || m->quoted || !strchr("?*+@!", p->lit[p->lit_len - 1]))
		return false;
	while (i < p->n && is_blank(p->s[i]))
		i++;
	return i >= p->n || p->s[i] != ')';
}

struct scan {
	enum word_in in;
	bool quoted, single; /* single: within '…' of "${x:-'…'}", where } does not end it */
	size_t open;	     /* ( of patterns, [ of an index */
};

/* Does @c end the word? */
static bool ends(const struct scan *s, char c)
{
	switch (s->in) {
	case IN_COMMAND:
		return !s->open && is_meta(c);
	case IN_REGEX:
		return !s->open && (is_blank(c) || c == '\n' || c == ';' || c == '&' || c == ')');
	case IN_INDEX:
		return !s->open && c == ']';
	case IN_BRACE:
		return c == '}';
	case IN_BRACE_SLASH:
		return c == '}' || c == '/';
	case IN_QUOTES:
		return c == '"';
	case IN_QUOTED_BRACE:
		return c == '}' && !s->single;
	case IN_HERE:
	case IN_ARITH:
		break;
	}
	return false;
}

/* An unquoted or only weakly quoted character with no other meaning. */
static bool ordinary(struct parser *p, struct maker *m, struct scan *s, char c)
{
	if (c == SHELL_UNKNOWN && !s->quoted)
		p->ret->unknown_bare = true;
	if (!s->quoted) {
		m->w->braces |= c == '{';
		m->w->globs |= c == '*' || c == '?' || c == '[';
		m->w->tilde |= c == '~';
	}
	if (s->in == IN_INDEX)
		s->open += (size_t)(c == '[') - (size_t)(c == ']');
	p->i++;
	return put(p, m, &c, 1, s->quoted);
}

static bool quote_or_paren(struct parser *p, struct maker *m, struct scan *s, char c)
{
	if (c == '\'' && quotes_count(s->in)) {
		p->i++;
		return single(p, m);
	}
	if (c == '"' && (quotes_count(s->in) || s->in == IN_QUOTED_BRACE)) {
		p->i++;
		return doubled(p, m);
	}
	if (c == '"' && s->in == IN_ARITH) {
		p->i++;
		return true;
	}
	if (c == '\'' && s->in == IN_QUOTED_BRACE)
		s->single = !s->single;
	if ((c == '<' || c == '>') && ahead(p, 1) == '(' &&
	    (s->in == IN_COMMAND || s->in == IN_BRACE)) {
		struct part *part = new_part(p, m, PART_PROCESS, true);

		p->i += 2;
		if (part)
			part->writes = c == '>';
		return command_sub(p, part);
	}
	if (c == '(' &&
	    (s->in == IN_REGEX || s->open || (s->in == IN_COMMAND && extglob_opens(p, m)))) {
		if (s->in == IN_COMMAND)
			m->w->globs = true;
		s->open += s->in != IN_INDEX;
	} else if (c == ')' && s->open && s->in != IN_INDEX) {
		s->open--;
	} else if (c != '\'' && c != '"' && ends(s, c)) {
		return false;
	}
	return ordinary(p, m, s, c);
}

static bool is_special(unsigned char c)
{
	static const bool table[256] = {
		['\\'] = 1, ['\''] = 1, ['"'] = 1, ['`'] = 1,		['$'] = 1,
		['{'] = 1,  ['}'] = 1,	['('] = 1, [')'] = 1,		['<'] = 1,
		['>'] = 1,  ['|'] = 1,	['&'] = 1, [';'] = 1,		[' '] = 1,
		['\t'] = 1, ['\n'] = 1, ['*'] = 1, ['?'] = 1,		['['] = 1,
		[']'] = 1,  ['~'] = 1,	['/'] = 1, [SHELL_UNKNOWN] = 1, ['\0'] = 1};

	return table[c];
}

/* Read into @m until the end of the word of kind @in. True also at the end of the text: the caller
 * knows what had to follow. */
static bool parts(struct parser *p, struct maker *m, enum word_in in)
{
	struct scan s = {.in = in, .quoted = !quotes_count(in)};

	while (p->i < p->n && !p->failed) {
		size_t start = p->i;
		char c;

		while (p->i < p->n && !is_special((unsigned char)p->s[p->i]))
			p->i++;
		if (p->i > start && !put(p, m, p->s + start, p->i - start, s.quoted))
			return false;
		if (p->i >= p->n)
			break;
		c = p->s[p->i];
		switch (c) {
		case '\\':
			m->w->bare = false;
			backslash(p, m, in);
			break;
		case '$':
			dollar(p, m, in, s.quoted);
			break;
		case '`':
			p->i++;
			backquoted(p, m, s.quoted);
			break;
		case '\'':
		case '"':
			if (ends(&s, c))
				return !p->failed;
			quote_or_paren(p, m, &s, c);
			break;
		case '(':
		case ')':
		case '<':
		case '>':
			if (!quote_or_paren(p, m, &s, c))
				return !p->failed;
			break;
		default:
			if (ends(&s, c))
				return true;
			ordinary(p, m, &s, c);
			break;
		}
	}
	if (!p->failed && s.open)
		return parser_fail(p, "unterminated pattern or index");
	return !p->failed;
}

/* Set w->text if nothing in @w has to be expanded. */
static bool settle(struct parser *p, struct word *w)
{
	size_t len = 0;
	char *text;

	if (w->braces || w->globs || w->tilde)
		return true;
	for (const struct part *part = w->parts; part; part = part->next) {
		if (part->kind != PART_TEXT)
			return true;
		len += part->len;
	}
	if (w->parts && !w->parts->next) {
		w->text = w->parts->text;
		return true;
	}
	text = parser_alloc(p, len + 1);
	if (!text)
		return false;
	w->text = text;
	for (const struct part *part = w->parts; part; part = part->next) {
		memcpy(text, part->text, part->len);
		text += part->len;
	}
	return true;
}

static bool must_end(enum word_in in, char c)
{
	return (in == IN_INDEX && c != ']') ||
	       ((in == IN_BRACE || in == IN_QUOTED_BRACE) && c != '}');
}

static struct word *word_rest(struct parser *p, struct word *w, enum word_in in)
{
	struct maker m = {
		.w = w, .tail = &w->parts, .base = p->lit_len, .quoted = !quotes_count(in)};

	w->at = p->i;
	w->bare = true;
	if (!parts(p, &m, in) || !flush(p, &m))
		return NULL;
	if (must_end(in, ahead(p, 0)))
		return parser_fail(p, "unterminated expansion");
	if (in == IN_INDEX)
		w->globs = w->braces = w->tilde = false; /* ${a[*]} */
	return settle(p, w) ? w : NULL;
}

struct word *parser_word(struct parser *p, enum word_in in)
{
	struct word *w = parser_alloc(p, sizeof(*w));

	return w ? word_rest(p, w, in) : NULL;
}

/* ---- assignments --------------------------------------------------------------------------------
 */
/* name[…] that was no assignment may be read again as a word: only if that is cheap, and the word
 * is the same one for bash, which keeps blanks within [ ] there. */
static bool read_twice(struct parser *p, size_t start, const struct word *index)
{
	for (const struct part *part = index->parts; part; part = part->next)
		if (part->kind != PART_TEXT)
			return parser_fail(p, "expansion in [ ] of a word");
	for (size_t i = start; i < p->i; i++)
		if (is_meta(p->s[i]))
			return parser_fail(p, "blank or operator in [ ] of a word");
	return true;
}

static bool elements(struct parser *p, struct assign *as)
{
	struct element **tail = &as->elements;

	for (;;) {
		struct element *e;

		parser_blanks(p, true);
		if (ahead(p, 0) == ')') {
			p->i++;
			return true;
		}
		if (p->failed || p->i >= p->n)
			return parser_fail(p, "unterminated array");
		e = parser_alloc(p, sizeof(*e));
		if (!e)
			return false;
		if (ahead(p, 0) == '[') {
			size_t start = p->i++;

			e->index = sub_word(p, IN_INDEX);
			if (!e->index)
				return false;
			p->i++;
			p->i += ahead(p, 0) == '+' && ahead(p, 1) == '=';
			if (ahead(p, 0) == '=') {
				p->i++;
			} else { /* a pattern: [ab]*.c */
				if (!read_twice(p, start, e->index))
					return false;
				e->index = NULL;
				p->i = start;
			}
		}
		e->value = parser_word(p, IN_COMMAND);
		if (!e->value)
			return false;
		if (ahead(p, 0) && strchr(";&|(<>", ahead(p, 0)))
			return parser_fail(p, "unexpected operator in an array");
		*tail = e;
		tail = &e->next;
	}
}

/* How long NAME is here if it could begin an assignment, else 0. Line continuations in the name are
 * rare enough to be left to the slow path: here() of the caller has none in front. */
static size_t name_here(const struct parser *p)
{
	size_t len = 0;
	char c;

	if (!is_name_start(ahead(p, 0)))
		return 0;
	while (is_name_char(ahead(p, len)))
		len++;
	c = ahead(p, len);
	return c == '=' || c == '[' || (c == '+' && ahead(p, len + 1) == '=') ? len : 0;
}

struct assign *parser_assignment(struct parser *p)
{
	size_t start = p->i, len = name_here(p);
	struct assign *as;

	if (!len)
		return NULL;
	as = parser_alloc(p, sizeof(*as));
	if (!as)
		return NULL;
	as->name = arena_strndup(p->a, p->s + p->i, len);
	p->i += len;
	if (ahead(p, 0) == '[') {
		p->i++;
		as->index = sub_word(p, IN_INDEX);
		if (!as->index || !as->name)
			return parser_fail(p, "unterminated [");
		p->i++;
		if (here(p) != '=' && !(ahead(p, 0) == '+' && ahead(p, 1) == '=')) {
			if (read_twice(p, start, as->index))
				p->i = start; /* a word: x[ab]y */
			return NULL;
		}
	}
	as->append = ahead(p, 0) == '+';
	p->i += 1U + as->append;
	if (here(p) == '(') {
		p->i++;
		as->array = true;
		if (!parser_enter(p) || !elements(p, as))
			return NULL;
		p->depth--;
		return as;
	}
	as->value = parser_word(p, IN_COMMAND);
	return as->value ? as : NULL;
}

/* ---- here-documents
 * ------------------------------------------------------------------------------ */
/* Is the line at @start the delimiter? A substitution's ) may stand behind it on the line (as bash
 * has it). */
static bool is_delimiter(const struct parser *p, const struct heredoc *h, size_t start, size_t end,
			 size_t *ret_next)
{
	size_t len = strlen(h->delimiter);

	if (end - start < len || memcmp(p->s + start, h->delimiter, len) != 0)
		return false;
	if (end - start > len &&
	    !(p->substitutions && memchr(p->s + start + len, ')', end - start - len)))
		return false;
	*ret_next = end - start > len ? start + len : MIN(end + 1, p->n);
	return true;
}

static bool ends_in_backslash(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[len - 1 - n] == '\\')
		n++;
	return n % 2;
}

static bool body(struct parser *p, const struct heredoc *h)
{
	size_t base = p->lit_len, end;
	bool continued = false;
	const char *text;

	while (p->i < p->n) {
		const char *nl = memchr(p->s + p->i, '\n', p->n - p->i);

		end = nl ? (size_t)(nl - p->s) : p->n;
		while (h->strip_tabs && p->i < end && p->s[p->i] == '\t')
			p->i++;
		if (!continued && is_delimiter(p, h, p->i, end, &p->i))
			break;
		continued = !h->quoted && ends_in_backslash(p->s + p->i, end - p->i);
		end += nl != NULL;
		if (!lit_room(p, end - p->i))
			return false;
		memcpy(p->lit + p->lit_len, p->s + p->i, end - p->i);
		p->lit_len += end - p->i;
		p->i = end;
	}
	text = arena_strndup(p->a, p->lit + base, p->lit_len - base);
	if (!text)
		return parser_fail(p, "out of memory");
	end = p->lit_len - base;
	p->lit_len = base;
	if (h->quoted) {
		h->redir->word->text = text;
		return true;
	}
	if (!parser_enter(p))
		return false;
	h->redir->word = parse_quoted(p->a, text, end, p->depth, p->ret);
	p->depth--;
	p->failed |= !h->redir->word;
	return h->redir->word;
}

void parser_heredoc_bodies(struct parser *p)
{
	struct heredoc *h = p->heredocs;

	p->heredocs = NULL; /* before the bodies: they are texts of their own */
	p->heredocs_end = &p->heredocs;
	for (; h && !p->failed; h = h->next)
		if (!body(p, h))
			p->failed = true;
}
