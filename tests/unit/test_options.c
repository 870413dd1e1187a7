/* The command line: what is taken, what is refused, and that a refusal names the word. */
#include "launcher/options.h"
#include "tests/unit/tap.h"

#define ARGS(...) ((char *[]){ (char *)"crust-run", __VA_ARGS__, NULL })

static int parse(char **argv, struct options *o, struct err *e)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	*e = (struct err){ 0 };
	memset(o, 0xa5, sizeof(*o));
	return options_parse(argc, argv, o, e);
}

static void good(const char *text, char **argv, const char *command, const char *arg)
{
	struct options o;
	struct err e;
	int rc = parse(argv, &o, &e);

	ok(rc == 0, "%s: accepted %s", text, e.msg);
	if (rc < 0)
		return;
	ok(o.command[0] && streq(o.command[0], command), "%s: command is %s", text, command);
	ok(arg ? o.command[1] && streq(o.command[1], arg) : !o.command[1], "%s: argument is %s", text,
	   arg ? arg : "none");
}

static void test_command(void)
{
	good("bare", ARGS("true"), "true", NULL);
	good("after --", ARGS("--", "true"), "true", NULL);
	good("command's own --", ARGS("true", "--"), "true", "--");
	good("command's own options", ARGS("ls", "--help"), "ls", "--help");
	good("options, then command", ARGS("-q", "--workspace", "/w", "ls", "-q"), "ls", "-q");
	good("only the first -- is ours", ARGS("-q", "--", "--", "x"), "--", "x");
	good("a command with a dash needs --", ARGS("--", "-odd"), "-odd", NULL);
	good("a lone dash is a word", ARGS("-", "x"), "-", "x");
	good("empty command", ARGS(""), "", NULL);
}

static void test_values(void)
{
	struct options o;
	struct err e;
	int rc = parse(ARGS("--policy", "a", "--policy=b", "--workspace=/w", "--events", "e", "--events-all",
			    "--best-effort", "--no-project", "--env", "A", "--env=B", "--quiet",
			    "--profile=observe", "--ask", "deny", "cmd"), &o, &e);

	ok(rc == 0, "all options at once");
	ok(o.n_policies == 2 && streq(o.policies[0], "a") && streq(o.policies[1], "b"), "policies in order");
	ok(streq(o.workspace, "/w") && streq(o.events, "e"), "workspace, events");
	ok(o.events_all && o.best_effort && o.no_project && o.quiet && o.observe, "flags");
	ok(o.n_keep_env == 2 && streq(o.keep_env[1], "B"), "variables to keep");
	ok(o.action == OPTIONS_RUN, "runs");

	rc = parse(ARGS("--profile", "observe", "--profile", "default", "--policy=", "x"), &o, &e);
	ok(rc == 0 && !o.observe, "the last profile counts");
	ok(rc == 0 && o.n_policies == 1 && !*o.policies[0], "an empty value after = is a value");
	rc = parse(ARGS("x"), &o, &e);
	ok(rc == 0 && !o.observe && !o.quiet && !o.n_policies && !o.workspace && !o.events, "defaults");
	ok(parse(ARGS("--help"), &o, &e) == 0 && o.action == OPTIONS_HELP, "--help needs no command");
	ok(parse(ARGS("-h", "x"), &o, &e) == 0 && o.action == OPTIONS_HELP, "-h");
	ok(parse(ARGS("--version"), &o, &e) == 0 && o.action == OPTIONS_VERSION, "--version");
}

static void bad(char **argv, const char *message)
{
	struct options o, before;
	struct err e;
	int rc = parse(argv, &o, &e);

	memset(&before, 0xa5, sizeof(before));
	ok(rc == -EINVAL && e.code == EINVAL && strstr(e.msg, message), "refused: %s", message);
	if (!strstr(e.msg, message))
		note("it said: %s", e.msg);
	ok(memcmp(&o, &before, sizeof(o)) == 0, "untouched: %s", message);
}

static void test_refusals(void)
{
	char *many[2 * (OPTIONS_LIST_MAX + 1) + 3] = { (char *)"crust-run" };

	bad((char *[]){ (char *)"crust-run", NULL }, "no command");
	bad(ARGS("--"), "no command");
	bad(ARGS("-q"), "no command");
	bad(ARGS("--nonsense", "x"), "unknown option '--nonsense'");
	bad(ARGS("--polic", "x"), "unknown option '--polic'");
	bad(ARGS("--policyx=1", "x"), "unknown option '--policyx=1'");
	bad(ARGS("-qq", "x"), "unknown option '-qq'");
	bad(ARGS("-z", "x"), "unknown option '-z'");
	bad(ARGS("---", "x"), "unknown option '---'");
	bad(ARGS("--=", "x"), "unknown option '--='");
	bad(ARGS("--policy"), "--policy needs a value: FILE");
	bad(ARGS("--policy", "--", "x"), "--policy needs a value");
	bad(ARGS("--quiet=1", "x"), "--quiet takes no value");
	bad(ARGS("--profile", "strict", "x"), "unknown profile 'strict'");
	bad(ARGS("--report", "r", "x"), "--report: not supported yet");
	bad(ARGS("--ask", "tty", "x"), "--ask 'tty': not supported yet");
	bad(ARGS("--env", "A=1", "x"), "--env 'A=1'");
	bad(ARGS("--env", "", "x"), "--env ''");
	bad(ARGS("--events-all", "x"), "--events-all needs --events");
	bad(ARGS("--workspace", "", "x"), "--workspace: the name is empty");
	bad(ARGS("--events=", "x"), "--events: the name is empty");
	for (int i = 0; i <= OPTIONS_LIST_MAX; i++) {
		many[1 + 2 * i] = (char *)"--policy";
		many[2 + 2 * i] = (char *)"p";
	}
	bad(many, "--policy: at most 64");
}

int main(void)
{
	test_command();
	test_values();
	test_refusals();
	return tap_done();
}
