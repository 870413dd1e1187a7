#include "text/literals.h"

#include <strings.h>

/* The hash of three bytes with bit 5 set, so that case does not matter: two products of 16 bits,
 * since that is what SSE2 multiplies eight of at once. */
#define FACTOR_A 0x9e35
#define FACTOR_B 0x6a7b
#define SHIFT	 (16 - LITERALS_SET_BITS)

static inline uint16_t hash3(const char *s)
{
	unsigned a = (unsigned char)s[0] | 0x20U, b = (unsigned char)s[1] | 0x20U,
		 c = (unsigned char)s[2] | 0x20U;

	return (uint16_t)((a | b << 8) * FACTOR_A + (b | c << 8) * FACTOR_B) >> SHIFT;
}

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i load_folded(const char *s)
{
	return _mm_or_si128(_mm_loadu_si128((const __m128i *)(const void *)s), _mm_set1_epi8(0x20));
}

/* The hashes at @s, @s + 2, … in @even, those between in @odd. Reads 18 bytes. */
static inline void hash16(const char *s, uint16_t even[8], uint16_t odd[8])
{
	const __m128i a = _mm_set1_epi16((short)FACTOR_A), b = _mm_set1_epi16((short)FACTOR_B);
	__m128i at0 = load_folded(s), at1 = load_folded(s + 1), at2 = load_folded(s + 2);
	__m128i first = _mm_add_epi16(_mm_mullo_epi16(at0, a), _mm_mullo_epi16(at1, b));
	__m128i second = _mm_add_epi16(_mm_mullo_epi16(at1, a), _mm_mullo_epi16(at2, b));

	_mm_storeu_si128((__m128i *)(void *)even, _mm_srli_epi16(first, SHIFT));
	_mm_storeu_si128((__m128i *)(void *)odd, _mm_srli_epi16(second, SHIFT));
}
#else
static inline void hash16(const char *s, uint16_t even[8], uint16_t odd[8])
{
	for (int i = 0; i < 8; i++) {
		even[i] = hash3(s + 2 * i);
		odd[i] = hash3(s + 2 * i + 1);
	}
}
#endif

/* The more often @c stands in text and programs, the more. */
static unsigned common(char c)
{
	static const char by_rank[] = "zjqxkvbwgpyfmuhdclnirsoat e";
	const char *at = strchr(by_rank, c | 0x20);

	return at && c ? (unsigned)(at - by_rank) + 8 : c == '-' || c == '/' ? 20 : 6;
}

static size_t rarest_three(const char *s, size_t len)
{
	size_t best = 0;
	unsigned least = ~0U;

	for (size_t i = 0; i + 3 <= len; i++) {
		unsigned n = common(s[i]) * common(s[i + 1]) * common(s[i + 2]);

		if (n < least) {
			least = n;
			best = i;
		}
	}
	return best;
}

bool literals_add(struct literals *l, const char *text, size_t len, bool fold, uint8_t kind,
		  uint16_t id)
{
	struct literal *lit = &l->v[l->n];
	char three[4] = "";
	size_t at = rarest_three(text, len);

	if (l->n == LITERALS_MAX || len < 3 || len > 255 || len > LITERALS_POOL_MAX - l->used)
		return false;
	memcpy(l->pool + l->used, text, len);
	*lit = (struct literal){.text = l->pool + l->used,
				.len = (uint8_t)len,
				.at = (uint8_t)at,
				.fold = fold,
				.kind = kind,
				.id = id};
	l->used += len;
	for (unsigned j = 0; j < 3; j++)
		three[j] = (char)(text[at + j] | 0x20);
	memcpy(&lit->three, three, 3);
	l->set[hash3(three)] = true;
	lit->next = l->head[hash3(three) % ARRAY_SIZE(l->head)];
	l->head[hash3(three) % ARRAY_SIZE(l->head)] = ++l->n;
	return true;
}

static bool equal(const struct literal *lit, const char *s)
{
	return lit->fold ? strncasecmp(s, lit->text, lit->len) == 0
			 : memcmp(s, lit->text, lit->len) == 0;
}

/* The three bytes at @i are in the set. */
static size_t look(const struct literals *l, const char *text, size_t len, size_t i,
		   literals_fn *fn, void *arg)
{
	char three[4] = {(char)(text[i] | 0x20), (char)(text[i + 1] | 0x20),
			 (char)(text[i + 2] | 0x20)};
	size_t next = i + 1;
	uint32_t want;

	memcpy(&want, three, sizeof(want));
	for (unsigned e = l->head[hash3(three) % ARRAY_SIZE(l->head)]; e; e = l->v[e - 1].next) {
		const struct literal *lit = &l->v[e - 1];
		size_t at = i - lit->at;

		if (lit->three == want && lit->at <= i && lit->len <= len - at &&
		    equal(lit, text + at))
			next = MAX(next, fn(lit, at, arg));
	}
	return next;
}

void literals_find(const struct literals *l, const char *text, size_t len, literals_fn *fn,
		   void *arg)
{
	size_t i = 0, next = 0;

	for (; i + 18 <= len; i += 16) {
		uint16_t even[8], odd[8];
		unsigned found = 0;

		hash16(text + i, even, odd);
#pragma GCC unroll 8
		for (unsigned k = 0; k < 8; k++)
			found |= (unsigned)l->set[even[k]] << (2 * k) | (unsigned)l->set[odd[k]]
										<< (2 * k + 1);
		for (; found; found &= found - 1) {
			size_t at = i + (unsigned)__builtin_ctz(found);

			if (at >= next)
				next = look(l, text, len, at, fn, arg);
		}
		if (next >= len)
			return;
		if (next > i + 16)
			i = next - 16;
	}
	for (i = MAX(i, next); i + 3 <= len;)
		i = l->set[hash3(text + i)] ? look(l, text, len, i, fn, arg) : i + 1;
}
