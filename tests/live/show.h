/* show - how the probes of tests/live say what a call did: one line each, the same line whenever a program
 * could not tell the difference. For probes only; links nothing of ours, so that it can be static or musl. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static inline const char *show_errno(int e)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
#define N(x) { x, #x }
		N(EPERM), N(ENOENT), N(ESRCH), N(EINTR), N(EIO), N(ENXIO), N(E2BIG), N(ENOEXEC), N(EBADF), N(ECHILD),
		N(EAGAIN), N(ENOMEM), N(EACCES), N(EFAULT), N(EBUSY), N(EEXIST), N(EXDEV), N(ENODEV), N(ENOTDIR),
		N(EISDIR), N(EINVAL), N(ENFILE), N(EMFILE), N(ENOTTY), N(ETXTBSY), N(EFBIG), N(ENOSPC), N(ESPIPE),
		N(EROFS), N(EMLINK), N(EPIPE), N(ERANGE), N(ENAMETOOLONG), N(ENOSYS), N(ENOTEMPTY), N(ELOOP),
		N(ENODATA), N(EOPNOTSUPP), N(EADDRINUSE), N(EADDRNOTAVAIL), N(ECONNREFUSED), N(ECONNRESET),
		N(EISCONN), N(ENOTCONN), N(EDESTADDRREQ), N(EINPROGRESS), N(EALREADY), N(EPROTOTYPE),
		N(EAFNOSUPPORT), N(ENOTSOCK), N(EMSGSIZE), N(ETIMEDOUT), N(EOVERFLOW), N(ESTALE),
#undef N
	};
	static char other[24];

	if (e == 0)
		return "ok";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == e)
			return names[i].name;
	snprintf(other, sizeof(other), "errno %d", e);
	return other;
}

/* Show the result of a call that returns -1 and sets errno. */
#define SHOW(what, call)                                                        \
	do {                                                                    \
		errno = 0;                                                      \
		long show_r = (long)(call);                                     \
		printf("%s: %s\n", what, show_r < 0 ? show_errno(errno) : "ok"); \
		fflush(stdout);                                                 \
	} while (0)

/* The same, for a call whose result is a descriptor: closed again. */
#define SHOW_FD(what, call)                                                  \
	do {                                                                 \
		errno = 0;                                                   \
		int show_fd = (int)(call);                                   \
		printf("%s: %s\n", what, show_fd < 0 ? show_errno(errno) : "ok"); \
		fflush(stdout);                                              \
		if (show_fd >= 0)                                            \
			close(show_fd);                                      \
	} while (0)

/* The test itself cannot go on. */
#define NEED(cond)                                                                       \
	do {                                                                             \
		if (!(cond)) {                                                           \
			printf("cannot go on: %s: %s\n", #cond, show_errno(errno));      \
			fflush(stdout);                                                  \
			exit(99);                                                        \
		}                                                                        \
	} while (0)

struct show_command {
	const char *name;
	void (*run)(int argc, char **argv);
};

static inline int show_main(const struct show_command *commands, size_t n, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < n; i++) {
		if (strcmp(commands[i].name, argv[1]) == 0) {
			commands[i].run(argc - 2, argv + 2);
			fflush(stdout);
			return 0;
		}
	}
	fprintf(stderr, "usage: %s COMMAND [ARG…]; commands:", argv[0]);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", commands[i].name);
	fprintf(stderr, "\n");
	return 2;
}
