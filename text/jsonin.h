/* jsonin - one line of JSON from somebody who may be hostile. A strict scan comes before cJSON, which is
 * lenient and recursive: RFC 8259 text, valid UTF-8, limited depth, no NUL in strings, no duplicate keys,
 * nothing behind the value. Allocates; never logs. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#include <cjson/cJSON.h>

#define JSONIN_LINE_MAX	 (16u << 20) /* bytes without the newline */
#define JSONIN_DEPTH_MAX 64u

/* Read the next line of @in into *line (grown as needed, NUL-terminated, without its newline).
 * Return: 1 with its length in *ret_len; 0 at the end; -EMSGSIZE for a line that is longer than
 * JSONIN_LINE_MAX (read to its end, content lost); -ENOMEM; -EIO. */
int jsonin_line(FILE *in, char **line, size_t *cap, size_t *ret_len);

/* Parse @text, which must be one object. Return 0 with *ret for cJSON_Delete(); -EILSEQ for a string that holds
 * NUL or is not UTF-8; another -errno. @reterr names the byte. */
int jsonin_parse(const char *text, size_t len, cJSON **ret, struct err *reterr);
