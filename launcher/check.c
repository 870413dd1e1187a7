/* One action has several names: as written, through each symbolic link, and behind a hard link. Each of
 * them is decided alone and the strongest verdict is the answer, so that no spelling is weaker than
 * another. Where nothing can be said (bad JSON, no such op) the answer is an error. */
#include "launcher/check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sys/stat.h>

#include "launcher/hardlink.h"
#include "text/jsonin.h"
#include "launcher/aliases.h"
#include "text/url.h"

#define CHECK_ARGS_MAX	  65536u     /* words of one argument vector */
#define CHECK_INSPECT_MAX (1u << 20) /* bytes of a file that is inspected */
#define CHECK_PATH_DIRS	  64	     /* of PATH */

struct check {
	const struct tool_place *place;
	const struct policy *policy;
	struct hardlink *links;
	bool no_explain;
};

/* The strongest decision so far and what it was about. Strings inside live as long as the policy. */
struct answer {
	bool any;
	struct policy_decision d;
	char judged[PATH_MAX];	/* the name decided on; "" if none */
	char path[PATH_MAX];	/* what the name comes to, without links; "" if none */
	char suggestion[1024];
};

struct check *check_new(const struct tool_place *place, const struct policy *p, bool no_explain)
{
	struct check *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct check){.place = place, .policy = p, .no_explain = no_explain};
	c->links = hardlink_new(p, place->workspace);
	return c->links ? c : check_free(c);
}

struct check *check_free(struct check *c)
{
	if (c)
		hardlink_free(c->links);
	free(c);
	return NULL;
}

/* --- deciding ------------------------------------------------------------------------------------- */

/* Is @a the answer rather than @b? A rule says more than the default. */
static bool is_stronger(const struct policy_decision *a, const struct policy_decision *b)
{
	if (a->verdict != b->verdict)
		return a->verdict < b->verdict; /* VERDICT_DENY is 0 */
	if (streq(a->rule, "default") != streq(b->rule, "default"))
		return streq(b->rule, "default");
	return a->severity > b->severity;
}

static void decide(const struct check *c, const struct policy_action *a, const char *path,
		   struct answer *ans)
{
	struct policy_decision d;

	policy_decide(c->policy, a, &d);
	if (ans->any && !is_stronger(&d, &ans->d))
		return;
	ans->any = true;
	ans->d = d;
	(void)snprintf(ans->judged, sizeof(ans->judged), "%s", path ? path : "");
	ans->suggestion[0] = '\0';
	if (d.verdict != VERDICT_ALLOW && !c->no_explain)
		policy_suggest(c->policy, a, &d, ans->suggestion, sizeof(ans->suggestion));
}

