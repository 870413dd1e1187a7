/* The main program of `make bench`: a table on the terminal, and the same as JSON.
 *
 * usage: bench JSON-FILE [GROUP…]          exit status 1: a target was missed */
#include "tests/bench/bench.h"

#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

extern struct group group_decide, group_pipeline, group_hostile, group_content, group_start;
extern char **environ;

static struct group *const groups[] = {
	&group_decide, &group_pipeline, &group_content, &group_hostile, &group_start,
};

/* --- for the groups ------------------------------------------------------------------------------- */

void bench_add(struct figure *f, double sample)
{
	if (f->n == f->cap) {
		size_t cap = MAX(f->cap * 2, (size_t)256);
		double *v = reallocarray(f->v, cap, sizeof(*v));

		if (!v)
			abort();
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = sample;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* @part of the samples are below; 0.5 is the median. */
static double quantile(const struct figure *f, double part)
{
	if (!f->n)
		return 0;
	qsort(f->v, f->n, sizeof(*f->v), compare);
	return f->v[MIN((size_t)(part * (double)f->n), f->n - 1)];
}

double bench_median(const struct figure *f)
{
	return quantile(f, 0.5);
}

double bench_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double bench_call_ns(void (*fn)(void *arg), void *arg)
{
	double start, once;
	unsigned n;

	fn(arg);
	start = bench_now_ns();
	fn(arg);
	once = bench_now_ns() - start;
	if (once > 1e6)
		return once;
	n = (unsigned)(1e6 / MAX(once, 20.0)) + 1;
	start = bench_now_ns();
	for (unsigned i = 0; i < n; i++)
		fn(arg);
	return (bench_now_ns() - start) / n;
}

double bench_spawn_us(const char *const *argv, const char *in)
{
	posix_spawn_file_actions_t files;
	double start;
	pid_t pid;
	char *const *args;
	int r, st;

	memcpy(&args, &argv, sizeof(args)); /* posix_spawn() only reads them */
	if (posix_spawn_file_actions_init(&files) != 0)
		return -1;
	(void)posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0); /* or the spawn fails */
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	start = bench_now_ns();
	r = posix_spawn(&pid, argv[0], &files, NULL, args, environ);
	if (r == 0)
		(void)waitpid(pid, &st, 0); /* ours: it ends */
	posix_spawn_file_actions_destroy(&files);
	return r == 0 ? (bench_now_ns() - start) / 1e3 : -1;
}

/* --- source text ---------------------------------------------------------------------------------- */

static struct buf source;
static size_t source_want;

static int add_source(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static const char *const endings[] = {".h", ".py", ".c", ".hpp", ".js"};
	autoclose fd = -1;
	bool text = false;
	char chunk[65536];
	ssize_t n;

	(void)ftw;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		size_t len = strlen(path), end = strlen(endings[i]);

		text |= len > end && streq(path + len - end, endings[i]);
	}
	if (type != FTW_F || !text || st->st_size > 4 << 20)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(&source, chunk, (size_t)n);
	return source.len >= source_want;
}

const char *bench_source(size_t len)
{
	source_want = len;
	if (source.len < len) {
		buf_reset(&source);
		if (nftw("/usr/include", add_source, 32, FTW_PHYS) == 0)
			(void)nftw("/usr/lib/python3", add_source, 32, FTW_PHYS); /* as much as there is */
		if (source.len < len)
			(void)nftw("/usr/lib/python3.11", add_source, 32, FTW_PHYS);
	}
	while (source.len && source.len < len && !buf_failed(&source)) {
		autobuf copy = {0};

		buf_put(&copy, source.data, MIN(source.len, len - source.len));
		buf_put(&source, copy.data, copy.len);
	}
	return source.len >= len && !buf_failed(&source) ? source.data : NULL;
}

/* --- running and showing -------------------------------------------------------------------------- */

static bool chosen(const struct group *g, char **names)
{
	bool any = !*names;

	for (; *names; names++)
		any |= streq(*names, g->name);
	return any;
}

static bool is_met(const struct figure *f)
{
	double m = bench_median(f);

	return f->n && (f->target == 0 || (f->at_least ? m >= f->target : m <= f->target));
}

