/* The tree. Both arms of everything are walked from the same state, and what they leave is joined.
 * Nothing is decided by what a condition would say. */
#include "shell/eval.h"

bool eval_fail(struct eval *ev, const char *why)
{
	if (!ev->a->unparsable)
		(void)snprintf(ev->a->why, sizeof(ev->a->why), "%s", why); /* cut is fine */
	ev->a->unparsable = true;
	return false;
}

bool eval_step(struct eval *ev, size_t n)
{
	ev->steps += n + 1;
	if (ev->steps > EVAL_STEPS_MAX)
		return eval_fail(ev, "too much to evaluate");
	return !ev->a->unparsable;
}

bool eval_set(struct eval *ev, enum state_kind kind, const char *name, const struct value *v)
{
	const struct binding *root =
		v ? state_set(&ev->a->arena, ev->st.root, kind, name, v) : NULL;

	if (!root)
		return eval_fail(ev, "out of memory");
	ev->st.root = root;
	return eval_step(ev, 4);
}

bool eval_option(struct eval *ev, const char *name)
{
	const struct value *v = state_get(ev->st.root, STATE_OTHER, name);

	return v && !v->absent;
}

void eval_unknown_code(struct eval *ev, int command)
{
	if (!ev->a->unknown_code)
		ev->a->unknown_code_by = command < 0 ? 0 : (unsigned)command;
	ev->a->unknown_code = true;
}

void eval_emit(struct eval *ev, const char *text)
{
	struct buf *b;

	if (!ev->out)
		return;
	b = &ev->out->text;
	if (ev->out->uncertain)
		text = text && !*text ? text : NULL;
	if (b->len > EVAL_FIELD_MAX)
		(void)eval_fail(ev, "too much output");
	else if (text)
		buf_puts(b, text);
	else if (!b->len || b->data[b->len - 1] != SHELL_UNKNOWN)
		buf_putc(b, SHELL_UNKNOWN);
}

static void uncertain(struct eval *ev, int by)
{
	if (ev->out)
		ev->out->uncertain += (unsigned)by;
}

/* ---- joins
 * ---------------------------------------------------------------------------------------------- */
struct join {
	struct eval *ev;
	const struct binding *root;
	bool widen, changed;
};

static const struct value *or_outside(struct eval *ev, enum state_kind kind, const char *name,
				      const struct value *v)
{
	if (v && !(kind == STATE_VAR && v->absent))
		return v;
	return kind == STATE_VAR ? var_outside(ev, name) : &value_absent;
}

static bool join_one(void *arg, enum state_kind kind, const char *name, const struct value *x,
		     const struct value *y)
{
	struct join *j = arg;
	const struct value *v;

	x = or_outside(j->ev, kind, name, x);
	y = or_outside(j->ev, kind, name, y);
	v = x && y ? value_join(&j->ev->a->arena, x, y) : NULL;
	if (!v || !eval_step(j->ev, 8))
		return eval_fail(j->ev, "out of memory");
	if (v == x && j->widen)
		return true;
	if (j->widen && kind != STATE_FUNCTION) {
		struct value *w;

		if (!x->alts && x->text && is_unknown(x->text) && x->array >= y->array &&
		    x->exported >= y->exported && x->downloaded >= y->downloaded)
			return true; /* as wide as it can be */
		w = arena_alloc(&j->ev->a->arena, sizeof(*w));
		if (!w)
			return eval_fail(j->ev, "out of memory");
		*w = (struct value){.text = value_unknown.text,
				    .array = x->array || y->array,
				    .exported = v->exported,
				    .readonly = v->readonly,
				    .mangled = v->mangled,
				    .downloaded = x->downloaded || y->downloaded};
		v = w;
	}
	j->changed = true;
	j->root = state_set(&j->ev->a->arena, j->root, kind, name, v);
	return j->root || eval_fail(j->ev, "out of memory");
}

