/* What the fields of a tool's input mean, one function a kind. */
#include "policy/tool-scan.h"

/* --- values nobody knows -------------------------------------------------------------------------- */

static int add_paths_by_shape(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	unsigned ops = s->ops & (OP_READ | OP_WRITE | OP_DELETE | OP_LIST);

	if (s->ops & OP_MOVE)
		ops |= OP_READ | OP_WRITE | OP_DELETE;
	if (s->ops & OP_COPY)
		ops |= OP_READ | OP_WRITE;
	/* "feature/x" may be a branch. */
	return item_path(s, o, ops && strchr("/~.$\\", *text) ? ops : OP_READ, text, at);
}

static int guess_string(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	size_t skip = strspn(text, " \t\r\n\"'`"), len = strlen(text);
	bool was;
	int r = scan_json(s, o, FIELD_OTHER, text, at, &was);

	if (r < 0 || was)
		return r;
	switch (text_shape(text + skip, len - skip)) {
	case TEXT_PATH:
		return add_paths_by_shape(s, o, text, at);
	case TEXT_URL:
	case TEXT_FILE:
	case TEXT_SCRIPT:
		return item_url(s, o, text + skip, at);
	case TEXT_HOST:
		return item_host(s, o, text + skip, at);
	case TEXT_PLAIN:
	case TEXT_INERT:
		break;
	}
	/* A list: one name a line. */
	if (len < (64u << 10) && strchr(text, '\n') &&
	    text_shape(text + skip, strcspn(text + skip, "\n")) == TEXT_PATH) {
		for (const char *p = text + skip; *p && r >= 0; p += strspn(p, "\r\n")) {
			size_t n = strcspn(p, "\r\n");
			char *line = arena_strndup(s->arena, p, n);

			if (!line)
				return scan_no_memory(s);
			if (text_shape(line, n) == TEXT_PATH)
				r = add_paths_by_shape(s, o, line, at);
			p += n;
		}
	}
	return r;
}

/* --- fields by kind ------------------------------------------------------------------------------- */

static unsigned path_ops(const struct scan *s, const struct object *o, enum tool_field kind)
{
	unsigned ops = s->ops & (OP_READ | OP_WRITE | OP_DELETE | OP_LIST);

	if (kind == FIELD_DST)
		return OP_WRITE | (s->ops & (OP_MOVE | OP_COPY));
	if (s->ops & OP_MOVE)
		return ops | OP_MOVE | OP_READ | OP_DELETE | (kind == FIELD_PATH && !o->has_dst ? OP_WRITE : 0);
	if (s->ops & OP_COPY)
		return ops | OP_COPY | OP_READ | (kind == FIELD_PATH && !o->has_dst ? OP_WRITE : 0);
	if (kind == FIELD_SRC)
		return ops & ~OP_WRITE ? ops & ~OP_WRITE : OP_READ;
	if (o->has_content)
		ops |= OP_WRITE;
	return ops ? ops : OP_READ;
}

static int on_path(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	const char *text = scan_text(v);
	bool was = false;
	int r;

	if (text) {
		if (text[0] == '[') {
			r = scan_json(s, o, kind, text, at, &was);
			if (r < 0 || was)
				return r;
		}
		return item_path(s, o, path_ops(s, o, kind), text, at);
	}
	if (s->strict && s->class != CLASS_NONE && (cJSON_IsNumber(v) || cJSON_IsBool(v)))
		return scan_fail(s, "not a path:", at->key);
	return 0;
}

/* "/host/dir:/inside:ro": what a container gets to see. */
static int on_mount(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		    const struct place *at)
{
	struct object whole = *o;
	char *source;
	int r;

	if (!scan_text(v))
		return on_path(s, o, kind, v, at);
	source = arena_strndup(s->arena, scan_text(v), strcspn(scan_text(v), ":"));
	whole.recursive = true;
	if (!source)
		return scan_no_memory(s);
	r = strpbrk(source, "/~.$") ? item_path(s, &whole, OP_READ | OP_WRITE, source, at) : 0;
	return r;
}

