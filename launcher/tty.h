/* tty - the controlling terminal, as the user left it and as a shell would hand it on. The agent may make
 * itself a process group of its own (interactive shells do); without us it would be the group that the
 * user's shell knows. So what that shell gives to our group, we pass on. */
#pragma once

#include "base/base.h"

#include <sys/types.h>
#include <termios.h>

struct tty {
	int fd;	    /* -1: there is none */
	bool saved; /* we started in the foreground: modes are ours to restore */
	struct termios modes;
};

void tty_open(struct tty *ret);

/* Is @group in the foreground? */
bool tty_is_foreground(const struct tty *t, pid_t group);

/* Put @group in the foreground, if we are there. */
void tty_hand_over(const struct tty *t, pid_t group);

/* After an agent that was killed and could not tidy up: take the foreground back if it belongs to a group
 * that no longer exists; then, if we are in the foreground, put the modes back. */
void tty_restore(const struct tty *t);
