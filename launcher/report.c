#include "launcher/report.h"

#include <sys/socket.h>

int report_pair(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

int report_send(int fd, enum report_kind kind, int value, const char *text)
{
	struct report r = { .kind = kind, .value = value };
	size_t len = text ? MIN(strlen(text), sizeof(r.text) - 1) : 0;
	ssize_t n;

	if (len)
		memcpy(r.text, text, len);
	do
		n = write(fd, &r, offsetof(struct report, text) + len + 1);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int report_recv(int fd, struct report *ret)
{
	struct report r = { 0 };
	ssize_t n;

	do
		n = read(fd, &r, sizeof(r));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	if ((size_t)n <= offsetof(struct report, text))
		return -EBADMSG;
	r.text[sizeof(r.text) - 1] = '\0';
	*ret = r;
	return 1;
}
