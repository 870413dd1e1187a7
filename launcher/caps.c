#include "launcher/caps.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const uint8_t kept[] = {
	CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_FSETID,		 CAP_KILL,	 CAP_SETGID,
	CAP_SETUID, CAP_SETPCAP,      CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_AUDIT_WRITE,
};

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		mask |= 1ULL << kept[i];
	return mask;
}

static void cut_sets(struct __user_cap_data_struct data[2], uint64_t mask)
{
	for (int half = 0; half < 2; half++) {
		uint32_t m = (uint32_t)(mask >> (32 * half));

		data[half].permitted &= m;
		data[half].effective &= m;
		data[half].inheritable &= m;
	}
}

/* The bounding set binds what file capabilities and uid 0 could give on exec. no_new_privs forbids the
 * same, so a process that may not change it (no CAP_SETPCAP) is bound all the same. */
static int cut_bounding(uint64_t mask, struct err *reterr)
{
	for (int cap = 0; cap < 64; cap++) {
		int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (held < 0)
			return 0; /* beyond the last one of this kernel */
		if (!held || (mask & (1ULL << cap)))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
			return err_set(reterr, errno, "cannot drop capability %d: %s", cap,
				       strerror(errno));
	}
	return 0;
}

int caps_cut(bool supervisor, struct err *reterr)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t mask = kept_mask() | (supervisor ? 1ULL << CAP_SYS_PTRACE : 0);

	if (syscall(SYS_capget, &head, data) < 0)
		return err_set(reterr, errno, "cannot read capabilities: %s", strerror(errno));
	if (!(data[0].permitted | data[1].permitted | data[0].inheritable | data[1].inheritable))
		return 0;
	if (cut_bounding(mask, reterr) < 0)
		return -reterr->code;
	cut_sets(data, mask);
	if (syscall(SYS_capset, &head, data) < 0) /* cuts the ambient set as well */
		return err_set(reterr, errno, "cannot cut capabilities: %s", strerror(errno));
	return 0;
}
