/* Arithmetic as bash's expr.c has it, by precedence climbing. A part that is not known makes the
 * whole unknown, but everything is walked: assignments are made (to unknown, if need be). */
#include "shell/eval.h"

#define ARITH_DEPTH_MAX 48

struct arith {
	struct eval *ev;
	const char *s;
	bool unknown, failed;
	unsigned depth;
};

struct operand {
	long long value;
	const char *name; /* if it can be assigned to */
};

static struct operand comma(struct arith *x);

static void skip(struct arith *x)
{
	while (*x->s == ' ' || *x->s == '\t' || *x->s == '\n' || *x->s == '\r')
		x->s++;
}

static bool take(struct arith *x, const char *op)
{
	skip(x);
	if (!str_starts(x->s, op))
		return false;
	x->s += strlen(op);
	return true;
}

static long long variable(struct arith *x, const char *name)
{
	const char *text = var_text(x->ev, name);
	long long value = 0;

	if (!text || !*text)
		return 0;
	if (has_unknown(text)) {
		x->unknown = true;
		return 0;
	}
	if (x->depth > ARITH_DEPTH_MAX) {
		x->failed = true;
		return 0;
	}
	x->ev->depth += 16; /* x="x" refers to itself */
	if (x->ev->depth > EVAL_DEPTH_MAX || !arith_value(x->ev, text, &value))
		x->unknown = true;
	x->ev->depth -= 16;
	return value;
}

static long long digits(struct arith *x)
{
	unsigned base = 10;
	unsigned long long value = 0;

	if (x->s[0] == '0' && (x->s[1] == 'x' || x->s[1] == 'X')) {
		base = 16;
		x->s += 2;
	} else if (x->s[0] == '0') {
		base = 8;
	}
	for (;; x->s++) {
		unsigned d;
		char c = *x->s;

		if (c == '#' && base == 10 && value >= 2 && value <= 64) {
			base = (unsigned)value;
			value = 0;
			continue;
		}
		if (c >= '0' && c <= '9')
			d = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'z')
			d = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'Z')
			d = (unsigned)(c - 'A') + (base <= 36 ? 10 : 36);
		else if (c == '@' || c == '_')
			d = c == '@' ? 62 : 63;
		else
			break;
		if (d >= base) {
			x->failed = true;
			break;
		}
		value = value * base + d;
	}
	return (long long)value;
}

/* NAME or NAME[…]: the value, and what to assign to. */
static struct operand name(struct arith *x)
{
	const char *start = x->s;
	struct operand o = {0};
	size_t len, open = 0;

	while ((*x->s >= '0' && *x->s <= '9') || parse_is_name(x->s, 1))
		x->s++;
	len = (size_t)(x->s - start);
	if (*x->s == '[') { /* an element: commands in its index were looked at by arith_value() */
		do {
			open += *x->s == '[';
			open -= *x->s == ']';
		} while (*x->s && *x->s++ && open);
		x->unknown = true;
		return o;
	}
	o.name = arena_strndup(&x->ev->a->arena, start, len);
	if (o.name)
		o.value = variable(x, o.name);
	else
		x->failed = true;
	return o;
}

static void assign(struct arith *x, struct operand *o, long long value)
{
	o->value = value;
	if (!o->name)
		return;
	if (x->unknown || x->failed)
		(void)var_set(x->ev, o->name, value_unknown.text); /* a failure sticks in ev */
	else
		(void)var_set(x->ev, o->name, eval_printf(x->ev, "%lld", value));
}

static struct operand unary(struct arith *x)
{
	struct operand o = {0};

	skip(x);
	if (++x->depth > ARITH_DEPTH_MAX || x->failed) {
		x->failed = true;
	} else if (*x->s == SHELL_UNKNOWN) {
		x->unknown = true;
		while (*x->s == SHELL_UNKNOWN || parse_is_name(x->s, 1) ||
		       (*x->s >= '0' && *x->s <= '9'))
			x->s++;
	} else if (take(x, "++") || take(x, "--")) {
		int by = x->s[-1] == '+' ? 1 : -1;

		o = unary(x);
		assign(x, &o, (long long)((unsigned long long)o.value + (unsigned long long)by));
		o.name = NULL;
	} else if (take(x, "!")) {
		o.value = !unary(x).value;
	} else if (take(x, "~")) {
		o.value = ~unary(x).value;
	} else if (take(x, "-")) {
		o.value = (long long)(0 - (unsigned long long)unary(x).value);
	} else if (take(x, "+")) {
		o.value = unary(x).value;
	} else if (take(x, "(")) {
		o = comma(x);
		o.name = NULL;
		x->failed |= !take(x, ")");
	} else if (*x->s >= '0' && *x->s <= '9') {
		o.value = digits(x);
	} else if (parse_is_name(x->s, 1)) {
		o = name(x);
		if (take(x, "++") || take(x, "--")) {
			long long old = o.value;
			int by = x->s[-1] == '+' ? 1 : -1;

			assign(x, &o,
			       (long long)((unsigned long long)old + (unsigned long long)by));
			o = (struct operand){.value = old};
		}
	} else {
		x->failed = true;
	}
	x->depth--;
	return o;
}

