/* arena - memory that is taken in pieces and given back all at once. Every
 * allocation is zeroed; NULL means out of memory, and the arena stays usable. Not for threads. */
#pragma once

#include "base/base.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
};

void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
void arena_done(struct arena *a);
void arena_reset(struct arena *a); /* give everything back, but keep one chunk for what comes next */

/* Room for one more element of @size bytes behind @n of them: returns the array, moved when it was
 * full. */
void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size);

/* A list of strings that live in the arena. */
struct strlist {
	const char **v;
	size_t n, cap;
};

int strlist_add(struct arena *a, struct strlist *l,
		const char *s); /* 0 or -ENOMEM; s is not copied */
