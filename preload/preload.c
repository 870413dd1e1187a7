/* preload - libcrust-preload.so, the voice of crust-run inside the programs that it watches.
 *
 * THIS IS NOT A SECURITY BOUNDARY. Programs that are static, that make their system calls
 * themselves, or that clear LD_PRELOAD never meet this code, and any program can undo it. Denials
 * come from the supervisor (seccomp/); what stands here makes them understandable. The exception,
 * best-effort mode, exists for machines where there can be no supervisor, and is called best-effort
 * wherever it shows.
 *
 * (a) The voice. A libc call that fails with EACCES is followed by a question to the supervisor:
 * was that you, and why? Its answer, one line, goes to stderr, if that is not a terminal (talk.h).
 * (b) Names. A program's getaddrinfo() and the like are reported for the log, since the connection
 * that follows has only an address. (c) CRUST_RUN_MODE=ask, best-effort mode: every call is asked
 * about before it is made (ask.h).
 *
 * We are guests in other people's processes. A hook makes the call that the program made, once,
 * with its arguments, and returns what that returned, errno included. No malloc, no stdio, no
 * locks, no destructor, nothing that a signal handler or a vfork child may not do; nothing ever
 * ends or blocks the program for long. A thread can be cancelled inside the real call: nothing is
 * held there. LD_PRELOAD and the variables stay in the environment, because children need them;
 * they are read once, at load.
 *
 * The next definition of each function is looked up at load, not at first use: dlsym() takes a lock
 * that a vfork child or a signal handler may find taken. Constructors of other libraries may call
 * hooks before ours has run; then the first of them looks everything up. Calls that come from
 * within dlsym() itself, or of functions that this libc has not got, go to the kernel directly
 * where a system call does the same. dlsym() finds default symbol versions; of the functions here
 * only posix_spawn and posix_spawnp have an older one (before glibc 2.15 they ran files without
 * "#!" with sh), whose callers get the newer. */
#undef _FORTIFY_SOURCE /* its inline functions have the names of the hooks */

#include "preload/ask.h"

#include <dirent.h>
#include <dlfcn.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <utime.h>

#define EXPORT	__attribute__((visibility("default")))
#define RARE(x) __builtin_expect(!!(x), 0)

/* The hooks. The same names are in exports.map. */
/* clang-format off */
#define HOOKS(X) \
	X(open) X(open64) X(openat) X(openat64) X(creat) X(creat64) \
	X(__open_2) X(__open64_2) X(__openat_2) X(__openat64_2) \
	X(fopen) X(fopen64) X(freopen) X(freopen64) X(opendir) \
	X(mkstemp) X(mkstemp64) X(mkostemp) X(mkostemp64) X(mkdtemp) \
	X(unlink) X(unlinkat) X(remove) X(rmdir) \
	X(rename) X(renameat) X(renameat2) X(link) X(linkat) X(symlink) X(symlinkat) \
	X(mkdir) X(mkdirat) X(mknod) X(mknodat) X(mkfifo) X(mkfifoat) X(truncate) X(truncate64) \
	X(chmod) X(lchmod) X(fchmodat) X(chown) X(lchown) X(fchownat) \
	X(utime) X(utimes) X(lutimes) X(futimesat) X(utimensat) \
	X(setxattr) X(lsetxattr) X(removexattr) X(lremovexattr) \
	X(execve) X(execv) X(execvp) X(execvpe) X(execveat) X(fexecve) \
	X(posix_spawn) X(posix_spawnp) \
	X(prctl) X(syscall) \
	X(connect) X(bind) X(sendto) X(sendmsg) X(sendmmsg) \
	X(getaddrinfo) X(gethostbyname) X(gethostbyname2) X(gethostbyname_r) X(gethostbyname2_r)
/* clang-format on */

#define HOOK_ID(name) HOOK_##name,
enum hook { HOOKS(HOOK_ID) HOOK_COUNT };

/* One string, not a table of pointers, which the loader would have to relocate one by one. */
#define HOOK_NAME(name) #name "\0"
static const char hook_names[] = HOOKS(HOOK_NAME);

