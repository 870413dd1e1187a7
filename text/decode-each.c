/* decode_each(): looks for what is worth decoding. It goes level by level (first everything that the text
 * holds, then what came out of that…), so that nothing which nests deeply can use up the budget of what
 * stands behind it. Each scanner reads its text once, and what it tries to decode does not overlap
 * but by a constant factor: all of it is linear. */
#include "text/decode.h"

#include "text/unicode.h"

#define RUN_MIN	    16u /* characters of base64 or hex */
#define ESCAPES_MIN 3u	/* in a line */
#define CODES_MIN   6u	/* numbers in a row that are characters */
#define SEP_MAX	    12u /* bytes between two of them */

/* ---- characters -------------------------------------------------------------------------------- */

enum {
	C_SPACE = 1 << 0,
	C_BASE64 = 1 << 1, /* both alphabets */
	C_HEX = 1 << 2,
	C_ALNUM = 1 << 3,
};

#define LETTERS(from, to, c) [(from)...(to)] = (c)
static const unsigned char class_of[256] = {
	LETTERS('\t', '\r', C_SPACE), [' '] = C_SPACE,
	['+'] = C_BASE64, ['/'] = C_BASE64, ['-'] = C_BASE64, ['_'] = C_BASE64,
	LETTERS('0', '9', C_BASE64 | C_HEX | C_ALNUM),
	LETTERS('a', 'f', C_BASE64 | C_HEX | C_ALNUM), LETTERS('g', 'z', C_BASE64 | C_ALNUM),
	LETTERS('A', 'F', C_BASE64 | C_HEX | C_ALNUM), LETTERS('G', 'Z', C_BASE64 | C_ALNUM),
};

static bool is(char c, unsigned classes)
{
	return class_of[(unsigned char)c] & classes;
}

/* Where the run of @classes that begins at @i ends. */
static size_t run_end(const char *s, size_t len, size_t i, unsigned classes)
{
	while (i < len && is(s[i], classes))
		i++;
	return i;
}

static size_t line_end(const char *s, size_t len, size_t i)
{
	const char *p = memchr(s + i, '\n', len - i);

	return p ? (size_t)(p - s) : len;
}

/* How many bytes are printable ASCII, white space, or parts of UTF-8 characters. */
static size_t readable(const char *s, size_t len)
{
	size_t good = 0, n;

	for (size_t i = 0; i < len; i += n) {
		unsigned char c = (unsigned char)s[i];

		n = 1;
		if ((c >= 0x20 && c < 0x7f) || is(s[i], C_SPACE)) {
			good++;
		} else if (c >= 0xc2 && c < 0xf5) {
			n = MIN(c < 0xe0 ? (size_t)2 : c < 0xf0 ? (size_t)3 : (size_t)4, len - i);
			if (unicode_is_utf8(s + i, n))
				good += n;
			else
				n = 1;
		}
	}
	return good;
}

/* At least 85 in a hundred. */
static bool reads_as_text(const char *s, size_t len)
{
	return len >= 3 && readable(s, len) * 100 >= len * 85;
}

/* UTF-16 as PowerShell's -EncodedCommand takes it: every second byte is zero. Made narrow in place. */
static void narrow_utf16(struct buf *b)
{
	size_t zeros = 0, n = b->len / 2;

	for (size_t i = 0; i < n; i++)
		zeros += !b->data[2 * i + 1];
	if (n < 4 || zeros * 10 < n * 9)
		return;
	for (size_t i = 0; i < n; i++)
		b->data[i] = b->data[2 * i];
	b->len = n;
	b->data[n] = '\0';
}

/* ---- the search -------------------------------------------------------------------------------- */

struct piece {
	const char *kind;
	const char *text;
	size_t len;
	unsigned depth;
	void *mem; /* what text lies in; NULL: not ours */
};

struct search {
	decode_fn *fn;
	void *arg;
	struct piece *pieces; /* in the order found, which is the order they are searched in */
	size_t n, cap;
	size_t budget; /* bytes that may still be decoded */
	struct piece in;    /* what is being searched now */
	struct buf scratch; /* most runs are tried in vain: no allocation for each */
	bool stop;
};

static void stop_at_limit(struct search *s)
{
	if (!s->stop)
		(void)s->fn("limit", "", 0, s->arg); /* the last call anyway */
	s->stop = true;
}

