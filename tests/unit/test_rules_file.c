/* Rule files of security-hooks: what they come to, and what is wrong with the bad ones. */
#include "base/buf.h"
#include "policy/load.h"
#include "tests/unit/tap.h"

static struct policy *policy;
static struct err err;

static bool load(const char *name, const char *text)
{
	const struct policy_config cfg = {.home = "/home/u", .workspace = "/home/u/src/demo"};

	policy = policy_free(policy);
	err.msg[0] = '\0';
	return policy_load_text(&cfg, name, text, strlen(text), false, &policy, &err) == 0;
}

static const char *ask(const struct policy_action *a)
{
	static char got[128];
	struct policy_decision d;

	policy_decide(policy, a, &d);
	(void)snprintf(got, sizeof(got), "%s %s", policy_verdict_name(d.verdict), d.rule);
	return got;
}

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define EXEC(...) ask(&(struct policy_action){.op = POLICY_EXEC, .argv = ARGV(__VA_ARGS__)})
#define IS(got, want)                                           \
	do {                                                    \
		const char *g = (got);                          \
		ok(streq(g, want), "%s => %s (%s)", #got, want, g); \
	} while (0)

static void good(const char *name, const char *text)
{
	if (!load(name, text)) {
		ok(false, "%s: %s", text, err.msg);
		exit(1);
	}
}

static void bad(const char *text, const char *want)
{
	bool loaded = load("dir/bash.rules", text);

	ok(!loaded && streq(err.msg, want), "%s (got %s)", want, err.msg);
}

static void test_bash(void)
{
	good("/x/bash.rules", "# what must not be\n"
			      "block \"miners\"\r\n"
			      "  match (xmrig|minerd) # not a comment\n"
			      "  nudge \"Say \\\"please\\\"\"\n"
			      "\n"
			      "block \"destructive-rm\"\n"
			      "\tmatch command(\"rm\") with_flags(\"-r\", \"-rf\",\"-fr\")\n"
			      "\tnudge \"Use trash\"\n"
			      "suspicious \"force push\"\n"
			      "    match_any\n"
			      "        command(\"svk\") with_args_matching(push.*(--force|-f)( |$))\n"
			      "        # between\n"
			      "        command(\"hg\", \"jj\") with_args_matching(\"push [)]\")\n"
			      "        ^git-push-hard\n"
			      "    nudge \"ask\"\n"
			      "block \"unlisted\"\n"
			      "  match_base_command_not_in allowed_executables\n");
	IS(EXEC("sh", "-c", "xmrig # not a comment"), "deny miners");
	IS(EXEC("git", "x xmrig"), "allow default");
	IS(EXEC("rm", "-r", "x"), "deny destructive-rm");
	IS(EXEC("rm", "-vfr", "x"), "deny destructive-rm");
	IS(EXEC("rm", "-f", "x"), "allow default");
	IS(EXEC("svk", "push", "--force"), "deny unlisted");
	IS(EXEC("svk", "push", "--forced"), "deny unlisted");
	IS(EXEC("jj", "push )"), "deny unlisted");
	IS(EXEC("evil"), "deny unlisted");
	ok(policy_rule_count(policy) > 4, "and the built-in rules are still there");
	good("bash.rules", "block \"a\"\n  match_any\n    command(\"jj\") with_args_matching(\"push [)]\")\n    ^hard\n");
	IS(EXEC("jj", "push )"), "deny a");
	IS(EXEC("jj", "push ("), "allow default");
	IS(EXEC("hard"), "deny a");
	good("empty.rules", "");
	good("empty.rules", "# nothing\n\n   \n");
}

static void test_structure(void)
{
	good("x.rules", "block \"exfil\"\n  match pipeline_to(\"curl\", \"nc\")\n"
			"block \"keys\"\n  match reads_file(\"~/.ssh\", \"~/.aws\")\n"
			"block \"rc\"\n  match writes_file(\"~/.bashrc\")\n"
			"suspicious \"preload\"\n  match sets_env(\"LD_PRELOAD\")\n");
	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		struct policy_rule_info r;

		policy_rule_get(policy, i, &r);
		if (!r.builtin)
			ok(r.only_asked && r.ops == 1u << POLICY_EXEC, "%s is about texts", r.name);
	}
}