/* Add the guarded names of hard links. */
static int add_hardlinks(const struct check *c, enum policy_op op, struct aliases *n)
{
	const size_t known = n->n;

	for (size_t i = 0; i < known; i++) {
		const char *other = NULL;
		struct stat st;

		if (lstat(n->name[i], &st) == 0)
			other = hardlink_find(c->links, op, &st);
		if (other && aliases_add(n, other) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void note_resolved(struct answer *ans, const struct aliases *n)
{
	(void)snprintf(ans->path, sizeof(ans->path), "%s", n->name[n->resolved]); /* PATH_MAX both */
}

/* Read a small file whole; an empty one if it does not exist. False: it cannot be inspected. */
static bool read_small(const char *path, struct buf *ret, bool *ret_exists)
{
	char chunk[16384];
	autoclose fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	*ret_exists = fd >= 0;
	if (fd < 0)
		return errno == ENOENT;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_put(ret, chunk, (size_t)n);
		if (ret->len > CHECK_INSPECT_MAX)
			return false;
	}
	return n == 0 && !buf_failed(ret);
}

/* A rule with `inspect` denies by name; content may show that the change is harmless. What the other
 * rules say is asked for the name that git writes first: its lock, which this rule leaves alone. */
static void inspect(const struct check *c, const struct policy_action *a, const char *content,
		    struct answer *ans)
{
	autobuf old = {0};
	char why[200] = "", path[PATH_MAX + 8];
	struct policy_action lock = *a;
	struct answer other = {0};
	bool exists;

	if (ans->d.inspect == INSPECT_NONE || !content || strlen(content) > CHECK_INSPECT_MAX)
		return;
	(void)snprintf(path, sizeof(path), "%s", ans->judged);
	if (!read_small(path, &old, &exists) ||
	    !policy_inspect(ans->d.inspect, ans->judged, exists ? buf_str(&old) : NULL, old.len, content,
			    strlen(content), why, sizeof(why)))
		return;
	(void)snprintf(path, sizeof(path), "%s.lock", ans->judged);
	lock.path = path;
	decide(c, &lock, ans->judged, &other);
	*ans = other;
}

/* --- read, write, delete, list -------------------------------------------------------------------- */

static const char *text_of(const cJSON *in, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, key);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* A key that is there with another type is an error, not a key that is not there. */
static int check_types(const cJSON *in, struct err *reterr)
{
	static const char *const strings[] = {"op", "path", "command", "host", "url", "unix", "content", "by"};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(in, strings[i]);

		if (v && !cJSON_IsString(v))
			return err_set(reterr, EINVAL, "'%s': expected a string", strings[i]);
	}
	return 0;
}

/* One op on one text. */
static int judge_path_op(struct check *c, enum policy_op op, const char *text, const cJSON *in,
			 struct answer *ans, struct err *reterr)
{
	autoaliases n = {.n = 0};
	int rc;

	rc = aliases_find(c->place->home, c->place->cwd, text, op != POLICY_DELETE, &n, reterr);
	if (rc < 0)
		return rc;
	if (add_hardlinks(c, op, &n) < 0)
		return err_set(reterr, ENOMEM, "out of memory");
	for (size_t i = 0; i < n.n; i++) {
		const struct policy_action a = {.op = op, .path = n.name[i], .by = text_of(in, "by")};
		struct answer one = {0};

		decide(c, &a, n.name[i], &one);
		if (op == POLICY_WRITE)
			inspect(c, &a, text_of(in, "content"), &one);
		if (!ans->any || is_stronger(&one.d, &ans->d))
			*ans = one;
	}
	note_resolved(ans, &n);
	return 0;
}

static int judge_path(struct check *c, enum policy_op op, const cJSON *in, struct answer *ans,
		      struct err *reterr)
{
	const char *text = text_of(in, "path");

	if (!text)
		return err_set(reterr, EINVAL, "op '%s' needs 'path'", policy_op_name(op));
	return judge_path_op(c, op, text, in, ans, reterr);
}

/* --- exec ----------------------------------------------------------------------------------------- */

/* Where PATH leads, as in execvp(3); @ret is @prog itself if nowhere. */
static void find_program(const struct check *c, const char *prog, char ret[PATH_MAX])
{
	const char *dirs = getenv("PATH");

	(void)snprintf(ret, PATH_MAX, "%s", prog);
	if (strchr(prog, '/'))
		return;
	if (!dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (size_t i = 0; i < CHECK_PATH_DIRS; i++) {
		size_t len = strcspn(dirs, ":");
		char path[PATH_MAX];
		struct stat st;
		int n;

		n = snprintf(path, sizeof(path), "%.*s/%s", (int)len, dirs, prog);
		if (len == 0)
			n = snprintf(path, sizeof(path), "%s/%s", c->place->cwd, prog);
		if (n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(path, X_OK) == 0) {
			memcpy(ret, path, sizeof(path));
			return;
		}
		if (!dirs[len])
			return;
		dirs += len + 1;
	}
}

static int judge_argv(struct check *c, const char *const *argv, const cJSON *in, struct answer *ans,
		      struct err *reterr)
{
	char program[PATH_MAX];
	autoaliases n = {.n = 0};
	int rc;

	if (strlen(argv[0]) >= PATH_MAX)
		return err_set(reterr, ENAMETOOLONG, "program name too long");
	find_program(c, argv[0], program);
	rc = aliases_find(c->place->home, c->place->cwd, program[0] ? program : "/", true, &n, reterr);
	if (rc < 0)
		return rc;
	if (add_hardlinks(c, POLICY_EXEC, &n) < 0)
		return err_set(reterr, ENOMEM, "out of memory");
	for (size_t i = 0; i < n.n; i++) {
		const struct policy_action a = {
			.op = POLICY_EXEC, .path = n.name[i], .argv = argv, .by = text_of(in, "by")};

		decide(c, &a, n.name[i], ans);
	}
	note_resolved(ans, &n);
	return 0;
}

static int judge_argv_json(struct check *c, const cJSON *list, const cJSON *in, struct answer *ans,
			   struct err *reterr)
{
	autofree const char **argv = NULL;
	size_t n = 0, i = 0;

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
	return judge_argv(c, argv, in, ans, reterr);
}

static int judge_exec(struct check *c, enum policy_op op, const cJSON *in, struct answer *ans,
		      struct err *reterr)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(in, "argv");
	const char *text = text_of(in, "command");
	const char *argv[] = {"sh", "-c", text, NULL};

	(void)op; /* one function a row */
	if (!text == !list)
		return err_set(reterr, EINVAL, "op 'exec' needs either 'command' or 'argv'");
	if (text)
		return judge_argv(c, argv, in, ans, reterr);
	if (!cJSON_IsArray(list))
		return err_set(reterr, EINVAL, "'argv': expected a list of strings");
	return judge_argv_json(c, list, in, ans, reterr);
}

/* --- connect -------------------------------------------------------------------------------------- */

/* All the spellings of an address: RFC 4291, a zone behind it, and what inet_aton(3) takes for IPv4. */
static bool parse_address(const char *host, uint8_t ret[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char plain[URL_HOST_MAX + 1];
	struct in_addr v4;

	(void)snprintf(plain, sizeof(plain), "%s", host);
	if (strchr(plain, ':'))
		plain[strcspn(plain, "%")] = '\0';
	if (inet_pton(AF_INET6, plain, ret) == 1)
		return true;
	if (!isdigit((unsigned char)plain[0]) || inet_aton(plain, &v4) == 0)
		return false;
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), &v4, 4);
	return true;
}

