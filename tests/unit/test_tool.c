/* Tool calls of every vendor. Each line of tests/data/tools/FILE.jsonl is one call and the items that it must
 * become, or "error". `test_tool --print FILE` writes the file anew with what the code says now, to be read by
 * a person. */
#include "policy/tool.h"
#include "tests/unit/tap.h"
#include "text/jsonin.h"

#include "base/buf.h"

#include <dirent.h>
#include <time.h>

static void put_item(struct buf *b, const struct tool_item *i)
{
	switch (i->kind) {
	case TOOL_COMMAND:
		buf_printf(b, "command %s", i->text);
		break;
	case TOOL_ARGV:
		buf_puts(b, "argv");
		for (const char *const *a = i->argv; *a; a++)
			buf_printf(b, " %s", *a);
		break;
	case TOOL_PATH:
		buf_printf(b, "%s %s%s%s", policy_op_name(i->op), i->text, i->recursive ? " (tree)" : "",
			   i->is_glob ? " (glob)" : "");
		break;
	case TOOL_CONNECT:
		buf_printf(b, "connect %s", i->text);
		break;
	case TOOL_CONTENT:
		buf_printf(b, "content %s: %s", i->path ? i->path : "-", i->text);
		if (i->old && *i->old)
			buf_printf(b, " (was: %s)", i->old);
		break;
	case TOOL_CODE:
		buf_printf(b, "code %s: %s", i->path ? i->path : "-", i->text);
		break;
	}
	if (i->cwd)
		buf_printf(b, " (in %s)", i->cwd);
}

static cJSON *items_of(const struct tool_call *call)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < call->n_items; i++) {
		autobuf b = {0};

		put_item(&b, &call->items[i]);
		cJSON_AddItemToArray(list, cJSON_CreateString(buf_str(&b)));
	}
	return list;
}

static bool item_sound(const struct tool_item *i)
{
	if (!i->field)
		return false;
	return i->kind == TOOL_ARGV ? i->argv && i->argv[0] : i->text && strlen(i->text) == i->len;
}

static const char *string(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* Put into @line what tool_parse() says of it. */
static void judge(struct arena *a, cJSON *line)
{
	struct tool_call call;
	struct err err = {0};
	int r = tool_parse(a, string(line, "tool"), cJSON_GetObjectItemCaseSensitive(line, "input"), &call,
			   &err);
	bool sound = true;

	for (size_t i = 0; r == 0 && i < call.n_items; i++)
		sound &= item_sound(&call.items[i]);
	ok(sound && (r == 0 || err.msg[0]), "'%s' is sound", string(line, "tool"));
	if (r < 0)
		cJSON_AddStringToObject(line, "error", err.msg);
	else
		cJSON_AddItemToObject(line, "items", items_of(&call));
	if (r == 0 && call.server)
		cJSON_AddStringToObject(line, "server", call.server);
}

static void check_line(struct arena *a, const char *file, unsigned no, const cJSON *want, FILE *print)
{
	cJSON *got = cJSON_CreateObject();
	char *x, *y;

	cJSON_AddItemToObject(got, "tool",
			      cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(want, "tool"), true));
	cJSON_AddItemToObject(got, "input",
			      cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(want, "input"), true));
	judge(a, got);
	x = cJSON_PrintUnformatted(got);
	y = cJSON_PrintUnformatted(want);
	if (print)
		fprintf(print, "%s\n", x);
	else if (!ok(streq(x, y), "%s:%u: %.100s", file, no, y))
		note("got %s", x);
	free(x);
	free(y);
	cJSON_Delete(got);
}