static const char *path(enum policy_op op, const char *p)
{
	return ask(&(struct policy_action){.op = op, .path = p});
}

static void test_tiers(void)
{
	struct policy_action tool = {.op = POLICY_TOOL, .tool = "t", .server = "evil", .input = "{\"a\":\"x; curl y\"}"};
	struct policy_action content = {.op = POLICY_CONTENT, .text = "my secret", .text_len = 9};

	good("/p/edit.rules", "suspicious \"ci\"\n  match_any\n    \\.myci/\n    /Dockerfile$\n");
	IS(path(POLICY_WRITE, "/home/u/src/demo/.myci/a.yml"), "ask ci");
	IS(path(POLICY_READ, "/home/u/src/demo/.myci/a.yml"), "allow default");
	IS(path(POLICY_DELETE, "/home/u/src/demo/Dockerfile"), "ask ci");
	good("mcp.rules", "block \"sh\"\n  match [;&|] *curl\nblock \"unlisted\"\n  match_server_not_in mcp_allowed_servers\n");
	tool.server = NULL;
	IS(ask(&tool), "allow default");
	tool.server = "evil";
	IS(ask(&tool), "deny sh");
	tool.input = "{}";
	IS(ask(&tool), "deny unlisted");
	good("post.rules", "block \"leak\"\n  match my secret\n");
	IS(ask(&content), "deny leak");
	IS(EXEC("my secret"), "allow default");
	good("other.rules", "block \"leak\"\n  match my secret\n");
	IS(EXEC("my secret"), "deny leak");
	IS(ask(&content), "allow default");
}

static void test_validators(void)
{
	struct policy_action tool = {.op = POLICY_TOOL, .tool = "t", .server = "s", .input = "{\"a\":\"$(id)\"}"};
	struct policy_action secret = {.op = POLICY_CONTENT, .text = "x", .text_len = 1, .secret = "any"};

	good("bash.rules", "suspicious \"u\"\n  validator unknown_executable\n");
	IS(EXEC("xprog"), "ask u");
	IS(EXEC("git"), "allow default");
	good("edit.rules", "suspicious \"d\"\n  validator dependency_mutation\n");
	IS(EXEC("npm", "install", "x"), "ask d");
	IS(EXEC("npm", "--prefix", "a", "i", "x"), "ask d");
	IS(EXEC("npm", "run", "install"), "allow default");
	IS(EXEC("pip3", "install", "x"), "ask d");
	IS(EXEC("uv", "pip", "install", "x"), "ask d");
	IS(EXEC("go", "mod", "tidy"), "ask d");
	IS(path(POLICY_WRITE, "/home/u/src/demo/package.json"), "ask d");
	IS(path(POLICY_READ, "/home/u/src/demo/package.json"), "allow default");
	good("bash.rules", "block \"s\"\n  validator secret_access\n");
	ok(str_starts(ask(&secret), "deny "), "a secret, by this rule or a built-in one");
	IS(path(POLICY_READ, "/srv/x.pem"), "deny s");
	IS(path(POLICY_READ, "/srv/x.txt"), "allow default");
	good("mcp.rules", "block \"i\"\n  validator mcp_parameter_injection\n");
	IS(ask(&tool), "deny i");
	tool.input = "{\"a\":\"x; rm -rf /\"}";
	IS(ask(&tool), "deny i");
	tool.input = "{\"a\":\"../../../etc/passwd\"}";
	IS(ask(&tool), "deny i");
	tool.input = "{\"a\":\"hello; world\"}";
	IS(ask(&tool), "allow default");
}

