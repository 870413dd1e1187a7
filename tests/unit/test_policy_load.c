/* Loading: files, symbolic links, includes, projects, and the queries about a policy as a whole. */
#include <limits.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "policy/load.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/crust-load-XXXXXX";

static const char *at(const char *name)
{
	static char path[8][PATH_MAX];
	static unsigned i;

	i = (i + 1) % 8;
	(void)snprintf(path[i], PATH_MAX, "%s/%s", dir, name);
	return path[i];
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	if (!f) {
		perror(name);
		exit(1);
	}
	fputs(text, f);
	(void)fclose(f);
}

static struct policy *load(const char *file, const char *project, struct err *err)
{
	const char *files[1] = {file}, *home = at("link");
	struct policy_config cfg = {.home = home,
				    .workspace = at("ws"),
				    .files = files,
				    .n_files = file != NULL,
				    .project = project,
				    .no_builtin = true};
	struct policy *p = NULL;

	err->msg[0] = '\0';
	(void)policy_load(&cfg, &p, err);
	return p;
}

static const char *decide(const struct policy *p, enum policy_op op, const char *path)
{
	struct policy_action a = {.op = op, .path = path};
	struct policy_decision d;

	policy_decide(p, &a, &d);
	return d.rule;
}

static void test_links(void)
{
	struct err err;
	struct policy *p;

	put("a.yaml", "rules:\n- {name: h, block: ~/x}\n- {name: l, block: 'WS/**'}\n");
	put("b.yaml", "rules:\n- {name: h, block: ~/x}\n- {name: l, block: lnk/new/f}\n- {name: g, "
		      "ask: 'lnk/g*'}\n"
		      "- {name: e, block: 't/**', except: 'lnk2'}\n");
	p = load(at("b.yaml"), NULL, &err);
	if (!ok(p != NULL, "loads (%s)", err.msg))
		return;
	ok(streq(decide(p, POLICY_READ, at("link/x")), "h"), "home as given");
	ok(streq(decide(p, POLICY_READ, at("real/x")), "h"), "home as resolved");
	ok(streq(decide(p, POLICY_READ, at("ws/lnk/new/f")), "l"),
	   "a literal pattern through a link");
	ok(streq(decide(p, POLICY_READ, at("ws/target/new/f")), "l"),
	   "... and what it leads to, if not there yet");
	ok(streq(decide(p, POLICY_READ, at("ws/target/good")), "g"),
	   "a literal beginning through a link");
	ok(streq(decide(p, POLICY_READ, at("ws/t/secret")), "e"),
	   "a link does not widen an except");
	ok(streq(policy_files(p)[0], at("b.yaml")) && !policy_files(p)[1], "policy_files");
	policy_free(p);
}

static void test_files(void)
{
	struct err err;
	struct policy *p = load(at("none.yaml"), NULL, &err);

	ok(!p && strstr(err.msg, "none.yaml: cannot open"), "a missing file (%s)", err.msg);
	p = load(dir, NULL, &err);
	ok(!p && strstr(err.msg, "is a directory"), "a directory (%s)", err.msg);
	p = load(NULL, at("ws/none.yaml"), &err);
	ok(p && policy_files(p)[0] && !policy_files(p)[1],
	   "a missing project is no error, and is watched");
	policy_free(p);
	put("loop.yaml", "include: loop.yaml\nrules: [{block: /x}]\n");
	p = load(at("loop.yaml"), NULL, &err);
	ok(p && policy_rule_count(p) == 1, "a file that includes itself counts once (%s)", err.msg);
	policy_free(p);
	for (int i = 0; i < 12; i++) {
		char name[32], text[64];

		(void)snprintf(name, sizeof(name), "d%d.yaml", i);
		(void)snprintf(text, sizeof(text), "include: d%d.yaml\n", i + 1);
		put(name, text);
	}
	p = load(at("d0.yaml"), NULL, &err);
	ok(!p && strstr(err.msg, "d8.yaml:1:10: includes nested deeper than 8"), "depth (%s)",
	   err.msg);
	put("bad.yaml", "include: inner.yaml\n");
	put("inner.yaml", "rules:\n- {block: '/['}\n");
	p = load(at("bad.yaml"), NULL, &err);
	ok(!p && strstr(err.msg, "inner.yaml:2:11: unclosed"),
	   "an error names the included file (%s)", err.msg);
}

