/* The programs are a table; those that only print are here, those that edit text in output-text.c and
 * output-edit.c, interpreters in output-code.c. Whoever cannot say for sure returns false. */
#include "shell/output-impl.h"

#include <ctype.h>
#include <inttypes.h>

#define WIDTH_MAX 4096
#define YES_LINES 64
#define SEQ_MAX	  10000

/* ---- helpers ----------------------------------------------------------------------------------- */

int args_next(struct args *a, const char *with_value)
{
	const char *s;

	if (!a->cluster || !*a->cluster) {
		if (a->i >= a->n)
			return ARG_END;
		s = a->value = a->v[a->i++];
		if (a->only_operands || s[0] != '-' || !s[1])
			return ARG_OPERAND;
		if (s[1] == '-') {
			a->value = s + 2;
			if (s[2])
				return ARG_LONG;
			a->only_operands = true;
			return args_next(a, with_value);
		}
		a->cluster = s + 1;
	}
	s = a->cluster++;
	if (!strchr(with_value, *s))
		return (unsigned char)*s > ARG_BAD ? (unsigned char)*s : ARG_BAD;
	a->value = s[1] ? s + 1 : a->i < a->n ? a->v[a->i++] : NULL;
	a->cluster = NULL;
	return a->value ? *s : ARG_BAD;
}

struct line *output_lines(const struct output *o, size_t *ret_n)
{
	size_t n = 0, i = 0;
	struct line *lines;

	if (!o->in)
		return NULL;
	for (const char *p = o->in; (p = memchr(p, '\n', (size_t)(o->in + o->in_len - p))); p++)
		n++;
	lines = calloc(n + 1, sizeof(*lines));
	if (!lines)
		return NULL;
	for (const char *p = o->in, *end = p + o->in_len; p < end; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		lines[i] = (struct line){p, (size_t)((nl ? nl : end) - p), nl != NULL};
		p = nl ? nl + 1 : end;
	}
	*ret_n = i;
	return lines;
}

void output_put_line(struct output *o, const char *s, size_t len)
{
	buf_put(o->out, s, len);
	buf_putc(o->out, '\n');
}

bool output_number(const char *s, size_t *ret)
{
	size_t v = 0, i;

	for (i = 0; i < 8 && isdigit((unsigned char)s[i]); i++)
		v = v * 10 + (size_t)(s[i] - '0');
	*ret = v;
	return i && !s[i];
}

static bool holds_unknown(const char *s)
{
	return strchr(s, SHELL_UNKNOWN);
}

/* Does an escape in @s stand for a letter or a digit? Those for colours and newlines do not. */
static bool escapes_letters(const char *s, unsigned flags)
{
	for (; (s = strchr(s, '\\')); s += 1 + (s[1] == '\\')) {
		autobuf b = {0};
		bool stop;

		if (!s[1] || !strchr("xuU01234567", s[1]))
			continue;
		if (decode_escapes(s, strnlen(s, 10), flags, &b, &stop) && isalnum((unsigned char)buf_str(&b)[0]))
			return true;
	}
	return false;
}

/* Does an unknown part of @s continue an escape that is seen? */
static bool unknown_in_escape(const char *s)
{
	for (const char *p = s; (p = strchr(p, SHELL_UNKNOWN)); p++)
		if (memrchr(p - MIN(p - s, (ptrdiff_t)10), '\\', (size_t)MIN(p - s, (ptrdiff_t)10)))
			return true;
	return false;
}

/* Put @s with its escapes replaced. Return false when \c ended the output. */
static bool put_escaped(struct output *o, const char *s, unsigned flags)
{
	bool stop;

	if (unknown_in_escape(s)) {
		buf_putc(o->out, SHELL_UNKNOWN);
		return true;
	}
	o->decoded |= escapes_letters(s, flags);
	(void)decode_escapes(s, strlen(s), flags, o->out, &stop);
	return !stop;
}

/* ---- echo and printf --------------------------------------------------------------------------- */

