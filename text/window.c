#include "text/window.h"

#ifdef __SSE2__
#include <emmintrin.h>

/* The bytes from @low on, @n of them: a mask of 16 bits. */
static inline uint64_t range(__m128i x, char low, char n)
{
	__m128i off = _mm_sub_epi8(x, _mm_set1_epi8(low));

	return (uint64_t)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_min_epu8(off, _mm_set1_epi8((char)(n - 1))), off));
}

static inline uint64_t equal(__m128i x, char c)
{
	return (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(c)));
}

static inline void read16(const char *p, unsigned at, struct window *w)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + at));

	w->letters |= range(_mm_or_si128(x, _mm_set1_epi8(0x20)), 'a', 26) << at;
	w->upper |= range(x, 'A', 26) << at;
	w->digits |= range(x, '0', 10) << at;
	w->high |= (uint64_t)(unsigned)_mm_movemask_epi8(x) << at;
	w->divides |= (range(x, '\t', 5) | range(x, '\'', 20) | equal(x, ' ') | equal(x, '"'))
		      << at;
	w->escapes |= (equal(x, '\\') | equal(x, '%')) << at;
}
#else
static inline void read16(const char *p, unsigned at, struct window *w)
{
	for (unsigned i = at; i < at + 16; i++) {
		unsigned char c = (unsigned char)p[i];
		uint64_t bit = 1ULL << i;

		w->letters |= (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? bit : 0;
		w->upper |= c >= 'A' && c <= 'Z' ? bit : 0;
		w->digits |= c >= '0' && c <= '9' ? bit : 0;
		w->high |= c >= 0x80 ? bit : 0;
		w->divides |=
			(c >= '\t' && c <= '\r') || (c >= '\'' && c <= ':') || c == ' ' || c == '"'
				? bit
				: 0;
		w->escapes |= c == '\\' || c == '%' ? bit : 0;
	}
}
#endif

void window_read(const char *p, size_t len, struct window *ret)
{
	struct window w = {0};
	char padded[WINDOW] = {0};

	if (len < WINDOW) {
		memcpy(padded, p, len);
		p = padded;
	}
	read16(p, 0, &w);
	read16(p, 16, &w);
	read16(p, 32, &w);
	*ret = w;
}
