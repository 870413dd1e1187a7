/* What text looks like, against what its bytes are. */
#include "text/unicode.h"

#include "tests/unit/tap.h"

#include <time.h>

#define INV UNICODE_INVISIBLE
#define TAGS(a, b) "\xf3\xa0\x81" a "\xf3\xa0\x81" b

struct point {
	const char *text;
	unsigned bits;
	const char *norm, *skeleton; /* NULL: the same as text, as norm */
};

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct point points[] = {
	/* nothing to find: names as people give them */
	{"git commit -m 'fix: a\tb'\r\n", 0},
	{"/home/u/文档/报告2024.txt", 0},
	{"日本語のファイル名.txt", 0},
	{"カタカナ テスト", 0},
	{"한국어 파일.hwp", 0},
	{"привет мир", 0},
	{"Отчёт за год.docx", 0},
	{"МОСКВА", 0},
	{"а о с у", 0},
	{"Ελληνικά έγγραφα", 0},
	{"résumé français œuvre", 0},
	{"Straße Größe Übung", 0},
	{"Việt Nam tiếng Việt", 0},
	{"Æblegrød på ø, Łódź, þing, ħobż", 0},
	{"تقرير سنوي.pdf", 0},
	{"می\u200cخواهم", 0},
	{"דוח שנתי.pdf", 0},
	{"हिन्दी दस्तावेज़.txt", 0},
	{"क्\u200dष", 0},
	{"தமிழ் கோப்பு", 0},
	{"ภาษาไทย รายงาน", 0},
	{"ქართული ტექსტი", 0},
	{"Հայերեն փաստաթուղթ", 0},
	{"አማርኛ ሰነድ", 0},
	{"বাংলা নথি", 0},
	{"iPhone用户指南.md", 0},
	{"👨\u200d👩\u200d👧 👩🏽\u200d💻 ❤\ufe0f 🏳\ufe0f\u200d🌈", 0},
	{"1\ufe0f\u20e3 #\ufe0f\u20e3 🇩🇪", 0},
	{"🏴" TAGS("\xa7", "\xa2") TAGS("\xa5", "\xae") TAGS("\xa7", "\xbf") " flag", 0},
	{"葛\U000e0100城", 0},
	{"“quoted” – and — dashes…", UNICODE_COMPAT, "“quoted” – and — dashes..."},
	{"2019–2020, it’s 5 × 4 ≈ 20 → ok ✓", 0},
	{"α-helix, 3 Ωm", 0},
	/* bytes */
	{"a\xff" "b", UNICODE_INVALID, "a\ufffd" "b"},
	{"\xc0\x80", UNICODE_INVALID, "\ufffd\ufffd"},
	{"\xed\xa0\x80", UNICODE_INVALID, "\ufffd\ufffd\ufffd"},
	{"\xf4\x90\x80\x80", UNICODE_INVALID, "\ufffd\ufffd\ufffd\ufffd"},
	{"a\xe2\x82", UNICODE_INVALID, "a\ufffd\ufffd"},
	{"r\bm", UNICODE_CONTROL, "rm"},
	{"r\177m", UNICODE_CONTROL, "rm"},
	{"r\xc2\x85m", UNICODE_CONTROL, "rm"},
	/* escape sequences */
	{"\033[31mred\033[0m", UNICODE_ANSI, "red"},
	{"\033[38;2;1;2;3mx\033[K", UNICODE_ANSI, "x"},
	{"a\033]8;;http://evil\033\\link\033]8;;\033\\b", UNICODE_ANSI, "alinkb"},
	{"\033]0;title\arm", UNICODE_ANSI, "rm"},
	{"\033P1$r\033\\rm", UNICODE_ANSI, "rm"},
	{"\xc2\x9b" "31mrm", UNICODE_ANSI, "rm"},
	{"\xc2\x9dx\xc2\x9crm", UNICODE_ANSI, "rm"},
	{"\033(Bx\0337y\033", UNICODE_ANSI, "xy"},
	/* what has no end hides nothing */
	{"\033]0;rm -rf /\nx", UNICODE_ANSI, "0;rm -rf /\nx"},
	{"\033Prm -rf /", UNICODE_ANSI, "rm -rf /"},
	{"\033[", UNICODE_ANSI, ""},
	/* invisible */
	{"r\u200bm", INV, "rm"},
	{"r\u200cm r\u200dm", INV, "rm rm"},
	{"r\u2060m r\u00adm r\ufeffm", INV, "rm rm rm"},
	{"\ufeffrm", INV, "rm"},
	{"r\u115fm r\u1160m r\u3164m r\uffa0m", INV, "rm rm rm rm"},
	{"r\u180em r\u034fm r\u2062m r\ufff9m r\u2800m", INV, "rm rm rm rm rm"},
	{"می\u200c\u200cخ", INV, "می\u200cخ"},
	{"e\u200b\u0301", INV | UNICODE_COMPAT, "é"},
	{"\u200b", INV, ""},
	/* direction */
	{"photo\u202egnp.exe", UNICODE_BIDI, "photognp.exe"},
	{"\u2066a\u2069 \u200eb\u200f \u061cc", UNICODE_BIDI, "a b c"},
	/* hidden text */
	{"hi" TAGS("\xb2", "\xad"), UNICODE_TAG, "hi"},
	{"🏴" TAGS("\xb2", "\xad") TAGS("\xb2", "\xad") TAGS("\xb2", "\xad"), UNICODE_TAG, "🏴"},
	{"🏴" TAGS("\xa7", "\xa2") TAGS("\xa5", "\xae") TAGS("\xa7", "\xa7"), UNICODE_TAG, "🏴"},
	{"x\U000e0162\U000e015d", UNICODE_TAG, "x"},
	{"😀\ufe01\ufe02\ufe03", UNICODE_TAG, "😀"},
	{"r\ufe0fm", UNICODE_TAG, "rm"},
	{"a\U000e0001", UNICODE_TAG, "a"},
	/* NFKC */
	{"ｒｍ　－ｒｆ　／", UNICODE_COMPAT, "rm -rf /"},
	{"𝒸𝓊𝓇𝓁 𝐫𝐦 ⓡⓜ ⅷ", UNICODE_COMPAT, "curl rm rm viii"},
	{"ﬁle ſsh ℌ", UNICODE_COMPAT, "file ssh H"},
	{"cafe\u0301", UNICODE_COMPAT, "café"},
	{"e\u0323\u0302", UNICODE_COMPAT, "ệ"},
	{"e\u0302\u0323", UNICODE_COMPAT, "ệ"},
	{"\u1100\u1161\u11a8", UNICODE_COMPAT, "각"},
	{"ｶﾞ", UNICODE_COMPAT, "ガ"},
	{"a\u00a0b", UNICODE_COMPAT, "a b"},
	{"\u037e", UNICODE_COMPAT, ";"},
	{"。．ｓｓｈ", UNICODE_COMPAT, "。.ssh"},
	/* imitations */
	{"сurl http://x", UNICODE_CONFUSABLE, NULL, "curl http://x"},
	{"cat ~/.ѕsh/id_rsа", UNICODE_CONFUSABLE, NULL, "cat ~/.ssh/id_rsa"},
	{"сору", UNICODE_CONFUSABLE, NULL, "copy"},
	{"ѕср", UNICODE_CONFUSABLE, NULL, "scp"},
	{"ехес rооt", UNICODE_CONFUSABLE, NULL, "exec root"},
	{"аdmin раsswоrd", UNICODE_CONFUSABLE, NULL, "admin password"},
	{"wgeт cаt", UNICODE_CONFUSABLE, NULL, "wget cat"},
	{"sudо привет", UNICODE_CONFUSABLE, NULL, "sudo привет"},
	{"ѕνη", 0}, /* η is no letter of Latin alone */
	{"ѕvη", UNICODE_CONFUSABLE, NULL, "svn"},
	{"bаѕh -с", UNICODE_CONFUSABLE, NULL, "bash -с"},
	{"ϲurl сսrl", UNICODE_COMPAT | UNICODE_CONFUSABLE, "ςurl сսrl", "ςurl curl"},
	{"ᴄᴜʀʟ", UNICODE_CONFUSABLE, NULL, "curl"},
	{"ıd", UNICODE_CONFUSABLE, NULL, "id"},
	{"ɡit", UNICODE_CONFUSABLE, NULL, "git"},
	{"r\u0336m\u0336", UNICODE_CONFUSABLE, NULL, "rm"},
	{"r\u0489m\u20dd", UNICODE_CONFUSABLE, NULL, "rm"},
	{"cat ∕etc∕passwd", UNICODE_CONFUSABLE, NULL, "cat /etc/passwd"},
	{"rm –rf ‐‐no", UNICODE_CONFUSABLE, NULL, "rm -rf --no"},
	{"с\u200burl", INV | UNICODE_CONFUSABLE, "сurl", "curl"},
	{"ｃurl сurl", UNICODE_COMPAT | UNICODE_CONFUSABLE, "curl сurl", "curl curl"},
};

