/* A cached policy that was damaged: it must be turned down, whatever has become of it. Input: edits of the good
 * file, four bytes of place and one of value each; the last, if it is shorter, cuts the file there. */
#include <limits.h>
#include <sys/stat.h>

#include "policy/cache.h"
#include "policy/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/crust-fuzz-cache-XXXXXX", path[PATH_MAX], *good, *bad;
static size_t good_len;
static struct policy_config cfg = {.home = "/home/u", .workspace = "/home/u/src", .no_builtin = true};

static void remove_dir(void)
{
	(void)unlink(path);
	(void)rmdir(cfg.cache);
	(void)rmdir(dir);
}

static void write_file(const char *data, size_t len)
{
	autoclose fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
}

/* The good file is what a policy without rules leaves in the cache. */
static void begin(void)
{
	static char cache[PATH_MAX], name[PATH_MAX];
	struct policy *p = NULL;
	struct stat st;
	FILE *find;
	int fd;

	if (!mkdtemp(dir))
		abort();
	(void)snprintf(cache, sizeof(cache), "%s/c", dir);
	cfg.cache = cache;
	if (policy_load(&cfg, &p, NULL) < 0)
		abort();
	policy_free(p);
	(void)snprintf(name, sizeof(name), "ls -d %.1000s/*.policy", cache);
	find = popen(name, "re"); /* NOLINT(cert-env33-c) */
	if (!find || !fgets(path, sizeof(path), find) || pclose(find) != 0)
		abort();
	path[strcspn(path, "\n")] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		abort();
	good_len = (size_t)st.st_size;
	good = malloc(good_len);
	bad = malloc(good_len);
	if (!good || !bad || read(fd, good, good_len) != st.st_size || close(fd) < 0)
		abort();
	(void)atexit(remove_dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = NULL;
	size_t len;
	uint32_t at;
	bool hit;

	if (!good)
		begin();
	len = good_len;
	memcpy(bad, good, len);
	for (; size >= 5; data += 5, size -= 5) {
		memcpy(&at, data, sizeof(at));
		bad[at % good_len] = (char)data[4];
	}
	if (size)
		len = good_len - 1 - data[0] * (good_len - 1) / 255;
	write_file(bad, len);
	hit = cache_load(&cfg, &p);
	if (hit != (len == good_len && memcmp(bad, good, len) == 0))
		abort();
	policy_free(hit ? p : NULL);
	return 0;
}
