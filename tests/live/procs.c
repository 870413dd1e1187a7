/* procs - what a program sees when it starts others and looks at itself: exec errnos, argv, vfork and spawn in
 * many threads, /proc/self of the calling thread, the terminal. Works in the current directory. */
#include "tests/live/show.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	NEED(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	NEED(chmod(path, mode) == 0);
}

static void show_status(const char *what, int st)
{
	if (WIFSIGNALED(st))
		printf("%s: signal %d\n", what, WTERMSIG(st));
	else
		printf("%s: exit %d\n", what, WEXITSTATUS(st));
	fflush(stdout);
}

/* fork, exec, and say what came of it: the program's status, or exec's errno. */
static void try_exec(const char *what, const char *path, char *const argv[], char *const envp[])
{
	int st, p[2], e = 0;
	pid_t pid;

	NEED(pipe2(p, O_CLOEXEC) == 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		execve(path, argv, envp);
		e = errno;
		_exit(write(p[1], &e, sizeof(e)) == sizeof(e) ? 127 : 126);
	}
	close(p[1]);
	if (read(p[0], &e, sizeof(e)) == sizeof(e))
		printf("%s: %s\n", what, show_errno(e));
	close(p[0]);
	fflush(stdout);
	waitpid(pid, &st, 0);
	if (!e)
		show_status(what, st);
}

static void cmd_exec(int argc, char **argv)
{
	char *const none[] = { NULL }, *const envp[] = { (char *)"A=1", NULL };
	char *const echo[] = { (char *)"not-echo", (char *)"one", (char *)"two words", (char *)"", NULL };
	char *const *volatile bad_argv = (char *const *)8;
	char *big = malloc(3 << 20), self[PATH_MAX] = "";
	int fd;

	(void)argc, (void)argv;
	put("script", "#!/bin/sh\necho script \"$0\" \"$@\"\nexit 3\n", 0755);
	put("interp-args", "#!/bin/sh -e\necho interp \"$@\"\n", 0755);
	put("chained", "#!./script with arg\n", 0755);
	put("no-shebang", "echo plain\n", 0755);
	put("not-executable", "#!/bin/sh\n", 0644);
	put("missing-interp", "#!/no/such/interpreter\n", 0755);
	put("empty", "", 0755);
	put("garbage", "\177ELFgarbage", 0755);
	put("loop", "#!./loop\n", 0755);
	NEED(symlink("script", "link") == 0 && symlink("self", "self") == 0 && mkdir("dir", 0755) == 0);
	try_exec("echo", "/bin/echo", echo, envp);
	try_exec("true with no argv", "/bin/true", none, envp);
	try_exec("env", "/usr/bin/env", (char *const[]){ (char *)"env", NULL }, envp);
	try_exec("env of nothing", "/usr/bin/env", (char *const[]){ (char *)"env", NULL }, none);
	try_exec("script", "./script", echo, envp);
	try_exec("script by link", "./link", echo, envp);
	try_exec("script with an interpreter's argument", "./interp-args", echo, envp);
	try_exec("chained", "./chained", echo, envp);
	try_exec("no shebang", "./no-shebang", echo, envp);
	try_exec("not executable", "./not-executable", echo, envp);
	try_exec("missing interpreter", "./missing-interp", echo, envp);
	try_exec("empty file", "./empty", echo, envp);
	try_exec("garbage", "./garbage", echo, envp);
	try_exec("interpreter loop", "./loop", echo, envp);
	try_exec("directory", "./dir", echo, envp);
	try_exec("missing", "./missing", echo, envp);
	try_exec("symlink loop", "./self", echo, envp);
	try_exec("not a directory", "./script/x", echo, envp);
	try_exec("empty path", "", echo, envp);
	try_exec("bad pointer", (const char *)8, echo, envp);
	try_exec("bad argv", "/bin/true", bad_argv, envp);
	memset(big, 'a', (3 << 20) - 1), big[(3 << 20) - 1] = 0;
	try_exec("3 MiB argument", "/bin/true", (char *const[]){ (char *)"true", big, NULL }, envp);
	big[100000] = 0;
	try_exec("100 kB argument", "/bin/true", (char *const[]){ (char *)"true", big, NULL }, envp);
	memset(big, 'p', 5000), big[5000] = 0;
	try_exec("5000 byte path", big, echo, envp);
	free(big);
	char **many = calloc(20002, sizeof(*many));
	for (int i = 0; i < 20000; i++)
		many[i] = (char *)"x";
	try_exec("20000 arguments", "/bin/true", many, envp);
	free(many);

	NEED(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	try_exec("/proc/self/exe", "/proc/self/exe", (char *const[]){ self, (char *)"exit", (char *)"9", NULL }, envp);
	fd = open("script", O_RDONLY | O_CLOEXEC);
	fflush(stdout);
	for (int i = 0; i < 4; i++) {
		static const char *const what[] = { "fexecve script, close on exec", "fexecve program", "execveat path",
						    "execveat nofollow link" };
		pid_t pid = fork();
		int st, prog = open("/bin/echo", O_RDONLY | O_CLOEXEC);

		if (pid == 0) {
			if (i == 0)
				fexecve(fd, echo, envp);
			else if (i == 1)
				fexecve(prog, echo, envp);
			else if (i == 2)
				syscall(SYS_execveat, AT_FDCWD, "./script", echo, envp, 0);
			else
				syscall(SYS_execveat, AT_FDCWD, "link", echo, envp, AT_SYMLINK_NOFOLLOW);
			_exit(100 + errno % 100);
		}
		waitpid(pid, &st, 0);
		show_status(what[i], st);
		close(prog);
	}
	close(fd);
	fd = open("script", O_RDONLY);
	fflush(stdout);
	pid_t pid = fork();
	int st;
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", (char *const[]){ (char *)"x", NULL }, envp, AT_EMPTY_PATH);
		_exit(100 + errno % 100);
	}
	waitpid(pid, &st, 0);
	show_status("execveat script by descriptor", st);
}

