/* A command is read in two passes. The first finds what each word is (flag, value of a flag,
 * subcommand, operand) and collects modes; the second gives each word its role, since a flag behind
 * an operand may change what that operand is for (`sed file -i`, `tar dir -cf x`). */
#include "shell/commands.h"

#include "base/arena.h"
#include "shell/code.h"
#include "shell/table.h"

#include "commands.inc"

#define ITEMS_ON_STACK 48
#define MODE_DASHES    MODE('z' - 'a') /* the table's @z */
#define ROW_UNKNOWN    1 /* the first line of the table is for programs that it does not know */

/* A word that has a meaning: the value of a flag, or an operand (flag NULL). */
struct item {
	const struct table_flag *flag, *flags_end;
	const char *value;
	uint32_t at;	  /* in argv */
	uint32_t operand; /* its number, from 1 */
};

struct reading {
	struct use *u;
	const struct table_row *row;
	struct item *items;
	size_t n, n_operands;
	size_t i;      /* the word in argv */
	size_t dashes; /* what follows a -- that has a rule; 0: none */
	size_t plain;  /* operands in front of the first -- */
	bool ended;    /* no more flags */
	bool assigns;  /* NAME=value may still come */
};

/* ---- finding rows and flags ---- */

static int name_compare(uint16_t parent, const char *name, size_t len, const struct table_name *t)
{
	int d = parent - t->parent;

	if (d == 0)
		d = strncmp(name, t->name, len);
	return d ? d : -(t->name[len] != '\0');
}

static uint16_t find_row(uint16_t parent, const char *name, size_t len)
{
	size_t low = 0, high = ARRAY_SIZE(table_names);

	while (low < high) {
		size_t mid = (low + high) / 2;
		int d = name_compare(parent, name, len, &table_names[mid]);

		if (d == 0)
			return table_names[mid].row;
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return 0;
}

/* python3.11, gcc-12, node.exe: the version is no part of the name. */
static size_t without_version(const char *name, size_t len)
{
	if (len > 4 && memcmp(name + len - 4, ".exe", 4) == 0)
		return len - 4;
	while (len > 1 && ((name[len - 1] >= '0' && name[len - 1] <= '9') || name[len - 1] == '.'))
		len--;
	return len > 1 && name[len - 1] == '-' ? len - 1 : len;
}

static uint16_t find_program(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name), shorter = without_version(name, len);
	uint16_t row = find_row(0, name, len);

	if (!row && shorter < len)
		row = find_row(0, name, shorter);
	return row;
}

static const struct table_flag *flags_of(const struct table_row *r,
					 const struct table_flag **ret_end)
{
	*ret_end = table_flags + r->flags + r->n_flags;
	return table_flags + r->flags;
}

/* The flag whose name is [@name, @name + @len); with @prefix, the first that starts with it. */
static const struct table_flag *find_flag_in(const struct table_row *r, const char *name,
					     size_t len, bool prefix,
					     const struct table_flag **ret_end)
{
	const struct table_flag *f = flags_of(r, ret_end);

	for (; f < *ret_end; f++)
		if (strncmp(f->name, name, len) == 0 && (prefix || f->name[len] == '\0'))
			return f;
	return NULL;
}

static const struct table_flag *find_flag(const struct table_row *r, const char *name, size_t len,
					  bool prefix, const struct table_flag **ret_end)
{
	const struct table_flag *f = find_flag_in(r, name, len, prefix, ret_end);

	while (!f && r->parent && table_rows[r->parent].attrs & ROW_GLOBAL) {
		r = &table_rows[r->parent];
		f = find_flag_in(r, name, len, prefix, ret_end);
	}
	return f;
}

/* ---- the first pass ---- */

static const char *word_at(const struct reading *g, size_t i)
{
	return i < g->u->c->argc ? g->u->c->argv[i] : NULL;
}

static void add_item(struct reading *g, const struct table_flag *f, const struct table_flag *end,
		     const char *value, size_t at)
{
	g->items[g->n++] = (struct item){
		.flag = f,
		.flags_end = end,
		.value = value,
		.at = (uint32_t)at,
		.operand = f ? 0 : (uint32_t)++g->n_operands,
	};
}

