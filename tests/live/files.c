/* files - what a program sees when it opens and changes files: errnos, modes, events, locks, order. Each
 * command works in the current directory and prints lines that must not depend on who performs the calls. */
#include "tests/live/show.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	NEED(fd >= 0);
	NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void show_mode(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		printf("mode of %s: %s\n", path, show_errno(errno));
	else
		printf("mode of %s: %06o links %lu size %lld\n", path, st.st_mode, (unsigned long)st.st_nlink,
		       S_ISREG(st.st_mode) ? (long long)st.st_size : 0);
}

/* openat2's, spelled out for musl, which lacks the kernel's header. */
struct how {
	unsigned long long flags, mode, resolve;
};
enum { NO_MAGICLINKS = 2, NO_SYMLINKS = 4, BENEATH = 8, IN_ROOT = 16 };

static int openat2_(int dirfd, const char *path, unsigned long long flags, unsigned long long mode,
		    unsigned long long resolve)
{
	struct how how = { .flags = flags, .mode = mode, .resolve = resolve };

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static void cmd_tmpfile(int argc, char **argv)
{
	char path[64];
	int fd;

	(void)argc, (void)argv;
	umask(027);
	fd = open(".", O_TMPFILE | O_RDWR, 0666);
	NEED(fd >= 0);
	NEED(write(fd, "tmp", 3) == 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SHOW("linkat by /proc/self/fd", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	show_mode("named");
	SHOW("linkat again", linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	SHOW("linkat second name", linkat(AT_FDCWD, path, AT_FDCWD, "named2", AT_SYMLINK_FOLLOW));
	SHOW("linkat empty path", linkat(fd, "", AT_FDCWD, "named3", AT_EMPTY_PATH));
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	NEED(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SHOW("linkat of O_EXCL", linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
	SHOW_FD("O_TMPFILE read-only", open(".", O_TMPFILE | O_RDONLY, 0600));
	SHOW_FD("O_TMPFILE on a file", open("named", O_TMPFILE | O_RDWR, 0600));
}

static void cmd_mmap(int argc, char **argv)
{
	int fd = open("m", O_RDWR | O_CREAT, 0644), fd2;
	char *p, buf[8] = "";

	(void)argc, (void)argv;
	NEED(fd >= 0 && ftruncate(fd, 8192) == 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED);
	close(fd);
	memcpy(p + 4096, "shared", 6);
	fd2 = open("m", O_RDONLY);
	NEED(pread(fd2, buf, 6, 4096) == 6);
	printf("read back: %s\n", buf);
	SHOW("map exec", mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd2, 0) == MAP_FAILED ? -1 : 0);
	SHOW("map shared write of a read-only fd",
	     mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd2, 0) == MAP_FAILED ? -1 : 0);
	show_mode("m");
}

static void drain(int in)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *e = (const void *)p;

			printf("event %x %s\n", e->mask, e->len ? e->name : "");
			p += sizeof(*e) + e->len;
		}
	}
}

/* Events must come in order, and the close-write one as soon as the program has closed the file. */
static void cmd_inotify(int argc, char **argv)
{
	int in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), fd;

	(void)argc, (void)argv;
	NEED(in >= 0);
	SHOW("watch", inotify_add_watch(in, ".", IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_ATTRIB));
	for (int i = 0; i < 50; i++) {
		fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		NEED(fd >= 0);
		close(fd);
		drain(in);
	}
	SHOW("rename", rename("f", "g"));
	SHOW("chmod", chmod("g", 0640));
	SHOW("unlink", unlink("g"));
	SHOW("mkdir", mkdir("d", 0700));
	SHOW("rmdir", rmdir("d"));
	drain(in);
}

