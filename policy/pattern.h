/* pattern - path patterns: from what a person wrote to canonical texts, and matching one of them.
 *
 * Canonical: begins with '/', no braces, no ~ or $, no "." or ".." or "//"; '\' only before one of
 * *?[\;
 * "**" only as a whole component and never twice in a row; a trailing '/' only behind a wildcard,
 * where it says "and everything below". "/" alone matches every path.
 *
 * '?' and a negated class take one UTF-8 sequence (any byte, then any continuation bytes); a class
 * lists ASCII characters only. Pure but for the arena. */
#pragma once

#include "base/arena.h"

#define PATTERN_MAX	   4096 /* bytes, also after expansion */
#define PATTERN_BRACES_MAX 1000 /* alternatives of one pattern */

/* What ~ and the workspace mean: as given and, if different, as resolved (else NULL). */
struct pattern_roots {
	const char *home[2];
	const char *workspace[2];
};

/* Add the canonical forms of @text to @ret. Return 0, -ENOMEM, or -EBADMSG with the reason in @why.
 */
int pattern_expand(struct arena *a, const struct pattern_roots *roots, const char *text,
		   struct strlist *ret, char *why, size_t why_size);

/* As above for a glob that is not a path (base names, arguments, variables): braces and syntax
 * only. */
int pattern_expand_flat(struct arena *a, const char *text, struct strlist *ret, char *why,
			size_t why_size);

/* Match a flat glob: '*' and '?' take any byte, '/' too. */
bool pattern_match_flat(const char *glob, const char *text, bool ignore_case);

/* Length of the leading part of canonical @p without wildcards, up to and without the last '/'
 * before the first of them; the whole length if there is none at all. */
size_t pattern_literal_prefix(const char *p);
bool pattern_is_literal(const char *p);

/* Does the last component hold no wildcard? Then (or with a trailing '/') the pattern covers what
 * is below. */
bool pattern_covers(const char *p);

/* Is @p (at a '/') followed by a whole component "**"? */
bool pattern_at_dstar(const char *p);

/* The end of the class that begins at @p ('['), behind the ']'; NULL if it has none. */
const char *pattern_class_end(const char *p);
/* Is byte @c in the class at @p? Negated classes hold every byte but '/' and those listed. */
bool pattern_class_has(const char *p, unsigned char c);
bool pattern_class_negated(const char *p);

/* @s with its special characters escaped, appended to @out of @size; false if it does not fit. */
bool pattern_escape(const char *s, size_t len, char *out, size_t size);

/* Remove escapes of a literal pattern. @out has room for strlen(p) + 1. */
void pattern_unescape(const char *p, char *out);

/* Can canonical @p tell names below directory @a from the same names below @b? */
bool pattern_same_below(const char *p, const char *a, const char *b);