/* A role that takes every word that follows: nothing behind it is ours to read. */
static bool takes_rest(uint32_t role)
{
	switch ((enum meaning)(role >> 16 & 0xff)) {
	case MEANING_ARGV:
	case MEANING_ARGVX:
	case MEANING_REMOTE:
	case MEANING_REMOTEV:
	case MEANING_SHARGS:
	case MEANING_SHREST:
	case MEANING_PARALLEL:
	case MEANING_FIND:
		return true;
	default:
		return false;
	}
}

static void flag_value(struct reading *g, const struct table_flag *f, const struct table_flag *end,
		       const char *value, size_t at)
{
	add_item(g, f, end, value, at);
	if (takes_rest(f->role))
		g->i = g->u->c->argc;
}

/* @f was met; @attached is what hangs on it in the same word, or NULL. */
static void flag_met(struct reading *g, const struct table_flag *f, const struct table_flag *end,
		     const char *attached)
{
	g->u->modes |= f->set;
	if (f->arg == ARG_VALUE && !attached) {
		attached = word_at(g, g->i + 1);
		if (!attached)
			return;
		g->i++;
	}
	if (attached && f->arg != ARG_NONE)
		flag_value(g, f, end, attached, g->i);
}

/* A flag of which the table says nothing may still carry a path. */
static void flag_unknown(struct reading *g, const char *value)
{
	static const struct table_flag guess = {"", ARG_VALUE, 0, 0, ROLE_MEANING(MEANING_GUESS)};

	if (value && *value)
		add_item(g, &guess, &guess + 1, value, g->i);
}

/* -abc, -ofile: one letter after the other. */
static void read_cluster(struct reading *g, const char *word)
{
	size_t start = g->n;
	bool foreign = false;

	for (const char *p = word + (word[0] == '-' || word[0] == '+'); *p; p++) {
		const struct table_flag *end, *f;
		char name[3] = {word[0] == '+' ? '+' : '-', *p, '\0'};

		f = find_flag(g->row, name, 2, false, &end);
		if (!f) {
			/* What follows may be its value; no more than once, so that a long word
			 * stays linear. */
			if (!foreign && g->n == start)
				flag_unknown(g, p[1] == '=' ? p + 2
							    : strpbrk(p, "/~."
									 "\x1a"));
			foreign = true;
			continue;
		}
		if (g->row->attrs & (ROW_NEXTVAL | ROW_BUNDLE) && f->arg == ARG_VALUE &&
		    (g->row->attrs & ROW_NEXTVAL || word[0] != '-')) {
			flag_met(g, f, end, NULL);
			continue;
		}
		if (f->arg != ARG_NONE) {
			flag_met(g, f, end, p[1] ? p + 1 : NULL);
			return;
		}
		flag_met(g, f, end, NULL);
	}
}

/* --name, --name=value, and the -name that some programs have. */
static bool read_long(struct reading *g, const char *word)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : NULL;
	const struct table_flag *end, *f = find_flag(g->row, word, len, false, &end);
	bool is_long = word[0] == '-' && word[1] == '-';

	if (!f && is_long && len > 3 && !(g->row->attrs & ROW_NOABBREV))
		f = find_flag(g->row, word, len, true, &end);
	if (!f && !is_long && !(g->row->attrs & ROW_NOCLUSTER))
		return false;
	if (!f)
		flag_unknown(g, value);
	else if (f->arg == ARG_NONE && value)
		g->u->modes |= f->set, flag_unknown(g, value);
	else
		flag_met(g, f, end, value);
	return true;
}

static bool read_key(struct reading *g, const char *word)
{
	const char *eq = strchr(word, '=');
	const struct table_flag *end, *f;

	if (!eq || eq == word)
		return false;
	f = find_flag(g->row, word, (size_t)(eq - word), false, &end);
	if (!f || f->arg != ARG_KEY)
		return false;
	g->u->modes |= f->set;
	flag_value(g, f, end, eq + 1, g->i);
	return true;
}