bool eval_join(struct eval *ev, struct state other)
{
	struct join j = {.ev = ev, .root = ev->st.root};

	if (other.dead || ev->st.dead) {
		if (ev->st.dead && !other.dead)
			ev->st = other;
		if (other.dead != ev->st.dead || !other.dead)
			return true;
	}
	if (other.root == ev->st.root)
		return true;
	if (!state_diff(ev->st.root, other.root, join_one, &j))
		return eval_fail(ev, "too many names");
	ev->st.root = j.root;
	return true;
}

/* Make unknown in @start whatever a round of a loop has changed. *ret: something was. */
static bool widen(struct eval *ev, struct state *start, struct state end, bool *ret)
{
	struct join j = {.ev = ev, .root = start->root, .widen = true};

	*ret = false;
	if (end.dead)
		return true;
	if (!state_diff(start->root, end.root, join_one, &j))
		return eval_fail(ev, "too many names");
	start->root = j.root;
	*ret = j.changed;
	return true;
}

struct files {
	struct eval *ev;
	const struct binding *root;
};

static bool keep_file(void *arg, enum state_kind kind, const char *name, const struct value *x,
		      const struct value *y)
{
	struct files *f = arg;

	(void)x;
	if ((kind == STATE_FILE || kind == STATE_LINK) && y)
		f->root = state_set(&f->ev->a->arena, f->root, kind, name, y);
	return f->root;
}

/* Of a subshell only what it wrote into files stays. */
void eval_leave_subshell(struct eval *ev, struct state before)
{
	struct files f = {.ev = ev, .root = before.root};

	if (before.root != ev->st.root && !state_diff(before.root, ev->st.root, keep_file, &f))
		(void)eval_fail(ev, "out of memory");
	ev->st = before;
	if (f.root)
		ev->st.root = f.root;
}

/* ---- alternatives
 * ------------------------------------------------------------------------------------------ */
size_t eval_pick(struct eval *ev, const void *of, size_t n)
{
	size_t product = n;

	for (size_t i = 0; i < ev->used_choices; i++)
		if (ev->choices[i].of == of)
			return ev->choices[i].index;
	if (ev->used_choices < ev->n_choices)
		return ev->choices[ev->used_choices++].index;
	for (size_t i = 0; i < ev->n_choices; i++)
		product *= ev->choices[i].n;
	if (ev->n_choices == ARRAY_SIZE(ev->choices) || product > EVAL_CHOICES_MAX)
		return n;
	ev->choices[ev->n_choices++] = (struct choice){.of = of, .n = n};
	ev->used_choices = ev->n_choices;
	return 0;
}

const struct value *eval_choose(struct eval *ev, const struct value *v)
{
	size_t i;

	if (!v->alts)
		return v;
	i = eval_pick(ev, v, v->n);
	return i < v->n ? v->alts[i] : &value_unknown;
}

static bool next_choice(struct eval *ev, size_t base)
{
	while (ev->n_choices > base) {
		struct choice *c = &ev->choices[ev->n_choices - 1];

		if (++c->index < c->n)
			return true;
		ev->n_choices--;
	}
	return false;
}

bool eval_each_choice(struct eval *ev, bool (*fn)(struct eval *ev, const struct node *n, void *arg),
		      const struct node *n, void *arg)
{
	struct choice outer[ARRAY_SIZE(ev->choices)];
	size_t base = ev->used_choices, n_outer = ev->n_choices;
	struct state start = ev->st, all = start;
	bool first = true;

	memcpy(outer, ev->choices, sizeof(outer));
	ev->n_choices = base;
	do {
		ev->used_choices = base;
		ev->st = start;
		if (!fn(ev, n, arg) || ev->a->unparsable)
			return eval_fail(ev, "cannot be evaluated");
		if (!first && !eval_join(ev, all))
			return false;
		all = ev->st;
		first = false;
	} while (next_choice(ev, base));
	ev->used_choices = base;
	if (n_outer > base)
		memcpy(ev->choices, outer, sizeof(outer));
	ev->n_choices = n_outer;
	return true;
}

/* ---- lists
 * --------------------------------------------------------------------------------------------------
 */
