#include "shell/plain.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@%+"

static bool is_plain(char c)
{
	return c && strchr(PLAIN, c);
}

/* Bytes of the quoted stretch at @s, quotes included, if what is in it needs none; else 0. */
static size_t needless_quotes(const char *s, const char *end)
{
	const char *p = s + 1;

	while (p < end && is_plain(*p))
		p++;
	return p < end && *p == *s ? (size_t)(p - s) + 1 : 0;
}

/* Bytes of a quoted stretch that needs its quotes. */
static size_t quoted(const char *s, const char *end)
{
	const char *p = s + 1;

	for (; p < end && *p != *s; p++)
		if (*s == '"' && *p == '\\')
			p++;
	return (size_t)(MIN(p + 1, end) - s);
}

static bool ends_word(char c)
{
	return strchr(" \t\n;&|()<>`", c) != NULL; /* NUL too */
}

/* White space is folded: expressions that begin with it would try each byte of a long stretch of
 * it. */
static void put(struct buf *out, const char *s, size_t n)
{
	for (; n; n--, s++) {
		bool space = *s == ' ' || *s == '\t' || *s == '\n';
		char *last = out->len ? out->data + out->len - 1 : NULL;

		if (!space || !last || !(*last == ' ' || *last == '\n'))
			buf_putc(out, *s == '\t' ? ' ' : *s);
		else if (*s == '\n')
			*last = '\n';
	}
}

/* Put the word at @s without what it does not need. Return: its bytes. */
static size_t put_word(const char *s, const char *end, struct buf *out)
{
	const char *p = s;

	while (p < end && !ends_word(*p)) {
		size_t n;

		if (*p == '\\' && end - p > 1 && (is_plain(p[1]) || p[1] == '\n')) {
			if (p[1] != '\n')
				buf_putc(out, p[1]);
			p += 2;
		} else if ((*p == '\'' || *p == '"') && (n = needless_quotes(p, end)) != 0 &&
			   (n > 2 || p > s || (end - p > 2 && !ends_word(p[2])))) {
			buf_put(out, p + 1, n - 2);
			p += n;
		} else if (*p == '\'' || *p == '"') {
			n = quoted(p, end);
			put(out, p, n);
			p += n;
		} else {
			n = *p == '\\' && end - p > 1 ? 2 : 1;
			put(out, p, n);
			p += n;
		}
	}
	return (size_t)(p - s);
}

/* Does a command follow behind this word? */
static bool leads_on(const char *word)
{
	static const char *const words[] = {"{",     "!",     "if", "then", "elif",    "else",
					    "while", "until", "do", "time", "command", "builtin"};
	size_t name = strspn(word, PLAIN);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(word, words[i]))
			return true;
	return name && word[name] == '=' && strcspn(word, "-./,:@%") >= name;
}

/* The word at @from in @out stands where a command begins. Return: does one still? */
static bool tidy_command(struct buf *out, size_t from)
{
	const char *word = buf_str(out) + from, *slash;

	if (leads_on(word)) {
		out->len = from;
		buf_putc(out, ';');
		return true;
	}
	slash = word + strspn(word, PLAIN) == buf_str(out) + out->len ? strrchr(word, '/') : NULL;
	if (slash && slash[1]) {
		size_t n = strlen(slash + 1);

		memmove(out->data + from, slash + 1, n + 1);
		out->len = from + n;
	}
	return false;
}

void shell_plain(const char *text, size_t len, struct buf *out)
{
	const char *p = text, *end = text + len;
	bool begins = true; /* a command, at the next word */

	while (p < end && !buf_failed(out)) {
		size_t from = out->len;

		if (ends_word(*p)) {
			begins = (begins && (*p == ' ' || *p == '\t')) || strchr("\n;&|(`", *p);
			put(out, p++, 1);
			continue;
		}
		p += put_word(p, end, out);
		if (begins && !buf_failed(out))
			begins = tidy_command(out, from);
	}
}
