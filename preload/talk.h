/* talk - the preload library's state, its side of the wire (wire.h), and the one line it writes.
 * For preload/ only.
 *
 * Everything here may run in a signal handler, in a vfork child, in any thread, on a small
 * alternate stack: it makes raw system calls, takes no lock, and keeps what is large in memory of
 * its own mapped for the call. What it remembers are words that are read and written atomically; a
 * vfork child shares them with its parent and may count in them as the parent's thread would, which
 * is meant: the limits hold for both together. If anything is odd it does nothing. */
#pragma once

#include "preload/sys.h"
#include "preload/wire.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#define TALK_LINES_MAX	  20  /* lines that one process may write */
#define TALK_FAILURES_MAX 3   /* in a row, then the supervisor is held to be gone */
#define TALK_VOICE_MS	  100 /* for one question about a denial, all in all */
#define TALK_ASK_MS	  2000 /* the same in best-effort mode: a wrong "no" breaks a build */

_Static_assert(PIPE_BUF >= 4096, "a line up to here is written whole or not at all");

enum talk_mode { TALK_UNSET = 0, TALK_OFF, TALK_VOICE, TALK_ASK };

static struct {
	enum talk_mode mode;
	struct sockaddr_un addr;
	socklen_t addr_len;   /* 0: no usable address in the environment */
	struct stat err_stat; /* of descriptor 2 when the library was loaded */
	bool err_open;	      /* was there one? */
	unsigned failures;    /* questions without an answer, in a row */
	unsigned lines;	      /* written so far */
	uint32_t last_said;   /* hash of the last line */
	uint32_t last_host;   /* hash of the last WIRE_HOST */
	bool unreachable_said;
} talk;

/* Has the program put itself into a seccomp filter? Set by the hooks of prctl and syscall, in
 * assembler. */
__attribute__((used)) static bool talk_caged;

#define talk_get(field)	   __atomic_load_n(&talk.field, __ATOMIC_RELAXED)
#define talk_put(field, v) __atomic_store_n(&talk.field, v, __ATOMIC_RELAXED)

static bool talk_is_caged(void)
{
	return *(volatile bool *)&talk_caged;
}

/* Memory for one conversation. */
struct scratch {
	struct {
		struct wire_request head;
		char text[WIRE_TEXT_MAX];
	} request;
	struct {
		struct wire_answer head;
		char text[WIRE_TEXT_MAX + 1];
	} answer;
	char input[PATH_MAX]; /* copy of one string of the program's */
};

