/* Conditions about what a text means, tool calls and content, asked with analyses made by hand: what the parser finds
 * is another test's business. */
#include "base/buf.h"
#include "policy/load.h"
#include "shell/shell.h"
#include "tests/unit/tap.h"

#define U "\x1a" /* SHELL_UNKNOWN */

static struct policy *policy;
static const char *rules_text;

static bool load(const char *text)
{
	struct policy_config cfg = {.home = "/home/u", .workspace = "/home/u/src/demo", .no_builtin = true, .no_examples = true};
	struct err err;

	policy = policy_free(policy);
	rules_text = text;
	if (policy_load_text(&cfg, "t.yaml", text, strlen(text), false, &policy, &err) == 0)
		return true;
	ok(false, "%s: %s", text, err.msg);
	return false;
}

/* --- an analysis ---------------------------------------------------------------------------------- */

static struct shell_command commands[SHELL_COMMANDS_MAX];
static struct shell_effect effects[SHELL_EFFECTS_MAX];
static struct shell_analysis a;
static const char *words[64][32];
static char word_text[64][1024];

static void start(void)
{
	a = (struct shell_analysis){.commands = commands, .effects = effects};
}

/* A command of its own pipeline; words are split at '|' ("rm|-rf|/"). */
static struct shell_command *cmd(const char *text)
{
	struct shell_command *c = &commands[a.n_commands];
	size_t i = a.n_commands++ % 64, n = 0;
	char *s = word_text[i];

	(void)snprintf(s, sizeof(word_text[i]), "%s", text);
	for (char *w = strsep(&s, "|"); w && *text; w = strsep(&s, "|"))
		words[i][n++] = w;
	words[i][n] = NULL;
	*c = (struct shell_command){
		.argv = words[i], .argc = n, .parent = -1, .cwd = "/home/u/src/demo", .pipeline = (unsigned)a.n_commands};
	return c;
}

static struct shell_effect *effect(enum shell_effect_kind kind, const char *text)
{
	struct shell_effect *e = &effects[a.n_effects++];

	*e = (struct shell_effect){.kind = kind, .text = text, .command = (unsigned)a.n_commands - 1};
	e->unknown = strchr(text, SHELL_UNKNOWN) != NULL;
	return e;
}

static void stage(unsigned pipeline, unsigned n)
{
	commands[a.n_commands - 1].pipeline = 1000 + pipeline;
	commands[a.n_commands - 1].stage = n;
}

static const char *ask(const struct policy_action *act)
{
	struct policy_decision d;

	policy_decide(policy, act, &d);
	return d.rule;
}

/* Which rule decides command @i? */
static const char *at(unsigned i)
{
	return ask(&(struct policy_action){.op = POLICY_EXEC, .argv = commands[i].argv, .shell = &a, .command = i});
}

static const char *whole(const char *text)
{
	const char *argv[] = {"sh", "-c", text, NULL};

	return ask(&(struct policy_action){
		.op = POLICY_EXEC, .argv = argv, .shell = &a, .command = POLICY_WHOLE_TEXT, .text = text, .text_len = strlen(text)});
}

static bool is(const char *got, const char *want, const char *what)
{
	return ok(streq(got, want), "%s: %s => %s (got %s)", rules_text, what, want, got);
}

/* One command, by its words. */
static void one(const char *text, const char *want)
{
	start();
	(void)cmd(text);
	is(at(0), want, text);
}

/* One command that does one thing. */
static void does(enum shell_effect_kind kind, const char *object, const char *want)
{
	start();
	(void)cmd("prog|x");
	(void)effect(kind, object);
	is(at(0), want, object);
}

/* --- words ---------------------------------------------------------------------------------------- */

#define RULE(conds) "rules: [{name: r, match: {" conds "}}]"
#define ALLOW(conds) "{default: {exec: deny}, rules: [{name: r, effect: allow, match: {" conds "}}]}"

static void test_program(void)
{
	if (load(RULE("program: [rm, 're:^mkfs']"))) {
		one("rm|x", "r");
		one("/usr/bin/rm|x", "r");
		one("mkfs.ext4|/dev/sda", "r");
		one("/sbin/mkfs", "r");
		one("xmkfs", "default");
		one("echo|rm", "default");
		one("busybox|rm|x", "r");
		one("", "default");
		one(U, "default");
	}
	if (load(RULE("program: '/usr/bin/*'"))) {
		one("/usr/bin/x", "r");
		one("x", "default");
	}
	if (load(RULE("program: [rm], flags: [-r, -f]"))) {
		one("rm|-rf|x", "r");
		one("rm|--force|-R|x", "r");
		one("rm|-r|x", "default");
		one("rm|-r|--|-f", "default");
	}
	if (load(RULE("program: sh"))) {
		start();
		(void)cmd("ls");
		is(whole("ls"), "default", "the shell in front of a text is nobody's");
		a.unparsable = true;
		is(whole("ls"), "r", "... but where the text cannot be read");
		one("sh|-c|ls", "r");
	}
	if (load(RULE("program: ls"))) {
		one("sh|-c|ls -l", "default"); /* `ls` is a command of its own then */
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .path = "/bin/sh", .argv = (const char *const[]){"sh", "-c", "ls -l", NULL}}),
		   "r", "a system call's argv is all there is");
	}
}

