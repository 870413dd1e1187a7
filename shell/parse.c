/* Commands. Each function stands where its construct begins and leaves the place behind it. A list
 * stops at what cannot begin a command; who asked for the list says what must be there. */
#include "shell/parser.h"

#include "shell/shell.h"

enum reserved {
	R_NONE = 0,
	R_IF,
	R_THEN,
	R_ELSE,
	R_ELIF,
	R_FI,
	R_DO,
	R_DONE,
	R_CASE,
	R_ESAC,
	R_WHILE,
	R_UNTIL,
	R_FOR,
	R_SELECT,
	R_IN,
	R_FUNCTION,
	R_TIME,
	R_COPROC,
	R_OPEN,
	R_CLOSE,
	R_BANG,
	R_COND,
	R_COND_END,
};

static const struct {
	const char *text;
	enum reserved word;
} reserved_words[] = {
	{"if", R_IF},	      {"then", R_THEN},
	{"else", R_ELSE},     {"elif", R_ELIF},
	{"fi", R_FI},	      {"do", R_DO},
	{"done", R_DONE},     {"case", R_CASE},
	{"esac", R_ESAC},     {"while", R_WHILE},
	{"until", R_UNTIL},   {"for", R_FOR},
	{"select", R_SELECT}, {"function", R_FUNCTION},
	{"time", R_TIME},     {"coproc", R_COPROC},
	{"{", R_OPEN},	      {"}", R_CLOSE},
	{"!", R_BANG},	      {"[[", R_COND},
	{"]]", R_COND_END},   {"in", R_IN},
};

static struct node *command(struct parser *p);

void *parser_fail(struct parser *p, const char *what)
{
	if (!p->failed && !p->ret->why[0])
		(void)snprintf(p->ret->why, sizeof(p->ret->why), "byte %zu: %s", p->i,
			       what); /* cut is fine */
	p->failed = true;
	return NULL;
}

void *parser_alloc(struct parser *p, size_t size)
{
	void *q = arena_alloc(p->a, size);

	return q ? q : parser_fail(p, "out of memory");
}

bool parser_enter(struct parser *p)
{
	if (++p->depth > PARSE_DEPTH_MAX)
		return parser_fail(p, "nested too deeply");
	return true;
}

static struct node *new_node(struct parser *p, enum node_kind kind)
{
	struct node *n = parser_alloc(p, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->at = p->i;
	}
	return n;
}

/* ---- tokens -------------------------------------------------------------------------------------
 */
static void newline(struct parser *p)
{
	p->i++;
	if (p->heredocs)
		parser_heredoc_bodies(p);
}

void parser_blanks(struct parser *p, bool newlines)
{
	while (p->i < p->n && !p->failed) {
		char c = here(p);

		if (is_blank(c)) {
			p->i++;
		} else if (c == '#') {
			const char *nl = memchr(p->s + p->i, '\n', p->n - p->i);

			p->i = nl ? (size_t)(nl - p->s) : p->n;
		} else if (c == '\n' && newlines) {
			newline(p);
		} else {
			break;
		}
	}
}

/* The reserved word here, and in *ret_end the place behind it. */
static enum reserved reserved(const struct parser *p, size_t *ret_end)
{
	char word[9];
	size_t len = 0, i = p->i;

	while (i < p->n && len < sizeof(word)) {
		char c = p->s[i];

		if (c == '\\' && i + 1 < p->n && p->s[i + 1] == '\n') {
			i += 2;
			continue;
		}
		if ((c < 'a' || c > 'z') && c != '{' && c != '}' && c != '!' && c != '[' &&
		    c != ']')
			break;
		word[len++] = c;
		i++;
	}
	if (!len || len == sizeof(word) || (i < p->n && !is_meta(p->s[i])))
		return R_NONE;
	*ret_end = i;
	for (size_t k = 0; k < ARRAY_SIZE(reserved_words); k++)
		if (reserved_words[k].text[0] == word[0] && strlen(reserved_words[k].text) == len &&
		    memcmp(reserved_words[k].text, word, len) == 0)
			return reserved_words[k].word;
	return R_NONE;
}

