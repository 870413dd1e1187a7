/* What a word is there for, once commands.c knows its role. The small languages within words
 * (host:path, docker's -v, find's expressions, vim's commands…) are read here, each by one
 * function. */
#include "shell/table.h"

#include "base/buf.h"
#include "shell/code.h"
#include "shell/path.h"

#include <ctype.h>
#include <strings.h>

/* ---- effects ---- */

static void put(struct use *u, struct shell_effect e)
{
	if (!e.text) {
		u->a->unparsable = true;
		u->full = true;
		return;
	}
	e.command = u->index;
	if (!shell_add_effect(u->a, &e))
		u->full = true;
}

static const char *absolute(struct use *u, const char *base, const char *word)
{
	return shell_path(&u->a->arena, base, u->env->home, word);
}

/* The effects in @role on the path @word. */
static void put_path(struct use *u, uint32_t role, const char *word, bool is_operand)
{
	struct shell_effect e = {.guess = role & ROLE_IF_PATH};
	bool recursive = role & ROLE_RECURSIVE || (is_operand && u->modes & MODE_RECURSIVE);
	bool dangerous = role & ROLE_DANGEROUS || u->modes & MODE_DANGEROUS;

	if (word[0] == '\0' || streq(word, "-"))
		return;
	e.text = absolute(u, is_operand ? u->base : u->cwd, word);
	if (e.text) {
		e.unknown = e.text[0] != '/' || strchr(e.text, SHELL_UNKNOWN);
		e.is_glob = strpbrk(e.text, "*?[");
	}
	for (unsigned kind = 0; kind <= SHELL_RUN && !u->full; kind++) {
		bool changes = kind == SHELL_WRITE || kind == SHELL_DELETE;

		if (!(role & 1u << kind) || (changes && u->modes & MODE_DRY))
			continue;
		e.kind = (enum shell_effect_kind)kind;
		e.recursive = recursive && kind != SHELL_RUN;
		e.dangerous = dangerous && changes;
		e.sent = kind == SHELL_READ &&
			 (role & ROLE_SENT || (is_operand && u->modes & MODE_SENT));
		put(u, e);
	}
}

static void put_text(struct use *u, enum shell_effect_kind kind, const char *text, bool guess)
{
	put(u, (struct shell_effect){.kind = kind,
				     .text = text,
				     .guess = guess,
				     .unknown = text && strchr(text, SHELL_UNKNOWN)});
}

static const char *copy(struct use *u, const char *s, size_t len)
{
	return arena_strndup(&u->a->arena, s, len);
}

/* ---- what would be run ---- */

static void add_run(struct use *u, struct commands_run r)
{
	r.cwd = u->cwd == u->c->cwd ? NULL : u->cwd;
	if (u->n_runs < COMMANDS_RUNS_MAX) {
		u->runs[u->n_runs++] = r;
	} else if (!u->a->unknown_code) {
		/* One too many to be followed: as good as not known. */
		u->a->unknown_code = true;
		u->a->unknown_code_by = u->index;
	}
}

static void run_text(struct use *u, const char *text)
{
	if (text && *text)
		add_run(u, (struct commands_run){.kind = RUN_TEXT, .text = text});
}

static void run_argv(struct use *u, size_t first, size_t last, bool operands_unknown)
{
	if (first < last)
		add_run(u, (struct commands_run){.kind = RUN_ARGV,
						 .first = first,
						 .last = last,
						 .operands_unknown = operands_unknown});
}

/* argv[first..last) in one text, each word quoted or as it is. */
static const char *joined(struct use *u, const char *start, size_t first, size_t last, bool quoted)
{
	autobuf b = {0};

	if (start)
		buf_puts(&b, start);
	for (size_t i = first; i < last; i++) {
		if (b.len)
			buf_putc(&b, ' ');
		if (quoted)
			shell_quote(&b, u->c->argv[i]);
		else
			buf_puts(&b, u->c->argv[i]);
	}
	if (buf_failed(&b)) {
		u->a->unparsable = true;
		return NULL;
	}
	return copy(u, buf_str(&b), b.len);
}

static void run_remote(struct use *u, const char *text)
{
	if (text && *text)
		add_run(u, (struct commands_run){.kind = RUN_REMOTE, .text = text});
}

static bool is_stdin(const char *word)
{
	return streq(word, "-") || streq(word, "/dev/stdin") || streq(word, "/dev/fd/0") ||
	       streq(word, "/proc/self/fd/0");
}

static void run_script(struct use *u, const char *word)
{
	if (is_stdin(word)) {
		add_run(u, (struct commands_run){.kind = RUN_STDIN});
		return;
	}
	put_path(u, ROLE_RUN, word, false);
	add_run(u, (struct commands_run){.kind = RUN_FILE, .text = absolute(u, u->cwd, word)});
}

/* parallel CMD… ::: ARG…: one command for each argument. */
static void run_parallel(struct use *u, size_t at)
{
	size_t end = at;

	while (end < u->c->argc && !str_starts(u->c->argv[end], ":::"))
		end++;
	if (end == u->c->argc) {
		const char *text = joined(u, NULL, at, end, false);

		if (text && *text)
			add_run(u, (struct commands_run){.kind = RUN_TEXT,
							 .text = text,
							 .operands_unknown = true});
		return;
	}
	if (end == at) { /* the arguments are the commands */
		for (size_t i = end + 1; i < u->c->argc; i++)
			run_text(u, u->c->argv[i]);
		return;
	}
	run_text(u, joined(u, joined(u, NULL, at, end, false), end + 1, u->c->argc, true));
}

