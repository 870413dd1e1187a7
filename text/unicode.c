/* Two passes, both linear, neither touching what needs no change: the first drops what cannot be seen and brings
 * the rest into NFKC, a starter and what may combine with it at a time; the second looks at words for
 * letters that imitate ASCII. Plain ASCII is recognised before either. */
#include "text/unicode.h"

#include <utf8proc.h>

/* UAX #15 13 (stream-safe text) allows 30 marks in a row; beyond SEGMENT_MAX they are left in the order they
 * came in, since ordering them would be quadratic. */
#define SEGMENT_MAX	64u
#define DECOMPOSED_MAX	18u /* code points of one (U+FDFA) */
#define REPLACEMENT	0xfffdu

/* ---- UTF-8 and ASCII --------------------------------------------------------------------------- */

typedef unsigned char block __attribute__((vector_size(16)));

static bool is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes from the start of @s that are ASCII without controls. */
static inline size_t plain_len(const char *s, size_t len)
{
	size_t i = 0;

	if (!len || (unsigned char)s[0] >= 0x80)
		return 0;
	for (; i + 2 * sizeof(block) <= len; i += 2 * sizeof(block)) {
		block a, b;
		uint64_t bad[2];

		memcpy(&a, s + i, sizeof(a));
		memcpy(&b, s + i + sizeof(a), sizeof(b));
		/* Tab, newline and carriage return, unlike the others below the space, are plain. */
		a = (block)((a - 0x20 >= 0x5f) & (a != '\t') & (a != '\n') & (a != '\r'));
		b = (block)((b - 0x20 >= 0x5f) & (b != '\t') & (b != '\n') & (b != '\r'));
		a |= b;
		memcpy(bad, &a, sizeof(bad));
		if (bad[0] | bad[1])
			break;
	}
	while (i < len && is_plain((unsigned char)s[i]))
		i++;
	return i;
}

