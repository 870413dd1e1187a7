#include "text/url.h"

#include <ctype.h>
#include <strings.h>

static const struct {
	const char *scheme;
	uint16_t port;
	bool special; /* '\' counts as '/' (WHATWG) */
} schemes[] = {
	{"http", 80, true},   {"https", 443, true}, {"ws", 80, true},	{"wss", 443, true},
	{"ftp", 21, true},    {"ftps", 990, false}, {"ssh", 22, false}, {"sftp", 22, false},
	{"git", 9418, false}, {"ldap", 389, false}, {"ldaps", 636, false},
};

/* Tabs and newlines vanish, spaces around the URL too; any other control character is refused. */
static int clean(const char *text, char *buf, size_t size, struct err *reterr)
{
	size_t n = 0, end = strlen(text);

	while (*text && (unsigned char)*text <= ' ')
		text++, end--;
	while (end > 0 && (unsigned char)text[end - 1] <= ' ')
		end--;
	for (size_t i = 0; i < end; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\t' || c == '\n' || c == '\r')
			continue;
		if (c < ' ' || c == 0x7f)
			return err_set(reterr, EINVAL, "control character in a URL");
		if (n + 1 >= size)
			return err_set(reterr, EINVAL, "URL longer than %zu bytes", size - 1);
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return 0;
}

/* Percent-decode @len bytes; NUL and broken escapes are refused. */
static int decode(const char *s, size_t len, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			if (i + 2 >= len || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0)
				return -EINVAL;
			c = hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]);
			i += 2;
		}
		if (c == 0 || n + 1 >= size)
			return -EINVAL;
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return (int)n;
}

static bool host_byte_ok(char c, bool bracketed)
{
	if (c == ':' || c == '%')
		return bracketed;
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

int url_host(const char *text, size_t len, char ret[URL_HOST_MAX + 1], struct err *reterr)
{
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';

	if (bracketed) {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		bracketed = true; /* a bare IPv6 address, as in "host": "::1" */
	}
	if (len == 0 || len > URL_HOST_MAX)
		return err_set(reterr, EINVAL, len ? "host name too long" : "no host");
	for (size_t i = 0; i < len; i++) {
		if (!host_byte_ok(text[i], bracketed))
			return err_set(reterr, EINVAL,
				       (unsigned char)text[i] >= 0x80
					       ? "host name is not ASCII: write it in its xn-- form"
					       : "bad character in a host name");
		ret[i] = (char)tolower((unsigned char)text[i]);
	}
	while (len > 1 && ret[len - 1] == '.')
		len--;
	ret[len] = '\0';
	return 0;
}

static int parse_port(const char *s, size_t len, uint16_t *ret, struct err *reterr)
{
	unsigned v = 0;

	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]) || i > 8)
			return err_set(reterr, EINVAL, "bad port in a URL");
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	if (v > 65535)
		return err_set(reterr, EINVAL, "bad port in a URL");
	if (len)
		*ret = (uint16_t)v;
	return 0;
}

/* [user@]host[:port] */
static int parse_authority(const char *s, size_t len, struct url *u, struct err *reterr)
{
	const char *end = s + len, *at = memrchr(s, '@', len), *host = at ? at + 1 : s, *colon;
	char plain[4 * URL_HOST_MAX];
	int n;

	colon = memrchr(host, ':', (size_t)(end - host));
	if (colon && memchr(colon, ']', (size_t)(end - colon)))
		colon = NULL; /* the colon is part of a bracketed address */
	if (colon && host[0] != '[' && memchr(host, ':', (size_t)(colon - host)))
		return err_set(reterr, EINVAL, "an IPv6 address in a URL needs brackets");
	if (colon && parse_port(colon + 1, (size_t)(end - colon - 1), &u->port, reterr) < 0)
		return -EINVAL;
	if (colon)
		end = colon;
	n = decode(host, (size_t)(end - host), plain, sizeof(plain));
	if (n < 0)
		return err_set(reterr, EINVAL, "bad host in a URL");
	return url_host(plain, (size_t)n, u->host, reterr);
}

static int parse_path(const char *s, struct url *u, enum url_kind kind, struct err *reterr)
{
	size_t len = strcspn(s, "?#");

	if (decode(s, len, u->path, sizeof(u->path)) <= 0 || u->path[0] != '/')
		return err_set(reterr, EINVAL, "no absolute path in a %s: URL",
			       kind == URL_FILE ? "file" : "unix");
	u->kind = kind;
	return 0;
}

/* file:/x, file:///x, file://localhost/x */
static int parse_file(const char *rest, struct url *u, struct err *reterr)
{
	if (str_starts(rest, "//")) {
		rest += 2;
		if (strncasecmp(rest, "localhost/", 10) == 0)
			rest += 9;
	}
	return parse_path(rest, u, URL_FILE, reterr);
}

/* unix:/run/x.sock, unix:///run/x.sock, http+unix://%2Frun%2Fx.sock/call */
static int parse_unix(const char *rest, bool in_authority, struct url *u, struct err *reterr)
{
	char socket[PATH_MAX];
	size_t len;

	if (!str_starts(rest, "//"))
		return parse_path(rest, u, URL_UNIX, reterr);
	rest += 2;
	if (!in_authority)
		return parse_path(rest, u, URL_UNIX, reterr);
	len = strcspn(rest, "/?#");
	(void)snprintf(socket, sizeof(socket), "%.*s", (int)MIN(len, sizeof(socket) - 1), rest);
	return parse_path(socket, u, URL_UNIX, reterr);
}

static int parse_network(const char *scheme, const char *rest, struct url *u, struct err *reterr)
{
	bool special = false;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (strcasecmp(scheme, schemes[i].scheme) == 0) {
			u->port = schemes[i].port;
			special = schemes[i].special;
		}
	}
	/* curl and browsers take any number of slashes, of either kind, for a special scheme. */
	len = strspn(rest, special ? "/\\" : "/");
	if (len < 2 && !special)
		return err_set(reterr, EINVAL, "no host in a URL");
	rest += special ? len : 2;
	return parse_authority(rest, strcspn(rest, special ? "/\\?#" : "/?#"), u, reterr);
}

int url_parse(const char *text, struct url *ret, struct err *reterr)
{
	struct url u = {.kind = URL_HOST};
	char buf[2 * PATH_MAX], *colon;
	int rc;

	if (clean(text, buf, sizeof(buf), reterr) < 0)
		return -EINVAL;
	colon = strchr(buf, ':');
	if (!colon || colon == buf || strspn(buf, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
						  "0123456789+.-") != (size_t)(colon - buf))
		return err_set(reterr, EINVAL, "no scheme in a URL: expected https://…");
	*colon = '\0';
	if (strcasecmp(buf, "file") == 0)
		rc = parse_file(colon + 1, &u, reterr);
	else if (strcasecmp(buf, "unix") == 0)
		rc = parse_unix(colon + 1, false, &u, reterr);
	else if (strcasecmp(buf, "http+unix") == 0 || strcasecmp(buf, "https+unix") == 0)
		rc = parse_unix(colon + 1, true, &u, reterr);
	else
		rc = parse_network(buf, colon + 1, &u, reterr);
	if (rc == 0)
		*ret = u;
	return rc;
}
