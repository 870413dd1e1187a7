#include "policy/pattern.h"

#include <stdarg.h>

/* Text of a rule -> canonical patterns, in this order: syntax is checked on the text as written,
 * braces are expanded, the beginning (~, $HOME, $WORKSPACE, relative) is replaced, and components
 * are folded. */

#define BRACE_DEPTH_MAX 64

struct expansion {
	struct arena *arena;
	const struct pattern_roots *roots; /* NULL: flat */
	struct strlist *ret;
	unsigned n;	/* alternatives so far */
	unsigned depth; /* of the recursion over braces */
	char *why;
	size_t why_size;
};

static int PRINTF(2, 3) refuse(struct expansion *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(x->why, x->why_size, fmt, ap); /* a cut text is still a text */
	va_end(ap);
	return -EBADMSG;
}

const char *pattern_class_end(const char *p)
{
	p++;
	if (*p == '!' || *p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p && *p != ']')
		p += *p == '\\' && p[1] ? 2 : 1;
	return *p ? p + 1 : NULL;
}

bool pattern_class_negated(const char *p)
{
	return p[1] == '!' || p[1] == '^';
}

bool pattern_class_has(const char *p, unsigned char c)
{
	bool negated = pattern_class_negated(p), in = false;
	const char *end = pattern_class_end(p) - 1;

	if (c == '/')
		return false;
	p += negated ? 2 : 1;
	while (p < end) {
		unsigned char lo, hi;

		if (*p == '\\')
			p++;
		lo = hi = (unsigned char)*p++;
		if (*p == '-' && p + 1 < end) {
			p++;
			if (*p == '\\')
				p++;
			hi = (unsigned char)*p++;
		}
		in |= c >= lo && c <= hi;
	}
	return in != negated;
}

static int check_class(struct expansion *x, const char *p, const char **ret_end)
{
	const char *end = pattern_class_end(p);

	if (!end)
		return refuse(x, "unclosed '['");
	for (const char *c = p + 1; c < end - 1; c++) {
		if (*c == '/' && x->roots)
			return refuse(x, "a class never matches '/'");
		if ((unsigned char)*c >= 0x80)
			return refuse(x, "only ASCII in a class; use {ä,ö} for others");
		if (*c == '[' && c[1] == ':')
			return refuse(x, "named classes like [:alpha:] are not supported");
		if (*c == '-' && c > p + 1 && c + 1 < end - 1 && c[-1] > c[1] && c[-1] != '!' &&
		    c[-1] != '^' && c[1] != '\\')
			return refuse(x, "range '%c-%c' is empty", c[-1], c[1]);
	}
	*ret_end = end;
	return 0;
}

static int check_syntax(struct expansion *x, const char *text)
{
	unsigned depth = 0;
	const char *p = text;
	int r;

	if (!*p)
		return refuse(x, "empty pattern");
	if (strlen(text) >= PATTERN_MAX)
		return refuse(x, "pattern is longer than %d bytes", PATTERN_MAX - 1);
	while (*p) {
		if (*p == '[') {
			r = check_class(x, p, &p);
			if (r < 0)
				return r;
			continue;
		}
		if (*p == '\\') {
			if (!p[1])
				return refuse(x, "'\\' at the end");
			if (p[1] == '/' && x->roots)
				return refuse(x, "'\\/' means nothing");
			p++;
		} else if (*p == '{') {
			if (++depth > BRACE_DEPTH_MAX)
				return refuse(x, "braces nested too deeply");
		} else if (*p == '}' && depth) {
			depth--;
		} else if (*p == '$' && x->roots && p != text && p[-1] != '{' && p[-1] != ',') {
			return refuse(
				x,
				"'$' is only for $HOME and $WORKSPACE at the beginning; write \\$");
		}
		p++;
	}
	return depth ? refuse(x, "unclosed '{'") : 0;
}

/* The end of the element of braces that begins at @p: at its ',' or '}'. The syntax was checked. */
static const char *brace_part_end(const char *p)
{
	unsigned depth = 0;

	for (; *p; p++) {
		if (*p == '[') {
			p = pattern_class_end(p) - 1;
		} else if (*p == '\\') {
			p++;
		} else if (*p == '{') {
			depth++;
		} else if (*p == '}') {
			if (depth-- == 0)
				return p;
		} else if (*p == ',' && depth == 0) {
			return p;
		}
	}
	return p;
}

