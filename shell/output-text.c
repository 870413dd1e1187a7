/* head, tail, tac, rev, cut, tr, sort, uniq, paste -s, fold: of stdin, where it is known. */
#include "shell/output-impl.h"

#include <ctype.h>

/* Is the operand stdin? */
static bool is_stdin(const char *operand)
{
	return streq(operand, "-") || streq(operand, "/dev/stdin") || streq(operand, "/dev/fd/0");
}

/* Only options among @letters, only stdin. *ret_seen: bit of the place in @letters. */
static bool only_options(const struct output *o, const char *letters, unsigned *ret_seen)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	int arg;

	*ret_seen = 0;
	while ((arg = args_next(&a, ""))) {
		const char *at = arg > ARG_BAD ? strchr(letters, arg) : NULL;

		if (at)
			*ret_seen |= 1u << (at - letters);
		else if (arg != ARG_OPERAND || !is_stdin(a.value))
			return false;
	}
	return o->in;
}

/* ---- head and tail ----------------------------------------------------------------------------- */

struct cut_off {
	char unit; /* 'n' lines, 'c' bytes */
	char sign; /* '+', '-', 0 */
	size_t count;
};

static bool read_count(const char *s, struct cut_off *c)
{
	c->sign = *s == '+' || *s == '-' ? *s++ : 0;
	return output_number(s, &c->count);
}

static bool read_cut_off(const struct output *o, struct cut_off *c)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	int arg;

	*c = (struct cut_off){.unit = 'n', .count = 10};
	for (; a.i < a.n; ) {
		const char *s = a.v[a.i];

		/* -5, and of old +5 */
		if ((s[0] == '-' || s[0] == '+') && isdigit((unsigned char)s[1]) && !a.cluster) {
			if (!output_number(s + 1, &c->count))
				return false;
			c->sign = s[0] == '+' ? '+' : 0;
			a.i++;
			continue;
		}
		arg = args_next(&a, "nc");
		if (arg == 'n' || arg == 'c') {
			c->unit = (char)arg;
			if (!read_count(a.value, c))
				return false;
		} else if (arg == ARG_LONG && (str_starts(a.value, "lines=") || str_starts(a.value, "bytes="))) {
			c->unit = a.value[0] == 'l' ? 'n' : 'c';
			if (!read_count(a.value + 6, c))
				return false;
		} else if (arg == ARG_OPERAND ? !is_stdin(a.value) : arg != 'q') {
			return false;
		}
	}
	return o->in && !a.cluster;
}

/* Where line or byte number @n (from 0) begins, or the end. */
static size_t place(const struct output *o, const struct cut_off *c, size_t n)
{
	size_t i = 0;

	if (c->unit == 'c')
		return MIN(n, o->in_len);
	for (; n && i < o->in_len; n--) {
		const char *nl = memchr(o->in + i, '\n', o->in_len - i);

		i = nl ? (size_t)(nl + 1 - o->in) : o->in_len;
	}
	return i;
}

static size_t how_many(const struct output *o, const struct cut_off *c)
{
	size_t n = 0;

	if (c->unit == 'c')
		return o->in_len;
	for (size_t i = 0; i < o->in_len; n++)
		i += place(&(struct output){.in = o->in + i, .in_len = o->in_len - i}, c, 1);
	return n;
}

bool output_head(struct output *o)
{
	struct cut_off c;
	const char *unknown;
	size_t all, end;

	if (!read_cut_off(o, &c))
		return false;
	unknown = memchr(o->in, SHELL_UNKNOWN, o->in_len);
	all = c.sign == '-' ? how_many(o, &c) : 0;
	end = place(o, &c, c.sign == '-' ? all - MIN(all, c.count) : c.count);
	if (unknown && (c.sign == '-' || end > (size_t)(unknown - o->in))) {
		if (c.unit == 'c')
			return false;
		end = o->in_len; /* how many lines that is, is not known: all of them, then */
	}
	buf_put(o->out, o->in, end);
	return true;
}

