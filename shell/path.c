#include "shell/path.h"

#include "shell/shell.h"

/* "/a/b" + "c": one component more on @out, which ends without a slash. */
static char *component(char *out, char *start, const char *part, size_t len)
{
	char *slash;

	if (len == 0 || (len == 1 && part[0] == '.'))
		return out;
	if (len == 2 && part[0] == '.' && part[1] == '.') {
		slash = memrchr(start, '/', (size_t)(out - start));
		if (!slash)
			return out; /* above the root is the root */
		if (!memchr(slash, SHELL_UNKNOWN, (size_t)(out - slash)) &&
		    !(out - slash == 3 && memcmp(slash, "/..", 3) == 0))
			return slash;
	}
	*out++ = '/';
	memcpy(out, part, len);
	return out + len;
}

static char *components(char *out, char *start, const char *path)
{
	size_t whole = strlen(path);

	/* The working directory of many commands: mostly nothing is to be left out. */
	if (out == start && whole && path[0] == '/' && path[whole - 1] != '/' && !strstr(path, "//") &&
	    !strstr(path, "/.")) {
		memcpy(out, path, whole);
		return out + whole;
	}
	while (*path) {
		size_t len = strcspn(path, "/");

		out = component(out, start, path, len);
		path += len + (path[len] == '/');
	}
	return out;
}

/* What stands for the ~ at the start of @word, and in *rest what follows. */
static const char *tilde(struct arena *a, const char *home, const char *word, const char **rest)
{
	size_t len = strcspn(word, "/");
	char *dir;

	*rest = word + len;
	if (len == 1)
		return home;
	if (len == 5 && memcmp(word, "~root", 5) == 0)
		return "/root";
	if (memchr(word, SHELL_UNKNOWN, len) || word[1] == '+' || word[1] == '-')
		return NULL;
	dir = arena_alloc(a, len + sizeof("/home/"));
	if (dir) {
		memcpy(dir, "/home/", 6);
		memcpy(dir + 6, word + 1, len - 1);
	}
	return dir;
}

const char *shell_path(struct arena *a, const char *cwd, const char *home, const char *word)
{
	const char *base = NULL, *rest = word;
	char *buf, *out;

	if (word[0] == '~') {
		base = tilde(a, home, word, &rest);
		if (!base)
			rest = word;
	}
	if (!base && word[0] == SHELL_UNKNOWN)
		return word;
	if (!base && word[0] != '/') {
		if (!cwd || cwd[0] != '/')
			return word;
		base = cwd;
	}
	buf = arena_alloc(a, (base ? strlen(base) : 0) + strlen(rest) + 3);
	if (!buf)
		return NULL;
	out = components(buf, buf, base ? base : "");
	out = components(out, buf, rest);
	if (out == buf)
		*out++ = '/';
	*out = '\0';
	return buf;
}

bool shell_path_known(const char *path)
{
	return path[0] == '/' && !strchr(path, SHELL_UNKNOWN);
}

void shell_quote(struct buf *b, const char *word)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%\x1a";

	if (*word && !word[strspn(word, safe)]) {
		buf_puts(b, word);
		return;
	}
	buf_putc(b, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_puts(b, "'\\''");
		else
			buf_putc(b, *word);
	buf_putc(b, '\'');
}
