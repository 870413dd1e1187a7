/* check - `crust check`: the verdict on one action a line, as the policy sees it, before anything is run.
 * A line that cannot be understood is answered with an error, never with an allow. For main-crust.c and
 * the tests; looks at the file system to resolve names, changes nothing. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "launcher/tool.h"

struct check;

enum check_result { CHECK_BAD = 0, CHECK_DENIED, CHECK_ALLOWED };

/* @place and @p (not owned) must outlive it. NULL: no memory. */
struct check *check_new(const struct tool_place *place, const struct policy *p, enum tool_explain explain);
struct check *check_free(struct check *c); /* NULL is fine; returns NULL */

/* Judge one line and put the answer, with its newline, into @out. */
enum check_result check_line(struct check *c, const char *line, size_t len, struct buf *out);

/* The subcommand. Return: the exit status, see enum tool_exit. */
int check_main(int argc, char **argv);