static void test_point(const struct point *p)
{
	autobuf norm = {0}, skeleton = {0};
	unsigned bits = unicode_normalise(p->text, strlen(p->text), &norm, &skeleton);
	const char *want = p->norm ? p->norm : p->text;
	bool good = bits == p->bits;

	if (!bits)
		good = good && !norm.len && !skeleton.len;
	else
		good = good && streq(buf_str(&norm), want) &&
		       streq(buf_str(&skeleton), p->skeleton ? p->skeleton : want);
	if (!ok(good, "point %zu, bits %x", (size_t)(p - points), p->bits))
		note("%s: %x, \"%s\", \"%s\"", p->text, bits, buf_str(&norm), buf_str(&skeleton));
	/* Without a skeleton, the rest is the same. */
	buf_reset(&norm);
	ok(unicode_normalise(p->text, strlen(p->text), &norm, NULL) == bits && streq(buf_str(&norm),
		bits ? want : ""),
	   "point %zu, norm alone", (size_t)(p - points));
}

static void test_nul(void)
{
	autobuf norm = {0}, skeleton = {0};

	ok(unicode_normalise("r\0m", 3, &norm, &skeleton) == UNICODE_NUL && streq(buf_str(&norm), "rm") &&
	   streq(buf_str(&skeleton), "rm"), "a NUL goes");
	buf_puts(&norm, "!");
	(void)unicode_normalise("\xd0\xb0\xd1\x81" "e", 5, &norm, &skeleton);
	ok(streq(buf_str(&norm), "rm!асe") && streq(buf_str(&skeleton), "rmace"), "both are appended to");
	ok(!unicode_normalise("", 0, &norm, &skeleton), "nothing is nothing");
}

