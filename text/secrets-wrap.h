/* secrets-wrap - texts within the text, and where their bytes came from: escapes undone, base64
 * decoded. For secrets.c. */
#pragma once

#include "base/buf.h"

/* The parts of a text where \u0041 \x41 \101 \/ or %41 hide a character, with all escapes undone
 * once, on lines of their own, and the way back. Empty where there are none. */
struct unescaped {
	struct buf text;
	struct unescaped_piece *v; /* from @out on, the text is that of @in on */
	size_t n, cap;
};

struct unescaped_piece {
	size_t out, in;
};

/* Does the escape at @e hide what could be read without it? A mere \n or \" does not, nor does a
 * control character. */
bool unescape_hides(const char *e, const char *end);
bool unescape(const char *text, size_t len, struct unescaped *ret); /* false: out of memory */
size_t unescape_origin(const struct unescaped *u, size_t out);
void unescape_done(struct unescaped *u);

/* The base64 of @s where it starts @shift bytes behind a multiple of three: the letters that depend
 * on @s alone. Return how many, *@ret_skipped: how many letters of the same group stand in front of
 * them. */
size_t base64_within(const char *s, size_t len, unsigned shift, char ret[static 128],
		     size_t *ret_skipped);

/* Decode what is base64 from @s on, over line ends, at most @max letters. Return how many bytes of
 * @s that was. */
size_t base64_forward(const char *s, size_t len, size_t max, struct buf *out);
