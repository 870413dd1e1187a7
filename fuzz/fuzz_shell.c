/* The first byte chooses how, the rest is the text: analysed twice with the same outcome (what one
 * analysis leaves behind must not reach the next), and as the words of an argument vector. */
#include "shell/commands.h"
#include "shell/output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool glob(void *arg, const char *pattern, void (*add)(void *to, const char *path), void *to)
{
	(void)arg;
	if (strchr(pattern, '?'))
		add(to, "/w/found");
	return !strchr(pattern, '[');
}

static const char *read_file(void *arg, struct arena *a, const char *path, size_t *ret_len)
{
	static const char text[] = "x=$1; eval \"$x\" && . ./f";

	(void)arg;
	(void)a;
	*ret_len = sizeof(text) - 1;
	return strchr(path, 'f') ? text : NULL;
}

static const struct shell_env envs[] = {
	{.home = "/home/u", .cwd = "/w", .user = "u"},
	{.home = "/home/u", .cwd = NULL, .user = "u", .glob = glob, .read_file = read_file},
	{.home = "/h", .cwd = "/", .user = "u", .glob = glob, .read_file = read_file},
};

static void check(const struct shell_analysis *a)
{
	for (size_t i = 0; i < a->n_commands; i++) {
		const struct shell_command *c = &a->commands[i];

		if (c->argv[c->argc] || c->parent >= (int)i || c->n_env > 100000)
			abort();
		for (size_t k = 0; k < c->argc; k++)
			if (!c->argv[k] || strlen(c->argv[k]) > (64U << 20))
				abort();
		for (size_t k = 0; k < c->n_redirects; k++)
			if (!c->redirects[k].target)
				abort();
	}
	for (size_t i = 0; i < a->n_effects; i++)
		if (a->effects[i].command >= a->n_commands || !a->effects[i].text)
			abort();
}

static void check_argv(const struct shell_env *env, const char *text, struct shell_analysis *a)
{
	char *copy = strdup(text), *rest = copy, *word;
	const char *argv[65] = {0};

	for (size_t n = 0; n < 64 && (word = strsep(&rest, " ")); n++)
		argv[n] = word;
	if (copy && argv[0])
		shell_analyse_argv(argv, env, a);
	check(a);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shell_analysis a;
	const struct shell_env *env;
	size_t commands, effects;
	bool unparsable;
	char *text;

	if (!size)
		return 0;
	env = &envs[data[0] % 3];
	text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	shell_analyse(text, strlen(text), env, &a);
	check(&a);
	commands = a.n_commands;
	effects = a.n_effects;
	unparsable = a.unparsable;
	check_argv(env, text, &a);
	shell_analyse(text, strlen(text), env, &a);
	if (commands != a.n_commands || effects != a.n_effects || unparsable != a.unparsable)
		abort();
	free(text);
	return 0;
}