/* An image that never had a name. */
static void cmd_memfd(int argc, char **argv)
{
	int src = open("/bin/echo", O_RDONLY), fd = (int)syscall(SYS_memfd_create, "image", 1), st;
	char buf[65536];
	ssize_t n;
	pid_t pid;

	(void)argc, (void)argv;
	NEED(fd >= 0);
	while ((n = read(src, buf, sizeof(buf))) > 0)
		NEED(write(fd, buf, (size_t)n) == n);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fexecve(fd, (char *const[]){ (char *)"image", (char *)"memfd runs", NULL }, environ);
		_exit(100 + errno);
	}
	waitpid(pid, &st, 0);
	show_status("memfd", st);
}

static void cmd_exit(int argc, char **argv)
{
	exit(argc > 0 ? (int)strtol(argv[0], NULL, 10) : 0);
}

static void *spawner(void *arg)
{
	long bad = 0;

	(void)arg;
	for (int i = 0; i < 25; i++) {
		posix_spawn_file_actions_t fa;
		char code[8], *const argv[] = { (char *)"sh", (char *)"-c", (char *)"exit $0", code, NULL };
		pid_t pid;
		int st = -1;

		snprintf(code, sizeof(code), "%d", i);
		posix_spawn_file_actions_init(&fa);
		posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_addopen(&fa, 5, "spawned", O_WRONLY | O_CREAT | O_APPEND, 0600);
		bad += posix_spawn(&pid, "/bin/sh", &fa, NULL, argv, environ) != 0;
		waitpid(pid, &st, 0);
		bad += !WIFEXITED(st) || WEXITSTATUS(st) != i;
		posix_spawn_file_actions_destroy(&fa);
	}
	return (void *)bad;
}

static int vfork_status(int code)
{
	char text[8], *const argv[] = { (char *)"sh", (char *)"-c", (char *)"exit $0", text, NULL };
	pid_t pid;
	int st;

	snprintf(text, sizeof(text), "%d", code);
	pid = vfork();
	if (pid == 0) {
		execve("/bin/sh", argv, environ);
		_exit(127);
	}
	waitpid(pid, &st, 0);
	return WEXITSTATUS(st);
}

static void *vforker(void *arg)
{
	long bad = 0;

	(void)arg;
	for (int i = 0; i < 25; i++)
		bad += vfork_status(i) != i;
	return (void *)bad;
}

static void in_threads(const char *what, void *(*fn)(void *))
{
	pthread_t t[8];
	long bad = 0;

	for (long i = 0; i < 8; i++)
		NEED(pthread_create(&t[i], NULL, fn, (void *)i) == 0);
	for (int i = 0; i < 8; i++) {
		void *r;

		pthread_join(t[i], &r);
		bad += (long)r;
	}
	printf("%s: %ld of 200 failed\n", what, bad);
}

static void cmd_spawn(int argc, char **argv)
{
	(void)argc, (void)argv;
	in_threads("posix_spawn", spawner);
	in_threads("vfork", vforker);
	SHOW("vfork of a missing program", vfork_status(0));
}

