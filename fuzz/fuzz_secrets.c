/* Any bytes: hits are in order, within the text and apart; what is redacted is what was found. */
#include "text/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	static struct secret_hit hits[4096];
	autobuf out = {0};
	size_t n = secrets_scan(text, size, hits, ARRAY_SIZE(hits)), last = 0, kept = size;

	for (size_t i = 0; i < n; i++) {
		if (!hits[i].name || hits[i].start < last || hits[i].end <= hits[i].start ||
		    hits[i].end > size)
			abort();
		last = hits[i].end;
		kept += strlen("[REDACTED:]") + strlen(hits[i].name) -
			(hits[i].end - hits[i].start);
	}
	if (secrets_redact(text, size, &out) != n && n < ARRAY_SIZE(hits))
		abort();
	if (n < ARRAY_SIZE(hits) && out.len != kept)
		abort();
	return 0;
}
