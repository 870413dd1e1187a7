/* One argument a line, and behind an empty line stdin: no crash, no hang, and an output that keeps to its limit. */
#include "shell/output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *argv[16] = {NULL};
	struct shell_command c = {.argv = argv, .cwd = "/w"};
	autobuf text = {0}, out = {0};
	bool decoded = false;

	buf_put(&text, data, size);
	buf_putc(&text, '\n');
	for (char *p = text.data, *nl; c.argc < ARRAY_SIZE(argv) - 1 && (nl = strchr(p, '\n')); p = nl + 1) {
		if (nl == p) {
			c.stdin_text = p + 1;
			break;
		}
		*nl = '\0';
		argv[c.argc++] = p;
	}
	buf_puts(&out, "before");
	if (!output_of(&c, &out, &decoded) && out.len != 6)
		abort();
	if (out.len > SHELL_TEXT_MAX + 6 || memcmp(out.data, "before", 6) != 0 || memchr(out.data, '\0', out.len))
		abort();
	return 0;
}