static void *exec_thread(void *arg)
{
	(void)arg;
	execl("/bin/echo", "echo", "exec from a second thread", (char *)NULL);
	return NULL;
}

static void *idle_thread(void *arg)
{
	for (;;)
		close(open("/etc/hostname", O_RDONLY));
	return arg;
}

/* exec by a thread that isn't the leader, while others are in the middle of calls. */
static void cmd_threadexec(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();
		int st;

		if (pid == 0) {
			pthread_t t;

			for (int k = 0; k < 3; k++)
				pthread_create(&t, NULL, idle_thread, NULL);
			usleep(2000);
			pthread_create(&t, NULL, exec_thread, NULL);
			pthread_join(t, NULL);
			_exit(1);
		}
		waitpid(pid, &st, 0);
		show_status("thread exec", st);
	}
}

static void show_file_line(const char *path, const char *prefix, long want)
{
	FILE *f = fopen(path, "re");
	char line[512];

	if (!f) {
		printf("%s: %s\n", path, show_errno(errno));
		return;
	}
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, prefix, strlen(prefix)) == 0)
			printf("%s %s is mine: %d\n", path, prefix, strtol(line + strlen(prefix), NULL, 10) == want);
	fclose(f);
}

static void show_comm(const char *path)
{
	char buf[64] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0)
		printf("%s: %s\n", path, show_errno(errno));
	else
		printf("%s: %s", path, buf);
	if (fd >= 0)
		close(fd);
}

