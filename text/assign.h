/* assign - "a name gets a value", in shell, programs, JSON, YAML, TOML, INI, XML, HTTP headers,
 * queries and options, read around one word of the name. Pure; bounded; any thread. */
#pragma once

#include "base/base.h"

struct assign {
	const char *name, *name_end;
	const char *value, *value_end;
	char quote; /* '"', '\'', '`' or 0 */
};

/* @at, in [@text, @end), is in a name. False where nothing is assigned to it. *@fuel is lowered by
 * the bytes looked at. */
bool assign_parse(const char *text, const char *end, const char *at, struct assign *ret,
		  size_t *fuel);

/* Is this a secret that somebody chose or a machine drew, by the name and the value? */
bool assign_is_secret(const struct assign *a);
