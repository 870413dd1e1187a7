#include "text/decode.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int digit(char c, int base)
{
	int v = c >= '0' && c <= '9' ? c - '0' :
		c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;

	return v < base ? v : -1;
}

/* Read at most @max digits at @in. Return how many there were. */
static size_t number(const char *in, size_t len, int base, size_t max, uint32_t *ret)
{
	size_t n = 0;

	for (*ret = 0; n < len && n < max && digit(in[n], base) >= 0; n++)
		*ret = *ret * (uint32_t)base + (uint32_t)digit(in[n], base);
	return n;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		buf_putc(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(out, (char)(0xe0 | c >> 12));
		} else {
			buf_putc(out, (char)(0xf0 | c >> 18));
			buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(out, (char)(0x80 | (c & 0x3f)));
}

/* Put @out back to what it was: a text that turned out not to be one as a whole. */
static bool undo(struct buf *out, size_t len)
{
	out->len = len;
	if (out->data)
		out->data[len] = '\0';
	return false;
}

/* ---- decoders ---------------------------------------------------------------------------------- */

static inline int base64_value(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	       c >= 'a' && c <= 'z' ? c - 'a' + 26 :
	       c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+' || c == '-' ? 62 :
	       c == '/' || c == '_' ? 63 : -1;
}

static int base32_value(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	       c >= 'a' && c <= 'z' ? c - 'a' :
	       c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Digits of @bits bits, most significant first. Padding may stand only at the end. */
static inline __attribute__((always_inline)) bool decode_bits(const char *in, size_t len, int (*value)(char),
							      unsigned bits, struct buf *out)
{
	size_t before = out->len, digits = 0;
	uint32_t acc = 0;
	unsigned have = 0;
	char part[192];
	size_t n = 0;
	bool padded = false;

	for (size_t i = 0; i < len; i++) {
		int v = value(in[i]);

		if (v < 0) {
			if (in[i] == '=')
				padded = true;
			else if (!is_space(in[i]))
				return undo(out, before);
			continue;
		}
		if (padded)
			return undo(out, before);
		digits++;
		acc = acc << bits | (uint32_t)v;
		have += bits;
		if (have >= 8) {
			have -= 8;
			part[n++] = (char)(acc >> have);
			if (n == sizeof(part)) {
				buf_put(out, part, n);
				n = 0;
			}
		}
	}
	if (n)
		buf_put(out, part, n);
	/* A last digit that completes no byte is no end of such a text. */
	return (digits && have < bits) || undo(out, before);
}

bool decode_base64(const char *in, size_t len, struct buf *out)
{
	return decode_bits(in, len, base64_value, 6, out);
}

bool decode_base32(const char *in, size_t len, struct buf *out)
{
	return decode_bits(in, len, base32_value, 5, out);
}

bool decode_hex(const char *in, size_t len, struct buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < len;) {
		int hi, lo;

		if (is_space(in[i]) || in[i] == ',' || in[i] == ':') {
			i++;
			continue;
		}
		if (len - i > 2 && (in[i] == '0' || in[i] == '\\') && (in[i + 1] | 0x20) == 'x')
			i += 2;
		hi = digit(in[i], 16);
		lo = i + 1 < len ? digit(in[i + 1], 16) : -1;
		if (hi < 0 || lo < 0)
			return undo(out, before);
		buf_putc(out, (char)(hi << 4 | lo));
		i += 2;
	}
	return out->len > before;
}

bool decode_percent(const char *in, size_t len, struct buf *out)
{
	bool any = false;
	size_t i = 0;

	while (i < len) {
		const char *p = memchr(in + i, '%', len - i);
		size_t at = p ? (size_t)(p - in) : len;

		buf_put(out, in + i, at - i);
		i = at;
		if (i == len)
			break;
		if (len - i > 2 && digit(in[i + 1], 16) >= 0 && digit(in[i + 2], 16) >= 0) {
			buf_putc(out, (char)(digit(in[i + 1], 16) << 4 | digit(in[i + 2], 16)));
			i += 3;
			any = true;
		} else {
			buf_putc(out, in[i++]);
		}
	}
	return any;
}

/* One escape at @in, behind its backslash. Return its bytes; 0: it is none. */
static size_t escape(const char *in, size_t len, unsigned flags, struct buf *out)
{
	static const char from[] = "abefnrtvE\\", to[] = "\a\b\033\f\n\r\t\v\033\\";
	bool octal0 = flags & (ESCAPES_ECHO | ESCAPES_PRINTF_B);
	const char *simple;
	uint32_t v;
	size_t n;

	if (!len)
		return 0;
	if (in[0] && (simple = strchr(from, in[0]))) {
		buf_putc(out, to[simple - from]);
		return 1;
	}
	switch (in[0]) {
	case '\'': case '"': case '?':
		if (flags & ESCAPES_ECHO)
			return 0;
		buf_putc(out, in[0]);
		return 1;
	case '0' ... '7':
		if (in[0] != '0' && flags & ESCAPES_ECHO)
			return 0;
		n = number(in, len, 8, octal0 && in[0] == '0' ? 4 : 3, &v);
		buf_putc(out, (char)v);
		return n;
	case 'x':
		n = number(in + 1, len - 1, 16, 2, &v);
		if (n)
			buf_putc(out, (char)v);
		return n ? n + 1 : 0;
	case 'u': case 'U':
		n = number(in + 1, len - 1, 16, in[0] == 'u' ? 4 : 8, &v);
		if (n)
			put_utf8(out, v);
		return n ? n + 1 : 0;
	case 'c':
		if (len < 2 || flags)
			return 0;
		buf_putc(out, in[1] == '?' ? '\177' : (char)(in[1] & 0x1f));
		return 2;
	default:
		return 0;
	}
}

bool decode_escapes(const char *in, size_t len, unsigned flags, struct buf *out, bool *ret_stop)
{
	bool any = false;
	size_t i = 0;

	*ret_stop = false;
	while (i < len) {
		const char *p = memchr(in + i, '\\', len - i);
		size_t at = p ? (size_t)(p - in) : len, n;

		buf_put(out, in + i, at - i);
		i = at;
		if (i == len)
			break;
		if ((flags & (ESCAPES_ECHO | ESCAPES_PRINTF_B)) && i + 1 < len && in[i + 1] == 'c') {
			*ret_stop = true;
			return true;
		}
		n = escape(in + i + 1, len - i - 1, flags, out);
		if (!n)
			buf_putc(out, in[i]);
		any |= n > 0;
		i += n + 1;
	}
	return any;
}

bool decode_backslash(const char *in, size_t len, struct buf *out)
{
	bool stop;

	return decode_escapes(in, len, 0, out, &stop);
}

void decode_rot13(const char *in, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		char low = in[i] | 0x20;
		char c = in[i];

		if (low >= 'a' && low <= 'm')
			c += 13;
		else if (low >= 'n' && low <= 'z')
			c -= 13;
		buf_putc(out, c);
	}
}
