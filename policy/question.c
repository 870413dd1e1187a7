#include "policy/question.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>

#include "shell/shell.h"
#include "text/decode.h"
#include "text/unicode.h"
#include "text/url.h"

#define UNKNOWN_TEXT "\x1a" /* SHELL_UNKNOWN */

void question_note(struct question *q, const char *fmt, ...)
{
	char line[600];
	va_list ap;

	if (!q->explain)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_puts(q->explain, line);
	buf_putc(q->explain, '\n');
}

struct pipeline_answer *question_apart(struct question *q, struct pipeline_answer *own)
{
	struct pipeline_answer *outer = q->ans;

	*own = (struct pipeline_answer){
		.d = {.verdict = VERDICT_ALLOW,
		      .rule = "default",
		      .message = "",
		      .source = "builtin",
		      .stage = "default"},
	};
	q->ans = own;
	return outer;
}

void question_begin(struct question *q, struct pipeline_answer *ans, const char *by)
{
	(void)question_apart(q, ans); /* nothing was before */
	q->by = by;
	q->mode = QUESTION_ALL;
	q->cwd = q->world->cwd;
	q->tool = q->server = q->input = NULL;
}

/* Is @a the answer rather than @b? A rule says more than the default. */
static bool is_stronger(const struct policy_decision *a, const struct policy_decision *b)
{
	if (a->verdict != b->verdict)
		return a->verdict < b->verdict; /* VERDICT_DENY is 0 */
	if (streq(a->rule, "default") != streq(b->rule, "default"))
		return streq(b->rule, "default");
	return a->severity > b->severity;
}

void question_join(struct question *q, struct pipeline_answer *outer, const struct pipeline_answer *own)
{
	if (is_stronger(&own->d, &outer->d))
		*outer = *own;
	q->ans = outer;
}

static bool counts(const struct question *q, const struct policy_decision *d)
{
	if (q->mode == QUESTION_ALL)
		return true;
	if (streq(d->rule, "default"))
		return false;
	return q->mode == QUESTION_NAMED || d->verdict == VERDICT_DENY;
}

static void copy_cut(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from ? from : "");
}

void question_action(struct question *q, const struct policy_action *a, const char *about)
{
	struct pipeline_answer *ans = q->ans;
	struct policy_action all = *a;
	struct policy_decision d;

	all.tool = q->tool;
	all.server = q->server;
	all.input = q->input;
	a = &all;
	policy_decide(q->policy, a, &d);
	question_note(q, "rules      %-7s %.300s: %s by '%s'",
		   a->op == POLICY_CONTENT ? "content"
		   : a->op == POLICY_TOOL  ? "tool"
					   : policy_op_name(a->op),
		   about ? about : "", policy_verdict_name(d.verdict), d.rule);
	if (!counts(q, &d) || !is_stronger(&d, &ans->d))
		return;
	ans->d = d;
	copy_cut(ans->judged, sizeof(ans->judged), about);
	ans->path[0] = ans->suggestion[0] = '\0';
	if (d.verdict != VERDICT_ALLOW && !q->no_suggestions)
		policy_suggest(q->policy, a, &d, ans->suggestion, sizeof(ans->suggestion));
}

void question_refuse(struct question *q, enum policy_verdict v, const char *name, const char *stage, const char *message,
		  const char *about)
{
	const struct policy_decision d = {
		.verdict = v,
		.rule = name,
		.message = message,
		.source = "builtin",
		.stage = stage,
		.severity = SEVERITY_HIGH,
	};

	question_note(q, "%-10s %.300s: %s by '%s'", stage, about ? about : "", policy_verdict_name(v), name);
	if (!counts(q, &d) || !is_stronger(&d, &q->ans->d))
		return;
	q->ans->d = d;
	copy_cut(q->ans->judged, sizeof(q->ans->judged), about);
	q->ans->path[0] = q->ans->suggestion[0] = '\0';
}

/* --- paths ---------------------------------------------------------------------------------------- */

struct name_sink {
	struct question *q;
	enum policy_op op;
};

static void one_name(struct question *q, enum policy_op op, const char *name)
{
	struct policy_dest dest = {.unix_path = name};
	const struct policy_action a = {
		.op = op, .path = name, .by = q->by, .dest = op == POLICY_CONNECT ? &dest : NULL};

	question_action(q, &a, name);
}

static void add_name(void *to, const char *name)
{
	struct name_sink *s = to;

	one_name(s->q, s->op, name);
}

/* @path is absolute and normalised. */
static void judge_names(struct question *q, enum policy_op op, const char *path)
{
	struct name_sink sink = {q, op};
	char real[PATH_MAX] = "";
	int rc = 0;

	one_name(q, op, path);
	if (q->world->names)
		rc = q->world->names(q->world->arg, op, path, add_name, &sink, real);
	if (rc < 0)
		question_refuse(q, VERDICT_DENY, "unparsable", "path", "This path cannot be resolved.", path);
	else if (real[0] && q->ans->judged[0])
		copy_cut(q->ans->path, sizeof(q->ans->path), real);
}

