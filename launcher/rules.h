/* rules - the subcommand `crust rules`: what rules there are, and whether they are what was meant. */
#pragma once

#include "base/base.h"

int rules_main(int argc, char **argv);
