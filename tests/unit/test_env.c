/* The agent's environment: what is hidden, what stays, and how the preload library joins LD_PRELOAD. */
#include "launcher/env.h"
#include "preload/wire.h"
#include "tests/unit/tap.h"

static void joined(const char *old, const char *lib, const char *want)
{
	autofree char *got = env_preload_join(old, lib);

	ok(got && streq(got, want), "join '%s' and %s: %s", old ? old : "(null)", lib, want);
}

static void test_join(void)
{
	joined(NULL, "/l.so", "/l.so");
	joined("", "/l.so", "/l.so");
	joined("/a.so", "/l.so", "/a.so:/l.so");
	joined("/a.so /b.so", "/l.so", "/a.so /b.so:/l.so");
	joined("/l.so", "/l.so", "/l.so");
	joined("/a.so:/l.so:/b.so", "/l.so", "/a.so:/l.so:/b.so");
	joined("/a.so  /l.so", "/l.so", "/a.so  /l.so");
	joined("/x/l.so", "/l.so", "/x/l.so:/l.so");
	joined("/l.so.1", "/l.so", "/l.so.1:/l.so");
	joined(" : ", "/l.so", " : :/l.so");
	ok(env_preload_usable("/usr/lib/l.so"), "an ordinary path");
	ok(!env_preload_usable("/my lib/l.so"), "a space");
	ok(!env_preload_usable("/a:b/l.so"), "a colon");
	ok(!env_preload_usable("/$ORIGIN/l.so"), "a dollar sign");
	ok(!env_preload_usable("l.so"), "a relative name");
}

static struct policy *load(const char *text)
{
	char path[] = "/tmp/test-env.XXXXXX";
	const char *files[] = { path };
	struct policy_config cfg = {
		.home = "/home/u", .workspace = "/home/u/w", .files = files, .n_files = 1,
	};
	struct policy *p = NULL;
	struct err e = { 0 };
	autoclose fd = mkstemp(path);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		skip_all("cannot write %s", path);
	ok(policy_load(&cfg, &p, &e) == 0, "policy loads %s", e.msg);
	(void)unlink(path);
	return p;
}

static bool hides(const struct env_plan *plan, const char *entry)
{
	for (size_t i = 0; i < plan->n_hidden; i++)
		if (streq(plan->hidden[i], entry))
			return true;
	return false;
}

static void test_hiding(struct policy *p)
{
	char *env[] = { (char *)"PATH=/bin", (char *)"MY_ODD_THING=1", (char *)"my_odd_other=2",
			(char *)"MY_ODD_KEPT=3", (char *)"=weird", (char *)"noequals", NULL };
	const char *keep[] = { "MY_ODD_KEPT" };
	struct env_config cfg = { .policy = p, .program = "sh", .keep = keep, .n_keep = 1 };
	struct env_plan plan;

	ok(env_plan_make(&cfg, env, &plan) == 0, "a plan");
	ok(hides(&plan, "MY_ODD_THING=1"), "hidden by its name");
	ok(hides(&plan, "my_odd_other=2"), "names are compared without case");
	ok(!hides(&plan, "MY_ODD_KEPT=3"), "--env keeps it");
	ok(!hides(&plan, "PATH=/bin"), "others stay");
	ok(!hides(&plan, "=weird") && !hides(&plan, "noequals"), "entries without a name stay");
	ok(!plan.ld_preload && !plan.socket, "no voice asked for, none planned");
	env_plan_done(&plan);
}

static void test_many(struct policy *p)
{
	static char text[ENV_HIDDEN_MAX + 1][32];
	char *env[ENV_HIDDEN_MAX + 2] = { NULL };
	struct env_config cfg = { .policy = p, .program = "sh" };
	struct env_plan plan;

	for (int i = 0; i <= ENV_HIDDEN_MAX; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "MY_ODD_%d=1", i);
		env[i] = text[i];
	}
	ok(env_plan_make(&cfg, env, &plan) == -E2BIG, "more than can be hidden: refused, not leaked");
	env_plan_done(&plan);
	env[ENV_HIDDEN_MAX] = NULL;
	ok(env_plan_make(&cfg, env, &plan) == 0 && plan.n_hidden == ENV_HIDDEN_MAX, "as many as can be");
	env_plan_done(&plan);
}

static void test_apply(struct policy *p)
{
	struct env_config cfg = { .policy = p, .program = "sh", .preload = "/l.so", .socket = "/s" };
	struct env_plan plan;

	setenv("LD_PRELOAD", "/a.so", 1);
	setenv("MY_ODD_X", "secret", 1);
	ok(env_plan_make(&cfg, environ, &plan) == 0, "a plan for this process");
	ok(env_apply(&plan, false) == 0, "applied");
	ok(!getenv("MY_ODD_X"), "the variable is gone");
	ok(getenv("LD_PRELOAD") && streq(getenv("LD_PRELOAD"), "/a.so:/l.so"), "LD_PRELOAD");
	ok(getenv(WIRE_ENV) && streq(getenv(WIRE_ENV), "/s"), "the socket");
	ok(getenv(WIRE_ENV_MODE) && streq(getenv(WIRE_ENV_MODE), "voice"), "mode voice");
	ok(env_apply(&plan, true) == 0 && streq(getenv(WIRE_ENV_MODE), "ask"), "mode ask");
	env_plan_done(&plan);
}

int main(void)
{
	struct policy *p = load("env: {hide: [MY_ODD_*]}\n");

	test_join();
	if (p) {
		test_hiding(p);
		test_many(p);
		test_apply(p);
	}
	policy_free(p);
	return tap_done();
}
