/* Secrets: samples made from every entry of the table and from tests/data/secrets with a fixed
 * seed; texts without any; wrapped ones; check digits; places; hostile texts. `test_secrets FILE…`
 * instead counts the hits in files. */
#include "text/checksum.h"
#include "text/format.h"
#include "text/secrets.h"
#include "text/shape.h"
#include "tests/unit/tap.h"

#include <time.h>

/* ---- samples ---- */
static uint64_t seed = 0x5ec7e75;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % below;
}

static void put_shape(struct buf *b, const char *shape, const char *end)
{
	while (shape < end) {
		unsigned long n = 1;
		char *after;

		if (*shape != '%') {
			buf_putc(b, *shape++);
			continue;
		}
		char class = shape[1];

		shape += 2;
		if (*shape == '{') {
			n = strtoul(shape + 1, &after, 10);
			shape = strchr(after, '}') + 1;
		}
		for (unsigned char c; n;)
			if (shape_class_has(class, c = (unsigned char)draw(128))) {
				buf_putc(b, (char)c);
				n--;
			}
	}
}

static const char *first_hit(const char *text, size_t len, struct secret_hit *hit)
{
	return secrets_scan(text, len, hit, 1) ? hit->name : "(none)";
}

/* One sample of the entry with this literal: "x = " LITERAL BODY, or NAME_key = "BODY". */
static void put_sample(struct buf *b, const struct format *f, const char *lit, size_t len)
{
	bool named = f->check == FORMAT_ASSIGNED;

	buf_puts(b, named ? "export " : "x = ");
	if (f->back)
		put_shape(b, f->back, f->back + strlen(f->back));
	buf_put(b, lit, len);
	if (named)
		buf_puts(b, "_key = \"");
	put_shape(b, f->shape, f->shape + strlen(f->shape));
	buf_puts(b, named ? "\"\n" : "\n");
}

static void test_table(void)
{
	unsigned kinds = 0, bad = 0, samples = 0;

	for (size_t i = 0; i < formats_count; i++) {
		const struct format *f = &formats[i];
		size_t len;

		if (f->check != FORMAT_SHAPE && f->check != FORMAT_CRC62 &&
		    f->check != FORMAT_ASSIGNED)
			continue;
		for (const char *lit = f->literals; *lit; lit += len + (lit[len] == '|')) {
			len = strcspn(lit, "|");
			for (int round = 0; round < 2; round++) {
				autobuf b = {0};
				struct secret_hit hit;
				const char *name;

				put_sample(&b, f, lit, len);
				name = first_hit(buf_str(&b), b.len, &hit);
				samples++;
				if (streq(name, f->name))
					continue;
				/* Another vendor may have the same form under the same name of a
				 * variable. */
				if (f->check == FORMAT_ASSIGNED && !streq(name, "(none)"))
					continue;
				bad++;
				note("%s: %s in %s", f->name, name, buf_str(&b));
			}
		}
		kinds++;
	}
	ok(!bad, "samples of the table: %u of %u entries are found by name", samples, kinds);
	for (kinds = 0; secrets_format(kinds, NULL);)
		kinds++;
	ok(kinds >= 120, "formats: %u kinds have a name", kinds);
}

/* \n, \t and \\ of a data file, and <<shape>>. */
static void put_text(struct buf *b, const char *s)
{
	while (*s) {
		const char *end = str_starts(s, "<<") ? strstr(s, ">>") : NULL;

		if (end) {
			put_shape(b, s + 2, end);
			s = end + 2;
		} else if (*s == '\\' && strchr("nt\\", s[1])) {
			buf_putc(b, s[1] == 'n' ? '\n' : s[1] == 't' ? '\t' : '\\');
			s += 2;
		} else {
			buf_putc(b, *s++);
		}
	}
}

static void test_file(const char *path, bool positive)
{
	autofclose f = fopen(path, "r");
	static char line[4096];

	while (f && fgets(line, sizeof(line), f)) {
		char *text = line;
		const char *want = "(none)", *name;
		struct secret_hit hit;
		autobuf b = {0};

		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		if (positive)
			want = strsep(&text, "\t");
		put_text(&b, text);
		name = first_hit(buf_str(&b), b.len, &hit);
		if (!ok(streq(name, want), "%s: %.60s", want, text))
			note("found %s in %s", name, buf_str(&b));
	}
	ok(f, "%s is there", path);
}

/* ---- wrapped ---- */
static void put_base64(struct buf *b, const char *s, size_t len, unsigned wrap)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0, column = 0; i < len; i += 3) {
		uint32_t x = (uint32_t)(unsigned char)s[i] << 16;

		x |= i + 1 < len ? (uint32_t)(unsigned char)s[i + 1] << 8 : 0;
		x |= i + 2 < len ? (unsigned char)s[i + 2] : 0;
		for (unsigned j = 0; j < 4; j++, column++) {
			if (wrap && column && column % wrap == 0)
				buf_putc(b, '\n');
			buf_putc(b, i + j <= len ? digits[x >> (18 - 6 * j) & 63] : '=');
		}
	}
}

