/* net - destinations: connect, bind and sends that name one are performed on a duplicate of the
 * target's socket, with our copy of the address. */
#pragma once

#include "seccomp/notif.h"

/* Socket files that targets of this tree bound: connecting to them is never a way out. */
struct sock_table *sock_table_new(void);
void sock_table_free(struct sock_table *t);

struct stat;

/* Is the socket file @st, known as @path, one of those? */
bool sock_bound_here(struct supervisor *s, const struct stat *st, const char *path);
