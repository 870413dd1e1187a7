/* site - where a run takes place: home, workspace, policy files, preload library, and the private
 * directory with the voice socket and the canary files. Found out once by the process that the user
 * started, before it forks. Nothing here logs; what a person should know is left in the struct. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "launcher/options.h"
#include "policy/policy.h"

#include <limits.h>

#define SITE_CANARY_TEXT "crust-run canary\n"

struct site {
	char cwd[PATH_MAX];
	char home[PATH_MAX];	      /* as given, absolute */
	char home_resolved[PATH_MAX]; /* without symbolic links; the same if it does not exist */
	char workspace[PATH_MAX];     /* without symbolic links */
	bool workspace_holds_home;    /* everything in home may be changed: worth a warning */
	char project[PATH_MAX];	      /* the project's policy, or "" */
	char cache[PATH_MAX];	      /* directory of compiled policies, or "" */
	const char *policies[OPTIONS_LIST_MAX]; /* absolute; kept for the process's life */
	size_t n_policies;
	char preload[PATH_MAX];	    /* the library, or "" */
	const char *preload_reason; /* why there is none */
};

/* Fill *ret, which is all zero. -EINVAL and others with @reterr: a person must change something. */
int site_find(const struct options *o, struct site *ret, struct err *reterr);

struct policy_config site_policy_config(const struct site *s);

/* Where this user keeps compiled policies: below @home, in the one place that the built-in rules protect.
 * Returns @buf, or NULL: nowhere. */
const char *site_cache_dir(const char *home, char buf[PATH_MAX]);

/* @path for a person: ~ for home, control characters replaced. Returns @buf. */
const char *site_show(const struct site *s, const char *path, char *buf, size_t size);

/* The private directory: crust-run-XXXXXX, mode 0700, in $XDG_RUNTIME_DIR or /tmp. */
struct site_dir {
	char path[80];	 /* "" when there is none */
	char voice[96];	 /* socket: path/voice */
	char canary[96]; /* a file that the supervisor always denies */
	char plain[96];	 /* a file with the same content that nobody denies */
	int socket;	 /* listening, or -1 */
};

/* Make it; with a listening socket if @voice. Return 0 or -errno with @reterr. */
int site_dir_make(bool voice, struct site_dir *ret, struct err *reterr);
void site_dir_close(struct site_dir *d);  /* this process's descriptor */
void site_dir_trim(struct site_dir *d);   /* the canary files, once they have been tried */
void site_dir_remove(struct site_dir *d); /* the directory itself; harmless if it is gone */
