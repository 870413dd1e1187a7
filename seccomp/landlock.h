/* landlock - the domains. No file rights: any of them would forbid mount() below (sandboxes inside).
 * landlock_scope() forbids signals, abstract sockets (ABI 6) and tracing (every ABI) from inside the
 * domain to outside. The supervisor enters one domain, the agent another one nested in it: so targets
 * reach neither the supervisor nor the world, and performed calls cannot reach the world either. */
#pragma once

#include "base/err.h"

/* ABI version (>= 1), or -errno: -ENOSYS, -EOPNOTSUPP when the kernel has none or it is off. */
int landlock_abi(void);

/* Put the calling thread (and its later children) into a new scoping domain. no_new_privs must be set.
 * Return 0, or -errno with @reterr. */
int landlock_scope(int abi, struct err *reterr);