static void *hook_next[HOOK_COUNT];
static long hook_syscall_early(long nr, long a, long b, long c, long d, long e, long f);
__attribute__((used)) static __typeof__(hook_syscall_early) *hook_syscall_next = hook_syscall_early;
static bool hook_ready;
static __thread bool hook_busy __attribute__((tls_model("initial-exec"))); /* within hook_init() */

/* Idempotent: threads that meet here write the same values. */
static void hook_init(void)
{
	const char *name = hook_names;
	bool missing = false;

	if (hook_busy)
		return;
	hook_busy = true;
	for (size_t i = 0; i < HOOK_COUNT; i++, name += strlen(name) + 1) {
		void *next = dlsym(RTLD_NEXT, name);

		missing |= !next;
		__atomic_store_n(&hook_next[i], next, __ATOMIC_RELAXED);
	}
	if (hook_next[HOOK_syscall])
		__atomic_store_n(&hook_syscall_next,
				 (__typeof__(hook_syscall_next))hook_next[HOOK_syscall],
				 __ATOMIC_RELAXED);
	if (missing)
		(void)dlerror(); /* the program shall not read of our misses */
	if (talk_get(mode) == TALK_UNSET)
		talk_init();
	__atomic_store_n(&hook_ready, true, __ATOMIC_RELEASE);
	hook_busy = false;
}

__attribute__((constructor)) static void hook_load(void)
{
	int saved = errno;

	if (!hook_ready)
		hook_init();
	errno = saved;
}

/* NULL if this libc has no such function, or for calls that come from within hook_init(). */
__attribute__((noinline, cold)) static void *hook_find_early(enum hook h)
{
	if (!__atomic_load_n(&hook_ready, __ATOMIC_ACQUIRE))
		hook_load();
	return __atomic_load_n(&hook_next[h], __ATOMIC_RELAXED);
}

static inline void *hook_find(enum hook h)
{
	void *next = __atomic_load_n(&hook_next[h], __ATOMIC_RELAXED);

	return RARE(!next) ? hook_find_early(h) : next;
}

#define NEXT(name) ((__typeof__(&name))hook_find(HOOK_##name))

/* Best-effort mode? */
static inline bool asking(void)
{
	if (RARE(talk_get(mode) == TALK_UNSET))
		hook_load();
	return RARE(talk_get(mode) == TALK_ASK);
}

/* Every hook's last step: hand on the result, and tell why if it is a denial. */
static inline long told(long ret)
{
	if (RARE(ret == -1) && errno == EACCES)
		talk_denied();
	return ret;
}

static inline void *told_pointer(void *p)
{
	if (RARE(!p) && errno == EACCES)
		talk_denied();
	return p;
}

/* A hook whose function is one system call: NAME PARAMS { ask REFUSED; make the next one's call
 * with ARGS, or the system call RAW }. */
#define CALL(type, name, params, args, is_refused, raw)                                            \
	EXPORT type name params                                                                    \
	{                                                                                          \
		if (asking() && is_refused)                                                        \
			return -1;                                                                 \
		return (type)told(NEXT(name) ? (long)NEXT(name) args : sys_libc(raw));             \
	}

/* Opening. The mode argument is there only if a file may be created. */

#define OPEN_MODE(ret, flags)                                                                      \
	do {                                                                                       \
		if ((O_CREAT & (flags)) || (O_TMPFILE & (flags)) == O_TMPFILE) {                   \
			va_list ap_;                                                               \
                                                                                                   \
			va_start(ap_, flags);                                                      \
			ret = va_arg(ap_, mode_t);                                                 \
			va_end(ap_);                                                               \
		}                                                                                  \
	} while (0)

