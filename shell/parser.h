/* parser - what parse.c (commands) and word.c (words) share; for these two alone. */
#pragma once

#include "shell/parse.h"

struct heredoc {
	struct heredoc *next;
	struct redir *redir;
	const char *delimiter;
	bool quoted, strip_tabs;
};

struct parser {
	struct arena *a;
	const char *s;
	size_t n, i;
	unsigned depth;
	unsigned substitutions; /* $( around this place */
	bool inner, failed;
	struct heredoc *heredocs, **heredocs_end; /* whose bodies are still to come */
	char *lit; /* the literal that is being read; nested words stand behind it */
	size_t lit_len, lit_cap;
	struct parse_result *ret;
};

/* What ends a word, and what is special in it. */
enum word_in {
	IN_COMMAND = 0,	 /* an ordinary word */
	IN_REGEX,	 /* behind =~ */
	IN_INDEX,	 /* up to ] */
	IN_BRACE,	 /* in ${…}, up to } */
	IN_BRACE_SLASH,	 /* the same, up to / or } */
	IN_QUOTES,	 /* "…", up to " */
	IN_QUOTED_BRACE, /* "${x:-…}", up to } */
	IN_HERE,	 /* up to the end of the text; " is a character */
	IN_ARITH,	 /* the same; quotes vanish */
};

/* The byte @k behind the current one; 0 at the end. */
static inline char ahead(const struct parser *p, size_t k)
{
	return p->i < p->n && p->n - p->i > k ? p->s[p->i + k] : '\0';
}

/* Pass over line continuations; the byte that is here then. */
static inline char here(struct parser *p)
{
	while (ahead(p, 0) == '\\' && ahead(p, 1) == '\n')
		p->i += 2;
	return ahead(p, 0);
}

/* Note what is wrong; the first message stays. Return NULL for the caller's return. */
void *parser_fail(struct parser *p, const char *what);

/* One level deeper; false: too deep (failed). */
bool parser_enter(struct parser *p);
void *parser_alloc(struct parser *p, size_t size);

struct node *parser_list(struct parser *p); /* up to what cannot go on; empty is fine */
struct word *parser_word(struct parser *p, enum word_in in);

/* A name=, name[…]= or name+= here: read it with its value (an array too). NULL: nothing was taken,
 * or failed. */
struct assign *parser_assignment(struct parser *p);

/* The expression from here to @end. */
struct word *parser_expression(struct parser *p, size_t end);

/* Where "))" ends what begins here; 0: it does not. */
size_t parser_find_arith(const struct parser *p);

/* Blanks, continuations and, if @newlines, newlines with comments. */
void parser_blanks(struct parser *p, bool newlines);
void parser_heredoc_bodies(struct parser *p);

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool is_meta(char c)
{
	return is_blank(c) || c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' ||
	       c == ')' || c == '<' || c == '>';
}
