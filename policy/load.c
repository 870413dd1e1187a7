#include "policy/load.h"

#include <limits.h>
#include <sys/stat.h>

#include "policy/cache.h"
#include "policy/loader.h"

/* Files: reading them within limits, includes, and the order in which they count. */

static const unsigned char builtin_text[] = {
#include "builtin_policy.inc"
};

static int read_all(struct loader *l, int fd, struct arena *a, char **ret, size_t *ret_len)
{
	size_t len = 0, cap = 64 << 10;
	autofree char *data = malloc(cap);

	while (data) {
		ssize_t n = read(fd, data + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(l->err, errno, "%s: %s", l->file, strerror(errno));
		len += (size_t)n;
		if (len > FILE_SIZE_MAX)
			return err_set(l->err, EBADMSG, "%s:1:1: file is larger than %zu MiB",
				       l->file, FILE_SIZE_MAX >> 20);
		if (n == 0)
			break;
		if (len == cap) {
			char *more = realloc(data, cap *= 2);

			if (!more)
				return no_memory(l);
			(void)take_ptr(data); /* realloc took it */
			data = more;
		}
	}
	*ret = data ? arena_strndup(a, data, len) : NULL;
	*ret_len = len;
	return *ret ? 0 : no_memory(l);
}

static int load_text(struct loader *l, const char *text, size_t len)
{
	struct node *root = NULL;
	int r;

	if (is_rules_file(l->file))
		r = rules_file_parse(l, text, len, &root);
	else
		r = tree_parse(&l->scratch, &l->p->arena, l->file, text, len, &root, l->err);
	return r < 0 ? r : parse_document(l, root);
}

/* A project may be anybody's: no device, no FIFO to hang on, nothing from outside its own
 * directory. */
static int check_file(struct loader *l, int fd, const struct stat *st)
{
	char link[32], real[PATH_MAX];
	size_t dir_len;
	ssize_t n;

	if (S_ISDIR(st->st_mode))
		return err_set(l->err, EISDIR, "%s: is a directory", l->file);
	if (l->origin != ORIGIN_PROJECT)
		return 0;
	if (!S_ISREG(st->st_mode))
		return err_set(l->err, EBADMSG, "%s:1:1: a project's policy must be a regular file",
			       l->file);
	if (!l->project_dir)
		return 0; /* the project's own file; its includes come later */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n < 0)
		return err_set(l->err, errno, "%s: cannot tell where it lies", l->file);
	real[n] = '\0';
	dir_len = strlen(l->project_dir);
	if (strncmp(real, l->project_dir, dir_len) != 0 || real[dir_len] != '/')
		return err_set(l->err, EBADMSG, "%s:1:1: a project's includes must lie in %s",
			       l->file, l->project_dir);
	return 0;
}

/* A file that is reached twice counts once. */
static bool seen_before(struct loader *l, const struct stat *st)
{
	for (unsigned i = 0; i < l->n_seen; i++)
		if (l->seen[i].dev == st->st_dev && l->seen[i].ino == st->st_ino &&
		    l->seen[i].origin == l->origin)
			return true;
	if (l->n_seen < ARRAY_SIZE(l->seen) && S_ISREG(st->st_mode))
		l->seen[l->n_seen++] = (struct seen_file){
			.dev = st->st_dev, .ino = st->st_ino, .origin = l->origin};
	return false;
}

static const char *dir_of(struct loader *l, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return arena_strndup(&l->p->arena, path, slash == path ? 1 : (size_t)(slash - path));
}

/* The next of the policy's files. */
static struct file_mark *new_mark(struct loader *l)
{
	struct policy *p = l->p;
	struct file_mark *v = arena_grow(&p->arena, p->marks, p->n_marks, &p->cap_marks, sizeof(*v));

	if (!v || strlist_add(&p->arena, &p->files, l->file) < 0)
		return NULL;
	p->marks = v;
	v[p->n_marks] = (struct file_mark){.path = l->file};
	return &v[p->n_marks++];
}

