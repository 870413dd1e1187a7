/* ask - best-effort mode: turns a call's arguments into questions (WIRE_ASK) and their answers into
 * "go on" or EACCES. For preload/ only. The refused_*() functions return true, with errno EACCES,
 * when the call must not be made. They may be called wherever talk.h may.
 *
 * What cannot be asked is refused. What the kernel will refuse by itself (a bad pointer, a closed
 * descriptor, a name too long) and what names nothing is not asked about. Nothing here is sound:
 * the program can change its arguments after the question, or make the system call without us. */
#pragma once

#include "preload/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h> /* RENAME_EXCHANGE */
#include <sys/uio.h>

/* Operations of WIRE_ASK, as bits of a set. */
#define OP_READ	  (1u << 0)
#define OP_WRITE  (1u << 1)
#define OP_DELETE (1u << 2)
#define OP_LIST	  (1u << 3)
#define ASK_OPS	  4u
enum { ASK_EXEC = 4, ASK_CONNECT = 5 };

#define ASK_UNKNOWN (-1) /* a length: cannot be found out, so refuse */
#define ASK_NOTHING 0	 /* a length: nothing to ask about */

/* Copy @len bytes of the program's memory, of a @string no page beyond its end; returns how many
 * could be read. Programs pass bad pointers and expect EFAULT of the kernel, not a signal from us.
 */
static size_t ask_copy(void *to, const void *from, size_t len, bool string)
{
	const size_t page = 4096; /* or a multiple: then parts are smaller than they need be */
	size_t done = 0;

	while (done < len) {
		uintptr_t at = (uintptr_t)from + done;
		size_t part = page - at % page;
		struct iovec in, out;
		long n;

		if (part > len - done)
			part = len - done;
		in = (struct iovec){.iov_base = (void *)at, .iov_len = part};
		out = (struct iovec){.iov_base = (char *)to + done, .iov_len = part};
		n = SYS(process_vm_readv, SYS(getpid, 0), &out, 1, &in, 1, 0);
		if (n == -EFAULT)
			break;
		if (n < 0) /* not here: a container's filter */
			memcpy(out.iov_base, in.iov_base, part);
		done += part;
		if (string && memchr(out.iov_base, '\0', part))
			break;
	}
	return done;
}

/* Copy the string @from. Returns its length, or -1 if it cannot be read or is of @size or more
 * bytes. */
static long ask_copy_string(char *to, size_t size, const char *from)
{
	size_t n = from ? ask_copy(to, from, size, true) : 0;
	const char *end = n ? memchr(to, '\0', n) : NULL;

	return end ? end - to : -1;
}

/* "/proc/thread-self/fd/N" */
static void ask_fd_name(char *buf, int fd)
{
	static const char dir[] = "/proc/thread-self/fd/";
	char digits[12];
	size_t at = sizeof(dir) - 1, n = 0;
	unsigned v = (unsigned)fd;

	memcpy(buf, dir, sizeof(dir));
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		buf[at++] = digits[--n];
	buf[at] = '\0';
}

/* Write the directory that a relative name at @dirfd begins at, or the object that @dirfd is.
 * Returns its length, ASK_NOTHING or ASK_UNKNOWN. */
static long ask_base(char *to, size_t size, int dirfd)
{
	char name[40];
	long n;

	if (dirfd == AT_FDCWD) {
		n = SYS(getcwd, to, size);
		return n > 1 && to[0] == '/' ? n - 1 : ASK_UNKNOWN; /* counts the NUL */
	}
	if (SYS(fcntl, dirfd, F_GETFD) < 0)
		return ASK_NOTHING;
	ask_fd_name(name, dirfd);
	n = SYS(readlinkat, AT_FDCWD, name, to, size);
	if (n <= 0 || n == (long)size)
		return ASK_UNKNOWN;
	return to[0] == '/' ? n : ASK_NOTHING; /* a pipe, a socket: no names in there */
}

/* Write the absolute name of @path at @dirfd, links not followed, dots kept. Result as in
 * ask_base(). */
static long ask_name(char *to, size_t size, char *input, int dirfd, const char *path,
		     bool empty_is_fd)
{
	long len = ask_copy_string(input, PATH_MAX, path);
	long base = 0;

	if (len < 0 || (len == 0 && !empty_is_fd))
		return ASK_NOTHING;
	if (input[0] != '/') {
		base = ask_base(to, size, dirfd);
		if (base <= 0 || len == 0)
			return base;
		if (to[base - 1] != '/' && base < (long)size)
			to[base++] = '/';
	}
	if ((size_t)(base + len) > size)
		return ASK_UNKNOWN;
	memcpy(to + base, input, (size_t)len);
	return base + len;
}

