/* decode - encodings that hide text from who reads it: base64, hex, octal, percent, backslash escapes. Pure;
 * every function is linear in its input; any thread. */
#pragma once

#include "base/buf.h"

/* Decode all of [@in, @in + @len) and append to @out. False if it is not such a text as a whole (@out is
 * then as before). White space is skipped in base64 and hex. */
bool decode_base64(const char *in, size_t len, struct buf *out); /* RFC 4648 4 and 5, padding optional */
bool decode_base32(const char *in, size_t len, struct buf *out);
bool decode_hex(const char *in, size_t len, struct buf *out); /* "48656c", "48 65", "0x48,0x65", "\x48\x65" */

/* Replace escapes and copy the rest. Never fail; return whether anything was replaced. */
bool decode_percent(const char *in, size_t len, struct buf *out);   /* RFC 3986 2.1 */
/* \n \xHH \NNN \uHHHH \UHHHHHHHH, as bash's $'' */
bool decode_backslash(const char *in, size_t len, struct buf *out);

/* The dialects of backslash escapes: none of them is $''. *ret_stop: \c was met, which ends all output. */
enum {
	ESCAPES_ECHO = 1 << 0,	   /* echo -e: octal is \0NNN only */
	ESCAPES_PRINTF = 1 << 1,   /* printf's format */
	ESCAPES_PRINTF_B = 1 << 2, /* printf's %b: \NNN and \0NNN */
};
bool decode_escapes(const char *in, size_t len, unsigned flags, struct buf *out, bool *ret_stop);

void decode_rot13(const char *in, size_t len, struct buf *out);

/* Stretches of @text that look encoded and decode to something that reads as text (mostly printable): calls
 * @fn for each with the decoded bytes, then looks into what came out, DECODE_DEPTH_MAX deep.
 * @kind is "base64", "hex", "decimal" or "octal" (lists of numbers), "percent", "backslash", "rot13", "reversed",
 * "tags" or "variation-selectors" (characters that nobody sees: unicode.h). Stops when @fn returns false. All that is
 * decoded together is at most DECODE_TOTAL_MAX bytes or four times the input; when that was not enough, the
 * last call has the kind "limit" and no text, and the input is not to be trusted. */
#define DECODE_DEPTH_MAX 4
#define DECODE_TOTAL_MAX ((size_t)4 << 20)
typedef bool decode_fn(const char *kind, const char *text, size_t len, void *arg);
void decode_each(const char *text, size_t len, decode_fn *fn, void *arg);
