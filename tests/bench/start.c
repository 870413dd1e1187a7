/* What a question costs that comes as a program of its own: `crust check` on one line, against /bin/true. */
#include "tests/bench/bench.h"

#include <limits.h>

enum { F_TRUE, F_CHECK, F_RATIO, F_COUNT };

static struct figure figures[F_COUNT] = {
	[F_TRUE] = {.name = "/bin/true", .unit = "us"},
	[F_CHECK] = {.name = "crust check, one line", .unit = "us"},
	[F_RATIO] = {.name = "crust check / true", .unit = "x", .target = 4},
};

static char crust[PATH_MAX], line[] = "/tmp/crust-bench-XXXXXX";
static const char *const argv_true[] = {"/bin/true", NULL};
static const char *const argv_check[] = {crust, "check", NULL};

static const char *begin(void)
{
	static const char text[] = "{\"op\":\"exec\",\"command\":\"git -C src log --oneline -n 20 | head -5\"}\n";
	const char *b = getenv("B");
	int fd;

	(void)snprintf(crust, sizeof(crust), "%s/crust", b ? b : "build"); /* or it is not there */
	fd = mkstemp(line);
	if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0 || close(fd) < 0)
		return "cannot write to /tmp";
	/* The first start compiles the policy and keeps it. */
	return access(crust, X_OK) < 0 || bench_spawn_us(argv_check, line) < 0 ? "crust is not built" : NULL;
}

static void run_round(void)
{
	double a = bench_spawn_us(argv_true, "/dev/null"), b = bench_spawn_us(argv_check, line);

	bench_add(&figures[F_TRUE], a);
	bench_add(&figures[F_CHECK], b);
	bench_add(&figures[F_RATIO], b / a);
}

static void end(void)
{
	(void)unlink(line);
}

extern struct group group_start;
struct group group_start = {.name = "start",
			    .rounds = 250,
			    .figures = figures,
			    .n_figures = F_COUNT,
			    .begin = begin,
			    .round = run_round,
			    .end = end};
