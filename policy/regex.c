#include "policy/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdalign.h>
#include <stdatomic.h>

#define REGEX_TEXT_MAX 4096
#define MATCH_LIMIT    100000
#define DEPTH_LIMIT    1000
#define HEAP_LIMIT_KIB 48
#define STACK_SIZE     ((size_t)64 << 10)

#define JIT_AFTER      16
#define JIT_LEN	       1024

/* Making machine code takes as long as some fifty matches without it: a `crust check` of one line should not. But PCRE2
 * counts what MATCH_LIMIT is about anew for each letter of the text, and without machine code that is seconds where a
 * long text was made for it. */
struct regex_code {
	_Atomic(pcre2_code *) plain, fast; /* NULL until the first use, and the JIT_AFTERth */
	atomic_uint uses;
};

struct regex {
	const char *text;
	bool is_local;
	struct grams *needs; /* a match holds one of these */
	size_t n_needs;	     /* 0: who knows */
	struct regex_code *code; /* apart, because a policy is const */
};

/* PCRE2 wants an allocator even for a single match. This one hands out the caller's stack, front to
 * back, and never takes anything back; when it is used up, the match ends with REGEX_LIMIT. */
struct bump {
	size_t used;
	alignas(max_align_t) char data[STACK_SIZE];
};

static void *bump_alloc(size_t size, void *arg)
{
	struct bump *b = arg;
	size_t at = (b->used + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);

	if (at > STACK_SIZE || size > STACK_SIZE - at)
		return NULL;
	b->used = at + size;
	return b->data + at;
}

static void bump_free(void *p, void *arg)
{
	(void)p; /* the whole stack goes at once */
	(void)arg;
}

/* Only constructs that are known to stay within a component: literals, escaped punctuation, \w, \d,
 * classes of letters and digits, quantifiers, groups, '|' and '$'. */
static bool text_is_local(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\') {
			s++;
			if (!*s || *s == '/' || (!ispunct((unsigned char)*s) && !strchr("wd", *s)))
				return false;
		} else if (*s == '[') {
			for (s++; *s && *s != ']'; s++)
				if (!isalnum((unsigned char)*s) && *s != '_' && *s != '-')
					return false;
			if (!*s)
				return false;
		} else if (strchr("/.^", *s) || (*s == '(' && (s[1] == '?' || s[1] == '*'))) {
			return false;
		}
	}
	return true;
}

const char *regex_text(const struct regex *re)
{
	return re->text;
}

bool regex_is_local(const struct regex *re)
{
	return re->is_local;
}

static pcre2_code *compile(const char *text, int *ret_error, PCRE2_SIZE *ret_offset)
{
	return pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C,
			     ret_error, ret_offset, NULL);
}

/* The text is only tried here: its code is made at the first use, as most rules are never asked. */
static int check_text(const char *text, char *why, size_t why_size)
{
	PCRE2_SIZE offset = 0;
	int error = 0;
	pcre2_code *code;
	char msg[160] = "";

	if (strlen(text) > REGEX_TEXT_MAX) {
		(void)snprintf(why, why_size, "regex is longer than %d bytes", REGEX_TEXT_MAX);
		return -EBADMSG;
	}
	code = compile(text, &error, &offset);
	if (!code) {
		(void)pcre2_get_error_message(error, (PCRE2_UCHAR *)msg, sizeof(msg)); /* may be cut */
		(void)snprintf(why, why_size, "regex: %s (at character %zu)", msg, offset + 1);
		return -EBADMSG;
	}
	pcre2_code_free(code);
	return 0;
}

static bool note_needs(struct arena *a, struct regex *re)
{
	struct grams needs[GRAMS_MAX];

	re->n_needs = grams_of_regex(re->text, needs);
	re->needs = arena_alloc(a, (re->n_needs + 1) * sizeof(*needs));
	if (re->needs)
		memcpy(re->needs, needs, re->n_needs * sizeof(*needs));
	return re->needs;
}

bool regex_possible(const struct regex *re, const struct grams *g)
{
	for (size_t i = 0; i < re->n_needs; i++)
		if (grams_hold(g, &re->needs[i]))
			return true;
	return re->n_needs == 0;
}

struct regex *regex_new(struct arena *a, const char *text, char *why, size_t why_size)
{
	struct regex *re;

	if (check_text(text, why, why_size) < 0)
		return NULL;
	re = arena_alloc(a, sizeof(*re));
	if (re) {
		re->text = arena_strdup(a, text);
		re->code = arena_alloc(a, sizeof(*re->code));
		re->is_local = text_is_local(text);
	}
	if (!re || !re->text || !re->code || !note_needs(a, re)) {
		(void)snprintf(why, why_size, "out of memory");
		return NULL;
	}
	return re;
}

/* Writing would copy a page of a policy that is mapped from a file: only where there is something to undo. */
void regex_done(struct regex *re)
{
	struct regex_code *c = re->code;

	if (atomic_load(&c->plain))
		pcre2_code_free(atomic_exchange(&c->plain, NULL));
	if (atomic_load(&c->fast))
		pcre2_code_free(atomic_exchange(&c->fast, NULL));
	if (atomic_load(&c->uses))
		atomic_store(&c->uses, 0);
}

/* What @cell holds, made if need be. Two threads may meet here: the slower one's code goes. */
static pcre2_code *code_in(_Atomic(pcre2_code *) *cell, const char *text, bool jit)
{
	pcre2_code *code = atomic_load_explicit(cell, memory_order_acquire), *first = NULL;
	PCRE2_SIZE offset;
	int error;

	if (code)
		return code;
	code = compile(text, &error, &offset);
	if (!code)
		return NULL;
	if (jit)
		(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it the interpreter runs */
	if (atomic_compare_exchange_strong(cell, &first, code))
		return code;
	pcre2_code_free(code);
	return first;
}

bool regex_warm(const struct regex *re)
{
	atomic_store(&re->code->uses, JIT_AFTER);
	return code_in(&re->code->fast, re->text, true) != NULL;
}

static enum regex_result match(const pcre2_code *code, const char *text, size_t len, uint32_t flags)
{
	struct bump bump;
	pcre2_general_context *general;
	pcre2_match_context *ctx;
	pcre2_match_data *data;
	int r;

	bump.used = 0;
	general = pcre2_general_context_create(bump_alloc, bump_free, &bump);
	ctx = general ? pcre2_match_context_create(general) : NULL;
	data = general ? pcre2_match_data_create(1, general) : NULL;
	if (!code || !ctx || !data)
		return REGEX_LIMIT;
	(void)pcre2_set_match_limit(ctx, MATCH_LIMIT); /* these cannot fail */
	(void)pcre2_set_depth_limit(ctx, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(ctx, HEAP_LIMIT_KIB);
	r = pcre2_match(code, (PCRE2_SPTR)text, len, 0, flags, data, ctx);
	if (r >= 0)
		return REGEX_YES;
	return r == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}

enum regex_result regex_match(const struct regex *re, const char *text, size_t len, uint32_t flags)
{
	struct regex_code *c = re->code;

	if (len < JIT_LEN && atomic_load_explicit(&c->uses, memory_order_relaxed) < JIT_AFTER) {
		enum regex_result r;

		(void)atomic_fetch_add_explicit(&c->uses, 1, memory_order_relaxed); /* a few too many do no harm */
		r = match(code_in(&c->plain, re->text, false), text, len, flags);
		if (r != REGEX_LIMIT)
			return r;
		/* The two have different limits: the answer must not depend on how often it was asked. */
	}
	return match(code_in(&c->fast, re->text, true), text, len, flags);
}