/* The code point at @s, @len > 0. Return its bytes; 0: not UTF-8 (RFC 3629). */
static size_t utf8_get(const char *s, size_t len, uint32_t *ret)
{
	const unsigned char *u = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
	uint32_t c = n > 1 ? u[0] & (0x7fu >> n) : u[0];

	if (!n || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

static void utf8_put(struct buf *b, uint32_t c)
{
	utf8proc_uint8_t s[4];

	buf_put(b, s, (size_t)utf8proc_encode_char((utf8proc_int32_t)c, s));
}

bool unicode_is_utf8(const char *text, size_t len)
{
	uint32_t c;

	for (size_t i = plain_len(text, len), n; i < len; i += n) {
		n = utf8_get(text + i, len - i, &c);
		if (!n)
			return false;
		if (c < 0x80)
			n += plain_len(text + i + n, len - i - n);
	}
	return true;
}

/* ---- what a character is ----------------------------------------------------------------------- */

struct range {
	uint32_t from, to;
	unsigned bits;
};

/* What cannot be seen. Sorted. */
static const struct range hidden_ranges[] = {
	{0x80, 0x9f, UNICODE_CONTROL}, {0xad, 0xad, UNICODE_INVISIBLE},
	{0x34f, 0x34f, UNICODE_INVISIBLE}, {0x61c, 0x61c, UNICODE_BIDI},
	{0x115f, 0x1160, UNICODE_INVISIBLE}, {0x17b4, 0x17b5, UNICODE_INVISIBLE},
	{0x180b, 0x180f, UNICODE_INVISIBLE}, {0x200b, 0x200d, UNICODE_INVISIBLE},
	{0x200e, 0x200f, UNICODE_BIDI}, {0x202a, 0x202e, UNICODE_BIDI},
	{0x2060, 0x2065, UNICODE_INVISIBLE}, {0x2066, 0x2069, UNICODE_BIDI},
	{0x206a, 0x206f, UNICODE_INVISIBLE}, {0x2800, 0x2800, UNICODE_INVISIBLE},
	{0x3164, 0x3164, UNICODE_INVISIBLE}, {0xfe00, 0xfe0f, UNICODE_TAG},
	{0xfeff, 0xfeff, UNICODE_INVISIBLE}, {0xffa0, 0xffa0, UNICODE_INVISIBLE},
	{0xfff0, 0xfffb, UNICODE_INVISIBLE}, {0x13430, 0x1343f, UNICODE_INVISIBLE},
	{0x1bca0, 0x1bca3, UNICODE_INVISIBLE}, {0x1d173, 0x1d17a, UNICODE_INVISIBLE},
	{0xe0000, 0xe0fff, UNICODE_TAG},
};

/* Scripts that need the joiners to be written: Arabic and its relatives, those of India and South-East Asia.
 * Sorted. */
static const struct range joining_ranges[] = {
	{0x600, 0xdff, 1},   {0xf00, 0x109f, 1},  {0x1700, 0x18af, 1},	 {0x1900, 0x1aaf, 1},
	{0x1b00, 0x1c4f, 1}, {0xa800, 0xabff, 1}, {0x10a00, 0x11fff, 1},
};

static unsigned range_bits(const struct range *r, size_t n, uint32_t c)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (c > r[mid].to)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && c >= r[low].from ? r[low].bits : 0;
}

static bool is_han(uint32_t c)
{
	return (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

static bool is_selector(uint32_t c)
{
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

static bool is_pictograph(uint32_t c)
{
	return c >= 0xa9 && utf8proc_get_property((utf8proc_int32_t)c)->boundclass ==
				    UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC;
}

static bool is_mark(uint32_t c)
{
	utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);

	return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || k == UTF8PROC_CATEGORY_MC;
}

static bool is_letter(uint32_t c)
{
	utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);

	return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO) ||
	       (k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO);
}

static bool is_ascii_alpha(uint32_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_ascii_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

/* Zero width (non-)joiner @c, between @prev and @next: does it belong there? */
static bool is_joiner_needed(uint32_t prev, uint32_t next)
{
	if (range_bits(joining_ranges, ARRAY_SIZE(joining_ranges), prev) &&
	    range_bits(joining_ranges, ARRAY_SIZE(joining_ranges), next))
		return true;
	/* A family, a profession: pictographs, perhaps with a skin colour or a presentation selector between. */
	return is_pictograph(next) &&
	       (is_pictograph(prev) || prev == 0xfe0f || (prev >= 0x1f3fb && prev <= 0x1f3ff));
}

/* A variation selector behind a character that has variants; more of them carry data. */
static bool is_selector_needed(uint32_t c, uint32_t prev, uint32_t next)
{
	if (is_selector(prev) || is_selector(next))
		return false;
	if (c >= 0xe0100)
		return is_han(prev);
	if (c >= 0xfe0e && (is_pictograph(prev) || is_ascii_digit(prev) || prev == '#' || prev == '*'))
		return true;
	return prev >= 0xa0 && (is_letter(prev) ||
				utf8proc_category((utf8proc_int32_t)prev) >= UTF8PROC_CATEGORY_SM);
}

size_t unicode_flag_tags(const char *s, size_t len)
{
	if (len < 24 || memcmp(s, "\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2", 8) != 0 ||
	    memcmp(s + 20, "\xf3\xa0\x81\xbf", 4) != 0)
		return 0;
	for (size_t i = 8; i < 20; i += 4)
		if (memcmp(s + i, "\xf3\xa0\x81", 3) != 0 || (unsigned char)s[i + 3] < 0xa1 ||
		    (unsigned char)s[i + 3] > 0xba)
			return 0;
	return 24;
}

/* ---- escape sequences -------------------------------------------------------------------------- */

/* Behind the introducer of a string (ECMA-48 8.3.27 and others): the bytes to its end, or 0 if it has none before
 * the line or another sequence begins. What has no end hides nothing: it stays. */
static size_t ansi_string(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\a')
			return i + 1;
		if (c == 0x1b)
			return i + 1 < len && s[i + 1] == '\\' ? i + 2 : 0;
		if (c == 0xc2 && i + 1 < len && (unsigned char)s[i + 1] < 0xa0)
			return (unsigned char)s[i + 1] == 0x9c ? i + 2 : 0;
		if (c < 0x20 && c != '\t')
			return 0;
	}
	return 0;
}

static size_t skip_range(const char *s, size_t len, size_t i, char from, char to)
{
	while (i < len && s[i] >= from && s[i] <= to)
		i++;
	return i;
}

/* The sequence that begins at @s with ESC, or with a C1 control as its two bytes of UTF-8. Return its bytes. */
static size_t ansi_len(const char *s, size_t len)
{
	size_t i = s[0] == 0x1b ? 1 : 2;
	char kind;

	if (s[0] != 0x1b)
		kind = (char)(s[1] - 0x40); /* C1 controls are ESC and a letter (ECMA-35 6.4.3) */
	else if (i < len)
		kind = s[i++];
	else
		return i;
	if (kind == '[') {
		i = skip_range(s, len, i, 0x30, 0x3f);
		i = skip_range(s, len, i, 0x20, 0x2f);
		return skip_range(s, MIN(len, i + 1), i, 0x40, 0x7e);
	}
	if (strchr("]PX^_", kind) && kind)
		return i + ansi_string(s + i, len - i);
	if (kind >= 0x20 && kind <= 0x2f) {
		i = skip_range(s, len, i, 0x20, 0x2f);
		return skip_range(s, MIN(len, i + 1), i, 0x30, 0x7e);
	}
	return kind >= 0x30 && kind <= 0x7e ? i : 1;
}

static bool is_ansi_c1(uint32_t c)
{
	return c == 0x90 || c == 0x98 || c == 0x9b || c == 0x9d || c == 0x9e || c == 0x9f;
}

/* ---- the first pass ---------------------------------------------------------------------------- */

struct norm {
	const char *text;
	struct buf *out;
	size_t copied; /* of text; what is behind it is in out as it was, or is in the segment */
	unsigned bits;
	/* A starter and what may combine with it: as read, and decomposed. */
	uint32_t read[SEGMENT_MAX];
	utf8proc_int32_t segment[SEGMENT_MAX];
	size_t n_read, n_segment;
	size_t from, to; /* where in text it stands */
	bool gap;	 /* something in it was dropped */
};

/* Canonical order: marks by their class, else as they came. */
static void order_marks(utf8proc_int32_t *c, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		int class = utf8proc_get_property(c[i])->combining_class;
		utf8proc_int32_t moved = c[i];
		size_t k = i;

		for (; class && k && utf8proc_get_property(c[k - 1])->combining_class > class; k--)
			c[k] = c[k - 1];
		c[k] = moved;
	}
}

