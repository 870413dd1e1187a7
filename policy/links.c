#include "policy/links.h"

#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#define HOLD_NAMES_MAX 16384 /* with more, every name is looked at */

static enum link_state absence(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return LINK_MISSING;
	return error == EACCES ? LINK_HIDDEN : LINK_BAD;
}

/* What is at @path, in a directory that exists and has no link on its way or is LINK_OTHER. */
static enum link_state look(const char *path, enum link_state parent, char real[PATH_MAX])
{
	char target[1];

	if (parent == LINK_PLAIN && readlink(path, target, sizeof(target)) < 0) {
		if (errno == EINVAL)
			return LINK_PLAIN; /* there, but no link */
		return absence(errno);
	}
	if (!realpath(path, real))
		return absence(errno);
	return LINK_OTHER;
}

static int rehash(struct links *l, struct arena *a)
{
	size_t n = l->n_slots ? l->n_slots * 2 : 1024;
	uint32_t *slots = arena_alloc(a, n * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		uint64_t h = fnv1a(FNV1A_START, l->v[i].path, strlen(l->v[i].path));

		while (slots[h & (n - 1)])
			h++;
		slots[h & (n - 1)] = (uint32_t)i + 1;
	}
	l->slots = slots;
	l->n_slots = n;
	return 0;
}

/* The slot of [@path, @path + @len): its own, or the free one for it. */
static uint32_t *slot_of(const struct links *l, const char *path, size_t len)
{
	uint64_t h = fnv1a(FNV1A_START, path, len);

	for (;; h++) {
		uint32_t *slot = &l->slots[h & (l->n_slots - 1)];
		const char *name = *slot ? l->v[*slot - 1].path : NULL;

		if (!name || (strncmp(name, path, len) == 0 && !name[len]))
			return slot;
	}
}

static int64_t add(struct links *l, struct arena *a, const char *path, size_t len, uint32_t parent)
{
	struct link_name *v = arena_grow(a, l->v, l->n, &l->cap, sizeof(*v));
	char *name = arena_strndup(a, path, len), real[PATH_MAX];
	enum link_state state;

	if (!v || !name)
		return -ENOMEM;
	l->v = v;
	if (l->n * 2 >= l->n_slots && rehash(l, a) < 0)
		return -ENOMEM;
	state = l->n ? look(name, v[parent].state, real) : LINK_PLAIN;
	v[l->n] = (struct link_name){.path = name, .real = "", .parent = parent, .state = (uint8_t)state};
	v[l->n].real = state == LINK_OTHER ? arena_strdup(a, real) : name;
	if (!v[l->n].real)
		return -ENOMEM;
	v[parent].is_parent = true;
	*slot_of(l, path, len) = (uint32_t)++l->n;
	return (int64_t)l->n - 1;
}

static int64_t find(struct links *l, struct arena *a, const char *path, size_t len, uint32_t parent)
{
	uint32_t *slot = l->n ? slot_of(l, path, len) : NULL;

	return slot && *slot ? (int64_t)*slot - 1 : add(l, a, path, len, parent);
}

int links_follow(struct links *l, struct arena *a, const char *path, char *out, size_t size)
{
	size_t len = strlen(path), end = 0;
	int64_t at = find(l, a, "", 0, 0), next;
	const char *real;

	if (len >= PATH_MAX)
		return 0;
	while (at >= 0 && end < len) {
		size_t to = end + 1 + strcspn(path + end + 1, "/");

		next = find(l, a, path, to, (uint32_t)at);
		if (next < 0)
			return (int)next;
		if (l->v[next].state == LINK_BAD)
			return 0;
		if (l->v[next].state == LINK_MISSING || l->v[next].state == LINK_HIDDEN)
			break;
		at = next;
		end = to;
	}
	if (at < 0)
		return (int)at;
	real = l->v[at].real;
	if (l->v[at].state != LINK_OTHER || (strlen(real) == end && memcmp(real, path, end) == 0))
		return 0;
	return snprintf(out, size, "%s%s", streq(real, "/") ? "" : real, path + end) < (int)size;
}

/* --- stamps --------------------------------------------------------------------------------------- */

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* They change a directory's ctime with every change of its entries. */
bool links_is_local(const char *dir)
{
	static const uint32_t known[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,	  BTRFS_SUPER_MAGIC,
					 F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC};
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((uint32_t)fs.f_type == known[i])
			return true;
	return false;
}

static bool take_stamp(const struct link_name *n, struct link_stamp *ret)
{
	struct stat st;

	if (stat(*n->path ? n->path : "/", &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	*ret = (struct link_stamp){
		.dev = st.st_dev, .ino = st.st_ino, .sec = st.st_ctim.tv_sec, .nsec = st.st_ctim.tv_nsec};
	return true;
}

/* The clock of a file system ticks some hundred times a second: a directory that changed just now may do so
 * again without showing it. */
void links_seal(struct links *l, struct arena *a)
{
	struct link_stamp stamp;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	for (size_t i = 0; i < l->n; i++) {
		struct link_name *n = &l->v[i];

		if (!n->is_parent || !take_stamp(n, &stamp) || stamp.sec + 2 > now.tv_sec ||
		    !links_is_local(*n->path ? n->path : "/"))
			continue;
		n->stamp = arena_alloc(a, sizeof(stamp));
		if (n->stamp)
			*n->stamp = stamp;
	}
}

static bool is_untouched(const struct link_name *n)
{
	struct link_stamp now;

	return n->stamp && take_stamp(n, &now) && now.dev == n->stamp->dev && now.ino == n->stamp->ino &&
	       now.sec == n->stamp->sec && now.nsec == n->stamp->nsec;
}

bool links_hold(const struct links *l)
{
	bool untouched[HOLD_NAMES_MAX];
	char real[PATH_MAX] = "";

	for (size_t i = 0; i < l->n; i++) {
		const struct link_name *n = &l->v[i];
		bool known = i == 0 || (n->parent < HOLD_NAMES_MAX && untouched[n->parent] &&
					(n->state == LINK_PLAIN || n->state == LINK_MISSING));
		enum link_state state = known ? n->state : look(n->path, l->v[n->parent].state, real);

		if (state != n->state || (state == LINK_OTHER && !streq(real, n->real)))
			return false;
		if (i < HOLD_NAMES_MAX)
			untouched[i] = is_untouched(n);
	}
	return true;
}
