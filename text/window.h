/* window - what kinds of bytes stand in 48 bytes of text, as bits. A few clocks. Pure; any thread.
 */
#pragma once

#include "base/base.h"

#define WINDOW 48

struct window {
	uint64_t letters, upper, digits, high; /* ASCII letters and digits; bytes of no ASCII */
	uint64_t divides; /* white space and ".,:'()- and the like, which stand between words */
	uint64_t escapes; /* \ and % */
};

/* @len may be less than WINDOW: what is not there is nothing. */
void window_read(const char *p, size_t len, struct window *ret);

/* Where do 16 letters and digits in a row begin? */
static inline uint64_t window_runs16(const struct window *w)
{
	uint64_t m = w->letters | w->digits;

	m &= m >> 1;
	m &= m >> 2;
	m &= m >> 4;
	return m & m >> 8;
}

/* May the 24 bytes at bit @from stand within a row of words of 3 to 9 letters, or of others than
 * ASCII letters? */
static inline bool window_words(const struct window *w, unsigned from)
{
	const uint32_t all = (1U << 24) - 1;
	uint32_t letters = (uint32_t)(w->letters >> from) & all, other = ~letters & all, longer,
		 shorter;

	if ((((w->letters | w->digits | w->high | w->divides) >> from) & all) != all)
		return false;
	if (w->high >> from & all)
		return true;
	longer = letters & letters >> 1;
	longer &= longer >> 2;
	longer &= longer >> 4;
	longer &= longer >> 2; /* ten in a row */
	shorter = other & letters >> 1 & (other >> 2 | other >> 3);
	return !longer && !shorter;
}

/* From @from on, the first letter behind something else; or @from. */
static inline unsigned window_word_start(const struct window *w, unsigned from)
{
	uint64_t starts = w->letters & ~(w->letters << 1) & ~1ULL << from;

	return starts ? (unsigned)__builtin_ctzll(starts) : from;
}
