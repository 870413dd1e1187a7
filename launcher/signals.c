#include "launcher/signals.h"

#include <sys/signalfd.h>

void signals_take(struct signals *ret)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS };
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t all;

	(void)sigfillset(&all); /* cannot fail */
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		(void)sigdelset(&all, faults[i]); /* cannot fail */
	(void)sigprocmask(SIG_BLOCK, &all, &ret->mask);	 /* cannot fail */
	(void)sigaction(SIGCHLD, &dfl, &ret->chld);	 /* cannot fail */
}

void signals_give_back(const struct signals *s)
{
	(void)sigaction(SIGCHLD, &s->chld, NULL);	    /* cannot fail */
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL); /* cannot fail */
}

int signals_fd(const int *list)
{
	sigset_t set;
	int fd;

	if (*list)
		(void)sigemptyset(&set); /* cannot fail */
	else
		(void)sigfillset(&set); /* cannot fail */
	for (; *list; list++)
		(void)sigaddset(&set, *list); /* numbers from signal.h */
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
