/* parse - shell text to a tree, as bash 5.2 reads it (extglob on) and POSIX sh does. Recursive
 * descent; one look at each byte but for the scan that tells $(( from $( (; depth-limited; all
 * memory in the arena. */
#pragma once

#include "base/arena.h"

#define PARSE_DEPTH_MAX 200

struct node;
struct word;

enum part_kind {
	PART_TEXT = 0,
	PART_PARAM,   /* $x ${x…} */
	PART_COMMAND, /* $(…) `…` */
	PART_ARITH,   /* $((…)) $[…] */
	PART_PROCESS, /* <(…) >(…) */
};

struct part {
	struct part *next;
	enum part_kind kind;
	bool quoted;	  /* no splitting, no globs */
	bool writes;	  /* PART_PROCESS: >(…) */
	const char *text; /* PART_TEXT */
	size_t len;
	struct param *param;
	struct node *list; /* PART_COMMAND, PART_PROCESS; NULL: empty */
	struct word *word; /* PART_ARITH */
};

/* ${name[index]OPword/word2} */
struct param {
	const char *name;
	struct word *index; /* NULL: none; "@" and "*" are plain words */
	char op; /* 0 - = ? + # % / : ^ , @ (names: ${!x@}) Q (${x@Q}: letter) B (bad substitution)
		  */
	char letter;	   /* of ${x@Q}; # or % of ${x/#p/r} */
	bool colon, twice; /* :- and so on; ## %% // ^^ ,, */
	bool length, indirect;
	bool bare; /* $name */
	struct word *word, *word2;
};

struct word {
	struct word *next;
	struct part *parts;
	const char *text;	   /* not NULL: the word is this and nothing has to be expanded */
	struct assign *assign;	   /* it is an assignment, as an operand of declare, export… */
	bool braces, globs, tilde; /* unquoted { *?[ ~ in it */
	bool bare;		   /* nothing in it is quoted */
	size_t at;
};

struct element { /* of an array in an assignment */
	struct element *next;
	struct word *index, *value;
};

struct assign {
	struct assign *next;
	const char *name;
	struct word *index, *value;
	struct element *elements;
	bool array, append;
};

enum redir_op {
	REDIR_READ = 0,
	REDIR_WRITE,
	REDIR_APPEND,
	REDIR_RDWR,
	REDIR_DUP_IN,
	REDIR_DUP_OUT,
	REDIR_BOTH,
	REDIR_BOTH_APPEND,
	REDIR_HERE,
	REDIR_HERE_STRING
};

struct redir {
	struct redir *next;
	enum redir_op op;
	int fd; /* -1: {name}> */
	const char *name;
	struct word *word;
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body;
	bool falls; /* ;& or ;;& behind it: the next one may follow */
};

enum node_kind {
	NODE_LIST = 0, /* body[0] and its siblings, one after the other */
	NODE_AND_OR,   /* the same, joined by `op` of each */
	NODE_PIPE,     /* the same, joined by pipes */
	NODE_SIMPLE,
	NODE_GROUP, /* body[0] */
	NODE_SUBSHELL,
	NODE_IF,	/* condition, then, else */
	NODE_LOOP,	/* condition, body: while and until */
	NODE_FOR,	/* name, words, body[0]; has_in; select too */
	NODE_ARITH_FOR, /* words: the one expression list; body[0] */
	NODE_CASE,	/* words: the subject; items */
	NODE_COND,	/* [[ ]]: words are the operands and operators */
	NODE_ARITH,	/* (( )): words is the one expression */
	NODE_FUNCTION,	/* name, body[0] */
	NODE_COPROC,	/* body[0] */
};

struct node {
	struct node *next;
	enum node_kind kind;
	char op; /* in NODE_AND_OR: '&' or '|' before it */
	bool background, has_in;
	struct node *body[3];
	struct word *words;
	struct assign *assigns;
	struct redir *redirs;
	struct case_item *items;
	const char *name;
	size_t at;
};

struct parse_result {
	char why[100];	   /* of a failure */
	bool unknown_bare; /* a SHELL_UNKNOWN stands where shell syntax could come from it */
};

/* @inner: SHELL_UNKNOWN may be in the text. @depth: what of PARSE_DEPTH_MAX is used up already.
 * NULL: no tree, see why. An empty text is an empty NODE_LIST. */
struct node *parse_text(struct arena *a, const char *text, size_t len, bool inner, unsigned depth,
			struct parse_result *ret);

/* @text as the inside of double quotes that end where it ends (a here-document's body). */
struct word *parse_quoted(struct arena *a, const char *text, size_t len, unsigned depth,
			  struct parse_result *ret);

/* Is @s[0..len) a name ([A-Za-z_][A-Za-z0-9_]*)? */
bool parse_is_name(const char *s, size_t len);

/* How long the NAME or NAME[index] in front of "=" or "+=" is in @s; 0: no assignment. */
size_t parse_assignment(const char *s);

/* Append the UTF-8 form of @code; @out has room for 4. Return the length. */
size_t parse_utf8(unsigned long code, char *out);

/* The escape of $'…' (or echo -e) at @s, which points behind the backslash: put what it means into
 * @out (room for 4), its length in *ret_len, and return how many bytes it took. */
size_t parse_escape(const char *s, size_t left, char *out, size_t *ret_len);
