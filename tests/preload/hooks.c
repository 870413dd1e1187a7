/* hooks MODE DIR - calls every hook on names in DIR, each in a child of its own, and looks at
 * result, errno and stderr. Runs with the preload library loaded. Prints TAP without numbers.
 *
 * voice     DIR cannot be searched: EACCES from the kernel, one line on stderr
 * quiet     the same, and nothing on stderr
 * refused   best-effort, DIR has "secret" in its name: EACCES, one line, nothing done
 * allowed   best-effort, DIR is an ordinary one: not EACCES, nothing on stderr
 * dead      best-effort without a server: EACCES, one line
 * list      prints the names of the hooks it calls */
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

static char f[4096], g[4096], template[4096], plain[4096];
static char prog[] = "prog", *args[] = {prog, NULL}, *env[] = {NULL};
static struct sockaddr_un addr = {.sun_family = AF_UNIX};
static struct timespec ts[2];
static struct timeval tv[2];
static posix_spawn_file_actions_t *no_actions;

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static int got(const void *p)
{
	return p ? 0 : -1;
}

static int as_errno(int err)
{
	errno = err;
	return err ? -1 : 0;
}

static long try_sendmsg(void)
{
	struct iovec iov = {prog, 1};
	struct msghdr m = {
		.msg_name = &addr, .msg_namelen = sizeof(addr), .msg_iov = &iov, .msg_iovlen = 1};

	return sendmsg(unix_socket(), &m, 0);
}

static long try_sendmmsg(void)
{
	struct iovec iov = {prog, 1};
	struct mmsghdr m = {
		{.msg_name = &addr, .msg_namelen = sizeof(addr), .msg_iov = &iov, .msg_iovlen = 1},
		0};

	return sendmmsg(unix_socket(), &m, 1, 0);
}

/* clang-format off */
#define SA	((struct sockaddr *)&addr)
#define TRIES(T)                                                                            \
	T(open, open(f, O_RDONLY)) T(open64, open64(f, O_RDWR | O_CREAT, 0600))             \
	T(openat, openat(AT_FDCWD, f, O_RDONLY)) T(openat64, openat64(-1, f, O_RDONLY))     \
	T(creat, creat(g, 0600)) T(creat64, creat64(g, 0600))                               \
	T(__open_2, __open_2(f, O_RDONLY)) T(__open64_2, __open64_2(f, O_RDONLY))           \
	T(__openat_2, __openat_2(AT_FDCWD, f, O_RDONLY))                                    \
	T(__openat64_2, __openat64_2(AT_FDCWD, f, O_RDONLY))                                \
	T(fopen, got(fopen(f, "re"))) T(fopen64, got(fopen64(f, "r+")))                     \
	T(freopen, got(freopen(f, "r", stdin))) T(freopen64, got(freopen64(f, "r", stdin))) \
	T(opendir, got(opendir(f)))                                                         \
	T(mkstemp, mkstemp(template)) T(mkstemp64, mkstemp64(template))                     \
	T(mkostemp, mkostemp(template, O_CLOEXEC)) T(mkostemp64, mkostemp64(template, 0))   \
	T(mkdtemp, got(mkdtemp(template)))                                                  \
	T(unlink, unlink(g)) T(unlinkat, unlinkat(AT_FDCWD, g, 0)) T(remove, remove(g))     \
	T(rmdir, rmdir(g)) T(rename, rename(g, f)) T(renameat, renameat(-1, g, -1, f))      \
	T(renameat2, renameat2(-1, g, -1, f, 0)) T(link, link(f, g))                        \
	T(linkat, linkat(-1, f, -1, g, 0)) T(symlink, symlink("x", g))                      \
	T(symlinkat, symlinkat("x", -1, g)) T(mkdir, mkdir(g, 0700))                        \
	T(mkdirat, mkdirat(-1, g, 0700)) T(mknod, mknod(g, S_IFIFO | 0600, 0))              \
	T(mknodat, mknodat(-1, g, S_IFIFO | 0600, 0)) T(mkfifo, mkfifo(g, 0600))            \
	T(mkfifoat, mkfifoat(-1, g, 0600)) T(truncate, truncate(f, 0))                      \
	T(truncate64, truncate64(f, 0)) T(chmod, chmod(f, 0700))                            \
	T(lchmod, lchmod(f, 0700)) T(fchmodat, fchmodat(AT_FDCWD, f, 0700, 0))              \
	T(chown, chown(f, getuid(), getgid())) T(lchown, lchown(f, getuid(), getgid()))     \
	T(fchownat, fchownat(AT_FDCWD, f, getuid(), getgid(), 0)) T(utime, utime(f, NULL))  \
	T(utimes, utimes(f, tv)) T(lutimes, lutimes(f, tv))                                 \
	T(futimesat, futimesat(AT_FDCWD, f, tv)) T(utimensat, utimensat(AT_FDCWD, f, ts, 0)) \
	T(setxattr, setxattr(f, "user.a", "b", 1, 0))                                       \
	T(lsetxattr, lsetxattr(f, "user.a", "b", 1, 0))                                     \
	T(removexattr, removexattr(f, "user.b")) T(lremovexattr, lremovexattr(f, "user.b")) \
	T(execve, execve(f, args, env)) T(execv, execv(f, args)) T(execvp, execvp(f, args)) \
	T(execvpe, execvpe(f, args, env)) T(execveat, execveat(AT_FDCWD, f, args, env, 0))  \
	T(fexecve, fexecve(open(plain, O_PATH | O_CLOEXEC), args, env))                     \
	T(execl, execl(f, "a", "b", NULL)) T(execlp, execlp(f, "a", "b", NULL))             \
	T(execle, execle(f, "a", "b", NULL, env))                                           \
	T(posix_spawn, as_errno(posix_spawn(NULL, f, no_actions, NULL, args, env)))         \
	T(posix_spawnp, as_errno(posix_spawnp(NULL, f, no_actions, NULL, args, env)))       \
	T(connect, connect(unix_socket(), SA, sizeof(addr)))                                \
	T(bind, bind(unix_socket(), SA, sizeof(addr)))                                      \
	T(sendto, sendto(unix_socket(), "x", 1, 0, SA, sizeof(addr)))                       \
	T(sendmsg, try_sendmsg()) T(sendmmsg, try_sendmmsg())
