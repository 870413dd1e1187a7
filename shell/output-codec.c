/* base64, base32, basenc, xxd, openssl: both directions, of stdin. */
#include "shell/output-impl.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base16_digits[] = "0123456789abcdef";

/* How a text is encoded. */
struct codec {
	const char *digits;
	unsigned bits;
	size_t group; /* padded to a multiple of this */
	size_t wrap;  /* 0: one line */
};

static void encode(const char *in, size_t len, const struct codec *c, struct buf *out)
{
	uint32_t acc = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len || have || n % c->group; n++) {
		bool pads = i == len && !have;

		if (have < c->bits && i < len) {
			acc = acc << 8 | (unsigned char)in[i++];
			have += 8;
		} else if (have < c->bits && !pads) {
			acc <<= c->bits - have;
			have = c->bits;
		}
		have -= pads ? 0 : c->bits;
		buf_putc(out, pads ? '=' : c->digits[acc >> have & ((1u << c->bits) - 1)]);
		if (c->wrap && (n + 1) % c->wrap == 0)
			buf_putc(out, '\n');
	}
	if (c->wrap && n % c->wrap)
		buf_putc(out, '\n');
}

static bool is_base64(char ch)
{
	return ch && (strchr(base64_digits, ch) || strchr("-_=", ch));
}

/* Programs differ in what they make of foreign characters: some skip them, some stop there, after they printed what
 * came before. The latter's output is known so far only. */
static bool undo(struct output *o, bool skip_garbage, bool (*decode)(const char *, size_t, struct buf *),
		 bool (*is_digit)(char))
{
	autobuf clean = {0};
	bool ends = false;

	if (!o->in || memchr(o->in, SHELL_UNKNOWN, o->in_len))
		return false;
	for (size_t i = 0; i < o->in_len && !ends; i++) {
		if (is_digit(o->in[i]))
			buf_putc(&clean, o->in[i]);
		else
			ends = !skip_garbage && !strchr(" \t\r\n", o->in[i]);
	}
	/* Padding in the middle: encoded texts one behind the other. */
	for (size_t i = 0; i < clean.len;) {
		size_t n = strcspn(clean.data + i, "=");

		while (n && !decode(clean.data + i, n, o->out))
			n--; /* a few digits too many, at most */
		i += strcspn(clean.data + i, "=");
		i += strspn(clean.data + i, "=");
	}
	if (ends)
		buf_putc(o->out, SHELL_UNKNOWN);
	o->decoded = true;
	return true;
}

bool output_undo_base64(struct output *o, bool skip_garbage)
{
	return undo(o, skip_garbage, decode_base64, is_base64);
}

static bool is_base32(char ch)
{
	return ch && (strchr(base32_digits, ch) || ch == '=' || (ch >= 'a' && ch <= 'z'));
}

static bool is_base16(char ch)
{
	return ch && strchr("0123456789abcdefABCDEF", ch);
}

enum { CODEC_BASE64 = 0, CODEC_BASE32, CODEC_BASE16 };

static const struct {
	struct codec codec;
	bool (*decode)(const char *, size_t, struct buf *);
	bool (*is_digit)(char);
} codecs[] = {
	[CODEC_BASE64] = {{base64_digits, 6, 4, 76}, decode_base64, is_base64},
	[CODEC_BASE32] = {{base32_digits, 5, 8, 76}, decode_base32, is_base32},
	[CODEC_BASE16] = {{base16_digits, 4, 2, 76}, decode_hex, is_base16},
};

static int codec_of(const char *option)
{
	return streq(option, "base64") || streq(option, "base64url") ? CODEC_BASE64 :
	       streq(option, "base32") ? CODEC_BASE32 :
	       streq(option, "base16") ? CODEC_BASE16 : -1;
}

