/* The cache of compiled policies: what comes out of it decides as what went in, anything that is not quite
 * right is not used, and nothing that goes wrong with it is an error. */
#include <dirent.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "policy/cache.h"
#include "policy/load.h"
#include "tests/unit/tap.h"

static char dir[] = "/tmp/crust-cache-XXXXXX";

static const char *at(const char *name)
{
	static char path[16][PATH_MAX];
	static unsigned i;

	i = (i + 1) % 16;
	(void)snprintf(path[i], PATH_MAX, "%s/%s", dir, name);
	return path[i];
}

static void must(int result)
{
	if (result < 0) {
		perror("preparing");
		exit(1);
	}
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static struct policy_config config(void)
{
	static char file[PATH_MAX], home[PATH_MAX], workspace[PATH_MAX], project[PATH_MAX], cache[PATH_MAX];
	static const char *const files[] = {file};

	(void)snprintf(file, sizeof(file), "%s/policy.yaml", dir);
	(void)snprintf(home, sizeof(home), "%s/home", dir);
	(void)snprintf(workspace, sizeof(workspace), "%s/home/ws", dir);
	(void)snprintf(project, sizeof(project), "%s/home/ws/.crust/policy.yaml", dir);
	(void)snprintf(cache, sizeof(cache), "%s/home/.cache/crust", dir);
	return (struct policy_config){.home = home,
				      .workspace = workspace,
				      .files = files,
				      .n_files = 1,
				      .project = project,
				      .cache = cache};
}

/* Load, and tell whether it came out of the cache: only then its memory has been read from a file as a whole. */
static struct policy *load(const struct policy_config *cfg, bool *ret_cached)
{
	struct policy *p = NULL;
	struct err err;

	*ret_cached = cache_load(cfg, &p);
	if (*ret_cached)
		return p;
	if (policy_load(cfg, &p, &err) < 0)
		note("%s", err.msg);
	return p;
}

static bool is_cached(const struct policy_config *cfg)
{
	bool cached;

	policy_free(load(cfg, &cached));
	return cached;
}

/* The one file in the cache; "" if there is none. */
static const char *cached_file(unsigned *ret_n)
{
	static char path[PATH_MAX];
	const char *cache = at("home/.cache/crust");
	const struct dirent *e;
	DIR *d = opendir(cache);

	path[0] = '\0';
	*ret_n = 0;
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			(void)snprintf(path, sizeof(path), "%.1000s/%.200s", cache, e->d_name);
			++*ret_n;
		}
	if (d)
		(void)closedir(d);
	return path;
}

/* --- the same decisions --------------------------------------------------------------------------- */

static bool same(const struct policy *a, const struct policy *b, const struct policy_action *action)
{
	struct policy_decision x, y;
	char sx[512], sy[512];

	policy_decide(a, action, &x);
	policy_decide(b, action, &y);
	policy_suggest(a, action, &x, sx, sizeof(sx));
	policy_suggest(b, action, &y, sy, sizeof(sy));
	return x.verdict == y.verdict && streq(x.rule, y.rule) && streq(x.message, y.message) &&
	       streq(x.source, y.source) && streq(x.stage, y.stage) && x.severity == y.severity &&
	       x.inspect == y.inspect && x.wants_by == y.wants_by && streq(sx, sy);
}

/* "$H/x" and "$W/x" as the data files have them. */
static const char *expand(const char *text, const struct policy_config *cfg)
{
	static char out[8][PATH_MAX];
	static unsigned i;
	bool home = str_starts(text, "$H") || str_starts(text, "~/"), ws = str_starts(text, "$W");

	i = (i + 1) % 8;
	(void)snprintf(out[i], PATH_MAX, "%s%s", home ? cfg->home : ws ? cfg->workspace : "",
		       text + (text[0] == '$' ? 2 : home));
	return out[i];
}

