#include "shell/code-value.h"

#include "text/decode.h"

#include <ctype.h>

#define DEPTH_MAX 16
#define VALUE_MAX ((size_t)64 << 10)

static const char unknown[] = {SHELL_UNKNOWN, '\0'};

/* ---- variables ---- */

const struct code_var *code_var(const struct code_scan *s, const char *name, size_t len)
{
	for (size_t i = s->n_vars; i-- > 0;)
		if (s->vars[i].len == len && memcmp(s->vars[i].name, name, len) == 0)
			return &s->vars[i];
	return NULL;
}

void code_set(struct code_scan *s, const char *name, size_t len, const char *value, bool is_name)
{
	struct code_var *v = NULL;

	for (size_t i = 0; i < s->n_vars && !v; i++)
		if (s->vars[i].len == len && memcmp(s->vars[i].name, name, len) == 0)
			v = &s->vars[i];
	if (!v && s->n_vars < CODE_VARS)
		v = &s->vars[s->n_vars++];
	if (v)
		*v = (struct code_var){
			.name = name, .len = len, .value = value, .is_name = is_name};
}

bool code_word_in(const char *list, const char *p, size_t len)
{
	while (len && *list) {
		size_t n = strcspn(list, " ");

		if (n == len && memcmp(list, p, n) == 0)
			return true;
		list += n + (list[n] == ' ');
	}
	return false;
}

/* ---- building ---- */

static void put(struct code_scan *s, struct buf *out, const char *text, size_t len)
{
	if (len > s->budget || out->len + len > VALUE_MAX) {
		if (out->len < VALUE_MAX)
			buf_putc(out, SHELL_UNKNOWN);
		return;
	}
	s->budget -= len;
	buf_put(out, text, len);
}

static void put_str(struct code_scan *s, struct buf *out, const char *text)
{
	put(s, out, text, strlen(text));
}

static const char *keep(struct code_scan *s, struct buf *b)
{
	const char *text =
		buf_failed(b) ? NULL
			      : arena_strndup(&s->place->a->arena, buf_str(b), strlen(buf_str(b)));

	return text ? text : unknown;
}

static void put_home(struct code_scan *s, struct buf *out)
{
	put_str(s, out, s->place->home ? s->place->home : unknown);
}

/* ---- literals ---- */

/* A variable that is put into a string: $x, ${x}, #{x}, {x}. */
static void put_var(struct code_scan *s, struct buf *out, const char *p, size_t len)
{
	const struct code_var *v;

	while (len && isspace((unsigned char)*p))
		p++, len--;
	while (len && isspace((unsigned char)p[len - 1]))
		len--;
	if (code_word_in("$ENV{HOME} $ENV{'HOME'} $ENV{\"HOME\"} ENV['HOME'] Dir.home os.homedir() "
			 "process.env.HOME Path.home() $HOME",
			 p, len)) {
		put_home(s, out);
		return;
	}
	v = code_var(s, p, len);
	if (!v && len > 1 && strchr("$@", *p))
		v = code_var(s, p + 1, len - 1);
	put_str(s, out, v && !v->is_name ? v->value : unknown);
}

static size_t braces_end(const char *p, size_t i, size_t len)
{
	size_t depth = 0;

	for (; i < len; i++) {
		if (p[i] == '{')
			depth++;
		else if (p[i] == '}' && --depth == 0)
			return i + 1;
	}
	return len;
}

/* The length of what stands at @p for a value, 0 if nothing does; the name of the variable in
 * *name. */