static int on_from_to(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		      const struct place *at)
{
	const char *text = scan_text(v);
	bool moves = s->ops & (OP_MOVE | OP_COPY);

	if (!text || (!moves && text_shape(text, strlen(text)) == TEXT_PLAIN))
		return 0;
	return on_path(s, o, kind == FIELD_FROM ? FIELD_SRC : FIELD_DST, v, at);
}

static int on_cwd(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		  const struct place *at)
{
	bool had = s->has_path;
	int r;

	(void)kind;
	if (!scan_text(v))
		return s->strict && !cJSON_IsNull(v) ? scan_fail(s, "not a path:", at->key) : 0;
	r = item_path(s, o, OP_LIST, scan_text(v), at);
	s->has_path = had; /* not what the tool is about */
	return r;
}

static int on_dir(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		  const struct place *at)
{
	unsigned ops = path_ops(s, o, kind);
	struct object whole = *o;

	if (s->class == CLASS_SHELL)
		return on_cwd(s, o, kind, v, at);
	/* What is done to files is done to those in the directory. */
	if (s->guess && ops == OP_READ)
		whole.recursive = true;
	return scan_text(v) ? item_path(s, &whole, ops, scan_text(v), at) : on_path(s, o, kind, v, at);
}

static field_fn on_code;

static int on_command(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		      const struct place *at)
{
	const char *text = scan_text(v), *const * argv;
	bool patch = s->class == CLASS_PATCH ||
		     (text && tool_patch_looks(text) && strstr(text, "*** Begin Patch") == text);
	size_t n;
	autobuf b = {0};
	int r;

	if (s->class == CLASS_EDITOR && text && text == o->action)
		return 0;
	if (kind == FIELD_SCRIPT && (s->class == CLASS_CODE || (o->lang && !item_is_shell(o->lang))))
		return on_code(s, o, kind, v, at);
	if (text && patch && !item_is_shell(s->call->name)) {
		return item_patch(s, text);
	}
	if (cJSON_IsArray(v) && (!v->child || !cJSON_IsObject(v->child))) {
		if (!s->strict && v->child && !scan_text(v->child))
			return 0;
		r = item_words(s, NULL, v, &argv, &n);
		if (r >= 0 && s->class == CLASS_PATCH && n > 0)
			r = item_patch(s, argv[n - 1]);
		else if (r >= 0)
			r = item_argv(s, o, argv, n, at);
		return r;
	}
	if (!text)
		return s->strict && !v->child && !cJSON_IsNull(v) ? scan_fail(s, "not a command:", at->key) : 0;
	/* The words beside it are its own; but it may also be one line of shell text. */
	if (cJSON_IsArray(o->args) && kind != FIELD_SHELL) {
		r = item_words(s, text, o->args, &argv, &n);
		if (r < 0)
			return r;
		r = item_argv(s, o, argv, n, at);
		return r < 0 || !strpbrk(text, " \t\n") ? r : item_command(s, o, text, at);
	}
	if (scan_text(o->args) && kind != FIELD_SHELL) {
		buf_printf(&b, "%s %s", text, scan_text(o->args));
		return buf_failed(&b) ? scan_no_memory(s) : item_command(s, o, buf_str(&b), at);
	}
	return item_command(s, o, text, at);
}

static int on_shell(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		    const struct place *at)
{
	const char *text = scan_text(v);

	if (!text)
		return cJSON_IsArray(v) ? on_command(s, o, kind, v, at) : 0;
	return o->command ? item_shell(s, o, text, at) : item_command(s, o, text, at);
}

static int on_args(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	bool was;

	(void)kind;
	if (!scan_text(v) || o->command)
		return 0;
	return s->guess ? guess_string(s, o, scan_text(v), at)
			: scan_json(s, o, FIELD_OTHER, scan_text(v), at, &was);
}