static void put_number(char *buf, size_t size, double v)
{
	(void)snprintf(buf, size, "%.*f", v < 10 ? 3 : v < 1000 ? 1 : 0, v); /* fits */
}

static void show(const struct figure *f)
{
	char median[32], low[32], high[32], target[48] = "";

	put_number(median, sizeof(median), bench_median(f));
	put_number(low, sizeof(low), quantile(f, 0.1));
	put_number(high, sizeof(high), quantile(f, 0.9));
	if (f->target != 0)
		(void)snprintf(target, sizeof(target), "%s %g", f->at_least ? ">=" : "<=", f->target); /* fits */
	printf("%-42s %9s %-4s %9s - %-9s %-8s %s%s%s\n", f->name, median, f->unit, low, high, target,
	       f->target == 0 ? "" : is_met(f) ? "OK" : "MISSED", f->about[0] ? "  " : "", f->about);
}

static void put_json(struct buf *b, const struct group *g, const struct figure *f)
{
	buf_puts(b, "  {\"group\":");
	buf_put_json(b, g->name);
	buf_puts(b, ",\"name\":");
	buf_put_json(b, f->name);
	buf_puts(b, ",\"unit\":");
	buf_put_json(b, f->unit);
	buf_printf(b, ",\"median\":%.6g,\"p10\":%.6g,\"p90\":%.6g,\"samples\":%zu", bench_median(f), quantile(f, 0.1),
		   quantile(f, 0.9), f->n);
	if (f->target != 0)
		buf_printf(b, ",\"target\":%.6g,\"at_least\":%s,\"ok\":%s", f->target, f->at_least ? "true" : "false",
			   is_met(f) ? "true" : "false");
	if (f->about[0]) {
		buf_puts(b, ",\"about\":");
		buf_put_json(b, f->about);
	}
	buf_putc(b, '}');
}

static void put_machine(struct buf *b)
{
	struct utsname u;
	double load[1] = {0};

	(void)uname(&u);		/* cannot fail */
	(void)getloadavg(load, 1); /* 0, then */
	buf_puts(b, "{\"kernel\":");
	buf_put_json(b, u.release);
	buf_puts(b, ",\"machine\":");
	buf_put_json(b, u.machine);
	buf_printf(b, ",\"cores\":%ld,\"load\":%.2f,\n \"figures\":[\n", sysconf(_SC_NPROCESSORS_ONLN), load[0]);
}

static bool write_json(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "we");
	bool good = f && fwrite(buf_str(b), 1, b->len, f) == b->len;

	return f && fclose(f) == 0 && good;
}

/* Take turns, until every group has had its rounds. */
static void run(bool *on)
{
	unsigned most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		most = MAX(most, on[i] ? groups[i]->rounds : 0);
	for (unsigned r = 0; r < most; r++) {
		for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
			unsigned n = groups[i]->rounds;

			/* spread over the whole time */
			if (on[i] && (r + 1) * n / most != r * n / most)
				groups[i]->round();
		}
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%u of %u ", r + 1, most);
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

int main(int argc, char **argv)
{
	bool on[ARRAY_SIZE(groups)] = {false}, first = true, met = true;
	const char *why;
	autobuf json = {0};

	if (argc < 2)
		return 2;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!chosen(groups[i], argv + 2))
			continue;
		why = groups[i]->begin();
		on[i] = !why;
		if (why)
			printf("%s: not measured: %s\n", groups[i]->name, why);
	}
	run(on);
	put_machine(&json);
	printf("%-42s %14s %21s   %-8s\n", "figure", "median", "p10 - p90", "target");
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		for (size_t k = 0; on[i] && k < groups[i]->n_figures; k++) {
			const struct figure *f = &groups[i]->figures[k];

			show(f);
			met &= is_met(f);
			buf_puts(&json, first ? "" : ",\n");
			put_json(&json, groups[i], f);
			first = false;
		}
		if (on[i] && groups[i]->end)
			groups[i]->end();
	}
	buf_puts(&json, "\n]}\n");
	if (buf_failed(&json) || !write_json(argv[1], &json)) {
		fprintf(stderr, "bench: cannot write %s\n", argv[1]);
		return 2;
	}
	return met ? 0 : 1;
}
