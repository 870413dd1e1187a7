/* The first line is a tool's name, the rest its input: JSON, or else one string. A name that begins with
 * "file:" is the path of a file with the rest for its content. */
#include "policy/content-commands.h"
#include "policy/tool.h"
#include "text/jsonin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touch(const char *s)
{
	return s ? strlen(s) : 0;
}

static void check_item(const struct tool_item *i)
{
	size_t sum = touch(i->cwd) + touch(i->path) + touch(i->old);

	if (!i->field || (i->kind == TOOL_PATH && i->op >= POLICY_OP_COUNT))
		abort();
	if (i->kind == TOOL_ARGV)
		for (const char *const *a = i->argv; *a; a++)
			sum += touch(*a);
	else if (!i->text || strlen(i->text) != i->len)
		abort();
	if (sum == SIZE_MAX)
		abort();
}

static void use_content(struct arena *a, const char *path, const char *text, size_t len)
{
	struct content_command *list;
	size_t n = content_commands(a, path, text, len, &list);

	if (n > CONTENT_COMMANDS_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (list[i].len == 0 || !list[i].kind || list[i].text[list[i].len] != '\0')
			abort();
}

static void use_tool(struct arena *a, const char *name, const char *text, size_t len)
{
	struct tool_call call;
	struct err err = {0};
	cJSON *v = NULL;

	if (jsonin_parse(text, len, &v, NULL) < 0)
		v = cJSON_CreateString(text);
	if (v && tool_parse(a, name, v, &call, &err) == 0) {
		if (!call.name || !call.input || call.n_items > TOOL_ITEMS_MAX)
			abort();
		for (size_t i = 0; i < call.n_items; i++)
			check_item(&call.items[i]);
	} else if (v && !err.msg[0]) {
		abort();
	}
	cJSON_Delete(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	char *text = malloc(size + 1), *nl;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	nl = memchr(text, '\n', size);
	if (nl) {
		size_t len = size - (size_t)(nl + 1 - text);

		*nl = '\0';
		if (str_starts(text, "file:"))
			use_content(&a, text + 5, nl + 1, len);
		else
			use_tool(&a, text, nl + 1, len);
	}
	arena_done(&a);
	free(text);
	return 0;
}