static bool output_echo(struct output *o)
{
	bool newline = true, escapes = false;
	size_t i = 1;

	for (; i < o->argc && o->argv[i][0] == '-' && o->argv[i][1]; i++) {
		const char *s = o->argv[i] + 1;

		if (s[strspn(s, "neE")])
			break;
		for (; *s; s++) {
			if (*s == 'n')
				newline = false;
			else
				escapes = *s == 'e';
		}
	}
	for (size_t first = i; i < o->argc; i++) {
		if (i > first)
			buf_putc(o->out, ' ');
		if (!escapes)
			buf_puts(o->out, o->argv[i]);
		else if (!put_escaped(o, o->argv[i], ESCAPES_ECHO))
			return true;
	}
	if (newline)
		buf_putc(o->out, '\n');
	return true;
}

/* %[flags][width][.precision]letter */
struct spec {
	char flags[8];
	int width, precision; /* -1: none */
	char letter;
};

static void put_padded(struct buf *out, const char *s, size_t len, const struct spec *f)
{
	size_t width = f->width > 0 ? (size_t)f->width : 0, pad;

	if (f->precision >= 0 && len > (size_t)f->precision)
		len = (size_t)f->precision;
	pad = width > len ? width - len : 0;
	if (strchr(f->flags, '-'))
		buf_put(out, s, len);
	for (; pad; pad--)
		buf_putc(out, ' ');
	if (!strchr(f->flags, '-'))
		buf_put(out, s, len);
}

static void put_quoted(struct buf *out, const char *s)
{
	buf_putc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_puts(out, "'\\'");
		buf_putc(out, *s);
	}
	buf_putc(out, '\'');
}

/* A number as printf reads it: C's, or the code of the character behind a quote. */
static int64_t printf_number(const char *s)
{
	if (*s == '"' || *s == '\'')
		return (unsigned char)s[1];
	return strtoll(s, NULL, 0);
}

static void put_number(struct buf *out, const struct spec *f, int64_t v)
{
	bool is_signed = strchr("di", f->letter);
	uint64_t u = is_signed && v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	const char *sign = !is_signed ? "" : v < 0 ? "-" :
			   strchr(f->flags, '+') ? "+" : strchr(f->flags, ' ') ? " " : "";
	const char *alt = !strchr(f->flags, '#') || !u ? "" :
			  f->letter == 'o' ? "0" : f->letter == 'x' ? "0x" : f->letter == 'X' ? "0X" : "";
	struct spec pad = *f;
	autobuf text = {0};
	char digits[32];
	size_t least = f->precision >= 0 ? (size_t)f->precision : 0, have;

	(void)snprintf(digits, sizeof(digits), f->letter == 'o' ? "%" PRIo64 : f->letter == 'x' ? "%" PRIx64 :
		       f->letter == 'X' ? "%" PRIX64 : "%" PRIu64, u);
	have = strlen(digits) + (f->letter == 'o' ? strlen(alt) : 0);
	if (f->precision < 0 && f->width > 0 && strchr(f->flags, '0') && !strchr(f->flags, '-'))
		least = (size_t)f->width - MIN((size_t)f->width, strlen(sign) + strlen(alt));
	buf_printf(&text, "%s%s", sign, alt);
	for (; have < least; have++)
		buf_putc(&text, '0');
	if (u || f->precision)
		buf_puts(&text, digits); /* nothing for a zero of no digits */
	pad.precision = -1;
	put_padded(out, buf_str(&text), text.len, &pad);
}

static bool put_float(struct buf *out, const struct spec *f, const char *arg)
{
	char format[32], text[512];

	if (f->width > 200 || f->precision > 200)
		return false;
	(void)snprintf(format, sizeof(format), "%%%s*.*%c", f->flags, f->letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), format, MAX(f->width, 0), f->precision,
		       *arg == '\'' || *arg == '"' ? (double)printf_number(arg) : strtod(arg, NULL));
#pragma GCC diagnostic pop
	buf_puts(out, text);
	return true;
}

struct printf_run {
	struct output *o;
	size_t next;	/* argument */
	bool consumed;	/* one, in this round */
	bool stop;	/* \c */
};

static const char *printf_arg(struct printf_run *r)
{
	r->consumed = true;
	return r->next < r->o->argc ? r->o->argv[r->next++] : NULL;
}