static int on_url(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		  const struct place *at)
{
	(void)kind;
	if (!scan_text(v))
		return s->strict && s->class == CLASS_FETCH && cJSON_IsNumber(v)
			       ? scan_fail(s, "not a URL:", at->key)
			       : 0;
	return item_url(s, o, scan_text(v), at);
}

static int on_host(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	const char *text = scan_text(v);

	(void)kind;
	if (!text || !*text)
		return 0;
	if (text[0] == '/') /* a socket */
		return item_path(s, o, OP_READ | OP_WRITE, text, at);
	return strstr(text, "://") ? item_url(s, o, text, at) : item_host(s, o, text, at);
}

/* All strings below @v, one behind the other: lines of a cell, blocks of a message. */
static void put_strings(struct buf *out, const cJSON *v)
{
	const cJSON *c;

	if (scan_text(v)) {
		if (out->len > 0 && out->data[out->len - 1] != '\n')
			buf_putc(out, '\n');
		buf_puts(out, scan_text(v));
	}
	cJSON_ArrayForEach(c, v) put_strings(out, c);
}

static int on_content(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		      const struct place *at)
{
	const char *text = scan_text(v), *path = NULL;
	const struct object *p;
	autobuf b = {0};
	int r = 0;

	(void)kind;
	if (!text) {
		put_strings(&b, v);
		if (buf_failed(&b))
			return scan_no_memory(s);
		text = buf_str(&b);
	}
	if ((s->ops & OP_SHELL) && s->guess && !o->command)
		r = item_command(s, o, text, at);
	if ((s->ops & OP_CODE) && s->guess && r >= 0)
		r = item_code(s, o, text, o->lang ? o->lang : s->lang, at);
	if (r >= 0 && s->class == CLASS_EDIT && strstr(text, ">>>>>>>"))
		text = tool_replace_blocks(s->arena, text);
	if (!text)
		return scan_no_memory(s);
	/* The path of the object around this one is written to, and not all who look there saw that. */
	for (p = o->path ? NULL : o->up; p && !path; p = p->up)
		path = p->has_content ? NULL : p->path;
	if (r >= 0 && path && !(s->ops & OP_WRITE))
		r = item_path(s, o, OP_WRITE, path, at);
	return r < 0 ? r : item_content(s, o, text, at);
}

static int on_text(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	const char *text = scan_text(v);
	int r = 0;

	if (!text)
		return 0;
	if ((s->ops & OP_SHELL) && !o->command && kind != FIELD_SAY)
		r = item_command(s, o, text, at);
	if (r >= 0 && (s->ops & OP_CODE) && kind != FIELD_SAY)
		r = item_code(s, o, text, o->lang ? o->lang : s->lang, at);
	if (r >= 0 && s->guess)
		r = guess_string(s, o, text, at);
	return r < 0 ? r : item_content(s, kind == FIELD_SAY ? NULL : o, text, at);
}

static int on_code(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	const char *text = scan_text(v), *lang = o->lang ? o->lang : s->lang;
	autobuf b = {0};

	(void)kind;
	if (!text) {
		put_strings(&b, v);
		text = buf_str(&b);
	}
	if (buf_failed(&b))
		return scan_no_memory(s);
	if (s->class == CLASS_WRITE || s->class == CLASS_EDIT || s->class == CLASS_EDITOR)
		return item_content(s, o, text, at);
	if (s->class == CLASS_SQL || (!lang && text_is_sql(text)))
		return item_sql(s, o, text, at);
	return *text ? item_code(s, o, text, lang, at) : 0;
}

