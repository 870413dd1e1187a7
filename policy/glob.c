#include "policy/pattern.h"
#include "policy/policy.h"

/* policy_glob() walks the set of all positions in the pattern that the path read so far can be at:
 * no backtracking, so no pattern is slow. A position is an offset into the pattern; two more sets
 * bits say "below the end" and, for each position, "reached by a character that may go on" (UTF-8).
 * The automaton in automaton.c is built without this code; tests hold the two against each other.
 */

#define SPECIAL "*?[\\"
#define WORDS ((PATTERN_MAX + 2) / 64 + 1)

struct walk {
	const char *pat;
	size_t len; /* strlen(pat); position len + 1 is "below" */
	bool covers;
	uint64_t at[WORDS], more[WORDS];	   /* now */
	uint64_t next_at[WORDS], next_more[WORDS]; /* behind the byte being read */
};

static bool bit_get(const uint64_t *set, size_t i)
{
	return set[i / 64] >> (i % 64) & 1;
}

static void bit_set(uint64_t *set, size_t i)
{
	set[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Positions that are reached without reading anything. */
static void walk_add(struct walk *w, size_t i)
{
	for (;;) {
		const char *p = w->pat + i;

		if (bit_get(w->next_at, i))
			return;
		bit_set(w->next_at, i);
		if (i >= w->len)
			return;
		if (pattern_at_dstar(p) && p[3])
			i += 3;
		else if (p[0] == '*' && p[1] == '*' && p[2] == '/')
			i += 2;
		else if (p[0] == '*' && p[1] != '*')
			i += 1;
		else
			return;
	}
}

static void walk_add_char(struct walk *w, size_t i)
{
	bit_set(w->next_more, i);
	walk_add(w, i);
}

static void walk_step(struct walk *w, size_t i, unsigned char c)
{
	const char *p = w->pat + i, *end;

	if (i > w->len) {
		walk_add(w, i);
	} else if (i == w->len || (p[0] == '/' && !p[1])) {
		if (w->covers && c == '/')
			walk_add(w, w->len + 1);
	} else if (p[0] == '*') {
		if (p[1] == '*' || c != '/')
			walk_add(w, i);
	} else if (pattern_at_dstar(p)) {
		if (c == '/')
			walk_add(w, i + 1);
	} else if (p[0] == '?') {
		if (c != '/')
			walk_add_char(w, i + 1);
	} else if (p[0] == '[' && (end = pattern_class_end(p))) {
		if (!pattern_class_has(p, c))
			return;
		if (pattern_class_negated(p))
			walk_add_char(w, (size_t)(end - w->pat));
		else
			walk_add(w, (size_t)(end - w->pat));
	} else {
		if (p[0] == '\\' && p[1])
			p++;
		if ((unsigned char)*p == c)
			walk_add(w, (size_t)(p + 1 - w->pat));
	}
}

static void walk_byte(struct walk *w, unsigned char c)
{
	size_t words = (w->len + 2) / 64 + 1;

	memset(w->next_at, 0, words * 8);
	memset(w->next_more, 0, words * 8);
	for (size_t k = 0; k < words; k++) {
		for (uint64_t b = w->at[k]; b; b &= b - 1)
			walk_step(w, k * 64 + (size_t)__builtin_ctzll(b), c);
		if (c >= 0x80 && c <= 0xbf)
			for (uint64_t b = w->more[k]; b; b &= b - 1)
				walk_add_char(w, k * 64 + (size_t)__builtin_ctzll(b));
	}
	memcpy(w->at, w->next_at, words * 8);
	memcpy(w->more, w->next_more, words * 8);
}

static bool walk_accepts(const struct walk *w)
{
	const char *end = w->pat + w->len;

	if (bit_get(w->at, w->len) || bit_get(w->at, w->len + 1))
		return true;
	if (end[-1] == '/' && bit_get(w->at, w->len - 1))
		return true;
	return w->len >= 3 && pattern_at_dstar(end - 3) && bit_get(w->at, w->len - 2);
}

static void walk_path(struct walk *w, const char *path)
{
	walk_add(w, 0);
	memcpy(w->at, w->next_at, sizeof(w->at));
	if (streq(path, "/"))
		path = "";
	for (const unsigned char *c = (const unsigned char *)path; *c; c++)
		walk_byte(w, *c);
}

bool pattern_same_below(const char *p, const char *a, const char *b)
{
	struct walk x = {.pat = p, .len = strlen(p), .covers = pattern_covers(p)}, y = x;

	if (x.len >= PATTERN_MAX)
		return false;
	walk_path(&x, a);
	walk_path(&y, b);
	walk_byte(&x, '/');
	walk_byte(&y, '/');
	return memcmp(x.at, y.at, sizeof(x.at)) == 0;
}

/* Apart, since a struct walk is large. */
static __attribute__((noinline)) bool walk(const char *pattern, size_t len, bool covers, const char *path)
{
	struct walk w = {.pat = pattern, .len = len, .covers = covers};

	walk_path(&w, path);
	return walk_accepts(&w);
}

/* Spares the walk for most patterns: a letter before the first wildcard or behind the last one that @path has otherwise,
 * or a component that it does not have. @pat begins with '/'. */
static bool differs(const char *pat, const char *path, bool covers)
{
	const char *p = pat, *s = path, *end;
	size_t len, tail;

	while (*p && *p == *s && !strchr(SPECIAL, *p))
		p++, s++;
	if (*p && !strchr(SPECIAL, *p) && !(*p == '/' && !p[1]))
		return true;
	len = strlen(path);
	if (!covers) {
		end = p + strlen(p);
		for (tail = 0; end > p && !strchr(SPECIAL "]", end[-1]); tail++)
			end--;
		if (tail > len || memcmp(end, path + len - tail, tail) != 0)
			return true;
	}
	if (str_starts(pat, "/**/"))
		return !memmem(path, len, pat + 3, 1 + strcspn(pat + 4, SPECIAL "/"));
	return false;
}

bool policy_glob(const char *pattern, const char *path)
{
	char rooted[PATTERN_MAX + 2];
	size_t len = strlen(pattern);
	bool covers;

	if (len == 0 || len >= PATTERN_MAX)
		return false;
	if (streq(pattern, "**"))
		return true;
	if (pattern[0] != '/') {
		rooted[0] = '/';
		memcpy(rooted + 1, pattern, len + 1);
		pattern = rooted;
		len++;
	}
	covers = pattern_covers(pattern);
	return !differs(pattern, path, covers) && walk(pattern, len, covers, path);
}

static unsigned char fold(char c, bool ignore_case)
{
	return (unsigned char)(ignore_case && c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* The length of the one token at @g if it takes @c, else 0. */
static size_t flat_token(const char *g, char c, bool ignore_case)
{
	const char *end;

	if (*g == '?')
		return 1;
	if (*g == '[' && (end = pattern_class_end(g))) {
		bool in = pattern_class_has(g, (unsigned char)c) ||
			  (c == '/' && pattern_class_negated(g));

		if (!in && ignore_case && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			in = pattern_class_has(g, (unsigned char)c ^ 0x20);
		return in ? (size_t)(end - g) : 0;
	}
	if (*g == '\\' && g[1])
		return fold(g[1], ignore_case) == fold(c, ignore_case) ? 2 : 0;
	return *g && fold(*g, ignore_case) == fold(c, ignore_case) ? 1 : 0;
}

bool pattern_match_flat(const char *glob, const char *text, bool ignore_case)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		size_t w;

		if (*glob == '*') {
			star = ++glob;
			resume = text;
			continue;
		}
		w = flat_token(glob, *text, ignore_case);
		if (w) {
			glob += w;
			text++;
		} else if (star) {
			glob = star; /* the last star is enough: what lies before it matched already
				      */
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}
