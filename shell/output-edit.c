/* sed's s, y, d, p, q and awk's print, as far as one-liners use them to hide or take apart a text. The regular
 * expressions are the simple ones: characters, sets, anchors, repetition of one of these; whatever else is in a
 * script makes the output unknown. A budget of steps bounds the matching. */
#include "shell/output-impl.h"

#include <ctype.h>

#define ATOMS_MAX  64
#define STEPS_MAX  1000000
#define EDITS_MAX  16
#define FIELDS_MAX 64

/* ---- regular expressions ----------------------------------------------------------------------- */

struct atom {
	uint64_t set[4]; /* of bytes */
	char repeat;	 /* 0 once, '*', '+', '?' */
};

struct regex {
	struct atom atoms[ATOMS_MAX];
	size_t n;
	bool from_start, to_end;
};

static void atom_add(struct atom *a, unsigned char c, bool fold)
{
	a->set[c / 64] |= 1ull << (c % 64);
	if (fold && isalpha(c))
		a->set[(c ^ 0x20) / 64] |= 1ull << ((c ^ 0x20) % 64);
}

static bool atom_has(const struct atom *a, char c)
{
	return a->set[(unsigned char)c / 64] >> ((unsigned char)c % 64) & 1;
}

static void atom_invert(struct atom *a)
{
	for (size_t i = 0; i < 4; i++)
		a->set[i] = ~a->set[i];
}

static bool add_class(struct atom *a, const char **p)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {
		{"[:alnum:]", isalnum}, {"[:alpha:]", isalpha}, {"[:digit:]", isdigit}, {"[:lower:]", islower},
		{"[:upper:]", isupper}, {"[:space:]", isspace}, {"[:punct:]", ispunct}, {"[:blank:]", isblank},
		{"[:xdigit:]", isxdigit},
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (!str_starts(*p, classes[i].name))
			continue;
		for (int c = 0; c < 128; c++)
			if (classes[i].is(c))
				atom_add(a, (unsigned char)c, false);
		*p += strlen(classes[i].name);
		return true;
	}
	return false;
}

/* Behind '['. */
static bool read_brackets(const char **p, struct atom *a, bool fold)
{
	bool inverse = **p == '^';
	const char *first;

	*p += inverse;
	for (first = *p; **p && (**p != ']' || *p == first);) {
		unsigned char from = (unsigned char)**p, to = from;

		if (str_starts(*p, "[:")) {
			if (!add_class(a, p))
				return false;
			continue;
		}
		(*p)++;
		if ((*p)[0] == '-' && (*p)[1] && (*p)[1] != ']') {
			to = (unsigned char)(*p)[1];
			*p += 2;
		}
		if (to < from)
			return false;
		for (unsigned c = from; c <= to; c++)
			atom_add(a, (unsigned char)c, fold);
	}
	if (inverse)
		atom_invert(a);
	return *(*p)++ == ']';
}

/* Behind a backslash. */
static bool read_escape(const char **p, struct atom *a, bool fold)
{
	char c = *(*p)++;

	if (c == 'w' || c == 'W') {
		for (int i = 0; i < 128; i++)
			if (isalnum(i) || i == '_')
				atom_add(a, (unsigned char)i, false);
	} else if (c == 's' || c == 'S') {
		for (const char *s = " \t\n\r\v\f"; *s; s++)
			atom_add(a, (unsigned char)*s, false);
	} else if (c == 'n' || c == 't') {
		atom_add(a, c == 'n' ? '\n' : '\t', false);
	} else if (isalnum((unsigned char)c) || !c || strchr("(){}|<>`'", c)) {
		return false;
	} else {
		atom_add(a, (unsigned char)c, fold);
	}
	if (c == 'W' || c == 'S')
		atom_invert(a);
	return true;
}

static bool read_regex(const char *p, bool extended, bool fold, struct regex *re)
{
	*re = (struct regex){.n = 0};
	re->from_start = *p == '^';
	for (p += re->from_start; *p;) {
		struct atom *a = &re->atoms[re->n];
		char c = *p++;

		if (c == '$' && !*p) {
			re->to_end = true;
			break;
		}
		if (re->n++ == ATOMS_MAX || (extended && strchr("(){}|*+?^$", c)))
			return false;
		if (c == '[') {
			if (!read_brackets(&p, a, fold))
				return false;
		} else if (c == '\\') {
			if (!read_escape(&p, a, fold))
				return false;
		} else if (c == '.') {
			atom_invert(a);
		} else {
			atom_add(a, (unsigned char)c, fold);
		}
		if (*p == '*' || (extended && (*p == '+' || *p == '?'))) {
			a->repeat = *p++;
		} else if (!extended && *p == '\\' && (p[1] == '+' || p[1] == '?')) {
			a->repeat = p[1];
			p += 2;
		}
		if (*p == '*' || (extended && *p && strchr("+?{", *p)) || (!extended && str_starts(p, "\\{")))
			return false;
	}
	return re->n || re->from_start || re->to_end;
}