static int on_patch(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		    const struct place *at)
{
	const char *text = scan_text(v);

	(void)kind;
	if (!text)
		return s->strict && s->class == CLASS_PATCH && !v->child ? scan_fail(s, "not a patch:", at->key)
									 : 0;
	if (tool_patch_looks(text) || (s->class == CLASS_PATCH && !o->path)) {
		return item_patch(s, text);
	}
	text = tool_replace_blocks(s->arena, text);
	return text ? item_content(s, o, text, at) : scan_no_memory(s);
}

/* A pattern of names, below the directory that the call names. */
static int on_glob(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	unsigned ops = s->ops & (OP_READ | OP_WRITE | OP_DELETE | OP_LIST);
	const char *text = scan_text(v), *dir = o->path ? o->path : o->cwd;
	bool had = s->has_path;
	autobuf b = {0};
	int r;

	if (!text || !*text)
		return 0;
	if (kind == FIELD_PATTERN && s->class != CLASS_LIST)
		return s->guess ? guess_string(s, o, text, at) : 0;
	if (*text == '!') /* without these */
		return 0;
	if (dir && !strchr("/~$", *text))
		buf_printf(&b, "%s/", dir);
	buf_puts(&b, text);
	r = buf_failed(&b) ? scan_no_memory(s) : item_path(s, o, ops ? ops : OP_READ, buf_str(&b), at);
	if (s->class == CLASS_SEARCH)
		s->has_path = had; /* below which directory is still to be said */
	return r;
}

/* What is typed. A carriage return is the Enter key; control characters alone say nothing. */
static int on_chars(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		    const struct place *at)
{
	const char *text = scan_text(v);
	char *line;

	if (!(s->ops & OP_SHELL))
		return on_text(s, o, kind, v, at);
	if (cJSON_IsArray(v)) {
		const cJSON *c;
		int r = 0;

		cJSON_ArrayForEach(c, v) r = r < 0 || !scan_text(c) ? r : on_chars(s, o, kind, c, at);
		return r;
	}
	s->has_command = true;
	while (text && *text && ((unsigned char)*text < ' ' || *text == '\x7f'))
		text++;
	if (!text)
		return 0;
	line = arena_strdup(s->arena, text);
	if (!line)
		return scan_no_memory(s);
	for (char *p = line; (p = strchr(p, '\r'));)
		*p = '\n';
	for (size_t n = strlen(line); n > 0 && (unsigned char)line[n - 1] < ' ';)
		line[--n] = '\0';
	return item_command(s, o, line, at);
}

static int on_env(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		  const struct place *at)
{
	autobuf b = {0};
	int r;

	(void)kind;
	if (!v->child)
		return scan_text(v) && s->guess ? guess_string(s, o, scan_text(v), at) : 0;
	if (o->command)
		return 0; /* went in front of it */
	r = item_env(s, &b, v);
	if (r < 0)
		return s->guess && !(s->ops & (OP_RUN | OP_SHELL)) ? scan_walk(s, v, o, at) : r;
	return buf_failed(&b) ? scan_no_memory(s)
			      : item_add(s, (struct tool_item){.kind = TOOL_COMMAND, .text = buf_str(&b)}, at);
}

/* The input of a tool as one string: what its class says, if it is not JSON. */
int field_raw(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	struct object none = {.place = at};
	bool was;
	int r;

	if (!o)
		o = &none;
	switch (s->class) {
	case CLASS_PATCH:
		return item_patch(s, text);
	case CLASS_EXEC:
	case CLASS_CODE:
		return item_code(s, o, text,
				 s->class == CLASS_EXEC ? "javascript"
				 : o->lang		? o->lang
							: s->lang,
				 at);
	case CLASS_SHELL:
	case CLASS_STDIN:
		return item_command(s, o, text, at);
	case CLASS_SQL:
		return item_sql(s, o, text, at);
	case CLASS_READ:
	case CLASS_LIST:
	case CLASS_DELETE:
		return item_path(s, o, path_ops(s, o, FIELD_PATH), text, at);
	case CLASS_FETCH:
		return item_url(s, o, text, at);
	default:
		break;
	}
	r = scan_json(s, o, FIELD_OTHER, text, at, &was);
	if (r < 0 || was)
		return r;
	if (s->ops & OP_SHELL)
		return item_command(s, o, text, at);
	if (s->ops & OP_CODE)
		return item_code(s, o, text, s->lang, at);
	return guess_string(s, o, text, at);
}