static bool in_background(struct eval *ev, const struct node *n)
{
	struct frame f = ev->f;
	struct state before = ev->st;
	bool ok;

	ev->f.background = ev->f.forked = true;
	ok = eval_node(ev, n);
	ev->f = f;
	eval_leave_subshell(ev, before);
	return ok;
}

/* `cd x; …` goes on where it was if there is no x; `cd x || exit` does not. */
static bool goes_on_after_cd(const struct node *n)
{
	if (n->kind == NODE_SIMPLE)
		return true;
	if (n->kind != NODE_AND_OR)
		return false;
	for (n = n->body[0]; n; n = n->next)
		if (n->op == '|')
			return false;
	return true;
}

static bool eval_list(struct eval *ev, const struct node *n)
{
	for (n = n->body[0]; n; n = n->next) {
		struct state before = ev->st;

		ev->doubtful_cd = false;
		if (!(n->background ? in_background(ev, n) : eval_node(ev, n)))
			return false;
		if (ev->doubtful_cd && goes_on_after_cd(n) && !eval_join(ev, before))
			return false;
		ev->doubtful_cd = false;
	}
	return true;
}

/* Does @n certainly succeed, as far as what follows && cares? A cd is taken to: the text relies on
 * it. */
static bool succeeds(struct eval *ev, const struct node *n)
{
	static const char *const names[] = {"cd",     "true",	":",   "echo",
					    "printf", "export", "set", "pushd"};

	if (n->kind != NODE_SIMPLE || n->redirs)
		return false;
	if (!n->words) {
		for (const struct assign *as = n->assigns; as; as = as->next)
			if (!as->value || !as->value->text)
				return false;
		return true;
	}
	for (size_t i = 0; n->words->text && i < ARRAY_SIZE(names); i++)
		if (streq(n->words->text, names[i]))
			return !state_get(ev->st.root, STATE_FUNCTION, names[i]);
	return false;
}

static bool eval_and_or(struct eval *ev, const struct node *n)
{
	const struct node *last = NULL;

	for (n = n->body[0]; n; n = n->next) {
		struct state before = ev->st;
		bool sure = !last || (n->op == '&' && last->op != '|' && succeeds(ev, last)), ok;

		uncertain(ev, !sure);
		ok = eval_node(ev, n) && (sure || eval_join(ev, before));
		uncertain(ev, -!sure);
		if (!ok)
			return false;
		last = n;
	}
	return true;
}

/* ---- pipes
 * ---------------------------------------------------------------------------------------------------
 */
static bool runs_at_once(const struct node *n)
{
	return n->kind == NODE_SIMPLE || n->kind == NODE_GROUP || n->kind == NODE_SUBSHELL;
}

static bool eval_stage(struct eval *ev, const struct node *n, struct collector *out,
		       struct state before)
{
	struct collector *outer = ev->out;
	bool ok;

	if (n->next)
		ev->out = out;
	ok = eval_node(ev, n);
	ev->out = outer;
	if (!n->next)
		return ok &&
		       eval_join(ev, before); /* zsh, ksh and lastpipe run it in the shell itself */
	eval_leave_subshell(ev, before);
	return ok;
}

static bool eval_pipe(struct eval *ev, const struct node *n)
{
	struct frame f = ev->f;
	unsigned selves = 0;
	bool ok = true;

	ev->f.in_pipe = true;
	ev->f.pipeline = ev->next_pipeline++;
	ev->f.stage = 0;
	for (n = n->body[0]; n && ok; n = n->next) {
		struct collector c = {0};
		unsigned calls = ev->self_calls;

		ev->f.forked = f.forked || (runs_at_once(n) && !ev->f.conditional);
		ok = eval_stage(ev, n, &c, ev->st);
		selves += ev->self_calls > calls;
		ev->f.stage++;
		ev->f.stdin_text =
			buf_failed(&c.text)
				? NULL
				: arena_strndup(&ev->a->arena, buf_str(&c.text), c.text.len);
		ev->f.stdin_kind = !ev->f.stdin_text || is_unknown(ev->f.stdin_text) ? STDIN_UNKNOWN
										     : STDIN_KNOWN;
		if (ev->f.stdin_kind == STDIN_UNKNOWN)
			ev->f.stdin_text = NULL;
		buf_done(&c.text);
	}
	if (selves > 1)
		ev->a->fork_bomb = true;
	ev->f = f;
	return ok;
}

