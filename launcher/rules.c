#include "launcher/rules.h"

#include <assert.h>

#include "base/buf.h"
#include "launcher/tool.h"

static const char *const effects[] = {
	[EFFECT_BLOCK] = "block", [EFFECT_ASK] = "ask", [EFFECT_ALLOW] = "allow"};
static_assert(ARRAY_SIZE(effects) == EFFECT_COUNT, "a name for each effect");

/* --- list ----------------------------------------------------------------------------------------- */

static void ops_text(unsigned ops, const char *sep, struct buf *to)
{
	const unsigned all = (1u << POLICY_OP_COUNT) - 1;
	const char *s = "";

	if ((ops & all) == all) {
		buf_puts(to, "all");
		ops &= ~all;
		s = sep;
	}
	for (unsigned i = 0; i < POLICY_OPS_ALL; i++) {
		if (!(ops >> i & 1))
			continue;
		buf_printf(to, "%s%s", s, policy_op_name(i));
		s = sep;
	}
}

/* What a line has room for: the first sentence. */
static int short_len(const char *text)
{
	const char *dot = strstr(text, ". ");
	size_t len = dot ? (size_t)(dot - text) : strlen(text);

	if (len <= 72)
		return (int)len;
	for (len = 72; len > 40 && text[len] != ' ';)
		len--;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return (int)len;
}

/* The file of "file:line". */
static size_t source_file_len(const char *source)
{
	const char *colon = strrchr(source, ':');

	return colon ? (size_t)(colon - source) : strlen(source);
}

static bool same_group(const struct policy_rule_info *a, const struct policy_rule_info *b)
{
	size_t n = source_file_len(a->source);

	return n == source_file_len(b->source) && strncmp(a->source, b->source, n) == 0;
}

static void print_line(const struct policy_rule_info *r)
{
	autobuf ops = {0};
	const char *what = *r->description ? r->description : r->message;

	ops_text(r->ops, ",", &ops);
	printf("  %-34s %-6s %-9s %-21s %s%.*s%s%s\n", r->name, effects[r->effect], policy_severity_name(r->severity),
	       buf_str(&ops), r->locked ? "[locked] " : "", short_len(what), what, r->lifted_by ? "; lifted by " : "",
	       r->lifted_by ? r->lifted_by : "");
}

/* All rules of one file, in the order of their strength. */
static void print_group(const struct policy *p, size_t first)
{
	const size_t n = policy_rule_count(p);
	struct policy_rule_info head, r;
	unsigned count = 0;

	policy_rule_get(p, first, &head);
	for (size_t i = first; i < n; i++) {
		policy_rule_get(p, i, &r);
		count += same_group(&head, &r);
	}
	if (head.builtin)
		printf("Built-in rules (%u):\n", count);
	else
		printf("%.*s (%u):\n", (int)source_file_len(head.source), head.source, count);
	printf("  %-34s %-6s %-9s %-21s %s\n", "RULE", "EFFECT", "SEVERITY", "OPERATIONS", "ABOUT");
	for (size_t i = first; i < n; i++) {
		policy_rule_get(p, i, &r);
		if (same_group(&head, &r))
			print_line(&r);
	}
	putchar('\n');
}

static void print_json(const struct policy_rule_info *r)
{
	autobuf b = {0};
	const char *sep = "";

	buf_puts(&b, "{\"name\":");
	buf_put_json(&b, r->name);
	buf_printf(&b, ",\"effect\":\"%s\",\"severity\":\"%s\",\"ops\":[", effects[r->effect],
		   policy_severity_name(r->severity));
	for (unsigned i = 0; i < POLICY_OPS_ALL; i++) {
		if (!(r->ops >> i & 1))
			continue;
		buf_printf(&b, "%s\"%s\"", sep, policy_op_name(i));
		sep = ",";
	}
	buf_puts(&b, "],\"source\":");
	buf_put_json(&b, r->source);
	buf_printf(&b, ",\"locked\":%s,\"description\":", r->locked ? "true" : "false");
	buf_put_json(&b, r->description);
	buf_puts(&b, ",\"message\":");
	buf_put_json(&b, r->message);
	buf_puts(&b, ",\"lifted_by\":");
	buf_put_json(&b, r->lifted_by);
	printf("%s}\n", buf_str(&b));
}

