#include "policy/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <ctype.h>
#include <pcre2.h>
#include <stdalign.h>

#define REGEX_TEXT_MAX 4096
#define MATCH_LIMIT    100000
#define DEPTH_LIMIT    1000
#define HEAP_LIMIT_KIB 48
#define STACK_SIZE     ((size_t)64 << 10)

struct regex {
	bool is_local;
	pcre2_code *code;
	pcre2_match_context *ctx; /* limits; read-only while matching */
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

bool regex_is_local(const struct regex *re)
{
	return re->is_local;
}

struct regex *regex_new(const char *text, char *why, size_t why_size)
{
	struct regex *re;
	PCRE2_SIZE offset;
	int code;

	if (strlen(text) > REGEX_TEXT_MAX) {
		(void)snprintf(why, why_size, "regex is longer than %d bytes", REGEX_TEXT_MAX);
		return NULL;
	}
	re = calloc(1, sizeof(*re));
	if (!re) {
		(void)snprintf(why, why_size, "out of memory");
		return NULL;
	}
	re->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
				 PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
	re->ctx = pcre2_match_context_create(NULL);
	if (!re->code || !re->ctx) {
		char msg[160] = "out of memory";

		if (!re->code)
			(void)pcre2_get_error_message(code, (PCRE2_UCHAR *)msg,
						      sizeof(msg)); /* may be cut */
		(void)snprintf(why, why_size, "regex: %s (at character %zu)", msg,
			       re->code ? 0 : offset + 1);
		return regex_free(re);
	}
	re->is_local = text_is_local(text);
	(void)pcre2_set_match_limit(re->ctx, MATCH_LIMIT); /* these cannot fail */
	(void)pcre2_set_depth_limit(re->ctx, DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(re->ctx, HEAP_LIMIT_KIB);
	(void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE); /* without it the interpreter runs */
	return re;
}

struct regex *regex_free(struct regex *re)
{
	if (re) {
		pcre2_match_context_free(re->ctx);
		pcre2_code_free(re->code);
		free(re);
	}
	return NULL;
}

enum regex_result regex_match(const struct regex *re, const char *text, size_t len, uint32_t flags)
{
	struct bump bump;
	pcre2_general_context *general;
	pcre2_match_data *data;
	int r;

	bump.used = 0;
	general = pcre2_general_context_create(bump_alloc, bump_free, &bump);
	data = general ? pcre2_match_data_create(1, general) : NULL;
	if (!data)
		return REGEX_LIMIT;
	r = pcre2_match(re->code, (PCRE2_SPTR)text, len, 0, flags, data, re->ctx);
	if (r >= 0)
		return REGEX_YES;
	return r == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}
