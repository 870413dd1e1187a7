/* How long a decision and a load take, and that a decision does not grow with the number of rules.
 * The figures are for reading; only a gross regression fails. */
#include <time.h>

#include "policy/load.h"
#include "tests/bench/rules.h"
#include "tests/unit/tap.h"

#define ROUNDS 200000

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double decide_ns(const struct policy *p, unsigned *ret_denied)
{
	double best = 1e9;

	for (unsigned run = 0; run < 5; run++) {
		double start = now_s();

		*ret_denied = 0;
		for (unsigned i = 0; i < ROUNDS; i++) {
			struct policy_action a = {.op = POLICY_READ,
						  .path = many_paths[i % ARRAY_SIZE(many_paths)]};
			struct policy_decision d;

			policy_decide(p, &a, &d);
			*ret_denied += d.verdict == VERDICT_DENY;
		}
		best = MIN(best, (now_s() - start) / ROUNDS * 1e9);
	}
	return best;
}

static double measure(unsigned n, double *ret_load_s)
{
	struct policy_config cfg = {
		.home = "/home/u", .workspace = "/home/u/src/demo", .no_builtin = true};
	struct policy *p = NULL;
	autobuf b = {0};
	struct err err;
	unsigned denied;
	double start = now_s(), ns;

	make_rules(&b, n);
	if (policy_load_text(&cfg, "many.yaml", buf_str(&b), b.len, false, &p, &err) < 0) {
		ok(false, "%u rules: %s", n, err.msg);
		exit(1);
	}
	*ret_load_s = now_s() - start;
	ns = decide_ns(p, &denied);
	ok(denied == ROUNDS / 8 * 3, "%u rules: the right decisions", n);
	policy_free(p);
	return ns;
}

int main(void)
{
	double load_small, load_big, small = measure(1000, &load_small),
				     big = measure(10000, &load_big);

	note("1,000 rules: %.0f ns a decision, load %.3f s", small, load_small);
	note("10,000 rules: %.0f ns a decision (x%.2f), load %.3f s", big, big / small, load_big);
	ok(big < 20000, "a decision among 10,000 rules is no matter of 20 microseconds");
	ok(load_big < 30, "10,000 rules load in less than 30 seconds");
	return tap_done();
}
