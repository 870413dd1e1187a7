#include "launcher/site.h"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "launcher/env.h"

#ifndef CRUST_PREFIX
#define CRUST_PREFIX "/usr/local"
#endif

#define PRELOAD_NAME   "libcrust-preload.so"
#define PROJECT_FILE   ".crust/policy.yaml"
#define VOICE_BACKLOG  64

/* --- home, workspace, policies ------------------------------------------------------------------ */

/* Join and normalise; PATH_MAX bytes at @ret. */
static int site_path(const char *cwd, const char *path, char *ret, struct err *reterr)
{
	int rc = policy_normalise(cwd, path, ret, PATH_MAX);

	if (rc < 0)
		return err_set(reterr, -rc, "'%s': %s", path, strerror(-rc));
	return 0;
}

static int find_home(struct site *s, struct err *reterr)
{
	const char *home = getenv("HOME");
	char resolved[PATH_MAX];

	if (!home || home[0] != '/') {
		const struct passwd *pw = getpwuid(getuid());

		home = pw ? pw->pw_dir : NULL;
	}
	if (!home || home[0] != '/')
		return err_set(reterr, ENOENT,
			       "HOME is not set and user %u has no home: rules about ~ need one",
			       (unsigned)getuid());
	if (site_path("/", home, s->home, reterr) < 0)
		return -EINVAL;
	memcpy(s->home_resolved, s->home, sizeof(s->home));
	if (realpath(s->home, resolved))
		memcpy(s->home_resolved, resolved, sizeof(resolved));
	return 0;
}

/* Is @path @dir or below it? Both absolute and resolved. */
static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (streq(dir, "/"))
		return true;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Cut @path to the top of the git work tree around it; unchanged if there is none. Home and / are no
 * work trees to us, even with a .git in them: people keep their dotfiles so. */
static void find_work_tree(const struct site *s, char *path)
{
	char probe[PATH_MAX + 8], dir[PATH_MAX];

	memcpy(dir, path, sizeof(dir));
	while (dir[1] != '\0' && !streq(dir, s->home_resolved)) {
		char *slash;

		(void)snprintf(probe, sizeof(probe), "%s/.git", dir); /* fits by its size */
		if (access(probe, F_OK) == 0) {
			memcpy(path, dir, sizeof(dir));
			return;
		}
		slash = strrchr(dir, '/');
		slash[slash == dir ? 1 : 0] = '\0';
	}
}

static int find_workspace(const struct options *o, struct site *s, struct err *reterr)
{
	const char *given = o->workspace ? o->workspace : ".";
	struct stat st;

	if (!realpath(given, s->workspace))
		return err_set(reterr, errno, "workspace '%s': %s", given, strerror(errno));
	if (stat(s->workspace, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(reterr, ENOTDIR, "workspace '%s': not a directory", given);
	if (!o->workspace)
		find_work_tree(s, s->workspace);
	if (streq(s->workspace, "/"))
		return err_set(reterr, EINVAL,
			       "the workspace would be /, the whole machine: start in the project's "
			       "directory, or name one with --workspace DIR");
	s->workspace_holds_home = is_below(s->home_resolved, s->workspace);
	if (o->no_project)
		return 0;
	return site_path(s->workspace, PROJECT_FILE, s->project, reterr);
}

static int add_policy(struct site *s, const char *path, struct err *reterr)
{
	char absolute[PATH_MAX], *copy;

	if (site_path(s->cwd, path, absolute, reterr) < 0)
		return -EINVAL;
	copy = strdup(absolute);
	if (!copy)
		return err_set(reterr, ENOMEM, "no memory");
	s->policies[s->n_policies++] = copy;
	return 0;
}

/* The user's own file counts only if it is there; one that cannot be read is an error later. */
static int find_default_policy(struct site *s, struct err *reterr)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	char path[PATH_MAX];
	int n;

	if (xdg && xdg[0] == '/')
		n = snprintf(path, sizeof(path), "%s/crust/policy.yaml", xdg);
	else
		n = snprintf(path, sizeof(path), "%s/.config/crust/policy.yaml", s->home);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(reterr, ENAMETOOLONG, "the configuration directory's name is too long");
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	return add_policy(s, path, reterr);
}

static int find_policies(const struct options *o, struct site *s, struct err *reterr)
{
	if (!o->n_policies)
		return find_default_policy(s, reterr);
	for (size_t i = 0; i < o->n_policies; i++) {
		if (!o->policies[i][0])
			return err_set(reterr, EINVAL, "--policy: the name is empty");
		if (add_policy(s, o->policies[i], reterr) < 0)
			return -EINVAL;
	}
	return 0;
}

/* --- the preload library ------------------------------------------------------------------------ */

/* Next to the program (a build tree), in ../lib/crust (an installation that was moved), in PREFIX. */
static void find_preload(struct site *s)
{
	/* The folder's second name: gcc's AddressSanitizer refuses to start behind a preloaded library
	 * unless its path looks like its own. Who tests sanitized programs under us must not notice. */
	static const char *const places[] = { "libasan.so.d/" PRELOAD_NAME, PRELOAD_NAME,
					      "../lib/crust/libasan.so.d/" PRELOAD_NAME,
					      "../lib/crust/" PRELOAD_NAME,
					      CRUST_PREFIX "/lib/crust/libasan.so.d/" PRELOAD_NAME,
					      CRUST_PREFIX "/lib/crust/" PRELOAD_NAME };
	char dir[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);

	dir[MAX(n, 0)] = '\0';
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	s->preload_reason = "libcrust-preload.so is not installed";
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!slash && places[i][0] != '/')
			continue;
		if (policy_normalise(*dir ? dir : "/", places[i], s->preload, sizeof(s->preload)) >= 0 &&
		    access(s->preload, R_OK) == 0) {
			if (env_preload_usable(s->preload))
				return;
			s->preload_reason = "the loader cannot take libcrust-preload.so from a path with "
					    "a space, a colon or a dollar sign";
		}
	}
	s->preload[0] = '\0';
}

