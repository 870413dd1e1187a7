/* regex - PCRE2 within bounds: no UTF, JIT where the kernel allows it, limits on work.
 * regex_match() keeps its memory on the caller's stack (about 64 KiB), takes no lock and may be
 * called from any thread. */
#pragma once

#include "base/base.h"

struct regex;

enum regex_result {
	REGEX_NO = 0,
	REGEX_YES,
	REGEX_LIMIT /* gave up: the caller must fail closed */
};

/* Compile @text. On failure NULL and the reason in @why (with the offset into @text). */
struct regex *regex_new(const char *text, char *why, size_t why_size);
struct regex *regex_free(struct regex *re);

/* Can no match reach over a '/', and is none tied to the beginning? Then what it finds in a path
 * depends on single components only. May say false where it is true. */
bool regex_is_local(const struct regex *re);

/* @flags: PCRE2_NOTBOL and PCRE2_NOTEOL for a window out of a longer text. */
enum regex_result regex_match(const struct regex *re, const char *text, size_t len, uint32_t flags);
