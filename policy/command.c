#include "policy/command.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <strings.h>

#include "shell/shell.h"

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

/* Of the 64: so many for whole names, as many for their first two letters, and one for names with a dot. The first bits
 * of the hash are of no use here: short names hardly change them. */
#define NAME_BITS 41
#define HEAD_BITS 22
#define DOT_BIT	  (1ULL << 63)

static uint64_t hash_bit(const char *s, size_t len, unsigned first, unsigned n)
{
	return 1ULL << (first + fnv1a(FNV1A_START, s, len) % n);
}

static uint64_t head_bit(const char *base)
{
	return hash_bit(base, base[0] ? 2 : 1, NAME_BITS, HEAD_BITS);
}

uint64_t command_name_bits(const char *path)
{
	const char *base = command_base(path);

	return hash_bit(base, strlen(base), 0, NAME_BITS) | head_bit(base) | (strchr(base, '.') ? DOT_BIT : 0);
}

uint64_t command_glob_bits(const char *glob)
{
	size_t literal = strcspn(glob, "*?[\\");

	if (!glob[literal])
		return hash_bit(glob, literal, 0, NAME_BITS);
	if (literal >= 2)
		return head_bit(glob);
	return glob[0] == '*' && glob[1] == '.' ? DOT_BIT : ~0ULL;
}

static void add_view(struct command *c, const char *const *argv, const char *real)
{
	uint64_t names = command_name_bits(argv[0]) | (real ? command_name_bits(real) : 0);

	c->views[c->n_views] = (struct command_view){.argv = argv, .names = names, .is_real = c->n_views == 0};
	c->n_views++;
	c->names |= names;
}

void command_init(struct command *c, const char *path, const char *const *argv)
{
	const char *const *a = argv;

	c->path = path;
	c->text = c->whole = NULL;
	c->joined_argv = NULL;
	c->has_whole_grams = false;
	c->from_text = c->is_whole = false;
	c->is_file = !argv;
	c->n_views = 0;
	c->names = 0;
	if (!a || !a[0]) {
		c->fallback_argv[0] = path ? path : "";
		c->fallback_argv[1] = NULL;
		a = c->fallback_argv;
	}
	add_view(c, a, path);
	if (a[1] && (streq(command_base(a[0]), "busybox") || streq(command_base(a[0]), "toybox") ||
		     (path && streq(command_base(path), "busybox") &&
		      streq(command_base(a[0]), "busybox")))) {
		a++;
		add_view(c, a, NULL);
	}
	if (is_shell(a[0]) || (path && is_shell(path)))
		c->text = shell_text(a);
	if (c->text && split_words(c, c->text))
		add_view(c, c->words, NULL);
}

/* The commands of an analysis are asked about one by one, so a shell's text is nothing to look into here. Where the
 * text cannot be read there is nothing but the words. */
void command_init_shell(struct command *c, const struct policy_action *a)
{
	const struct shell_analysis *s = a->shell;
	const char *path = a->op == POLICY_EXEC ? a->path : NULL;

	if (a->command < s->n_commands) {
		const struct shell_command *k = &s->commands[a->command];

		command_init(c, path, k->argc ? k->argv : NULL);
		c->n_views = k->argc ? c->n_views - (c->views[c->n_views - 1].argv == c->words) : 0;
		c->text = NULL;
	} else {
		command_init(c, path, a->argv);
		c->is_whole = true;
		if (!s->unparsable)
			c->n_views = 0;
	}
	c->from_text = true;
	c->whole = a->text;
	c->whole_len = a->text_len;
}

/* Write the joined @argv from byte @from on; returns how much there is in all. */
static size_t join(struct command *c, const char *const *argv, size_t from)
{
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
	c->joined_grams = (struct grams){0};
	grams_add(&c->joined_grams, c->joined, n);
	return at;
}

/* A piece of @text, any case; @text may hold NULs. */
static bool has_part(const char *text, size_t len, const char *part)
{
	const size_t n = strlen(part);
	const char low = (char)tolower((unsigned char)*part), up = (char)toupper((unsigned char)*part);

	for (size_t i = 0; i + n <= len; i++)
		if ((text[i] == low || text[i] == up) && strncasecmp(text + i, part, n) == 0)
			return true;
	return false;
}