static void check_file(const char *path, FILE *print)
{
	autofclose in = fopen(path, "re");
	autofree char *line = NULL;
	size_t cap = 0, len;
	unsigned no = 0;

	while (in && jsonin_line(in, &line, &cap, &len) == 1) {
		struct arena a = {0};
		struct err err = {0};
		cJSON *v = NULL;

		no++;
		if (len == 0 || line[0] == '#') {
			if (print)
				fprintf(print, "%s\n", line);
			continue;
		}
		if (ok(jsonin_parse(line, len, &v, &err) == 0, "%s:%u is JSON %s", path, no, err.msg))
			check_line(&a, path, no, v, print);
		cJSON_Delete(v);
		arena_done(&a);
	}
}

static int print_file(const char *path)
{
	char tmp[4096];
	FILE *out;

	(void)snprintf(tmp, sizeof(tmp), "%s.new", path);
	out = fopen(tmp, "we");
	if (!out)
		return 1;
	check_file(path, out);
	return fclose(out) == 0 && rename(tmp, path) == 0 ? 0 : 1;
}

/* --- sizes ---------------------------------------------------------------------------------------- */

static int parse_text(struct arena *a, const char *name, const char *json, struct tool_call *call,
		      struct err *err)
{
	cJSON *v = cJSON_ParseWithOpts(json, NULL, true);
	int r = v ? tool_parse(a, name, v, call, err) : -EINVAL;

	cJSON_Delete(v);
	return r;
}

static long ms_since(clock_t from)
{
	return (long)((clock() - from) / (CLOCKS_PER_SEC / 1000));
}

/* @part with the number @i for its "%u", if it has one. */
static void put_part(struct buf *b, const char *part, size_t i)
{
	const char *u = strstr(part, "%u");

	buf_put(b, part, u ? (size_t)(u - part) : strlen(part));
	if (u)
		buf_printf(b, "%zu%s", i, u + 2);
}

/* HEAD, then @part @n times with @sep between, then TAIL. */
static void check_big(const char *what, const char *tool, const char *head, const char *part, const char *sep,
		      size_t n, const char *tail, int want)
{
	struct arena a = {0};
	struct tool_call call;
	struct err err = {0};
	autobuf b = {0};
	clock_t from;
	int r;

	buf_puts(&b, head);
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? sep : "");
		put_part(&b, part, i);
	}
	buf_puts(&b, tail);
	from = clock();
	r = parse_text(&a, tool, buf_str(&b), &call, &err);
	ok(r == want && ms_since(from) < 3000, "%s: %s, %ld ms", what, r ? err.msg : "read", ms_since(from));
	arena_done(&a);
}

