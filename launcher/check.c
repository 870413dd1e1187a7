/* A line of JSON becomes a question to the pipeline. Where nothing can be said (bad JSON, no such op) the answer is an
 * error, never an allow. */
#include "launcher/check.h"

#include <sys/stat.h>

#include "launcher/world.h"
#include "policy/pipeline.h"
#include "text/jsonin.h"
#include "text/url.h"

#define CHECK_ARGS_MAX 65536u /* words of one argument vector */

struct check {
	struct world *world;
	struct pipeline *pipeline;
	enum tool_explain explain;
	struct buf way; /* EXPLAIN_WAY: through the pipeline, a line a step */
};

struct check *check_new(const struct tool_place *place, const struct policy *p, enum tool_explain explain)
{
	struct check *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->explain = explain;
	c->world = world_new(place, p);
	c->pipeline = c->world ? pipeline_new(p, world_view(c->world)) : NULL;
	if (!c->pipeline)
		return check_free(c);
	if (explain == EXPLAIN_BRIEF)
		pipeline_no_suggestions(c->pipeline);
	if (explain == EXPLAIN_WAY)
		pipeline_explain(c->pipeline, &c->way);
	return c;
}

struct check *check_free(struct check *c)
{
	if (!c)
		return NULL;
	pipeline_free(c->pipeline);
	world_free(c->world);
	buf_done(&c->way);
	free(c);
	return NULL;
}

/* --- fields --------------------------------------------------------------------------------------- */

static const char *text_of(const cJSON *in, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, key);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* A key that is there with another type is an error, not a key that is not there. */
static int check_types(const cJSON *in, struct err *reterr)
{
	static const char *const strings[] = {"op",  "path", "command", "host", "url",
					      "unix", "content", "by",   "tool", "text"};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, strings[i]);

		if (v && !cJSON_IsString(v))
			return err_set(reterr, EINVAL, "'%s': expected a string", strings[i]);
	}
	return 0;
}

/* --- one function a kind of question -------------------------------------------------------------- */

struct question {
	enum policy_op op;
	const cJSON *in;
	const char *by;
};

static int ask_path(struct check *c, const struct question *q, struct pipeline_answer *ret, struct err *reterr)
{
	const char *path = text_of(q->in, "path"), *content = text_of(q->in, "content");

	if (!path)
		return err_set(reterr, EINVAL, "op '%s' needs 'path'", policy_op_name(q->op));
	if (!path[0])
		return err_set(reterr, EINVAL, "empty path");
	if (strlen(path) >= PATH_MAX)
		return err_set(reterr, ENAMETOOLONG, "path too long");
	if (q->op == POLICY_WRITE && content)
		pipeline_write(c->pipeline, path, content, strlen(content), q->by, ret);
	else
		pipeline_path(c->pipeline, q->op, path, q->by, ret);
	return 0;
}

static int ask_argv(struct check *c, const struct question *q, const cJSON *list, struct pipeline_answer *ret,
		    struct err *reterr)
{
	autofree const char **argv = NULL;
	size_t n = 0, i = 0;

	if (!cJSON_IsArray(list))
		return err_set(reterr, EINVAL, "'argv': expected a list of strings");
	for (const cJSON *v = list->child; v; v = v->next, n++)
		if (!cJSON_IsString(v))
			return err_set(reterr, EINVAL, "'argv': expected strings");
	if (n == 0 || n > CHECK_ARGS_MAX)
		return err_set(reterr, EINVAL, n ? "'argv': more than " STR(CHECK_ARGS_MAX) " words"
						 : "'argv': empty");
	argv = calloc(n + 1, sizeof(*argv));
	if (!argv)
		return err_set(reterr, ENOMEM, "out of memory");
	for (const cJSON *v = list->child; v; v = v->next)
		argv[i++] = v->valuestring;
	if (!argv[0][0])
		return err_set(reterr, EINVAL, "'argv': empty program name");
	pipeline_argv(c->pipeline, argv, q->by, ret);
	return 0;
}

static int ask_exec(struct check *c, const struct question *q, struct pipeline_answer *ret, struct err *reterr)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(q->in, "argv");
	const char *text = text_of(q->in, "command");

	if (!text == !list)
		return err_set(reterr, EINVAL, "op 'exec' needs either 'command' or 'argv'");
	if (!text)
		return ask_argv(c, q, list, ret, reterr);
	pipeline_command(c->pipeline, text, strlen(text), q->by, ret);
	return 0;
}

static int port_of(const cJSON *in, uint16_t *ret, struct err *reterr)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, "port");

	*ret = 0;
	if (!v)
		return 0;
	if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0 && v->valuedouble <= 65535) ||
	    v->valuedouble != (uint16_t)v->valuedouble)
		return err_set(reterr, EINVAL, "'port': expected a number from 0 to 65535");
	*ret = (uint16_t)v->valuedouble;
	return 0;
}

