/* A line as `crust check` gets it, or a command text (what does not begin with '{'), under the built-in rules. What is
 * stopped must stay stopped when it is asked again, when a word is quoted in another way, and when it stands behind
 * another command, in a group, a subshell or `sh -c`. */
#include "launcher/check.h"
#include "policy/load.h"
#include "shell/shell.h"
#include "text/jsonin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VARIANT_MAX 4096 /* bytes of a command that is also tried in other shapes */

static struct check *check;

static void setup(void)
{
	static const char none[] = "version: 1\n";
	static struct tool_place place = {
		.home = "/nonexistent/u", .cwd = "/nonexistent/u/w", .workspace = "/nonexistent/u/w"};
	static struct policy *p;
	struct policy_config cfg = {.home = place.home, .workspace = place.workspace};
	struct err err;

	if (check)
		return;
	if (setenv("PATH", "/nonexistent", 1) < 0 ||
	    policy_load_text(&cfg, "fuzz.yaml", none, sizeof(none) - 1, false, &p, &err) < 0)
		abort();
	check = check_new(&place, p, EXPLAIN_BRIEF);
	if (!check)
		abort();
}

/* Exactly one line, and as the result says. */
static enum check_result judge(const char *line, size_t len, struct buf *out)
{
	enum check_result r;
	const char *text;

	buf_reset(out);
	r = check_line(check, line, len, out);
	text = buf_str(out);
	if (buf_failed(out) || !out->len || memchr(text, '\n', out->len) != text + out->len - 1)
		abort();
	if (r == CHECK_BAD ? !str_starts(text, "{\"error\":\"") : !str_starts(text, "{\"verdict\":\""))
		abort();
	if ((r == CHECK_ALLOWED) != str_starts(text, "{\"verdict\":\"allow\""))
		abort();
	return r;
}

static enum check_result judge_command(const char *command, struct buf *out)
{
	autobuf line = {0};

	buf_puts(&line, "{\"op\":\"exec\",\"command\":");
	buf_put_json(&line, command);
	buf_putc(&line, '}');
	return judge(buf_str(&line), line.len, out);
}

static void hold(const char *what, const char *command, const struct buf *variant, const struct buf *before)
{
	autobuf out = {0};

	if (judge_command(buf_str(variant), &out) != CHECK_ALLOWED)
		return;
	fprintf(stderr, "%s\n  %s  %s\n  allowed: %s\n", what, buf_str(before), command, buf_str(variant));
	abort();
}

/* --- other shapes of one command -------------------------------------------------------------------- */

static void put_single_quoted(struct buf *b, const char *s)
{
	buf_putc(b, '\'');
	for (; *s; s++)
		*s == '\'' ? buf_puts(b, "'\\''") : buf_putc(b, *s);
	buf_putc(b, '\'');
}

static void try_around(const char *before, const char *command, const char *after, const struct buf *answer)
{
	autobuf v = {0};

	buf_puts(&v, before);
	buf_puts(&v, command);
	buf_puts(&v, after);
	hold("around it", command, &v, answer);
}

static void try_sh_c(const char *command, const struct buf *answer)
{
	autobuf v = {0};

	if (*command == '-' || *command == '+')
		return; /* sh takes it for options */
	buf_puts(&v, "sh -c ");
	put_single_quoted(&v, command);
	hold("sh -c", command, &v, answer);
}

/* A word at the start of a command that only names a program: letters, no word of the shell's grammar. */
static size_t program_word(const char *s)
{
	static const char *const reserved[] = {"if",	"then",	  "else", "elif", "fi",	    "do",   "done",	"case",	 "esac",
					       "while", "until",  "for",  "in",	  "select", "time", "function", "coproc"};
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (n == strlen(reserved[i]) && memcmp(s, reserved[i], n) == 0)
			return 0;
	return n >= 2 && n < 32 && (s[n] == ' ' || s[n] == '\0') && s[0] != '-' ? n : 0;
}

static void try_quoted(const char *command, const struct buf *answer)
{
	static const char *const how[][3] = {{"'", "'", ""}, {"", "\"", "\""}, {"\"", "", "\""}, {"", "\\", ""}, {"", "''", ""}};
	size_t n = program_word(command);

	for (size_t i = 0; n && i < ARRAY_SIZE(how); i++) {
		autobuf v = {0};

		buf_puts(&v, how[i][0]);
		buf_put(&v, command, 1);
		buf_puts(&v, how[i][1]);
		buf_put(&v, command + 1, n - 1);
		buf_puts(&v, how[i][2]);
		buf_puts(&v, command + n);
		hold("quoted", command, &v, answer);
	}
}

/* A text that is no program gets another meaning by what stands around it, and by aliases another way of reading. */
static bool is_sound(const char *command)
{
	static const struct shell_env env = {.home = "/nonexistent/u", .cwd = "/nonexistent/u/w"};
	static struct shell_analysis a;

	shell_analyse(command, strlen(command), &env, &a);
	return !a.unparsable && !strstr(command, "alias");
}

static void try_shapes(const char *command, const struct buf *answer)
{
	size_t len = strlen(command);

	if (!len || len > VARIANT_MAX)
		return;
	try_around("true; ", command, "", answer);
	if (command[len - 1] == '\\' || !is_sound(command))
		return;
	try_sh_c(command, answer);
	try_around("( ", command, "\n)", answer);
	try_around("{ ", command, "\n}", answer);
	try_around("", command, strstr(command, "<<") ? "\ntrue" : " ; true", answer);
	try_quoted(command, answer);
}

/* --- lines ---------------------------------------------------------------------------------------- */

static bool has_control(const char *s)
{
	return strchr(s, '\x1a') != NULL;
}

static const char *command_of(const cJSON *in)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, "command"));
}

/* What is allowed was read as every reader reads it, and whole. */
static void check_allowed(const char *line, size_t len, const cJSON *in)
{
	const char *command = command_of(in), *end = memrchr(line, '}', len);
	autobuf out = {0};

	if (!in || memchr(line, '\0', len) || (command && has_control(command)))
		abort();
	if (!end || judge(line, (size_t)(end - line), &out) == CHECK_ALLOWED)
		abort();
}

static void use_line(const char *line, size_t len)
{
	autobuf out = {0}, again = {0};
	enum check_result r = judge(line, len, &out);
	cJSON *in = NULL;

	(void)jsonin_parse(line, len, &in, NULL);
	if (r == CHECK_ALLOWED)
		check_allowed(line, len, in);
	else if (r == CHECK_DENIED && in && command_of(in))
		try_shapes(command_of(in), &out);
	if (judge(line, len, &again) != r || again.len != out.len || memcmp(again.data, out.data, out.len) != 0)
		abort();
	cJSON_Delete(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf line = {0};
	autofree char *text = NULL;

	setup();
	if (size && data[0] == '{') {
		use_line((const char *)data, size);
		return 0;
	}
	text = strndup((const char *)data, size);
	if (!text)
		return 0;
	buf_puts(&line, "{\"op\":\"exec\",\"command\":");
	buf_put_json(&line, text);
	buf_putc(&line, '}');
	use_line(buf_str(&line), line.len);
	return 0;
}
