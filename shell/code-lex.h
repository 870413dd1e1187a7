/* code-lex - the tokens of a dozen languages, as far as code.c needs them. For code.c and code-value.c only. */
#pragma once

#include "base/buf.h"
#include "shell/code.h"

enum token_kind {
	TOKEN_PUNCT = 0, /* one character */
	TOKEN_NAME,	 /* a.b::c->d, with its sigil; starts with the separator if it hangs on something else */
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_RUN, /* backticks, qx(), %x() where they run a command */
};

enum { /* of strings */
	STRING_RAW = 1,	   /* no escapes */
	STRING_INTERP = 2, /* variables in it are put in */
	STRING_FORMAT = 4, /* python's f'' */
};

struct token {
	enum token_kind kind;
	unsigned char c, flags;
	uint32_t start, len; /* in the text; of a string without its quotes */
	uint32_t match;	     /* of a bracket: the index of its other half, or its own */
};

#define CODE_TOKENS_MAX ((size_t)200000)

struct lexed {
	const char *text;
	size_t len;
	enum code_lang lang;
	struct token *v;
	size_t n;
	bool cut; /* there was more than CODE_TOKENS_MAX */
};

/* 0 or -ENOMEM. */
int lex(enum code_lang lang, const char *text, size_t len, struct lexed *ret);
void lex_done(struct lexed *l);

/* A name's last part, and in *ret_recv what stands in front of it (NULL: nothing does). */
const char *lex_last(const struct lexed *l, const struct token *t, size_t *ret_len, const char **ret_recv,
		     size_t *ret_recv_len);

static inline bool lex_is(const struct lexed *l, size_t i, char c)
{
	return i < l->n && l->v[i].kind == TOKEN_PUNCT && l->v[i].c == (unsigned char)c;
}