static void cmd_cwd(int argc, char **argv)
{
	char buf[PATH_MAX], *base = getcwd(NULL, 0);

	(void)argc, (void)argv;
	NEED(mkdir("a", 0755) == 0 && chdir("a") == 0);
	put("inside", "x");
	SHOW("rename the cwd", rename("../a", "../b"));
	printf("getcwd: %s\n", getcwd(buf, sizeof(buf)) ? buf + strlen(base) : show_errno(errno));
	SHOW_FD("open relative after the rename", open("inside", O_RDONLY));
	SHOW_FD("create relative after the rename", open("new", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("open through ..", open("../b/inside", O_RDONLY));
	SHOW("unlink", unlink("inside"));
	SHOW("unlink", unlink("new"));
	SHOW("remove the cwd", rmdir("../b"));
	printf("getcwd: %s\n", getcwd(buf, sizeof(buf)) ? buf : show_errno(errno));
	SHOW_FD("open in the removed cwd", open("inside", O_RDONLY));
	SHOW_FD("create in the removed cwd", open("new", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("open . of the removed cwd", open(".", O_RDONLY));
	SHOW_FD("open .. of the removed cwd", open("..", O_RDONLY));
	SHOW("mkdir in the removed cwd", mkdir("d", 0700));
	SHOW("chdir ..", chdir(".."));
	printf("getcwd: %s\n", getcwd(buf, sizeof(buf)) ? buf + strlen(base) : show_errno(errno));
	SHOW_FD("open absolute", open(base, O_RDONLY | O_DIRECTORY));
	free(base);
}

static void cmd_umask(int argc, char **argv)
{
	static const mode_t masks[] = { 022, 077, 0, 0777, 027 };

	(void)argc, (void)argv;
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		char name[32];

		umask(masks[i]);
		snprintf(name, sizeof(name), "file%zu", i);
		SHOW_FD("file", open(name, O_WRONLY | O_CREAT, 0666));
		show_mode(name);
		snprintf(name, sizeof(name), "dir%zu", i);
		SHOW("dir", mkdir(name, 0777));
		show_mode(name);
		snprintf(name, sizeof(name), "fifo%zu", i);
		SHOW("fifo", mkfifo(name, 0666));
		show_mode(name);
		snprintf(name, sizeof(name), "suid%zu", i);
		SHOW_FD("bits", open(name, O_WRONLY | O_CREAT, 07777));
		show_mode(name);
		snprintf(name, sizeof(name), "creat%zu", i);
		SHOW_FD("creat", syscall(SYS_openat, AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, 0640));
		show_mode(name);
	}
	umask(022);
	NEED(mkdir("sg", 0775) == 0);
	SHOW("chmod g+s", chmod("sg", 02775));
	SHOW_FD("file in it", open("sg/f", O_WRONLY | O_CREAT, 0664));
	SHOW("dir in it", mkdir("sg/d", 0775));
	show_mode("sg/f");
	show_mode("sg/d");
}

static void cmd_names(int argc, char **argv)
{
	char long255[260], long256[260];
	DIR *d;
	struct dirent *e;
	int n = 0;

	(void)argc, (void)argv;
	memset(long255, 'n', 255), long255[255] = 0;
	memset(long256, 'n', 256), long256[256] = 0;
	SHOW_FD("255 bytes", open(long255, O_WRONLY | O_CREAT, 0600));
	SHOW_FD("256 bytes", open(long256, O_WRONLY | O_CREAT, 0600));
	SHOW("mkdir 256 bytes", mkdir(long256, 0700));
	SHOW_FD("utf-8", open("n\xc3\xa4me-\xe2\x82\xac", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("not utf-8", open("\xff\xfe-\x80", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("newline", open("a\nb", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("control", open("\x01\x1b[31m\x7f", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("spaces", open(" lead trail ", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("dots", open("...", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("backslash and stars", open("a\\*[b]?{c,d}", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("deleted suffix", open("f (deleted)", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("deleted suffix again", open("f (deleted)", O_RDONLY));
	SHOW("rename newline", rename("a\nb", "c\nd"));
	d = opendir(".");
	NEED(d);
	while ((e = readdir(d)))
		n++;
	closedir(d);
	printf("%d names\n", n);
}

static void cmd_longpath(int argc, char **argv)
{
	char part[251], *path = malloc(8192), *base = getcwd(NULL, 0);
	size_t n = 0;

	(void)argc, (void)argv;
	memset(part, 'p', 250), part[250] = 0;
	for (int i = 0; i < 14; i++) /* deeper than PATH_MAX is a known limit */
		NEED(mkdir(part, 0755) == 0 && chdir(part) == 0);
	put("deep", "deep");
	SHOW_FD("open relative, 3500 bytes down", open("deep", O_RDONLY));
	SHOW("rename there", rename("deep", "deeper"));
	SHOW("mkdir there", mkdir("d", 0755));
	SHOW_FD("open ../ there", open("../", O_RDONLY));
	printf("raw getcwd: %s\n", syscall(SYS_getcwd, path, 8192) < 0 ? show_errno(errno) : "ok");
	SHOW("unlink there", unlink("deeper"));
	NEED(chdir(base) == 0);
	for (int i = 0; i < 20; i++)
		n += (size_t)sprintf(path + n, "%s/", part);
	SHOW_FD("one path of 5020 bytes", open(path, O_RDONLY));
	path[4095] = 0;
	SHOW_FD("4095 bytes", open(path, O_RDONLY));
	path[4016] = 0;
	SHOW_FD("4016 bytes", open(path, O_RDONLY));
	memset(path, '/', 4095), strcpy(path + 4090, "etc");
	SHOW_FD("slashes", open(path, O_RDONLY));
	n = 0;
	for (int i = 0; i < 1300; i++)
		n += (size_t)sprintf(path + n, "./");
	strcpy(path + n, part);
	SHOW_FD("many dots", open(path, O_RDONLY));
	free(path), free(base);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void handle(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

/* An open that blocks on a FIFO is interrupted, or restarted, exactly as the handler asks. */
static void cmd_fifo(int argc, char **argv)
{
	pid_t pid;
	int fd, st;
	char buf[8] = "";

	(void)argc, (void)argv;
	NEED(mkfifo("p", 0600) == 0);
	handle(SIGALRM, 0);
	ualarm(200000, 0);
	SHOW_FD("interrupted", open("p", O_RDONLY));
	handle(SIGALRM, SA_RESTART);
	ualarm(200000, 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		usleep(600000);
		fd = open("p", O_WRONLY);
		_exit(fd >= 0 && write(fd, "late", 4) == 4 ? 0 : 1);
	}
	fd = open("p", O_RDONLY);
	printf("restarted: %s\n", fd < 0 ? show_errno(errno) : "ok");
	if (fd >= 0) {
		printf("read %zd %s\n", read(fd, buf, 7), buf);
		printf("then %zd (end of file)\n", read(fd, buf, 7));
		close(fd);
	}
	waitpid(pid, &st, 0);
	printf("writer %d\n", st);
	SHOW_FD("non-blocking writer, no reader", open("p", O_WRONLY | O_NONBLOCK));
	SHOW_FD("non-blocking reader", open("p", O_RDONLY | O_NONBLOCK));
	SHOW_FD("read-write", open("p", O_RDWR));

	/* Eight waiters at once must not hold up a plain open. */
	pid_t waiters[8];
	for (size_t i = 0; i < ARRAY_SIZE(waiters); i++) {
		waiters[i] = fork();
		if (waiters[i] == 0) {
			signal(SIGALRM, SIG_DFL);
			alarm(20);
			open("p", O_RDONLY);
			_exit(0);
		}
	}
	usleep(100000);
	for (int i = 0; i < 20; i++)
		NEED((fd = open("/etc/hostname", O_RDONLY)) >= 0 && close(fd) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(waiters); i++) {
		kill(waiters[i], SIGKILL);
		waitpid(waiters[i], &st, 0);
		printf("waiter %s\n", WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL ? "killed" : "?");
	}
}

static volatile int storm_on = 1;
static pthread_t storm_target;

static void *storm(void *arg)
{
	struct timespec t = { .tv_nsec = 200000 };

	(void)arg;
	while (storm_on) {
		pthread_kill(storm_target, SIGUSR1);
		nanosleep(&t, NULL);
	}
	return NULL;
}

static void storm_opens(const char *what, int flags, int allowed)
{
	pthread_t t;
	int bad = 0, err = 0;

	handle(SIGUSR1, flags);
	storm_on = 1;
	storm_target = pthread_self();
	NEED(pthread_create(&t, NULL, storm, NULL) == 0);
	for (int i = 0; i < 3000; i++) {
		int fd = open(i & 1 ? "/etc/hostname" : "stormfile", O_RDWR * !(i & 1) | O_CREAT * !(i & 1), 0600);

		if (fd < 0)
			bad++, err = errno;
		else
			close(fd);
		if (!(i & 1) && unlink("stormfile") < 0)
			bad++, err = errno;
	}
	storm_on = 0;
	pthread_join(t, NULL);
	if (bad > allowed)
		printf("%s: %d of 6000 calls failed (%s)\n", what, bad, show_errno(err));
	else
		printf("%s: fine\n", what);
}

/* Opening a regular file is never interrupted by a signal, however many come. Under us it may be, while nobody has
 * taken the call up yet, for programs that do not ask for restarts: the kernel knows no other way. */
static void cmd_storm(int argc, char **argv)
{
	(void)argc, (void)argv;
	storm_opens("SA_RESTART", SA_RESTART, 0);
	storm_opens("no SA_RESTART", 0, 120);
}

static void cmd_openflags(int argc, char **argv)
{
	int fd, f;
	char big[4097], *edge;

	(void)argc, (void)argv;
	put("file", "content");
	NEED(mkdir("dir", 0755) == 0 && symlink("file", "link") == 0 && symlink("nowhere", "dangling") == 0);
	NEED(symlink("loop2", "loop1") == 0 && symlink("loop1", "loop2") == 0 && symlink("dir", "dlink") == 0);
	put("dir/in", "in");
	put("closed", "x");
	NEED(chmod("closed", 0) == 0 && mkdir("closeddir", 0755) == 0);
	put("closeddir/x", "x");
	NEED(chmod("closeddir", 0) == 0);
	SHOW_FD("file rdonly", open("file", O_RDONLY));
	SHOW_FD("file as directory", open("file", O_RDONLY | O_DIRECTORY));
	SHOW_FD("file/", open("file/", O_RDONLY));
	SHOW_FD("file/x", open("file/x", O_RDONLY));
	SHOW_FD("file/..", open("file/..", O_RDONLY));
	SHOW_FD("dir wronly", open("dir", O_WRONLY));
	SHOW_FD("dir rdwr creat", open("dir", O_RDWR | O_CREAT, 0600));
	SHOW_FD("dir creat rdonly", open("dir", O_RDONLY | O_CREAT, 0600));
	SHOW_FD("dir/", open("dir/", O_RDONLY));
	SHOW_FD("dir/.", open("dir/.", O_RDONLY));
	SHOW_FD("dir//../dir///in", open("dir//../dir///in", O_RDONLY));
	SHOW_FD("new/ creat", open("new/", O_RDWR | O_CREAT, 0600));
	SHOW_FD("missing", open("missing", O_RDONLY));
	SHOW_FD("missing/x", open("missing/x", O_RDONLY | O_CREAT, 0600));
	SHOW_FD("missing/..", open("missing/..", O_RDONLY));
	SHOW_FD("empty", open("", O_RDONLY));
	SHOW_FD("link", open("link", O_RDONLY));
	SHOW_FD("link/", open("link/", O_RDONLY));
	SHOW_FD("link nofollow", open("link", O_RDONLY | O_NOFOLLOW));
	SHOW_FD("link nofollow path", open("link", O_PATH | O_NOFOLLOW));
	SHOW_FD("link excl", open("link", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW_FD("dlink nofollow", open("dlink", O_RDONLY | O_NOFOLLOW));
	SHOW_FD("dlink/ nofollow", open("dlink/", O_RDONLY | O_NOFOLLOW));
	SHOW_FD("dlink/in nofollow", open("dlink/in", O_RDONLY | O_NOFOLLOW));
	SHOW_FD("dlink directory nofollow", open("dlink", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
	SHOW_FD("loop", open("loop1", O_RDONLY));
	SHOW_FD("loop/x", open("loop1/x", O_RDONLY));
	SHOW_FD("dangling", open("dangling", O_RDONLY));
	SHOW_FD("dangling excl", open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW_FD("dangling creat nofollow", open("dangling", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
	SHOW_FD("dangling creat", open("dangling", O_RDWR | O_CREAT, 0600));
	show_mode("nowhere");
	SHOW_FD("file excl", open("file", O_RDWR | O_CREAT | O_EXCL, 0600));
	SHOW_FD("closed", open("closed", O_RDONLY));
	SHOW_FD("closed wr", open("closed", O_WRONLY));
	SHOW_FD("closed path", open("closed", O_PATH));
	SHOW_FD("closeddir", open("closeddir", O_RDONLY));
	SHOW_FD("closeddir/x", open("closeddir/x", O_RDONLY));
	SHOW_FD("closeddir/new", open("closeddir/new", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("closeddir/..", open("closeddir/..", O_RDONLY));
	SHOW_FD("bad pointer", open((const char *)8, O_RDONLY));
	SHOW_FD("kernel pointer", open((const char *)0xffff800000000000ul, O_RDONLY));
	SHOW_FD("bad fd", openat(999, "file", O_RDONLY));
	SHOW_FD("bad fd, absolute", openat(999, "/etc/hostname", O_RDONLY));
	SHOW_FD("fd of a file", openat(fd = open("file", O_RDONLY), "x", O_RDONLY));
	SHOW_FD("fd of a file, empty", openat(fd, "", O_RDONLY));
	close(fd);
	fd = open("dir", O_RDONLY | O_DIRECTORY);
	SHOW_FD("at dir", openat(fd, "in", O_RDONLY));
	SHOW_FD("at dir ..", openat(fd, "../file", O_RDONLY));
	SHOW_FD("at dir, new", openat(fd, "newin", O_WRONLY | O_CREAT | O_EXCL, 0640));
	close(fd);
	fd = open("dir", O_PATH);
	SHOW_FD("at O_PATH dir", openat(fd, "in", O_RDONLY));
	SHOW_FD("openat2", openat2_(fd, "in", O_RDONLY, 0, 0));
	SHOW_FD("openat2 beneath", openat2_(fd, "in", O_RDONLY, 0, BENEATH));
	SHOW_FD("openat2 beneath ..", openat2_(fd, "../file", O_RDONLY, 0, BENEATH));
	SHOW_FD("openat2 in root ..", openat2_(fd, "../in", O_RDONLY, 0, IN_ROOT));
	SHOW_FD("openat2 in root /", openat2_(fd, "/in", O_RDONLY, 0, IN_ROOT));
	SHOW_FD("openat2 no symlinks", openat2_(AT_FDCWD, "dlink/in", O_RDONLY, 0, NO_SYMLINKS));
	SHOW_FD("openat2 no magic links", openat2_(AT_FDCWD, "/proc/self/fd/1", O_RDONLY, 0, NO_MAGICLINKS));
	SHOW_FD("openat2 bad flags", openat2_(AT_FDCWD, "file", O_RDONLY | (1ull << 40), 0, 0));
	SHOW_FD("openat2 mode without creat", openat2_(AT_FDCWD, "file", O_RDONLY, 0600, 0));
	SHOW_FD("openat2 bad resolve", openat2_(AT_FDCWD, "file", O_RDONLY, 0, 1ull << 60));
	SHOW_FD("openat2 creat", openat2_(AT_FDCWD, "o2new", O_RDWR | O_CREAT, 0600, 0));
	SHOW_FD("openat2 small", syscall(SYS_openat2, AT_FDCWD, "file", &(struct how){ 0 }, 8));
	close(fd);
	SHOW_FD("unknown open flag is ignored", open("file", O_RDONLY | (1 << 30)));
	SHOW_FD("O_PATH with others", open("file", O_PATH | O_RDWR | O_TRUNC));
	SHOW_FD("O_NOATIME own", open("file", O_RDONLY | O_NOATIME));
	SHOW_FD("O_NOATIME foreign", open("/etc/hostname", O_RDONLY | O_NOATIME));
	SHOW_FD("O_DIRECT", open("file", O_RDONLY | O_DIRECT));
	SHOW_FD("access mode 3", open("file", 3));
	SHOW_FD("write a running program", open("/proc/self/exe", O_WRONLY));
	SHOW_FD("write /usr", open("/usr/e2e-never", O_RDONLY | O_DIRECTORY));
	memset(big, 'x', 4096), big[4096] = 0;
	SHOW_FD("4096 bytes", open(big, O_RDONLY));
	/* a path that ends exactly at the end of readable memory */
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	strcpy(edge + 4091, "file");
	SHOW_FD("path at the end of a page", open(edge + 4091, O_RDONLY));
	memcpy(edge + 4092, "file", 4);
	SHOW_FD("path without an end", open(edge + 4092, O_RDONLY));
	fd = open("file", O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_SYNC);
	f = fcntl(fd, F_GETFL);
	printf("flags %x fd flags %d\n", f, fcntl(fd, F_GETFD));
	close(fd);
	fd = open("file", O_RDONLY);
	printf("flags %x fd flags %d\n", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	close(fd);
	fd = open("file", O_WRONLY | O_TRUNC);
	close(fd);
	show_mode("file");
	NEED(chmod("closeddir", 0755) == 0);
}

static void cmd_pathcalls(int argc, char **argv)
{
	struct stat st;
	struct timespec ts[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
	char buf[64];
	int dir;

	(void)argc, (void)argv;
	put("f", "one");
	put("g", "two");
	NEED(mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0);
	put("e/x", "x");
	NEED(symlink("f", "l") == 0 && symlink("none", "dl") == 0);
	SHOW("mkdir existing", mkdir("d", 0755));
	SHOW("mkdir over a dangling link", mkdir("dl", 0755));
	SHOW("mkdir d/new/", mkdir("d/new/", 0755));
	SHOW("mkdir .", mkdir(".", 0755));
	SHOW("mkdir ..", mkdir("..", 0755));
	SHOW("mkdir /", mkdir("/", 0755));
	SHOW("mkdir empty", mkdir("", 0755));
	SHOW("rmdir file", rmdir("f"));
	SHOW("rmdir full", rmdir("e"));
	SHOW("rmdir .", rmdir("."));
	SHOW("rmdir d/.", rmdir("d/."));
	SHOW("rmdir ..", rmdir(".."));
	SHOW("unlink dir", unlink("d"));
	SHOW("unlink missing", unlink("missing"));
	SHOW("unlink f/", unlink("f/"));
	SHOW("unlinkat dir flag", unlinkat(AT_FDCWD, "d/new", AT_REMOVEDIR));
	SHOW("unlinkat bad flag", unlinkat(AT_FDCWD, "f", 0x40));
	SHOW("rename to itself", rename("f", "f"));
	SHOW("rename file onto dir", rename("f", "d"));
	SHOW("rename dir onto file", rename("d", "f"));
	SHOW("rename dir onto full dir", rename("d", "e"));
	SHOW("rename dir into itself", rename("e", "e/y"));
	SHOW("rename missing", rename("missing", "z"));
	SHOW("rename to missing/z", rename("f", "missing/z"));
	SHOW("rename .", rename(".", "z"));
	SHOW("rename f/", rename("f/", "z"));
	SHOW("rename d to z/", rename("d", "z/"));
	SHOW("rename back", rename("z", "d"));
	SHOW("rename noreplace", syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 1));
	SHOW("rename exchange", syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 2));
	SHOW("rename exchange missing", syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "missing", 2));
	SHOW("rename whiteout", syscall(SYS_renameat2, AT_FDCWD, "g", AT_FDCWD, "gg", 8));
	SHOW("rename bad flags", syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "g", 3));
	SHOW("link", link("f", "hard"));
	SHOW("link existing", link("f", "g"));
	SHOW("link dir", link("d", "hd"));
	SHOW("link of a symlink", link("l", "hl"));
	show_mode("hl");
	SHOW("linkat follow", linkat(AT_FDCWD, "l", AT_FDCWD, "hf", AT_SYMLINK_FOLLOW));
	show_mode("hf");
	SHOW("symlink", symlink("some text", "s"));
	SHOW("symlink existing", symlink("x", "s"));
	SHOW("symlink empty", symlink("", "s2"));
	SHOW("symlink in a missing directory", symlink("x", "missing/s"));
	SHOW("mknod fifo", mknod("fifo", S_IFIFO | 0640, 0));
	SHOW("mknod file", mknod("reg", S_IFREG | 0640, 0));
	SHOW("mknod sock", mknod("sock", S_IFSOCK | 0640, 0));
	SHOW("mknod existing", mknod("f", S_IFREG | 0640, 0));
	SHOW("chmod", chmod("f", 0751));
	SHOW("chmod by link", chmod("l", 0752));
	SHOW("chmod dangling", chmod("dl", 0752));
	SHOW("chmod bits", chmod("g", 06755));
	SHOW("fchmodat nofollow on a link", fchmodat(AT_FDCWD, "l", 0700, AT_SYMLINK_NOFOLLOW));
	SHOW("fchmodat nofollow on a file", fchmodat(AT_FDCWD, "f", 0740, AT_SYMLINK_NOFOLLOW));
	show_mode("f");
	show_mode("g");
	SHOW("chown to self", chown("f", getuid(), getgid()));
	SHOW("chown nothing", chown("f", (uid_t)-1, (gid_t)-1));
	SHOW("lchown link", lchown("l", getuid(), getgid()));
	SHOW("fchownat empty", fchownat(dir = open("d", O_RDONLY), "", getuid(), getgid(), AT_EMPTY_PATH));
	SHOW("truncate", truncate("f", 1));
	SHOW("truncate longer", truncate("f", 100));
	SHOW("truncate dir", truncate("d", 0));
	SHOW("truncate negative", truncate("f", -1));
	SHOW("truncate missing", truncate("missing", 0));
	show_mode("f");
	SHOW("utimensat", utimensat(AT_FDCWD, "f", ts, 0));
	NEED(stat("f", &st) == 0);
	printf("times %ld.%09ld %ld.%09ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec,
	       st.st_mtim.tv_nsec);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_sec = 7, ts[1].tv_nsec = 0;
	SHOW("utimensat omit", utimensat(AT_FDCWD, "l", ts, 0));
	SHOW("utimensat of a link", utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW));
	NEED(stat("f", &st) == 0);
	printf("times %ld %ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
	NEED(lstat("l", &st) == 0);
	printf("link times %ld\n", (long)st.st_mtim.tv_sec);
	SHOW("utimensat now", utimensat(AT_FDCWD, "f", NULL, 0));
	NEED(stat("f", &st) == 0);
	printf("now is near: %d\n", labs((long)(time(NULL) - st.st_mtim.tv_sec)) < 5);
	SHOW("futimens by null path", syscall(SYS_utimensat, dir, NULL, ts, 0));
	SHOW("utimensat bad nsec", utimensat(AT_FDCWD, "f", (struct timespec[2]){ { 1, 2000000000 }, { 1, 0 } }, 0));
	SHOW("setxattr", setxattr("f", "user.test", "value", 5, 0));
	SHOW("setxattr create again", setxattr("f", "user.test", "v", 1, XATTR_CREATE));
	SHOW("setxattr replace missing", setxattr("f", "user.none", "v", 1, XATTR_REPLACE));
	SHOW("setxattr empty", setxattr("f", "user.empty", "", 0, 0));
	SHOW("setxattr big", setxattr("g", "user.big", memset(malloc(3000), 'b', 3000), 3000, 0));
	SHOW("setxattr name", setxattr("f", "bad", "v", 1, 0));
	SHOW("lsetxattr on a link", lsetxattr("l", "user.test", "v", 1, 0));
	printf("getxattr %zd %.5s\n", getxattr("l", "user.test", buf, sizeof(buf)), buf);
	printf("listxattr %zd\n", listxattr("f", buf, sizeof(buf)));
	SHOW("removexattr", removexattr("f", "user.empty"));
	SHOW("removexattr missing", removexattr("f", "user.empty"));
	SHOW("unlink bad pointer", unlink((const char *)8));
	SHOW("rename bad pointer", rename("f", (const char *)8));
	SHOW("mkdirat bad fd", mkdirat(999, "x", 0700));
	SHOW("mkdirat fd", mkdirat(dir, "viafd", 0700));
	SHOW("symlinkat fd", symlinkat("t", dir, "slink"));
	SHOW("renameat fd to cwd", renameat(dir, "viafd", AT_FDCWD, "moved"));
	SHOW("unlinkat fd", unlinkat(dir, "slink", 0));
	SHOW("chdir", chdir("d"));
	SHOW("rename up", rename("../moved", "here"));
	SHOW("fchdir", fchdir(dir));
	close(dir);
	show_mode("here");
}

/* Descriptors are the lowest free, limits are the program's own. */
static void cmd_fds(int argc, char **argv)
{
	struct rlimit r = { 20, 20 };
	int fds[32], n = 0, e;

	(void)argc, (void)argv;
	for (int i = 3; i < 64; i++)
		close(i);
	fds[0] = open("/etc/hostname", O_RDONLY);
	fds[1] = open("/etc/hostname", O_RDONLY);
	close(fds[0]);
	printf("lowest: %d\n", open("/etc/hostname", O_RDONLY) == fds[0]);
	close(0);
	printf("zero: %d\n", open("/dev/null", O_RDONLY));
	NEED(setrlimit(RLIMIT_NOFILE, &r) == 0);
	while (n < 32 && (fds[n] = open("/etc/hostname", O_RDONLY)) >= 0)
		n++;
	e = errno;
	printf("opened until %s\n", show_errno(e));
	close(fds[--n]);
	SHOW_FD("once more", open("full", O_WRONLY | O_CREAT, 0600));
	r.rlim_cur = r.rlim_max = 10;
	signal(SIGXFSZ, SIG_IGN);
	NEED(setrlimit(RLIMIT_FSIZE, &r) == 0);
	SHOW("truncate past RLIMIT_FSIZE", truncate("full", 100));
	SHOW("truncate inside it", truncate("full", 10));
}

/* vfork and exec ./prog; whether the exec found the file still open for writing, -1 for any other failure. */
static int exec_is_busy(void)
{
	pid_t pid = vfork();
	int st;

	if (pid == 0) {
		execl("./prog", "prog", (char *)NULL);
		_exit(errno == ETXTBSY ? 26 : 1);
	}
	waitpid(pid, &st, 0);
	return st == 0 ? 0 : WEXITSTATUS(st) == 26 ? 1 : -1;
}

/* Nobody else may still hold what the program has closed: a lock, a writer of an executable, a pipe's end. */
static void cmd_closed(int argc, char **argv)
{
	int busy = 0, locked = 0, other = 0, eof = 0, src, st, p;
	char *buf = malloc(1 << 20);
	ssize_t n;

	(void)argc, (void)argv;
	src = open("/bin/true", O_RDONLY);
	n = read(src, buf, 1 << 20);
	NEED(n > 0);
	close(src);
	for (int i = 0; i < 100; i++) {
		int fd = open("prog", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

		NEED(fd >= 0 && write(fd, buf, (size_t)n) == n && close(fd) == 0);
		st = exec_is_busy();
		busy += st == 1;
		other += st == -1;
		unlink("prog");
	}
	printf("text busy %d, other failures %d\n", busy, other);
	for (int i = 0; i < 1000; i++) {
		int a = open("lock", O_RDWR | O_CREAT, 0600), b;

		NEED(flock(a, LOCK_EX) == 0);
		close(a);
		b = open("lock", O_RDWR);
		locked += flock(b, LOCK_EX | LOCK_NB) != 0;
		close(b);
	}
	printf("still locked after close: %d\n", locked);
	NEED(mkfifo("pipe", 0600) == 0);
	for (int i = 0; i < 200; i++) {
		int r = open("pipe", O_RDONLY | O_NONBLOCK), w = open("pipe", O_WRONLY);

		close(w);
		p = (int)read(r, buf, 1);
		eof += p == 0;
		close(r);
	}
	printf("end of file at once: %d\n", eof);
	for (int i = 0; i < 200; i++) {
		int fd = open("lease", O_RDWR | O_CREAT, 0600);

		if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
			other++;
		close(fd);
	}
	printf("leases refused: %d\n", other);
	free(buf);
}

static void cmd_locks(int argc, char **argv)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET }, q;
	int fd = open("l", O_RDWR | O_CREAT, 0600), st;
	pid_t pid;

	(void)argc, (void)argv;
	SHOW("fcntl lock", fcntl(fd, F_SETLK, &l));
	pid = fork();
	if (pid == 0) {
		int c = open("l", O_RDWR);

		q = l;
		SHOW("child's lock", fcntl(c, F_SETLK, &q));
		q = l;
		NEED(fcntl(c, F_GETLK, &q) == 0);
		printf("owner is the parent: %d\n", q.l_pid == getppid());
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &st, 0);
	SHOW("flock", flock(fd, LOCK_EX | LOCK_NB));
	l.l_pid = 0;
	SHOW("ofd lock", fcntl(fd, F_OFD_SETLK, &l));
}

static void *crowd(void *arg)
{
	char name[64], to[80];
	long bad = 0;

	for (int i = 0; i < 400; i++) {
		int fd;

		snprintf(name, sizeof(name), "t%ld-%d", (long)arg, i % 7);
		snprintf(to, sizeof(to), "%s.new", name);
		fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		bad += fd < 0 || write(fd, name, strlen(name)) < 0;
		close(fd);
		bad += rename(name, to) != 0;
		bad += chmod(to, 0644) != 0;
		bad += unlink(to) != 0;
	}
	return (void *)bad;
}

static void cmd_crowd(int argc, char **argv)
{
	pthread_t t[8];
	long bad = 0;
	int st;

	(void)argc, (void)argv;
	for (long i = 0; i < 8; i++)
		NEED(pthread_create(&t[i], NULL, crowd, (void *)i) == 0);
	for (int i = 0; i < 8; i++) {
		void *r;

		pthread_join(t[i], &r);
		bad += (long)r;
	}
	printf("threads: %ld failures\n", bad);
	bad = 0;
	for (long i = 0; i < 40; i++) {
		pid_t pid = fork();

		NEED(pid >= 0);
		if (pid == 0)
			_exit(crowd((void *)(100 + i)) ? 1 : 0);
	}
	while (wait(&st) > 0)
		bad += st != 0;
	printf("processes: %ld failures\n", bad);
}

static void cmd_sparse(int argc, char **argv)
{
	int fd = open("sparse", O_RDWR | O_CREAT, 0600);
	struct stat st;

	(void)argc, (void)argv;
	SHOW("ftruncate 1 GiB", ftruncate(fd, 1 << 30));
	SHOW("pwrite", pwrite(fd, "end", 3, (1 << 30) - 3));
	printf("hole ends at data: %d\n", lseek(fd, 0, SEEK_DATA) > 0);
	SHOW("fallocate", fallocate(fd, 0, 0, 1 << 16));
	SHOW("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 16));
	NEED(fstat(fd, &st) == 0);
	printf("small on disk: %d\n", st.st_blocks < 1024);
	SHOW("truncate", truncate("sparse", 4096));
}

/* As root only: a performed call has the rights of who asked, not the supervisor's. */
static void cmd_rights(int argc, char **argv)
{
	struct stat st;
	gid_t groups[] = { 65533 };

	(void)argc, (void)argv;
	put("root-only", "x");
	NEED(chmod("root-only", 0600) == 0 && mkdir("open", 0777) == 0 && chmod("open", 0777) == 0);
	put("group", "x");
	NEED(chown("group", 0, 65533) == 0 && chmod("group", 0640) == 0);
	NEED(syscall(SYS_setfsuid, 65534) == 0);
	SHOW_FD("fsuid: read", open("root-only", O_RDONLY));
	SHOW_FD("fsuid: create", open("open/by-fsuid", O_WRONLY | O_CREAT, 0600));
	NEED(syscall(SYS_setfsuid, 0) == 65534);
	NEED(setgroups(1, groups) == 0 && setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	SHOW_FD("read", open("root-only", O_RDONLY));
	SHOW_FD("read by group", open("group", O_RDONLY));
	SHOW_FD("write by group", open("group", O_RDWR));
	SHOW_FD("create", open("open/mine", O_WRONLY | O_CREAT, 0600));
	SHOW_FD("create elsewhere", open("not-mine", O_WRONLY | O_CREAT, 0600));
	SHOW("mkdir", mkdir("open/dir", 0755));
	SHOW("symlink", symlink("x", "open/link"));
	SHOW("fifo", mkfifo("open/fifo", 0644));
	SHOW("unlink", unlink("root-only"));
	SHOW("chmod", chmod("root-only", 0644));
	SHOW("chown", chown("open/mine", 0, 0));
	SHOW("truncate", truncate("root-only", 0));
	SHOW("utimes", utimensat(AT_FDCWD, "root-only", NULL, 0));
	SHOW("setxattr", setxattr("root-only", "user.x", "x", 1, 0));
	SHOW("rename", rename("root-only", "open/stolen"));
	SHOW_FD("shadow", open("/etc/shadow-", O_RDONLY));
	for (size_t i = 0; i < 5; i++) {
		static const char *const made[] = { "open/by-fsuid", "open/mine", "open/dir", "open/link", "open/fifo" };

		NEED(lstat(made[i], &st) == 0);
		printf("%s belongs to %u:%u\n", made[i], st.st_uid, st.st_gid);
	}
}

int main(int argc, char **argv)
{
	static const struct show_command commands[] = {
		{ "tmpfile", cmd_tmpfile }, { "mmap", cmd_mmap },	  { "inotify", cmd_inotify },
		{ "cwd", cmd_cwd },	    { "umask", cmd_umask },	  { "names", cmd_names },
		{ "longpath", cmd_longpath }, { "fifo", cmd_fifo },	  { "storm", cmd_storm },
		{ "openflags", cmd_openflags }, { "pathcalls", cmd_pathcalls }, { "fds", cmd_fds },
		{ "closed", cmd_closed },   { "locks", cmd_locks },	  { "crowd", cmd_crowd },
		{ "sparse", cmd_sparse },   { "rights", cmd_rights },
	};

	return show_main(commands, ARRAY_SIZE(commands), argc, argv);
}
