/* Texts without what hides them. */
#include "shell/plain.h"
#include "tests/unit/tap.h"

static const struct {
	const char *text, *want;
} cases[] = {
	{"", ""},
	{"rm -rf x", "rm -rf x"},
	{"r'm' \"-rf\" x", "rm -rf x"},
	{"\\rm r\\m '' ''x", "rm rm '' x"},
	{"echo 'a b' \"$x\" 'a;b'", "echo 'a b' \"$x\" 'a;b'"},
	{"echo \"a\\\"b\" 'c'", "echo \"a\\\"b\" c"},
	{"/bin/kill /a/b", "kill /a/b"},
	{"'/bin'/kill", "kill"},
	{"A=1 B='x y' kill", "; ; kill"},
	{"{ kill; }", "; kill; }"},
	{"if ! kill; then time curl", "; ; kill; ; ; curl"},
	{"echo if then", "echo if then"},
	{"a && \"b\" || { c", "a && b || ; c"},
	{"$(/bin/id) `/bin/id`", "$(id) `id`"},
	{"x |\n do /bin/y", "x |\n; y"},
	{"ki\\\nll 1", "kill 1"},
	{"'open", "'open"},
	{"\"a\\", "\"a\\"},
	{"\\", "\\"},
	{"/ ~/bin/", "/ ~/bin/"},
	{"--a=b c", "--a=b c"},
	{"a \t b \n\n  c 'x   y'", "a b\nc 'x y'"},
};

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf b = {0}, again = {0};

		shell_plain(cases[i].text, strlen(cases[i].text), &b);
		if (!ok(streq(buf_str(&b), cases[i].want), "case %zu", i))
			note("%s: %s, not %s", cases[i].text, buf_str(&b), cases[i].want);
		shell_plain(buf_str(&b), b.len, &again);
		ok(streq(buf_str(&again), cases[i].want), "case %zu: the same again", i);
	}
	return tap_done();
}