static void test_subcommand(void)
{
	if (load(RULE("program: git, subcommand: [push, 'stash drop']"))) {
		one("git|push", "r");
		one("git|push|--force", "r");
		one("git|--no-pager|push", "r");
		one("git|-C|/x|push", "r");
		one("git|-c|a.b=c|-C|/x|push", "r");
		one("git|--git-dir=/x|push", "r");
		one("git|stash|drop", "r");
		one("git|stash|-q|drop", "r");
		one("git|stash", "default");
		one("git|stash|list|drop", "default");
		one("git|commit|-m|push", "default");
		one("git|log|push", "default");
		one("git", "default");
		one("git|-C|push", "r"); /* cannot be told from a flag without a value */
		one("git|--|push", "r");
		one("git|pushx", "default");
	}
	if (load(RULE("program: aws, subcommand: 's3 {rm,rb}'"))) {
		one("aws|s3|rm|s3://b", "r");
		one("aws|--profile|p|s3|rb|s3://b", "r");
		one("aws|s3|--region|eu|rm", "r");
		one("aws|s3|ls|rm", "default");
	}
	if (load(RULE("program: aws, subcommand: ['* delete-*', 'a b c']"))) {
		one("aws|ec2|delete-x", "r");
		one("aws|--region|x|ec2|delete-x", "r"); /* x is a value, or the service: both are tried */
		one("aws|--a|x|--b|y|ec2|--c|z|delete-x", "r");
		one("aws|ec2|describe|delete-x", "default");
		one("aws|a|--x|b|b|c", "r");
		one("aws|a|b", "default");
	}
	if (load(ALLOW("program: git, subcommand: status"))) {
		one("git|status|-s", "r");
		one("git|-s|status", "r");
		one("git|-c|x|status", "default"); /* what allows is not guessed */
		one("git|" U "|status", "default");
		one("git|push|status", "default");
	}
}

static void test_args(void)
{
	if (load(RULE("program: git, args: 're:push.* --force(-with-lease)?( |$)'"))) {
		one("git|push|--force", "r");
		one("git|push|origin|--force-with-lease", "r");
		one("git|push|--forceful", "default");
		one("push|--force", "default");
	}
	if (load(RULE("args: 'DROP table'"))) {
		one("psql|-c|drop TABLE x", "r");
		one("psql|-c|drop|table", "r");
		one("drop table", "default"); /* not an argument */
	}
	if (load(RULE("with_args_matching: 're:^a b$'")))
		one("x|a|b", "r");
	if (load(RULE("argv: ['/', '-r*']"))) {
		one("rm|-rf|/", "r");
		one("rm|/", "default");
	}
	if (load(ALLOW("program: rm, argv: 'build*'"))) {
		one("rm|build1", "r");
		one("rm|build" U, "default");
	}
	if (load(ALLOW("program: rm, args: 're:^build'"))) {
		one("rm|build1", "r");
		one("rm|build1|" U, "default");
	}
}

static void test_command(void)
{
	if (load(RULE("command: 're:curl[^|]*[|] *sh'"))) {
		start();
		(void)cmd("curl|x");
		is(whole("curl x | sh"), "r", "whole text");
		is(whole("curl x"), "default", "whole text");
	}
	if (load(RULE("program: curl, command: '| SH'"))) {
		const char *text = "curl x | sh";

		start();
		(void)cmd("curl|x");
		is(whole(text), "default", "no program in the text as such");
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .argv = commands[0].argv, .shell = &a, .text = text, .text_len = strlen(text)}),
		   "r", "the text around a command");
		is(at(0), "default", "... if it is known");
	}
	if (load(ALLOW("command: 're:^npm test'"))) {
		const char *text = "npm test; rm -rf x";

		start();
		(void)cmd("npm|test");
		(void)cmd("rm|-rf|x");
		is(at(0), "r", "npm test");
		is(ask(&(struct policy_action){
			   .op = POLICY_EXEC, .argv = commands[1].argv, .shell = &a, .command = 1, .text = text, .text_len = strlen(text)}),
		   "default", "what stands beside an allowed command is not allowed by it");
		start();
		(void)cmd("");
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .shell = &a, .text = text, .text_len = strlen(text)}), "default",
		   "nor is a redirection alone");
	}
	if (load(RULE("command: 'a'"))) {
		const char text[] = "x\0A";

		start();
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .shell = &a, .command = POLICY_WHOLE_TEXT, .text = text, .text_len = 3}), "r",
		   "behind a NUL");
	}
}