static bool take_reserved(struct parser *p, enum reserved want)
{
	size_t end;

	if (reserved(p, &end) != want)
		return false;
	p->i = end;
	return true;
}

static bool expect(struct parser *p, enum reserved want, const char *what)
{
	if (p->failed)
		return false;
	parser_blanks(p, true);
	return take_reserved(p, want) || parser_fail(p, what);
}

static bool ends_list(const struct parser *p)
{
	size_t end;

	if (p->i >= p->n || p->s[p->i] == ')')
		return true;
	if (p->s[p->i] == ';')
		return ahead(p, 1) == ';' || ahead(p, 1) == '&';
	switch (reserved(p, &end)) {
	case R_THEN:
	case R_ELSE:
	case R_ELIF:
	case R_FI:
	case R_DO:
	case R_DONE:
	case R_ESAC:
	case R_CLOSE:
		return true;
	default:
		return false;
	}
}

/* ---- redirections
 * --------------------------------------------------------------------------------- */
static const struct {
	const char *text;
	enum redir_op op;
	int fd;
} redir_ops[] = {
	/* longest first */
	{"&>>", REDIR_BOTH_APPEND, 1}, {"<<<", REDIR_HERE_STRING, 0}, {"<<-", REDIR_HERE, 0},
	{"<<", REDIR_HERE, 0},	       {"<&", REDIR_DUP_IN, 0},	      {"<>", REDIR_RDWR, 0},
	{">>", REDIR_APPEND, 1},       {">|", REDIR_WRITE, 1},	      {">&", REDIR_DUP_OUT, 1},
	{"&>", REDIR_BOTH, 1},	       {"<", REDIR_READ, 0},	      {">", REDIR_WRITE, 1},
};

/* The word behind <<, without its quotes. */
static bool delimiter(struct parser *p, struct heredoc *h)
{
	size_t start = p->i;
	struct word *w = parser_word(p, IN_COMMAND);

	if (!w)
		return false;
	h->quoted = !w->bare;
	if (w->text && p->i > start) {
		h->delimiter = w->text;
		return true;
	}
	for (size_t i = start; i < p->i; i++)
		if (strchr("`(\"'\\", p->s[i])) /* nothing that anybody writes */
			return parser_fail(p, "here-document delimiter");
	if (p->i == start)
		return parser_fail(p, "no here-document delimiter");
	h->delimiter = arena_strndup(p->a, p->s + start, p->i - start);
	return h->delimiter || parser_fail(p, "out of memory");
}

static bool heredoc(struct parser *p, struct redir *r, bool strip_tabs)
{
	struct heredoc *h = parser_alloc(p, sizeof(*h));

	r->word = parser_alloc(p, sizeof(*r->word));
	if (!h || !r->word)
		return false;
	h->redir = r;
	h->strip_tabs = strip_tabs;
	r->word->text = "";
	if (!delimiter(p, h))
		return false;
	if (!p->heredocs)
		p->heredocs_end = &p->heredocs;
	*p->heredocs_end = h;
	p->heredocs_end = &h->next;
	return true;
}

/* The length of N or {name} in front of < or > here; -1: none of it. */
static int redir_prefix(const struct parser *p, int *ret_fd)
{
	size_t len = 0;

	*ret_fd = -2;
	if (ahead(p, 0) == '{') {
		len = 1;
		while (ahead(p, len) && !is_meta(ahead(p, len)) && ahead(p, len) != '}')
			len++;
		if (ahead(p, len) != '}' || !parse_is_name(p->s + p->i + 1, len - 1))
			return -1;
		len++;
		*ret_fd = -1;
	} else {
		while (len < 9 && ahead(p, len) >= '0' && ahead(p, len) <= '9')
			len++;
		if (len)
			*ret_fd = (int)strtol(p->s + p->i, NULL,
					      10); /* digits and a < or > behind them */
	}
	return ahead(p, len) == '<' || ahead(p, len) == '>' ? (int)len : -1;
}

