/* probe - every road to one file that we know of. `probe ROAD FILE` tries one and says what came of it:
 *   read <first line>   the file's content was seen        done   it was changed
 *   EACCES, EPERM, …    what the kernel said               n/a …  this road does not exist here
 * acceptance.sh walks each road twice, natively, where it must lead there, and under crust-run, where it
 * must not. Needs nothing but a kernel, so that it can be static. `probe list` names the roads. */
#include "tests/live/show.h"

#include <fcntl.h>
#include <limits.h>
#if __has_include(<linux/io_uring.h>) && __has_include(<asm/ioctl.h>)
#include <linux/io_uring.h> /* musl has it not */
#endif
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *file;	      /* as given: absolute */
static char dir[PATH_MAX], *base;     /* its parts */
static char home[PATH_MAX], *ssh;     /* the parts of dir */

struct how {
	unsigned long long flags, mode, resolve;
};

static void say(const char *text)
{
	printf("%s\n", text);
	fflush(stdout);
	exit(0);
}

static void fail(void)
{
	say(show_errno(errno));
}

static void check(int r)
{
	if (r < 0)
		fail();
}

/* Read from @fd and tell. */
static void tell(int fd)
{
	char buf[256];
	ssize_t n;

	check(fd);
	n = read(fd, buf, sizeof(buf) - 1);
	check((int)n);
	buf[n] = 0;
	printf("read %zd bytes: %s\n", n, buf);
	fflush(stdout);
	exit(0);
}

static void done(int r)
{
	check(r);
	say("done");
}

static int openat2_(int at, const char *path, unsigned long long flags, unsigned long long resolve)
{
	struct how how = { .flags = flags, .resolve = resolve };

	return (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

/* printf into one of a few buffers. */
static const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *fmt, ...)
{
	static char bufs[4][PATH_MAX * 2];
	static int next;
	char *b = bufs[next++ % 4];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(bufs[0]), fmt, ap);
	va_end(ap);
	return b;
}

static const char *depth(const char *path)
{
	static char up[PATH_MAX];
	size_t n = 0;

	for (const char *p = path; *p && n + 4 < sizeof(up); p++)
		if (*p == '/')
			n += (size_t)sprintf(up + n, "../");
	sprintf(up + n, "../..");
	return up;
}

/* --- reading: names ------------------------------------------------------------------------------ */

