/* scenes NAME DENIED - one situation that a program can be in when a call of its is denied; DENIED
 * is a name that the kernel refuses to open (EACCES). Runs with the preload library loaded; which
 * server answers is run.sh's choice. Exit status 0: as it should be; else 1, with the reason on
 * stdout. 77: not possible here. What the voice says goes to stderr, or where the scene puts it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char *denied, *self;

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			printf("# %s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #what,      \
			       errno);                                                             \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* One denied open: the result must be the kernel's. */
static bool is_denied(void)
{
	errno = 0;
	return open(denied, O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Read what is there, up to the given time. Returns the number of bytes. */
static size_t drain(int fd, char *buf, size_t size, int wait_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && poll(&p, 1, wait_ms) == 1 &&
	       (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	return len;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* stderr becomes a pipe; returns the end to read. */
static int pipe_stderr(void)
{
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	CHECK(dup2(p[1], 2) == 2);
	close(p[1]);
	return p[0];
}

static char text[1 << 20];

/* Whatever the server: one denial has its result, soon. */
static void scene_one(void)
{
	double start = now_ms();

	CHECK(is_denied());
	CHECK(now_ms() - start < 400);
}

/* The same text again and again is said once. */
static void scene_same(void)
{
	int fd = pipe_stderr();

	for (int i = 0; i < 50; i++)
		CHECK(is_denied());
	drain(fd, text, sizeof(text), 0);
	CHECK(strcmp(text, "crust-run: denied (test)\n") == 0);
}

/* No more than 20 lines, the last says so. */
static void scene_cap(void)
{
	int fd = pipe_stderr();

	for (int i = 0; i < 50; i++)
		CHECK(is_denied());
	drain(fd, text, sizeof(text), 0);
	CHECK(count(text, "\n") == 20);
	CHECK(count(text, "denied") == 19);
	CHECK(strstr(text, "further denials"));
}

static void scene_control(void)
{
	int fd = pipe_stderr();

	CHECK(is_denied());
	drain(fd, text, sizeof(text), 0);
	CHECK(strcmp(text, "crust-run: a?[2Jb?c?d??e\n") == 0);
}

static void scene_long(void)
{
	int fd = pipe_stderr();

	CHECK(is_denied());
	CHECK(drain(fd, text, sizeof(text), 0) == 4096);
	CHECK(text[4095] == '\n' && count(text, "\n") == 1);
}

/* A server that never answers costs three waits of about 100 ms, then nothing. */
static void scene_slow(void)
{
	int fd = pipe_stderr();

	for (int i = 0; i < 6; i++) {
		double start = now_ms(), took;

		CHECK(is_denied());
		took = now_ms() - start;
		printf("# denial %d: %.1f ms\n", i + 1, took);
		CHECK(i < 3 ? took > 80 && took < 250 : took < 20);
	}
	CHECK(drain(fd, text, sizeof(text), 0) == 0);
}

static void scene_tty(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK(slave >= 0 && dup2(slave, 2) == 2);
	CHECK(is_denied());
	CHECK(drain(master, text, sizeof(text), 50) == 0);
	CHECK(pipe_stderr() >= 0); /* and a pipe is told, so the terminal was the reason */
}

/* The program began without descriptors 0 to 2, so its own file is number 2. */
static void scene_closed_child(void)
{
	int fd = -1;

	while (fd < 2) {
		fd = open("closed.data", O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			_exit(1);
	}
	(void)is_denied();
	_exit(is_denied() ? 0 : 1);
}

static void scene_closed(void)
{
	struct stat st;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(0);
		close(1);
		close(2);
		execl(self, self, "closed_child", denied, NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(stat("closed.data", &st) == 0 && st.st_size == 0);
}

/* The program closed 2 later: a data file and a network connection that got the number stay clean.
 */
static void scene_closed_late(void)
{
	int fd, keep = dup(2);
	struct stat st;

	close(2);
	CHECK(is_denied());
	fd = open("late.data", O_RDWR | O_CREAT, 0600);
	CHECK(fd == 2);
	CHECK(is_denied());
	CHECK(fstat(2, &st) == 0 && st.st_size == 0);
	close(2);
	CHECK(socket(AF_INET, SOCK_DGRAM, 0) == 2);
	CHECK(is_denied());
	dup2(keep, 2);
}

/* A shell's 2>FILE is stderr. */
static void scene_redirected(void)
{
	struct stat st;
	int fd = open("redirected.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && dup2(fd, 2) == 2);
	CHECK(is_denied());
	CHECK(fstat(fd, &st) == 0 && st.st_size > 0);
}

/* Nobody reads the pipe, and it is full. */
static void scene_full(void)
{
	static char block[4096];
	double start;
	int fd = pipe_stderr();

	CHECK(fcntl(2, F_SETFL, O_NONBLOCK) == 0);
	while (write(2, block, sizeof(block)) > 0)
		;
	CHECK(fcntl(2, F_SETFL, 0) == 0);
	start = now_ms();
	CHECK(is_denied());
	CHECK(now_ms() - start < 400);
	close(fd);
}

static volatile sig_atomic_t signals;

static void on_signal(int nr)
{
	(void)nr;
	signals++;
}

/* A pipe without a reader, a file at its size limit: SIGPIPE and SIGXFSZ would end the program. */
static void scene_deadly(void)
{
	struct rlimit none = {0, 0};
	sigset_t set;
	int fd = pipe_stderr();

	close(fd);
	CHECK(is_denied()); /* default action */
	signal(SIGPIPE, on_signal);
	CHECK(is_denied());
	CHECK(!signals);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(is_denied());
	CHECK(sigpending(&set) == 0 && !sigismember(&set, SIGPIPE));
	raise(SIGPIPE); /* the program's own stays */
	CHECK(is_denied());
	CHECK(sigpending(&set) == 0 && sigismember(&set, SIGPIPE));
	fd = open("limited.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && dup2(fd, 2) == 2);
	CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
	CHECK(is_denied());
}

static void scene_nofile(void)
{
	struct rlimit few = {4, 4};

	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	while (dup(0) >= 0)
		;
	errno = 0;
	CHECK(unlink(denied) == -1 && errno == EACCES);
	for (int i = 0; i < 10; i++)
		CHECK(unlink(denied) == -1 && errno == EACCES);
	close(3);
	CHECK(is_denied()); /* and now it speaks: want of descriptors is not the server's failure */
}

#define THREADS	   8
#define PER_THREAD 400

static void *hammer(void *arg)
{
	for (int i = 0; i < PER_THREAD; i++)
		if (!is_denied())
			return arg;
	return NULL;
}

static void scene_hammer(void)
{
	static char bad;
	pthread_t t[THREADS];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384); /* PTHREAD_STACK_MIN */
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], &attr, hammer, &bad) == 0);
	for (int i = 0; i < THREADS; i++) {
		void *ret;

		pthread_join(t[i], &ret);
		CHECK(!ret);
	}
}

static void scene_threads(void)
{
	int fd = pipe_stderr();
	char *at = text;

	scene_hammer();
	drain(fd, text, sizeof(text), 0);
	CHECK(count(text, "\n") == 20);
	for (char *line = strsep(&at, "\n"); line && *line; line = strsep(&at, "\n"))
		CHECK(strncmp(line, "crust-run: ", 11) == 0);
}

static void scene_fork(void)
{
	char *argv[] = {(char[]){"x"}, NULL};
	int fd = pipe_stderr(), status;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(is_denied() ? 0 : 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(drain(fd, text, sizeof(text), 0) && count(text, "\n") == 1);

	pid = vfork();
	if (pid == 0) {
		execve(denied, argv, environ);
		_exit(errno == EACCES ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(drain(fd, text, sizeof(text), 0) && count(text, "\n") == 1);

	for (volatile int i = 0; i < 3;
	     i++) { /* a vfork child that goes on to run something, after a denial */
		pid = vfork();
		if (pid == 0) {
			execve(denied, argv, environ);
			execve("/bin/true", argv, environ);
			_exit(1);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	CHECK(drain(fd, text, sizeof(text), 0) && count(text, "\n") == 3);

	CHECK(posix_spawn(&pid, denied, NULL, NULL, argv, environ) == EACCES);
	CHECK(drain(fd, text, sizeof(text), 0) && count(text, "\n") == 1);
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(drain(fd, text, sizeof(text), 0) == 0);
}

/* Signals all the time, whose handler is denied too, on a stack of the smallest usual size. */
static volatile sig_atomic_t handler_failed;

static void on_alarm(int nr)
{
	int saved = errno;

	(void)nr;
	signals++;
	if (!is_denied())
		handler_failed = 1;
	errno = saved;
}

static void scene_signals(void)
{
	static char stack[8192]; /* SIGSTKSZ */
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_RESTART};
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	double end = now_ms() + 700;
	int n = 0;

	CHECK(pipe_stderr() >= 0);
	CHECK(sigaltstack(&alt, NULL) == 0 && sigaction(SIGALRM, &sa, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	for (; now_ms() < end; n++)
		CHECK(is_denied());
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	CHECK(!handler_failed && signals > 50 && n > 50);
	printf("# %d denials, %d in handlers\n", n + (int)signals, (int)signals);
}

/* A program in a seccomp filter that kills for socket(2). */
static void cage(bool by_prctl)
{
	struct sock_filter kill_socket[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = 4, .filter = kill_socket};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == -1 &&
	      errno == EFAULT); /* a probe */
	CHECK(is_denied());
	if (by_prctl)
		CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
	else
		CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(is_denied());
}

static void scene_caged_prctl(void)
{
	cage(true);
}

static void scene_caged_syscall(void)
{
	CHECK(syscall(SYS_getpid) == getpid());
	CHECK(syscall(SYS_pread64, -1, text, 1, 0) == -1 && errno == EBADF);
	/* all six arguments arrive */
	CHECK(syscall(SYS_mmap, NULL, 4096L, 1L, 0x22L, -1L, 0L) != -1);
	CHECK(syscall(SYS_mmap, NULL, 4096L, 1L, 0x22L, -1L, 1L) == -1 && errno == EINVAL);
	cage(false);
}

/* The name is reported once, numbers and localhost never, failures never. */
static void scene_names(void)
{
	struct addrinfo *ai;
	struct hostent h, *hp;
	char buf[512];
	int herr;

	CHECK(getaddrinfo("example.test", "80", NULL, &ai) == 0);
	CHECK(getaddrinfo("example.test", "80", NULL, &ai) == 0);
	CHECK(getaddrinfo("nowhere.test", "80", NULL, &ai) != 0);
	CHECK(getaddrinfo("127.0.0.1", "80", NULL, &ai) == 0);
	CHECK(getaddrinfo("::1", "80", NULL, &ai) == 0);
	CHECK(getaddrinfo("localhost", "80", NULL, &ai) == 0);
	CHECK(getaddrinfo("a.localhost.", "80", NULL, &ai) == 0);
	CHECK(getaddrinfo(NULL, "80", NULL, &ai) == 0);
	CHECK(gethostbyname("by-name.test"));
	CHECK(gethostbyname2("by-name2.test", AF_INET));
	CHECK(gethostbyname_r("by-name-r.test", &h, buf, sizeof(buf), &hp, &herr) == 0);
	CHECK(gethostbyname2_r("by-name2-r.test", AF_INET, &h, buf, sizeof(buf), &hp, &herr) == 0);
}

/* Calls whose questions run.sh compares with what they should be. Nothing need succeed. */
static void scene_questions(void)
{
	char *quoted[] = {(char[]){"x"},   (char[]){"it's"}, (char[]){""},
			  (char[]){"a b"}, (char[]){"-n"},   NULL};
	static char big[9000], *many[3000], word[] = "abcdef";
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "rel.sock"};
	struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0name"};
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
	struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	int dir, fd = socket(AF_INET, SOCK_DGRAM, 0), fd6 = socket(AF_INET6, SOCK_DGRAM, 0);

	in4.sin_addr.s_addr = htonl(0x7f000001);
	in6.sin6_addr.s6_addr[15] = 1;
	(void)open("relative", O_RDONLY);
	(void)open("/etc/../both", O_RDWR | O_CREAT, 0600);
	(void)open("path-only", O_PATH);
	(void)open("listed", O_RDONLY | O_DIRECTORY);
	(void)open(".", O_WRONLY | O_TMPFILE, 0600);
	dir = open("/usr", O_PATH | O_DIRECTORY);
	(void)openat(dir, "in-usr", O_RDONLY);
	CHECK(openat(987, "x", O_RDONLY) == -1 && errno == EBADF);
	CHECK(open((char *)16, O_RDONLY) == -1 && errno == EFAULT);
	CHECK(open("", O_RDONLY) == -1 && errno == ENOENT);
	(void)fchownat(dir, "", 0, 0, AT_EMPTY_PATH);
	(void)!freopen("reopened", "r+", stdin);
	(void)rename("from", "to");
	(void)link("old", "new");
	(void)connect(fd, (struct sockaddr *)&in4, sizeof(in4));
	(void)connect(fd, &unspec, sizeof(unspec));
	(void)sendto(fd6, "x", 1, 0, (struct sockaddr *)&in6, sizeof(in6));
	(void)send(fd6, "x", 1, 0);
	(void)sendto(fd6, "x", 1, 0, NULL, 0);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	(void)connect(fd, (struct sockaddr *)&un, sizeof(un));
	(void)connect(fd, (struct sockaddr *)&abstract, offsetof(struct sockaddr_un, sun_path) + 5);
	(void)bind(fd, (struct sockaddr *)&un, sizeof(un));
	(void)execv("./none", quoted);
	(void)execvp("no-such-program", quoted);
	(void)execl("/none/l", "x", "1", "2", NULL);
	memset(big, 'a', sizeof(big) - 1);
	quoted[1] = big;
	CHECK(execv("/none/too-long", quoted) == -1 && errno == EACCES);
	many[0] = quoted[0];
	for (int i = 1; i < 2999; i++)
		many[i] = word;
	CHECK(execv("/none/many", many) == -1 && errno == ENOENT);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenes[] = {
	{"one", scene_one},
	{"same", scene_same},
	{"cap", scene_cap},
	{"control", scene_control},
	{"long", scene_long},
	{"slow", scene_slow},
	{"tty", scene_tty},
	{"closed", scene_closed},
	{"closed_child", scene_closed_child},
	{"closed_late", scene_closed_late},
	{"redirected", scene_redirected},
	{"full", scene_full},
	{"deadly", scene_deadly},
	{"nofile", scene_nofile},
	{"hammer", scene_hammer},
	{"threads", scene_threads},
	{"fork", scene_fork},
	{"signals", scene_signals},
	{"caged_prctl", scene_caged_prctl},
	{"caged_syscall", scene_caged_syscall},
	{"names", scene_names},
	{"questions", scene_questions},
};

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	self = argv[0];
	denied = argv[2];
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (strcmp(scenes[i].name, argv[1]) == 0) {
			scenes[i].run();
			return 0;
		}
	return 2;
}
