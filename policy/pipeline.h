/* pipeline - one question, one verdict, for every entry point: what was asked is sanitised, normalised, decoded,
 * analysed and split into actions; policy_decide() judges each; the strongest verdict is the answer
 * (DESIGN 2). What cannot be understood is never allowed: `ask` or `deny` with the rule "unparsable".
 *
 * Reaches the machine only through struct pipeline_world. Never logs. One struct pipeline is for one
 * thread; make one and use it again, its memory stays. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>
#include <limits.h>

/* How the pipeline sees the machine. Only home, cwd and workspace must be there; a function that is NULL
 * finds nothing. */
struct pipeline_world {
	const char *home, *cwd, *workspace, *user;
	/* Shell variables, existing names for a glob: see struct shell_env. */
	const char *(*getvar)(void *arg, const char *name);
	bool (*glob)(void *arg, const char *pattern, void (*add)(void *to, const char *path), void *to);
	/* The other names of the object at @path (absolute, normalised): through symbolic links, and guarded names
	 * of a hard link. @ret_real (PATH_MAX bytes) gets the one without links. 0 or -errno: cannot be told. */
	int (*names)(void *arg, enum policy_op op, const char *path, void (*add)(void *to, const char *name), void *to,
		     char *ret_real);
	/* Where PATH leads for @program: absolute path in @ret (PATH_MAX bytes), or false. */
	bool (*find_program)(void *arg, const char *program, char *ret);
	/* The content of a regular file, for policy_inspect(): 0, -ENOENT, or another -errno. */
	int (*read_file)(void *arg, const char *path, struct buf *ret);
	void *arg;
};

struct pipeline_answer {
	struct policy_decision d; /* the strongest */
	char judged[PATH_MAX];	  /* the name, command or destination it is about; cut; "" if none */
	char path[PATH_MAX];	  /* what that name comes to without links; "" if none */
	char suggestion[1024];	  /* policy_suggest(); "" if allowed, or not wanted */
};

struct pipeline;
struct pipeline *pipeline_new(const struct policy *p, const struct pipeline_world *w); /* both outlive it */
struct pipeline *pipeline_free(struct pipeline *pl);				       /* NULL is fine; returns NULL */

/* Write the way of the next questions to @to, a line a step; NULL (the start): nowhere. */
void pipeline_explain(struct pipeline *pl, struct buf *to);
/* No suggestions; they cost more than the verdict. */
void pipeline_no_suggestions(struct pipeline *pl);

/* Each judges one question. @by (absolute program; NULL: not known) as in struct policy_action. */
void pipeline_command(struct pipeline *pl, const char *text, size_t len, const char *by, struct pipeline_answer *ret);
void pipeline_argv(struct pipeline *pl, const char *const *argv, const char *by, struct pipeline_answer *ret);
void pipeline_path(struct pipeline *pl, enum policy_op op, const char *path, const char *by,
		   struct pipeline_answer *ret);
void pipeline_write(struct pipeline *pl, const char *path, const char *content, size_t len, const char *by,
		    struct pipeline_answer *ret);
void pipeline_host(struct pipeline *pl, const char *host, uint16_t port, const char *by, struct pipeline_answer *ret);
void pipeline_url(struct pipeline *pl, const char *url, const char *by, struct pipeline_answer *ret);
void pipeline_unix(struct pipeline *pl, const char *path, const char *by, struct pipeline_answer *ret);
void pipeline_tool(struct pipeline *pl, const char *name, const cJSON *input, struct pipeline_answer *ret);
void pipeline_text(struct pipeline *pl, const char *text, size_t len, struct pipeline_answer *ret);

/* The answer to a question that could not even be read (NUL, invalid UTF-8). @why is for a person. */
void pipeline_unreadable(struct pipeline *pl, const char *why, struct pipeline_answer *ret);