static unsigned compare_one(const struct policy *a, const struct policy *b, const struct policy_config *cfg,
			    const cJSON *in)
{
	const char *path = cJSON_GetStringValue(cJSON_GetObjectItem(in, "path"));
	const char *host = cJSON_GetStringValue(cJSON_GetObjectItem(in, "host"));
	const char *by = cJSON_GetStringValue(cJSON_GetObjectItem(in, "by"));
	const cJSON *argv = cJSON_GetObjectItem(in, "argv"), *word;
	const char *words[64] = {NULL};
	struct policy_dest dest = {.host = host, .port = 443};
	unsigned n = 0, bad = 0;

	cJSON_ArrayForEach(word, argv)
		if (n < ARRAY_SIZE(words) - 1)
			words[n++] = word->valuestring;
	if (!path && n)
		path = words[0];
	for (unsigned op = 0; op < POLICY_OP_COUNT; op++)
		bad += !same(a, b, &(struct policy_action){.op = op,
							   .path = path ? expand(path, cfg) : NULL,
							   .argv = n ? words : NULL,
							   .dest = host ? &dest : NULL,
							   .by = by});
	return bad;
}

static void compare_file(const struct policy *a, const struct policy *b, const struct policy_config *cfg,
			 const char *name)
{
	unsigned n = 0, bad = 0;
	char path[PATH_MAX], line[8192];
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/data/builtin/%s", name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		const char *brace = strchr(line, '{');
		cJSON *in = brace ? cJSON_Parse(brace) : NULL;

		if (in) {
			bad += compare_one(a, b, cfg, in);
			n++;
		}
		cJSON_Delete(in);
	}
	if (f)
		(void)fclose(f);
	ok(n > 0 && bad == 0, "%s: %u questions, %u answered otherwise", name, n, bad);
}

static unsigned compare_rules(const struct policy *a, const struct policy *b)
{
	unsigned bad = policy_rule_count(a) != policy_rule_count(b);

	for (size_t i = 0; !bad && i < policy_rule_count(a); i++) {
		struct policy_rule_info x, y;

		policy_rule_get(a, i, &x);
		policy_rule_get(b, i, &y);
		bad += !streq(x.name, y.name) || !streq(x.source, y.source) || x.ops != y.ops;
		for (size_t k = 0; !bad && x.patterns[k]; k++)
			bad += !y.patterns[k] || !streq(x.patterns[k], y.patterns[k]);
	}
	return bad;
}

static bool same_files(const char *const *a, const char *const *b)
{
	for (; *a && *b && streq(*a, *b); a++, b++)
		;
	return !*a && !*b;
}

static void test_same(void)
{
	static const char *const files[] = {"default.txt", "machine.txt", "network.txt", "project.txt",
					    "secrets.txt"};
	struct policy_config cfg = config(), plain = cfg;
	struct policy *a, *b;
	bool first, second, third;

	plain.cache = NULL;
	a = load(&plain, &first);
	ok(a && !first, "compiled without a cache");
	policy_free(load(&cfg, &first));
	b = load(&cfg, &second);
	ok(!first && second, "compiled at first, cached afterwards");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		compare_file(a, b, &cfg, files[i]);
	ok(compare_rules(a, b) == 0, "the rules read the same");
	ok(same_files(policy_files(a), policy_files(b)), "the watcher is told the same files");
	ok(policy_env_hides(b, "AWS_SECRET_ACCESS_KEY", "x") == policy_env_hides(a, "AWS_SECRET_ACCESS_KEY", "x"),
	   "the environment too");
	policy_warm(b);
	compare_file(a, b, &cfg, files[0]);
	policy_free(load(&cfg, &third));
	ok(!third, "two at once do not fit at one address: the second is compiled");
	policy_free(a);
	policy_free(b);
}

/* --- nothing in it points elsewhere --------------------------------------------------------------- */

/* Compile twice at once, so that the program, the heap and the stretch give different or tell-tale words: one
 * that is the same must not be an address, one that differs must point into the stretch. */
