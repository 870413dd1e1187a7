/* race - threads that change what a call names while it is being judged. `race MODE KEY HARMLESS [N [first]]` tries N
 * times (with "first": until it has worked once) to get at KEY (an absolute path whose reading is denied) by a call that, at some instant, named the
 * HARMLESS one. Prints one line of counts; exit 1 if the key was reached even once, 3 if the harmless one never was.
 * Natively every mode must reach the key: that shows that the attack is one. Works in the current directory. */
#include "tests/live/show.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY_MARK "DECOY-KEY"

static const char *key, *harmless;
static long attempts;
static int until_first; /* stop as soon as the key was reached */
static atomic_int running = 1;
static struct {
	long key, harmless, denied, other;
	int last_errno;
} seen;

static char shared[PATH_MAX]; /* the path that changes under the judge's eyes */

static void count_fd(int fd)
{
	char buf[128] = "";

	if (fd < 0) {
		if (errno == EACCES)
			seen.denied++;
		else
			seen.other++, seen.last_errno = errno;
		return;
	}
	if (read(fd, buf, sizeof(buf) - 1) >= 0 && strstr(buf, KEY_MARK))
		seen.key++;
	else
		seen.harmless++;
	close(fd);
}

static pthread_t start(void *(*fn)(void *))
{
	pthread_t t;

	NEED(pthread_create(&t, NULL, fn, NULL) == 0);
	return t;
}

static void attack(void *(*fn)(void *), void (*step)(void))
{
	pthread_t t = start(fn);
	long i;

	usleep(20000); /* until it runs */
	for (i = 0; i < attempts && !(until_first && seen.key); i++)
		step();
	attempts = i;
	running = 0;
	pthread_join(t, NULL);
}

/* --- the path's bytes ------------------------------------------------------------------------------ */

static void *flip_path(void *arg)
{
	size_t a = strlen(key) + 1, b = strlen(harmless) + 1;

	while (running) {
		memcpy(shared, harmless, b);
		__asm__ volatile("" ::: "memory");
		memcpy(shared, key, a);
		__asm__ volatile("" ::: "memory");
	}
	return arg;
}

/* Only one byte differs: the swap itself takes no time. HARMLESS must be as long as KEY. */
static void *flip_byte(void *arg)
{
	size_t i = 0;
	volatile char *p = shared;

	while (key[i] == harmless[i])
		i++;
	while (running) {
		p[i] = harmless[i];
		p[i] = key[i];
	}
	return arg;
}

static void step_open(void)
{
	count_fd(open(shared, O_RDONLY));
}

static struct {
	unsigned long long flags, mode, resolve;
} how;

static void step_openat2(void)
{
	count_fd((int)syscall(SYS_openat2, AT_FDCWD, shared, &how, sizeof(how)));
}

/* --- what the path leads to ------------------------------------------------------------------------- */

static void *swap_symlink(void *arg)
{
	while (running) {
		(void)!symlink(key, "race-new"), rename("race-new", "race-link");
		(void)!symlink(harmless, "race-new"), rename("race-new", "race-link");
	}
	return arg;
}

static void step_symlink(void)
{
	count_fd(open("race-link", O_RDONLY));
}

/* A plain file and a symlink to the key change places. */
static void *swap_rename(void *arg)
{
	while (running)
		syscall(SYS_renameat2, AT_FDCWD, "race-file", AT_FDCWD, "race-tokey", 2);
	return arg;
}

static void step_rename(void)
{
	count_fd(open("race-file", O_RDONLY));
}

/* A directory in the middle of the path and a symlink to the key's directory change places. */
static void *swap_dir(void *arg)
{
	while (running)
		syscall(SYS_renameat2, AT_FDCWD, "race-dir", AT_FDCWD, "race-todir", 2);
	return arg;
}

static char dir_path[PATH_MAX + 16];

static void step_dir(void)
{
	count_fd(open(dir_path, O_RDONLY));
}

/* --- what the descriptor or the cwd is --------------------------------------------------------------- */

static int fd_key, fd_harmless, fd_swapped;
static const char *base;

static void *swap_dirfd(void *arg)
{
	while (running) {
		dup2(fd_key, fd_swapped);
		dup2(fd_harmless, fd_swapped);
	}
	return arg;
}

static void step_dirfd(void)
{
	count_fd(openat(fd_swapped, base, O_RDONLY));
}

static void *swap_cwd(void *arg)
{
	while (running)
		NEED(fchdir(fd_key) == 0 && fchdir(fd_harmless) == 0);
	return arg;
}

static void step_cwd(void)
{
	count_fd(open(base, O_RDONLY));
}

static void step_proc_cwd(void)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/cwd/%s", base);
	count_fd(open(path, O_RDONLY));
}

/* --- changes ----------------------------------------------------------------------------------------- */