bool output_tail(struct output *o)
{
	struct cut_off c;
	size_t all, from;

	if (!read_cut_off(o, &c))
		return false;
	all = how_many(o, &c);
	from = place(o, &c, c.sign == '+' ? c.count - MIN(c.count, (size_t)1) : all - MIN(all, c.count));
	buf_put(o->out, o->in + from, o->in_len - from);
	return true;
}

/* ---- order ------------------------------------------------------------------------------------- */

bool output_tac(struct output *o)
{
	size_t n = 0;
	unsigned seen;
	autofree struct line *lines = output_lines(o, &n);

	if (!lines || !only_options(o, "", &seen))
		return false;
	while (n--)
		buf_put(o->out, lines[n].s, lines[n].len + lines[n].newline);
	return true;
}

bool output_rev(struct output *o)
{
	size_t n = 0;
	unsigned seen;
	autofree struct line *lines = output_lines(o, &n);

	if (!lines || !only_options(o, "", &seen))
		return false;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = lines[i].len; k; k--)
			buf_putc(o->out, lines[i].s[k - 1]);
		buf_put(o->out, "\n", lines[i].newline);
	}
	o->decoded = true;
	return true;
}

static int compare_lines(const void *x, const void *y)
{
	const struct line *a = x, *b = y;
	int c = memcmp(a->s, b->s, MIN(a->len, b->len));

	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int compare_numbers(const void *x, const void *y)
{
	double a = strtod(((const struct line *)x)->s, NULL), b = strtod(((const struct line *)y)->s, NULL);

	return a < b ? -1 : a > b ? 1 : compare_lines(x, y);
}

bool output_sort(struct output *o)
{
	enum { REVERSE = 1, UNIQUE = 2, NUMERIC = 4 };
	size_t n = 0;
	unsigned seen;
	autofree struct line *lines = output_lines(o, &n);

	if (!lines || !only_options(o, "run", &seen))
		return false;
	qsort(lines, n, sizeof(*lines), seen & NUMERIC ? compare_numbers : compare_lines);
	for (size_t i = 0; i < n; i++) {
		const struct line *l = &lines[seen & REVERSE ? n - 1 - i : i];

		if (!(seen & UNIQUE) || !i || compare_lines(l, &lines[seen & REVERSE ? n - i : i - 1]) != 0)
			output_put_line(o, l->s, l->len);
	}
	return true;
}

bool output_uniq(struct output *o)
{
	size_t n = 0;
	unsigned seen;
	autofree struct line *lines = output_lines(o, &n);

	if (!lines || !only_options(o, "", &seen))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!i || compare_lines(&lines[i], &lines[i - 1]) != 0)
			output_put_line(o, lines[i].s, lines[i].len);
	return true;
}

/* ---- shape ------------------------------------------------------------------------------------- */

bool output_paste(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	bool serial = false;
	char sep = '\t';
	bool none = false;
	size_t n = 0;
	autofree struct line *lines = output_lines(o, &n);
	int arg;

	while ((arg = args_next(&a, "d"))) {
		if (arg == 's')
			serial = true;
		else if (arg == 'd' && strlen(a.value) <= 1)
			none = !*a.value, sep = *a.value;
		else if (arg == 'd' && streq(a.value, "\\0"))
			none = true;
		else if (arg == 'd' && streq(a.value, "\\n"))
			sep = '\n';
		else if (arg != ARG_OPERAND || !is_stdin(a.value))
			return false;
	}
	if (!serial || !lines)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (i && !none)
			buf_putc(o->out, sep);
		buf_put(o->out, lines[i].s, lines[i].len);
	}
	buf_putc(o->out, '\n');
	return true;
}

bool output_fold(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	size_t width = 80, column = 0;
	int arg;

	while ((arg = args_next(&a, "w"))) {
		if (arg == 'w' ? !output_number(a.value, &width) || !width :
				 arg != 'b' && (arg != ARG_OPERAND || !is_stdin(a.value)))
			return false;
	}
	for (size_t i = 0; i < o->in_len; i++) {
		if (o->in[i] == '\n' || column == width) {
			if (o->in[i] != '\n')
				buf_putc(o->out, '\n');
			column = 0;
		}
		if (o->in[i] != '\n')
			column++;
		buf_putc(o->out, o->in[i]);
	}
	return o->in;
}

