/* exec - programs. The supervisor judges its own copy of path and argv, lets the kernel run the call,
 * and compares what really runs at the new image's first mediated call: exec.c. */
#pragma once

#include "seccomp/notif.h"

struct exec_table *exec_table_new(void);
void exec_table_free(struct exec_table *t);

/* Before any call of a process whose exec was approved: is it what was approved? If not it is judged as
 * it really runs, and killed if that is denied. 0, or -EACCES: killed. */
int exec_verify(struct notif *n);
