/* Which files hold commands, and those of them that are lines: Makefile, Dockerfile, crontab, units, git's
 * configuration. YAML and JSON are in content-yaml.c. */
#include "policy/content-parts.h"
#include "shell/shell.h"

#include <ctype.h>

#define MAKE_VARS_MAX  256
#define MAKE_DEPTH_MAX 8
#define MAKE_STEPS_MAX ((size_t)1 << 18)  /* references of one file */
#define MAKE_LINE_MAX  ((size_t)64 << 10) /* of one recipe line, expanded */

static bool starts(const char *s, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && strncasecmp(s, prefix, n) == 0;
}

bool content_has_word(const char *list, const char *word, size_t len)
{
	const char *p = list;

	if (len == 0 || !list || memchr(word, ' ', len))
		return false;
	while ((p = strstr(p, " ")) && p[1]) {
		p++;
		if (strncasecmp(p, word, len) == 0 && p[len] == ' ')
			return true;
	}
	return false;
}

void content_add(struct content *c, const char *text, size_t len, unsigned line, const char *lang, bool unasked)
{
	struct content_command *v;
	char *copy;

	while (len > 0 && isspace((unsigned char)*text))
		text++, len--;
	if (len == 0 || c->more)
		return;
	if (c->n >= CONTENT_COMMANDS_MAX) {
		c->more = true;
		return;
	}
	v = arena_grow(c->arena, c->list, c->n, &c->cap, sizeof(*v));
	copy = arena_strndup(c->arena, text, len);
	if (v)
		c->list = v;
	if (!v || !copy) {
		c->more = true;
		return;
	}
	v[c->n++] = (struct content_command){.text = copy,
					     .len = len,
					     .lang = lang,
					     .line = line,
					     .kind = c->kind->kind,
					     .unasked = unasked};
}

static void read_docker(struct content *c);

static bool is_comment(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s < end && (*s == '#' || *s == '\n');
}

