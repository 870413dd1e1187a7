/* Tool calls. The name gives a class (tool-names.tab) or, if nobody knows it, some verbs; the input is then
 * walked once, field by field. What a field holds is told by its name, for known and unknown tools alike, and
 * for unknown ones by what its value looks like. Every reading adds items and none takes one away: a
 * path that a tool would ignore costs a question, one that was overlooked costs a file. */
#include "policy/tool-scan.h"
#include "text/jsonin.h"

#define DEPTH_MAX   64
#define STRINGS_MAX 4 /* JSON in a string in JSON in a string… */

struct field {
	const cJSON *v;
	uint64_t hash;
	enum tool_field kind;
};

/* --- JSON in strings ------------------------------------------------------------------------------ */

int scan_json(struct scan *s, const struct object *o, enum tool_field kind, const char *text,
	      const struct place *at, bool *ret_was)
{
	static const struct object none;
	const char *p = text + strspn(text, " \t\r\n");
	cJSON *v = NULL;
	autobuf b = {0};
	int r;

	*ret_was = false;
	if (*p != '{' && *p != '[')
		return 0;
	if (s->strings >= STRINGS_MAX)
		return scan_fail(s, "JSON in strings in strings", at ? at->key : NULL);
	/* A reader that takes objects only; and it reads one byte behind the end. */
	buf_printf(&b, "{\"a\":%s}", p);
	if (buf_failed(&b))
		return scan_no_memory(s);
	if (jsonin_parse(buf_str(&b), b.len, &v, NULL) < 0 || !v->child || v->child->next)
		r = 0;
	else {
		*ret_was = true;
		s->strings++;
		r = scan_visit(s, o ? o : &none, kind, v->child, at);
		s->strings--;
	}
	cJSON_Delete(v);
	return r;
}

/* --- the walk ------------------------------------------------------------------------------------- */

static unsigned class_ops(enum tool_class c)
{
	static const unsigned t[CLASS_COUNT] = {
		[CLASS_LIST] = OP_LIST,
		[CLASS_WRITE] = OP_WRITE,
		[CLASS_EDIT] = OP_WRITE,
		[CLASS_EDITOR] = OP_WRITE,
		[CLASS_PATCH] = OP_WRITE,
		[CLASS_DELETE] = OP_DELETE,
		[CLASS_MOVE] = OP_MOVE,
		[CLASS_COPY] = OP_COPY,
		[CLASS_SHELL] = OP_READ | OP_SHELL,
		[CLASS_STDIN] = OP_READ | OP_SHELL,
		[CLASS_EXEC] = OP_READ,
		[CLASS_CODE] = OP_READ | OP_CODE,
	};

	return t[c] ? t[c] : OP_READ;
}

/* The commands of the text-editor tools. */
static int editor_ops(struct scan *s, const char *command)
{
	static const struct {
		const char *command;
		unsigned ops;
	} t[] = {
		{"view", OP_READ},	{"create", OP_WRITE}, {"strreplace", OP_WRITE}, {"insert", OP_WRITE},
		{"undoedit", OP_WRITE}, {"write", OP_WRITE},  {"edit", OP_WRITE},	{"append", OP_WRITE},
		{"delete", OP_DELETE},	{"rename", OP_MOVE},  {"read", OP_READ},	{"replace", OP_WRITE},
	};
	char folded[TOOL_FOLD_MAX];

	(void)tool_fold(command, folded);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (streq(folded, t[i].command)) {
			s->ops = t[i].ops;
			return 0;
		}
	return scan_fail(s, "an editor's command that is not known:", command);
}

