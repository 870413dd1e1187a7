#include "policy/nfa.h"

#include "policy/pattern.h"

static void *grow(void *v, size_t n, size_t *cap, size_t size)
{
	size_t want;
	void *p;

	if (n < *cap)
		return v;
	want = *cap ? *cap * 2 : 64;
	p = reallocarray(v, want, size);
	if (p)
		*cap = want;
	return p;
}

/* A new node; -ENOMEM, else its number. */
static int64_t new_node(struct nfa *n, enum nfa_loop loop)
{
	struct nfa_node *v = grow(n->nodes, n->n_nodes, &n->cap_nodes, sizeof(*v));

	if (!v || n->n_nodes > INT32_MAX)
		return -ENOMEM;
	n->nodes = v;
	v[n->n_nodes] = (struct nfa_node){.loop = (uint8_t)loop};
	return (int64_t)n->n_nodes++;
}

static bool is_free(enum nfa_kind kind)
{
	return kind == EDGE_STAR || kind == EDGE_DSTAR || kind == EDGE_JOIN;
}

static int new_edge(struct nfa *n, uint32_t from, struct nfa_edge e)
{
	struct nfa_edge *v = grow(n->edges, n->n_edges, &n->cap_edges, sizeof(*v));
	uint32_t *list;

	if (!v)
		return -ENOMEM;
	n->edges = v;
	list = is_free(e.kind) ? &n->nodes[from].free_edges : &n->nodes[from].edges;
	e.next = *list;
	v[n->n_edges++] = e;
	*list = (uint32_t)n->n_edges;
	return 0;
}

static bool same_class(const char *a, const char *b)
{
	size_t len = (size_t)(pattern_class_end(a) - a);

	return strncmp(a, b, len) == 0;
}

static bool same_token(const struct nfa_edge *a, const struct nfa_edge *b)
{
	if (a->kind != b->kind || a->byte != b->byte)
		return false;
	return a->kind != EDGE_CLASS || same_class(a->class_text, b->class_text);
}

/* The node behind token @e of @from, made if it is new. A "**" is two nodes: the one that is
 * returned, which goes on with the pattern, and the one behind it (number + 1), which swallows
 * components. */
static int64_t child(struct nfa *n, uint32_t from, struct nfa_edge e, enum nfa_loop loop)
{
	uint32_t first = is_free(e.kind) ? n->nodes[from].free_edges : n->nodes[from].edges;
	int64_t id;
	int r;

	for (uint32_t i = first; i; i = n->edges[i - 1].next)
		if (same_token(&n->edges[i - 1], &e))
			return n->edges[i - 1].target;
	id = new_node(n, loop);
	if (id >= 0 && e.kind == EDGE_DSTAR) {
		int64_t swallow = new_node(n, LOOP_ALL);

		if (swallow < 0)
			return swallow;
		r = new_edge(n, (uint32_t)swallow,
			     (struct nfa_edge){.kind = EDGE_JOIN, .target = (uint32_t)id});
		if (r < 0)
			return r;
	}
	if (id < 0)
		return id;
	e.target = (uint32_t)id;
	r = new_edge(n, from, e);
	return r < 0 ? r : id;
}

static int accept_put(struct nfa *n, uint32_t *list, uint32_t entry)
{
	struct nfa_accept *v = grow(n->accepts, n->n_accepts, &n->cap_accepts, sizeof(*v));

	if (!v)
		return -ENOMEM;
	n->accepts = v;
	v[n->n_accepts++] = (struct nfa_accept){.next = *list, .entry = entry};
	*list = (uint32_t)n->n_accepts;
	return 0;
}

/* The token at *@p, which moves behind it. */
static int64_t read_token(struct nfa *n, uint32_t node, const char **p)
{
	const char *s = *p;
	struct nfa_edge e = {.kind = EDGE_BYTE};

	if (pattern_at_dstar(s)) {
		*p += 3;
		e.kind = EDGE_DSTAR;
		return child(n, node, e, LOOP_NONE);
	}
	if (*s == '[') {
		*p = pattern_class_end(s);
		e.kind = EDGE_CLASS;
		e.class_text = s;
		return child(n, node, e, pattern_class_negated(s) ? LOOP_CHAR : LOOP_NONE);
	}
	*p += 1;
	if (*s == '*') {
		e.kind = EDGE_STAR;
		return child(n, node, e, LOOP_NAME);
	}
	if (*s == '?') {
		e.kind = EDGE_ANY;
		return child(n, node, e, LOOP_CHAR);
	}
	if (*s == '\\') {
		s++;
		*p += 1;
	}
	e.byte = (uint8_t)*s;
	return child(n, node, e, LOOP_NONE);
}

int nfa_add(struct nfa *n, const char *pattern, uint32_t entry)
{
	bool covers = pattern_covers(pattern);
	const char *p = pattern;
	int64_t node = 0;
	int r;

	while (*p && !(p[0] == '/' && !p[1])) {
		if (pattern_at_dstar(p) && !p[3])
			return accept_put(n, &n->nodes[node].below, entry);
		node = read_token(n, (uint32_t)node, &p);
		if (node < 0)
			return (int)node;
	}
	r = accept_put(n, &n->nodes[node].end, entry);
	if (r == 0 && covers)
		r = accept_put(n, &n->nodes[node].below, entry);
	return r;
}

int nfa_init(struct nfa *n)
{
	*n = (struct nfa){0};
	return new_node(n, LOOP_NONE) < 0 ? -ENOMEM : 0;
}

void nfa_done(struct nfa *n)
{
	free(n->nodes);
	free(n->edges);
	free(n->accepts);
	*n = (struct nfa){0};
}