static int judge_host(struct check *c, const char *host, uint16_t port, const cJSON *in, struct answer *ans,
		      struct err *reterr)
{
	struct policy_dest dest = {.port = port};
	const struct policy_action a = {.op = POLICY_CONNECT, .dest = &dest, .by = text_of(in, "by")};

	dest.has_addr = parse_address(host, dest.addr);
	if (!dest.has_addr && strchr(host, ':'))
		return err_set(reterr, EINVAL, "bad address '%.100s'", host);
	if (!dest.has_addr)
		dest.host = host;
	decide(c, &a, NULL, ans);
	return 0;
}

static int judge_unix(struct check *c, const char *text, const cJSON *in, struct answer *ans,
		      struct err *reterr)
{
	struct policy_dest dest = {0};
	const struct policy_action a = {.op = POLICY_CONNECT, .dest = &dest, .by = text_of(in, "by")};
	autoaliases n = {.n = 0};
	int rc;

	if (text[0] == '@') {
		dest.unix_path = text + 1;
		dest.unix_abstract = true;
		decide(c, &a, NULL, ans);
		return 0;
	}
	rc = aliases_find(c->place->home, c->place->cwd, text, true, &n, reterr);
	if (rc < 0)
		return rc;
	if (add_hardlinks(c, POLICY_CONNECT, &n) < 0)
		return err_set(reterr, ENOMEM, "out of memory");
	for (size_t i = 0; i < n.n; i++) {
		dest.unix_path = n.name[i];
		decide(c, &a, n.name[i], ans);
	}
	note_resolved(ans, &n);
	return 0;
}

static int judge_url(struct check *c, const char *text, const cJSON *in, struct answer *ans,
		     struct err *reterr)
{
	struct url u;

	if (url_parse(text, &u, reterr) < 0)
		return -EINVAL;
	if (u.kind == URL_HOST)
		return judge_host(c, u.host, u.port, in, ans, reterr);
	if (u.kind == URL_UNIX)
		return judge_unix(c, u.path, in, ans, reterr);
	return judge_path_op(c, POLICY_READ, u.path, in, ans, reterr);
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

static int judge_connect(struct check *c, enum policy_op op, const cJSON *in, struct answer *ans,
			 struct err *reterr)
{
	const char *host = text_of(in, "host"), *url = text_of(in, "url"), *path = text_of(in, "unix");
	char name[URL_HOST_MAX + 1];
	uint16_t port;

