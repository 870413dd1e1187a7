#include "base/arena.h"

#include <stdalign.h>

#define CHUNK_SIZE ((size_t)64 << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->head;
	size_t want;
	void *p;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!c || c->size - c->used < size) {
		want = MAX(size, CHUNK_SIZE);
		c = calloc(1, sizeof(*c) + want);
		if (!c)
			return NULL;
		c->size = want;
		c->next = a->head;
		a->head = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (p)
		memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

void arena_done(struct arena *a)
{
	struct arena_chunk *c = a->head;

	while (c) {
		struct arena_chunk *next = c->next;

		free(c);
		c = next;
	}
	a->head = NULL;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = a->head;
	struct arena rest;

	if (!keep)
		return;
	rest.head = keep->next;
	arena_done(&rest);
	keep->next = NULL;
	memset(keep->data, 0, keep->used);
	keep->used = 0;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size)
{
	size_t want;
	void *p;

	if (n < *cap)
		return array;
	want = *cap ? *cap * 2 : 4;
	p = arena_alloc(a, want * size);
	if (!p)
		return NULL;
	if (n)
		memcpy(p, array, n * size);
	*cap = want;
	return p;
}

int strlist_add(struct arena *a, struct strlist *l, const char *s)
{
	const char **v = arena_grow(a, l->v, l->n, &l->cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n++] = s;
	return 0;
}
