/* The preload library's questions. In the ordinary mode they only select what is told. In best-effort
 * mode (no listener to be had) they are all that there is: then the answer is a verdict on what the
 * library says it is about to do, and the start line says what that is worth. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "preload/wire.h"
#include "seccomp/state.h"

#define WORDS_MAX 256

static void voice_send(int fd, uint32_t verdict, const char *text)
{
	char out[sizeof(struct wire_answer) + DENIAL_TEXT];
	struct wire_answer a = { .magic = WIRE_MAGIC, .verdict = verdict };

	a.text_len = (uint32_t)strnlen(text, DENIAL_TEXT);
	memcpy(out, &a, sizeof(a));
	memcpy(out + sizeof(a), text, a.text_len);
	(void)!send(fd, out, sizeof(a) + a.text_len, MSG_NOSIGNAL | MSG_DONTWAIT); /* it may be gone */
}

void supervisor_last_denial(struct supervisor *s, int tid, char *buf, size_t size)
{
	struct denial_slot *slot = &s->denials[(unsigned)tid % DENIAL_SLOTS];

	buf[0] = '\0';
	pthread_mutex_lock(&s->voice_lock);
	if (slot->tid == tid) {
		(void)snprintf(buf, size, "%s", slot->text); /* a cut line still tells */
		slot->tid = 0;
	}
	pthread_mutex_unlock(&s->voice_lock);
}

static void voice_denial(struct supervisor *s, int fd, pid_t tid)
{
	char text[DENIAL_TEXT];

	supervisor_last_denial(s, tid, text, sizeof(text));
	voice_send(fd, VERDICT_DENY, text);
}

static struct host_slot *host_slot(struct supervisor *s, const char *addr)
{
	unsigned h = 0;

	for (const char *c = addr; *c; c++)
		h = h * 31 + (unsigned char)*c;
	return &s->hosts[h % HOST_SLOTS];
}

bool host_claimed(struct supervisor *s, const char *addr, char *buf, size_t size)
{
	struct host_slot *slot = host_slot(s, addr);
	bool found;

	pthread_mutex_lock(&s->voice_lock);
	found = streq(slot->addr, addr);
	if (found)
		(void)snprintf(buf, size, "%s", slot->name); /* may be cut */
	pthread_mutex_unlock(&s->voice_lock);
	return found;
}

/* "name\0addr\0addr…", @len bytes and a NUL behind them. */
static void voice_host(struct supervisor *s, const char *text, size_t len)
{
	const char *end = text + len, *addr = text + strlen(text) + 1;

	for (; addr < end && *addr; addr += strlen(addr) + 1) {
		struct host_slot *slot = host_slot(s, addr);

		pthread_mutex_lock(&s->voice_lock);
		(void)snprintf(slot->addr, sizeof(slot->addr), "%s", addr); /* longer ones match nothing */
		(void)snprintf(slot->name, sizeof(slot->name), "%s", text); /* may be cut */
		pthread_mutex_unlock(&s->voice_lock);
	}
}

static void ask_path(struct supervisor *s, enum policy_op op, const char *text,
		     struct policy_decision *ret)
{
	char path[NAME_SIZE], resolved[PATH_MAX];
	struct policy_action a = { .op = op, .path = path };

	if (text[0] != '/' || policy_normalise("/", text, path, sizeof(path)) < 0)
		return;
	policy_decide(s->policy_main, &a, ret);
	if (ret->verdict == VERDICT_ALLOW && realpath(path, resolved)) {
		a.path = resolved;
		policy_decide(s->policy_main, &a, ret);
	}
}

static void ask_exec(struct supervisor *s, char *text, struct policy_decision *ret)
{
	const char *argv[WORDS_MAX + 1] = { 0 };
	struct policy_action a = { .op = POLICY_EXEC, .argv = argv };
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, " ", &save); w && n < WORDS_MAX; w = strtok_r(NULL, " ", &save))
		argv[n++] = w;
	a.path = argv[0];
	if (a.path)
		policy_decide(s->policy_main, &a, ret);
}

static void ask_connect(struct supervisor *s, char *text, struct policy_decision *ret)
{
	struct policy_dest d = { 0 };
	struct policy_action a = { .op = POLICY_CONNECT, .dest = &d };
	char *colon = strrchr(text, ':');
	size_t len;

	if (str_starts(text, "unix:")) {
		d.unix_path = text + 5;
		a.path = d.unix_path;
		policy_decide(s->policy_main, &a, ret);
		return;
	}
	if (!colon)
		return;
	*colon = '\0';
	d.port = (uint16_t)strtoul(colon + 1, NULL, 10);
	len = strlen(text);
	if (text[0] == '[' && len > 1 && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	d.host = text;
	policy_decide(s->policy_main, &a, ret);
}

static void voice_ask(struct supervisor *s, int fd, const struct wire_request *rq, char *text)
{
	struct policy_decision d = { .rule = "undecided",
				     .message = "crust-run does not understand this question." };
	enum policy_op op = (enum policy_op)rq->op;
	char line[DENIAL_TEXT], copy[WIRE_TEXT_MAX + 1];
	struct audit_event ev;

	if (rq->op >= POLICY_OP_COUNT)
		return;
	(void)snprintf(copy, sizeof(copy), "%s", text); /* same size */
	if (op == POLICY_EXEC)
		ask_exec(s, text, &d);
	else if (op == POLICY_CONNECT)
		ask_connect(s, text, &d);
	else
		ask_path(s, op, text, &d);
	if (s->observe)
		d.verdict = VERDICT_ALLOW;
	ev = (struct audit_event){ .verdict = policy_verdict_name(d.verdict),
				   .op = policy_op_name(op),
				   .object = copy,
				   .rule = d.rule,
				   .source = d.source,
				   .message = d.message,
				   .severity = policy_severity_name(d.severity),
				   .pid = rq->tid,
				   .best_effort = true };
	if (d.verdict != VERDICT_ALLOW || audit_wants_allow(s->audit))
		audit_put(s->audit, &ev);
	else
		audit_count(s->audit, true);
	(void)snprintf(line, sizeof(line), "crust-run: denied %s of %s (%s)%s%s", /* may be cut */
		       policy_op_name(op), copy, d.rule, d.message[0] ? ": " : "", d.message);
	voice_send(fd, d.verdict, d.verdict == VERDICT_ALLOW ? "" : line);
}

void supervisor_answer_voice(struct supervisor *s, int fd)
{
	char in[sizeof(struct wire_request) + WIRE_TEXT_MAX + 1];
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct wire_request rq;
	ssize_t len;

	if (poll(&pfd, 1, 100) <= 0)
		return;
	len = recv(fd, in, sizeof(in) - 1, MSG_DONTWAIT);
	if (len < (ssize_t)sizeof(rq))
		return;
	memcpy(&rq, in, sizeof(rq));
	if (rq.magic != WIRE_MAGIC || rq.text_len > (size_t)len - sizeof(rq))
		return;
	in[sizeof(rq) + rq.text_len] = '\0';
	switch (rq.kind) {
	case WIRE_DENIAL:
		voice_denial(s, fd, rq.tid);
		break;
	case WIRE_HOST:
		voice_host(s, in + sizeof(rq), rq.text_len);
		break;
	case WIRE_ASK:
		voice_ask(s, fd, &rq, in + sizeof(rq));
		break;
	default:
		break;
	}
}
