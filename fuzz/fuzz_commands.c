/* An argument vector, a word a line; the first byte chooses what is known besides: the directory,
 * stdin. The roles must never reach outside the words, and every effect must be a text. */
#include "shell/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 4096

__attribute__((weak)) bool shell_add_effect(struct shell_analysis *a, const struct shell_effect *e)
{
	if (!e->text || e->command >= a->n_commands ||
	    (e->text[0] != '/' && e->kind <= SHELL_RUN && !e->unknown))
		abort();
	return a->n_effects++ < SHELL_EFFECTS_MAX;
}

static void check_runs(const struct shell_command *c, const struct commands_run *runs, size_t n)
{
	if (n > COMMANDS_RUNS_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (runs[i].kind == RUN_ARGV
			    ? runs[i].first >= runs[i].last || runs[i].last > c->argc
			    : runs[i].kind != RUN_STDIN && !runs[i].text)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct shell_env env = {.home = "/home/u", .cwd = "/w", .user = "u"};
	const char *argv[WORDS_MAX + 1] = {0};
	struct commands_run runs[COMMANDS_RUNS_MAX] = {0};
	struct shell_command c = {.argv = argv, .parent = -1};
	struct shell_analysis a = {.commands = &c, .n_commands = 1};
	char *text, *rest, *word;

	if (size < 2)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	rest = text;
	c.cwd = data[0] & 1 ? "/w" : NULL;
	c.stage = data[0] >> 1 & 1;
	while (c.argc < WORDS_MAX && (word = strsep(&rest, "\n")))
		argv[c.argc++] = word;
	if (data[0] & 4 && c.argc > 1) {
		c.stdin_text = argv[--c.argc];
		argv[c.argc] = NULL;
	}
	check_runs(&c, runs, commands_apply(&a, 0, &env, runs));
	arena_done(&a.arena);
	free(text);
	return 0;
}
