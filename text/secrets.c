/* How a text is scanned: literals.c finds the strings that secrets begin with; for each, the entry
 * of secrets.tab says what must follow. Where there are escapes, the same is done with the text
 * without them; where the base64 of such a string stands, with what it decodes to. A second pass
 * looks for escapes, base64, and those kinds of secrets that begin with nothing in particular.
 *
 * Every look at a byte behind a literal takes fuel, so that no text takes more than some ten times
 * the usual time for its length. Without fuel, a literal alone is a secret to the end of its line:
 * "don't know" is never "harmless". */
#include "text/secrets.h"

#include "text/assign.h"
#include "text/bip39.h"
#include "text/checksum.h"
#include "text/format.h"
#include "text/guess.h"
#include "text/literals.h"
#include "text/secrets-wrap.h"
#include "text/shape.h"
#include "text/window.h"

#include <pthread.h>

#define DEPTH_MAX      4 /* escapes in base64 in escapes… */
#define FUEL_PER_BYTE  6 /* ordinary text takes a fiftieth of that */
#define FUEL_START     (16 << 10)
#define LINE_MAX_BYTES 4096 /* what is taken for a secret without fuel */
#define BASE64_MIN     24   /* letters that are looked into */
#define LINE_MIN       60   /* letters on a line, where there are many */
#define BASE64_MAX     2048 /* of them, how many are decoded behind a literal */
#define ARMOUR_MAX     (64 << 10)

const struct format formats[] = {
#include "text/secrets.tab"
};
const size_t formats_count = ARRAY_SIZE(formats);

enum { KIND_PLAIN = 3 }; /* 0 to 2: in base64, shifted by so many bytes */

struct hits {
	struct secret_hit *v;
	size_t n, cap, max;
	bool failed;
};

struct scan {
	const char *text, *end;
	struct hits *hits;
	size_t fuel, base; /* @base: what literals_find() was given starts here */
	unsigned depth;
	bool escapes; /* some hide something */
};

/* ---- the literals, made of the table once ---- */
static struct literals literals, literals_base64;
static pthread_once_t literals_once = PTHREAD_ONCE_INIT;

static void add_base64(const char *s, size_t len, uint16_t id)
{
	char text[128];
	size_t skipped, n;

	for (unsigned shift = 0; shift < 3; shift++) {
		n = base64_within(s, len, shift, text, &skipped);
		if (n >= 4)
			(void)literals_add(&literals_base64, text, n, false, (uint8_t)shift,
					   id); /* the table is tested to fit */
	}
}

static void literals_fill(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct format *f = &formats[i];
		bool named = f->check == FORMAT_ASSIGNED || f->check == FORMAT_GENERIC;
		size_t len;

		for (const char *s = f->literals; s && *s; s += len + (s[len] == '|')) {
			len = strcspn(s, "|");
			(void)literals_add(&literals, s, len, named, KIND_PLAIN, (uint16_t)i);
			if (len >= 4 && !named && f->check != FORMAT_NETRC)
				add_base64(s, len, (uint16_t)i);
		}
	}
}

/* ---- hits ---- */
static void hit_add(struct scan *s, const char *name, const char *start, const char *end)
{
	struct hits *h = s->hits;

	if (h->n == h->cap) {
		size_t cap = MAX(h->cap * 2, (size_t)16);
		struct secret_hit *v = realloc(h->v, cap * sizeof(*v));

		if (!v) {
			h->failed = true;
			return;
		}
		h->v = v;
		h->cap = cap;
	}
	h->v[h->n++] =
		(struct secret_hit){name, (size_t)(start - s->text), (size_t)(end - s->text)};
}

