/* One-liners of interpreters that print a literal, perhaps decoded: python -c "import base64;
 * print(base64.b64decode('…').decode())" and its like in perl, ruby, node and php. One reader for all: strings,
 * concatenation, a table of decoders, and methods that leave a text as it is. Anything else in the code
 * makes the output unknown. */
#include "shell/output-impl.h"

#include <ctype.h>

#define NESTING_MAX 16
#define NAME_LEN    48u

enum language { PYTHON = 0, PERL, RUBY, NODE, PHP };

struct code {
	const char *p;
	enum language language;
	bool decoded;
	unsigned depth;
};

static bool expression(struct code *x, struct buf *out);

static void skip_space(struct code *x)
{
	x->p += strspn(x->p, " \t\r\n");
}

static bool take(struct code *x, const char *s)
{
	skip_space(x);
	if (!str_starts(x->p, s))
		return false;
	x->p += strlen(s);
	return true;
}

/* A dotted name: base64.b64decode, MIME::Base64::decode, $stdout.write. *ret_last: behind its last separator. */
static bool name(struct code *x, char full[NAME_LEN], const char **ret_last)
{
	size_t n = 0;

	skip_space(x);
	if (!isalpha((unsigned char)*x->p) && *x->p != '_' && *x->p != '$')
		return false;
	*ret_last = full;
	while (isalnum((unsigned char)*x->p) || (*x->p && strchr("_$.:", *x->p))) {
		if (n + 1 == NAME_LEN)
			return false;
		full[n++] = *x->p++;
		if (strchr(".:", full[n - 1]))
			*ret_last = full + n;
	}
	full[n] = '\0';
	return true;
}

/* ---- strings ----------------------------------------------------------------------------------- */

/* Where the string that begins behind @quote ends; NULL: nowhere. */
static const char *string_end(const char *p, const char *quote)
{
	for (; *p; p++) {
		if (str_starts(p, quote))
			return p;
		if (*p == '\\' && p[1])
			p++;
	}
	return NULL;
}

/* Does the language put values into such a string? */
static bool interpolates(enum language l, char quote, bool is_format, const char *s, size_t len)
{
	if (l == PYTHON)
		return is_format && memchr(s, '{', len);
	if (l == RUBY)
		return quote == '"' && memchr(s, '#', len);
	if (l == NODE)
		return quote == '`' && memchr(s, '$', len);
	return quote == '"' && (memchr(s, '$', len) || (l == PERL && memchr(s, '@', len)));
}

/* Single quotes of perl, ruby and php know two escapes. */
static void put_single_quoted(const char *s, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len && (s[i + 1] == '\\' || s[i + 1] == '\''))
			i++;
		buf_putc(out, s[i]);
	}
}

static bool string(struct code *x, struct buf *out)
{
	bool raw = false, is_format = false, escapes;
	char quote[4] = {0};
	const char *s, *end;

	skip_space(x);
	for (; x->language == PYTHON && *x->p && strchr("rRbBuUfF", *x->p); x->p++) {
		raw |= (*x->p | 0x20) == 'r';
		is_format |= (*x->p | 0x20) == 'f';
	}
	if (*x->p != '"' && *x->p != '\'' && *x->p != '`')
		return false;
	quote[0] = *x->p;
	if (quote[0] == '`' && x->language != NODE)
		return false;
	if (x->language == PYTHON && x->p[1] == quote[0] && x->p[2] == quote[0])
		quote[1] = quote[2] = quote[0];
	s = x->p + strlen(quote);
	end = string_end(s, quote);
	if (!end || interpolates(x->language, quote[0], is_format, s, (size_t)(end - s)))
		return false;
	escapes = x->language == PYTHON || x->language == NODE ? !raw : quote[0] == '"';
	if (escapes) {
		x->decoded |= memmem(s, (size_t)(end - s), "\\x", 2) || memmem(s, (size_t)(end - s), "\\u", 2) ||
			      memmem(s, (size_t)(end - s), "\\1", 2);
		(void)decode_backslash(s, (size_t)(end - s), out);
	} else if (x->language == PYTHON || x->language == NODE) {
		buf_put(out, s, (size_t)(end - s));
	} else {
		put_single_quoted(s, (size_t)(end - s), out);
	}
	x->p = end + strlen(quote);
	return true;
}

/* Does a string begin here? */
static bool at_string(struct code *x)
{
	const char *p;

	skip_space(x);
	p = x->p;
	if (x->language == PYTHON)
		p += strspn(p, "rRbBuUfF");
	return *p == '"' || *p == '\'' || (*p == '`' && x->language == NODE);
}

/* ---- decoders ---------------------------------------------------------------------------------- */