/* ---- branches
 * --------------------------------------------------------------------------------------------------
 */
static bool eval_if(struct eval *ev, const struct node *n)
{
	struct state before, yes;
	bool ok;

	if (!eval_node(ev, n->body[0]))
		return false;
	before = ev->st;
	uncertain(ev, 1);
	ok = eval_node(ev, n->body[1]);
	yes = ev->st;
	ev->st = before;
	ok = ok && (!n->body[2] || eval_node(ev, n->body[2])) && eval_join(ev, yes);
	uncertain(ev, -1);
	return ok;
}

static bool expand_subject(struct eval *ev, const struct node *n, void *arg)
{
	(void)arg;
	if (!expand_one(ev, n->words))
		return false;
	for (const struct case_item *it = n->items; it; it = it->next)
		for (const struct word *w = it->patterns; w; w = w->next)
			if (!w->text && !expand_one(ev, w))
				return false;
	return true;
}

static bool eval_case(struct eval *ev, const struct node *n)
{
	struct state before, all, last = {0};
	bool ok = eval_each_choice(ev, expand_subject, n, NULL), falls = false;

	before = all = ev->st;
	uncertain(ev, 1);
	for (const struct case_item *it = n->items; it && ok; it = it->next) {
		ev->st = before;
		ok = (!falls || eval_join(ev, last)) && eval_node(ev, it->body);
		last = ev->st;
		falls = it->falls;
		ok = ok && eval_join(ev, all);
		all = ev->st;
	}
	uncertain(ev, -1);
	return ok;
}

/* ---- loops
 * ------------------------------------------------------------------------------------------------------
 */
static bool leave_early(struct eval *ev, struct exits *x)
{
	if (!x->any)
		return true;
	return eval_join(ev, x->st);
}

/* A loop of unknown length: rounds until nothing new becomes unknown. @cond and @step may be NULL;
 * @name: set to
 * @value in front of each round. */
struct loop {
	const struct node *cond, *body;
	const char *step, *name;
	const struct value *value;
};

static bool one_round(struct eval *ev, const struct loop *l, struct state *ret_exit)
{
	if (l->cond && !eval_node(ev, l->cond))
		return false;
	*ret_exit = ev->st;
	if (l->name && !eval_set(ev, STATE_VAR, l->name, l->value))
		return false;
	if (!eval_node(ev, l->body))
		return false;
	return !l->step || arith_text(ev, l->step);
}

static bool eval_unbounded(struct eval *ev, const struct loop *l)
{
	struct exits x = {.up = ev->f.loops};
	struct state before = ev->st, start = before, leave = start;
	bool changed = true, ok = true;

	ev->f.loops = &x;
	uncertain(ev, 1);
	for (unsigned round = 0; ok && changed && round < 6; round++) {
		ev->st = start;
		ok = one_round(ev, l, &leave) && widen(ev, &start, ev->st, &changed);
		if (ok && x.any && !changed)
			ok = widen(ev, &start, x.st, &changed); /* continue */
	}
	if (changed && ok)
		ok = eval_fail(ev, "a loop that does not settle");
	ok = ok && eval_join(ev, leave) && eval_join(ev, start) && eval_join(ev, before) &&
	     leave_early(ev, &x);
	uncertain(ev, -1);
	ev->f.loops = x.up;
	return ok;
}

static bool eval_loop(struct eval *ev, const struct node *n)
{
	return eval_unbounded(ev, &(struct loop){.cond = n->body[0], .body = n->body[1]});
}

