/* content-commands - what a file would run later, when an ordinary command looks at it: recipes of a Makefile,
 * scripts of a package.json, steps of a workflow. Told by the file's name and shape; a table
 * (content-commands.c). Pure but for the caller's arena; linear in the content. */
#pragma once

#include "base/arena.h"
#include "base/base.h"

#define CONTENT_COMMANDS_MAX 1024

struct content_command {
	const char *text; /* shell text, what is not known of it SHELL_UNKNOWN; or program code */
	size_t len;
	const char *lang; /* NULL: shell text; else "python", "javascript"… */
	unsigned line;	  /* where in the file it begins, from 1 */
	const char *kind; /* "make recipe", "npm script"…; lives for ever */
	bool unasked;	  /* run by something else than a command that names it: on install, checkout, login */
};

/* Return how many, in the order they were found, at most CONTENT_COMMANDS_MAX. What is there but cannot be told
 * (more than that, no memory) is a last command whose text is SHELL_UNKNOWN and whose kind is "unreadable". A
 * piece of a file (what an edit puts in) is read as far as it goes. */
size_t content_commands(struct arena *arena, const char *path, const char *content, size_t len,
			struct content_command **ret);