static void test_not_in(void)
{
	if (load("{lists: {allowed-executables: [git, 'python3*']}, rules: [{name: r, match: {program_not_in: allowed-executables}}]}")) {
		one("git|x", "default");
		one("/opt/x/git", "default");
		one("python3.11", "default");
		one("evil", "r");
		one("git" U, "r");
		one(U, "r");
		one("", "default");
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .path = "/tmp/evil", .argv = (const char *const[]){"git", NULL}}), "r",
		   "execve with another's name");
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .path = "/usr/bin/git", .argv = (const char *const[]){"g", NULL}}),
		   "default", "execve of what is listed");
	}
	if (load("{default: {exec: deny}, rules: [{name: r, effect: allow, match: {program_not_in: [rm, 'list:x']}}], lists: {x: [dd]}}")) {
		one("ls", "r");
		one("rm", "default");
		one("dd", "default");
		one(U, "default");
	}
	if (load("{lists: {mcp-servers: [git]}, rules: [{name: r, match: {match_server_not_in: mcp-servers}}]}")) {
		is(ask(&(struct policy_action){.op = POLICY_TOOL, .tool = "x", .server = "evil", .input = "{}"}), "r", "evil");
		is(ask(&(struct policy_action){.op = POLICY_TOOL, .tool = "x", .server = "GIT", .input = "{}"}), "default", "GIT");
		is(ask(&(struct policy_action){.op = POLICY_TOOL, .tool = "x", .input = "{}"}), "default", "no server");
	}
}

/* --- pipelines ------------------------------------------------------------------------------------ */

static void pipe_of(const char *const *stages)
{
	start();
	for (unsigned i = 0; stages[i]; i++) {
		(void)cmd(stages[i]);
		stage(0, i);
	}
}

static void test_pipeline(void)
{
	static const char *const three[] = {"cat|x", "base64", "curl|-d@-", NULL}, *const other[] = {"curl|x", "cat", NULL};

	if (load(RULE("program: cat, pipeline_to: [curl, nc]"))) {
		pipe_of(three);
		is(at(0), "r", "cat | base64 | curl: cat");
		is(at(1), "default", "base64");
		pipe_of(other);
		is(at(1), "default", "curl | cat");
		start();
		(void)cmd("cat|x");
		(void)cmd("curl|x");
		is(at(0), "default", "cat; curl");
		start();
		(void)cmd("sudo|cat|x");
		stage(0, 0);
		cmd("cat|x")->parent = 0;
		(void)cmd("curl|x");
		stage(0, 1);
		is(at(1), "r", "sudo cat | curl");
		start();
		(void)cmd("cat|x");
		stage(0, 0);
		(void)cmd("sudo|curl");
		stage(0, 1);
		cmd("curl")->parent = 1;
		is(at(0), "r", "cat | sudo curl");
		start();
		(void)cmd("cat|x");
		stage(0, 0);
		(void)cmd("sh|-c|env curl");
		stage(0, 1);
		cmd("env|curl")->parent = 1;
		cmd("/usr/bin/curl")->parent = 2;
		is(at(0), "r", "cat | sh -c 'env curl'");
	}
	if (load(RULE("program: [sh, bash], pipeline_from: 're:^(curl|wget)$'"))) {
		static const char *const text[] = {"curl|x", "tee|y", "bash", NULL};

		pipe_of(text);
		is(at(2), "r", "curl | tee | bash");
		is(at(0), "default", "curl");
	}
	if (load(RULE("reads_file: '~/.ssh/**', pipeline_to: curl"))) {
		pipe_of((const char *const[]){"cat|k", "curl", NULL});
		effects[a.n_effects++] = (struct shell_effect){.kind = SHELL_READ, .text = "/home/u/.ssh/id_rsa", .command = 0};
		is(at(0), "r", "cat key | curl");
		is(at(1), "default", "curl itself");
	}
	if (load(RULE("program: curl, reads_file: '~/.ssh/**', pipeline_from: '*'"))) {
		pipe_of((const char *const[]){"cat|k", "gzip", "curl", NULL});
		effects[a.n_effects++] = (struct shell_effect){.kind = SHELL_READ, .text = "/home/u/.ssh/id_rsa", .command = 0};
		is(at(2), "r", "an earlier stage reads it");
		effects[0].command = 2;
		is(at(2), "r", "it reads it itself");
		commands[2].stage = 0;
		is(at(2), "default", "no earlier stage");
	}
	if (load(RULE("reads_file: '~/.ssh/**', pipeline_to: '*', connects: '*.evil.com'"))) {
		pipe_of((const char *const[]){"cat|k", "curl", NULL});
		effects[a.n_effects++] = (struct shell_effect){.kind = SHELL_READ, .text = "/home/u/.ssh/id_rsa", .command = 0};
		effects[a.n_effects++] = (struct shell_effect){.kind = SHELL_CONNECT, .text = "https://x.evil.com/a", .command = 1};
		is(at(0), "r", "a later stage connects");
		effects[1].text = "https://good.com/a";
		is(at(0), "default", "... elsewhere");
	}
}

