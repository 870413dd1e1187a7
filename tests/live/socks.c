/* socks - what a program sees when it binds, connects and sends: INET, INET6 and Unix sockets by name, by
 * abstract name and by address, whole and in parts. Works in the current directory. */
#include "tests/live/show.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static socklen_t un(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (path[0] == '@') {
		memcpy(a->sun_path + 1, path + 1, strlen(path) - 1);
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	strncpy(a->sun_path, path, sizeof(a->sun_path) - 1);
	return sizeof(*a);
}

static void unix_stream(const char *path)
{
	struct sockaddr_un a, b;
	socklen_t n = un(&a, path), m;
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c, d;
	struct ucred uc;
	char buf[16] = "";

	printf("-- %s\n", path);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SHOW("connect, nobody there", connect(c, (void *)&a, n));
	SHOW("bind", bind(s, (void *)&a, n));
	SHOW("bind twice", bind(s, (void *)&a, n));
	SHOW("connect before listen", connect(c, (void *)&a, n));
	SHOW("listen", listen(s, 5));
	SHOW("connect", connect(c, (void *)&a, n));
	SHOW("connect twice", connect(c, (void *)&a, n));
	d = accept(s, NULL, NULL);
	m = sizeof(b), memset(&b, 0, sizeof(b));
	SHOW("getpeername", getpeername(c, (void *)&b, &m));
	printf("peer %.90s\n", b.sun_path[0] ? b.sun_path : b.sun_path + 1);
	m = sizeof(uc);
	NEED(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &uc, &m) == 0);
	printf("server's uid is mine: %d\n", uc.uid == getuid());
	NEED(getsockopt(d, SOL_SOCKET, SO_PEERCRED, &uc, &m) == 0);
	printf("client's uid is mine: %d\n", uc.uid == getuid());
	NEED(write(c, "hello", 5) == 5 && read(d, buf, 15) == 5);
	printf("got %s\n", buf);
	close(c), close(d), close(s);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SHOW("connect after close", connect(c, (void *)&a, n));
	close(c);
}

