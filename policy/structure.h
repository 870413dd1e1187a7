/* structure - the conditions that go by what a text means (struct shell_analysis), by a tool call, or by content.
 * Pure; works on the caller's stack. */
#pragma once

#include "policy/rules.h"
#include "shell/shell.h"

#define SCENE_EFFECTS_MAX 64

/* Where a command stands in a pipeline, seen from the one that is asked about. */
enum relation { RELATION_NONE = 0, RELATION_EARLIER, RELATION_LATER };

/* One question, and what was found out for it so far. */
struct scene {
	const struct policy_action *a;
	const struct shell_command *self; /* the command that is asked about, or NULL */
	bool have_relations, have_effects;
	bool many_effects;			 /* more than own[] holds: look through all */
	uint32_t own[SCENE_EFFECTS_MAX], n_own; /* effects of self */
	uint8_t relation[SHELL_COMMANDS_MAX];
};

void scene_init(struct scene *s, const struct policy_action *a);

/* Do all conditions of @m hold that command_matches() does not know? @path as in decide.c: what path patterns speak of,
 * or NULL. @limit: see command_matches(). @s is NULL for an action without an analysis. */
bool structure_matches(struct scene *s, const struct policy_action *a, const char *path, const struct match *m, bool limit);
