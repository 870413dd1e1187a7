/* The items of a tool call: paths, addresses, commands, code, content, each copied into the arena, as what came
 * from JSON within a string is freed before the caller looks. */
#include "policy/tool-scan.h"

#include <limits.h>

#define COPY_MAX      ((size_t)64 << 20) /* bytes of all items: one long text may belong to many */
#define FIELD_KEY_MAX 64		 /* bytes of a key that `field` tells */

int scan_fail(struct scan *s, const char *what, const char *key)
{
	return err_set(s->err, EBADMSG, "tool '%.64s': %s%s%.64s%s", s->call->name, what, key ? " '" : "",
		       key ? key : "", key ? "'" : "");
}

int scan_no_memory(struct scan *s)
{
	return err_set(s->err, ENOMEM, "out of memory");
}

const char *scan_text(const cJSON *v)
{
	return cJSON_IsString(v) && v->valuestring ? v->valuestring : NULL;
}

/* Before @text, which may be NULL, is copied. */
static int spend(struct scan *s, const char *text)
{
	*s->copied += text ? strlen(text) : 0;
	return *s->copied > COPY_MAX ? scan_fail(s, "too much text", NULL) : 0;
}

/* --- items ---------------------------------------------------------------------------------------- */

int tool_add(struct arena *arena, struct tool_call *call, const struct tool_item *item, struct err *reterr)
{
	struct tool_item *v;

	if (call->n_items >= TOOL_ITEMS_MAX)
		return err_set(reterr, EBADMSG, "a tool call about more than " STR(TOOL_ITEMS_MAX) " objects");
	v = arena_grow(arena, call->items, call->n_items, &call->cap_items, sizeof(*v));
	if (!v)
		return err_set(reterr, ENOMEM, "out of memory");
	call->items = v;
	v[call->n_items++] = *item;
	return 0;
}

static void place_name(const struct place *at, struct buf *out)
{
	if (!at)
		return;
	place_name(at->up, out); /* as deep as the walk, DEPTH_MAX */
	if (at->key) {
		if (out->len > 0)
			buf_putc(out, '.');
		buf_put(out, at->key, strnlen(at->key, FIELD_KEY_MAX));
	} else {
		buf_printf(out, "[%zu]", at->index);
	}
}

/* Add @item with its text copied: what came from JSON within a string is freed before the caller looks. */
int item_add(struct scan *s, struct tool_item item, const struct place *at)
{
	autobuf name = {0};

	if (spend(s, item.text) < 0)
		return -EBADMSG;
	if (item.text) {
		item.len = strlen(item.text);
		item.text = arena_strndup(s->arena, item.text, item.len);
		if (!item.text)
			return scan_no_memory(s);
	}
	if (at && !at->up && at->key) {
		item.field = arena_strndup(s->arena, at->key, strnlen(at->key, FIELD_KEY_MAX));
	} else {
		place_name(at, &name);
		item.field = arena_strdup(s->arena, buf_str(&name));
	}
	if (!item.field || buf_failed(&name))
		return scan_no_memory(s);
	return tool_add(s->arena, s->call, &item, s->err);
}

int item_one_path(struct scan *s, const struct object *o, unsigned ops, const char *path,
		  const struct place *at)
{
	struct tool_item item = {.kind = TOOL_PATH,
				 .text = path,
				 .is_glob = (s->class == CLASS_LIST || s->class == CLASS_SEARCH ||
					     s->class == CLASS_READ || s->guess) &&
					    text_is_glob(path)};
	int r = 0;

	s->has_path = true;
	for (unsigned op = 0; op < POLICY_OP_COUNT && r >= 0; op++) {
		if (!(ops & 1u << op))
			continue;
		item.op = op;
		item.recursive = op == POLICY_DELETE || (o && o->recursive) || (ops & (OP_MOVE | OP_COPY)) ||
				 (s->class == CLASS_SEARCH && !item.is_glob);
		r = item_add(s, item, at);
	}
	return r;
}

