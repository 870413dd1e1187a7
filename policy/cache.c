#include "policy/cache.h"

#include <dirent.h>
#include <limits.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"

/* A policy is compiled into one stretch of memory at an address that was drawn at random, and the file is that
 * memory, byte by byte. Whoever loads it puts it at the same address, where all its pointers are right; where
 * that is taken, the policy is compiled anew. Nothing in it points elsewhere: cache_save() looks.
 *
 * Trust. The file is believed if it lies in a directory that is ours alone, its checksum is right, it was
 * written by this very build of the program for the same question, and everything that the compiler looked at
 * (files, links on the way to what rules name) is as it was. The checksum is against accidents. Somebody who can
 * write into the directory can do as he likes with the policy, and with whatever else this user has: that is why
 * a built-in rule keeps agents out of ~/.cache/crust. It is mapped, since copying it takes longer than all the rest.
 * So it must be on a disk of this machine, where nobody takes away what is mapped; and who changes it in place changes
 * the policy.
 *
 * Files are replaced by renaming, so two writers do not disturb each other or a reader. */

#define MAGIC		"crust\0p1"
#define TEMP_PREFIX	".new-"
#define TEMP_LIFE_S	600
#define SUFFIX		".policy"
#define NAME_LEN	(16 + sizeof(SUFFIX) - 1)
#define BUILD_ID_MAX	64
#define PAGE		((uint64_t)65536) /* the largest that there is */

/* Addresses that neither programs, libraries, stacks nor AddressSanitizer use. */
#if defined(__x86_64__)
#define ADDR_LOW  ((uint64_t)1 << 45)
#define ADDR_HIGH ((uint64_t)1 << 46)
#else /* as little as 39 bits may be there */
#define ADDR_LOW  ((uint64_t)1 << 36)
#define ADDR_HIGH ((uint64_t)1 << 37)
#endif

/* Each step can be undone: what differs in one word differs in the end. */
static inline uint64_t mix(uint64_t h, const unsigned char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	h = (h ^ w) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

uint64_t cache_hash(const void *data, size_t len)
{
	uint64_t a = len, b = ~len, c = len << 32, d = ~c;
	const unsigned char *p = data;
	unsigned char tail[32] = {0};

	/* Four at a time, as each waits for its product. */
	for (; len >= 32; p += 32, len -= 32) {
		a = mix(a, p);
		b = mix(b, p + 8);
		c = mix(c, p + 16);
		d = mix(d, p + 24);
	}
	memcpy(tail, p, len);
	a = mix(mix(a, tail), (unsigned char *)&b);
	c = mix(mix(c, tail + 16), (unsigned char *)&d);
	a = mix(mix(a, tail + 8), tail + 24);
	return mix(a, (unsigned char *)&c);
}

uint64_t cache_checksum(const char *data, size_t size)
{
	const size_t from = offsetof(struct cache_head, addr);

	return cache_hash(data + from, size - from);
}

/* --- what is asked, and by whom ------------------------------------------------------------------- */

/* The program in memory: its build id, and where it lies. */
struct program {
	unsigned char id[BUILD_ID_MAX];
	size_t id_len;
	uintptr_t low, high;
};

static void find_id(const char *notes, size_t size, struct program *ret)
{
	while (size >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *n = (const void *)notes;
		size_t name = (n->n_namesz + 3u) & ~3u, desc = (n->n_descsz + 3u) & ~3u;
		const char *text = notes + sizeof(*n);

		if (size < sizeof(*n) + name + desc)
			return;
		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && memcmp(text, "GNU", 4) == 0 &&
		    n->n_descsz <= BUILD_ID_MAX) {
			memcpy(ret->id, text + name, n->n_descsz);
			ret->id_len = n->n_descsz;
			return;
		}
		notes = text + name + desc;
		size -= sizeof(*n) + name + desc;
	}
}

/* The first object is the program itself. */
static int look_at_program(struct dl_phdr_info *o, size_t size, void *arg)
{
	struct program *ret = arg;

	(void)size;
	ret->low = UINTPTR_MAX;
	for (unsigned i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];
		uintptr_t at = o->dlpi_addr + h->p_vaddr;

		if (h->p_type == PT_NOTE && !ret->id_len)
			find_id((const char *)at, h->p_memsz, ret); /* NOLINT(performance-no-int-to-ptr) */
		if (h->p_type != PT_LOAD)
			continue;
		ret->low = MIN(ret->low, at);
		ret->high = MAX(ret->high, at + h->p_memsz);
	}
	return 1;
}

static void put_text(struct buf *key, const char *s)
{
	buf_put(key, s ? s : "\1", s ? strlen(s) + 1 : 2); /* no path reads "\1" */
}

