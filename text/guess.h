/* guess - did a machine draw this string, did a person name something, or does it stand for a
 * secret yet to be filled in? Pure; linear; any thread. */
#pragma once

#include "base/base.h"

/* Shannon's entropy of the bytes, in tenths of a bit; of the first 256. */
unsigned guess_entropy(const char *s, size_t len);

/* "xxxxxxxx", "abcdef123456", "your-key-here", "<token>", "${TOKEN}", "changeme", "AKIA…EXAMPLE".
 */
bool guess_placeholder(const char *s, size_t len);

/* Letters and digits mixed as no person mixes them: few words, many changes between letter and
 * digit. */
bool guess_random(const char *s, size_t len);

/* Does [@s, @s + @len) hold @word, which is in lower case, in any case? */
bool guess_holds(const char *s, size_t len, const char *word);
