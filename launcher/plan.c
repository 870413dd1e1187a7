#include "launcher/plan.h"

#include <assert.h>

#include "seccomp/filter.h"

#define OPS_ALL ((1u << POLICY_OP_COUNT) - 1)

/* How a rule is held at run time. The short name stands in the table, the long one in the legend. */
enum mechanism { MECH_NONE = 0, MECH_PERFORMED, MECH_EXEC, MECH_BOTH, MECH_NAMES, MECH_ASKED, MECH_COUNT };

static const struct {
	const char *name, *meaning;
} mechanisms[] = {
	[MECH_NONE] = {"-", "nothing to enforce: no object, or no operation"},
	[MECH_PERFORMED] = {"notify", "seccomp notify (performed): the supervisor does the call itself"},
	[MECH_EXEC] = {"notify+verify", "seccomp notify + exec verification: the call goes on, and what "
					"really runs is compared with what was judged"},
	[MECH_BOTH] = {"notify, +verify", "both of these: programs by the second, the rest by the first"},
	[MECH_NAMES] = {"notify; names: check", "addresses and sockets: seccomp notify (performed). Not at "
						"run time: host names need the DNS stub; checked by "
						"`crust check` only"},
	[MECH_ASKED] = {"check", "about texts of commands, tool calls or content: no system call shows it; "
				 "`crust check` judges it"},
};
static_assert(ARRAY_SIZE(mechanisms) == MECH_COUNT, "a row for each mechanism");

static const char *const effects[] = {
	[EFFECT_BLOCK] = "block", [EFFECT_ASK] = "ask", [EFFECT_ALLOW] = "allow"};
static_assert(ARRAY_SIZE(effects) == EFFECT_COUNT, "a name for each effect");

static enum mechanism mechanism_of(const struct policy_rule_info *r)
{
	const bool runs = r->ops & (1u << POLICY_EXEC);

	if (r->only_asked || !(r->ops & OPS_ALL))
		return MECH_ASKED;
	if (r->has_host_name)
		return MECH_NAMES;
	if (runs && (r->ops & OPS_ALL & ~(1u << POLICY_EXEC)))
		return MECH_BOTH;
	if (runs)
		return MECH_EXEC;
	return r->ops ? MECH_PERFORMED : MECH_NONE;
}

/* "all", or "read,write". */
static void ops_text(unsigned ops, char *buf, size_t size)
{
	size_t n = 0;

	(void)snprintf(buf, size, "%s", (ops & OPS_ALL) == OPS_ALL ? "all" : "-");
	if ((ops & OPS_ALL) == OPS_ALL)
		return;
	for (unsigned i = 0; i < POLICY_OPS_ALL; i++) {
		int k;

		if (!(ops & (1u << i)))
			continue;
		k = snprintf(buf + n, size - n, "%s%s", n ? "," : "", policy_op_name((enum policy_op)i));
		if (k < 0 || (size_t)k >= size - n)
			return; /* cut: a table, not data */
		n += (size_t)k;
	}
}

static void print_rule(const struct policy_rule_info *r, FILE *out)
{
	char ops[64];

	ops_text(r->ops, ops, sizeof(ops));
	fprintf(out, "%-33s %-6s %-26s %-21s %s%s%s%s\n", r->name, effects[r->effect], ops,
		mechanisms[mechanism_of(r)].name, r->source, r->locked ? ", locked" : "",
		r->lifted_by ? ", lifted by " : "", r->lifted_by ? r->lifted_by : "");
}

static void print_rules(const struct policy *p, FILE *out)
{
	bool used[MECH_COUNT] = {false};
	const size_t n = policy_rule_count(p);

	fprintf(out, "Rules, strongest first:\n\n%-33s %-6s %-26s %-21s %s\n", "RULE", "EFFECT", "OPERATIONS",
		"MECHANISM", "SOURCE");
	for (size_t i = 0; i < n; i++) {
		struct policy_rule_info r;

		policy_rule_get(p, i, &r);
		print_rule(&r, out);
		used[mechanism_of(&r)] = true;
	}
	fprintf(out, "\nMechanisms:\n");
	for (size_t i = 0; i < MECH_COUNT; i++)
		if (used[i])
			fprintf(out, "  %-21s %s\n", mechanisms[i].name, mechanisms[i].meaning);
}

