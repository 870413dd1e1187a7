/* The words of `p …` as bash expands them and as the evaluator does, over the snippets in
 * shell_bash.txt. Each line that bash prints must be among the evaluator's (an unknown stretch
 * stands for anything): nothing that would run may be missing. The evaluator may have more, since
 * it walks every branch; how many snippets come out exactly is counted and must not get worse. */
#include "base/buf.h"
#include "shell/shell.h"
#include "tests/unit/shell_stub.h"
#include "tests/unit/tap.h"

#include <sys/wait.h>

#define EXACT_MIN 110

static const char *getvar(void *arg, const char *name)
{
	(void)arg;
	return streq(name, "HOME") ? "/home/u" : streq(name, "PATH") ? "/usr/bin:/bin" : NULL;
}

static void run_bash(const char *snippet, struct buf *out)
{
	static const char script[] = "p() { printf '<%s>' \"$@\"; echo; }; eval \"$0\"";
	char *const argv[] = {(char[]){"bash"}, (char[]){"-c"}, strdup(script), strdup(snippet),
			      NULL};
	char *const env[] = {(char[]){"HOME=/home/u"}, (char[]){"PATH=/usr/bin:/bin"},
			     (char[]){"LC_ALL=C.UTF-8"}, NULL};
	int fds[2];
	char buf[4096];
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		if (dup2(fds[1], 1) < 0 || chdir("/") < 0 || !freopen("/dev/null", "w", stderr))
			_exit(1);
		execve("/bin/bash", argv, env);
		_exit(1);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		buf_put(out, buf, (size_t)n);
	(void)close(fds[0]);
	(void)waitpid(pid, NULL, 0);
	free(argv[2]);
	free(argv[3]);
}

static void run_ours(const char *snippet, struct buf *out)
{
	const struct shell_env env = {.home = "/home/u", .cwd = "/", .user = "u", .getvar = getvar};
	struct shell_analysis a = {0};

	shell_analyse(snippet, strlen(snippet), &env, &a);
	for (size_t i = 0; i < a.n_commands; i++) {
		const struct shell_command *c = &a.commands[i];

		if (!c->argc || !streq(c->argv[0], "p"))
			continue;
		for (size_t k = 1; k < c->argc; k++)
			buf_printf(out, "<%s>", c->argv[k]);
		buf_puts(out, c->argc == 1 ? "<>\n" : "\n");
	}
	if (a.unparsable)
		buf_printf(out, "unparsable: %s\n", a.why);
	shell_done(&a);
}

/* @ours may hold SHELL_UNKNOWN, which stands for anything. */
static bool covers(const char *ours, size_t n_ours, const char *line, size_t n)
{
	if (!n_ours)
		return !n;
	if (*ours == SHELL_UNKNOWN) {
		for (size_t i = 0; i <= n; i++)
			if (covers(ours + 1, n_ours - 1, line + i, n - i))
				return true;
		return false;
	}
	return n && *ours == *line && covers(ours + 1, n_ours - 1, line + 1, n - 1);
}

/* Lines end where a > is followed by a newline: words may hold newlines. */
static const char *line_end(const char *s)
{
	const char *end = strstr(s, ">\n");

	return end ? end + 1 : s + strlen(s);
}

static bool is_among(const char *line, size_t n, const char *ours)
{
	while (*ours) {
		const char *end = line_end(ours);

		if (covers(ours, (size_t)(end - ours), line, n))
			return true;
		ours = *end ? end + 1 : end;
	}
	return false;
}

static bool check(const char *snippet)
{
	autobuf bash = {0}, ours = {0};
	bool all = true;

	run_bash(snippet, &bash);
	run_ours(snippet, &ours);
	for (const char *s = buf_str(&bash); *s;) {
		const char *end = line_end(s);

		all = all && is_among(s, (size_t)(end - s), buf_str(&ours));
		s = *end ? end + 1 : end;
	}
	if (!ok(all, "%s", snippet))
		note("bash: %s ours: %s", buf_str(&bash), buf_str(&ours));
	else if (getenv("VERBOSE") && !streq(buf_str(&bash), buf_str(&ours)))
		note("not exact: bash: %s ours: %s", buf_str(&bash), buf_str(&ours));
	return streq(buf_str(&bash), buf_str(&ours));
}

int main(void)
{
	unsigned exact = 0, count = 0;
	size_t len = 0, cap = 0;
	char *all = NULL, line[4096];
	FILE *f = fopen("tests/unit/shell_bash.txt", "re");

	if (!f || access("/bin/bash", X_OK) < 0)
		skip_all("no bash, or not run from the top of the sources");
	while (fgets(line, sizeof(line), f)) {
		size_t n = strlen(line);

		while (len + n + 2 > cap) {
			cap = (cap + n) * 2 + 4096;
			all = realloc(all, cap);
			if (!all)
				return 1;
		}
		memcpy(all + len, line, n + 1);
		len += n;
	}
	(void)fclose(f);
	for (char *s = all, *next; s && *s;
	     s = next) { /* a snippet begins with "= " at the start of a line */
		next = strstr(s, "\n= ");
		if (next)
			*next++ = '\0';
		exact += check(s + 2);
		count++;
	}
	free(all);
	note("%u of %u snippets exactly as bash", exact, count);
	ok(exact >= EXACT_MIN, "enough of them come out exactly");
	return tap_done();
}
