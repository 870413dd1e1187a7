#include "policy/command.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <strings.h>

static const char *const shells[] = {"ash",   "bash", "dash", "ksh", "mksh",
				     "rbash", "sh",   "yash", "zsh"};

/* Names for one flag, where a program has several. */
static const struct {
	const char *programs; /* between spaces */
	const char *letters;
	const char *name;
} synonyms[] = {
	{" rm cp grep egrep fgrep ", "rR", "recursive"},
	{" chmod chown chgrp ls setfacl ", "R", "recursive"},
	{" rsync scp zip diff ", "r", "recursive"},
	{" rm cp mv ln git shred chmod gzip ", "f", "force"},
	{" rm cp mv ln ", "i", "interactive"},
	{" rm ", "d", "dir"},
	{" sed ", "i", "in-place"},
	{" curl ", "k", "insecure"},
	{" curl ", "d", "data"},
	{" curl ", "F", "form"},
	{" curl ", "T", "upload-file"},
	{" curl ", "o", "output"},
	{" wget ", "O", "output-document"},
	{" git ", "d", "delete"},
	{" docker podman ", "v", "volume"},
	{" npm pnpm ", "g", "global"},
	{" apt apt-get dnf yum ", "y", "yes"},
};

const char *command_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_shell(const char *program)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (streq(command_base(program), shells[i]))
			return true;
	return false;
}

/* The text behind -c in the arguments of a shell: its first argument that is no option. */
static const char *shell_text(const char *const *argv)
{
	bool has_c = false;

	for (size_t i = 1; argv[i]; i++) {
		const char *a = argv[i];

		if (streq(a, "--") || streq(a, "-"))
			return has_c ? argv[i + 1] : NULL;
		if (a[0] != '-' && a[0] != '+')
			return has_c ? a : NULL;
		if (a[1] == '-') {
			if ((streq(a, "--rcfile") || streq(a, "--init-file")) && argv[i + 1])
				i++;
			continue;
		}
		if (a[0] == '-' && strchr(a, 'c'))
			has_c = true;
		if (strpbrk(a, "oO") && argv[i + 1])
			i++;
	}
	return NULL;
}

/* The words of a text that a shell would only split: nothing quoted, expanded or redirected. */
static bool split_words(struct command *c, const char *text)
{
	size_t n = 0, len = strlen(text);
	char *p;

	if (len >= sizeof(c->word_text) || strpbrk(text, "|&;<>()$`\\\"'*?[]#~=%{}!\n\r"))
		return false;
	memcpy(c->word_text, text, len + 1);
	for (p = c->word_text; *p;) {
		p += strspn(p, " \t");
		if (!*p)
			break;
		if (n == COMMAND_WORDS_MAX)
			return false;
		c->words[n++] = p;
		p += strcspn(p, " \t");
		if (*p)
			*p++ = '\0';
	}
	c->words[n] = NULL;
	return n > 0;
}

void command_init(struct command *c, const char *path, const char *const *argv)
{
	const char *const *a = argv;

	c->path = path;
	c->text = NULL;
	c->total_len = 0;
	c->n_views = 0;
	if (!a || !a[0]) {
		c->fallback_argv[0] = path ? path : "";
		c->fallback_argv[1] = NULL;
		a = c->fallback_argv;
	}
	c->views[c->n_views++] = (struct command_view){.argv = a, .is_real = true};
	if (a[1] && (streq(command_base(a[0]), "busybox") || streq(command_base(a[0]), "toybox") ||
		     (path && streq(command_base(path), "busybox") &&
		      streq(command_base(a[0]), "busybox")))) {
		a++;
		c->views[c->n_views++] = (struct command_view){.argv = a};
	}
	if (is_shell(a[0]) || (path && is_shell(path)))
		c->text = shell_text(a);
	if (c->text && split_words(c, c->text))
		c->views[c->n_views++] = (struct command_view){.argv = c->words};
}

/* Write the joined argv from byte @from on; returns how much there is in all. */
static size_t join(struct command *c, size_t from)
{
	const char *const *argv = c->views[0].argv;
	size_t at = 0, n = 0;

	for (size_t i = 0; argv[i]; i++) {
		size_t len = strlen(argv[i]);
		size_t skip = from > at ? MIN(from - at, len) : 0;
		size_t take = MIN(len - skip, COMMAND_JOIN_MAX - n);

		memcpy(c->joined + n, argv[i] + skip, take);
		n += take;
		at += len;
		if (argv[i + 1]) {
			if (at >= from && n < COMMAND_JOIN_MAX)
				c->joined[n++] = ' ';
			at++;
		}
	}
	c->joined[n] = '\0';
	c->joined_len = n;
	return at;
}