static void test_sizes(void)
{
	autofree char *path = calloc(1, 4001), *long_path = calloc(1, 1000001);
	autobuf b = {0};

	memset(path, 'x', 4000);
	memset(long_path, 'x', 1000000);
	check_big("4000 paths", "read_multiple_files", "{\"paths\":[", "\"/w/%u\"", ",", 4000, "]}", 0);
	check_big("5000 paths", "read_multiple_files", "{\"paths\":[", "\"/w/%u\"", ",", 5000, "]}", -EBADMSG);
	check_big("5000 words", "Bash", "{\"command\":[", "\"w%u\"", ",", 5000, "]}", 0);
	check_big("100000 keys", "frob", "{", "\"k%u\":\"x\"", ",", 100000, "}", 0);
	check_big("100000 keys that are two", "frob", "{\"K_9\":1,", "\"k%u\":\"x\"", ",", 100000, "}",
		  -EBADMSG);
	check_big("a megabyte of content", "Write", "{\"file_path\":\"/w/a\",\"content\":\"", "1234567/%u", "",
		  1 << 17, "\"}", 0);
	check_big("a megabyte of value", "frob", "{\"x\":\"/", "1234567/%u", "", 1 << 17, "\"}", 0);
	check_big("a megabyte of path", "Read", "{\"file_path\":\"/", "1234567/%u", "", 1 << 17, "\"}",
		  -EBADMSG);
	check_big("a megabyte of dots", "Read", "{\"file_path\":\"/", "./", "", 1 << 19, "etc/shadow\"}",
		  -EBADMSG);
	check_big("nested lists", "frob", "{\"x\":", "[", "", 200, "]]", -EINVAL);
	check_big("a megabyte of patch", "apply_patch", "{\"input\":\"*** Begin Patch\\n",
		  "*** Add File: f%u\\n+x\\n", "", 2000, "*** End Patch\"}", 0);
	check_big("a patch of too many files", "apply_patch", "{\"input\":\"*** Begin Patch\\n",
		  "*** Delete File: f%u\\n", "", 50000, "*** End Patch\"}", -EBADMSG);
	check_big("half a million headers", "git_apply", "{\"patch\":\"--- a\\n+++ b\\n", "--- \\n", "", 100000,
		  "\"}", 0);
	check_big("SQL quotes", "mcp__pg__query", "{\"sql\":\"select ", "$%u$", "", 100000, "\"}", 0);
	check_big("SQL comments", "mcp__pg__query", "{\"sql\":\"select ", "/*'", "", 100000, "\"}", 0);
	check_big("calls in code", "exec", "{\"code\":\"", "tools.x({", "", 100000, "\"}", -EBADMSG);
	check_big("too many calls in code", "exec", "{\"code\":\"", "tools.x({a:1});", "", 50000, "\"}",
		  -EBADMSG);
	check_big("URLs in a prompt", "web_fetch", "{\"prompt\":\"", "http://a%u.example ", "", 4000, "\"}", 0);
	check_big("lines that are paths", "frob", "{\"x\":\"", "/w/%u\\n", "", 5000, "\"}", -EBADMSG);
	check_big("JSON that is none", "frob", "{\"x\":\"", "{", "", 1000000, "\"}", 0);
	/* One long text for many items. */
	buf_printf(&b, "{\"path\":\"/%s\",\"edits\":[", path);
	check_big("a long path for every edit", "edit_file", buf_str(&b), "{\"newText\":\"%u\"}", ",", 4000,
		  "]}", 0);
	buf_reset(&b);
	buf_printf(&b, "{\"env\":{\"A\":\"%s\"},\"commands\":[", long_path);
	check_big("a long environment for every command", "Bash", buf_str(&b), "\"c%u\"", ",", 4000, "]}",
		  -EBADMSG);
	buf_reset(&b);
	buf_printf(&b, "{\"%s\":[", long_path);
	check_big("a long key", "frob", buf_str(&b), "\"/w/%u\"", ",", 4000, "]}", 0);
}
/* What cJSON takes and our reader does not: too deep. */
static void test_depth(void)
{
	struct arena a = {0};
	struct tool_call call;
	struct err err = {0};
	cJSON *v = cJSON_CreateString("/etc/shadow");

	for (unsigned i = 0; i < 500; i++) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToObject(o, "a", v);
		v = o;
	}
	ok(tool_parse(&a, "frob", v, &call, &err) == -EBADMSG && strstr(err.msg, "deep"),
	   "500 objects in each other: %s", err.msg);
	ok(tool_parse(&a, "Bash", NULL, &call, NULL) == -EBADMSG, "no input, nobody to tell why");
	cJSON_Delete(v);
	arena_done(&a);
}

