/* The names of tools, fields and verbs (tool-names.tab), and how vendors put a server in front of a name. */
#include "policy/tool-parts.h"

#define TOOL(n, c, f, l) {.name = (n), .class = CLASS_##c, .flags = (f), .lang = (l)},
#define FIELD(n, k)
#define VERB(w, m)
static const struct tool_name names[] = {
#include "policy/tool-names.tab"
};
#undef TOOL
#undef FIELD
#define TOOL(n, c, f, l)
#define FIELD(n, k) {(n), FIELD_##k},
static const struct field_name {
	const char *name;
	enum tool_field field;
} fields[] = {
#include "policy/tool-names.tab"
};
#undef FIELD
#undef VERB
#define FIELD(n, k)
#define VERB(w, m) {(w), (m)},
static const struct verb {
	const char *word;
	unsigned ops;
} verbs[] = {
#include "policy/tool-names.tab"
};

static int compare(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row); /* the name is the first member of each */
}

const struct tool_name *tool_name_find(const char *folded)
{
	return bsearch(folded, names, ARRAY_SIZE(names), sizeof(*names), compare);
}

enum tool_field tool_field_find(const char *folded)
{
	const struct field_name *f = bsearch(folded, fields, ARRAY_SIZE(fields), sizeof(*fields), compare);

	return f ? f->field : FIELD_OTHER;
}

uint64_t tool_fold(const char *s, char ret[TOOL_FOLD_MAX])
{
	uint64_t h = FNV1A_START;
	size_t n = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c < 0x80)
			continue;
		h = fnv1a(h, &c, 1);
		if (n < TOOL_FOLD_MAX - 1)
			ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return h;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && streq(s + len - n, end);
}

enum tool_field tool_field_guess(const char *folded)
{
	static const struct field_name ends[] = {
		{"path", FIELD_PATH},	    {"paths", FIELD_PATH},	{"file", FIELD_PATH},
		{"files", FIELD_PATH},	    {"filename", FIELD_PATH},	{"dir", FIELD_DIR},
		{"directory", FIELD_DIR},   {"folder", FIELD_DIR},	{"url", FIELD_URL},
		{"urls", FIELD_URL},	    {"uri", FIELD_URL},		{"uris", FIELD_URL},
		{"endpoint", FIELD_URL},    {"command", FIELD_COMMAND}, {"cmd", FIELD_COMMAND},
		{"content", FIELD_CONTENT},
	};
	static const char *const outs[] = {"out", "save", "dest", "dst", "export", "write", "new", "to"};
	size_t len = strlen(folded);

	if (streq(folded, "profile"))
		return FIELD_OTHER;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (!ends_with(folded, len, ends[i].name))
			continue;
		if (ends[i].field != FIELD_PATH && ends[i].field != FIELD_DIR)
			return ends[i].field;
		for (size_t k = 0; k < ARRAY_SIZE(outs); k++)
			if (str_starts(folded, outs[k]))
				return FIELD_DST;
		return ends[i].field;
	}
	return FIELD_OTHER;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alpha(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z');
}

static unsigned word_ops(const char *word, size_t len)
{
	const struct verb *v;
	char lower[16];

	if (len == 0 || len >= sizeof(lower))
		return 0;
	for (size_t i = 0; i < len; i++)
		lower[i] = (char)(word[i] | 0x20);
	lower[len] = '\0';
	v = bsearch(lower, verbs, ARRAY_SIZE(verbs), sizeof(*verbs), compare);
	return v ? v->ops : 0;
}

/* Words end at anything but a letter, and where a capital follows a small letter: readFile, read_file. */
unsigned tool_verbs(const char *name)
{
	unsigned ops = 0;

	while (*name) {
		size_t len = 0;

		while (is_alpha(name[len]) && !(len > 0 && is_upper(name[len]) && !is_upper(name[len - 1])))
			len++;
		ops |= word_ops(name, len);
		name += len ? len : 1;
	}
	return ops;
}

/* --- a server's name in front --------------------------------------------------------------------- */