/* Returns NULL when there is no memory. */
static struct scratch *scratch_new(void)
{
	long p = SYS(mmap, 0, sizeof(struct scratch), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p < 0 && p >= -4095 ? NULL : (struct scratch *)p;
}

static void scratch_free(struct scratch *s)
{
	if (s)
		(void)SYS(munmap, s, sizeof(*s));
}

/* FNV-1a; never 0, which means "nothing yet". */
static uint32_t talk_hash(const char *text, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash ? hash : 1;
}

static int64_t talk_now_ms(void)
{
	struct timespec ts = {0};

	(void)SYS(clock_gettime, CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Wait until @fd is ready for @events, or until @until_ms. */
static bool talk_wait(int fd, short events, int64_t until_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	long n;

	do {
		int64_t left = until_ms - talk_now_ms();
		struct timespec ts;

		if (left < 0)
			left = 0;
		ts = (struct timespec){.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
		n = SYS(ppoll, &p, 1, &ts, 0, 0);
	} while (n == -EINTR && talk_now_ms() < until_ms);
	return n == 1 && (p.revents & events);
}

/* A connection to the supervisor, or -errno. Never one of the descriptors 0 to 2, which mean
 * something to the other threads of a program that closed them. */
static int talk_connect(int64_t until_ms)
{
	int64_t left = until_ms - talk_now_ms();
	struct timeval tv = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
	long ret;
	int fd;

	if (!talk.addr_len)
		return -ENOENT;
	fd = (int)SYS(socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && fd < 3) {
		int high = (int)SYS(fcntl, fd, F_DUPFD_CLOEXEC, 3);

		(void)SYS(close, fd);
		fd = high;
	}
	if (fd < 0)
		return fd;
	/* A non-blocking connect would not wait for a place in the queue of a busy supervisor. */
	(void)SYS(setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	do {
		ret = SYS(connect, fd, &talk.addr, talk.addr_len);
	} while (ret == -EINTR && talk_now_ms() < until_ms);
	if (ret < 0) {
		(void)SYS(close, fd);
		return (int)ret;
	}
	return fd;
}

/* Send @s->request with @text_len bytes of text. With @answer, wait for s->answer, which then is
 * checked and NUL-terminated. Return 0 or -errno; s->request stays. */
static int talk_exchange(struct scratch *s, uint32_t kind, uint32_t op, size_t text_len,
			 bool answer, unsigned timeout_ms)
{
	const uint64_t all = ~0ull;
	int64_t until_ms = talk_now_ms() + timeout_ms;
	size_t len = sizeof(s->request.head) + text_len;
	uint64_t mask;
	long n;
	int fd;

	s->request.head = (struct wire_request){
		.magic = WIRE_MAGIC,
		.kind = kind,
		.tid = (int32_t)SYS(gettid, 0),
		.op = op,
		.text_len = (uint32_t)text_len,
	};
	/* No handler between connect and send: its own question would wait for a supervisor that
	 * waits for the rest of this one. */
	(void)SYS(rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask)); /* cannot fail */
	fd = talk_connect(until_ms);
	/* sendto without an address: not a call that the supervisor's filter has to stop. */
	n = fd < 0 ? fd : SYS(sendto, fd, &s->request, len, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
	(void)SYS(rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
	if (fd < 0)
		return fd;
	if (n == (long)len && answer) {
		n = -ETIMEDOUT;
		if (talk_wait(fd, POLLIN, until_ms))
			n = SYS(recvfrom, fd, &s->answer, sizeof(s->answer) - 1,
				MSG_DONTWAIT | MSG_TRUNC, 0, 0);
		if (n >= 0 &&
		    ((size_t)n < sizeof(s->answer.head) || (size_t)n >= sizeof(s->answer) ||
		     s->answer.head.magic != WIRE_MAGIC ||
		     s->answer.head.text_len != (size_t)n - sizeof(s->answer.head)))
			n = -EBADMSG;
		if (n >= 0)
			s->answer.text[s->answer.head.text_len] = '\0';
	} else if (n >= 0 && n != (long)len) {
		n = -EIO;
	}
	(void)SYS(close, fd);
	return n < 0 ? (int)n : 0;
}

/* Count how questions end, so that a dead supervisor costs a program three waits and no more. Want
 * of descriptors is the program's own and says nothing of the supervisor. */
static void talk_count(int err)
{
	if (err == 0)
		talk_put(failures, 0);
	else if (err != -EMFILE && err != -ENFILE)
		(void)__atomic_add_fetch(&talk.failures, 1, __ATOMIC_RELAXED);
}

/* Is descriptor 2 what a person or an agent reads as stderr, and not a terminal? A terminal is
 * where a person sits, who has the supervisor's own notice; and a program may have closed
 * descriptor 2 and got a file or connection of its own under that number. */
static bool talk_stderr_listens(void)
{
	struct stat st = {0};
	int domain = 0;
	socklen_t len = sizeof(domain);
	bool same;

	if (!talk.err_open || SYS(fstat, 2, &st) < 0)
		return false;
	same = st.st_dev == talk.err_stat.st_dev && st.st_ino == talk.err_stat.st_ino;
	switch (st.st_mode & S_IFMT) {
	case S_IFIFO:
		return true;
	case S_IFSOCK:
		return same || (SYS(getsockopt, 2, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
				domain == AF_UNIX);
	case S_IFREG: /* a shell's 2> is write-only; data files are not */
		return same || (SYS(fcntl, 2, F_GETFL) & O_ACCMODE) == O_WRONLY;
	default: /* terminals, /dev/null */
		return false;
	}
}

/* One write to descriptor 2, which neither ends the program (SIGPIPE, SIGXFSZ) nor holds it up for
 * long when nobody reads. */
static void talk_write(const char *line, size_t len)
{
	const uint64_t deadly = 1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1);
	const struct timespec none = {0};
	uint64_t pending = 0, ours, mask;

	if (!talk_wait(2, POLLOUT, talk_now_ms() + TALK_VOICE_MS))
		return;
	if (SYS(rt_sigprocmask, SIG_BLOCK, &deadly, &mask, sizeof(mask)) < 0)
		return;
	(void)SYS(rt_sigpending, &pending, sizeof(pending)); /* cannot fail */
	(void)SYS(write, 2, line, len); /* if it fails there is nobody to tell */
	ours = deadly & ~pending;
	while (SYS(rt_sigtimedwait, &ours, 0, &none, sizeof(ours)) > 0)
		;
	(void)SYS(rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof(mask));
}

static bool talk_may_say(void)
{
	return talk_get(lines) < TALK_LINES_MAX && talk_stderr_listens();
}

/* Write @text (room for one byte behind it) as a line, unless it is what was said last. Bytes that
 * would move a terminal's cursor or make two lines of one do not get through. */
static void talk_say(char *text, size_t len)
{
	static const char last[] =
		"crust-run: further denials of this process are not shown here\n";
	uint32_t hash;
	unsigned line;

	if (len > 4095)
		len = 4095;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			text[i] = '?';
		else if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0) /* C1 */
			text[i] = text[i + 1] = '?';
	}
	hash = talk_hash(text, len);
	if (__atomic_exchange_n(&talk.last_said, hash, __ATOMIC_RELAXED) == hash)
		return;
	line = __atomic_add_fetch(&talk.lines, 1, __ATOMIC_RELAXED);
	if (line > TALK_LINES_MAX)
		return;
	text[len++] = '\n';
	if (line == TALK_LINES_MAX)
		talk_write(last, sizeof(last) - 1);
	else
		talk_write(text, len);
}

/* The voice: a call of this thread failed with EACCES; if the supervisor was it, say why. */
__attribute__((noinline, cold)) static void talk_denied(void)
{
	struct scratch *s;
	int err;

	if (talk_get(mode) != TALK_VOICE || talk_get(failures) >= TALK_FAILURES_MAX ||
	    talk_is_caged() || !talk_may_say())
		return;
	s = scratch_new();
	if (!s)
		return;
	err = talk_exchange(s, WIRE_DENIAL, 0, 0, true, TALK_VOICE_MS);
	talk_count(err);
	if (!err && s->answer.head.text_len)
		talk_say(s->answer.text, s->answer.head.text_len);
	scratch_free(s);
}

/* Best-effort mode: may this thread do @op on s->request.text? False unless the supervisor says so.
 */
static bool talk_allows(struct scratch *s, uint32_t op, size_t text_len)
{
	static const char unreachable[] = "crust-run: denied: the supervisor does not answer, "
					  "and in best-effort mode nothing is allowed without it";
	unsigned timeout_ms = talk_get(failures) >= TALK_FAILURES_MAX ? TALK_VOICE_MS : TALK_ASK_MS;
	int err = -EPERM;

	if (!talk_is_caged()) {
		err = talk_exchange(s, WIRE_ASK, op, text_len, true, timeout_ms);
		talk_count(err);
	}
	if (!err && s->answer.head.verdict == 2)
		return true;
	if (err) {
		if (!talk_may_say() ||
		    __atomic_exchange_n(&talk.unreachable_said, true, __ATOMIC_RELAXED))
			return false;
		memcpy(s->answer.text, unreachable, sizeof(unreachable));
		talk_say(s->answer.text, sizeof(unreachable) - 1);
	} else if (s->answer.head.text_len && talk_may_say()) {
		talk_say(s->answer.text, s->answer.head.text_len);
	}
	return false;
}

/* Tell the log that a name was resolved; @s->request.text holds @len bytes. Waits for nothing. */
static void talk_host(struct scratch *s, size_t len)
{
	uint32_t hash = talk_hash(s->request.text, len);

	if (talk_get(failures) >= TALK_FAILURES_MAX || talk_is_caged() ||
	    __atomic_exchange_n(&talk.last_host, hash, __ATOMIC_RELAXED) == hash)
		return;
	if (talk_exchange(s, WIRE_HOST, 0, len, false, TALK_VOICE_MS) < 0)
		(void)__atomic_add_fetch(&talk.failures, 1, __ATOMIC_RELAXED);
}

/* Read the environment, once, before the program can change it. */
static void talk_init(void)
{
	/* NULL for programs that run with more rights than their caller. */
	const char *path = secure_getenv(WIRE_ENV), *mode = secure_getenv(WIRE_ENV_MODE);
	bool ask = mode && strcmp(mode, "ask") == 0;
	size_t len = path ? strlen(path) : 0;

	if (SYS(getuid, 0) != SYS(geteuid, 0) || SYS(getgid, 0) != SYS(getegid, 0) ||
	    (!path && !ask)) {
		talk_put(mode, TALK_OFF);
		return;
	}
	if (len && path[0] == '/' && len < sizeof(talk.addr.sun_path)) {
		talk.addr.sun_family = AF_UNIX;
		memcpy(talk.addr.sun_path, path, len + 1);
		talk.addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	} else if (!ask) {
		talk_put(mode, TALK_OFF);
		return;
	}
	talk.err_open = SYS(fstat, 2, &talk.err_stat) == 0;
	talk_put(mode, ask ? TALK_ASK : TALK_VOICE);
}