static void r_open(void) { tell(open(file, O_RDONLY)); }
static void r_open_rdwr(void) { tell(open(file, O_RDWR)); }
static void r_open_nonblock(void) { tell(open(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)); }
static void r_open_creat(void) { tell(open(file, O_RDONLY | O_CREAT, 0600)); }
static void r_open_direct(void)
{
	void *p = NULL;
	int fd = open(file, O_RDONLY | O_DIRECT);

	check(fd);
	if (posix_memalign(&p, 4096, 4096) != 0 || read(fd, p, 4096) < 0)
		fail();
	printf("read %.200s\n", (char *)p);
	exit(0);
}
static void r_raw_open(void)
{
#ifdef SYS_open
	tell((int)syscall(SYS_open, file, O_RDONLY));
#else
	say("n/a");
#endif
}
static void r_raw_openat(void) { tell((int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY)); }
static void r_asm(void)
{
#ifdef __x86_64__
	long r = SYS_open;

	__asm__ volatile("syscall" : "+a"(r) : "D"(file), "S"(O_RDONLY), "d"(0) : "rcx", "r11", "memory");
	errno = r < 0 ? (int)-r : 0;
	tell(r < 0 ? -1 : (int)r);
#else
	say("n/a: x86 only");
#endif
}
/* The 32-bit table has numbers of its own; open is 5 there. The path must lie below 4 GiB. */
static void r_int80(void)
{
#ifdef __x86_64__
	char *low = mmap((void *)0x10000000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	long r = 5;

	if (low == MAP_FAILED)
		fail();
	strcpy(low, file);
	__asm__ volatile("int $0x80" : "+a"(r) : "b"(low), "c"(O_RDONLY), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	errno = r < 0 ? (int)-r : 0;
	tell(r < 0 ? -1 : (int)r);
#else
	say("n/a: x86 only");
#endif
}
static void r_x32(void)
{
#ifdef __x86_64__
	tell((int)syscall(0x40000000 | SYS_openat, AT_FDCWD, file, O_RDONLY));
#else
	say("n/a: x86 only");
#endif
}
static void r_openat2(void) { tell(openat2_(AT_FDCWD, file, O_RDONLY, 0)); }
static void r_openat2_dirfd(void) { tell(openat2_(open(dir, O_PATH), base, O_RDONLY, 8)); }
static void r_openat2_root(void) { tell(openat2_(open("/", O_PATH), file, O_RDONLY, 16)); }
static void r_openat2_home(void) { tell(openat2_(open(home, O_PATH), text("/%s/%s", ssh, base), O_RDONLY, 16)); }
static void r_dotdot(void) { tell(open(text("%s/../%s/./%s", dir, ssh, base), O_RDONLY)); }
static void r_dotdot_far(void) { tell(open(text("/proc/../usr/lib/../../.%s", file), O_RDONLY)); }
static void r_above_root(void) { tell(open(text("/../../..%s", file), O_RDONLY)); }
static void r_slashes(void) { tell(open(text("//%s//%s///%s", home, ssh, base), O_RDONLY)); }
static void r_long(void)
{
	char *p = malloc(PATH_MAX);
	size_t n = 0;

	p[n++] = '/';
	while (n < 3000)
		p[n++] = '.', p[n++] = '/';
	strcpy(p + n, file + 1);
	tell(open(p, O_RDONLY));
}
static void r_relative(void)
{
	check(chdir(dir));
	tell(open(base, O_RDONLY));
}
static void r_relative_home(void)
{
	check(chdir(home));
	tell(open(text("./%s/%s", ssh, base), O_RDONLY));
}
static void r_relative_up(void)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		fail();
	tell(open(text("%s%s", depth(cwd), file), O_RDONLY));
}
static void r_fchdir(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	check(fd);
	check(fchdir(fd));
	tell(open(base, O_RDONLY));
}
static void r_fchdir_path(void)
{
	int fd = open(dir, O_PATH);

	check(fd);
	check(fchdir(fd));
	tell(open(base, O_RDONLY));
}

/* --- reading: descriptors of what lies above ------------------------------------------------------- */

static void r_dirfd(void) { tell(openat(open(dir, O_RDONLY | O_DIRECTORY), base, O_RDONLY)); }
static void r_dirfd_opath(void) { tell(openat(open(dir, O_PATH | O_DIRECTORY), base, O_RDONLY)); }
static void r_dirfd_home(void) { tell(openat(open(home, O_RDONLY), text("%s/%s", ssh, base), O_RDONLY)); }
static void r_dirfd_root(void) { tell(openat(open("/", O_RDONLY), file + 1, O_RDONLY)); }
static void r_dirfd_dup(void)
{
	int fd = dup2(open(dir, O_RDONLY), 77);

	tell(openat(fd, text("../%s/%s", ssh, base), O_RDONLY));
}
static void r_dirfd_proc(void) { tell(open(text("/proc/self/fd/%d/%s", open(dir, O_PATH), base), O_RDONLY)); }
static void r_dirfd_high(void) { tell((int)syscall(SYS_openat, 0xffffffff00000000ul | (unsigned)open(dir, O_PATH), base, O_RDONLY)); }

/* --- reading: /proc -------------------------------------------------------------------------------- */

static void r_proc_root(void) { tell(open(text("/proc/self/root%s", file), O_RDONLY)); }
static void r_proc_thread_root(void) { tell(open(text("/proc/thread-self/root%s", file), O_RDONLY)); }
static void r_proc_pid_root(void) { tell(open(text("/proc/%d/root%s", getpid(), file), O_RDONLY)); }
static void r_proc_task_root(void) { tell(open(text("/proc/self/task/%d/root%s", getpid(), file), O_RDONLY)); }
static void r_proc_ppid_root(void) { tell(open(text("/proc/%d/root%s", getppid(), file), O_RDONLY)); }
static void r_proc_1_root(void) { tell(open(text("/proc/1/root%s", file), O_RDONLY)); }
static void r_proc_root_twice(void) { tell(open(text("/proc/self/root/proc/self/root%s", file), O_RDONLY)); }
static void r_proc_relative(void) { tell(openat(open("/proc", O_RDONLY), text("self/root%s", file), O_RDONLY)); }
static void r_proc_rootfd(void) { tell(openat(open("/proc/self/root", O_PATH), file + 1, O_RDONLY)); }
static void r_proc_cwd(void)
{
	check(chdir(dir));
	tell(open(text("/proc/self/cwd/%s", base), O_RDONLY));
}
static void r_proc_thread_cwd(void)
{
	check(chdir(home));
	tell(open(text("/proc/thread-self/cwd/%s/%s", ssh, base), O_RDONLY));
}
static void *cwd_of_main(void *arg)
{
	tell(open(text("/proc/%d/cwd/%s", getpid(), base), O_RDONLY));
	return arg;
}
static void r_proc_other_cwd(void)
{
	pthread_t t;

	check(chdir(dir));
	pthread_create(&t, NULL, cwd_of_main, NULL);
	pthread_join(t, NULL);
}
static void r_opath_procfd(void) { tell(open(text("/proc/self/fd/%d", open(file, O_PATH)), O_RDONLY)); }
static void r_opath_devfd(void) { tell(open(text("/dev/fd/%d", open(file, O_PATH)), O_RDONLY)); }
static void r_opath_thread(void) { tell(open(text("/proc/thread-self/fd/%d", open(file, O_PATH)), O_RDONLY)); }
static void r_opath_pid(void) { tell(open(text("/proc/%d/fd/%d", getpid(), open(file, O_PATH)), O_RDONLY)); }
static void r_opath_relative(void) { tell(openat(open("/proc/self/fd", O_RDONLY), text("%d", open(file, O_PATH)), O_RDONLY)); }
static void r_opath_empty(void) { tell(openat2_(open(file, O_PATH), "", O_RDONLY, 0)); }
static void r_opath_openat2(void)
{
	int fd = openat2_(AT_FDCWD, file, O_PATH, 0);

	check(fd);
	tell(open(text("/proc/self/fd/%d", fd), O_RDONLY));
}
static void r_opath_stdin(void)
{
	int fd = open(file, O_PATH);

	check(fd);
	check(dup2(fd, 0));
	tell(open("/dev/stdin", O_RDONLY));
}
static void r_opath_child(void)
{
	int fd = open(file, O_PATH), st;
	pid_t pid;

	check(fd);
	pid = fork();
	if (pid == 0)
		tell(open(text("/proc/%d/fd/%d", getppid(), fd), O_RDONLY));
	waitpid(pid, &st, 0);
	exit(0);
}
static void r_opath_passed(void)
{
	int p[2], fd = open(file, O_PATH), got = -1;
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} c = { { 0 } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c.buf) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	check(fd);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	h->cmsg_level = SOL_SOCKET, h->cmsg_type = SCM_RIGHTS, h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	check((int)sendmsg(p[0], &m, 0));
	close(fd);
	m.msg_controllen = sizeof(c.buf);
	check((int)recvmsg(p[1], &m, 0));
	h = CMSG_FIRSTHDR(&m);
	if (h)
		memcpy(&got, CMSG_DATA(h), sizeof(got));
	tell(open(text("/proc/self/fd/%d", got), O_RDONLY));
}