/* "~/x", "/x" or "x" to an absolute normalised path. */
static int full_name(const struct question *q, const char *path, char ret[PATH_MAX])
{
	if (path[0] == '~' && (path[1] == '/' || !path[1])) {
		char joined[PATH_MAX];

		if (snprintf(joined, sizeof(joined), "%s/%s", q->world->home, path + 1) >= PATH_MAX)
			return -ENAMETOOLONG;
		return policy_normalise("/", joined, ret, PATH_MAX);
	}
	return policy_normalise(q->cwd ? q->cwd : "/" UNKNOWN_TEXT, path, ret, PATH_MAX);
}

static void judge_spelling(struct question *q, enum policy_op op, const char *path)
{
	char full[PATH_MAX];
	int rc = full_name(q, path, full);

	if (rc < 0)
		question_refuse(q, VERDICT_DENY, "unparsable", "path", "This path is too long.", path);
	else
		judge_names(q, op, full);
}

/* The same object as somebody else may read the name. */
static void judge_other_spellings(struct question *q, enum policy_op op, const char *path)
{
	autobuf norm = {0}, skeleton = {0}, plain = {0};
	unsigned found = unicode_normalise(path, strlen(path), &norm, &skeleton);

	if (found && norm.len && !streq(buf_str(&norm), path)) {
		question_note(q, "unicode    %.200s reads as %.200s", path, buf_str(&norm));
		judge_spelling(q, op, buf_str(&norm));
	}
	if (found && skeleton.len && !streq(buf_str(&skeleton), buf_str(&norm)))
		judge_spelling(q, op, buf_str(&skeleton));
	if (strchr(path, '%') && decode_percent(path, strlen(path), &plain) && plain.len &&
	    strlen(buf_str(&plain)) == plain.len)
		judge_spelling(q, op, buf_str(&plain));
	if (buf_failed(&norm) || buf_failed(&skeleton) || buf_failed(&plain))
		question_refuse(q, VERDICT_DENY, "unparsable", "unicode", "Out of memory.", path);
}

static bool is_plain_name(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x7f || (unsigned char)*s < 0x20 || *s == '%')
			return false;
	return true;
}

void question_path(struct question *q, enum policy_op op, const char *path)
{
	if (!path[0]) {
		question_refuse(q, VERDICT_DENY, "unparsable", "path", "The path is empty.", "");
		return;
	}
	judge_spelling(q, op, path);
	if (!is_plain_name(path))
		judge_other_spellings(q, op, path);
}

/* --- globs ---------------------------------------------------------------------------------------- */

#define COMP_MAX 256 /* bytes of one component, NAME_MAX and its end */
enum { TOKEN_STAR = 256, TOKEN_ANY };

static bool is_wild(const char *comp, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("*?" UNKNOWN_TEXT, comp[i]))
			return false;
	return true;
}

/* One component of a glob as tokens. Brackets count as any one letter: rather a question too many. */
static size_t comp_tokens(const char *s, const char *end, uint16_t ret[COMP_MAX])
{
	size_t n = 0;

	while (s < end && n < COMP_MAX) {
		const char *close = *s == '[' ? memchr(s + 1, ']', (size_t)(end - s - 1)) : NULL;

		if (*s == '*' || *s == SHELL_UNKNOWN)
			ret[n++] = TOKEN_STAR;
		else if (*s == '?' || close)
			ret[n++] = TOKEN_ANY;
		else if (*s == '\\' && s + 1 < end)
			ret[n++] = (unsigned char)*++s;
		else
			ret[n++] = (unsigned char)*s;
		s = close ? close + 1 : s + 1;
	}
	return n;
}

static bool tokens_meet(uint16_t a, uint16_t b)
{
	return a == TOKEN_ANY || b == TOKEN_ANY || a == b;
}

static bool is_literal(char c)
{
	return c != '*' && c != '?' && c != '[' && c != ']' && c != '\\' && c != SHELL_UNKNOWN && c;
}

/* Cheap reasons why no name matches both: they begin or end with other letters. */
static bool comps_differ(const char *a, const char *ae, const char *b, const char *be)
{
	if (a == ae || b == be)
		return false;
	return (is_literal(*a) && is_literal(*b) && *a != *b) ||
	       (is_literal(ae[-1]) && is_literal(be[-1]) && ae[-1] != be[-1]);
}

