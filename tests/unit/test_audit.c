/* The event log: whole lines whatever happens, and everything that does not fit is counted. */
#include "audit/audit.h"
#include "tests/unit/tap.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char dir[] = "/tmp/test-audit.XXXXXX";
static char path[64];

static const struct audit_event denial = {
	.verdict = "deny", .op = "read", .object = "/home/u/.ssh/id_rsa", .as_written = ".ssh/id_rsa",
	.rule = "protect-ssh-keys", .source = "builtin", .message = "no", .severity = "critical",
	.call = "openat", .program = "/bin/cat", .pid = 42,
};

static struct audit *open_log(bool all)
{
	struct audit *a = NULL;
	struct err e;

	(void)unlink(path);
	if (audit_open(path, all, &a, &e) < 0)
		skip_all("%s", e.msg);
	return a;
}

static char *slurp(size_t *ret_len)
{
	autofclose f = fopen(path, "re");
	char *text = calloc(1, 1 << 22);

	*ret_len = f && text ? fread(text, 1, (1 << 22) - 1, f) : 0;
	return text;
}

/* Number of lines, all of which must be JSON objects; -1 if one is not. */
static int count_lines(void)
{
	size_t len;
	autofree char *text = slurp(&len);
	int n = 0;

	if (len && text[len - 1] != '\n')
		return -1;
	for (char *line = text, *end; *line; line = end + 1, n++) {
		cJSON *json;

		end = strchr(line, '\n');
		*end = '\0';
		json = cJSON_Parse(line);
		if (!cJSON_IsObject(json))
			n = -1000000;
		cJSON_Delete(json);
	}
	return n < 0 ? -1 : n;
}

static const char *text_of(const cJSON *json, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

	return s ? s : "(none)";
}

static void test_fields(void)
{
	struct audit *a = open_log(false);
	autofree char *text = NULL;
	struct stat st;
	cJSON *json;
	size_t len;

	audit_put(a, &denial);
	audit_close(a);
	text = slurp(&len);
	json = cJSON_Parse(text);
	ok(json && len && text[len - 1] == '\n', "one line of JSON");
	ok(streq(text_of(json, "verdict"), "deny") && streq(text_of(json, "op"), "read"), "verdict, op");
	ok(streq(text_of(json, "object"), denial.object), "object");
	ok(streq(text_of(json, "as_written"), denial.as_written), "as_written");
	ok(streq(text_of(json, "rule"), denial.rule) && streq(text_of(json, "source"), "builtin"), "rule");
	ok(streq(text_of(json, "message"), "no") && streq(text_of(json, "severity"), "critical"), "message");
	ok(streq(text_of(json, "call"), "openat") && streq(text_of(json, "program"), "/bin/cat"), "call");
	ok(cJSON_IsNull(cJSON_GetObjectItem(json, "reason")), "what is not known is null");
	ok(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "pid")) == 42, "pid");
	ok(cJSON_IsFalse(cJSON_GetObjectItem(json, "observed")) &&
	   cJSON_IsFalse(cJSON_GetObjectItem(json, "best_effort")), "flags");
	ok(strlen(text_of(json, "ts")) == 24 && text_of(json, "ts")[10] == 'T' &&
	   text_of(json, "ts")[23] == 'Z', "ts is RFC 3339 with milliseconds: %s", text_of(json, "ts"));
	cJSON_Delete(json);
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "made for its owner alone");
}

static void test_hostile_text(void)
{
	struct audit *a = open_log(false);
	struct audit_event ev = denial;

	ev.object = "a\nb\"c\\d\x01\x7f\xff\xfe\xc3\xa4\xed\xa0\x80 end";
	audit_put(a, &ev);
	audit_close(a);
	ok(count_lines() == 1, "any bytes in a name stay one line of JSON");
}

static void test_counts(void)
{
	struct audit *a = open_log(false);
	struct audit_event ev = denial;
	struct audit_counts c;
	char text[256];

	ok(!audit_wants_allow(a), "plain allows are not wanted");
	for (int i = 0; i < 1230; i++)
		audit_count(a, true);
	audit_put(a, &denial);
	audit_put(a, &denial);
	ev.rule = "other";
	audit_put(a, &ev);
	ev.verdict = "ask";
	audit_put(a, &ev);
	ev.verdict = "allow";
	audit_put(a, &ev);
	c = audit_counts(a);
	ok(c.allowed == 1231 && c.denied == 3 && c.asked == 1 && c.observed == 0 && c.lost == 0, "counts");
	ok(count_lines() == 4, "plain allows are not written");
	audit_summary(a, text, sizeof(text));
	ok(streq(text, "1,235 calls judged, 3 denied, 1 asked and not answered "
		       "(other \u00d72, protect-ssh-keys \u00d72)"), "summary: %s", text);
	audit_summary(a, text, 10);
	ok(streq(text, "1,235 cal"), "summary cut to its buffer");
	audit_close(a);

	a = open_log(true);
	ok(audit_wants_allow(a), "plain allows are wanted");
	audit_put(a, &ev);
	ok(count_lines() == 1, "and written");
	audit_close(a);
}

