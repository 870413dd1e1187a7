/* grams - which pairs of letters occur in a text, as a set of 256 bits; and what a text must have of them for a regex to
 * match at all. A text is read once, and most of the many regexes that rules hold are then passed over in a few
 * instructions each. Case does not count. Pure. */
#pragma once

#include "base/base.h"

#define GRAMS_MAX 24 /* alternatives of one regex */

struct grams {
	uint64_t v[4];
};

void grams_add(struct grams *g, const char *text, size_t len);

static inline bool grams_hold(const struct grams *g, const struct grams *part)
{
	return !((part->v[0] & ~g->v[0]) | (part->v[1] & ~g->v[1]) | (part->v[2] & ~g->v[2]) | (part->v[3] & ~g->v[3]));
}

/* Whatever @regex matches holds at least one of @ret: returns how many there are. 0: nothing is known about it. */
size_t grams_of_regex(const char *regex, struct grams ret[GRAMS_MAX]);