/* The options of GNU's, BSD's and busybox's. @kind < 0: an option says it. */
static bool base_nn(struct output *o, int kind)
{
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	bool undoes = false, skip = false;
	size_t wrap = 76;
	int arg;

	while ((arg = args_next(&a, "wb"))) {
		if (arg == 'd' || arg == 'D' || (arg == ARG_LONG && str_starts(a.value, "d")))
			undoes = true; /* --d is enough for getopt_long */
		else if (arg == 'i' || (arg == ARG_LONG && str_starts(a.value, "i")))
			skip = true;
		else if (arg == 'w' || arg == 'b' || (arg == ARG_LONG && str_starts(a.value, "wrap="))) {
			if (!output_number(a.value + (arg == ARG_LONG ? 5 : 0), &wrap))
				return false;
		} else if (arg == ARG_LONG && kind < 0 && codec_of(a.value) >= 0)
			kind = codec_of(a.value);
		else if (arg != ARG_OPERAND || (!streq(a.value, "-") && !streq(a.value, "/dev/stdin")))
			return false;
	}
	if (kind < 0 || !o->in)
		return false;
	if (undoes)
		return undo(o, skip, codecs[kind].decode, codecs[kind].is_digit);
	encode(o->in, o->in_len, &(struct codec){codecs[kind].codec.digits, codecs[kind].codec.bits,
						 codecs[kind].codec.group, wrap}, o->out);
	return true;
}

bool output_base64(struct output *o)
{
	return base_nn(o, CODEC_BASE64);
}

bool output_base32(struct output *o)
{
	return base_nn(o, CODEC_BASE32);
}

bool output_basenc(struct output *o)
{
	return base_nn(o, -1);
}

/* "00000000: 7273 2d  rs-": what stands between the colon and two spaces, by lines. */
static bool undo_dump(struct output *o)
{
	size_t n = 0;
	autofree struct line *lines = output_lines(o, &n);

	if (!lines)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *colon = memchr(lines[i].s, ':', lines[i].len), *end;
		size_t len;

		if (!colon)
			continue;
		colon += strspn(colon + 1, " ") + 1;
		len = (size_t)(lines[i].s + lines[i].len - colon);
		end = memmem(colon, len, "  ", 2);
		if (!decode_hex(colon, end ? (size_t)(end - colon) : len, o->out) && len)
			return false;
	}
	o->decoded = true;
	return true;
}

bool output_xxd(struct output *o)
{
	bool undoes = false, plain = false;
	struct args a = {.v = o->argv, .n = o->argc, .i = 1};
	int arg;

	while ((arg = args_next(&a, "c"))) {
		if (arg == 'r' || (arg == ARG_LONG && streq(a.value, "revert")))
			undoes = true;
		else if (arg == 'p' || (arg == ARG_LONG && (streq(a.value, "plain") || streq(a.value, "ps"))))
			plain = true;
		else if (arg == ARG_OPERAND ? !streq(a.value, "-") && !streq(a.value, "/dev/stdin") :
					      !strchr("slainc", arg)) /* the rest of -ps, -plain */
			return false;
	}
	if (!o->in || (!undoes && !plain))
		return false;
	if (undoes)
		return plain ? undo(o, true, decode_hex, is_base16) : undo_dump(o);
	encode(o->in, o->in_len, &(struct codec){base16_digits, 4, 2, 60}, o->out);
	return true;
}

/* openssl base64 -d, openssl enc -base64 -d: no cipher. */
bool output_openssl(struct output *o)
{
	bool undoes = false, base64, one_line = false;

	if (o->argc < 2 || !o->in)
		return false;
	base64 = streq(o->argv[1], "base64");
	if (!base64 && !streq(o->argv[1], "enc"))
		return false;
	for (size_t i = 2; i < o->argc; i++) {
		const char *s = o->argv[i] + str_starts(o->argv[i], "--");

		if (streq(s, "-d"))
			undoes = true;
		else if (streq(s, "-a") || streq(s, "-base64"))
			base64 = true;
		else if (streq(s, "-A"))
			one_line = true;
		else if (!streq(s, "-e") && !streq(s, "-none"))
			return false;
	}
	if (!base64)
		return false;
	if (undoes)
		return undo(o, false, decode_base64, is_base64);
	encode(o->in, o->in_len, &(struct codec){base64_digits, 6, 4, one_line ? 0 : 64}, o->out);
	return true;
}