/* --- effects -------------------------------------------------------------------------------------- */

static void test_files(void)
{
	if (load(RULE("reads_file: ['~/.ssh', '**/.env', '/etc/shadow']"))) {
		does(SHELL_READ, "/home/u/.ssh", "r");
		does(SHELL_READ, "/home/u/.ssh/id_rsa", "r");
		does(SHELL_READ, "/home/u/.ssh_backup", "default");
		does(SHELL_READ, "/home/u/src/demo/.env", "r");
		does(SHELL_WRITE, "/home/u/.ssh/id_rsa", "default");
		does(SHELL_LIST, "/home/u/.ssh", "default");
		does(SHELL_READ, "/home/u/.ssh/" U, "r");
		does(SHELL_READ, "/home/u/.s" U "/id_rsa", "r");
		does(SHELL_READ, "/home/u/" U "/id_rsa", "r"); /* the pattern spells out what is above */
		does(SHELL_READ, "/etc/" U, "r");
		does(SHELL_READ, "/etc/sh" U, "r");
		does(SHELL_READ, "/etc/pass" U, "default");
		does(SHELL_READ, U, "default");
		does(SHELL_READ, U "/x", "default");
		does(SHELL_READ, "/home/u/src/demo/" U, "default"); /* anything: asked about elsewhere */
		does(SHELL_READ, "/home/u/src/demo/.e" U, "r");
		does(SHELL_READ, "/home/u/src/demo/" U "nv", "r");
		does(SHELL_READ, "src/.env", "default");
		start();
		(void)cmd("cat");
		effect(SHELL_READ, "/home/u/.s*/id_rsa")->is_glob = true;
		is(at(0), "r", "a glob");
		effects[0].text = "/etc/[s]hadow";
		is(at(0), "r", "a class");
		effects[0].text = "/etc/sh?dow";
		is(at(0), "r", "a question mark");
		effects[0].text = "/etc/p*";
		is(at(0), "default", "another glob");
		start();
		(void)cmd("tar");
		effect(SHELL_READ, "/home/u")->recursive = true;
		is(at(0), "r", "the tree above");
		effects[0].text = "/home/u/src";
		is(at(0), "default", "another tree");
		effects[0].text = "/";
		is(at(0), "r", "all");
		effects[0].recursive = false;
		is(at(0), "default", "the directory alone");
	}
	if (load(RULE("deletes_file: ['~', /], recursive: true"))) {
		start();
		(void)cmd("rm");
		(void)effect(SHELL_DELETE, "/home/u");
		is(at(0), "default", "rm ~");
		effects[0].recursive = true;
		is(at(0), "r", "rm -r ~");
		effects[0].kind = SHELL_READ;
		is(at(0), "default", "tar ~");
		effects[0].kind = SHELL_DELETE;
		effects[0].recursive = false;
		effect(SHELL_READ, "/home/u")->recursive = true;
		is(at(0), "default", "both must be the same effect");
	}
	if (load(RULE("recursive: true, program: chmod"))) {
		start();
		(void)cmd("chmod");
		effect(SHELL_WRITE, "/x")->recursive = true;
		is(at(0), "r", "recursive alone");
	}
	if (load(RULE("writes_file: 're:\\.bashrc$'"))) {
		does(SHELL_WRITE, "/home/u/.bashrc", "r");
		does(SHELL_READ, "/home/u/.bashrc", "default");
	}
	if (load(RULE("sends_file: '~/**'"))) {
		does(SHELL_READ, "/home/u/x", "default");
		start();
		(void)cmd("scp");
		effect(SHELL_READ, "/home/u/x")->sent = true;
		is(at(0), "r", "sent");
	}
	if (load(ALLOW("reads_file: '~/src/**'"))) {
		does(SHELL_READ, "/home/u/src/x", "r");
		does(SHELL_READ, "/home/u/src/" U, "default");
		start();
		(void)cmd("cat");
		effect(SHELL_READ, "/home/u/src/*")->is_glob = true;
		is(at(0), "default", "a glob allows nothing");
	}
	if (load(RULE("reads_file: '**/a/**/b/**/c/**/d/**/e/**/f/**/g'"))) {
		char text[8192] = "";

		for (size_t i = 0; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, i % 8 ? "/a/b" : "/e/f", 4);
		start();
		(void)cmd("cat");
		effect(SHELL_READ, text)->is_glob = true;
		is(at(0), "r", "too much to try counts as a match");
	}
	if (load(RULE("reads_file: '/x'"))) {
		start();
		(void)cmd("cat");
		for (int i = 0; i < 200; i++)
			(void)effect(SHELL_READ, "/y");
		is(at(0), "default", "many effects");
		(void)effect(SHELL_READ, "/x");
		is(at(0), "r", "... and one more");
		(void)cmd("ls");
		is(at(1), "default", "... of another command");
	}
}

