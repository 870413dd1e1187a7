#include "text/bip39.h"

#include "text/checksum.h"

#include <utf8proc.h>

#define WORD_MAX 40 /* bytes; the longest in Korean, decomposed, has 36 */
#define GAP_MAX	 8  /* bytes between two words: `", "`, "\n12. " */
#define ROW_MAX	 48
#define BACK_MAX                                                                                   \
	14 /* words that a row may have in front of the first one that was looked at: 48 bytes */
#define LISTS 8

/* See scripts/gen-bip39. */
static const uint32_t table[1 << 15] = {
#include "bip39.inc"
};

struct word {
	size_t start, end;
};

static bool is_letter(unsigned char c)
{
	return c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* U+3000, which divides Japanese words; @p is its first byte. */
static bool is_wide_space(const char *text, size_t len, size_t p)
{
	return p + 3 <= len && memcmp(text + p, "\xe3\x80\x80", 3) == 0;
}

/* The word of which the byte at @at is part, or the one soon behind it. */
static bool word_at(const char *text, size_t len, size_t at, struct word *w)
{
	size_t p = at, q;

	while (p < len && p - at < GAP_MAX &&
	       (!is_letter((unsigned char)text[p]) || is_wide_space(text, len, p)))
		p += is_wide_space(text, len, p) ? 3 : 1;
	if (p >= len || !is_letter((unsigned char)text[p]))
		return false;
	for (q = p; q < len && q - p <= WORD_MAX && is_letter((unsigned char)text[q]); q++)
		if (is_wide_space(text, len, q))
			break;
	*w = (struct word){p, q};
	return q - p <= WORD_MAX;
}

/* The word that ends soon in front of @at. */
static bool word_before(const char *text, size_t len, size_t at, struct word *w)
{
	size_t q = at, p;

	while (q > 0 && at - q < GAP_MAX) {
		if (q >= 3 && is_wide_space(text, len, q - 3))
			q -= 3;
		else if (!is_letter((unsigned char)text[q - 1]))
			q--;
		else
			break;
	}
	for (p = q; p > 0 && q - p <= WORD_MAX && is_letter((unsigned char)text[p - 1]); p--)
		if (p >= 3 && is_wide_space(text, len, p - 3))
			break;
	*w = (struct word){p, q};
	return p < q && q < at && q - p <= WORD_MAX;
}

static bool hash_ascii(const char *s, size_t len, uint32_t *ret)
{
	uint32_t h = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x80)
			return false;
		h = h * 65599 + (unsigned char)(s[i] | 0x20);
	}
	*ret = h;
	return true;
}

