/* state - what a shell knows at one point of a text: variables, functions, aliases, directory,
 * written files. A state is one pointer and never changes: setting a name makes a new one that
 * shares the rest (a binary trie over hashes), so that both arms of an `if` start from the same
 * state for nothing and join() looks only at what differs. A name that ends up with different
 * values has all of them as alternatives. */
#pragma once

#include "base/arena.h"

#define STATE_ALTERNATIVES_MAX 8

enum state_kind {
	STATE_VAR = 0,
	STATE_FUNCTION,
	STATE_ALIAS,
	STATE_FILE,  /* name: absolute path; text: what the script wrote into it */
	STATE_LINK,  /* name: absolute path of a link that the text made; text: where to */
	STATE_OTHER, /* "cwd", "args", "dirs" and options */
};

struct value {
	const char *text;	   /* NULL: unset, or not text */
	const struct entry *items; /* an array */
	size_t n;
	const struct node *body; /* a function */
	bool array, assoc;
	bool absent; /* not set by the text: whatever is outside */
	bool exported, readonly, nameref,
		mangled;		 /* mangled: declare -i -l -u change what is assigned */
	bool downloaded;		 /* a file that came over the network */
	const struct value *const *alts; /* not NULL: one of these n */
};

struct entry {
	const char *key, *text;
};

struct binding;
struct state {
	const struct binding *root;
	bool dead; /* exit, return or break: what follows is not reached from here */
};

const struct value *state_get(const struct binding *root, enum state_kind kind, const char *name);

/* NULL: out of memory or too many of one hash. */
const struct binding *state_set(struct arena *a, const struct binding *root, enum state_kind kind,
				const char *name, const struct value *v);

/* Call @see for every binding in which @x and @y differ; NULL stands for none. False: @see said so,
 * or too deep. */
bool state_diff(const struct binding *x, const struct binding *y,
		bool (*see)(void *arg, enum state_kind kind, const char *name,
			    const struct value *of_x, const struct value *of_y),
		void *arg);

/* One of both. Never NULL but when out of memory. */
const struct value *value_join(struct arena *a, const struct value *x, const struct value *y);
bool value_same(const struct value *x, const struct value *y);
const struct value *value_text(struct arena *a, const char *text); /* a plain value */
extern const struct value value_unknown, value_unknown_array, value_absent;