static void flush(struct norm *m)
{
	bool same = m->n_read == m->n_segment;

	if (!m->n_read)
		return;
	if (m->n_segment > 1) {
		utf8proc_ssize_t n;

		order_marks(m->segment, m->n_segment);
		n = utf8proc_normalize_utf32(m->segment, (utf8proc_ssize_t)m->n_segment,
					     UTF8PROC_COMPOSE | UTF8PROC_STABLE);
		m->n_segment = n > 0 ? (size_t)n : 0;
		same = m->n_read == m->n_segment;
	}
	for (size_t i = 0; same && i < m->n_read; i++)
		same = m->read[i] == (uint32_t)m->segment[i];
	if (!same)
		m->bits |= UNICODE_COMPAT;
	if (!same || m->gap) {
		buf_put(m->out, m->text + m->copied, m->from - m->copied);
		for (size_t i = 0; i < m->n_segment; i++)
			utf8_put(m->out, (uint32_t)m->segment[i]);
		m->copied = m->to;
	}
	m->n_read = m->n_segment = 0;
	m->gap = false;
}

/* May @c combine with what stands before it? */
static bool combines(utf8proc_int32_t c)
{
	if (c < 0x300)
		return false;
	return is_mark((uint32_t)c) || (c >= 0x1160 && c <= 0x11ff); /* vowels and finals of Hangul */
}

/* The next character, which stands at [@from, @to). */
static void push(struct norm *m, uint32_t c, size_t from, size_t to)
{
	utf8proc_int32_t parts[DECOMPOSED_MAX + 1] = {(utf8proc_int32_t)c};
	utf8proc_ssize_t n = 1;

	if (c >= 0xa0 && utf8proc_get_property(parts[0])->decomp_seqindex != UINT16_MAX)
		n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, DECOMPOSED_MAX + 1,
					    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE, NULL);
	if (n < 1 || n > (utf8proc_ssize_t)DECOMPOSED_MAX + 1) {
		parts[0] = (utf8proc_int32_t)c;
		n = 1;
	}
	if (!combines(parts[0]) || m->n_read == SEGMENT_MAX || m->n_segment + (size_t)n > SEGMENT_MAX)
		flush(m);
	if (!m->n_read)
		m->from = from;
	m->to = to;
	m->read[m->n_read++] = c;
	memcpy(m->segment + m->n_segment, parts, (size_t)n * sizeof(parts[0]));
	m->n_segment += (size_t)n;
}

/* Leave out [@from, @to). */
static void drop(struct norm *m, unsigned bits, size_t from, size_t to)
{
	m->bits |= bits;
	if (m->n_read) {
		m->gap = true;
		m->to = to;
		return;
	}
	buf_put(m->out, m->text + m->copied, from - m->copied);
	m->copied = to;
}

