/* caps - what is left of root's capabilities for the agent: those that package managers, containers'
 * build steps and servers on low ports need; none that reach the kernel, devices, mounts or strangers'
 * memory. With no_new_privs nothing below can get them back. */
#pragma once

#include "base/err.h"

/* Cut the calling thread's bounding, permitted, effective, inheritable and ambient sets. Does nothing
 * for a process without capabilities. Return 0 or -errno with @reterr. */
int caps_cut(struct err *reterr);