/* ---- cut --------------------------------------------------------------------------------------- */

#define RANGES_MAX 64

struct ranges {
	size_t from[RANGES_MAX], to[RANGES_MAX], n;
};

/* "1-3,5,7-" */
static bool read_ranges(const char *s, struct ranges *r)
{
	for (r->n = 0; *s; s += *s == ',' || *s == ' ') {
		char *end;
		unsigned long from = 1, to;

		if (r->n == RANGES_MAX || (!isdigit((unsigned char)*s) && *s != '-'))
			return false;
		if (*s != '-') {
			from = strtoul(s, &end, 10);
			s = end;
		}
		to = from;
		if (*s == '-') {
			to = SIZE_MAX;
			if (isdigit((unsigned char)*++s)) {
				to = strtoul(s, &end, 10);
				s = end;
			}
		}
		if (*s && *s != ',' && *s != ' ')
			return false;
		r->from[r->n] = from;
		r->to[r->n++] = to;
	}
	return r->n;
}

static bool in_any(const struct ranges *r, size_t i)
{
	for (size_t k = 0; k < r->n; k++)
		if (i >= r->from[k] && i <= r->to[k])
			return true;
	return false;
}

static void cut_bytes(struct output *o, const struct line *l, const struct ranges *r)
{
	for (size_t i = 0; i < l->len; i++)
		if (in_any(r, i + 1))
			buf_putc(o->out, l->s[i]);
	buf_putc(o->out, '\n');
}

static void cut_fields(struct output *o, const struct line *l, const struct ranges *r, char sep)
{
	const char *p = l->s, *end = l->s + l->len;
	bool any = false;

	for (size_t field = 1; p <= end; field++) {
		const char *stop = memchr(p, sep, (size_t)(end - p));

		if (!stop)
			stop = end;
		if (in_any(r, field)) {
			if (any)
				buf_putc(o->out, sep);
			buf_put(o->out, p, (size_t)(stop - p));
			any = true;
		}
		p = stop + 1;
	}
	buf_putc(o->out, '\n');
}

bool output_cut(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	size_t n = 0;
	autofree struct line *lines = output_lines(o, &n);
	struct ranges r = {.n = 0};
	bool fields = false, skip = false;
	char sep = '\t';
	int arg;

	while ((arg = args_next(&a, "bcfd"))) {
		if (arg == 'd' && strlen(a.value) == 1)
			sep = a.value[0];
		else if (arg == 'b' || arg == 'c' || arg == 'f') {
			fields = arg == 'f';
			if (!read_ranges(a.value, &r))
				return false;
		} else if (arg == 's')
			skip = true;
		else if (arg != ARG_OPERAND || !is_stdin(a.value))
			return false;
	}
	if (!r.n || !lines)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!fields)
			cut_bytes(o, &lines[i], &r);
		else if (memchr(lines[i].s, sep, lines[i].len))
			cut_fields(o, &lines[i], &r, sep);
		else if (!skip)
			output_put_line(o, lines[i].s, lines[i].len);
	}
	return true;
}

/* ---- tr ---------------------------------------------------------------------------------------- */

#define SET_MAX 1024

struct set {
	unsigned char c[SET_MAX];
	size_t n;
};

static bool set_add(struct set *s, int c)
{
	if (s->n == SET_MAX)
		return false;
	s->c[s->n++] = (unsigned char)c;
	return true;
}

static const struct {
	const char *name;
	int (*is)(int);
} classes[] = {
	{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl}, {"digit", isdigit},
	{"graph", isgraph}, {"lower", islower}, {"print", isprint}, {"punct", ispunct}, {"space", isspace},
	{"upper", isupper}, {"xdigit", isxdigit},
};