#define OPEN(name, params, args, dirfd)                                                            \
	EXPORT int name params                                                                     \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
                                                                                                   \
		OPEN_MODE(mode, flags);                                                            \
		if (asking() && refused_open(dirfd, path, flags))                                  \
			return -1;                                                                 \
		return (int)told(NEXT(name) ? NEXT(name) args                                      \
					    : sys_libc(SYS(openat, dirfd, path, flags, mode)));    \
	}

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPEN(openat, (int dirfd, const char *path, int flags, ...), (dirfd, path, flags, mode), dirfd)
OPEN(openat64, (int dirfd, const char *path, int flags, ...), (dirfd, path, flags, mode), dirfd)

/* What -D_FORTIFY_SOURCE makes of open(path, flags). */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

CALL(int, __open_2, (const char *path, int flags), (path, flags),
     refused_open(AT_FDCWD, path, flags), SYS(openat, AT_FDCWD, path, flags))
CALL(int, __open64_2, (const char *path, int flags), (path, flags),
     refused_open(AT_FDCWD, path, flags), SYS(openat, AT_FDCWD, path, flags))
CALL(int, __openat_2, (int dirfd, const char *path, int flags), (dirfd, path, flags),
     refused_open(dirfd, path, flags), SYS(openat, dirfd, path, flags))
CALL(int, __openat64_2, (int dirfd, const char *path, int flags), (dirfd, path, flags),
     refused_open(dirfd, path, flags), SYS(openat, dirfd, path, flags))

#define CREAT_FLAGS (O_CREAT | O_WRONLY | O_TRUNC)
CALL(int, creat, (const char *path, mode_t mode), (path, mode), refused(OP_WRITE, path),
     SYS(openat, AT_FDCWD, path, CREAT_FLAGS, mode))
CALL(int, creat64, (const char *path, mode_t mode), (path, mode), refused(OP_WRITE, path),
     SYS(openat, AT_FDCWD, path, CREAT_FLAGS, mode))

/* Functions that are more than a system call have no substitute: -ENOSYS. */
#define CALL_POINTER(type, name, params, args, is_refused)                                         \
	EXPORT type *name params                                                                   \
	{                                                                                          \
		if (asking() && is_refused)                                                        \
			return NULL;                                                               \
		if (!NEXT(name)) {                                                                 \
			errno = ENOSYS;                                                            \
			return NULL;                                                               \
		}                                                                                  \
		return told_pointer(NEXT(name) args);                                              \
	}

/* A freopen() that fails closes its stream. */
static bool refused_freopen(const char *path, const char *mode, FILE *stream)
{
	bool is_refused = refused_fopen(path, mode);

	if (is_refused) {
		(void)fclose(stream); /* as freopen(3) does, whatever that says */
		errno = EACCES;
	}
	return is_refused;
}

CALL_POINTER(FILE, fopen, (const char *path, const char *mode), (path, mode),
	     refused_fopen(path, mode))
CALL_POINTER(FILE, fopen64, (const char *path, const char *mode), (path, mode),
	     refused_fopen(path, mode))
CALL_POINTER(FILE, freopen, (const char *path, const char *mode, FILE *stream),
	     (path, mode, stream), refused_freopen(path, mode, stream))
CALL_POINTER(FILE, freopen64, (const char *path, const char *mode, FILE *stream),
	     (path, mode, stream), refused_freopen(path, mode, stream))
CALL_POINTER(DIR, opendir, (const char *path), (path), refused(OP_LIST, path))
CALL_POINTER(char, mkdtemp, (char *path), (path), refused(OP_WRITE, path))

CALL(int, mkstemp, (char *path), (path), refused(OP_WRITE, path), -ENOSYS)
CALL(int, mkstemp64, (char *path), (path), refused(OP_WRITE, path), -ENOSYS)
CALL(int, mkostemp, (char *path, int flags), (path, flags), refused(OP_WRITE, path), -ENOSYS)
CALL(int, mkostemp64, (char *path, int flags), (path, flags), refused(OP_WRITE, path), -ENOSYS)

/* Changing names and what stands beside the content. */

CALL(int, unlink, (const char *path), (path), refused(OP_DELETE, path),
     SYS(unlinkat, AT_FDCWD, path, 0))