static bool ask_end(struct scratch *s, bool allowed)
{
	scratch_free(s);
	if (!allowed)
		errno = EACCES;
	return !allowed;
}

/* May the program do all of @ops to the file? */
__attribute__((noinline, cold)) static bool refused_at(unsigned ops, int dirfd, const char *path,
						       int flags)
{
	struct scratch *s = scratch_new();
	bool ok = s != NULL;
	long len;

	if (s && ops) {
		len = ask_name(s->request.text, WIRE_TEXT_MAX, s->input, dirfd, path,
			       flags & AT_EMPTY_PATH);
		ok = len >= 0;
		for (unsigned op = 0; len > 0 && ok && op < ASK_OPS; op++)
			if (ops & 1u << op)
				ok = talk_allows(s, op, (size_t)len);
	}
	return ask_end(s, ok);
}

static bool refused(unsigned ops, const char *path)
{
	return refused_at(ops, AT_FDCWD, path, 0);
}

static unsigned ask_open_ops(int flags)
{
	unsigned ops;

	if (flags & O_PATH)
		return 0;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return OP_WRITE;
	if (flags & O_DIRECTORY)
		return OP_LIST;
	ops = (flags & O_ACCMODE) == O_RDONLY	? OP_READ
	      : (flags & O_ACCMODE) == O_WRONLY ? OP_WRITE
						: OP_READ | OP_WRITE;
	return flags & (O_CREAT | O_TRUNC) ? ops | OP_WRITE : ops;
}

static bool refused_open(int dirfd, const char *path, int flags)
{
	return refused_at(ask_open_ops(flags), dirfd, path, 0);
}

static bool refused_fopen(const char *path, const char *mode)
{
	unsigned ops = mode[0] == 'r' ? OP_READ : OP_WRITE;

	for (; *mode && *mode != ','; mode++)
		if (*mode == '+')
			ops = OP_READ | OP_WRITE;
	return path && refused_at(ops, AT_FDCWD, path, 0);
}

static bool refused_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	unsigned both = flags & RENAME_EXCHANGE ? OP_WRITE | OP_DELETE : 0;

	return refused_at(OP_DELETE | both, from_fd, from, 0) ||
	       refused_at(OP_WRITE | both, to_fd, to, 0);
}

/* A second name for a file lets it be read and written past every rule on its first. */
static bool refused_link(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return refused_at(OP_READ | OP_WRITE, from_fd, from, flags) ||
	       refused_at(OP_WRITE, to_fd, to, 0);
}

/* Add @arg as one word of a shell command. Returns the new length, or -1 if it does not fit. */
static long ask_quote(char *to, size_t size, size_t at, const char *arg)
{
	static const char plain[] =
		"%+,-./0123456789:=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
	bool quote = !arg[0] || arg[strspn(arg, plain)];

	if (at + 3 >= size)
		return -1;
	if (at)
		to[at++] = ' ';
	if (quote)
		to[at++] = '\'';
	for (; *arg; arg++) {
		if (at + 5 >= size)
			return -1;
		if (*arg == '\'') { /* '\'' */
			memcpy(to + at, "'\\'", 3);
			at += 3;
		}
		to[at++] = *arg;
	}
	if (quote)
		to[at++] = '\'';
	return (long)at;
}

/* May the program run @file with @argv? The text is a shell command, quoted where it must be, so
 * that it can be taken apart again without loss; its first word is the program's absolute name, or
 * the bare name that is looked for in PATH. A command too long for one message is asked about in
 * several, which all begin with the program; one argument too long for a message is refused. */
__attribute__((noinline, cold)) static bool refused_exec(int dirfd, const char *file,
							 char *const *argv, int flags, bool search)
{
	struct scratch *s = scratch_new();
	char *text = s ? s->request.text : NULL;
	long program, at;
	bool ok = true;

	if (!s)
		return ask_end(s, false);
	at = ask_copy_string(s->input, PATH_MAX, file);
	if (at < 0)
		return ask_end(s, true);
	if (!search || memchr(s->input, '/', (size_t)at)) {
		at = ask_name(s->answer.text, PATH_MAX, s->input, dirfd, file,
			      flags & AT_EMPTY_PATH);
		if (at <= 0)
			return ask_end(s, at == ASK_NOTHING);
		memcpy(s->input, s->answer.text, (size_t)at);
		s->input[at < PATH_MAX ? at : PATH_MAX - 1] = '\0';
	}
	program = at = ask_quote(text, WIRE_TEXT_MAX, 0, s->input);
	if (program < 0)
		return ask_end(s, false);
	for (size_t i = 1; ok && argv && argv[0] && argv[i]; i++) {
		long next = ask_quote(text, WIRE_TEXT_MAX, (size_t)at, argv[i]);

		if (next < 0 && at > program) {
			ok = talk_allows(s, ASK_EXEC, (size_t)at);
			next = ask_quote(text, WIRE_TEXT_MAX, (size_t)program, argv[i]);
		}
		if (next < 0)
			ok = false;
		at = next;
	}
	return ask_end(s, ok && talk_allows(s, ASK_EXEC, (size_t)at));
}

