/* content-parts - for policy/content-*.c only. */
#pragma once

#include "base/buf.h"
#include "policy/content-commands.h"

struct content_line {
	const char *s;
	size_t len;
	unsigned no;
};

struct content {
	struct arena *arena;
	const char *path, *base; /* base name */
	const char *text;
	size_t len;
	const struct content_kind *kind;
	struct content_command *list;
	size_t n, cap;
	bool more;

	const char *at; /* for content_next() */
	unsigned line;
};

/* Files of one kind: which, what reads them, and what it is to look for. */
struct content_kind {
	const char *names; /* "=NAME", "^START", "$END" of the base name, "/PART" of the path; separated by
			      spaces */
	void (*read)(struct content *c);
	const char *kind;
	const char *keys;    /* YAML and JSON: whose values are commands, " a b " */
	const char *unasked; /* keys that something runs unasked; "*": all */
	unsigned flags;
};
#define CONTENT_DEEP  1u  /* all values below a key, also in mappings */
#define CONTENT_ARGV  2u  /* a list is the words of one command */
#define CONTENT_ARGS  4u  /* "args" beside the command are its words */
#define CONTENT_JSON  8u  /* JSON, with comments perhaps */
#define CONTENT_CELLS 32u /* a notebook: a list is the lines of a program */
#define CONTENT_USER  16u /* crontab: a user's name stands in front of the command */

void content_add(struct content *c, const char *text, size_t len, unsigned line, const char *lang,
		 bool unasked);
bool content_next(struct content *c, struct content_line *ret);
bool content_has_word(const char *list, const char *word, size_t len);
void content_yaml(struct content *c);