static void test_project(void)
{
	struct err err;
	struct policy *p;

	put("ws/p.yaml", "include: [sub.yaml, '../ws/sub.yaml']\n");
	put("ws/sub.yaml", "rules: [{name: s, block: /s}]\n");
	p = load(NULL, at("ws/p.yaml"), &err);
	ok(p && streq(decide(p, POLICY_READ, "/s"), "s"), "a project includes its own (%s)",
	   err.msg);
	policy_free(p);
	put("out.yaml", "rules: []\n");
	put("ws/q.yaml", "include: ../out.yaml\n");
	p = load(NULL, at("ws/q.yaml"), &err);
	ok(!p && strstr(err.msg, "includes must lie in"), "not what lies outside (%s)", err.msg);
	if (symlink("../out.yaml", at("ws/sneaky.yaml")) < 0)
		exit(1);
	put("ws/q.yaml", "include: sneaky.yaml\n");
	p = load(NULL, at("ws/q.yaml"), &err);
	ok(!p && strstr(err.msg, "includes must lie in"), "nor through a link (%s)", err.msg);
	if (mkfifo(at("ws/fifo"), 0600) < 0)
		exit(1);
	p = load(NULL, at("ws/fifo"), &err);
	ok(!p && strstr(err.msg, "regular file"), "a FIFO does not hang (%s)", err.msg);
}

static bool collect(const char *pattern, void *arg)
{
	buf_printf(arg, "%s ", pattern);
	return true;
}

static struct policy *from_text(const char *text)
{
	struct policy_config cfg = {.home = "/h", .workspace = "/h/w", .no_builtin = true};
	struct policy *p = NULL;
	struct err err;

	if (policy_load_text(&cfg, "t.yaml", text, strlen(text), false, &p, &err) < 0)
		note("%s", err.msg);
	return p;
}

static void test_queries(void)
{
	struct policy *p =
		from_text("default: {write: allow, read: workspace, exec: allow}\n"
			  "rules:\n"
			  "- {name: a, block: ['**/x{1,2}', ~/y], message: m}\n"
			  "- {name: b, match: {host: '*.h'}}\n"
			  "- {name: c, allow: /y, lifts: a}\n"
			  "- {name: d, match: {program: p}, effect: ask}\n"
			  "- {name: e, ask: /dir/, actions: write, severity: critical}\n");
	struct policy_rule_info i;
	autobuf b = {0};
	bool only;

	if (!ok(p != NULL, "loads"))
		return;
	ok(policy_each_guard(p, 1u << POLICY_READ, collect, &b) &&
		   streq(buf_str(&b), "**/x1 **/x2 /h/y "),
	   "policy_each_guard: %s", buf_str(&b));
	policy_rule_get(p, 0, &i);
	ok(streq(i.name, "a") && streq(i.patterns[0], "**/x{1,2}") && streq(i.patterns[1], "~/y") &&
		   !i.patterns[2] && streq(i.lifted_by, "c") && i.has_paths && !i.has_dest &&
		   i.effect == EFFECT_BLOCK && streq(i.source, "t.yaml:3") && i.ops == 63,
	   "policy_rule_get: a");
	policy_rule_get(p, 1, &i);
	ok(streq(i.name, "b") && i.has_dest && i.has_host_name && i.ops == 1u << POLICY_CONNECT,
	   "b");
	policy_rule_get(p, 2, &i);
	ok(streq(i.name, "e") && i.severity == SEVERITY_CRITICAL,
	   "asks come behind blocks, the most severe first");
	policy_rule_get(p, 3, &i);
	ok(streq(i.name, "d") && i.has_command && i.ops == 1u << POLICY_EXEC, "d");
	ok(policy_rule_count(p) == 5, "five rules");
	ok(policy_default(p, POLICY_READ, &only) == VERDICT_ALLOW && only,
	   "default of read: workspace");
	ok(policy_default(p, POLICY_DELETE, &only) == VERDICT_ALLOW && !only,
	   "delete follows write");
	for (unsigned op = 0; op < POLICY_OP_COUNT; op++)
		ok(policy_op_matters(p, op), "%s matters", policy_op_name(op));
	policy_free(p);
	p = from_text(
		"default: {write: allow}\nrules: [{allow: /x}, {name: h, match: {host: a}}]\n");
	ok(p && !policy_op_matters(p, POLICY_READ) && !policy_op_matters(p, POLICY_WRITE) &&
		   policy_op_matters(p, POLICY_CONNECT),
	   "what no rule denies does not matter");
	policy_free(p);
}

