/* tcsetpgrp() and tcsetattr() from the background raise SIGTTOU; it is blocked in our processes, and then
 * they are allowed (POSIX, tcsetpgrp). */
#include "launcher/tty.h"

#include <signal.h>

void tty_open(struct tty *ret)
{
	ret->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	ret->saved = tty_is_foreground(ret, getpgrp()) && tcgetattr(ret->fd, &ret->modes) == 0;
}

bool tty_is_foreground(const struct tty *t, pid_t group)
{
	return t->fd >= 0 && group > 0 && tcgetpgrp(t->fd) == group;
}

void tty_hand_over(const struct tty *t, pid_t group)
{
	if (tty_is_foreground(t, getpgrp()))
		(void)tcsetpgrp(t->fd, group); /* the group may be gone: then it stays with us */
}

static bool group_is_gone(pid_t group)
{
	return group > 0 && kill(-group, 0) < 0 && errno == ESRCH;
}

void tty_restore(const struct tty *t)
{
	if (t->fd < 0 || !t->saved)
		return;
	if (group_is_gone(tcgetpgrp(t->fd)))
		(void)tcsetpgrp(t->fd, getpgrp()); /* as a shell would */
	if (tty_is_foreground(t, getpgrp()))
		(void)tcsetattr(t->fd, TCSANOW, &t->modes); /* hung up: nothing to put back */
}
