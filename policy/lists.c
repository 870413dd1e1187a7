#include "policy/automaton.h"

/* Accept lists: built once, shared by content, so that comparing two is comparing their numbers. */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t hash_of(const uint32_t *v, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ v[i]) * 16777619u;
	return h ^ h >> 15;
}

static int rehash(struct arena *a, struct list_pool *p)
{
	size_t cap = p->cap_hash ? p->cap_hash * 2 : 256;
	uint32_t *v = arena_alloc(a, cap * sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		uint32_t h = hash_of(p->entries + p->start[i], p->start[i + 1] - p->start[i]);

		while (v[h & (cap - 1)])
			h++;
		v[h & (cap - 1)] = (uint32_t)i + 1;
	}
	p->hash = v;
	p->cap_hash = cap;
	return 0;
}

static int reserve(struct arena *a, struct list_pool *p, size_t more)
{
	size_t used = p->n ? p->start[p->n] : 0;
	uint32_t *v = arena_room(a, p->start, p->n ? p->n + 1 : 0, 2, &p->cap_start, sizeof(*v));

	if (!v)
		return -ENOMEM;
	p->start = v;
	if (used + more > UINT32_MAX / 2)
		return -ENOMEM;
	v = arena_room(a, p->entries, used, more + 1, &p->cap_entries, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->entries = v;
	return p->n * 2 >= p->cap_hash ? rehash(a, p) : 0;
}

static int64_t intern_sorted(struct arena *a, struct list_pool *p, const uint32_t *v, size_t n)
{
	uint32_t h;

	if (reserve(a, p, n) < 0)
		return -ENOMEM;
	for (h = hash_of(v, n); p->hash[h & (p->cap_hash - 1)]; h++) {
		uint32_t i = p->hash[h & (p->cap_hash - 1)] - 1;
		size_t len = p->start[i + 1] - p->start[i];

		if (len == n && memcmp(p->entries + p->start[i], v, n * sizeof(*v)) == 0)
			return i;
	}
	if (n)
		memcpy(p->entries + p->start[p->n], v, n * sizeof(*v));
	p->start[p->n + 1] = p->start[p->n] + (uint32_t)n;
	p->hash[h & (p->cap_hash - 1)] = (uint32_t)p->n + 1;
	return (int64_t)p->n++;
}

int64_t list_intern(struct arena *a, struct list_pool *p, uint32_t *entries, size_t n)
{
	uint32_t none = 0;
	size_t k = 0;

	if (p->n == 0 && intern_sorted(a, p, &none, 0) < 0)
		return -ENOMEM;
	if (n == 0)
		return 0;
	qsort(entries, n, sizeof(*entries), compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || entries[i] != entries[k - 1])
			entries[k++] = entries[i];
	return intern_sorted(a, p, entries, k);
}

bool list_has(const struct list_pool *p, uint32_t list, uint32_t entry)
{
	const uint32_t *lo = list_begin(p, list), *hi = list_end(p, list);

	while (lo < hi) {
		const uint32_t *mid = lo + (hi - lo) / 2;

		if (*mid == entry)
			return true;
		if (*mid < entry)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

void hits_add(struct hits *h, uint32_t list)
{
	if (list == 0)
		return;
	for (unsigned i = h->n; i > 0; i--)
		if (h->list[i - 1] == list)
			return;
	if (h->n < HITS_MAX)
		h->list[h->n++] = list;
	else
		h->overflow = true;
}
