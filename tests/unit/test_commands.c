/* The command table: for each command, exactly the effects and the runs that it must have. Words
 * are split at blanks; '…' and "…" keep them, ? stands for SHELL_UNKNOWN. */
#include "base/buf.h"
#include "shell/code.h"
#include "shell/commands.h"
#include "shell/path.h"
#include "tests/unit/tap.h"

#include <time.h>

static const struct shell_env env = {.home = "/home/u", .cwd = "/w", .user = "u"};

/* The evaluator has its own; this one serves while the table is tested alone. */
__attribute__((weak)) bool shell_add_effect(struct shell_analysis *a, const struct shell_effect *e)
{
	struct shell_effect *v;

	if (a->n_effects >= SHELL_EFFECTS_MAX) {
		a->unparsable = true;
		return false;
	}
	v = arena_grow(&a->arena, a->effects, a->n_effects, &a->cap_effects, sizeof(*v));
	if (!v)
		return false;
	a->effects = v;
	v[a->n_effects++] = *e;
	return true;
}

static void show_effect(struct buf *b, const struct shell_effect *e)
{
	static const char kinds[SHELL_EFFECT_COUNT] = "rwdlxce";

	buf_printf(b, "%s%c%s%s%s%s%s%s:", b->len ? " " : "", kinds[e->kind],
		   e->recursive ? "/" : "", e->dangerous ? "!" : "", e->sent ? "^" : "",
		   e->guess ? "?" : "", e->is_glob ? "*" : "", e->unknown ? "u" : "");
	for (const char *p = e->text; *p; p++)
		buf_putc(b, *p == SHELL_UNKNOWN ? '?' : *p);
}

static void show_run(struct buf *b, const struct commands_run *r)
{
	static const char *const kinds[] = {"argv", "text", "stdin", "file", "remote"};

	buf_printf(b, "%s%s", b->len ? " " : "", kinds[r->kind]);
	if (r->kind == RUN_ARGV)
		buf_printf(b, "[%zu,%zu)%s", r->first, r->last, r->operands_unknown ? "+" : "");
	else if (r->text)
		buf_printf(b, "<%s>%s", r->text, r->operands_unknown ? "+" : "");
	if (r->cwd)
		buf_printf(b, "@%s", r->cwd);
}

/* Split @text in place. */
static size_t split(char *text, const char **argv, size_t max)
{
	size_t n = 0;
	char *out = text;

	while (*text && n < max) {
		char quote = '\0';

		argv[n++] = out;
		for (; *text && (quote || *text != ' '); text++)
			if (*text == quote)
				quote = '\0';
			else if (!quote && (*text == '\'' || *text == '"'))
				quote = *text;
			else
				*out++ = *text == '?' && !quote ? SHELL_UNKNOWN : *text;
		text += *text == ' ';
		*out++ = '\0';
	}
	argv[n] = NULL;
	return n;
}

static void apply_to(struct buf *b, const struct shell_command *c)
{
	struct shell_command copy = *c;
	struct shell_analysis a = {.commands = &copy, .n_commands = 1};
	struct commands_run runs[COMMANDS_RUNS_MAX];
	size_t n = commands_apply(&a, 0, &env, runs);

	for (size_t i = 0; i < a.n_effects; i++)
		show_effect(b, &a.effects[i]);
	for (size_t i = 0; i < n; i++)
		show_run(b, &runs[i]);
	if (a.unknown_code)
		buf_printf(b, "%sUNKNOWN", b->len ? " " : "");
	arena_done(&a.arena);
}

static void check(const char *text, const char *want)
{
	char words[1024];
	const char *argv[64];
	struct shell_command c = {.argv = argv, .cwd = "/w", .parent = -1};
	autobuf b = {0};

	snprintf(words, sizeof(words), "%s", text);
	c.argc = split(words, argv, 63);
	apply_to(&b, &c);
	if (!ok(streq(buf_str(&b), want), "%s", text))
		note("got  %s\n# want %s", buf_str(&b), want);
}

#include "tests/unit/commands_cases.inc"

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].text, cases[i].want);
}

static void test_stdin(void)
{
	const char *python[] = {"python3", NULL}, *dash[] = {"python3", "-", "x", NULL},
		   *ed[] = {"ed", "-s", "f", NULL};
	struct shell_command c = {.argv = python, .argc = 1, .cwd = "/w"};
	struct shell_redirect from = {.kind = REDIRECT_READ, .fd = 0, .target = "/tmp/x.py"};
	autobuf b = {0};

	c.stdin_text = "open('/etc/shadow').read()";
	apply_to(&b, &c);
	ok(streq(buf_str(&b), "r:/etc/shadow"), "code on stdin is read: %s", buf_str(&b));
	buf_reset(&b);
	c.argv = dash, c.argc = 3;
	apply_to(&b, &c);
	ok(streq(buf_str(&b), "r:/etc/shadow"), "also for '-': %s", buf_str(&b));
	buf_reset(&b);
	c.stdin_text = NULL, c.stage = 1;
	apply_to(&b, &c);
	ok(streq(buf_str(&b), "UNKNOWN"), "code from a pipe is unknown code: %s", buf_str(&b));
	buf_reset(&b);
	c.stage = 0, c.redirects = &from, c.n_redirects = 1;
	apply_to(&b, &c);
	ok(streq(buf_str(&b), "x:/tmp/x.py"), "code from a file is run: %s", buf_str(&b));
	buf_reset(&b);
	c = (struct shell_command){
		.argv = ed, .argc = 3, .cwd = "/w", .stdin_text = "1p\nw /etc/passwd\n!id\nq\n"};
	apply_to(&b, &c);
	ok(streq(buf_str(&b), "r:/w/f w:/w/f w:/etc/passwd text<id>"), "ed's commands: %s",
	   buf_str(&b));
}