static void test_observed(void)
{
	struct audit *a = NULL;
	struct audit_event ev = denial;
	char text[256];

	ok(audit_open(NULL, true, &a, NULL) == 0 && !audit_wants_allow(a), "without a file it only counts");
	audit_summary(a, text, sizeof(text));
	ok(streq(text, "0 calls judged, none denied"), "summary of nothing: %s", text);
	audit_count(a, true);
	audit_summary(a, text, sizeof(text));
	ok(streq(text, "1 call judged, none denied"), "summary of one: %s", text);
	ev.observed = true;
	audit_put(a, &ev);
	audit_summary(a, text, sizeof(text));
	ok(streq(text, "2 calls judged, 1 would have been denied (protect-ssh-keys \u00d71)"),
	   "summary in the observe profile: %s", text);
	audit_close(a);
}

static void test_many_rules(void)
{
	struct audit *a = NULL;
	struct audit_event ev = denial;
	char name[64], text[256];

	ok(audit_open(NULL, false, &a, NULL) == 0, "opened");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "rule-%03d", i % 200);
		ev.rule = name;
		audit_put(a, &ev);
	}
	audit_summary(a, text, sizeof(text));
	ok(strstr(text, "1,000 denied (rule-000 \u00d75, ") && strstr(text, ", others \u00d7975)"),
	   "many rules: %s", text);
	audit_close(a);
}

/* A file that may not grow stands for a full disk: the write that crosses the limit is short. */
static void test_full(void)
{
	struct rlimit old, tight;
	struct audit *a = open_log(false);
	int before;

	(void)signal(SIGXFSZ, SIG_IGN);
	audit_put(a, &denial);
	audit_put(a, &denial);
	before = count_lines();
	(void)getrlimit(RLIMIT_FSIZE, &old);
	tight = old;
	tight.rlim_cur = 1000;
	(void)setrlimit(RLIMIT_FSIZE, &tight);
	for (int i = 0; i < 5; i++)
		audit_put(a, &denial);
	(void)setrlimit(RLIMIT_FSIZE, &old);
	ok(before == 2 && count_lines() >= 2, "only whole lines in a full file");
	ok(audit_counts(a).lost >= 3 && audit_counts(a).denied == 7, "the rest is counted as lost");
	before = count_lines();
	audit_put(a, &denial);
	ok(count_lines() == before + 1, "goes on when there is room again");
	audit_close(a);
}

static void test_full_device(void)
{
	struct audit *a = NULL;
	char text[256];

	ok(audit_open("/dev/full", false, &a, NULL) == 0, "/dev/full opens");
	audit_put(a, &denial);
	audit_put(a, &denial);
	audit_summary(a, text, sizeof(text));
	ok(strstr(text, "; 2 events lost: No space left on device"), "said in the summary: %s", text);
	audit_close(a);
}

/* Some like to read the log as it grows. */
static void test_fifo(void)
{
	struct audit *a = NULL;
	char fifo[80], text[16384];
	autoclose in = -1;
	ssize_t n;

	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	if (mkfifo(fifo, 0600) < 0 || (in = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0)
		return;
	ok(audit_open(fifo, false, &a, NULL) == 0, "a fifo opens");
	audit_put(a, &denial);
	n = read(in, text, sizeof(text));
	ok(n > 0 && text[n - 1] == '\n', "an event comes through a fifo");
	audit_close(a);
	(void)unlink(fifo);
}

static void *put_many(void *arg)
{
	for (int i = 0; i < 1000; i++)
		audit_put(arg, &denial);
	return NULL;
}

static void test_threads(void)
{
	struct audit *a = open_log(false), *b = NULL;
	pthread_t t[4];

	ok(audit_open(path, false, &b, NULL) == 0, "the same file twice");
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		pthread_create(&t[i], NULL, put_many, i % 2 ? a : b);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		pthread_join(t[i], NULL);
	ok(count_lines() == 4000, "4 threads, 2 logs on one file: 4,000 whole lines");
	ok(audit_counts(a).denied == 2000 && audit_counts(b).denied == 2000, "all counted");
	audit_close(a);
	audit_close(b);
}

static void test_errors(void)
{
	struct audit *a = NULL;
	struct err e = { 0 };

	ok(audit_open("/no/such/dir/x", false, &a, &e) == -ENOENT && strstr(e.msg, "/no/such/dir/x"),
	   "a file that cannot be made: %s", e.msg);
	ok(!a && !audit_close(NULL), "nothing made, nothing to close");
}

int main(void)
{
	if (!mkdtemp(dir))
		skip_all("cannot make %s", dir);
	(void)snprintf(path, sizeof(path), "%s/events", dir);
	test_fields();
	test_hostile_text();
	test_counts();
	test_observed();
	test_many_rules();
	test_full();
	test_full_device();
	test_fifo();
	test_threads();
	test_errors();
	(void)unlink(path);
	(void)rmdir(dir);
	return tap_done();
}
