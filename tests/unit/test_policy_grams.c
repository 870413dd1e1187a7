/* What a regex needs (grams.c) against what PCRE2 finds: random regexes and texts over few letters, so that they meet,
 * and a table of constructs that are easily read too boldly. `test_policy_grams SEED` reruns one. */
#include "policy/regex.h"
#include "tests/unit/tap.h"

#define ROUNDS 20000

static unsigned long long state;

static unsigned below(unsigned n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % n;
}

static void make(char *out, size_t size, const char *const *parts, unsigned n_parts, unsigned n)
{
	out[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		const char *part = parts[below(n_parts)];
		size_t len = strlen(out);

		if (len + strlen(part) + 1 < size)
			memcpy(out + len, part, strlen(part) + 1);
	}
}

/* Would the grams hide a match? */
static bool is_sound(const char *regex, const char *text)
{
	struct arena a = {0};
	struct grams g = {0};
	char why[200];
	struct regex *re = regex_new(&a, regex, why, sizeof(why));
	bool sound = true;

	grams_add(&g, text, strlen(text));
	if (re) {
		sound = regex_possible(re, &g) || regex_match(re, text, strlen(text), 0) == REGEX_NO;
		regex_done(re);
	}
	arena_done(&a);
	return sound;
}

static void test_random(unsigned long long seed)
{
	static const char *const parts[] = {
		"a", "b", "c", "ab", "bc", "abc", "(?:", "(", ")", ")", "|", "?", "*", "+", "{2}", "{0,1}", "[ab]", "[^c]",
		"\\b", "\\w", ".", "^", "$", "(?i)", "(?=", "(?!", "(?<=a)", "\\x61", "\\.", "\\1", "[[:alpha:]]", "[]a]",
		"A", "(?>", "{", "}", "\\s", "\\\\", "(?x)", "-", "[a-c|]",
	};
	static const char *const letters[] = {"a", "b", "c", "A", "B", " ", ".", "ab", "bc", "abc", "-", "\\", "|", "]"};
	char regex[200], text[200];
	unsigned bad = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		state = seed + i;
		(void)below(2);
		make(regex, sizeof(regex), parts, ARRAY_SIZE(parts), 1 + below(9));
		make(text, sizeof(text), letters, ARRAY_SIZE(letters), below(9));
		if (!is_sound(regex, text) && bad++ < 5)
			note("'%s' matches '%s'; rerun with %llu", regex, text, seed + i);
	}
	ok(bad == 0, "%d random regexes: no match is hidden", ROUNDS);
}

static void test_table(void)
{
	static const struct {
		const char *regex, *text;
	} cases[] = {
		{"ab?c", "ac"},		  {"ab*c", "ac"},	   {"ab{0}c", "ac"},	    {"abc|xyz", "xyz"},
		{"(?:abc)?xy", "xy"},	  {"(?:abc|)xy", "xy"},	   {"(?i)ABC", "aBc"},	    {"[[:alpha:]|]x", "ax"},
		{"[]abc]x", "]x"},	  {"[^]abc]x", "dx"},	   {"(?x)a b c", "abc"},    {"a(?#xyz)b", "ab"},
		{"\\Qa|b\\E", "a|b"},	  {"[\\Q]\\E]ab", "]ab"},  {"(?!abc)\\w", "x"},	    {"(?<!abc)x", "x"},
		{"(abc)?(?(1)x|yz)", "yz"}, {"(?|abc|xyz)", "xyz"}, {"(?:a|b(*ACCEPT)cd)ef", "b"}, {"[[:<:]]ab", "ab"},
		{"a\\x62c", "abc"},	  {"a\\142c", "abc"},	   {"a\\Nc", "axc"},	    {"[[:x]ab|d[y:]", "dy"},
		{"ab{,2}", "ab{,2}"},	  {"(?<n>ab)\\g{n}", "abab"}, {"(ab|(?1)c)d", "abcd"}, {"x(?=abc)?y", "xy"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ok(is_sound(cases[i].regex, cases[i].text), "'%s' and '%s'", cases[i].regex, cases[i].text);
}

static void test_use(void)
{
	static const char *const idle[] = {"git status", "ls -la src | wc -l"};
	struct grams needs[GRAMS_MAX], g;

	ok(grams_of_regex("(?:^|[;&|]\\s*)(?:curl|wget)\\s[^|]*\\$\\(", needs) == 2, "alternatives are told apart");
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		g = (struct grams){0};
		grams_add(&g, idle[i], strlen(idle[i]));
		ok(!grams_hold(&g, &needs[0]) && !grams_hold(&g, &needs[1]), "neither is in '%s'", idle[i]);
	}
	g = (struct grams){0};
	grams_add(&g, "x; WGET y", 9);
	ok(grams_hold(&g, &needs[1]), "case does not count");
}

int main(int argc, char **argv)
{
	test_table();
	test_use();
	test_random(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
	return tap_done();
}