/* Is there a name that both globs match? One row of the table (rest of @a, rest of @b) at a time. */
static bool comps_meet(const char *a, const char *ae, const char *b, const char *be)
{
	uint16_t x[COMP_MAX], y[COMP_MAX];
	bool row[COMP_MAX + 1], below[COMP_MAX + 1];
	size_t n, m;

	if (comps_differ(a, ae, b, be))
		return false;
	n = comp_tokens(a, ae, x);
	m = comp_tokens(b, be, y);
	if (n == COMP_MAX || m == COMP_MAX)
		return true; /* longer than a name can be */
	memset(row, 0, m + 1);
	for (size_t i = n + 1; i-- > 0;) {
		memcpy(below, row, m + 1);
		for (size_t k = m + 1; k-- > 0;) {
			bool xs = i < n && x[i] == TOKEN_STAR, ys = k < m && y[k] == TOKEN_STAR;

			if (i == n && k == m)
				row[k] = true;
			else if (xs || ys)
				row[k] = (i < n && below[k]) || (k < m && row[k + 1]);
			else
				row[k] = i < n && k < m && below[k + 1] && tokens_meet(x[i], y[k]);
		}
	}
	return row[0];
}

static const char *comp_end(const char *s)
{
	return s + strcspn(s, "/");
}

static size_t literal_head(const char *s, const char *end)
{
	size_t n = 0;

	while (s + n < end && is_literal(s[n]))
		n++;
	return n;
}

static size_t literal_tail(const char *s, const char *end)
{
	size_t n = 0;

	while (end - n > s && is_literal(end[-1 - (ptrdiff_t)n]))
		n++;
	return n;
}

/* Two components with wildcards nearly always have a name in common; do they also mean the same kind of file? They do
 * if what is written at their beginning, or at their end, goes together: "id_r*" and "id_*", "*.pem" and "*.pem". */
static bool comps_mean_same(const char *a, const char *ae, const char *b, const char *be)
{
	size_t heads = MIN(literal_head(a, ae), literal_head(b, be));
	size_t tails = MIN(literal_tail(a, ae), literal_tail(b, be));

	return (heads && memcmp(a, b, heads) == 0) || (tails && memcmp(ae - tails, be - tails, tails) == 0);
}

static bool has_wild(const char *s, const char *end)
{
	return literal_head(s, end) < (size_t)(end - s);
}

/* Could @glob name something that @guard, the pattern of a rule, covers? A component that is nothing but
 * wildcards speaks only of what a rule names in that very directory: `cat *` is not a question about every
 * rule that begins with a "**". */
static bool globs_meet(const char *glob, const char *guard, bool anchored)
{
	const char *ge, *re;
	size_t gl, rl;
	bool any_depth;

	if (is_literal(*glob) && is_literal(*guard) && *glob != *guard)
		return false; /* most of them */
	ge = comp_end(glob);
	re = comp_end(guard);
	gl = (size_t)(ge - glob);
	rl = (size_t)(re - guard);
	any_depth = rl == 2 && guard[0] == '*' && guard[1] == '*';

	if (any_depth) {
		if (!*re)
			return true; /* all below */
		for (const char *g = glob;; g = comp_end(g) + 1) {
			if (globs_meet(g, re + 1, false))
				return true;
			if (!*comp_end(g))
				return false;
		}
	}
	if (is_wild(glob, gl) && !is_wild(guard, rl) && !anchored)
		return false;
	if ((glob[0] == '*' || glob[0] == '?' || glob[0] == '[') && guard[0] == '.')
		return false; /* a leading dot is not matched by a wildcard of the shell */
	if (!comps_meet(glob, ge, guard, re))
		return false;
	if (!anchored && !is_wild(glob, gl) && has_wild(glob, ge) && has_wild(guard, re) &&
	    !comps_mean_same(glob, ge, guard, re))
		return false;
	if (!*re)
		return true; /* the guard is the object, or a directory it lies in */
	if (!*ge)
		return false;
	return globs_meet(ge + 1, re + 1, anchored);
}

struct glob_query {
	const char *glob, *found;
	size_t literal; /* bytes of the glob before its first wildcard */
};

static bool glob_meets(const char *pattern, void *arg)
{
	struct glob_query *x = arg;

	if (pattern[0] == '/') {
		size_t n = MIN(x->literal, literal_head(pattern, pattern + x->literal));

		if (strncmp(x->glob, pattern, n) != 0)
			return true;
	}
	if (!globs_meet(x->glob + 1, pattern + (pattern[0] == '/'), pattern[0] == '/'))
		return true;
	x->found = pattern;
	return false;
}

/* The pattern of the rule with its wildcards, taken for a name, is one that the rule covers. */
void question_glob(struct question *q, enum policy_op op, const char *pattern)
{
	char full[PATH_MAX], name[PATH_MAX];
	struct glob_query x = {.glob = full};

	question_path(q, op, pattern);
	if (full_name(q, pattern, full) < 0)
		return; /* too long: question_path() said so */
	x.literal = literal_head(full, full + strlen(full));
	(void)policy_each_guard(q->policy, 1u << op, glob_meets, &x); /* found tells */
	if (!x.found)
		return;
	question_note(q, "glob       %.200s may be what '%.200s' guards", pattern, x.found);
	(void)snprintf(name, sizeof(name), "%s%s", x.found[0] == '/' ? "" : "/", x.found);
	one_name(q, op, name);
}