static bool eval_arith_for(struct eval *ev, const struct node *n)
{
	const char *text = expand_one(ev, n->words), *semi = text ? strchr(text, ';') : NULL;
	const char *init = semi ? arena_strndup(&ev->a->arena, text, (size_t)(semi - text)) : text,
		   *rest;

	if (!init || !arith_text(ev, init))
		return eval_fail(ev, "for ((");
	rest = semi ? strchr(semi + 1, ';') : NULL;
	return eval_unbounded(ev,
			      &(struct loop){.body = n->body[0], .step = rest ? rest + 1 : NULL});
}

static bool expand_list(struct eval *ev, const struct node *n, void *arg)
{
	struct fields *list = arg;

	for (const struct word *w = n->words; w; w = w->next)
		if (!expand_words(ev, w, list))
			return false;
	return true;
}

static bool eval_each(struct eval *ev, const struct node *n, const struct fields *list)
{
	struct exits x = {.up = ev->f.loops};
	bool ok = true;

	ev->f.loops = &x;
	for (size_t i = 0; i < list->n && ok; i++) {
		ok = var_set(ev, n->name, list->v[i]) && eval_node(ev, n->body[0]);
		if (ok && x.any) { /* a round that was left early goes on with the next, or ends the
				      loop */
			ok = eval_join(ev, x.st);
			ev->st.dead = false;
		}
	}
	ev->f.loops = x.up;
	return ok && leave_early(ev, &x);
}

static bool eval_for(struct eval *ev, const struct node *n)
{
	static const struct param all = {.name = "@"};
	struct fields list = {0};
	const struct value *v = NULL;
	const struct word *word;
	bool known, is_list;

	if (n->has_in ? !eval_each_choice(ev, expand_list, n, &list)
		      : !param_values(ev, &all, &list, &is_list, &word))
		return false;
	known = list.n <= EVAL_LOOP_MAX && ev->rounds + list.n <= EVAL_ROUNDS_MAX;
	for (size_t i = 0; i < list.n && known; i++)
		known = !has_unknown(list.v[i]) && !strpbrk(list.v[i], "*?[");
	if (known) {
		ev->rounds += (unsigned)list.n;
		return eval_each(ev, n, &list);
	}
	for (size_t i = 0; i < list.n; i++) {
		const struct value *one = value_text(&ev->a->arena, list.v[i]);

		v = v && one ? value_join(&ev->a->arena, v, one) : one;
		if (!v)
			return eval_fail(ev, "out of memory");
	}
	return eval_unbounded(ev, &(struct loop){.body = n->body[0], .name = n->name, .value = v});
}

/* ---- conditions
 * ---------------------------------------------------------------------------------------------------
 */
static bool is_arith_op(const char *s)
{
	static const char *const ops[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (streq(s, ops[i]))
			return true;
	return false;
}

/* The operands are not judged, but commands in them run: also those in the indexes of arithmetic.
 */
static bool eval_cond_once(struct eval *ev, const struct node *n, void *arg)
{
	bool arith = false;

	(void)arg;
	for (const struct word *w = n->words; w; w = w->next) {
		const char *s = expand_one(ev, w);
		const struct word *next = w->next;

		if (!s || (streq(s, "=~") && !eval_set(ev, STATE_VAR, "BASH_REMATCH", &value_unknown_array)))
			return false;
		arith |= next && next->text && is_arith_op(next->text);
		if (arith && !arith_text(ev, s))
			return false;
		arith = is_arith_op(s) || streq(s, "-v");
	}
	return true;
}

static bool eval_arith_once(struct eval *ev, const struct node *n, void *arg)
{
	const char *s = expand_one(ev, n->words);

	(void)arg;
	return s && arith_text(ev, s);
}

static bool eval_arith_for_once(struct eval *ev, const struct node *n, void *arg)
{
	(void)arg;
	return eval_arith_for(ev, n);
}

/* ---- functions
 * ------------------------------------------------------------------------------------------------------
 */
static bool define(struct eval *ev, const struct node *n)
{
	struct function *f = arena_alloc(&ev->a->arena, sizeof(*f)), **tail = &ev->functions;
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));

	if (!f || !v)
		return eval_fail(ev, "out of memory");
	*f = (struct function){.next = NULL, .node = n, .frame = ev->f};
	f->frame.loops = f->frame.returns = NULL; /* they end before it may be called */
	f->frame.call = NULL;
	for (struct function *known = ev->functions; known && eval_step(ev, 0); known = known->next)
		if (known->node == n)
			f = NULL;
	if (f) {
		if (ev->last_function)
			tail = &ev->last_function->next;
		*tail = f;
		ev->last_function = f;
	}
	v->body = n;
	return eval_step(ev, 64) && eval_set(ev, STATE_FUNCTION, n->name, v);
}

