/* shell_stub - a command table and an oracle for outputs that are just big enough for tests of the
 * parser and the evaluator, which so do not depend on what the real ones know. */
#pragma once

#include "shell/code.h"
#include "shell/commands.h"
#include "shell/output.h"

static const char *stub_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool stub_one_of(const char *s, const char *const *names)
{
	for (; *names; names++)
		if (streq(s, *names))
			return true;
	return false;
}

static size_t stub_shell(const struct shell_command *c, struct commands_run *run)
{
	size_t i = 1;

	for (; i < c->argc && c->argv[i][0] == '-' && c->argv[i][1]; i++) {
		if (strchr(c->argv[i], 'c')) {
			*run = (struct commands_run){.kind = RUN_TEXT, .text = c->argv[i + 1]};
			return i + 1 < c->argc;
		}
	}
	*run = i < c->argc && !streq(c->argv[i], "-")
		       ? (struct commands_run){.kind = RUN_FILE, .text = c->argv[i]}
		       : (struct commands_run){.kind = RUN_STDIN};
	return 1;
}

static size_t stub_wrapper(const struct shell_command *c, struct commands_run *run)
{
	size_t i = 1;

	while (i < c->argc && (c->argv[i][0] == '-' || strchr(c->argv[i], '=')))
		i += streq(c->argv[i], "-I") || streq(c->argv[i], "-n") ? 2 : 1;
	*run = (struct commands_run){.kind = RUN_ARGV,
				     .first = i,
				     .last = c->argc,
				     .operands_unknown = streq(c->argv[0], "xargs")};
	return i < c->argc;
}

static size_t stub_find(const struct shell_command *c, struct commands_run *run)
{
	size_t i = 1, last;

	while (i < c->argc && !streq(c->argv[i], "-exec"))
		i++;
	for (last = i; last < c->argc && !streq(c->argv[last], ";") && !streq(c->argv[last], "+");)
		last++;
	*run = (struct commands_run){
		.kind = RUN_ARGV, .first = i + 1, .last = last, .operands_unknown = true};
	return i + 1 < last;
}

bool commands_knows(const char *program)
{
	(void)program;
	return true;
}

static void stub_effect(struct shell_analysis *a, unsigned index, enum shell_effect_kind kind,
			const char *text)
{
	(void)shell_add_effect(
		a, &(struct shell_effect){.kind = kind, .text = text, .command = index});
}

size_t commands_apply(struct shell_analysis *a, unsigned index, const struct shell_env *env,
		      struct commands_run runs[COMMANDS_RUNS_MAX])
{
	static const char *const shells[] = {"sh", "bash", "dash", NULL}, *const wrappers[] = {
										  "sudo", "env",
										  "nohup", "xargs",
										  NULL};
	const struct shell_command *c = &a->commands[index];
	const char *program = stub_base(c->argv[0]);

	(void)env;
	if (stub_one_of(program, shells))
		return stub_shell(c, runs);
	if (stub_one_of(program, wrappers))
		return stub_wrapper(c, runs);
	if (streq(program, "find"))
		return stub_find(c, runs);
	if (streq(program, "ssh") && c->argc > 2) {
		runs[0] = (struct commands_run){.kind = RUN_REMOTE, .text = c->argv[2]};
		return 1;
	}
	if (streq(program, "curl")) {
		stub_effect(a, index, SHELL_CONNECT, c->argv[c->argc - 1]);
		if (c->argc == 4) /* -o FILE URL */
			stub_effect(a, index, SHELL_WRITE, c->argv[2]);
	}
	for (size_t i = 1; streq(program, "rm") && i < c->argc; i++)
		if (c->argv[i][0] != '-')
			stub_effect(a, index, SHELL_DELETE, c->argv[i]);
	return 0;
}

static void stub_format(struct buf *out, const struct shell_command *c)
{
	size_t next = 2;

	for (const char *s = c->argv[1]; *s; s++) {
		if (s[0] == '%' && s[1] == 's') {
			buf_puts(out, next < c->argc ? c->argv[next] : "");
			next++;
			s++;
		} else if (s[0] == '\\' && s[1] == 'n') {
			buf_putc(out, '\n');
			s++;
		} else {
			buf_putc(out, *s);
		}
	}
}

bool output_of(const struct shell_command *c, struct buf *out, bool *ret_decoded)
{
	if (streq(c->argv[0], "echo")) {
		for (size_t i = 1; i < c->argc; i++)
			buf_printf(out, "%s%s", i > 1 ? " " : "", c->argv[i]);
		buf_putc(out, '\n');
		return true;
	}
	if (streq(c->argv[0], "printf") && c->argc > 1) {
		stub_format(out, c);
		return true;
	}
	if (!c->stdin_text || c->argc != 1)
		return false;
	if (streq(c->argv[0], "cat")) {
		buf_puts(out, c->stdin_text);
		return true;
	}
	if (!streq(c->argv[0], "rev")) /* of the first line */
		return false;
	for (size_t n = strcspn(c->stdin_text, "\n"); n;)
		buf_putc(out, c->stdin_text[--n]);
	buf_putc(out, '\n');
	return *ret_decoded = true;
}

/* No code of other languages either. */
size_t code_scan(enum code_lang lang, const char *text, size_t len, const struct code_place *p, struct commands_run *runs,
		 size_t n)
{
	(void)lang, (void)text, (void)len, (void)p, (void)runs;
	return n;
}

int code_lang(const char *name)
{
	(void)name;
	return -1;
}