/* Does @re from atom @i on match at @s? Greedy; *ret: behind it. As deep as there are atoms. */
static bool match(const struct regex *re, size_t i, const char *s, const char *end, const char **ret, size_t *steps)
{
	const struct atom *a = &re->atoms[i];
	size_t min, max, n = 0;

	if (!*steps || !--*steps)
		return false;
	if (i == re->n) {
		*ret = s;
		return !re->to_end || s == end;
	}
	min = a->repeat == '*' || a->repeat == '?' ? 0 : 1;
	max = a->repeat == '*' || a->repeat == '+' ? SIZE_MAX : 1;
	while (n < max && s + n < end && atom_has(a, s[n]))
		n++;
	*steps -= MIN(*steps - 1, n / 8);
	for (;; n--) {
		if (n < min)
			return false;
		if (match(re, i + 1, s + n, end, ret, steps))
			return true;
		if (!n || !*steps)
			return false;
	}
}

/* ---- sed --------------------------------------------------------------------------------------- */

struct edit {
	char verb; /* s y d p q */
	size_t from, to; /* lines, from 1; SIZE_MAX: the last */
	struct regex re;
	char *with; /* s: replacement, with WHOLE for what was matched; y: 256 bytes */
	bool all, prints;
	size_t which;
};

#define WHOLE '\1' /* in a replacement: what was matched */

struct sed {
	struct edit edits[EDITS_MAX];
	size_t n, steps;
	bool quiet, extended;
};

/* The text up to @delimiter. In it, an escaped delimiter stands for itself. */
static bool read_part(const char **p, char delimiter, struct buf *out)
{
	for (; **p && **p != delimiter; (*p)++) {
		if ((*p)[0] == '\\' && (*p)[1]) {
			if ((*p)[1] != delimiter)
				buf_putc(out, '\\');
			(*p)++;
		}
		buf_putc(out, **p);
	}
	return *(*p)++ == delimiter || ((*p)--, false);
}

/* The right side of s: '&' becomes WHOLE. */
static char *read_replacement(const char *s)
{
	autobuf b = {0};

	for (; *s; s++) {
		if (*s == WHOLE)
			return NULL;
		if (*s == '&') {
			buf_putc(&b, WHOLE);
		} else if (*s != '\\') {
			buf_putc(&b, *s);
		} else if (s[1] == 'n' || s[1] == 't') {
			buf_putc(&b, *++s == 'n' ? '\n' : '\t');
		} else if (isalnum((unsigned char)s[1]) || !s[1]) {
			return NULL; /* groups, changes of case */
		} else {
			buf_putc(&b, *++s);
		}
	}
	return buf_failed(&b) ? NULL : strdup(buf_str(&b));
}

static bool read_flags(const char **p, struct edit *e, bool *fold)
{
	for (; **p && !strchr("; \n}", **p); (*p)++) {
		if (**p == 'g')
			e->all = true;
		else if (**p == 'p')
			e->prints = true;
		else if (**p == 'i' || **p == 'I')
			*fold = true;
		else if (**p >= '1' && **p <= '9' && !e->which)
			e->which = (size_t)(**p - '0');
		else
			return false; /* e runs the result, w writes it */
	}
	return !(e->all && e->which);
}

static bool read_s(const char **p, struct sed *sed, struct edit *e)
{
	autobuf from = {0}, to = {0};
	char delimiter = *(*p)++;
	bool fold = false;

	if (!delimiter || delimiter == '\\' || delimiter == '\n' || !read_part(p, delimiter, &from) ||
	    !read_part(p, delimiter, &to) || !read_flags(p, e, &fold) || !from.len)
		return false;
	e->with = read_replacement(buf_str(&to));
	return e->with && read_regex(buf_str(&from), sed->extended, fold, &e->re);
}

static bool read_y(const char **p, struct edit *e)
{
	autobuf from = {0}, to = {0};
	char delimiter = *(*p)++;

	if (!delimiter || !read_part(p, delimiter, &from) || !read_part(p, delimiter, &to) || from.len != to.len ||
	    memchr(buf_str(&from), '\\', from.len) || memchr(buf_str(&to), '\\', to.len))
		return false;
	e->with = malloc(256);
	if (!e->with)
		return false;
	for (int c = 0; c < 256; c++)
		e->with[c] = (char)c;
	for (size_t i = 0; i < from.len; i++)
		e->with[(unsigned char)from.data[i]] = to.data[i];
	return true;
}

static size_t read_address(const char **p)
{
	size_t v = 0;

	if (**p == '$')
		return (*p)++, SIZE_MAX;
	for (; isdigit((unsigned char)**p); (*p)++)
		v = MIN(v * 10 + (size_t)(**p - '0'), SHELL_TEXT_MAX);
	return v;
}

