#include <limits.h>
#include <stdarg.h>

#include "policy/gitconfig.h"
#include "policy/policy.h"

/* Is a new .git/config harmless? Tools change that file all day (remotes, branches, identity), but
 * some of its keys make git run a program, or read more configuration. Harmless means: each such
 * entry of the new text stands with the same value in the old one. What cannot be read as git reads
 * it is not harmless. */

#define DANGEROUS_MAX 256

/* Without a subsection in the table: any or none. "*" is any name. */
static const struct {
	const char *section, *name;
} dangerous_keys[] = {
	{"alias", "*"},
	{"browser", "*"},
	{"core", "alternaterefscommand"},
	{"core", "askpass"},
	{"core", "attributesfile"},
	{"core", "editor"},
	{"core", "gitproxy"},
	{"core", "hookspath"},
	{"core", "pager"},
	{"core", "sshcommand"},
	{"core", "worktree"},
	{"credential", "helper"},
	{"diff", "command"},
	{"diff", "external"},
	{"difftool", "cmd"},
	{"difftool", "path"},
	{"filter", "clean"},
	{"filter", "process"},
	{"filter", "smudge"},
	{"gpg", "program"},
	{"imap", "tunnel"},
	{"include", "path"},
	{"includeif", "path"},
	{"init", "templatedir"},
	{"instaweb", "*"},
	{"interactive", "difffilter"},
	{"lfs", "args"},
	{"lfs", "clean"},
	{"lfs", "path"},
	{"lfs", "smudge"},
	{"man", "*"},
	{"merge", "driver"},
	{"mergetool", "cmd"},
	{"mergetool", "path"},
	{"pager", "*"},
	{"protocol", "allow"},
	{"remote", "proxy"},
	{"remote", "receivepack"},
	{"remote", "uploadpack"},
	{"remote", "vcs"},
	{"sendemail", "*"},
	{"sequence", "editor"},
	{"trailer", "cmd"},
	{"trailer", "command"},
	{"uploadpack", "packobjectshook"},
	{"web", "browser"},
};

/* In any section, also ones that are not known yet. */
static const char *const dangerous_ends[] = {
	"askpass", "cmd",	"command",  "driver", "editor",	 "helper",
	"hook",	   "hookspath", "hookpath", "pager",  "program", "textconv",
};

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && streq(s + n - k, end);
}

/* "ext::sh -c …": a remote helper, which git runs as a program. */
static bool names_transport(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-_");

	return n && s[n] == ':' && s[n + 1] == ':';
}

static bool is_url_key(const struct gitconfig_entry *e)
{
	return streq(e->name, "url") || streq(e->name, "pushurl") || streq(e->name, "remote") ||
	       ends_with(e->name, "insteadof");
}

static bool value_is_dangerous(const struct gitconfig_entry *e)
{
	if (streq(e->section, "core") && streq(e->name, "fsmonitor"))
		return e->has_value && !streq(e->value, "true") && !streq(e->value, "false");
	if (streq(e->section, "submodule") && streq(e->name, "update") && e->value[0] == '!')
		return true;
	if (names_transport(e->value))
		return true;
	if (streq(e->section, "url") && (names_transport(e->sub) || e->sub[0] == '-'))
		return true;
	return is_url_key(e) && e->value[0] == '-';
}

static bool is_dangerous(const struct gitconfig_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(dangerous_keys); i++)
		if (streq(e->section, dangerous_keys[i].section) &&
		    (dangerous_keys[i].name[0] == '*' || streq(e->name, dangerous_keys[i].name)))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(dangerous_ends); i++)
		if (ends_with(e->name, dangerous_ends[i]))
			return true;
	return value_is_dangerous(e);
}

/* A submodule's own config names its work tree, relative to itself: harmless while that lies in the
 * repository that @path is part of. */
static bool is_inner_worktree(const struct gitconfig_entry *e, const char *path)
{
	char dir[PATH_MAX], tree[PATH_MAX];
	const char *git = path ? strstr(path, "/.git/modules/") : NULL;
	size_t top = git ? (size_t)(git - path) : 0;
	char *slash;

	if (!git || !streq(e->section, "core") || !streq(e->name, "worktree"))
		return false;
	if ((size_t)snprintf(dir, sizeof(dir), "%s", path) >= sizeof(dir))
		return false;
	slash = strrchr(dir, '/');
	*slash = '\0';
	return policy_normalise(dir, e->value, tree, sizeof(tree)) > 0 && strlen(tree) > top &&
	       strncmp(tree, path, top) == 0 && tree[top] == '/' && !strstr(tree + top, "/.git");
}

static bool same_entry(const struct gitconfig_entry *a, const struct gitconfig_entry *b)
{
	return streq(a->section, b->section) && streq(a->sub, b->sub) && streq(a->name, b->name) &&
	       a->has_value == b->has_value && streq(a->value, b->value);
}

static bool stands_in(const struct gitconfig_entry *e, const char *text, size_t len)
{
	struct gitconfig g;

	gitconfig_init(&g, text, len);
	while (gitconfig_next(&g) > 0)
		if (same_entry(&g.e, e))
			return true;
	return false;
}

static bool parses(const char *text, size_t len)
{
	struct gitconfig g;
	int r;

	gitconfig_init(&g, text, len);
	do
		r = gitconfig_next(&g);
	while (r > 0);
	return r == 0;
}

static __attribute__((format(printf, 3, 4))) bool refuse(char *why, size_t size, const char *fmt,
							 ...)
{
	va_list ap;

	if (why && size) {
		va_start(ap, fmt);
		(void)vsnprintf(why, size, fmt, ap); /* a cut text is still a text */
		va_end(ap);
	}
	return false;
}

static bool git_config_is_harmless(const char *path, const char *old, size_t old_len, const char *text, size_t len,
				   char *why, size_t why_size)
{
	unsigned n = 0;
	struct gitconfig g;
	int r;

	if (len > GITCONFIG_SIZE_MAX || (old && old_len > GITCONFIG_SIZE_MAX))
		return refuse(why, why_size, "the file is larger than %zu KiB",
			      GITCONFIG_SIZE_MAX >> 10);
	if (!old || memchr(old, '\0', old_len) || !parses(old, old_len))
		old_len = 0; /* nothing in it counts as known */
	if (len && memchr(text, '\0', len))
		return refuse(why, why_size, "the file has a NUL byte");
	gitconfig_init(&g, text, len);
	while ((r = gitconfig_next(&g)) > 0) {
		if (!is_dangerous(&g.e) || is_inner_worktree(&g.e, path))
			continue;
		if (++n > DANGEROUS_MAX || !old_len || !stands_in(&g.e, old, old_len))
			return refuse(why, why_size, "line %u sets %.64s%s%.64s.%.64s", g.e.line,
				      g.e.section, g.e.sub[0] ? "." : "", g.e.sub, g.e.name);
	}
	return r == 0 || refuse(why, why_size, "line %u is not git configuration", g.line);
}

bool policy_inspect(enum policy_inspect kind, const char *path, const char *old, size_t old_len, const char *new_,
		    size_t new_len, char *why, size_t why_size)
{
	if (kind != INSPECT_GIT_CONFIG || (!new_ && new_len))
		return refuse(why, why_size, "nothing is known about such a file");
	return git_config_is_harmless(path, old, old_len, new_, new_len, why, why_size);
}