/* Take over what @b holds. */
static void found(struct search *s, const char *kind, struct buf *b)
{
	if (s->stop || !b->len)
		return;
	if (s->n == s->cap) {
		size_t cap = s->cap * 2 + 8;
		struct piece *p = realloc(s->pieces, cap * sizeof(*p));

		if (p) {
			s->pieces = p;
			s->cap = cap;
		}
	}
	if (b->failed || b->len > s->budget || s->n == s->cap) {
		stop_at_limit(s);
		return;
	}
	s->budget -= b->len;
	s->pieces[s->n++] = (struct piece){kind, b->data, b->len, s->in.depth + 1, b->data};
	s->stop = !s->fn(kind, b->data, b->len, s->arg);
	*b = (struct buf){0};
}

static bool found_text(struct search *s, const char *kind, struct buf *b)
{
	if (!reads_as_text(buf_str(b), b->len))
		return false;
	found(s, kind, b);
	return true;
}

/* ---- base64 and hex runs ----------------------------------------------------------------------- */

/* Are so many of the first bytes unreadable that the whole cannot be text? Most runs are words, and end here. */
static bool is_hopeless(struct search *s, const char *in, size_t len)
{
	struct buf *b = &s->scratch;

	buf_reset(b);
	if (len < RUN_MIN || !decode_base64(in, RUN_MIN, b))
		return false;
	/* A character may be cut, and every second byte of UTF-16 is zero. */
	return (b->len - readable(b->data, b->len)) * 100 > 300 + len * 3 / 4 * 15 && !memchr(b->data, '\0', b->len);
}

static bool try_base64(struct search *s, const char *in, size_t len)
{
	struct buf *b = &s->scratch;
	size_t digits = len;

	if (is_hopeless(s, in, len))
		return false;
	buf_reset(b);
	while (digits && in[digits - 1] == '=')
		digits--;
	if (digits % 4 == 1 && !memchr(in, '\n', digits))
		digits--;
	if (!decode_base64(in, digits, b))
		return false;
	narrow_utf16(b);
	return found_text(s, "base64", b);
}

/* A run may begin before the encoded text does: in a path, or with a few letters that some command cuts off. */
static void try_base64_inside(struct search *s, const char *in, size_t len)
{
	for (const char *sep = "/-_+"; *sep; sep++) {
		const char *last = memrchr(in, *sep, len);
		size_t rest = last ? (size_t)(in + len - last - 1) : 0;

		if (rest >= RUN_MIN && try_base64(s, last + 1, rest))
			return;
	}
	for (size_t skip = 1; skip < 4 && len >= RUN_MIN + skip; skip++) {
		struct buf *b = &s->scratch;

		buf_reset(b);
		if (decode_base64(in + skip, RUN_MIN, b) && reads_as_text(buf_str(b), b->len) &&
		    try_base64(s, in + skip, len - skip))
			return;
	}
}

static void try_hex(struct search *s, const char *in, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t end = run_end(in, len, i, C_HEX);

		if (end - i >= RUN_MIN) {
			autobuf b = {0};

			if (decode_hex(in + i, (end - i) & ~(size_t)1, &b))
				(void)found_text(s, "hex", &b); /* or it is a hash */
		}
		i = end + 1;
	}
}

/* The end of a base64 text that is wrapped into lines, or of the one line at @i. */
static size_t wrapped_end(const char *t, size_t len, size_t i)
{
	size_t end = run_end(t, len, i, C_BASE64);

	while (end < len && end - i >= RUN_MIN) {
		size_t next = end, stop;

		if (t[next] == '\r' && next + 1 < len)
			next++;
		if (t[next] != '\n')
			break;
		while (next < len && is(t[next], C_SPACE))
			next++;
		stop = run_end(t, len, next, C_BASE64);
		if (stop == next || (stop < len && !strchr("\r\n='\"`)<", t[stop])))
			break;
		end = stop;
	}
	while (end < len && t[end] == '=')
		end++;
	return end;
}