static void reverse(struct buf *b)
{
	for (size_t i = 0; i < b->len / 2; i++) {
		char c = b->data[i];

		b->data[i] = b->data[b->len - 1 - i];
		b->data[b->len - 1 - i] = c;
	}
}

/* base64 as these languages read it: what is not of the alphabet is skipped, and all ends at the padding. */
static bool from_base64(const char *in, size_t len, struct buf *out)
{
	autobuf clean = {0};

	for (size_t i = 0; i < len && in[i] != '='; i++)
		if (isalnum((unsigned char)in[i]) || (in[i] && strchr("+/-_", in[i])))
			buf_putc(&clean, in[i]);
	return !clean.len || decode_base64(buf_str(&clean), clean.len - (clean.len % 4 == 1), out);
}

static bool from_rot13(const char *in, size_t len, struct buf *out)
{
	decode_rot13(in, len, out);
	return true;
}

static bool from_percent(const char *in, size_t len, struct buf *out)
{
	(void)decode_percent(in, len, out);
	return true;
}

static bool from_reversed(const char *in, size_t len, struct buf *out)
{
	size_t before = out->len;

	buf_put(out, in, len);
	if (out->len > before)
		reverse(&(struct buf){.data = out->data + before, .len = out->len - before});
	return true;
}

static bool from_same(const char *in, size_t len, struct buf *out)
{
	buf_put(out, in, len);
	return true;
}

typedef bool decoder(const char *in, size_t len, struct buf *out);

/* By the last part of their name. NULL: another argument says which. */
static const struct {
	const char *name;
	decoder *decode;
} decoders[] = {
	{"b64decode", from_base64},	 {"standard_b64decode", from_base64}, {"urlsafe_b64decode", from_base64},
	{"decodebytes", from_base64},	 {"decodestring", from_base64},	      {"a2b_base64", from_base64},
	{"base64_decode", from_base64},	 {"decode_base64", from_base64},      {"decode64", from_base64},
	{"strict_decode64", from_base64}, {"urlsafe_decode64", from_base64},  {"atob", from_base64},
	{"b32decode", decode_base32},	 {"fromhex", decode_hex},	      {"unhexlify", decode_hex},
	{"a2b_hex", decode_hex},	 {"b16decode", decode_hex},	      {"hex2bin", decode_hex},
	{"unquote", from_percent},	 {"unquote_plus", from_percent},      {"decodeURIComponent", from_percent},
	{"unescape", from_percent},	 {"urldecode", from_percent},	      {"rawurldecode", from_percent},
	{"uri_unescape", from_percent},	 {"str_rot13", from_rot13},	      {"strrev", from_reversed},
	{"reverse", from_reversed},	 {"from", NULL},		      {"str", from_same},
	{"String", from_same},		 {"bytes", from_same},		      {"scalar", from_same},
	{"decode", NULL},
};

static decoder *by_encoding(const char *encoding)
{
	return streq(encoding, "base64") || streq(encoding, "base64url") ? from_base64 :
	       streq(encoding, "hex") ? decode_hex :
	       str_starts(encoding, "rot") ? from_rot13 :
	       str_starts(encoding, "utf") || str_starts(encoding, "ascii") ? from_same :
	       str_starts(encoding, "latin") ? from_same :
	       NULL;
}

/* "114, 109" or "[114, 109]", characters by number. */
static bool numbers(struct code *x, struct buf *out)
{
	bool list = take(x, "[") || take(x, "("), any = false;

	do {
		char *end;
		unsigned long v;

		skip_space(x);
		if (!isdigit((unsigned char)*x->p))
			break;
		v = strtoul(x->p, &end, 0);
		if (v > 255)
			return false;
		buf_putc(out, (char)v);
		x->p = end;
		any = true;
	} while (take(x, ","));
	x->decoded = true;
	return any && (!list || take(x, "]") || take(x, ")"));
}

/* The arguments behind the name @last, and its parenthesis if it has one. */
static bool call(struct code *x, const char *full, const char *last, struct buf *out)
{
	autobuf in = {0}, more = {0};
	bool paren = take(x, "("), pack = streq(last, "pack");
	decoder *decode = NULL;
	size_t i;

	skip_space(x);
	if (streq(last, "chr") || streq(last, "fromCharCode") || streq(last, "fromCodePoint") ||
	    streq(last, "bytearray") || (streq(last, "bytes") && *x->p == '['))
		return numbers(x, out) && (!paren || take(x, ")"));
	if (streq(full, "MIME::Base64::decode"))
		last = "decode_base64";
	for (i = 0; i < ARRAY_SIZE(decoders) && !streq(decoders[i].name, last); i++)
		;
	if ((i == ARRAY_SIZE(decoders) && !pack) || !expression(x, &in))
		return false;
	if (take(x, ",") && !expression(x, &more))
		return false;
	if (paren && !take(x, ")"))
		return false;
	if (pack) {
		x->decoded = true;
		return streq(buf_str(&in), "H*") && decode_hex(buf_str(&more), more.len, out);
	}
	decode = decoders[i].decode;
	if (!decode || (more.len && by_encoding(buf_str(&more))))
		decode = more.len ? by_encoding(buf_str(&more)) : from_same;
	x->decoded |= decode && decode != from_same;
	return decode && decode(buf_str(&in), in.len, out);
}

