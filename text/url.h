/* url - the destination in a URL, read the way browsers and curl read it (WHATWG, for the part that
 * matters: who is contacted), and the one that errs towards refusing. Pure; no allocation. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#include <limits.h>

#define URL_HOST_MAX 254 /* RFC 1035 2.3.4, with a final dot */

enum url_kind { URL_HOST = 0, URL_FILE, URL_UNIX, URL_KIND_COUNT };

struct url {
	enum url_kind kind;
	char host[URL_HOST_MAX + 1]; /* URL_HOST; without brackets, lower case */
	uint16_t port;		     /* from the URL, or the scheme's own; 0 if it has none */
	char path[PATH_MAX];	     /* URL_FILE: the file; URL_UNIX: the socket */
};

/* Return 0; -EINVAL with @reterr for what is no URL, or one that programs read differently. */
int url_parse(const char *text, struct url *ret, struct err *reterr);

/* Check and copy a host as in a URL, or an "op":"connect" line: brackets and final dot go, letters become
 * lower case. -EINVAL with @reterr for anything but letters, digits, '-', '_', '.', and ':' in an address. */
int url_host(const char *text, size_t len, char ret[URL_HOST_MAX + 1], struct err *reterr);
