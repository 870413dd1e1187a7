/* output - what a command prints, where that can be known without running it: echo, printf, cat of a here-document,
 * base64 -d, base32 -d, xxd -r, od -c backwards, openssl base64/enc -d, rev, tr, tac, head, tail, cut, sed s///,
 * python/perl/ruby/node one-liners that only print a literal… Pure; decodes with text/decode.h. */
#pragma once

#include "base/buf.h"
#include "shell/shell.h"

/* Append to @out what @c prints on stdout. False: not known. Unknown parts of what it reads stay
 * SHELL_UNKNOWN in @out where the command keeps them apart (cat, echo), and make the rest unknown.
 * *ret_decoded: an encoding was undone. */
bool output_of(const struct shell_command *c, struct buf *out, bool *ret_decoded);