/* One conversion. False: not known. */
static bool printf_convert(struct printf_run *r, const struct spec *f)
{
	struct buf *out = r->o->out;
	const char *arg, *s;

	if (f->letter == '%') {
		buf_putc(out, '%');
		return true;
	}
	arg = printf_arg(r);
	s = arg ? arg : "";
	if (holds_unknown(s)) {
		/* An unknown part stays apart, but not what is computed from it. */
		if (strchr("sb", f->letter) && f->width <= 0 && f->precision < 0 && !strchr(s, '\\'))
			buf_puts(out, s);
		else
			buf_putc(out, SHELL_UNKNOWN);
		return true;
	}
	switch (f->letter) {
	case 's':
		put_padded(out, s, strlen(s), f);
		return true;
	case 'c':
		put_padded(out, s, 1, f); /* a NUL if it is empty */
		return true;
	case 'b':
		r->stop = !put_escaped(r->o, s, ESCAPES_PRINTF_B);
		return f->width <= 0 && f->precision < 0;
	case 'q':
		put_quoted(out, s);
		return f->width <= 0;
	case 'd': case 'i': case 'u': case 'o': case 'x': case 'X':
		put_number(out, f, printf_number(s));
		return true;
	case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
		return put_float(out, f, s);
	default:
		return false;
	}
}

/* A width or precision at *p: digits, or '*' for an argument. */
static bool printf_width(struct printf_run *r, const char **p, int *ret)
{
	size_t v = 0;

	if (**p == '*') {
		const char *arg = printf_arg(r);

		(*p)++;
		*ret = 0;
		if (arg && !output_number(arg, &v))
			return false;
	}
	for (; isdigit((unsigned char)**p); (*p)++)
		v = MIN(v * 10 + (size_t)(**p - '0'), (size_t)WIDTH_MAX + 1);
	*ret = (int)MIN(v, (size_t)WIDTH_MAX + 1);
	return v <= WIDTH_MAX;
}

static bool printf_spec(struct printf_run *r, const char **p, struct spec *f)
{
	size_t n = strspn(*p, "-+ #0'");

	*f = (struct spec){.width = -1, .precision = -1};
	if (n >= sizeof(f->flags))
		return false;
	memcpy(f->flags, *p, n);
	*p += n;
	if ((**p == '*' || isdigit((unsigned char)**p)) && !printf_width(r, p, &f->width))
		return false;
	if (**p == '.') {
		(*p)++;
		if (!printf_width(r, p, &f->precision))
			return false;
	}
	*p += strspn(*p, "hljztL");
	f->letter = **p;
	return *(*p)++ != '\0';
}

/* The format once over. */
static bool printf_round(struct printf_run *r, const char *p)
{
	r->consumed = false;
	while (*p && !r->stop) {
		const char *percent = strchrnul(p, '%');
		autobuf literal = {0};
		struct spec f;

		buf_put(&literal, p, (size_t)(percent - p));
		(void)put_escaped(r->o, buf_str(&literal), ESCAPES_PRINTF); /* \c is no escape here */
		if (!*percent)
			return true;
		p = percent + 1;
		if (!printf_spec(r, &p, &f) || !printf_convert(r, &f))
			return false;
	}
	return true;
}

static bool output_printf(struct output *o)
{
	struct printf_run r = {.o = o, .next = 1};
	const char *format;

	if (r.next < o->argc && streq(o->argv[r.next], "--"))
		r.next++;
	else if (r.next < o->argc && str_starts(o->argv[r.next], "-v"))
		return true; /* goes to a variable */
	if (r.next >= o->argc)
		return true;
	format = o->argv[r.next++];
	/* What is not known may hold conversions, which would take arguments away from those that are seen. */
	if (holds_unknown(format) && r.next < o->argc)
		return false;
	do {
		if (!printf_round(&r, format) || o->out->len > SHELL_TEXT_MAX)
			return false;
	} while (r.next < o->argc && r.consumed && !r.stop);
	return true;
}

/* ---- what passes stdin on, or prints next to nothing ------------------------------------------- */

static bool output_cat(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	bool any = false, known = false;
	int arg;

	while ((arg = args_next(&a, ""))) {
		if (arg == 'u')
			continue;
		if (arg != ARG_OPERAND)
			return false;
		any = true;
		if (!streq(a.value, "-") && !streq(a.value, "/dev/stdin") && !streq(a.value, "/dev/fd/0")) {
			buf_putc(o->out, SHELL_UNKNOWN);
			continue;
		}
		if (o->in && !known)
			buf_put(o->out, o->in, o->in_len); /* a second time there is nothing left */
		else if (!o->in)
			buf_putc(o->out, SHELL_UNKNOWN);
		known |= o->in != NULL;
	}
	if (!any && o->in) {
		buf_put(o->out, o->in, o->in_len);
		known = true;
	}
	return known;
}