static void cmd_unix(int argc, char **argv)
{
	struct sockaddr_un a, b;
	socklen_t n, m;
	char longname[120], buf[64] = "";
	int s, c, p[2];
	struct stat st;

	(void)argc, (void)argv;
	umask(027);
	unix_stream("sock");
	NEED(stat("sock", &st) == 0);
	printf("mode %o\n", st.st_mode);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	n = un(&a, "sock");
	SHOW("bind over it", bind(s, (void *)&a, n));
	n = un(&a, "missing/sock");
	SHOW("bind in a missing directory", bind(s, (void *)&a, n));
	SHOW("connect in a missing directory", connect(s, (void *)&a, n));
	n = un(&a, "plain");
	close(open("plain", O_CREAT | O_WRONLY, 0600));
	SHOW("connect to a file", connect(s, (void *)&a, n));
	NEED(symlink("sock2", "slink") == 0);
	n = un(&a, "slink");
	SHOW("bind over a dangling link", bind(s, (void *)&a, n));
	close(s);
	unix_stream("@crust-e2e-abstract");
	memset(longname, 's', 107), longname[107] = 0;
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	n = un(&a, longname);
	SHOW("107 byte name", bind(s, (void *)&a, n));
	close(s);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	memset(&a, 'x', sizeof(a)), a.sun_family = AF_UNIX;
	SHOW("name without an end", bind(s, (void *)&a, sizeof(a)));
	SHOW("address too short", bind(s, (void *)&a, 1));
	SHOW("address too long", connect(s, (void *)&a, sizeof(a) + 1));
	SHOW("bad pointer", connect(s, (void *)8, sizeof(a)));
	SHOW("bad descriptor", connect(777, (void *)&a, sizeof(a)));
	SHOW("not a socket", connect(open("/dev/null", O_RDONLY), (void *)&a, sizeof(a)));
	close(s);
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	a.sun_family = AF_UNIX;
	SHOW("autobind", bind(s, (void *)&a, sizeof(sa_family_t)));
	m = sizeof(b);
	NEED(getsockname(s, (void *)&b, &m) == 0);
	printf("autobound: %d bytes\n", (int)m);
	close(s);

	s = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0);
	n = un(&a, "dgram");
	SHOW("dgram bind", bind(s, (void *)&a, n));
	SHOW("sendto", sendto(c, "one", 3, 0, (void *)&a, n));
	struct iovec iov = { (void *)"twotwo", 6 };
	struct msghdr mh = { .msg_name = &a, .msg_namelen = n, .msg_iov = &iov, .msg_iovlen = 1 };
	SHOW("sendmsg", sendmsg(c, &mh, 0));
	NEED(pipe(p) == 0);
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} ctl = { { 0 } };
	mh.msg_control = &ctl, mh.msg_controllen = sizeof(ctl.buf);
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
	cm->cmsg_level = SOL_SOCKET, cm->cmsg_type = SCM_RIGHTS, cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &p[1], sizeof(int));
	SHOW("sendmsg with a descriptor", sendmsg(c, &mh, 0));
	struct mmsghdr mm[2] = { { .msg_hdr = { .msg_name = &a, .msg_namelen = n, .msg_iov = &iov, .msg_iovlen = 1 } },
				 { .msg_hdr = { .msg_name = &a, .msg_namelen = n, .msg_iov = &iov, .msg_iovlen = 1 } } };
	int sent = sendmmsg(c, mm, 2, 0);
	printf("sendmmsg %d, lengths %u %u\n", sent, mm[0].msg_len, mm[1].msg_len);
	for (int i = 0; i < 5; i++) {
		struct iovec riov = { buf, sizeof(buf) };
		struct msghdr rh = { .msg_iov = &riov, .msg_iovlen = 1, .msg_control = &ctl, .msg_controllen = sizeof(ctl.buf) };
		ssize_t r = recvmsg(s, &rh, MSG_DONTWAIT);

		printf("received %zd, control %d\n", r, rh.msg_controllen > 0);
		cm = CMSG_FIRSTHDR(&rh);
		if (cm) {
			int got;

			memcpy(&got, CMSG_DATA(cm), sizeof(got));
			NEED(write(got, "by fd", 5) == 5 && read(p[0], buf, 5) == 5);
			printf("through the passed descriptor: %.5s\n", buf);
		}
	}
	SHOW("sendto nobody", sendto(c, "x", 1, 0, (void *)&b, un(&b, "no-dgram")));
	SHOW("connect dgram", connect(c, (void *)&a, n));
	SHOW("send", send(c, "x", 1, 0));
	b.sun_family = AF_UNSPEC;
	SHOW("disconnect", connect(c, (void *)&b, sizeof(b)));
	SHOW("send disconnected", send(c, "x", 1, 0));
	NEED(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p) == 0);
	SHOW("socketpair send", send(p[0], "x", 1, 0));
	/* the queue is full: a non-blocking connect says so, a blocking one waits */
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	n = un(&a, "full");
	NEED(bind(s, (void *)&a, n) == 0 && listen(s, 0) == 0);
	SHOW("first", connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, n));
	SHOW("second, non-blocking", connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&a, n));
	pid_t pid = fork();
	if (pid == 0) {
		alarm(10);
		_exit(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, n) == 0 ? 0 : 1);
	}
	usleep(200000);
	printf("waits: %d\n", waitpid(pid, NULL, WNOHANG) == 0);
	close(accept(s, NULL, NULL));
	int status;
	waitpid(pid, &status, 0);
	printf("then connects: %d\n", status);
}

static void loop(struct sockaddr_storage *a, int family, int port)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET) {
		struct sockaddr_in *v4 = (void *)a;

		v4->sin_family = AF_INET, v4->sin_port = htons((unsigned short)port);
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		struct sockaddr_in6 *v6 = (void *)a;

		v6->sin6_family = AF_INET6, v6->sin6_port = htons((unsigned short)port);
		v6->sin6_addr = in6addr_loopback;
	}
}

