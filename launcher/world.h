/* world - this machine as the pipeline sees it: symbolic and hard links, PATH, globs, small files. Looks, changes
 * nothing, never logs. For the programs that judge questions (`crust check`); at run time the
 * supervisor judges what it opens. */
#pragma once

#include "launcher/tool.h"
#include "policy/pipeline.h"

struct world;

/* @place and @p (not owned) must outlive it. NULL: no memory. */
struct world *world_new(const struct tool_place *place, const struct policy *p);
struct world *world_free(struct world *w); /* NULL is fine; returns NULL */
const struct pipeline_world *world_view(const struct world *w);
