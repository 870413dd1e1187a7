/* code - what a piece of interpreter code would touch, found by reading it, not by running it: string literals are
 * put together as far as they are constant, and the call that each is given to says what becomes of it.
 * A literal that looks like a path and goes to no known call is a guess to read. Linear in the text. */
#pragma once

#include "shell/commands.h"

enum code_lang {
	CODE_PYTHON = 0,
	CODE_PERL,
	CODE_RUBY,
	CODE_JS,
	CODE_PHP,
	CODE_LUA,
	CODE_AWK,
	CODE_R,
	CODE_OSA,
	CODE_SED,
	CODE_TCL,
	CODE_GROOVY,
	CODE_LANG_COUNT
};

#define CODE_TEXT_MAX ((size_t)1 << 20)

/* Where the code runs: @cwd and @home as in shell_path(); effects are of command @index of @a. */
struct code_place {
	struct shell_analysis *a;
	unsigned index;
	const char *cwd, *home;
};

/* Add the effects of @text to p->a, and to runs[@n…] what it would have a shell run; @runs may be NULL. Code that it
 * runs without our knowing it sets p->a->unknown_code. Return the new number of runs. */
size_t code_scan(enum code_lang lang, const char *text, size_t len, const struct code_place *p,
		 struct commands_run *runs, size_t n);

/* The language of a tool call's or an interpreter's name ("python3.11", "javascript"), or -1. */
int code_lang(const char *name);
