/* plan - `crust plan`: which rule is enforced by which mechanism, and what is not enforced at run time.
 * Prints; decides nothing. */
#pragma once

#include "base/base.h"
#include "launcher/tool.h"

/* The report for @p, without the calls that the filter traps. */
void plan_print(const struct policy *p, const struct tool_place *place, FILE *out);

/* The subcommand. Return: the exit status, see enum tool_exit. */
int plan_main(int argc, char **argv);