static int list(const struct tool_options *o, const struct policy *p)
{
	const size_t n = policy_rule_count(p);

	for (size_t i = 0; i < n; i++) {
		struct policy_rule_info r, before;
		bool seen = false;

		policy_rule_get(p, i, &r);
		for (size_t k = 0; k < i && !seen && !o->json; k++) {
			policy_rule_get(p, k, &before);
			seen = same_group(&before, &r);
		}
		if (o->json)
			print_json(&r);
		else if (!seen)
			print_group(p, i);
	}
	return TOOL_OK;
}

/* --- show ----------------------------------------------------------------------------------------- */

static void print_texts(const char *key, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%-14s%s\n", i ? "" : key, texts[i]);
	if (n == 0)
		printf("%-14s%s\n", key, "true");
}

static void print_cond(const char *group, const char *key, const char *const *texts, size_t n, void *arg)
{
	char label[64];

	(void)arg; /* printed, not collected */
	(void)snprintf(label, sizeof(label), "%s%s%s: ", group ? group : "", group ? " " : "", key);
	print_texts(label, texts, n);
}

static void print_text(const char *key, const char *text)
{
	if (text && *text)
		printf("%-14s%s\n", key, text);
}

static int show(const struct tool_options *o, const struct policy *p)
{
	for (size_t i = 0; i < policy_rule_count(p); i++) {
		struct policy_rule_info r;
		autobuf ops = {0};
		size_t n = 0;

		policy_rule_get(p, i, &r);
		if (!streq(r.name, o->words[1]))
			continue;
		ops_text(r.ops, ", ", &ops);
		print_text("rule:", r.name);
		printf("%-14s%s%s\n", "effect:", effects[r.effect], r.locked ? " (locked: cannot be lifted)" : "");
		print_text("severity:", policy_severity_name(r.severity));
		print_text("operations:", buf_str(&ops));
		print_text("source:", r.source);
		print_text("description:", r.description);
		print_text("message:", r.message);
		print_text("lifted by:", r.lifted_by);
		while (r.patterns && r.patterns[n])
			n++;
		if (n)
			print_texts("patterns:", r.patterns, n);
		policy_rule_conds(p, i, print_cond, NULL);
		if (r.n_examples)
			printf("%-14s%zu\n", "examples:", r.n_examples);
		return TOOL_OK;
	}
	fprintf(stderr, "crust rules: there is no rule '%.100s'\n", o->words[1]);
	return TOOL_DENIED;
}

/* --- lint ----------------------------------------------------------------------------------------- */

static void print_warning(const char *source, const char *rule, const char *text, void *arg)
{
	(void)arg;
	printf("%s: rule '%s': %s\n", source, rule, text);
}

static int lint(const struct tool_options *o, const struct policy *p)
{
	unsigned n = policy_lint(p, false, print_warning, NULL);

	(void)o;
	printf("%u warning%s\n", n, n == 1 ? "" : "s");
	return n ? TOOL_DENIED : TOOL_OK;
}

/* --- test ----------------------------------------------------------------------------------------- */

struct tally {
	unsigned passed, failed;
};

static bool print_result(const struct policy_example *e, void *arg)
{
	struct tally *t = arg;

	if (e->passed)
		printf("ok %u - %s %s %s\n", ++t->passed + t->failed, e->rule, e->wanted ? "applies to" : "leaves alone",
		       e->text);
	else
		printf("not ok %u - %s:%u:%u: rule '%s': %s: %s\n", ++t->failed + t->passed, e->file, e->line, e->col,
		       e->rule, e->text, e->why);
	return true;
}

/* The built-in rules' examples speak of a home and a project of their own. */
static int test_builtin(struct tally *t)
{
	const struct policy_config cfg = {.home = "/home/u", .workspace = "/home/u/src/demo", .no_examples = true};
	struct policy *p = NULL;
	int rc = policy_load(&cfg, &p, NULL);

	if (rc == 0)
		rc = policy_run_examples(p, true, print_result, t);
	policy_free(p);
	return rc;
}