static void put_plain(struct buf *b, const char *shape)
{
	put_shape(b, shape, shape + strlen(shape));
}

static void test_base64(void)
{
	unsigned bad = 0;

	for (unsigned before = 0; before < 200; before++) {
		autobuf plain = {0}, b = {0};
		struct secret_hit hit;

		for (unsigned i = 0; i < before; i++)
			buf_putc(&plain, i % 9 ? (char)('a' + draw(26)) : '\n');
		put_plain(&plain,
			  before % 2 ? "ghp_%w{36} and more\n" : " AKIA%2{16} and more of it\n");
		buf_puts(&b, "echo ");
		put_base64(&b, plain.data, plain.len, before % 3 ? 0 : 76);
		buf_puts(&b, " | base64 -d\n");
		if (!secrets_scan(b.data, b.len, &hit, 1)) {
			bad++;
			note("at %u: %s", before, buf_str(&b));
		}
	}
	ok(!bad, "base64: found behind 0 to 199 bytes, on one line and on many");
}

static void put_escaped(struct buf *b, const char *s, unsigned how, unsigned every)
{
	for (unsigned i = 0; s[i]; i++) {
		if (i % every) {
			buf_putc(b, s[i]);
			continue;
		}
		switch (how) {
		case 0:
			buf_printf(b, "\\u%04x", s[i]);
			break;
		case 1:
			buf_printf(b, "\\x%02X", s[i]);
			break;
		case 2:
			buf_printf(b, "%%%02x", s[i]);
			break;
		case 3:
			buf_printf(b, "\\%03o", s[i]);
			break;
		case 4:
			buf_printf(b, "\\\\u%04x", s[i]);
			break; /* JSON within JSON */
		}
	}
}

static void test_escapes(void)
{
	for (unsigned how = 0; how < 5; how++)
		for (unsigned every = 1; every < 8; every += 3) {
			autobuf secret = {0}, b = {0}, out = {0}, want = {0};
			struct secret_hit hit;

			put_plain(&secret, "ghp_%w{36}");
			for (unsigned i = 0; i < 5000; i++)
				buf_puts(&b, i % 10 ? "word " : "line\\n\n");
			buf_puts(&want, buf_str(&b));
			put_escaped(&b, buf_str(&secret), how, every);
			buf_puts(&b, "\" and the rest\n");
			buf_puts(&want, "[REDACTED:github-token]\" and the rest\n");
			ok(streq(first_hit(b.data, b.len, &hit), "github-token") &&
				   secrets_redact(b.data, b.len, &out) == 1 &&
				   streq(buf_str(&out), buf_str(&want)),
			   "escapes: kind %u, every %u. letter: found and redacted in place", how,
			   every);
		}
}

/* ---- check digits ---- */
static void put_base58(struct buf *b, const uint8_t *data, size_t len)
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	uint8_t num[128], hash[32], out[160];
	size_t n = 0;

	memcpy(num, data, len);
	checksum_sha256(num, len, hash);
	checksum_sha256(hash, 32, hash);
	memcpy(num + len, hash, 4);
	for (size_t total = len + 4, from = 0; from < total; n++) {
		unsigned rest = 0;

		for (size_t i = from; i < total; i++) {
			rest = rest << 8 | num[i];
			num[i] = (uint8_t)(rest / 58);
			rest %= 58;
		}
		out[n] = (uint8_t)rest;
		while (from < total && !num[from])
			from++;
	}
	while (n--)
		buf_putc(b, digits[out[n]]);
}

static void test_wallets(void)
{
	static const uint8_t xprv[] = {0x04, 0x88, 0xad, 0xe4};

	for (unsigned kind = 0; kind < 4; kind++) {
		size_t len = (size_t[]){33, 34, 34, 78}[kind];
		uint8_t key[78];
		autobuf b = {0};
		struct secret_hit hit;

		for (size_t i = 0; i < len; i++)
			key[i] = (uint8_t)draw(256);
		key[0] = kind == 2 ? 0xef : 0x80;
		key[33] = 1;
		if (kind == 3)
			memcpy(key, xprv, 4);
		buf_puts(&b, "it is in ");
		put_base58(&b, key, len);
		ok(streq(first_hit(b.data, b.len, &hit),
			 kind == 3 ? "bip32-private-key" : "wif-private-key") &&
			   hit.start == 9 && hit.end == b.len,
		   "wallet key %u: %s", kind, buf_str(&b));
		b.data[20] = b.data[20] == 'A' ? 'B' : 'A';
		ok(streq(first_hit(b.data, b.len, &hit), "(none)"),
		   "wallet key %u: not with a wrong checksum", kind);
	}
}