/* Methods: .decode('hex') undoes, .reverse turns round, most leave the text as it is. */
static bool method(struct code *x, const char *called, struct buf *text)
{
	static const char *const same[] = {"decode", "encode", "toString", "to_s", "strip", "trim", "split", "join",
					   "chomp", "force_encoding", "chars", "first", "rstrip"};
	autobuf arg = {0}, out = {0};
	bool paren = take(x, "(");
	decoder *decode = from_same;

	if (paren && !take(x, ")")) {
		if (!expression(x, &arg) || !take(x, ")"))
			return false;
	}
	if (streq(called, "reverse"))
		decode = from_reversed;
	else if (streq(called, "unpack1") || streq(called, "unpack"))
		decode = str_starts(buf_str(&arg), "m") ? from_base64 : NULL;
	else if (streq(called, "decode") && arg.len)
		decode = by_encoding(buf_str(&arg));
	else if (streq(called, "toString") && arg.len && by_encoding(buf_str(&arg)) != from_same)
		decode = NULL;
	else if (streq(called, "split") || streq(called, "join"))
		decode = arg.len ? NULL : from_same;
	else {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(same) && !streq(same[i], called); i++)
			;
		if (i == ARRAY_SIZE(same))
			return false;
	}
	if (!decode || !decode(buf_str(text), text->len, &out))
		return false;
	x->decoded |= decode != from_same;
	buf_done(text);
	*text = out;
	out = (struct buf){0};
	return true;
}

/* A string, a call, or an expression in parentheses, and what is done with it. */
static bool term(struct code *x, struct buf *out)
{
	char full[NAME_LEN];
	const char *last;
	autobuf text = {0};

	if (at_string(x)) {
		if (!string(x, &text))
			return false;
	} else if (take(x, "(")) {
		if (!expression(x, &text) || !take(x, ")"))
			return false;
	} else if (name(x, full, &last)) {
		if (!call(x, full, last, &text))
			return false;
	} else {
		return false;
	}
	for (;;) {
		if (take(x, "[::-1]")) {
			reverse(&text);
			x->decoded = true;
		} else if (x->language != PERL && x->language != PHP && take(x, ".")) {
			const char *dot = x->p;

			/* One name at a time: the next may follow without parentheses (ruby). */
			for (last = x->p; isalnum((unsigned char)*x->p) || *x->p == '_'; x->p++)
				;
			if (x->p == dot || x->p - dot >= (ptrdiff_t)NAME_LEN)
				return false;
			memcpy(full, dot, (size_t)(x->p - dot));
			full[x->p - dot] = '\0';
			if (!method(x, full, &text))
				return false;
		} else {
			break;
		}
	}
	buf_put(out, buf_str(&text), text.len);
	return true;
}

static bool expression(struct code *x, struct buf *out)
{
	bool known;

	if (x->depth++ == NESTING_MAX)
		return false;
	do
		known = term(x, out);
	while (known && out->len <= SHELL_TEXT_MAX &&
	       (take(x, x->language == PERL || x->language == PHP ? "." : "+") ||
		((x->language == PYTHON || x->language == RUBY) && at_string(x))));
	x->depth--;
	return known && out->len <= SHELL_TEXT_MAX;
}

/* ---- statements -------------------------------------------------------------------------------- */

static const struct {
	enum language language;
	const char *name;
	bool newline;
} printers[] = {
	{PYTHON, "print", true},	    {PYTHON, "sys.stdout.write", false},
	{PYTHON, "sys.stdout.buffer.write", false}, {PERL, "print", false},
	{PERL, "say", true},		    {RUBY, "puts", true},
	{RUBY, "print", false},		    {RUBY, "$stdout.write", false},
	{RUBY, "STDOUT.write", false},	    {NODE, "console.log", true},
	{NODE, "process.stdout.write", false}, {PHP, "echo", false},
	{PHP, "print", false},
};

/* import, use, require: what they bring in is known by name. */
static bool is_import(enum language l, const char *word)
{
	return l == PYTHON ? streq(word, "import") || streq(word, "from") :
	       l == PERL ? streq(word, "use") :
	       l == RUBY ? streq(word, "require") : false;
}