/* One line, or several that a backslash joins, without the last newline. */
bool content_next(struct content *c, struct content_line *ret)
{
	const char *end = c->text + c->len, *nl, *from = c->at;
	bool joined = false;

	if (from >= end)
		return false;
	ret->no = c->line + 1;
	ret->s = from;
	for (;;) {
		const char *this = c->at;

		nl = memchr(this, '\n', (size_t)(end - this));
		c->line++;
		c->at = nl ? nl + 1 : end;
		if (!nl || c->at >= end)
			break;
		/* Docker drops comments and empty lines between the lines that it joins. */
		if (c->kind->read == read_docker && joined && is_comment(this, end))
			continue;
		joined = nl > from && nl[-1] == '\\';
		if (!joined)
			break;
	}
	ret->len = (size_t)((nl ? nl : end) - from);
	if (ret->len > 0 && ret->s[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static struct content_line trimmed(struct content_line l)
{
	while (l.len > 0 && isspace((unsigned char)*l.s))
		l.s++, l.len--;
	while (l.len > 0 && isspace((unsigned char)l.s[l.len - 1]))
		l.len--;
	return l;
}

/* --- scripts -------------------------------------------------------------------------------------- */

static const char *lang_of_program(const char *s, size_t len)
{
	static const struct {
		const char *program, *lang; /* lang "": a shell */
	} t[] = {
		{"bash", ""},
		{"sh", ""},
		{"dash", ""},
		{"ksh", ""},
		{"zsh", ""},
		{"ash", ""},
		{"busybox", ""},
		{"python", "python"},
		{"node", "javascript"},
		{"nodejs", "javascript"},
		{"bun", "javascript"},
		{"deno", "javascript"},
		{"tsx", "javascript"},
		{"ruby", "ruby"},
		{"perl", "perl"},
		{"php", "php"},
		{"uv", "python"},
		{"pypy", "python"},
		{"ts-node", "javascript"},
		{"zx", "javascript"},
	};
	const char *slash = memrchr(s, '/', len);

	if (slash) {
		len -= (size_t)(slash + 1 - s);
		s = slash + 1;
	}
	while (len > 0 && strchr("0123456789.", s[len - 1])) /* python3.11 */
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (strlen(t[i].program) == len && memcmp(t[i].program, s, len) == 0)
			return t[i].lang;
	return NULL;
}

/* The language that a first line "#!…" asks for; "": a shell; NULL: no such line, or another language. */
static const char *shebang(const char *s, size_t len)
{
	const char *end = memchr(s, '\n', len), *lang = NULL;
	size_t n;

	if (!starts(s, len, "#!"))
		return NULL;
	end = end ? end : s + len;
	for (s += 2; s < end && !lang; s += n) {
		while (s < end && isspace((unsigned char)*s))
			s++;
		for (n = 0; s + n < end && !isspace((unsigned char)s[n]);)
			n++;
		lang = lang_of_program(s, n);
	}
	return lang;
}

static void read_script(struct content *c)
{
	const char *lang = shebang(c->text, c->len);

	content_add(c, c->text, c->len, 1, lang && *lang ? lang : NULL, c->kind->unasked != NULL);
}

static void read_code(struct content *c)
{
	const char *lang = shebang(c->text, c->len);

	content_add(c, c->text, c->len, 1, lang && *lang ? lang : lang ? NULL : c->kind->keys, false);
}

/* --- make ----------------------------------------------------------------------------------------- */

struct make {
	struct content *c;
	struct make_var {
		const char *name, *value;
		size_t name_len, value_len;
		bool busy;
	} vars[MAKE_VARS_MAX];
	size_t n, steps;
	char prefix; /* of a recipe's line */
};

/* The byte behind $(…) or ${…} at @s, which is behind the opening one; @end if it does not end. */
static const char *make_close(const char *s, const char *end)
{
	char open = s[-1], close = open == '(' ? ')' : '}';
	size_t depth = 1;

	for (; s < end && depth > 0; s++)
		depth += (size_t)(*s == open) - (size_t)(*s == close);
	return s;
}

static void make_expand(struct make *m, const char *s, size_t len, unsigned depth, struct buf *out);

/* The value of the reference to [@s, @s + @len): the variable's, if it is set once, or unknown. */
static void make_value(struct make *m, const char *s, size_t len, unsigned depth, struct buf *out)
{
	struct make_var *found = NULL;
	unsigned n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->vars[i].name_len == len && memcmp(m->vars[i].name, s, len) == 0) {
			found = &m->vars[i];
			n++;
		}
	if (n != 1 || m->n >= MAKE_VARS_MAX || !found->value || found->busy || depth >= MAKE_DEPTH_MAX) {
		buf_putc(out, SHELL_UNKNOWN);
		return;
	}
	found->busy = true; /* not within itself */
	make_expand(m, found->value, found->value_len, depth + 1, out);
	found->busy = false;
}

static void make_expand(struct make *m, const char *s, size_t len, unsigned depth, struct buf *out)
{
	const char *end = s + len, *to;

	while (s < end && out->len < MAKE_LINE_MAX && m->steps++ < MAKE_STEPS_MAX) {
		const char *dollar = memchr(s, '$', (size_t)(end - s));

		buf_put(out, s, (size_t)((dollar ? dollar : end) - s));
		if (!dollar)
			return;
		s = dollar + 1;
		if (s >= end || *s == '$') {
			buf_putc(out, '$');
			s++;
		} else if (*s == '(' || *s == '{') {
			to = make_close(s + 1, end);
			make_value(m, s + 1,
				   (size_t)(to - s - 1) - (to > s + 1 && strchr(")}", to[-1]) != NULL), depth,
				   out);
			s = to;
		} else {
			make_value(m, s, 1, depth, out);
			s++;
		}
	}
	if (s < end && (out->len >= MAKE_LINE_MAX || m->steps >= MAKE_STEPS_MAX))
		buf_putc(out, SHELL_UNKNOWN);
}

static void make_command(struct make *m, const char *s, size_t len, unsigned line)
{
	autobuf b = {0};

	while (len > 0 && strchr(" \t@-+", *s))
		s++, len--;
	make_expand(m, s, len, 0, &b);
	m->c->more |= buf_failed(&b);
	content_add(m->c, buf_str(&b), b.len, line, NULL, false);
}

/* $(shell …) wherever it stands: make runs it as soon as it reads it. */
static void make_shells(struct make *m, struct content_line l)
{
	const char *end = l.s + l.len, *p = l.s;

	while (!m->c->more && (p = memmem(p, (size_t)(end - p), "shell", 5)) && p + 6 < end) {
		const char *from = p + 6, *to;

		p = from;
		if (from - 8 < l.s || !isspace((unsigned char)from[-1]) || from[-8] != '$' ||
		    !strchr("({", from[-7]))
			continue;
		to = make_close(from - 6, MIN(end, from + MAKE_LINE_MAX));
		if (to > from)
			make_command(m, from, (size_t)(to - from) - 1, l.no);
	}
}

/* NAME = VALUE and its kin; VALUE of != is a command. */
static bool make_assign(struct make *m, struct content_line l, bool collect)
{
	const char *eq = memchr(l.s, '=', l.len), *end = l.s + l.len, *name_end = eq;
	struct content_line t;
	const char *colon;
	bool runs;

	if (starts(l.s, l.len, "define ") && collect && m->n < MAKE_VARS_MAX) {
		t = trimmed((struct content_line){l.s + 7, l.len - 7, l.no});
		m->vars[m->n++] = (struct make_var){.name = t.s, .name_len = strcspn(t.s, " \t\r\n=:?+")};
	}
	if (!eq)
		return false;
	while (name_end > l.s && strchr(":?+!", name_end[-1]))
		name_end--;
	t = trimmed((struct content_line){l.s, (size_t)(name_end - l.s), l.no});
	if (starts(t.s, t.len, "export ") || starts(t.s, t.len, "override "))
		t = trimmed((struct content_line){strchr(t.s, ' '), (size_t)(t.s + t.len - strchr(t.s, ' ')),
						  l.no});
	/* "target: NAME = VALUE" counts as well. */
	colon = memrchr(t.s, ':', t.len);
	if (colon)
		t = trimmed((struct content_line){colon + 1, (size_t)(t.s + t.len - colon - 1), l.no});
	for (size_t i = 0; i < t.len; i++)
		if (isspace((unsigned char)t.s[i]) || strchr("#;\"'", t.s[i]))
			return false;
	runs = eq > l.s && eq[-1] == '!';
	if (runs && !collect)
		make_command(m, eq + 1, (size_t)(end - eq - 1), l.no);
	if (t.len > 0 && !runs && collect && m->n < MAKE_VARS_MAX) {
		struct content_line v = trimmed((struct content_line){eq + 1, (size_t)(end - eq - 1), l.no});

		if (starts(t.s, t.len, ".RECIPEPREFIX") && v.len > 0)
			m->prefix = *v.s;
		m->vars[m->n++] =
			(struct make_var){.name = t.s, .name_len = t.len, .value = v.s, .value_len = v.len};
	}
	return true;
}

static void read_make(struct content *c)
{
	struct make m = {.c = c, .prefix = '\t'};
	struct content_line l;
	const char *semi;

	while (content_next(c, &l)) /* a recipe may come before what it uses */
		if (l.len > 0 && *l.s != '\t')
			(void)make_assign(&m, l, true); /* whether it is one comes out below */
	c->at = c->text;
	c->line = 0;
	while (content_next(c, &l)) {
		make_shells(&m, l);
		if (l.len > 0 && (*l.s == '\t' || *l.s == m.prefix))
			make_command(&m, l.s + 1, l.len - 1, l.no);
		else if (!make_assign(&m, l, false) && (semi = memchr(l.s, ';', l.len)) &&
			 memchr(l.s, ':', (size_t)(semi - l.s)))
			make_command(&m, semi + 1, (size_t)(l.s + l.len - semi - 1), l.no);
	}
}

/* --- just ----------------------------------------------------------------------------------------- */

static void read_just(struct content *c)
{
	struct content_line l;
	autobuf b = {0};

	while (content_next(c, &l)) {
		const char *tick = memchr(l.s, '`', l.len), *end = l.s + l.len, *open, *close;
		bool recipe = l.len > 0 && (*l.s == ' ' || *l.s == '\t');

		if (!recipe && tick && (close = memchr(tick + 1, '`', (size_t)(end - tick - 1))))
			content_add(c, tick + 1, (size_t)(close - tick - 1), l.no, NULL, false);
		if (!recipe)
			continue;
		l = trimmed(l);
		while (l.len > 0 && strchr("@-", *l.s))
			l.s++, l.len--;
		buf_reset(&b);
		end = l.s + l.len;
		while ((open = memmem(l.s, (size_t)(end - l.s), "{{", 2)) &&
		       (close = memmem(open, (size_t)(end - open), "}}", 2))) {
			buf_put(&b, l.s, (size_t)(open - l.s));
			buf_putc(&b, SHELL_UNKNOWN);
			l.s = close + 2;
		}
		buf_put(&b, l.s, (size_t)(end - l.s));
		c->more |= buf_failed(&b);
		content_add(c, buf_str(&b), b.len, l.no, NULL, false);
	}
}

/* --- Dockerfile ----------------------------------------------------------------------------------- */

static struct content_line next_word(struct content_line l)
{
	while (l.len > 0 && !isspace((unsigned char)*l.s))
		l.s++, l.len--;
	l = trimmed(l);
	while (starts(l.s, l.len, "\\\n"))
		l = trimmed((struct content_line){l.s + 2, l.len - 2, l.no});
	return l;
}

/* RUN ["a", "b"] is an argument vector; RUN --mount=… a; the words in front of the command are options. */
static void docker_run(struct content *c, struct content_line l)
{
	autobuf b = {0};
	bool in = false;

	while (starts(l.s, l.len, "--"))
		l = next_word(l);
	if (l.len == 0 || *l.s != '[') {
		content_add(c, l.s, l.len, l.no, NULL, false);
		return;
	}
	/* ["a", "b"]: the quotes become the shell's, the rest goes. */
	for (size_t i = 1; i < l.len; i++) {
		char ch = l.s[i];

		if (ch == '"') {
			in = !in;
			buf_puts(&b, in ? " '" : "'");
		} else if (in) {
			if (ch == '\\' && i + 1 < l.len)
				ch = l.s[++i];
			ch == '\'' ? buf_puts(&b, "'\\''") : buf_putc(&b, ch);
		}
	}
	c->more |= buf_failed(&b);
	content_add(c, buf_str(&b), b.len, l.no, NULL, false);
}

/* Here-documents of a RUN are Docker's, but mean what the shell's do; one that is all of it is the script. */
static void docker_heredoc(struct content *c, struct content_line l, const char *word)
{
	const char *from = word == l.s ? c->at : l.s, *lang;
	unsigned no = word == l.s ? c->line + 1 : l.no;
	struct content_line body = l, w;
	size_t n = 0;

	for (word += 2; word < l.s + l.len && strchr("-'\"", *word);)
		word++;
	while (word + n < l.s + l.len && !isspace((unsigned char)word[n]) && !strchr("'\"", word[n]))
		n++;
	while (content_next(c, &body)) {
		w = trimmed(body);
		if (w.len == n && memcmp(w.s, word, n) == 0)
			break;
	}
	body.s = from == l.s ? c->at : MAX(body.s, from);
	lang = shebang(from, (size_t)(body.s - from));
	content_add(c, from, (size_t)(body.s - from), no, lang && *lang ? lang : NULL, false);
}

static void read_docker(struct content *c)
{
	static const char words[] = " RUN CMD ENTRYPOINT SHELL ";
	struct content_line l;
	const char *here;

	while (content_next(c, &l)) {
		l = trimmed(l);
		if (starts(l.s, l.len, "ONBUILD"))
			l = next_word(l);
		if (starts(l.s, l.len, "HEALTHCHECK"))
			for (l = next_word(l); starts(l.s, l.len, "--");)
				l = next_word(l);
		if (!content_has_word(words, l.s, (size_t)(strcspn(l.s, " \t\n[")))) /* the text ends in NUL */
			continue;
		l = next_word(l);
		here = memmem(l.s, l.len, "<<", 2);
		if (here && here + 2 < l.s + l.len &&
		    (isalpha((unsigned char)here[2]) || strchr("-'\"", here[2])))
			docker_heredoc(c, l, here);
		else
			docker_run(c, l);
	}
}

/* --- one command a line --------------------------------------------------------------------------- */

static void read_procfile(struct content *c)
{
	struct content_line l;
	const char *colon;

	while (content_next(c, &l))
		if (l.len > 0 && *l.s != '#' && (colon = memchr(l.s, ':', l.len)))
			content_add(c, colon + 1, (size_t)(l.s + l.len - colon - 1), l.no, NULL, false);
}

static void read_crontab(struct content *c)
{
	unsigned fields;
	struct content_line l;

	while (content_next(c, &l)) {
		l = trimmed(l);
		if (l.len == 0 || (!isdigit((unsigned char)*l.s) && !strchr("*@", *l.s)))
			continue;
		fields = (*l.s == '@' ? 1 : 5) + ((c->kind->flags & CONTENT_USER) != 0);
		while (fields-- > 0)
			l = next_word(l);
		content_add(c, l.s, l.len, l.no, NULL, true);
	}
}

/* KEY=COMMAND of systemd units, desktop files, and git's configuration. */
static void read_ini(struct content *c)
{
	bool git = c->kind->flags & CONTENT_DEEP, alias = false;
	struct content_line l, key, value;
	const char *eq;

	while (content_next(c, &l)) {
		l = trimmed(l);
		if (l.len > 0 && *l.s == '[')
			alias = starts(l.s, l.len, "[alias");
		eq = memchr(l.s, '=', l.len);
		if (!eq || *l.s == '#' || *l.s == ';')
			continue;
		key = trimmed((struct content_line){l.s, (size_t)(eq - l.s), l.no});
		value = trimmed((struct content_line){eq + 1, (size_t)(l.s + l.len - eq - 1), l.no});
		while (value.len > 0 && strchr(git ? "\"" : "-@:+!|", *value.s))
			value.s++, value.len--;
		if (git && value.len > 0 && value.s[value.len - 1] == '"')
			value.len--;
		if (git && value.len > 0 && *value.s == '!')
			value.s++, value.len--;
		else if (git && alias)
			continue;
		else if (!content_has_word(c->kind->keys, key.s, key.len) &&
			 !(!git && starts(key.s, key.len, "Exec")))
			continue;
		content_add(c, value.s, value.len, l.no, NULL, true);
	}
}

/* [scripts] and [tasks] tables of TOML: name = "command". */
static void read_toml(struct content *c)
{
	bool in = false;
	struct content_line l;
	const char *from, *end;

	while (content_next(c, &l)) {
		l = trimmed(l);
		if (l.len > 0 && *l.s == '[') {
			in = memmem(l.s, l.len, "scripts", 7) || memmem(l.s, l.len, "tasks", 5);
			in &= !memmem(l.s, l.len, "[project.", 9); /* names of Python functions */
			continue;
		}
		end = l.s + l.len;
		if (!memchr(l.s, '=', l.len) ||
		    (!in && !starts(l.s, l.len, "runner") && !starts(l.s, l.len, "cmd")))
			continue;
		for (from = memchr(l.s, '=', l.len); from < end; from++) {
			const char *close;

			if (*from != '"' && *from != '\'')
				continue;
			close = memchr(from + 1, *from, (size_t)(end - from - 1));
			if (!close)
				break;
			content_add(c, from + 1, (size_t)(close - from - 1), l.no, NULL, false);
			from = close;
		}
	}
}

/* --- the table ------------------------------------------------------------------------------------ */

#define NPM_UNASKED                                                                                            \
	" preinstall install postinstall prepare prepublish prepublishOnly prepack postpack preprepare "       \
	"postprepare "                                                                                         \
	"dependencies pre-commit pre-push commit-msg post-checkout post-merge "

/* The first that fits counts. */
static const struct content_kind content_kinds[] = {
	{"=makefile =gnumakefile ^makefile. $.mk $.mak", read_make, "make recipe", NULL, NULL, 0},
	{"=package.json", content_yaml, "npm script", " scripts hooks lint-staged simple-git-hooks pre-commit ",
	 NPM_UNASKED, CONTENT_DEEP | CONTENT_JSON},
	{"=composer.json", content_yaml, "composer script", " scripts ", "*", CONTENT_DEEP | CONTENT_JSON},
	{"=deno.json =deno.jsonc", content_yaml, "deno task", " tasks ", NULL, CONTENT_DEEP | CONTENT_JSON},
	{"/.vscode/tasks.json", content_yaml, "editor task", " command ", NULL, CONTENT_ARGS | CONTENT_JSON},
	{"=mcp.json =.mcp.json =mcp_config.json =claude_desktop_config.json", content_yaml, "MCP server",
	 " command ", "*", CONTENT_ARGS | CONTENT_JSON},
	{"/.claude/settings.json /.claude/settings.local.json /.gemini/settings.json =hooks.json", content_yaml,
	 "agent hook", " command ", "*", CONTENT_ARGS | CONTENT_JSON},
	{"=devcontainer.json =.devcontainer.json", content_yaml, "container command",
	 " initializeCommand onCreateCommand updateContentCommand postCreateCommand postStartCommand "
	 "postAttachCommand ",
	 "*", CONTENT_DEEP | CONTENT_JSON},
	{"/.git/hooks/ /.husky/ /.githooks/ /.lefthook/", read_script, "git hook", NULL, "*", 0},
	{"=.bashrc =.bash_profile =.bash_login =.bash_logout =.bash_aliases =.profile =.zshrc =.zprofile "
	 "=.zshenv =.zlogin =.zlogout "
	 "=.kshrc =.xinitrc =.xprofile =.xsession =.envrc =bash.bashrc /etc/profile /etc/profile.d/ =rc.local",
	 read_script, "shell start file", NULL, "*", 0},
	{"/cron.daily/ /cron.hourly/ /cron.weekly/ /cron.monthly/", read_script, "cron job", NULL, "*", 0},
	{"=pkgbuild =apkbuild $.sh $.bash $.zsh $.ksh $.bats $.command", read_script, "shell script", NULL,
	 NULL, 0},
	{"=dockerfile =containerfile ^dockerfile. ^containerfile. $.dockerfile", read_docker, "Dockerfile",
	 NULL, NULL, 0},
	{"/.github/workflows/ =action.yml =action.yaml", content_yaml, "workflow step", " run ", NULL, 0},
	{"$.gitlab-ci.yml $.gitlab-ci.yaml /.gitlab/ci/", content_yaml, "CI job",
	 " script before_script after_script ", NULL, 0},
	{"/.circleci/config.yml", content_yaml, "CI job", " run command ", NULL, 0},
	{"=.travis.yml =appveyor.yml =.appveyor.yml =azure-pipelines.yml =bitbucket-pipelines.yml =.drone.yml "
	 "=.woodpecker.yml "
	 "/.woodpecker/ /.buildkite/ =.cirrus.yml =buildspec.yml =.gitpod.yml",
	 content_yaml, "CI job",
	 " script before_install install before_script after_script after_success after_failure before_deploy "
	 "deploy commands command "
	 "build_script test_script before_build after_build bash pwsh init before build prebuild ",
	 NULL, 0},
	{"=taskfile.yml =taskfile.yaml =taskfile.dist.yml", content_yaml, "task", " cmds cmd sh ", NULL, 0},
	{"=.pre-commit-config.yaml =.pre-commit-hooks.yaml", content_yaml, "git hook", " entry ", "*", 0},
	{"=lefthook.yml =lefthook.yaml =.lefthook.yml =lefthook-local.yml", content_yaml, "git hook", " run ",
	 "*", 0},
	{"=docker-compose.yml =docker-compose.yaml =compose.yml =compose.yaml ^docker-compose.", content_yaml,
	 "container command", " command entrypoint ", NULL, CONTENT_ARGV},
	{"=justfile =.justfile $.just", read_just, "just recipe", NULL, NULL, 0},
	{"=procfile ^procfile.", read_procfile, "Procfile", NULL, NULL, 0},
	{"=crontab /cron.d/", read_crontab, "cron job", NULL, "*", CONTENT_USER},
	{"/spool/cron/ $.crontab $.cron", read_crontab, "cron job", NULL, "*", 0},
	{"$.service $.timer $.socket $.mount $.path $.automount $.desktop", read_ini, "unit", " ", "*", 0},
	{"/.git/config =.gitconfig /git/config =.gitmodules /.git/modules/ =config.worktree", read_ini,
	 "git setting",
	 " sshCommand fsmonitor editor pager askpass command textconv clean smudge process driver helper "
	 "program hooksPath "
	 "external cmd receivepack uploadpack proxyCommand gitProxy alternateRefsCommand packObjectsHook ",
	 "*", CONTENT_DEEP},
	{"=pyproject.toml =mise.toml =.mise.toml =pixi.toml =cargo.toml =makefile.toml /.cargo/config",
	 read_toml, "task", NULL, NULL, 0},
	{"$.ipynb", content_yaml, "notebook cell", " source ", NULL, CONTENT_JSON | CONTENT_CELLS},
	{"$.py $.pyw", read_code, "program", "python", NULL, 0},
	{"$.js $.mjs $.cjs $.ts $.mts $.cts $.jsx $.tsx", read_code, "program", "javascript", NULL, 0},
	{"$.rb =rakefile =gemfile $.gemspec", read_code, "program", "ruby", NULL, 0},
	{"$.pl $.pm", read_code, "program", "perl", NULL, 0},
	{"$.php", read_code, "program", "php", NULL, 0},
};

static const struct content_kind script_kind = {.kind = "script"};
static const struct content_kind unreadable_kind = {.kind = "unreadable"};

/* Does @path hold @part at the beginning of one of its names? */
static bool is_part(const char *path, const char *part, size_t len)
{
	for (const char *p = path; p; p = strchr(p, '/'), p = p ? p + 1 : NULL)
		if (strncasecmp(p, part, len) == 0)
			return true;
	return false;
}

/* Does a pattern of @names fit? */
static bool fits(const char *names, const char *path, const char *base)
{
	size_t base_len = strlen(base), n;

	for (const char *p = names; *p; p += n + (p[n] == ' ')) {
		const char *name = p + 1;
		size_t len;

		n = strcspn(p, " ");
		len = n - 1;
		if (*p == '='	? base_len == len && strncasecmp(base, name, len) == 0
		    : *p == '^' ? strncasecmp(base, name, len) == 0
		    : *p == '$' ? base_len >= len && strncasecmp(base + base_len - len, name, len) == 0
				: is_part(path, name, len))
			return true;
	}
	return false;
}

static const struct content_kind *kind_of(const char *path, const char *base, const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(content_kinds); i++)
		if (fits(content_kinds[i].names, path, base))
			return &content_kinds[i];
	return shebang(text, len) ? &script_kind : NULL;
}

size_t content_commands(struct arena *arena, const char *path, const char *content, size_t len,
			struct content_command **ret)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *base = slash ? slash + 1 : path ? path : "";
	struct content c = {.arena = arena, .path = path ? path : "", .base = base, .len = len};
	struct content_command *last;
	char *copy;

	*ret = NULL;
	c.kind = kind_of(c.path, base, content, len);
	if (!c.kind)
		return 0;
	copy = arena_strndup(arena, content, len); /* NUL-terminated */
	c.text = c.at = copy;
	for (char *nul = copy; nul && (nul = memchr(nul, '\0', (size_t)(copy + len - nul)));)
		*nul = SHELL_UNKNOWN; /* shells differ over it */
	if (copy)
		(c.kind->read ? c.kind->read : read_script)(&c);
	else
		c.more = true;
	if (c.more) {
		if (c.n >= CONTENT_COMMANDS_MAX)
			c.n--;
		last = arena_grow(arena, c.list, c.n, &c.cap, sizeof(*last));
		if (!last)
			last = arena_alloc(arena, sizeof(*last)), c.n = 0;
		if (!last)
			return 0;
		c.list = last;
		last[c.n++] = (struct content_command){
			.text = "\x1a", .len = 1, .line = 1, .kind = unreadable_kind.kind};
	}
	*ret = c.list;
	return c.n;
}
