/* execve and execveat. They are the only calls that name something and continue: the kernel itself must
 * replace the image. So what was approved is remembered, and compared with what really runs: nothing that
 * a new image does has an effect before its first mediated call (a dynamic program's first is its loader's
 * open), and there exec_verify() reads /proc/PID/exe and cmdline. What differs - because a racing thread
 * rewrote the path or the arguments - is judged anew as it is, and killed if that is denied.
 *
 * A failed exec leaves the approval behind: then the old image differs from it, and is judged anew, too;
 * it was allowed before, so nothing happens. */
#include "seccomp/exec.h"

#include <elf.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "seccomp/guard.h"
#include "seccomp/handlers.h"
#include "seccomp/resolve.h"

#define ARGV_BYTES_MAX (2 * 1024 * 1024) /* MAX_ARG_STRLEN * 16; more is refused as the kernel does */
#define ARGV_COUNT_MAX 131072
#define SCRIPT_DEPTH   4   /* BINPRM_MAX_RECURSION of the kernel */
#define SCRIPT_LINE    256 /* BINPRM_BUF_SIZE */
#define PENDING_SLOTS  4096
#define PENDING_PROBE  16
#define OBJECT_TEXT    2048 /* bytes of a command line in the log */

/* Hashes save storing texts. Who finds a collision runs a program that was judged when its exec was. */

/* --- approvals --------------------------------------------------------------------------------- */

struct pending {
	pid_t pid;    /* thread group; 0 = free */
	pid_t caller; /* the thread that called: it is inside the call until it succeeds or fails */
	uint64_t serial;
	uint64_t program; /* hash of the approved program's path */
	uint64_t argv;	  /* hash of the approved arguments as cmdline shows them */
};

struct exec_table {
	pthread_mutex_t lock;
	atomic_int n;
	uint64_t serial;
	struct pending slots[PENDING_SLOTS];
};

struct exec_table *exec_table_new(void)
{
	struct exec_table *t = calloc(1, sizeof(*t));

	if (t)
		pthread_mutex_init(&t->lock, NULL);
	return t;
}

void exec_table_free(struct exec_table *t)
{
	free(t);
}

static struct pending *pending_slot(struct exec_table *t, pid_t pid, bool make)
{
	struct pending *free_slot = NULL;

	for (unsigned i = 0; i < PENDING_PROBE; i++) {
		struct pending *p = &t->slots[((unsigned)pid * 2654435761u + i) % PENDING_SLOTS];

		if (p->pid == pid)
			return p;
		if (make && p->pid && kill(p->pid, 0) < 0 && errno == ESRCH) {
			p->pid = 0; /* it ended before its first mediated call */
			atomic_fetch_sub(&t->n, 1);
		}
		if (!p->pid && !free_slot)
			free_slot = p;
	}
	return make ? free_slot : NULL;
}

static int pending_put(struct exec_table *t, struct pending want)
{
	struct pending *p;
	int rc = -EAGAIN;

	pthread_mutex_lock(&t->lock);
	p = pending_slot(t, want.pid, true);
	if (p) {
		if (!p->pid)
			atomic_fetch_add(&t->n, 1);
		want.serial = ++t->serial;
		*p = want;
		rc = 0;
	}
	pthread_mutex_unlock(&t->lock);
	return rc;
}

static bool pending_get(struct exec_table *t, pid_t pid, struct pending *ret)
{
	struct pending *p;

	pthread_mutex_lock(&t->lock);
	p = pending_slot(t, pid, false);
	if (p)
		*ret = *p;
	pthread_mutex_unlock(&t->lock);
	return p != NULL;
}

/* Forget @seen, unless it has been replaced by another approval since. */
static void pending_drop(struct exec_table *t, const struct pending *seen)
{
	struct pending *p;

	pthread_mutex_lock(&t->lock);
	p = pending_slot(t, seen->pid, false);
	if (p && p->serial == seen->serial) {
		p->pid = 0;
		atomic_fetch_sub(&t->n, 1);
	}
	pthread_mutex_unlock(&t->lock);
}

/* --- arguments --------------------------------------------------------------------------------- */

/* Our copy of an argument vector. */
struct argv {
	const char **v; /* NULL-terminated; into .text */
	size_t n;
	char *text; /* the strings, each with its NUL */
	size_t len;
};

static void argv_done(struct argv *a)
{
	free(a->v);
	free(a->text);
	*a = (struct argv){ 0 };
}

#define autoargv __attribute__((cleanup(argv_done))) struct argv

