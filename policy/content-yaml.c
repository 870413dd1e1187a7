/* Commands in YAML and JSON. One reader for both: JSON is YAML but for comments, and libyaml tells lines and
 * forgives a comma too many. From where the text cannot be read, lines are looked at one by one, as an edit may
 * put in a piece that is not a document by itself. */
#include "policy/content-parts.h"
#include "shell/shell.h"

#include <yaml.h>

#define DEPTH_MAX 64

struct level {
	bool mapping, want_key;
	bool hit;	  /* values here are commands */
	bool unasked;	  /* … and something runs them by itself */
	struct buf words; /* CONTENT_ARGV: the list so far; a mapping: "command" and "args" */
	bool has_command;
	unsigned line;
};

struct reader {
	struct content *c;
	struct level level[DEPTH_MAX];
	unsigned depth;
	bool key_hit, key_unasked, key_args;
};

static const char *trim_key(const char *s, size_t *len)
{
	while (*len > 0 && strchr(" \t-\"'", *s))
		s++, (*len)--;
	while (*len > 0 && strchr(" \t\"'", s[*len - 1]))
		(*len)--;
	return s;
}

/* ${{ github.event.title }} and {{.VAR}}: filled in by somebody else. */
static void add_filled(struct content *c, const char *s, size_t len, unsigned line, bool unasked)
{
	autobuf b = {0};
	const char *end = s + len, *open, *close;

	while (s < end && (open = memmem(s, (size_t)(end - s), "{{", 2)) &&
	       (close = memmem(open, (size_t)(end - open), "}}", 2))) {
		buf_put(&b, s, (size_t)(open - s) - (open > s && open[-1] == '$'));
		buf_putc(&b, SHELL_UNKNOWN);
		s = close + 2;
	}
	buf_put(&b, s, (size_t)(end - s));
	c->more |= buf_failed(&b);
	content_add(c, buf_str(&b), b.len, line, NULL, unasked);
}

static void put_word(struct buf *b, const char *s, size_t len)
{
	if (b->len > 0)
		buf_putc(b, ' ');
	buf_putc(b, '\'');
	for (size_t i = 0; i < len; i++)
		s[i] == '\'' ? buf_puts(b, "'\\''") : buf_putc(b, s[i]);
	buf_putc(b, '\'');
}

static void read_key(struct reader *r, const char *s, size_t len, const struct level *l)
{
	const struct content_kind *k = r->c->kind;
	bool inherits = l->hit && (k->flags & CONTENT_DEEP);

	r->key_args = (k->flags & CONTENT_ARGS) && len == 4 && memcmp(s, "args", 4) == 0;
	r->key_hit = inherits || content_has_word(k->keys, s, len);
	r->key_unasked =
		l->unasked || (k->unasked && (*k->unasked == '*' || content_has_word(k->unasked, s, len)));
}

static void read_scalar(struct reader *r, const yaml_event_t *e)
{
	struct level *l = &r->level[r->depth];
	const char *s = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	unsigned line = (unsigned)e->start_mark.line + 1;
	bool block = e->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
		     e->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;

	if (l->mapping && l->want_key) {
		l->want_key = false;
		read_key(r, s, len, l);
		return;
	}
	if (r->c->kind->flags & CONTENT_CELLS) {
		if (l->mapping && r->key_hit)
			content_add(r->c, s, len, line, "python", false);
		else if (!l->mapping && l->hit)
			buf_put(&l->words, s, len);
	} else if (!l->mapping && (r->c->kind->flags & CONTENT_ARGV) && l->hit) {
		put_word(&l->words, s, len);
	} else if (!l->mapping && r->depth > 0 && r->level[r->depth - 1].has_command && r->key_args) {
		put_word(&r->level[r->depth - 1].words, s, len);
	} else if (l->mapping && r->key_hit && (r->c->kind->flags & CONTENT_ARGS)) {
		l->has_command = true;
		l->line = line;
		l->unasked |= r->key_unasked;
		/* "args" may have come first. */
		if (l->words.len > 0) {
			autobuf rest = l->words;

			l->words = (struct buf){0};
			buf_put(&l->words, s, len);
			buf_putc(&l->words, ' ');
			buf_put(&l->words, buf_str(&rest), rest.len);
		} else {
			buf_put(&l->words, s, len);
		}
	} else if (l->mapping ? r->key_hit : l->hit || e->data.scalar.anchor != NULL) {
		add_filled(r->c, s, len, line + (block ? 1 : 0), l->mapping ? r->key_unasked : l->unasked);
	}
	l->want_key = l->mapping;
}

static bool open_level(struct reader *r, const yaml_event_t *e, bool mapping)
{
	const struct level *up = &r->level[r->depth];
	bool hit = up->mapping ? r->key_hit : up->hit, unasked = up->mapping ? r->key_unasked : up->unasked;
	const yaml_char_t *anchor = mapping ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;

	if (r->depth + 1 >= DEPTH_MAX)
		return false;
	if (mapping && !(r->c->kind->flags & CONTENT_DEEP))
		hit = false;
	r->level[++r->depth] = (struct level){.mapping = mapping,
					      .want_key = mapping,
					      .hit = hit || (anchor && !mapping),
					      .unasked = unasked,
					      .line = (unsigned)e->start_mark.line + 1};
	/* "args" in front of "command". */
	if (!mapping && r->key_args)
		r->level[r->depth - 1].has_command = true;
	return true;
}