static bool output_tee(struct output *o)
{
	if (o->in)
		buf_put(o->out, o->in, o->in_len);
	return o->in != NULL;
}

static bool output_nothing(struct output *o)
{
	(void)o;
	return true;
}

static bool output_pwd(struct output *o)
{
	if (o->c->cwd)
		output_put_line(o, o->c->cwd, strlen(o->c->cwd));
	return o->c->cwd != NULL;
}

static bool output_yes(struct output *o)
{
	for (size_t n = 0; n < YES_LINES; n++) {
		for (size_t i = 1; i < o->argc; i++) {
			buf_puts(o->out, o->argv[i]);
			buf_putc(o->out, i + 1 < o->argc ? ' ' : '\n');
		}
		if (o->argc == 1)
			buf_puts(o->out, "y\n");
		if (o->out->len > SHELL_TEXT_MAX)
			return false;
	}
	buf_putc(o->out, SHELL_UNKNOWN);
	return true;
}

static bool output_seq(struct output *o)
{
	long v[3] = {1, 1, 1}; /* first, step, last */
	const char *separator = "\n";
	size_t n = 0, count = 0;
	size_t i = 1;

	if (i + 1 < o->argc && streq(o->argv[i], "-s")) {
		separator = o->argv[i + 1];
		i += 2;
	}
	for (; i < o->argc; i++) {
		char *end;

		if (n == 3)
			return false;
		v[n++] = strtol(o->argv[i], &end, 10);
		if (end == o->argv[i] || *end || labs(v[n - 1]) > 1000000000)
			return false;
	}
	if (!n)
		return false;
	v[2] = v[n - 1];
	v[1] = n == 3 ? v[1] : 1;
	v[0] = n == 1 ? 1 : v[0];
	if (!v[1])
		return false;
	for (long k = v[0]; v[1] > 0 ? k <= v[2] : k >= v[2]; k += v[1]) {
		if (++count > SEQ_MAX || o->out->len > SHELL_TEXT_MAX)
			return false;
		if (count > 1)
			buf_puts(o->out, separator);
		buf_printf(o->out, "%ld", k);
	}
	if (count)
		buf_putc(o->out, '\n');
	return true;
}

/* Bytes of @s without the slashes at its end; one stays if there is nothing else. */
static size_t without_slashes(const char *s, size_t len)
{
	while (len > 1 && s[len - 1] == '/')
		len--;
	return len;
}

static bool output_basename(struct output *o)
{
	size_t len, suffix;
	const char *s, *slash, *unknown;

	if (o->argc < 2 || o->argc > 3 || o->argv[1][0] == '-')
		return false;
	s = o->argv[1];
	len = without_slashes(s, strlen(s));
	slash = len > 1 ? memrchr(s, '/', len) : NULL;
	if (slash) {
		len -= (size_t)(slash + 1 - s);
		s = slash + 1;
	}
	unknown = memchr(s, SHELL_UNKNOWN, len);
	if (unknown) { /* it may hold a slash */
		len -= (size_t)(unknown - s);
		s = unknown;
	}
	suffix = o->argc == 3 ? strlen(o->argv[2]) : 0;
	if (suffix && suffix < len && memcmp(s + len - suffix, o->argv[2], suffix) == 0)
		len -= suffix;
	output_put_line(o, s, len);
	return true;
}

static bool output_dirname(struct output *o)
{
	for (size_t i = 1; i < o->argc; i++) {
		const char *s = o->argv[i], *slash;
		size_t len = without_slashes(s, strlen(s));

		if (s[0] == '-')
			return false;
		slash = memrchr(s, '/', len);
		if (memchr(slash ? slash : s, SHELL_UNKNOWN, len - (slash ? (size_t)(slash - s) : 0))) {
			/* It may hold a slash. */
			buf_put(o->out, s, slash ? (size_t)(slash - s) : 0);
			output_put_line(o, &(char){SHELL_UNKNOWN}, 1);
		} else if (!slash)
			output_put_line(o, ".", 1);
		else
			output_put_line(o, s, without_slashes(s, MAX((size_t)(slash - s), (size_t)1)));
	}
	return o->argc > 1;
}