/* What a field says about its neighbours. */
static int look(struct scan *s, struct object *o, const struct field *f)
{
	const char *text = scan_text(f->v);

	switch (f->kind) {
	case FIELD_PATH:
	case FIELD_DIR:
		if (f->kind == FIELD_DIR && s->class == CLASS_SHELL)
			o->cwd = text;
		if (!o->path || f->kind == FIELD_PATH)
			o->path = text					  ? text
				  : f->v->child && scan_text(f->v->child) ? scan_text(f->v->child)
									  : o->path;
		break;
	case FIELD_DST:
		o->has_dst = true;
		if (!o->path)
			o->path = text;
		break;
	case FIELD_TO:
		o->has_dst = true;
		break;
	case FIELD_COMMAND:
	case FIELD_SCRIPT:
	case FIELD_PROGRAM:
		if (s->class == CLASS_EDITOR && text && f->kind == FIELD_COMMAND) {
			o->action = text;
			return editor_ops(s, text);
		}
		o->command = text ? text : cJSON_IsArray(f->v) ? "" : o->command;
		break;
	case FIELD_CWD:
		o->cwd = text;
		break;
	case FIELD_ARGS:
		o->args = f->v;
		break;
	case FIELD_ENV:
		o->env = f->v->child ? f->v : NULL;
		break;
	case FIELD_PORT:
		o->port = f->v;
		break;
	case FIELD_OLD:
		o->old = text;
		o->has_content |= text && s->class == CLASS_UNKNOWN && !(s->ops & OP_LIST);
		break;
	case FIELD_STDIN:
		o->stdin_text = text;
		break;
	case FIELD_LANG:
		o->lang = text;
		break;
	case FIELD_TOOL:
		o->tool = text;
		break;
	case FIELD_CONTENT:
		o->has_content = true;
		break;
	case FIELD_TEXT:
		o->has_content |= s->class == CLASS_UNKNOWN && s->ops == 0;
		break;
	case FIELD_RECURSIVE:
		o->recursive = !cJSON_IsFalse(f->v) && !cJSON_IsNull(f->v);
		break;
	case FIELD_ACTION:
		if (text && s->class == CLASS_PATCH)
			s->ops |= tool_verbs(text) & OP_DELETE;
		break;
	default:
		break;
	}
	return 0;
}

static int field_compare(const void *a, const void *b)
{
	const struct field *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* The same plain value? Two containers are never the same: comparing them could take for ever. */
static bool same(const cJSON *a, const cJSON *b)
{
	return !a->child && !b->child && cJSON_Compare(a, b, true);
}

/* Two keys that are one to somebody who ignores case: which counts cannot be told. */
static int check_keys(struct scan *s, const struct field *f, size_t n)
{
	struct field *sorted;

	if (n <= 8) {
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < i; k++)
				if (f[i].hash == f[k].hash && !same(f[i].v, f[k].v))
					return scan_fail(
						s, "two fields that differ only in spelling:", f[i].v->string);
		return 0;
	}
	sorted = arena_alloc(s->arena, n * sizeof(*sorted));
	if (!sorted)
		return scan_no_memory(s);
	memcpy(sorted, f, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), field_compare);
	for (size_t i = 1; i < n; i++)
		if (sorted[i].hash == sorted[i - 1].hash && !same(sorted[i].v, sorted[i - 1].v))
			return scan_fail(s, "two fields that differ only in spelling:", sorted[i].v->string);
	return 0;
}

/* Drop the number that a field's name ends with. */
static bool cut_number(char *folded)
{
	size_t len = strlen(folded), n = len;

	while (n > 0 && folded[n - 1] >= '0' && folded[n - 1] <= '9')
		n--;
	folded[n] = '\0';
	return n > 0 && n < len;
}

static int read_fields(struct scan *s, const cJSON *object, struct field **ret, size_t *ret_n)
{
	char folded[TOOL_FOLD_MAX];
	struct field *f;
	const cJSON *v;
	size_t n = 0;

	cJSON_ArrayForEach(v, object) n++;
	f = arena_alloc(s->arena, n * sizeof(*f));
	if (!f)
		return scan_no_memory(s);
	n = 0;
	cJSON_ArrayForEach(v, object)
	{
		f[n].v = v;
		f[n].hash = tool_fold(v->string ? v->string : "", folded);
		f[n].kind = tool_field_find(folded);
		if (f[n].kind == FIELD_OTHER && cut_number(folded))
			f[n].kind = tool_field_find(folded); /* new_str_1, path2 */
		if (f[n].kind == FIELD_OTHER && s->guess)
			f[n].kind = tool_field_guess(folded);
		n++;
	}
	*ret = f;
	*ret_n = n;
	return check_keys(s, f, n);
}

static int required(struct scan *s);
static void scan_for(struct scan *s, const struct tool_name *row, const char *name, bool strict);

/* A call within the call: {"tool": NAME, "arguments": {…}}. */
static int nested_call(struct scan *s, const struct object *o, const cJSON *v, const struct place *at)
{
	struct tool_call named = {0};
	const struct tool_name *row;
	struct scan sub = *s;
	bool strict, was = true;
	int r;

	if (tool_name_read(s->arena, o->tool, &named, &row, &strict) < 0)
		return scan_no_memory(s);
	sub.has_command = sub.has_path = sub.has_url = sub.has_code = false;
	if (row) {
		scan_for(&sub, row, named.name, strict && !s->computed);
	} else { /* perhaps no tool's name at all: then it is the outer tool's business */
		sub.ops |= tool_verbs(named.name);
		sub.strict = false;
		sub.guess = true;
	}
	r = scan_text(v) ? scan_json(&sub, o, FIELD_OTHER, scan_text(v), at, &was) : scan_walk(&sub, v, o, at);
	if (r >= 0 && !was)
		r = field_raw(&sub, o, scan_text(v), at);
	s->has_command |= sub.has_command;
	s->has_path |= sub.has_path;
	s->has_url |= sub.has_url;
	return r < 0 ? r : required(&sub);
}