/* A redirection here? True: taken (or failed); appended to *@tail. */
static bool redirection(struct parser *p, struct redir ***tail)
{
	char c = ahead(p, 0);
	const char *name = NULL;
	struct redir *r;
	int fd = -2, len = 0;
	size_t k = 0;

	if ((c >= '0' && c <= '9') || c == '{')
		len = redir_prefix(p, &fd);
	else if (c != '<' && c != '>' && !(c == '&' && ahead(p, 1) == '>'))
		return false;
	if (len < 0 || (ahead(p, (size_t)len) != '&' && ahead(p, (size_t)len + 1) == '('))
		return false; /* a process substitution */
	if (fd == -1)
		name = arena_strndup(p->a, p->s + p->i + 1, (size_t)len - 2);
	p->i += (size_t)len;
	while (k < ARRAY_SIZE(redir_ops) &&
	       !(p->n - p->i >= strlen(redir_ops[k].text) &&
		 memcmp(p->s + p->i, redir_ops[k].text, strlen(redir_ops[k].text)) == 0))
		k++;
	r = parser_alloc(p, sizeof(*r));
	if (!r || k == ARRAY_SIZE(redir_ops))
		return true;
	p->i += strlen(redir_ops[k].text);
	r->op = redir_ops[k].op;
	r->fd = fd == -2 ? redir_ops[k].fd : fd;
	r->name = name;
	**tail = r;
	*tail = &r->next;
	parser_blanks(p, false);
	if (r->op == REDIR_HERE) {
		(void)heredoc(p, r, redir_ops[k].text[2] == '-'); /* failed is seen by the caller */
		return true;
	}
	if (p->i >= p->n || (is_meta(p->s[p->i]) && ahead(p, 1) != '('))
		parser_fail(p, "redirection without a target");
	else
		r->word = parser_word(p, IN_COMMAND);
	return true;
}

static bool redirections(struct parser *p, struct node *n)
{
	struct redir **tail = &n->redirs;

	do
		parser_blanks(p, false);
	while (!p->failed && redirection(p, &tail));
	return !p->failed;
}

/* ---- lists
 * ------------------------------------------------------------------------------------------ */
static bool two(struct parser *p, char a, char b)
{
	size_t at = p->i;

	if (here(p) == a) {
		p->i++;
		if (here(p) == b) {
			p->i++;
			return true;
		}
	}
	p->i = at;
	return false;
}

static bool can_begin(struct parser *p)
{
	char c = here(p);

	return p->i < p->n && !ends_list(p) && c != ';' && c != '|' && c != '\n' &&
	       !(c == '&' && ahead(p, 1) != '>');
}

/* ! and time in front of a pipeline, in any number. True: there was one. */
static bool prefixes(struct parser *p)
{
	size_t end;
	bool any = false;

	for (;;) {
		parser_blanks(p, false);
		if (ahead(p, 0) == '!' && ahead(p, 1) == '(') {
			p->i++; /* bash without extglob: ! (…) */
		} else if (take_reserved(p, R_BANG)) {
			;
		} else if (reserved(p, &end) == R_TIME) {
			p->i = end;
			parser_blanks(p, false);
			if (ahead(p, 0) == '-' && ahead(p, 1) == 'p' &&
			    (p->n - p->i == 2 || is_meta(ahead(p, 2))))
				p->i += 2;
		} else {
			return any;
		}
		any = true;
	}
}

static struct node *pipeline(struct parser *p)
{
	bool prefixed = prefixes(p);
	struct node *first, *last;

	if (prefixed && !can_begin(p))
		return new_node(p, NODE_LIST);
	first = last = command(p);
	while (!p->failed && last) {
		size_t at;

		parser_blanks(p, false);
		if (here(p) != '|')
			break;
		at = p->i;
		if (two(p, '|', '|')) {
			p->i = at;
			break;
		}
		p->i++;
		p->i += here(p) == '&';
		parser_blanks(p, true);
		last->next = command(p);
		last = last->next;
	}
	if (p->failed || first == last)
		return first;
	last = first;
	first = new_node(p, NODE_PIPE);
	if (first) {
		first->body[0] = last;
		first->at = last->at;
	}
	return first;
}