static void step_unlink(void)
{
	static char text[] = "harmless\n";
	int fd = open(harmless, O_WRONLY | O_CREAT, 0600);

	NEED(fd >= 0 && write(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	if (unlink(shared) == 0)
		seen.harmless++;
	else if (errno == EACCES)
		seen.denied++;
	else
		seen.other++, seen.last_errno = errno;
	if (access(key, F_OK) < 0) {
		seen.key++;
		NEED((fd = open(key, O_WRONLY | O_CREAT, 0600)) >= 0);
		close(fd);
	}
}

/* --- exec: KEY and HARMLESS are programs; KEY writes the file "proof" --------------------------------- */

static char *shared_argv[3], exec_arg[64];
static const char *exec_path;

static int exec_child(void *arg)
{
	(void)arg;
	execv(exec_path, shared_argv);
	_exit(errno == EACCES ? 100 : 101);
}

static void step_exec(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = clone(exec_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	int st;

	NEED(pid > 0 && waitpid(pid, &st, 0) == pid);
	if (access("proof", F_OK) == 0)
		seen.key++, unlink("proof");
	else if (WIFSIGNALED(st) || WEXITSTATUS(st) == 100)
		seen.denied++;
	else if (WEXITSTATUS(st) == 0)
		seen.harmless++;
	else
		seen.other++, seen.last_errno = WEXITSTATUS(st);
}

/* The same program, argument "harm" or "evil". */
static void *flip_arg(void *arg)
{
	while (running) {
		memcpy(exec_arg, "harm", 4);
		__asm__ volatile("" ::: "memory");
		memcpy(exec_arg, "evil", 4);
		__asm__ volatile("" ::: "memory");
	}
	return arg;
}

static void *flip_argv(void *arg)
{
	static char good[] = "harm", evil[] = "evil";
	char *volatile *slot = &shared_argv[1];

	while (running) {
		*slot = good;
		*slot = evil;
	}
	return arg;
}

/* --- connect: two ports of our own, of which the policy denies the second ------------------------------ */

static struct sockaddr_in to;
static int port_key, port_harmless;
static struct sockaddr_un to_un;
static int sock_type;

static void *flip_port(void *arg)
{
	volatile in_port_t *p = &to.sin_port;

	while (running) {
		*p = htons((unsigned short)port_harmless);
		*p = htons((unsigned short)port_key);
	}
	return arg;
}

static void *flip_sun(void *arg)
{
	size_t a = strlen(key) + 1, b = strlen(harmless) + 1;

	while (running) {
		memcpy(to_un.sun_path, harmless, b);
		__asm__ volatile("" ::: "memory");
		memcpy(to_un.sun_path, key, a);
		__asm__ volatile("" ::: "memory");
	}
	return arg;
}

static void count_result(int r, bool is_key)
{
	if (r < 0 && errno == EACCES)
		seen.denied++;
	else if (r < 0)
		seen.other++, seen.last_errno = errno;
	else if (is_key)
		seen.key++;
	else
		seen.harmless++;
}

static void step_connect(void)
{
	int s = socket(AF_INET, sock_type, 0), r = connect(s, (void *)&to, sizeof(to));
	struct sockaddr_in peer = { 0 };
	socklen_t n = sizeof(peer);
	int e = errno;

	getpeername(s, (void *)&peer, &n);
	errno = e;
	count_result(r, ntohs(peer.sin_port) == port_key);
	close(s);
}

static int udp_key, udp_harmless;

static void step_sendto(void)
{
	static int s = -1;
	char c;

	if (s < 0)
		s = socket(AF_INET, SOCK_DGRAM, 0);
	int r = (int)sendto(s, "x", 1, 0, (void *)&to, sizeof(to)), e = errno;
	bool got_key = recv(udp_key, &c, 1, MSG_DONTWAIT) == 1;

	(void)!recv(udp_harmless, &c, 1, MSG_DONTWAIT);
	errno = e;
	count_result(r, got_key);
}

static void step_unix(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), r = connect(s, (void *)&to_un, sizeof(to_un)), e = errno;
	struct sockaddr_un peer = { 0 };
	socklen_t n = sizeof(peer);

	getpeername(s, (void *)&peer, &n);
	errno = e;
	count_result(r, strcmp(peer.sun_path, key) == 0);
	close(s);
}

static void *accept_all(void *arg)
{
	int s = (int)(long)arg;

	for (;;)
		close(accept(s, NULL, NULL));
	return NULL;
}

static int listen_on(int port, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int s = socket(AF_INET, type, 0), on = 1;
	pthread_t t;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	NEED(bind(s, (void *)&a, sizeof(a)) == 0);
	if (type == SOCK_STREAM) {
		NEED(listen(s, 4096) == 0);
		NEED(pthread_create(&t, NULL, accept_all, (void *)(long)s) == 0);
	}
	return s;
}

static void set_up(const char *mode)
{
	static char key_dir[PATH_MAX], harmless_dir[PATH_MAX + 16];

	strcpy(shared, harmless);
	snprintf(key_dir, sizeof(key_dir), "%s", key);
	base = strrchr(key_dir, '/') ? strrchr(key_dir, '/') + 1 : key_dir;
	if (base > key_dir)
		key_dir[base - key_dir - 1] = 0;
	if (strcmp(mode, "symlink") == 0) {
		NEED(symlink(harmless, "race-link") == 0);
	} else if (strcmp(mode, "rename") == 0) {
		NEED(link(harmless, "race-file") == 0 && symlink(key, "race-tokey") == 0);
	} else if (strcmp(mode, "dir") == 0) {
		NEED(mkdir("race-dir", 0755) == 0 && symlink(key_dir, "race-todir") == 0);
		snprintf(dir_path, sizeof(dir_path), "race-dir/%s", base);
		NEED(link(harmless, dir_path) == 0);
	} else if (strcmp(mode, "dirfd") == 0 || strstr(mode, "cwd")) {
		NEED(mkdir("race-dir", 0755) == 0);
		snprintf(harmless_dir, sizeof(harmless_dir), "race-dir/%s", base);
		NEED(link(harmless, harmless_dir) == 0);
		fd_key = open(key_dir, O_RDONLY | O_DIRECTORY);
		fd_harmless = open("race-dir", O_RDONLY | O_DIRECTORY);
		NEED(fd_key >= 0 && fd_harmless >= 0);
		fd_swapped = dup2(fd_harmless, 77);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*thread)(void *);
		void (*step)(void);
		int share; /* of the attempts asked for: one in this many */
	} modes[] = {
		{ "path", flip_path, step_open, 1 },	   { "byte", flip_byte, step_open, 1 },
		{ "openat2", flip_path, step_openat2, 4 }, { "symlink", swap_symlink, step_symlink, 4 },
		{ "rename", swap_rename, step_rename, 4 }, { "dir", swap_dir, step_dir, 4 },
		{ "dirfd", swap_dirfd, step_dirfd, 4 },	   { "cwd", swap_cwd, step_cwd, 4 },
		{ "proc-cwd", swap_cwd, step_proc_cwd, 4 }, { "unlink", flip_path, step_unlink, 10 },
		{ "exec", flip_path, step_exec, 100 },	   { "arg", flip_arg, step_exec, 100 },
		{ "argv", flip_argv, step_exec, 100 },	   { "connect", flip_port, step_connect, 10 },
		{ "udp-connect", flip_port, step_connect, 10 }, { "sendto", flip_port, step_sendto, 10 },
		{ "unix", flip_sun, step_unix, 10 },
	};
	const char *mode = argc > 1 ? argv[1] : "";

	if (argc == 2 && strcmp(mode, "list") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
			printf("%s\n", modes[i].name);
		return 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: race list | race MODE KEY HARMLESS [N [first]]\n");
		return 2;
	}
	key = argv[2], harmless = argv[3];
	attempts = argc > 4 ? strtol(argv[4], NULL, 10) : 100000;
	until_first = argc > 5;
	set_up(mode);
	to = (struct sockaddr_in){ .sin_family = AF_INET };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to_un.sun_family = AF_UNIX;
	snprintf(to_un.sun_path, sizeof(to_un.sun_path), "%s", harmless);
	sock_type = strcmp(mode, "connect") == 0 ? SOCK_STREAM : SOCK_DGRAM;
	if (strcmp(mode, "connect") == 0 || strcmp(mode, "udp-connect") == 0 || strcmp(mode, "sendto") == 0) {
		port_key = (int)strtol(key, NULL, 10), port_harmless = (int)strtol(harmless, NULL, 10);
		to.sin_port = htons((unsigned short)port_harmless);
		udp_key = listen_on(port_key, sock_type);
		udp_harmless = listen_on(port_harmless, sock_type);
	} else if (strcmp(mode, "unix") == 0) {
		for (int i = 0; i < 2; i++) {
			struct sockaddr_un a = { .sun_family = AF_UNIX };
			int s = socket(AF_UNIX, SOCK_STREAM, 0);
			pthread_t t;

			snprintf(a.sun_path, sizeof(a.sun_path), "%s", i ? key : harmless);
			if (access(a.sun_path, F_OK) == 0)
				continue; /* somebody outside listens: what we bind ourselves is ours to connect to */
			NEED(bind(s, (void *)&a, sizeof(a)) == 0 && listen(s, 4096) == 0);
			NEED(pthread_create(&t, NULL, accept_all, (void *)(long)s) == 0);
		}
	}
	exec_path = strncmp(mode, "arg", 3) == 0 ? key : shared;
	snprintf(exec_arg, sizeof(exec_arg), "harm");
	shared_argv[0] = exec_arg, shared_argv[1] = exec_arg;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(modes[i].name, mode) != 0)
			continue;
		attempts = attempts / modes[i].share > 0 ? attempts / modes[i].share : 1;
		attack(modes[i].thread, modes[i].step);
		printf("attempts %ld, key %ld, harmless %ld, denied %ld, other %ld (%s)\n", attempts, seen.key,
		       seen.harmless, seen.denied, seen.other, show_errno(seen.last_errno));
		return seen.key ? 1 : seen.harmless ? 0 : 3;
	}
	fprintf(stderr, "race: no mode '%s'\n", mode);
	return 2;
}
