/* question - one action under every name it has: as written, without what Unicode hides, percent-decoded, through
 * links. Each is decided alone and the strongest verdict stays, so that no spelling is weaker than another. For
 * pipeline.c only. */
#pragma once

#include "policy/pipeline.h"

/* Which verdicts count. */
enum question_mode {
	QUESTION_ALL = 0,
	QUESTION_NAMED,  /* not the defaults: the action is one that may never happen, or not as written */
	QUESTION_BLOCKS, /* only blocks by name: text that somebody may run later, in another place */
};

struct question {
	const struct policy *policy;
	const struct pipeline_world *world;
	struct pipeline_answer *ans;
	enum question_mode mode;
	const char *by;	     /* see struct policy_action */
	const char *tool, *server, *input; /* of the tool call that all this comes from, or NULL */
	const char *cwd;     /* what relative names begin at; NULL: not known */
	struct buf *explain; /* or NULL */
	bool no_suggestions;
};

/* Begin a question: allowed by default until something says otherwise. */
void question_begin(struct question *q, struct pipeline_answer *ans, const char *by);

/* Collect what follows in @own, and at the end keep it where it is stronger than what there was: @outer is what
 * question_apart() returned. For an answer that may yet be taken back. */
struct pipeline_answer *question_apart(struct question *q, struct pipeline_answer *own);
void question_join(struct question *q, struct pipeline_answer *outer, const struct pipeline_answer *own);

/* Decide @a and keep the answer if it is the strongest. @about is what it is about. */
void question_action(struct question *q, const struct policy_action *a, const char *about);

/* An answer that no rule gave: what could not be understood. @name is what stands for the rule. */
void question_refuse(struct question *q, enum policy_verdict v, const char *name, const char *stage, const char *message,
		  const char *about);

/* @path: "~/x", absolute, or relative to @q->cwd. */
void question_path(struct question *q, enum policy_op op, const char *path);

/* @pattern still is a glob, spelled as a path: what it could match, as far as the rules name it. */
void question_glob(struct question *q, enum policy_op op, const char *pattern);

/* @path with all that lies below it. */
void question_tree(struct question *q, enum policy_op op, const char *path);

/* @host: a name or any spelling of an address. */
void question_host(struct question *q, const char *host, uint16_t port);
void question_url(struct question *q, const char *url);
void question_unix(struct question *q, const char *path); /* "@name": abstract */

/* "HOST", "HOST:PORT", "[V6]:PORT", "unix:PATH", or a URL. */
void question_destination(struct question *q, const char *text);

/* What has no place: a step for --explain. */
void question_note(struct question *q, const char *fmt, ...) PRINTF(2, 3);
