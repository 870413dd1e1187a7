/* A pattern and a path, separated by a newline: the automaton and policy_glob() must agree, and the
 * canonical form must be its own canonical form. A third line is git configuration for
 * policy_inspect(). */
#include "policy/automaton.h"
#include "policy/pattern.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pattern_roots roots = {.home = {"/home/u", NULL}, .workspace = {"/w*s", NULL}};

static void check_stable(struct arena *a, const char *canonical)
{
	struct strlist again = {0};
	char why[200];

	if (strpbrk(canonical, "{}$"))
		return; /* escapes of these are gone: they are plain by now */
	if (pattern_expand(a, &roots, canonical, &again, why, sizeof(why)) < 0 || again.n != 1 ||
	    !streq(again.v[0], canonical))
		abort();
}

static void check(struct arena *a, struct strlist *list, const char *path)
{
	struct pattern_ref refs[32];
	const struct pattern_ref *bad;
	struct matcher m = {0};
	bool walk = false, dfa;
	struct hits h;
	size_t n = MIN(list->n, ARRAY_SIZE(refs));

	for (size_t i = 0; i < n; i++) {
		check_stable(a, list->v[i]);
		refs[i] = (struct pattern_ref){.text = list->v[i], .entry = 7};
		walk |= policy_glob(list->v[i], path);
	}
	if (matcher_build(a, &m, refs, n, &bad) == 0) {
		matcher_run(&m, path, &h);
		dfa = h.n > 0;
		if (dfa != walk)
			abort();
	}
}

static void use_rest(const char *pattern, const char *path, const char *config)
{
	char why[100];

	(void)policy_glob(pattern, path); /* also when it is not canonical */
	(void)policy_inspect(INSPECT_GIT_CONFIG, NULL, path, strlen(path), config, strlen(config), why,
			     sizeof(why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct strlist list = {0};
	char *text = strndup((const char *)data, size), *rest = text, why[200], norm[4096];
	char *pattern = strsep(&rest, "\n"), *path = strsep(&rest, "\n");

	if (path && policy_normalise("/cwd", path, norm, sizeof(norm)) > 0) {
		if (strlen(pattern) < 200 &&
		    pattern_expand(&a, &roots, pattern, &list, why, sizeof(why)) == 0)
			check(&a, &list, norm);
		if (strlen(pattern) < PATTERN_MAX)
			use_rest(pattern, path, rest ? rest : "");
	}
	arena_done(&a);
	free(text);
	return 0;
}