CALL(int, unlinkat, (int dirfd, const char *path, int flags), (dirfd, path, flags),
     refused_at(OP_DELETE, dirfd, path, 0), SYS(unlinkat, dirfd, path, flags))
CALL(int, rmdir, (const char *path), (path), refused(OP_DELETE, path),
     SYS(unlinkat, AT_FDCWD, path, AT_REMOVEDIR))
CALL(int, remove, (const char *path), (path), refused(OP_DELETE, path), -ENOSYS)

CALL(int, rename, (const char *from, const char *to), (from, to),
     refused_rename(AT_FDCWD, from, AT_FDCWD, to, 0),
     SYS(renameat2, AT_FDCWD, from, AT_FDCWD, to, 0))
CALL(int, renameat, (int from_fd, const char *from, int to_fd, const char *to),
     (from_fd, from, to_fd, to), refused_rename(from_fd, from, to_fd, to, 0),
     SYS(renameat2, from_fd, from, to_fd, to, 0))
CALL(int, renameat2, (int from_fd, const char *from, int to_fd, const char *to, unsigned flags),
     (from_fd, from, to_fd, to, flags), refused_rename(from_fd, from, to_fd, to, flags),
     SYS(renameat2, from_fd, from, to_fd, to, flags))
CALL(int, link, (const char *from, const char *to), (from, to),
     refused_link(AT_FDCWD, from, AT_FDCWD, to, 0), SYS(linkat, AT_FDCWD, from, AT_FDCWD, to, 0))
CALL(int, linkat, (int from_fd, const char *from, int to_fd, const char *to, int flags),
     (from_fd, from, to_fd, to, flags), refused_link(from_fd, from, to_fd, to, flags),
     SYS(linkat, from_fd, from, to_fd, to, flags))
CALL(int, symlink, (const char *target, const char *path), (target, path), refused(OP_WRITE, path),
     SYS(symlinkat, target, AT_FDCWD, path))
CALL(int, symlinkat, (const char *target, int dirfd, const char *path), (target, dirfd, path),
     refused_at(OP_WRITE, dirfd, path, 0), SYS(symlinkat, target, dirfd, path))

CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), refused(OP_WRITE, path),
     SYS(mkdirat, AT_FDCWD, path, mode))
CALL(int, mkdirat, (int dirfd, const char *path, mode_t mode), (dirfd, path, mode),
     refused_at(OP_WRITE, dirfd, path, 0), SYS(mkdirat, dirfd, path, mode))
CALL(int, mknod, (const char *path, mode_t mode, dev_t dev), (path, mode, dev),
     refused(OP_WRITE, path), SYS(mknodat, AT_FDCWD, path, mode, dev))
CALL(int, mknodat, (int dirfd, const char *path, mode_t mode, dev_t dev), (dirfd, path, mode, dev),
     refused_at(OP_WRITE, dirfd, path, 0), SYS(mknodat, dirfd, path, mode, dev))
CALL(int, mkfifo, (const char *path, mode_t mode), (path, mode), refused(OP_WRITE, path),
     SYS(mknodat, AT_FDCWD, path, mode | S_IFIFO))
CALL(int, mkfifoat, (int dirfd, const char *path, mode_t mode), (dirfd, path, mode),
     refused_at(OP_WRITE, dirfd, path, 0), SYS(mknodat, dirfd, path, mode | S_IFIFO))
CALL(int, truncate, (const char *path, off_t len), (path, len), refused(OP_WRITE, path),
     SYS(truncate, path, len))
CALL(int, truncate64, (const char *path, off64_t len), (path, len), refused(OP_WRITE, path),
     SYS(truncate, path, len))

CALL(int, chmod, (const char *path, mode_t mode), (path, mode), refused(OP_WRITE, path),
     SYS(fchmodat, AT_FDCWD, path, mode))
CALL(int, lchmod, (const char *path, mode_t mode), (path, mode), refused(OP_WRITE, path), -ENOSYS)
CALL(int, fchmodat, (int dirfd, const char *path, mode_t mode, int flags),
     (dirfd, path, mode, flags), refused_at(OP_WRITE, dirfd, path, flags),
     flags ? -ENOSYS : SYS(fchmodat, dirfd, path, mode))