static int on_json(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		   const struct place *at)
{
	const char *text = scan_text(v);
	bool was;
	int r;

	if (!text || text[strspn(text, " \t\r\n")] == '\0')
		return 0;
	r = scan_json(s, o, FIELD_OTHER, text, at, &was);
	if (r < 0 || was)
		return r;
	if (kind == FIELD_JSON && text[strspn(text, " \t\r\n")] == '{')
		return scan_fail(s, "not JSON:", at->key);
	if (o->command)
		return 0;
	return s->guess || s->class != CLASS_UNKNOWN ? field_raw(s, o, text, at) : 0;
}

static int on_query(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		    const struct place *at)
{
	const char *text = scan_text(v);

	if (!text)
		return 0;
	if (kind == FIELD_SQL || (s->class == CLASS_SQL && *text) || text_is_sql(text))
		return item_sql(s, o, text, at);
	return s->guess ? guess_string(s, o, text, at) : 0;
}

static int on_other(struct scan *s, const struct object *o, enum tool_field kind, const cJSON *v,
		    const struct place *at)
{
	int r;

	if (!s->guess || !scan_text(v))
		return 0;
	/* A shell whose command is called otherwise. */
	r = (s->ops & OP_SHELL) && kind == FIELD_OTHER && !o->command && s->class != CLASS_NONE
		    ? item_command(s, o, scan_text(v), at)
		    : 0;
	return r < 0 ? r : guess_string(s, o, scan_text(v), at);
}

const struct field_kind field_kinds[FIELD_COUNT] = {
	[FIELD_OTHER] = {on_other, false},    [FIELD_PATH] = {on_path, false},
	[FIELD_DIR] = {on_dir, false},	      [FIELD_SRC] = {on_path, false},
	[FIELD_DST] = {on_path, false},	      [FIELD_FROM] = {on_from_to, false},
	[FIELD_TO] = {on_from_to, false},     [FIELD_CWD] = {on_cwd, false},
	[FIELD_COMMAND] = {on_command, true}, [FIELD_COMMANDS] = {on_command, false},
	[FIELD_SCRIPT] = {on_command, true},  [FIELD_MOUNT] = {on_mount, false},
	[FIELD_PROGRAM] = {on_command, true}, [FIELD_SHELL] = {on_shell, true},
	[FIELD_ARGS] = {on_args, false},      [FIELD_URL] = {on_url, false},
	[FIELD_HOST] = {on_host, false},      [FIELD_PORT] = {NULL, true},
	[FIELD_CONTENT] = {on_content, true}, [FIELD_OLD] = {NULL, true},
	[FIELD_TEXT] = {on_text, false},      [FIELD_SAY] = {on_text, false},
	[FIELD_CODE] = {on_code, true},	      [FIELD_LANG] = {NULL, true},
	[FIELD_PATCH] = {on_patch, false},    [FIELD_GLOB] = {on_glob, false},
	[FIELD_PATTERN] = {on_glob, false},   [FIELD_STDIN] = {NULL, true},
	[FIELD_CHARS] = {on_chars, true},     [FIELD_ENV] = {on_env, true},
	[FIELD_JSON] = {on_json, false},      [FIELD_INPUT] = {on_json, false},
	[FIELD_TOOL] = {on_other, false},     [FIELD_QUERY] = {on_query, false},
	[FIELD_SQL] = {on_query, false},      [FIELD_RECURSIVE] = {NULL, true},
	[FIELD_ACTION] = {on_other, false},   [FIELD_INERT] = {NULL, false},
};