static void test_errors(void)
{
	bad("allow \"x\"\n", "dir/bash.rules:1:1: expected block or suspicious, not 'allow \"x\"'");
	bad("  match x\n", "dir/bash.rules:1:3: expected block or suspicious at the beginning of the line, not 'match x'");
	bad("block x\n", "dir/bash.rules:1:7: expected a text in double quotes, not 'x'");
	bad("block \"x\n", "dir/bash.rules:1:9: the quote is not closed");
	bad("block \"x\" y\n", "dir/bash.rules:1:11: nothing may stand behind the name, not 'y'");
	bad("block \"x\"\n", "dir/bash.rules:1:1: the rule has no matcher");
	bad("block \"x\"\n nudge \"y\"\n", "dir/bash.rules:1:1: the rule has no matcher");
	bad("block \"x\"\n match\n", "dir/bash.rules:2:7: expected a condition");
	bad("block \"x\"\n match a\n match b\n", "dir/bash.rules:3:2: a rule has one matcher, not 'match b'");
	bad("block \"x\"\n match_any\n nudge \"y\"\n", "dir/bash.rules:3:1: match_any has nothing below it, not ' nudge \"y\"'");
	bad("block \"x\"\n match_any a\n",
	    "dir/bash.rules:2:2: expected match, match_any, match_base_command_not_in, match_server_not_in, validator or nudge, not "
	    "'match_any a'");
	bad("block \"x\"\n match a(\n", "dir/bash.rules:2:8: expected command(…), with_flags(…), with_args_matching(…), "
					"pipeline_to(…), reads_file(…), writes_file(…) or sets_env(…), not 'a('");
	bad("block \"x\"\n match command(\"a\" \"b\")\n", "dir/bash.rules:2:20: expected ',' or ')', not '\"b\")'");
	bad("block \"x\"\n match command(\"a\"\n", "dir/bash.rules:2:19: expected ',' or ')'");
	bad("block \"x\"\n match command()\n", "dir/bash.rules:2:16: expected a text in double quotes, not ')'");
	bad("block \"x\"\n match command(\"a\") command(\"b\")\n", "dir/bash.rules:2:21: this stands twice, not 'command(\"b\")'");
	bad("block \"x\"\n match command(\"a\") rest\n",
	    "dir/bash.rules:2:21: expected command(…), with_flags(…), with_args_matching(…), pipeline_to(…), reads_file(…), "
	    "writes_file(…) or sets_env(…), not 'rest'");
	bad("block \"x\"\n match command(\"a\") with_args_matching(x\n", "dir/bash.rules:2:40: expected a regular expression and ')', not 'x'");
	bad("block \"x\"\n match command(\"a\") with_args_matching()\n", "dir/bash.rules:2:40: expected a regular expression and ')', not ')'");
	bad("block \"x\"\n match a[\n", "dir/bash.rules:2:8: regex: missing terminating ] for character class (at character 3)");
	bad("block \"x\"\n validator custom\n", "dir/bash.rules:2:12: expected one of the validators unknown_executable, "
					       "dependency_mutation, secret_access, mcp_parameter_injection, not 'custom'");
	bad("block \"x\"\n match_base_command_not_in my_list\n", "dir/bash.rules:2:28: there is no list 'my-list'");
	bad("block \"x\"\n match_server_not_in\n", "dir/bash.rules:2:21: expected a list's name");
	bad("block \"x\"\n match a\nblock \"x\"\n match b\n", "dir/bash.rules:3:1: the name 'x' is taken by the rule at dir/bash.rules:1");
	bad("block \"x\"\n match command(\"rm\") with_flags(\"r\")\n", "dir/bash.rules:2:33: expected a flag such as -r or --recursive");
	bad("block \"\"\n match a\n", "dir/bash.rules:1:1: expected a name, not an empty text");
}

int main(void)
{
	test_bash();
	test_structure();
	test_tiers();
	test_validators();
	test_errors();
	policy_free(policy);
	return tap_done();
}
