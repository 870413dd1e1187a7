/* The program: check the architecture; refuse numbers that nobody has looked at; then a binary search
 * over the numbers of the table, each leaf a list of rows. Calls that stand in no row go through after
 * some eight comparisons (and, since 5.11, after none: the kernel caches calls that are always allowed).
 *
 * Written with raw instructions: libseccomp 2.5 (Debian 12) can neither express "every number above N"
 * nor pass WAIT_KILLABLE_RECV, and the wake-up flags are raw ioctls anyway. */
#include "seccomp/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "seccomp/kernel.h"
#include "seccomp/landlock.h"
#include "seccomp/table.h"

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#else
#error "this architecture has no table yet"
#endif

#define DATA(f)	    ((uint32_t)offsetof(struct seccomp_data, f))
#define ARG_LO(i)   (DATA(args) + 8u * (uint32_t)(i)) /* both architectures are little endian */
#define ARG_HI(i)   (ARG_LO(i) + 4u)
#define RET_ERR(e)  (SECCOMP_RET_ERRNO | ((uint32_t)(e) & SECCOMP_RET_DATA))
#define INSNS_MAX   BPF_MAXINSNS
#define GROUPS_MAX  512

/* Rows of one call: [first, first + n) of a row list. */
struct group {
	int nr;
	size_t first, n;
};

struct emitter {
	struct sock_filter insns[INSNS_MAX];
	size_t n;
	bool overflow;
	const struct call *rows[GROUPS_MAX];
	size_t n_rows;
	struct group groups[GROUPS_MAX];
	size_t n_groups;
};

static size_t emit(struct emitter *e, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (e->n >= INSNS_MAX) {
		e->overflow = true;
		return 0;
	}
	e->insns[e->n] = (struct sock_filter){ code, jt, jf, k };
	return e->n++;
}

static void emit_ret(struct emitter *e, uint32_t value)
{
	emit(e, BPF_RET | BPF_K, 0, 0, value);
}