static struct code_place place(struct use *u)
{
	return (struct code_place){
		.a = u->a, .index = u->index, .cwd = u->cwd, .home = u->env->home};
}

static void scan_code(struct use *u, uint32_t role, const char *text)
{
	struct code_place p = place(u);

	if (text[0] == SHELL_UNKNOWN && !text[1] && !u->a->unknown_code) {
		u->a->unknown_code = true;
		u->a->unknown_code_by = u->index;
	}
	u->n_runs =
		code_scan((enum code_lang)(role >> 24), text, strlen(text), &p, u->runs, u->n_runs);
}

/* The file that is stdin, or NULL. */
static const char *stdin_file(const struct shell_command *c)
{
	const char *file = NULL;

	for (size_t i = 0; i < c->n_redirects; i++)
		if (c->redirects[i].fd == 0 && c->redirects[i].kind == REDIRECT_READ)
			file = c->redirects[i].target;
	return file;
}

/* The interpreter reads its program on stdin. */
static void scan_stdin(struct use *u, uint32_t role)
{
	const char *file = stdin_file(u->c);

	if (u->c->stdin_text)
		scan_code(u, role, u->c->stdin_text);
	else if (file)
		put_path(u, ROLE_RUN, file, false);
	if (!file &&
	    (u->c->stdin_text ? strchr(u->c->stdin_text, SHELL_UNKNOWN) != NULL
			      : u->c->stage > 0) &&
	    !u->a->unknown_code) {
		u->a->unknown_code = true;
		u->a->unknown_code_by = u->index;
	}
}

/* ---- destinations ---- */

static bool has_scheme(const char *word)
{
	size_t n =
		strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	return n > 0 && str_starts(word + n, "://");
}

/* The path in file:///x, file:x, and aws's fileb://x; NULL for any other word. */
static const char *file_url(const char *word)
{
	size_t n = strcspn(word, ":");

	if ((n != 4 && n != 5) || strncasecmp(word, "fileb", n) != 0 || word[n] != ':')
		return NULL;
	word += n + 1;
	return word + 2 * (size_t)str_starts(word, "//");
}

/* As scp and rsync tell: a colon before any slash. */
bool role_is_remote(const char *word)
{
	size_t n = strcspn(word, ":/");

	if (file_url(word))
		return false;
	return has_scheme(word) || (n > 0 && word[n] == ':');
}

/* The host of user@host:path, or the whole of a URL. */
static void put_remote(struct use *u, const char *word, bool guess)
{
	const char *at, *end;

	if (!has_scheme(word)) {
		end = word[0] == '[' ? strchr(word, ']') : NULL;
		end = end ? end + 1 : word + strcspn(word, ":/");
		at = memrchr(word, '@', (size_t)(end - word));
		word = at ? copy(u, at + 1, (size_t)(end - at) - 1)
			  : copy(u, word, (size_t)(end - word));
	}
	put_text(u, SHELL_CONNECT, word, guess);
}

static void put_url(struct use *u, const char *word)
{
	autobuf b = {0};

	if (word[0] == '\0' || word[0] == '-')
		return;
	if (file_url(word)) {
		put_path(u, ROLE_READ, file_url(word), false);
		return;
	}
	if (has_scheme(word)) {
		put_text(u, SHELL_CONNECT, word, false);
		return;
	}
	buf_puts(&b, "http://");
	buf_puts(&b, word + 2 * (size_t)str_starts(word, "//"));
	put_text(u, SHELL_CONNECT, buf_failed(&b) ? NULL : copy(u, buf_str(&b), b.len), false);
}

/* A file with URLs, one a line, perhaps behind url=; - is stdin, whose text may be here. */
static void put_urls_in(struct use *u, const char *word)
{
	const char *p = u->c->stdin_text;

	if (!is_stdin(word) || !p) {
		put_path(u, ROLE_READ, word, false);
		return;
	}
	for (unsigned n = 0; *p && n < 256 && !u->full; n++) {
		size_t len = strcspn(p, "\n"), name = strcspn(p, "= \t");
		const char *start = name < len ? p + name + strspn(p + name, "= \t\"") : p;

		if (name == len || (name <= 5 && memmem(p, name, "url", 3)))
			put_url(u, copy(u, start, strcspn(start, "\"\n")));
		p += len + (p[len] != '\0');
	}
}

/* Is @word this machine? */
static bool is_here(const char *word)
{
	const char *at = strrchr(word, '@');

	word = at ? at + 1 : word;
	return streq(word, "localhost") || str_starts(word, "127.") || streq(word, "::1") ||
	       streq(word, "0.0.0.0") || streq(word, "0") || streq(word, "ip6-localhost");
}

/* user@host, @server (dig), host and, if @port is a number, its port. */
static void put_host(struct use *u, const char *word, const char *port)
{
	const char *at = strrchr(word, '@'), *colon;
	autobuf b = {0};

	if (has_scheme(word)) {
		put_text(u, SHELL_CONNECT, word, false);
		return;
	}
	word = at ? at + 1 : word;
	if (word[0] == '\0' || word[0] == '-')
		return;
	colon = strchr(word, ':');
	if (colon && !isdigit((unsigned char)colon[1]) && !strchr(colon + 1, ':') &&
	    word[0] != '/') /* sftp host:path */
		word = copy(u, word, (size_t)(colon - word));
	if (!word)
		return;
	if (word[0] == '/') { /* a socket's directory or name: psql -h, docker -H */
		buf_puts(&b, "unix:");
		port = NULL;
	}
	buf_puts(&b, word);
	if (port && *port && !port[strspn(port, "0123456789")])
		buf_printf(&b, ":%s", port);
	put_text(u, SHELL_CONNECT, buf_failed(&b) ? NULL : copy(u, buf_str(&b), b.len), false);
}

