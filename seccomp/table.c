#include "seccomp/table.h"

#include <assert.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "seccomp/handlers.h"
#include "seccomp/kernel.h"

#define EQ(i, v)      { ARG_EQ, i, false, 0xffffffff, (uint32_t)(v) }
#define BITS(i, m, v) { ARG_EQ, i, false, m, v }
#define ANYBIT(i, m)  { ARG_NE, i, false, m, 0 }
#define NOTNULL(i)    { ARG_NE, i, true, UINT64_MAX, 0 }

#define ROW(n, ...) { .nr = __NR_##n, .name = #n, __VA_ARGS__ }
#define TEST(...)   .test = { __VA_ARGS__ }
#define JUDGE(n, o, h, w, ...) \
	ROW(n, .action = CALL_JUDGE, .ops = (o), .handler = (h), .why = (w), ##__VA_ARGS__)
#define REFUSE(n, e, w, ...) ROW(n, .action = CALL_REFUSE, .err = (e), .why = (w), ##__VA_ARGS__)
#define FREE(n, w, ...)	     ROW(n, .action = CALL_FREE, .why = (w), ##__VA_ARGS__)
#define NOTE(n, h, w, ...)   ROW(n, .action = CALL_NOTE, .handler = (h), .why = (w), ##__VA_ARGS__)

#define CHANGES (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))
#define OPENS	(OP(READ) | OP(WRITE) | OP(LIST))
/* The protocols whose sends are understood: SCTP, DCCP and SMC connect in ways of their own. */
#define INET_ROWS(family, icmp)                                                                   \
	FREE(socket, "what it sends to is judged", TEST(EQ(0, family), EQ(2, 0))),                 \
	FREE(socket, "what it sends to is judged", TEST(EQ(0, family), EQ(2, IPPROTO_TCP))),       \
	FREE(socket, "what it sends to is judged", TEST(EQ(0, family), EQ(2, IPPROTO_UDP))),       \
	FREE(socket, "what it sends to is judged", TEST(EQ(0, family), EQ(2, IPPROTO_UDPLITE))),   \
	FREE(socket, "what it sends to is judged", TEST(EQ(0, family), EQ(2, icmp))),              \
	REFUSE(socket, EPROTONOSUPPORT, "connects without connect()", TEST(EQ(0, family)))
#define CREDS	"credentials change: later calls are performed with the new ones"

/* Rows of one call stand together and are tried in order. */
const struct call call_table[] = {
	/* --- files: open ------------------------------------------------------------------------ */
#ifdef __NR_open
	FREE(open, "O_PATH gives no content; what is done with it is judged", TEST(BITS(1, O_PATH, O_PATH))),
	FREE(open, "no rule on reading", TEST(BITS(1, CHANGES, 0)), .free_ops = OP(READ) | OP(LIST)),
	JUDGE(open, OPENS, call_open, "names a file"),
#endif
	FREE(openat, "O_PATH gives no content; what is done with it is judged",
	     TEST(BITS(2, O_PATH, O_PATH))),
	FREE(openat, "no rule on reading", TEST(BITS(2, CHANGES, 0)), .free_ops = OP(READ) | OP(LIST)),
	JUDGE(openat, OPENS, call_openat, "names a file"),
	JUDGE(openat2, OPENS, call_openat2, "names a file; its flags are memory"),
#ifdef __NR_creat
	JUDGE(creat, OPENS, call_creat, "names a file"),
#endif

	/* --- files: changes of names and metadata ------------------------------------------------- */
#ifdef __NR_unlink
	JUDGE(unlink, OPS_CHANGE, call_unlink, "names a file"),
	JUDGE(rmdir, OPS_CHANGE, call_rmdir, "names a directory"),
	JUDGE(rename, OPS_FILE, call_rename, "names two files"),
	JUDGE(link, OPS_FILE, call_link, "a second name for a file"),
	JUDGE(symlink, OPS_CHANGE, call_symlink, "names a file"),
	JUDGE(mkdir, OPS_CHANGE, call_mkdir, "names a directory"),
	JUDGE(mknod, OPS_CHANGE, call_mknod, "names a file"),
	JUDGE(chmod, OPS_CHANGE, call_chmod, "names a file"),
	JUDGE(chown, OPS_CHANGE, call_chown, "names a file"),
	JUDGE(lchown, OPS_CHANGE, call_lchown, "names a file"),
	JUDGE(utime, OPS_CHANGE, call_utime, "names a file"),
	JUDGE(utimes, OPS_CHANGE, call_utimes, "names a file"),
	JUDGE(futimesat, OPS_CHANGE, call_futimesat, "names a file"),
#endif
	JUDGE(unlinkat, OPS_CHANGE, call_unlinkat, "names a file"),
#ifdef __NR_renameat
	JUDGE(renameat, OPS_FILE, call_renameat, "names two files"),
#endif
	JUDGE(renameat2, OPS_FILE, call_renameat2, "names two files"),
	JUDGE(linkat, OPS_FILE, call_linkat, "a second name for a file"),
	JUDGE(symlinkat, OPS_CHANGE, call_symlinkat, "names a file"),
	JUDGE(mkdirat, OPS_CHANGE, call_mkdirat, "names a directory"),
	JUDGE(mknodat, OPS_CHANGE, call_mknodat, "names a file"),
	JUDGE(truncate, OPS_CHANGE, call_truncate, "names a file"),
	JUDGE(fchmodat, OPS_CHANGE, call_fchmodat, "names a file"),
	JUDGE(fchmodat2, OPS_CHANGE, call_fchmodat2, "names a file"),
	JUDGE(fchmod, OPS_CHANGE, call_fchmod, "a read-only descriptor suffices for it"),
	JUDGE(fchownat, OPS_CHANGE, call_fchownat, "names a file"),
	JUDGE(fchown, OPS_CHANGE, call_fchown, "a read-only descriptor suffices for it"),
	JUDGE(utimensat, OPS_CHANGE, call_utimensat, "names a file, or a read-only descriptor"),
	JUDGE(setxattr, OPS_CHANGE, call_setxattr, "names a file"),
	JUDGE(lsetxattr, OPS_CHANGE, call_lsetxattr, "names a file"),
	JUDGE(fsetxattr, OPS_CHANGE, call_fsetxattr, "a read-only descriptor suffices for it"),
	JUDGE(removexattr, OPS_CHANGE, call_removexattr, "names a file"),
	JUDGE(lremovexattr, OPS_CHANGE, call_lremovexattr, "names a file"),
	JUDGE(fremovexattr, OPS_CHANGE, call_fremovexattr, "a read-only descriptor suffices for it"),
	REFUSE(setxattrat, ENOSYS, "new twin of setxattr; callers fall back"),
	REFUSE(removexattrat, ENOSYS, "new twin of removexattr; callers fall back"),
	REFUSE(file_setattr, ENOSYS, "new twin of an ioctl; callers fall back"),

	/* --- programs ----------------------------------------------------------------------------- */
	JUDGE(execve, OP(EXEC), call_execve, "names a program"),
	JUDGE(execveat, OP(EXEC), call_execveat, "names a program"),

	/* --- network ------------------------------------------------------------------------------ */
	JUDGE(connect, OP(CONNECT), call_connect, "names a destination"),
	JUDGE(bind, OP(CONNECT) | OPS_CHANGE, call_bind, "may make a socket file"),
	REFUSE(sendto, EOPNOTSUPP, "TCP Fast Open connects without connect()",
	       TEST(BITS(3, MSG_FASTOPEN, MSG_FASTOPEN))),
	JUDGE(sendto, OP(CONNECT), call_sendto, "names a destination", TEST(NOTNULL(4))),
	REFUSE(sendmsg, EOPNOTSUPP, "TCP Fast Open connects without connect()",
	       TEST(BITS(2, MSG_FASTOPEN, MSG_FASTOPEN))),
	JUDGE(sendmsg, OP(CONNECT), call_sendmsg, "may name a destination, in memory"),
	REFUSE(sendmmsg, EOPNOTSUPP, "TCP Fast Open connects without connect()",
	       TEST(BITS(3, MSG_FASTOPEN, MSG_FASTOPEN))),
	JUDGE(sendmmsg, OP(CONNECT), call_sendmmsg, "may name destinations, in memory"),
	REFUSE(socket, EPERM, "raw sockets see and send anything",
	       TEST(EQ(0, AF_INET), BITS(1, 0xf, SOCK_RAW))),
	REFUSE(socket, EPERM, "raw sockets see and send anything",
	       TEST(EQ(0, AF_INET6), BITS(1, 0xf, SOCK_RAW))),
	REFUSE(socket, EPERM, "packet sockets see and send anything",
	       TEST(EQ(0, AF_INET), BITS(1, 0xf, SOCK_PACKET))),
	FREE(socket, "what it sends to is judged", TEST(EQ(0, AF_UNIX))),
	INET_ROWS(AF_INET, IPPROTO_ICMP),
	INET_ROWS(AF_INET6, IPPROTO_ICMPV6),
	FREE(socket, "route netlink: reading addresses", TEST(EQ(0, AF_NETLINK), EQ(2, 0))),
	REFUSE(socket, EPROTONOSUPPORT, "netlink beyond routes", TEST(EQ(0, AF_NETLINK))),
	REFUSE(socket, EAFNOSUPPORT, "families that no rule can speak of"),

	/* --- what changes the meaning of later calls ------------------------------------------------ */
	NOTE(chroot, note_root, "names are resolved in the target's root from now on"),
	NOTE(clone, note_clone, "a descriptor table shared across processes",
	     TEST(BITS(0, CLONE_FILES | CLONE_THREAD, CLONE_FILES))),
	NOTE(clone, note_clone, CREDS, TEST(BITS(0, CLONE_NEWUSER, CLONE_NEWUSER)), .privileged = true),
	REFUSE(clone3, ENOSYS, "its flags are memory; libc falls back to clone"),
	NOTE(unshare, note_creds, CREDS, TEST(BITS(0, CLONE_NEWUSER, CLONE_NEWUSER)), .privileged = true),
	NOTE(setuid, note_creds, CREDS, .privileged = true),
	NOTE(setgid, note_creds, CREDS, .privileged = true),
	NOTE(setreuid, note_creds, CREDS, .privileged = true),
	NOTE(setregid, note_creds, CREDS, .privileged = true),
	NOTE(setresuid, note_creds, CREDS, .privileged = true),
	NOTE(setresgid, note_creds, CREDS, .privileged = true),
	NOTE(setfsuid, note_creds, CREDS, .privileged = true),
	NOTE(setfsgid, note_creds, CREDS, .privileged = true),
	NOTE(setgroups, note_creds, CREDS, .privileged = true),
	NOTE(capset, note_creds, CREDS, .privileged = true),
	NOTE(prctl, note_creds, CREDS, TEST(EQ(0, PR_CAPBSET_DROP)), .privileged = true),
	NOTE(prctl, note_creds, CREDS, TEST(EQ(0, PR_SET_SECUREBITS)), .privileged = true),
	NOTE(prctl, note_creds, CREDS, TEST(EQ(0, PR_CAP_AMBIENT)), .privileged = true),
	REFUSE(prctl, 0, "a process that cannot be read cannot be judged: answered, not done",
	       TEST(EQ(0, PR_SET_DUMPABLE), EQ(1, 0))),
	REFUSE(prctl, EPERM, "would fake the program's name", TEST(EQ(0, PR_SET_MM))),

	NOTE(prlimit64, note_prlimit, "limits of processes outside", TEST(ANYBIT(0, UINT32_MAX), NOTNULL(2))),

	/* --- refused ------------------------------------------------------------------------------ */
	REFUSE(io_uring_setup, ENOSYS, "opens and connects without system calls"),
	REFUSE(io_uring_enter, ENOSYS, "opens and connects without system calls"),
	REFUSE(io_uring_register, ENOSYS, "opens and connects without system calls"),
	REFUSE(landlock_create_ruleset, EOPNOTSUPP,
	       "performed calls would not be bound by an inner domain: better none than one that lies"),
	REFUSE(landlock_add_rule, EOPNOTSUPP, "see landlock_create_ruleset"),
	REFUSE(landlock_restrict_self, EOPNOTSUPP, "see landlock_create_ruleset"),
	REFUSE(name_to_handle_at, EPERM, "opens by handle, without a name"),
	REFUSE(open_by_handle_at, EPERM, "opens by handle, without a name"),
	NOTE(mount, refuse_mount, "a second name for files: refused, and told"),
	REFUSE(umount2, EPERM, "uncovers files"),
	REFUSE(pivot_root, EPERM, "another tree of names"),
	NOTE(open_tree, refuse_mount, "a second name for files: refused, and told"),
	REFUSE(open_tree_attr, EPERM, "a second name for files"),
	NOTE(move_mount, refuse_mount, "a second name for files: refused, and told"),
	NOTE(fsopen, refuse_mount, "a second name for files: refused, and told"),
	REFUSE(fsconfig, EPERM, "a second name for files"),
	REFUSE(fsmount, EPERM, "a second name for files"),
	REFUSE(fspick, EPERM, "a second name for files"),
	REFUSE(mount_setattr, EPERM, "changes mounts"),
	REFUSE(setns, EPERM, "another tree of names"),
	REFUSE(bpf, EPERM, "code in the kernel"),
	REFUSE(perf_event_open, EPERM, "sees other processes"),
	REFUSE(userfaultfd, EPERM, "stops the supervisor's reads at will"),
	REFUSE(add_key, EPERM, "kernel keys"),
	REFUSE(request_key, EPERM, "kernel keys; runs helpers as root"),
	REFUSE(keyctl, EPERM, "kernel keys"),
	REFUSE(init_module, EPERM, "code in the kernel"),
	REFUSE(finit_module, EPERM, "code in the kernel"),
	REFUSE(delete_module, EPERM, "code in the kernel"),
	REFUSE(kexec_load, EPERM, "another kernel"),
	REFUSE(kexec_file_load, EPERM, "another kernel"),
	REFUSE(reboot, EPERM, "the machine"),
	REFUSE(swapon, EPERM, "the machine"),
	REFUSE(swapoff, EPERM, "the machine"),
	REFUSE(acct, EPERM, "the kernel writes a file that it names"),
	REFUSE(quotactl, EPERM, "the machine"),
	REFUSE(quotactl_fd, EPERM, "the machine"),
	REFUSE(syslog, EPERM, "the kernel's log"),
#ifdef __NR_iopl
	REFUSE(iopl, EPERM, "the machine's ports"),
	REFUSE(ioperm, EPERM, "the machine's ports"),
#endif
#ifdef __NR_uselib
	REFUSE(uselib, ENOSYS, "opens a file by name; unused since libc5"),
#endif
	REFUSE(ioctl, EPERM, "types into the terminal", TEST(EQ(1, TIOCSTI))),
	REFUSE(ioctl, EPERM, "pastes into the terminal", TEST(EQ(1, TIOCLINUX))),
};

const size_t call_table_len = ARRAY_SIZE(call_table);

bool call_row_active(const struct call *c, const struct policy *p, bool privileged)
{
	if (c->privileged && !privileged)
		return false;
	for (int op = 0; op < POLICY_OP_COUNT; op++) {
		bool matters = policy_op_matters(p, (enum policy_op)op);

		if (matters && (c->free_ops & (1u << op)))
			return false;
		if (matters && (c->ops & (1u << op)))
			return true;
	}
	return c->action != CALL_JUDGE;
}

static bool call_test_holds(const struct arg_test *t, const uint64_t args[6])
{
	uint64_t v = t->wide ? args[t->arg] : (uint32_t)args[t->arg];

	if (t->cmp == ARG_NONE)
		return true;
	return ((v & t->mask) == t->value) == (t->cmp == ARG_EQ);
}

static bool call_holds(const struct call *c, const uint64_t args[6])
{
	if (c->action != CALL_JUDGE && c->action != CALL_NOTE)
		return false;
	for (int t = 0; t < CALL_TESTS_MAX; t++)
		if (!call_test_holds(&c->test[t], args))
			return false;
	return true;
}

/* Where the rows of each call begin, plus one: the table is searched once, not at every notification. */
static uint8_t call_first[CALL_NR_NEWEST + 1];
static_assert(ARRAY_SIZE(call_table) < UINT8_MAX, "call_first holds row numbers in a byte");

__attribute__((constructor)) static void call_index(void)
{
	for (size_t i = call_table_len; i-- > 0;)
		call_first[call_table[i].nr] = (uint8_t)(i + 1);
}

const struct call *call_find(int nr, const uint64_t args[6])
{
	if (nr < 0 || nr > CALL_NR_NEWEST || !call_first[nr])
		return NULL;
	for (size_t i = call_first[nr] - 1u; i < call_table_len && call_table[i].nr == nr; i++)
		if (call_holds(&call_table[i], args))
			return &call_table[i];
	return NULL;
}