static bool read_script(struct sed *sed, const char *p)
{
	for (;;) {
		struct edit *e;

		p += strspn(p, "; \t\n");
		if (!*p)
			return true;
		if (sed->n == EDITS_MAX)
			return false;
		e = &sed->edits[sed->n++];
		e->from = e->to = read_address(&p);
		if (*p == ',' && e->from) {
			p++;
			e->to = read_address(&p);
			if (!e->to)
				return false;
		}
		p += strspn(p, " ");
		e->verb = *p;
		if (!*p++ || !(e->verb == 's' ? read_s(&p, sed, e) :
			       e->verb == 'y' ? read_y(&p, e) : strchr("dpq", e->verb) != NULL))
			return false;
		if (*p && !strchr("; \t\n", *p))
			return false;
	}
}

static void substitute(struct sed *sed, const struct edit *e, struct buf *line, bool *ret_any)
{
	autobuf out = {0};
	const char *s = buf_str(line), *end = s + line->len, *stop = NULL;
	size_t count = 0;

	for (const char *p = s; p <= end && sed->steps;) {
		const char *last = stop;
		bool hit = match(&e->re, 0, p, end, &stop, &sed->steps) && (stop > p || p != last);
		bool counts = hit && (!e->which || ++count == e->which);

		if (counts) {
			for (const char *w = e->with; *w; w++) {
				if (*w == WHOLE)
					buf_put(&out, p, (size_t)(stop - p));
				else
					buf_putc(&out, *w);
			}
			*ret_any = true;
		}
		if (hit && stop > p) {
			if (!counts)
				buf_put(&out, p, (size_t)(stop - p));
			p = stop;
		} else {
			if (p < end)
				buf_putc(&out, *p);
			p++;
		}
		if (out.len > 2 * SHELL_TEXT_MAX)
			sed->steps = 0;
		if ((counts && !e->all) || e->re.from_start) {
			if (p < end)
				buf_put(&out, p, (size_t)(end - p));
			break;
		}
	}
	buf_done(line);
	*line = out;
	out = (struct buf){0};
}

/* One line through all edits. Return false at q. */
static bool sed_line(struct output *o, struct sed *sed, const struct line *l, size_t number, bool is_last)
{
	autobuf line = {0}, printed = {0};
	bool deleted = false, quits = false;

	buf_put(&line, l->s, l->len);
	for (size_t i = 0; i < sed->n && !deleted && !quits; i++) {
		const struct edit *e = &sed->edits[i];
		size_t from = e->from == SIZE_MAX ? (is_last ? number : SIZE_MAX) : e->from;
		bool any = false;

		if (e->from && (number < from || number > MAX(e->to, from)))
			continue;
		if (e->verb == 's')
			substitute(sed, e, &line, &any);
		for (size_t k = 0; e->verb == 'y' && k < line.len; k++)
			line.data[k] = e->with[(unsigned char)line.data[k]];
		if (e->verb == 'p' || (any && e->prints)) {
			buf_put(&printed, buf_str(&line), line.len);
			buf_putc(&printed, '\n');
		}
		deleted = e->verb == 'd';
		quits = e->verb == 'q';
	}
	if (!deleted && !sed->quiet) {
		buf_put(&printed, buf_str(&line), line.len);
		buf_putc(&printed, '\n');
	}
	/* What is printed of a last line that has no newline gets none either. */
	buf_put(o->out, buf_str(&printed), printed.len - (printed.len && !l->newline));
	o->out->failed |= line.failed | printed.failed;
	return !quits;
}

static bool sed_options(struct output *o, struct sed *sed)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	const char *scripts[EDITS_MAX], *operand = NULL;
	size_t n = 0;
	int arg;

	while ((arg = args_next(&a, "e"))) {
		if (arg == 'e' && n < EDITS_MAX)
			scripts[n++] = a.value;
		else if (arg == 'n')
			sed->quiet = true;
		else if (arg == 'E' || arg == 'r')
			sed->extended = true;
		else if (arg == ARG_OPERAND && !operand)
			operand = a.value;
		else if (arg != 'u' && arg != 's')
			return false;
	}
	if (!n && operand) {
		scripts[n++] = operand;
		operand = NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (!read_script(sed, scripts[i]))
			return false;
	return n && (!operand || streq(operand, "-"));
}

bool output_sed(struct output *o)
{
	autofree struct sed *sed = calloc(1, sizeof(*sed));
	size_t n = 0;
	autofree struct line *lines = output_lines(o, &n);
	bool known = sed && lines && sed_options(o, sed);

	if (known)
		sed->steps = STEPS_MAX;
	for (size_t i = 0; known && i < n; i++) {
		if (!sed_line(o, sed, &lines[i], i + 1, i + 1 == n))
			break;
		known = sed->steps && o->out->len <= 2 * SHELL_TEXT_MAX;
	}
	for (size_t i = 0; sed && i < sed->n; i++)
		free(sed->edits[i].with);
	return known && sed->steps;
}