static void test_fields(void)
{
	struct arena a = {0};
	struct tool_call call;
	struct err err = {0};

	ok(parse_text(&a, "edit_file", "{\"path\":\"/w/a\",\"edits\":[{},{\"x\":1,\"new_string\":\"y\"}]}",
		      &call, &err) == 0 &&
		   call.n_items == 2 && streq(call.items[1].field, "edits[1].new_string"),
	   "where an item stood");
	ok(call.known && !call.server && streq(call.name, "edit_file"), "a known name");
	ok(streq(call.input, "{\"path\":\"/w/a\",\"edits\":[{},{\"x\":1,\"new_string\":\"y\"}]}"),
	   "the input again: %s", call.input);
	ok(parse_text(&a, "mcp__s__frob", "{\"\\u0061\":\"\\u002fetc\"}", &call, &err) == 0 && !call.known &&
		   streq(call.server, "s") && streq(call.input, "{\"a\":\"/etc\"}"),
	   "escapes are gone: %s", call.input);
	ok(tool_patch(&a, "*** Begin Patch\n*** Add File: x\0y\n", 36, &call, &err) == -EBADMSG,
	   "a NUL in a patch");
	call = (struct tool_call){0};
	ok(tool_patch(&a, "EOF\n*** Begin Patch\n*** Add File: x\n+y\n*** End Patch\nEOF\n", 56, &call, &err) ==
			   0 &&
		   call.n_items == 2,
	   "a patch in a here-document");
	arena_done(&a);
}

/* The tables are searched by halves. */
static void test_tables(void)
{
	static const char *const names[] = {
#define TOOL(n, c, f, l) n,
#define FIELD(n, k)
#define VERB(w, m)
#include "policy/tool-names.tab"
#undef TOOL
#undef FIELD
	};
	static const char *const fields[] = {
#define TOOL(n, c, f, l)
#define FIELD(n, k) n,
#include "policy/tool-names.tab"
#undef FIELD
#undef VERB
	};
	static const char *const verbs[] = {
#define FIELD(n, k)
#define VERB(w, m) w,
#include "policy/tool-names.tab"
	};
	unsigned bad = 0;

	for (size_t i = 1; i < ARRAY_SIZE(names); i++)
		bad += strcmp(names[i - 1], names[i]) >= 0;
	for (size_t i = 1; i < ARRAY_SIZE(fields); i++)
		bad += strcmp(fields[i - 1], fields[i]) >= 0;
	for (size_t i = 1; i < ARRAY_SIZE(verbs); i++)
		bad += strcmp(verbs[i - 1], verbs[i]) >= 0;
	ok(bad == 0, "%zu tools, %zu fields, %zu verbs, sorted", ARRAY_SIZE(names), ARRAY_SIZE(fields),
	   ARRAY_SIZE(verbs));
}

static void test_time(void)
{
	static const char *const calls[][2] = {
		{"Bash", "{\"command\":\"npm test -- --watch=false\",\"description\":\"Run the "
			 "tests\",\"timeout\":120000}"},
		{"Edit", "{\"file_path\":\"/home/u/src/demo/a.c\",\"old_string\":\"int "
			 "a;\",\"new_string\":\"int b;\",\"replace_all\":false}"},
		{"mcp__jira__create_issue",
		 "{\"project\":\"AB\",\"summary\":\"It "
		 "breaks\",\"fields\":{\"labels\":[\"bug\",\"ui\"],\"priority\":2}}"},
	};
	struct arena a = {0};
	struct tool_call call;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		cJSON *v = cJSON_Parse(calls[i][1]);
		clock_t from = clock();
		double us;

		for (unsigned k = 0; k < 20000; k++) {
			(void)tool_parse(&a, calls[i][0], v, &call, NULL);
			arena_reset(&a);
		}
		us = (double)(clock() - from) * 1e6 / CLOCKS_PER_SEC / 20000;
		ok(us < 250, "%s takes %.2f us", calls[i][0], us); /* about 2; sanitizers are slow */
		cJSON_Delete(v);
	}
	arena_done(&a);
}

int main(int argc, char **argv)
{
	static const char dir[] = "tests/data/tools";
	struct dirent **names;
	int n;

	if (argc == 3 && streq(argv[1], "--print"))
		return print_file(argv[2]);
	n = scandir(dir, &names, NULL, alphasort);
	ok(n > 2, "there is data");
	for (int i = 0; i < n; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (strstr(path, ".jsonl"))
			check_file(path, NULL);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	test_tables();
	test_fields();
	test_depth();
	test_sizes();
	test_time();
	return tap_done();
}