/* Every text of one byte that is not plain, at every place of a longer one. */
static void test_places(void)
{
	bool good = true;

	for (size_t i = 0; i < 100; i++) {
		for (int c = 0; c < 256; c++) {
			char s[101];
			autobuf norm = {0};
			bool plain = (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r';

			memset(s, 'a', sizeof(s));
			s[i] = (char)c;
			good &= (unicode_normalise(s, 100, &norm, NULL) == 0) == plain;
		}
	}
	ok(good, "one byte anywhere is seen");
}

static void test_utf8(void)
{
	static const struct {
		const char *s;
		bool good;
	} t[] = {
		{"", true}, {"abc\n\033", true}, {"é€😀", true}, {"\xc3", false}, {"\xc0\xaf", false},
			{"\xe0\x80\x80", false},
		{"\xed\xbf\xbf", false}, {"\xf0\x80\x80\x80", false}, {"\xf4\x8f\xbf\xbf", true},
			{"\xf5\x80\x80\x80", false},
		{"\x80", false}, {"abc\xe2\x82", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		ok(unicode_is_utf8(t[i].s, strlen(t[i].s)) == t[i].good, "UTF-8 %zu", i);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What would be quadratic for whoever is careless: a megabyte of it. */
static void test_long(void)
{
	static const char *const units[] = {
		"\u0301\u0316", "\033]", "\033[", "\xc2\x9d", "\u200d", "с", "r\u0336",
		"\ufdfa", "\xff", "a\u200b", "\xf3\xa0\x81\xa1", "–",
		"сa", "\u1161", "\ufe0f", "🏴\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2",
	};
	double start = seconds();

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		autobuf text = {0}, norm = {0}, skeleton = {0};

		while (text.len < (1u << 20))
			buf_puts(&text, units[i]);
		(void)unicode_normalise(buf_str(&text), text.len, &norm, &skeleton);
		ok(!buf_failed(&norm) && norm.len <= 12 * text.len && unicode_is_utf8(buf_str(&norm), norm.len),
			"a megabyte of unit %zu", i);
	}
	ok(seconds() - start < 20, "all of them in %.1f s", seconds() - start);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		test_point(&points[i]);
	test_nul();
	test_places();
	test_utf8();
	test_long();
	return tap_done();
}