static unsigned odd_words(const struct policy *a, const struct policy *b)
{
	uintptr_t x = (uintptr_t)a->arena.base, y = (uintptr_t)b->arena.base;
	unsigned odd = 0;

	for (size_t i = sizeof(struct cache_head); i + 8 <= a->arena.used; i += 8) {
		uint64_t v, w;

		memcpy(&v, a->arena.base + i, 8);
		memcpy(&w, b->arena.base + i, 8);
		if (v == w)
			continue;
		if (v - x >= a->arena.used || v - x != w - y) {
			if (odd++ < 5)
				note("offset %zu: %llx and %llx", i, (unsigned long long)v, (unsigned long long)w);
		}
	}
	return odd;
}

static void test_pointers(void)
{
	struct policy_config cfg = config();
	struct policy *a = NULL, *b = NULL;
	struct err err;
	char cache2[PATH_MAX];

	(void)snprintf(cache2, sizeof(cache2), "%s", at("home/.cache/other"));
	unlink(cached_file(&(unsigned){0}));
	policy_free(load(&cfg, &(bool){false})); /* so that both see the same directory */
	cfg.cache = cache2;
	must(mkdir(cache2, 0500)); /* compiles every time: nothing can be written there */
	if (policy_load(&cfg, &a, &err) < 0 || policy_load(&cfg, &b, &err) < 0)
		exit(1);
	ok(arena_one_piece(&a->arena) && arena_one_piece(&b->arena), "a policy is one piece");
	if (geteuid() == 0) /* root writes anywhere, and then the head and key are there as well */
		a->arena.used = b->arena.used = MIN(a->arena.used, b->arena.used);
	ok(a->arena.base == b->arena.base || odd_words(a, b) == 0, "all of its pointers stay inside");
	policy_free(a);
	policy_free(b);
}

/* --- what is not used ----------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *ret_len)
{
	struct stat st;
	autoclose fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data;

	if (fd < 0 || fstat(fd, &st) < 0 || !(data = malloc((size_t)st.st_size + 1)) ||
	    read(fd, data, (size_t)st.st_size) != st.st_size) {
		perror(path);
		exit(1);
	}
	*ret_len = (size_t)st.st_size;
	return data;
}

static void write_file(const char *path, const char *data, size_t len)
{
	autoclose fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len) {
		perror(path);
		exit(1);
	}
}

static bool uses(const struct policy_config *cfg)
{
	struct policy *p = NULL;
	bool hit = cache_load(cfg, &p);

	policy_free(hit ? p : NULL);
	return hit;
}

static void test_damage(void)
{
	struct policy_config cfg = config();
	unsigned n, used = 0;
	size_t len, k;
	autofree char *good = NULL, *path = NULL;

	policy_free(load(&cfg, &(bool){false}));
	path = strdup(cached_file(&n));
	ok(n == 1, "one file for one policy");
	good = read_file(path, &len);
	for (k = 0; k < 600; k++) {
		size_t i = k < 200 ? k : (k * 2654435761u) % len;

		good[i] ^= (char)(1 << k % 8);
		write_file(path, good, len);
		used += uses(&cfg);
		good[i] ^= (char)(1 << k % 8);
	}
	ok(used == 0, "600 single bits: none of these files is used (%u)", used);
	for (k = 0; k < 64; k++) {
		write_file(path, good, k < 32 ? k * 8 : len - 1 - (k - 32) * 511);
		used += uses(&cfg);
	}
	ok(used == 0, "64 cut files: none is used (%u)", used);
	write_file(path, good, len);
	ok(uses(&cfg), "unharmed it is");
	good[len] = 'x';
	write_file(path, good, len + 1);
	ok(!uses(&cfg), "with a byte more it is not");
	ok(!is_cached(&cfg) && is_cached(&cfg), "a bad file is replaced by the next start");
}

/* As if another build had written it, and under this one's name. */
static void test_other_program(void)
{
	struct policy_config cfg = config();
	autofree char *data = NULL;
	struct cache_head *head;
	size_t len;
	const char *path;
	unsigned n;

	policy_free(load(&cfg, &(bool){false}));
	path = cached_file(&n);
	data = read_file(path, &len);
	head = (void *)data;
	data[(uintptr_t)head->key - head->addr] ^= 1; /* its build id */
	head->checksum = cache_checksum(data, len);
	write_file(path, data, len);
	ok(!uses(&cfg), "what another program has written is not used");
	data[(uintptr_t)head->key - head->addr] ^= 1;
	head->checksum = cache_checksum(data, len);
	write_file(path, data, len);
	ok(uses(&cfg), "(and it was only that)");
}