static void test_hostile(void)
{
	static const char *const words[] = {
		"",	 "-",	   "--", "-\x1a", "\x1a", "=", "-=",  "--=", ":",
		"@",	 "~",	   "/",	 "-rf",	  "a:b",  "'", ":::", "{}",  ";",
		"-exec", "--exec", "-c", "-e",	  "x=y",  "+", "+!",  "-o",  "\xff"};
	static const char *const programs[] = {
		"rm",  "find", "tar",	"git",	 "docker",   "curl",	"sh", "env", "ssh",
		"vim", "make", "socat", "xargs", "parallel", "unknown", "",   "a/",  "rsync"};
	size_t max = 100000, bad = 0;
	autofree const char **argv = calloc(max + 1, sizeof(*argv));
	struct timespec t0, t1;
	double worst = 0;

	for (size_t p = 0; p < ARRAY_SIZE(programs); p++) {
		for (size_t w = 0; w <= ARRAY_SIZE(words); w++) {
			struct shell_command c = {
				.argv = argv, .argc = max, .cwd = w % 2 ? "/w" : NULL};
			struct shell_analysis a = {.commands = &c, .n_commands = 1};
			struct commands_run runs[COMMANDS_RUNS_MAX];
			double ms;

			/* Each word alone, twice, and everything at once very often. */
			if (w < ARRAY_SIZE(words))
				c.argc = 3;
			argv[0] = programs[p];
			for (size_t i = 1; i < c.argc; i++)
				argv[i] = words[w < ARRAY_SIZE(words) ? w
								      : i * 7 % ARRAY_SIZE(words)];
			argv[c.argc] = NULL;
			clock_gettime(CLOCK_MONOTONIC, &t0);
			bad += commands_apply(&a, 0, &env, runs) > COMMANDS_RUNS_MAX;
			clock_gettime(CLOCK_MONOTONIC, &t1);
			ms = (double)(t1.tv_sec - t0.tv_sec) * 1e3 +
			     (double)(t1.tv_nsec - t0.tv_nsec) / 1e6;
			worst = ms > worst ? ms : worst;
			arena_done(&a.arena);
		}
	}
	ok(bad == 0, "hostile words");
	ok(worst < 2000, "100,000 operands: %.1f ms at worst", worst);
}

static void test_limits(void)
{
	size_t len = 1 << 20;
	autofree char *word = malloc(len + 1);
	const char *argv[] = {"rm", word, "-rf", "x", NULL};
	struct shell_command c = {.argv = argv, .argc = 4, .cwd = "/w"};
	autobuf b = {0};

	memset(word, '/', len), word[len] = '\0', word[0] = '-';
	apply_to(&b, &c);
	ok(strstr(buf_str(&b), "d/!:/w/x"), "a megabyte of one word");
	buf_reset(&b);
	c.cwd = NULL;
	argv[1] = "/a/../b";
	apply_to(&b, &c);
	ok(streq(buf_str(&b), "d/!:/b d/!u:x"), "without a directory: %s", buf_str(&b));
}

static void test_paths(void)
{
	static const struct {
		const char *word, *want;
	} paths[] = {
		{"a", "/w/a"},
		{"./a//b/", "/w/a/b"},
		{"..", "/"},
		{"../../..", "/"},
		{"/a/./b/../c", "/a/c"},
		{"~", "/home/u"},
		{"~/x/..", "/home/u"},
		{"~root/.ssh", "/root/.ssh"},
		{"~bob", "/home/bob"},
		{"\x1a/a", "\x1a/a"},
		{"/a/\x1a/../b", "/a/\x1a/../b"},
		{"/a/\x1a/../../b", "/a/\x1a/../../b"},
		{"", "/w"},
		{"/", "/"},
		{"//", "/"},
		{"/../a", "/a"},
		{"/...", "/..."},
	};
	struct arena a = {0};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *got = shell_path(&a, "/w", "/home/u", paths[i].word);

		ok(streq(got, paths[i].want), "path %s: %s", paths[i].word, got);
	}
	arena_done(&a);
}

static void test_speed(void)
{
	const char *argv[] = {"tar", "-czf", "out.tgz", "--exclude=x", "src", "docs", "-v", NULL};
	const char *curl[] = {
		"curl", "-sSL", "-X", "POST", "-d", "@a.json", "https://example.com/x",
		"-o",	"out",	NULL};
	struct shell_command c[] = {{.argv = argv, .argc = 7, .cwd = "/w"},
				    {.argv = curl, .argc = 9, .cwd = "/w"}};
	struct shell_analysis a = {.commands = c, .n_commands = 2};
	struct commands_run runs[COMMANDS_RUNS_MAX];
	struct timespec t0, t1;
	unsigned n = 100000;
	double us;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (unsigned i = 0; i < n; i++) {
		a.n_effects = a.cap_effects = 0;
		arena_reset(&a.arena);
		commands_apply(&a, i & 1, &env, runs);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	us = ((double)(t1.tv_sec - t0.tv_sec) * 1e9 + (double)(t1.tv_nsec - t0.tv_nsec)) / 1e3 / n;
	ok(us < 40, "a command takes %.2f us", us);
	arena_done(&a.arena);
}

int main(void)
{
	test_cases();
	test_stdin();
	test_hostile();
	test_limits();
	test_paths();
	test_speed();
	ok(commands_count() >= 300, "the table knows %zu programs", commands_count());
	ok(commands_knows("git") && !commands_knows("no-such-program") && !commands_knows("*"),
	   "commands_knows()");
	return tap_done();
}