/* curl --resolve HOST:PORT:ADDRESS[,…], --connect-to HOST:PORT:HOST:PORT, wget -e http_proxy=ADDRESS */
static void put_hop(struct use *u, const char *word)
{
	const char *eq = strstr(word, "proxy"), *p = word;

	if (eq) {
		eq = strchr(eq, '=');
		put_host(u, eq ? eq + 1 + strspn(eq + 1, " ") : "", NULL);
		return;
	}
	for (unsigned n = 0; n < 2 && p; n++) {
		const char *close = *p == '[' ? strchr(p, ']') : NULL;

		p = strchr(close ? close : p, ':');
		p = p ? p + 1 : NULL;
	}
	for (unsigned n = 0; p && *p && n < 64; n++) {
		size_t len = strcspn(p, ",");
		const char *to = copy(u, p, len);

		if (to && *to && *to != ':')
			put_text(u, SHELL_CONNECT, to, false);
		p += len + (p[len] != '\0');
	}
}

/* The registry in the name of an image. */
static void put_image(struct use *u, const char *word)
{
	size_t n = strcspn(word, "/");

	if (has_scheme(word)) {
		put_text(u, SHELL_CONNECT, word, false);
		return;
	}
	if (word[n] == '/' && (memchr(word, '.', n) || memchr(word, ':', n) ||
			       str_starts(word, "localhost/") || memchr(word, SHELL_UNKNOWN, n)))
		put_text(u, SHELL_CONNECT, copy(u, word, n), false);
}

/* ---- paths that have to be recognised ---- */

static bool ends_in_extension(const char *word)
{
	const char *dot = strrchr(word, '.');

	return dot && dot > word && isalpha((unsigned char)dot[1]) && strlen(dot) <= 12 &&
	       !strpbrk(dot, " \t\n");
}

static bool looks_like_path(const char *word)
{
	return word[0] == '~' || word[0] == '.' || strchr(word, '/') || ends_in_extension(word) ||
	       word[0] == SHELL_UNKNOWN;
}

/* A word of a program of which nothing is known. */
static void guess(struct use *u, const char *word, bool is_operand)
{
	const char *eq = strchr(word, '='), *inner = eq ? eq + 1 : word;

	if (word[0] == '\0')
		return;
	if (file_url(inner)) {
		put_path(u, ROLE_READ | ROLE_IF_PATH, file_url(inner), is_operand);
		return;
	}
	if (has_scheme(inner) || (strchr(inner, '@') > inner && role_is_remote(inner) &&
				  !isspace((unsigned char)*inner))) {
		put_remote(u, inner, true);
		return;
	}
	inner += inner[0] == '@';
	if (inner != word && looks_like_path(inner))
		put_path(u, ROLE_READ | ROLE_IF_PATH, inner, is_operand);
	if (looks_like_path(word))
		put_path(u, ROLE_READ | ROLE_IF_PATH, word, is_operand);
}

static void src_or_dst(struct use *u, uint32_t role, const char *word, bool is_operand,
		       bool is_host)
{
	if (str_starts(word, "ext::")) { /* git-remote-ext(1) */
		run_text(u, word + 5);
		return;
	}
	if (role_is_remote(word)) {
		if (is_host)
			put_remote(u, word, false);
		return;
	}
	put_path(u, role, file_url(word) ? file_url(word) : word, is_operand);
}

/* What pip, npm, apt… install: a URL, a file, or a name. */
static void put_pkg(struct use *u, const char *word)
{
	static const char *const archives[] = {".deb", ".rpm", ".whl", ".tgz",	  ".gz",
					       ".zip", ".apk", ".jar", ".gem",	  ".snap",
					       ".xz",  ".zst", ".tar", ".flatpak"};
	const char *scheme = strstr(word, "://"), *dot = strrchr(word, '.');
	bool archive = false;

	if (scheme && !strstr(word, "file:")) {
		while (scheme > word && (isalnum((unsigned char)scheme[-1]) || scheme[-1] == '+'))
			scheme--;
		put_text(u, SHELL_CONNECT, str_starts(scheme, "git+") ? scheme + 4 : scheme, false);
		return;
	}
	if (strstr(word, "file:")) {
		word = strstr(word, "file:") + 5;
		word += 2 * (size_t)str_starts(word, "//");
	}
	for (size_t i = 0; dot && i < ARRAY_SIZE(archives); i++)
		archive |= streq(dot, archives[i]);
	if (archive || strchr("./~", word[0]))
		put_path(u, ROLE_READ, word, false);
}

/* ---- words with files in them ---- */

static void put_sent(struct use *u, const char *word, size_t len)
{
	if (len > 1 && (word[0] == '"' || word[0] == '\''))
		word++, len -= 2;
	put_path(u, ROLE_READ | ROLE_SENT, copy(u, word, len), false);
}

/* Names in the directory @word are written, and nobody knows which. */
static void put_below(struct use *u, const char *word, bool is_operand)
{
	autobuf b = {0};

	if (!word || !*word || role_is_remote(word))
		return;
	buf_printf(&b, "%s/%c", word, SHELL_UNKNOWN);
	put_path(u, ROLE_WRITE, buf_failed(&b) ? word : copy(u, buf_str(&b), b.len), is_operand);
}