/* realpath, readlink -f: the name without "." and "..". Links are followed where the name is judged. */
static bool output_realpath(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	autobuf path = {0};
	const char *operand = NULL;
	int arg;

	while ((arg = args_next(&a, ""))) {
		if (arg == ARG_OPERAND && !operand)
			operand = a.value;
		else if (!strchr("fems", arg))
			return false;
	}
	if (!operand || !*operand || (*operand != '/' && !o->c->cwd))
		return false;
	if (*operand != '/')
		buf_printf(&path, "%s/", o->c->cwd);
	buf_puts(&path, operand);
	if (strstr(buf_str(&path), "/../") || strstr(buf_str(&path), "/./") || strstr(buf_str(&path), "//"))
		return false;
	output_put_line(o, buf_str(&path), path.len);
	return true;
}

/* mktemp: the name with the X that it replaces by something random. So it stays a name that can be judged. */
static bool output_mktemp(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	const char *dir = NULL, *template = NULL, *suffix = "";
	bool in_tmp = false;
	int arg;

	while ((arg = args_next(&a, "p"))) {
		if (arg == ARG_OPERAND) {
			template = a.value;
		} else if (arg == 'p' || (arg == ARG_LONG && str_starts(a.value, "tmpdir="))) {
			dir = a.value + (arg == 'p' ? 0 : strlen("tmpdir="));
			in_tmp = true;
		} else if (arg == 't' || (arg == ARG_LONG && streq(a.value, "tmpdir"))) {
			in_tmp = true;
		} else if (arg == ARG_LONG && str_starts(a.value, "suffix=")) {
			suffix = a.value + strlen("suffix=");
		} else if (arg == ARG_BAD) {
			return false;
		}
	}
	in_tmp |= !template;
	dir = dir ? dir : o->tmpdir;
	if (in_tmp)
		buf_printf(o->out, "%s/", dir && *dir ? dir : "/tmp");
	buf_printf(o->out, "%s%s\n", template ? template : "tmp.XXXXXXXXXX", suffix);
	return true;
}

/* find without actions: what is printed lies below where it starts. */
static bool output_find(struct output *o)
{
	size_t i = 1, paths, expression;
	const char *name = NULL;
	bool either = false;

	while (i < o->argc && (streq(o->argv[i], "-L") || streq(o->argv[i], "-H") || streq(o->argv[i], "-P")))
		i++;
	for (paths = i; i < o->argc && !strchr("-(!,)", o->argv[i][0]);)
		i++;
	for (expression = i; i < o->argc; i++) {
		const char *w = o->argv[i];

		if (str_starts(w, "-exec") || str_starts(w, "-ok") || str_starts(w, "-printf") || streq(w, "-ls"))
			return false;
		either |= streq(w, "-o") || streq(w, "-or") || streq(w, "!") || streq(w, "-not") || streq(w, ",");
		if (streq(w, "-name") && i + 1 < o->argc)
			name = o->argv[++i];
	}
	for (i = paths; i < expression || i == paths; i++) {
		const char *start = i < expression ? o->argv[i] : ".";

		if (name && !either)
			buf_printf(o->out, "%s/**/%s\n", start, name);
		else
			buf_printf(o->out, "%s/%c\n%s/{}\n", start, SHELL_UNKNOWN, start); /* {}: some name */
	}
	return true;
}

/* ---- the table --------------------------------------------------------------------------------- */

enum {
	ARGS_MAY = 1 << 0, /* hold SHELL_UNKNOWN */
	IN_MAY = 1 << 1,   /* so may stdin */
};