/* "/a,/b", "/a:/b": somebody may take it for a list. */
static int item_path_list(struct scan *s, const struct object *o, unsigned ops, const char *list,
			  const struct place *at)
{
	static const char ends[] = ",;:|\n";
	int r = 0;

	for (const char *p = list; r >= 0; p++) {
		size_t len;
		char *piece;

		p += strspn(p, " \t");
		len = strcspn(p, ends);

		if (len > 0 && strchr("/~.$", *p) && (p > list || p[len])) {
			piece = arena_strndup(s->arena, p, len);
			r = piece ? item_one_path(s, o, ops, piece, at) : scan_no_memory(s);
		}
		p += len;
		if (!*p)
			break;
	}
	return r;
}

/* A path as written and, where somebody would strip quotes, white space or an '@' first, as it is then. */
int item_path(struct scan *s, const struct object *o, unsigned ops, const char *path, const struct place *at)
{
	static const char around[] = " \t\r\n\"'`", front[] = " \t\r\n\"'`@";
	size_t skip = strspn(path, front), len = strlen(path);
	enum text_shape shape = text_shape(path + skip, len - skip);
	char *cut;
	int r;

	if (skip == len || shape == TEXT_INERT)
		return 0;
	if (len >= PATH_MAX) /* a file's bytes, or a name that a tool may shorten */
		return s->strict || shape == TEXT_URL || strchr("/~.$", path[skip])
			       ? scan_fail(s, "a path that is too long", NULL)
			       : item_content(s, NULL, path, at);
	if (shape == TEXT_FILE || shape == TEXT_URL || shape == TEXT_SCRIPT)
		return item_url(s, o, path + skip, at);
	r = item_one_path(s, o, ops, path, at);
	if (r >= 0 && s->guess)
		r = item_path_list(s, o, ops, path + skip, at);
	while (len > skip && strchr(around, path[len - 1]))
		len--;
	if (r < 0 || (skip == 0 && path[len] == '\0'))
		return r;
	cut = arena_strndup(s->arena, path + skip, len - skip);
	return cut ? item_one_path(s, o, ops, cut, at) : scan_no_memory(s);
}

static int add_file_url(struct scan *s, const struct object *o, const char *url, const struct place *at)
{
	const char *path = text_file_url(s->arena, url);
	unsigned ops = s->ops & (OP_READ | OP_WRITE | OP_DELETE | OP_LIST);
	char *cut;
	int r;

	if (!path)
		return scan_fail(s, "a file: URL of another host, or a broken one", at ? at->key : NULL);
	s->has_url = true;
	r = item_one_path(s, o, ops ? ops : OP_READ, path, at);
	if (r < 0 || !url[strcspn(url, "?#")])
		return r;
	cut = arena_strndup(s->arena, url, strcspn(url, "?#"));
	path = cut ? text_file_url(s->arena, cut) : NULL;
	return path ? item_one_path(s, o, ops ? ops : OP_READ, path, at) : scan_no_memory(s);
}

/* A host, with the port that stands beside it; only up to the path. */
int item_host(struct scan *s, const struct object *o, const char *host, const struct place *at)
{
	const cJSON *port = o ? o->port : NULL;
	size_t len = strcspn(host, "/?# ");
	autobuf b = {0};

	buf_put(&b, host, len);
	if (port && !strchr(buf_str(&b), ':') && len > 0) {
		if (scan_text(port))
			buf_printf(&b, ":%s", scan_text(port));
		else if (cJSON_IsNumber(port) && port->valuedouble >= 0 && port->valuedouble < 65536)
			buf_printf(&b, ":%d", port->valueint);
	}
	if (buf_failed(&b))
		return scan_no_memory(s);
	s->has_url = true;
	return b.len > 0 ? item_add(s, (struct tool_item){.kind = TOOL_CONNECT, .text = buf_str(&b)}, at) : 0;
}

/* What browsers drop from a URL before they look at it (WHATWG URL 4.4). */
static char *url_clean(struct arena *a, const char *text)
{
	size_t n = 0;
	char *ret;

	while (*text && (unsigned char)*text <= ' ')
		text++;
	while (strncasecmp(text, "view-source:", 12) == 0)
		text += 12;
	ret = arena_strdup(a, text);
	for (size_t i = 0; ret && ret[i]; i++)
		if (!strchr("\t\r\n", ret[i]))
			ret[n++] = ret[i];
	while (ret && n > 0 && ret[n - 1] == ' ')
		n--;
	if (ret)
		ret[n] = '\0';
	return ret;
}