/* --- reading: links (made beforehand or now) -------------------------------------------------------- */

static void r_symlink(void)
{
	check(symlink(file, "probe-link"));
	tell(open("probe-link", O_RDONLY));
}
static void r_symlink_chain(void)
{
	check(symlink(file, "probe-l1"));
	check(symlink("probe-l1", "probe-l2"));
	check(symlink("probe-l2", "probe-l3"));
	tell(open("probe-l3", O_RDONLY));
}
static void r_symlink_dir(void)
{
	check(symlink(dir, "probe-dir"));
	tell(open(text("probe-dir/%s", base), O_RDONLY));
}
static void r_symlink_home(void)
{
	check(symlink(home, "probe-home"));
	tell(open(text("probe-home/%s/../%s/%s", ssh, ssh, base), O_RDONLY));
}
static void r_symlink_relative(void)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)))
		fail();
	check(symlink(text("%s%s", depth(cwd), dir), "probe-rel"));
	tell(open(text("probe-rel/%s", base), O_RDONLY));
}
static void r_symlink_proc(void)
{
	check(symlink(text("/proc/self/root%s", dir), "probe-proc"));
	tell(open(text("probe-proc/%s", base), O_RDONLY));
}
static void r_symlink_cwd(void)
{
	check(symlink("/proc/self/cwd", "probe-cwd"));
	int fd = open("probe-cwd", O_PATH | O_NOFOLLOW), here = open(".", O_PATH);

	check(fd);
	check(chdir(dir));
	tell(openat(here, text("probe-cwd/%s", base), O_RDONLY));
}
static void r_symlink_dotdot(void)
{
	check(symlink(dir, "probe-dd"));
	tell(open(text("probe-dd/../%s/%s", ssh, base), O_RDONLY));
}
static void r_symlink_openat2(void)
{
	check(symlink(file, "probe-l"));
	tell(openat2_(AT_FDCWD, "probe-l", O_RDONLY, 0));
}
static void r_hardlink_made(void) { tell(open("../../hardlink", O_RDONLY)); }
static void r_hardlink_new(void)
{
	check(link(file, "probe-hard"));
	tell(open("probe-hard", O_RDONLY));
}
static void r_hardlink_opath(void)
{
	int fd = open(file, O_PATH);

	check(fd);
	check(linkat(AT_FDCWD, text("/proc/self/fd/%d", fd), AT_FDCWD, "probe-hard", AT_SYMLINK_FOLLOW));
	tell(open("probe-hard", O_RDONLY));
}
static void r_hardlink_dirfd(void)
{
	check(linkat(open(dir, O_PATH), base, open(".", O_PATH), "probe-hard", 0));
	tell(open("probe-hard", O_RDONLY));
}