static char *clean(struct arena *arena, const char *raw)
{
	char *s = arena_strdup(arena, raw);
	size_t n = 0;

	if (!s)
		return NULL;
	for (size_t i = 0; s[i]; i++) {
		unsigned char c = (unsigned char)s[i], next = (unsigned char)s[i + 1];

		if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
			i++; /* C1 controls */
		else if (c >= 0x20 && c != 0x7f && (c != ' ' || n > 0))
			s[n++] = (char)c;
	}
	while (n > 0 && s[n - 1] == ' ')
		n--;
	s[n] = '\0';
	return s;
}

/* Namespaces of the model's own format, not of a server. */
static const char *strip_namespace(const char *s)
{
	static const char *const spaces[] = {"functions.",   "functions:",	"default_api.",
					     "default_api:", "multi_tool_use.", "tools."};

	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
		if (strncasecmp(s, spaces[i], strlen(spaces[i])) == 0 && s[strlen(spaces[i])])
			return s + strlen(spaces[i]);
	return s;
}

/* bash_20250124 and read_file_v2 are what they were. */
static const struct tool_name *find(const char *name)
{
	char folded[TOOL_FOLD_MAX];
	const struct tool_name *row;
	size_t len;

	(void)tool_fold(name, folded); /* only the text is wanted */
	row = tool_name_find(folded);
	len = strlen(folded);
	if (row || len == 0 || folded[len - 1] < '0' || folded[len - 1] > '9')
		return row;
	while (len > 0 && folded[len - 1] >= '0' && folded[len - 1] <= '9')
		len--;
	folded[len] = '\0';
	row = tool_name_find(folded);
	if (!row && len > 0 && folded[len - 1] == 'v') {
		folded[len - 1] = '\0';
		row = tool_name_find(folded);
	}
	return row;
}

/* The first place to cut at a character of @at so that what follows is a known tool. */
static const char *known_rest(const char *s, const char *at)
{
	for (const char *p = strpbrk(s, at); p; p = strpbrk(p + 1, at))
		if (p > s && p[1] && find(p + 1))
			return p;
	return NULL;
}

/* Where the server's name ends and how long the separator is; NULL: no server to be told. */
static const char *server_end(const char **s, size_t *ret_sep, bool *ret_told)
{
	const char *p;

	*ret_told = true;
	*ret_sep = 1;
	if (strncasecmp(*s, "mcp__", 5) == 0 && (p = strstr(*s + 5, "__")) && p[2]) {
		*s += 5;
		*ret_sep = 2;
		return p;
	}
	if (strncasecmp(*s, "mcp_", 4) == 0) {
		*s += 4;
		p = known_rest(*s, "_");
		return p ? p : strchr(*s, '_');
	}
	if ((p = strstr(*s, "__")) && p > *s && p[2]) {
		*ret_sep = 2;
		return p;
	}
	p = strrchr(*s, '/');
	if (!p)
		p = strrchr(*s, ':');
	if (!p)
		p = strrchr(*s, '.');
	if (p && p > *s && p[1])
		return p;
	*ret_told = false;
	return known_rest(*s, "_-");
}

int tool_name_read(struct arena *arena, const char *raw, struct tool_call *call, const struct tool_name **ret,
		   bool *ret_strict)
{
	const char *s = clean(arena, raw), *end;
	const struct tool_name *row = NULL;
	bool told = true, prefixed;
	size_t sep = 0;

	if (!s)
		return -ENOMEM;
	s = strip_namespace(s);
	prefixed = strncasecmp(s, "mcp_", 4) == 0;
	if (!prefixed)
		row = find(s);
	if (!row && (end = server_end(&s, &sep, &told))) {
		call->server = arena_strndup(arena, s, (size_t)(end - s));
		if (!call->server)
			return -ENOMEM;
		s = end + sep;
		row = find(s);
		if (!row && (end = strstr(s, "__")) && end[2]) /* a plugin's server: plugin__server__tool */
			row = find(end + 2);
	}
	call->name = s;
	call->known = row != NULL;
	*ret = row;
	*ret_strict = row && told && !(row->flags & (call->server ? GENERIC | VENDOR : GENERIC));
	return 0;
}
