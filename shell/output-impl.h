/* output-impl - what the parts of output share. For shell/output*.c only. */
#pragma once

#include "shell/output.h"

#include "text/decode.h"

struct output {
	const struct shell_command *c;
	const char *const *argv; /* behind wrappers such as busybox */
	size_t argc;
	const char *in; /* stdin; NULL: not known */
	size_t in_len;
	struct buf *out;
	const char *tmpdir; /* TMPDIR, if the text sets it */
	bool decoded;
};

/* Put on o->out what the program prints; false: not known. */
typedef bool output_fn(struct output *o);
/* output-text.c */
output_fn output_head, output_tail, output_tac, output_rev, output_sort, output_uniq, output_paste, output_fold;
output_fn output_cut, output_tr;
output_fn output_sed, output_awk;						   /* output-edit.c */
output_fn output_base64, output_base32, output_basenc, output_xxd, output_openssl; /* output-codec.c */
output_fn output_python, output_perl, output_ruby, output_node, output_php;	   /* output-code.c */

/* Options as getopt_long(3) reads them, operands in between. */
struct args {
	const char *const *v;
	size_t n, i;	     /* next to read */
	const char *cluster; /* the rest of "-abc" */
	const char *value;   /* of the option or operand just read */
	bool only_operands;
};

enum { ARG_END = 0, ARG_OPERAND = 1, ARG_LONG = 2 /* value: behind the "--" */, ARG_BAD = 3 };

/* Return ARG_*, or the letter of an option. @with_value: the letters that take one. */
int args_next(struct args *a, const char *with_value);

struct line {
	const char *s;
	size_t len; /* without the newline */
	bool newline; /* the last one may have none */
};

/* The lines of stdin, to be freed; NULL: no memory, or stdin is not known. */
struct line *output_lines(const struct output *o, size_t *ret_n);
void output_put_line(struct output *o, const char *s, size_t len); /* and a newline */

/* Decode stdin (or encode it) as base64 -d would; output-codec.c. */
bool output_undo_base64(struct output *o, bool skip_garbage);

/* A number of at most eight digits, and nothing else. */
bool output_number(const char *s, size_t *ret);
