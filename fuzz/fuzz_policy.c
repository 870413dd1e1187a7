/* Policy text in, every query on what loads. Build: clang -fsanitize=fuzzer,address,undefined (make
 * fuzz). The first byte chooses: bit 0, the text is a project's. */
#include "policy/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {"/", "/home/u/.env", "/home/u/src/demo/a/b.c",
				    "/etc/\xff\xc3\xa4", "/a/a/a/a/b"};

static bool use_pattern(const char *pattern, void *arg)
{
	bool *any = arg;

	*any |= policy_glob(pattern, "/home/u/.env");
	return true;
}

static void decide(const struct policy *p, const struct policy_action *a)
{
	struct policy_decision d;
	char line[200];

	policy_decide(p, a, &d);
	if (!d.rule || !d.message || !d.source || !d.stage || (unsigned)d.verdict >= VERDICT_COUNT)
		abort();
	policy_suggest(p, a, &d, line, sizeof(line));
}

static void query(const struct policy *p)
{
	static const char *const argv[] = {"sh", "-c", "rm -rf /x", NULL};
	struct policy_dest dests[] = {
		{.host = "0x7f.1", .port = 80},
		{.host = "www.example.com."},
		{.has_addr = true, .addr = {[10] = 0xff, [11] = 0xff, [12] = 10}},
		{.unix_path = "/run/x"},
		{.unix_path = "abstract", .unix_abstract = true}};
	struct policy_rule_info info;
	bool any = false;

	for (unsigned op = 0; op < POLICY_OP_COUNT; op++)
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
			decide(p, &(struct policy_action){.op = op,
							  .path = paths[i],
							  .argv = argv,
							  .by = i % 2 ? "/usr/bin/git" : NULL});
	for (size_t i = 0; i < ARRAY_SIZE(dests); i++)
		decide(p, &(struct policy_action){.op = POLICY_CONNECT, .dest = &dests[i]});
	for (size_t i = 1; i < ARRAY_SIZE(paths); i++)
		(void)policy_boundary(p, paths[i - 1], paths[i], NULL); /* only that it returns */
	(void)policy_each_guard(p, ~0u, use_pattern, &any);
	for (size_t i = 0; i < policy_rule_count(p); i++)
		policy_rule_get(p, i, &info);
	(void)policy_env_hides(p, "AWS_SECRET_ACCESS_KEY", "claude");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_config cfg = {
		.home = "/home/u", .workspace = "/home/u/src/demo", .no_builtin = true};
	struct policy *p = NULL;
	struct err err;

	if (size == 0)
		return 0;
	if (policy_load_text(&cfg, "fuzz.yaml", (const char *)data + 1, size - 1, data[0] & 1, &p,
			     &err) == 0)
		query(p);
	policy_free(p);
	return 0;
}