CALL(int, chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid),
     refused(OP_WRITE, path), SYS(fchownat, AT_FDCWD, path, uid, gid, 0))
CALL(int, lchown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid),
     refused(OP_WRITE, path), SYS(fchownat, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW))
CALL(int, fchownat, (int dirfd, const char *path, uid_t uid, gid_t gid, int flags),
     (dirfd, path, uid, gid, flags), refused_at(OP_WRITE, dirfd, path, flags),
     SYS(fchownat, dirfd, path, uid, gid, flags))

CALL(int, utime, (const char *path, const struct utimbuf *t), (path, t), refused(OP_WRITE, path),
     -ENOSYS)
CALL(int, utimes, (const char *path, const struct timeval t[2]), (path, t), refused(OP_WRITE, path),
     -ENOSYS)
CALL(int, lutimes, (const char *path, const struct timeval t[2]), (path, t),
     refused(OP_WRITE, path), -ENOSYS)
CALL(int, futimesat, (int dirfd, const char *path, const struct timeval t[2]), (dirfd, path, t),
     refused_at(OP_WRITE, dirfd, path, 0), -ENOSYS)
CALL(int, utimensat, (int dirfd, const char *path, const struct timespec t[2], int flags),
     (dirfd, path, t, flags), refused_at(OP_WRITE, dirfd, path, flags),
     SYS(utimensat, dirfd, path, t, flags))

CALL(int, setxattr, (const char *path, const char *name, const void *value, size_t size, int flags),
     (path, name, value, size, flags), refused(OP_WRITE, path),
     SYS(setxattr, path, name, value, size, flags))
CALL(int, lsetxattr,
     (const char *path, const char *name, const void *value, size_t size, int flags),
     (path, name, value, size, flags), refused(OP_WRITE, path),
     SYS(lsetxattr, path, name, value, size, flags))
CALL(int, removexattr, (const char *path, const char *name), (path, name), refused(OP_WRITE, path),
     SYS(removexattr, path, name))
CALL(int, lremovexattr, (const char *path, const char *name), (path, name), refused(OP_WRITE, path),
     SYS(lremovexattr, path, name))

/* Programs. */

CALL(int, execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp),
     refused_exec(AT_FDCWD, path, argv, 0, false), SYS(execve, path, argv, envp))
CALL(int, execv, (const char *path, char *const argv[]), (path, argv),
     refused_exec(AT_FDCWD, path, argv, 0, false), SYS(execve, path, argv, environ))
CALL(int, execvp, (const char *file, char *const argv[]), (file, argv),
     refused_exec(AT_FDCWD, file, argv, 0, true), -ENOSYS)
CALL(int, execvpe, (const char *file, char *const argv[], char *const envp[]), (file, argv, envp),
     refused_exec(AT_FDCWD, file, argv, 0, true), -ENOSYS)
CALL(int, execveat,
     (int dirfd, const char *path, char *const argv[], char *const envp[], int flags),
     (dirfd, path, argv, envp, flags), refused_exec(dirfd, path, argv, flags, false),
     SYS(execveat, dirfd, path, argv, envp, flags))
CALL(int, fexecve, (int fd, char *const argv[], char *const envp[]), (fd, argv, envp),
     refused_exec(fd, "", argv, AT_EMPTY_PATH, false),
     SYS(execveat, fd, "", argv, envp, AT_EMPTY_PATH))

/* execl() and its kin: the arguments become a vector on the stack, as in libc, if they are few;
 * else in memory of their own, which a successful exec frees (in a vfork child it stays with the
 * parent). */
extern __typeof__(execve) own_execve __THROW __attribute__((alias("execve"), visibility("hidden")));
extern __typeof__(execv) own_execv __THROW __attribute__((alias("execv"), visibility("hidden")));
extern __typeof__(execvp) own_execvp __THROW __attribute__((alias("execvp"), visibility("hidden")));