static void mark_called(struct eval *ev, const struct node *n)
{
	for (struct function *f = ev->functions; f && eval_step(ev, 0); f = f->next)
		if (f->node == n)
			f->called = true;
}

/* How often @n is being evaluated already; a fork between is the mark of a bomb. */
static unsigned active(struct eval *ev, const struct node *n)
{
	bool forked = ev->f.forked;
	unsigned count = 0;

	for (const struct call *c = ev->f.call; c; c = c->up) {
		if (c->body == n) {
			ev->a->fork_bomb |= forked;
			count++;
		}
		forked |= c->forked;
	}
	ev->self_calls += count > 0;
	return count;
}

static const struct value *arguments(struct eval *ev, const char *const *argv, size_t argc,
				     bool unknown)
{
	struct value *v = arena_alloc(&ev->a->arena, sizeof(*v));
	struct entry *items = arena_alloc(&ev->a->arena, (argc + 1) * sizeof(*items));

	if (!v || !items)
		return NULL;
	for (size_t i = 0; i < argc; i++)
		items[i] = (struct entry){.key = "", .text = argv[i]};
	*v = (struct value){.array = true,
			    .items = items,
			    .n = argc,
			    .text = unknown ? value_unknown.text : NULL};
	return v;
}

bool eval_set_args(struct eval *ev, const char *const *argv, size_t argc, bool unknown)
{
	return eval_set(ev, STATE_OTHER, "args", arguments(ev, argv, argc, unknown));
}

/* Give the names that were local back what they had in @before. */
static bool restore_locals(struct eval *ev, size_t from, struct state before)
{
	while (ev->n_locals > from) {
		const char *name = ev->locals[--ev->n_locals];
		const struct value *v = state_get(before.root, STATE_VAR, name);

		if (!eval_set(ev, STATE_VAR, name, v ? v : &value_absent))
			return false;
	}
	return true;
}

bool eval_call(struct eval *ev, const struct node *n, const char *const *argv, size_t argc,
	       bool unknown_args)
{
	const struct value *args = state_get(ev->st.root, STATE_OTHER, "args");
	struct call call = {.up = ev->f.call, .body = n, .forked = ev->f.forked};
	struct exits x = {0};
	struct frame f = ev->f;
	struct state before = ev->st;
	size_t locals = ev->n_locals;
	unsigned count = active(ev, n);
	bool ok;

	mark_called(ev, n);
	if (count >= 4 || ++ev->calls > EVAL_CALLS_MAX) {
		ev->calls -= count < 4;
		return count >= 4 || eval_fail(ev, "too many functions within functions");
	}
	ev->f.call = &call;
	ev->f.forked = ev->f.conditional = false;
	ev->f.function = true;
	ev->f.loops = NULL;
	ev->f.returns = &x;
	ok = eval_set_args(ev, argv, argc, unknown_args || count == 3) && eval_node(ev, n->body[0]);
	ok = ok && leave_early(ev, &x) && restore_locals(ev, locals, before) &&
	     eval_set(ev, STATE_OTHER, "args", args ? args : &value_absent);
	ev->f = f;
	ev->calls--;
	return ok;
}

