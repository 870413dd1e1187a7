/* procs - other processes, seen through /proc: their state, and the end of everything below us. */
#pragma once

#include "base/base.h"

#include <sys/types.h>

struct proc_stat {
	char state; /* 'R', 'S', 'T', 'Z' … */
	pid_t ppid;
	unsigned long long start; /* clock ticks since boot */
};

/* Return 0, or -errno (-ESRCH: there is no such process). */
int proc_stat_read(pid_t pid, struct proc_stat *ret);

bool proc_is_stopped(pid_t pid);

/* SIGKILL every process below this one, generation by generation, and wait for them. Needs to be a child
 * subreaper: the children of what was killed become ours, and are next. Only children are killed, so
 * that no number can have passed on to a stranger. Spares children started before @since (ticks): who
 * was here before us is not ours. Returns when none is left. */
void procs_kill_below(unsigned long long since);

/* Would a process in our group be left running by the stop signals of the terminal, because no parent
 * outside the group could continue it (POSIX: orphaned process group)? Looks at our ancestors only. */
bool procs_group_is_orphaned(void);

/* Stop holding what belongs to the user and the agent: standard input and output become /dev/null, other
 * inherited descriptors are closed (ours are the ones with close-on-exec). Else readers of a pipe would
 * wait for us. */
void procs_let_go_of_files(void);

/* Standard error becomes /dev/null, too. */
void procs_let_go_of_stderr(void);
