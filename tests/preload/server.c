/* server SOCK LOG BEHAVIOUR - stands in for the supervisor in the tests of the preload library.
 * Answers on the path socket SOCK as BEHAVIOUR says, writes a line to LOG for each request. Ends
 * when killed.
 *
 * voice     a text with a new number for every denial     same     always one text
 * empty     no denial known                               long     the longest text there may be
 * control   a text with control characters                ask      best-effort: refuses what has
 * "secret" garbage, short, huge, badlen, toobig: wrong answers      close    hangs up silent never
 * answers                                 deaf     never even accepts */
#include "preload/wire.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static unsigned char in[sizeof(struct wire_request) + WIRE_TEXT_MAX];
static unsigned char out[65536];
static FILE *log_file;
static const char *behaviour;

static bool is(const char *name)
{
	return strcmp(behaviour, name) == 0;
}

static void answer(int fd, uint32_t verdict, const char *text, size_t len)
{
	struct wire_answer head = {
		.magic = WIRE_MAGIC, .verdict = verdict, .text_len = (uint32_t)len};

	if (is("huge"))
		head.text_len = 0xffffffffu;
	if (is("badlen"))
		head.text_len++;
	memcpy(out, &head, sizeof(head));
	if (is("garbage"))
		memset(out, 0xa5, sizeof(head));
	memcpy(out + sizeof(head), text, len);
	(void)!send(fd, out, is("short") ? 4 : sizeof(head) + len, MSG_NOSIGNAL);
}

static void answer_ask(int fd, uint32_t op, const char *text)
{
	static const char *const ops[] = {"read", "write", "delete", "list", "exec", "connect"};
	char line[256];
	int n;

	if (!strstr(text, "secret")) {
		answer(fd, strstr(text, "doubtful") ? 1 : 2, "", 0);
		return;
	}
	n = snprintf(line, sizeof(line), "crust-run: denied %s (test)", op < 6 ? ops[op] : "?");
	answer(fd, 0, line, (size_t)n);
}

static void answer_denial(int fd, int tid)
{
	static unsigned count;
	static char text[20000];
	int n = snprintf(text, sizeof(text), "crust-run: denied %u (test): thread %d", ++count,
			 tid);

	if (is("same"))
		n = snprintf(text, sizeof(text), "crust-run: denied (test)");
	else if (is("control"))
		n = snprintf(text, sizeof(text),
			     "crust-run: a\033[2Jb\nc\rd\xc2\x9b"
			     "e");
	else if (is("empty"))
		n = 0;
	else if (is("long") || is("toobig"))
		memset(text + n, 'x', sizeof(text) - (size_t)n);
	if (is("long"))
		n = WIRE_TEXT_MAX;
	if (is("toobig"))
		n = (int)sizeof(text);
	answer(fd, 0, text, (size_t)n);
}

static bool serve(int fd)
{
	struct wire_request req;
	ssize_t n = recv(fd, in, sizeof(in), 0);
	char text[WIRE_TEXT_MAX + 1];

	if (n < (ssize_t)sizeof(req))
		return false;
	memcpy(&req, in, sizeof(req));
	if (req.magic != WIRE_MAGIC || req.text_len != (size_t)n - sizeof(req)) {
		fprintf(log_file, "bad\n");
		return false;
	}
	memcpy(text, in + sizeof(req), req.text_len);
	text[req.text_len] = '\0';
	if (req.kind == WIRE_HOST)
		for (uint32_t i = 0; i < req.text_len; i++)
			if (!text[i])
				text[i] = ' ';
	fprintf(log_file, "%s %u %s\n",
		req.kind == WIRE_DENIAL ? "denial"
		: req.kind == WIRE_HOST ? "host"
					: "ask",
		req.op, text);
	if (is("silent"))
		return true; /* keep it open */
	if (req.kind == WIRE_DENIAL && !is("close"))
		answer_denial(fd, req.tid);
	if (req.kind == WIRE_ASK)
		answer_ask(fd, req.op, text);
	return false;
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (argc != 4 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 2;
	behaviour = argv[3];
	log_file = fopen(argv[2], "ae");
	if (!log_file)
		return 1;
	setvbuf(log_file, NULL, _IOLBF, 0);
	memcpy(addr.sun_path, argv[1], strlen(argv[1]) + 1);
	unlink(argv[1]);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, is("deaf") ? 0 : 64)) {
		perror("server");
		return 1;
	}
	if (is("deaf"))
		pause();
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (c >= 0 && !serve(c))
			close(c);
	}
}