static bool print_rest(struct code *x, bool newline, struct buf *out)
{
	bool paren = take(x, "(");
	autobuf text = {0};

	if (!(paren && take(x, ")"))) {
		if (!expression(x, &text))
			return false;
		if (x->language == PYTHON && take(x, ",")) {
			autobuf end = {0};

			if (!take(x, "end") || !take(x, "=") || !string(x, &end) || end.len > 1)
				return false;
			buf_put(&text, buf_str(&end), end.len);
			newline = false;
		} else if (x->language == PERL && take(x, ",")) {
			if (!expression(x, &text))
				return false;
		}
		if (paren && !take(x, ")"))
			return false;
	}
	buf_put(out, buf_str(&text), text.len);
	if (newline && !(x->language == RUBY && text.len && text.data[text.len - 1] == '\n'))
		buf_putc(out, '\n');
	return true;
}

static bool statement(struct code *x, bool newline, struct buf *out)
{
	char full[NAME_LEN];
	const char *last;

	if (!name(x, full, &last))
		return false;
	if (is_import(x->language, full)) {
		x->p += strcspn(x->p, ";\n");
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(printers); i++)
		if (printers[i].language == x->language && streq(printers[i].name, full))
			return print_rest(x, newline || printers[i].newline, out);
	return false;
}

static bool run(struct output *o, enum language language, const char *code, bool newline)
{
	struct code x = {.p = code, .language = language};

	for (;;) {
		x.p += strspn(x.p, " \t\r\n;");
		if (!*x.p)
			break;
		if (!statement(&x, newline, o->out) || o->out->len > SHELL_TEXT_MAX)
			return false;
		x.p += strspn(x.p, " \t");
		if (*x.p && !strchr(";\n", *x.p))
			return false;
	}
	o->decoded |= x.decoded;
	return true;
}

/* ---- programs ---------------------------------------------------------------------------------- */

bool output_python(struct output *o)
{
	size_t i = 1;

	while (i < o->argc && o->argv[i][0] == '-' && o->argv[i][1] && strspn(o->argv[i] + 1, "bBdEIOqsSuv") ==
	       strlen(o->argv[i] + 1))
		i++;
	if (i + 1 < o->argc && streq(o->argv[i], "-c"))
		return run(o, PYTHON, o->argv[i + 1], false);
	/* Its base64 and quopri modules are programs as well. */
	if (i + 2 < o->argc && streq(o->argv[i], "-m") && streq(o->argv[i + 1], "base64") &&
	    (streq(o->argv[i + 2], "-d") || streq(o->argv[i + 2], "-u")) &&
	    (i + 3 == o->argc || (i + 4 == o->argc && streq(o->argv[i + 3], "-"))))
		return output_undo_base64(o, true);
	return false;
}

/* -e CODE among options that do not change what it does; @newline: the one that adds a newline. */
static bool run_option(struct output *o, enum language language, const char *code, const char *harmless, char newline)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	const char *text = NULL;
	bool adds = false;
	int arg;

	while ((arg = args_next(&a, language == PERL ? "eEMm" : language == RUBY ? "er" : code))) {
		const char *found = NULL;

		if (arg == ARG_OPERAND && text)
			break; /* arguments of the code */
		if (arg > ARG_BAD && newline && arg == newline)
			adds = true;
		else if (arg > ARG_BAD && strchr(code, arg))
			found = a.value;
		else if (arg == ARG_LONG && language == NODE && str_starts(a.value, "eval="))
			found = a.value + 5;
		else if (arg == ARG_LONG && language == NODE && streq(a.value, "eval") && a.i < a.n)
			found = a.v[a.i++];
		else if (arg <= ARG_BAD || !strchr(harmless, arg))
			return false;
		if (found && text)
			return false;
		text = found ? found : text;
	}
	return text && run(o, language, text, adds);
}

bool output_perl(struct output *o)
{
	return run_option(o, PERL, "eE", "wWTtMm", 'l');
}

bool output_ruby(struct output *o)
{
	return run_option(o, RUBY, "e", "wr", 0);
}

bool output_php(struct output *o)
{
	return run_option(o, PHP, "r", "n", 0);
}

bool output_node(struct output *o)
{
	/* -p prints the value of its expression. */
	if (o->argc == 3 && (streq(o->argv[1], "-p") || streq(o->argv[1], "--print") || streq(o->argv[1], "-pe"))) {
		struct code x = {.p = o->argv[2], .language = NODE};

		if (!expression(&x, o->out) || x.p[strspn(x.p, " ;\n")])
			return false;
		buf_putc(o->out, '\n');
		o->decoded |= x.decoded;
		return true;
	}
	return run_option(o, NODE, "e", "", 0);
}