static int by_place(const void *a, const void *b)
{
	const struct secret_hit *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

/* How much the name of a hit says: any vendor's is better than that of what stands around it. */
static unsigned rank(const char *name)
{
	return streq(name, "generic-secret")			      ? 0
	       : streq(name, "url-credentials") || streq(name, "jwt") ? 1
								      : 2;
}

static void hits_merge(struct hits *h)
{
	size_t n = 0;

	if (!h->n)
		return;
	qsort(h->v, h->n, sizeof(*h->v), by_place);
	for (size_t i = 1; i < h->n; i++) {
		struct secret_hit *last = &h->v[n];

		if (h->v[i].start >= last->end) {
			h->v[++n] = h->v[i];
			continue;
		}
		if (rank(h->v[i].name) > rank(last->name))
			last->name = h->v[i].name;
		last->end = MAX(last->end, h->v[i].end);
	}
	h->n = n + 1;
}

/* ---- what follows a literal ---- */
/* Does a word begin at @p? The letter of an escape such as \n is no part of one. */
static bool word_begins(const struct scan *s, const char *p)
{
	return p == s->text || !shape_is_alnum(p[-1]) || (p - s->text >= 2 && p[-2] == '\\');
}

/* Keys that stand in documentation, and so in thousands of texts. */
static bool is_sample(const char *p, size_t len)
{
	static const char *const parts[] = {
		"wJalrXUtnFEMI",
		"je7MtGbClwBF",
		"4eC39HqLyjWDarj",
		"SflKxwRJSMeKKF2QT4",
		"eyJzdWIiOiIxMjM0NTY3ODkwI",
		"16C7e42F292c6912E77",
		"5HueCGU8rMjxEX",
		"5KN7MzqK5wt2TP",
		"L1aW4aubDFB7yf",
		"5Kb8kLf9zgWQno",
		"KwDiBf89QgGbjE",
		"5HpHagT65TZzG1",
		"9s21ZrQH143K3QTDL4LX",
		"9s21ZrQH143K31xYSDQ",
		"ac0974bec39a17e36ba4a6b4d238",
		"B5262E7D5A2B8F3B",
		"AbCdEf123456",
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (memmem(p, len, parts[i], strlen(parts[i])))
			return true;
	return false;
}

/* Only what must be there is judged: else a word appended to a key would make it an example. */
static bool is_drawn(const struct format *f, const char *p, size_t len)
{
	size_t must = shape_min(f->shape), n = must ? MIN(len, must) : len;
	unsigned least = f->entropy ? f->entropy : n >= 16 ? 27 : 20;

	return guess_entropy(p, n) >= least && !guess_placeholder(p, n) && !is_sample(p, n);
}

static bool is_jwt(struct scan *s, const char *start, const char *end)
{
	const char *dot = memchr(start, '.', (size_t)(end - start)),
		   *signature = memrchr(start, '.', (size_t)(end - start));
	autobuf header = {0};

	base64_forward(start, (size_t)(dot - start), BASE64_MAX, &header);
	s->fuel -= MIN(s->fuel, header.len * 2);
	/* As above: what somebody appends to the signature does not count. */
	return guess_holds(buf_str(&header), header.len, "\"alg\"") &&
	       !is_sample(start, (size_t)(MIN(end, signature + 21) - start));
}

static bool is_age(const char *start, const char *end)
{
	const char *one = memrchr(start, '1', (size_t)(end - start));
	bool pq = one - start > 15;

	return checksum_bech32(pq ? "age-secret-key-pq-" : "age-secret-key-", one + 1,
			       (size_t)(end - one - 1));
}

static bool is_certain(struct scan *s, const struct format *f, const char *start, const char *body,
		       const char *end)
{
	size_t len = (size_t)(end - body);
	uint8_t head[4];

	switch (f->check) {
	case FORMAT_CRC62:
		return checksum_crc62(body, MIN(len, (size_t)36)) || is_drawn(f, body, len);
	case FORMAT_BASE58:
		return checksum_base58(start, (size_t)(end - start), head) == 78 &&
		       !is_sample(start, (size_t)(end - start));
	case FORMAT_AGE:
		return is_age(start, end);
	case FORMAT_JWT:
		return is_jwt(s, start, end);
	case FORMAT_SHAPE:
	case FORMAT_PEM:
	case FORMAT_LINES:
	case FORMAT_URI:
	case FORMAT_NETRC:
	case FORMAT_ASSIGNED:
	case FORMAT_GENERIC:
	case FORMAT_FOUND:
		break;
	}
	if (f->back && shape_min(f->shape) < 16)
		return guess_entropy(start, (size_t)(end - start)) >= 27 &&
		       !guess_placeholder(start, (size_t)(end - start));
	return !*f->shape || is_drawn(f, body, len);
}

/* Go back from @p over what "%c{n,m}" says. NULL: it does not stand there. */
static const char *go_back(const struct scan *s, const char *back, const char *p)
{
	size_t min = shape_min(back),
	       max = strchr(back, ',') ? strtoul(strchr(back, ',') + 1, NULL, 10) : min, n = 0;

	while (n < max && p > s->text && shape_class_has(back[1], (unsigned char)p[-1])) {
		p--;
		n++;
	}
	return n >= min ? p : NULL;
}

static const char *shaped(struct scan *s, const struct format *f, const char *at, const char *body)
{
	const char *start = f->back ? go_back(s, f->back, at) : at, *end;

	if (!start || (f->word && !word_begins(s, start)) ||
	    !shape_match(f->shape, body, s->end, &end, &s->fuel))
		return NULL;
	/* Not in the midst of a longer word, unless the shape is open and has taken all of it. */
	if (*f->shape && end < s->end && shape_is_alnum(*end) && f->check != FORMAT_CRC62)
		return NULL;
	if (!is_certain(s, f, start, body, end))
		return NULL;
	hit_add(s, f->name, start, end);
	return end;
}

/* Bytes of base64 on lines from @p on, with what JSON and programs put around them. Return where
 * they end. */
static const char *skip_lines(struct scan *s, const char *p, size_t *ret_letters)
{
	const char *end = MIN(s->end, p + ARMOUR_MAX), *last = p, *q;

	*ret_letters = 0;
	for (q = p; q < end; q++) {
		if (shape_class_has('e', (unsigned char)*q)) {
			last = q + 1;
			++*ret_letters;
		} else if (!memchr("\n\r\t \\\"',", *q, 8)) {
			break;
		} else if (*q == '\\' && q + 1 < end && memchr("nr", q[1], 2)) {
			q++;
		}
	}
	s->fuel -= MIN(s->fuel, (size_t)(q - p) / 2);
	return last;
}

/* Is there a line of base64 in what follows a header, before the armour ends? The words of a text
 * are none. */
static bool has_key_bytes(const char *p, const char *end)
{
	size_t run = 0, letters = 0, mixed = 0;

	for (const char *q = p; q < end; q++) {
		if (*q == '-' && end - q > 5 && memcmp(q, "-----", 5) == 0)
			break;
		if (*q == '\\' && q + 1 < end && memchr("nrt", q[1], 3)) {
			q++;
			continue;
		}
		if (!shape_class_has('e', (unsigned char)*q)) {
			run = memchr("\r\n", *q, 2) ? run : 0;
			continue;
		}
		run++;
		letters++;
		mixed += q > p && (shape_class_has('l', (unsigned char)*q) !=
				   shape_class_has('l', (unsigned char)q[-1]));
		if (run >= 40 && mixed * 5 > letters)
			return true;
	}
	return false;
}

static const char *armoured(struct scan *s, const struct format *f, const char *at)
{
	bool pgp = streq(f->name, "pgp-private-key"), ssh2 = *at == '-' && at[4] == ' ';
	const char *line_end = MIN(s->end, at + 80), *label, *end, *more;
	size_t letters;

	label = memmem(at, (size_t)(line_end - at),
		       pgp    ? "PRIVATE KEY BLOCK-----"
		       : ssh2 ? "PRIVATE KEY ----"
			      : "PRIVATE KEY-----",
		       pgp ? 22 : 16);
	if (!label)
		return NULL;
	label += pgp ? 22 : 16;
	if (!has_key_bytes(label, MIN(s->end, label + 1024)))
		return NULL;
	/* To the line that ends it; without one, over the bytes that are there. */
	more = memmem(label, (size_t)(MIN(s->end, label + ARMOUR_MAX) - label),
		      ssh2 ? "---- " : "-----", 5);
	end = more && s->end - more > 8 && memmem(more, 8, "END", 3) ? more + 8 : NULL;
	if (end)
		end = memmem(end, (size_t)(MIN(s->end, end + 80) - end), "----", 4) ?: end;
	s->fuel -= MIN(s->fuel, (size_t)64);
	end = end ? MIN(s->end, end + 5) : skip_lines(s, label, &letters);
	hit_add(s, f->name, at, end);
	return end;
}

static const char *lines(struct scan *s, const struct format *f, const char *at, const char *body)
{
	const char *end;
	size_t letters;

	if (!shape_match(f->shape, body, s->end, &end, &s->fuel))
		return NULL;
	end = skip_lines(s, end, &letters);
	if (letters < 40)
		return NULL;
	hit_add(s, f->name, at, end);
	return end;
}

static bool is_default_password(const char *user, size_t user_len, const char *pass, size_t len)
{
	static const char *const words[] = {"pass",    "pwd",	"secret",  "user",	 "admin",
					    "root",    "test",	"token",   "xxx",	 "123",
					    "***",     "...",	"example", "postgres",	 "mysql",
					    "mongo",   "redis", "guest",   "foo",	 "bar",
					    "db",      "key",	"my",	   "changeme",	 "demo",
					    "default", "local", "sample",  "credential", "anon"};

	if (len == user_len && memcmp(user, pass, len) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		/* The word, alone or with little around it: "password1", "my_secret" */
		if (len < n + 5 && guess_holds(pass, len, words[i]))
			return true;
	}
	return guess_placeholder(pass, len);
}

static bool is_database(const char *scheme, size_t len)
{
	static const char *const words[] = {
		"postgres",  "mysql",	  "mariadb", "mongodb",	   "redis",	"amqp",
		"sqlserver", "mssql",	  "oracle",  "clickhouse", "cockroach", "cassandra",
		"couch",     "neo4j",	  "bolt",    "nats",	   "kafka",	"ldap",
		"jdbc",	     "snowflake", "influx",  "elastic",	   "memcache",	"cloudinary"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (guess_holds(scheme, len, words[i]))
			return true;
	return false;
}

/* scheme://user:password@host */
static const char *uri(struct scan *s, const struct format *f, const char *at)
{
	const char *user = at + 3, *limit = MIN(s->end, user + 256), *colon = NULL, *sign = NULL,
		   *scheme = at;

	for (const char *p = user;
	     p < limit && (unsigned char)*p > ' ' && !memchr("/?#\"'<>`|\\,;)", *p, 13); p++) {
		if (*p == ':' && !colon)
			colon = p;
		if (*p == '@')
			sign = p;
	}
	s->fuel -= MIN(s->fuel, (size_t)4);
	if (!colon || !sign || sign - colon < 4)
		return NULL;
	s->fuel -= MIN(s->fuel, (size_t)300);
	while (scheme > s->text && at - scheme < 24 &&
	       (shape_is_alnum(scheme[-1]) || memchr("+-.:", scheme[-1], 4)))
		scheme--;
	for (const char *p = colon + 1; p < sign; p++)
		if (memchr("${}[]()*%", *p, 9) &&
		    (*p != '%' || sign - p < 3 || !shape_is_alnum(p[1])))
			return NULL; /* made of something else, yet to be filled in */
	if (is_default_password(user, (size_t)(colon - user), colon + 1,
				(size_t)(sign - colon - 1)))
		return NULL;
	hit_add(s, is_database(scheme, (size_t)(at - scheme)) ? f->name : "url-credentials", scheme,
		sign);
	return sign;
}

/* The next word at or behind @p. Return false where the text ends. */
static bool next_word(const char *p, const char *end, const char **ret_start, const char **ret_end)
{
	while (p < end && (unsigned char)*p <= ' ')
		p++;
	*ret_start = p;
	while (p < end && (unsigned char)*p > ' ')
		p++;
	*ret_end = p;
	return p > *ret_start;
}

/* Does a line begin at @p? */
static bool line_begins(const struct scan *s, const char *p)
{
	while (p > s->text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == s->text || p[-1] == '\n';
}

/* machine HOST login USER password SECRET, over any white space. In prose these are words. */
static const char *netrc(struct scan *s, const struct format *f, const char *at, const char *body)
{
	const char *end = MIN(s->end, body + 512), *word, *after, *last = NULL, *last_end = NULL;
	bool login = false;

	for (unsigned n = 0; n < 8 && next_word(body, end, &word, &after); n++, body = after) {
		if (last && last_end - last == 5 && memcmp(last, "login", 5) == 0)
			login = true;
		if (login && last_end - last == 8 && memcmp(last, "password", 8) == 0) {
			size_t letters = 0;

			while (word + letters < after &&
			       shape_class_has('l', (unsigned char)word[letters]))
				letters++;
			if (after - word < 4 || memchr("{<$", *word, 3) ||
			    is_default_password(word, 0, word, (size_t)(after - word)) ||
			    (word + letters == after && !line_begins(s, at)))
				return NULL;
			hit_add(s, f->name, word, after);
			return after;
		}
		last = word;
		last_end = after;
	}
	s->fuel -= MIN(s->fuel, (size_t)64);
	return NULL;
}

static bool says_secret(const struct assign *a)
{
	static const char *const words[] = {"key", "token", "secret", "pass",
					    "pat", "pwd",   "auth",   "cred"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (guess_holds(a->name, (size_t)(a->name_end - a->name), words[i]))
			return true;
	return false;
}

static const char *assigned(struct scan *s, const struct format *f, const char *at)
{
	struct assign a;
	const char *end;

	if (!assign_parse(s->text, s->end, at, &a, &s->fuel))
		return NULL;
	s->fuel -= MIN(s->fuel, (size_t)(a.value_end - a.value));
	if (f->check == FORMAT_GENERIC) {
		if (!assign_is_secret(&a) || is_sample(a.value, (size_t)(a.value_end - a.value)))
			return NULL;
	} else if (!shape_match(f->shape, a.value, a.value_end, &end, &s->fuel) ||
		   end != a.value_end || !says_secret(&a) ||
		   !is_drawn(f, a.value, (size_t)(end - a.value))) {
		return NULL;
	}
	hit_add(s, f->name, a.value, a.value_end);
	return NULL; /* there may be more within it, of a better name */
}

static void scan_text(struct scan *s);

static bool in_base64(char c)
{
	return shape_is_alnum(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

/* Does @inner, which [@start, @end) decodes to, hold a secret? Then that is one. */
static bool holds_secret(struct scan *s, const struct buf *inner, const char *start,
			 const char *end)
{
	struct hits hits = {.max = 1};
	struct scan sub = {
		.text = buf_str(inner), .hits = &hits, .fuel = s->fuel, .depth = s->depth + 1};
	bool found;

	sub.end = sub.text + inner->len;
	scan_text(&sub);
	s->fuel = sub.fuel;
	s->hits->failed |= hits.failed;
	hits_merge(&hits);
	found = hits.n > 0;
	if (found)
		hit_add(s, hits.v[0].name, start, end);
	free(hits.v);
	return found && !s->hits->failed;
}

/* The base64 of a literal: decode from the start of its group on, and scan that. */
static const char *unwrapped(struct scan *s, const struct literal *lit, const char *at)
{
	size_t skipped = lit->kind ? lit->kind + 1 : 0, len;
	const char *start = at - skipped, *end;
	autobuf inner = {0};

	if (s->depth >= DEPTH_MAX || (size_t)(at - s->text) < skipped)
		return NULL;
	for (const char *p = start; p < at; p++)
		if (!in_base64(*p))
			return NULL;
	len = base64_forward(start, (size_t)(s->end - start), BASE64_MAX, &inner);
	s->fuel -= MIN(s->fuel, len * 4);
	end = start + len;
	if (!holds_secret(s, &inner, start, end))
		return NULL;
	while (end < s->end && in_base64(*end))
		end++;
	s->hits->v[s->hits->n - 1].end = (size_t)(end - s->text);
	return end;
}

static size_t on_literal(const struct literal *lit, size_t offset, void *arg)
{
	struct scan *s = arg;
	const struct format *f = &formats[lit->id];
	const char *at = s->text + s->base + offset, *body = at + lit->len, *next = NULL;

	if (s->hits->n > s->hits->max * 2 || s->hits->failed)
		return SIZE_MAX;
	if (!s->fuel) {
		const char *limit = MIN(s->end, at + LINE_MAX_BYTES);

		next = memchr(at, '\n', (size_t)(limit - at)) ?: limit;
		hit_add(s, f->name, at, next);
	} else if (lit->kind != KIND_PLAIN) {
		next = unwrapped(s, lit, at);
	} else {
		switch (f->check) {
		case FORMAT_PEM:
			next = armoured(s, f, at);
			break;
		case FORMAT_LINES:
			next = lines(s, f, at, body);
			break;
		case FORMAT_URI:
			next = uri(s, f, at);
			break;
		case FORMAT_NETRC:
			next = netrc(s, f, at, body);
			break;
		case FORMAT_ASSIGNED:
		case FORMAT_GENERIC:
			next = assigned(s, f, at);
			break;
		case FORMAT_SHAPE:
		case FORMAT_CRC62:
		case FORMAT_BASE58:
		case FORMAT_AGE:
		case FORMAT_JWT:
		case FORMAT_FOUND:
			next = shaped(s, f, at, body);
			break;
		}
	}
	return next > at ? offset + (size_t)(next - at) : offset + 1;
}

/* ---- what begins with nothing in particular ---- */
/* The run of letters and digits around @p: a key in wallet import format? */
static const char *wif(struct scan *s, const char *p)
{
	const char *start = p, *end = p;
	uint8_t head[4];

	while (start > s->text && p - start < 52 && shape_is_alnum(start[-1]))
		start--;
	while (end < s->end && end - start < 53 && shape_is_alnum(*end))
		end++;
	if (end - start < 51 || end - start > 52 || !memchr("5KL9c", *start, 5))
		return NULL;
	if (s->fuel) {
		size_t n = checksum_base58(start, (size_t)(end - start), head);

		s->fuel -= MIN(s->fuel, (size_t)2000);
		if ((n != 33 && n != 34) || (head[0] != 0x80 && head[0] != 0xef) ||
		    is_sample(start, (size_t)(end - start)))
			return NULL;
	}
	hit_add(s, "wif-private-key", start, end);
	return end;
}

/* Base64 on many lines, the first of which is [@start, @end): decode it all, since a literal may go
 * over two lines. */
static const char *wrapped_lines(struct scan *s, const char *start)
{
	autobuf inner = {0};
	const char *end = start + base64_forward(start, (size_t)(s->end - start), SIZE_MAX, &inner);

	if (holds_secret(s, &inner, start, end))
		return end;
	return inner.len ? end : NULL;
}

/* Look into the run of base64 around @p. Return where it ends. */
static const char *wrapped(struct scan *s, const char *p)
{
	const char *start = p, *end = p, *lines_end;

	while (start > s->text && p - start < WINDOW && in_base64(start[-1]))
		start--;
	while (end < s->end && in_base64(*end))
		end++;
	if (end - start >= LINE_MIN && s->end - end > LINE_MIN && memchr("\r\n", *end, 2) &&
	    in_base64(end[2]) && s->depth < DEPTH_MAX && (lines_end = wrapped_lines(s, start)))
		return lines_end;
	if (end - start >= BASE64_MIN) {
		s->base = (size_t)(start - s->text);
		literals_find(&literals_base64, start, (size_t)(end - start), on_literal, s);
		s->base = 0;
	}
	return end;
}

/* What may begin in the 48 bytes at @at: each looks as far as it needs, and says where to go on
 * with its kind. */
struct around {
	size_t base64, words;
};

static void look_at(struct scan *s, const struct window *w, size_t at, struct around *next)
{
	const uint64_t all = (1U << 24) - 1;
	const char *end;

	for (uint64_t m = w->escapes; m && !s->escapes; m &= m - 1)
		s->escapes = unescape_hides(s->text + at + __builtin_ctzll(m), s->end);
	/* The base64 of text is letters and digits, but for one in a thousand; of both cases. */
	for (uint64_t m = window_runs16(w); m; m &= m - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(m);
		size_t p = at + bit;

		if (p >= next->base64 && w->upper >> bit & 0xffff &&
		    (w->letters & ~w->upper) >> bit & 0xffff)
			next->base64 = (size_t)(wrapped(s, s->text + p) - s->text);
	}
	for (unsigned half = 0; half < WINDOW; half += 24) {
		struct bip39_hit hit;

		if (at + half < next->words)
			continue;
		if (((w->letters | w->digits) >> half & all) == all) {
			end = wif(s, s->text + at + half);
			next->words = end ? (size_t)(end - s->text) : next->words;
		} else if (window_words(w, half) && bip39_at(s->text, (size_t)(s->end - s->text),
							     at + window_word_start(w, half), &hit,
							     &next->words, &s->fuel)) {
			hit_add(s, "bip39-mnemonic", s->text + hit.start, s->text + hit.end);
		}
	}
}

static void look_around(struct scan *s)
{
	size_t len = (size_t)(s->end - s->text);
	struct around next = {0};
	struct window w;

	for (size_t at = 0; at < len && s->hits->n <= s->hits->max * 2; at += WINDOW) {
		window_read(s->text + at, len - at, &w);
		if (w.escapes | w.letters | w.digits | w.high)
			look_at(s, &w, at, &next);
	}
}

static void scan_unescaped(struct scan *s)
{
	size_t len = (size_t)(s->end - s->text);
	struct unescaped u = {0};
	struct hits hits = {.max = s->hits->max};
	struct scan sub = {.hits = &hits, .depth = s->depth + 1};

	if (!unescape(s->text, len, &u)) {
		s->hits->failed = true;
	} else if (u.text.len) {
		sub.text = buf_str(&u.text);
		sub.end = sub.text + u.text.len;
		sub.fuel = u.text.len * FUEL_PER_BYTE + FUEL_START;
		scan_text(&sub);
	}
	for (size_t i = 0; i < hits.n; i++)
		hit_add(s, hits.v[i].name, s->text + unescape_origin(&u, hits.v[i].start),
			s->text + unescape_origin(&u, hits.v[i].end));
	s->hits->failed |= hits.failed;
	free(hits.v);
	unescape_done(&u);
}

static void scan_text(struct scan *s)
{
	size_t len = (size_t)(s->end - s->text);

	literals_find(&literals, s->text, len, on_literal, s);
	look_around(s);
	if (s->escapes && s->depth < DEPTH_MAX)
		scan_unescaped(s);
}

static void scan_all(const char *text, size_t len, struct hits *hits)
{
	struct scan s = {.text = text,
			 .end = text + len,
			 .hits = hits,
			 .fuel = len * FUEL_PER_BYTE + FUEL_START};

	(void)pthread_once(&literals_once, literals_fill); /* cannot fail */
	scan_text(&s);
	hits_merge(hits);
}

size_t secrets_scan(const char *text, size_t len, struct secret_hit *hits, size_t max)
{
	struct hits h = {.max = max};
	size_t n;

	if (!len || !max)
		return 0;
	scan_all(text, len, &h);
	if (h.failed && !h.n) {
		hits[0] = (struct secret_hit){"generic-secret", 0,
					      len}; /* no memory to look: not harmless */
		n = 1;
	} else {
		n = MIN(h.n, max);
		if (n)
			memcpy(hits, h.v, n * sizeof(*hits));
	}
	free(h.v);
	return n;
}

size_t secrets_redact(const char *text, size_t len, struct buf *out)
{
	struct hits h = {.max = SIZE_MAX / 4};
	size_t at = 0;

	if (len)
		scan_all(text, len, &h);
	for (size_t i = 0; i < h.n; i++) {
		buf_put(out, text + at, h.v[i].start - at);
		buf_printf(out, "[REDACTED:%s]", h.v[i].name);
		at = h.v[i].end;
	}
	buf_put(out, text + at, len - at);
	out->failed |= h.failed;
	free(h.v);
	return h.n;
}

const char *secrets_format(size_t i, const char **ret_description)
{
	size_t n = 0;

	for (size_t j = 0; j < ARRAY_SIZE(formats); j++) {
		bool again = false;

		for (size_t k = 0; k < j && !again; k++)
			again = streq(formats[k].name, formats[j].name);
		if (again || n++ != i)
			continue;
		if (ret_description)
			*ret_description = formats[j].description;
		return formats[j].name;
	}
	return NULL;
}