/* All that a policy depends on but the files and links, which it lists itself. False: cannot be cached. */
static bool make_key(const struct policy_config *cfg, struct program *prog, struct buf *key)
{
	uid_t uid = geteuid();

	*prog = (struct program){0};
	(void)dl_iterate_phdr(look_at_program, prog);
	if (!cfg->cache || !prog->id_len || sizeof(void *) < 8)
		return false;
	buf_put(key, prog->id, prog->id_len);
	buf_put(key, &uid, sizeof(uid));
	buf_putc(key, cfg->no_builtin ? 'n' : 'b');
	put_text(key, cfg->home);
	put_text(key, cfg->workspace);
	put_text(key, cfg->project);
	for (size_t i = 0; i < cfg->n_files; i++)
		put_text(key, cfg->files[i]);
	return !buf_failed(key);
}

static void file_name(const struct buf *key, char ret[NAME_LEN + 1])
{
	(void)snprintf(ret, NAME_LEN + 1, "%016llx" SUFFIX, (unsigned long long)cache_hash(key->data, key->len));
}

/* --- the directory -------------------------------------------------------------------------------- */

static bool is_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && (st->st_mode & 077) == 0;
}

/* The directory, if it is ours alone; -1 if not. A link there is not followed. */
static int open_dir(const char *path)
{
	autoclose fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !is_ours(&st) || !links_is_local(path))
		return -1;
	return take_fd(&fd);
}

/* Make @path and the directory that it lies in. */
static void make_dir(const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || (size_t)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path) >= sizeof(parent))
		return;
	(void)mkdir(parent, 0700); /* there already, or open_dir() will tell */
	(void)mkdir(path, 0700);
}

static bool is_policy_name(const char *name)
{
	return strlen(name) == NAME_LEN && streq(name + 16, SUFFIX);
}