static size_t interpolation(const struct code_scan *s, const struct token *t, const char *p,
			    size_t len, const char **name, size_t *name_len)
{
	size_t n = 0, skip = 0;

	if (t->flags & STRING_FORMAT) {
		if (*p != '{' || (len > 1 && p[1] == '{'))
			return 0;
		skip = 1;
	} else if (s->l.lang == CODE_RUBY) {
		if (*p != '#' || len < 2 || p[1] != '{')
			return 0;
		skip = 2;
	} else if (len > 1 && (p[0] == '$' || (p[0] == '{' && p[1] == '$')) && p[1] == '{') {
		skip = 2;
	} else if (len > 1 && p[0] == '{' && p[1] == '$' && s->l.lang == CODE_PHP) {
		skip = 1;
	}
	if (skip) {
		n = braces_end(p, skip - 1, len);
		*name = p + skip;
		*name_len = n > skip ? n - skip - (p[n - 1] == '}') : 0;
		for (size_t i = 0; t->flags & STRING_FORMAT && i < *name_len; i++)
			if ((*name)[i] == ':' || (*name)[i] == '!')
				*name_len = i;
		return n;
	}
	if (*p != '$' || s->l.lang == CODE_JS || len < 2 ||
	    !(isalpha((unsigned char)p[1]) || p[1] == '_'))
		return 0;
	for (n = 1; n < len && (isalnum((unsigned char)p[n]) || p[n] == '_'); n++)
		;
	if (n < len && p[n] == '{') /* $ENV{HOME} */
		n = braces_end(p, n, len);
	*name = p;
	*name_len = n;
	return n;
}

static void put_escaped(struct code_scan *s, struct buf *out, const struct token *t, const char *p,
			size_t len)
{
	autobuf b = {0};

	if (len == 0)
		return;
	if (t->flags & STRING_RAW) {
		for (size_t i = 0; i < len; i++) {
			if (s->l.lang != CODE_PYTHON && p[i] == '\\' && i + 1 < len &&
			    (p[i + 1] == '\\' || p[i + 1] == '\''))
				i++;
			buf_putc(&b, p[i]);
		}
	} else if (memchr(p, '\\', len)) {
		(void)decode_backslash(p, len, &b);
	} else {
		put(s, out, p, len);
		return;
	}
	/* A NUL would cut the text: what follows it would be hidden. */
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\0')
			b.data[i] = SHELL_UNKNOWN;
	put(s, out, buf_str(&b), b.len);
}

static void put_string(struct code_scan *s, struct buf *out, const struct token *t)
{
	const char *p = s->l.text + t->start, *end = p + t->len, *plain = p, *name = NULL;
	bool interpolates = t->flags & (STRING_FORMAT | STRING_INTERP) &&
			    !(t->flags & STRING_RAW && t->flags & STRING_INTERP);
	size_t name_len = 0;

	for (; interpolates && p < end; p++) {
		size_t n;

		if (*p == '\\' && !(t->flags & STRING_RAW)) {
			p++;
			continue;
		}
		n = strchr("${#", *p) ? interpolation(s, t, p, (size_t)(end - p), &name, &name_len)
				      : 0;
		if (!n)
			continue;
		put_escaped(s, out, t, plain, (size_t)(p - plain));
		put_var(s, out, name, name_len);
		plain = p + n;
		p = plain - 1;
	}
	put_escaped(s, out, t, plain, (size_t)(end - plain));
}

/* ---- calls without an effect ---- */

static size_t put_expr(struct code_scan *s, size_t i, size_t end, struct buf *out, unsigned depth);

/* Where the argument that starts at @i ends, within a bracket that is closed at @close. */
static size_t arg_end(const struct code_scan *s, size_t i, size_t close)
{
	while (i < close && !lex_is(&s->l, i, ','))
		i = MAX(i, (size_t)s->l.v[i].match) + 1;
	return MIN(i, close);
}

#define ARGS_MAX 12

/* The values of the arguments between the brackets @open and @close. */
static size_t arg_values(struct code_scan *s, size_t open, size_t close, const char *v[ARGS_MAX],
			 unsigned depth)
{
	size_t n = 0, i = open + 1;

	while (i < close && n < ARGS_MAX) {
		size_t e = arg_end(s, i, close);
		autobuf b = {0};

		(void)put_expr(s, i, e, &b, depth + 1);
		v[n++] = keep(s, &b);
		i = e + 1;
	}
	return n;
}

static void join_paths(struct code_scan *s, struct buf *out, const char *const *v, size_t n,
		       bool resets)
{
	for (size_t i = 0; i < n; i++) {
		if (resets && v[i][0] == '/')
			out->len = 0;
		else if (out->len && out->data[out->len - 1] != '/')
			put(s, out, "/", 1);
		put_str(s, out, v[i]);
	}
}