/* @word may be a directory: then what is copied gets its old name in it. */
static void put_into(struct use *u, const char *word, size_t at, bool is_operand)
{
	for (size_t i = 1; i < u->c->argc && i < 64 && !u->full; i++) {
		const char *from = u->c->argv[i], *end = from + strlen(from), *name;
		autobuf b = {0};

		while (end > from && end[-1] == '/')
			end--;
		name = memrchr(from, '/', (size_t)(end - from));
		name = name ? name + 1 : from;
		if (i == at || from[0] == '-' || name == end || streq(from, word))
			continue;
		buf_printf(&b, "%s/%.*s", word, (int)(end - name), name);
		put_path(u, ROLE_WRITE, buf_failed(&b) ? word : copy(u, buf_str(&b), b.len), is_operand);
		if (u->modes & MODE_RECURSIVE)
			put_below(u, buf_failed(&b) ? word : copy(u, buf_str(&b), b.len), is_operand);
	}
	if (u->modes & MODE_RECURSIVE)
		put_below(u, word, is_operand);
}

/* A patch on stdin: the names behind "+++ " and its like, with and without the first component. */
static void put_patch(struct use *u, const char *text)
{
	static const char *const starts[] = {"+++ ", "--- ", "rename to ", "copy to ", "rename from "};

	for (unsigned n = 0; text && *text && n < 1000 && !u->full; n++) {
		size_t len = strcspn(text, "\n");

		for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
			size_t skip = strlen(starts[i]);
			const char *name, *slash;

			if (!str_starts(text, starts[i]) || !(name = copy(u, text + skip, strcspn(text + skip, "\t\r\n"))) ||
			    streq(name, "/dev/null"))
				continue;
			slash = strchr(name, '/');
			put_path(u, ROLE_WRITE, slash && slash[1] && slash > name ? slash + 1 : name, false);
		}
		text += len + (text[len] != '\0');
	}
}

/* curl -F name=@FILE;type=x, name=<FILE */
static void put_form(struct use *u, const char *word)
{
	const char *eq = strchr(word, '=');

	if (eq && (eq[1] == '@' || eq[1] == '<'))
		put_sent(u, eq + 2, strcspn(eq + 2, ";"));
}

/* httpie: METHOD, URL, name=value, name@FILE, name=@FILE */
static void put_http_item(struct use *u, const char *word)
{
	const char *at = strchr(word, '@');
	size_t caps = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (caps && !word[caps])
		return;
	if (has_scheme(word) || (!strchr(word, '=') && !at))
		put_url(u, word);
	else if (at)
		put_sent(u, at + 1, strcspn(at + 1, ";"));
}

/* docker -v SOURCE:TARGET[:ro]; a SOURCE without a slash is a volume's name */
static void put_volume(struct use *u, const char *word)
{
	size_t n = strcspn(word, ":");
	const char *options = word[n] ? strchr(word + n + 1, ':') : NULL;
	bool read_only = options && (str_starts(options, ":ro") || strstr(options, ",ro"));

	if (word[n] != ':' || !strchr("/.~\x1a", word[0]))
		return;
	put_path(u, ROLE_READ | ROLE_RECURSIVE | (read_only ? 0 : ROLE_WRITE), copy(u, word, n),
		 false);
}

/* docker --mount type=bind,source=DIR,target=DIR,readonly */
static void put_mount(struct use *u, const char *word)
{
	bool read_only = strstr(word, ",readonly") || strstr(word, ",ro");
	const char *p = word;

	while (*p) {
		size_t n = strcspn(p, ","), key = strcspn(p, "=");

		if ((str_starts(p, "source=") || str_starts(p, "src=")) &&
		    strchr("/.~\x1a", p[key + 1]))
			put_path(u, ROLE_READ | ROLE_RECURSIVE | (read_only ? 0 : ROLE_WRITE),
				 copy(u, p + key + 1, n - key - 1), false);
		p += n + (p[n] == ',');
	}
}

/* ---- options in words ---- */

enum option_use { OPTION_SH, OPTION_SH_BANG, OPTION_READ, OPTION_HOST, OPTION_RUN, OPTION_REMOTE };

struct option {
	const char *start, *end; /* of its name */
	enum option_use use;
};

static bool option_is(const struct option *o, const char *name, size_t len)
{
	size_t start = strlen(o->start), end = strlen(o->end);

	return len >= start + end && strncasecmp(name, o->start, start) == 0 &&
	       (end ? strncasecmp(name + len - end, o->end, end) == 0
		    : len == start || o->start[start - 1] == '.');
}

static void apply_option(struct use *u, enum option_use use, const char *value)
{
	switch (use) {
	case OPTION_SH:
		run_text(u, value);
		break;
	case OPTION_SH_BANG:
		if (value[0] == '!')
			run_text(u, value + 1);
		break;
	case OPTION_READ:
		put_path(u, ROLE_READ, value, false);
		break;
	case OPTION_HOST:
		put_host(u, value, NULL);
		break;
	case OPTION_RUN:
		put_path(u, ROLE_RUN, value, false);
		break;
	case OPTION_REMOTE:
		run_remote(u, value);
		break;
	}
}

static void apply_options(struct use *u, const struct option *o, size_t n, const char *name,
			  size_t len, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (option_is(&o[i], name, len)) {
			apply_option(u, o[i].use, value);
			return;
		}
}

