#include "policy/gitconfig.h"

static int peek(const struct gitconfig *g)
{
	if (g->p == g->end)
		return -1;
	if (g->p[0] == '\r' && g->p + 1 < g->end && g->p[1] == '\n')
		return '\n';
	return (unsigned char)*g->p;
}

static int take(struct gitconfig *g)
{
	int c = peek(g);

	if (c < 0)
		return c;
	g->p += *g->p == '\r' && c == '\n' ? 2 : 1;
	if (c == '\n')
		g->line++;
	return c;
}

static bool is_alpha(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(int c)
{
	return is_alpha(c) || (c >= '0' && c <= '9') || c == '-';
}

static char lower(int c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static void skip_blanks(struct gitconfig *g)
{
	while (peek(g) == ' ' || peek(g) == '\t')
		take(g);
}

static void skip_comment(struct gitconfig *g)
{
	while (peek(g) >= 0 && peek(g) != '\n')
		take(g);
}

static bool put(char *buf, size_t *n, size_t size, int c)
{
	if (c <= 0 || *n + 1 >= size)
		return false;
	buf[(*n)++] = (char)c;
	buf[*n] = '\0';
	return true;
}

/* The quoted part of [section "sub"], up to and with the closing quote. */
static bool read_quoted_sub(struct gitconfig *g, size_t *n)
{
	for (;;) {
		int c = take(g);

		if (c == '"')
			return true;
		if (c == '\\')
			c = take(g);
		if (c == '\n' || !put(g->e.sub, n, sizeof(g->e.sub), c))
			return false;
	}
}

/* Behind '['. */
static bool read_header(struct gitconfig *g)
{
	size_t n = 0, sub = 0;
	bool dotted = false;

	g->e.section[0] = g->e.sub[0] = '\0';
	while (is_name(peek(g)) || peek(g) == '.') {
		int c = take(g);

		if (c == '.' && !dotted)
			dotted = true;
		else if (dotted ? !put(g->e.sub, &sub, sizeof(g->e.sub), lower(c))
				: !put(g->e.section, &n, sizeof(g->e.section), lower(c)))
			return false;
	}
	if (n == 0)
		return false;
	if (peek(g) == ' ' || peek(g) == '\t') {
		skip_blanks(g);
		if (take(g) != '"' || (sub && !put(g->e.sub, &sub, sizeof(g->e.sub), '.')) ||
		    !read_quoted_sub(g, &sub))
			return false;
	}
	g->in_section = true;
	return take(g) == ']';
}

/* Behind a backslash in a value: 1 = a byte was put, 0 = the line goes on, -1 = not understood. */
static int read_escape(struct gitconfig *g, size_t *n)
{
	int c = take(g);

	switch (c) {
	case '\n':
		return 0;
	case 'n':
		c = '\n';
		break;
	case 't':
		c = '\t';
		break;
	case 'b':
		c = '\b';
		break;
	case '"':
	case '\\':
		break;
	default:
		return -1;
	}
	return put(g->e.value, n, sizeof(g->e.value), c) ? 1 : -1;
}

/* Behind '='. Blanks at the end are dropped unless quoted or escaped. */
static bool read_value(struct gitconfig *g)
{
	size_t n = 0, keep = 0; /* value[0..keep) stays whatever follows */
	bool quoted = false;

	g->e.value[0] = '\0';
	skip_blanks(g);
	for (;;) {
		int c = peek(g), r;

		if ((c < 0 || c == '\n') && quoted)
			return false;
		if (c < 0 || c == '\n')
			break;
		if (!quoted && (c == '#' || c == ';')) {
			skip_comment(g);
			break;
		}
		take(g);
		if (c == '"') {
			quoted = !quoted;
			keep = n;
		} else if (c == '\\') {
			r = read_escape(g, &n);
			if (r < 0)
				return false;
			if (r > 0)
				keep = n;
		} else {
			if (!put(g->e.value, &n, sizeof(g->e.value), c))
				return false;
			if (quoted || (c != ' ' && c != '\t'))
				keep = n;
		}
	}
	g->e.value[keep] = '\0';
	return true;
}

static bool read_entry(struct gitconfig *g)
{
	size_t n = 0;

	g->e.line = g->line;
	while (is_name(peek(g)))
		if (!put(g->e.name, &n, sizeof(g->e.name), lower(take(g))))
			return false;
	skip_blanks(g);
	g->e.has_value = peek(g) == '=';
	g->e.value[0] = '\0';
	if (g->e.has_value) {
		take(g);
		return read_value(g);
	}
	if (peek(g) == '#' || peek(g) == ';')
		skip_comment(g);
	return peek(g) < 0 || peek(g) == '\n';
}

void gitconfig_init(struct gitconfig *g, const char *text, size_t len)
{
	g->p = text;
	g->end = len ? text + len : text;
	g->line = 1;
	g->in_section = false;
	g->e.section[0] = g->e.sub[0] = g->e.name[0] = g->e.value[0] = '\0';
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		g->p += 3;
}

int gitconfig_next(struct gitconfig *g)
{
	for (;;) {
		int c = peek(g);

		if (c < 0)
			return 0;
		if (c == ' ' || c == '\t' || c == '\n') {
			take(g);
		} else if (c == '#' || c == ';') {
			skip_comment(g);
		} else if (c == '[') {
			take(g);
			if (!read_header(g))
				return -EBADMSG;
		} else if (!g->in_section || !is_alpha(c)) {
			return -EBADMSG;
		} else {
			return read_entry(g) ? 1 : -EBADMSG;
		}
	}
}