int item_url(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	char *url = url_clean(s->arena, text);

	if (!url)
		return scan_no_memory(s);
	if (*url == '\0')
		return 0;
	s->has_url = true;
	switch (text_shape(url, strlen(url))) {
	case TEXT_FILE:
		return add_file_url(s, o, url, at);
	case TEXT_PATH:
		/* "host.example/x" is one too. */
		if (strchr("/.~$\\", url[0]))
			return item_one_path(s, o, s->ops & OP_WRITE ? OP_WRITE : OP_READ, url, at);
		return item_host(s, o, url, at);
	case TEXT_SCRIPT:
		s->has_code = true;
		return item_add(s,
				(struct tool_item){.kind = TOOL_CODE,
						   .text = url + strlen("javascript:"),
						   .path = "javascript"},
				at);
	case TEXT_INERT:
		return 0;
	case TEXT_URL:
		return item_add(s, (struct tool_item){.kind = TOOL_CONNECT, .text = url}, at);
	case TEXT_PLAIN:
	case TEXT_HOST:
		break;
	}
	/* "example.com", "localhost:8080/x"; but not a word or a sentence. */
	return strchr(url, ' ') || (!strpbrk(url, ".:") && !s->strict) ? 0 : item_host(s, o, url, at);
}

int item_content(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	const char *path = NULL, *old = o ? o->old : NULL;

	for (const struct object *p = o; p && !path; p = p->up)
		path = p->path;
	if (spend(s, path) < 0 || spend(s, old) < 0)
		return -EBADMSG;
	path = path ? arena_strdup(s->arena, path) : NULL;
	old = old ? arena_strdup(s->arena, old) : NULL;
	return item_add(s, (struct tool_item){.kind = TOOL_CONTENT, .text = text, .path = path, .old = old},
			at);
}

/* --- commands ------------------------------------------------------------------------------------- */

static bool is_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

	return n > 0 && s[n] == '\0' && !(s[0] >= '0' && s[0] <= '9');
}

/* The environment of a command as words in front of it: `export A='b'; `, or `A='b' `. */
int item_env(struct scan *s, struct buf *out, const cJSON *env)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, env)
	{
		const char *text = scan_text(v->child ? cJSON_GetObjectItem(v, "value") : v), *eq;
		const char *name = v->child ? scan_text(cJSON_GetObjectItem(v, "name")) : v->string;
		char number[32], copy[256];

		if (cJSON_IsArray(env) && !v->child) {
			eq = text ? strchr(text, '=') : NULL;
			if (!eq || (size_t)(eq - text) >= sizeof(copy))
				return scan_fail(s, "an environment that is none", NULL);
			(void)snprintf(copy, sizeof(copy), "%.*s", (int)(eq - text), text);
			name = copy;
			text = eq + 1;
		}
		if (!text && cJSON_IsNumber(v)) {
			(void)snprintf(number, sizeof(number), "%.15g", v->valuedouble);
			text = number;
		}
		if (cJSON_IsBool(v) || cJSON_IsNull(v))
			text = cJSON_IsTrue(v) ? "true" : "";
		if (!text || !name || !is_name(name))
			return scan_fail(s, "an environment that is none", NULL);
		if (spend(s, text) < 0)
			return -EBADMSG;
		buf_printf(out, "export %s=", name);
		text_quote(out, text);
		buf_puts(out, "; ");
	}
	return 0;
}

static const char *inherited_cwd(const struct object *o)
{
	for (; o; o = o->up)
		if (o->cwd)
			return o->cwd;
	return NULL;
}

static const cJSON *inherited_env(const struct object *o)
{
	for (; o; o = o->up)
		if (o->env)
			return o->env;
	return NULL;
}

