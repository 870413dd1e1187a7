/* Any bytes: the decoders keep to their contracts, and decode_each() to its limits. */
#include "text/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t total, limits;
};

static bool see(const char *kind, const char *text, size_t len, void *arg)
{
	struct seen *s = arg;

	s->total += len;
	if (s->limits || (len && memchr(text, '\0', len) == text + len))
		abort(); /* something came behind "limit" */
	s->limits += streq(kind, "limit");
	return true;
}

static void whole(bool (*decode)(const char *, size_t, struct buf *), const char *in, size_t len)
{
	autobuf out = {0};

	buf_puts(&out, "before");
	if (!decode(in, len, &out) && decode != decode_percent && decode != decode_backslash && out.len != 6)
		abort();
	if (out.len > len + 6 || memcmp(out.data, "before", 6) != 0)
		abort(); /* nothing grows */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data;
	struct seen seen = {0};
	bool stop;

	whole(decode_base64, in, size);
	whole(decode_base32, in, size);
	whole(decode_hex, in, size);
	whole(decode_percent, in, size);
	whole(decode_backslash, in, size);
	for (unsigned flags = ESCAPES_ECHO; flags <= ESCAPES_PRINTF_B; flags <<= 1) {
		autobuf out = {0};

		(void)decode_escapes(in, size, flags, &out, &stop);
	}
	decode_each(in, size, see, &seen);
	if (seen.total > DECODE_TOTAL_MAX || seen.total > 4 * (size + 1024))
		abort();
	return 0;
}
