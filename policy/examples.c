#include "policy/pipeline.h"
#include "policy/rules.h"

#include "policy/tree.h"

/* Examples are put to the pipeline with a policy in which there is only the rule that they belong to (and what lifts
 * it): so they say what the rule is about, whatever other rules there are or will be. The world has no files. */

struct trial {
	struct policy solo;
	struct pipeline_world world;
	struct pipeline *pl;
	struct pipeline_answer ans;
	char why[160];
};

static const char *text_of(const cJSON *in, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, key));
}

static bool complain(struct trial *t, const char *why)
{
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
	return false;
}

static bool try_path(struct trial *t, enum policy_op op, const cJSON *in)
{
	const char *path = text_of(in, "path"), *content = text_of(in, "content"), *base = t->world.cwd;
	char full[PATH_MAX];

	if (path && path[0] == '~' && (path[1] == '/' || !path[1])) {
		base = t->world.home;
		path += 1 + (path[1] == '/');
	}
	if (!path || policy_normalise(base, path, full, sizeof(full)) < 0)
		return complain(t, "it needs a path");
	if (content && op == POLICY_WRITE)
		pipeline_write(t->pl, full, content, strlen(content), text_of(in, "by"), &t->ans);
	else
		pipeline_path(t->pl, op, full, text_of(in, "by"), &t->ans);
	return true;
}

static bool try_argv(struct trial *t, const cJSON *words)
{
	const char *argv[256] = {NULL};
	const cJSON *w;
	size_t n = 0;

	cJSON_ArrayForEach(w, words)
	{
		if (!cJSON_IsString(w) || n + 1 >= ARRAY_SIZE(argv))
			return complain(t, "argv must be a list of at most 255 texts");
		argv[n++] = w->valuestring;
	}
	if (n == 0)
		return complain(t, "it needs command or argv");
	pipeline_argv(t->pl, argv, NULL, &t->ans);
	return true;
}

static bool try_exec(struct trial *t, enum policy_op op, const cJSON *in)
{
	const char *text = text_of(in, "command");

	(void)op; /* one function a row */
	if (!text)
		return try_argv(t, cJSON_GetObjectItemCaseSensitive(in, "argv"));
	pipeline_command(t->pl, text, strlen(text), text_of(in, "by"), &t->ans);
	return true;
}

static bool try_connect(struct trial *t, enum policy_op op, const cJSON *in)
{
	const char *host = text_of(in, "host"), *url = text_of(in, "url"), *path = text_of(in, "unix");
	const cJSON *port = cJSON_GetObjectItemCaseSensitive(in, "port");

	(void)op;
	if (url)
		pipeline_url(t->pl, url, NULL, &t->ans);
	else if (path)
		pipeline_unix(t->pl, path, NULL, &t->ans);
	else if (host)
		pipeline_host(t->pl, host, cJSON_IsNumber(port) ? (uint16_t)port->valueint : 0, NULL, &t->ans);
	else
		return complain(t, "it needs host, url or unix");
	return true;
}

static bool try_tool(struct trial *t, enum policy_op op, const cJSON *in)
{
	const cJSON *input = cJSON_GetObjectItemCaseSensitive(in, "input");
	const char *name = text_of(in, "tool");

	(void)op;
	if (!name || !cJSON_IsObject(input))
		return complain(t, "it needs tool and input");
	pipeline_tool(t->pl, name, input, &t->ans);
	return true;
}

static bool try_text(struct trial *t, enum policy_op op, const cJSON *in)
{
	const char *text = text_of(in, "text");

	(void)op;
	if (!text)
		return complain(t, "it needs a text");
	pipeline_text(t->pl, text, strlen(text), &t->ans);
	return true;
}

/* In the order in which an example without `op` is understood. */
static const struct {
	const char *op, *key;
	enum policy_op what;
	bool (*fn)(struct trial *t, enum policy_op op, const cJSON *in);
} kinds[] = {
	{"tool", "tool", POLICY_TOOL, try_tool},	 {"exec", "command", POLICY_EXEC, try_exec},
	{"exec", "argv", POLICY_EXEC, try_exec},	 {"text", "text", POLICY_CONTENT, try_text},
	{"connect", "host", POLICY_CONNECT, try_connect}, {"connect", "url", POLICY_CONNECT, try_connect},
	{"connect", "unix", POLICY_CONNECT, try_connect}, {"read", NULL, POLICY_READ, try_path},
	{"write", NULL, POLICY_WRITE, try_path},	 {"delete", NULL, POLICY_DELETE, try_path},
	{"list", NULL, POLICY_LIST, try_path},
};

