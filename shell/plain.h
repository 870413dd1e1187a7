/* plain - a command text as somebody would write it who hides nothing, for rules that look at texts
 * and not at commands: no quotes and backslashes where they change nothing, programs without their
 * directories, and a `;` for each word that only leads to a command (`{`, `then`, `NAME=value` …),
 * white space folded. Lexical: the text need not be sound. */
#pragma once

#include "base/buf.h"

void shell_plain(const char *text, size_t len, struct buf *out);
