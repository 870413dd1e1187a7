#include "text/secrets-wrap.h"

#include "text/decode.h"
#include "text/shape.h"

/* How much of the text around an escape is looked at again. */
#define BEFORE 256
#define AFTER  2048

/* @n hex digits at @s, or -1. */
static int hex_at(const char *s, const char *end, int n)
{
	int value = 0;

	if (end - s < n)
		return -1;
	for (int i = 0; i < n; i++) {
		if (hex_value(s[i]) < 0)
			return -1;
		value = value << 4 | hex_value(s[i]);
	}
	return value;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The ASCII character that is written at @s as an escape of *@ret_len bytes; -1: none is. */
static int escape_at(const char *s, const char *end, int *ret_len)
{
	static const char plain[] = "/\"'\\`", named[] = "nrt", values[] = "\n\r\t";
	const char *at;
	int c;

	*ret_len = 2;
	if (end - s < 2)
		return -1;
	if (*s == '%' || s[1] == 'x' || s[1] == 'u') {
		int digits = s[1] == 'u' && *s != '%' ? 4 : 2, before = *s == '%' ? 1 : 2;

		c = hex_at(s + before, end, digits);
		*ret_len = digits + before;
		return c < 0x80 ? c : -1;
	}
	if (s[1] && (at = strchr(named, s[1])))
		return values[at - named];
	if (is_octal(s[1])) {
		for (c = 0, *ret_len = 1;
		     *ret_len < 4 && s + *ret_len < end && is_octal(s[*ret_len]); ++*ret_len)
			c = c << 3 | (s[*ret_len] - '0');
		return c < 0x80 ? c : -1;
	}
	return s[1] && strchr(plain, s[1]) ? s[1] : -1;
}

/* The next \ and the next %, each found once. */
struct escapes {
	const char *back, *percent, *end;
};

static const char *find_from(const char *s, const char *end, char c)
{
	const char *at = memchr(s, c, (size_t)(end - s));

	return at ? at : end;
}

/* The next of both at or behind @s; @s never goes back. */
static const char *next_escape(struct escapes *e, const char *s)
{
	if (e->back < s)
		e->back = find_from(s, e->end, '\\');
	if (e->percent < s)
		e->percent = find_from(s, e->end, '%');
	return MIN(e->back, e->percent);
}

static struct escapes escapes_in(const char *s, const char *end)
{
	return (struct escapes){find_from(s, end, '\\'), find_from(s, end, '%'), end};
}

bool unescape_hides(const char *e, const char *end)
{
	int n, c;

	if (*e == '\\' && end - e > 2 && e[1] == '\\')
		return memchr("ux/", e[2], 3);
	if (*e == '\\' && (end - e < 2 || !memchr("ux/01234567", e[1], 11)))
		return false;
	c = escape_at(e, end, &n);
	return c > ' ' && c < 0x7f;
}

static bool add_piece(struct unescaped *u, size_t out, size_t in)
{
	if (u->n && u->v[u->n - 1].out == out) {
		u->v[u->n - 1].in = in;
		return true;
	}
	if (u->n == u->cap) {
		size_t cap = MAX(u->cap * 2, (size_t)64);
		struct unescaped_piece *v = realloc(u->v, cap * sizeof(*v));

		if (!v)
			return false;
		u->v = v;
		u->cap = cap;
	}
	u->v[u->n++] = (struct unescaped_piece){out, in};
	return true;
}

/* Copy from @s to @to, which moves on behind every escape that hides something. Return where it
 * ended, or NULL. */
static const char *copy_window(struct unescaped *u, const char *text, const char *s, const char *to,
			       const char *end)
{
	struct escapes next = escapes_in(s, end);

	while (s < to) {
		const char *e = next_escape(&next, s);
		int n, c = e < to ? escape_at(e, end, &n) : -1;

		e = MIN(e, to);
		buf_put(&u->text, s, (size_t)(e - s));
		s = e;
		if (c >= 0) {
			if (unescape_hides(e, end))
				to = end - e > AFTER ? MAX(to, e + AFTER) : end;
			if (!add_piece(u, u->text.len, (size_t)(e - text)))
				return NULL;
			buf_putc(&u->text, (char)c);
			s += n;
			if (!add_piece(u, u->text.len, (size_t)(s - text)))
				return NULL;
		} else if (e < to) {
			buf_putc(&u->text, *s++);
		}
	}
	return s;
}

bool unescape(const char *text, size_t len, struct unescaped *ret)
{
	const char *end = text + len, *s = text, *from = text;
	struct escapes next = escapes_in(text, end);

	while ((s = next_escape(&next, s)) < end) {
		if (!unescape_hides(s, end)) {
			s += *s == '\\' && end - s > 1 ? 2 : 1;
			continue;
		}
		buf_put(&ret->text, "\n", ret->text.len ? 1 : 0);
		from = s - from > BEFORE ? s - BEFORE : from;
		if (!add_piece(ret, ret->text.len, (size_t)(from - text)))
			return false;
		s = from = copy_window(ret, text, from, s + 1, end);
		if (!s)
			return false;
	}
	return !buf_failed(&ret->text);
}

size_t unescape_origin(const struct unescaped *u, size_t out)
{
	size_t low = 0, high = u->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (u->v[mid].out <= out)
			low = mid;
		else
			high = mid;
	}
	return u->v[low].in + (out - u->v[low].out);
}

void unescape_done(struct unescaped *u)
{
	buf_done(&u->text);
	free(u->v);
}

size_t base64_within(const char *s, size_t len, unsigned shift, char ret[static 128],
		     size_t *ret_skipped)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t first = shift ? shift + 1 : 0, last = (shift + len) * 8 / 6, n = 0;

	for (size_t i = first; i < last && n < 127; i++) {
		unsigned value = 0;

		for (size_t bit = i * 6; bit < i * 6 + 6; bit++)
			value = value << 1 |
				((unsigned char)s[bit / 8 - shift] >> (7 - bit % 8) & 1);
		ret[n++] = digits[value];
	}
	*ret_skipped = first;
	return n;
}

size_t base64_forward(const char *s, size_t len, size_t max, struct buf *out)
{
	autobuf letters = {0};
	size_t i;

	for (i = 0; i < len && letters.len < max; i++) {
		if (shape_class_has('b', (unsigned char)s[i]) ||
		    shape_class_has('u', (unsigned char)s[i]))
			buf_putc(&letters, s[i]);
		else if (s[i] != '\n' && s[i] != '\r')
			break;
	}
	if (letters.len % 4 == 1)
		letters.len--;
	if (!decode_base64(buf_str(&letters), letters.len, out))
		buf_reset(out);
	return i;
}
