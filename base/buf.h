/* buf - a growable byte buffer that is always NUL-terminated. Out of memory sticks: later puts do
 * nothing and buf_failed() tells, so that a text is built first and checked once. */
#pragma once

#include "base/base.h"

struct buf {
	char *data; /* NULL while empty */
	size_t len; /* bytes, without the NUL */
	size_t cap;
	bool failed;
};

void buf_done(struct buf *b);
#define autobuf __attribute__((cleanup(buf_done))) struct buf

void buf_reset(struct buf *b); /* keeps the memory */
void buf_put(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* A JSON string with its quotes (RFC 8259). Bytes that are not UTF-8 become U+FFFD: file names may hold
 * any byte, JSON may not. @s may be NULL: writes null. */
void buf_put_json(struct buf *b, const char *s);

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

/* The text; "" while empty. Valid until the next put. */
static inline const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}
