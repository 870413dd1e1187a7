/* A line is written by one write() under a lock, so that lines never mix, also with those of another
 * crust-run that appends to the same file. What cannot be written whole is taken back if the file allows
 * it, else ended with a newline before the next event: one bad line at most, never a bad neighbour. */
#include "audit/audit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"

#define RULES_MAX     64 /* rules with a count of their own; the rest shares one */
#define RULE_NAME_MAX 72
#define SUMMARY_RULES 5

struct rule_count {
	char name[RULE_NAME_MAX];
	uint64_t n;
};

struct audit {
	int fd; /* -1: only count */
	bool all;
	atomic_uint_fast64_t allowed, denied, asked, observed, lost;

	pthread_mutex_t lock; /* everything below, and writing */
	bool torn;	      /* the file may end in half a line */
	int lost_errno;
	struct rule_count rules[RULES_MAX];
	size_t n_rules;
	uint64_t other_rules;
	struct buf line;
};

int audit_open(const char *path, bool all, struct audit **ret, struct err *reterr)
{
	autofree struct audit *a = calloc(1, sizeof(*a));

	if (!a)
		return err_set(reterr, ENOMEM, "no memory for the event log");
	a->fd = -1;
	a->all = all && path;
	if (path)
		a->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (path && a->fd < 0)
		return err_set(reterr, errno, "events file '%s': %s", path, strerror(errno));
	pthread_mutex_init(&a->lock, NULL);
	*ret = take_ptr(a);
	return 0;
}

struct audit *audit_close(struct audit *a)
{
	if (!a)
		return NULL;
	if (a->fd >= 0)
		(void)close(a->fd); /* lines were written one by one; there is nothing to lose here */
	pthread_mutex_destroy(&a->lock);
	buf_done(&a->line);
	free(a);
	return NULL;
}

bool audit_wants_allow(const struct audit *a)
{
	return a->all;
}

void audit_count(struct audit *a, bool allowed)
{
	atomic_fetch_add_explicit(allowed ? &a->allowed : &a->denied, 1, memory_order_relaxed);
}

struct audit_counts audit_counts(const struct audit *a)
{
	return (struct audit_counts){
		.allowed = atomic_load(&a->allowed),
		.denied = atomic_load(&a->denied),
		.asked = atomic_load(&a->asked),
		.observed = atomic_load(&a->observed),
		.lost = atomic_load(&a->lost),
	};
}

/* --- counting ------------------------------------------------------------------------------------ */

static void count_rule(struct audit *a, const char *name)
{
	for (size_t i = 0; i < a->n_rules; i++) {
		if (strncmp(a->rules[i].name, name, RULE_NAME_MAX - 1) == 0) {
			a->rules[i].n++;
			return;
		}
	}
	if (a->n_rules == RULES_MAX) {
		a->other_rules++;
		return;
	}
	(void)snprintf(a->rules[a->n_rules].name, RULE_NAME_MAX, "%s", name); /* names are <= 64 bytes */
	a->rules[a->n_rules++].n = 1;
}

/* Returns whether it was a plain allow. */
static bool count_event(struct audit *a, const struct audit_event *ev)
{
	if (ev->verdict && streq(ev->verdict, "allow")) {
		atomic_fetch_add_explicit(&a->allowed, 1, memory_order_relaxed);
		return true;
	}
	if (ev->observed)
		atomic_fetch_add_explicit(&a->observed, 1, memory_order_relaxed);
	else if (ev->verdict && streq(ev->verdict, "ask"))
		atomic_fetch_add_explicit(&a->asked, 1, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&a->denied, 1, memory_order_relaxed);
	count_rule(a, ev->rule ? ev->rule : ev->reason ? "undecided" : "default");
	return false;
}

/* --- writing ------------------------------------------------------------------------------------- */

static void put_time(struct buf *b)
{
	char text[32] = "1970-01-01T00:00:00";
	struct timespec now = { 0 };
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	if (gmtime_r(&now.tv_sec, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm); /* 19 bytes */
	buf_printf(b, "{\"ts\":\"%s.%03dZ\"", text, (int)(now.tv_nsec / 1000000));
}

static void put_text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, ",\"%s\":", key);
	buf_put_json(b, value);
}

