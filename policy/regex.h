/* regex - PCRE2 within bounds: no UTF, JIT where the kernel allows it, limits on work.
 * regex_match() keeps its memory on the caller's stack (about 64 KiB), waits for nobody and may be
 * called from any thread. The first one compiles, and allocates for that, and a later one once more for machine code;
 * regex_warm() does it ahead. What is in the arena is plain data until then, fit for cache.c. */
#pragma once

#include "base/arena.h"
#include "policy/grams.h"

struct regex;

enum regex_result {
	REGEX_NO = 0,
	REGEX_YES,
	REGEX_LIMIT /* gave up: the caller must fail closed */
};

/* A regex in @a. On failure NULL and the reason in @why (with the offset into @text). */
struct regex *regex_new(struct arena *a, const char *text, char *why, size_t why_size);
void regex_done(struct regex *re); /* before its arena goes */
bool regex_warm(const struct regex *re); /* false: no memory */

const char *regex_text(const struct regex *re);

/* Can no match reach over a '/', and is none tied to the beginning? Then what it finds in a path
 * depends on single components only. May say false where it is true. */
bool regex_is_local(const struct regex *re);

/* Could @re match a text that has these? Says no only where regex_match() would. */
bool regex_possible(const struct regex *re, const struct grams *g);

/* @flags: PCRE2_NOTBOL and PCRE2_NOTEOL for a window out of a longer text. */
enum regex_result regex_match(const struct regex *re, const char *text, size_t len, uint32_t flags);
