/* unicode - what a text looks like to a person or a model, against what its bytes are. Pure; allocates
 * only in the buffers it is given; any thread. */
#pragma once

#include "base/buf.h"

/* What was found on the way; bits. */
enum {
	UNICODE_INVALID = 1 << 0,    /* not UTF-8 (RFC 3629); each bad byte became U+FFFD */
	UNICODE_NUL = 1 << 1,	     /* a NUL byte; dropped */
	UNICODE_CONTROL = 1 << 2,    /* C0 or C1 other than tab, newline, carriage return; dropped */
	UNICODE_ANSI = 1 << 3,	     /* ECMA-48 escape sequences; dropped as a whole */
	UNICODE_INVISIBLE = 1 << 4,  /* zero width, joiners where no script needs them, fillers; dropped */
	UNICODE_BIDI = 1 << 5,	     /* bidirectional controls (UAX #9 2); dropped */
	UNICODE_TAG = 1 << 6,	     /* U+E0000 tags, and variation selectors used as data; dropped */
	UNICODE_COMPAT = 1 << 7,     /* NFKC changed something: fullwidth, mathematical letters, ligatures */
	UNICODE_CONFUSABLE = 1 << 8, /* a word mixes scripts, and its skeleton (UTS #39 4) is another word */
};

/* Write the normalised text (controls and invisible characters dropped, NFKC) to @norm, and its skeleton in
 * ASCII where a word is confusable with an ASCII one to @skeleton (may be NULL). A word wholly in one
 * other script (Chinese, Arabic, Cyrillic…) is left as it is. Both are complete texts, not only the
 * changed words. Return: the bits found; 0 means that both equal @text, and then nothing was
 * written. Out of memory shows in buf_failed().
 * @norm and @skeleton are readings of @text besides the one that a program makes of its bytes: judge all three.
 * What stands in hidden tags and selectors comes out of decode_each(). */
unsigned unicode_normalise(const char *text, size_t len, struct buf *norm, struct buf *skeleton);

/* Is [@text, @text + @len) valid UTF-8? */
bool unicode_is_utf8(const char *text, size_t len);

/* The tags at @s that make a black flag (U+1F3F4) the one of England, Scotland or Wales (UTS #51 ED-14A), in bytes,
 * or 0. All other tags are hidden text. */
size_t unicode_flag_tags(const char *s, size_t len);