static const struct program {
	const char *name;
	output_fn *fn;
	unsigned flags;
} programs[] = {
	{":", output_nothing, ARGS_MAY | IN_MAY},
	{"awk", output_awk, 0},
	{"base32", output_base32, 0},
	{"base64", output_base64, 0},
	{"basename", output_basename, ARGS_MAY | IN_MAY},
	{"basenc", output_basenc, 0},
	{"bun", output_node, IN_MAY},
	{"cat", output_cat, ARGS_MAY | IN_MAY},
	{"cut", output_cut, 0},
	{"dirname", output_dirname, ARGS_MAY | IN_MAY},
	{"echo", output_echo, ARGS_MAY | IN_MAY},
	{"false", output_nothing, ARGS_MAY | IN_MAY},
	{"find", output_find, ARGS_MAY | IN_MAY},
	{"fold", output_fold, 0},
	{"gawk", output_awk, 0},
	{"gbase64", output_base64, 0},
	{"head", output_head, IN_MAY},
	{"mawk", output_awk, 0},
	{"mktemp", output_mktemp, ARGS_MAY | IN_MAY},
	{"node", output_node, IN_MAY},
	{"nodejs", output_node, IN_MAY},
	{"openssl", output_openssl, 0},
	{"paste", output_paste, 0},
	{"perl", output_perl, IN_MAY},
	{"php", output_php, IN_MAY},
	{"printf", output_printf, ARGS_MAY | IN_MAY},
	{"pwd", output_pwd, ARGS_MAY | IN_MAY},
	{"pypy", output_python, IN_MAY},
	{"python", output_python, IN_MAY},
	{"readlink", output_realpath, IN_MAY},
	{"realpath", output_realpath, IN_MAY},
	{"rev", output_rev, 0},
	{"ruby", output_ruby, IN_MAY},
	{"sed", output_sed, 0},
	{"seq", output_seq, IN_MAY},
	{"sleep", output_nothing, ARGS_MAY | IN_MAY},
	{"sort", output_sort, 0},
	{"tac", output_tac, 0},
	{"tail", output_tail, 0},
	{"tee", output_tee, ARGS_MAY | IN_MAY},
	{"tr", output_tr, 0},
	{"true", output_nothing, ARGS_MAY | IN_MAY},
	{"uniq", output_uniq, 0},
	{"xxd", output_xxd, 0},
	{"yes", output_yes, ARGS_MAY | IN_MAY},
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct program *find_program(const char *name)
{
	/* python3, python3.11, perl5.36.0, php8.2: the same program by another name */
	size_t len = strcspn(name, "0123456789");
	bool versioned = name[len] && !name[len + strspn(name + len, "0123456789.")];

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		const char *p = programs[i].name;

		if (streq(p, name) || (versioned && strlen(p) == len && strncmp(p, name, len) == 0))
			return &programs[i];
	}
	return NULL;
}

/* A NUL ends no line and no word: shells skip it. */
static void drop_nuls(struct buf *b, size_t from)
{
	size_t to = from;

	for (size_t i = from; i < b->len; i++)
		if (b->data[i])
			b->data[to++] = b->data[i];
	if (b->data)
		b->data[to] = '\0';
	b->len = b->data ? to : 0;
}

bool output_of(const struct shell_command *c, struct buf *out, bool *ret_decoded)
{
	struct output o = {.c = c, .argv = c->argv, .argc = c->argc, .in = c->stdin_text, .out = out};
	const struct program *p;

	for (size_t i = 0; i < c->n_env; i++)
		if (streq(c->env[i].name, "TMPDIR"))
			o.tmpdir = c->env[i].value;
	size_t before = out->len;
	bool known = true;

	while (o.argc > 1 && (streq(base_name(o.argv[0]), "busybox") || streq(base_name(o.argv[0]), "toybox") ||
			      streq(o.argv[0], "builtin"))) {
		o.argv++;
		o.argc--;
	}
	p = o.argc ? find_program(base_name(o.argv[0])) : NULL;
	if (!p)
		return false;
	o.in_len = o.in ? strlen(o.in) : 0;
	for (size_t i = 1; i < o.argc && !(p->flags & ARGS_MAY); i++)
		known &= !holds_unknown(o.argv[i]);
	if (o.in && !(p->flags & IN_MAY))
		known &= !holds_unknown(o.in);
	known = known && p->fn(&o) && !buf_failed(out) && out->len - before <= SHELL_TEXT_MAX;
	if (!known) {
		out->len = before;
		if (out->data)
			out->data[before] = '\0';
		return false;
	}
	drop_nuls(out, before);
	if (o.decoded)
		*ret_decoded = true;
	return true;
}