static void inet(int family)
{
	struct sockaddr_storage a, b;
	socklen_t n = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6), m = sizeof(b);
	int s = socket(family, SOCK_STREAM, 0), c, d, e;
	struct pollfd pf;
	char buf[16] = "";

	printf("-- %s\n", family == AF_INET ? "IPv4" : "IPv6");
	if (s < 0) {
		printf("socket: %s\n", show_errno(errno));
		return;
	}
	loop(&a, family, 0);
	SHOW("bind", bind(s, (void *)&a, n));
	NEED(getsockname(s, (void *)&a, &m) == 0);
	c = socket(family, SOCK_STREAM, 0);
	SHOW("refused", connect(c, (void *)&a, n));
	SHOW("bind in use", bind(c, (void *)&a, n));
	close(c);
	SHOW("listen", listen(s, 5));
	c = socket(family, SOCK_STREAM, 0);
	SHOW("connect", connect(c, (void *)&a, n));
	SHOW("again", connect(c, (void *)&a, n));
	m = sizeof(b);
	d = accept4(s, (void *)&b, &m, SOCK_CLOEXEC);
	NEED(d >= 0 && send(c, "data", 4, 0) == 4 && recv(d, buf, 15, 0) == 4);
	printf("got %s\n", buf);
	SHOW("sendto on a connected stream", sendto(c, "x", 1, 0, (void *)&a, n));
	close(c), close(d);
	c = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	e = connect(c, (void *)&a, n) < 0 ? errno : 0;
	printf("non-blocking connect: %s\n", e == 0 || e == EINPROGRESS ? "started" : show_errno(e));
	pf = (struct pollfd){ .fd = c, .events = POLLOUT };
	NEED(poll(&pf, 1, 5000) == 1);
	m = sizeof(e);
	NEED(getsockopt(c, SOL_SOCKET, SO_ERROR, &e, &m) == 0);
	printf("non-blocking result: %s\n", show_errno(e));
	close(c), close(s);

	s = socket(family, SOCK_DGRAM, 0), c = socket(family, SOCK_DGRAM, 0);
	loop(&a, family, 0);
	NEED(bind(s, (void *)&a, n) == 0);
	m = sizeof(a);
	NEED(getsockname(s, (void *)&a, &m) == 0);
	SHOW("udp sendto", sendto(c, "one", 3, 0, (void *)&a, n));
	SHOW("udp connect", connect(c, (void *)&a, n));
	SHOW("udp send", send(c, "two", 3, 0));
	m = sizeof(b), memset(&b, 0, sizeof(b));
	printf("udp received %zd", recvfrom(s, buf, 15, 0, (void *)&b, &m));
	printf(" %zd\n", recvfrom(s, buf, 15, 0, NULL, NULL));
	SHOW("udp answer", sendto(s, "back", 4, 0, (void *)&b, m));
	printf("udp answered %zd\n", recv(c, buf, 15, 0));
	b.ss_family = AF_UNSPEC;
	SHOW("udp disconnect", connect(c, (void *)&b, sizeof(b)));
	SHOW("udp send disconnected", send(c, "x", 1, 0));
	SHOW("short address", sendto(c, "x", 1, 0, (void *)&a, 4));
	SHOW("bad address", sendto(c, "x", 1, 0, (void *)8, n));
	SHOW("port 80", bind(socket(family, SOCK_STREAM, 0), (loop(&b, family, 80), (void *)&b), n));
	close(c), close(s);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void cmd_inet(int argc, char **argv)
{
	struct sockaddr_storage a;
	struct sigaction sa = { .sa_handler = on_alarm };
	int s, c[8];
	socklen_t m = sizeof(a);

	(void)argc, (void)argv;
	inet(AF_INET);
	inet(AF_INET6);
	/* a connect that blocks, since nobody takes from the full queue, is interrupted by a signal */
	s = socket(AF_INET, SOCK_STREAM, 0);
	loop(&a, AF_INET, 0);
	NEED(bind(s, (void *)&a, sizeof(struct sockaddr_in)) == 0 && listen(s, 0) == 0);
	NEED(getsockname(s, (void *)&a, &m) == 0);
	for (int i = 0; i < 8; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(c[i], (void *)&a, sizeof(struct sockaddr_in));
	}
	sigaction(SIGALRM, &sa, NULL);
	ualarm(300000, 0);
	SHOW("blocked connect", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof(struct sockaddr_in)));
	ualarm(0, 0);
	struct timeval tv = { .tv_usec = 300000 };
	s = socket(AF_INET, SOCK_STREAM, 0);
	NEED(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	SHOW("connect with a time limit", connect(s, (void *)&a, sizeof(struct sockaddr_in)));
	SHOW("v4 address on a v6 socket", connect(socket(AF_INET6, SOCK_STREAM, 0), (void *)&a, sizeof(struct sockaddr_in)));
	a.ss_family = 77;
	SHOW("unknown family", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof(struct sockaddr_in)));
	SHOW("socket of no family", socket(4242, SOCK_STREAM, 0));
}

int main(int argc, char **argv)
{
	static const struct show_command commands[] = {
		{ "unix", cmd_unix },
		{ "inet", cmd_inet },
	};

	return show_main(commands, ARRAY_SIZE(commands), argc, argv);
}