/* Functions that nobody called may be called later. */
static bool eval_uncalled(struct eval *ev)
{
	for (struct function *fn = ev->functions; fn; fn = fn->next) {
		struct state before = ev->st;

		if (fn->called)
			continue;
		ev->f = fn->frame;
		ev->out = NULL;
		if (!eval_call(ev, fn->node, NULL, 0, true))
			return false;
		ev->st = before;
	}
	for (const struct trap *t = ev->traps; t; t = t->next) {
		struct state before = ev->st;

		ev->f = t->frame;
		ev->out = NULL;
		ev->st.dead = false;
		if (!follow_code(ev, t->by, t->text))
			return false;
		ev->st = before;
	}
	return true;
}

/* ---- the tree
 * ---------------------------------------------------------------------------------------------------------
 */
static bool eval_coproc(struct eval *ev, const struct node *n)
{
	struct frame f = ev->f;
	bool ok;

	ev->f.stdin_kind = STDIN_UNKNOWN;
	ev->f.stdin_text = NULL;
	ok = in_background(ev, n->body[0]);
	ev->f = f;
	return ok;
}

static bool in_subshell(struct eval *ev, const struct node *n)
{
	struct state before = ev->st;
	struct exits *loops = ev->f.loops, *returns = ev->f.returns;
	bool ok;

	ev->f.loops = ev->f.returns = NULL;
	ok = eval_node(ev, n->body[0]);
	ev->f.loops = loops;
	ev->f.returns = returns;
	eval_leave_subshell(ev, before);
	return ok;
}

static bool eval_kind(struct eval *ev, const struct node *n)
{
	switch (n->kind) {
	case NODE_LIST:
		return eval_list(ev, n);
	case NODE_AND_OR:
		return eval_and_or(ev, n);
	case NODE_PIPE:
		return eval_pipe(ev, n);
	case NODE_SIMPLE:
		return run_simple(ev, n);
	case NODE_GROUP:
		return eval_node(ev, n->body[0]);
	case NODE_SUBSHELL:
		return in_subshell(ev, n);
	case NODE_IF:
		return eval_if(ev, n);
	case NODE_LOOP:
		return eval_loop(ev, n);
	case NODE_FOR:
		return eval_for(ev, n);
	case NODE_ARITH_FOR:
		return eval_each_choice(ev, eval_arith_for_once, n, NULL);
	case NODE_CASE:
		return eval_case(ev, n);
	case NODE_COND:
		return eval_each_choice(ev, eval_cond_once, n, NULL);
	case NODE_ARITH:
		return eval_each_choice(ev, eval_arith_once, n, NULL);
	case NODE_FUNCTION:
		return define(ev, n);
	case NODE_COPROC:
		return eval_coproc(ev, n);
	}
	return false;
}

/* The redirections of a compound command are those of a command without words. */
static bool compound_redirects(struct eval *ev, const struct node *n, void *arg)
{
	struct command_in c = {0};
	int index;

	(void)arg;
	if (!run_redirects(ev, n, &c))
		return false;
	index = run_add(ev, &c);
	return index >= 0 && run_redirect_effects(ev, &c, index);
}

bool eval_node(struct eval *ev, const struct node *n)
{
	unsigned fd = ev->next_fd; /* a process substitution's is closed behind its command */
	struct collector *out = ev->out;
	struct frame f = ev->f;
	bool ok;

	if (!n || !eval_step(ev, 8))
		return n == NULL && !ev->a->unparsable;
	if (++ev->depth > EVAL_DEPTH_MAX)
		return eval_fail(ev, "nested too deeply");
	if (n->kind == NODE_IF || n->kind == NODE_CASE || n->kind == NODE_LOOP ||
	    n->kind == NODE_FOR)
		ev->f.conditional = true;
	if (ev->f.depth == 0)
		ev->f.at = n->at;
	ok = n->kind == NODE_SIMPLE || !n->redirs ||
	     eval_each_choice(ev, compound_redirects, n, NULL);
	ok = ok && eval_kind(ev, n);
	ev->out = out;
	ev->f = f;
	ev->next_fd = fd;
	ev->depth--;
	return ok && !ev->a->unparsable;
}