static void close_level(struct reader *r)
{
	struct level *l = &r->level[r->depth];

	if (l->words.len > 0)
		content_add(r->c, buf_str(&l->words), l->words.len, l->line,
			    r->c->kind->flags & CONTENT_CELLS ? "python" : NULL, l->unasked);
	r->c->more |= buf_failed(&l->words);
	buf_done(&l->words);
	if (r->depth > 0)
		r->depth--;
	r->level[r->depth].want_key = r->level[r->depth].mapping;
}

/* False: not a document from here on; true: go on, or *ret_end. */
static bool read_event(struct reader *r, const yaml_event_t *e, bool *ret_end)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		read_scalar(r, e);
		break;
	case YAML_ALIAS_EVENT:
		r->level[r->depth].want_key = r->level[r->depth].mapping && !r->level[r->depth].want_key;
		break;
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return open_level(r, e, e->type == YAML_MAPPING_START_EVENT);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		close_level(r);
		break;
	case YAML_STREAM_END_EVENT:
		*ret_end = true;
		break;
	default:
		break;
	}
	return true;
}

/* Comments of JSON become spaces: // and slash-star, outside of strings. */
static char *without_comments(struct arena *a, const char *text, size_t len)
{
	char *s = arena_strndup(a, text, len);
	bool in = false;

	for (size_t i = 0; s && i < len; i++) {
		if (in && s[i] == '\\') {
			i++;
		} else if (s[i] == '"') {
			in = !in;
		} else if (!in && s[i] == '/' && s[i + 1] == '/') {
			while (i < len && s[i] != '\n')
				s[i++] = ' ';
		} else if (!in && s[i] == '/' && s[i + 1] == '*') {
			while (i < len && !(s[i] == '*' && s[i + 1] == '/')) {
				s[i] = s[i] == '\n' ? '\n' : ' ';
				i++;
			}
			if (i + 1 < len)
				s[i] = s[i + 1] = ' ';
		}
	}
	return s;
}

/* --- by lines ------------------------------------------------------------------------------------- */

static size_t indent_of(struct content_line l)
{
	size_t n = 0;

	while (n < l.len && (l.s[n] == ' ' || l.s[n] == '\t' || l.s[n] == '-'))
		n++;
	return n;
}

/* "key": "value", as a value of a file that is all such pairs, where no key says which are commands. */
static bool looks_like_command(const char *key, size_t key_len, const char *s, size_t len)
{
	static const char other[] =
		" name version description license author homepage url email type main module types node "
		"repository keywords packageManager browser bin $schema private ";

	return !content_has_word(other, key, key_len) && len > 1 && memchr(s, ' ', len) &&
	       !strchr("^~<>=*", *s);
}

static void read_line(struct content *c, struct content_line l, bool *in_block, size_t *block)
{
	const char *colon = memchr(l.s, ':', l.len), *key = l.s, *value;
	size_t key_len = colon ? (size_t)(colon - l.s) : 0, len, indent = indent_of(l);
	bool hit, deep = c->kind->flags & CONTENT_DEEP;

	if (*in_block && indent > *block && l.len > indent) {
		content_add(c, l.s + indent, l.len - indent, l.no, NULL, false);
		return;
	}
	*in_block &= l.len <= indent;
	if (!colon)
		return;
	key = trim_key(key, &key_len);
	value = colon + 1;
	len = (size_t)(l.s + l.len - value);
	while (len > 0 && strchr(" \t,", value[len - 1]))
		len--;
	value = trim_key(value, &len);
	hit = content_has_word(c->kind->keys, key, key_len);
	if (hit && (len == 0 || strchr("|>", *value) || (len == 1 && strchr("[{", *value)))) {
		*in_block = true;
		*block = indent;
	} else if (len > 0 && (deep ? looks_like_command(key, key_len, value, len) : hit)) {
		content_add(c, value, len, l.no, NULL,
			    c->kind->unasked && (*c->kind->unasked == '*' ||
						 content_has_word(c->kind->unasked, key, key_len)));
	}
}

static void read_lines(struct content *c, unsigned from)
{
	struct content_line l;
	bool in_block = false;
	size_t block = 0;

	while (content_next(c, &l))
		if (l.no >= from)
			read_line(c, l, &in_block, &block);
}

void content_yaml(struct content *c)
{
	struct reader r = {.c = c};
	const char *text = c->text;
	size_t start = strspn(text, " \t\r\n\xef\xbb\xbf");
	unsigned bad = 0;
	bool end = false;
	yaml_parser_t parser;
	yaml_event_t e;

	if (c->kind->flags & CONTENT_JSON) {
		text = without_comments(c->arena, text, c->len);
		if (!text || !yaml_parser_initialize(&parser)) {
			c->more = true;
			return;
		}
		if (c->text[start] != '{' && c->text[start] != '/') {
			yaml_parser_delete(&parser);
			read_lines(c, 1); /* a piece of one */
			return;
		}
	} else if (!yaml_parser_initialize(&parser)) {
		c->more = true;
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, c->len);
	while (!end && !bad) {
		if (!yaml_parser_parse(&parser, &e)) {
			bad = (unsigned)parser.problem_mark.line + 1;
			break;
		}
		if (!read_event(&r, &e, &end))
			bad = (unsigned)e.start_mark.line + 1;
		yaml_event_delete(&e);
	}
	while (r.depth > 0)
		close_level(&r);
	yaml_parser_delete(&parser);
	if (bad)
		read_lines(c, bad);
}
