/* caps - what is left of root's capabilities for the agent: those that package managers, containers'
 * build steps and servers on low ports need; none that reach the kernel, devices, mounts or strangers'
 * memory. With no_new_privs nothing below can get them back. */
#pragma once

#include "base/err.h"

/* For the agent, and @supervisor: for the process that performs its calls, which must have no right that
 * the agent has not, but CAP_SYS_PTRACE: targets of other uids must be read. Cut the calling thread's bounding, permitted, effective, inheritable and ambient sets. Does nothing
 * for a process without capabilities. Return 0 or -errno with @reterr. */
int caps_cut(bool supervisor, struct err *reterr);
