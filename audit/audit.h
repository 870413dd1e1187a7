/* audit - the record of verdicts. One event is one line of JSON; the sink behind this interface is a plain
 * file for now. Thread-safe. An event that cannot be written is counted, never silently lost, and never
 * changes a verdict. */
#pragma once

#include "base/base.h"
#include "base/err.h"

struct audit;

struct audit_event {
	const char *verdict;  /* "deny", "ask", "allow" */
	const char *op;       /* "read" … "connect" */
	const char *object;   /* path, "host:port", command line */
	const char *as_written; /* the name the program used, or NULL if the same */
	const char *rule;
	const char *source;
	const char *message;
	const char *severity;
	const char *call;     /* "openat" … */
	const char *reason;   /* why something that could not be decided was denied, or NULL */
	const char *program;  /* path of the program, or NULL */
	int pid;
	bool observed;        /* observe profile: would have been @verdict, was allowed */
	bool best_effort;     /* decided on the word of the preload library */
};

/* Append to @path (created 0600), or count only when @path is NULL. @all: plain allows too.
 * Return 0 or -errno with @reterr. */
int audit_open(const char *path, bool all, struct audit **ret, struct err *reterr);
struct audit *audit_close(struct audit *a);

/* Does the sink want plain allows? Lets callers skip making the event. */
bool audit_wants_allow(const struct audit *a);
void audit_put(struct audit *a, const struct audit_event *ev);

struct audit_counts {
	uint64_t allowed, denied, asked, observed, lost;
};
void audit_count(struct audit *a, bool allowed); /* count an allow without an event */
struct audit_counts audit_counts(const struct audit *a);

/* One line for a person: "1,234 calls judged, 2 denied (protect-ssh-keys ×2)", and what was lost, if
 * anything was. Cut to @size. */
void audit_summary(struct audit *a, char *text, size_t size);
