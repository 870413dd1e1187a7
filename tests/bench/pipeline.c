/* Questions through the whole pipeline, on this machine's files: commands and tool calls as they are every day, and
 * how much worse those are that were made to be slow. */
#include <signal.h>

#include "launcher/world.h"
#include "policy/pipeline.h"
#include "tests/bench/bench.h"
#include "tests/bench/inputs.h"

#define HOSTILE_COMMAND_LEN ((size_t)64 << 10)
#define HOSTILE_TEXT_LEN    ((size_t)256 << 10)

enum { F_COMMAND, F_COMMAND_WORST, F_TOOL, F_TOOL_WORST, F_COUNT };
enum { H_COMMAND, H_TEXT, H_COUNT };

static struct figure figures[F_COUNT] = {
	[F_COMMAND] = {.name = "a shell command of 100 bytes", .unit = "us", .target = 25},
	[F_COMMAND_WORST] = {.name = "the slowest of them", .unit = "us"},
	[F_TOOL] = {.name = "a tool call", .unit = "us", .target = 40},
	[F_TOOL_WORST] = {.name = "the slowest of them", .unit = "us"},
};

static struct figure hostile[H_COUNT] = {
	[H_COMMAND] = {.name = "worst command / ordinary, a byte", .unit = "x", .target = 20},
	[H_TEXT] = {.name = "worst text / ordinary, a byte", .unit = "x", .target = 20},
};

/* Set up by whichever group comes first. */
static struct policy *policy;
static struct world *world;
static struct pipeline *pipeline;
static cJSON *inputs[ARRAY_SIZE(ordinary_tools)];

static const char *begin(void)
{
	static const struct tool_options options = {.explain = EXPLAIN_BRIEF};
	static struct tool_place place;
	struct err err = {0};

	if (pipeline)
		return NULL;
	if (tool_load(&options, &place, &policy, &err) < 0)
		return "the policy does not load";
	world = world_new(&place, policy);
	pipeline = world ? pipeline_new(policy, world_view(world)) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		if (!(inputs[i] = cJSON_Parse(ordinary_tools[i].input)))
			return "a tool's input is not JSON";
	if (pipeline)
		pipeline_no_suggestions(pipeline);
	return pipeline ? NULL : "no memory";
}

static void end(void)
{
	pipeline = pipeline_free(pipeline);
	world = world_free(world);
	policy = policy_free(policy);
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		cJSON_Delete(inputs[i]);
		inputs[i] = NULL;
	}
}

struct text {
	const char *text;
	size_t len;
};

static void ask_command(void *arg)
{
	static struct pipeline_answer answer;
	const struct text *t = arg;

	pipeline_command(pipeline, t->text, t->len, NULL, &answer);
}

static void ask_text(void *arg)
{
	static struct pipeline_answer answer;
	const struct text *t = arg;

	pipeline_text(pipeline, t->text, t->len, &answer);
}

static void ask_tool(void *arg)
{
	static struct pipeline_answer answer;
	const size_t *i = arg;

	pipeline_tool(pipeline, ordinary_tools[*i].name, inputs[*i], &answer);
}

/* The slowest of a round, and its name in the figure. */
static void add_worst(struct figure *f, double us, const char *name)
{
	bench_add(f, us);
	(void)snprintf(f->about, sizeof(f->about), "%.*s", (int)strcspn(name, "\n") < 40 ? (int)strcspn(name, "\n") : 40,
		       name);
}

static void run_round(void)
{
	double worst = 0, us;
	const char *name = "";

	for (size_t i = 0; i < ARRAY_SIZE(ordinary_commands); i++) {
		struct text t = {ordinary_commands[i], strlen(ordinary_commands[i])};

		us = bench_call_ns(ask_command, &t) / 1e3;
		bench_add(&figures[F_COMMAND], us);
		if (us > worst) {
			worst = us;
			name = t.text;
		}
	}
	add_worst(&figures[F_COMMAND_WORST], worst, name);
	worst = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ordinary_tools); i++) {
		us = bench_call_ns(ask_tool, &i) / 1e3;
		bench_add(&figures[F_TOOL], us);
		if (us > worst) {
			worst = us;
			name = ordinary_tools[i].name;
		}
	}
	add_worst(&figures[F_TOOL_WORST], worst, name);
}