static void scan_runs(struct search *s, const char *t, size_t len)
{
	for (size_t i = 0; i < len && !s->stop;) {
		size_t end;

		if (!is(t[i], C_BASE64)) {
			i++;
			continue;
		}
		end = run_end(t, len, i, C_BASE64);
		if (end - i < RUN_MIN) {
			i = end;
			continue;
		}
		end = wrapped_end(t, len, i);
		if (!try_base64(s, t + i, end - i)) {
			/* Not one text: then perhaps its lines, or what begins somewhere in them. */
			for (size_t from = i, to; from < end; from = to + 1) {
				to = MIN(line_end(t, len, from), end);
				if (to - from < RUN_MIN)
					continue;
				if (to - from == end - i || !try_base64(s, t + from, to - from))
					try_base64_inside(s, t + from, to - from);
			}
		}
		try_hex(s, t + i, end - i);
		i = end;
	}
}

/* ---- lists of character codes ------------------------------------------------------------------ */

struct codes {
	size_t from, to; /* the list, from its first number to behind its last */
	size_t n;
	char sep[SEP_MAX]; /* between two numbers, without white space */
	size_t sep_len;
	bool dec, hex, oct; /* what base each of the numbers can be in */
};

/* The number that the token [@s, @s + @len) is: false if it is none that could be a character. */
static bool code_token(const char *s, size_t len, struct codes *c)
{
	bool prefixed = false, oct = len >= 2, dec = true;

	if (len > 2 && s[0] == '0' && (s[1] | 0x20) == 'x')
		prefixed = true, s += 2, len -= 2;
	else if (len > 1 && (s[0] | 0x20) == 'x')
		prefixed = true, s++, len--;
	if (!len || len > 4 || run_end(s, len, 0, C_HEX) < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		dec &= s[i] <= '9';
		oct &= s[i] <= '7';
	}
	c->dec &= dec && !prefixed && len <= 3;
	c->hex &= len == 2;
	c->oct &= oct && !prefixed && len >= 2 && (len == 3 || s[0] == '0');
	return c->dec || c->hex || c->oct;
}

static void try_codes(struct search *s, const char *t, const struct codes *c, int base, const char *kind)
{
	autobuf b = {0};
	size_t letters = 0;

	for (size_t i = c->from; i < c->to;) {
		size_t end = run_end(t, c->to, i, C_ALNUM);
		unsigned long v;

		if (is(t[i], C_ALNUM) && end - i <= 5) {
			char digits[8] = {0};
			struct codes one = {.dec = true, .hex = true, .oct = true};

			memcpy(digits, t + i, end - i);
			if (code_token(digits, end - i, &one)) {
				v = strtoul(digits + (base == 16 && (digits[0] | 0x20) == 'x'), NULL, base);
				if (v > 255)
					return;
				buf_putc(&b, (char)v);
				letters += (v | 0x20) >= 'a' && (v | 0x20) <= 'z';
			}
		}
		i = MAX(end, i + 1);
	}
	if (letters * 2 >= b.len)
		(void)found_text(s, kind, &b); /* or they are numbers */
}

static void codes_end(struct search *s, const char *t, const struct codes *c)
{
	if (c->n < CODES_MIN)
		return;
	if (c->dec)
		try_codes(s, t, c, 10, "decimal");
	if (c->hex)
		try_codes(s, t, c, 16, "hex");
	if (c->oct)
		try_codes(s, t, c, 8, "octal");
}

/* What stands between two numbers, without white space. Return its length; SEP_MAX + 1: too long. */
static size_t separator(const char *s, size_t len, char ret[SEP_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (is(s[i], C_SPACE))
			continue;
		if (n == SEP_MAX)
			return SEP_MAX + 1;
		ret[n++] = s[i];
	}
	return n;
}

/* False: @one does not belong to @list. */
static bool codes_append(struct codes *list, const struct codes *one, const char *sep, size_t n)
{
	bool dec = list->dec && one->dec, hex = list->hex && one->hex, oct = list->oct && one->oct;

	if (!(dec || hex || oct) || (list->n > 1 && (n != list->sep_len || memcmp(sep, list->sep, n) != 0)))
		return false;
	memcpy(list->sep, sep, n);
	list->sep_len = n;
	list->dec = dec, list->hex = hex, list->oct = oct;
	list->to = one->to;
	list->n++;
	return true;
}

/* "114,109", "0x72 0x6d", "162 155", "chr(114)+chr(109)", "&#114;&#109;": numbers, and always the same between
 * two. A word that is no number may be part of what separates, so that only the next number tells. */
