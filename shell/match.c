/* Patterns of ${x#p} and ${x/p/r}: a set of states walks over the text once, so that no pattern can
 * make it slow. */
#include "shell/eval.h"

#include <ctype.h>

#define TOKENS_MAX 63

struct token {
	enum { TOKEN_BYTE = 0, TOKEN_ANY, TOKEN_STAR, TOKEN_SET } kind;
	unsigned char byte;
	uint8_t set[32];
};

static void set_add(struct token *t, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to && c < 256; c++)
		t->set[c / 8] |= (uint8_t)(1U << c % 8);
}

static bool set_class(struct token *t, const char *name, size_t len)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {{"alpha", isalpha}, {"digit", isdigit},	 {"alnum", isalnum},
		       {"upper", isupper}, {"lower", islower},	 {"space", isspace},
		       {"punct", ispunct}, {"xdigit", isxdigit}, {"blank", isblank},
		       {"cntrl", iscntrl}, {"print", isprint},	 {"graph", isgraph}};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strlen(classes[i].name) != len || memcmp(classes[i].name, name, len) != 0)
			continue;
		for (unsigned c = 0; c < 128; c++)
			if (classes[i].is((int)c))
				set_add(t, c, c);
		return true;
	}
	return false;
}

/* At a [: the set, and how long it is. 0: a plain [. */
static size_t bracket(const char *p, struct token *t)
{
	size_t i = 1;
	bool negated = p[i] == '!' || p[i] == '^', first = true;

	*t = (struct token){.kind = TOKEN_SET};
	i += negated;
	for (; p[i] && (first || p[i] != ']'); first = false) {
		unsigned char from, to;

		if (p[i] == '[' && p[i + 1] == ':') {
			const char *end = strstr(p + i + 2, ":]");

			if (end && set_class(t, p + i + 2, (size_t)(end - p) - i - 2)) {
				i = (size_t)(end - p) + 2;
				continue;
			}
		}
		i += p[i] == '\\' && p[i + 1];
		from = to = (unsigned char)p[i++];
		if (p[i] == '-' && p[i + 1] && p[i + 1] != ']') {
			i++;
			i += p[i] == '\\' && p[i + 1];
			to = (unsigned char)p[i++];
		}
		set_add(t, from, to);
	}
	if (!p[i])
		return 0;
	for (size_t k = 0; negated && k < sizeof(t->set); k++)
		t->set[k] = (uint8_t)~t->set[k];
	return i + 1;
}

static bool compile(const char *p, struct token *t, size_t *ret_n)
{
	size_t n = 0, used;

	while (*p) {
		if (n == TOKENS_MAX || *p == SHELL_UNKNOWN || (strchr("?*+@!", *p) && p[1] == '('))
			return false;
		t[n] = (struct token){0};
		if (*p == '[' && (used = bracket(p, &t[n]))) {
			p += used;
			n++;
			continue;
		}
		t[n] = (struct token){0};
		if (*p == '*')
			t[n].kind = TOKEN_STAR;
		else if (*p == '?')
			t[n].kind = TOKEN_ANY;
		else
			p += *p == '\\' && p[1];
		t[n++].byte = (unsigned char)*p++;
	}
	*ret_n = n;
	return true;
}

static bool takes(const struct token *t, unsigned char c)
{
	switch (t->kind) {
	case TOKEN_BYTE:
		return t->byte == c;
	case TOKEN_SET:
		return t->set[c / 8] >> c % 8 & 1;
	case TOKEN_ANY:
	case TOKEN_STAR:
		break;
	}
	return true;
}

/* A star may match nothing. */
static uint64_t past_stars(const struct token *t, size_t n, uint64_t states)
{
	for (size_t i = 0; i < n; i++)
		if (states >> i & 1 && t[i].kind == TOKEN_STAR)
			states |= 1ULL << (i + 1);
	return states;
}

static bool run(struct eval *ev, const char *pattern, const char *s, size_t n, bool backwards,
		long *ret_short, long *ret_long)
{
	struct token t[TOKENS_MAX];
	size_t tokens, i;
	uint64_t states;

	*ret_short = *ret_long = -1;
	if (!compile(pattern, t, &tokens))
		return false;
	for (i = 0; backwards && i < tokens / 2; i++) {
		struct token swap = t[i];

		t[i] = t[tokens - 1 - i];
		t[tokens - 1 - i] = swap;
	}
	states = past_stars(t, tokens, 1);
	for (i = 0; states; i++) {
		uint64_t next = 0;
		unsigned char c;

		if (states >> tokens & 1) {
			*ret_short = *ret_short < 0 ? (long)i : *ret_short;
			*ret_long = (long)i;
		}
		if (i == n)
			break;
		c = (unsigned char)s[backwards ? n - 1 - i : i];
		for (size_t k = 0; k < tokens; k++)
			if (states >> k & 1 && takes(&t[k], c))
				next |= 1ULL << (t[k].kind == TOKEN_STAR ? k : k + 1);
		states = past_stars(t, tokens, next);
	}
	return eval_step(ev, i + tokens);
}

bool match_prefix(struct eval *ev, const char *pattern, const char *s, size_t n, long *ret_short,
		  long *ret_long)
{
	return run(ev, pattern, s, n, false, ret_short, ret_long);
}

bool match_suffix(struct eval *ev, const char *pattern, const char *s, size_t n, long *ret_short,
		  long *ret_long)
{
	return run(ev, pattern, s, n, true, ret_short, ret_long);
}
