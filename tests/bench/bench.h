/* bench - figures with targets. A group measures what belongs together; the rounds of all groups take turns, so that
 * what else the machine does meets all of them. To add figures: a file with a struct group, and its name in the
 * table of bench.c. */
#pragma once

#include "base/base.h"
#include "base/buf.h"

/* One line of the table: the median of its samples against a target. */
struct figure {
	const char *name, *unit;
	double target; /* 0: none, for information */
	bool at_least; /* the target is a lower bound */
	double *v;     /* samples */
	size_t n, cap;
	char about[64]; /* more for the reader, as "slowest: find" */
};

struct group {
	const char *name;
	unsigned rounds;
	struct figure *figures;
	size_t n_figures;
	const char *(*begin)(void); /* NULL, or why it cannot be measured here */
	void (*round)(void);	    /* adds at least a sample to each figure */
	void (*end)(void);	    /* may be NULL */
};

void bench_add(struct figure *f, double sample);
double bench_median(const struct figure *f);

double bench_now_ns(void);

/* Microseconds from starting @argv until it has ended, with @in as stdin and nothing else open; negative if it cannot
 * be started. The exit status does not matter. */
double bench_spawn_us(const char *const *argv, const char *in);

/* The mean of some calls in ns: as many as take a millisecond, and one more before them to warm up. */
double bench_call_ns(void (*fn)(void *arg), void *arg);

/* Real source text of this machine, @len bytes; repeated if there is less. NULL: none found, or no memory. */
const char *bench_source(size_t len);