/* Shell text; with the environment and the input that it gets, where the call says. */
int item_command(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	const cJSON *env = inherited_env(o);
	const char *cwd = inherited_cwd(o), *in = o ? o->stdin_text : NULL;
	struct tool_item item = {.kind = TOOL_COMMAND, .text = text};
	autobuf b = {0};
	int r;

	if (text[strspn(text, " \t\r\n")] == '\0')
		return 0;
	s->has_command = true;
	if (env || in) {
		if (spend(s, in) < 0)
			return -EBADMSG;
		r = item_env(s, &b, env);
		if (r < 0)
			return r;
		buf_printf(&b, in ? "{ %s\n} <<< " : "%s", text);
		if (in)
			text_quote(&b, in);
		if (buf_failed(&b))
			return scan_no_memory(s);
		item.text = buf_str(&b);
	}
	item.cwd = cwd ? arena_strdup(s->arena, cwd) : NULL;
	return item_add(s, item, at);
}

int item_patch(struct scan *s, const char *text)
{
	s->has_path = true;
	return tool_patch(s->arena, text, strlen(text), s->call, s->err);
}

static bool is_patch_program(const char *word)
{
	const char *base = strrchr(word, '/');
	char folded[TOOL_FOLD_MAX];

	(void)tool_fold(base ? base + 1 : word, folded);
	return streq(folded, "applypatch");
}

/* One word, or all of an argument vector, quoted for the shell. */
static void put_words(struct buf *out, const char *const *argv)
{
	for (size_t i = 0; argv[i]; i++) {
		if (i > 0)
			buf_putc(out, ' ');
		text_quote(out, argv[i]);
	}
}

int item_argv(struct scan *s, const struct object *o, const char *const *argv, size_t n, const struct place *at)
{
	struct tool_item item = {.kind = TOOL_ARGV, .argv = argv};
	autobuf b = {0};

	if (n == 0)
		return 0;
	s->has_command = true;
	if (n == 1)
		return item_command(s, o, argv[0], at);
	if (is_patch_program(argv[0])) {
		return item_patch(s, argv[1]);
	}
	if (inherited_env(o) || o->stdin_text || strpbrk(argv[0], " \t\n")) {
		/* "cd x", "ls y": commands, not words. */
		for (size_t i = 0; strpbrk(argv[0], " \t\n") && i < n; i++) {
			int r = item_command(s, o, argv[i], at);

			if (r < 0)
				return r;
		}
		put_words(&b, argv);
		return buf_failed(&b) ? scan_no_memory(s) : item_command(s, o, buf_str(&b), at);
	}
	item.cwd = inherited_cwd(o) ? arena_strdup(s->arena, inherited_cwd(o)) : NULL;
	return item_add(s, item, at);
}

/* Words of @first (may be NULL) and of the array @list as an argument vector in the arena. -EBADMSG with a
 * message if something in it is no word. */
int item_words(struct scan *s, const char *first, const cJSON *list, const char *const **ret, size_t *ret_n)
{
	size_t n = first ? 1 : 0;
	const char **argv;
	const cJSON *v;

	cJSON_ArrayForEach(v, list) n++;
	argv = arena_alloc(s->arena, (n + 1) * sizeof(*argv));
	if (!argv)
		return scan_no_memory(s);
	n = 0;
	if (first)
		argv[n++] = arena_strdup(s->arena, first);
	cJSON_ArrayForEach(v, list)
	{
		char number[32];

		if (cJSON_IsNumber(v))
			(void)snprintf(number, sizeof(number), "%.15g", v->valuedouble);
		else if (!scan_text(v))
			return scan_fail(s, "a command with a word that is no string", NULL);
		if (spend(s, scan_text(v)) < 0)
			return -EBADMSG;
		argv[n] = arena_strdup(s->arena, scan_text(v) ? scan_text(v) : number);
		if (!argv[n++])
			return scan_no_memory(s);
	}
	if (first && !argv[0])
		return scan_no_memory(s);
	*ret = argv;
	*ret_n = n;
	return 0;
}

