/* code-value - constants in code: what an expression is, as far as that can be known without running it. What cannot
 * is SHELL_UNKNOWN in the text. For code.c only. */
#pragma once

#include "shell/code-lex.h"

struct code_var {
	const char *name; /* in the text */
	size_t len;
	const char *value; /* in the arena */
	bool is_name;	   /* the value is a name: f = os.system */
};

#define CODE_VARS 64

struct code_scan {
	struct lexed l;
	const struct code_place *place;
	struct code_var vars[CODE_VARS];
	size_t n_vars;
	size_t budget; /* bytes that may still be built */
	bool decoded;  /* the last value came out of base64, hex… */
};

/* The value of the expression that starts at token @i and ends before @end, in the arena; never NULL. *ret_next:
 * the token behind it. */
const char *code_value(struct code_scan *s, size_t i, size_t end, size_t *ret_next);

const struct code_var *code_var(const struct code_scan *s, const char *name, size_t len);
void code_set(struct code_scan *s, const char *name, size_t len, const char *value, bool is_name);

/* Is [@p, @p + @len) one of the words of @list, which are separated by blanks? */
bool code_word_in(const char *list, const char *p, size_t len);