/* chr(47), String.fromCharCode(47, 101), bytes([47, 101]) */
static void put_chars(struct code_scan *s, size_t open, size_t close, struct buf *out)
{
	for (size_t i = open + 1; i < close; i++) {
		const struct token *t = &s->l.v[i];
		char digits[12] = "", c;

		if (t->kind == TOKEN_NAME) {
			put_str(s, out, unknown);
			return;
		}
		if (t->kind != TOKEN_NUMBER)
			continue;
		memcpy(digits, s->l.text + t->start, MIN(t->len, sizeof(digits) - 1));
		c = (char)strtoul(digits, NULL, 0);
		put(s, out, c ? &c : unknown, 1);
	}
}

static void put_decoded(struct code_scan *s, struct buf *out,
			bool (*decode)(const char *, size_t, struct buf *), const char *text)
{
	autobuf b = {0};

	if (strchr(text, SHELL_UNKNOWN) || !decode(text, strlen(text), &b)) {
		put_str(s, out, unknown);
		return;
	}
	s->decoded = true;
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\0')
			b.data[i] = SHELL_UNKNOWN;
	put(s, out, buf_str(&b), b.len);
}

static void put_reversed(struct code_scan *s, struct buf *out, const char *text)
{
	for (size_t i = strlen(text); i-- > 0;)
		put(s, out, text + i, 1);
}

/* A text with %s, %d, {} in it: each is unknown. */
static void put_format(struct code_scan *s, struct buf *out, const char *text)
{
	for (; *text; text++) {
		size_t n = 0;

		if (*text == '%' && text[1] == '%')
			n = 1;
		else if (*text == '%')
			n = 1 + strcspn(text + 1, "sdrxoucfgiaqv") + 1;
		else if (*text == '{')
			n = strcspn(text, "}") + 1;
		if (n) {
			put_str(s, out, unknown);
			text += MIN(n, strlen(text)) - 1;
		} else {
			put(s, out, text, 1);
		}
	}
}

static bool percent(const char *in, size_t len, struct buf *out)
{
	(void)decode_percent(in, len, out);
	return true;
}

static bool rot13(const char *in, size_t len, struct buf *out)
{
	decode_rot13(in, len, out);
	return true;
}

/* The decoder that a codec's name ("base64", "hex", "H*", "m") stands for. */
static bool (*codec(const char *name))(const char *, size_t, struct buf *)
{
	if (strstr(name, "base64") || name[0] == 'm')
		return decode_base64;
	if (strstr(name, "rot"))
		return rot13;
	return name[0] == 'h' || name[0] == 'H' ? decode_hex : NULL;
}

/* name(args) where @recv is the text that a method is called on, or NULL. False: it is not one of
 * the calls that are known. */