static void emit_load(struct emitter *e, uint32_t offset)
{
	emit(e, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

/* Jumps of conditions hold 8 bits; a BPF_JA after them holds 32. */
static void patch_ja(struct emitter *e, size_t at)
{
	if (!e->overflow)
		e->insns[at].k = (uint32_t)(e->n - at - 1);
}

/* Continue behind this comparison if the half at @offset, masked, is @value; else go to a JA, which
 * the caller patches. Returns that JA. */
static size_t emit_half(struct emitter *e, uint32_t offset, uint32_t mask, uint32_t value)
{
	emit_load(e, offset);
	if (mask != UINT32_MAX)
		emit(e, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	emit(e, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
	return emit(e, BPF_JMP | BPF_JA, 0, 0, 0);
}

/* Emit one test. Misses jump to the end of the row: their JAs go to @miss. */
static void emit_test(struct emitter *e, const struct arg_test *t, size_t *miss, size_t *n_miss)
{
	uint32_t lo_mask = (uint32_t)t->mask, hi_mask = (uint32_t)(t->mask >> 32);
	uint32_t lo = (uint32_t)t->value, hi = (uint32_t)(t->value >> 32);

	if (t->cmp == ARG_EQ) {
		miss[(*n_miss)++] = emit_half(e, ARG_LO(t->arg), lo_mask, lo);
		if (t->wide)
			miss[(*n_miss)++] = emit_half(e, ARG_HI(t->arg), hi_mask, hi);
		return;
	}
	/* Not equal: one half that differs is enough. */
	if (t->wide) {
		size_t differs = emit_half(e, ARG_HI(t->arg), hi_mask, hi), differs_too;

		differs_too = emit_half(e, ARG_LO(t->arg), lo_mask, lo);
		miss[(*n_miss)++] = emit(e, BPF_JMP | BPF_JA, 0, 0, 0);
		patch_ja(e, differs);
		patch_ja(e, differs_too);
	} else {
		size_t differs = emit_half(e, ARG_LO(t->arg), lo_mask, lo);

		miss[(*n_miss)++] = emit(e, BPF_JMP | BPF_JA, 0, 0, 0);
		patch_ja(e, differs);
	}
}

static uint32_t row_return(const struct call *c)
{
	switch (c->action) {
	case CALL_REFUSE:
		return RET_ERR(c->err);
	case CALL_FREE:
		return SECCOMP_RET_ALLOW;
	case CALL_JUDGE:
	case CALL_NOTE:
		break;
	}
	return SECCOMP_RET_USER_NOTIF;
}

static void emit_row(struct emitter *e, const struct call *c)
{
	size_t miss[2 * CALL_TESTS_MAX], n_miss = 0;

	for (int t = 0; t < CALL_TESTS_MAX && c->test[t].cmp != ARG_NONE; t++)
		emit_test(e, &c->test[t], miss, &n_miss);
	emit_ret(e, row_return(c));
	for (size_t i = 0; i < n_miss; i++)
		patch_ja(e, miss[i]);
}

static void emit_tree(struct emitter *e, size_t lo, size_t hi)
{
	size_t mid = (lo + hi) / 2, ja;
	const struct group *g = &e->groups[lo];

	if (hi - lo > 1) {
		emit(e, BPF_JMP | BPF_JGE | BPF_K, 0, 1, (uint32_t)e->groups[mid].nr);
		ja = emit(e, BPF_JMP | BPF_JA, 0, 0, 0);
		emit_tree(e, lo, mid);
		patch_ja(e, ja);
		emit_tree(e, mid, hi);
		return;
	}
	emit(e, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, (uint32_t)g->nr);
	emit_ret(e, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < g->n; i++)
		emit_row(e, e->rows[g->first + i]);
	emit_ret(e, SECCOMP_RET_ALLOW);
}

static int group_compare(const void *a, const void *b)
{
	return ((const struct group *)a)->nr - ((const struct group *)b)->nr;
}

static void group_rows(struct emitter *e, const struct call *rows, size_t n_rows,
		       const struct policy *p, bool privileged)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct group *last = e->n_groups ? &e->groups[e->n_groups - 1] : NULL;

		if (!call_row_active(&rows[i], p, privileged))
			continue;
		if (!last || last->nr != rows[i].nr)
			e->groups[e->n_groups++] = (struct group){ rows[i].nr, e->n_rows, 0 };
		e->rows[e->n_rows++] = &rows[i];
		e->groups[e->n_groups - 1].n++;
	}
	qsort(e->groups, e->n_groups, sizeof(e->groups[0]), group_compare);
}

/* Processes of ours that no call may name. With Landlock's scopes (ABI 6) signals are stopped there too;
 * the rest (limits, priorities) only here. A negative first argument of kill() names a process group. */
static void guard_rows(struct call *rows, size_t *n, int pid)
{
	static const struct {
		int nr;
		const char *name;
		uint8_t arg;
	} calls[] = {
		{ __NR_kill, "kill", 0 },
		{ __NR_tkill, "tkill", 0 },
		{ __NR_tgkill, "tgkill", 0 },
		{ __NR_rt_sigqueueinfo, "rt_sigqueueinfo", 0 },
		{ __NR_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", 0 },
		{ __NR_pidfd_open, "pidfd_open", 0 },
		{ __NR_prlimit64, "prlimit64", 0 },
		{ __NR_ptrace, "ptrace", 1 },
		{ __NR_process_vm_readv, "process_vm_readv", 0 },
		{ __NR_process_vm_writev, "process_vm_writev", 0 },
		{ __NR_sched_setaffinity, "sched_setaffinity", 0 },
		{ __NR_sched_setscheduler, "sched_setscheduler", 0 },
		{ __NR_sched_setattr, "sched_setattr", 0 },
		{ __NR_sched_setparam, "sched_setparam", 0 },
		{ __NR_migrate_pages, "migrate_pages", 0 },
	};

	for (size_t i = 0; pid > 0 && i < ARRAY_SIZE(calls); i++) {
		struct call row = {
			.nr = calls[i].nr,
			.name = calls[i].name,
			.action = CALL_REFUSE,
			.err = EPERM,
			.test = { { ARG_EQ, calls[i].arg, false, UINT32_MAX, (uint32_t)pid } },
			.why = "crust-run's own process",
		};

		rows[(*n)++] = row;
		if (calls[i].nr == __NR_kill) {
			row.test[0].value = (uint32_t)-pid;
			rows[(*n)++] = row;
		}
	}
}

static int row_compare(const void *a, const void *b)
{
	const struct call *x = *(const struct call *const *)a, *y = *(const struct call *const *)b;

	if (x->nr != y->nr)
		return x->nr - y->nr;
	return x < y ? -1 : x > y;
}

/* The table plus the guards, sorted by number, rows of one call in their order. */
static int rows_all(int supervisor_pid, int front_pid, struct call **ret, size_t *ret_n)
{
	struct call guards[64];
	autofree const struct call **order = NULL;
	autofree struct call *rows = NULL;
	size_t n_guards = 0, n;

	guard_rows(guards, &n_guards, supervisor_pid);
	guard_rows(guards, &n_guards, front_pid);
	if (supervisor_pid > 0 && landlock_abi() < 6)
		guards[n_guards++] = (struct call){ /* with scopes it stays in the tree */
			.nr = __NR_kill, .name = "kill", .action = CALL_REFUSE, .err = EPERM,
			.test = { { ARG_EQ, 0, false, UINT32_MAX, UINT32_MAX } },
			.why = "would reach crust-run",
		};
	n = call_table_len + n_guards;
	order = calloc(n, sizeof(*order));
	rows = calloc(n, sizeof(*rows));
	if (!order || !rows)
		return -ENOMEM;
	for (size_t i = 0; i < call_table_len; i++)
		order[i] = &call_table[i];
	for (size_t i = 0; i < n_guards; i++)
		order[call_table_len + i] = &guards[i];
	qsort(order, n, sizeof(*order), row_compare);
	for (size_t i = 0; i < n; i++)
		rows[i] = *order[i];
	*ret = take_ptr(rows);
	*ret_n = n;
	return 0;
}

static bool starts_privileged(void)
{
	char line[256];
	autofclose f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (str_starts(line, "CapPrm:"))
			return strtoull(line + 7, NULL, 16) != 0;
	}
	return true; /* unknown: trap more */
}

int filter_build(const struct policy *p, int supervisor_pid, int front_pid, struct filter *ret,
		 struct err *reterr)
{
	autofree struct emitter *e = calloc(1, sizeof(*e));
	autofree struct call *rows = NULL;
	size_t n_rows, n_bytes;

	if (!e || rows_all(supervisor_pid, front_pid, &rows, &n_rows) < 0)
		return err_set(reterr, ENOMEM, "no memory for the filter");
	group_rows(e, rows, n_rows, p, starts_privileged());

	emit_load(e, DATA(arch));
	emit(e, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, FILTER_ARCH);
	emit_ret(e, RET_ERR(ENOSYS)); /* i386 on x86-64: other numbers, other rules */
	emit_load(e, DATA(nr));
	emit(e, BPF_JMP | BPF_JGT | BPF_K, 0, 1, CALL_NR_NEWEST);
	emit_ret(e, RET_ERR(ENOSYS)); /* unknown, and x32, whose numbers carry bit 30 */
	emit_tree(e, 0, e->n_groups);
	if (e->overflow)
		return err_set(reterr, E2BIG, "the filter passes %d instructions", INSNS_MAX);
	n_bytes = e->n * sizeof(e->insns[0]);
	*ret = (struct filter){ .insns = malloc(n_bytes), .n_insns = e->n };
	if (!ret->insns)
		return err_set(reterr, ENOMEM, "no memory for the filter");
	memcpy(ret->insns, e->insns, n_bytes);
	return 0;
}

void filter_done(struct filter *f)
{
	free(f->insns);
	*f = (struct filter){ 0 };
}

static int seccomp(unsigned op, unsigned flags, const void *args)
{
	return (int)syscall(__NR_seccomp, op, flags, args);
}

int filter_install(const struct filter *f, bool *ret_killable, struct err *reterr)
{
	struct sock_fprog prog = { (unsigned short)f->n_insns, f->insns };
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int fd;

	/* Without WAIT_KILLABLE_RECV a signal that arrives while a call is performed makes the target
	 * repeat it: a second mkdir() would find the first one's directory. */
	*ret_killable = true;
	fd = seccomp(SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (fd < 0 && errno == EINVAL) {
		*ret_killable = false;
		fd = seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
	}
	if (fd < 0 && errno == EBUSY)
		return err_set(reterr, EBUSY,
			       "another seccomp listener watches this process already (a crust-run around "
			       "this one, a container with a notify agent, or WSL's mirrored networking), "
			       "and the kernel allows one only");
	if (fd < 0)
		return err_set(reterr, errno, "the kernel refuses a seccomp listener: %s",
			       strerror(errno));
	return fd;
}

static const char *print_return(uint32_t k, char *buf, size_t size)
{
	switch (k & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_USER_NOTIF:
		return "notify";
	case SECCOMP_RET_ERRNO:
		(void)snprintf(buf, size, "errno %s", /* bounded by its size */
			       (k & SECCOMP_RET_DATA) ? strerrorname_np((int)(k & SECCOMP_RET_DATA)) : "0");
		return buf;
	default:
		return "?";
	}
}

void filter_print(const struct filter *f, FILE *out)
{
	for (size_t i = 0; i < f->n_insns; i++) {
		const struct sock_filter *in = &f->insns[i];
		char buf[32];

		fprintf(out, "%4zu  ", i);
		switch (in->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (in->k >= DATA(args))
				fprintf(out, "load  arg%u.%s\n", (in->k - DATA(args)) / 8,
					(in->k & 4) ? "high" : "low");
			else
				fprintf(out, "load  %s\n", in->k == DATA(nr) ? "nr" : "arch");
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			fprintf(out, "and   0x%x\n", in->k);
			break;
		case BPF_JMP | BPF_JA:
			fprintf(out, "jump  %zu\n", i + 1 + in->k);
			break;
		case BPF_RET | BPF_K:
			fprintf(out, "ret   %s\n", print_return(in->k, buf, sizeof(buf)));
			break;
		default:
			fprintf(out, "if %s %u  then %zu else %zu\n",
				BPF_OP(in->code) == BPF_JEQ   ? "==" :
				BPF_OP(in->code) == BPF_JGE ? ">=" :
								">",
				in->k, i + 1 + in->jt, i + 1 + in->jf);
		}
	}
}

void filter_print_calls(const struct policy *p, FILE *out)
{
	static const char *const actions[] = {
		[CALL_JUDGE] = "judged", [CALL_NOTE] = "noted", [CALL_REFUSE] = "refused", [CALL_FREE] = "free"
	};
	bool privileged = starts_privileged();

	for (size_t i = 0; i < call_table_len; i++) {
		const struct call *c = &call_table[i];
		const char *sep = " for ";

		if (!call_row_active(c, p, privileged))
			continue;
		fprintf(out, "  %-8s %-22s %s", actions[c->action], c->name, c->why);
		for (int op = 0; op < POLICY_OP_COUNT; op++) {
			if (!(c->ops & (1u << op)) || !policy_op_matters(p, (enum policy_op)op))
				continue;
			fprintf(out, "%s%s", sep, policy_op_name((enum policy_op)op));
			sep = ", ";
		}
		fputc('\n', out);
	}
}