static void test_trust(void)
{
	struct policy_config cfg = config();
	char path[PATH_MAX], real[PATH_MAX], saved[PATH_MAX];
	unsigned n;

	policy_free(load(&cfg, &(bool){false}));
	(void)snprintf(path, sizeof(path), "%s", cached_file(&n));
	(void)snprintf(real, sizeof(real), "%s", at("home/.cache/real"));
	(void)snprintf(saved, sizeof(saved), "%s", at("home/.cache/saved"));
	must(chmod(path, 0620));
	ok(!uses(&cfg), "a file that others may write is not used");
	must(chmod(path, 0600));
	must(link(path, saved));
	ok(!uses(&cfg), "nor one with two names");
	must(rename(saved, path)); /* does nothing: the same file */
	(void)unlink(path);
	must(symlink(saved, path));
	ok(!uses(&cfg), "nor a symbolic link");
	(void)unlink(path);
	must(mkfifo(path, 0600));
	ok(!uses(&cfg), "nor a FIFO, which does not stop us");
	(void)unlink(path);
	must(rename(saved, path));
	ok(uses(&cfg), "(it can be used)");
	must(chmod(cfg.cache, 0770));
	ok(!uses(&cfg), "a directory that others may write is not used");
	must(chmod(cfg.cache, 0700));
	must(rename(cfg.cache, real));
	must(symlink(real, cfg.cache));
	ok(!uses(&cfg) && !is_cached(&cfg), "nor one behind a symbolic link");
	(void)unlink(cfg.cache);
	must(rename(real, cfg.cache));
	if (geteuid() == 0) {
		must(chown(cfg.cache, 4242, 4242));
		ok(!uses(&cfg), "nor somebody else's");
		must(chown(cfg.cache, 0, 0));
		must(chown(path, 4242, 4242));
		ok(!uses(&cfg), "nor a file of somebody else");
		must(chown(path, 0, 0));
	} else {
		ok(true, "somebody else's # SKIP needs root");
	}
	/* Links and renames have touched directories that rules speak of. */
	(void)is_cached(&cfg);
	ok(is_cached(&cfg), "and then it is used again");
}

/* --- what it was made from ------------------------------------------------------------------------ */

static bool again(const struct policy_config *cfg)
{
	return !is_cached(cfg) && is_cached(cfg);
}

static void test_inputs(void)
{
	struct policy_config cfg = config();
	const char *more[2];
	char extra[PATH_MAX];

	(void)snprintf(extra, sizeof(extra), "%s", at("extra.yaml"));
	(void)is_cached(&cfg);
	put(cfg.files[0], "include: extra.yaml?\nrules:\n- block: '/srv/b/**'\n");
	ok(again(&cfg), "the user's file changes");
	put(extra, "rules:\n- block: '/srv/c/**'\n");
	ok(again(&cfg), "an optional include appears");
	put(extra, "rules:\n- block: '/srv/d/**'\n");
	ok(again(&cfg), "it changes, with the same length");
	(void)unlink(extra);
	ok(again(&cfg), "it goes");
	must(mkdir(at("home/.ssh"), 0700));
	ok(again(&cfg), "a directory on the way of a rule appears");
	must(mkdir(at("home/ws/.crust"), 0700));
	put(cfg.project, "rules:\n- ask: '/srv/e/**'\n");
	ok(again(&cfg), "the project's file appears");
	put(cfg.project, "rules:\n- allow: '/srv/e/**'\n");
	{
		struct policy *p = NULL;
		struct err err = {0};

		ok(policy_load(&cfg, &p, &err) == -EBADMSG && strstr(err.msg, "may only block"),
		   "a bad policy is an error as ever: %s", err.msg);
		ok(policy_load(&cfg, &p, &err) == -EBADMSG, "also the second time");
	}
	(void)unlink(cfg.project);
	(void)is_cached(&cfg);
	cfg.workspace = at("home/other");
	ok(!uses(&cfg), "another workspace is another policy");
	cfg = config();
	cfg.no_builtin = true;
	ok(!uses(&cfg), "so is one without the built-in rules");
	cfg = config();
	more[0] = more[1] = cfg.files[0];
	cfg.files = more;
	cfg.n_files = 2;
	ok(!uses(&cfg), "so is one with a file more");
}