/* Why the character at @i, @n bytes long, is to be dropped; 0: it stays. *ret_len: all that goes, or stays, with
 * it. */
static unsigned hidden(const char *text, size_t len, size_t i, uint32_t c, uint32_t prev, size_t n,
		       size_t *ret_len)
{
	unsigned bits = c < 0x80 || (c >= 0x3165 && c < 0xe000) ? 0 :
			range_bits(hidden_ranges, ARRAY_SIZE(hidden_ranges), c);
	uint32_t next = 0;

	*ret_len = n;
	if (c < 0x80 && !is_plain((unsigned char)c)) {
		if (c == 0x1b)
			*ret_len = ansi_len(text + i, len - i);
		return !c ? UNICODE_NUL : c == 0x1b ? UNICODE_ANSI : UNICODE_CONTROL;
	}
	if (!bits)
		return 0;
	if (is_ansi_c1(c)) {
		*ret_len = ansi_len(text + i, len - i);
		return UNICODE_ANSI;
	}
	if (i + n < len)
		(void)utf8_get(text + i + n, len - i - n, &next); /* 0 if it is bad */
	if ((c == 0x200c || c == 0x200d) && is_joiner_needed(prev, next))
		return 0;
	if (is_selector(c) && is_selector_needed(c, prev, next))
		return 0;
	if (prev == 0x1f3f4 && unicode_flag_tags(text + i, len - i)) {
		*ret_len = unicode_flag_tags(text + i, len - i);
		return 0;
	}
	return bits;
}

static void normalise(struct norm *m, size_t len)
{
	uint32_t prev = 0;

	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c;
		unsigned bits;

		n = plain_len(m->text + i, len - i);
		if (n) {
			prev = (unsigned char)m->text[i + n - 1];
			push(m, prev, i + n - 1, i + n); /* a mark may follow the last one */
			continue;
		}
		n = utf8_get(m->text + i, len - i, &c);
		if (!n) {
			flush(m);
			drop(m, UNICODE_INVALID, i, i + 1);
			utf8_put(m->out, prev = REPLACEMENT);
			n = 1;
			continue;
		}
		bits = hidden(m->text, len, i, c, prev, n, &n);
		if (bits) {
			drop(m, bits, i, i + n);
			if (bits & UNICODE_TAG)
				prev = c; /* one more of them is data as well */
			continue;
		}
		push(m, c, i, i + n);
		/* The tags of a flag are kept as they are. */
		prev = n == 24 ? 0xe007f : c;
		if (n == 24)
			flush(m);
	}
	flush(m);
	if (m->copied || m->bits)
		buf_put(m->out, m->text + m->copied, len - m->copied);
}

/* ---- the second pass --------------------------------------------------------------------------- */

static const struct confusable {
	uint32_t c;
	char to[3]; /* no NUL behind three */
	bool weak;  /* only in a word that has Latin letters as well */
} confusables[] = {
#include "confusables.inc"
};