/* ---- awk --------------------------------------------------------------------------------------- */

/* { print "a" $1, $NF } or printf "…", with BEGIN or for each line. */
struct awk {
	const char *body; /* behind '{' */
	bool begin;
	char separator; /* ' ': any white space */
	struct line fields[FIELDS_MAX];
	size_t n;
};

static void split_fields(struct awk *w, const struct line *l)
{
	const char *p = l->s, *end = p + l->len;

	for (w->n = 0; w->n < FIELDS_MAX;) {
		const char *stop;

		while (w->separator == ' ' && p < end && isspace((unsigned char)*p))
			p++;
		if (p >= end)
			return;
		for (stop = p; stop < end; stop++)
			if (w->separator == ' ' ? isspace((unsigned char)*stop) : *stop == w->separator)
				break;
		w->fields[w->n++] = (struct line){p, (size_t)(stop - p), false};
		p = stop + (w->separator != ' ');
	}
}

/* $0, $3, $NF, "text": one term. */
static bool awk_term(struct output *o, const struct awk *w, const struct line *l, const char **p)
{
	if (**p == '"') {
		autobuf text = {0};

		for ((*p)++; **p && **p != '"'; (*p)++) {
			if (**p == '\\' && (*p)[1])
				buf_putc(&text, *(*p)++);
			buf_putc(&text, **p);
		}
		(void)decode_backslash(buf_str(&text), text.len, o->out);
		return *(*p)++ == '"' || ((*p)--, false);
	}
	if (**p == '$' && !w->begin) {
		size_t i = w->n;

		(*p)++;
		if (str_starts(*p, "NF"))
			*p += 2;
		else if (isdigit((unsigned char)**p))
			i = read_address(p);
		else
			return false;
		if (!i)
			buf_put(o->out, l->s, l->len);
		else if (i <= w->n)
			buf_put(o->out, w->fields[i - 1].s, w->fields[i - 1].len);
		return w->n < FIELDS_MAX && !isalpha((unsigned char)**p);
	}
	return false;
}

static bool awk_statement(struct output *o, const struct awk *w, const struct line *l, const char **p)
{
	bool is_printf = str_starts(*p, "printf"), paren, any = false;

	if (!is_printf && !str_starts(*p, "print"))
		return false;
	*p += is_printf ? 6 : 5;
	*p += strspn(*p, " ");
	paren = **p == '(';
	for (*p += paren; **p && !strchr(";})", **p); *p += strspn(*p, " ")) {
		size_t before = o->out->len;

		if (**p == ',') {
			if (is_printf || !any)
				return false;
			buf_putc(o->out, ' ');
			(*p)++;
			continue;
		}
		if (!awk_term(o, w, l, p) || (is_printf && o->out->len > before &&
					      memchr(o->out->data + before, '%', o->out->len - before)))
			return false;
		any = true;
	}
	if (!any && !is_printf && l)
		buf_put(o->out, l->s, l->len);
	if (paren && *(*p)++ != ')')
		return false;
	if (!is_printf)
		buf_putc(o->out, '\n');
	return true;
}

static bool awk_run(struct output *o, struct awk *w, const struct line *l)
{
	const char *p = w->body;

	if (l)
		split_fields(w, l);
	for (;;) {
		p += strspn(p, "; \t\n");
		if (*p == '}')
			return !p[1 + strspn(p + 1, " \t\n;")];
		if (!*p || !awk_statement(o, w, l, &p) || o->out->len > SHELL_TEXT_MAX)
			return false;
	}
}

bool output_awk(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	struct awk w = {.separator = ' '};
	autofree struct line *lines = NULL;
	const char *script = NULL;
	size_t n = 0;
	int arg;

	while ((arg = args_next(&a, "F"))) {
		if (arg == 'F' && strlen(a.value) == 1)
			w.separator = a.value[0];
		else if (arg == ARG_OPERAND && !script)
			script = a.value;
		else
			return false;
	}
	if (!script)
		return false;
	script += strspn(script, " \t\n");
	w.begin = str_starts(script, "BEGIN");
	script += w.begin ? 5 : 0;
	script += strspn(script, " \t\n");
	if (*script != '{')
		return false;
	w.body = script + 1;
	if (w.begin)
		return awk_run(o, &w, NULL);
	lines = output_lines(o, &n);
	if (n * strlen(script) > 8 * SHELL_TEXT_MAX)
		return false;
	for (size_t i = 0; lines && i < n; i++)
		if (!awk_run(o, &w, &lines[i]))
			return false;
	return lines;
}
