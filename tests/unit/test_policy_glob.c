/* Patterns: a table of matches, then random patterns and paths on which the automaton, the position
 * walk of policy_glob() and a naive recursive matcher, written here, must agree. `test_policy_glob
 * SEED` reruns one. */
#include "policy/automaton.h"
#include "policy/pattern.h"
#include "policy/policy.h"
#include "tests/unit/tap.h"

#ifdef __SANITIZE_ADDRESS__ /* a tenth of the speed */
#define ROUNDS	  800
#else
#define ROUNDS	  4000
#endif
#define PER_ROUND 12

static const struct pattern_roots roots = {.home = {"/home/u", NULL},
					   .workspace = {"/ws", "/real/ws"}};

/* The naive matcher: over components, then over characters. */
static size_t char_len(const char *s)
{
	size_t n = 1;

	while ((s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static bool naive_name(const char *p, const char *pe, const char *s, const char *se)
{
	const char *end;

	if (p == pe)
		return s == se;
	if (*p == '*') {
		for (const char *t = s; t <= se; t++)
			if (naive_name(p + 1, pe, t, se))
				return true;
		return false;
	}
	if (s == se)
		return false;
	if (*p == '?' || (*p == '[' && pattern_class_negated(p))) {
		end = *p == '?' ? p + 1 : pattern_class_end(p);
		if (*p == '[' && !pattern_class_has(p, (unsigned char)*s))
			return false;
		for (size_t n = 1; n <= char_len(s) && s + n <= se; n++)
			if (naive_name(end, pe, s + n, se))
				return true;
		return false;
	}
	if (*p == '[')
		return pattern_class_has(p, (unsigned char)*s) &&
		       naive_name(pattern_class_end(p), pe, s + 1, se);
	if (*p == '\\')
		p++;
	return *p == *s && naive_name(p + 1, pe, s + 1, se);
}

static const char *name_end(const char *s)
{
	return s + strcspn(s, "/");
}

/* @p and @s are at a '/' or at their end. */
static bool naive(const char *p, const char *s, bool covers)
{
	const char *pe, *se;

	if (!*p || (p[0] == '/' && !p[1]))
		return !*s || covers;
	if (p[0] == '/' && p[1] == '*' && p[2] == '*' && (!p[3] || p[3] == '/')) {
		if (!p[3])
			return *s == '/';
		for (; *s == '/'; s = name_end(s + 1))
			if (naive(p + 3, s, covers))
				return true;
		return naive(p + 3, s, covers);
	}
	if (*s != '/')
		return false;
	pe = name_end(p + 1);
	se = name_end(s + 1);
	return naive_name(p + 1, pe, s + 1, se) && naive(pe, se, covers);
}

static bool naive_match(const char *p, const char *path)
{
	return naive(p, streq(path, "/") ? "" : path, pattern_covers(p));
}

/* Deterministic random numbers (xorshift). */
static uint64_t rng_state;

static unsigned rnd(unsigned n)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (unsigned)((rng_state >> 11) % n);
}

static void random_pattern(char *out)
{
	static const char *const parts[] = {"a",   "b",	     "ab",	 "*",	 "?",	   "**",
					    "*a",  "a*",     "*a*b",	 "[ab]", "[!a]",   "a?b",
					    "\\*", "{a,b*}", "\xc3\xa4", "?*",	 "[!b]*a", "b*",
					    "aa",  "*.b",    ".a"};
	unsigned n = 1 + rnd(5);

	*out = '\0';
	if (rnd(3) == 0)
		strncat(out, "**", 3);
	for (unsigned i = 0; i < n; i++) {
		strncat(out, "/", 2);
		strncat(out, parts[rnd(ARRAY_SIZE(parts))], 16);
		if (rnd(4) == 0)
			strncat(out, parts[rnd(ARRAY_SIZE(parts))], 16);
	}
	if (rnd(8) == 0)
		strncat(out, "/", 2);
}

static void random_path(char *out)
{
	static const char *const chars[] = {"a", "b",	     "a",    "b",   ".",
					    "*", "\xc3\xa4", "\xa4", "\xff"};
	unsigned n = rnd(6);

	*out = '\0';
	for (unsigned i = 0; i < n; i++) {
		unsigned len = 1 + rnd(4);

		strncat(out, "/", 2);
		for (unsigned k = 0; k < len; k++)
			strncat(out, chars[rnd(ARRAY_SIZE(chars))], 4);
	}
	if (n == 0)
		strncat(out, "/", 2);
}

static bool hit(const struct matcher *m, const struct hits *h, uint32_t entry)
{
	for (unsigned i = 0; i < h->n; i++)
		if (list_has(&m->lists, h->list[i], entry))
			return true;
	return false;
}

static bool check_path(const struct matcher *m, const struct pattern_ref *refs, size_t n,
		       const char *path)
{
	struct hits h;

	matcher_run(m, path, &h);
	for (size_t i = 0; i < n; i++) {
		bool dfa = hit(m, &h, refs[i].entry), walk = policy_glob(refs[i].text, path);
		bool want = naive_match(refs[i].text, path);

		if (dfa == want && walk == want)
			continue;
		note("pattern '%s' path '%s': naive %d walk %d automaton %d", refs[i].text, path,
		     want, walk, dfa);
		return false;
	}
	return true;
}

/* Equal states below two directories must mean equal answers for everything below them. */
static bool check_below(const struct matcher *m, const struct pattern_ref *refs, size_t n)
{
	char a[128], b[128], sub[128], x[300], y[300];
	struct hits ha, hb;

	random_path(a);
	random_path(b);
	if (!matcher_same_below(m, a, b))
		return true;
	matcher_run_below(m, a, &ha);
	matcher_run_below(m, b, &hb);
	for (unsigned k = 0; k < 10; k++) {
		random_path(sub);
		if (streq(sub, "/"))
			continue;
		(void)snprintf(x, sizeof(x), "%s%s", streq(a, "/") ? "" : a, sub);
		(void)snprintf(y, sizeof(y), "%s%s", streq(b, "/") ? "" : b, sub);
		for (size_t i = 0; i < n; i++) {
			bool known = hit(m, &ha, refs[i].entry) || hit(m, &hb, refs[i].entry);

			if (known || naive_match(refs[i].text, x) == naive_match(refs[i].text, y))
				continue;
			note("'%s' tells %s from %s", refs[i].text, x, y);
			return false;
		}
	}
	return true;
}

static bool round_ok(uint64_t seed)
{
	struct arena arena = {0};
	struct strlist list = {0};
	struct pattern_ref refs[PER_ROUND * 64];
	const struct pattern_ref *bad;
	struct matcher m = {0};
	char pattern[256], why[200], path[128];
	bool good = true;
	size_t n;

	rng_state = seed * 0x9e3779b97f4a7c15u + 1;
	while (list.n < PER_ROUND) {
		random_pattern(pattern);
		if (pattern_expand(&arena, &roots, pattern, &list, why, sizeof(why)) < 0) {
			note("'%s': %s", pattern, why);
			good = false;
			break;
		}
	}
	n = MIN(list.n, ARRAY_SIZE(refs));
	for (size_t i = 0; i < n; i++)
		refs[i] = (struct pattern_ref){.text = list.v[i], .entry = (uint32_t)i};
	if (matcher_build(&arena, &m, refs, n, &bad) < 0) {
		note("cannot build");
		good = false;
	}
	for (unsigned i = 0; good && i < 40; i++) {
		random_path(path);
		good = check_path(&m, refs, n, path) && check_below(&m, refs, n);
	}
	arena_done(&arena);
	return good;
}

static const struct {
	const char *pattern, *yes, *no; /* paths between spaces */
} table[] = {
	{"/a", "/a /a/b /a/b/c", "/ /ab /b /b/a"},
	{"/a/", "/a /a/b", "/ /ab"},
	{"/a/*", "/a/b /a/.b", "/a /a/b/c /"},
	{"/a/*/", "/a/b /a/b/c", "/a"},
	{"/a/**", "/a/b /a/b/c", "/a / /b"},
	{"/**", "/a /a/b", "/"},
	{"**", "/ /a /a/b", ""},
	{"/", "/ /a /a/b", ""},
	{"**/x", "/x /a/x /a/b/x /x/y /a/x/y", "/ /ax /xa /a/xb"},
	{"**/x*", "/x /xa /a/xb", "/x/y /ax"},
	{"a/**/b", "/ws/a/b /ws/a/x/b /ws/a/x/y/b /real/ws/a/b", "/ws/a /ws/ab /ws/a/xb /a/b"},
	{"/a/**/b/**/c", "/a/b/c /a/x/b/y/c /a/b/b/c/c", "/a/c /a/b /a/bc"},
	{"/a/**/**/b", "/a/b /a/x/b", "/a/xb"},
	{"~", "/home/u /home/u/x", "/home /home/u2"},
	{"~/.ssh/id_*", "/home/u/.ssh/id_rsa", "/home/u/.ssh/id_rsa/x /home/u/.ssh/idx"},
	{"$HOME/x", "/home/u/x", "/home/u/y"},
	{"$WORKSPACE/x", "/ws/x /real/ws/x", "/x"},
	{"$WORKSPACE", "/ws /ws/x", "/w"},
	{"x", "/ws/x /ws/x/y", "/x"},
	{"./x", "/ws/x", "/ws/y"},
	{"../x", "/x /real/x", "/ws/x"},
	{"*.pem", "/ws/a.pem /ws/.pem", "/ws/a/b.pem /ws/a.pe"},
	{"/a?c",
	 "/abc /a\xc3\xa4"
	 "c /a\xff"
	 "c",
	 "/ac /abbc /a/c"},
	{"/a??", "/abc /a\xc3\xa4\xc3\xb6", "/ab /abcd"},
	{"/[a-c]x", "/ax /bx /cx", "/dx /x"},
	{"/[!a-c]x", "/dx /\xc3\xa4x", "/ax /bx /x"},
	{"/[^a]x", "/bx", "/ax"},
	{"/[]]x", "/]x", "/[x"},
	{"/[a\\]]x", "/]x /ax", "/\\x"},
	{"/[-a]x", "/-x /ax", "/bx"},
	{"/{a,b}/c", "/a/c /b/c", "/c /ab/c"},
	{"/{a,b{c,d}}x", "/ax /bcx /bdx", "/bx /cx"},
	{"/a{,b}c", "/ac /abc", "/abbc"},
	{"/a{b}c", "/abc", "/a{b}c"},
	{"{~/.a,/b}/c", "/home/u/.a/c /b/c", "/ws/b/c"},
	{"/a}b", "/a}b", "/ab"},
	{"/\\*a", "/*a", "/ba"},
	{"/\\{a,b\\}", "/{a,b}", "/a"},
	{"/a\\$b", "/a$b", "/ab"},
	{"/a/./b//c", "/a/b/c", "/a/c"},
	{"/a/../b", "/b", "/a/b"},
	{"/../b", "/b", "/a"},
	{"/a**b", "/ab /axb", "/a/b"},
	{"/**a", "/a /xa", "/x/a/b /b"},
	{"/***", "/a", "/ /a/b"},
	{"/a\\\\**", "/a\\ /a\\b", "/a"},
	{"**/*a*b*c*d*", "/abcd /x/1a2b3c4d5", "/abc /a/b/c/d /dcba"},
	{"**/.git/hooks/**", "/x/.git/hooks/a /.git/hooks/a/b", "/x/.git/hooks /.git/a"},
	{"**/*/x", "/a/x /b/a/x", "/x"},
};

static void run_table(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		for (unsigned want = 0; want < 2; want++) {
			struct arena arena = {0};
			struct strlist list = {0};
			struct pattern_ref refs[16];
			const struct pattern_ref *bad;
			struct matcher m = {0};
			char why[200] = "", paths[256];
			char *rest = paths;
			int r = pattern_expand(&arena, &roots, table[i].pattern, &list, why,
					       sizeof(why));

			for (size_t k = 0; k < list.n && k < 16; k++)
				refs[k] = (struct pattern_ref){.text = list.v[k]};
			if (r == 0)
				r = matcher_build(&arena, &m, refs, list.n, &bad);
			(void)snprintf(paths, sizeof(paths), "%s",
				       want ? table[i].yes : table[i].no);
			for (char *p = strsep(&rest, " "); r == 0 && p && *p;
			     p = strsep(&rest, " ")) {
				bool walk = false, naively = false;
				struct hits h;

				matcher_run(&m, p, &h);
				for (size_t k = 0; k < list.n; k++) {
					walk |= policy_glob(list.v[k], p);
					naively |= naive_match(list.v[k], p);
				}
				ok((h.n > 0) == want && walk == want && naively == want,
				   "%s %s %s (%d %d %d)", table[i].pattern,
				   want ? "matches" : "leaves", p, h.n > 0, walk, naively);
			}
			ok(r == 0, "%s compiles %s", table[i].pattern, why);
			arena_done(&arena);
		}
	}
}

static const struct {
	const char *pattern, *why;
} wrong[] = {
	{"", "empty pattern"},
	{"/a[b", "unclosed '['"},
	{"/a[b/c]", "a class never matches '/'"},
	{"/a[z-a]", "range 'z-a' is empty"},
	{"/[[:alpha:]]", "named classes like [:alpha:] are not supported"},
	{"/{a,b", "unclosed '{'"},
	{"/a\\", "'\\' at the end"},
	{"/a\\/b", "'\\/' means nothing"},
	{"~root/x", "~user is not supported; write ~/ or an absolute path"},
	{"$FOO/x", "only $HOME and $WORKSPACE are known"},
	{"$HOMEX", "only $HOME and $WORKSPACE are known"},
	{"/a/$HOME", "'$' is only for $HOME and $WORKSPACE at the beginning; write \\$"},
	{"/*/../a", "'..' behind a wildcard"},
	{"{,/a}", "an alternative of the braces is empty"},
	{"{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}",
	 "braces give more than 1000 patterns"},
	{"/[\xc3\xa4]", "only ASCII in a class; use {\xc3\xa4,\xc3\xb6} for others"},
};

static void run_wrong(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct arena arena = {0};
		struct strlist list = {0};
		char why[200] = "";
		int r = pattern_expand(&arena, &roots, wrong[i].pattern, &list, why, sizeof(why));

		ok(r == -EBADMSG && streq(why, wrong[i].why), "'%.40s': %s (got %s)",
		   wrong[i].pattern, wrong[i].why, why);
		arena_done(&arena);
	}
}

int main(int argc, char **argv)
{
	unsigned failed = 0;

	if (argc > 1)
		return !ok(round_ok(strtoull(argv[1], NULL, 10)), "seed %s", argv[1]);
	run_table();
	run_wrong();
	for (uint64_t seed = 1; seed <= ROUNDS && failed < 3; seed++)
		if (!round_ok(seed)) {
			failed++;
			ok(false, "random patterns; rerun with: test_policy_glob %llu",
			   (unsigned long long)seed);
		}
	ok(failed == 0, "%d rounds of %d random patterns agree with the naive matcher", ROUNDS,
	   PER_ROUND);
	ok(policy_glob("**/x", "/a/x"), "policy_glob takes a leading **");
	return tap_done();
}