/* ssh -o Name=Value, Name Value (ssh_config(5)) */
static void ssh_option(struct use *u, const char *word)
{
	static const struct option options[] = {
		{"ProxyCommand", "", OPTION_SH},
		{"LocalCommand", "", OPTION_SH},
		{"KnownHostsCommand", "", OPTION_SH},
		{"RemoteCommand", "", OPTION_REMOTE},
		{"IdentityFile", "", OPTION_READ},
		{"CertificateFile", "", OPTION_READ},
		{"Include", "", OPTION_READ},
		{"ProxyJump", "", OPTION_HOST},
		{"HostName", "", OPTION_HOST},
		{"PKCS11Provider", "", OPTION_RUN},
		{"SecurityKeyProvider", "", OPTION_RUN},
		{"XAuthLocation", "", OPTION_RUN},
		{"SmartcardDevice", "", OPTION_RUN},
	};
	size_t len;

	word += strspn(word, " \t");
	len = strcspn(word, "= \t");
	apply_options(u, options, ARRAY_SIZE(options), word, len,
		      word + len + strspn(word + len, "= \t\""));
}

/* git -c name=value, and git config NAME VALUE: settings that make git run something
 * (git-config(1)) */
static void git_setting(struct use *u, const char *word, size_t at)
{
	static const struct option options[] = {
		{"alias.", "", OPTION_SH_BANG},
		{"core.pager", "", OPTION_SH},
		{"core.editor", "", OPTION_SH},
		{"core.sshCommand", "", OPTION_SH},
		{"core.fsmonitor", "", OPTION_SH},
		{"core.askPass", "", OPTION_SH},
		{"core.gitProxy", "", OPTION_SH},
		{"core.alternateRefsCommand", "", OPTION_SH},
		{"sequence.editor", "", OPTION_SH},
		{"diff.external", "", OPTION_SH},
		{"diff.", ".command", OPTION_SH},
		{"diff.", ".textconv", OPTION_SH},
		{"merge.", ".driver", OPTION_SH},
		{"filter.", ".clean", OPTION_SH},
		{"filter.", ".smudge", OPTION_SH},
		{"filter.", ".process", OPTION_SH},
		{"credential.", "helper", OPTION_SH_BANG},
		{"gpg.", "program", OPTION_SH},
		{"gpg.", "Command", OPTION_SH},
		{"pager.", "", OPTION_SH},
		{"interactive.diffFilter", "", OPTION_SH},
		{"browser.", ".cmd", OPTION_SH},
		{"difftool.", ".cmd", OPTION_SH},
		{"mergetool.", ".cmd", OPTION_SH},
		{"man.", ".cmd", OPTION_SH},
		{"trailer.", ".command", OPTION_SH},
		{"trailer.", ".cmd", OPTION_SH},
		{"sendemail.", "cmd", OPTION_SH},
		{"uploadpack.packObjectsHook", "", OPTION_SH},
		{"remote.", ".uploadpack", OPTION_SH},
		{"remote.", ".receivepack", OPTION_SH},
		{"remote.", ".vcs", OPTION_SH},
		{"submodule.", ".update", OPTION_SH_BANG},
		{"core.hooksPath", "", OPTION_RUN},
		{"init.templateDir", "", OPTION_RUN},
		{"include.path", "", OPTION_READ},
		{"includeIf.", ".path", OPTION_READ},
		{"core.attributesFile", "", OPTION_READ},
		{"http.proxy", "", OPTION_HOST},
		{"remote.", ".url", OPTION_HOST},
	};
	size_t len = strcspn(word, "=");
	const char *value = word[len]		  ? word + len + 1
			    : at + 1 < u->c->argc ? u->c->argv[at + 1]
						  : NULL;

	if (value && *value)
		apply_options(u, options, ARRAY_SIZE(options), word, len, value);
}

/* make NAME=value: the value is make's language, whose $(shell …) runs */
static void make_variable(struct use *u, const char *word)
{
	const char *p = word;

	if (role_is_assignment(word))
		put_text(u, SHELL_SETENV, word, false);
	for (unsigned n = 0; n < 8 && (p = strpbrk(p, "\t;")); n++) { /* recipes: behind a tab, or after a: */
		p += strspn(p, "@-+; \t");
		run_text(u, copy(u, p, strcspn(p, "\n")));
		p += strcspn(p, "\n");
	}
	p = word;
	for (unsigned n = 0; n < 8 && (p = strstr(p, "(shell ")); n++) {
		const char *start = p + 7, *q = start;
		unsigned depth = 1;

		for (; *q && depth; q++)
			depth += (*q == '(') - (unsigned)(*q == ')');
		run_text(u, copy(u, start, (size_t)(q - start) - (depth == 0)));
		p = q;
	}
}

/* make -f FILE; - is stdin, whose text may be here. */
static void make_file(struct use *u, const char *word)
{
	if (!is_stdin(word)) {
		put_path(u, ROLE_READ, word, false);
	} else if (u->c->stdin_text) {
		make_variable(u, u->c->stdin_text);
	} else if (u->c->stage > 0 && !u->a->unknown_code) {
		u->a->unknown_code = true;
		u->a->unknown_code_by = u->index;
	}
}

/* ---- editors ---- */