/* clang-format on */

#define TRY_FUNCTION(name, call)                                                                   \
	static long call_##name(void)                                                              \
	{                                                                                          \
		return call;                                                                       \
	}
TRIES(TRY_FUNCTION)

#define TRY_ROW(name, call) {#name, call_##name},
static const struct {
	const char *name;
	long (*call)(void);
} tries[] = {TRIES(TRY_ROW)};

/* Hooks that are not about a name in DIR; scenes.c and run.sh call these. */
static const char *const others[] = {"getaddrinfo",	"gethostbyname",    "gethostbyname2",
				     "gethostbyname_r", "gethostbyname2_r", "prctl",
				     "syscall"};

struct outcome {
	long ret;
	int err;
	char text[8192];
	size_t lines;
};

static void run_try(size_t i, struct outcome *o)
{
	int result[2], text[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	*o = (struct outcome){0};
	if (pipe2(result, O_CLOEXEC) || pipe2(text, O_CLOEXEC))
		exit(1);
	pid = fork();
	if (pid == 0) {
		dup2(text[1], 2);
		errno = 0;
		o->ret = tries[i].call();
		o->err = errno;
		(void)!write(result[1], o, sizeof(*o));
		_exit(0);
	}
	close(result[1]);
	close(text[1]);
	if (read(result[0], o, sizeof(*o)) != sizeof(*o))
		o->ret = -99; /* it died, or became another program */
	while ((n = read(text[0], o->text + len, sizeof(o->text) - 1 - len)) > 0)
		len += (size_t)n;
	o->text[len] = '\0';
	for (size_t k = 0; k < len; k++)
		o->lines += o->text[k] == '\n';
	close(result[0]);
	close(text[0]);
	waitpid(pid, &status, 0);
}

int main(int argc, char **argv)
{
	bool refused, lines;

	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
			puts(tries[i].name);
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			puts(others[i]);
		return 0;
	}
	if (argc != 3)
		return 2;
	refused = strcmp(argv[1], "allowed") != 0;
	lines = refused && strcmp(argv[1], "quiet") != 0;
	snprintf(f, sizeof(f), "%s/f", argv[2]);
	snprintf(g, sizeof(g), "%s/g", argv[2]);
	snprintf(template, sizeof(template), "%s/tXXXXXX", argv[2]);
	snprintf(plain, sizeof(plain), "%s", f);
	if (access(plain,
		   F_OK)) /* fexecve needs a descriptor: one of a file that is not executable */
		snprintf(plain, sizeof(plain), "%s.plain", argv[2]);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/s", argv[2]);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		struct outcome o;
		bool ok;

		run_try(i, &o);
		ok = refused ? o.ret == -1 && o.err == EACCES
			     : o.ret == -99 || !o.err || o.err != EACCES;
		ok &= o.lines == (size_t)lines && (lines || !o.text[0]);
		ok &= !lines || strncmp(o.text, "crust-run: denied", 17) == 0;
		printf("%s - %s: %s\n", ok ? "ok" : "not ok", argv[1], tries[i].name);
		if (!ok)
			printf("# returned %ld, errno %d, stderr '%s'\n", o.ret, o.err, o.text);
		fflush(stdout);
	}
	return 0;
}