static bool hash_word(const char *s, size_t len, uint32_t *ret)
{
	utf8proc_int32_t chars[4 * WORD_MAX];
	utf8proc_ssize_t n;
	uint32_t h = 0;

	if (hash_ascii(s, len, ret))
		return len <= 9;
	n = utf8proc_decompose(
		(const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, chars, ARRAY_SIZE(chars),
		UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE | UTF8PROC_CASEFOLD);
	if (n < 0 || (size_t)n > ARRAY_SIZE(chars))
		return false;
	for (utf8proc_ssize_t i = 0; i < n; i++) {
		utf8proc_uint8_t bytes[4];
		utf8proc_ssize_t len_char = utf8proc_encode_char(chars[i], bytes);

		for (utf8proc_ssize_t j = 0; j < len_char; j++)
			h = h * 65599 + bytes[j];
	}
	*ret = h;
	return true;
}

/* The lists that have the word, as bits; its number in each. */
static unsigned look_up(const char *s, size_t len, uint16_t number[LISTS])
{
	unsigned lists = 0;
	uint32_t h;

	if (len < 3 || !hash_word(s, len, &h))
		return 0;
	h *= 1640531;
	for (uint32_t i = h >> 17; table[i]; i = (i + 1) % ARRAY_SIZE(table)) {
		if ((table[i] >> 14 & 0x1ffff) != (h & 0x1ffff))
			continue;
		lists |= 1U << (table[i] >> 11 & 7);
		number[table[i] >> 11 & 7] = table[i] & 0x7ff;
	}
	return lists;
}

/* The words at @v: is the checksum right, and is this not one of the phrases that tests are written
 * with? */
static bool is_phrase(const uint16_t *v, size_t n)
{
	uint8_t bytes[34] = {0}, hash[32];
	size_t bits = n * 11, entropy = bits / 33 * 32;
	bool constant = true;

	for (size_t i = 0; i < bits; i++)
		bytes[i / 8] |= (uint8_t)((v[i / 11] >> (10 - i % 11) & 1) << (7 - i % 8));
	checksum_sha256(bytes, entropy / 8, hash);
	for (size_t i = 1; i < entropy / 8; i++)
		constant &= bytes[i] == bytes[0];
	return !constant && (bytes[entropy / 8] ^ hash[0]) >> (8 - bits / 33) == 0;
}

/* Hardly any word twice? */
static bool is_varied(const uint16_t *v, size_t n)
{
	size_t again = 0;

	for (size_t i = 1; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (v[i] == v[j]) {
				again++;
				break;
			}
	return again * 2 < n;
}

/* The lists themselves, wherever they are printed, are in order; so are parts of them. */
static bool is_sorted(const uint16_t *v, size_t n)
{
	size_t up = 0;

	for (size_t i = 1; i < n; i++)
		up += v[i] > v[i - 1];
	return up + 1 + n / 8 >= n;
}

static bool holds_phrase(const uint16_t *v, size_t n, size_t *fuel)
{
	if (n < 12 || is_sorted(v, n) || !is_varied(v, n))
		return false;
	for (size_t i = 0; i + 12 <= n; i++)
		for (size_t count = 12; count <= 24 && i + count <= n; count += 3) {
			*fuel -= MIN(*fuel, (size_t)300);
			if (!*fuel || (is_varied(v + i, count) && is_phrase(v + i, count)))
				return true;
		}
	return false;
}

static bool in_list(const char *text, const struct word *w, unsigned list, uint16_t *ret)
{
	uint16_t number[LISTS];

	if (!(look_up(text + w->start, w->end - w->start, number) >> list & 1))
		return false;
	*ret = number[list];
	return true;
}

/* The row of words of @list around @w: from its start (not far back) as far as it goes. */
static bool row(const char *text, size_t len, struct word w, unsigned list, struct bip39_hit *ret,
		size_t *ret_next, size_t *fuel)
{
	uint16_t v[ROW_MAX];
	struct word before, after;
	size_t n = 0;

	for (size_t back = 0; back < BACK_MAX && word_before(text, len, w.start, &before); back++) {
		if (!in_list(text, &before, list, &v[0]))
			break;
		w = before;
	}
	*ret = (struct bip39_hit){w.start, w.end};
	for (after = w; n < ROW_MAX && in_list(text, &after, list, &v[n]); n++) {
		if (n + 12 == ROW_MAX)
			*ret_next = after.end; /* what is too long goes on from here */
		ret->end = after.end;
		if (!word_at(text, len, after.end, &after))
			after.end = after.start = ret->end;
	}
	if (n < ROW_MAX)
		*ret_next = ret->end;
	*fuel -= MIN(*fuel, n * 20);
	return holds_phrase(v, n, fuel);
}

static size_t start_of_word(const char *text, size_t len, size_t at)
{
	for (size_t back = 0; back < 3 && back <= at; back++)
		if (is_wide_space(text, len, at - back))
			return at - back;
	for (size_t n = 0; n < WORD_MAX && at > 0 && is_letter((unsigned char)text[at]); n++, at--)
		if (!is_letter((unsigned char)text[at - 1]) ||
		    (at >= 3 && is_wide_space(text, len, at - 3)))
			break;
	return at;
}

/* Most texts end here: the whole word at @p is ASCII, and in no list. */
static bool is_other_word(const char *text, size_t len, size_t at)
{
	uint32_t h = 0;
	size_t n = 0;
	unsigned char c;

	for (; n < 10 && at + n < len && ((c = (unsigned char)text[at + n]) | 0x20) >= 'a' &&
	       (c | 0x20) <= 'z';
	     n++)
		h = h * 65599 + (c | 0x20);
	if (n == 0 || at + n >= len || (unsigned char)text[at + n] >= 0x80)
		return false;
	h *= 1640531;
	for (uint32_t i = h >> 17; n >= 3 && table[i]; i = (i + 1) % ARRAY_SIZE(table))
		if ((table[i] >> 14 & 0x1ffff) == (h & 0x1ffff))
			return false;
	return true;
}

bool bip39_at(const char *text, size_t len, size_t at, struct bip39_hit *ret, size_t *ret_next,
	      size_t *fuel)
{
	size_t next = SIZE_MAX, after;
	uint16_t number[LISTS];
	unsigned lists;
	struct word w;

	if ((at == 0 || !is_letter((unsigned char)text[at - 1])) && is_other_word(text, len, at))
		return false;
	if (!word_at(text, len, start_of_word(text, len, at), &w))
		return false;
	lists = look_up(text + w.start, w.end - w.start, number);
	for (; lists; lists &= lists - 1) {
		if (row(text, len, w, (unsigned)__builtin_ctz(lists), ret, &after, fuel)) {
			*ret_next = MAX(*ret_next, ret->end);
			return true;
		}
		next = MIN(next, after);
	}
	if (next != SIZE_MAX)
		*ret_next = MAX(*ret_next, next);
	return false;
}
