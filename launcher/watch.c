#include "launcher/watch.h"

#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "policy/policy.h"

#define WATCH_FILES_MAX 256 /* policies with their includes, and what their links point to */
#define WATCH_MASK (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM)

struct watch_item {
	int wd;			 /* the directory */
	char name[NAME_MAX + 1]; /* what to look for in it */
};

struct watch {
	int fd;
	struct watch_item items[WATCH_FILES_MAX];
	size_t n_items;
	char *files[WATCH_FILES_MAX];
	size_t n_files;
	uint64_t mark; /* of the files as they were */
};

struct watch *watch_new(void)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w)
		w->fd = -1;
	return w;
}

static void forget(struct watch *w)
{
	for (size_t i = 0; i < w->n_items; i++)
		(void)inotify_rm_watch(w->fd, w->items[i].wd); /* may be gone, or stand twice */
	for (size_t i = 0; i < w->n_files; i++)
		free(w->files[i]);
	w->n_items = w->n_files = 0;
}

struct watch *watch_free(struct watch *w)
{
	if (!w)
		return NULL;
	forget(w);
	if (w->fd >= 0)
		(void)close(w->fd); /* nothing buffered */
	free(w);
	return NULL;
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * 0x100000001b3ULL;
}

/* A number that changes when a file is replaced, written to, made or removed. */
static uint64_t mark_of(const struct watch *w)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < w->n_files; i++) {
		struct stat st;

		if (stat(w->files[i], &st) < 0) {
			h = mix(h, (uint64_t)errno);
			continue;
		}
		h = mix(mix(h, st.st_dev), st.st_ino);
		h = mix(mix(h, (uint64_t)st.st_size), (uint64_t)st.st_mode);
		h = mix(mix(h, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
	}
	return h;
}

/* Watch for the last component of @path in its directory; if that is not there, for the directory's
 * name in the one above. */
static void add_item(struct watch *w, const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	int wd;

	if (w->n_items == WATCH_FILES_MAX || strlen(path) >= sizeof(dir))
		return;
	memcpy(dir, path, strlen(path) + 1);
	while ((slash = strrchr(dir, '/')) && dir[1]) {
		struct watch_item *item = &w->items[w->n_items];

		if (strlen(slash + 1) > NAME_MAX)
			return;
		memcpy(item->name, slash + 1, strlen(slash + 1) + 1);
		slash[slash == dir ? 1 : 0] = '\0';
		wd = inotify_add_watch(w->fd, dir, WATCH_MASK | IN_ONLYDIR);
		if (wd >= 0) {
			item->wd = wd;
			w->n_items++;
			return;
		}
		if (errno != ENOENT && errno != ENOTDIR)
			return; /* not readable, or too many: SIGHUP is what is left */
	}
}

static void add_file(struct watch *w, const char *path)
{
	if (w->n_files == WATCH_FILES_MAX)
		return;
	w->files[w->n_files] = strdup(path);
	if (w->files[w->n_files])
		w->n_files++;
}

/* Each file under its own name, and under the one that its links lead to. */
static void add_items(struct watch *w)
{
	char resolved[PATH_MAX];

	for (size_t i = 0; i < w->n_files; i++) {
		add_item(w, w->files[i]);
		if (realpath(w->files[i], resolved) && !streq(w->files[i], resolved))
			add_item(w, resolved);
	}
}

void watch_set(struct watch *w, const char *const *files, const char *cwd)
{
	char path[PATH_MAX];

	forget(w);
	for (; files && *files; files++)
		if (policy_normalise(cwd, *files, path, sizeof(path)) >= 0)
			add_file(w, path);
	w->mark = mark_of(w);
	if (w->fd >= 0)
		add_items(w);
}

void watch_arm(struct watch *w)
{
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->fd >= 0)
		add_items(w);
}

bool watch_changed(const struct watch *w)
{
	return mark_of(w) != w->mark;
}

static bool concerns(const struct watch *w, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW)
		return true;
	for (size_t i = 0; i < w->n_items; i++) {
		if (w->items[i].wd != ev->wd)
			continue; /* also: IN_IGNORED of a watch that we have removed ourselves */
		if ((ev->mask & IN_IGNORED) || (ev->len && streq(w->items[i].name, ev->name)))
			return true;
	}
	return false;
}

bool watch_read(struct watch *w)
{
	_Alignas(struct inotify_event) char buf[4096];
	bool hit = false;
	ssize_t n;

	while ((n = read(w->fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(buf + at);

			hit |= concerns(w, ev);
			at += (ssize_t)sizeof(*ev) + ev->len;
		}
	}
	return hit;
}
