/* What a string in a tool's input looks like. */
#include "policy/tool-parts.h"

#include <limits.h>

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Bytes of a URL's scheme (RFC 3986 3.1) without its colon, or 0. */
static size_t scheme_len(const char *s)
{
	size_t n = 0;

	while (is_alnum(s[n]) || (n > 0 && s[n] && strchr("+.-", s[n])))
		n++;
	return n > 0 && n < 32 && s[n] == ':' && !(s[0] >= '0' && s[0] <= '9') ? n : 0;
}

static enum text_shape scheme_shape(const char *s, size_t n)
{
	static const struct {
		const char *scheme;
		enum text_shape shape;
	} t[] = {
		{"file", TEXT_FILE},  {"javascript", TEXT_SCRIPT}, {"about", TEXT_INERT},
		{"data", TEXT_INERT}, {"blob", TEXT_INERT},	   {"mailto", TEXT_INERT},
		{"urn", TEXT_INERT},  {"tel", TEXT_INERT},	   {"chrome", TEXT_INERT},
		{"http", TEXT_URL},   {"https", TEXT_URL},	   {"ws", TEXT_URL},
		{"wss", TEXT_URL},    {"ftp", TEXT_URL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (strlen(t[i].scheme) == n && strncasecmp(s, t[i].scheme, n) == 0)
			return t[i].shape;
	return strncmp(s + n, "://", 3) == 0 || strncmp(s, "jdbc:", 5) == 0 ? TEXT_URL : TEXT_PLAIN;
}

/* 127.0.0.1, localhost, [::1], fd00::1: with :port and /path or without. */
static bool is_host(const char *s)
{
	unsigned a, b, c, d;
	size_t n;
	int end = 0;

	if (strncasecmp(s, "localhost", 9) == 0)
		end = 9;
	else if (s[0] >= '0' && s[0] <= '9' && sscanf(s, "%3u.%3u.%3u.%3u%n", &a, &b, &c, &d, &end) == 4)
		end = a < 256 && b < 256 && c < 256 && d < 256 ? end : 0;
	if (end > 0)
		return !is_alnum(s[end]) && s[end] != '.' && s[end] != '-';
	n = strspn(s, "[]0123456789abcdefABCDEF:.");
	return n > 2 && (s[n] == '\0' || s[n] == '/') && strstr(s, "::") && s[0] != '.';
}

/* me@host:path as git and scp take it. */
static bool is_scp(const char *s)
{
	size_t user = strcspn(s, "@:/ \t"), host;

	if (user == 0 || s[user] != '@')
		return false;
	host = strcspn(s + user + 1, "@:/ \t");
	return host > 0 && s[user + 1 + host] == ':';
}

static bool is_path(const char *s, size_t len)
{
	bool words = strpbrk(s, " \t") != NULL;

	if (s[0] == '/' || s[0] == '~' || str_starts(s, "./") || str_starts(s, "..") ||
	    str_starts(s, "$HOME") || str_starts(s, "${") || str_starts(s, "$PWD") || str_starts(s, "\\\\") ||
	    streq(s, "."))
		return true;
	if (is_alnum(s[0]) && s[1] == ':' && (s[2] == '\\' || s[2] == '/'))
		return true;
	if (words || len > 1024)
		return false;
	return (s[0] == '.' && (is_alnum(s[1]) || s[1] == '_')) || strchr(s, '/');
}

enum text_shape text_shape(const char *s, size_t len)
{
	size_t n = scheme_len(s);
	enum text_shape shape;

	if (len == 0 || memchr(s, '\n', MIN(len, (size_t)PATH_MAX)))
		return TEXT_PLAIN;
	if (n > 1) { /* one letter is a drive */
		shape = scheme_shape(s, n);
		if (shape != TEXT_PLAIN)
			return shape;
	}
	if (len >= PATH_MAX)
		return TEXT_PLAIN;
	if (is_host(s))
		return TEXT_HOST;
	if (is_scp(s))
		return TEXT_URL;
	return is_path(s, len) ? TEXT_PATH : TEXT_PLAIN;
}

bool text_is_glob(const char *s)
{
	return strpbrk(s, "*?[{") != NULL;
}

/* --- file: URLs ----------------------------------------------------------------------------------- */

const char *text_file_url(struct arena *arena, const char *url)
{
	const char *p = strchr(url, ':') + 1;
	char *ret, *out;

	if ((p[0] == '/' || p[0] == '\\') && (p[1] == '/' || p[1] == '\\')) {
		p += 2;
		if (strncasecmp(p, "localhost", 9) == 0)
			p += 9;
		if (*p != '/' && *p != '\\')
			return NULL;
	}
	ret = out = arena_strdup(arena, p);
	if (!ret)
		return NULL;
	for (; *p; p++) {
		if (*p == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
			*out = (char)(hex_value(p[1]) << 4 | hex_value(p[2]));
			if (*out++ == '\0')
				return NULL;
			p += 2;
		} else {
			*out++ = *p == '\\' ? '/' : *p; /* WHATWG URL 4.4: file is a special scheme */
		}
	}
	*out = '\0';
	return ret;
}

void text_quote(struct buf *out, const char *s)
{
	buf_putc(out, '\'');
	for (;;) {
		size_t n = strcspn(s, "'");

		buf_put(out, s, n);
		if (!s[n])
			break;
		buf_puts(out, "'\\''");
		s += n + 1;
	}
	buf_putc(out, '\'');
}

/* --- SQL ------------------------------------------------------------------------------------------ */

bool text_is_sql(const char *s)
{
	static const char *const words[] = {"select", "insert",	  "update",  "delete",	"create", "drop",
					    "alter",  "copy",	  "attach",  "load",	"with",	  "call",
					    "exec",   "execute",  "declare", "do",	"set",	  "begin",
					    "pragma", "truncate", "grant",   "explain", "show",	  "install"};

	s += strspn(s, " \t\r\n;(");
	if (str_starts(s, "--") || str_starts(s, "/*"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		if (strncasecmp(s, words[i], n) == 0 && !is_alnum(s[n]) && s[n] != '_')
			return true;
	}
	return false;
}

/* The word in front of a string tells what the server does with it. */
static const struct sql_word {
	const char *word;
	enum sql_use use;
	bool always; /* a path, whatever it looks like */
} sql_words[] = {
	{"program", SQL_PROGRAM, true},	    {"xp_cmdshell", SQL_PROGRAM, true},
	{"sys_exec", SQL_PROGRAM, true},    {"sys_eval", SQL_PROGRAM, true},
	{"system", SQL_PROGRAM, true},	    {"shell", SQL_PROGRAM, true},
	{"outfile", SQL_WRITE, true},	    {"dumpfile", SQL_WRITE, true},
	{"writefile", SQL_WRITE, true},	    {"attach", SQL_WRITE, true},
	{"database", SQL_WRITE, false},	    {"to", SQL_WRITE, false},
	{"lo_export", SQL_WRITE, false},    {"pg_file_write", SQL_WRITE, true},
	{"into", SQL_WRITE, false},	    {"readfile", SQL_READ, true},
	{"load_file", SQL_READ, true},	    {"pg_read_file", SQL_READ, true},
	{"infile", SQL_READ, true},	    {"lo_import", SQL_READ, true},
	{"load_extension", SQL_READ, true}, {"pg_read_binary_file", SQL_READ, true},
	{"pg_ls_dir", SQL_READ, true},
};

static const struct sql_word *sql_word(const char *word)
{
	static const struct sql_word other = {.word = "", .use = SQL_READ};

	for (size_t i = 0; i < ARRAY_SIZE(sql_words); i++)
		if (strcasecmp(word, sql_words[i].word) == 0)
			return &sql_words[i];
	return &other;
}

/* Copy the string at @p, which is a quote or a dollar; returns what follows it. */
static const char *sql_string(const char *p, char *out)
{
	char tag[34] = "", quote = *p;
	const char *end;
	size_t n;

	if (quote == '$') {
		n = strcspn(p + 1, "$'\" \t\n;");
		if (p[n + 1] != '$' || n + 2 >= sizeof(tag))
			return NULL;
		memcpy(tag, p, n + 2);
		p += n + 2;
		end = strstr(p, tag);
		n = end ? (size_t)(end - p) : strlen(p);
		memcpy(out, p, n);
		out[n] = '\0';
		return p + n + (end ? strlen(tag) : 0);
	}
	for (p++; *p && (*p != quote || p[1] == quote); p++) {
		if (*p == quote)
			p++;
		*out++ = *p;
	}
	*out = '\0';
	return *p ? p + 1 : p;
}

static const char *sql_skip(const char *p)
{
	const char *end = str_starts(p, "--") ? strchr(p, '\n') : strstr(p + 2, "*/");

	return end ? end + (*end == '*' ? 2 : 1) : p + strlen(p);
}

int text_sql_each(struct arena *arena, const char *sql, int (*fn)(void *arg, enum sql_use use, const char *s),
		  void *arg)
{
	char word[32] = "", *text = arena_alloc(arena, strlen(sql) + 1);
	const struct sql_word *w;
	const char *p = sql, *next;
	size_t n;
	int r;

	if (!text)
		return -ENOMEM;
	while (*p) {
		if (str_starts(p, "--") || str_starts(p, "/*")) {
			p = sql_skip(p);
			continue;
		}
		n = 0;
		while (is_alnum(p[n]) || p[n] == '_')
			n++;
		if (n > 0) {
			/* E'…', N'…': the letter belongs to the string. */
			if (n > 1 || p[n] != '\'')
				(void)snprintf(word, sizeof(word), "%.*s", (int)MIN(n, sizeof(word)), p);
			p += n;
			continue;
		}
		next = strchr("'\"$", *p) ? sql_string(p, text) : NULL;
		if (!next) {
			p++;
			continue;
		}
		w = sql_word(word);
		if (w->always || text_shape(text, strlen(text)) == TEXT_PATH) {
			r = fn(arg, w->use, text);
			if (r < 0)
				return r;
		}
		word[0] = '\0';
		p = next;
	}
	return 0;
}

/* --- JavaScript ----------------------------------------------------------------------------------- */

#define JS_LITERAL_MAX ((size_t)64 << 10)

struct js {
	const char *p, *end;
	struct buf *out;
};

/* Past the name, number or dotted chain with its calls at js->p: all that is no literal. */
static size_t js_word(const struct js *js)
{
	size_t n = 0, depth = 0;

	for (;; n++) {
		char c = js->p + n < js->end ? js->p[n] : '\0';

		if (c == '(')
			depth++;
		else if (c == ')' && depth-- == 0)
			return n;
		else if (c == '\0' || (depth == 0 && !is_alnum(c) && !strchr("_$.)", c)))
			return n;
	}
}

static void js_skip(struct js *js)
{
	while (js->p < js->end &&
	       (strchr(" \t\r\n", *js->p) || (*js->p == '/' && (js->p[1] == '/' || js->p[1] == '*')))) {
		const char *close = *js->p == '/' ? strstr(js->p + 2, js->p[1] == '*' ? "*/" : "\n") : js->p;

		js->p = close ? MIN(close + (*close == '*' ? 2 : 1), js->end) : js->end;
	}
}

static bool js_string(struct js *js)
{
	char quote = *js->p;

	buf_putc(js->out, '"');
	for (js->p++; js->p < js->end && *js->p != quote; js->p++) {
		char c = *js->p;

		if (quote == '`' && c == '$' && js->p[1] == '{')
			return false; /* computed */
		if (c == '\\' && js->p[1]) {
			c = *++js->p;
			if (c == 'x')
				buf_puts(js->out, "\\u00");
			else if (!strchr("'`$\n", c))
				buf_putc(js->out, '\\');
			if (c != '\n' && c != 'x')
				buf_putc(js->out, c);
		} else if (c == '\n' || c == '\t' || c == '"') {
			buf_puts(js->out, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\\"");
		} else {
			buf_putc(js->out, c);
		}
	}
	buf_putc(js->out, '"');
	return js->p++ < js->end;
}

static void js_name(struct js *js)
{
	static const char *const kept[] = {"true", "false", "null"};
	size_t n = js_word(js);
	const char *name = js->p;
	bool keep = name[0] >= '0' && name[0] <= '9', key;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep |= strlen(kept[i]) == n && strncmp(name, kept[i], n) == 0;
	js->p += n;
	js_skip(js);
	key = js->p < js->end && *js->p == ':';
	if (key)
		buf_putc(js->out, '"');
	if (key || keep)
		buf_put(js->out, name, n);
	else
		buf_puts(js->out, "null"); /* computed */
	if (key)
		buf_putc(js->out, '"');
}

/* A literal as JSON: bare keys and other quotes become JSON's, what is computed null. js->p is left behind it,
 * or where it ceases to be one. */
static bool js_literal(struct js *js)
{
	unsigned depth = 0;

	do {
		char c;

		js_skip(js);
		c = js->p < js->end ? *js->p : '\0';
		if (c && strchr("\"'`", c)) {
			if (!js_string(js))
				return false;
		} else if (is_alnum(c) || c == '_' || c == '$') {
			js_name(js);
		} else if (c && strchr("{}[]:,-", c)) {
			depth += c == '{' || c == '[';
			depth -= c == '}' || c == ']';
			if ((c == '}' || c == ']') && js->out->data[js->out->len - 1] == ',')
				js->out->len--; /* a comma too many; buf_putc() writes over it */
			buf_putc(js->out, c);
			js->p++;
		} else {
			return false;
		}
	} while (depth > 0 && !buf_failed(js->out));
	return true;
}

const char *text_js_call(struct arena *arena, const char *code, size_t *spent, const char **ret_tool,
			 struct buf *ret_json)
{
	const char *p = code;
	size_t len;

	while (*spent <= TEXT_JS_MAX && (p = strstr(p, "tools."))) {
		struct js js = {.out = ret_json};
		bool whole;

		p += strlen("tools.");
		for (len = 0; is_alnum(p[len]) || p[len] == '_';)
			len++;
		js.p = p + len + strspn(p + len, " \t\r\n");
		if (len == 0 || *js.p != '(')
			continue;
		code = ++js.p;
		js.end = js.p + strnlen(js.p, JS_LITERAL_MAX);
		buf_reset(ret_json);
		buf_puts(ret_json, "{\"a\":");
		whole = js_literal(&js);
		*spent += (size_t)(js.p - code) + 1024;
		if (!whole)
			continue;
		buf_putc(ret_json, '}');
		*ret_tool = arena_strndup(arena, p, len);
		return code; /* there may be calls in the literal */
	}
	return NULL;
}
