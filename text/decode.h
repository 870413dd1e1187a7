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
bool decode_backslash(const char *in, size_t len, struct buf *out); /* \n \xHH \NNN \uHHHH \UHHHHHHHH, as bash's $'' */

/* Stretches of @text that look encoded and decode to something that reads as text (mostly printable): calls
 * @fn for each with the decoded bytes, then looks into what came out, DECODE_DEPTH_MAX deep.
 * @kind is "base64", "hex", "percent", "backslash", "rot13"… Stops when @fn returns false. All that is
 * decoded together is at most DECODE_TOTAL_MAX bytes or four times the input. */
#define DECODE_DEPTH_MAX 4
#define DECODE_TOTAL_MAX ((size_t)4 << 20)
typedef bool decode_fn(const char *kind, const char *text, size_t len, void *arg);
void decode_each(const char *text, size_t len, decode_fn *fn, void *arg);