bool text_cond_matches(const struct text_cond *t, const char *text, size_t len, uint32_t flags, bool limit)
{
	enum regex_result r;

	switch (t->kind) {
	case TEXT_PART:
		return has_part(text, len, t->text);
	case TEXT_REGEX:
		r = regex_match(t->re, text, len, flags);
		return r == REGEX_YES || (r == REGEX_LIMIT && limit);
	case TEXT_GLOB:
		return pattern_match_flat(t->text, text, false);
	case TEXT_PATH:
		return text[0] == '/' && policy_glob(t->text, text);
	case TEXT_WORDS: /* these two have their own ways */
	case TEXT_WORD:
		break;
	}
	return false;
}

bool conds_match(const struct cond *c, const char *text, bool limit)
{
	size_t len = strlen(text);
	bool hit = false;

	for (size_t i = 0; i < c->yes.n && !hit; i++)
		hit = text_cond_matches(&c->yes.v[i], text, len, 0, limit);
	for (size_t i = 0; i < c->no.n && hit; i++)
		hit = !text_cond_matches(&c->no.v[i], text, len, 0, !limit);
	return hit;
}

/* Spares regexes most texts. */
static bool is_possible(const struct text_cond *t, const struct grams *g)
{
	return t->kind != TEXT_REGEX || regex_possible(t->re, g);
}

static bool whole_matches(struct command *c, const struct text_cond *t, bool limit)
{
	if (!c->has_whole_grams) {
		c->whole_grams = (struct grams){0};
		grams_add(&c->whole_grams, c->whole, c->whole_len);
		c->has_whole_grams = true;
	}
	return is_possible(t, &c->whole_grams) && text_cond_matches(t, c->whole, c->whole_len, 0, limit);
}

/* The words of @argv with one space between. What is too long for one piece is looked at in pieces that overlap, so
 * that only a match longer than the overlap is lost. */
static bool joined_matches(struct command *c, const char *const *argv, const struct text_cond *t, bool limit)
{
	size_t from = 0, total;

	do {
		bool last;

		if (c->joined_argv != argv || from)
			c->total_len = join(c, argv, from);
		total = c->total_len;
		c->joined_argv = total <= COMMAND_JOIN_MAX ? argv : NULL;
		last = from + c->joined_len >= total;
		if (!limit && memchr(c->joined, SHELL_UNKNOWN, c->joined_len))
			return false;
		if (is_possible(t, &c->joined_grams) &&
		    text_cond_matches(t, c->joined, c->joined_len,
				      (from ? PCRE2_NOTBOL : 0) | (last ? 0 : PCRE2_NOTEOL), limit))
			return true;
		from += COMMAND_JOIN_MAX - COMMAND_JOIN_OVERLAP;
		if (last)
			break;
	} while (from < total);
	return false;
}

/* An allow rule goes by the command alone: the text around it holds others. */
static bool command_text_matches(struct command *c, const struct text_cond *t, bool limit)
{
	if (c->whole && (limit || c->is_whole) && whole_matches(c, t, limit))
		return true;
	if (c->text && !(c->is_whole && c->whole) && text_cond_matches(t, c->text, strlen(c->text), 0, limit))
		return true;
	return c->n_views && joined_matches(c, c->views[0].argv, t, limit);
}

bool command_is_program(const char *path, const char *const *argv, const struct text_cond *t, bool limit)
{
	const char *names[] = {path, argv[0]};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = names[i];

		if (!name)
			continue;
		if (t->kind != TEXT_PATH)
			name = command_base(name);
		if (text_cond_matches(t, name, strlen(name), 0, limit))
			return true;
	}
	return false;
}

static bool is_any_program(const struct text_conds *t, const char *path, const struct command_view *v, bool limit)
{
	for (size_t i = 0; i < t->n; i++)
		if ((t->v[i].names & v->names) && command_is_program(path, v->argv, &t->v[i], limit))
			return true;
	return false;
}

static bool program_matches(const struct command *c, const struct command_view *v, const struct cond *k, bool limit)
{
	const char *real = v->is_real ? c->path : NULL;

	if (!(k->yes.names & v->names))
		return false;
	return is_any_program(&k->yes, real, v, limit) && !is_any_program(&k->no, real, v, !limit);
}

/* A text names its program; who calls execve names whatever he likes, and the file tells. */
static bool program_is_listed(const struct command *c, const struct command_view *v, const struct cond *k, bool limit)
{
	const char *name = c->from_text || !c->path ? v->argv[0] : c->path;

	name = command_base(name);
	if (!limit && strchr(name, SHELL_UNKNOWN))
		return true; /* an allow rule does not go by what is not known */
	return conds_match(k, name, !limit);
}

/* What is not known is no reason to allow. */
static bool arg_matches(const struct text_cond *t, const char *arg, bool limit)
{
	if (!limit && strchr(arg, SHELL_UNKNOWN))
		return false;
	return text_cond_matches(t, arg, strlen(arg), 0, limit);
}

