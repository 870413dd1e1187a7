/* Runs the text cases in tests/data/policy (their format is in its README): rules, then one line
 * for each question and its answer. `test_policy_data FILE…` runs only those. */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "policy/cache.h"
#include "policy/dest.h"
#include "policy/policy.h"
#include "tests/unit/tap.h"

#define DATA_DIR "tests/data/policy"

static char dir[] = "/tmp/crust-policy-XXXXXX";
static unsigned n_loaded, n_cached;

struct section {
	char title[200], home[PATH_MAX], workspace[PATH_MAX];
	bool builtin, has_project, has_policy, loaded, tried;
	struct policy *p;
	struct err err;
};

static void write_file(const char *name, const char *mode, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, mode);
	if (!f) {
		perror(path);
		exit(1);
	}
	fputs(text, f);
	(void)fclose(f);
}

static void load(struct section *s)
{
	char policy[PATH_MAX], project[PATH_MAX], cache[PATH_MAX];
	const char *files[1] = {policy};
	struct policy_config cfg = {.home = s->home,
				    .workspace = s->workspace,
				    .files = files,
				    .n_files = s->has_policy,
				    .no_builtin = !s->builtin,
				    .cache = cache};

	(void)snprintf(cache, sizeof(cache), "%s/cache", dir);
	(void)snprintf(policy, sizeof(policy), "%s/policy.yaml", dir);
	(void)snprintf(project, sizeof(project), "%s/project.yaml", dir);
	if (s->has_project)
		cfg.project = project;
	s->tried = true;
	s->err.msg[0] = '\0';
	s->loaded = policy_load(&cfg, &s->p, &s->err) == 0;
	if (!s->loaded)
		return;
	/* All questions are put to the policy that comes out of the cache. */
	policy_free(s->p);
	n_loaded++;
	if (cache_load(&cfg, &s->p))
		n_cached++;
	else
		s->loaded = policy_load(&cfg, &s->p, &s->err) == 0;
}

static void section_end(struct section *s)
{
	if (s->loaded)
		policy_free(s->p);
	*s = (struct section){.home = "/home/u", .workspace = "/home/u/src/demo"};
}

/* Split @line at single spaces; "\s" is a space inside a word. */
static size_t split(char *line, const char *words[], size_t max)
{
	size_t n = 0;

	for (char *w = strsep(&line, " "); w && n < max; w = strsep(&line, " ")) {
		char *out = w;

		words[n++] = w;
		for (char *in = w; *in; in++) {
			if (in[0] == '\\' && in[1] == 's') {
				*out++ = ' ';
				in++;
			} else if (in[0] == '\\' && in[1] == 'x' && in[2] && in[3]) {
				char hex[3] = {in[2], in[3]};

				*out++ = (char)strtol(hex, NULL, 16);
				in += 3;
			} else {
				*out++ = *in;
			}
		}
		*out = '\0';
	}
	words[n] = NULL;
	return n;
}

static bool make_dest(const char *words[], size_t n, struct policy_dest *d)
{
	for (size_t i = 1; i < n; i++) {
		if (str_starts(words[i], "unix:@")) {
			d->unix_path = words[i] + 6;
			d->unix_abstract = true;
		} else if (str_starts(words[i], "unix:")) {
			d->unix_path = words[i] + 5;
		} else if (str_starts(words[i], "addr=")) {
			d->has_addr = true;
			if (!dest_parse_addr(words[i] + 5, d->addr))
				return false;
		} else if (str_starts(words[i], "port=")) {
			d->port = (uint16_t)strtoul(words[i] + 5, NULL, 10);
		} else {
			d->host = words[i];
		}
	}
	return true;
}

static bool make_action(const char *words[], size_t n, struct policy_action *a,
			struct policy_dest *d)
{
	static char program[PATH_MAX];

	if (n > 2 && streq(words[0], "by")) {
		a->by = words[1];
		words += 2;
		n -= 2;
	}
	for (a->op = 0; a->op < POLICY_OP_COUNT; a->op++)
		if (streq(words[0], policy_op_name(a->op)))
			break;
	if (a->op == POLICY_OP_COUNT || n < 2)
		return false;
	if (a->op == POLICY_CONNECT) {
		a->dest = d;
		return make_dest(words, n, d);
	}
	a->path = words[1];
	if (a->op != POLICY_EXEC)
		return true;
	if (words[1][0] == '@') { /* the resolved program, then argv */
		a->path = words[1] + 1;
		a->argv = words + 2;
	} else {
		(void)snprintf(program, sizeof(program), "%s%s",
			       words[1][0] == '/' ? "" : "/usr/bin/", words[1]);
		a->path = program;
		a->argv = words + 1;
	}
	return true;
}

static void run_boundary(struct section *s, const char *where, const char *words[],
			 const char *want)
{
	struct policy_decision d = {.rule = ""};
	bool differs = policy_boundary(s->p, words[1], words[2], &d);
	char got[128];

	(void)snprintf(got, sizeof(got), "%s%s%s", differs ? "differs" : "same", differs ? " " : "",
		       d.rule);
	ok(streq(got, want) || (differs && streq(want, "differs")),
	   "%s: boundary %s %s => %s (got %s)", where, words[1], words[2], want, got);
}