static bool put_pure(struct code_scan *s, const char *name, size_t len, const char *recv,
		     size_t open, size_t close, struct buf *out, unsigned depth)
{
	const char *v[ARGS_MAX];
	size_t n;

#define IS(list) code_word_in(list, name, len)
	if (IS("home homedir"))
		return put_home(s, out), true;
	if (IS("chr fromCharCode fromCodePoint bytes bytearray utf8_char") && close > open + 1 &&
	    (s->l.v[open + 1].kind == TOKEN_NUMBER || lex_is(&s->l, open + 1, '[')))
		return put_chars(s, open, close, out), true;
	n = arg_values(s, open, close, v, depth);
	if (recv &&
	    IS("decode encode toString strip trim to_s to_str expanduser expand_path resolve "
	       "absolute as_posix chomp freeze str "
	       "rstrip lstrip to_path toPath normalize realpath toString lower toLowerCase"))
		return put_str(s, out, recv), true;
	if (recv && IS("format"))
		return put_format(s, out, recv), true;
	if (recv && IS("joinpath join_path concat"))
		return put_str(s, out, recv), join_paths(s, out, v, IS("concat") ? 0 : n, true),
		       IS("concat") && n ? put_str(s, out, v[0]) : (void)0, true;
	if (recv && IS("unpack unpack1") && n && codec(v[0]))
		return put_decoded(s, out, codec(v[0]), recv), true;
	if (recv && IS("pack") && n && codec(v[0]))
		return put_decoded(s, out, codec(v[0]), recv), true;
	if (recv && IS("reverse"))
		return put_reversed(s, out, recv), true;
	if (n && IS("getenv get fetch env") && (streq(v[0], "HOME") || streq(v[0], "USERPROFILE")))
		return put_home(s, out), true;
	if (recv || !n)
		return false;
	if (IS("join resolve path file.path Path PurePath PosixPath Pathname File URL of catfile "
	       "catdir joinPath"))
		return join_paths(s, out, v, n, s->l.lang == CODE_PYTHON || IS("resolve")), true;
	if (IS("expanduser expandvars expand_path abspath realpath normpath str String encode "
	       "fspath unicode Text require __import__ "
	       "import_module path.expand normalizePath fileURLToPath compile Function "
	       "reversed_path"))
		return put_str(s, out, v[0]), true;
	if (IS("b64decode standard_b64decode urlsafe_b64decode atob decode64 strict_decode64 "
	       "urlsafe_decode64 "
	       "decode_base64 base64_decode base64decode"))
		return put_decoded(s, out, decode_base64, v[0]), true;
	if (IS("b32decode"))
		return put_decoded(s, out, decode_base32, v[0]), true;
	if (IS("fromhex unhexlify a2b_hex hex2bin hex2raw"))
		return put_decoded(s, out, decode_hex, v[0]), true;
	if (IS("unquote unquote_plus decodeURIComponent decodeURI unescape uri_unescape urldecode "
	       "rawurldecode"))
		return put_decoded(s, out, percent, v[0]), true;
	if (IS("str_rot13"))
		return put_decoded(s, out, rot13, v[0]), true;
	if (IS("strrev"))
		return put_reversed(s, out, v[0]), true;
	if (n > 1 && IS("from decode") && codec(v[1]))
		return put_decoded(s, out, codec(v[1]), v[0]), true;
	if (n > 1 && IS("pack") && codec(v[0]))
		return put_decoded(s, out, codec(v[0]), v[1]), true;
	if (IS("from"))
		return put_str(s, out, v[0]), true;
	if (IS("sprintf format"))
		return put_format(s, out, v[0]), true;
	if (IS("paste0 concat")) {
		for (size_t i = 0; i < n; i++)
			put_str(s, out, v[i]);
		return true;
	}
	return false;
#undef IS
}

/* ---- expressions ---- */

/* [ 'a', 'b' ].join(sep), sep.join([ 'a', 'b' ]) */
static void put_joined(struct code_scan *s, size_t open, size_t close, const char *sep,
		       struct buf *out, unsigned depth)
{
	size_t i = open + 1;
	bool first = true;

	while (i < close) {
		size_t e = arg_end(s, i, close);

		if (!first)
			put_str(s, out, sep);
		first = false;
		(void)put_expr(s, i, e, out, depth + 1);
		i = e + 1;
	}
}

static size_t put_list(struct code_scan *s, size_t i, size_t end, struct buf *out, unsigned depth)
{
	size_t close = s->l.v[i].match, len = 0, recv_len;
	const char *recv, *name = NULL, *v[ARGS_MAX] = {""};

	if (close + 2 < end && s->l.v[close + 1].kind == TOKEN_NAME &&
	    lex_is(&s->l, close + 2, '('))
		name = lex_last(&s->l, &s->l.v[close + 1], &len, &recv, &recv_len);
	if (name && code_word_in("join", name, len)) {
		size_t n = arg_values(s, close + 2, s->l.v[close + 2].match, v, depth);

		put_joined(s, i, close, n ? v[0] : "", out, depth);
		return s->l.v[close + 2].match + 1;
	}
	put_joined(s, i, close, name ? "" : ",", out, depth);
	return close + 1;
}

static size_t put_call(struct code_scan *s, size_t i, const char *recv, struct buf *out,
		       unsigned depth)
{
	const struct token *t = &s->l.v[i];
	size_t open = i + 1, close = s->l.v[open].match, len, recv_len;
	const char *r, *name = lex_last(&s->l, t, &len, &r, &recv_len);
	const struct code_var *v = r && recv_len && !recv ? code_var(s, r, recv_len) : NULL;

	if (close == open)
		close = MIN(open + 16, s->l.n); /* never closed */
	if (recv && code_word_in("join", name, len) && lex_is(&s->l, open + 1, '[') &&
	    s->l.v[open + 1].match > open + 1)
		put_joined(s, open + 1, s->l.v[open + 1].match, recv, out, depth);
	else if (!put_pure(s, name, len,
			   recv		      ? recv
			   : v && !v->is_name ? v->value
					      : NULL,
			   open, close, out, depth))
		put_str(s, out, unknown);
	return MIN(close + 1, s->l.n);
}