static const struct confusable *confusable(uint32_t c)
{
	size_t low = 0, high = ARRAY_SIZE(confusables);

	if (c < 0x80 || (c >= 0x3100 && c < 0xa4d0) || (c >= 0xac00 && c < 0xd800))
		return NULL;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (confusables[mid].c == c)
			return &confusables[mid];
		if (confusables[mid].c < c)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct look {
	const char *text;
	size_t len;
	struct buf *out; /* may be NULL */
	size_t copied;
	bool any;
};

static void replace(struct look *k, size_t from, size_t to, const char *with, size_t len)
{
	k->any = true;
	if (!k->out)
		return;
	buf_put(k->out, k->text + k->copied, from - k->copied);
	buf_put(k->out, with, len);
	k->copied = to;
}

static bool in_word(uint32_t c)
{
	if (c < 0x80)
		return is_ascii_alpha(c) || is_ascii_digit(c);
	return is_letter(c) || is_mark(c) || c == 0x200c || c == 0x200d;
}

struct word {
	size_t from, to;
	size_t ascii;	 /* letters */
	size_t letters;	 /* others */
	size_t strong, weak, lower; /* of these: look like ASCII, … only in company, and not like a capital */
	bool marked;	 /* a mark on an ASCII letter that has no such variant */
	bool rtl;
};

static struct word measure(const struct look *k, size_t from)
{
	struct word w = {.from = from};
	uint32_t c, prev = 0;
	size_t i = from;

	for (size_t n; i < k->len; i += n) {
		const struct confusable *f;

		n = utf8_get(k->text + i, k->len - i, &c);
		if (!n || !in_word(c))
			break;
		w.ascii += is_ascii_alpha(c);
		w.marked |= is_ascii_alpha(prev) && is_mark(c);
		prev = c;
		if (c < 0x80 || !is_letter(c))
			continue;
		w.letters++;
		w.rtl |= (c >= 0x590 && c < 0x900) || (c >= 0xfb1d && c < 0xff00);
		f = confusable(c);
		if (f) {
			w.strong += !f->weak;
			w.weak += f->weak;
			w.lower += !(f->to[0] >= 'A' && f->to[0] <= 'Z');
		}
	}
	w.to = i;
	return w;
}

/* The skeleton of a word that imitates an ASCII one. One in another script, with a letter that ASCII does not have
 * or in capitals only (which are alike in Greek, Cyrillic and Latin), is a word of its own. */
static void imitate(struct look *k, const struct word *w)
{
	bool mixed = w->ascii && w->strong + w->weak;
	bool whole = !w->ascii && w->letters >= 2 && w->strong == w->letters && w->lower && !w->rtl;
	bool on_ascii = false;
	uint32_t c;

	if (!mixed && !whole && !w->marked)
		return;
	for (size_t i = w->from, n; i < w->to; i += n) {
		const struct confusable *f;

		n = utf8_get(k->text + i, w->to - i, &c); /* measured: it is good */
		f = mixed || whole ? confusable(c) : NULL;
		if (f) {
			replace(k, i, i + n, f->to, strnlen(f->to, sizeof(f->to)));
			on_ascii = true;
		} else if (c < 0x80) {
			on_ascii = is_ascii_alpha(c);
		} else if (on_ascii && (is_mark(c) || c == 0x200c || c == 0x200d)) {
			replace(k, i, i + n, "", 0);
		} else {
			on_ascii = false;
		}
	}
}

static bool is_ascii_graph(uint32_t c)
{
	return c > 0x20 && c < 0x7f;
}

/* A slash, a dot, a colon, a hyphen that is none, where the real one would mean something. */
static void imitate_sign(struct look *k, size_t i, size_t n, uint32_t c)
{
	const struct confusable *f = confusable(c);
	bool again = i >= n && memcmp(k->text + i - n, k->text + i, n) == 0;
	char prev = i ? k->text[i - 1] : ' ';
	uint32_t next = 0;

	if (!f || i + n >= k->len || !utf8_get(k->text + i + n, k->len - i - n, &next))
		return;
	if (f->to[0] == '-') {
		if ((prev == ' ' || prev == '-' || again) && (is_ascii_alpha(next) || next == '-' || next == c))
			replace(k, i, i + n, "-", 1);
	} else if (is_ascii_graph(next) && (is_ascii_graph((unsigned char)prev) || prev == ' ') &&
		   !(is_ascii_digit((unsigned char)prev) && is_ascii_digit(next))) {
		replace(k, i, i + n, f->to, 1);
	}
}

static void find_looks(struct look *k)
{
	for (size_t i = 0, done = 0; i < k->len;) {
		size_t n = plain_len(k->text + i, k->len - i), from = i + n;
		uint32_t c;

		if (from >= k->len)
			break;
		n = utf8_get(k->text + from, k->len - from, &c);
		if (n && in_word(c)) {
			struct word w;

			/* It may have begun with ASCII. */
			while (from > done && k->text[from - 1] > 0 && in_word((unsigned char)k->text[from - 1]))
				from--;
			w = measure(k, from);
			imitate(k, &w);
			done = i = w.to;
			continue;
		}
		if (n && c >= 0x80)
			imitate_sign(k, from, n, c);
		i = from + MAX(n, (size_t)1);
	}
	if (k->any && k->out)
		buf_put(k->out, k->text + k->copied, k->len - k->copied);
}

unsigned unicode_normalise(const char *text, size_t len, struct buf *norm, struct buf *skeleton)
{
	struct norm m = {.text = text, .out = norm};
	struct look k = {.text = text, .len = len, .out = skeleton};
	size_t before = norm->len;

	if (plain_len(text, len) == len)
		return 0;
	normalise(&m, len);
	if (m.bits) {
		k.text = buf_str(norm) + before;
		k.len = norm->len - before;
	}
	find_looks(&k);
	if (k.any) {
		if (!m.bits)
			buf_put(norm, text, len);
		m.bits |= UNICODE_CONFUSABLE;
	} else if (m.bits && skeleton) {
		buf_put(skeleton, k.text, k.len);
	}
	return m.bits;
}
