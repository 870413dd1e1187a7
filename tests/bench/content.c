/* The scan for secrets: short clean texts, and a lot of source. */
#include "text/secrets.h"
#include "tests/bench/bench.h"

#define SHORT_LEN   ((size_t)10000)
#define SHORT_TEXTS 16
#define LONG_LEN    ((size_t)100000000)
#define CHUNK_LEN   ((size_t)1 << 20) /* as a tool's output may come */

enum { F_SHORT, F_LONG, F_COUNT };

static struct figure figures[F_COUNT] = {
	[F_SHORT] = {.name = "secrets in 10 kB of clean text", .unit = "us", .target = 30},
	[F_LONG] = {.name = "secrets in 100 MB of source", .unit = "MB/s", .target = 300, .at_least = true},
};

static const char *source, *clean[SHORT_TEXTS];
static struct secret_hit hits[1024];

static void scan_short(void *arg)
{
	(void)secrets_scan(arg, SHORT_LEN, hits, ARRAY_SIZE(hits)); /* only how long it takes */
}

static const char *begin(void)
{
	size_t n = 0;

	source = bench_source(LONG_LEN);
	if (!source)
		return "no source text in /usr/include or /usr/lib/python3";
	for (size_t at = 0; n < SHORT_TEXTS && at + SHORT_LEN < LONG_LEN; at += SHORT_LEN * 97)
		if (secrets_scan(source + at, SHORT_LEN, hits, ARRAY_SIZE(hits)) == 0)
			clean[n++] = source + at;
	return n == SHORT_TEXTS ? NULL : "no clean text found";
}

static void run_round(void)
{
	double start;

	for (size_t i = 0; i < SHORT_TEXTS; i++) {
		void *text;

		memcpy(&text, &clean[i], sizeof(text)); /* scan_short() only reads it */
		bench_add(&figures[F_SHORT], bench_call_ns(scan_short, text) / 1e3);
	}
	start = bench_now_ns();
	for (size_t at = 0; at < LONG_LEN; at += CHUNK_LEN)
		(void)secrets_scan(source + at, MIN(CHUNK_LEN, LONG_LEN - at), hits, ARRAY_SIZE(hits)); /* likewise */
	bench_add(&figures[F_LONG], (double)LONG_LEN / 1e6 / ((bench_now_ns() - start) / 1e9));
}

extern struct group group_content;
struct group group_content = {.name = "content",
			      .rounds = 9,
			      .figures = figures,
			      .n_figures = F_COUNT,
			      .begin = begin,
			      .round = run_round};
