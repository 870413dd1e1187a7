/* arena - memory that is taken in pieces and given back all at once. Every
 * allocation is zeroed; NULL means out of memory, and the arena stays usable. Not for threads. {0} is
 * an empty arena. */
#pragma once

#include "base/base.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	char *base; /* of one stretch of addresses, see arena_reserve(); NULL: chunks only */
	size_t used, open, size; /* bytes of it: given out, made accessible, reserved */
};

/* Let everything lie in one stretch of memory that begins at @addr (page-aligned) and is at most @size bytes
 * long; for an empty arena. Return 0; -EEXIST if something is there already; another -errno. When the
 * stretch is full, the arena goes on elsewhere, and arena_one_piece() says false. */
int arena_reserve(struct arena *a, uintptr_t addr, size_t size);
/* The same, full, with @size bytes of a file, which this changes nothing in. */
int arena_map(struct arena *a, uintptr_t addr, size_t size, int fd);
bool arena_one_piece(const struct arena *a);

void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
void arena_done(struct arena *a);
void arena_reset(struct arena *a); /* give everything back, but keep one chunk for what comes next */

/* Room for one more element of @size bytes behind @n of them: returns the array, moved when it was
 * full. arena_room(): for @more elements. */
void *arena_room(struct arena *a, void *array, size_t n, size_t more, size_t *cap, size_t size);
void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size);

/* A list of strings that live in the arena. */
struct strlist {
	const char **v;
	size_t n, cap;
};

int strlist_add(struct arena *a, struct strlist *l,
		const char *s); /* 0 or -ENOMEM; s is not copied */