/* --- made to be slow ------------------------------------------------------------------------------ */

static struct text make_hostile(const struct hostile *h, size_t len, char *buf)
{
	size_t unit = strlen(h->unit), n = strlen(h->head), tail = strlen(h->tail);

	memcpy(buf, h->head, n);
	for (; n + unit + tail <= len; n += unit)
		memcpy(buf + n, h->unit, unit);
	memcpy(buf + n, h->tail, tail + 1);
	return (struct text){buf, n + tail};
}

/* Nanoseconds a byte. One call is enough where it takes long. */
static double per_byte(void (*ask)(void *), struct text *t)
{
	return bench_call_ns(ask, t) / (double)t->len;
}

static double ordinary_command_ns(void)
{
	struct figure all = {.n = 0};
	double m;

	for (size_t i = 0; i < ARRAY_SIZE(ordinary_commands); i++)
		bench_add(&all, per_byte(ask_command, &(struct text){ordinary_commands[i],
								     strlen(ordinary_commands[i])}));
	m = bench_median(&all);
	free(all.v);
	return m;
}

static double ordinary_text_ns(void)
{
	const char *source = bench_source(HOSTILE_TEXT_LEN * 16);
	struct figure all = {.n = 0};
	double m;

	for (size_t i = 0; source && i < 16; i++)
		bench_add(&all, per_byte(ask_text, &(struct text){source + i * HOSTILE_TEXT_LEN, HOSTILE_TEXT_LEN}));
	m = bench_median(&all);
	free(all.v);
	return m;
}

static const char *running;

static void too_slow(int sig)
{
	(void)(sig + write(STDERR_FILENO, "bench: more than a minute for: ", 31) +
	       write(STDERR_FILENO, running, strlen(running)) + write(STDERR_FILENO, "\n", 1)); /* nothing else to do */
	_exit(1);
}

static void run_worst(struct figure *f, const struct hostile *list, size_t n, size_t len, void (*ask)(void *),
		      double ordinary)
{
	static char buf[HOSTILE_TEXT_LEN + 64];
	double worst = 0;
	size_t which = 0;

	for (size_t i = 0; i < n; i++) {
		struct text t = make_hostile(&list[i], len, buf);
		double ns;

		running = list[i].name;
		(void)alarm(60);
		ns = per_byte(ask, &t);
		(void)alarm(0);
		if (ns > worst) {
			worst = ns;
			which = i;
		}
	}
	bench_add(f, ordinary > 0 ? worst / ordinary : 1e9);
	(void)snprintf(f->about, sizeof(f->about), "%s, %.0f ns a byte", list[which].name, worst); /* fits */
}

static void run_hostile(void)
{
	(void)signal(SIGALRM, too_slow); /* cannot fail */
	run_worst(&hostile[H_COMMAND], hostile_commands, ARRAY_SIZE(hostile_commands), HOSTILE_COMMAND_LEN, ask_command,
		  ordinary_command_ns());
	run_worst(&hostile[H_TEXT], hostile_texts, ARRAY_SIZE(hostile_texts), HOSTILE_TEXT_LEN, ask_text,
		  ordinary_text_ns());
}

extern struct group group_pipeline, group_hostile;
struct group group_pipeline = {.name = "pipeline",
			       .rounds = 15,
			       .figures = figures,
			       .n_figures = F_COUNT,
			       .begin = begin,
			       .round = run_round,
			       .end = end};
struct group group_hostile = {.name = "hostile",
			      .rounds = 3,
			      .figures = hostile,
			      .n_figures = H_COUNT,
			      .begin = begin,
			      .round = run_hostile,
			      .end = end};