#define EXECL_ARGS_STACK 128
#define EXECL_ARGS_MAX	 (1u << 20)

static size_t execl_count(va_list ap, const char *arg)
{
	size_t n = 0;

	for (; arg && n < EXECL_ARGS_MAX; n++)
		arg = va_arg(ap, const char *);
	return n;
}

/* @path goes to execvp() if @search, to execve() with the environment behind the arguments if @env,
 * else to execv(): the hooks of this file, which ask and tell; not whatever has their names in this
 * process. */
static int execl_run(const char *path, const char *arg, va_list ap, bool search, bool env)
{
	union {
		const char *in;
		char *out;
	} stack[EXECL_ARGS_STACK], *argv = stack;
	size_t size, n;
	va_list counting;
	int ret;

	va_copy(counting, ap);
	n = execl_count(counting, arg);
	va_end(counting);
	size = (n + 1) * sizeof(*argv);
	if (n >= EXECL_ARGS_STACK) {
		long p = SYS(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);

		if (n >= EXECL_ARGS_MAX || (p < 0 && p >= -4095)) {
			errno = E2BIG;
			return -1;
		}
		argv = (void *)p;
	}
	argv[0].in = arg;
	for (size_t i = 1; i <= n; i++)
		argv[i].in = va_arg(ap, const char *);
	if (env)
		ret = own_execve(path, &argv->out, va_arg(ap, char *const *));
	else if (search)
		ret = own_execvp(path, &argv->out);
	else
		ret = own_execv(path, &argv->out);
	if (argv != stack)
		(void)SYS(munmap, argv, size);
	return ret;
}

#define EXECL(name, search, env)                                                                   \
	EXPORT int name(const char *path, const char *arg, ...)                                    \
	{                                                                                          \
		va_list ap;                                                                        \
		int ret;                                                                           \
                                                                                                   \
		va_start(ap, arg);                                                                 \
		ret = execl_run(path, arg, ap, search, env);                                       \
		va_end(ap);                                                                        \
		return ret;                                                                        \
	}

EXECL(execl, false, false)
EXECL(execlp, true, false)
EXECL(execle, false, true)

/* Here the error is the result. The denied thread was the child's; the supervisor, asked about this
 * one, falls back to the process. */
#define SPAWN(name, search)                                                                        \
	EXPORT int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,   \
			const posix_spawnattr_t *attr, char *const argv[], char *const envp[])     \
	{                                                                                          \
		int saved = errno, err;                                                            \
                                                                                                   \
		if (asking() && refused_exec(AT_FDCWD, path, argv, 0, search)) {                   \
			errno = saved;                                                             \
			return EACCES;                                                             \
		}                                                                                  \
		err = NEXT(name) ? NEXT(name)(pid, path, actions, attr, argv, envp) : ENOSYS;      \
		if (RARE(err == EACCES))                                                           \
			talk_denied();                                                             \
		return err;                                                                        \
	}

SPAWN(posix_spawn, false)
SPAWN(posix_spawnp, true)

/* A program that puts itself into a seccomp filter often has itself killed for a call that it has
 * no use for, and socket(2) is the first of those: from then on there is no voice (talk_caged).
 * Chromium, libseccomp and OpenSSH install theirs with these two. A filter that was there before
 * exec is not meant: who wrote that expected arbitrary programs. Both functions are variadic; here
 * they have the most arguments that a caller can give, in the same places, and end in a jump. */
long hook_syscall(long nr, long a, long b, long c, long d, long e, long f) __asm__("syscall");
int hook_prctl(int option, long a, long b, long c, long d) __asm__("prctl");

__attribute__((noinline, cold)) static long hook_syscall_early(long nr, long a, long b, long c,
							       long d, long e, long f)
{
	return sys_libc(sys6(nr, a, b, c, d, e, f));
}

#if defined(__x86_64__) && defined(__LP64__)
/* The seventh argument is on the stack, where a caller that gives fewer has its own variables: a
 * compiler would read it and write it back, under the nose of the futex or the thread that lives
 * there. */