static bool try_json(struct trial *t, const cJSON *in)
{
	const char *op = text_of(in, "op");

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (op ? streq(op, kinds[i].op)
		       : kinds[i].key && cJSON_GetObjectItemCaseSensitive(in, kinds[i].key))
			return kinds[i].fn(t, kinds[i].what, in);
	return complain(t, "it has no op that is known");
}

static bool try_example(struct trial *t, const struct rule *r, const struct example *e)
{
	cJSON *in = cJSON_Parse(e->text);
	bool asked, hit;

	t->why[0] = '\0';
	asked = in ? try_json(t, in) : complain(t, "it cannot be read");
	cJSON_Delete(in);
	if (!asked)
		return false;
	hit = streq(t->ans.d.rule, r->name);
	if (hit != e->wanted)
		(void)complain(t, e->wanted ? "the rule does not apply to it" : "the rule applies to it");
	return hit == e->wanted;
}

static int trial_init(struct trial *t, const struct policy *p)
{
	const char *home = p->roots.home[0], *workspace = p->roots.workspace[0];

	t->solo = *p;
	for (unsigned op = 0; op < POLICY_OPS_ALL; op++)
		t->solo.fallback[op] = (struct fallback){VERDICT_ALLOW, VERDICT_ALLOW};
	home = home ? home : "/";
	workspace = workspace ? workspace : home;
	t->world = (struct pipeline_world){.home = home, .cwd = workspace, .workspace = workspace};
	t->pl = pipeline_new(&t->solo, &t->world);
	if (!t->pl)
		return -ENOMEM;
	pipeline_no_suggestions(t->pl);
	return 0;
}

static bool run_rule(struct trial *t, const struct rule *r, policy_example_fn *fn, void *arg)
{
	bool go_on = true;

	t->solo.only = r;
	for (size_t i = 0; i < r->examples.n && go_on; i++) {
		const struct example *e = &r->examples.v[i];
		struct policy_example x = {.rule = r->name, .text = e->text, .wanted = e->wanted};

		x.passed = try_example(t, r, e);
		x.why = t->why;
		x.file = e->place.file;
		x.line = e->place.line;
		x.col = e->place.col;
		go_on = fn(&x, arg);
	}
	return go_on;
}

int policy_run_examples(const struct policy *p, bool builtin_too, policy_example_fn *fn, void *arg)
{
	struct trial *t = NULL;
	bool go_on = true;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->n_rules && go_on; i++) {
		const struct rule *r = p->rules[i];

		if (!r->examples.n || (r->origin == ORIGIN_BUILTIN && !builtin_too))
			continue;
		if (!t) {
			t = calloc(1, sizeof(*t));
			rc = t ? trial_init(t, p) : -ENOMEM;
		}
		if (rc == 0)
			go_on = run_rule(t, r, fn, arg);
	}
	if (t)
		pipeline_free(t->pl);
	free(t);
	return rc;
}

struct check {
	struct err *err;
	unsigned n;
	int rc;
};

static bool check_one(const struct policy_example *e, void *arg)
{
	struct check *c = arg;
	char q[TREE_QUOTE_MAX];

	c->n++;
	if (!e->passed)
		c->rc = err_set(c->err, EBADMSG, "%s:%u:%u: rule '%s': example %s: %s", e->file, e->line, e->col,
				e->rule, tree_quote(e->text, q), e->why);
	return e->passed;
}

int policy_check_examples(const struct policy *p, bool builtin_too, struct err *reterr, unsigned *ret_n)
{
	struct check c = {.err = reterr};
	int rc = policy_run_examples(p, builtin_too, check_one, &c);

	if (ret_n)
		*ret_n = c.n;
	return rc < 0 ? err_set(reterr, -rc, "examples: %s", strerror(-rc)) : c.rc;
}
