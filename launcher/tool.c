#include "launcher/tool.h"

#include <getopt.h>
#include <pwd.h>

#include "launcher/site.h"

#define USER_POLICY    "crust/policy.yaml"
#define PROJECT_POLICY ".crust/policy.yaml"

/* --- options -------------------------------------------------------------------------------------- */

enum opt { OPT_POLICY = 0x100, OPT_HOME, OPT_CWD, OPT_WORKSPACE, OPT_EXPLAIN, OPT_BRIEF, OPT_FILTER, OPT_JSON };

static const struct option long_options[] = {
	{"policy", required_argument, NULL, OPT_POLICY},
	{"home", required_argument, NULL, OPT_HOME},
	{"cwd", required_argument, NULL, OPT_CWD},
	{"workspace", required_argument, NULL, OPT_WORKSPACE},
	{"explain", no_argument, NULL, OPT_EXPLAIN},
	{"brief", no_argument, NULL, OPT_BRIEF},
	{"filter", no_argument, NULL, OPT_FILTER},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int take_policy(struct tool_options *o, const char *arg, struct err *reterr)
{
	if (o->n_policies == TOOL_POLICIES_MAX)
		return err_set(reterr, EINVAL, "more than %d --policy", TOOL_POLICIES_MAX);
	o->policies[o->n_policies++] = arg;
	return 0;
}

static int take_option(enum tool_command cmd, int c, char **argv, struct tool_options *o,
		       struct err *reterr)
{
	if (optarg && !*optarg)
		return err_set(reterr, EINVAL, "'%s': empty value", argv[optind - 1]);
	switch (c) {
	case OPT_POLICY:
		return take_policy(o, optarg, reterr);
	case OPT_HOME:
		o->home = optarg;
		return 0;
	case OPT_CWD:
		o->cwd = optarg;
		return 0;
	case OPT_WORKSPACE:
		o->workspace = optarg;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case OPT_EXPLAIN:
	case OPT_BRIEF:
		o->explain = c == OPT_BRIEF ? EXPLAIN_BRIEF : EXPLAIN_WAY;
		if (cmd == TOOL_CHECK)
			return 0;
		break;
	case OPT_FILTER:
		o->filter = true;
		if (cmd == TOOL_PLAN)
			return 0;
		break;
	case OPT_JSON:
		o->json = true;
		if (cmd == TOOL_RULES)
			return 0;
		break;
	case ':':
		return err_set(reterr, EINVAL, "'%s' needs a value", argv[optind - 1]);
	default:
		break;
	}
	return err_set(reterr, EINVAL, "unknown option '%s' for %s", argv[optind - 1], argv[0]);
}

int tool_options_parse(enum tool_command cmd, int argc, char **argv, struct tool_options *ret, struct err *reterr)
{
	struct tool_options o = {0};
	int c;

	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, cmd == TOOL_RULES ? ":h" : "+:h", long_options, NULL)) != -1)
		if (take_option(cmd, c, argv, &o, reterr) < 0)
			return -EINVAL;
	o.words = argv + optind;
	if (optind < argc && cmd != TOOL_RULES)
		return err_set(reterr, EINVAL, "unexpected word '%s'", argv[optind]);
	*ret = o;
	return 0;
}

/* --- place ---------------------------------------------------------------------------------------- */

static int absolute(const char *base, const char *path, char *ret, struct err *reterr)
{
	int rc = policy_normalise(base, path, ret, PATH_MAX);

	return rc < 0 ? err_set(reterr, -rc, "'%.200s': %s", path, strerror(-rc)) : 0;
}

static int find_home(const char *given, const char *here, char *ret, struct err *reterr)
{
	const char *home = given ? given : getenv("HOME");

	if (!given && (!home || home[0] != '/')) {
		const struct passwd *pw = getpwuid(getuid());

		home = pw ? pw->pw_dir : NULL;
	}
	if (!home || !*home)
		return err_set(reterr, ENOENT, "HOME is not set: say --home DIR");
	return absolute(here, home, ret, reterr);
}

static int find_place(const struct tool_options *o, struct tool_place *p, struct err *reterr)
{
	char here[PATH_MAX];

	if (!getcwd(here, sizeof(here)))
		return err_set(reterr, errno, "current directory: %s", strerror(errno));
	if (find_home(o->home, here, p->home, reterr) < 0)
		return -EINVAL;
	if (absolute(here, o->cwd ? o->cwd : ".", p->cwd, reterr) < 0)
		return -EINVAL;
	return absolute(here, o->workspace ? o->workspace : p->cwd, p->workspace, reterr);
}

/* XDG_CONFIG_HOME belongs to the person who runs us; with --home the question is about somebody else. */
static int find_user_policy(const struct tool_options *o, const struct tool_place *p, char *ret,
			    struct err *reterr)
{
	const char *xdg = o->home ? NULL : getenv("XDG_CONFIG_HOME");

	if (xdg && xdg[0] == '/')
		return absolute(xdg, USER_POLICY, ret, reterr);
	return absolute(p->home, ".config/" USER_POLICY, ret, reterr);
}

int tool_load(const struct tool_options *o, struct tool_place *ret_place, struct policy **ret,
	      struct err *reterr)
{
	char user[PATH_MAX], project[PATH_MAX], cache[PATH_MAX];
	const char *own_home = getenv("HOME"); /* whoever --home is about */
	const char *own[] = {user};
	struct policy_config cfg;

	if (find_place(o, ret_place, reterr) < 0 ||
	    absolute(ret_place->workspace, PROJECT_POLICY, project, reterr) < 0 ||
	    find_user_policy(o, ret_place, user, reterr) < 0)
		return -EINVAL;
	cfg = (struct policy_config){
		.home = ret_place->home,
		.workspace = ret_place->workspace,
		.files = o->policies,
		.n_files = o->n_policies,
		.project = project,
		.no_examples = o->no_examples,
		.cache = site_cache_dir(own_home ? own_home : "", cache),
	};
	/* A file that is there but cannot be read is an error, not a file that is not there. */
	if (o->n_policies == 0 && (access(user, R_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))) {
		cfg.files = own;
		cfg.n_files = 1;
	}
	return policy_load(&cfg, ret, reterr);
}
