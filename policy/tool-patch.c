/* Patches: which files they name and what they add. The programs that apply them differ (strip levels, white
 * space, which of two names counts), so every reading that some program has is reported. A line that
 * could be a header counts as one even where it could also be a file's text. */
#include "policy/tool-parts.h"

#define FIELD_NAME "patch"

struct patch {
	struct arena *arena;
	struct tool_call *call;
	struct err *err;
	const char *path; /* of the section: where its added lines go */
	struct buf added, removed;
	size_t files;
	bool ended; /* Codex: behind "*** End Patch" */
};

struct line {
	const char *s;
	size_t len;
};

static bool next_line(const char **at, const char *end, struct line *ret)
{
	const char *nl;

	if (*at >= end)
		return false;
	nl = memchr(*at, '\n', (size_t)(end - *at));
	*ret = (struct line){*at, (size_t)((nl ? nl : end) - *at)};
	*at = nl ? nl + 1 : end;
	if (ret->len > 0 && ret->s[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static struct line trim(struct line l)
{
	while (l.len > 0 && (l.s[0] == ' ' || l.s[0] == '\t'))
		l.s++, l.len--;
	while (l.len > 0 && (l.s[l.len - 1] == ' ' || l.s[l.len - 1] == '\t'))
		l.len--;
	return l;
}

/* Does @l begin with @prefix? *ret: what follows, without white space around. */
static bool after(struct line l, const char *prefix, struct line *ret)
{
	size_t n = strlen(prefix);

	if (l.len < n || strncasecmp(l.s, prefix, n) != 0)
		return false;
	*ret = trim((struct line){l.s + n, l.len - n});
	return true;
}

static int add_path(struct patch *p, enum policy_op op, const char *path)
{
	struct tool_item item = {.kind = TOOL_PATH,
				 .op = op,
				 .text = path,
				 .len = strlen(path),
				 .field = FIELD_NAME,
				 .recursive = op == POLICY_DELETE};
	const struct tool_item *last = p->call->n_items ? &p->call->items[p->call->n_items - 1] : NULL;

	p->files++;
	if (last && last->kind == TOOL_PATH && last->op == op && streq(last->text, path))
		return 0;
	return tool_add(p->arena, p->call, &item, p->err);
}

/* End of a section: what was gathered goes to its path. */
static int flush(struct patch *p)
{
	struct tool_item item = {
		.kind = TOOL_CONTENT, .path = p->path, .field = FIELD_NAME, .len = p->added.len};
	int r = 0;

	if (buf_failed(&p->added) || buf_failed(&p->removed))
		return err_set(p->err, ENOMEM, "out of memory");
	if (p->path && (p->added.len > 0 || p->removed.len > 0)) {
		item.text = arena_strndup(p->arena, buf_str(&p->added), p->added.len);
		item.old = arena_strndup(p->arena, buf_str(&p->removed), p->removed.len);
		if (!item.text || !item.old)
			return err_set(p->err, ENOMEM, "out of memory");
		r = tool_add(p->arena, p->call, &item, p->err);
	}
	buf_reset(&p->added);
	buf_reset(&p->removed);
	return r;
}

/* A line of a hunk: kept if it is added or removed. */
static void gather(struct patch *p, struct line l)
{
	struct buf *to = l.len == 0 ? NULL : l.s[0] == '+' ? &p->added : l.s[0] == '-' ? &p->removed : NULL;

	if (!to)
		return;
	buf_put(to, l.s + 1, l.len - 1);
	buf_putc(to, '\n');
}

/* --- *** Begin Patch ------------------------------------------------------------------------------ */

static int codex_file(struct patch *p, enum policy_op op, struct line name)
{
	char *path = arena_strndup(p->arena, name.s, name.len);
	int r = flush(p);

	if (!path)
		return err_set(p->err, ENOMEM, "out of memory");
	if (r < 0)
		return r;
	if (name.len == 0)
		return err_set(p->err, EBADMSG, "a patch without a file's name");
	p->path = path;
	return add_path(p, op, path);
}

static int codex_move(struct patch *p, struct line name)
{
	const char *from = p->path;
	int r;

	if (!from)
		return err_set(p->err, EBADMSG, "a patch moves no file");
	r = add_path(p, POLICY_READ, from);
	if (r >= 0)
		r = add_path(p, POLICY_DELETE, from);
	return r < 0 ? r : codex_file(p, POLICY_WRITE, name);
}

static int codex_line(struct patch *p, struct line raw)
{
	struct line l = trim(raw), name;

	if (!after(l, "***", &name)) {
		gather(p, raw);
		return 0;
	}
	if (after(l, "*** Begin Patch", &name) || after(l, "*** End of File", &name) ||
	    after(l, "*** Environment ID:", &name))
		return 0;
	if (after(l, "*** End Patch", &name)) {
		p->ended = true;
		return flush(p);
	}
	if (after(l, "*** Add File:", &name) || after(l, "*** Update File:", &name))
		return codex_file(p, POLICY_WRITE, name);
	if (after(l, "*** Delete File:", &name))
		return codex_file(p, POLICY_DELETE, name);
	if (after(l, "*** Move to:", &name))
		return codex_move(p, name);
	if (raw.len > 0 && strchr(" +-", raw.s[0])) { /* a line of the file */
		gather(p, raw);
		return 0;
	}
	return err_set(p->err, EBADMSG, "a patch with an unknown header: %.*s", (int)MIN(l.len, (size_t)60),
		       l.s);
}

/* --- diffs ---------------------------------------------------------------------------------------- */

static char unescape(const char **s, const char *end)
{
	static const char from[] = "abtnvfr\"\\", to[] = "\a\b\t\n\v\f\r\"\\";
	const char *p;
	unsigned v = 0;
	size_t n = 0;

	while (n < 3 && *s + n < end && (*s)[n] >= '0' && (*s)[n] <= '7')
		v = v * 8 + (unsigned)((*s)[n++] - '0');
	if (n > 0) {
		*s += n;
		return (char)v;
	}
	p = *s < end ? strchr(from, **s) : NULL;
	return p && *p ? ((*s)++, to[p - from]) : '\\';
}

/* The name that @l begins with, in quotes as git writes it or up to a tab. *ret_rest: what follows. */
static char *diff_name(struct arena *a, struct line l, struct line *ret_rest)
{
	const char *s = l.s, *end = l.s + l.len, *tab;
	char *ret, *out;

	if (l.len == 0 || *s != '"') {
		tab = memchr(s, '\t', l.len);
		ret = arena_strndup(a, s, (size_t)((tab ? tab : end) - s));
		*ret_rest = (struct line){end, 0};
		return ret;
	}
	ret = out = arena_alloc(a, l.len + 1);
	if (!ret)
		return NULL;
	for (s++; s < end && *s != '"';) {
		char c = *s++;

		*out++ = c == '\\' ? unescape(&s, end) : c;
	}
	*ret_rest = s < end ? trim((struct line){s + 1, (size_t)(end - s - 1)}) : (struct line){end, 0};
	return ret;
}

/* @op on @name, and on it without its first part: patch -p1 and -p0 are both in use. */
static int diff_path(struct patch *p, enum policy_op op, const char *name)
{
	const char *rest = strchr(name, '/');
	size_t space = strcspn(name, " ");
	bool prefix = rest == name + 1 && strchr("abciow", name[0]);
	char *cut;
	int r = 0;

	if (*name == '\0')
		return err_set(p->err, EBADMSG, "a patch without a file's name");
	if (!prefix)
		r = add_path(p, op, name);
	if (r >= 0 && rest && rest > name && rest[1])
		r = add_path(p, op, rest + 1);
	p->path = prefix && rest[1] ? rest + 1 : name;
	if (r < 0 || !name[space] || space == 0)
		return r;
	/* GNU patch ends a name at white space when a date follows. */
	cut = arena_strndup(p->arena, prefix ? rest + 1 : name, space - (prefix ? 2 : 0));
	if (!cut)
		return err_set(p->err, ENOMEM, "out of memory");
	return *cut ? add_path(p, op, cut) : r;
}

/* --- OLD, +++ NEW. */
static int diff_pair(struct patch *p, struct line old, struct line new)
{
	struct line rest;
	char *from = diff_name(p->arena, old, &rest), *to = diff_name(p->arena, new, &rest);
	bool creates, removes;
	int r = flush(p);

	if (!from || !to)
		return err_set(p->err, ENOMEM, "out of memory");
	creates = streq(from, "/dev/null");
	removes = streq(to, "/dev/null");
	if (r < 0)
		return r;
	if (creates && removes)
		return err_set(p->err, EBADMSG, "a patch without a file's name");
	if (!creates)
		r = diff_path(p, removes ? POLICY_DELETE : POLICY_WRITE, from);
	if (r >= 0 && !removes)
		r = diff_path(p, POLICY_WRITE, to);
	return r;
}

/* diff --git a/NAME b/NAME: the only place that names the file of a change of mode, or of bytes. */
static int diff_git(struct patch *p, struct line l)
{
	struct line rest;
	char *name;
	int r = flush(p);

	p->path = NULL;
	if (r < 0 || l.len == 0)
		return r;
	if (*l.s != '"' && l.len % 2 == 1 && l.s[l.len / 2] == ' ') {
		rest = (struct line){l.s + l.len / 2 + 1, l.len / 2};
		l.len /= 2;
	} else if (*l.s != '"') {
		const char *b = memmem(l.s, l.len, " b/", 3);

		rest = b ? (struct line){b + 1, (size_t)(l.s + l.len - b - 1)} : (struct line){l.s, 0};
		if (b)
			l.len = (size_t)(b - l.s);
	}
	name = diff_name(p->arena, l, *l.s == '"' ? &rest : &(struct line){0});
	r = name ? diff_path(p, POLICY_WRITE, name) : err_set(p->err, ENOMEM, "out of memory");
	if (r < 0 || rest.len == 0)
		return r;
	name = diff_name(p->arena, rest, &(struct line){0});
	return name ? diff_path(p, POLICY_WRITE, name) : err_set(p->err, ENOMEM, "out of memory");
}

static int diff_extended(struct patch *p, struct line l, bool *ret_header)
{
	static const struct {
		const char *prefix;
		unsigned ops;
	} t[] = {
		{"rename from ", OP_READ | OP_DELETE},
		{"rename to ", OP_WRITE},
		{"copy from ", OP_READ},
		{"copy to ", OP_WRITE},
		{"Index: ", OP_WRITE},
	};
	struct line name, rest;
	char *path;
	int r = 0;

	*ret_header = true;
	if (after(l, "diff --git ", &name))
		return diff_git(p, name);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		if (!after(l, t[i].prefix, &name))
			continue;
		path = diff_name(p->arena, name, &rest);
		if (!path)
			return err_set(p->err, ENOMEM, "out of memory");
		if (*path == '\0')
			return err_set(p->err, EBADMSG, "a patch without a file's name");
		for (unsigned op = 0; op < POLICY_OP_COUNT && r >= 0; op++)
			if (t[i].ops & 1u << op)
				r = add_path(p, op, path);
		p->path = path;
		return r;
	}
	*ret_header = false;
	return 0;
}

static int diff_text(struct patch *p, const char *text, const char *end)
{
	struct line l, next, old, new;
	const char *at = text, *peek;
	bool header;
	int r = 0;

	while (r >= 0 && next_line(&at, end, &l)) {
		peek = at;
		if (next_line(&peek, end, &next) && ((after(l, "--- ", &old) && after(next, "+++ ", &new)) ||
						     (after(l, "*** ", &old) && after(next, "--- ", &new)))) {
			at = peek;
			r = diff_pair(p, old, new);
			continue;
		}
		r = diff_extended(p, l, &header);
		if (!header)
			gather(p, l);
	}
	return r < 0 ? r : flush(p);
}

/* --- both ----------------------------------------------------------------------------------------- */

static bool begins_codex(const char *text, const char *end, const char **ret_at)
{
	const char *at = text;
	struct line l, rest;

	while (next_line(&at, end, &l))
		if (after(trim(l), "*** Begin Patch", &rest) && rest.len == 0) {
			*ret_at = at;
			return true;
		}
	return false;
}

bool tool_patch_looks(const char *text)
{
	return strstr(text, "*** Begin Patch") || str_starts(text, "diff --git ") || strstr(text, "\n+++ ") ||
	       strstr(text, "\ndiff --git ") || (str_starts(text, "*** ") && strstr(text, "\n--- "));
}

static int codex_text(struct patch *p, const char *at, const char *end)
{
	struct line l;
	int r = 0;

	while (r >= 0 && next_line(&at, end, &l)) {
		r = codex_line(p, l);
		/* Behind the end: at most the word that ends a here-document, or the next patch. */
		if (r >= 0 && p->ended && !begins_codex(at, end, &at))
			break;
		p->ended = false;
	}
	return r < 0 ? r : flush(p);
}

int tool_patch(struct arena *arena, const char *text, size_t len, struct tool_call *into, struct err *reterr)
{
	struct patch p = {.arena = arena, .call = into, .err = reterr};
	const char *at;
	int r;

	if (memchr(text, '\0', len))
		return err_set(reterr, EBADMSG, "a NUL in a patch");
	r = begins_codex(text, text + len, &at) ? codex_text(&p, at, text + len)
						: diff_text(&p, text, text + len);
	buf_done(&p.added);
	buf_done(&p.removed);
	if (r >= 0 && p.files == 0)
		r = err_set(reterr, EBADMSG, "a patch that names no file");
	return r;
}

const char *tool_replace_blocks(struct arena *arena, const char *text)
{
	const char *at = text, *end = text + strlen(text), *ret = text;
	struct line l, rest;
	autobuf out = {0};
	bool in = false, any = false;

	while (next_line(&at, end, &l)) {
		if (after(l, "=======", &rest)) {
			any = in = true;
		} else if (after(l, ">>>>>>>", &rest)) {
			in = false;
		} else if (in) {
			buf_put(&out, l.s, l.len);
			buf_putc(&out, '\n');
		}
	}
	if (any)
		ret = buf_failed(&out) ? NULL : arena_strndup(arena, buf_str(&out), out.len);
	return ret;
}