EXPORT __attribute__((naked)) long
hook_syscall(__attribute__((unused)) long nr, __attribute__((unused)) long a,
	     __attribute__((unused)) long b, __attribute__((unused)) long c,
	     __attribute__((unused)) long d, __attribute__((unused)) long e,
	     __attribute__((unused)) long f)
{
	/* if (nr == SYS_seccomp && a == SECCOMP_SET_MODE_FILTER && c) talk_caged = true;
	 * without a program it is a probe */
	__asm__("endbr64\n\t"
		"cmpq $317, %rdi\n\t"
		"je 2f\n"
		"1:\tjmp *hook_syscall_next(%rip)\n"
		"2:\tcmpq $1, %rsi\n\t"
		"jne 1b\n\t"
		"testq %rcx, %rcx\n\t"
		"je 1b\n\t"
		"movb $1, talk_caged(%rip)\n\t"
		"jmp 1b");
}

_Static_assert(SYS_seccomp == 317 && SECCOMP_SET_MODE_FILTER == 1, "the numbers above");
#else
EXPORT long hook_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	if (nr == SYS_seccomp && a == SECCOMP_SET_MODE_FILTER && c)
		__atomic_store_n(&talk_caged, true, __ATOMIC_RELAXED);
	return hook_syscall_next(nr, a, b, c, d, e, f);
}
#endif

EXPORT int hook_prctl(int option, long a, long b, long c, long d)
{
	int (*next)(int, long, long, long, long) = hook_find(HOOK_prctl);

	if (option == PR_SET_SECCOMP && (a == SECCOMP_MODE_STRICT || b))
		__atomic_store_n(&talk_caged, true, __ATOMIC_RELAXED);
	return next ? next(option, a, b, c, d) : (int)sys_libc(SYS(prctl, option, a, b, c, d));
}

/* Sockets. Calls without an address are not judged. */

CALL(int, connect, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len), (fd, addr, len),
     refused_address(addr.__sockaddr__, len, false), SYS(connect, fd, addr.__sockaddr__, len))
CALL(int, bind, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len), (fd, addr, len),
     refused_address(addr.__sockaddr__, len, true), SYS(bind, fd, addr.__sockaddr__, len))
CALL(ssize_t, sendto,
     (int fd, const void *buf, size_t n, int flags, __CONST_SOCKADDR_ARG addr, socklen_t len),
     (fd, buf, n, flags, addr, len), refused_address(addr.__sockaddr__, len, false),
     SYS(sendto, fd, buf, n, flags, addr.__sockaddr__, len))
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags), (fd, msg, flags),
     refused_address(msg->msg_name, msg->msg_namelen, false), SYS(sendmsg, fd, msg, flags))

static bool refused_messages(const struct mmsghdr *msgs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (refused_address(msgs[i].msg_hdr.msg_name, msgs[i].msg_hdr.msg_namelen, false))
			return true;
	return false;
}

CALL(int, sendmmsg, (int fd, struct mmsghdr *msgs, unsigned n, int flags), (fd, msgs, n, flags),
     refused_messages(msgs, n), SYS(sendmmsg, fd, msgs, n, flags))

/* Names. */

/* Is @host an address already, or this machine? Then there is nothing to report. */
static bool host_is_plain(const char *host)
{
	size_t len = strlen(host);

	if (len && host[len - 1] == '.')
		len--;
	return !len || strchr(host, ':') || host[strspn(host, "0123456789.")] == '\0' ||
	       (len >= 9 && strncasecmp(host + len - 9, "localhost", 9) == 0 &&
		(len == 9 || host[len - 10] == '.'));
}

/* A report under way: "name\0address\0address…". */
struct host_report {
	struct scratch *s; /* NULL: none to be made */
	size_t len;
};

