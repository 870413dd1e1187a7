#include "seccomp/notif.h"

#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "seccomp/kernel.h"
#include "seccomp/state.h"

#define RULE_SELF "protect-crust-run"

/* --- the target's memory ------------------------------------------------------------------------ */

static long page_size(void)
{
	static long size;

	if (!size)
		size = sysconf(_SC_PAGESIZE);
	return size;
}

static int read_error(struct notif *n)
{
	if (errno == EPERM)
		return deny_undecided(n, "the target's memory cannot be read (it is not dumpable)");
	return errno == ESRCH ? -ESRCH : -EFAULT;
}

int target_read(struct notif *n, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { buf, len };
	struct iovec remote = { (void *)(uintptr_t)addr, len };
	ssize_t got;

	if (len == 0)
		return 0;
	got = process_vm_readv(n->tid, &local, 1, &remote, 1, 0);
	if (got < 0)
		return read_error(n);
	return (size_t)got == len ? 0 : -EFAULT;
}

int target_write(struct notif *n, uint64_t addr, const void *buf, size_t len)
{
	struct iovec local = { (void *)(uintptr_t)buf, len };
	struct iovec remote = { (void *)(uintptr_t)addr, len };

	return process_vm_writev(n->tid, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

/* A string may end right before an unmapped page: the pages are asked for one by one, in one call. The
 * first step is short, since most names are. */
int target_read_str(struct notif *n, uint64_t addr, char *buf, size_t size)
{
	size_t page = (size_t)page_size(), have = 0;

	while (have < size) {
		size_t want = have ? size - have : MIN(size, (size_t)256);
		size_t first = MIN(want, page - (size_t)((addr + have) & (page - 1)));
		size_t second = MIN(want - first, page);
		struct iovec local = { buf + have, want };
		struct iovec remote[2] = {
			{ (void *)(uintptr_t)(addr + have), first },
			{ (void *)(uintptr_t)(addr + have + first), second },
		};
		ssize_t got = process_vm_readv(n->tid, &local, 1, remote, remote[1].iov_len ? 2 : 1, 0);
		char *nul;

		if (got < 0)
			return read_error(n);
		if (got == 0)
			return -EFAULT;
		nul = memchr(buf + have, '\0', (size_t)got);
		if (nul)
			return (int)(nul - buf);
		have += (size_t)got;
	}
	return -ENAMETOOLONG;
}

/* --- the target's process --------------------------------------------------------------------- */

bool target_alive(struct notif *n)
{
	return ioctl(n->s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0;
}

int target_status(pid_t tid, const char *key, char *buf, size_t size)
{
	char path[48], text[4096], *line;
	size_t key_len = strlen(key);
	autoclose fd = -1;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", tid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return -errno;
	text[len] = '\0';
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_len) != 0 || line[key_len] != ':')
			continue;
		line += key_len + 1;
		line += strspn(line, " \t");
		(void)snprintf(buf, size, "%.*s", (int)strcspn(line, "\n"), line); /* bounded */
		return 0;
	}
	return -ENOENT;
}

int target_tgid(struct notif *n)
{
	char text[32];
	int rc = target_status(n->tid, "Tgid", text, sizeof(text));

	return rc < 0 ? rc : (int)strtoul(text, NULL, 10);
}

int target_umask(struct notif *n)
{
	char text[32];
	int rc = target_status(n->tid, "Umask", text, sizeof(text));

	return rc < 0 ? rc : (int)strtoul(text, NULL, 8);
}

void worker_umask(struct notif *n)
{
	int mask = target_umask(n);

	if (mask < 0)
		mask = 077; /* gone, or unreadable: then nothing will be made for it anyway */
	if (n->w->umask != (mode_t)mask) {
		umask((mode_t)mask);
		n->w->umask = (mode_t)mask;
	}
}

unsigned long target_tty(pid_t tid)
{
	char path[48], text[1024], *p;
	unsigned long tty = 0;
	autoclose fd = -1;
	ssize_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", tid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	p = strrchr(text, ')'); /* behind the name: state ppid pgrp session tty_nr */
	return p && sscanf(p + 1, " %*c %*d %*d %*d %lu", &tty) == 1 ? tty : 0;
}

static int pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(__NR_pidfd_open, pid, flags);
}

int target_dup(struct notif *n, int fd)
{
	autoclose pidfd = -1;
	int copy, tgid;

	if (fd < 0)
		return -EBADF;
	if (n->s->has_pidfd_thread) {
		pidfd = pidfd_open(n->tid, PIDFD_THREAD);
	} else {
		tgid = target_tgid(n);
		pidfd = tgid < 0 ? -1 : pidfd_open(tgid, 0);
	}
	if (pidfd < 0)
		return deny_undecided(n, "the target's process cannot be opened");
	copy = (int)syscall(__NR_pidfd_getfd, pidfd, fd, 0);
	if (copy >= 0)
		return copy;
	return errno == EBADF ? -EBADF : deny_undecided(n, "the target's descriptor cannot be copied");
}

