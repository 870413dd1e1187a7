#include "text/assign.h"

#include "text/guess.h"
#include "text/shape.h"

#define NAME_MAX_BYTES	64
#define VALUE_MAX_BYTES 256

static bool in_name(char c)
{
	static const bool set[256] = {['0' ... '9'] = true, ['A' ... 'Z'] = true,
				      ['a' ... 'z'] = true, ['_'] = true,
				      ['-'] = true,	    ['.'] = true};

	return set[(unsigned char)c];
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* A quote, perhaps escaped as in JSON within JSON. */
static const char *skip_quote(const char *p, const char *end, char *ret)
{
	const char *q = p;

	*ret = 0;
	while (q < end && *q == '\\' && q - p < 3)
		q++;
	if (q < end && (*q == '"' || *q == '\'' || *q == '`')) {
		*ret = *q;
		return q + 1;
	}
	return p;
}

/* What stands between name and value. NULL: nothing that assigns. */
static const char *skip_operator(const struct assign *a, const char *text, const char *p,
				 const char *end)
{
	const char *start = p, *before = a->name;
	char quote;

	p = skip_quote(p, end, &quote);
	if (p < end && *p == ']')
		p++;
	if (p < end && *p == '>' && before > text && before[-1] == '<') /* <password>value */
		return p + 1;
	p = skip_blanks(p, end);
	if (p < end && (*p == '=' || *p == ':')) {
		char op = *p++;

		if (p < end && (*p == '=' || *p == ':' || *p == '~') && (op == '=' || *p != '='))
			return NULL; /* == =~ :: */
		if (p < end && (*p == '>' || *p == '='))
			p++;
		return skip_blanks(p, end);
	}
	if (p > start && !quote && a->name_end - a->name > 2 &&
	    a->name[0] == '-') /* --password value */
		return p;
	return NULL;
}

static const char *unquoted_end(const char *p, const char *end)
{
	const char *q = p;

	end = MIN(end, p + VALUE_MAX_BYTES);
	while (q < end && (unsigned char)*q > ' ' && !memchr("\"'`,;<>|\\", *q, 9))
		q++;
	return q;
}

static const char *quoted_end(const char *p, const char *end, char quote)
{
	const char *q = p;

	end = MIN(end, p + VALUE_MAX_BYTES);
	while (q < end && *q != quote && *q != '\n' && *q != '\\')
		q++;
	return q;
}

/* "Authorization: Bearer …" */
static const char *skip_scheme(const char *p, const char *end)
{
	static const char *const schemes[] = {"bearer ", "basic ", "token ", "apikey "};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if ((size_t)(end - p) > n && guess_holds(p, n, schemes[i]))
			return skip_blanks(p + n, end);
	}
	return p;
}

/* A query or form goes on with "&", a program with brackets. */
static void trim(struct assign *a)
{
	const char *amp;

	amp = a->quote ? NULL : memchr(a->value, '&', (size_t)(a->value_end - a->value));
	if (amp)
		a->value_end = amp;
	while (a->value_end > a->value && !a->quote && memchr(")]}.", a->value_end[-1], 4))
		a->value_end--;
}

bool assign_parse(const char *text, const char *end, const char *at, struct assign *ret,
		  size_t *fuel)
{
	struct assign a = {.name = at, .name_end = at};
	const char *p;

	end = MIN(end, at + NAME_MAX_BYTES + VALUE_MAX_BYTES + 64);
	while (a.name_end < end && in_name(*a.name_end) && a.name_end - at < NAME_MAX_BYTES)
		a.name_end++;
	while (a.name > text && in_name(a.name[-1]) && at - a.name < NAME_MAX_BYTES)
		a.name--;
	p = skip_operator(&a, text, a.name_end, end);
	*fuel -= MIN(*fuel, (size_t)8);
	if (!p)
		return false;
	while (p < end && (*p == 'b' || *p == 'r') && p + 1 < end && (p[1] == '"' || p[1] == '\''))
		p++;
	a.value = skip_scheme(skip_quote(p, end, &a.quote), end);
	a.value_end = a.quote ? quoted_end(a.value, end, a.quote) : unquoted_end(a.value, end);
	*fuel -= MIN(*fuel, (size_t)(a.value_end - a.name));
	trim(&a);
	*ret = a;
	return a.value_end > a.value;
}

static bool name_holds(const struct assign *a, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (guess_holds(a->name, (size_t)(a->name_end - a->name), words[i]))
			return true;
	return false;
}

/* Names that hold "key" or "token" and yet name nothing secret. */
static bool is_innocent(const struct assign *a)
{
	static const char *const words[] = {
		"public",  "pubkey",	"pub_key",  "pub-key",	   "keyid",	  "key_id",
		"key-id",  "keyword",	"keyboard", "monkey",	   "author_",	  "authors",
		"author-", "authority", "tokeniz",  "fingerprint", "hash",	  "checksum",
		"digest",  "integrity", "cache",    "name",	   "path",	  "file",
		"url",	   "uri",	"host",	    "endpoint",	   "type",	  "_arn",
		"ref",	   "length",	"size",	    "count",	   "expir",	  "ttl",
		"pattern", "regex",	"algo",	    "label",	   "title",	  "field",
		"column",  "prefix",	"suffix",   "header",	   "param",	  "index",
		"primary", "foreign",	"sort",	    "partition",   "thumbprint",  "grip",
		"version", "format",	"message",  "next",	   "page",	  "continuation",
		"csrf",	   "xsrf",	"site_key", "sitekey",	   "publishable", "anon",
		"locale",  "commit",	"snapshot", "group",	   "placeholder", "hint",
		"recv",	   "test",	"example",  "dummy",	   "description", "text",
		"event",   "idempot",	"map",	    "policy",	   "rule",
	};

	return name_holds(a, words, ARRAY_SIZE(words));
}