/* Decimal; returns the bytes written. */
static size_t text_number(char *to, unsigned v)
{
	char digits[12];
	size_t n = 0, len = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		to[len++] = digits[--n];
	return len;
}

/* An IPv4 or IPv6 address in a form that inet_pton(3) reads; returns the bytes written, 40 at most.
 */
static size_t text_address(char *to, int family, const void *addr)
{
	const unsigned char *a = addr;
	size_t len = 0;

	if (family == AF_INET) {
		for (int i = 0; i < 4; i++) {
			len += text_number(to + len, a[i]);
			to[len++] = '.';
		}
	} else {
		for (int i = 0; i < 16; i += 2) {
			static const char hex[] = "0123456789abcdef";
			unsigned v = (unsigned)a[i] << 8 | a[i + 1];

			for (int shift = 12; shift >= 0; shift -= 4)
				if (v >> shift || !shift)
					to[len++] = hex[v >> shift & 15];
			to[len++] = ':';
		}
	}
	return len - 1; /* the last separator */
}

/* The destination in @sa as text: "1.2.3.4:80", "[::1]:80", "unix:/path", "unix:@name". */
static long ask_address(struct scratch *s, const struct sockaddr_storage *sa, size_t len)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	const char *path = ((const struct sockaddr_un *)sa)->sun_path;
	char *to = s->request.text;
	size_t at = 0, path_len;

	switch (sa->ss_family) {
	case AF_INET:
		if (len < sizeof(*in4))
			return ASK_NOTHING;
		at = text_address(to, AF_INET, &in4->sin_addr);
		to[at++] = ':';
		return (long)(at + text_number(to + at, ntohs(in4->sin_port)));
	case AF_INET6:
		if (len < offsetof(struct sockaddr_in6, sin6_scope_id))
			return ASK_NOTHING;
		to[at++] = '[';
		at += text_address(to + at, AF_INET6, &in6->sin6_addr);
		to[at++] = ']';
		to[at++] = ':';
		return (long)(at + text_number(to + at, ntohs(in6->sin6_port)));
	case AF_UNIX:
		if (len <= offsetof(struct sockaddr_un, sun_path))
			return ASK_NOTHING; /* no name: autobind */
		path_len = len - offsetof(struct sockaddr_un, sun_path);
		memcpy(to, "unix:@", 6);
		if (!path[0]) {
			memcpy(to + 6, path + 1, path_len - 1);
			return (long)(6 + path_len - 1);
		} else {
			char name[sizeof(struct sockaddr_storage) + 1];
			long n;

			memcpy(name, path, path_len);
			name[path_len] = '\0';
			n = ask_name(to + 5, WIRE_TEXT_MAX - 5, s->input, AT_FDCWD, name, false);
			return n > 0 ? n + 5 : n;
		}
	default:
		return ASK_NOTHING; /* AF_UNSPEC undoes a connection; netlink and the rest lead
				       nowhere */
	}
}

/* May the program send to, or connect to, @addr? With @bind: may it make a socket there? Only paths
 * are asked about then, as names that are written. */
__attribute__((noinline, cold)) static bool refused_address(const void *addr, size_t len, bool bind)
{
	struct sockaddr_storage sa = {0};
	struct scratch *s;
	long n;

	if (!addr || len < sizeof(sa.ss_family) || len > sizeof(sa))
		return false;
	s = scratch_new();
	if (!s)
		return ask_end(s, false);
	if (ask_copy(&sa, addr, len, false) != len)
		return ask_end(s, true);
	n = ask_address(s, &sa, len);
	if (bind) {
		if (sa.ss_family != AF_UNIX || n <= 5 || s->request.text[5] != '/')
			return ask_end(s, n != ASK_UNKNOWN);
		n -= 5;
		memmove(s->request.text, s->request.text + 5, (size_t)n);
	}
	if (n > 0)
		return ask_end(s, talk_allows(s, bind ? 1u : ASK_CONNECT, (size_t)n));
	return ask_end(s, n == ASK_NOTHING);
}