static void test_connects(void)
{
	if (load(RULE("connects: ['*.evil.com', '10.0.0.0/8', '*:25', 'unix:/run/x.sock']"))) {
		does(SHELL_CONNECT, "https://a.evil.com/x", "r");
		does(SHELL_CONNECT, "https://u:p@A.Evil.Com.:444/x", "r");
		does(SHELL_CONNECT, "a.evil.com", "r");
		does(SHELL_CONNECT, "a.evil.com:80", "r");
		does(SHELL_CONNECT, "https://evil.com/", "default");
		does(SHELL_CONNECT, "http://10.1.2.3/", "r");
		does(SHELL_CONNECT, "167838211", "r"); /* 10.1.2.3 */
		does(SHELL_CONNECT, "mail.x:25", "r");
		does(SHELL_CONNECT, "mail.x:26", "default");
		does(SHELL_CONNECT, "unix:/run/x.sock", "r");
		does(SHELL_CONNECT, "unix:@x", "default");
		does(SHELL_CONNECT, "https://" U "/", "default");
		does(SHELL_CONNECT, "::::", "default");
		does(SHELL_READ, "/a.evil.com", "default");
	}
	if (load(RULE("connects: '*'"))) {
		does(SHELL_CONNECT, "https://" U "/", "r");
		does(SHELL_CONNECT, "", "r");
	}
	if (load(ALLOW("connects: '*'")))
		does(SHELL_CONNECT, "https://" U "/", "default");
}

static void test_env(void)
{
	static const struct shell_assign env[] = {{"LD_PRELOAD", "/x"}, {"FOO", "1"}};

	if (load(RULE("sets_env: ['LD_*', 'GIT_SSH*']"))) {
		start();
		cmd("ls")->env = env;
		commands[0].n_env = 2;
		is(at(0), "r", "LD_PRELOAD=… ls");
		commands[0].env = env + 1;
		commands[0].n_env = 1;
		is(at(0), "default", "FOO=1 ls");
		does(SHELL_SETENV, "GIT_SSH_COMMAND=x", "r");
		does(SHELL_SETENV, "ld_audit=x", "r");
		does(SHELL_SETENV, "PATH+=x", "default");
		does(SHELL_SETENV, "X=LD_PRELOAD", "default");
	}
	if (load(RULE("sets_env: ['NODE_OPTIONS=*--require*', 'PATH=.:*']"))) {
		does(SHELL_SETENV, "NODE_OPTIONS=-x --require /y", "r");
		does(SHELL_SETENV, "NODE_OPTIONS=--max-old-space-size=1", "default");
		does(SHELL_SETENV, "PATH=.:/bin", "r");
		does(SHELL_SETENV, "PATH", "default");
		start();
		cmd("ls")->env = &(struct shell_assign){"NODE_OPTIONS", "--require=/y"};
		commands[0].n_env = 1;
		is(at(0), "r", "the value in front of a command");
	}
	if (load("{lists: {secret-variables: ['*_TOKEN']}, rules: [{name: r, match: {sets_env: 'list:secret-variables'}}]}"))
		does(SHELL_SETENV, "A_TOKEN=x", "r");
}

/* --- the text as such ----------------------------------------------------------------------------- */