/* --- trees ---------------------------------------------------------------------------------------- */

struct tree_query {
	const char *dir, *found;
};

/* Does @pattern say where, and is that in the tree? */
static bool tree_holds(const char *pattern, void *arg)
{
	struct tree_query *x = arg;
	size_t len = strlen(x->dir);

	if (pattern[0] != '/' || (len > 1 && (strncmp(pattern, x->dir, len) != 0 || pattern[len] != '/')))
		return true;
	x->found = pattern;
	return false;
}

/* What lies below is read as well. Rules that begin with a "**" could be meant by every tree; they are left to those
 * who read the files. */
void question_tree(struct question *q, enum policy_op op, const char *path)
{
	char full[PATH_MAX];
	struct tree_query x = {.dir = full};

	question_path(q, op, path);
	if (full_name(q, path, full) < 0)
		return; /* too long: question_path() said so */
	(void)policy_each_guard(q->policy, 1u << op, tree_holds, &x); /* found tells */
	if (!x.found)
		return;
	question_note(q, "tree       %.200s holds what '%.200s' guards", full, x.found);
	one_name(q, op, x.found);
}

/* --- destinations --------------------------------------------------------------------------------- */

/* All the spellings of an address: RFC 4291, a zone behind it, and what inet_aton(3) takes for IPv4. */
static bool parse_address(const char *host, uint8_t ret[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char plain[URL_HOST_MAX + 1];
	struct in_addr v4;

	copy_cut(plain, sizeof(plain), host);
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

static void bad_destination(struct question *q, const char *why, const char *about)
{
	question_note(q, "address    %s", why);
	question_refuse(q, VERDICT_ASK, "unparsable", "destination",
		     "This destination cannot be read in one way only. Spell it plainly.", about);
}

void question_host(struct question *q, const char *host, uint16_t port)
{
	struct policy_dest dest = {.port = port};
	const struct policy_action a = {.op = POLICY_CONNECT, .dest = &dest, .by = q->by};
	char name[URL_HOST_MAX + 1], about[URL_HOST_MAX + 16];
	struct err err;

	if (url_host(host, strlen(host), name, &err) < 0) {
		bad_destination(q, err.msg, host);
		return;
	}
	dest.has_addr = parse_address(name, dest.addr);
	if (!dest.has_addr && strchr(name, ':')) {
		bad_destination(q, "bad address", host);
		return;
	}
	if (!dest.has_addr)
		dest.host = name;
	(void)snprintf(about, sizeof(about), port ? "%s:%u" : "%s", name, port);
	question_action(q, &a, about);
}

void question_unix(struct question *q, const char *path)
{
	struct policy_dest dest = {.unix_path = path + 1, .unix_abstract = true};
	const struct policy_action a = {.op = POLICY_CONNECT, .dest = &dest, .by = q->by};

	if (path[0] == '@')
		question_action(q, &a, path);
	else
		question_path(q, POLICY_CONNECT, path);
}

void question_url(struct question *q, const char *url)
{
	struct err err;
	struct url u;

	if (url_parse(url, &u, &err) < 0) {
		bad_destination(q, err.msg, url);
		return;
	}
	if (u.kind == URL_HOST)
		question_host(q, u.host, u.port);
	else if (u.kind == URL_UNIX)
		question_unix(q, u.path);
	else
		question_path(q, POLICY_READ, u.path);
}

/* "host:port" with a port that is a number. */
static bool split_port(char *host, uint16_t *ret)
{
	char *colon = strrchr(host, ':'), *end;
	unsigned long n;

	if (!colon || !isdigit((unsigned char)colon[1]) || (host[0] != '[' && strchr(host, ':') != colon))
		return false;
	n = strtoul(colon + 1, &end, 10);
	if (*end || n > 65535)
		return false;
	*colon = '\0';
	*ret = (uint16_t)n;
	return true;
}

void question_destination(struct question *q, const char *text)
{
	char host[URL_HOST_MAX + 16];
	uint16_t port = 0;

	if (str_starts(text, "unix:") && !str_starts(text, "unix://")) {
		question_unix(q, text + 5);
		return;
	}
	if (strstr(text, "://") || str_starts(text, "file:")) {
		question_url(q, text);
		return;
	}
	if (strlen(text) >= sizeof(host)) {
		bad_destination(q, "too long", text);
		return;
	}
	copy_cut(host, sizeof(host), text);
	(void)split_port(host, &port);
	question_host(q, host, port);
}