static bool some_arg_matches(const struct command_view *v, const struct text_cond *t, bool limit)
{
	for (size_t i = 1; v->argv[0] && v->argv[i]; i++)
		if (arg_matches(t, v->argv[i], limit))
			return true;
	return false;
}

static bool args_match(struct command *c, const struct command_view *v, const struct cond *k, bool limit)
{
	const char *const *args = v->argv[0] ? v->argv + 1 : v->argv;
	bool hit = false;

	for (size_t i = 0; i < k->yes.n && !hit; i++)
		hit = joined_matches(c, args, &k->yes.v[i], limit);
	return hit;
}

/* In how many ways (bit k: the first k of @globs) can the words so far be read, after one more? */
static uint64_t read_word(const char *globs, const char *word, uint64_t ways)
{
	uint64_t next = 0;

	for (unsigned k = 0; *globs; k++, globs += strlen(globs) + 1)
		if (ways >> k & 1 && pattern_match_flat(globs, word, false))
			next |= UINT64_C(2) << k;
	return next;
}

/* Do the words that are no flags begin with @globs? A word behind a flag may be the flag's value: where that is for
 * the rule it may be left out, so that `git -C dir push` is a push. */
static bool words_begin(const char *const *argv, const char *globs, bool skip)
{
	bool behind_flag = false, flags = true;
	uint64_t ways = 1, all = 1;

	for (const char *g = globs; *g; g += strlen(g) + 1)
		all <<= 1;
	for (size_t i = 1; argv[i] && ways && !(ways & all); i++) {
		const char *arg = argv[i];

		if (flags && streq(arg, "--")) {
			flags = behind_flag = false;
		} else if (flags && arg[0] == '-' && arg[1]) {
			behind_flag = !strchr(arg, '=');
		} else {
			ways = read_word(globs, arg, ways) | (behind_flag && skip ? ways : 0);
			behind_flag = false;
		}
	}
	return ways & all;
}

static bool subcommand_matches(const struct command_view *v, const struct cond *k, bool limit)
{
	bool hit = false;

	for (size_t i = 0; v->argv[0] && i < k->yes.n && !hit; i++)
		hit = words_begin(v->argv, k->yes.v[i].text, limit);
	for (size_t i = 0; i < k->no.n && hit; i++)
		hit = !words_begin(v->argv, k->no.v[i].text, !limit);
	return hit;
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
		if (is_name ? !streq(flag + 2, synonyms[i].name) : !strchr(synonyms[i].letters, flag[1]))
			continue;
		if (!has_program(synonyms[i].programs, base))
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

static bool flags_match(const struct command *c, const struct command_view *v, const struct cond *k)
{
	for (size_t i = 0; i < k->yes.n; i++)
		if (!has_flag(c, v, k->yes.v[i].text))
			return false;
	return true;
}

static bool argv_matches(const struct command_view *v, const struct cond *k, bool limit)
{
	for (size_t i = 0; i < k->yes.n; i++)
		if (!some_arg_matches(v, &k->yes.v[i], limit))
			return false;
	return true;
}

static bool view_cond_holds(struct command *c, const struct command_view *v, const struct cond *k, bool limit)
{
	if (k->id == COND_PROGRAM)
		return program_matches(c, v, k, limit);
	if (k->id == COND_PROGRAM_NOT_IN)
		return v->is_real && !c->is_file && !program_is_listed(c, v, k, limit);
	if (k->id == COND_FLAGS)
		return flags_match(c, v, k);
	if (k->id == COND_SUBCOMMAND)
		return subcommand_matches(v, k, limit);
	return k->id == COND_ARGV ? argv_matches(v, k, limit) : args_match(c, v, k, limit);
}

static bool view_matches(struct command *c, const struct command_view *v, const struct match *m, bool limit)
{
	for (size_t i = 0; i < m->n; i++)
		if (CONDS_VIEW & COND_BIT(m->v[i].id) && !view_cond_holds(c, v, &m->v[i], limit))
			return false;
	return true;
}

bool command_matches(struct command *c, const struct match *m, bool limit)
{
	const struct cond *text = match_get(m, COND_COMMAND);
	bool hit = !(m->has & CONDS_VIEW);

	for (unsigned i = 0; i < c->n_views && !hit; i++)
		hit = view_matches(c, &c->views[i], m, limit);
	if (!hit || !text)
		return hit;
	for (size_t i = 0; i < text->yes.n; i++)
		if (command_text_matches(c, &text->yes.v[i], limit))
			return true;
	return false;
}