static void run_decide(struct section *s, const char *where, char *question, const char *want)
{
	const char *words[600];
	struct policy_dest dest = {0};
	struct policy_action a = {0};
	struct policy_decision d;
	char text[8192], got[512], extra[64], *suggest = strstr(want, " suggest ");
	size_t n;

	(void)snprintf(text, sizeof(text), "%s", question);
	n = split(question, words, ARRAY_SIZE(words) - 1);
	if (n == 3 && streq(words[0], "boundary")) {
		run_boundary(s, where, words, want);
		return;
	}
	if (n < 2 || !make_action(words, n, &a, &dest)) {
		ok(false, "%s: cannot read '%s'", where, text);
		return;
	}
	policy_decide(s->p, &a, &d);
	(void)snprintf(extra, sizeof(extra), "%s%s", d.wants_by ? " wants_by" : "",
		       d.inspect != INSPECT_NONE ? " inspect" : "");
	(void)snprintf(got, sizeof(got), "%s %s%s", policy_verdict_name(d.verdict), d.rule, extra);
	if (suggest) {
		char line[512];

		*suggest = '\0';
		policy_suggest(s->p, &a, &d, line, sizeof(line));
		ok(streq(line, suggest + 9), "%s: %s suggests %s (got %s)", where, text,
		   suggest + 9, line);
	}
	ok(streq(got, want), "%s: %s => %s (got %s)", where, text, want, got);
}

static void run_case(struct section *s, const char *where, char *line)
{
	char *arrow = strstr(line, " => ");

	if (!s->tried)
		load(s);
	if (!arrow) {
		ok(false, "%s: no => in '%s'", where, line);
		return;
	}
	*arrow = '\0';
	if (streq(line, "error")) {
		/* the directory is not part of the message's text here */
		for (char *at; (at = strstr(s->err.msg, dir));)
			memmove(at, at + strlen(dir) + 1, strlen(at + strlen(dir) + 1) + 1);
		ok(!s->loaded && streq(s->err.msg, arrow + 4), "%s: error => %s (got %s)", where,
		   arrow + 4, s->loaded ? "no error" : s->err.msg);
	} else if (!s->loaded) {
		ok(false, "%s: %s: not loaded: %s", where, s->title, s->err.msg);
	} else {
		run_decide(s, where, line, arrow + 4);
	}
}

/* A line outside of a block of YAML. Returns the name of the file that a block begins, or NULL. */
static const char *directive(struct section *s, const char *where, char *line)
{
	static char name[256];

	if (str_starts(line, "== ")) {
		section_end(s);
		(void)snprintf(s->title, sizeof(s->title), "%.150s", line + 3);
	} else if (streq(line, "policy:") || streq(line, "project:") || str_starts(line, "file ")) {
		const char *base = line[0] == 'f'	    ? line + 5
				   : streq(line, "policy:") ? "policy.yaml:"
							    : "project.yaml:";

		s->has_policy |= streq(line, "policy:");
		s->has_project |= streq(line, "project:");
		(void)snprintf(name, sizeof(name), "%.*s", (int)strlen(base) - 1, base);
		write_file(name, "w", "");
		return name;
	} else if (streq(line, "builtin")) {
		s->builtin = true;
	} else if (str_starts(line, "home ")) {
		(void)snprintf(s->home, sizeof(s->home), "%.1000s", line + 5);
	} else if (str_starts(line, "workspace ")) {
		(void)snprintf(s->workspace, sizeof(s->workspace), "%.1000s", line + 10);
	} else if (line[0] && line[0] != '#') {
		run_case(s, where, line);
	}
	return NULL;
}

static void run_file(const char *path)
{
	struct section s = {0};
	const char *block = NULL;
	char line[8192], where[PATH_MAX];
	unsigned n = 0;
	FILE *f = fopen(path, "re");

	if (!f) {
		ok(false, "%s: cannot open", path);
		return;
	}
	section_end(&s);
	while (fgets(line, sizeof(line), f)) {
		n++;
		(void)snprintf(where, sizeof(where), "%s:%u", path, n);
		if (block && !str_starts(line, "--\n")) {
			write_file(block, "a", line);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		block = block ? NULL : directive(&s, where, line);
	}
	section_end(&s);
	(void)fclose(f);
}

static int is_case_file(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 2 && streq(e->d_name + len - 2, ".t");
}

int main(int argc, char **argv)
{
	struct dirent **list;
	char path[PATH_MAX], cmd[64];
	int n;

	if (!mkdtemp(dir))
		return 1;
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1) {
		n = scandir(DATA_DIR, &list, is_case_file, alphasort);
		if (n < 0)
			skip_all("no %s here; run from the top of the tree", DATA_DIR);
		for (int i = 0; i < n; i++) {
			(void)snprintf(path, sizeof(path), DATA_DIR "/%s", list[i]->d_name);
			run_file(path);
			free(list[i]);
		}
		free(list);
	}
	ok(n_cached == n_loaded, "%u of %u policies went through the cache", n_cached, n_loaded);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0 ? 1 : tap_done();
}