/* "[:name:]" at *p. 0: none there; -1: an unknown one. */
static int set_class(struct set *s, const char **p)
{
	const char *end;

	if ((*p)[0] != '[' || !(*p)[1])
		return 0;
	if ((*p)[1] == '=' || ((*p)[2] == '*' && strchr(*p, ']')))
		return -1; /* equivalence classes, repetition */
	if ((*p)[1] != ':')
		return 0;
	end = strstr(*p + 2, ":]");
	if (!end)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if ((size_t)(end - *p - 2) != strlen(classes[i].name) ||
		    strncmp(*p + 2, classes[i].name, strlen(classes[i].name)) != 0)
			continue;
		for (int c = 0; c < 128; c++)
			if (classes[i].is(c) && !set_add(s, c))
				return -1;
		*p = end + 2;
		return 1;
	}
	return -1;
}

/* One character at *p, escaped or not. */
static int set_char(const char **p)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	const char *at;
	int c = (unsigned char)*(*p)++;

	if (c != '\\' || !**p)
		return c;
	c = (unsigned char)*(*p)++;
	if (c >= '0' && c <= '7') {
		c -= '0';
		for (int i = 0; i < 2 && **p >= '0' && **p <= '7'; i++)
			c = c * 8 + (*(*p)++ - '0');
		return c & 0xff;
	}
	at = strchr(from, c);
	return at ? to[at - from] : c;
}

static bool read_set(const char *p, struct set *s)
{
	s->n = 0;
	while (*p) {
		int class = set_class(s, &p), c, last;

		if (class < 0)
			return false;
		if (class)
			continue;
		c = last = set_char(&p);
		if (p[0] == '-' && p[1]) {
			p++;
			last = set_char(&p);
		}
		if (last < c)
			return false;
		for (; c <= last; c++)
			if (!set_add(s, c))
				return false;
	}
	return true;
}

static void complement(struct set *s)
{
	bool in[256] = {false};

	for (size_t i = 0; i < s->n; i++)
		in[s->c[i]] = true;
	s->n = 0;
	for (int c = 0; c < 256; c++)
		if (!in[c])
			s->c[s->n++] = (unsigned char)c;
}

struct tr {
	bool deletes, squeezes;
	unsigned char map[256];
	bool remove[256], squeeze[256];
};

static void tr_apply(struct output *o, const struct tr *t)
{
	int last = -1;

	for (size_t i = 0; i < o->in_len; i++) {
		unsigned char c = (unsigned char)o->in[i];

		if (t->deletes && t->remove[c]) {
			o->decoded |= isalnum(c) != 0;
			continue;
		}
		o->decoded |= isalnum(t->map[c]) && t->map[c] != c;
		c = t->map[c];
		if (t->squeezes && t->squeeze[c] && c == last)
			continue;
		last = c;
		buf_putc(o->out, (char)c);
	}
}

bool output_tr(struct output *o)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	struct set sets[2] = {{.n = 0}, {.n = 0}};
	struct tr t = {.deletes = false};
	bool inverse = false, truncate = false;
	size_t n = 0;
	int arg;

	while ((arg = args_next(&a, ""))) {
		if (arg == 'd')
			t.deletes = true;
		else if (arg == 's')
			t.squeezes = true;
		else if (arg == 'c' || arg == 'C')
			inverse = true;
		else if (arg == 't')
			truncate = true;
		else if (arg != ARG_OPERAND || n == 2 || !read_set(a.value, &sets[n++]))
			return false;
		a.only_operands |= arg == ARG_OPERAND; /* "-" is a character */
	}
	if (!n || !o->in || (n == 1 && !t.deletes && !t.squeezes))
		return false;
	if (inverse)
		complement(&sets[0]);
	for (int c = 0; c < 256; c++)
		t.map[c] = (unsigned char)c;
	for (size_t i = 0; i < sets[0].n; i++) {
		t.remove[sets[0].c[i]] = true;
		if (!t.deletes && sets[1].n && (i < sets[1].n || !truncate))
			t.map[sets[0].c[i]] = sets[1].c[MIN(i, sets[1].n - 1)];
	}
	for (size_t i = 0; i < sets[n - 1].n; i++)
		t.squeeze[sets[n - 1].c[i]] = true;
	tr_apply(o, &t);
	return true;
}
