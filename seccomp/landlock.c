#include "seccomp/landlock.h"

#include <sys/syscall.h>

#include "seccomp/kernel.h"

/* The kernel's struct landlock_ruleset_attr grows; this is its form at ABI 6. Shorter ones are accepted. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

#define CREATE_RULESET_VERSION 1u
#define ACCESS_FS_MAKE_BLOCK   (1ULL << 11)

int landlock_abi(void)
{
	int abi = (int)syscall(__NR_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? -errno : abi;
}

int landlock_scope(int abi, struct err *reterr)
{
	struct ruleset_attr attr = { 0 };
	size_t size = sizeof(attr);
	autoclose fd = -1;

	if (abi >= 6) {
		attr.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_ | LANDLOCK_SCOPE_SIGNAL_;
	} else {
		/* A domain must handle something. Making block devices is refused anyway; the domain
		 * then still forbids tracing from inside to outside. */
		attr.handled_access_fs = ACCESS_FS_MAKE_BLOCK;
		size = sizeof(attr.handled_access_fs);
	}
	fd = (int)syscall(__NR_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return err_set(reterr, errno, "cannot make a Landlock ruleset: %s", strerror(errno));
	if (syscall(__NR_landlock_restrict_self, fd, 0) < 0)
		return err_set(reterr, errno, "cannot enter a Landlock domain: %s", strerror(errno));
	return 0;
}