static struct node *and_or(struct parser *p)
{
	struct node *first = pipeline(p), *last = first, *n;

	while (!p->failed && last) {
		char op;

		parser_blanks(p, false);
		if (two(p, '&', '&'))
			op = '&';
		else if (two(p, '|', '|'))
			op = '|';
		else
			break;
		parser_blanks(p, true);
		last->next = pipeline(p);
		last = last->next;
		if (last)
			last->op = op;
	}
	if (p->failed || first == last)
		return first;
	n = new_node(p, NODE_AND_OR);
	if (n) {
		n->body[0] = first;
		n->at = first->at;
	}
	return n;
}

struct node *parser_list(struct parser *p)
{
	struct node *list = new_node(p, NODE_LIST), **tail = list ? &list->body[0] : NULL;

	while (tail && !p->failed) {
		struct node *n;

		parser_blanks(p, true);
		if (p->failed || ends_list(p))
			break;
		n = and_or(p);
		if (!n)
			return NULL;
		*tail = n;
		tail = &n->next;
		parser_blanks(p, false);
		switch (here(p)) {
		case ';':
			if (ends_list(p))
				return list;
			p->i++;
			break;
		case '&':
			n->background = true;
			p->i++;
			break;
		case '\n':
			break;
		default:
			return p->failed ? NULL : list;
		}
	}
	return p->failed ? NULL : list;
}

/* A list that must hold a command. */
static struct node *full_list(struct parser *p)
{
	struct node *list = parser_list(p);

	if (list && !list->body[0])
		return parser_fail(p, "a command is missing");
	return list;
}

/* ---- compound commands
 * ------------------------------------------------------------------------------ */
static struct node *if_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_IF);

	if (!n)
		return NULL;
	n->body[0] = full_list(p);
	if (!expect(p, R_THEN, "no then"))
		return NULL;
	n->body[1] = full_list(p);
	if (p->failed)
		return NULL;
	if (take_reserved(p, R_ELIF)) {
		if (!parser_enter(p))
			return NULL;
		n->body[2] = if_command(p);
		p->depth--;
		return n;
	}
	if (take_reserved(p, R_ELSE))
		n->body[2] = full_list(p);
	return expect(p, R_FI, "no fi") ? n : NULL;
}

static struct node *do_group(struct parser *p)
{
	struct node *list;

	parser_blanks(p, true);
	if (take_reserved(p, R_OPEN)) { /* for …; { …; } is an old spelling */
		list = full_list(p);
		return expect(p, R_CLOSE, "no }") ? list : NULL;
	}
	if (!expect(p, R_DO, "no do"))
		return NULL;
	list = full_list(p);
	return expect(p, R_DONE, "no done") ? list : NULL;
}

static struct node *loop_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_LOOP);

	if (!n)
		return NULL;
	n->body[0] = full_list(p);
	if (!p->failed)
		n->body[1] = do_group(p);
	return n;
}

/* Words up to the end of the line or a ;. */
static bool word_list(struct parser *p, struct word **tail)
{
	for (;;) {
		struct word *w;

		parser_blanks(p, false);
		if (p->i >= p->n ||
		    (is_meta(p->s[p->i]) && !(strchr("<>", p->s[p->i]) && ahead(p, 1) == '(')))
			return !p->failed;
		w = parser_word(p, IN_COMMAND);
		if (!w)
			return false;
		*tail = w;
		tail = &w->next;
	}
}

/* A word as it is written; for names. */
static const char *raw_word(struct parser *p)
{
	struct word *w;

	parser_blanks(p, false);
	w = parser_word(p, IN_COMMAND);
	if (!w)
		return NULL;
	return w->text && w->text[0] ? w->text : parser_fail(p, "a name is missing");
}

static struct node *arith_command(struct parser *p, enum node_kind kind)
{
	struct node *n = new_node(p, kind);
	size_t end = parser_find_arith(p);