void target_program(struct notif *n, char *buf, size_t size)
{
	static const char gone[] = " (deleted)";
	char link[48];
	ssize_t len;

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", n->tid); /* fits */
	len = readlink(link, buf, size - 1);
	buf[len < 0 ? 0 : len] = '\0';
	if (len > (ssize_t)sizeof(gone) && streq(buf + len - (ssize_t)(sizeof(gone) - 1), gone))
		buf[len - (ssize_t)(sizeof(gone) - 1)] = '\0';
}

/* --- verdicts --------------------------------------------------------------------------------- */

/* Changing the file, or taking away a directory above it (moves are removals). */
static bool is_self_file(const char *file, enum policy_op op, const char *path)
{
	return file[0] && ((op == POLICY_WRITE && streq(file, path)) ||
			   (op == POLICY_DELETE && path_under(file, path)));
}

/* Below /proc/PID: what everybody may see of everybody (ps), and says nothing. */
static bool is_public_proc(const char *path)
{
	static const char *const files[] = { "stat", "statm", "status", "cmdline", "comm", "cgroup" };
	const char *file = strchr(path + 6, '/');

	for (size_t i = 0; file && i < ARRAY_SIZE(files); i++)
		if (streq(file + 1, files[i]))
			return true;
	return !file;
}

/* A path below /proc/PID of a process of crust-run's own. */
static bool is_own_proc(const struct supervisor *s, const char *path)
{
	char *end, task[64];
	long pid;

	if (path[6] < '0' || path[6] > '9')
		return false;
	pid = strtol(path + 6, &end, 10);
	(void)snprintf(task, sizeof(task), "/proc/self/task/%ld", pid); /* fits */
	return (*end == '/' || *end == '\0') && (pid == s->front_pid || access(task, F_OK) == 0);
}

/* What no policy can lift: our own process, the canary, the files that this run rests on and, for renames,
 * the directories above them. */
static bool judge_self(struct notif *n, enum policy_op op, const char *path,
		       struct policy_decision *ret)
{
	*ret = (struct policy_decision){ .rule = RULE_SELF,
					 .message = "crust-run protects itself.",
					 .source = "builtin",
					 .stage = "self-protection",
					 .severity = SEVERITY_CRITICAL };
	if (streq(path, n->s->canary_path))
		return true;
	if (is_self_file(n->s->voice_path, op, path))
		return true;
	for (char **f = n->s->self_files; *f; f++)
		if (is_self_file(*f, op, path))
			return true;
	if (!str_starts(path, "/proc/"))
		return false;
	return (op == POLICY_WRITE || !is_public_proc(path)) && is_own_proc(n->s, path);
}

static void decide(struct notif *n, struct policy_action *a, struct policy_decision *d)
{
	char program[PATH_MAX];

	if (a->path && judge_self(n, a->op, a->path, d))
		return;
	policy_decide(n->policy, a, d);
	if (d->verdict == VERDICT_ALLOW || !d->wants_by || a->by)
		return;
	target_program(n, program, sizeof(program));
	if (!program[0] || !target_alive(n))
		return;
	a->by = program;
	policy_decide(n->policy, a, d);
	a->by = NULL;
}

static void denial_remember(struct notif *n, const char *text)
{
	struct denial_slot *slot = &n->s->denials[(unsigned)n->tid % DENIAL_SLOTS];

	pthread_mutex_lock(&n->s->voice_lock);
	slot->tid = n->tid;
	(void)snprintf(slot->text, sizeof(slot->text), "%s", text); /* a cut line still tells */
	pthread_mutex_unlock(&n->s->voice_lock);
}

/* "~/.ssh/id_rsa" reads better than the home directory spelled out. */
static const char *tilde(const struct supervisor *s, const char *path, char *buf, size_t size)
{
	size_t len = strlen(s->home);

	if (len > 1 && strncmp(path, s->home, len) == 0 && (path[len] == '/' || path[len] == '\0'))
		(void)snprintf(buf, size, "~%s", path + len); /* shorter than @path */
	else
		(void)snprintf(buf, size, "%s", path); /* @size is NAME_SIZE + */
	return buf;
}

static void record(struct notif *n, enum policy_op op, const char *object, const char *as_written,
		   const struct policy_decision *d, const char *reason)
{
	char program[PATH_MAX], text[DENIAL_TEXT], shown[NAME_SIZE];
	bool observed = n->s->observe && !reason;
	struct audit_event ev = {
		.verdict = policy_verdict_name(d->verdict),
		.op = policy_op_name(op),
		.object = object,
		.as_written = as_written && !streq(as_written, object) ? as_written : NULL,
		.rule = d->rule,
		.source = d->source,
		.message = d->message,
		.severity = policy_severity_name(d->severity),
		.call = n->call ? n->call->name : NULL,
		.reason = reason,
		.program = program,
		.pid = n->tid,
		.observed = observed,
	};

	target_program(n, program, sizeof(program));
	audit_put(n->s->audit, &ev);
	if (observed || d->verdict == VERDICT_ALLOW)
		return;
	if (streq(d->rule, RULE_SELF) && str_starts(object, "/proc/"))
		return; /* ps looks at every process: an event, but nothing to tell */
	(void)snprintf(text, sizeof(text), "crust-run: denied %s of %s (%s)%s%s%s", /* may be cut */
		       policy_op_name(op), tilde(n->s, object, shown, sizeof(shown)), d->rule,
		       d->verdict == VERDICT_ASK ? ": nobody to ask" : "",
		       d->message && d->message[0] ? ": " : "", d->message ? d->message : "");
	denial_remember(n, text);
}