int site_find(const struct options *o, struct site *ret, struct err *reterr)
{
	if (!getcwd(ret->cwd, sizeof(ret->cwd)))
		return err_set(reterr, errno, "the current directory: %s", strerror(errno));
	if (find_home(ret, reterr) < 0 || find_workspace(o, ret, reterr) < 0 ||
	    find_policies(o, ret, reterr) < 0)
		return -EINVAL;
	(void)site_cache_dir(ret->home, ret->cache); /* "" then */
	find_preload(ret);
	return 0;
}

struct policy_config site_policy_config(const struct site *s)
{
	return (struct policy_config){
		.home = s->home,
		.workspace = s->workspace,
		.files = s->policies,
		.n_files = s->n_policies,
		.project = s->project[0] ? s->project : NULL,
		.cache = s->cache[0] ? s->cache : NULL,
	};
}

const char *site_cache_dir(const char *home, char buf[PATH_MAX])
{
	if (getenv("CRUST_NO_CACHE") || home[0] != '/' ||
	    (size_t)snprintf(buf, PATH_MAX, "%s/.cache/crust", home) >= PATH_MAX)
		return NULL;
	return buf;
}

const char *site_show(const struct site *s, const char *path, char *buf, size_t size)
{
	const char *home = s->home_resolved;
	size_t len = strlen(home);

	if (len > 1 && is_below(path, home))
		(void)snprintf(buf, size, "~%s", path + len); /* a cut name is still a name */
	else
		(void)snprintf(buf, size, "%s", path); /* likewise */
	for (char *c = buf; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return buf;
}

/* --- the private directory ---------------------------------------------------------------------- */

/* $XDG_RUNTIME_DIR if it is what the specification says: ours, and nobody else's. */
static const char *runtime_dir(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct stat st;

	if (!dir || dir[0] != '/' || strlen(dir) > 60)
		return NULL;
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return NULL;
	return dir;
}

static int make_dir(struct site_dir *d, struct err *reterr)
{
	const char *const bases[] = { runtime_dir(), "/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		if (!bases[i])
			continue;
		(void)snprintf(d->path, sizeof(d->path), "%s/crust-run-XXXXXX", bases[i]); /* fits */
		if (mkdtemp(d->path))
			return 0;
	}
	d->path[0] = '\0';
	return err_set(reterr, errno, "cannot make a private directory in /tmp: %s", strerror(errno));
}

static int make_file(const char *path)
{
	autoclose fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t len = strlen(SITE_CANARY_TEXT);

	if (fd < 0)
		return -errno;
	return write(fd, SITE_CANARY_TEXT, len) == (ssize_t)len ? 0 : -EIO;
}

static int make_socket(struct site_dir *d)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autoclose fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	_Static_assert(sizeof(d->voice) <= sizeof(addr.sun_path), "the name fits");
	memcpy(addr.sun_path, d->voice, sizeof(d->voice));
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, VOICE_BACKLOG) < 0)
		return -errno;
	d->socket = take_fd(&fd);
	return 0;
}

int site_dir_make(bool voice, struct site_dir *ret, struct err *reterr)
{
	struct site_dir d = { .socket = -1 };
	int rc = make_dir(&d, reterr);

	if (rc < 0)
		return rc;
	(void)snprintf(d.voice, sizeof(d.voice), "%s/voice", d.path);	 /* sized for it */
	(void)snprintf(d.canary, sizeof(d.canary), "%s/canary", d.path); /* sized for it */
	(void)snprintf(d.plain, sizeof(d.plain), "%s/plain", d.path);	 /* sized for it */
	rc = make_file(d.canary);
	if (rc == 0)
		rc = make_file(d.plain);
	if (rc == 0 && voice)
		rc = make_socket(&d);
	if (rc < 0) {
		err_set(reterr, -rc, "'%s': %s", d.path, strerror(-rc));
		site_dir_remove(&d);
		return rc;
	}
	*ret = d;
	return 0;
}

void site_dir_close(struct site_dir *d)
{
	if (d->socket >= 0)
		(void)close(d->socket); /* nothing buffered */
	d->socket = -1;
}

void site_dir_trim(struct site_dir *d)
{
	if (d->canary[0])
		(void)unlink(d->canary); /* may be gone: then all is well */
	if (d->plain[0])
		(void)unlink(d->plain); /* likewise */
	d->canary[0] = d->plain[0] = '\0';
}

void site_dir_remove(struct site_dir *d)
{
	site_dir_close(d);
	if (!d->path[0])
		return;
	site_dir_trim(d);
	(void)unlink(d->voice); /* likewise */
	(void)rmdir(d->path);	/* likewise */
	d->path[0] = '\0';
}