static void test_checksums(void)
{
	static const uint8_t abc[] = "abc";
	static const char split[] = "CHECKUPSTAGEHANDSHAKEUPSTREAMERRANTERREDCAPERRED2Y9E3W";
	uint8_t hash[32];
	struct secret_hit hit;
	const char *low = "ghp_aaaaaaaaaabbbbbbbbbbaaaaaaaaaa";
	autobuf b = {0};
	uint32_t crc = checksum_crc32(low + 4, 30);
	char digits[7] = "";

	checksum_sha256(abc, 3, hash);
	ok(hash[0] == 0xba && hash[31] == 0xad, "sha256 of abc");
	ok(checksum_crc32("123456789", 9) == 0xcbf43926, "crc32 of 123456789");
	/* BIP 173's own valid and invalid strings */
	ok(checksum_bech32("a", "2uel5l", 6) && checksum_bech32("split", split, strlen(split)) &&
		   !checksum_bech32("a", "2uel5m", 6),
	   "bech32");
	for (int i = 5; i >= 0; i--, crc /= 62)
		digits[i] =
			"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[crc % 62];
	buf_printf(&b, "t=%s%s", low, digits);
	ok(streq(first_hit(b.data, b.len, &hit), "github-token"),
	   "a token with right check digits is one, whatever it looks like");
	b.data[b.len - 1] ^= 1;
	ok(streq(first_hit(b.data, b.len, &hit), "(none)"), "with wrong ones it has to look drawn");
}

/* ---- seed phrases ---- */
#define WORDLISTS "/usr/lib/python3/dist-packages/mnemonic/wordlist/"

static size_t read_words(const char *name, char words[2048][64])
{
	char path[200];
	size_t n = 0;

	snprintf(path, sizeof(path), WORDLISTS "%s.txt", name);
	autofclose f = fopen(path, "r");
	while (f && n < 2048 && fgets(words[n], 64, f)) {
		char *word = words[n];

		word[strcspn(word, "\r\n")] = '\0';
		if (str_starts(word, "\xef\xbb\xbf"))
			memmove(word, word + 3, strlen(word + 3) + 1);
		n++;
	}
	return n;
}

static void put_phrase(struct buf *b, char words[2048][64], size_t n, const char *gap, bool right)
{
	uint8_t bytes[34] = {0}, hash[32];
	size_t entropy = n * 11 / 33 * 32;

	for (size_t i = 0; i < entropy / 8; i++)
		bytes[i] = (uint8_t)draw(256);
	checksum_sha256(bytes, entropy / 8, hash);
	bytes[entropy / 8] = right ? hash[0] : (uint8_t)~hash[0];
	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;

		for (size_t bit = i * 11; bit < i * 11 + 11; bit++)
			v = v << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
		buf_printf(b, "%s%s", i ? gap : "", words[v]);
	}
}

static void test_phrases(void)
{
	static const char *const lists[] = {"english",
					    "french",
					    "italian",
					    "spanish",
					    "japanese",
					    "korean",
					    "chinese_simplified",
					    "chinese_traditional"};
	static const char *const gaps[] = {" ", "\n", ", ", "\", \"", "  \n\t"};
	static char words[2048][64];

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		unsigned bad = 0, wrong = 0;

		if (read_words(lists[l], words) != 2048) {
			ok(false, "%s: " WORDLISTS " is there (Debian: python3-mnemonic)",
			   lists[l]);
			continue;
		}
		for (unsigned round = 0; round < 200; round++) {
			size_t n = round < 150 ? 12 + 3 * draw(5) : 12, before = draw(100);
			const char *gap = streq(lists[l], "japanese") && round % 2
						  ? "\xe3\x80\x80"
						  : gaps[round % ARRAY_SIZE(gaps)];
			autobuf b = {0};
			struct secret_hit hit;

			for (size_t i = 0; i < before; i++)
				buf_putc(&b, i % 7 == 6 ? ' ' : 'q');
			buf_puts(&b, "\n# ");
			put_phrase(&b, words, n, gap, round < 150);
			buf_puts(&b, " #\n");
			if (streq(first_hit(b.data, b.len, &hit), "bip39-mnemonic") !=
			    (round < 150)) {
				*(round < 150 ? &bad : &wrong) += 1;
				if (bad == 1)
					note("%s", buf_str(&b));
			}
		}
		ok(!bad, "%s: 150 phrases are found", lists[l]);
		ok(wrong < 15, "%s: of 50 with a wrong checksum, %u are", lists[l], wrong);
	}
}