static void test_links(void)
{
	struct policy_config cfg = config();
	struct policy *p;
	struct policy_decision d;
	char target[PATH_MAX], name[PATH_MAX];
	bool cached;

	(void)snprintf(name, sizeof(name), "%s", at("home/.aws"));
	(void)snprintf(target, sizeof(target), "%s", at("elsewhere"));
	must(mkdir(target, 0700));
	(void)is_cached(&cfg);
	must(symlink(target, name));
	p = load(&cfg, &cached);
	(void)snprintf(name, sizeof(name), "%s/credentials", target);
	policy_decide(p, &(struct policy_action){.op = POLICY_READ, .path = name}, &d);
	ok(!cached && d.verdict == VERDICT_DENY, "a link that appears takes its rule along");
	policy_free(p);
	p = load(&cfg, &cached);
	policy_decide(p, &(struct policy_action){.op = POLICY_READ, .path = name}, &d);
	ok(cached && d.verdict == VERDICT_DENY, "also out of the cache");
	policy_free(p);
	(void)unlink(at("home/.aws"));
	must(symlink(at("home"), at("home/.aws")));
	ok(again(&cfg), "it leads elsewhere");
	(void)unlink(at("home/.aws"));
	ok(again(&cfg), "it goes");
	must(rename(at("home"), at("moved")));
	must(symlink(at("moved"), at("home")));
	ok(again(&cfg), "the home is behind a link now");
	(void)unlink(at("home"));
	must(rename(at("moved"), at("home")));
}

/* A directory whose last change is long ago is known by its ctime; then what is in it must not be missed. */
static void test_stamps(void)
{
	struct links l = {0};
	struct arena a = {0};
	char out[PATH_MAX], path[PATH_MAX], stamped[PATH_MAX];
	unsigned n = 0;

	(void)snprintf(stamped, sizeof(stamped), "%s", at("stamped"));
	must(mkdir(stamped, 0700));
	note("waiting for the clock to leave the directory behind");
	(void)nanosleep(&(struct timespec){.tv_sec = 3}, NULL);
	(void)snprintf(path, sizeof(path), "%s/deep/er", stamped);
	ok(links_follow(&l, &a, path, out, sizeof(out)) == 0, "no link on the way");
	links_seal(&l, &a);
	for (size_t i = 0; i < l.n; i++)
		n += l.v[i].stamp != NULL;
	ok(n > 0 && links_hold(&l), "it holds, by %u of %zu directories' stamps", n, l.n);
	must(symlink("/", at("stamped/deep")));
	ok(!links_hold(&l), "until a link appears");
	(void)unlink(at("stamped/deep"));
	ok(links_hold(&l), "and again when it has gone");
	ok(links_follow(&l, &a, "/proc/self/fd/0/x", out, sizeof(out)) >= 0, "magic links are followed or not");
	arena_done(&a);
}

/* --- the directory -------------------------------------------------------------------------------- */

