#include "shell/state.h"

#include "shell/shell.h"

#define DEPTH_MAX 160 /* 64 bits, then a chain of equal hashes */

struct binding {
	const struct binding *child[2];
	uint64_t hash;
	enum state_kind kind;
	const char *name;
	const struct value *value;
};

static const char unknown_text[] = {SHELL_UNKNOWN, '\0'};
const struct value value_unknown = {.text = unknown_text};
const struct value value_unknown_array = {.text = unknown_text, .array = true};
const struct value value_absent = {.absent = true};

static uint64_t hash_of(enum state_kind kind, const char *name)
{
	uint64_t h = FNV1A_START + (uint64_t)kind;

	for (const char *s = name; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return h ^ h >> 32;
}

static bool is(const struct binding *b, uint64_t hash, enum state_kind kind, const char *name)
{
	return b->hash == hash && b->kind == kind && streq(b->name, name);
}

static unsigned way(uint64_t hash, unsigned depth)
{
	return depth < 64 ? hash >> depth & 1 : 0;
}

static const struct value *find(const struct binding *b, uint64_t hash, enum state_kind kind,
				const char *name)
{
	for (unsigned depth = 0; b; depth++) {
		if (is(b, hash, kind, name))
			return b->value;
		b = b->child[way(hash, depth)];
	}
	return NULL;
}

const struct value *state_get(const struct binding *root, enum state_kind kind, const char *name)
{
	return find(root, hash_of(kind, name), kind, name);
}

const struct binding *state_set(struct arena *a, const struct binding *root, enum state_kind kind,
				const char *name, const struct value *v)
{
	uint64_t hash = hash_of(kind, name);
	const struct binding *old = root, *ret = NULL, **slot = &ret;

	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		struct binding *b = arena_alloc(a, sizeof(*b));

		if (!b)
			return NULL;
		*slot = b;
		if (!old || is(old, hash, kind, name)) {
			*b = (struct binding){.hash = hash, .kind = kind, .name = name, .value = v};
			if (old)
				memcpy(b->child, old->child, sizeof(b->child));
			return ret;
		}
		*b = *old;
		slot = &b->child[way(hash, depth)];
		old = *slot;
	}
	return NULL;
}

struct diff {
	const struct binding *x, *y;
	bool (*see)(void *arg, enum state_kind kind, const char *name, const struct value *of_x,
		    const struct value *of_y);
	void *arg;
};

static bool differ_at(const struct diff *d, const struct binding *b)
{
	const struct value *x = find(d->x, b->hash, b->kind, b->name),
			   *y = find(d->y, b->hash, b->kind, b->name);

	return x == y || d->see(d->arg, b->kind, b->name, x, y);
}

static bool walk(const struct diff *d, const struct binding *x, const struct binding *y,
		 unsigned depth)
{
	if (x == y)
		return true;
	if (depth > DEPTH_MAX)
		return false;
	if (x && !differ_at(d, x))
		return false;
	if (y && !(x && is(x, y->hash, y->kind, y->name)) && !differ_at(d, y))
		return false;
	return walk(d, x ? x->child[0] : NULL, y ? y->child[0] : NULL, depth + 1) &&
	       walk(d, x ? x->child[1] : NULL, y ? y->child[1] : NULL, depth + 1);
}

bool state_diff(const struct binding *x, const struct binding *y,
		bool (*see)(void *arg, enum state_kind kind, const char *name,
			    const struct value *of_x, const struct value *of_y),
		void *arg)
{
	const struct diff d = {.x = x, .y = y, .see = see, .arg = arg};

	return walk(&d, x, y, 0);
}

/* ---- values
 * --------------------------------------------------------------------------------------- */
static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && streq(a, b));
}

bool value_same(const struct value *x, const struct value *y)
{
	if (x == y)
		return true;
	if (x->alts || y->alts || x->n != y->n || x->array != y->array || x->body != y->body ||
	    x->absent != y->absent || x->exported != y->exported || x->readonly != y->readonly ||
	    x->nameref != y->nameref || x->mangled != y->mangled ||
	    x->downloaded != y->downloaded || !same_text(x->text, y->text))
		return false;
	if (x->items == y->items)
		return true;
	for (size_t i = 0; i < x->n; i++)
		if (!streq(x->items[i].key, y->items[i].key) ||
		    !streq(x->items[i].text, y->items[i].text))
			return false;
	return true;
}

static size_t add_alternatives(const struct value **to, size_t n, const struct value *v)
{
	size_t count = v->alts ? v->n : 1;

	for (size_t i = 0; i < count; i++) {
		const struct value *one = v->alts ? v->alts[i] : v;
		size_t k = 0;

		while (k < n && !value_same(to[k], one))
			k++;
		if (k < n)
			continue;
		if (n == STATE_ALTERNATIVES_MAX)
			return SIZE_MAX;
		to[n++] = one;
	}
	return n;
}

const struct value *value_join(struct arena *a, const struct value *x, const struct value *y)
{
	const struct value *all[STATE_ALTERNATIVES_MAX], **kept;
	struct value *v;
	size_t n, n_x;

	if (value_same(x, y))
		return x;
	n_x = n = add_alternatives(all, 0, x);
	n = n == SIZE_MAX ? n : add_alternatives(all, n, y);
	if (n == n_x && x->exported >= y->exported && x->readonly >= y->readonly)
		return x; /* it had all of @y already */
	v = arena_alloc(a, sizeof(*v));
	kept = arena_alloc(a, sizeof(all));
	if (!v || !kept)
		return NULL;
	if (n == SIZE_MAX) {
		*v = value_unknown;
		v->array = all[0]->array;
	} else {
		memcpy(kept, all, n * sizeof(all[0]));
		v->alts = kept;
		v->n = n;
	}
	for (size_t i = 0; i < MIN(n, (size_t)STATE_ALTERNATIVES_MAX); i++) {
		v->exported |= all[i]->exported;
		v->readonly |= all[i]->readonly;
		v->mangled |= all[i]->mangled;
		v->nameref |= all[i]->nameref;
		v->downloaded |= all[i]->downloaded;
	}
	return v;
}

const struct value *value_text(struct arena *a, const char *text)
{
	struct value *v = arena_alloc(a, sizeof(*v));

	if (v)
		v->text = text;
	return v;
}
