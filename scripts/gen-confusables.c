/* gen-confusables - write the characters that look like ASCII (UTS #39 4, as ICU knows them) as rows for
 * text/unicode.c. Runs at build; the programs do without ICU. */
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uspoof.h>

/* Not in UTS #39, but good enough for a word that is Latin otherwise. */
static const struct {
	UChar32 c;
	const char *to;
} more[] = {{0x3b7, "n"}, {0x3ba, "k"}, {0x43a, "k"}, {0x43c, "m"}, {0x43f, "n"}};

/* Letters of living orthographies: a word with one of these is not an imitation. */
static int is_orthographic(UChar32 c)
{
	return c >= 0xc0 && c < 0x180 && c != 0x131;
}

static int is_alnum(const char *s)
{
	size_t n = strlen(s);

	return n == strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* UTS #39 makes one of what looks alike (l and I and 1; rn and m): the one that is meant, by category. */
static void choose(UChar32 c, char *s)
{
	int upper = u_charType(c) == U_UPPERCASE_LETTER, digit = u_charType(c) == U_DECIMAL_DIGIT_NUMBER;

	if (strcmp(s, "rn") == 0)
		memcpy(s, "m", 2);
	else if (strcmp(s, "l") == 0)
		s[0] = upper ? 'I' : digit ? '1' : 'l';
	else if (strcmp(s, "O") == 0)
		s[0] = upper ? 'O' : digit ? '0' : 'o';
}

/* "LATIN LETTER SMALL CAPITAL X": x. */
static int small_capital(UChar32 c, char *s)
{
	static const char prefix[] = "LATIN LETTER SMALL CAPITAL ";
	UErrorCode e = U_ZERO_ERROR;
	char name[128] = "";

	u_charName(c, U_UNICODE_CHAR_NAME, name, sizeof(name), &e);
	if (strncmp(name, prefix, strlen(prefix)) != 0 || strlen(name) != strlen(prefix) + 1)
		return 0;
	s[0] = (char)(name[strlen(prefix)] | 0x20);
	s[1] = '\0';
	return 1;
}

/* Return whether @c looks like the ASCII text @s; *weak: only next to Latin letters. */
static int look(const USpoofChecker *checker, const UNormalizer2 *nfkc, UChar32 c, char s[8], int *weak)
{
	UErrorCode e = U_ZERO_ERROR;
	UChar in[2], out[8] = {0};
	int32_t n = 0, m;

	*weak = 0;
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (more[i].c == c)
			return *weak = 1, snprintf(s, 8, "%s", more[i].to);
	U16_APPEND_UNSAFE(in, n, c);
	m = uspoof_getSkeleton(checker, 0, in, n, out, 8, &e);
	if (U_FAILURE(e) || m < 1 || m > 3 || !unorm2_isNormalized(nfkc, in, n, &e) || is_orthographic(c))
		return 0;
	if (m == 1 && out[0] >= 0x80) {
		*weak = out[0] != c;
		return small_capital(out[0], s);
	}
	for (int32_t i = 0; i <= m; i++) {
		if (out[i] >= 0x80)
			return 0;
		s[i] = (char)out[i];
	}
	choose(c, s);
	if (u_isalpha(c) || u_charType(c) == U_LETTER_NUMBER || u_isdigit(c)) {
		*weak = s[0] <= '9' && !u_isdigit(c);
		return is_alnum(s);
	}
	return m == 1 && strchr("/\\.:~-", s[0]) && !u_isUWhiteSpace(c);
}

int main(void)
{
	UErrorCode e = U_ZERO_ERROR;
	USpoofChecker *checker = uspoof_open(&e);
	const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&e);

	if (U_FAILURE(e)) {
		fprintf(stderr, "gen-confusables: %s\n", u_errorName(e));
		return 1;
	}
	for (UChar32 c = 0x80; c <= 0x10ffff; c++) {
		char s[8];
		int weak;

		if (!U_IS_SURROGATE(c) && u_charType(c) != U_UNASSIGNED && u_charType(c) != U_PRIVATE_USE_CHAR &&
		    look(checker, nfkc, c, s, &weak))
			printf("{0x%x, \"%s%s\", %d},\n", (unsigned)c, s[0] == '\\' ? "\\" : "", s, weak);
	}
	uspoof_close(checker);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