static void look_at_self(void)
{
	char a[PATH_MAX], b[PATH_MAX] = "", path[64];
	struct stat s1, s2;
	int fd, n = 0, d;
	DIR *dir;

	show_file_line("/proc/self/status", "Pid:\t", getpid());
	show_file_line("/proc/thread-self/status", "Pid:\t", syscall(SYS_gettid));
	show_comm("/proc/self/comm");
	show_comm("/proc/thread-self/comm");
	snprintf(path, sizeof(path), "/proc/%d/status", getpid());
	d = open(path, O_RDONLY);
	printf("/proc/PID/status: %s\n", d < 0 ? show_errno(errno) : "ok");
	close(d);
	NEED(getcwd(a, sizeof(a)) && readlink("/proc/self/cwd", b, sizeof(b) - 1) > 0);
	printf("cwd link: %d\n", strcmp(a, b) == 0);
	d = open("/proc/self/cwd", O_RDONLY | O_DIRECTORY);
	NEED(d >= 0 && fstat(d, &s1) == 0 && stat(".", &s2) == 0);
	printf("cwd opened: %d\n", s1.st_ino == s2.st_ino);
	close(d);
	SHOW_FD("/proc/self/exe", open("/proc/self/exe", O_RDONLY));
	SHOW_FD("/proc/self/root/etc/hostname", open("/proc/self/root/etc/hostname", O_RDONLY));
	SHOW_FD("/proc/self/cwd/procfile", open("/proc/self/cwd/procfile", O_WRONLY | O_CREAT, 0600));
	/* relative to a descriptor of /proc, as Chromium's zygote does it */
	d = open("/proc", O_RDONLY | O_DIRECTORY);
	fd = openat(d, "self/fd", O_RDONLY | O_DIRECTORY);
	NEED(fd >= 0);
	snprintf(path, sizeof(path), "%d", fd);
	SHOW("own descriptor is listed", faccessat(fd, path, F_OK, 0));
	dir = fdopendir(fd);
	while (readdir(dir))
		n++;
	printf("descriptors seen: %d\n", n);
	closedir(dir);
	fd = openat(d, "self/task", O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%ld", (long)syscall(SYS_gettid));
	SHOW("own task is listed", faccessat(fd, path, F_OK, 0));
	close(fd);
	close(d);
	fd = open("/proc/self/fd/", O_RDONLY);
	SHOW_FD("fd directory: .", openat(fd, ".", O_RDONLY));
	close(fd);
}

static void *self_thread(void *arg)
{
	prctl(PR_SET_NAME, "second");
	look_at_self();
	return arg;
}

static void cmd_self(int argc, char **argv)
{
	int p[2], fd;
	char path[64], buf[16] = "";
	pthread_t t;

	(void)argc, (void)argv;
	prctl(PR_SET_NAME, "first");
	look_at_self();
	NEED(pthread_create(&t, NULL, self_thread, NULL) == 0);
	pthread_join(t, NULL);
	NEED(pipe(p) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
	fd = open(path, O_WRONLY);
	printf("pipe by /proc/self/fd: %s\n", fd < 0 ? show_errno(errno) : "ok");
	NEED(write(fd, "piped", 5) == 5 && read(p[0], buf, 15) == 5);
	printf("through it: %s\n", buf);
	snprintf(path, sizeof(path), "/dev/fd/%d", p[0]);
	SHOW_FD("pipe by /dev/fd", open(path, O_RDONLY));
	fd = open("gone", O_RDWR | O_CREAT, 0600);
	NEED(write(fd, "still", 5) == 5 && unlink("gone") == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDONLY);
	printf("deleted file by /proc/self/fd: %s\n", fd < 0 ? show_errno(errno) : "ok");
	NEED(read(fd, buf, 15) == 5);
	printf("holds: %s\n", buf);
	fd = (int)syscall(SYS_memfd_create, "m", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SHOW_FD("memfd by /proc/self/fd", open(path, O_RDWR));
	SHOW_FD("closed descriptor", open("/proc/self/fd/777", O_RDONLY));
	SHOW_FD("write own comm", open("/proc/self/comm", O_WRONLY));
	SHOW_FD("oom_score_adj", open("/proc/self/oom_score_adj", O_RDWR));
	SHOW_FD("maps", open("/proc/self/maps", O_RDONLY));
	SHOW_FD("/dev/null", open("/dev/null", O_RDWR));
	SHOW_FD("/dev/zero", open("/dev/zero", O_RDONLY));
	SHOW_FD("/dev/urandom", open("/dev/urandom", O_RDONLY));
	SHOW_FD("/dev/full", open("/dev/full", O_WRONLY));
	SHOW_FD("/dev/tty without a terminal", open("/dev/tty", O_RDWR));
	SHOW_FD("/dev/ptmx", open("/dev/ptmx", O_RDWR | O_NOCTTY));
	SHOW_FD("/dev/shm", open("/dev/shm/crust-e2e-probe", O_RDWR | O_CREAT, 0600));
	SHOW("shm_unlink", unlink("/dev/shm/crust-e2e-probe"));
}

static void cmd_tty(int argc, char **argv)
{
	int fd = open("/dev/tty", O_RDWR);

	(void)argc, (void)argv;
	printf("/dev/tty: %s\n", fd < 0 ? show_errno(errno) : "ok");
	if (fd >= 0) {
		printf("isatty %d, session leader's: %d\n", isatty(fd), tcgetsid(fd) > 0);
		dprintf(fd, "written to the terminal\n");
	}
	SHOW_FD("stdin again", open("/dev/stdin", O_RDWR));
	SHOW_FD("console", open("/dev/pts/999", O_RDWR));
}

static int clone_child(void *arg)
{
	int fd = open("/etc/hostname", O_RDONLY);

	(void)arg;
	if (chdir("sub") < 0 || fd < 0)
		_exit(1);
	_exit(close(fd) < 0);
}

/* A process that shares its descriptors, its directory, or nothing with its parent. */
static void cmd_clone(int argc, char **argv)
{
	static const struct {
		const char *what;
		int flags;
	} how[] = {
		{ "shares nothing", 0 },
		{ "shares the cwd", CLONE_FS },
		{ "shares descriptors", CLONE_FILES },
		{ "shares memory", CLONE_VM | CLONE_VFORK },
		{ "shares all", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND },
	};

	(void)argc, (void)argv;
	NEED(mkdir("sub", 0755) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		char *stack = malloc(65536), *now, *before = getcwd(NULL, 0);
		pid_t pid = clone(clone_child, stack + 65536, how[i].flags | SIGCHLD, NULL);
		int st;

		NEED(pid > 0);
		waitpid(pid, &st, 0);
		now = getcwd(NULL, 0);
		printf("%s: status %d, cwd moved %d\n", how[i].what, st, strcmp(now, before) != 0);
		NEED(chdir(before) == 0);
		free(stack), free(now), free(before);
	}
	NEED(unshare(CLONE_FS | CLONE_FILES) == 0);
	SHOW_FD("after unshare", open("sub", O_RDONLY));
}

int main(int argc, char **argv)
{
	static const struct show_command commands[] = {
		{ "exec", cmd_exec },	{ "memfd", cmd_memfd }, { "exit", cmd_exit }, { "spawn", cmd_spawn },
		{ "threadexec", cmd_threadexec }, { "self", cmd_self }, { "tty", cmd_tty }, { "clone", cmd_clone },
	};

	return show_main(commands, ARRAY_SIZE(commands), argc, argv);
}