bool judge_deny(struct notif *n, enum policy_op op, const char *object, const char *as_written,
		const struct policy_decision *d)
{
	if (streq(object, n->s->canary_path))
		return false; /* our own test: nobody's news */
	record(n, op, object, as_written, d, NULL);
	return n->s->observe;
}

static bool judge_allowed(struct notif *n, enum policy_op op, const char *object,
			  const char *as_written, const struct policy_decision *d)
{
	if (audit_wants_allow(n->s->audit))
		record(n, op, object, as_written, d, NULL);
	else
		audit_count(n->s->audit, true);
	return true;
}

bool judge_action(struct notif *n, struct policy_action *a, const char *object, const char *as_written)
{
	struct policy_decision d;

	decide(n, a, &d);
	if (d.verdict == VERDICT_ALLOW)
		return judge_allowed(n, a->op, object, as_written, &d);
	return judge_deny(n, a->op, object, as_written, &d);
}

bool judge_path(struct notif *n, enum policy_op op, const char *path, const char *as_written)
{
	struct policy_action a = { .op = op, .path = path };

	return judge_action(n, &a, path, as_written);
}

bool judge_path_quietly(struct notif *n, enum policy_op op, const char *path)
{
	struct policy_action a = { .op = op, .path = path };
	struct policy_decision d;

	decide(n, &a, &d);
	return d.verdict == VERDICT_ALLOW || (n->s->observe && !streq(path, n->s->canary_path));
}

int judge_existing(struct notif *n, enum policy_op op, const char *path, const char *as_written)
{
	struct stat st;

	/* /proc/self would be ours here. */
	if (!str_starts(path, "/proc/") && !judge_path_quietly(n, op, path) && lstat(path, &st) < 0 &&
	    (errno == ENOENT || errno == ENOTDIR))
		return -errno;
	return judge_path(n, op, path, as_written) ? 0 : -EACCES;
}

bool judge_change(struct notif *n, enum policy_op op, const char *path, const char *as_written,
		  enum policy_inspect *ret_inspect)
{
	struct policy_action a = { .op = op, .path = path };
	struct policy_decision d;

	*ret_inspect = INSPECT_NONE;
	decide(n, &a, &d);
	if (d.verdict == VERDICT_ALLOW)
		return judge_allowed(n, op, path, as_written, &d);
	*ret_inspect = d.inspect;
	return d.inspect != INSPECT_NONE || judge_deny(n, op, path, as_written, &d);
}

int deny_undecided(struct notif *n, const char *why)
{
	struct policy_decision d = { .rule = "undecided",
				     .message = why,
				     .source = "builtin",
				     .stage = "supervisor",
				     .severity = SEVERITY_MEDIUM };

	if (!target_alive(n))
		return -EACCES; /* it is gone: nobody is denied anything */
	record(n, POLICY_READ, n->call ? n->call->name : "call", NULL, &d, why);
	return -EACCES;
}

/* --- answers ---------------------------------------------------------------------------------- */

int64_t reply_fd(struct notif *n, int fd_consume, bool cloexec, bool at_once)
{
	struct seccomp_notif_addfd addfd = {
		.id = n->id,
		.flags = at_once || !n->s->killable ? SECCOMP_ADDFD_FLAG_SEND : 0,
		.srcfd = (uint32_t)fd_consume,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int rc, saved;

	atomic_store(&n->w->busy_id, 0); /* no interruption from here on */
	do {
		rc = ioctl(n->s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);
	} while (rc < 0 && errno == EINTR);
	saved = errno;
	(void)close(fd_consume); /* the target has its own now */
	if (rc >= 0 && !addfd.flags)
		return rc;
	if (rc >= 0 || saved == ENOENT || saved == EINPROGRESS)
		return REPLY_DONE; /* ENOENT: the target is gone, or was interrupted */
	return saved == EMFILE ? -EMFILE : deny_undecided(n, "the descriptor could not be handed over");
}

int64_t reply_interrupted(struct notif *n)
{
	/* ERESTARTSYS (512) is the kernel's own: a thread with a signal pending restarts the call or
	 * gets EINTR, as SA_RESTART says, exactly as if it had blocked itself. */
	return atomic_load(&n->w->interrupt) == INTERRUPT_RESTART ? -512 : -EINTR;
}
