#include "text/jsonin.h"

/* --- lines ---------------------------------------------------------------------------------------- */

static int line_grow(char **line, size_t *cap, size_t want)
{
	size_t size = MAX(*cap * 2, (size_t)4096);
	char *p;

	if (want <= *cap)
		return 0;
	p = realloc(*line, MIN(size, (size_t)JSONIN_LINE_MAX + 1));
	if (!p)
		return -ENOMEM;
	*line = p;
	*cap = MIN(size, (size_t)JSONIN_LINE_MAX + 1);
	return 0;
}

int jsonin_line(FILE *in, char **line, size_t *cap, size_t *ret_len)
{
	size_t len = 0;
	bool too_long = false;
	int c = getc_unlocked(in);

	if (c == EOF)
		return ferror(in) ? -EIO : 0;
	for (; c != EOF && c != '\n'; c = getc_unlocked(in)) {
		if (len == JSONIN_LINE_MAX)
			too_long = true;
		if (too_long)
			continue;
		if (line_grow(line, cap, len + 2) < 0)
			return -ENOMEM;
		(*line)[len++] = (char)c;
	}
	if (ferror(in))
		return -EIO;
	if (too_long)
		return -EMSGSIZE;
	if (line_grow(line, cap, len + 1) < 0)
		return -ENOMEM;
	(*line)[len] = '\0';
	*ret_len = len;
	return 1;
}

/* --- the strict scan ------------------------------------------------------------------------------ */

/* The scan walks the text once. It checks what cJSON does not: bytes, depth, escapes of NUL (which
 * would cut the C string that cJSON makes). The grammar itself (commas, numbers) is left to cJSON. */
struct scan {
	const unsigned char *text;
	size_t len, at;
	unsigned depth;
	struct err *err;
};

static int scan_fail(struct scan *s, const char *what)
{
	return err_set(s->err, EBADMSG, "byte %zu: %s", s->at + 1, what);
}

static int scan_unreadable(struct scan *s, const char *what)
{
	return err_set(s->err, EILSEQ, "byte %zu: %s", s->at + 1, what);
}

/* Length of the well-formed UTF-8 sequence at s->at (RFC 3629), or 0. */
static size_t scan_utf8(const struct scan *s)
{
	const unsigned char *p = s->text + s->at;
	size_t left = s->len - s->at, n;
	uint32_t cp;

	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	cp = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3fu);
	}
	if ((n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000))
		return 0;
	return cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff) ? 0 : n;
}

/* One escape, at the backslash. */
static int scan_escape(struct scan *s)
{
	if (s->at + 1 >= s->len)
		return scan_fail(s, "text ends inside a string");
	if (s->text[s->at + 1] == 'u' && s->len - s->at >= 6 &&
	    memcmp(s->text + s->at + 2, "0000", 4) == 0)
		return scan_unreadable(s, "NUL in a string");
	s->at += 2;
	return 0;
}

/* A string, at its first quote. */
static int scan_string(struct scan *s)
{
	int rc;

	s->at++;
	while (s->at < s->len && s->text[s->at] != '"') {
		size_t n = scan_utf8(s);

		if (n == 0)
			return scan_unreadable(s, "not UTF-8");
		if (s->text[s->at] < 0x20)
			return scan_fail(s, "control character in a string");
		if (s->text[s->at] != '\\') {
			s->at += n;
			continue;
		}
		rc = scan_escape(s);
		if (rc < 0)
			return rc;
	}
	if (s->at >= s->len)
		return scan_fail(s, "text ends inside a string");
	s->at++;
	return 0;
}

static int scan_text(struct scan *s)
{
	while (s->at < s->len) {
		unsigned char c = s->text[s->at];
		int rc;

		if (c == '"') {
			rc = scan_string(s);
			if (rc < 0)
				return rc;
			continue;
		}
		if (c >= 0x7f || (c < 0x20 && c != '\t' && c != '\r'))
			return scan_fail(s, "unexpected byte");
		if ((c == '{' || c == '[') && ++s->depth > JSONIN_DEPTH_MAX)
			return scan_fail(s, "nested deeper than " STR(JSONIN_DEPTH_MAX) " levels");
		if ((c == '}' || c == ']') && s->depth-- == 0)
			return scan_fail(s, "unexpected byte");
		s->at++;
	}
	return 0;
}

/* --- keys ----------------------------------------------------------------------------------------- */

static int key_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Does @object hold a key twice? Sorted, so that a line full of keys costs no square of it. */
static int object_check(const cJSON *object, struct err *reterr)
{
	size_t n = 0, i = 0;
	autofree const char **keys = NULL;

	for (const cJSON *c = object->child; c; c = c->next)
		n++;
	if (n < 2)
		return 0;
	keys = calloc(n, sizeof(*keys));
	if (!keys)
		return err_set(reterr, ENOMEM, "out of memory");
	for (const cJSON *c = object->child; c; c = c->next)
		keys[i++] = c->string;
	qsort(keys, n, sizeof(*keys), key_compare);
	for (i = 1; i < n; i++)
		if (streq(keys[i - 1], keys[i]))
			return err_set(reterr, EBADMSG, "key '%.64s' twice in one object", keys[i]);
	return 0;
}

/* Recursion is bounded by JSONIN_DEPTH_MAX. */
static int tree_check(const cJSON *v, struct err *reterr)
{
	if (cJSON_IsObject(v) && object_check(v, reterr) < 0)
		return -EBADMSG;
	for (const cJSON *c = v->child; c; c = c->next)
		if (c->child && tree_check(c, reterr) < 0)
			return -EBADMSG;
	return 0;
}

static int parse_fail(const char *text, size_t len, const char *end, struct err *reterr)
{
	size_t at = end && end >= text ? (size_t)(end - text) : 0;

	return err_set(reterr, EBADMSG, "byte %zu: not JSON", MIN(at, len) + 1);
}

int jsonin_parse(const char *text, size_t len, cJSON **ret, struct err *reterr)
{
	struct scan s = {.text = (const unsigned char *)text, .len = len, .err = reterr};
	const char *end = NULL;
	cJSON *v;
	int rc;

	rc = scan_text(&s);
	if (rc < 0)
		return rc;
	v = cJSON_ParseWithLengthOpts(text, len + 1, &end, true);
	if (!v)
		return parse_fail(text, len, end, reterr);
	if (!cJSON_IsObject(v)) {
		cJSON_Delete(v);
		return err_set(reterr, EBADMSG, "expected a JSON object");
	}
	if (tree_check(v, reterr) < 0) {
		cJSON_Delete(v);
		return -EBADMSG;
	}
	*ret = v;
	return 0;
}
