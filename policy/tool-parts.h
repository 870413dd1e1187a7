/* tool-parts - for policy/tool*.c only: the tables of names, what a string looks like, and how an item is
 * added. */
#pragma once

#include "base/buf.h"
#include "policy/tool.h"

/* What a tool is for. Unknown: told by the verbs in its name and the shape of its input. */
enum tool_class {
	CLASS_UNKNOWN = 0,
	CLASS_NONE, /* touches no object of its own: to-do lists, plans, output of a command that runs already
		     */
	CLASS_SHELL,
	CLASS_EXEC,  /* a shell, or program code: the argument tells */
	CLASS_STDIN, /* types into something that runs */
	CLASS_READ,
	CLASS_LIST,
	CLASS_SEARCH, /* reads files below a directory */
	CLASS_WRITE,
	CLASS_EDIT,
	CLASS_EDITOR, /* its field "command" says what it does */
	CLASS_PATCH,
	CLASS_DELETE,
	CLASS_MOVE,
	CLASS_COPY,
	CLASS_FETCH,
	CLASS_CODE,
	CLASS_SQL,
	CLASS_COUNT
};

/* A word that other tools are called as well ("write" may write a note): it does not have to have what its
 * class needs, and is looked at like an unknown tool's. */
#define GENERIC 1u
#define VENDOR	2u /* the same, but only where a server's name stands in front */

struct tool_name {
	const char *name;
	enum tool_class class;
	unsigned flags;
	const char *lang; /* CLASS_CODE */
};

/* What a field holds. */
enum tool_field {
	FIELD_OTHER = 0,
	FIELD_PATH,
	FIELD_DIR,
	FIELD_SRC,
	FIELD_DST,
	FIELD_FROM, /* SRC or DST if it is a path at all */
	FIELD_TO,
	FIELD_CWD,
	FIELD_COMMAND,
	FIELD_COMMANDS,
	FIELD_SCRIPT, /* a command, or code for who runs code */
	FIELD_MOUNT,
	FIELD_PROGRAM,
	FIELD_SHELL, /* a program that runs the command; or the command */
	FIELD_ARGS,
	FIELD_URL,
	FIELD_HOST,
	FIELD_PORT,
	FIELD_CONTENT,
	FIELD_OLD,
	FIELD_TEXT, /* words: content for who writes, a command for who runs, otherwise nothing */
	FIELD_SAY,  /* words to a person or a model */
	FIELD_CODE,
	FIELD_LANG,
	FIELD_PATCH,
	FIELD_GLOB,
	FIELD_PATTERN, /* a glob for LIST, a regex for others */
	FIELD_STDIN,
	FIELD_CHARS,
	FIELD_ENV,
	FIELD_JSON,  /* a tool's input within the input */
	FIELD_INPUT, /* FIELD_JSON or FIELD_TEXT */
	FIELD_TOOL,  /* the name for FIELD_JSON */
	FIELD_QUERY, /* SQL if it looks like it */
	FIELD_SQL,
	FIELD_RECURSIVE,
	FIELD_ACTION,
	FIELD_INERT, /* no object, whatever it looks like */
	FIELD_COUNT
};

/* What is done to the paths of a tool. The first are 1 << enum policy_op. */
#define OP_READ	  (1u << POLICY_READ)
#define OP_WRITE  (1u << POLICY_WRITE)
#define OP_DELETE (1u << POLICY_DELETE)
#define OP_LIST	  (1u << POLICY_LIST)
#define OP_MOVE	  (1u << 16)
#define OP_COPY	  (1u << 17)
#define OP_RUN	  (1u << 18)
#define OP_SHELL  (1u << 19)
#define OP_CODE	  (1u << 20)

#define TOOL_FOLD_MAX 48

/* Lower case, letters, digits and bytes over 0x7f only. Returns a hash of all of it; *ret is cut. */
uint64_t tool_fold(const char *s, char ret[TOOL_FOLD_MAX]);

const struct tool_name *tool_name_find(const char *folded); /* or NULL */
enum tool_field tool_field_find(const char *folded);
enum tool_field tool_field_guess(const char *folded); /* by how it ends */
unsigned tool_verbs(const char *name);

/* Clean @raw and split a server's name off: call->name, ->server, ->known. *ret: the row, or NULL. *ret_strict:
 * it is a tool of its class for sure, so that a call without what the class needs cannot be judged. -ENOMEM. */
int tool_name_read(struct arena *arena, const char *raw, struct tool_call *call, const struct tool_name **ret,
		   bool *ret_strict);

/* What a string looks like. */
enum text_shape {
	TEXT_PLAIN = 0,
	TEXT_PATH,   /* absolute, ~, ./, ../, $HOME, .name, a/b */
	TEXT_FILE,   /* file: URL */
	TEXT_URL,    /* scheme://…, or what git takes for one */
	TEXT_HOST,   /* an IPv4 address, localhost, with port and path or without */
	TEXT_INERT,  /* a URL that reaches nothing: about:blank, data: */
	TEXT_SCRIPT, /* javascript: */
};
enum text_shape text_shape(const char *s, size_t len);
bool text_is_sql(const char *s);
bool text_is_glob(const char *s);

/* The path of a file: URL (RFC 8089), percent-decoded. NULL: of another host, or NUL in it. */
const char *text_file_url(struct arena *arena, const char *url);

/* Append @s in single quotes for the shell. */
void text_quote(struct buf *out, const char *s);

/* Each quoted string of @sql: calls @fn with its text and whether a program, a file to write, or neither is
 * near. */
enum sql_use { SQL_READ = 0, SQL_WRITE, SQL_PROGRAM };
int text_sql_each(struct arena *arena, const char *sql, int (*fn)(void *arg, enum sql_use use, const char *s),
		  void *arg);

/* Codex's code mode: the next call tools.NAME(LITERAL) in @code. Returns where to go on, or NULL: no more.
 * *ret_json is
 * {"a": LITERAL}; *ret_tool is NULL when out of memory. *spent counts the work, 0 at first: literals may stand
 * in each other, and over TEXT_JS_MAX it is over. */
#define TEXT_JS_MAX ((size_t)4 << 20)
const char *text_js_call(struct arena *arena, const char *code, size_t *spent, const char **ret_tool,
			 struct buf *ret_json);

int tool_add(struct arena *arena, struct tool_call *call, const struct tool_item *item, struct err *reterr);

/* Is there a patch in @text at all? */
bool tool_patch_looks(const char *text);

/* The new sides of <<<<<<< SEARCH … ======= … >>>>>>> REPLACE blocks, or @text itself when there are none. */
const char *tool_replace_blocks(struct arena *arena, const char *text);