static const struct vim_word {
	const char *name;
	uint32_t role; /* 0: shell text follows */
} vim_words[] = {
	{"w", ROLE_WRITE},
	{"write", ROLE_WRITE},
	{"wq", ROLE_WRITE},
	{"x", ROLE_WRITE},
	{"sav", ROLE_WRITE},
	{"saveas", ROLE_WRITE},
	{"up", ROLE_WRITE},
	{"update", ROLE_WRITE},
	{"W", ROLE_WRITE},
	{"r", ROLE_READ},
	{"read", ROLE_READ},
	{"e", ROLE_READ},
	{"edit", ROLE_READ},
	{"sp", ROLE_READ},
	{"vs", ROLE_READ},
	{"split", ROLE_READ},
	{"vsplit", ROLE_READ},
	{"new", ROLE_READ},
	{"tabe", ROLE_READ},
	{"tabedit", ROLE_READ},
	{"vi", ROLE_READ},
	{"view", ROLE_READ},
	{"so", ROLE_RUN},
	{"source", ROLE_RUN},
	{"ru", ROLE_RUN},
	{"runtime", ROLE_RUN},
	{"luafile", ROLE_RUN},
	{"pyfile", ROLE_RUN},
	{"py3file", ROLE_RUN},
	{"term", 0},
	{"terminal", 0},
	{"te", 0},
	{"grep", ROLE_READ},
	{"make", 0},
	{"shell", 0},
	{"system", 0},
	{"output", ROLE_WRITE},
	{"once", ROLE_WRITE},
	{"backup", ROLE_WRITE},
	{"save", ROLE_WRITE},
	{"log", ROLE_WRITE},
	{"restore", ROLE_READ},
	{"import", ROLE_READ},
	{"open", ROLE_READ},
	{"lua", ROLE_CODE(CODE_LUA)},
	{"py", ROLE_CODE(CODE_PYTHON)},
	{"py3", ROLE_CODE(CODE_PYTHON)},
	{"python", ROLE_CODE(CODE_PYTHON)},
	{"python3", ROLE_CODE(CODE_PYTHON)},
	{"pyx", ROLE_CODE(CODE_PYTHON)},
	{"perl", ROLE_CODE(CODE_PERL)},
	{"ruby", ROLE_CODE(CODE_RUBY)},
	{"call", ROLE_CODE(CODE_LUA)},
	{"cal", ROLE_CODE(CODE_LUA)},
	{"let", ROLE_CODE(CODE_LUA)},
	{"echo", ROLE_CODE(CODE_LUA)},
	{"exe", ROLE_CODE(CODE_LUA)},
	{"execute", ROLE_CODE(CODE_LUA)},
	{"eval", ROLE_CODE(CODE_LUA)},
	{"put", ROLE_CODE(CODE_LUA)},
};

/* One command of ex, vi, ed: `%!cmd`, `w file`, `r !cmd`, `call system('x')`. */
static void vim_command(struct use *u, const char *p, size_t len)
{
	const char *end = p + len, *word;
	size_t n;

	while (p < end && (strchr(":%$.,;0123456789'<>+- \t", *p) != NULL))
		p++;
	for (word = p; p < end && (isalnum((unsigned char)*p)); p++)
		;
	n = (size_t)(p - word);
	if (n >= 3 && strncmp(word, "silent", n) == 0) {
		vim_command(u, p + (p < end && *p == '!'),
			    (size_t)(end - p) - (p < end && *p == '!'));
		return;
	}
	if (n && p < end && *p == '!')
		p++; /* w!, e!, and r!cmd below */
	else if (n == 0 && p < end && *p == '!') {
		run_text(u, copy(u, p + 1, (size_t)(end - p) - 1));
		return;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || n == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(vim_words); i++) {
		const struct vim_word *v = &vim_words[i];
		const char *rest = copy(u, p, (size_t)(end - p));

		if (strlen(v->name) != n || strncmp(v->name, word, n) != 0 || !rest)
			continue;
		if (*rest == '!' || v->role == 0 || (p[-1] == '!' && streq(v->name, "r")))
			run_text(u, rest + (*rest == '!'));
		else if (v->role & ROLE_EFFECTS)
			put_path(u, v->role, rest, false);
		else
			scan_code(u, v->role, rest);
		return;
	}
}

static void vim_commands(struct use *u, const char *text)
{
	for (unsigned n = 0; *text && n < 1000 && !u->full; n++) {
		size_t len = strcspn(text, "\n");
		size_t bar = strcspn(text, "|\n");

		/* A bar ends a command, but not one of the shell's. */
		if (bar < len && !memchr(text, '!', bar) && !memchr(text, '\'', bar) &&
		    !memchr(text, '"', bar))
			len = bar;
		vim_command(u, text, len);
		text += len + (text[len] != '\0');
	}
}

/* psql's and mysql's \! cmd, mysql's system cmd, sqlite's .shell cmd and .output FILE; the rest is
 * SQL. */
static void db_command(struct use *u, const char *text)
{
	const char *bang = strstr(text, "\\!");

	text += strspn(text, " \t\n;");
	if (bang)
		run_text(u, copy(u, bang + 2, strcspn(bang + 2, "\n")));
	else if (text[0] == '.' || str_starts(text, "system ") || str_starts(text, "source "))
		vim_command(u, text, strcspn(text, "\n"));
}

/* ---- socat ---- */