/* A program that is asked to run the command: it runs itself. */
int item_shell(struct scan *s, const struct object *o, const char *shell, const struct place *at)
{
	static const char *const usual[] = {"bash",    "sh",   "zsh",	     "dash",	     "ksh",
					    "fish",    "pwsh", "powershell", "cmd",	     "cmdexe",
					    "default", "auto", "true",	     "powershellexe"};
	const char *base = strrchr(shell, '/');
	const char **argv;
	char folded[TOOL_FOLD_MAX];

	(void)tool_fold(base ? base + 1 : shell, folded);
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (streq(folded, usual[i]) &&
		    (!base || str_starts(shell, "/bin/") || str_starts(shell, "/usr/bin/") ||
		     str_starts(shell, "/usr/local/bin/")))
			return 0;
	argv = arena_alloc(s->arena, 4 * sizeof(*argv));
	if (!argv)
		return scan_no_memory(s);
	argv[0] = arena_strdup(s->arena, shell);
	argv[1] = "-c";
	argv[2] = arena_strdup(s->arena, o->command);
	return argv[0] && argv[2] ? item_argv(s, o, argv, 3, at) : scan_no_memory(s);
}

/* --- code ----------------------------------------------------------------------------------------- */

bool item_is_shell(const char *lang)
{
	static const char *const t[] = {"bash", "sh",	   "shell",    "zsh",	      "dash",
					"ksh",	"console", "terminal", "shellscript", "cmd"};
	char folded[TOOL_FOLD_MAX];

	if (!lang)
		return false;
	(void)tool_fold(lang, folded);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (streq(folded, t[i]))
			return true;
	return false;
}

struct sql_sink {
	struct scan *s;
	const struct object *o;
	const struct place *at;
};

static int sql_found(void *arg, enum sql_use use, const char *text)
{
	struct sql_sink *k = arg;

	if (use == SQL_PROGRAM)
		return item_command(k->s, k->o, text, k->at);
	return item_one_path(k->s, k->o, use == SQL_WRITE ? OP_WRITE : OP_READ, text, k->at);
}

int item_sql(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	struct sql_sink sink = {s, o, at};
	int r = text_sql_each(s->arena, text, sql_found, &sink);

	s->has_code = true;
	return r < 0 ? r : item_add(s, (struct tool_item){.kind = TOOL_CODE, .text = text, .path = "sql"}, at);
}

/* IPython: "!cmd" lines, and cells that begin with %%bash. */
static int add_ipython(struct scan *s, const struct object *o, const char *text, const struct place *at)
{
	static const char *const cells[] = {"%%bash", "%%sh", "%%script", "%%system",
					    "%%!",    "%sx ", "%system "};
	const char *nl;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		if (str_starts(text, cells[i]) && (nl = strchr(text, '\n')))
			return item_command(s, o, nl + 1, at);
	for (const char *p = text; p && r >= 0; p = nl ? nl + 1 : NULL) {
		char *line;

		nl = strchr(p, '\n');
		p += strspn(p, " \t");
		if (*p != '!' && !str_starts(p, "%sx ") && !str_starts(p, "%system "))
			continue;
		p += *p == '!' ? strspn(p, "!") : strcspn(p, " ");
		line = arena_strndup(s->arena, p, nl > p ? (size_t)(nl - p) : nl ? 0 : strlen(p));
		r = line ? item_command(s, o, line, at) : scan_no_memory(s);
	}
	return r;
}

int item_code(struct scan *s, const struct object *o, const char *text, const char *lang,
	      const struct place *at)
{
	char *copy = lang ? arena_strdup(s->arena, lang) : NULL;
	int r;

	if (lang && !copy)
		return scan_no_memory(s);
	if (item_is_shell(lang))
		return item_command(s, o, text, at);
	if (lang && strcasecmp(lang, "sql") == 0)
		return item_sql(s, o, text, at);
	s->has_code = true;
	r = item_add(s, (struct tool_item){.kind = TOOL_CODE, .text = text, .path = copy}, at);
	if (r >= 0 && (!lang || strcasestr(lang, "python")))
		r = add_ipython(s, o, text, at);
	if (r >= 0 && s->class == CLASS_EXEC)
		r = scan_code_calls(s, o, text, at);
	return r;
}
