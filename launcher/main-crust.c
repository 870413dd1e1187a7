/* crust - questions about a policy that run nothing: what would be the verdict (check), and how is it
 * enforced (plan). What runs a program under the policy is crust-run. */
#include "base/base.h"
#include "base/log.h"
#include "launcher/check.h"
#include "launcher/plan.h"
#include "launcher/rules.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"check", "answer actions (JSON lines) with their verdicts", check_main},
	{"rules", "list rules, show one, look for mistakes, try their examples", rules_main},
	{"plan", "show which rule is enforced by which mechanism", plan_main},
};

static int print_help(FILE *out)
{
	fprintf(out, "usage: crust COMMAND [OPTION]...\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(out, "\nEach command has a --help. See crust(1), crust-policy(5); to run a program under the "
		     "policy: crust-run(1).\n");
	return fflush(out) == 0 ? TOOL_OK : TOOL_USAGE;
}

/* Edits between two short words (Levenshtein); more than enough is all the same. */
static size_t distance(const char *a, const char *b)
{
	size_t row[33], n = strlen(b);

	if (n >= ARRAY_SIZE(row) || strlen(a) > 64)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t swap = diagonal + (a[i] != b[j]);
			size_t add = MIN(row[j], row[j + 1]) + 1;

			diagonal = row[j + 1];
			row[j + 1] = MIN(swap, add);
		}
	}
	return row[n];
}

static int unknown_command(const char *name)
{
	const char *best = NULL;
	size_t least = 3; /* two slips at most */

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t d = distance(name, commands[i].name);

		if (d < least) {
			least = d;
			best = commands[i].name;
		}
	}
	if (best)
		fprintf(stderr, "crust: unknown command '%.40s'; did you mean '%s'?\n", name, best);
	else
		fprintf(stderr, "crust: unknown command '%.40s'; see crust --help\n", name);
	return TOOL_USAGE;
}

int main(int argc, char **argv)
{
	log_init("crust", LOG_LEVEL_INFO);
	if (argc < 2) {
		(void)print_help(stderr); /* nothing left to do about it */
		return TOOL_USAGE;
	}
	if (streq(argv[1], "--version")) {
		printf("crust %s\n", CRUST_VERSION);
		return fflush(stdout) == 0 ? TOOL_OK : TOOL_USAGE;
	}
	if (streq(argv[1], "--help") || streq(argv[1], "-h") || streq(argv[1], "help"))
		return print_help(stdout);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (streq(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return unknown_command(argv[1]);
}