static void socat_address(struct use *u, const char *word)
{
	static const char *const commands[] = {"EXEC", "SYSTEM", "SHELL"};
	static const char *const files[] = {"OPEN",  "FILE", "CREATE", "CREAT",
					    "GOPEN", "PIPE", "FIFO"};
	size_t n = strcspn(word, ":"), len;
	const char *rest = word + n + 1;

	if (!word[n])
		return;
	len = strcspn(rest, ",");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (n == strlen(commands[i]) && strncasecmp(word, commands[i], n) == 0) {
			run_text(u, copy(u, rest, len));
			return;
		}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (n == strlen(files[i]) && strncasecmp(word, files[i], n) == 0) {
			put_path(u, ROLE_READ | ROLE_WRITE | ROLE_SENT, copy(u, rest, len), false);
			return;
		}
	if (strcasestr(word, "LISTEN"))
		return;
	if (strncasecmp(word, "UNIX", 4) == 0 || strncasecmp(word, "GOPEN", 5) == 0)
		put_host(u, absolute(u, u->cwd, copy(u, rest, len)), NULL);
	else
		put_text(u, SHELL_CONNECT, copy(u, rest, len), false);
}

/* ---- find ---- */

struct find {
	size_t paths, expression; /* argv[paths..expression) is where it starts */
	const char *name;	  /* of everything it acts on, if -name says so */
	bool only_files;
};

static bool find_word_starts_expression(const char *word)
{
	return (word[0] == '-' && word[1]) || streq(word, "(") || streq(word, "!") ||
	       streq(word, ")") || streq(word, ",");
}

static bool find_is_option(const char *word)
{
	return streq(word, "-L") || streq(word, "-H") || streq(word, "-P") ||
	       str_starts(word, "-O");
}

static struct find find_parts(const struct shell_command *c, size_t at)
{
	struct find f = {0};
	bool either = false;
	size_t i = at;

	while (i < c->argc && find_is_option(c->argv[i]))
		i++;
	f.paths = i;

	while (i < c->argc && !find_word_starts_expression(c->argv[i]))
		i++;
	f.expression = i;
	for (; i < c->argc; i++) {
		const char *w = c->argv[i];

		either |= streq(w, "-o") || streq(w, "-or") || streq(w, "!") || streq(w, "-not") ||
			  streq(w, ",");
		if (i + 1 < c->argc && streq(w, "-name"))
			f.name = c->argv[++i];
		else if (i + 1 < c->argc && streq(w, "-type"))
			f.only_files |= streq(c->argv[++i], "f");
	}
	if (either)
		f.name = NULL;
	return f;
}

/* The effects of @role on whatever is found: all below the starting points, or what has the name.
 */
static void find_found(struct use *u, const struct find *f, uint32_t role)
{
	bool none = f->paths == f->expression;

	for (size_t i = f->paths; (i < f->expression || none) && !u->full; i++) {
		const char *start = none ? "." : u->c->argv[i];
		autobuf b = {0};

		if (!f->name) {
			put_path(u, role | ROLE_RECURSIVE, start, true);
		} else {
			buf_printf(&b, "%s/**/%s", start, f->name);
			put_path(u, role | (f->only_files ? 0 : ROLE_RECURSIVE),
				 buf_failed(&b) ? start : copy(u, buf_str(&b), b.len), true);
		}
		if (none)
			break;
	}
}

/* -exec CMD… ; argv[@first] is CMD. Returns the index of the end. */
static size_t find_exec(struct use *u, size_t first)
{
	size_t i = first;

	while (i < u->c->argc && !streq(u->c->argv[i], ";") &&
	       !(streq(u->c->argv[i], "+") && streq(u->c->argv[i - 1], "{}")))
		i++;
	run_argv(u, first, i, true);
	return i;
}

static void find_expression(struct use *u, const struct find *f)
{
	const struct shell_command *c = u->c;
	bool acted = false;

	for (size_t i = f->expression; i < c->argc && !u->full; i++) {
		const char *w = c->argv[i];

		if (streq(w, "-delete")) {
			find_found(u, f, ROLE_DELETE | ROLE_DANGEROUS);
		} else if (streq(w, "-exec") || streq(w, "-execdir") || streq(w, "-ok") ||
			   streq(w, "-okdir")) {
			if (!acted)
				find_found(u, f, ROLE_READ | ROLE_IF_PATH);
			acted = true;
			i = find_exec(u, i + 1);
		} else if (str_starts(w, "-fprint") || streq(w, "-fls")) {
			if (i + 1 < c->argc)
				put_path(u, ROLE_WRITE, c->argv[i + 1], false);
			i++;
		} else if (streq(w, "-newer") || streq(w, "-samefile") || streq(w, "-anewer") ||
			   streq(w, "-cnewer")) {
			if (i + 1 < c->argc)
				put_path(u, ROLE_LIST, c->argv[i + 1], false);
			i++;
		} else if (streq(w, "-files0-from")) {
			if (i + 1 < c->argc)
				put_path(u, ROLE_READ, c->argv[i + 1], false);
			i++;
		} else if (w[0] == SHELL_UNKNOWN) { /* may be -delete */
			find_found(u, f, ROLE_DELETE | ROLE_DANGEROUS | ROLE_IF_PATH);
		}
	}
}

static void apply_find(struct use *u, size_t at)
{
	struct find f = find_parts(u->c, at);
	struct find all = {.paths = f.paths, .expression = f.expression};

	find_found(u, &all, ROLE_LIST);
	find_expression(u, &f);
}

/* ---- one word ---- */

const char *role_cwd(struct use *u, const char *cwd, const char *word)
{
	const char *path = *word ? shell_path(&u->a->arena, cwd, u->env->home, word) : cwd;

	return path && path[0] == '/' ? path : NULL;
}