static bool read_assign(struct reading *g, const char *word)
{
	static const struct table_flag assign = {"", ARG_VALUE, 0, 0, ROLE_MEANING(MEANING_ENV)};
	static const struct table_flag make = {"", ARG_VALUE, 0, 0, ROLE_MEANING(MEANING_MAKEVAR)};
	const struct table_flag *f = g->row->attrs & ROW_ASSIGNS ? &make : &assign;

	if (!(g->row->attrs & (ROW_ASSIGN | ROW_ASSIGNS)) ||
	    !(g->assigns || g->row->attrs & ROW_ASSIGNS) || !role_is_assignment(word))
		return false;
	add_item(g, f, f + 1, word, g->i);
	return true;
}

/* `git` `push`: the rest is read with the row of the subcommand. */
static bool read_sub(struct reading *g, const char *word)
{
	uint16_t row;

	if (!(g->row->attrs & ROW_SUBS) || g->n_operands)
		return false;
	row = find_row((uint16_t)(g->row - table_rows), word, strlen(word));
	if (!row)
		return false;
	g->row = &table_rows[row];
	g->assigns = true;
	g->ended |= (g->row->attrs & ROW_RAW) != 0;
	return true;
}

static void read_operand(struct reading *g, const char *word)
{
	if (read_sub(g, word) || read_assign(g, word) ||
	    (g->row->attrs & ROW_KEYS && read_key(g, word)))
		return;
	g->assigns = false;
	add_item(g, NULL, NULL, word, g->i);
	if (g->n_operands == g->row->attrs >> 24)
		g->ended = true;
}

static bool has_rule_at(const struct table_row *r, unsigned place)
{
	for (size_t i = 0; i < r->n_rules; i++)
		if (table_rules[r->rules + i].first == place)
			return true;
	return false;
}

/* +command, for who takes that. */
static bool read_plus(struct reading *g, const char *word)
{
	const struct table_flag *end, *f = find_flag(g->row, "+", 1, false, &end);

	if (f)
		flag_met(g, f, end, word + 1);
	return f;
}

static void read_word(struct reading *g, const char *word)
{
	bool plus = word[0] == '+' && g->row->attrs & ROW_PLUS;

	if (g->ended || (word[0] != '-' && !plus) || word[1] == '\0')
		return read_operand(g, word);
	if (streq(word, "--")) {
		g->ended = true;
		g->u->modes |= MODE_DASHES;
		g->plain = g->n_operands;
		if (has_rule_at(g->row, AT_DASHES)) {
			g->dashes = g->i + 1;
			g->i = g->u->c->argc;
		}
		return;
	}
	if (plus && read_plus(g, word))
		return;
	if (!read_long(g, word))
		read_cluster(g, word);
}

static void read_words(struct reading *g)
{
	const char *word;

	g->assigns = true;
	g->ended = g->row->attrs & ROW_RAW;
	g->i = 1;
	if (g->row->attrs & ROW_BUNDLE && (word = word_at(g, 1)) && word[0] != '-' && word[0]) {
		read_cluster(g, word);
		g->i++;
	}
	for (; (word = word_at(g, g->i)); g->i++)
		read_word(g, word);
}

/* ---- the second pass ---- */

static bool guarded(uint32_t guard, uint32_t modes)
{
	return (guard & modes) == guard;
}

/* The role of the value of a flag: the first line for that flag whose modes are there. */
static uint32_t role_of_flag(const struct item *it, const struct use *u)
{
	for (const struct table_flag *f = it->flag; f < it->flags_end; f++)
		if (guarded(f->guard, u->modes) &&
		    (f == it->flag || streq(f->name, it->flag->name)))
			return f->role;
	return 0;
}

static bool rule_is_for(const struct table_rule *r, size_t operand, size_t n_operands)
{
	if (r->first == AT_LAST)
		return operand == n_operands && n_operands > 1;
	return r->first < AT_LAST && operand >= r->first && operand <= r->last;
}