static void put_event(struct buf *b, const struct audit_event *ev)
{
	put_time(b);
	put_text(b, "verdict", ev->verdict);
	put_text(b, "op", ev->op);
	put_text(b, "object", ev->object);
	put_text(b, "as_written", ev->as_written);
	put_text(b, "rule", ev->rule);
	put_text(b, "source", ev->source);
	put_text(b, "message", ev->message);
	put_text(b, "severity", ev->severity);
	put_text(b, "call", ev->call);
	put_text(b, "reason", ev->reason);
	put_text(b, "program", ev->program);
	buf_printf(b, ",\"pid\":%d,\"observed\":%s,\"best_effort\":%s}\n", ev->pid,
		   ev->observed ? "true" : "false", ev->best_effort ? "true" : "false");
}

static void lose(struct audit *a, int error)
{
	atomic_fetch_add_explicit(&a->lost, 1, memory_order_relaxed);
	a->lost_errno = error;
}

/* Take the last @n bytes back, if they are ours and nobody has appended since. */
static bool take_back(int fd, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (end < (off_t)n || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != end)
		return false;
	return ftruncate(fd, end - (off_t)n) == 0;
}

/* write() until all is out. Returns 0, or -errno with *ret_done bytes written. */
static int write_all(int fd, const char *data, size_t len, size_t *ret_done)
{
	*ret_done = 0;
	while (*ret_done < len) {
		ssize_t n = write(fd, data + *ret_done, len - *ret_done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		*ret_done += (size_t)n;
	}
	return 0;
}

static void write_line(struct audit *a)
{
	size_t done;
	int rc;

	if (buf_failed(&a->line)) {
		lose(a, ENOMEM);
		return;
	}
	if (a->torn && write(a->fd, "\n", 1) != 1) {
		lose(a, errno);
		return;
	}
	a->torn = false;
	rc = write_all(a->fd, a->line.data, a->line.len, &done);
	if (rc == 0)
		return;
	lose(a, -rc);
	a->torn = done > 0 && !take_back(a->fd, done);
}

void audit_put(struct audit *a, const struct audit_event *ev)
{
	int saved = errno;
	bool allow;

	pthread_mutex_lock(&a->lock);
	allow = count_event(a, ev);
	if (a->fd >= 0 && (!allow || a->all)) {
		buf_reset(&a->line);
		put_event(&a->line, ev);
		write_line(a);
	}
	pthread_mutex_unlock(&a->lock);
	errno = saved;
}

/* --- the summary --------------------------------------------------------------------------------- */

static void put_number(struct buf *b, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_putc(b, ',');
		buf_putc(b, digits[i]);
	}
}

static int rule_compare(const void *x, const void *y)
{
	const struct rule_count *a = x, *b = y;

	return a->n < b->n ? 1 : a->n > b->n ? -1 : strcmp(a->name, b->name);
}

static void put_rules(struct buf *b, struct audit *a)
{
	uint64_t rest = a->other_rules;

	qsort(a->rules, a->n_rules, sizeof(a->rules[0]), rule_compare);
	for (size_t i = SUMMARY_RULES; i < a->n_rules; i++)
		rest += a->rules[i].n;
	for (size_t i = 0; i < MIN(a->n_rules, (size_t)SUMMARY_RULES); i++) {
		buf_printf(b, "%s%s \u00d7", i ? ", " : " (", a->rules[i].name);
		put_number(b, a->rules[i].n);
	}
	if (rest) {
		buf_puts(b, ", others \u00d7");
		put_number(b, rest);
	}
	if (a->n_rules)
		buf_putc(b, ')');
}

static void put_count(struct buf *b, uint64_t n, const char *what)
{
	if (!n)
		return;
	buf_puts(b, ", ");
	put_number(b, n);
	buf_puts(b, what);
}

void audit_summary(struct audit *a, char *text, size_t size)
{
	struct audit_counts c = audit_counts(a);
	uint64_t judged = c.allowed + c.denied + c.asked + c.observed;
	autobuf b = { 0 };

	pthread_mutex_lock(&a->lock);
	put_number(&b, judged);
	buf_puts(&b, judged == 1 ? " call judged" : " calls judged");
	if (!(c.denied + c.asked + c.observed))
		buf_puts(&b, ", none denied");
	put_count(&b, c.denied, " denied");
	put_count(&b, c.asked, " asked and not answered");
	put_count(&b, c.observed, " would have been denied");
	put_rules(&b, a);
	if (c.lost) {
		buf_puts(&b, "; ");
		put_number(&b, c.lost);
		buf_printf(&b, c.lost == 1 ? " event lost: %s" : " events lost: %s",
			   strerror(a->lost_errno));
	}
	pthread_mutex_unlock(&a->lock);
	(void)snprintf(text, size, "%s", buf_str(&b)); /* cut by contract */
}