static int ask_connect(struct check *c, const struct question *q, struct pipeline_answer *ret, struct err *reterr)
{
	const char *host = text_of(q->in, "host"), *url = text_of(q->in, "url"), *path = text_of(q->in, "unix");
	char name[URL_HOST_MAX + 1];
	uint16_t port;
	struct url u;

	if (!!host + !!url + !!path != 1)
		return err_set(reterr, EINVAL, "op 'connect' needs one of 'host', 'url', 'unix'");
	if (port_of(q->in, &port, reterr) < 0)
		return -EINVAL;
	if (url ? url_parse(url, &u, reterr) < 0 : host && url_host(host, strlen(host), name, reterr) < 0)
		return -EINVAL;
	if (path && !path[0])
		return err_set(reterr, EINVAL, "empty path");
	if (url)
		pipeline_url(c->pipeline, url, q->by, ret);
	else if (host)
		pipeline_host(c->pipeline, host, port, q->by, ret);
	else
		pipeline_unix(c->pipeline, path, q->by, ret);
	return 0;
}

static int ask_tool(struct check *c, const struct question *q, struct pipeline_answer *ret, struct err *reterr)
{
	const cJSON *input = cJSON_GetObjectItemCaseSensitive(q->in, "input");
	const char *tool = text_of(q->in, "tool");

	if (!tool || !tool[0])
		return err_set(reterr, EINVAL, "op 'tool' needs 'tool'");
	pipeline_tool(c->pipeline, tool, input, ret);
	return 0;
}

static int ask_text(struct check *c, const struct question *q, struct pipeline_answer *ret, struct err *reterr)
{
	const char *text = text_of(q->in, "text");

	if (!text)
		return err_set(reterr, EINVAL, "op 'text' needs 'text'");
	pipeline_text(c->pipeline, text, strlen(text), ret);
	return 0;
}

static const struct {
	const char *name;
	enum policy_op op;
	int (*ask)(struct check *, const struct question *, struct pipeline_answer *, struct err *);
} ops[] = {
	{"read", POLICY_READ, ask_path},   {"write", POLICY_WRITE, ask_path}, {"delete", POLICY_DELETE, ask_path},
	{"list", POLICY_LIST, ask_path},   {"exec", POLICY_EXEC, ask_exec},   {"connect", POLICY_CONNECT, ask_connect},
	{"tool", POLICY_TOOL, ask_tool},   {"text", POLICY_CONTENT, ask_text},
};

static int ask(struct check *c, const cJSON *in, struct pipeline_answer *ret, struct err *reterr)
{
	struct question q = {.in = in};
	const char *op;

	if (check_types(in, reterr) < 0)
		return -EINVAL;
	op = text_of(in, "op");
	if (!op)
		return err_set(reterr, EINVAL, "no 'op'");
	q.by = text_of(in, "by");
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		q.op = ops[i].op;
		if (streq(op, ops[i].name))
			return ops[i].ask(c, &q, ret, reterr);
	}
	return err_set(reterr, EINVAL,
		       "unknown op '%.40s'; expected read, write, delete, list, exec, connect, tool or text", op);
}

/* --- lines ---------------------------------------------------------------------------------------- */

static void put_field(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	buf_put_json(out, value);
}

/* The steps as a list. */
static void put_way(struct check *c, struct buf *out)
{
	char *p = c->way.data, *end;

	buf_puts(out, ",\"way\":[");
	for (; p && *p; p = end + 1) {
		end = strchr(p, '\n');
		if (!end)
			break;
		*end = '\0';
		if (p != c->way.data)
			buf_putc(out, ',');
		buf_put_json(out, p);
	}
	buf_putc(out, ']');
}

static enum check_result put_answer(struct check *c, const struct pipeline_answer *ans, struct buf *out)
{
	const struct policy_decision *d = &ans->d;

	buf_printf(out, "{\"verdict\":\"%s\"", policy_verdict_name(d->verdict));
	put_field(out, "rule", d->rule);
	put_field(out, "stage", d->stage);
	put_field(out, "message", d->message ? d->message : "");
	if (c->explain != EXPLAIN_BRIEF) {
		put_field(out, "severity", policy_severity_name(d->severity));
		put_field(out, "source", d->source ? d->source : "");
		if (ans->path[0])
			put_field(out, "path", ans->path);
		if (ans->judged[0] && !streq(ans->path, ans->judged))
			put_field(out, "judged", ans->judged);
		if (ans->suggestion[0])
			put_field(out, "suggestion", ans->suggestion);
	}
	if (c->explain == EXPLAIN_WAY)
		put_way(c, out);
	buf_puts(out, "}\n");
	return d->verdict == VERDICT_ALLOW ? CHECK_ALLOWED : CHECK_DENIED;
}