static const struct {
	const char *op;
	int level;
} ops[] = {
	{"**", 11}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"==", 6}, {"!=", 6},
	{"&&", 2},  {"||", 1}, {"*", 10}, {"/", 10}, {"%", 10}, {"+", 9},  {"-", 9},
	{"<", 7},   {">", 7},  {"&", 5},  {"^", 4},  {"|", 3},
};

static long long power(long long a, long long b)
{
	unsigned long long base = (unsigned long long)a, ret = 1;

	for (; b > 0; b >>= 1, base *= base)
		if (b & 1)
			ret *= base;
	return (long long)ret;
}

static long long apply(struct arith *x, const char *op, long long a, long long b)
{
	unsigned long long ua = (unsigned long long)a, ub = (unsigned long long)b;

	if (op[0] == '*' && op[1])
		return power(a, b);
	if ((op[0] == '/' || op[0] == '%') && (b == 0 || (a == INT64_MIN && b == -1))) {
		x->unknown = true;
		return 0;
	}
	switch (op[0]) {
	case '*':
		return (long long)(ua * ub);
	case '/':
		return a / b;
	case '%':
		return a % b;
	case '+':
		return (long long)(ua + ub);
	case '-':
		return (long long)(ua - ub);
	case '<':
		return op[1] == '<' ? (long long)(ua << (ub & 63)) : op[1] ? a <= b : a < b;
	case '>':
		return op[1] == '>' ? a >> (ub & 63) : op[1] ? a >= b : a > b;
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '&':
		return op[1] ? a && b : (long long)(ua & ub);
	case '|':
		return op[1] ? a || b : (long long)(ua | ub);
	default:
		return (long long)(ua ^ ub);
	}
}

static struct operand binary(struct arith *x, int level)
{
	struct operand left = unary(x);

	for (;;) {
		struct operand right;
		size_t i = 0, len;

		skip(x);
		while (i < ARRAY_SIZE(ops) && !str_starts(x->s, ops[i].op))
			i++;
		if (i == ARRAY_SIZE(ops) || ops[i].level < level || x->failed)
			return left;
		len = strlen(ops[i].op);
		if (x->s[len] == '=' && x->s[len + 1] != '=' &&
		    !strchr("<>=!&|", ops[i].op[len - 1]))
			return left; /* += and so on */
		if (x->s[len] == '=' && (streq(ops[i].op, "<<") || streq(ops[i].op, ">>") ||
					 streq(ops[i].op, "&") || streq(ops[i].op, "|")))
			return left;
		x->s += len;
		if (++x->depth > ARITH_DEPTH_MAX)
			x->failed = true;
		right = x->failed ? left : binary(x, ops[i].level + (ops[i].level != 11));
		x->depth--;
		left = (struct operand){.value = apply(x, ops[i].op, left.value, right.value)};
	}
}

static struct operand ternary(struct arith *x)
{
	struct operand cond = binary(x, 1), yes, no;

	if (!take(x, "?"))
		return cond;
	if (++x->depth > ARITH_DEPTH_MAX) {
		x->failed = true;
		return cond;
	}
	yes = comma(x);
	x->failed |= !take(x, ":");
	no = ternary(x);
	x->depth--;
	return (struct operand){.value = cond.value ? yes.value : no.value};
}

static struct operand assignment(struct arith *x)
{
	static const char *const assigns[] = {
		"<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|="};
	struct operand left = ternary(x), right;
	char op[3] = "";
	size_t i = 0;

	skip(x);
	while (i < ARRAY_SIZE(assigns) && !str_starts(x->s, assigns[i]))
		i++;
	if (i == ARRAY_SIZE(assigns) && (x->s[0] != '=' || x->s[1] == '='))
		return left;
	if (i < ARRAY_SIZE(assigns))
		memcpy(op, assigns[i], strlen(assigns[i]) - 1);
	x->s += strlen(op) + 1;
	if (++x->depth > ARITH_DEPTH_MAX || x->failed) {
		x->failed = true;
		return left;
	}
	right = assignment(x);
	x->depth--;
	assign(x, &left, op[0] ? apply(x, op, left.value, right.value) : right.value);
	return left;
}

static struct operand comma(struct arith *x)
{
	struct operand o = assignment(x);

	while (!x->failed && take(x, ","))
		o = assignment(x);
	return o;
}

bool arith_value(struct eval *ev, const char *text, long long *ret)
{
	struct arith x = {.ev = ev, .s = text};

	*ret = 0;
	if (!eval_step(ev, strlen(text)) || !expand_index_code(ev, text))
		return false;
	skip(&x);
	if (!*x.s)
		return true;
	*ret = comma(&x).value;
	skip(&x);
	return !x.unknown && !x.failed && !*x.s;
}

const char *arith_text(struct eval *ev, const char *text)
{
	long long value;

	return arith_value(ev, text, &value) ? eval_printf(ev, "%lld", value) : value_unknown.text;
}