	if (!n || !end)
		return n ? parser_fail(p, "unterminated ((") : NULL;
	n->words = parser_expression(p, end);
	p->i = end + 2;
	return n;
}

static struct node *for_command(struct parser *p)
{
	struct node *n;

	parser_blanks(p, false);
	if (two(p, '(', '(')) {
		n = arith_command(p, NODE_ARITH_FOR);
		if (!n)
			return NULL;
		parser_blanks(p, false);
		p->i += here(p) == ';' && ahead(p, 1) != ';';
		n->body[0] = do_group(p);
		return n;
	}
	n = new_node(p, NODE_FOR);
	if (!n)
		return NULL;
	n->name = raw_word(p);
	parser_blanks(p, true);
	if (!p->failed && take_reserved(p, R_IN)) {
		n->has_in = true;
		if (!word_list(p, &n->words))
			return NULL;
		if (here(p) != ';' && here(p) != '\n')
			return parser_fail(p, "unexpected in the list of for");
	}
	p->i += here(p) == ';' && ahead(p, 1) != ';';
	if (!p->failed)
		n->body[0] = do_group(p);
	return n;
}

static bool case_patterns(struct parser *p, struct case_item *it)
{
	struct word **tail = &it->patterns;

	for (;;) {
		struct word *w;

		parser_blanks(p, false);
		if (p->i >= p->n || is_meta(here(p)))
			return parser_fail(p, "no pattern in case");
		w = parser_word(p, IN_COMMAND);
		if (!w)
			return false;
		*tail = w;
		tail = &w->next;
		parser_blanks(p, false);
		if (here(p) == ')')
			break;
		if (here(p) != '|')
			return parser_fail(p, "no ) in case");
		p->i++;
	}
	p->i++;
	return true;
}

static struct node *case_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_CASE);
	struct case_item **tail;

	if (!n)
		return NULL;
	tail = &n->items;
	parser_blanks(p, false);
	if (is_meta(here(p)))
		return parser_fail(p, "no word in case");
	n->words = parser_word(p, IN_COMMAND);
	if (!expect(p, R_IN, "no in"))
		return NULL;
	for (;;) {
		struct case_item *it;

		parser_blanks(p, true);
		if (p->failed || take_reserved(p, R_ESAC))
			return p->failed ? NULL : n;
		it = parser_alloc(p, sizeof(*it));
		if (!it)
			return NULL;
		*tail = it;
		tail = &it->next;
		if (here(p) == '(')
			p->i++;
		if (!case_patterns(p, it))
			return NULL;
		it->body = parser_list(p);
		if (p->failed)
			return NULL;
		if (two(p, ';', '&')) {
			it->falls = true;
		} else if (two(p, ';', ';')) {
			it->falls = here(p) == '&';
			p->i += it->falls;
		} else {
			return expect(p, R_ESAC, "no esac") ? n : NULL;
		}
	}
}

/* Behind [[: words and operators up to ]]; what they mean to each other does not matter here. */
static struct node *cond_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_COND);
	struct word **tail = n ? &n->words : NULL;
	bool regex = false, any = false;
	unsigned open = 0;

	while (tail && !p->failed) {
		struct word *w;
		char c;

		parser_blanks(p, true);
		if (p->i >= p->n)
			return parser_fail(p, "unterminated [[");
		if (take_reserved(p, R_COND_END))
			return any && !open ? n : parser_fail(p, "unexpected ]]");
		c = here(p);
		if (!regex && (c == '(' || c == ')')) {
			if (c == ')' && !open--)
				return parser_fail(p, "unexpected ) in [[");
			if (c == '(' && ++open > PARSE_DEPTH_MAX)
				return parser_fail(p, "nested too deeply");
			p->i++;
			continue;
		}
		if (two(p, '&', '&') || two(p, '|', '|'))
			continue;
		if (c == '<' || c == '>') {
			p->i++;
			if (here(p) != '(')
				continue;
			p->i--;
		} else if (!regex && is_meta(c)) {
			return parser_fail(p, "unexpected operator in [[");
		}
		w = parser_word(p, regex ? IN_REGEX : IN_COMMAND);
		if (!w)
			return NULL;
		regex = w->bare && w->parts && !w->parts->next && w->parts->text &&
			streq(w->parts->text, "=~");
		any = true;
		*tail = w;
		tail = &w->next;
	}
	return NULL;
}

