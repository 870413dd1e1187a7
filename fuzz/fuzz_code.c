/* Code; the first byte is its language. */
#include "shell/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((weak)) bool shell_add_effect(struct shell_analysis *a, const struct shell_effect *e)
{
	if (!e->text || strlen(e->text) > ((size_t)1 << 20))
		abort();
	return a->n_effects++ < SHELL_EFFECTS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct commands_run runs[COMMANDS_RUNS_MAX] = {0};
	struct shell_analysis a = {0};
	struct code_place place = {.a = &a, .cwd = "/w", .home = "/home/u"};
	size_t n;

	if (size == 0)
		return 0;
	n = code_scan((enum code_lang)(data[0] % CODE_LANG_COUNT), (const char *)data + 1, size - 1,
		      &place, runs, 0);
	if (n > COMMANDS_RUNS_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (runs[i].kind != RUN_TEXT || !runs[i].text[0])
			abort();
	arena_done(&a.arena);
	return 0;
}
