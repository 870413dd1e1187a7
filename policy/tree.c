#include "policy/tree.h"

#include <yaml.h>

/* libyaml's events make the tree; the stack of open nodes is bounded, so hostile nesting ends
 * early. */
#define DEPTH_MAX 16
#define NODES_MAX 400000
#define KEYS_MAX  64

struct builder {
	struct arena *arena, *texts;
	const char *file;
	struct err *err;
	struct node *root;
	struct node *open[DEPTH_MAX];
	struct node *last[DEPTH_MAX]; /* last child of open[i] */
	bool wants_key[DEPTH_MAX];    /* open[i] is a map, and a key comes next */
	const char *key[DEPTH_MAX];
	unsigned key_line[DEPTH_MAX], key_col[DEPTH_MAX];
	unsigned depth;
	size_t n_nodes;
	bool have_root;
};

const char *tree_quote(const char *s, char buf[static TREE_QUOTE_MAX])
{
	size_t i;

	for (i = 0; i < TREE_QUOTE_MAX - 4 && s[i]; i++)
		buf[i] = s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?';
	(void)snprintf(buf + i, 4, "%s", s[i] ? "..." : ""); /* always fits */
	return buf;
}

static int fail(struct builder *b, const yaml_mark_t *m, const char *what)
{
	return err_set(b->err, EBADMSG, "%s:%zu:%zu: %s", b->file, m->line + 1, m->column + 1,
		       what);
}

static int put_key(struct builder *b, const yaml_event_t *e)
{
	unsigned d = b->depth - 1;
	const char *s = (const char *)e->data.scalar.value;
	char q[TREE_QUOTE_MAX];

	if (strlen(s) != e->data.scalar.length)
		return fail(b, &e->start_mark, "NUL byte in a key");
	if (b->open[d]->n >= KEYS_MAX)
		return fail(b, &e->start_mark, "too many keys");
	if (streq(s, "<<"))
		return fail(b, &e->start_mark, "merge keys are not supported");
	for (const struct node *n = b->open[d]->first; n; n = n->next)
		if (streq(n->key, s))
			return err_set(b->err, EBADMSG,
				       "%s:%zu:%zu: duplicate key '%s' (first at line %u)", b->file,
				       e->start_mark.line + 1, e->start_mark.column + 1,
				       tree_quote(s, q), n->key_line);
	b->key[d] = arena_strdup(b->texts, s);
	if (!b->key[d])
		return -ENOMEM;
	b->key_line[d] = (unsigned)e->start_mark.line + 1;
	b->key_col[d] = (unsigned)e->start_mark.column + 1;
	b->wants_key[d] = false;
	return 0;
}

/* Hang @n under the innermost open node. */
static void attach(struct builder *b, struct node *n)
{
	unsigned d = b->depth - 1;

	if (b->depth == 0) {
		b->root = n;
		b->have_root = true;
		return;
	}
	if (b->open[d]->kind == NODE_MAP) {
		n->key = b->key[d];
		n->key_line = b->key_line[d];
		n->key_col = b->key_col[d];
		b->wants_key[d] = true;
	}
	if (b->last[d])
		b->last[d]->next = n;
	else
		b->open[d]->first = n;
	b->last[d] = n;
	b->open[d]->n++;
}

static int put_node(struct builder *b, enum node_kind kind, const yaml_event_t *e,
		    struct node **ret)
{
	struct node *n;

	if (b->depth && b->wants_key[b->depth - 1])
		return fail(b, &e->start_mark, "a key must be a single word");
	if (++b->n_nodes > NODES_MAX)
		return fail(b, &e->start_mark, "file is too large");
	n = arena_alloc(b->arena, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->kind = kind;
	n->line = (unsigned)e->start_mark.line + 1;
	n->col = (unsigned)e->start_mark.column + 1;
	attach(b, n);
	*ret = n;
	return 0;
}

static int open_node(struct builder *b, enum node_kind kind, const yaml_event_t *e)
{
	struct node *n = NULL;
	int r = put_node(b, kind, e, &n);

	if (r < 0)
		return r;
	if (b->depth >= DEPTH_MAX)
		return fail(b, &e->start_mark, "nested too deeply");
	b->open[b->depth] = n;
	b->last[b->depth] = NULL;
	b->wants_key[b->depth] = kind == NODE_MAP;
	b->depth++;
	return 0;
}

static int put_scalar(struct builder *b, const yaml_event_t *e)
{
	struct node *n = NULL;
	int r;

	if (b->depth && b->wants_key[b->depth - 1])
		return put_key(b, e);
	r = put_node(b, NODE_SCALAR, e, &n);
	if (r < 0)
		return r;
	if (strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
		return fail(b, &e->start_mark, "NUL byte in a text");
	n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = arena_strdup(b->texts, (const char *)e->data.scalar.value);
	return n->text ? 0 : -ENOMEM;
}

static int refuse_extras(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor,
			 const yaml_char_t *tag)
{
	if (anchor)
		return fail(b, &e->start_mark, "anchors are not supported");
	if (tag)
		return fail(b, &e->start_mark, "tags are not supported");
	return 0;
}

/* One event. Return: 1 at the end of the stream, 0 to go on, -errno. */
static int put_event(struct builder *b, const yaml_event_t *e)
{
	int r;

	switch (e->type) {
	case YAML_STREAM_END_EVENT:
		return 1;
	case YAML_DOCUMENT_START_EVENT:
		return b->have_root ? fail(b, &e->start_mark, "only one document is allowed") : 0;
	case YAML_ALIAS_EVENT:
		return fail(b, &e->start_mark, "aliases are not supported");
	case YAML_SCALAR_EVENT:
		r = refuse_extras(b, e, e->data.scalar.anchor, e->data.scalar.tag);
		return r < 0 ? r : put_scalar(b, e);
	case YAML_SEQUENCE_START_EVENT:
		r = refuse_extras(b, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		return r < 0 ? r : open_node(b, NODE_LIST, e);
	case YAML_MAPPING_START_EVENT:
		r = refuse_extras(b, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		return r < 0 ? r : open_node(b, NODE_MAP, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

static int parser_error(struct builder *b, const yaml_parser_t *p)
{
	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR)
		return err_set(b->err, EBADMSG, "%s:%zu:%zu: not YAML: %s (byte %zu)", b->file,
			       p->mark.line + 1, p->mark.column + 1,
			       p->problem ? p->problem : "unreadable", p->problem_offset);
	return err_set(b->err, EBADMSG, "%s:%zu:%zu: not YAML: %s", b->file,
		       p->problem_mark.line + 1, p->problem_mark.column + 1,
		       p->problem ? p->problem : "syntax error");
}

int tree_parse(struct arena *nodes, struct arena *texts, const char *file, const char *text, size_t len, struct node **ret,
	       struct err *reterr)
{
	struct builder b = {.arena = nodes, .texts = texts, .file = file, .err = reterr};
	yaml_parser_t parser;
	yaml_event_t event;
	int r = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (r == 0) {
		if (!yaml_parser_parse(&parser, &event)) {
			r = parser_error(&b, &parser);
			break;
		}
		r = put_event(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (r < 0)
		return r == -ENOMEM ? err_set(reterr, ENOMEM, "%s: out of memory", file) : r;
	*ret = b.root;
	return 0;
}

const struct node *tree_get(const struct node *m, const char *key)
{
	if (!m || m->kind != NODE_MAP)
		return NULL;
	for (const struct node *n = m->first; n; n = n->next)
		if (streq(n->key, key))
			return n;
	return NULL;
}