/* ENV['HOME'], process.env.HOME, $ENV{HOME}, os.environ["HOME"]; or a variable. */
static size_t put_name(struct code_scan *s, size_t i, size_t end, struct buf *out)
{
	const struct token *t = &s->l.v[i];
	const char *p = s->l.text + t->start;
	const struct code_var *v = code_var(s, p, t->len);

	if (v)
		return put_str(s, out, v->is_name ? unknown : v->value), i + 1;
	if (code_word_in("process.env.HOME Dir.home Path.home $HOME", p, t->len))
		return put_home(s, out), i + 1;
	if (code_word_in("os.sep path.sep File.SEPARATOR DIRECTORY_SEPARATOR", p, t->len))
		return put(s, out, "/", 1), i + 1;
	if (i + 2 < end && (lex_is(&s->l, i + 1, '[') || lex_is(&s->l, i + 1, '{'))) {
		const struct token *key = &s->l.v[i + 2];

		if (code_word_in("ENV os.environ environ process.env $ENV $_ENV $_SERVER", p,
				 t->len) &&
		    key->len == 4 && memcmp(s->l.text + key->start, "HOME", 4) == 0)
			put_home(s, out);
		else
			put_str(s, out, unknown);
		return MAX((size_t)s->l.v[i + 1].match, i + 1) + 1;
	}
	return put_str(s, out, unknown), i + 1;
}

static bool is_prefix_word(const struct code_scan *s, const struct token *t)
{
	return code_word_in("new await return not my our local const let var typeof void yield the "
			    "of do echo print",
			    s->l.text + t->start, t->len);
}

/* One term without what follows it. */
static size_t put_primary(struct code_scan *s, size_t i, size_t end, struct buf *out,
			  unsigned depth)
{
	const struct token *t;

	while (i < end && s->l.v[i].kind == TOKEN_NAME && i + 1 < end &&
	       is_prefix_word(s, &s->l.v[i]))
		i++;
	if (i >= end)
		return i;
	t = &s->l.v[i];
	switch (t->kind) {
	case TOKEN_STRING:
		put_string(s, out, t);
		return i + 1;
	case TOKEN_NUMBER:
		put(s, out, s->l.text + t->start, t->len);
		return i + 1;
	case TOKEN_NAME:
		if (i + 1 < end && lex_is(&s->l, i + 1, '('))
			return put_call(s, i, NULL, out, depth);
		return put_name(s, i, end, out);
	case TOKEN_PUNCT:
		if (t->c == '(' && t->match > i) {
			(void)put_expr(s, i + 1, MIN((size_t)t->match, end), out, depth + 1);
			return t->match + 1;
		}
		if (t->c == '[' && t->match > i)
			return put_list(s, i, end, out, depth);
		break;
	case TOKEN_RUN:
		break;
	}
	put_str(s, out, unknown);
	return MAX(i, (size_t)t->match) + 1;
}

/* Does a slice at @i turn its text round: [::-1]? */
static bool is_reversal(const struct code_scan *s, size_t i)
{
	return s->l.v[i].match == i + 5 && lex_is(&s->l, i + 1, ':') && lex_is(&s->l, i + 2, ':') &&
	       lex_is(&s->l, i + 3, '-');
}

