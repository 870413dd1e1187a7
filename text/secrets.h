/* secrets - tokens, keys and passwords in bytes. The formats are data (secrets.tab): a literal that
 * one pass over the bytes looks for, a shape that is tried only where the literal stood, and a
 * check (entropy, check digits, checksum). Secrets wrapped in base64, in JSON escapes, or in
 * percent escapes are found as well. Pure but for tables made at the first call; any thread; stack
 * at most 128 KiB. Time is linear; text made to cost too much is reported rather than read to its
 * end. */
#pragma once

#include "base/buf.h"

struct secret_hit {
	const char *name;  /* of the format: "aws-access-key"; lives for ever */
	size_t start, end; /* bytes of the text as given, to be redacted */
};

/* Find at most @max, in order of place, not overlapping. Return how many. */
size_t secrets_scan(const char *text, size_t len, struct secret_hit *hits, size_t max);

/* Copy @text with [REDACTED:name] for each hit. Return how many there were; see buf_failed(). */
size_t secrets_redact(const char *text, size_t len, struct buf *out);

/* For `crust rules` and the docs: the formats by number, NULL behind the last one. */
const char *secrets_format(size_t i, const char **ret_description);