/* ---- places, limits, time ---- */
static void test_places(void)
{
	autobuf b = {0}, out = {0};
	struct secret_hit hits[8];
	size_t n, last = 0;
	bool right = true;

	for (unsigned i = 0; i < 20; i++)
		put_plain(&b,
			  i % 2 ? "x = glpat-%u{20}\n" : "aws AKIA%2{16} password=Tr0ub4%w{8}\n");
	n = secrets_scan(b.data, b.len, hits, ARRAY_SIZE(hits));
	for (size_t i = 0; i < n; i++) {
		right &= hits[i].start >= last && hits[i].end > hits[i].start &&
			 hits[i].end <= b.len;
		last = hits[i].end;
	}
	ok(n == ARRAY_SIZE(hits) && right && hits[0].start == 4,
	   "as many as there is room for, in order, from the first");
	ok(secrets_redact(b.data, b.len, &out) == 30 && !strstr(buf_str(&out), "glpat") &&
		   !strstr(buf_str(&out), "AKIA") &&
		   strstr(buf_str(&out),
			  "aws [REDACTED:aws-access-key] password=[REDACTED:generic-secret]\n"),
	   "redacted, all of them");
	ok(secrets_scan("", 0, hits, 8) == 0 && secrets_scan(b.data, b.len, hits, 0) == 0,
	   "nothing of nothing");
	ok(secrets_format(1 << 20, NULL) == NULL, "no format behind the last");
}

/* A word behind a key, or in front of it, does not make it harmless. */
static void test_evasion(void)
{
	static const char *const shapes[] = {"ghp_%w{36}EXAMPLE",
					     "xghp_%w{36}",
					     "sk-ant-api03-%u{93}example",
					     "\\nAKIA%2{16}\\n",
					     "glpat-%u{20}-placeholder-xxxxxxxx",
					     "https://h/?q=ghp_%w{36}%26x",
					     "\"A\" KIA ghp_%w{36}",
					     "AKIA%2{16}\\u0000"};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		autobuf b = {0};
		struct secret_hit hit;

		put_plain(&b, shapes[i]);
		ok(!streq(first_hit(b.data, b.len, &hit), "(none)"), "still found: %s", shapes[i]);
	}
}

static void test_time(void)
{
	static const char *const units[] = {"a",
					    "ghp_",
					    "AKIA",
					    "key:",
					    "key=\"a",
					    "password=Ab1!",
					    "eyJhbGciOi.eyJ-",
					    "://a:bcd@",
					    "-----BEGIN PRIVATE KEY-----\n",
					    "QUtJQ",
					    "zoo wrong abandon ability ",
					    "%41",
					    "\\u0041",
					    "\\\\",
					    "machine login password ",
					    "1:AA",
					    "xprv",
					    "%2541",
					    "=",
					    "\xea\xb0\x80 ",
					    "zoo wrong able about above absent absorb zone youth zebra x. ",
					    "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyT5 ",
					    "age1",
					    "\xe3\x80\x80",
					    "a\xe3\x80\x80"};
	static char text[1 << 20];
	static struct secret_hit hits[100000];

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		struct timespec t[2];
		size_t len = strlen(units[i]);
		long ms;

		for (size_t j = 0; j < sizeof(text); j++)
			text[j] = units[i][j % len];
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t[0]);
		(void)secrets_scan(text, sizeof(text), hits, ARRAY_SIZE(hits));
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t[1]);
		ms = (t[1].tv_sec - t[0].tv_sec) * 1000 + (t[1].tv_nsec - t[0].tv_nsec) / 1000000;
		ok(ms < 1000, "a megabyte of '%.30s' takes %ld ms", units[i], ms);
	}
}

static int count_files(int argc, char **argv)
{
	static struct secret_hit hits[1000];
	size_t total = 0, found = 0;

	for (int i = 1; i < argc; i++) {
		autofclose f = fopen(argv[i], "r");
		autobuf b = {0};
		char chunk[65536];
		size_t n;

		while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
			buf_put(&b, chunk, n);
		total += b.len;
		n = secrets_scan(buf_str(&b), b.len, hits, ARRAY_SIZE(hits));
		found += n;
		for (size_t j = 0; j < n; j++)
			note("%s: %s: %.*s", argv[i], hits[j].name,
			     (int)MIN(hits[j].end - hits[j].start, (size_t)100),
			     b.data + hits[j].start);
	}
	note("%zu hits in %zu bytes", found, total);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return count_files(argc, argv);
	test_table();
	test_file("tests/data/secrets/negative.txt", false);
	test_file("tests/data/secrets/positive.txt", true);
	test_base64();
	test_escapes();
	test_wallets();
	test_checksums();
	test_phrases();
	test_places();
	test_evasion();
	test_time();
	return tap_done();
}