/* Take the strings that were put into @text one behind the other, each with its NUL. */
static int argv_take(struct buf *text, struct argv *ret)
{
	size_t i = 0;

	*ret = (struct argv){ .len = text->len };
	if (buf_failed(text))
		return -ENOMEM;
	for (size_t at = 0; at < text->len; at++)
		ret->n += text->data[at] == '\0';
	ret->text = take_ptr(text->data);
	ret->v = calloc(ret->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (const char *p = ret->text; i < ret->n; p += strlen(p) + 1)
		ret->v[i++] = p;
	return 0;
}

/* One argument at @addr, appended to @text. Most vectors lie in one piece: @ahead keeps what came along. */
struct ahead {
	char data[4096];
	uint64_t addr;
	size_t len;
};

static int argv_string(struct notif *n, uint64_t addr, struct ahead *ah, struct buf *text)
{
	char big[4096];
	uint64_t at = addr;

	if (addr >= ah->addr && addr < ah->addr + ah->len) {
		const char *s = ah->data + (addr - ah->addr);
		size_t room = ah->len - (size_t)(addr - ah->addr);
		const char *nul = memchr(s, '\0', room);

		if (nul) {
			buf_put(text, s, (size_t)(nul - s) + 1);
			return 0;
		}
	}
	for (;;) {
		size_t want = 4096 - (size_t)(at & 4095);
		const char *nul;
		int rc = target_read(n, at, big, want);

		if (rc < 0)
			return rc;
		nul = memchr(big, '\0', want);
		if (nul && at == addr) {
			memcpy(ah->data, big, want);
			ah->addr = at;
			ah->len = want;
		}
		buf_put(text, big, nul ? (size_t)(nul - big) + 1 : want);
		if (nul)
			return 0;
		at += want;
		if (text->len > ARGV_BYTES_MAX)
			return -E2BIG;
	}
}

static int argv_read(struct notif *n, uint64_t addr, struct argv *ret)
{
	struct ahead ah = { .len = 0 };
	autobuf text = { 0 };
	uint64_t ptr[64];
	size_t have = 0, at = 0, count = 0;
	int rc = 0;

	*ret = (struct argv){ 0 };
	while (addr) {
		if (at == have) {
			/* Up to the end of the page first: what follows may not be there. */
			size_t room = (4096 - (size_t)(addr & 4095)) / sizeof(ptr[0]);

			have = room ? MIN(room, ARRAY_SIZE(ptr)) : 1;
			at = 0;
			rc = target_read(n, addr, ptr, have * sizeof(ptr[0]));
			if (rc < 0)
				return rc;
			addr += have * sizeof(ptr[0]);
		}
		if (!ptr[at])
			break;
		rc = argv_string(n, ptr[at++], &ah, &text);
		if (rc < 0)
			return rc;
		if (++count > ARGV_COUNT_MAX || text.len > ARGV_BYTES_MAX)
			return -E2BIG;
	}
	if (text.len == 0)
		buf_putc(&text, '\0'); /* Linux 5.18 makes an empty vector one empty string */
	return argv_take(&text, ret);
}

/* --- verdicts --------------------------------------------------------------------------------- */

static void command_text(const char *program, const struct argv *a, char *buf, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < a->n && at + 2 < size; i++) {
		int len = snprintf(buf + at, size - at, "%s%s", i ? " " : "", i ? a->v[i] : program);

		at += len < 0 ? 0 : MIN((size_t)len, size - at - 1);
	}
	buf[at] = '\0';
}

static bool judge_exec(struct notif *n, const char *program, const struct argv *a, const char *as_written)
{
	char object[OBJECT_TEXT];
	struct policy_action act = { .op = POLICY_EXEC, .path = program, .argv = a->v };

	command_text(program, a, object, sizeof(object));
	return judge_action(n, &act, object, as_written);
}

/* ld.so PROG runs PROG: judge that. Its options take a value or not: ld.so(8). */
static bool is_loader(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return fnmatch("ld-linux*.so*", base, 0) == 0 || fnmatch("ld-musl-*.so*", base, 0) == 0 ||
	       fnmatch("ld-2.*.so", base, 0) == 0 || streq(base, "ld.so") ||
	       fnmatch("ld64.so*", base, 0) == 0;
}

static bool judge_loader(struct notif *n, const struct argv *a)
{
	static const char *const with_value[] = { "--library-path", "--inhibit-rpath", "--audit",
						  "--preload",	    "--argv0",	       "--glibc-hwcaps-mask",
						  "--glibc-hwcaps-prepend" };
	char joined[NAME_SIZE], path[NAME_SIZE], cwd[PATH_MAX], link[48];
	struct argv rest;
	size_t i = 1;
	ssize_t len;

	for (; i < a->n && a->v[i][0] == '-'; i++)
		for (size_t k = 0; k < ARRAY_SIZE(with_value); k++)
			if (streq(a->v[i], with_value[k])) {
				i++;
				break;
			}
	if (i >= a->n)
		return true;
	(void)snprintf(link, sizeof(link), "/proc/%d/cwd", n->tid); /* fits */
	len = readlink(link, cwd, sizeof(cwd) - 1);
	if (len < 0)
		return false;
	cwd[len] = '\0';
	if (policy_normalise(cwd, a->v[i], joined, sizeof(joined)) < 0)
		return false;
	rest = (struct argv){ .v = a->v + i, .n = a->n - i };
	if (!judge_exec(n, joined, &rest, NULL))
		return false;
	return !realpath(joined, path) || streq(path, joined) || judge_exec(n, path, &rest, joined);
}