	(void)op; /* one function a row */
	if (!!host + !!url + !!path != 1)
		return err_set(reterr, EINVAL, "op 'connect' needs one of 'host', 'url', 'unix'");
	if (port_of(in, &port, reterr) < 0)
		return -EINVAL;
	if (url)
		return judge_url(c, url, in, ans, reterr);
	if (path)
		return judge_unix(c, path, in, ans, reterr);
	if (url_host(host, strlen(host), name, reterr) < 0)
		return -EINVAL;
	return judge_host(c, name, port, in, ans, reterr);
}

static int judge_later(struct check *c, enum policy_op op, const cJSON *in, struct answer *ans,
		       struct err *reterr)
{
	(void)c, (void)op, (void)ans; /* nothing is judged */
	return err_set(reterr, ENOTSUP, "op '%s': not supported yet", text_of(in, "op"));
}

/* --- lines ---------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum policy_op op;
	int (*judge)(struct check *, enum policy_op, const cJSON *, struct answer *, struct err *);
} ops[] = {
	{"read", POLICY_READ, judge_path},	 {"write", POLICY_WRITE, judge_path},
	{"delete", POLICY_DELETE, judge_path},	 {"list", POLICY_LIST, judge_path},
	{"exec", POLICY_EXEC, judge_exec},	 {"connect", POLICY_CONNECT, judge_connect},
	{"tool", POLICY_OP_COUNT, judge_later}, {"text", POLICY_OP_COUNT, judge_later},
};

static int judge(struct check *c, const cJSON *in, struct answer *ans, struct err *reterr)
{
	const char *op;

	if (check_types(in, reterr) < 0)
		return -EINVAL;
	op = text_of(in, "op");
	if (!op)
		return err_set(reterr, EINVAL, "no 'op'");
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (streq(op, ops[i].name))
			return ops[i].judge(c, ops[i].op, in, ans, reterr);
	return err_set(reterr, EINVAL,
		       "unknown op '%.40s'; expected read, write, delete, list, exec or connect", op);
}

static void put_field(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	buf_put_json(out, value);
}

static enum check_result put_answer(const struct check *c, const struct answer *ans, struct buf *out)
{
	const struct policy_decision *d = &ans->d;

	buf_printf(out, "{\"verdict\":\"%s\"", policy_verdict_name(d->verdict));
	put_field(out, "rule", d->rule);
	put_field(out, "stage", d->stage);
	put_field(out, "message", d->message ? d->message : "");
	if (!c->no_explain) {
		put_field(out, "severity", policy_severity_name(d->severity));
		put_field(out, "source", d->source ? d->source : "");
		if (ans->path[0])
			put_field(out, "path", ans->path);
		if (ans->path[0] && !streq(ans->path, ans->judged))
			put_field(out, "judged", ans->judged);
		if (ans->suggestion[0])
			put_field(out, "suggestion", ans->suggestion);
	}
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

enum check_result check_line(struct check *c, const char *line, size_t len, struct buf *out)
{
	struct answer ans = {0};
	struct err err = {0};
	cJSON *in = NULL;
	int rc;

	rc = jsonin_parse(line, len, &in, &err);
	if (rc < 0)
		return put_error(err.msg, out);
	rc = judge(c, in, &ans, &err);
	cJSON_Delete(in);
	if (rc == 0 && !ans.any)
		rc = err_set(&err, EINVAL, "nothing to judge");
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
	"  --explain no      only verdict, rule, stage and message\n"
	"\n"
	"  {\"op\":\"read\",\"path\":\"~/.ssh/id_rsa\"}          also write, delete, list\n"
	"  {\"op\":\"exec\",\"argv\":[\"rm\",\"-rf\",\"/\"]}         or \"command\":\"TEXT\"\n"
	"  {\"op\":\"connect\",\"host\":\"example.com\",\"port\":443} or \"url\", or \"unix\"\n"
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

	if (tool_parse(TOOL_CHECK, argc, argv, &o, &err) < 0) {
		fprintf(stderr, "crust check: %s\n", err.msg);
		return TOOL_USAGE;
	}
	if (o.help)
		return fputs(help_text, stdout) < 0 ? TOOL_USAGE : TOOL_OK;
	if (tool_load(&o, &place, &p, &err) < 0) {
		fprintf(stderr, "crust check: %s\n", err.msg);
		return TOOL_USAGE;
	}
	c = check_new(&place, p, o.no_explain);
	if (c)
		status = check_stream(c);
	check_free(c);
	policy_free(p);
	return status;
}