static bool is_uuid(const char *s, size_t len)
{
	const char *end;
	size_t fuel = 64;

	return shape_match("%h{8}-%h{4}-%h{4}-%h{4}-%h{12}", s, s + len, &end, &fuel) &&
	       end == s + len;
}

/* A place, a call, a reference, a digest that anybody may see. */
static bool is_something_else(const char *s, size_t len)
{
	static const char *const starts[] = {"sha1",   "sha256", "sha384",   "sha512", "md5",
					     "http",   "file:",	 "data:",    "arn:",   "ssh-",
					     "ecdsa-", "age1",	 "process.", "os.",    "env.",
					     "self.",  "this.",	 "./",	     "../",    "~/",
					     "pk_",    "pk.",	 "/"};
	size_t slashes = 0, dots = 0;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (len >= strlen(starts[i]) && guess_holds(s, strlen(starts[i]), starts[i]))
			return true;
	for (size_t i = 0; i < len; i++) {
		slashes += s[i] == '/';
		dots += s[i] == '.';
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 127 ||
		    strchr("()[]{}<>$*|;\"'`\\", s[i]))
			return true;
	}
	return is_uuid(s, len) || slashes > len / 10 || dots > 3 || guess_holds(s, len, "://");
}

static bool is_drawn(const struct assign *a, const char *s, size_t len)
{
	size_t hex = 0, spread = 0, digits = 0, signs = 0;

	for (size_t i = 0; i < len; i++) {
		hex += shape_class_has('h', (unsigned char)s[i]);
		spread += shape_class_has('e', (unsigned char)s[i]) || strchr("_-.~:", s[i]);
		digits += shape_class_has('d', (unsigned char)s[i]);
		signs += strchr("_-.:", s[i]) != NULL;
	}
	if (len < 16 || spread != len || signs * 6 > len)
		return false;
	/* Without quotes, it may as well be a name: rsa.RSAPrivateKey, NUM_KEYS, curve:P-256 */
	if (!a->quote &&
	    (!digits || memchr(s, ':', len) || (memchr(s, '.', len) && digits * 6 < len)))
		return false;
	return guess_random(s, len) && guess_entropy(s, len) >= (hex == len ? 28 : 33);
}

/* What people choose: letters with digits or signs, not the usual words for "put yours here". */
static bool is_password(const struct assign *a, const char *s, size_t len)
{
	static const char *const words[] = {
		"password", "passwd", "passw0rd", "secret", "test",  "admin",	 "root",   "user",
		"default",  "none",   "null",	  "true",   "false", "required", "string", "foo",
		"bar",	    "my",     "pass",	  "pwd",    "12345", "qwerty",	 "abc",	   "getenv",
		"env",	    "prompt", "input",	  "token",  "key"};
	size_t digits = 0, letters = 0, signs = 0, splits = 0;

	if (len < 8 || len > 128)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (guess_holds(s, len, words[i]))
			return false;
	for (size_t i = 0; i < len; i++) {
		digits += shape_class_has('d', (unsigned char)s[i]);
		letters += shape_class_has('w', (unsigned char)s[i]) &&
			   !shape_class_has('d', (unsigned char)s[i]);
		splits += strchr("-_./:,", s[i]) != NULL;
		signs += !shape_class_has('w', (unsigned char)s[i]) && !strchr("-_./:,", s[i]);
	}
	if (!letters || !(digits || signs) || (!a->quote && signs && !digits) || splits > len / 5)
		return false;
	return guess_entropy(s, len) >= 25;
}

bool assign_is_secret(const struct assign *a)
{
	static const char *const pass[] = {"passw", "passph", "_pass", "pwd"};
	static const char *const drawn[] = {"secret",	   "token",	 "api_key",	"apikey",
					    "api-key",	   "access_key", "access-key",	"accesskey",
					    "private_key", "privatekey", "private-key", "auth",
					    "credential",  "_key",	 "-key",	"key",
					    "passw",	   "passph",	 "_pass",	"pwd"};
	const char *s = a->value;
	size_t len = (size_t)(a->value_end - s);

	if (len < 8 || len > 200 || is_innocent(a) || is_something_else(s, len))
		return false;
	/* Not by what stands at the end of a long one: anybody can append that. */
	if (guess_placeholder(s, MIN(len, (size_t)32)))
		return false;
	if (name_holds(a, pass, ARRAY_SIZE(pass)) && is_password(a, s, len))
		return true;
	return name_holds(a, drawn, ARRAY_SIZE(drawn)) && is_drawn(a, s, len);
}