/* The "#!" line of a script: interpreter and at most one argument, as binfmt_script reads it. */
static bool script_line(int fd, char *interp, char *arg)
{
	char line[SCRIPT_LINE + 1], *p, *end;
	ssize_t len = pread(fd, line, SCRIPT_LINE, 0);

	if (len < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[len] = '\0';
	end = line + strcspn(line, "\n");
	*end = '\0';
	while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	p = line + 2 + strspn(line + 2, " \t");
	end = p + strcspn(p, " \t");
	(void)snprintf(interp, SCRIPT_LINE, "%.*s", (int)(end - p), p); /* shorter than the line */
	(void)snprintf(arg, SCRIPT_LINE, "%s", end + strspn(end, " \t")); /* the same */
	return interp[0] != '\0';
}

/* The vector that the interpreter gets: interp [arg] script args…; the script by the name it was called. */
static int script_argv(const struct argv *a, const char *interp, const char *arg, const char *script,
		       struct argv *ret)
{
	autobuf text = { 0 };

	*ret = (struct argv){ 0 };
	buf_put(&text, interp, strlen(interp) + 1);
	if (arg[0])
		buf_put(&text, arg, strlen(arg) + 1);
	buf_put(&text, script, strlen(script) + 1); /* in the place of argv[0] */
	for (size_t i = 1; i < a->n; i++)
		buf_put(&text, a->v[i], strlen(a->v[i]) + 1);
	return argv_take(&text, ret);
}

struct exec_call {
	struct notif *n;
	struct name name;
	struct argv argv;
	char program[NAME_SIZE]; /* what will be /proc/PID/exe */
	char called[PATH_MAX];	 /* the path as the target gave it */
};

static int judge_object(struct exec_call *x, int pin, struct stat *st)
{
	char written[NAME_SIZE];
	struct notif *n = x->n;

	if (fstat(pin, st) < 0)
		return -errno;
	if (policy_normalise("/", x->name.written, written, sizeof(written)) < 0)
		return -ENAMETOOLONG;
	if (x->name.moved && !streq(written, x->name.path) && !judge_exec(n, written, &x->argv, NULL))
		return -EACCES;
	if (!judge_exec(n, x->name.path, &x->argv, x->name.moved ? x->name.written : NULL))
		return -EACCES;
	if (!guard_judge(n, POLICY_EXEC, st, x->name.path))
		return -EACCES;
	if (is_loader(x->name.path) && !judge_loader(n, &x->argv))
		return -EACCES;
	return 0;
}

/* Scripts: the interpreter is judged with the arguments that it will get. */
static int judge_script(struct exec_call *x, int pin, int depth)
{
	char via[32], interp[SCRIPT_LINE], arg[SCRIPT_LINE], path[PATH_MAX];
	struct argv args, old = x->argv;
	autoclose fd = -1;
	int rc;

	(void)snprintf(via, sizeof(via), "/proc/self/fd/%d", pin); /* fits */
	fd = open(via, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !script_line(fd, interp, arg))
		return 0; /* not readable, or no script */
	if (depth == 0)
		return -ELOOP;
	/* A relative interpreter is relative to the target's cwd. Rare; realpath() here would use ours. */
	if (interp[0] != '/')
		return 0; /* verified when it runs */
	if (!realpath(interp, path))
		return -errno;
	rc = script_argv(&old, interp, arg, x->called, &args);
	if (rc < 0)
		return rc;
	argv_done(&old);
	x->argv = args;
	(void)snprintf(x->program, sizeof(x->program), "%s", path); /* larger */
	if (!streq(interp, path) && !judge_exec(x->n, interp, &x->argv, NULL))
		return -EACCES;
	if (!judge_exec(x->n, path, &x->argv, interp))
		return -EACCES;
	(void)close(fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : judge_script(x, fd, depth - 1);
}

static int64_t exec_judge(struct exec_call *x, int pin)
{
	struct notif *n = x->n;
	struct pending want = { .caller = n->tid };
	struct stat st;
	int rc = judge_object(x, pin, &st);

	if (rc < 0)
		return rc;
	(void)snprintf(x->program, sizeof(x->program), "%s", x->name.path); /* same size */
	if (S_ISREG(st.st_mode)) {
		rc = judge_script(x, pin, SCRIPT_DEPTH);
		if (rc < 0)
			return rc;
	}
	want.pid = target_tgid(n);
	if (want.pid <= 0 || !target_alive(n))
		return -EINTR;
	want.program = fnv1a(FNV1A_START, x->program, strlen(x->program));
	want.argv = fnv1a(FNV1A_START, x->argv.text, x->argv.len);
	if (pending_put(n->s->execs, want) < 0)
		return deny_undecided(n, "too many programs start at once");
	return REPLY_CONTINUE; /* verified afterwards: see file top */
}

static void exec_call_free(struct exec_call **x)
{
	if (!*x)
		return;
	name_done(&(*x)->name);
	argv_done(&(*x)->argv);
	free(*x);
}

#define autoexec __attribute__((cleanup(exec_call_free))) struct exec_call

static int64_t do_exec(struct notif *n, int dirfd, uint64_t path, uint64_t argv, int flags)
{
	autoexec *x = calloc(1, sizeof(*x));
	autoclose pin = -1;
	int rc;

	if (!x)
		return -ENOMEM;
	x->n = n;
	x->name.pin = -1;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	rc = target_read_str(n, path, x->called, sizeof(x->called));
	if (rc < 0)
		return rc;
	if (rc == 0 && (flags & AT_EMPTY_PATH)) {
		(void)snprintf(x->called, sizeof(x->called), "/dev/fd/%d", dirfd); /* as the kernel does */
		rc = name_of_fd(n, dirfd, &x->name);
	} else {
		rc = name_read(n, dirfd, path, &x->name);
	}
	if (rc < 0)
		return rc;
	rc = argv_read(n, argv, &x->argv);
	if (rc < 0)
		return rc;
	x->name.ops = 0; /* names on the way are judged below, with the arguments */
	pin = name_pin(n, &x->name, flags & AT_SYMLINK_NOFOLLOW ? FOLLOW_NOT_LAST : FOLLOW_LAST);
	return pin < 0 ? pin : exec_judge(x, pin);
}

int64_t call_execve(struct notif *n)
{
	return do_exec(n, AT_FDCWD, n->args[0], n->args[1], 0);
}

int64_t call_execveat(struct notif *n)
{
	return do_exec(n, (int)n->args[0], n->args[1], n->args[2], (int)n->args[4]);
}

/* --- verification ----------------------------------------------------------------------------- */

static int read_cmdline(pid_t pid, struct argv *ret)
{
	autobuf text = { 0 };
	char path[48], chunk[4096];
	autoclose fd = -1;
	ssize_t got;

	*ret = (struct argv){ 0 };
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(&text, chunk, (size_t)got);
	if (got < 0)
		return -errno;
	if (text.len == 0 || text.data[text.len - 1] != '\0')
		buf_putc(&text, '\0');
	return argv_take(&text, ret);
}

/* Judge what runs as it runs. */
static int verify_anew(struct notif *n, const char *program, const struct argv *a)
{
	if (judge_exec(n, program, a, NULL) && (!is_loader(program) || judge_loader(n, a)))
		return 0;
	/* It has done nothing yet: this is its first mediated call. */
	(void)syscall(__NR_kill, n->tid, SIGKILL); /* it may be gone */
	return -EACCES;
}

/* Has the thread that called exec left the call? It has if it is the one that calls now, or is no more:
 * a successful exec ends all threads but the new image's. */
static bool caller_left(struct notif *n, const struct pending *p)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d", p->pid, p->caller); /* fits */
	return n->tid == p->caller || access(path, F_OK) < 0;
}

static int verify_process(struct notif *n, const struct pending *p)
{
	bool left = caller_left(n, p);
	autoargv now = { 0 };
	char program[PATH_MAX];
	int rc;

	target_program(n, program, sizeof(program));
	if (read_cmdline(p->pid, &now) < 0 || !program[0])
		return target_alive(n) ? deny_undecided(n, "the new program cannot be verified") : -EACCES;
	if (fnv1a(FNV1A_START, program, strlen(program)) == p->program &&
	    fnv1a(FNV1A_START, now.text, now.len) == p->argv) {
		pending_drop(n->s->execs, p);
		return 0;
	}
	/* Another program than was approved, or other arguments - or still the old image: the exec failed,
	 * or goes on in another thread; then the approval must stay until that thread has left it. */
	rc = verify_anew(n, program, &now);
	if (rc < 0 || left)
		pending_drop(n->s->execs, p);
	return rc;
}

int exec_verify(struct notif *n)
{
	struct exec_table *t = n->s->execs;
	struct pending p;
	int tgid;

	if (atomic_load(&t->n) == 0)
		return 0;
	if (pending_get(t, n->tid, &p))
		return verify_process(n, &p);
	/* Threads that a new image made before its leader's first mediated call count as well. */
	tgid = target_tgid(n);
	if (tgid <= 0 || tgid == n->tid || !pending_get(t, tgid, &p))
		return 0;
	return verify_process(n, &p);
}