/* .method(…), .attribute, [index] behind a term whose text is in @out from @start on. */
static size_t put_suffixes(struct code_scan *s, size_t i, size_t end, struct buf *out, size_t start,
			   unsigned depth)
{
	for (unsigned n = 0; i < end && n < 64; n++) {
		const struct token *t = &s->l.v[i];
		bool hangs = t->kind == TOKEN_NAME && strchr(".:-?", s->l.text[t->start]);
		bool index = lex_is(&s->l, i, '[') && t->match > i && s->l.lang != CODE_PERL;
		const char *text;

		if (!hangs && !index &&
		    !(lex_is(&s->l, i, '(') && i > 0 && lex_is(&s->l, i - 1, ')')))
			return i;
		text = arena_strdup(&s->place->a->arena, buf_str(out) + start);
		out->len = start;
		if (out->data)
			out->data[start] = '\0';
		if (!text)
			return end;
		s->budget -= MIN(s->budget, strlen(text));
		if (hangs && i + 1 < end && lex_is(&s->l, i + 1, '(')) {
			i = put_call(s, i, text, out, depth);
		} else if (hangs && memmem(s->l.text + t->start, t->len, "parent", 6)) {
			put_str(s, out, text);
			put_str(s, out, "/..");
			i++;
		} else if (index && is_reversal(s, i)) {
			put_reversed(s, out, text);
			i = t->match + 1;
		} else {
			put_str(s, out, unknown);
			i = MAX(i, (size_t)t->match) + 1;
		}
	}
	return i;
}

/* How many tokens the sign at @i has that puts texts together, 0 if there is none; *slash: with a /
 * between. */
static size_t operator(const struct code_scan *s, size_t i, size_t end, bool *slash)
{
	enum code_lang l = s->l.lang;

	*slash = false;
	if (i + 1 >= end)
		return 0;
	if (lex_is(&s->l, i, '.') && (l == CODE_PERL || l == CODE_PHP))
		return 1;
	if (lex_is(&s->l, i, '.') && lex_is(&s->l, i + 1, '.') && l == CODE_LUA)
		return 2;
	if (lex_is(&s->l, i, '+') && !lex_is(&s->l, i + 1, '=') && l != CODE_PERL)
		return 1;
	if (lex_is(&s->l, i, '&') && l == CODE_OSA)
		return 1;
	if (lex_is(&s->l, i, '<') && lex_is(&s->l, i + 1, '<') && l == CODE_RUBY)
		return 2;
	if (lex_is(&s->l, i, '/') && (l == CODE_PYTHON || l == CODE_RUBY || l == CODE_GROOVY)) {
		*slash = true;
		return 1;
	}
	return 0;
}

static size_t put_expr(struct code_scan *s, size_t i, size_t end, struct buf *out, unsigned depth)
{
	bool slash = false;

	end = MIN(end, s->l.n);
	if (depth > DEPTH_MAX || i >= end || s->budget < 8) {
		if (i < end)
			buf_putc(out, SHELL_UNKNOWN);
		return end;
	}
	for (;;) {
		size_t start = out->len, n, first = i;

		s->budget -= MIN(s->budget,
				 (size_t)8); /* terms cost as well, or nested calls would be free */
		if (slash && out->len && out->data[out->len - 1] != '/')
			put(s, out, "/", 1), start = out->len;
		while (i < end && i < first + 8 && s->l.v[i].kind == TOKEN_PUNCT &&
		       strchr("\\&*+", s->l.v[i].c))
			i++;
		if (i < end && s->l.v[i].kind == TOKEN_PUNCT && strchr("\\&*+", s->l.v[i].c)) {
			buf_putc(out, SHELL_UNKNOWN);
			return i + 1;
		}
		i = put_primary(s, i, end, out, depth);
		i = put_suffixes(s, i, end, out, start, depth);
		if (i < end && lex_is(&s->l, i, '%') &&
		    (s->l.lang == CODE_PYTHON || s->l.lang == CODE_RUBY)) {
			const char *text = arena_strdup(&s->place->a->arena, buf_str(out) + start);

			out->len = start;
			put_format(s, out, text ? text : unknown);
			i++;
			if (i < end)
				i = MAX(i, (size_t)s->l.v[i].match) + 1;
		}
		/* 'a' 'b' */
		if (i < end && s->l.v[i].kind == TOKEN_STRING &&
		    s->l.v[i - 1].kind == TOKEN_STRING &&
		    (s->l.lang == CODE_PYTHON || s->l.lang == CODE_RUBY || s->l.lang == CODE_AWK))
			continue;
		n = operator(s, i, end, &slash);
		if (!n)
			return i;
		i += n;
	}
}

const char *code_value(struct code_scan *s, size_t i, size_t end, size_t *ret_next)
{
	autobuf b = {0};

	*ret_next = put_expr(s, i, end, &b, 0);
	return keep(s, &b);
}