static void host_begin(struct host_report *r, const char *host)
{
	size_t len;

	*r = (struct host_report){0};
	if ((talk_get(mode) != TALK_VOICE && talk_get(mode) != TALK_ASK) || !host ||
	    host_is_plain(host))
		return;
	len = strlen(host) + 1;
	if (len > 256) /* no name is longer: RFC 1035 2.3.4 */
		return;
	r->s = scratch_new();
	if (!r->s)
		return;
	memcpy(r->s->request.text, host, len);
	r->len = len;
}

static void host_add(struct host_report *r, int family, const void *addr)
{
	char text[48];
	size_t n;

	if (!r->s || r->len + sizeof(text) > 4096)
		return;
	n = text_address(text, family, addr);
	memcpy(r->s->request.text + r->len, text, n);
	r->s->request.text[r->len + n] = '\0';
	r->len += n + 1;
}

static void host_end(struct host_report *r)
{
	if (r->s)
		talk_host(r->s, r->len);
	scratch_free(r->s);
}

/* The address in @sa, or NULL if it is of no kind that we report. */
static const void *host_address(const struct sockaddr *sa)
{
	const void *at = sa;

	if (sa && sa->sa_family == AF_INET)
		return &((const struct sockaddr_in *)at)->sin_addr;
	if (sa && sa->sa_family == AF_INET6)
		return &((const struct sockaddr_in6 *)at)->sin6_addr;
	return NULL;
}

__attribute__((noinline, cold)) static void host_tell_list(const char *host,
							   const struct addrinfo *ai)
{
	struct host_report r;
	const void *last = NULL;

	host_begin(&r, host);
	for (; r.s && ai; ai = ai->ai_next) {
		const void *addr = host_address(ai->ai_addr);
		size_t size = addr && ai->ai_addr->sa_family == AF_INET ? 4 : 16;

		if (!addr)
			continue;
		if (last && memcmp(last, addr, size) == 0) /* once for each kind of socket */
			continue;
		host_add(&r, ai->ai_addr->sa_family, addr);
		last = addr;
	}
	host_end(&r);
}

__attribute__((noinline, cold)) static void host_tell_entry(const char *host,
							    const struct hostent *h)
{
	struct host_report r;

	host_begin(&r, host);
	for (size_t i = 0; r.s && h->h_addr_list && h->h_addr_list[i]; i++)
		if (h->h_addrtype == AF_INET || h->h_addrtype == AF_INET6)
			host_add(&r, h->h_addrtype, h->h_addr_list[i]);
	host_end(&r);
}

EXPORT int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		       struct addrinfo **ret)
{
	int err;

	if (!NEXT(getaddrinfo))
		return EAI_FAIL;
	err = NEXT(getaddrinfo)(host, service, hints, ret);
	if (err == 0)
		host_tell_list(host, *ret);
	return err;
}

EXPORT struct hostent *gethostbyname(const char *host)
{
	struct hostent *h = NEXT(gethostbyname) ? NEXT(gethostbyname)(host) : NULL;

	if (h)
		host_tell_entry(host, h);
	return h;
}

EXPORT struct hostent *gethostbyname2(const char *host, int family)
{
	struct hostent *h = NEXT(gethostbyname2) ? NEXT(gethostbyname2)(host, family) : NULL;

	if (h)
		host_tell_entry(host, h);
	return h;
}

EXPORT int gethostbyname_r(const char *host, struct hostent *h, char *buf, size_t size,
			   struct hostent **ret, int *ret_herr)
{
	int err = NEXT(gethostbyname_r) ? NEXT(gethostbyname_r)(host, h, buf, size, ret, ret_herr)
					: ENOSYS;

	if (err == 0 && *ret)
		host_tell_entry(host, *ret);
	return err;
}

EXPORT int gethostbyname2_r(const char *host, int family, struct hostent *h, char *buf, size_t size,
			    struct hostent **ret, int *ret_herr)
{
	int err = NEXT(gethostbyname2_r)
			  ? NEXT(gethostbyname2_r)(host, family, h, buf, size, ret, ret_herr)
			  : ENOSYS;

	if (err == 0 && *ret)
		host_tell_entry(host, *ret);
	return err;
}