static bool older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* One policy too many goes, the oldest, and what a writer that died has left behind. @fd is used up. */
static void tidy(int fd)
{
	char name[NAME_LEN + 1] = "";
	struct timespec oldest = {0}, now;
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	struct stat st;
	size_t n = 0;

	if (!d) {
		(void)close(fd); /* read-only */
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	while ((e = readdir(d))) {
		bool temp = str_starts(e->d_name, TEMP_PREFIX);

		if ((!temp && !is_policy_name(e->d_name)) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (temp) {
			if (st.st_mtim.tv_sec + TEMP_LIFE_S < now.tv_sec)
				(void)unlinkat(dirfd(d), e->d_name, 0); /* next time, then */
			continue;
		}
		if (n++ == 0 || older(&st.st_mtim, &oldest)) {
			oldest = st.st_mtim;
			memcpy(name, e->d_name, sizeof(name));
		}
	}
	if (n > CACHE_FILES_MAX)
		(void)unlinkat(dirfd(d), name, 0); /* next time, then */
	(void)closedir(d);
}

/* --- loading -------------------------------------------------------------------------------------- */

static bool read_exactly(int fd, void *data, size_t len, off_t at)
{
	char *p = data;

	while (len) {
		ssize_t n = pread(fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* A file of ours with the beginning of a policy. -1: none. */
static int open_policy(int dir, const char *name, struct cache_head *ret)
{
	autoclose fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || !is_ours(&st))
		return -1;
	if (!read_exactly(fd, ret, sizeof(*ret), 0) || memcmp(ret->magic, MAGIC, sizeof(ret->magic)) != 0)
		return -1;
	if (ret->size != (uint64_t)st.st_size || ret->size > CACHE_SIZE_MAX || ret->addr % PAGE ||
	    ret->addr < ADDR_LOW || ret->addr >= ADDR_HIGH)
		return -1;
	return take_fd(&fd);
}

/* The bytes of the file where they belong, and as they were written. */
static bool map_policy(int fd, const struct cache_head *head, struct arena *ret)
{
	return arena_map(ret, head->addr, head->size, fd) == 0 &&
	       cache_checksum(ret->base, head->size) == head->checksum;
}

static bool mark_holds(const struct file_mark *m)
{
	autofree char *data = NULL;
	autoclose fd = -1;
	struct stat st;

	if (stat(m->path, &st) < 0)
		return m->missing && (errno == ENOENT || errno == ENOTDIR);
	if (m->missing || !S_ISREG(st.st_mode) || st.st_dev != m->dev || st.st_ino != m->ino ||
	    (uint64_t)st.st_size != m->size)
		return false;
	fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	data = malloc(m->size + 1);
	if (fd < 0 || !data || !read_exactly(fd, data, m->size, 0))
		return false;
	return !m->hash || cache_hash(data, m->size) == m->hash;
}

/* As set_root() of load.c left it. */
static bool root_holds(const char *raw, const char *const root[2])
{
	char real[PATH_MAX];

	if (raw && realpath(raw, real) && !streq(real, root[0]))
		return root[1] && streq(root[1], real);
	return !root[1];
}

static bool still_holds(const struct policy_config *cfg, const struct policy *p)
{
	if (!root_holds(cfg->home, p->roots.home) || !root_holds(cfg->workspace, p->roots.workspace))
		return false;
	for (size_t i = 0; i < p->n_marks; i++)
		if (!mark_holds(&p->marks[i]))
			return false;
	return links_hold(&p->links);
}

static bool is_answer(const struct policy_config *cfg, const struct cache_head *head, const struct buf *key)
{
	return head->key_len == key->len && memcmp(head->key, key->data, key->len) == 0 &&
	       still_holds(cfg, &head->policy);
}

bool cache_load(const struct policy_config *cfg, struct policy **ret)
{
	struct program prog;
	struct cache_head head;
	struct arena arena = {0};
	char name[NAME_LEN + 1];
	autobuf key = {0};
	autoclose dir = -1;
	autoclose fd = -1;
	struct policy *p;

	if (!make_key(cfg, &prog, &key))
		return false;
	file_name(&key, name);
	dir = open_dir(cfg->cache);
	fd = dir < 0 ? -1 : open_policy(dir, name, &head);
	if (fd < 0)
		return false;
	p = malloc(sizeof(*p));
	if (!p || !map_policy(fd, &head, &arena) || !is_answer(cfg, (void *)arena.base, &key)) {
		arena_done(&arena);
		free(p);
		return false;
	}
	*p = head.policy;
	p->arena = arena;
	*ret = p;
	return true;
}

/* --- saving --------------------------------------------------------------------------------------- */

void cache_prepare(const struct policy_config *cfg, struct arena *a)
{
	uint64_t r;

	/* Now, not when saving: the policy's own rules speak of this directory. */
	if (cfg->cache)
		make_dir(cfg->cache);
	if (!cfg->cache || getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return;
	r %= (ADDR_HIGH - ADDR_LOW) / PAGE;
	if (arena_reserve(a, ADDR_LOW + r * PAGE, CACHE_SIZE_MAX) == 0)
		(void)arena_alloc(a, sizeof(struct cache_head)); /* the first is cache_save()'s */
}

/* Anything that looks like a pointer into the program, which lies elsewhere the next time? By accident a number
 * may: then this policy is not saved. */
static bool points_out(const struct arena *a, const struct program *prog)
{
	for (size_t i = 0; i + 8 <= a->used; i += 8) {
		uint64_t w;

		memcpy(&w, a->base + i, 8);
		if (w >= prog->low && w < prog->high)
			return true;
	}
	return false;
}

/* Examples may have been tried: what they have compiled lies elsewhere, and is made again when it is needed. */
static bool can_save(const struct policy *p)
{
	for (size_t i = 0; i < p->n_regexes; i++)
		regex_done(p->regexes[i]);
	if (!arena_one_piece(&p->arena))
		return false;
	for (size_t i = 0; i < p->n_marks; i++)
		if (!p->marks[i].missing && !p->marks[i].regular)
			return false;
	return true;
}

static bool fill_head(struct policy *p, const struct buf *key)
{
	struct cache_head *head = (void *)p->arena.base;

	head->key = arena_strndup(&p->arena, key->data, key->len);
	if (!head->key || !arena_one_piece(&p->arena))
		return false;
	memcpy(head->magic, MAGIC, sizeof(head->magic));
	head->key_len = key->len;
	head->addr = (uintptr_t)p->arena.base;
	head->size = p->arena.used;
	head->policy = *p;
	head->policy.arena = (struct arena){0};
	head->checksum = cache_checksum(p->arena.base, p->arena.used);
	return true;
}

static bool write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static void write_file(int dir, const char *name, const struct arena *a)
{
	char temp[32];
	autoclose fd = -1;
	uint64_t r;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return;
	(void)snprintf(temp, sizeof(temp), TEMP_PREFIX "%016llx", (unsigned long long)r); /* fits */
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_all(fd, a->base, a->used) || renameat(dir, temp, dir, name) < 0)
		(void)unlinkat(dir, temp, 0); /* tidy() is the second belt */
}

void cache_save(const struct policy_config *cfg, struct policy *p)
{
	char name[NAME_LEN + 1];
	struct program prog;
	autobuf key = {0};
	autoclose dir = -1;

	if (!make_key(cfg, &prog, &key) || !can_save(p) || !fill_head(p, &key) || points_out(&p->arena, &prog))
		return;
	file_name(&key, name);
	dir = open_dir(cfg->cache);
	if (dir < 0)
		return;
	write_file(dir, name, &p->arena);
	tidy(take_fd(&dir));
}
