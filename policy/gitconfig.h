/* gitconfig - reads git's configuration syntax (git-config(1), "SYNTAX") entry by entry, from
 * memory, without allocating. Stricter than git: what git merely tolerates is an error here. */
#pragma once

#include "base/base.h"

#define GITCONFIG_NAME_MAX  512
#define GITCONFIG_VALUE_MAX 8192
#define GITCONFIG_SIZE_MAX  ((size_t)256 << 10)

struct gitconfig_entry {
	char section[GITCONFIG_NAME_MAX]; /* lower case */
	char sub[GITCONFIG_NAME_MAX];  /* as written (lower case in the old [a.b] form); "" if none
					*/
	char name[GITCONFIG_NAME_MAX]; /* lower case */
	char value[GITCONFIG_VALUE_MAX];
	bool has_value; /* false for a bare name, which means true */
	unsigned line;
};

struct gitconfig {
	const char *p, *end;
	unsigned line;
	bool in_section;
	struct gitconfig_entry e;
};

void gitconfig_init(struct gitconfig *g, const char *text, size_t len);

/* The next entry into g->e. Return 1, 0 at the end, -EBADMSG for anything not understood (g->line).
 */
int gitconfig_next(struct gitconfig *g);