static int open_and_load(struct loader *l, bool may_miss)
{
	struct policy *p = l->p;
	bool project = l->origin == ORIGIN_PROJECT;
	autoclose fd = open(l->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | (project ? O_NONBLOCK : 0));
	const int error = errno;
	struct file_mark *mark;
	struct stat st;
	char *text = NULL;
	size_t len = 0;
	int r;

	mark = new_mark(l);
	if (!mark)
		return no_memory(l);
	mark->missing = fd < 0;
	if (fd < 0 && may_miss && (error == ENOENT || error == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(l->err, fd < 0 ? error : errno, "%s: cannot open: %s", l->file,
			       strerror(fd < 0 ? error : errno));
	mark->regular = S_ISREG(st.st_mode);
	mark->dev = st.st_dev;
	mark->ino = st.st_ino;
	mark->size = (uint64_t)st.st_size;
	r = check_file(l, fd, &st);
	if (r < 0)
		return r;
	if (project && !l->project_dir) {
		const char *dir = dir_of(l, l->file);
		char real[PATH_MAX];

		if (!dir || !realpath(dir, real))
			return err_set(l->err, errno, "%s: %s", l->file, strerror(errno));
		l->project_dir = arena_strdup(&p->arena, real);
		if (!l->project_dir)
			return no_memory(l);
	}
	if (seen_before(l, &st))
		return 0;
	r = read_all(l, fd, &l->scratch, &text, &len);
	if (r < 0)
		return r;
	mark->regular &= len == mark->size; /* or it is being written right now */
	mark->hash = cache_hash(text, len);
	return load_text(l, text, len);
}

static int load_file(struct loader *l, const char *path, enum origin origin, bool may_miss)
{
	struct loader saved = {.file = l->file, .origin = l->origin};
	int r;

	l->file = arena_strdup(&l->p->arena, path);
	l->origin = origin;
	if (!l->file) {
		l->file = path;
		return no_memory(l);
	}
	r = open_and_load(l, may_miss);
	l->file = saved.file;
	l->origin = saved.origin;
	return r;
}

static int include_one(struct loader *l, const struct node *n, void *arg)
{
	char path[PATH_MAX * 2];
	size_t len = strlen(n->text);
	bool may_miss = len > 1 && n->text[len - 1] == '?';
	const char *text = n->text, *dir = "";
	int r;

	(void)arg;
	if (l->no_files || l->origin == ORIGIN_BUILTIN)
		return bad_node(l, n, "include is not possible here");
	if (++l->n_includes > INCLUDES_MAX)
		return bad_node(l, n, "more than %d includes", INCLUDES_MAX);
	if (l->depth >= INCLUDE_DEPTH_MAX)
		return bad_node(l, n, "includes nested deeper than %d", INCLUDE_DEPTH_MAX);
	if (text[0] == '~' && text[1] == '/') {
		dir = l->p->roots.home[0];
		text += 2;
	} else if (text[0] != '/') {
		dir = dir_of(l, l->file);
	} else {
		text++;
	}
	if (!dir)
		return bad_node(l, n, "the home directory is not known");
	if (len >= PATH_MAX || snprintf(path, sizeof(path), "%s/%s", dir, text) >= PATH_MAX)
		return bad_node(l, n, "path is too long");
	if (may_miss)
		path[strlen(path) - 1] = '\0';
	l->depth++;
	r = load_file(l, path, l->origin, may_miss);
	l->depth--;
	if (r < 0 && r != -EBADMSG && r != -ENOMEM) {
		struct err inner = *l->err;

		return bad_node(l, n, "include: %s", inner.msg);
	}
	return r;
}

int load_include(struct loader *l, const struct node *n)
{
	return each_text(l, n, "a file to include", include_one, NULL);
}

/* @raw as given, normalised, and as resolved if that is another. */
static int set_root(struct policy *p, const char *raw, const char *ret[2])
{
	char norm[PATH_MAX], real[PATH_MAX];

	if (!raw)
		return 0;
	if (raw[0] != '/' || policy_normalise("/", raw, norm, sizeof(norm)) < 0)
		return -EINVAL;
	ret[0] = arena_strdup(&p->arena, norm);
	if (!ret[0])
		return -ENOMEM;
	if (realpath(raw, real) && !streq(real, norm)) {
		ret[1] = arena_strdup(&p->arena, real);
		if (!ret[1])
			return -ENOMEM;
	}
	return 0;
}

static int begin(struct loader *l, const struct policy_config *cfg)
{
	static const struct fallback allow = {VERDICT_ALLOW, VERDICT_ALLOW},
				     workspace = {VERDICT_ALLOW, VERDICT_DENY};
	struct policy *p = l->p;

	for (unsigned op = 0; op < POLICY_OPS_ALL; op++)
		p->fallback[op] = op == POLICY_WRITE || op == POLICY_DELETE ? workspace : allow;
	if (set_root(p, cfg->home, p->roots.home) < 0)
		return err_set(l->err, EINVAL, "home directory is not an absolute path");
	if (set_root(p, cfg->workspace, p->roots.workspace) < 0)
		return err_set(l->err, EINVAL, "workspace is not an absolute path");
	if (cfg->no_builtin)
		return 0;
	l->file = arena_strdup(&p->arena, "builtin"); /* rules keep it, and cache.c wants no constants */
	if (!l->file)
		return err_set(l->err, ENOMEM, "out of memory");
	l->origin = ORIGIN_BUILTIN;
	return load_text(l, (const char *)builtin_text, sizeof(builtin_text));
}

static int load_files(struct loader *l, const struct policy_config *cfg)
{
	int r = begin(l, cfg);

	for (size_t i = 0; r == 0 && i < cfg->n_files; i++)
		r = load_file(l, cfg->files[i], ORIGIN_USER, false);
	if (r == 0 && cfg->project)
		r = load_file(l, cfg->project, ORIGIN_PROJECT, true);
	return r;
}

static struct policy *policy_new(struct loader *l)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		(void)err_set(l->err, ENOMEM, "out of memory");
	l->p = p;
	l->file = "policy";
	return p;
}

static int finish(struct loader *l, int r, struct policy **ret)
{
	if (r == 0)
		r = compile_policy(l);
	if (r == 0 && !l->no_examples)
		r = policy_check_examples(l->p, false, l->err, NULL);
	if (r < 0)
		policy_free(l->p);
	else
		*ret = l->p;
	arena_done(&l->scratch);
	return r;
}

int policy_load(const struct policy_config *cfg, struct policy **ret, struct err *reterr)
{
	struct err scratch;
	struct loader l = {.err = reterr ? reterr : &scratch, .no_examples = cfg->no_examples};
	int r;

	if (cache_load(cfg, ret))
		return 0;
	if (!policy_new(&l))
		return -ENOMEM;
	cache_prepare(cfg, &l.p->arena);
	r = finish(&l, load_files(&l, cfg), ret);
	if (r == 0 && !cfg->no_examples)
		cache_save(cfg, *ret);
	return r;
}

int policy_load_text(const struct policy_config *cfg, const char *name, const char *text,
		     size_t len, bool as_project, struct policy **ret, struct err *reterr)
{
	struct err scratch;
	struct loader l = {.err = reterr ? reterr : &scratch, .no_examples = cfg->no_examples};
	int r;

	if (!policy_new(&l))
		return -ENOMEM;
	r = begin(&l, cfg);
	l.no_files = true;
	l.origin = as_project ? ORIGIN_PROJECT : ORIGIN_USER;
	l.file = arena_strdup(&l.p->arena, name);
	if (!l.file)
		l.file = "policy";
	if (r == 0 && len > FILE_SIZE_MAX)
		r = err_set(l.err, EBADMSG, "%s:1:1: file is too large", name);
	if (r == 0)
		r = load_text(&l, text, len);
	return finish(&l, r, ret);
}

struct policy *policy_free(struct policy *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n_regexes; i++)
		regex_done(p->regexes[i]);
	arena_done(&p->arena);
	free(p);
	return NULL;
}

void policy_warm(const struct policy *p)
{
	for (size_t i = 0; i < p->n_regexes; i++)
		(void)regex_warm(p->regexes[i]); /* then the match will fail, and be a refusal */
}

const char *const *policy_files(const struct policy *p)
{
	return p->files.v;
}
