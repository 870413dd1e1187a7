#include "policy/decide.h"

#include <arpa/inet.h>

#include "base/buf.h"
#include "shell/shell.h"

/* The rule that would allow an action, as a person would paste it into the policy. */

static const struct rule *find_rule(const struct policy *p, const struct policy_decision *d)
{
	for (size_t i = 0; d->rule && i < p->n_rules; i++)
		if (streq(p->rules[i]->name, d->rule))
			return p->rules[i];
	return NULL;
}

/* @s in YAML's double quotes. Bytes that are not UTF-8 cannot be written there: '?' matches them
 * too. */
static void put_quoted(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	for (const unsigned char *p = (const unsigned char *)s; *p;) {
		size_t n = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;

		for (size_t i = 1; i < n; i++)
			if ((p[i] & 0xc0) != 0x80)
				n = 0;
		if (n == 0) {
			buf_putc(b, '?');
			p++;
		} else if (n > 1) {
			buf_put(b, p, n);
			p += n;
		} else if (*p < 0x20 || *p == 0x7f) {
			buf_printf(b, "\\x%02x", *p++);
		} else {
			if (*p == '"' || *p == '\\')
				buf_putc(b, '\\');
			buf_putc(b, (char)*p++);
		}
	}
	buf_putc(b, '"');
}

static void put_path_pattern(struct buf *b, const struct policy *p, const char *path)
{
	const char *home = p->roots.home[0];
	size_t len = home ? strlen(home) : 0;
	bool at_home = len > 1 && strncmp(path, home, len) == 0 && (!path[len] || path[len] == '/');
	autobuf text = {0};

	if (at_home) {
		buf_putc(&text, '~');
		path += len;
	}
	for (; *path; path++) {
		if (strchr("*?[]{}\\$", *path))
			buf_putc(&text, '\\');
		buf_putc(&text, *path);
	}
	put_quoted(b, buf_str(&text));
}

static void put_escaped(struct buf *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\^$.[]|()?*+{}#-", text[i]))
			buf_putc(to, '\\');
		buf_putc(to, text[i]);
	}
}

/* The command as such; one of which something is not known goes by its program, since what is not known is never
 * allowed by its spelling. */
static void put_command(struct buf *b, const struct policy_action *a)
{
	const char *const *argv = a->argv;
	autobuf text = {0};
	bool known = argv != NULL;

	buf_puts(&text, "re:^");
	if (a->shell && a->command == POLICY_WHOLE_TEXT && a->text && !memchr(a->text, 0, a->text_len)) {
		put_escaped(&text, a->text, a->text_len);
		argv = NULL;
		known = true;
	}
	for (size_t i = 0; argv && argv[i]; i++) {
		if (i)
			buf_putc(&text, ' ');
		put_escaped(&text, argv[i], strlen(argv[i]));
		known &= !a->shell || !strchr(argv[i], SHELL_UNKNOWN);
	}
	buf_puts(&text, "$");
	buf_puts(b, known ? "command: " : "program: ");
	put_quoted(b, known ? buf_str(&text) : argv ? command_base(argv[0]) : "*");
}

static void put_dest(struct buf *b, const struct policy_dest *d)
{
	char addr[INET6_ADDRSTRLEN] = "?";
	autobuf text = {0};
	bool v4;

	if (d->unix_path) {
		buf_printf(&text, "unix:%s%s", d->unix_abstract ? "@" : "", d->unix_path);
	} else if (d->host) {
		buf_puts(&text, d->host);
	} else if (d->has_addr) {
		v4 = memcmp(d->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
		(void)inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? d->addr + 12 : d->addr, addr,
				sizeof(addr));
		buf_printf(&text, v4 || !d->port ? "%s" : "[%s]", addr);
	} else {
		buf_puts(&text, "*");
	}
	if (d->port && !d->unix_path)
		buf_printf(&text, ":%u", d->port);
	put_quoted(b, buf_str(&text));
}

static void put_lifts(struct buf *b, const struct rule *r)
{
	if (!r || r->effect == EFFECT_ALLOW)
		return;
	buf_puts(b, ", lifts: ");
	if (r->given_name)
		buf_puts(b, r->name);
	else
		put_quoted(b, r->name);
}

static bool is_unix_path(const struct policy_action *a)
{
	return a->op == POLICY_CONNECT && a->dest && a->dest->unix_path && !a->dest->unix_abstract;
}

static void put_tool(struct buf *b, const struct policy_action *a)
{
	buf_puts(b, "{name: allow-tool, match: {tool: ");
	put_quoted(b, a->tool ? a->tool : "*");
	if (a->server) {
		buf_puts(b, ", server: ");
		put_quoted(b, a->server);
	}
	buf_puts(b, "}, effect: allow");
}

/* By the kind of secret and the place; bytes are too many to be named. */
static void put_content(struct buf *b, const struct policy *p, const struct policy_action *a)
{
	if (!a->secret && !a->path) {
		buf_puts(b, "{name: allow-content, allow: true, actions: [content]");
		return;
	}
	buf_puts(b, a->secret ? "{name: allow-secret, match: {" : "{name: allow-content, match: {");
	if (a->secret) {
		buf_puts(b, "secret: ");
		put_quoted(b, a->secret);
	}
	if (a->path) {
		buf_puts(b, a->secret ? ", path: " : "path: ");
		put_path_pattern(b, p, a->path);
	}
	buf_puts(b, "}, effect: allow");
	if (!a->secret)
		buf_puts(b, ", actions: [content]");
}

void policy_suggest(const struct policy *p, const struct policy_action *a,
		    const struct policy_decision *d, char *buf, size_t size)
{
	const struct rule *r = find_rule(p, d);
	autobuf b = {0};

	if (!size)
		return;
	buf[0] = '\0';
	if (d->verdict == VERDICT_ALLOW)
		return;
	if (r && r->locked) {
		(void)snprintf(buf, size, "Rule %s is built in and locked: no policy can lift it.",
			       r->name);
		return;
	}
	if (a->op == POLICY_TOOL) {
		put_tool(&b, a);
		put_lifts(&b, r);
	} else if (a->op == POLICY_CONTENT) {
		put_content(&b, p, a);
		put_lifts(&b, r);
	} else if (a->unknown) {
		buf_puts(&b, "{name: allow-unknown, match: {unknown: operand");
		if (a->argv && a->argv[0]) {
			buf_puts(&b, ", program: ");
			put_quoted(&b, command_base(a->argv[0]));
		}
		buf_printf(&b, "}, effect: allow, actions: [%s]", policy_op_name(a->op));
		put_lifts(&b, r);
	} else if (a->op == POLICY_EXEC && ((r && rule_has_exec(r)) || !a->path)) {
		buf_puts(&b, "{name: allow-command, match: {");
		put_command(&b, a);
		buf_puts(&b, "}, effect: allow");
		put_lifts(&b, r);
	} else if (a->op == POLICY_CONNECT && a->dest && !is_unix_path(a)) {
		buf_puts(&b, "{name: allow-destination, match: {host: ");
		put_dest(&b, a->dest);
		buf_puts(&b, "}, effect: allow");
		put_lifts(&b, r);
	} else {
		buf_puts(&b, "{allow: ");
		put_path_pattern(&b, p,
				 is_unix_path(a) ? a->dest->unix_path
				 : a->path	 ? a->path
						 : "");
		put_lifts(&b, r);
		buf_printf(&b, ", actions: [%s]", policy_op_name(a->op));
	}
	buf_putc(&b, '}');
	(void)snprintf(buf, size, "%s", buf_str(&b)); /* cut as promised */
}