static void scan_codes(struct search *s, const char *t, size_t len)
{
	struct codes list = {0}, last = {0}; /* last: the number before this one, alone */

	for (size_t i = 0, end; i < len && !s->stop; i = end) {
		struct codes one = {.from = i, .n = 1, .dec = true, .hex = true, .oct = true};
		char sep[SEP_MAX];
		size_t n;

		if (!is(t[i], C_HEX) && (t[i] | 0x20) != 'x') {
			end = MAX(run_end(t, len, i, C_ALNUM), i + 1);
			continue;
		}
		end = run_end(t, len, i, C_ALNUM);
		if (end - i > 5 || !code_token(t + i, end - i, &one))
			continue;
		one.to = end;
		n = last.n ? separator(t + last.to, i - last.to, sep) : SEP_MAX + 1;
		if (n <= SEP_MAX && !(list.n > 1 && codes_append(&list, &one, sep, n))) {
			codes_end(s, t, &list);
			list = last;
			(void)codes_append(&list, &one, sep, n);
		}
		last = one;
	}
	if (!s->stop)
		codes_end(s, t, &list);
}

/* ---- escapes, rot13, reversed text, by lines --------------------------------------------------- */

static size_t percents(const char *t, size_t len)
{
	size_t n = 0;
	const char *end = t + len;

	for (const char *p = t; (p = memchr(p, '%', (size_t)(end - p))); p++)
		n += end - p > 2 && is(p[1], C_HEX) && is(p[2], C_HEX);
	return n;
}

static size_t backslashes(const char *t, size_t len)
{
	size_t n = 0;
	const char *end = t + len;

	for (const char *p = t; (p = memchr(p, '\\', (size_t)(end - p))); p++)
		n += end - p > 2 && ((strchr("xuU", p[1]) && p[1] && is(p[2], C_HEX)) ||
				     (p[1] >= '0' && p[1] <= '7'));
	return n;
}

static void scan_escapes(struct search *s, const char *t, size_t len)
{
	if (!memchr(t, '%', len) && !memchr(t, '\\', len))
		return;
	for (size_t i = 0, end; i < len && !s->stop; i = end + 1) {
		autobuf percent = {0}, backslash = {0};

		end = line_end(t, len, i);
		if (percents(t + i, end - i) >= ESCAPES_MIN && decode_percent(t + i, end - i, &percent))
			(void)found_text(s, "percent", &percent); /* or bytes */
		if (backslashes(t + i, end - i) >= ESCAPES_MIN && decode_backslash(t + i, end - i, &backslash))
			(void)found_text(s, "backslash", &backslash);
	}
}

/* Words that would hardly stand in a text by chance, in rot13 and reversed: four letters or more, lower case. */
static const struct telltale {
	const char text[10];
	bool reversed;
} telltales[] = {
	{"uggc", false},   {"phey ", false},  {"jtrg ", false},	 {"ez -", false},     {"/ova/", false},
	{"/rgp/", false},  {"cnffjq", false}, {".ffu", false},	 {"fhqb ", false},    {"puzbq", false},
	{"vtaber", false}, {"vafgehpg", false},
	{"ptth", true},	   {" lruc", true},   {" tegw", true},	 {"- mr", true},      {"/nib/", true},
	{"/cte/", true},   {"dwssap", true},  {"hss.", true},	 {" odus", true},     {"domhc", true},
	{"erongi", true},  {"tcurtsni", true},
};

static uint32_t four(const char *s)
{
	uint32_t v;

	memcpy(&v, s, 4);
	return v | 0x20202020; /* letters become lower case */
}

#define FOUR_HASH(v) ((uint32_t)((v) * 0x9e3779b1u) >> 22)

/* Where from @i on a telltale stands; @len: nowhere. */
static size_t find_telltale(const char *t, size_t len, size_t i, const uint64_t maybe[16], bool *ret_reversed)
{
	for (; i + 4 <= len; i++) {
		uint32_t v = four(t + i), h = FOUR_HASH(v);

		if (!(maybe[h / 64] >> (h % 64) & 1))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(telltales); k++) {
			const char *w = telltales[k].text;
			size_t n;

			if (v == four(w) && (n = strlen(w)) <= len - i && strncasecmp(t + i, w, n) == 0) {
				*ret_reversed = telltales[k].reversed;
				return i;
			}
		}
	}
	return len;
}

