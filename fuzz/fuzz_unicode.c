/* Any bytes: what comes out is UTF-8, holds nothing hidden, and is its own normal form. */
#include "text/unicode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data;
	autobuf norm = {0}, skeleton = {0}, again = {0};
	unsigned bits = unicode_normalise(in, size, &norm, &skeleton), bits2;

	if (!bits) {
		if (norm.len || skeleton.len || !unicode_is_utf8(in, size))
			abort();
		return 0;
	}
	if (!unicode_is_utf8(buf_str(&norm), norm.len) || !unicode_is_utf8(buf_str(&skeleton), skeleton.len))
		abort();
	if (memchr(buf_str(&norm), '\0', norm.len) || memchr(buf_str(&norm), 0x1b, norm.len))
		abort();
	if (bits & UNICODE_CONFUSABLE && norm.len == skeleton.len && memcmp(norm.data, skeleton.data, norm.len) == 0)
		abort();
	bits2 = unicode_normalise(buf_str(&norm), norm.len, &again, NULL);
	if (bits2 & (UNICODE_INVALID | UNICODE_NUL | UNICODE_CONTROL | UNICODE_ANSI))
		abort();
	return 0;
}