static void test_no_place(void)
{
	struct policy_config cfg = config();
	char file[PATH_MAX];
	struct policy *p;
	bool cached;

	cfg.cache = "/proc/self/crust";
	p = load(&cfg, &cached);
	ok(p && !cached, "where nothing can be made, a policy is compiled");
	policy_free(p);
	(void)snprintf(file, sizeof(file), "%s", at("policy.yaml/crust"));
	cfg.cache = file;
	p = load(&cfg, &cached);
	ok(p && !cached, "also below a file");
	policy_free(p);
	if (geteuid() == 0)
		return;
	(void)snprintf(file, sizeof(file), "%s", at("readonly"));
	must(mkdir(file, 0500));
	(void)snprintf(file, sizeof(file), "%s", at("readonly/crust"));
	p = load(&cfg, &cached);
	ok(p && !cached && access(file, F_OK) < 0, "also in a read-only home");
	policy_free(p);
}

static void test_tidy(void)
{
	struct policy_config cfg = config();
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	char name[PATH_MAX];
	unsigned n;

	put(at("home/.cache/crust/.new-0123456789abcdef"), "left");
	put(at("home/.cache/crust/.new-fedcba9876543210"), "being written");
	(void)utimensat(AT_FDCWD, at("home/.cache/crust/.new-0123456789abcdef"), old, 0);
	for (unsigned i = 0; i < CACHE_FILES_MAX + 4; i++) {
		(void)snprintf(name, sizeof(name), "%s/%u", at("home"), i);
		cfg.workspace = name;
		(void)is_cached(&cfg);
	}
	(void)cached_file(&n);
	ok(n == CACHE_FILES_MAX, "at most %d files stay (%u)", CACHE_FILES_MAX, n);
	ok(is_cached(&cfg), "the last one among them");
	ok(access(at("home/.cache/crust/.new-0123456789abcdef"), F_OK) < 0 &&
		   access(at("home/.cache/crust/.new-fedcba9876543210"), F_OK) == 0,
	   "what a writer left goes, when it is old");
	(void)unlink(at("home/.cache/crust/.new-fedcba9876543210"));
}

/* Four writers and readers of the same file; each must get a policy that works. */
static void test_race(void)
{
	unsigned good = 0;

	for (unsigned i = 0; i < 4; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			struct policy_config cfg = config();
			struct policy_decision d;
			char path[PATH_MAX];

			(void)snprintf(path, sizeof(path), "%s/.ssh/id_rsa", cfg.home);
			for (unsigned k = 0; k < 25; k++) {
				struct policy *p;
				bool cached;

				if ((k + i) % 5 == 0)
					(void)unlink(cached_file(&(unsigned){0}));
				p = load(&cfg, &cached);
				if (!p)
					_exit(1);
				policy_decide(p, &(struct policy_action){.op = POLICY_READ, .path = path}, &d);
				if (d.verdict != VERDICT_DENY)
					_exit(2);
				policy_free(p);
			}
			_exit(0);
		}
	}
	for (int st; wait(&st) > 0;)
		good += WIFEXITED(st) && WEXITSTATUS(st) == 0;
	ok(good == 4, "four at once, all served (%u)", good);
}

int main(void)
{
	char cmd[64];
	struct stat st;

	if (stat("tests/data/builtin", &st) < 0)
		skip_all("no tests/data/builtin here; run from the top of the tree");
	if (!mkdtemp(dir) || mkdir(at("home"), 0700) < 0 || mkdir(at("home/ws"), 0700) < 0 ||
	    mkdir(at("home/.cache"), 0755) < 0)
		return 1;
	put(at("more.rules"), "block \"from-rules\"\n  match command(\"shred\") with_args_matching(\\.git)\n"
			      "  nudge \"Do not.\"\n");
	put(at("policy.yaml"), "include: more.rules\n"
			       "lists: {bad: ['/srv/a/**']}\n"
			       "rules:\n"
			       "- block: '/srv/x/**'\n"
			       "- name: evil\n"
			       "  match: {command: 're:evil\\s+thing'}\n"
			       "  examples: {match: ['evil  thing'], not_match: ['good thing']}\n");
	test_same();
	test_pointers();
	test_damage();
	test_other_program();
	test_trust();
	test_inputs();
	test_links();
	test_stamps();
	test_no_place();
	test_tidy();
	test_race();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (system(cmd) != 0)
		note("cannot remove %s", dir);
	return tap_done();
}