static enum check_result put_error(const char *msg, struct buf *out)
{
	buf_puts(out, "{\"error\":");
	buf_put_json(out, msg);
	buf_puts(out, "}\n");
	return CHECK_BAD;
}

/* A question that some program would read otherwise than we do. */
static enum check_result put_unreadable(struct check *c, const char *why, struct buf *out)
{
	struct pipeline_answer ans;

	pipeline_unreadable(c->pipeline, why, &ans);
	return put_answer(c, &ans, out);
}

enum check_result check_line(struct check *c, const char *line, size_t len, struct buf *out)
{
	struct pipeline_answer ans;
	struct err err = {0};
	cJSON *in = NULL;
	int rc;

	buf_reset(&c->way);
	rc = jsonin_parse(line, len, &in, &err);
	if (rc == -EILSEQ)
		return put_unreadable(c, err.msg, out);
	if (rc < 0)
		return put_error(err.msg, out);
	rc = ask(c, in, &ans, &err);
	cJSON_Delete(in);
	return rc < 0 ? put_error(err.msg, out) : put_answer(c, &ans, out);
}

/* --- the subcommand ------------------------------------------------------------------------------- */

static int exit_status(enum check_result r)
{
	return r == CHECK_ALLOWED ? TOOL_OK : r == CHECK_DENIED ? TOOL_DENIED : TOOL_USAGE;
}

static bool flush_each(void)
{
	struct stat st;

	return fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode);
}

/* Answer every line of stdin. */
static int check_stream(struct check *c)
{
	const bool flush = flush_each();
	autofree char *line = NULL;
	autobuf out = {0};
	size_t cap = 0, len = 0;
	int worst = TOOL_OK, rc;

	while ((rc = jsonin_line(stdin, &line, &cap, &len)) != 0) {
		enum check_result r;

		if (rc < 0 && rc != -EMSGSIZE)
			return TOOL_USAGE;
		buf_reset(&out);
		r = rc < 0 ? put_error("line longer than 16 MiB", &out) : check_line(c, line, len, &out);
		if (buf_failed(&out) || fwrite(out.data, 1, out.len, stdout) != out.len)
			return TOOL_USAGE;
		if (flush && fflush(stdout) != 0)
			return TOOL_USAGE;
		worst = MAX(worst, exit_status(r));
	}
	return fflush(stdout) == 0 ? worst : TOOL_USAGE;
}

static const char help_text[] =
	"usage: crust check [OPTION]... < actions.jsonl\n"
	"Answer one JSON object a line with the verdict of the policy.\n"
	"\n"
	"  --policy FILE     a policy to use instead of ~/.config/crust/policy.yaml (may be repeated)\n"
	"  --home DIR        what ~ means (default: $HOME)\n"
	"  --cwd DIR         what relative paths begin at (default: the current directory)\n"
	"  --workspace DIR   the workspace (default: as --cwd)\n"
	"  --explain         add the way through the pipeline, a step at a time\n"
	"  --brief           only verdict, rule, stage and message\n"
	"\n"
	"  {\"op\":\"read\",\"path\":\"~/.ssh/id_rsa\"}          also write, delete, list\n"
	"  {\"op\":\"exec\",\"argv\":[\"rm\",\"-rf\",\"/\"]}         or \"command\":\"TEXT\"\n"
	"  {\"op\":\"connect\",\"host\":\"example.com\",\"port\":443} or \"url\", or \"unix\"\n"
	"  {\"op\":\"tool\",\"tool\":\"Bash\",\"input\":{...}}       an agent's tool call\n"
	"  {\"op\":\"text\",\"text\":\"...\"}                    content: secrets, hidden text\n"
	"\n"
	"Exit status: 0 all allowed, 1 something was not, 2 a bad line or a bad policy.\n";

int check_main(int argc, char **argv)
{
	struct tool_options o;
	struct tool_place place;
	struct policy *p = NULL;
	struct check *c = NULL;
	struct err err = {0};
	int status = TOOL_USAGE;

	if (tool_options_parse(TOOL_CHECK, argc, argv, &o, &err) < 0) {
		fprintf(stderr, "crust check: %s\n", err.msg);
		return TOOL_USAGE;
	}
	if (o.help)
		return fputs(help_text, stdout) < 0 ? TOOL_USAGE : TOOL_OK;
	if (tool_load(&o, &place, &p, &err) < 0) {
		fprintf(stderr, "crust check: %s\n", err.msg);
		return TOOL_USAGE;
	}
	c = check_new(&place, p, o.explain);
	if (c)
		status = check_stream(c);
	check_free(c);
	policy_free(p);
	return status;
}
