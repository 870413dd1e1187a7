#!/bin/bash
# Hostile sizes and shapes through `crust check`: each line gets one answer, within LIMIT (10) seconds on a busy machine,
# and size alone never makes it an allow. TAP on stdout.
set -u
shopt -s lastpipe # try() counts

CRUST=${CRUST:-${B:-build}/crust}
LIMIT=${LIMIT:-10}
case $CRUST in /*) ;; *) CRUST=$PWD/$CRUST ;; esac
if [ ! -x "$CRUST" ]; then
	echo "1..0 # SKIP: $CRUST is not built"
	exit 77
fi
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
unset XDG_CONFIG_HOME
n=0 bad=0 slowest=0 slowest_name=''

# rep TEXT TIMES. In all texts @n is a new line of the text, in JSON.
rep() { yes -- "$1" | head -n "$2" | tr -d '\n'; }
# numbered FORMAT TIMES: with %d the number.
numbered() { awk -v f="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) { s = f; gsub(/%d/, i, s); printf "%s", s } }'; }

# try NAME WANT: what is on stdin as one line. WANT is stop (deny, ask or an error), allow, or any.
try() {
	local start status ms got
	sed 's/@n/\\n/g' >"$T/line"
	echo >>"$T/line"
	start=$(date +%s%N)
	timeout "$LIMIT" "$CRUST" check --brief --home /home/u --cwd /home/u/src/demo --workspace /home/u/src/demo \
		<"$T/line" >"$T/out" 2>"$T/err"
	status=$?
	ms=$((($(date +%s%N) - start) / 1000000))
	got=$(head -c 40 "$T/out")
	[ "$ms" -le "$slowest" ] || { slowest=$ms slowest_name=$1; }
	case $2:$got in
	any:'{"verdict":"'*) ;;
	stop:'{"verdict":"deny"'* | stop:'{"verdict":"ask"'* | stop:'{"error":"'*) ;;
	allow:'{"verdict":"allow"'*) ;;
	*) status=200 ;;
	esac
	n=$((n + 1))
	if [ "$status" -le 2 ] && [ "$(wc -l <"$T/out")" = 1 ]; then
		echo "ok $n - $1: $ms ms"
	else
		echo "not ok $n - $1: exit status $status after $ms ms, $(wc -l <"$T/out") lines: $got"
		sed 's/^/# /' "$T/err" | head -5
		bad=1
	fi
}
command() { { printf '{"op":"exec","command":"'; cat; printf '"}'; } | try "$@"; }
field() { local before=$1 after=$2; shift 2; { printf '%s' "$before"; cat; printf '%s' "$after"; } | try "$@"; }

# --- one piece, a megabyte of it -------------------------------------------------------------------
# JSON's escapes: \\ is one backslash, \" a quote.
while IFS= read -r piece; do
	times=$((1000000 / ${#piece}))
	{ rep "$piece" $times; printf '@n rm -rf ~'; } | command "a megabyte of $piece" stop
done <<'E'
true;
rm -rf x;
a|
a b
'
\"
\"$(
`
$(
(
{ 
{a,b}
${a:-
$((
[[ 
<<E 
cat <<E@nE@n
>a 
a=b;
a=(
a[b]=c;
x=$x$x;
set -- $@ $@;
eval 'a';
sh -c 'a';
alias a=b;
f(){ f;};
if a; then 
for i in 1 2; do 
case x in x) 
trap 'a' EXIT;
cd ..;
cd a;
../
*a
$'\\x72' 
%41
echo cm0gLXJmIH4K|base64 -d|sh;
python3 -c 'open(1)';
http://a.b/c 
password=
AKIAIOSFODNN7EXAMPLE 
а
\u200b
\u202e
@n
\\\\
E

# --- depth ----------------------------------------------------------------------------------------
nest() { { rep "$1" 10000; printf '%s' "$2"; rep "$3" 10000; } | command "10,000 of $1" stop; }
nest '$(' 'rm -rf ~' ')'
nest '(' 'rm -rf ~' ')'
nest '{ ' 'rm -rf ~;' '}'
nest '{a,' 'b' '}'
nest '${a:-' 'rm' '}'
nest '\"$(' 'rm' ')\"'
nest '$((' '1' '))'
nest '[[ ( ' 'a' ' ) ]]'
nest 'if a; then ' 'rm -rf ~' '; fi'
nest 'f(){ ' 'rm -rf ~' ';}'
nest '<(' 'rm -rf ~' ')'
nest 'eval ' 'rm -rf ~' ''
nest 'sudo ' 'rm -rf ~' ''
nest "sh -c '" 'rm -rf ~' "'"
deep=$(printf 'rm -rf ~' | base64 -w 0)
for _ in 1 2 3 4 5 6 7 8 9 10; do deep=$(printf 'echo %s|base64 -d|sh' "$deep" | base64 -w 0); done
printf 'echo %s|base64 -d|sh' "$deep" | command "base64 in base64, eleven times" stop

# --- little text, much meaning --------------------------------------------------------------------
{ printf 'echo '; rep '{a,b}' 40; printf '; rm -rf ~'; } | command "braces that make 2^40 words" stop
printf 'echo {1..999999999}; rm -rf ~' | command "braces that make a milliard words" stop
{ printf 'x=aaaaaaaaaa;'; rep 'x=$x$x;' 60; printf 'rm -rf ~/$x'; } | command "a variable doubled 60 times" stop
{ rep 'for a in {1..99}; do ' 8; printf 'rm -rf ~'; rep '; done' 8; } | command "loops in loops" stop
{ printf 'echo aaaaaaaaaa'; rep "|sed 's/a/aaaaaaaaaa/g'" 9; printf '|sh'; } | command "sed that makes 10 GB" any
printf 'f(){ f; f; }; f; rm -rf ~' | command "a function that calls itself twice" stop
printf 'yes rm | head -c 99999999 | sh' | command "yes | head | sh" any

# --- size alone -----------------------------------------------------------------------------------
{ rep ' ' 900000; printf 'rm -rf ~'; } | command "behind a megabyte of spaces" stop
{ printf '#'; rep a 900000; printf '@nrm -rf ~'; } | command "behind a long comment" stop
{ rep 'true;' 190000; printf 'rm -rf ~'; } | command "behind many commands" stop
# shellcheck disable=SC2088 # JSON, not a word of ours
{ printf 'cat '; numbered 'a%d ' 10000; printf '~/.ssh/id_rsa'; } | command "the last of 10,000 words" stop
{ rep 'a ' 1100000; } | command "two megabytes" stop
{ printf "sh <<'E'@n"; rep 'echo a@n' 100000; printf 'rm -rf ~@nE@n'; } | command "a here-document of 100,000 lines, run" stop
{ printf "cat >x <<'E'@n"; rep 'hello@n' 100000; printf 'E@nrm -rf ~'; } | command "behind a here-document" stop
{ numbered 'cat <<E%d;' 10000; printf '@n'; numbered 'E%d@n' 10000; printf 'rm -rf ~'; } | command "10,000 here-documents" stop
{ printf '"rm","-rf"'; rep ',"x"' 10000; } | field '{"op":"exec","argv":[' ']}' "10,000 arguments" any
{ printf '"cat"'; rep ',"/x"' 10000; } | field '{"op":"exec","argv":[' ',"/home/u/.ssh/id_rsa"]}' "the last of 10,000 arguments" stop
rep 'a/' 500000 | field '{"op":"read","path":"/' '"}' "a long path" stop
rep '*a' 1000 | field '{"op":"exec","command":"cat /' '"}' "a glob with 1,000 stars" any
rep 'a.' 400000 | field '{"op":"connect","url":"http://' '"}' "a long host name" stop
rep 'int main(void);@n' 320000 | field '{"op":"write","path":"src/a.c","content":"' '"}' "5 MB of C" allow
rep 'echo hello@n' 450000 | field '{"op":"write","path":"src/a.sh","content":"' '"}' "5 MB of shell" any
rep 'all:@n\techo hello@n' 300000 | field '{"op":"write","path":"Makefile","content":"' '"}' "5 MB of Makefile" any
for piece in 'lorem ipsum ' 'YWJjZGVm' 'YWJjZGVmZ2hpamtsbW5vcA== ' 'password=a ' '-----BEGIN ' 'eyJ' 'abandon ' 'http://a:b@c '; do
	rep "$piece" $((5000000 / ${#piece})) | field '{"op":"text","text":"' '"}' "5 MB of $piece" any
done
rep '+x@n' 1000000 | field '{"op":"tool","tool":"apply_patch","input":{"input":"*** Begin Patch@n*** Add File: a@n' \
	'*** End Patch"}}' "a patch of a million lines" any
numbered '*** Add File: a%d@n+x@n' 20000 | field '{"op":"tool","tool":"apply_patch","input":{"input":"*** Begin Patch@n' \
	'*** End Patch"}}' "a patch of 20,000 files" stop

# --- JSON ----------------------------------------------------------------------------------------
{ rep '[' 10000; rep ']' 10000; } | field '{"op":"tool","tool":"x","input":' '}' "10,000 lists deep" stop
{ rep '{"a":' 10000; printf 1; rep '}' 10000; } | field '{"op":"tool","tool":"x","input":' '}' "10,000 objects deep" stop
numbered '"k%d":"rm -rf ~",' 50000 | field '{"op":"tool","tool":"Bash","input":{' '"z":1}}' "50,000 keys" stop
rep '"op":"exec",' 100000 | field '{' '"command":"ls"}' "a key 100,000 times" stop
rep '1e999,' 200000 | field '{"op":"tool","tool":"x","input":[' '1]}' "numbers without end" any
printf '{"op":"exec","command":"ls' | try "no end" stop
printf '{"op":"exec","command":"ls\\u0000"}' | try "NUL, escaped" stop
printf '{"op":"exec","command":"ls \0"}' | try "NUL" stop
printf '{"op":"exec","command":"ls \\u001a"}' | try "SUB" stop
printf '{"op":"exec","command":"ls \\ud800"}' | try "half a surrogate pair" stop
printf '{"op":"exec","command":"ls \xff\xfe"}' | try "no UTF-8" stop
printf '{"op":"exec","command":"ls \xc0\xaf"}' | try "a slash in two bytes" stop
printf '{"op":"exec",/**/"command":"ls"}' | try "a comment" stop
printf '{"op":"exec","command":"ls"}x' | try "more behind it" stop
printf '{\0"\0o\0p\0"\0' | try "UTF-16" stop
rep 'a' 17000000 | field '{"op":"exec","command":"' '"}' "17 MB" stop

echo "# slowest: $slowest_name, $slowest ms"
echo "1..$n"
exit $bad