static const char *first_brace(const char *p)
{
	for (; *p; p++) {
		if (*p == '[')
			p = pattern_class_end(p) - 1;
		else if (*p == '\\')
			p++;
		else if (*p == '{')
			return p;
	}
	return NULL;
}

static bool special(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

bool pattern_escape(const char *s, size_t len, char *out, size_t size)
{
	size_t n = strlen(out);

	for (size_t i = 0; i < len; i++) {
		if (n + 3 > size)
			return false;
		if (special(s[i]))
			out[n++] = '\\';
		out[n++] = s[i];
		out[n] = '\0';
	}
	return true;
}

void pattern_unescape(const char *p, char *out)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		*out++ = *p;
	}
	*out = '\0';
}

static bool has_wildcard(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == '*' || s[i] == '?' || s[i] == '[')
			return true;
	}
	return false;
}

/* One component, copied in canonical form: only needed escapes, runs of '*' as one. */
static size_t fold_component(const char *s, size_t len, char *out)
{
	size_t n = 0;
	bool star = false;

	if (len == 2 && s[0] == '*' && s[1] == '*') {
		memcpy(out, "**", 2);
		return 2;
	}
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '*') {
			if (!star)
				out[n++] = '*';
			star = true;
			continue;
		}
		star = false;
		if (s[i] == '[') {
			size_t w = (size_t)(pattern_class_end(s + i) - (s + i));

			memcpy(out + n, s + i, w);
			n += w;
			i += w - 1;
		} else if (s[i] == '\\') {
			i++;
			if (special(s[i]))
				out[n++] = '\\';
			out[n++] = s[i];
		} else {
			out[n++] = s[i];
		}
	}
	return n;
}

/* Drop the last component of @out (length @n); -1 when it is a wildcard. */
static int pop_component(char *out, size_t *n)
{
	size_t start = *n;

	while (start > 0 && out[start - 1] != '/')
		start--;
	if (*n && has_wildcard(out + start, *n - start))
		return -1;
	*n = start ? start - 1 : 0;
	out[*n] = '\0';
	return 0;
}

static size_t component_len(const char *s)
{
	size_t i = 0;

	while (s[i] && s[i] != '/') {
		if (s[i] == '[')
			i = (size_t)(pattern_class_end(s + i) - s);
		else
			i += s[i] == '\\' ? 2 : 1;
	}
	return i;
}

/* Absolute @s -> canonical @out (room for PATTERN_MAX * 2). */
static int canonicalise(struct expansion *x, const char *s, char *out)
{
	size_t n = 0, len = strlen(s);
	bool below = len > 1 && s[len - 1] == '/', wild = false;

	while (*s) {
		size_t w;

		while (*s == '/')
			s++;
		w = component_len(s);
		if (w == 2 && s[0] == '.' && s[1] == '.') {
			if (pop_component(out, &n) < 0)
				return refuse(x, "'..' behind a wildcard");
		} else if (w == 2 && s[0] == '*' && s[1] == '*' && n >= 3 &&
			   memcmp(out + n - 3, "/**", 3) == 0) {
			; /* the one before says it already */
		} else if (w && !(w == 1 && s[0] == '.')) {
			out[n++] = '/';
			n += fold_component(s, w, out + n);
			wild = has_wildcard(s, w);
		}
		s += w;
	}
	out[n] = '\0';
	if (n == 0 || (below && wild && (n < 3 || memcmp(out + n - 3, "/**", 3) != 0)))
		memcpy(out + n, "/", 2);
	return 0;
}

static int put_path(struct expansion *x, const char *root, const char *rest)
{
	char full[PATTERN_MAX * 2] = "", out[PATTERN_MAX * 2];
	char *copy;
	size_t n;
	int r;

	if (root && !pattern_escape(root, strlen(root), full, sizeof(full) - 2))
		return refuse(x, "pattern is too long");
	n = strlen(full);
	if (n + strlen(rest) + 2 > PATTERN_MAX)
		return refuse(x, "pattern is longer than %d bytes when expanded", PATTERN_MAX - 1);
	full[n++] = '/';
	memcpy(full + n, rest, strlen(rest) + 1);
	r = canonicalise(x, full, out);
	if (r < 0)
		return r;
	copy = arena_strdup(x->arena, out);
	return copy ? strlist_add(x->arena, x->ret, copy) : -ENOMEM;
}