int scan_visit(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
	       const struct place *at)
{
	const struct field_kind *k = &field_kinds[kind];
	bool input = kind == FIELD_JSON || kind == FIELD_INPUT || kind == FIELD_ARGS;
	const cJSON *c;
	size_t i = 0;
	int r = 0;

	if (o->tool && input && (v->child ? cJSON_IsObject(v) : scan_text(v) != NULL) && *o->tool)
		return nested_call(s, o, v, at);
	if (cJSON_IsObject(v) &&
	    (!k->whole || (kind != FIELD_ENV && kind != FIELD_CONTENT && kind != FIELD_CODE))) {
		if (s->strict && kind == FIELD_PATH && at && at->key && s->class >= CLASS_READ &&
		    s->class <= CLASS_EDITOR)
			return scan_fail(s, "not a path:", at->key);
		return scan_walk(s, v, o, at);
	}
	if (!cJSON_IsArray(v) || k->whole) {
		r = k->on ? k->on(s, o, kind, v, at) : 0;
		if (kind == FIELD_CONTENT || kind == FIELD_CODE || kind == FIELD_ENV)
			return r;
		/* [{…}, {…}] where words were looked for. */
		cJSON_ArrayForEach(c, v)
		{
			struct place here = {.up = at, .index = i++};

			if (r >= 0 && c->child)
				r = scan_walk(s, c, o, &here);
		}
		return r;
	}
	if (++s->depth > DEPTH_MAX)
		return scan_fail(s, "nested too deep", NULL);
	cJSON_ArrayForEach(c, v)
	{
		struct place here = {.up = at, .index = i++};

		/* A handler of arrays has to be given the strings one by one, at any depth. */
		r = scan_visit(s, o, kind, c, &here);
		if (r < 0)
			return r;
	}
	s->depth--;
	return r;
}

static int walk_object(struct scan *s, const cJSON *v, const struct object *up, const struct place *at)
{
	struct object o = {.up = up, .place = at};
	unsigned ops = s->ops;
	struct field *f = NULL;
	size_t n = 0;
	int r = read_fields(s, v, &f, &n);

	for (size_t i = 0; i < n && r >= 0; i++)
		r = look(s, &o, &f[i]);
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct place here = {.up = at, .key = f[i].v->string};

		r = scan_visit(s, &o, f[i].kind, f[i].v, &here);
	}
	s->ops = ops;
	return r;
}

int scan_walk(struct scan *s, const cJSON *v, const struct object *up, const struct place *at)
{
	static const struct object none;
	const cJSON *c;
	size_t i = 0;
	int r = 0;

	if (++s->depth > DEPTH_MAX)
		return scan_fail(s, "nested too deep", NULL);
	if (cJSON_IsObject(v)) {
		if (v->child)
			r = walk_object(s, v, up, at);
	} else if (cJSON_IsArray(v)) {
		cJSON_ArrayForEach(c, v)
		{
			struct place here = {.up = at, .index = i++};

			r = c->child ? scan_walk(s, c, up, &here)
				     : field_kinds[FIELD_OTHER].on(s, up ? up : &none, FIELD_OTHER, c, &here);
			if (r < 0)
				break;
		}
	}
	s->depth--;
	return r;
}

/* --- the call ------------------------------------------------------------------------------------- */

/* Codex's code mode: JavaScript that calls tools.NAME({…}). Literal arguments are read as calls; what is
 * computed is left to the code's own item. */
int scan_code_calls(struct scan *s, const struct object *o, const char *code, const struct place *at)
{
	struct object call = {.up = o, .place = at};
	const char *p = code;
	size_t spent = 0;
	int r = 0;

	s->computed = true;
	while (r >= 0 && p) {
		autobuf json = {0};
		cJSON *v = NULL;

		p = text_js_call(s->arena, p, &spent, &call.tool, &json);
		if (buf_failed(&json) || (p && !call.tool))
			return scan_no_memory(s);
		if (spent > TEXT_JS_MAX)
			return scan_fail(s, "code with too many calls", NULL);
		if (p && jsonin_parse(buf_str(&json), json.len, &v, NULL) == 0)
			r = nested_call(s, &call, v->child, at);
		cJSON_Delete(v);
	}
	return r;
}