static struct node *group_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_GROUP);

	if (!n)
		return NULL;
	n->body[0] = full_list(p);
	return expect(p, R_CLOSE, "no }") ? n : NULL;
}

static struct node *subshell(struct parser *p)
{
	struct node *n = new_node(p, NODE_SUBSHELL);

	if (!n)
		return NULL;
	n->body[0] = full_list(p);
	if (p->failed || here(p) != ')')
		return parser_fail(p, "no )");
	p->i++;
	return n;
}

static struct node *paren_command(struct parser *p)
{
	size_t start = p->i;

	if (two(p, '(', '(')) {
		if (parser_find_arith(p))
			return arith_command(p, NODE_ARITH);
		p->i = start;
	}
	p->i++;
	return subshell(p);
}

static struct node *function_body(struct parser *p, struct node *n, const char *name)
{
	n->name = name;
	parser_blanks(p, true);
	if (p->failed || !can_begin(p))
		return parser_fail(p, "no function body");
	n->body[0] = command(p);
	return n;
}

static struct node *function_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_FUNCTION);
	const char *name = n ? raw_word(p) : NULL;

	if (!name)
		return NULL;
	parser_blanks(p, false);
	if (here(p) == '(') {
		size_t start = p->i++;

		parser_blanks(p, false);
		if (here(p) == ')')
			p->i++;
		else
			p->i = start; /* function f (…): a subshell is the body */
	}
	return function_body(p, n, name);
}

static bool is_compound_start(const struct parser *p)
{
	size_t end;

	switch (reserved(p, &end)) {
	case R_IF:
	case R_CASE:
	case R_WHILE:
	case R_UNTIL:
	case R_FOR:
	case R_SELECT:
	case R_OPEN:
	case R_COND:
		return true;
	default:
		return ahead(p, 0) == '(';
	}
}

/* coproc [NAME] command: a NAME only stands before a compound command. */
static struct node *coproc_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_COPROC);
	size_t start;

	parser_blanks(p, false);
	start = p->i;
	if (n && !is_compound_start(p) && can_begin(p)) {
		size_t i = p->i;

		while (i < p->n && !is_meta(p->s[i]))
			i++;
		if (parse_is_name(p->s + p->i, i - p->i)) {
			p->i = i;
			parser_blanks(p, false);
			if (!is_compound_start(p))
				p->i = start;
		}
	}
	if (n && !can_begin(p))
		return parser_fail(p, "coproc without a command");
	if (n)
		n->body[0] = command(p);
	return n;
}

/* ---- simple commands
 * --------------------------------------------------------------------------------- */
static bool takes_assignments(const char *s)
{
	static const char *const names[] = {"declare", "typeset", "local", "export", "readonly"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(s, names[i]))
			return true;
	return false;
}

/* An operand of declare that assigns: the word keeps the text, too. */
static struct word *declared(struct parser *p)
{
	struct assign *as = parser_assignment(p);
	struct word *w;

	if (!as)
		return p->failed ? NULL : parser_word(p, IN_COMMAND);
	w = parser_alloc(p, sizeof(*w));
	if (w)
		w->assign = as;
	return w;
}

static struct node *function_definition(struct parser *p, struct node *n)
{
	const struct word *w = n->words;

	p->i++;
	parser_blanks(p, false);
	if (here(p) != ')' || !w->text || n->assigns || n->redirs)
		return parser_fail(p, "unexpected (");
	p->i++;
	n->kind = NODE_FUNCTION;
	n->words = NULL;
	return function_body(p, n, w->text);
}

static struct node *simple_command(struct parser *p)
{
	struct node *n = new_node(p, NODE_SIMPLE);
	struct assign **assigns = n ? &n->assigns : NULL;
	struct redir **redirs = n ? &n->redirs : NULL;
	struct word **words = n ? &n->words : NULL, *first = NULL;
	bool declares = false;