static void print_defaults(const struct policy *p, FILE *out)
{
	fprintf(out, "\nWhere no rule applies:\n");
	for (unsigned i = 0; i < POLICY_OPS_ALL; i++) {
		bool workspace = false;
		enum policy_verdict v = policy_default(p, (enum policy_op)i, &workspace);

		fprintf(out, "  %-8s %s\n", policy_op_name((enum policy_op)i),
			workspace ? "allow in the workspace, deny elsewhere" : policy_verdict_name(v));
	}
}

static void print_place(const struct policy *p, const struct tool_place *place, FILE *out)
{
	const char *const *files = policy_files(p);

	fprintf(out, "Workspace: %s\nHome:      %s\nPolicies:  built-in\n", place->workspace, place->home);
	for (size_t i = 0; files && files[i]; i++)
		fprintf(out, "           %s%s\n", files[i], access(files[i], F_OK) == 0 ? "" : " (not there)");
	fputc('\n', out);
}

void plan_print(const struct policy *p, const struct tool_place *place, FILE *out)
{
	print_place(p, place, out);
	print_rules(p, out);
	print_defaults(p, out);
	fprintf(out, "\nLandlock floor: scopes only: no signal, abstract socket or tracing leaves the tree; no "
		     "file rights\n(any of them would forbid the sandboxes that agents start inside).\n");
}

/* --- the subcommand ------------------------------------------------------------------------------- */

static int print_filter(const struct policy *p, struct err *reterr)
{
	struct filter f = {0};
	int rc = filter_build(p, 0, 0, &f, reterr);

	if (rc < 0)
		return rc;
	printf("\nThe filter, %zu instructions:\n\n", f.n_insns);
	filter_print(&f, stdout);
	filter_done(&f);
	return 0;
}

static int plan_run(const struct tool_options *o, struct err *reterr)
{
	struct tool_place place;
	struct policy *p = NULL;
	int rc = tool_load(o, &place, &p, reterr);

	if (rc < 0)
		return rc;
	plan_print(p, &place, stdout);
	printf("\nSystem calls that do not run as they are:\n\n");
	filter_print_calls(p, stdout);
	if (o->filter)
		rc = print_filter(p, reterr);
	policy_free(p);
	if (rc == 0 && fflush(stdout) != 0)
		rc = err_set(reterr, errno, "standard output: %s", strerror(errno));
	return rc;
}

static const char help_text[] =
	"usage: crust plan [OPTION]...\n"
	"Show which rule of the policy is enforced by which mechanism.\n"
	"\n"
	"  --policy FILE     a policy to use instead of ~/.config/crust/policy.yaml (may be repeated)\n"
	"  --home DIR        what ~ means (default: $HOME)\n"
	"  --cwd DIR         the directory to start in (default: the current directory)\n"
	"  --workspace DIR   the workspace (default: as --cwd)\n"
	"  --filter          print the seccomp filter too, one line an instruction\n"
	"\n"
	"Exit status: 0, or 2 for a bad policy.\n";

int plan_main(int argc, char **argv)
{
	struct tool_options o;
	struct err err = {0};

	if (tool_options_parse(TOOL_PLAN, argc, argv, &o, &err) == 0) {
		if (o.help)
			return fputs(help_text, stdout) < 0 ? TOOL_USAGE : TOOL_OK;
		if (plan_run(&o, &err) == 0)
			return TOOL_OK;
	}
	fprintf(stderr, "crust plan: %s\n", err.msg);
	return TOOL_USAGE;
}
