/* path - words as paths and back: the one lexical join of shell/, which asks no file system, and quoting. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* The absolute, normalised path that @word means below @cwd: ~ and ~user, "." and "..", doubled slashes.
 * A ".." that follows something unknown (SHELL_UNKNOWN) stays, since nobody can tell what it takes away;
 * so does a word that starts with the unknown. Without @cwd a relative word comes back as it is. In @a, or @word itself;
 * NULL only without memory. */
const char *shell_path(struct arena *a, const char *cwd, const char *home, const char *word);

/* Does a path as shell_path() returns it say where the file is? */
bool shell_path_known(const char *path);

/* Append @word so that a shell reads it as one word; SHELL_UNKNOWN stays. */
void shell_quote(struct buf *b, const char *word);