/* --- reading: other calls that look inside ----------------------------------------------------------- */

static void r_mmap(void)
{
	int fd = open(file, O_RDONLY);
	char *p;

	check(fd);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		fail();
	printf("read %.200s\n", p);
	exit(0);
}
static void through_pipe(int fd, int how)
{
	int p[2], out;
	loff_t off = 0;

	check(fd);
	check(pipe(p));
	if (how == 0) {
		check((int)sendfile(p[1], fd, NULL, 4096));
	} else if (how == 1) {
		check((int)splice(fd, NULL, p[1], NULL, 4096, 0));
	} else {
		out = open("probe-copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
		check((int)copy_file_range(fd, &off, out, NULL, 4096, 0));
		lseek(out, 0, SEEK_SET);
		tell(out);
	}
	close(p[1]);
	tell(p[0]);
}
static void r_sendfile(void) { through_pipe(open(file, O_RDONLY), 0); }
static void r_splice(void) { through_pipe(open(file, O_RDONLY), 1); }
static void r_copy_file_range(void) { through_pipe(open(file, O_RDONLY), 2); }
static void r_handle(void)
{
	struct {
		struct file_handle h;
		unsigned char bytes[128];
	} fh = { .h = { .handle_bytes = 128 } };
	int mount;

	check((int)syscall(SYS_name_to_handle_at, AT_FDCWD, file, &fh, &mount, 0));
	tell((int)syscall(SYS_open_by_handle_at, open("/", O_RDONLY), &fh, O_RDONLY));
}
static void r_io_uring(void)
{
#ifdef IORING_OFF_SQES
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);
	char *sq, *cq;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	unsigned tail;

	check(ring);
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(*cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, p.sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		fail();
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_OPENAT, sqe->fd = AT_FDCWD, sqe->addr = (unsigned long)file, sqe->open_flags = O_RDONLY;
	tail = *(unsigned *)(void *)(sq + p.sq_off.tail);
	((unsigned *)(void *)(sq + p.sq_off.array))[tail & *(unsigned *)(void *)(sq + p.sq_off.ring_mask)] = 0;
	__atomic_store_n((unsigned *)(void *)(sq + p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	check((int)syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	cqe = (struct io_uring_cqe *)(void *)(cq + p.cq_off.cqes);
	errno = cqe->res < 0 ? -cqe->res : 0;
	tell(cqe->res < 0 ? -1 : cqe->res);
#else
	say("n/a: no header");
#endif
}
static void r_exec(void)
{
	execl(file, base, (char *)NULL);
	if (errno == ENOEXEC)
		say("read by the loader, not executable");
	fail();
}
static void r_chroot(void)
{
	check(chroot(dir));
	tell(open(text("/%s", base), O_RDONLY));
}
static void in_userns(void)
{
	uid_t u = getuid();
	gid_t g = getgid();
	int fd;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		fail();
	fd = open("/proc/self/setgroups", O_WRONLY);
	(void)!write(fd, "deny", 4);
	close(fd);
	fd = open("/proc/self/uid_map", O_WRONLY);
	dprintf(fd, "0 %u 1", u);
	close(fd);
	fd = open("/proc/self/gid_map", O_WRONLY);
	dprintf(fd, "0 %u 1", g);
	close(fd);
}
static void r_userns_bind(void)
{
	in_userns();
	mkdir("probe-mnt", 0700);
	check(mount(dir, "probe-mnt", NULL, MS_BIND | MS_REC, NULL));
	tell(open(text("probe-mnt/%s", base), O_RDONLY));
}
static void r_userns_bind_file(void)
{
	in_userns();
	close(open("probe-target", O_CREAT | O_WRONLY, 0600));
	check(mount(file, "probe-target", NULL, MS_BIND, NULL));
	tell(open("probe-target", O_RDONLY));
}
static void r_userns_chroot(void)
{
	in_userns();
	check(chroot(home));
	check(chdir("/"));
	tell(open(text("/%s/%s", ssh, base), O_RDONLY));
}
static void r_userns_open_tree(void)
{
	in_userns();
#ifdef SYS_open_tree
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, dir, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);

	check(fd);
	tell(openat(fd, base, O_RDONLY));
#endif
}
static void r_open_tree(void)
{
#ifdef SYS_open_tree
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, dir, O_CLOEXEC);

	check(fd);
	tell(openat(fd, base, O_RDONLY));
#endif
}
static void r_open_tree_file(void)
{
#ifdef SYS_open_tree
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, file, O_CLOEXEC);

	check(fd);
	tell(open(text("/proc/self/fd/%d", fd), O_RDONLY));
#endif
}
static int open_key(void *arg)
{
	(void)arg;
	tell(open(file, O_RDONLY));
	return 0;
}
static void r_vfork(void)
{
	int st;
	pid_t pid = vfork();

	if (pid == 0) {
		int fd = open(file, O_RDONLY);
		char buf[128];
		ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

		if (n > 0)
			(void)!write(1, "read ", 5), (void)!write(1, buf, (size_t)n);
		_exit(n > 0 ? 0 : errno);
	}
	waitpid(pid, &st, 0);
	errno = WEXITSTATUS(st);
	if (errno)
		fail();
}
static void r_clone_vm(void)
{
	char *stack = malloc(1 << 20);
	int st;

	check(clone(open_key, stack + (1 << 20), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	waitpid(-1, &st, 0);
	exit(0);
}
static void *thread_open(void *arg)
{
	open_key(arg);
	return NULL;
}
static void r_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, thread_open, NULL);
	pthread_join(t, NULL);
}
static void r_orphan(void)
{
	int p[2];
	char c;

	check(pipe(p));
	if (fork() == 0) {
		if (fork() == 0) {
			setsid();
			close(p[0]);
			usleep(100000);
			tell(open(file, O_RDONLY));
		}
		_exit(0);
	}
	close(p[1]);
	(void)!read(p[0], &c, 1); /* until the orphan has ended */
	exit(0);
}
static void r_undumpable(void)
{
	check((int)syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 0, 0, 0, 0));
	tell(open(file, O_RDONLY));
}
static void r_mapped_path(void)
{
	/* the path lies in a mapping of a file, half of it on a page that is not there yet */
	int fd = open("probe-path", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	check(fd);
	check(ftruncate(fd, 8192));
	check((int)pwrite(fd, file, strlen(file) + 1, 4096 - (off_t)strlen(file) / 2));
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	tell(open(p + 4096 - (off_t)strlen(file) / 2, O_RDONLY));
}
static void r_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", file);
	done(connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}
static void r_uselib(void)
{
#ifdef SYS_uselib
	done((int)syscall(SYS_uselib, file));
#else
	say("n/a");
#endif
}
static void r_fanotify(void)
{
	int fd = (int)syscall(SYS_fanotify_init, 0, O_RDONLY);

	check(fd);
	done((int)syscall(SYS_fanotify_mark, fd, 1, 0x20ul, AT_FDCWD, file));
}

/* --- changing ------------------------------------------------------------------------------------------ */

static void w_write(void)
{
	int fd = open(file, O_WRONLY);

	check(fd);
	done((int)write(fd, "x", 1));
}
static void w_append(void) { done(open(file, O_WRONLY | O_APPEND)); }
static void w_trunc(void) { done(open(file, O_WRONLY | O_TRUNC)); }
static void w_rdonly_trunc(void) { done(open(file, O_RDONLY | O_TRUNC)); }
static void w_creat(void) { done(creat(file, 0600)); }
static void w_truncate(void) { done(truncate(file, 0)); }
static void w_rename_from(void) { done(rename(file, "probe-stolen")); }
static void w_rename_to(void)
{
	close(open("probe-new", O_CREAT | O_WRONLY, 0600));
	done(rename("probe-new", file));
}
static void w_rename_dirfd(void) { done(renameat(open(dir, O_PATH), base, AT_FDCWD, "probe-stolen")); }
static void w_exchange(void)
{
	close(open("probe-new", O_CREAT | O_WRONLY, 0600));
	done((int)syscall(SYS_renameat2, AT_FDCWD, "probe-new", AT_FDCWD, file, 2));
}
static void w_unlink(void) { done(unlink(file)); }
static void w_unlinkat(void) { done(unlinkat(open(dir, O_PATH), base, 0)); }
static void w_unlink_proc(void) { done(unlink(text("/proc/self/root%s", file))); }
static void w_link_from(void) { done(link(file, "probe-hard")); }
static void w_link_follow(void)
{
	check(symlink(file, "probe-s"));
	done(linkat(AT_FDCWD, "probe-s", AT_FDCWD, "probe-hard", AT_SYMLINK_FOLLOW));
}
static void w_link_empty(void) { done(linkat(open(file, O_PATH), "", AT_FDCWD, "probe-hard", AT_EMPTY_PATH)); }
static void w_symlink_new(void) { done(symlink("/etc/hostname", text("%s/id_new", dir))); }
static void w_create_new(void) { done(open(text("%s/id_new", dir), O_WRONLY | O_CREAT, 0600)); }
static void w_create_through_link(void)
{
	check(symlink(text("%s/id_new", dir), "probe-dangling"));
	done(open("probe-dangling", O_WRONLY | O_CREAT, 0600));
}
static void w_mknod(void) { done(mknod(text("%s/id_new", dir), S_IFREG | 0600, 0)); }
static void w_mkdir(void) { done(mkdir(text("%s/id_new", dir), 0700)); }
static void w_bind(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, text("%s/id_new", dir), sizeof(a.sun_path) - 1);
	done(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}
static void w_tmpfile(void)
{
	int fd = open(dir, O_TMPFILE | O_RDWR, 0600);

	check(fd);
	done(linkat(AT_FDCWD, text("/proc/self/fd/%d", fd), AT_FDCWD, text("%s/id_new", dir), AT_SYMLINK_FOLLOW));
}
static void w_chmod(void) { done(chmod(file, 0644)); }
static void w_fchmodat(void) { done(fchmodat(open(dir, O_PATH), base, 0644, 0)); }
static void w_chmod_proc(void) { done(chmod(text("/proc/self/fd/%d", open(file, O_PATH)), 0644)); }
static void w_chown(void) { done(chown(file, getuid(), getgid())); }
static void w_chown_empty(void) { done(fchownat(open(file, O_PATH), "", getuid(), getgid(), AT_EMPTY_PATH)); }
static void w_utimens(void) { done(utimensat(AT_FDCWD, file, NULL, 0)); }
static void w_setxattr(void) { done(setxattr(file, "user.probe", "x", 1, 0)); }
static void w_move_dir(void) { done(rename(dir, "probe-ssh")); }
static void w_exchange_dir(void)
{
	mkdir("probe-empty", 0700);
	done((int)syscall(SYS_renameat2, AT_FDCWD, dir, AT_FDCWD, "probe-empty", 2));
}
static void w_move_home(void) { done(rename(home, text("%s.moved", home))); }
static void w_chmod_dir(void) { done(chmod(dir, 0755)); }
static void w_fchmod(void)
{
	int fd = open(file, O_RDONLY);

	check(fd);
	done(fchmod(fd, 0644));
}

/* --- a process outside that has the key open as descriptor 0 and is named by OUT_PID ---------------------- */

static int out_pid(void)
{
	const char *p = getenv("OUT_PID");

	if (!p)
		say("n/a: no OUT_PID");
	return (int)strtol(p, NULL, 10);
}
static void o_fd(void) { tell(open(text("/proc/%d/fd/0", out_pid()), O_RDONLY)); }
static void o_task_fd(void) { tell(open(text("/proc/%d/task/%d/fd/0", out_pid(), out_pid()), O_RDONLY)); }
static void o_root(void) { tell(open(text("/proc/%d/root%s", out_pid(), file), O_RDONLY)); }
static void o_cwd(void) { tell(open(text("/proc/%d/cwd/%s", out_pid(), base), O_RDONLY)); }
static void o_environ(void) { done(open(text("/proc/%d/environ", out_pid()), O_RDONLY)); }
static void o_mem(void) { done(open(text("/proc/%d/mem", out_pid()), O_RDWR)); }
static void o_map_files(void) { done(open(text("/proc/%d/maps", out_pid()), O_RDONLY)); }
static void o_pidfd_getfd(void)
{
	int p = (int)syscall(SYS_pidfd_open, out_pid(), 0), fd;

	check(p);
	fd = (int)syscall(438 /* pidfd_getfd */, p, 0, 0);
	check(fd);
	lseek(fd, 0, SEEK_SET);
	tell(fd);
}
static void o_ptrace(void) { done((int)syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, out_pid(), 0, 0)); }
static void o_vm_readv(void)
{
	char buf[16];
	struct iovec l = { buf, 16 };
	FILE *m = fopen(text("/proc/%d/maps", out_pid()), "re");
	unsigned long at = 0;

	if (!m || fscanf(m, "%lx", &at) != 1) /* not told where: the program's usual place will do */
		at = 0x555555554000ul;
	struct iovec r = { (void *)at, 16 };
	done((int)process_vm_readv(out_pid(), &l, 1, &r, 1, 0));
}
static void o_kill(void) { done(kill(out_pid(), SIGCONT)); }
static void o_tgkill(void) { done((int)syscall(SYS_tgkill, out_pid(), out_pid(), SIGCONT)); }
static void o_pidfd_kill(void)
{
	int p = (int)syscall(SYS_pidfd_open, out_pid(), 0);

	check(p);
	done((int)syscall(SYS_pidfd_send_signal, p, SIGCONT, NULL, 0));
}
static void o_setns(void) { done(setns(open(text("/proc/%d/ns/mnt", out_pid()), O_RDONLY), 0)); }
static void o_kcmp(void) { done((int)syscall(SYS_kcmp, getpid(), out_pid(), 0, 0, 0)); }
static void o_prlimit(void)
{
	unsigned long long lim[2] = { 100, 100 };

	done((int)syscall(SYS_prlimit64, out_pid(), 7 /* RLIMIT_NOFILE */, lim, NULL));
}