static void test_text(void)
{
	if (load("rules: [{name: t, match: {in_text: true}, any: [{program: ls}, {program: cp}]}]")) {
		start();
		(void)cmd("ls");
		is(at(0), "t", "part of a text");
		(void)cmd("rm");
		is(at(1), "default", "another one");
	}
	if (load("rules: [{name: u, match: {unparsable: true}}, {name: f, match: {fork_bomb: true}}, "
		 "{name: d, effect: ask, match: {decoded: true}}, {name: c, effect: ask, match: {unknown: code}}]")) {
		start();
		(void)cmd("ls");
		is(whole("ls"), "default", "nothing");
		is(at(0), "default", "nothing");
		a.decoded = true;
		is(whole("ls"), "d", "decoded");
		a.fork_bomb = true;
		is(whole("ls"), "f", "fork bomb");
		a.unparsable = true;
		is(whole("ls"), "u", "unparsable");
		start();
		(void)cmd("curl");
		(void)cmd("sh");
		a.unknown_code = true;
		a.unknown_code_by = 1;
		is(whole("curl|sh"), "c", "unknown code");
		is(at(0), "default", "not this one");
		is(at(1), "c", "this one");
	}
	if (load(RULE("unknown: command"))) {
		one(U, "r");
		one("/bin/" U, "r");
		one(U "/ls", "default");
		one("ls|" U, "default");
		one("", "default");
		is(whole("x"), "default", "no command");
	}
	if (load(RULE("unknown: operand, program: [rm, shred]"))) {
		start();
		(void)cmd("rm|" U);
		is(at(0), "default", "the command as such");
		for (enum policy_op op = 0; op < POLICY_OP_COUNT; op++)
			is(ask(&(struct policy_action){.op = op, .shell = &a, .unknown = true}), "r", policy_op_name(op));
		is(ask(&(struct policy_action){.op = POLICY_DELETE, .shell = &a}), "default", "known");
		is(ask(&(struct policy_action){.op = POLICY_DELETE, .path = "/x"}), "default", "a path");
		(void)cmd("ls|" U);
		is(ask(&(struct policy_action){.op = POLICY_DELETE, .shell = &a, .command = 1, .unknown = true}), "default",
		   "another program");
	}
	if (load("rules: [{name: r, effect: ask, match: {unknown: operand}, actions: [delete]}]")) {
		start();
		(void)cmd("rm");
		is(ask(&(struct policy_action){.op = POLICY_DELETE, .shell = &a, .unknown = true}), "r", "delete");
		is(ask(&(struct policy_action){.op = POLICY_READ, .shell = &a, .unknown = true}), "default", "read");
	}
	if (load("rules: [{name: r, block: '/**', actions: [read, delete]}]")) {
		start();
		(void)cmd("rm");
		is(ask(&(struct policy_action){.op = POLICY_DELETE, .shell = &a, .unknown = true}), "default",
		   "no path, no path rule");
	}
}

/* --- system calls --------------------------------------------------------------------------------- */

static void test_syscalls(void)
{
	static const char *const needing[] = {
		"pipeline_to: curl",  "pipeline_from: curl", "reads_file: /x", "writes_file: /x",  "deletes_file: /x", "sends_file: /x",
		"connects: '*'",      "sets_env: '*'",	     "unknown: code",  "unknown: command", "unparsable: true", "decoded: true",
		"fork_bomb: true",    "recursive: true",     "unknown: operand", "in_text: true",
		"in_text: true, program: rm"};
	static const char *const argv[] = {"rm", "-rf", "/x", NULL};
	const struct policy_action act = {.op = POLICY_EXEC, .path = "/usr/bin/rm", .argv = argv};

	for (size_t i = 0; i < ARRAY_SIZE(needing); i++) {
		char text[256];

		for (int allow = 0; allow < 2; allow++) {
			(void)snprintf(text, sizeof(text), "{default: {exec: %s}, rules: [{name: r, effect: %s, match: {%s}}]}",
				       allow ? "deny" : "allow", allow ? "allow" : "block", needing[i]);
			if (load(text))
				is(ask(&act), "default", "execve");
			if (!allow)
				ok(!policy_op_matters(policy, POLICY_EXEC), "%s is nothing to trap for", needing[i]);
		}
	}
	if (load(RULE("program: rm, subcommand: /x, args: '-rf', argv: '/*', flags: [-r], command: 'rm -rf'"))) {
		is(ask(&act), "r", "execve");
		ok(policy_op_matters(policy, POLICY_EXEC), "and that is");
	}
	if (load("rules: [{name: r, any: [{program: rm}, {unparsable: true}]}]")) {
		is(ask(&act), "r", "a branch that needs no text");
		ok(policy_op_matters(policy, POLICY_EXEC), "is to be trapped for");
	}
}

/* --- tools and content ---------------------------------------------------------------------------- */

