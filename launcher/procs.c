#include "launcher/procs.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

int proc_stat_read(pid_t pid, struct proc_stat *ret)
{
	char path[32], text[1024];
	struct proc_stat st = { 0 };
	autoclose fd = -1;
	const char *p;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid); /* fits */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	p = strrchr(text, ')'); /* the program's name may hold anything, also spaces and brackets */
	if (!p || sscanf(p + 1,
			 " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			 &st.state, &st.ppid, &st.start) != 3)
		return -EBADMSG;
	*ret = st;
	return 0;
}

bool proc_is_stopped(pid_t pid)
{
	struct proc_stat st;

	return proc_stat_read(pid, &st) == 0 && (st.state == 'T' || st.state == 't');
}

/* Kill one generation: our children that are not dead yet. Returns how many. */
static size_t kill_children(DIR *proc, unsigned long long since)
{
	size_t killed = 0;
	struct dirent *d;

	rewinddir(proc);
	while ((d = readdir(proc))) {
		pid_t pid = (pid_t)strtoul(d->d_name, NULL, 10);
		struct proc_stat st;

		if (pid <= 0 || proc_stat_read(pid, &st) < 0)
			continue;
		if (st.ppid != getpid() || st.start < since)
			continue;
		if (kill(pid, SIGKILL) < 0) /* a zombie, too: it may be a leader with living threads */
			continue;	    /* not ours to kill: cannot happen below no_new_privs */
		(void)waitpid(pid, NULL, __WALL); /* it cannot refuse to die */
		killed++;
	}
	return killed;
}

void procs_kill_below(unsigned long long since)
{
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	while (kill_children(proc, since))
		;
	(void)closedir(proc); /* read only */
}

bool procs_group_is_orphaned(void)
{
	pid_t session = getsid(0), group = getpgrp();
	struct proc_stat st;

	for (pid_t p = getppid(); p > 0 && getsid(p) == session; p = st.ppid) {
		if (getpgid(p) != group)
			return false;
		if (proc_stat_read(p, &st) < 0)
			return false; /* unknown: a stop that is honoured can be undone by the user */
	}
	return true;
}

static void let_go_of(int first, int last)
{
	autoclose null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = first; null >= 0 && fd <= last; fd++)
		(void)dup2(null, fd); /* worst case: it stays what it was */
}

void procs_let_go_of_files(void)
{
	DIR *fds;
	struct dirent *d;

	let_go_of(STDIN_FILENO, STDOUT_FILENO);
	fds = opendir("/proc/self/fd");
	if (!fds)
		return;
	while ((d = readdir(fds))) {
		int fd = (int)strtoul(d->d_name, NULL, 10);
		int flags = fcntl(fd, F_GETFD);

		if (fd > STDERR_FILENO && flags >= 0 && !(flags & FD_CLOEXEC))
			(void)close(fd); /* not ours, nothing buffered */
	}
	(void)closedir(fds); /* read only */
}

void procs_let_go_of_stderr(void)
{
	let_go_of(STDERR_FILENO, STDERR_FILENO);
}