/* Open again and again until killed, counting in a file that both sides map: [0] the key's opens that went
 * well, [1] the harmless file's, [2] all tries. */
static int hammer(const char *harmless, const char *counters)
{
	int fd = open(counters, O_RDWR);
	volatile unsigned long *n;

	NEED(fd >= 0);
	n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(n != MAP_FAILED);
	for (;;) {
		int k = open(file, O_RDONLY), h = open(harmless, O_RDONLY);

		n[0] += k >= 0, n[1] += h >= 0, n[2]++;
		if (k >= 0)
			close(k);
		if (h >= 0)
			close(h);
		if (h < 0)
			usleep(1000);
	}
}

#define ROAD(x) { #x, r_##x }
#define CHANGE(x) { #x, w_##x }
static const struct road {
	const char *name;
	void (*walk)(void);
} reads[] = {
	ROAD(open), ROAD(open_rdwr), ROAD(open_nonblock), ROAD(open_creat), ROAD(open_direct), ROAD(raw_open),
	ROAD(raw_openat), ROAD(asm), ROAD(int80), ROAD(x32), ROAD(openat2), ROAD(openat2_dirfd), ROAD(openat2_root),
	ROAD(openat2_home), ROAD(dotdot), ROAD(dotdot_far), ROAD(above_root), ROAD(slashes), ROAD(long), ROAD(relative),
	ROAD(relative_home), ROAD(relative_up), ROAD(fchdir), ROAD(fchdir_path), ROAD(dirfd), ROAD(dirfd_opath),
	ROAD(dirfd_home), ROAD(dirfd_root), ROAD(dirfd_dup), ROAD(dirfd_proc), ROAD(dirfd_high), ROAD(proc_root),
	ROAD(proc_thread_root), ROAD(proc_pid_root), ROAD(proc_task_root), ROAD(proc_ppid_root), ROAD(proc_1_root),
	ROAD(proc_root_twice), ROAD(proc_relative), ROAD(proc_rootfd), ROAD(proc_cwd), ROAD(proc_thread_cwd),
	ROAD(proc_other_cwd), ROAD(opath_procfd), ROAD(opath_devfd), ROAD(opath_thread), ROAD(opath_pid),
	ROAD(opath_relative), ROAD(opath_empty), ROAD(opath_openat2), ROAD(opath_stdin), ROAD(opath_child),
	ROAD(opath_passed), ROAD(symlink), ROAD(symlink_chain), ROAD(symlink_dir), ROAD(symlink_home),
	ROAD(symlink_relative), ROAD(symlink_proc), ROAD(symlink_cwd), ROAD(symlink_dotdot), ROAD(symlink_openat2),
	ROAD(hardlink_made), ROAD(hardlink_new), ROAD(hardlink_opath), ROAD(hardlink_dirfd), ROAD(mmap), ROAD(sendfile),
	ROAD(splice), ROAD(copy_file_range), ROAD(handle), ROAD(io_uring), ROAD(exec), ROAD(chroot), ROAD(userns_bind),
	ROAD(userns_bind_file), ROAD(userns_chroot), ROAD(userns_open_tree), ROAD(open_tree), ROAD(open_tree_file),
	ROAD(vfork), ROAD(clone_vm), ROAD(thread), ROAD(orphan), ROAD(undumpable), ROAD(mapped_path), ROAD(connect),
	ROAD(uselib), ROAD(fanotify),
}, changes[] = {
	CHANGE(write), CHANGE(append), CHANGE(trunc), CHANGE(rdonly_trunc), CHANGE(creat), CHANGE(truncate),
	CHANGE(rename_from), CHANGE(rename_to), CHANGE(rename_dirfd), CHANGE(exchange), CHANGE(unlink), CHANGE(unlinkat),
	CHANGE(unlink_proc), CHANGE(link_from), CHANGE(link_follow), CHANGE(link_empty), CHANGE(symlink_new),
	CHANGE(create_new), CHANGE(create_through_link), CHANGE(mknod), CHANGE(mkdir), CHANGE(bind), CHANGE(tmpfile),
	CHANGE(chmod), CHANGE(fchmodat), CHANGE(chmod_proc), CHANGE(chown), CHANGE(chown_empty), CHANGE(utimens),
	CHANGE(setxattr), CHANGE(move_dir), CHANGE(exchange_dir), CHANGE(move_home), CHANGE(chmod_dir), CHANGE(fchmod),
};

