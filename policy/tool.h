/* tool - what an agent's tool call would do, whatever vendor spells it how: the name, and for names that nobody
 * knows the shape of the arguments, become items to be judged one by one. Allocates in the caller's arena;
 * never logs, no I/O. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>

enum tool_item_kind {
	TOOL_COMMAND = 0, /* text: shell text, cwd may be given. An environment and a stdin of the call are part
			   * of it: "export A='b'; { ls\n} <<< 'text'" */
	TOOL_ARGV,	  /* argv */
	TOOL_PATH,	  /* op on text, a path or a file:// URL made a path */
	TOOL_CONNECT,	  /* text: a URL or a host */
	TOOL_CONTENT,	  /* text: bytes that would be written to path, or sent; path may be NULL */
	TOOL_CODE, /* text: program code (python, javascript, sql…) that would be run; lang in path, or NULL */
};

struct tool_item {
	enum tool_item_kind kind;
	enum policy_op op; /* TOOL_PATH */
	const char *text;  /* NUL-terminated; NUL inside is refused before */
	size_t len;
	const char *const *argv;
	const char *cwd;  /* or NULL */
	const char *path; /* TOOL_CONTENT: where to; or NULL */
	const char *old;  /* TOOL_CONTENT: what it replaces, if the call says (old_string); or NULL */
	bool recursive;
	bool is_glob;	   /* TOOL_PATH: text is a pattern of names, not yet expanded */
	const char *field; /* where in the input it stood: "edits[2].new_string" */
};

/* A tool call split into items. */
struct tool_call {
	const char *name;   /* without control characters and MCP prefix */
	const char *server; /* of mcp__SERVER__NAME and the like, or NULL */
	const char *input;  /* the input as compact JSON, unescaped nowhere */
	struct tool_item *items;
	size_t n_items, cap_items;
	bool known; /* the name is one that we know */
};

#define TOOL_ITEMS_MAX 4096

/* Return 0, or -EBADMSG/-ENOMEM with @reterr. What cannot be read (a known tool without its argument, a patch
 * that is none, two keys that differ only in case or underscores) is an error: the caller denies. */
int tool_parse(struct arena *arena, const char *name, const cJSON *input, struct tool_call *ret,
	       struct err *reterr);

/* Add to @into what the patch [@text, @text + @len) would do: Codex's "*** Begin Patch" or a unified, git or
 * context diff. For `apply_patch <<EOF` in a command as well; @text may then still hold the words of the
 * here-document. Returns as tool_parse(); -EBADMSG for a text that names no file. */
int tool_patch(struct arena *arena, const char *text, size_t len, struct tool_call *into, struct err *reterr);
