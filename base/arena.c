#include "base/arena.h"

#include <stdalign.h>
#include <sys/mman.h>

#define CHUNK_SIZE ((size_t)64 << 10)
#define ALIGNMENT  sizeof(uint64_t) /* nothing in an arena wants more, and half of it is short strings */
#define OPEN_STEP  ((size_t)1 << 20)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* since 4.17; older kernels take @addr for a hint */
#endif

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(ALIGNMENT) char data[];
};

static size_t rounded(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

int arena_reserve(struct arena *a, uintptr_t addr, size_t size)
{
	void *p = mmap((void *)addr, size, PROT_NONE, /* NOLINT(performance-no-int-to-ptr) */
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	if ((uintptr_t)p != addr) {
		(void)munmap(p, size); /* ours, and empty */
		return -EEXIST;
	}
	*a = (struct arena){.base = p, .size = size};
	return 0;
}

int arena_map(struct arena *a, uintptr_t addr, size_t size, int fd)
{
	void *p = mmap((void *)addr, size, PROT_READ | PROT_WRITE, /* NOLINT(performance-no-int-to-ptr) */
		       MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	if ((uintptr_t)p != addr) {
		(void)munmap(p, size); /* ours, and empty */
		return -EEXIST;
	}
#ifdef MADV_POPULATE_READ /* since 5.14 */
	(void)madvise(p, size, MADV_POPULATE_READ); /* or page by page */
#endif
	*a = (struct arena){.base = p, .used = size, .open = size, .size = size};
	return 0;
}

bool arena_one_piece(const struct arena *a)
{
	return a->base && !a->head;
}

/* The next @size bytes of the stretch, or NULL. What is not accessible yet costs nothing, whatever the
 * system's ideas of overcommitting. */
static void *take_stretch(struct arena *a, size_t size)
{
	void *p = a->base + a->used;

	if (a->head || size > a->size - a->used)
		return NULL;
	if (size > a->open - a->used) {
		size_t open = (a->used + size + OPEN_STEP - 1) & ~(OPEN_STEP - 1);

		open = MIN(open, a->size);
		if (mprotect(a->base + a->open, open - a->open, PROT_READ | PROT_WRITE) < 0)
			return NULL;
		a->open = open;
	}
	a->used += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->head;
	size_t want;
	void *p;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = rounded(size);
	p = a->base ? take_stretch(a, size) : NULL;
	if (p)
		return p;
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
	if (a->base)
		(void)munmap(a->base, a->size); /* ours as a whole */
	*a = (struct arena){0};
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = a->head;
	struct arena rest = *a;

	if (!keep)
		return;
	rest.head = keep->next;
	arena_done(&rest);
	*a = (struct arena){.head = keep};
	keep->next = NULL;
	memset(keep->data, 0, keep->used);
	keep->used = 0;
}

/* The last thing taken from the stretch grows where it is. */
static bool extend(struct arena *a, const char *array, size_t old, size_t want)
{
	return array && a->base && array + rounded(old) == a->base + a->used &&
	       take_stretch(a, rounded(want) - rounded(old));
}

void *arena_room(struct arena *a, void *array, size_t n, size_t more, size_t *cap, size_t size)
{
	const size_t first = size < 32 ? 32 / size : 1; /* many lists are short */
	size_t want;
	void *p;

	if (n + more <= *cap)
		return array;
	want = MAX(*cap ? *cap * 2 : first, n + more);
	if (want > SIZE_MAX / 4 / size)
		return NULL;
	if (extend(a, array, *cap * size, want * size)) {
		*cap = want;
		return array;
	}
	p = arena_alloc(a, want * size);
	if (!p)
		return NULL;
	if (n)
		memcpy(p, array, n * size);
	*cap = want;
	return p;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size)
{
	return arena_room(a, array, n, 1, cap, size);
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