static void test_env(void)
{
	struct policy *p =
		from_text("env:\n  hide: ['*_KEY', AWS_*, '*TOKEN*']\n  keep: [PUBLIC_KEY]\n"
			  "  agents: {claude: [ANTHROPIC_API_KEY]}\n");

	if (!ok(p != NULL, "env loads"))
		return;
	ok(policy_env_hides(p, "AWS_SECRET", "claude") && policy_env_hides(p, "aws_x", NULL),
	   "hidden");
	ok(!policy_env_hides(p, "PATH", "claude") && !policy_env_hides(p, "PUBLIC_KEY", NULL),
	   "kept");
	ok(!policy_env_hides(p, "ANTHROPIC_API_KEY", "claude"), "an agent keeps its own");
	ok(policy_env_hides(p, "ANTHROPIC_API_KEY", "codex"), "... and only its own");
	policy_free(p);
}

static void test_normalise(void)
{
	static const char *const t[][3] = {
		{"/c", "a", "/c/a"},	 {"/c", "/a//b/", "/a/b"}, {"/c/d", "../x", "/c/x"},
		{"/c", "../../..", "/"}, {"/c", ".", "/c"},	   {"/c", "", "/c"},
		{"/", "a/./b/..", "/a"}, {"/c", "/..", "/"},	   {"/c", "a/...", "/c/a/..."},
	};
	char buf[16];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		int n = policy_normalise(t[i][0], t[i][1], buf, sizeof(buf));

		ok(n == (int)strlen(t[i][2]) && streq(buf, t[i][2]), "%s + %s = %s", t[i][0],
		   t[i][1], t[i][2]);
	}
	ok(policy_normalise("/c", "0123456789abc", buf, sizeof(buf)) == -ENAMETOOLONG,
	   "too long by one");
	ok(policy_normalise("/c", "0123456789ab", buf, sizeof(buf)) == 15, "just fits");
}

/* The same rules in another order decide the same. */
static void test_shuffles(void)
{
	static const char *const rules[] = {
		"- {name: a, block: '**/s'}\n", "- {name: b, ask: '/d/**'}\n",
		"- {name: c, allow: '/d/s', lifts: a}\n", "- {name: d, block: '/d/x/*'}\n",
		"- {name: e, allow: '/w/**', actions: write}\n"};
	static const char *const paths[] = {"/s", "/d/s", "/d/x/y", "/w/q", "/d/q", "/w/s", "/q"};
	char first[64] = "";
	bool same = true;

	for (unsigned k = 0; k < 120; k++) {
		unsigned left[5] = {0, 1, 2, 3, 4}, n = 5, code = k;
		char got[64] = "";
		autobuf b = {0};
		struct policy *p;

		buf_puts(&b, "rules:\n");
		for (; n; n--) {
			unsigned pick = code % n;

			code /= n;
			buf_puts(&b, rules[left[pick]]);
			left[pick] = left[n - 1];
		}
		p = from_text(buf_str(&b));
		for (size_t i = 0; p && i < ARRAY_SIZE(paths) * 2; i++)
			strncat(got, decide(p, i % 2 ? POLICY_WRITE : POLICY_READ, paths[i / 2]),
				1);
		same &= p && (k == 0 || streq(got, first));
		if (k == 0)
			memcpy(first, got, sizeof(first));
		policy_free(p);
	}
	ok(same, "120 orders of five rules decide alike (%s)", first);
}

int main(void)
{
	char cmd[64];

	if (!mkdtemp(dir) || mkdir(at("real"), 0700) < 0 || symlink("real", at("link")) < 0 ||
	    mkdir(at("ws"), 0700) < 0 || mkdir(at("ws/target"), 0700) < 0 ||
	    mkdir(at("ws/t"), 0700) < 0 || symlink("target", at("ws/lnk")) < 0 ||
	    symlink("t/secret", at("ws/lnk2")) < 0)
		return 1;
	put("ws/t/secret", "x");
	test_links();
	test_files();
	test_project();
	test_queries();
	test_env();
	test_normalise();
	test_shuffles();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0 ? 1 : tap_done();
}