static uint32_t role_of_operand(const struct reading *g, size_t operand)
{
	const struct table_row *row = g->row;
	uint32_t modes = g->u->modes & ~(operand > g->plain ? 0 : MODE_DASHES);

	for (size_t i = 0; i < row->n_rules; i++) {
		const struct table_rule *r = &table_rules[row->rules + i];

		if (guarded(r->guard, modes) && rule_is_for(r, operand, g->n_operands))
			return r->role;
	}
	return 0;
}

static uint32_t role_of(const struct reading *g, const struct item *it)
{
	return it->flag ? role_of_flag(it, g->u) : role_of_operand(g, it->operand);
}

static enum meaning meaning_of(uint32_t role)
{
	return (enum meaning)(role >> 16 & 0xff);
}

/* What must be known before any word gets its effect: the directory, and whether something goes
 * away. */
static void apply_first(struct reading *g)
{
	struct use *u = g->u;

	for (size_t i = 0; i < g->n; i++) {
		const struct item *it = &g->items[i];
		uint32_t role = role_of(g, it);

		if (meaning_of(role) == MEANING_CWD)
			u->cwd = u->base = role_cwd(u, u->cwd, it->value);
		else if (meaning_of(role) == MEANING_DST && role_is_remote(it->value))
			u->modes |= MODE_SENT;
	}
	for (size_t i = 0; i < g->n; i++)
		if (meaning_of(role_of(g, &g->items[i])) == MEANING_CD)
			u->base = role_cwd(u, u->base, g->items[i].value);
}

static void apply_items(struct reading *g)
{
	for (size_t i = 0; i < g->n && !g->u->full; i++) {
		const struct item *it = &g->items[i];
		uint32_t role = role_of(g, it);

		if (role)
			role_apply(g->u, role, it->value, it->at, !it->flag);
		if (!it->flag && takes_rest(role))
			return;
	}
}

/* The rules that are about no word. */
static void apply_others(struct reading *g)
{
	bool counted = false;

	for (size_t i = 0; i < g->row->n_rules; i++) {
		const struct table_rule *r = &table_rules[g->row->rules + i];

		if (!guarded(r->guard, g->u->modes))
			continue;
		if (r->first == AT_COUNT && r->last == g->n_operands && !g->dashes && !counted) {
			role_apply(g->u, r->role, ".", g->u->c->argc, true);
			counted = true; /* one line, as for an operand */
		} else if (r->first == AT_ALWAYS) {
			role_apply(g->u, r->role, ".", g->u->c->argc, true);
		} else if (r->first == AT_DASHES && g->dashes && g->dashes < g->u->c->argc) {
			role_apply(g->u, r->role, g->u->c->argv[g->dashes], g->dashes, true);
		}
	}
}

/* `./x`, `/tmp/y`: the program itself is a file that somebody may have put there. */
static void apply_program(struct use *u, const char *program)
{
	if (strchr(program, '/'))
		role_apply(u, ROLE_RUN, program, 0, false);
}

size_t commands_apply(struct shell_analysis *a, unsigned index, const struct shell_env *env,
		      struct commands_run runs[COMMANDS_RUNS_MAX])
{
	const struct shell_command *c = &a->commands[index];
	struct use u = {.a = a,
			.env = env,
			.c = c,
			.index = index,
			.runs = runs,
			.cwd = c->cwd,
			.base = c->cwd};
	struct item few[ITEMS_ON_STACK];
	struct reading g = {.u = &u, .items = few};
	uint16_t row;

	if (c->argc == 0)
		return 0;
	/* A word makes two items at most: a cluster has one guess and one value of its own. */
	if (c->argc > ITEMS_ON_STACK / 2) {
		g.items = arena_alloc(&a->arena, c->argc * 2 * sizeof(*g.items));
		if (!g.items) {
			a->unparsable = true;
			return 0;
		}
	}
	row = find_program(c->argv[0]);
	g.row = &table_rows[row ? row : ROW_UNKNOWN];
	apply_program(&u, c->argv[0]);
	read_words(&g);
	apply_first(&g);
	apply_items(&g);
	apply_others(&g);
	return u.n_runs;
}

bool commands_knows(const char *program)
{
	return find_row(0, program, strlen(program)) != 0 && !streq(program, "*");
}

size_t commands_count(void)
{
	return TABLE_PROGRAMS;
}
