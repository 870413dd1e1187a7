/* The examples of the built-in rules, and what lint says about a policy with all its mistakes. */
#include "base/buf.h"
#include "policy/load.h"
#include "tests/unit/tap.h"

static const struct policy_config place = {.home = "/home/u", .workspace = "/home/u/src/demo", .no_examples = true};

static bool each(const struct policy_example *e, void *arg)
{
	unsigned *n = arg;

	++*n;
	ok(e->passed, "%s %s %s%s%s", e->rule, e->wanted ? "applies to" : "leaves alone", e->text, *e->why ? ": " : "", e->why);
	return true;
}

static void test_builtin(void)
{
	struct policy *p = NULL;
	struct err err = {0};
	unsigned n = 0;

	ok(policy_load(&place, &p, &err) == 0, "the built-in rules load (%s)", err.msg);
	if (p)
		ok(policy_run_examples(p, true, each, &n) == 0 && n > 100, "%u examples", n);
	if (p)
		ok(policy_run_examples(p, false, each, &n) == 0, "none of others");
	policy_free(p);
}

static void collect(const char *source, const char *rule, const char *text, void *arg)
{
	buf_printf(arg, "%s %s: %s\n", source, rule, text);
}

static const struct {
	const char *rule, *warning;
} lints[] = {
	{"{name: a, block: /x}", "has no message"},
	{"{name: a, match: {command: rm}, message: m}", "found inside other words"},
	{"{name: a, match: {command: 're:rm'}, message: m}", "found inside other words"},
	{"{name: a, match: {command: 're:(x+x+)+[yz]'}, message: m}", "is slow: on long texts it gives up, which counts as a match"},
	{"{name: a, effect: allow, match: {command: 're:(x+x+)+[yz]'}}", "which counts as no match"},
	{"{name: a, match: {path: 're:.*secret'}, message: m}", "what it begins with says nothing"},
	{"{name: a, any: [{path: 're:.+secret'}], message: m}", "what it begins with says nothing"},
	{"{name: a, match: {program: 'rm -rf'}, message: m}", "no program's name holds a space"},
	{"{name: a, match: {sets_env: '$PATH'}, message: m}", "without '$'"},
	{"{name: a, match: {secret: 'no-such-*'}, message: m}", "no format is called that"},
	{"{name: a, allow: '~/.ssh/id_rsa'}", "never decides: rule 'protect-ssh-keys' blocks the same, and is locked"},
	{"{name: a, ask: '~/.ssh/id_*', message: m}", "never decides"},
	{"{name: a, allow: '**/.env', actions: [read]}", "lifts: protect-env-files would take it back"},
	{"{name: a, allow: '/**'}", "allows everything below /**"},
	{"{name: a, allow: '~'}", "allows everything below /home/u"},
	{"{name: a, allow: true, match: {host: '*'}}", "allows every destination"},
	{"{name: a, allow: true, match: {program: '*'}}", "allows every program"},
	{"{name: a, allow: true}", "allows everything"},
	/* and what is as it should be */
	{"{name: a, block: /x, message: m}", NULL},
	{"{name: a, match: {command: 're:\\brm\\s+-rf'}, message: m}", NULL},
	{"{name: a, allow: '~/notes/**', actions: [write]}", NULL},
	{"{name: a, allow: '**/.env', actions: [read], lifts: protect-env-files}", NULL},
	{"{name: a, allow: true, match: {program: '*', argv: x}}", NULL},
	{"{name: a, allow: true, match: {host: '*:443'}}", NULL},
	{"{name: a, match: {sets_env: 'PATH=/tmp/*'}, message: m}", NULL},
};

static void test_lint(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(lints); i++) {
		struct policy *p = NULL;
		struct err err = {0};
		autobuf got = {0}, text = {0};
		unsigned n = 0;

		buf_printf(&text, "rules:\n- %s\n", lints[i].rule);
		if (policy_load_text(&place, "t.yaml", buf_str(&text), text.len, false, &p, &err) == 0)
			n = policy_lint(p, false, collect, &got);
		if (lints[i].warning)
			ok(n > 0 && strstr(buf_str(&got), lints[i].warning) && str_starts(buf_str(&got), "t.yaml:2 a: "), "%s: %s (got %s%s)",
			   lints[i].rule, lints[i].warning, buf_str(&got), err.msg);
		else
			ok(n == 0 && p, "%s: nothing to say (got %s%s)", lints[i].rule, buf_str(&got), err.msg);
		policy_free(p);
	}
}

int main(void)
{
	test_builtin();
	test_lint();
	return tap_done();
}