static const char *tool(const char *name, const char *server, const char *input)
{
	return ask(&(struct policy_action){.op = POLICY_TOOL, .tool = name, .server = server, .input = input});
}

static const char *content(const char *text, size_t len, const char *path, const char *secret)
{
	return ask(&(struct policy_action){.op = POLICY_CONTENT, .text = text, .text_len = len, .path = path, .secret = secret});
}

static void test_tools(void)
{
	if (load("rules: [{name: b, match: {tool: [Bash, 'mcp__*']}}, {name: s, match: {server: 'ev*'}}, "
		 "{name: i, match: {tools: x, input: 're:rm +-rf'}}]")) {
		is(tool("Bash", NULL, "{}"), "b", "Bash");
		is(tool("bASH", NULL, "{}"), "b", "bASH");
		is(tool("MCP__x__y", NULL, "{}"), "b", "mcp");
		is(tool("Bash2", NULL, "{}"), "default", "Bash2");
		is(tool("q", "Evil", "{}"), "s", "server");
		is(tool("q", NULL, "{}"), "default", "no server");
		is(tool("x", NULL, "{\"c\":\"rm  -rf /\"}"), "i", "input");
		is(tool("x", NULL, NULL), "default", "no input");
		is(ask(&(struct policy_action){.op = POLICY_TOOL}), "default", "no name");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/x", .tool = "Bash"}), "default", "another operation");
	}
	if (load(RULE("tool: Bash, command: rm"))) {
		static const char *const argv[] = {"rm", NULL};
		struct policy_action act = {.op = POLICY_EXEC, .argv = argv};

		is(ask(&act), "default", "a command from elsewhere");
		act.tool = "bash";
		is(ask(&act), "r", "a command of this tool");
		is(tool("Bash", NULL, "rm"), "default", "the call as such");
	}
	if (load("{default: {tool: deny}, rules: [{name: r, allow: true, match: {tool: Read}}]}")) {
		is(tool("Read", NULL, "{}"), "r", "Read");
		is(tool("Write", NULL, "{}"), "default", "Write");
	}
	if (load("rules: [{name: r, block: true, actions: [tool]}]"))
		is(tool("Read", NULL, "{}"), "r", "every tool");
}

static void test_content(void)
{
	const char text[] = "a\0begin Private key", long_text[] = "x BEGIN RSA PRIVATE KEY x";

	if (load("rules: [{name: c, match: {content: 'BEGIN private.key'}}, {name: e, match: {content: 're:RSA'}}]")) {
		is(content("xbegin PRIVATE.key", 18, NULL, NULL), "c", "any case");
		is(content("BEGIN private-key", 17, NULL, NULL), "default", "a dot is a dot");
		is(content(long_text, sizeof(long_text) - 1, NULL, NULL), "e", "regex");
		is(content(long_text, 8, NULL, NULL), "default", "only so many bytes");
		is(content(NULL, 0, NULL, NULL), "default", "none");
		is(tool("x", NULL, "{\"a\":\"RSA\"}"), "e", "a tool's input");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/RSA"}), "default", "a path");
	}
	if (load(RULE("content: 'begin private'")))
		is(content(text, sizeof(text) - 1, NULL, NULL), "r", "behind a NUL");
	if (load("rules: [{name: r, match: {path: '/etc/**', content: x}}]")) {
		is(content("x", 1, "/etc/a", NULL), "r", "to that place");
		is(content("x", 1, "/tmp/a", NULL), "default", "to another");
		is(content("x", 1, NULL, NULL), "default", "nowhere");
		is(ask(&(struct policy_action){.op = POLICY_WRITE, .path = "/etc/a"}), "default", "the write as such");
	}
	if (load("rules: [{name: r, match: {content: x}, actions: [write]}]")) {
		is(content("x", 1, NULL, NULL), "r", "written");
		is(tool("t", NULL, "x"), "default", "no tool");
	}
	if (load("rules: [{name: r, match: {secret: 'aws-*'}}]")) {
		is(content("x", 1, NULL, "aws-access-key"), "r", "a secret");
		is(content("x", 1, NULL, "github"), "default", "another");
		is(content("x", 1, NULL, NULL), "default", "none");
	}
	if (load("{default: {content: ask}, rules: []}")) {
		struct policy_decision d;

		policy_decide(policy, &(struct policy_action){.op = POLICY_CONTENT, .text = "x", .text_len = 1}, &d);
		ok(d.verdict == VERDICT_ASK && streq(d.stage, "default"), "a default for content");
		ok(policy_op_matters(policy, POLICY_CONTENT) && !policy_op_matters(policy, POLICY_TOOL), "which matters");
	}
}

