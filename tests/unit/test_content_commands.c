/* What files hold that is run later. Each case of tests/data/contents/cases.txt is "== PATH", the file, a line
 * "--", and what must be found: "LINE KIND[!][ LANG]: TEXT", with \n for a newline and ? for what only a run
 * would tell. */
#include "policy/content-commands.h"
#include "shell/shell.h"
#include "tests/unit/tap.h"

#include "base/buf.h"

#include <time.h>

static void put_text(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(b, "\\n");
		else
			buf_putc(b, *s == SHELL_UNKNOWN ? '?' : *s);
	}
	buf_putc(b, '\n');
}

static void check(const char *path, const char *content, size_t len, const char *want)
{
	struct arena a = {0};
	struct content_command *list;
	size_t n = content_commands(&a, path, content, len, &list);
	autobuf b = {0};

	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, "%u %s%s%s%s: ", list[i].line, list[i].kind, list[i].unasked ? "!" : "",
			   list[i].lang ? " " : "", list[i].lang ? list[i].lang : "");
		put_text(&b, list[i].text);
	}
	if (!ok(streq(buf_str(&b), want), "%s", path))
		printf("# want:\n%s# got:\n%s", want, buf_str(&b));
	arena_done(&a);
}

/* Split the file of cases; @text is changed. */
static void check_cases(char *text)
{
	char *next = strstr(text, "== ");

	while (next) {
		char *path = next + 3, *content = strchr(path, '\n') + 1, *sep = strstr(content - 1, "\n--\n"),
		     *want;

		content[-1] = '\0';
		if (!sep) {
			ok(false, "the case is whole: %s", path);
			return;
		}
		want = sep + 4;
		next = str_starts(want, "== ") ? want : strstr(want, "\n== ");
		if (next)
			next += *next == '\n';
		check(path, content, (size_t)(MAX(sep + 1, content) - content),
		      strndupa(want, next ? (size_t)(next - want) : strlen(want)));
	}
}

static void check_hostile(void)
{
	static const char *const paths[] = {"Makefile",
					    "package.json",
					    "a/.github/workflows/x.yml",
					    "Dockerfile",
					    "justfile",
					    "/etc/cron.d/x",
					    ".git/config",
					    "x.sh",
					    "x.py",
					    "pyproject.toml",
					    "x"};
	static const char *const parts[] = {"\t$($(",
					    "{\"scripts\":{\"a\":[",
					    "- run: |\n  x\n",
					    "RUN a \\\n#\n",
					    "A=$(A)$(B)\n\t$(A)\n",
					    "[",
					    "$(shell ",
					    "{{",
					    "\\\n",
					    "a: b\n",
					    "\t@\n",
					    "- - ",
					    "\"",
					    "\x00"};
	size_t size = 1 << 20;
	char *text = malloc(size + 16);
	struct arena a = {0};
	struct content_command *list;

	for (size_t p = 0; text && p < ARRAY_SIZE(paths); p++) {
		for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
			size_t n = MAX(strlen(parts[k]), (size_t)1);
			clock_t from = clock();

			for (size_t at = 0; at < size; at += n)
				memcpy(text + at, parts[k], n);
			(void)content_commands(&a, paths[p], text, size, &list);
			ok((clock() - from) / (CLOCKS_PER_SEC / 1000) < 2000,
			   "a megabyte of part %zu in %s: %ld ms", k, paths[p],
			   (long)((clock() - from) / (CLOCKS_PER_SEC / 1000)));
			arena_reset(&a);
		}
	}
	arena_done(&a);
	free(text);
}

int main(void)
{
	autofclose f = fopen("tests/data/contents/cases.txt", "re");
	char *text = calloc(1, 1 << 16);

	if (!f || !text || fread(text, 1, (1 << 16) - 1, f) == 0)
		skip_all("no data");
	check_cases(text);
	free(text);
	check_hostile();
	return tap_done();
}