static void scan_telltales(struct search *s, const char *t, size_t len)
{
	uint64_t maybe[16] = {0};
	size_t done[2] = {0}; /* up to where lines are decoded already */
	bool reversed = false;

	for (size_t k = 0; k < ARRAY_SIZE(telltales); k++) {
		uint32_t h = FOUR_HASH(four(telltales[k].text));

		maybe[h / 64] |= 1ull << (h % 64);
	}
	for (size_t i = 0; (i = find_telltale(t, len, i, maybe, &reversed)) < len && !s->stop; i++) {
		autobuf b = {0};
		const char *nl;
		size_t from, end;

		/* Twice the same is where it began. */
		if (i < done[reversed] || streq(s->in.kind, reversed ? "reversed" : "rot13"))
			continue;
		nl = memrchr(t + done[reversed], '\n', i - done[reversed]);
		from = nl ? (size_t)(nl + 1 - t) : done[reversed];
		end = line_end(t, len, i);
		if (!reversed)
			decode_rot13(t + from, end - from, &b);
		for (size_t k = end; reversed && k > from; k--)
			buf_putc(&b, t[k - 1]);
		found(s, reversed ? "reversed" : "rot13", &b);
		done[reversed] = end;
	}
}

/* ---- characters that nobody sees --------------------------------------------------------------- */

/* Tags hold ASCII, variation selectors any byte: U+FE00..F is 0 to 15, U+E0100..EF is 16 to 255. The last two of
 * the first block stand behind emoji everywhere. */
static void scan_hidden(struct search *s, const char *t, size_t len)
{
	autobuf tags = {0}, selectors = {0};
	const unsigned char *u = (const unsigned char *)t;

	for (size_t i = 0; i + 3 <= len; i++) {
		if (u[i] < 0xef)
			continue;
		if (u[i] == 0xef && u[i + 1] == 0xb8 && u[i + 2] >= 0x80 && u[i + 2] < 0x8e)
			buf_putc(&selectors, (char)(u[i + 2] - 0x80));
		else if (memcmp(u + i, "\xf0\x9f\x8f", 3) == 0 && i + 4 <= len && u[i + 3] == 0xb4)
			i += 3 + unicode_flag_tags(t + i + 4, len - i - 4);
		if (u[i] != 0xf3 || i + 4 > len || u[i + 1] != 0xa0)
			continue;
		if (u[i + 2] == 0x80 || u[i + 2] == 0x81) {
			char c = (char)((u[i + 2] & 1) << 6 | (u[i + 3] & 0x3f));

			if (c >= 0x20 && c < 0x7f)
				buf_putc(&tags, c);
		} else if (u[i + 2] >= 0x84 && u[i + 2] <= 0x87) {
			buf_putc(&selectors, (char)(((u[i + 2] & 3) << 6 | (u[i + 3] & 0x3f)) + 16));
		}
	}
	found(s, "tags", &tags);
	(void)found_text(s, "variation-selectors", &selectors); /* or they belong to emoji */
}

/* ------------------------------------------------------------------------------------------------ */

static void search_piece(struct search *s)
{
	static void (*const scan[])(struct search *, const char *, size_t) = {
		scan_hidden, scan_runs, scan_codes, scan_escapes, scan_telltales,
	};

	for (size_t i = 0; i < ARRAY_SIZE(scan) && !s->stop; i++)
		scan[i](s, s->in.text, s->in.len);
}

void decode_each(const char *text, size_t len, decode_fn *fn, void *arg)
{
	struct search s = {.fn = fn, .arg = arg};

	s.budget = MIN(4 * (len + 1024), DECODE_TOTAL_MAX);
	s.in = (struct piece){.kind = "", .text = text, .len = len};
	search_piece(&s);
	for (size_t i = 0; i < s.n && !s.stop; i++) {
		s.in = s.pieces[i];
		if (s.in.depth < DECODE_DEPTH_MAX)
			search_piece(&s);
	}
	buf_done(&s.scratch);
	for (size_t i = 0; i < s.n; i++)
		free(s.pieces[i].mem);
	free(s.pieces);
}