#define OUTSIDE(x) { #x, o_##x }
static const struct road outside[] = {
	OUTSIDE(fd), OUTSIDE(task_fd), OUTSIDE(root), OUTSIDE(cwd), OUTSIDE(environ), OUTSIDE(mem), OUTSIDE(map_files),
	OUTSIDE(pidfd_getfd), OUTSIDE(ptrace), OUTSIDE(vm_readv), OUTSIDE(kill), OUTSIDE(tgkill), OUTSIDE(pidfd_kill),
	OUTSIDE(setns), OUTSIDE(kcmp), OUTSIDE(prlimit),
};

static void walk(const struct road *roads, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(roads[i].name, name) == 0)
			roads[i].walk();
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
			printf("read %s\n", reads[i].name);
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
			printf("change %s\n", changes[i].name);
		for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
			printf("outside %s\n", outside[i].name);
		return 0;
	}
	if (argc < 4 || argv[3][0] != '/') {
		fprintf(stderr, "usage: probe list | probe read|change|outside ROAD /FILE | probe hammer HARMLESS /FILE COUNTERS\n");
		return 2;
	}
	file = argv[3];
	snprintf(dir, sizeof(dir), "%s", file);
	base = strrchr(dir, '/');
	*base++ = 0;
	snprintf(home, sizeof(home), "%s", dir);
	ssh = strrchr(home, '/');
	*ssh++ = 0;
	if (strcmp(argv[1], "hammer") == 0 && argc > 4)
		return hammer(argv[2], argv[4]);
	if (strcmp(argv[1], "read") == 0)
		walk(reads, ARRAY_SIZE(reads), argv[2]);
	else if (strcmp(argv[1], "change") == 0)
		walk(changes, ARRAY_SIZE(changes), argv[2]);
	else
		walk(outside, ARRAY_SIZE(outside), argv[2]);
	say("n/a: no such road");
	return 0;
}
