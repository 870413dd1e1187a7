#include "policy/policy.h"

/* The words for enums, and the lexical normalisation of paths. */

const char *policy_op_name(enum policy_op op)
{
	static const char *const names[POLICY_OPS_ALL] = {
		[POLICY_READ] = "read", [POLICY_WRITE] = "write", [POLICY_DELETE] = "delete",
		[POLICY_LIST] = "list", [POLICY_EXEC] = "exec",	  [POLICY_CONNECT] = "connect",
		[POLICY_CONTENT] = "content", [POLICY_TOOL] = "tool",
	};

	return (unsigned)op < POLICY_OPS_ALL ? names[op] : "?";
}

const char *policy_verdict_name(enum policy_verdict v)
{
	static const char *const names[VERDICT_COUNT] = {
		[VERDICT_DENY] = "deny",
		[VERDICT_ASK] = "ask",
		[VERDICT_ALLOW] = "allow",
	};

	return (unsigned)v < VERDICT_COUNT ? names[v] : "?";
}

const char *policy_severity_name(enum policy_severity s)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_LOW] = "low",
		[SEVERITY_MEDIUM] = "medium",
		[SEVERITY_HIGH] = "high",
		[SEVERITY_CRITICAL] = "critical",
	};

	return (unsigned)s < SEVERITY_COUNT ? names[s] : "?";
}

/* Nothing to leave out, and no slash at the end? Long ones come again and again, as one directory of many commands. */
static bool is_normal(const char *path, size_t len)
{
	return len && path[0] == '/' && path[len - 1] != '/' && !strstr(path, "//") && !strstr(path, "/.");
}

/* Append the components of @path to @buf of length *n; false if they do not fit. */
static bool append(const char *path, char *buf, size_t *n, size_t size)
{
	size_t whole = strlen(path);

	if (*n == 0 && whole + 2 <= size && is_normal(path, whole)) {
		memcpy(buf, path, whole);
		*n = whole;
		return true;
	}
	while (*path) {
		size_t len;

		while (*path == '/')
			path++;
		len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			while (*n > 0 && buf[*n - 1] != '/')
				--*n;
			if (*n > 0)
				--*n;
		} else if (len && !(len == 1 && path[0] == '.')) {
			if (*n + len + 2 > size)
				return false;
			buf[(*n)++] = '/';
			memcpy(buf + *n, path, len);
			*n += len;
		}
		path += len;
	}
	return true;
}

int policy_normalise(const char *cwd, const char *path, char *buf, size_t size)
{
	size_t n = 0;

	if (size < 2)
		return -ENAMETOOLONG;
	if (path[0] != '/' && !append(cwd, buf, &n, size))
		return -ENAMETOOLONG;
	if (!append(path, buf, &n, size))
		return -ENAMETOOLONG;
	if (n == 0)
		buf[n++] = '/';
	buf[n] = '\0';
	return n > INT32_MAX ? -ENAMETOOLONG : (int)n;
}
