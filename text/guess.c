#include "text/guess.h"

/* log2 in 1/256; the parabola through both ends is off by less than 1/128. */
static unsigned log2_q8(unsigned x)
{
	unsigned k = 31 - (unsigned)__builtin_clz(x), f = (x << 8 >> k) - 256;

	return (k << 8) + f + (f * (256 - f) * 88 >> 16);
}

unsigned guess_entropy(const char *s, size_t len)
{
	uint16_t count[256] = {0};
	unsigned n = (unsigned)MIN(len, (size_t)256), sum = 0;

	if (!n)
		return 0;
	for (unsigned i = 0; i < n; i++)
		count[(unsigned char)s[i]]++;
	for (unsigned i = 0; i < n; i++) {
		unsigned c = count[(unsigned char)s[i]];

		sum += log2_q8(c);
	}
	return (log2_q8(n) - sum / n) * 10 >> 8;
}

bool guess_holds(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		size_t j = 0;

		if ((s[i] | 0x20) != (word[0] | 0x20))
			continue;
		while (j < n && ((s[i + j] | 0x20) == word[j] || s[i + j] == word[j]))
			j++;
		if (j == n)
			return true;
	}
	return false;
}

/* Steps of 0 or 1 from a byte to the next, or to the one some places on: counted, not drawn. */
static bool is_counted(const char *s, size_t len)
{
	size_t steps = 0, same = 0, period = 0;

	for (size_t i = 1; i < len; i++) {
		steps += s[i] - s[i - 1] == 1 || s[i] - s[i - 1] == -1;
		same += s[i] == s[i - 1];
	}
	for (size_t p = 2; p <= 8 && !period; p++)
		for (size_t i = p; i < len && s[i] == s[i - p]; i++)
			period = i + 1 == len ? p : 0;
	return (steps + same) * 2 > len || (period && len >= 2 * period + period / 2);
}

bool guess_placeholder(const char *s, size_t len)
{
	static const char *const words[] = {
		"example",   "xxxx",	    "placeholder", "redacted", "changeme", "change-me",
		"change_me", "change_this", "changethis",  "your-",    "your_",	   "yourt",
		"yourk",     "yours",	    "yourp",	   "youra",    "insert",   "dummy",
		"-here",     "_here",	    "replace",	   "sample",   "not-a-",   "not_a_",
		"notreal",   "not-real",    "not_real",	   "fake",     "****",	   "....",
		"0000000",   "invalid",	    "<",	   ">",	       "${",	   "{{",
		"$(",	     "%(",	    "#{",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (guess_holds(s, len, words[i]))
			return true;
	return is_counted(s, len);
}

static unsigned class_of(char c)
{
	return c >= '0' && c <= '9' ? 1 : c >= 'a' && c <= 'z' ? 2 : c >= 'A' && c <= 'Z' ? 3 : 0;
}

bool guess_random(const char *s, size_t len)
{
	size_t runs = 0, n = 0, digits = 0, upper = 0, lower = 0;
	unsigned before = 0;

	/* A run is what camel case would take for one word; signs divide, and do not count. */
	for (size_t i = 0; i < len; i++) {
		unsigned class = class_of(s[i]);
		bool joined = class == before ||
			      (class == 2 && before == 3 && (i < 2 || class_of(s[i - 2]) != 3));

		runs += class && !joined;
		n += class != 0;
		digits += class == 1;
		lower += class == 2;
		upper += class == 3;
		before = class;
	}
	return n >= 12 && (digits ? lower + upper > 0 : lower && upper) && digits < n * 3 / 4 + 1 &&
	       runs * 4 >= n;
}