/* Text around URLs: Gemini's web_fetch has them in its prompt. */
static int urls_in(struct scan *s, const cJSON *input)
{
	const cJSON *v;
	int r = 0;

	cJSON_ArrayForEach(v, input)
	{
		const char *p = scan_text(v);

		while (p && r >= 0 && (p = strstr(p, "://"))) {
			const char *from = p, *to = p + strcspn(p, " \t\r\n\"'<>`)]}");
			char *url;

			while (from > scan_text(v) && (from[-1] | 0x20) >= 'a' && (from[-1] | 0x20) <= 'z')
				from--;
			url = arena_strndup(s->arena, from, (size_t)(to - from));
			r = url ? item_url(s, NULL, url, &(struct place){.key = v->string}) : scan_no_memory(s);
			p = to;
		}
	}
	return r;
}

/* The directory of a tool that looks around when the call does not say. */
static int here(struct scan *s)
{
	struct object o = {.recursive = s->class == CLASS_SEARCH};

	return item_path(s, &o, s->ops, ".", NULL);
}

/* What a tool of this class cannot do without. */
static int required(struct scan *s)
{
	switch (s->class) {
	case CLASS_LIST:
	case CLASS_SEARCH:
		return s->has_path || s->has_url || !s->strict ? 0 : here(s);
	case CLASS_SHELL:
	case CLASS_STDIN:
		return s->has_command || !s->strict ? 0 : scan_fail(s, "no command", NULL);
	case CLASS_EXEC:
	case CLASS_CODE:
		return s->has_command || s->has_code || !s->strict ? 0 : scan_fail(s, "no code", NULL);
	case CLASS_READ:
	case CLASS_WRITE:
	case CLASS_EDIT:
	case CLASS_EDITOR:
	case CLASS_PATCH:
	case CLASS_DELETE:
	case CLASS_MOVE:
	case CLASS_COPY:
		return s->has_path || s->has_url || !s->strict ? 0 : scan_fail(s, "no path", NULL);
	case CLASS_FETCH:
		return s->has_url || !s->strict ? 0 : scan_fail(s, "no URL", NULL);
	case CLASS_UNKNOWN:
	case CLASS_NONE:
	case CLASS_SQL:
	case CLASS_COUNT:
		break;
	}
	return 0;
}

static void scan_for(struct scan *s, const struct tool_name *row, const char *name, bool strict)
{
	s->class = row ? row->class : CLASS_UNKNOWN;
	s->lang = row ? row->lang : NULL;
	s->strict = strict;
	s->guess = !strict;
	s->ops = row ? class_ops(row->class) : tool_verbs(name);
	if (!row && (s->ops & OP_CODE) && strcasestr(name, "python"))
		s->lang = "python";
}

static bool too_deep(const cJSON *v, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return true;
	for (v = v ? v->child : NULL; v; v = v->next)
		if (v->child && too_deep(v, depth + 1))
			return true;
	return false;
}

static int walk_input(struct scan *s, const cJSON *input)
{
	const char *text = scan_text(input);
	bool was = false;
	int r;

	if (!text)
		return input ? scan_walk(s, input, NULL, NULL) : 0;
	if (text[strspn(text, " \t\r\n")] == '\0')
		return 0;
	r = scan_json(s, NULL, FIELD_OTHER, text, NULL, &was);
	return r < 0 || was ? r : field_raw(s, NULL, text, NULL);
}

static int print_input(struct arena *arena, const cJSON *input, struct tool_call *ret)
{
	char *json = input ? cJSON_PrintBuffered(input, 1024, false) : NULL;

	ret->input = json ? arena_strdup(arena, json) : input ? NULL : "{}";
	cJSON_free(json);
	return ret->input ? 0 : -ENOMEM;
}

int tool_parse(struct arena *arena, const char *name, const cJSON *input, struct tool_call *ret,
	       struct err *reterr)
{
	size_t copied = 0;
	struct scan s = {.arena = arena, .call = ret, .err = reterr, .copied = &copied};
	const struct tool_name *row;
	bool strict;
	int r;

	*ret = (struct tool_call){0};
	r = tool_name_read(arena, name ? name : "", ret, &row, &strict);
	if (r < 0)
		return scan_no_memory(&s);
	if (*ret->name == '\0')
		return err_set(reterr, EBADMSG, "a tool call without a tool's name");
	if (too_deep(input, 1))
		return scan_fail(&s, "nested too deep", NULL);
	scan_for(&s, row, ret->name, strict);
	r = walk_input(&s, input);
	if (r >= 0 && s.class == CLASS_FETCH && !s.has_url)
		r = urls_in(&s, input);
	if (r >= 0)
		r = required(&s);
	if (r < 0)
		return r;
	return print_input(arena, input, ret) < 0 ? scan_no_memory(&s) : 0;
}