/* @part is in lower case. */
static bool has_part(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

static bool text_matches(const struct text_cond *t, const char *text, size_t len, uint32_t flags,
			 bool limit)
{
	enum regex_result r;

	if (t->kind == TEXT_PART)
		return has_part(text, t->text);
	r = regex_match(t->re, text, len, flags);
	return r == REGEX_YES || (r == REGEX_LIMIT && limit);
}

/* Text too long for one piece: pieces that overlap, so that only a match longer than the overlap is
 * lost. */
static bool pieces_match(struct command *c, const struct text_cond *t, bool limit)
{
	size_t from = 0;

	for (;;) {
		uint32_t flags = from ? PCRE2_NOTBOL : 0;
		size_t total = join(c, from);
		bool last = from + c->joined_len >= total;

		if (text_matches(t, c->joined, c->joined_len, flags | (last ? 0 : PCRE2_NOTEOL),
				 limit))
			return true;
		if (last)
			return false;
		from += COMMAND_JOIN_MAX - COMMAND_JOIN_OVERLAP;
	}
}

static bool command_text_matches(struct command *c, const struct text_cond *t, bool limit)
{
	if (c->text && text_matches(t, c->text, strlen(c->text), 0, limit))
		return true;
	if (!c->total_len)
		c->total_len = join(c, 0);
	if (c->total_len > COMMAND_JOIN_MAX)
		return pieces_match(c, t, limit);
	return text_matches(t, c->joined, c->joined_len, 0, limit);
}

static bool program_matches(const struct command *c, const struct command_view *v,
			    const struct text_cond *t)
{
	const char *real = v->is_real ? c->path : NULL;

	if (t->kind == TEXT_PATH)
		return (real && policy_glob(t->text, real)) ||
		       (v->argv[0][0] == '/' && policy_glob(t->text, v->argv[0]));
	return (real && pattern_match_flat(t->text, command_base(real), false)) ||
	       pattern_match_flat(t->text, command_base(v->argv[0]), false);
}

static bool arg_matches(const struct text_cond *t, const char *arg, bool limit)
{
	if (t->kind == TEXT_GLOB)
		return pattern_match_flat(t->text, arg, false);
	return text_matches(t, arg, strlen(arg), 0, limit);
}

static bool some_arg_matches(const struct command_view *v, const struct text_cond *t, bool limit)
{
	for (size_t i = 1; v->argv[0] && v->argv[i]; i++)
		if (arg_matches(t, v->argv[i], limit))
			return true;
	return false;
}

/* One of @letters in a cluster of short flags ("-rf")? */
static bool has_letter(const char *arg, const char *letters)
{
	if (arg[0] != '-' || arg[1] == '-')
		return false;
	for (const char *p = arg + 1; *p && *p != '='; p++)
		if (strchr(letters, *p))
			return true;
	return false;
}

/* Long flags may be cut ("--recurs") and carry a value. */
static bool is_long(const char *arg, const char *name)
{
	size_t len;

	if (arg[0] != '-' || arg[1] != '-' || !arg[2])
		return false;
	len = strcspn(arg + 2, "=");
	return len && strncmp(arg + 2, name, len) == 0 && len <= strlen(name);
}

static bool any_arg(const struct command_view *v, bool (*fn)(const char *, const char *),
		    const char *what)
{
	for (size_t i = 1; v->argv[i] && !streq(v->argv[i], "--"); i++)
		if (fn(v->argv[i], what))
			return true;
	return false;
}

static bool is_exact(const char *arg, const char *flag)
{
	size_t len = strlen(flag);

	return strncmp(arg, flag, len) == 0 && (!arg[len] || arg[len] == '=');
}

static bool has_program(const char *programs, const char *base)
{
	size_t len = strlen(base);
	const char *p = programs;

	while (len && (p = strstr(p, base))) {
		if (p[-1] == ' ' && p[len] == ' ')
			return true;
		p += len;
	}
	return false;
}

static bool has_synonym(const struct command_view *v, const char *base, const char *flag)
{
	bool is_name = flag[0] == '-' && flag[1] == '-';

	for (size_t i = 0; i < ARRAY_SIZE(synonyms); i++) {
		if (!has_program(synonyms[i].programs, base))
			continue;
		if (is_name ? !streq(flag + 2, synonyms[i].name)
			    : !strchr(synonyms[i].letters, flag[1]))
			continue;
		if (any_arg(v, has_letter, synonyms[i].letters) ||
		    any_arg(v, is_long, synonyms[i].name))
			return true;
	}
	return false;
}

static bool has_flag(const struct command *c, const struct command_view *v, const char *flag)
{
	char letter[2] = {flag[1]};

	if (any_arg(v, is_exact, flag))
		return true;
	if (flag[1] == '-' ? any_arg(v, is_long, flag + 2)
			   : !flag[2] && any_arg(v, has_letter, letter))
		return true;
	if (flag[1] != '-' && flag[2]) {
		/* "-rf" in a rule: each of the letters, wherever they stand */
		for (const char *p = flag + 1; *p; p++) {
			letter[0] = *p;
			if (!any_arg(v, has_letter, letter))
				return false;
		}
		return true;
	}
	return has_synonym(v, command_base(v->argv[0]), flag) ||
	       (v->is_real && c->path && has_synonym(v, command_base(c->path), flag));
}

static bool view_matches(const struct command *c, const struct command_view *v,
			 const struct rule *r, bool limit)
{
	bool hit = r->program.n == 0;

	for (size_t i = 0; i < r->program.n && !hit; i++)
		hit = program_matches(c, v, &r->program.v[i]);
	for (size_t i = 0; i < r->flags.n && hit; i++)
		hit = has_flag(c, v, r->flags.v[i]);
	for (size_t i = 0; i < r->argv.n && hit; i++)
		hit = some_arg_matches(v, &r->argv.v[i], limit);
	return hit;
}

bool command_matches(struct command *c, const struct rule *r, bool limit)
{
	bool hit = false;

	for (unsigned i = 0; i < c->n_views && !hit; i++)
		hit = view_matches(c, &c->views[i], r, limit);
	if (!hit || r->command.n == 0)
		return hit;
	for (size_t i = 0; i < r->command.n; i++)
		if (command_text_matches(c, &r->command.v[i], limit))
			return true;
	return false;
}