/* Is @s the word @name, alone or before a '/'? Then the rest, else NULL. */
static const char *root_word(const char *s, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(s, name, len) != 0 || (s[len] && s[len] != '/'))
		return NULL;
	return s + len;
}

static int put_roots(struct expansion *x, const char *const roots[2], const char *what,
		     const char *rest)
{
	int r;

	if (!roots[0])
		return refuse(x, "%s is not known here", what);
	r = put_path(x, roots[0], rest);
	if (r == 0 && roots[1])
		r = put_path(x, roots[1], rest);
	return r;
}

/* A pattern without braces. */
static int put_plain(struct expansion *x, const char *s)
{
	const char *rest;

	if (!x->roots) {
		char *copy = arena_strdup(x->arena, s);

		return copy ? strlist_add(x->arena, x->ret, copy) : -ENOMEM;
	}
	if (!*s)
		return refuse(x, "an alternative of the braces is empty");
	if (s[0] == '/')
		return put_path(x, NULL, s);
	if (streq(s, "**"))
		return put_path(x, NULL, "");
	if (s[0] == '*' && s[1] == '*' && s[2] == '/')
		return put_path(x, NULL, s);
	rest = root_word(s, "~");
	if (!rest)
		rest = root_word(s, "$HOME");
	if (rest)
		return put_roots(x, x->roots->home, "the home directory", rest);
	if (s[0] == '~')
		return refuse(x, "~user is not supported; write ~/ or an absolute path");
	rest = root_word(s, "$WORKSPACE");
	if (!rest && s[0] == '$')
		return refuse(x, "only $HOME and $WORKSPACE are known");
	return put_roots(x, x->roots->workspace, "the workspace", rest ? rest : s);
}

static int put_braces(struct expansion *x, const char *s);

static int put_alternative(struct expansion *x, const char *s, size_t head, const char *part,
			   size_t part_len, const char *tail)
{
	size_t tail_len = strlen(tail);
	autofree char *text = malloc(head + part_len + tail_len + 1);

	if (!text)
		return -ENOMEM;
	memcpy(text, s, head);
	memcpy(text + head, part, part_len);
	memcpy(text + head + part_len, tail, tail_len + 1);
	return put_braces(x, text);
}

static int put_braces(struct expansion *x, const char *s)
{
	const char *open = first_brace(s), *part, *close;
	int r = 0;

	if (!open) {
		if (++x->n > PATTERN_BRACES_MAX)
			return refuse(x, "braces give more than %d patterns", PATTERN_BRACES_MAX);
		return put_plain(x, s);
	}
	if (++x->depth > PATTERN_BRACES_MAX)
		return refuse(x, "too many braces");
	close = brace_part_end(open + 1);
	while (*close == ',')
		close = brace_part_end(close + 1);
	part = open + 1;
	while (r == 0) {
		const char *end = brace_part_end(part);

		r = put_alternative(x, s, (size_t)(open - s), part, (size_t)(end - part),
				    close + 1);
		if (*end != ',')
			break;
		part = end + 1;
	}
	x->depth--;
	return r;
}

int pattern_expand(struct arena *a, const struct pattern_roots *roots, const char *text,
		   struct strlist *ret, char *why, size_t why_size)
{
	struct expansion x = {
		.arena = a, .roots = roots, .ret = ret, .why = why, .why_size = why_size};
	int r = check_syntax(&x, text);

	return r < 0 ? r : put_braces(&x, text);
}

int pattern_expand_flat(struct arena *a, const char *text, struct strlist *ret, char *why,
			size_t why_size)
{
	return pattern_expand(a, NULL, text, ret, why, why_size);
}

bool pattern_at_dstar(const char *p)
{
	return p[0] == '/' && p[1] == '*' && p[2] == '*' && (p[3] == '/' || p[3] == '\0');
}

size_t pattern_literal_prefix(const char *p)
{
	size_t slash = 0, i = 0;

	for (; p[i]; i++) {
		if (p[i] == '*' || p[i] == '?' || p[i] == '[')
			return slash;
		if (p[i] == '/')
			slash = i;
		if (p[i] == '\\' && p[i + 1])
			i++;
	}
	return i;
}

bool pattern_is_literal(const char *p)
{
	return !has_wildcard(p, strlen(p));
}

bool pattern_covers(const char *p)
{
	size_t len = strlen(p), start = len;

	if (len && p[len - 1] == '/')
		return true;
	while (start > 0 && p[start - 1] != '/')
		start--;
	return !has_wildcard(p + start, len - start);
}
