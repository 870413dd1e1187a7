/* One decision about a path, among few and many rules. */
#include "policy/load.h"
#include "tests/bench/bench.h"
#include "tests/bench/rules.h"

#define DECISIONS 4096

enum { F_SMALL, F_BIG, F_RATIO, F_COUNT };

static struct figure figures[F_COUNT] = {
	[F_SMALL] = {.name = "path among 1,000 rules", .unit = "us", .target = 1},
	[F_BIG] = {.name = "path among 10,000 rules", .unit = "us", .target = 1},
	[F_RATIO] = {.name = "10,000 rules / 1,000 rules", .unit = "x", .target = 1.2},
};

static struct policy *small, *big;

static struct policy *load(unsigned n)
{
	struct policy_config cfg = {.home = "/home/u", .workspace = "/home/u/src/demo", .no_builtin = true};
	struct policy *p = NULL;
	autobuf b = {0};
	struct err err;

	make_rules(&b, n);
	return policy_load_text(&cfg, "many.yaml", buf_str(&b), b.len, false, &p, &err) < 0 ? NULL : p;
}

static const char *begin(void)
{
	small = load(1000);
	big = load(10000);
	return small && big ? NULL : "the rules do not load";
}

static double measure(const struct policy *p)
{
	double start = bench_now_ns();
	unsigned denied = 0;

	for (unsigned i = 0; i < DECISIONS; i++) {
		struct policy_action a = {.op = POLICY_READ, .path = many_paths[i % ARRAY_SIZE(many_paths)]};
		struct policy_decision d;

		policy_decide(p, &a, &d);
		denied += d.verdict == VERDICT_DENY;
	}
	if (denied != DECISIONS / ARRAY_SIZE(many_paths) * 3)
		abort(); /* the measure of nothing */
	return (bench_now_ns() - start) / DECISIONS / 1e3;
}

static void run_round(void)
{
	double a = measure(small), b = measure(big);

	bench_add(&figures[F_SMALL], a);
	bench_add(&figures[F_BIG], b);
	bench_add(&figures[F_RATIO], b / a);
}

static void end(void)
{
	small = policy_free(small);
	big = policy_free(big);
}

extern struct group group_decide;
struct group group_decide = {.name = "decide",
			     .rounds = 200,
			     .figures = figures,
			     .n_figures = F_COUNT,
			     .begin = begin,
			     .round = run_round,
			     .end = end};