/* --- all, any, lists ------------------------------------------------------------------------------ */

static void test_groups(void)
{
	struct policy_dest d = {.host = "x.evil.com"};

	if (load("rules: [{name: r, all: [{command: curl}, {command: secret}]}]")) {
		one("curl|secret", "r");
		one("curl|x", "default");
	}
	if (load("rules: [{name: r, any: [{program: a}, {path: '/p/**'}, {host: '*.evil.com'}, {tool: t}, {content: zzz}]}]")) {
		one("a", "r");
		one("b", "default");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/p/x"}), "r", "/p/x");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/q/x"}), "default", "/q/x");
		is(ask(&(struct policy_action){.op = POLICY_CONNECT, .dest = &d}), "r", "host");
		is(tool("t", NULL, "{}"), "r", "tool");
		is(content("zzz", 3, NULL, NULL), "r", "content");
		ok(policy_boundary(policy, "/p", "/q", NULL), "a move of what any: names");
		ok(!policy_boundary(policy, "/a", "/q", NULL), "a move of another");
	}
	if (load("rules: [{name: r, all: [{path: '/p/**'}, {path: '**/*.key'}]}]")) {
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/p/a.key"}), "r", "/p/a.key");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/p/a"}), "default", "/p/a");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/a.key"}), "default", "/a.key");
	}
	if (load("rules: [{name: r, any: [{path: 're:secret'}]}]")) {
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/my-secret"}), "r", "regex");
		ok(policy_boundary(policy, "/secret", "/x", NULL), "a move out of its sight");
	}
	if (load("rules: [{name: r, block: '/p/**', match: {program: x}, any: [{argv: a}, {argv: b}]}]")) {
		const char *const argv[] = {"x", "b", NULL};

		is(ask(&(struct policy_action){.op = POLICY_EXEC, .path = "/p/x", .argv = argv}), "r", "all of them");
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .path = "/q/x", .argv = argv}), "default", "but the path");
	}
	if (load("{lists: {none: [], some: [a]}, rules: [{name: r, match: {program: 'list:none'}}, {name: s, block: 'list:none'}, "
		 "{name: t, any: [{program: 'list:none'}, {program: 'list:some'}]}, {name: v, all: [{program: 'list:none'}, {program: a}]}, "
		 "{name: w, effect: allow, match: {host: 'list:none'}}]}")) {
		one("b", "default");
		one("a", "t");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/x"}), "default", "an empty list matches nothing");
		is(ask(&(struct policy_action){.op = POLICY_CONNECT, .dest = &d}), "default", "nor allows");
	}
	if (load("{lists: {l: [a, b], m: ['~/x/**', '/y']}, rules: [{name: r, match: {program: ['list:l', c]}}, {name: p, block: ['list:m', /z]}]}")) {
		one("a", "r");
		one("b", "r");
		one("c", "r");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/home/u/x/1"}), "p", "~/x/1");
		is(ask(&(struct policy_action){.op = POLICY_READ, .path = "/z"}), "p", "/z");
	}
}

/* --- hostile sizes -------------------------------------------------------------------------------- */

static void test_sizes(void)
{
	if (load(RULE("program: cat, pipeline_to: curl"))) {
		start();
		for (unsigned i = 0; i < SHELL_COMMANDS_MAX; i++) {
			(void)cmd(i % 2 ? "tr" : "cat");
			stage(0, i);
		}
		is(at(0), "r", "4,096 stages are more than are looked at");
		is(at(SHELL_COMMANDS_MAX - 200), "default", "... from the last of them few are left");
		(void)snprintf(word_text[(SHELL_COMMANDS_MAX - 1) % 64], 16, "curl");
		is(at(SHELL_COMMANDS_MAX - 200), "r", "... one of which is curl");
	}
	if (load(RULE("reads_file: /x, pipeline_to: curl"))) {
		start();
		(void)cmd("a");
		commands[0].parent = 0; /* its own parent */
		(void)cmd("b");
		commands[1].parent = 99999;
		(void)effect(SHELL_READ, "/x");
		effects[0].command = 77777;
		is(at(0), "default", "a broken analysis breaks nothing");
		is(ask(&(struct policy_action){.op = POLICY_EXEC, .shell = &a, .command = 500}), "default", "no such command");
	}
}

int main(void)
{
	test_program();
	test_subcommand();
	test_args();
	test_command();
	test_not_in();
	test_pipeline();
	test_files();
	test_connects();
	test_env();
	test_text();
	test_syscalls();
	test_tools();
	test_content();
	test_groups();
	test_sizes();
	policy_free(policy);
	return tap_done();
}
