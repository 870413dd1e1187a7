#include "text/shape.h"

/* Which of these sets a byte is in. A class is a union of sets. */
enum {
	DIGIT_01 = 1 << 0, /* 0 and 1, which base32 lacks */
	DIGIT_27 = 1 << 1,
	DIGIT_89 = 1 << 2,
	LOWER_AF = 1 << 3,
	LOWER_GZ = 1 << 4,
	UPPER_AF = 1 << 5,
	UPPER_GZ = 1 << 6,
	PLUS = 1 << 7, /* + and / */
	EQUALS = 1 << 8,
	UNDER = 1 << 9,
	DASH = 1 << 10,
	DOT = 1 << 11,	    /* . and ~ */
	NOT58 = 1 << 12,    /* 0 O I l */
	NOT_BECH = 1 << 13, /* 1 B I O */
	DOLLAR = 1 << 14,   /* $ and , */
	DIGIT = DIGIT_01 | DIGIT_27 | DIGIT_89,
	LOWER = LOWER_AF | LOWER_GZ,
	UPPER = UPPER_AF | UPPER_GZ,
};

static const uint16_t sets[256] = {
	['0'] = DIGIT_01 | NOT58,
	['1'] = DIGIT_01 | NOT_BECH,
	['2' ... '7'] = DIGIT_27,
	['8' ... '9'] = DIGIT_89,
	['a' ... 'f'] = LOWER_AF,
	['g' ... 'k'] = LOWER_GZ,
	['l'] = LOWER_GZ | NOT58,
	['m' ... 'z'] = LOWER_GZ,
	['A'] = UPPER_AF,
	['B'] = UPPER_AF | NOT_BECH,
	['C' ... 'F'] = UPPER_AF,
	['G' ... 'H'] = UPPER_GZ,
	['I'] = UPPER_GZ | NOT58 | NOT_BECH,
	['J' ... 'N'] = UPPER_GZ,
	['O'] = UPPER_GZ | NOT58 | NOT_BECH,
	['P' ... 'Z'] = UPPER_GZ,
	['+'] = PLUS,
	['/'] = PLUS,
	['='] = EQUALS,
	['_'] = UNDER,
	['-'] = DASH,
	['.'] = DOT,
	['~'] = DOT,
	['$'] = DOLLAR,
	[','] = DOLLAR,
};

static const struct class {
	uint16_t in, except;
} classes[128] = {
	['d'] = {DIGIT, 0},
	['l'] = {LOWER, 0},
	['L'] = {UPPER, 0},
	['n'] = {LOWER | DIGIT, 0},
	['N'] = {UPPER | DIGIT, 0},
	['w'] = {LOWER | UPPER | DIGIT, 0},
	['x'] = {DIGIT | LOWER_AF, 0},
	['X'] = {DIGIT | UPPER_AF, 0},
	['h'] = {DIGIT | LOWER_AF | UPPER_AF, 0},
	['2'] = {UPPER | DIGIT_27, 0},
	['5'] = {LOWER | UPPER | DIGIT, NOT58},
	['c'] = {UPPER | DIGIT, NOT_BECH},
	['b'] = {LOWER | UPPER | DIGIT | PLUS, 0},
	['e'] = {LOWER | UPPER | DIGIT | PLUS | EQUALS, 0},
	['u'] = {LOWER | UPPER | DIGIT | UNDER | DASH, 0},
	['_'] = {LOWER | UPPER | DIGIT | UNDER, 0},
	['t'] = {LOWER | UPPER | DIGIT | UNDER | DASH | DOT, 0},
	['p'] = {LOWER | UPPER | DIGIT | PLUS | EQUALS | DASH | DOT | DOLLAR, 0},
};

static inline bool class_has(struct class set, unsigned char c)
{
	return sets[c] & set.in && !(sets[c] & set.except);
}

bool shape_class_has(char class, unsigned char c)
{
	return class_has(classes[class & 127], c);
}

/* "{n}", "{n,m}" or "{n,}" at @p, or one. Return where it ends. */
static const char *read_count(const char *p, size_t *ret_min, size_t *ret_max)
{
	char *after;

	*ret_min = *ret_max = 1;
	if (*p != '{')
		return p;
	*ret_min = *ret_max = strtoul(p + 1, &after, 10);
	if (*after == ',')
		*ret_max = after[1] == '}' ? SIZE_MAX : strtoul(after + 1, &after, 10);
	return strchr(after, '}') + 1;
}

size_t shape_min(const char *shape)
{
	size_t min, max, sum = 0;

	while (*shape) {
		if (*shape == '%')
			shape = read_count(shape + 2, &min, &max);
		else
			shape += min = 1;
		sum += min;
	}
	return sum;
}

bool shape_match(const char *shape, const char *s, const char *end, const char **ret_end,
		 size_t *fuel)
{
	while (*shape) {
		size_t min, max, n = 0, left = (size_t)(end - s);
		struct class class;

		if (*shape != '%') {
			if (!left || *s++ != *shape++)
				return false;
			continue;
		}
		class = classes[shape[1] & 127];
		shape = read_count(shape + 2, &min, &max);
		left = MIN(left, *fuel);
		while (n < left && n < max && class_has(class, (unsigned char)s[n]))
			n++;
		s += n;
		*fuel -= n;
		if (n < min ||
		    (!*shape && n == max && s < end && class_has(class, (unsigned char)*s)))
			return false;
	}
	*ret_end = s;
	return true;
}
