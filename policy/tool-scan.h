/* tool-scan - for policy/tool*.c only: one tool call while it is read. tool.c walks the input, tool-fields.c
 * says what each field means, tool-items.c adds the items. All return 0 or -errno with scan->err set. */
#pragma once

#include "policy/tool-parts.h"

/* Where in the input we are, for `field`. */
struct place {
	const struct place *up;
	const char *key; /* or NULL: index */
	size_t index;
};

/* One tool and its input; a call within a call has its own. */
struct scan {
	struct arena *arena;
	struct tool_call *call;
	struct err *err;
	enum tool_class class;
	const char *lang;
	unsigned ops;  /* what is done to paths */
	bool strict;   /* surely of its class: what is missing or of the wrong type is an error */
	bool guess;    /* look at values of fields that nobody knows */
	bool computed; /* what a call within lacks may come out when the code runs */
	unsigned strings, depth;
	size_t *copied;				       /* of COPY_MAX */
	bool has_command, has_path, has_url, has_code; /* found so far */
};

/* One JSON object while it is walked, and what its fields say about each other. */
struct object {
	const struct object *up;
	const struct place *place;
	const cJSON *args, *env, *host, *port;
	const char *command, *cwd, *path, *old, *stdin_text, *lang, *tool, *action, *shell;
	bool has_content, has_dst, recursive;
};

typedef int field_fn(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		     const struct place *at);

/* What to do with a field. Those with `whole` take arrays and objects as they are; of the others each element
 * of an array comes alone, and an object is walked. */
struct field_kind {
	field_fn *on; /* or NULL: nothing */
	bool whole;
};
extern const struct field_kind field_kinds[FIELD_COUNT];

/* The input of a tool as one string: what its class says, if it is not JSON. @o may be NULL. */
int field_raw(struct scan *s, const struct object *o, const char *text, const struct place *at);

int scan_walk(struct scan *s, const cJSON *v, const struct object *up, const struct place *at);
int scan_visit(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
	       const struct place *at);

/* Does @text hold a JSON object or array, and if so, look at it as at a field of that kind. *ret_was: it did.
 */
int scan_json(struct scan *s, const struct object *o, enum tool_field kind, const char *text,
	      const struct place *at, bool *ret_was);
int scan_code_calls(struct scan *s, const struct object *o, const char *code, const struct place *at);
int scan_fail(struct scan *s, const char *what, const char *key);
int scan_no_memory(struct scan *s);
const char *scan_text(const cJSON *v); /* a string's, or NULL */

int item_add(struct scan *s, struct tool_item item, const struct place *at);
int item_one_path(struct scan *s, const struct object *o, unsigned ops, const char *path,
		  const struct place *at);
int item_path(struct scan *s, const struct object *o, unsigned ops, const char *path, const struct place *at);
int item_host(struct scan *s, const struct object *o, const char *host, const struct place *at);
int item_url(struct scan *s, const struct object *o, const char *text, const struct place *at);
int item_content(struct scan *s, const struct object *o, const char *text, const struct place *at);
int item_command(struct scan *s, const struct object *o, const char *text, const struct place *at);
int item_argv(struct scan *s, const struct object *o, const char *const *argv, size_t n,
	      const struct place *at);
int item_shell(struct scan *s, const struct object *o, const char *shell, const struct place *at);
int item_patch(struct scan *s, const char *text);
int item_sql(struct scan *s, const struct object *o, const char *text, const struct place *at);
int item_code(struct scan *s, const struct object *o, const char *text, const char *lang,
	      const struct place *at);
int item_env(struct scan *s, struct buf *out, const cJSON *env);
int item_words(struct scan *s, const char *first, const cJSON *list, const char *const **ret, size_t *ret_n);
bool item_is_shell(const char *lang);
