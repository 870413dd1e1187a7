#include "launcher/options.h"

enum option_id {
	OPT_PROFILE = 0,
	OPT_POLICY,
	OPT_WORKSPACE,
	OPT_REPORT,
	OPT_ASK,
	OPT_EVENTS,
	OPT_EVENTS_ALL,
	OPT_BEST_EFFORT,
	OPT_NO_PROJECT,
	OPT_ENV,
	OPT_QUIET,
	OPT_VERSION,
	OPT_HELP,
	OPT_COUNT
};

static const struct option_row {
	const char *name;  /* without the dashes */
	char letter;	   /* or 0 */
	const char *value; /* what to call the value in messages; NULL: takes none */
	const char *help;
} option_rows[] = {
	[OPT_PROFILE] = { "profile", 0, "NAME",
			  "default, or observe: record what would be denied, deny nothing" },
	[OPT_POLICY] = { "policy", 0, "FILE",
			 "rules to use instead of ~/.config/crust/policy.yaml; may be repeated" },
	[OPT_WORKSPACE] = { "workspace", 0, "DIR",
			    "where changes are allowed; else the git work tree, or this directory" },
	[OPT_REPORT] = { "report", 0, "FILE", "not supported yet" },
	[OPT_ASK] = { "ask", 0, "MODE", "what becomes of questions: deny (the only one so far)" },
	[OPT_EVENTS] = { "events", 0, "FILE", "append each denial to FILE, one line of JSON each" },
	[OPT_EVENTS_ALL] = { "events-all", 0, NULL, "write what is allowed to the events file, too" },
	[OPT_BEST_EFFORT] = { "best-effort", 0, NULL,
			      "start even where the kernel gives no listener: not enforcement" },
	[OPT_NO_PROJECT] = { "no-project", 0, NULL, "ignore .crust/policy.yaml of the workspace" },
	[OPT_ENV] = { "env", 0, "NAME", "keep this variable though the policy hides it; may be repeated" },
	[OPT_QUIET] = { "quiet", 'q', NULL, "say nothing but errors" },
	[OPT_VERSION] = { "version", 0, NULL, "print the version" },
	[OPT_HELP] = { "help", 'h', NULL, "print this text" },
};
_Static_assert(ARRAY_SIZE(option_rows) == OPT_COUNT, "one row for each option");

static int add(const char **list, size_t *n, const char *value, const char *name, struct err *reterr)
{
	if (*n == OPTIONS_LIST_MAX)
		return err_set(reterr, EINVAL, "--%s: at most %d of them", name, OPTIONS_LIST_MAX);
	list[(*n)++] = value;
	return 0;
}

static int take_profile(struct options *o, const char *value, struct err *reterr)
{
	if (!streq(value, "default") && !streq(value, "observe"))
		return err_set(reterr, EINVAL, "unknown profile '%s'; there are: default, observe", value);
	o->observe = streq(value, "observe");
	return 0;
}

static int take_env(struct options *o, const char *value, struct err *reterr)
{
	if (!*value || strchr(value, '='))
		return err_set(reterr, EINVAL, "--env '%s': expected the name of a variable", value);
	return add(o->keep_env, &o->n_keep_env, value, "env", reterr);
}

static int take(struct options *o, enum option_id id, const char *value, struct err *reterr)
{
	switch (id) {
	case OPT_PROFILE:
		return take_profile(o, value, reterr);
	case OPT_POLICY:
		return add(o->policies, &o->n_policies, value, "policy", reterr);
	case OPT_WORKSPACE:
		o->workspace = value;
		return 0;
	case OPT_REPORT:
		return err_set(reterr, EINVAL, "--report: not supported yet; --events FILE records denials");
	case OPT_ASK:
		if (!streq(value, "deny"))
			return err_set(reterr, EINVAL, "--ask '%s': not supported yet; there is: deny",
				       value);
		return 0;
	case OPT_EVENTS:
		o->events = value;
		return 0;
	case OPT_EVENTS_ALL:
		o->events_all = true;
		return 0;
	case OPT_BEST_EFFORT:
		o->best_effort = true;
		return 0;
	case OPT_NO_PROJECT:
		o->no_project = true;
		return 0;
	case OPT_ENV:
		return take_env(o, value, reterr);
	case OPT_QUIET:
		o->quiet = true;
		return 0;
	case OPT_VERSION:
		o->action = OPTIONS_VERSION;
		return 0;
	case OPT_HELP:
		o->action = OPTIONS_HELP;
		return 0;
	case OPT_COUNT:
		break;
	}
	return err_set(reterr, EINVAL, "option %d has no meaning", (int)id);
}

/* The option that @word spells; *ret_value is what follows its '=', or NULL. */
static enum option_id find(const char *word, const char **ret_value)
{
	*ret_value = NULL;
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		size_t len = strlen(row->name);

		if (word[1] != '-') {
			if (row->letter && word[1] == row->letter && word[2] == '\0')
				return (enum option_id)i;
			continue;
		}
		if (strncmp(word + 2, row->name, len) != 0)
			continue;
		if (word[2 + len] == '\0')
			return (enum option_id)i;
		if (word[2 + len] == '=') {
			*ret_value = word + 2 + len + 1;
			return (enum option_id)i;
		}
	}
	return OPT_COUNT;
}

static int check(const struct options *o, struct err *reterr)
{
	if (o->action != OPTIONS_RUN)
		return 0;
	if (!o->command || !o->command[0])
		return err_set(reterr, EINVAL, "no command given: what is to be run?");
	if (o->events_all && !o->events)
		return err_set(reterr, EINVAL, "--events-all needs --events FILE");
	if (o->workspace && !*o->workspace)
		return err_set(reterr, EINVAL, "--workspace: the name is empty");
	if (o->events && !*o->events)
		return err_set(reterr, EINVAL, "--events: the name is empty");
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret, struct err *reterr)
{
	struct options o = { 0 };
	int i = 1, rc;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		const char *word = argv[i], *value;
		enum option_id id;

		if (streq(word, "--")) {
			i++;
			break;
		}
		id = find(word, &value);
		if (id == OPT_COUNT)
			return err_set(reterr, EINVAL, "unknown option '%s'", word);
		if (value && !option_rows[id].value)
			return err_set(reterr, EINVAL, "--%s takes no value", option_rows[id].name);
		if (!value && option_rows[id].value) {
			if (i + 1 >= argc || streq(argv[i + 1], "--"))
				return err_set(reterr, EINVAL, "--%s needs a value: %s",
					       option_rows[id].name, option_rows[id].value);
			value = argv[++i];
		}
		rc = take(&o, id, value, reterr);
		if (rc < 0)
			return rc;
	}
	o.command = argv + MIN(i, argc);
	rc = check(&o, reterr);
	if (rc < 0)
		return rc;
	*ret = o;
	return 0;
}

void options_print_help(FILE *out)
{
	fputs("usage: crust-run [OPTION]… [--] COMMAND [ARG…]\n"
	      "Run COMMAND, and everything that it starts, under a policy.\n\n",
	      out);
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		char spelling[64];

		(void)snprintf(spelling, sizeof(spelling), "%c%c%s--%s%s%s", /* rows are short */
			       row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
			       row->letter ? ", " : "  ", row->name, row->value ? " " : "",
			       row->value ? row->value : "");
		fprintf(out, "  %-22s %s\n", spelling, row->help);
	}
	fputs("\nExit status: COMMAND's own; 128+N if signal N ended it; 125 if crust-run failed;\n"
	      "126 if COMMAND cannot be run; 127 if it does not exist. See crust-run(1).\n",
	      out);
}
