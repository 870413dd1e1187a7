#include "policy/grams.h"

#include <ctype.h>

/* A regex is read just well enough to see which letters it spells out. What is not surely understood is left out of
 * account, and some constructs end the reading: a set that is too small would hide a match. */

#define DEPTH_MAX 16

/* Texts one of which must occur. They lie in the regex, with one letter a byte and no escapes in them. */
struct needs {
	size_t n;
	size_t shortest;
	struct grams v[GRAMS_MAX];
};

struct reader {
	const char *p;
	bool lost; /* met something that is not understood */
};

static unsigned fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

void grams_add(struct grams *g, const char *text, size_t len)
{
	unsigned before = len ? fold(text[0]) : 0;

	for (size_t i = 1; i < len; i++) {
		unsigned now = fold(text[i]), bit = (before * 37 + now) & 255;

		g->v[bit / 64] |= UINT64_C(1) << (bit % 64);
		before = now;
	}
}

/* Keep the better one of both in @best: what is longer says more. */
static void keep_better(struct needs *best, const struct needs *other)
{
	if (other->n && other->shortest >= 2 && (other->shortest > best->shortest || !best->n))
		*best = *other;
}

static void end_run(struct needs *best, char *run, size_t *n)
{
	struct needs one = {.n = 1, .shortest = *n};

	grams_add(&one.v[0], run, *n);
	keep_better(best, &one);
	*n = 0;
}

/* Pass the class that begins at r->p. */
static void skip_class(struct reader *r)
{
	const char *p = r->p + (r->p[1] == '^' ? 2 : 1);

	for (bool first = true; *p && (*p != ']' || first); first = false) {
		size_t name = *p == '[' && p[1] == ':' ? strspn(p + 2, "^abcdefghijklmnopqrstuvwxyz") : 0;

		if (name && p[2 + name] == ':' && p[3 + name] == ']')
			p += name + 4;
		else if (*p == '[' && p[1] && strchr(":.=", p[1]))
			r->lost = true;
		else if (*p == '\\' && (!p[1] || p[1] == 'Q'))
			r->lost = true;
		else
			p += *p == '\\' ? 2 : 1;
		if (r->lost)
			return;
	}
	r->p = *p ? p + 1 : p;
}

/* Pass a quantifier. Does it say that what is before it may be missing? */
static bool skip_quantifier(struct reader *r, bool *ret_any)
{
	const char *p = r->p;
	size_t len = *p == '{' ? 1 + strspn(p + 1, "0123456789, ") : 0;
	bool counted = len > 1 && p[len] == '}', missing = *p == '*' || *p == '?' || counted;

	*ret_any = missing || *p == '+';
	if (!*ret_any)
		return false;
	r->p += counted ? len + 1 : 1;
	if (*r->p == '?' || *r->p == '+')
		r->p++;
	return missing;
}

static struct needs read_choice(struct reader *r, unsigned depth);

/* A group, from '(' on. Lookarounds say nothing about what is matched. */
static struct needs read_group(struct reader *r, unsigned depth)
{
	struct needs inner = {0};
	bool looks = false;
	size_t flags;

	r->p++;
	if (*r->p == '*')
		r->lost = true;
	if (*r->p == '?') {
		r->p++;
		flags = strspn(r->p, "ismUJ-");
		looks = *r->p == '=' || *r->p == '!' || (*r->p == '<' && (r->p[1] == '=' || r->p[1] == '!'));
		if (r->p[flags] == ')') { /* (?i) */
			r->p += flags + 1;
			return inner;
		}
		if (looks)
			r->p += *r->p == '<' ? 2 : 1;
		else if (r->p[flags] == ':' || (flags == 0 && *r->p == '>'))
			r->p += flags + 1;
		else
			r->lost = true; /* names, conditions, recursion */
	}
	inner = read_choice(r, depth + 1);
	if (*r->p == ')')
		r->p++;
	else
		r->lost = true;
	if (looks)
		inner.n = 0;
	return inner;
}

/* A letter that stands for itself at r->p, which moves on; -1: something else, passed. */
static int read_letter(struct reader *r)
{
	char c = *r->p;

	if (c == '[') {
		skip_class(r);
		return -1;
	}
	r->p++;
	if (c == '\\') {
		c = *r->p;
		r->lost |= !c || strchr("QgNpPkoc", c);
		r->p += c != '\0';
		if (c == 'x') {
			r->lost |= *r->p == '{';
			for (unsigned i = 0; i < 2 && isxdigit((unsigned char)*r->p); i++)
				r->p++;
		} else if (isdigit((unsigned char)c)) {
			while (isdigit((unsigned char)*r->p))
				r->p++;
		}
		return ispunct((unsigned char)c) ? c : -1;
	}
	return strchr(".^$", c) || (c & 0x80) ? -1 : c;
}

static struct needs read_sequence(struct reader *r, unsigned depth)
{
	struct needs best = {0};
	char run[64];
	size_t n = 0;
	bool any;

	while (*r->p && !strchr("|)", *r->p) && !r->lost) {
		if (*r->p == '(') {
			struct needs group = read_group(r, depth);

			end_run(&best, run, &n);
			if (!skip_quantifier(r, &any))
				keep_better(&best, &group);
		} else {
			int c = read_letter(r);
			bool missing = skip_quantifier(r, &any);

			if (c >= 0 && !missing)
				run[n++] = (char)c;
			if (c < 0 || any || n == sizeof(run))
				end_run(&best, run, &n);
		}
	}
	end_run(&best, run, &n);
	return best;
}

static struct needs read_choice(struct reader *r, unsigned depth)
{
	struct needs all = {0};
	bool none = false;

	r->lost |= depth > DEPTH_MAX;
	for (bool first = true; !r->lost; first = false) {
		struct needs one = read_sequence(r, depth);

		none |= one.n == 0 || all.n + one.n > GRAMS_MAX;
		if (!none) {
			memcpy(all.v + all.n, one.v, one.n * sizeof(*one.v));
			all.n += one.n;
			all.shortest = first ? one.shortest : MIN(all.shortest, one.shortest);
		}
		if (*r->p != '|')
			break;
		r->p++;
	}
	if (none)
		all.n = 0;
	return all;
}

size_t grams_of_regex(const char *regex, struct grams ret[GRAMS_MAX])
{
	struct reader r = {.p = regex};
	struct needs all = read_choice(&r, 0);

	if (r.lost || *r.p)
		return 0;
	memcpy(ret, all.v, all.n * sizeof(*ret));
	return all.n;
}
