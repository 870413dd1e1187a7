#include "seccomp/creds.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "seccomp/state.h"

#define GROUPS_MAX 1024 /* of a target; Linux allows 65,536, nobody has them */

struct rights {
	uid_t fsuid;
	gid_t fsgid;
	uint64_t caps; /* effective */
	int n_groups;
	gid_t groups[GROUPS_MAX];
};

/* What the tree was started with, taken when the first reader starts; then of this thread right now. */
static struct rights rights_base;
static uint64_t caps_permitted;
static pthread_once_t rights_once = PTHREAD_ONCE_INIT;
static __thread bool rights_foreign; /* fsuid, fsgid or groups are a target's */

static uint64_t own_caps(bool permitted)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (syscall(__NR_capget, &h, d) < 0)
		return 0;
	return permitted ? d[0].permitted | (uint64_t)d[1].permitted << 32 :
			   d[0].effective | (uint64_t)d[1].effective << 32;
}

bool creds_privileged(void)
{
	return own_caps(true) != 0;
}

static int set_caps(uint64_t effective)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ .effective = (uint32_t)effective, .permitted = (uint32_t)caps_permitted },
		{ .effective = (uint32_t)(effective >> 32),
		  .permitted = (uint32_t)(caps_permitted >> 32) },
	};

	return syscall(__NR_capset, &h, d) < 0 ? -errno : 0;
}

/* setfsuid() reports nothing: ask for an impossible id to read the one in force. */
static bool set_fsids(uid_t uid, gid_t gid)
{
	(void)syscall(__NR_setfsgid, gid); /* checked below */
	(void)syscall(__NR_setfsuid, uid); /* checked below */
	return (uid_t)syscall(__NR_setfsuid, -1) == uid && (gid_t)syscall(__NR_setfsgid, -1) == gid;
}

static void rights_take_base(void)
{
	rights_base.fsuid = geteuid();
	rights_base.fsgid = getegid();
	rights_base.n_groups = getgroups(GROUPS_MAX, rights_base.groups);
	caps_permitted = own_caps(true);
}

int creds_thread_start(struct supervisor *s)
{
	if (!s->privileged)
		return 0;
	pthread_once(&rights_once, rights_take_base);
	return rights_base.n_groups < 0 ? -EOVERFLOW : 0;
}

/* The last number of "a b c d": effective and file system ids stand in "Uid:" and "Gid:". */
static int last_id(const char *text, uid_t *ret)
{
	const char *p = strrchr(text, '\t');

	if (!p)
		return -EINVAL;
	*ret = (uid_t)strtoul(p + 1, NULL, 10);
	return 0;
}

static int read_groups(pid_t tid, struct rights *r)
{
	char text[4096], *p = text, *end;

	if (target_status(tid, "Groups", text, sizeof(text)) < 0)
		return -ESRCH;
	for (r->n_groups = 0; r->n_groups < GROUPS_MAX; r->n_groups++) {
		unsigned long g = strtoul(p, &end, 10);

		if (end == p)
			return 0;
		r->groups[r->n_groups] = (gid_t)g;
		p = end;
	}
	return -EOVERFLOW;
}

/* Capabilities count in our user namespace only: in one of its own a target has none of ours. */
static bool same_userns(pid_t tid)
{
	char path[48], theirs[64], ours[64];
	ssize_t a, b;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", tid); /* fits */
	a = readlink(path, theirs, sizeof(theirs));
	b = readlink("/proc/self/ns/user", ours, sizeof(ours));
	return a > 0 && a == b && memcmp(theirs, ours, (size_t)a) == 0;
}

static int rights_read(pid_t tid, struct rights *r)
{
	char text[256];
	uid_t gid;

	if (target_status(tid, "Uid", text, sizeof(text)) < 0 || last_id(text, &r->fsuid) < 0 ||
	    target_status(tid, "Gid", text, sizeof(text)) < 0 || last_id(text, &gid) < 0 ||
	    target_status(tid, "CapEff", text, sizeof(text)) < 0)
		return -ESRCH;
	r->fsgid = gid;
	r->caps = same_userns(tid) ? strtoull(text, NULL, 16) : 0;
	return read_groups(tid, r);
}

int creds_assume(struct notif *n)
{
	struct rights r;

	if (!n->s->privileged || !atomic_load(&n->s->creds_differ))
		return 0;
	if (rights_read(n->tid, &r) < 0)
		return deny_undecided(n, "the target's credentials cannot be read");
	rights_foreign = true;
	if (syscall(__NR_setgroups, r.n_groups, r.groups) < 0 || !set_fsids(r.fsuid, r.fsgid))
		return deny_undecided(n, "the target's credentials cannot be taken");
	/* Setting the ids may drop file capabilities; what is set here is what counts. CAP_SYS_PTRACE
	 * stays: without it we could not read a target of another uid. Landlock keeps it in the tree. */
	if (set_caps((r.caps | 1ULL << CAP_SYS_PTRACE) & caps_permitted) < 0)
		return deny_undecided(n, "the target's capabilities cannot be taken");
	return 0;
}

void creds_restore(struct notif *n)
{
	(void)n;
	if (!rights_foreign)
		return;
	if (set_caps(caps_permitted) < 0 || !set_fsids(rights_base.fsuid, rights_base.fsgid) ||
	    syscall(__NR_setgroups, rights_base.n_groups, rights_base.groups) < 0)
		abort(); /* a reader with somebody's rights must not serve others */
	rights_foreign = false;
}

struct userns_open {
	int ns, flags, fd;
	const char *path;
};

/* Runs in a process of its own that shares our memory and descriptors while we wait (as vfork() does). */
static int userns_child(void *arg)
{
	struct userns_open *u = arg;

	u->fd = setns(u->ns, CLONE_NEWUSER) < 0 ? -errno : open(u->path, u->flags | O_CLOEXEC);
	if (u->fd == -1)
		u->fd = -errno;
	return 0;
}

int creds_open_in_userns(struct notif *n, const char *path, int flags)
{
	const size_t stack_size = 64 * 1024;
	struct userns_open u = { .ns = -1, .flags = flags, .fd = -EACCES, .path = path };
	sigset_t all, old;
	char link[48], *stack;
	autoclose ns = -1;
	pid_t pid;
	int fd;

	if (same_userns(n->tid)) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	(void)snprintf(link, sizeof(link), "/proc/%d/ns/user", n->tid); /* fits */
	ns = open(link, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return -errno;
	u.ns = ns;
	stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -ENOMEM;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	/* Without an exit signal only a wait with __WCLONE finds it: the main thread's loop does not. */
	pid = clone(userns_child, stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_FILES, &u);
	if (pid > 0)
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)munmap(stack, stack_size); /* cannot fail: ours */
	return pid < 0 ? -EAGAIN : u.fd;
}
