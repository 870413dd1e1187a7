/* pipeline - one question, one verdict, for every entry point: what was asked is sanitised, normalised, decoded,
 * analysed and split into actions; policy_decide() judges each; the strongest verdict is the answer
 * (DESIGN 2). Reaches the file system only through struct pipeline_world. Never logs. One struct pipeline
 * is for one thread; make one and use it again, its memory stays. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"
#include "shell/shell.h"

#include <cjson/cJSON.h>

/* How the pipeline sees the machine. All but home, cwd and workspace may be NULL. */
struct pipeline_world {
	const char *home, *cwd, *workspace, *user;
	const char *(*getvar)(void *arg, const char *name);
	bool (*glob)(void *arg, const char *pattern, void (*add)(void *to, const char *path), void *to);
	const char *(*read_file)(void *arg, struct arena *a, const char *path, size_t *ret_len);
	/* All names of the object at @path (absolute, normalised): as written, resolved, hard links that are guarded.
	 * Calls @add for each other than @path itself. */
	void (*aliases)(void *arg, enum policy_op op, const char *path, void (*add)(void *to, const char *name),
			void *to);
	/* Where PATH leads for @program: absolute path in @ret (PATH_MAX bytes), or false. */
	bool (*find_program)(void *arg, const char *program, char *ret);
	void *arg;
};

struct pipeline_answer {
	struct policy_decision d; /* the strongest */
	char about[512];	  /* what it is about: the path, command, destination that decided; cut */
	char suggestion[512];	  /* see policy_suggest(); "" if none */
};

struct pipeline;
struct pipeline *pipeline_new(const struct policy *p, const struct pipeline_world *w);
struct pipeline *pipeline_free(struct pipeline *pl); /* NULL is fine; returns NULL */

/* Where to write the way through the pipeline, a line a step; NULL (the start): nowhere. */
void pipeline_explain(struct pipeline *pl, struct buf *to);

/* Each judges one question. @by (absolute program, may be NULL) as in struct policy_action. */
void pipeline_command(struct pipeline *pl, const char *text, size_t len, const char *by, struct pipeline_answer *ret);
void pipeline_argv(struct pipeline *pl, const char *const *argv, const char *by, struct pipeline_answer *ret);
void pipeline_path(struct pipeline *pl, enum policy_op op, const char *path, const char *by, struct pipeline_answer *ret);
void pipeline_write(struct pipeline *pl, const char *path, const char *content, size_t len, const char *by,
		    struct pipeline_answer *ret);
void pipeline_host(struct pipeline *pl, const char *host, uint16_t port, const char *by, struct pipeline_answer *ret);
void pipeline_url(struct pipeline *pl, const char *url, const char *by, struct pipeline_answer *ret);
void pipeline_unix(struct pipeline *pl, const char *path, const char *by, struct pipeline_answer *ret);
void pipeline_tool(struct pipeline *pl, const char *name, const cJSON *input, struct pipeline_answer *ret);
void pipeline_text(struct pipeline *pl, const char *text, size_t len, struct pipeline_answer *ret);