/* NAME=value, and make's NAME:=value, NAME+=value, NAME?=value */
bool role_is_assignment(const char *word)
{
	size_t n = strspn(word,
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-%\x1a");

	if (n == 0 || word[0] == '-')
		return false;
	n += strspn(word + n, ":+?!");
	return word[n] == '=';
}

/* argv[@at…) is for another machine, unless that is this one. */
static void run_over_there(struct use *u, const char *text, size_t at)
{
	for (size_t i = 1; i < at && i < u->c->argc; i++)
		if (is_here(u->c->argv[i])) {
			run_text(u, text);
			return;
		}
	run_remote(u, text);
}

static void apply_meaning(struct use *u, uint32_t role, const char *word, size_t at,
			  bool is_operand)
{
	const struct shell_command *c = u->c;
	size_t argc = c->argc;

	switch ((enum meaning)(role >> 16 & 0xff)) {
	case MEANING_SH:
		return run_text(u, word);
	case MEANING_SHREST:
		return run_text(u, joined(u, word, at + 1, argc, true));
	case MEANING_SHARGS:
		return run_text(u, joined(u, word, at + 1, argc, false));
	case MEANING_PARALLEL:
		return run_parallel(u, at);
	case MEANING_SCRIPT:
		return run_script(u, word);
	case MEANING_STDIN:
		return add_run(u, (struct commands_run){.kind = RUN_STDIN});
	case MEANING_ARGV:
		if (at + 1 == argc && strchr(word, ' ') && !strchr(word, '/')) /* yarn exec 'rm -rf x' */
			run_text(u, word);
		return run_argv(u, at, argc, false);
	case MEANING_ARGVX:
		return run_argv(u, at, argc, true);
	case MEANING_REMOTE:
		return run_over_there(u, joined(u, word, at + 1, argc, false), at);
	case MEANING_REMOTEV:
		return run_remote(u, joined(u, NULL, at, argc, true));
	case MEANING_CODE:
		return scan_code(u, role, word);
	case MEANING_CODEIN:
		if (at >= argc || is_stdin(word))
			return scan_stdin(u, role);
		return put_path(u, ROLE_RUN, word, is_operand);
	case MEANING_SRC:
		return src_or_dst(u, ROLE_READ | (role & ~ROLE_EFFECTS & 0xffff), word, is_operand,
				  true);
	case MEANING_DST:
		if (is_operand)
			put_below(u, word, is_operand);
		return src_or_dst(u, ROLE_WRITE | (role & ~ROLE_EFFECTS & 0xffff), word, is_operand,
				  true);
	case MEANING_CSRC:
		return src_or_dst(u, ROLE_READ | ROLE_RECURSIVE, word, is_operand, false);
	case MEANING_CDST:
		return src_or_dst(u, ROLE_WRITE, word, is_operand, false);
	case MEANING_URL:
		return put_url(u, word);
	case MEANING_HOST:
		return put_host(u, word, NULL);
	case MEANING_HOSTPORT:
		return put_host(u, word, at + 1 < argc ? c->argv[at + 1] : NULL);
	case MEANING_IMAGE:
		return put_image(u, word);
	case MEANING_PKG:
		return put_pkg(u, word);
	case MEANING_AT:
		if (word[0] == '@')
			put_sent(u, word + 1, strlen(word + 1));
		return;
	case MEANING_AFTER:
		if (strchr(word, '@'))
			put_sent(u, strchr(word, '@') + 1, strlen(strchr(word, '@') + 1));
		return;
	case MEANING_FORM:
		return put_form(u, word);
	case MEANING_HTTPITEM:
		return put_http_item(u, word);
	case MEANING_ENV:
		if (strchr(word, '='))
			put_text(u, SHELL_SETENV, word, false);
		return;
	case MEANING_VOL:
		return put_volume(u, word);
	case MEANING_MOUNT:
		return put_mount(u, word);
	case MEANING_SSHOPT:
		return ssh_option(u, word);
	case MEANING_GITCONF:
		return git_setting(u, word, at);
	case MEANING_GUESS:
		return guess(u, word, is_operand);
	case MEANING_VIM:
		return vim_commands(u, word);
	case MEANING_DB:
		return db_command(u, word);
	case MEANING_VIMIN:
		return c->stdin_text ? vim_commands(u, c->stdin_text) : (void)0;
	case MEANING_SOCAT:
		return socat_address(u, word);
	case MEANING_FIND:
		return apply_find(u, at);
	case MEANING_TAREXEC:
		return str_starts(word, "exec=") ? run_text(u, word + 5) : (void)0;
	case MEANING_HOP:
		return put_hop(u, word);
	case MEANING_INTO:
		return put_into(u, word, at, is_operand);
	case MEANING_URLSIN:
		return put_urls_in(u, word);
	case MEANING_BELOW:
		return put_below(u, word, is_operand);
	case MEANING_PATCHIN:
		return put_patch(u, c->stdin_text);
	case MEANING_MAKEFILE:
		return make_file(u, word);
	case MEANING_MAKEVAR:
		return make_variable(u, word);
	case MEANING_NONE:
	case MEANING_CWD: /* done before */
	case MEANING_CD:
	case MEANING_COUNT:
		return;
	}
}

void role_apply(struct use *u, uint32_t role, const char *word, size_t at, bool is_operand)
{
	if (!word || u->full)
		return;
	if (role & ROLE_IF_PATH && !looks_like_path(word) && !role_is_remote(word))
		return;
	if (role & ROLE_EFFECTS)
		put_path(u, role, word, is_operand);
	if (role >> 16)
		apply_meaning(u, role, word, at, is_operand);
}