static int test(const struct tool_options *o, const struct policy *p)
{
	struct tally t = {0};
	int rc = o->words[1] ? 0 : test_builtin(&t);

	if (rc == 0)
		rc = policy_run_examples(p, false, print_result, &t);
	if (rc < 0) {
		fprintf(stderr, "crust rules: %s\n", strerror(-rc));
		return TOOL_USAGE;
	}
	printf("1..%u\n# %u passed, %u failed\n", t.passed + t.failed, t.passed, t.failed);
	return t.failed ? TOOL_DENIED : TOOL_OK;
}

/* --- the subcommand ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*fn)(const struct tool_options *o, const struct policy *p);
	unsigned min_words, max_words; /* behind the name */
	bool files;		       /* they are policies */
} verbs[] = {
	{"list", list, 0, 0, false},
	{"show", show, 1, 1, false},
	{"lint", lint, 0, TOOL_POLICIES_MAX, true},
	{"test", test, 0, TOOL_POLICIES_MAX, true},
};

static const char help_text[] =
	"usage: crust rules [list] [--json] [OPTION]...\n"
	"       crust rules show NAME [OPTION]...\n"
	"       crust rules lint [FILE]... [OPTION]...\n"
	"       crust rules test [FILE]... [OPTION]...\n"
	"\n"
	"list shows all rules, show one of them. lint looks for mistakes, test tries the examples that rules\n"
	"carry; FILEs take the place of ~/.config/crust/policy.yaml.\n"
	"\n"
	"  --json            list: one JSON object a line\n"
	"  --policy FILE     a policy to use instead of ~/.config/crust/policy.yaml (may be repeated)\n"
	"  --home DIR        what ~ means (default: $HOME)\n"
	"  --cwd DIR         the directory to start in (default: the current directory)\n"
	"  --workspace DIR   the workspace (default: as --cwd)\n"
	"\n"
	"Exit status: 0; 1 if lint warned, an example failed, or there is no such rule; 2 for a bad policy.\n";

static int run_verb(size_t i, struct tool_options *o, struct err *reterr)
{
	struct tool_place place;
	struct policy *p = NULL;
	int status;

	for (size_t k = 1; verbs[i].files && o->words[k]; k++) {
		if (o->n_policies == TOOL_POLICIES_MAX)
			return err_set(reterr, EINVAL, "more than %d policies", TOOL_POLICIES_MAX);
		o->policies[o->n_policies++] = o->words[k];
	}
	o->no_examples = true;
	if (tool_load(o, &place, &p, reterr) < 0)
		return -EINVAL;
	status = verbs[i].fn(o, p);
	policy_free(p);
	if (fflush(stdout) != 0)
		return err_set(reterr, errno, "standard output: %s", strerror(errno));
	return status;
}

static int run(struct tool_options *o, struct err *reterr)
{
	static char name[] = "list";
	static char *list_words[] = {name, NULL};
	unsigned n = 0;

	if (!o->words[0])
		o->words = list_words;
	while (o->words[n + 1])
		n++;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!streq(o->words[0], verbs[i].name))
			continue;
		if (n < verbs[i].min_words || n > verbs[i].max_words || (o->json && verbs[i].fn != list))
			return err_set(reterr, EINVAL, "wrong words for %s; see crust rules --help", verbs[i].name);
		return run_verb(i, o, reterr);
	}
	return err_set(reterr, EINVAL, "expected list, show, lint or test, not '%.40s'", o->words[0]);
}

int rules_main(int argc, char **argv)
{
	struct tool_options o;
	struct err err = {0};
	int rc = tool_options_parse(TOOL_RULES, argc, argv, &o, &err);

	if (rc == 0 && o.help)
		return fputs(help_text, stdout) < 0 ? TOOL_USAGE : TOOL_OK;
	if (rc == 0)
		rc = run(&o, &err);
	if (rc >= 0)
		return rc;
	fprintf(stderr, "crust rules: %s\n", err.msg);
	return TOOL_USAGE;
}
