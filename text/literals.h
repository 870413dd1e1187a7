/* literals - find any of some hundred short strings in one pass. Every three bytes of the text are
 * looked up in a small set, whatever their case; for each string the set has its rarest three. More
 * than a byte a clock where nothing is found. No allocation. literals_find() is pure; any thread.
 */
#pragma once

#include "base/base.h"

#define LITERALS_MAX	  1024
#define LITERALS_POOL_MAX (16 << 10)
#define LITERALS_SET_BITS 15

struct literal {
	const char *text;
	uint8_t len, at; /* where in it the three bytes stand */
	bool fold;	 /* any case of ASCII letters */
	uint8_t kind;	 /* the caller's */
	uint16_t id;	 /* the caller's */
	uint16_t next;	 /* the next one with this hash + 1, or 0 */
	uint32_t three;	 /* the bytes themselves, with bit 5 set */
};

struct literals {
	struct literal v[LITERALS_MAX];
	uint16_t n, head[1 << 11];
	bool set[1 << LITERALS_SET_BITS]; /* a byte each: quicker than bits, and still in the first
					     cache */
	char pool[LITERALS_POOL_MAX];
	size_t used;
};

/* @l is all zero at first; @len is 3 to 255. False where it is full. */
bool literals_add(struct literals *l, const char *text, size_t len, bool fold, uint8_t kind,
		  uint16_t id);

/* @fn gets each string found with its place, and returns where to go on: @at + 1 or later. */
typedef size_t literals_fn(const struct literal *lit, size_t at, void *arg);
void literals_find(const struct literals *l, const char *text, size_t len, literals_fn *fn,
		   void *arg);