static bool keep_text(struct shell_analysis *a, const char *text, size_t len)
{
	const char **v = arena_grow(&a->arena, a->texts, a->n_texts, &a->cap_texts, sizeof(*v));

	if (!v)
		return false;
	a->texts = v;
	v[a->n_texts] = arena_strndup(&a->arena, text, len);
	return v[a->n_texts++] != NULL;
}

bool eval_text(struct eval *ev, const char *text, size_t len, bool *ret_unknown)
{
	struct parse_result r = {0};
	struct node *n;

	ev->texts += len;
	if (ev->texts > EVAL_TEXT_MAX || !eval_step(ev, len))
		return eval_fail(ev, "too much text");
	if (ev->f.depth >= SHELL_DEPTH_MAX)
		return eval_fail(ev, "texts within texts too deeply");
	if (!keep_text(ev->a, text, len))
		return eval_fail(ev, "out of memory");
	n = parse_text(&ev->a->arena, text, len, true, 0, &r);
	*ret_unknown = r.unknown_bare;
	if (!n && memchr(text, SHELL_UNKNOWN, len)) {
		*ret_unknown = true; /* what is not known could make it whole */
		return true;
	}
	if (!n)
		return eval_fail(ev, r.why);
	return eval_node(ev, n);
}

/* ---- the ways in
 * --------------------------------------------------------------------------------------------------------
 */
static bool begin(struct eval *ev, const struct shell_env *env, struct shell_analysis *a)
{
	struct arena arena = a->arena;

	arena_reset(&arena);
	*a = (struct shell_analysis){.arena = arena};
	*ev = (struct eval){.a = a, .env = env, .f = {.parent = -1}, .next_fd = 63};
	return eval_set(ev, STATE_OTHER, "cwd",
			value_text(&a->arena, env->cwd ? env->cwd : value_unknown.text));
}

static void finish(struct eval *ev)
{
	free(ev->scratch);
	free(ev->scratch_quoted);
}

void shell_analyse(const char *text, size_t len, const struct shell_env *env,
		   struct shell_analysis *a)
{
	struct parse_result r = {0};
	struct node *n = NULL;
	struct eval ev;

	if (!begin(&ev, env, a))
		return;
	if (len > SHELL_TEXT_MAX)
		(void)eval_fail(&ev, "too long a text");
	else if (!(n = parse_text(&a->arena, text, len, false, 0, &r)))
		(void)eval_fail(&ev, r.why);
	else if (eval_node(&ev, n))
		(void)eval_uncalled(&ev); /* a failure is in the analysis */
	finish(&ev);
}

void shell_analyse_argv(const char *const *argv, const struct shell_env *env,
			struct shell_analysis *a)
{
	struct command_in c = {.argv = argv};
	size_t bytes = 0;
	struct eval ev;

	if (!begin(&ev, env, a))
		return;
	for (; argv[c.argc]; c.argc++) {
		bytes += strlen(argv[c.argc]);
		if (has_unknown(argv[c.argc]))
			(void)eval_fail(&ev, "a SUB character");
	}
	if (bytes > 4 * SHELL_TEXT_MAX)
		(void)eval_fail(&ev, "too long a command");
	if (!a->unparsable && run_argv(&ev, &c, false))
		(void)eval_uncalled(&ev); /* a failure is in the analysis */
	finish(&ev);
}

void shell_done(struct shell_analysis *a)
{
	arena_done(&a->arena);
	*a = (struct shell_analysis){0};
}

bool shell_add_effect(struct shell_analysis *a, const struct shell_effect *e)
{
	struct shell_effect *v;

	if (a->n_effects >= SHELL_EFFECTS_MAX ||
	    !(v = arena_grow(&a->arena, a->effects, a->n_effects, &a->cap_effects, sizeof(*v)))) {
		a->unparsable = true;
		(void)snprintf(a->why, sizeof(a->why), "too many effects");
		return false;
	}
	a->effects = v;
	v[a->n_effects++] = *e;
	return true;
}