	while (n && !p->failed) {
		struct assign *as = NULL;
		struct word *w;

		parser_blanks(p, false);
		if (p->i >= p->n)
			break;
		if (redirection(p, &redirs))
			continue;
		if (is_meta(p->s[p->i]) && !(strchr("<>", p->s[p->i]) && ahead(p, 1) == '(')) {
			if (p->s[p->i] == '(')
				return first && !first->next ? function_definition(p, n)
							     : parser_fail(p, "unexpected (");
			break;
		}
		if (!first) {
			as = parser_assignment(p);
			if (as) {
				*assigns = as;
				assigns = &as->next;
				continue;
			}
		}
		w = p->failed ? NULL : declares ? declared(p) : parser_word(p, IN_COMMAND);
		if (!w)
			return NULL;
		if (!declares && (!first || (streq(first->text ? first->text : "", "command") ||
					     streq(first->text ? first->text : "", "builtin"))))
			declares = w->text && takes_assignments(w->text);
		first = first ? first : w;
		*words = w;
		words = &w->next;
	}
	if (p->failed || (!n->words && !n->assigns && !n->redirs))
		return parser_fail(p, "a command is missing");
	return n;
}

static struct node *compound(struct parser *p)
{
	size_t end = p->i, at = p->i;
	enum reserved r = reserved(p, &end);
	struct node *n;

	if (r != R_NONE)
		p->i = end;
	switch (r) {
	case R_IF:
		n = if_command(p);
		break;
	case R_WHILE:
	case R_UNTIL:
		n = loop_command(p);
		break;
	case R_FOR:
	case R_SELECT:
		n = for_command(p);
		break;
	case R_CASE:
		n = case_command(p);
		break;
	case R_OPEN:
		n = group_command(p);
		break;
	case R_COND:
		n = cond_command(p);
		break;
	case R_FUNCTION:
		return function_command(p);
	case R_COPROC:
		return coproc_command(p);
	case R_THEN:
	case R_ELSE:
	case R_ELIF:
	case R_FI:
	case R_DO:
	case R_DONE:
	case R_ESAC:
	case R_CLOSE:
		return parser_fail(p, "unexpected reserved word");
	case R_BANG:
	case R_TIME: /* behind a pipe: taken like in front of one */
		p->i = at;
		(void)prefixes(p);
		return can_begin(p) ? command(p) : parser_fail(p, "a command is missing");
	case R_NONE:
	case R_IN:
	case R_COND_END:
	default:
		p->i = at;
		if (here(p) != '(')
			return simple_command(p);
		n = paren_command(p);
		break;
	}
	return n && !p->failed && redirections(p, n) ? n : NULL;
}

static struct node *command(struct parser *p)
{
	struct node *n;

	if (!parser_enter(p))
		return NULL;
	parser_blanks(p, false);
	n = compound(p);
	p->depth--;
	return p->failed ? NULL : n;
}

/* ---- the two ways in
 * ---------------------------------------------------------------------------------- */
struct node *parse_text(struct arena *a, const char *text, size_t len, bool inner, unsigned depth,
			struct parse_result *ret)
{
	struct parser p = {.a = a, .s = text, .n = len, .inner = inner, .depth = depth, .ret = ret};
	struct node *n = NULL;

	if (memchr(text, '\0', len) || (!inner && memchr(text, SHELL_UNKNOWN, len))) {
		parser_fail(&p, "a NUL or SUB character");
		return NULL;
	}
	n = parser_list(&p);
	if (!p.failed && p.i < p.n)
		parser_fail(&p, "unexpected token");
	free(p.lit);
	return p.failed ? NULL : n;
}

struct word *parse_quoted(struct arena *a, const char *text, size_t len, unsigned depth,
			  struct parse_result *ret)
{
	struct parser p = {.a = a, .s = text, .n = len, .inner = true, .depth = depth, .ret = ret};
	struct word *w = parser_word(&p, IN_HERE);

	free(p.lit);
	return p.failed ? NULL : w;
}
