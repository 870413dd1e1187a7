#!/bin/sh
# `crust check` and `crust plan`: the built-in rules case by case (tests/data/builtin), names that lead
# elsewhere, lines that must be refused. TAP on stdout. CRUST names the program.
#
# shellcheck disable=SC2016  # $H and $W in the cases are ours to fill in, not the shell's
set -u

CRUST=${CRUST:-${B:-build}/crust}
DATA=$(dirname "$0")/../data/builtin
case $CRUST in /*) ;; *) CRUST=$PWD/$CRUST ;; esac
if [ ! -x "$CRUST" ]; then
	echo "1..0 # SKIP: $CRUST is not built"
	exit 77
fi
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
unset XDG_CONFIG_HOME

n=0
failed=0
ok() { # ok STATUS NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# is NAME GOT WANTED
is() {
	[ "$2" = "$3" ]
	ok $? "$1"
	[ "$2" = "$3" ] || printf '# got:    %s\n# wanted: %s\n' "$2" "$3"
}

# ask HOME WORKSPACE [OPTION...]: answers "verdict rule" or "error TEXT" for each line of stdin
ask() {
	home=$1 work=$2
	shift 2
	"$CRUST" check --home "$home" --cwd "$work" "$@" | tr '\t' ' ' |
		sed -e 's/^{"verdict":"\([a-z]*\)","rule":"\([^"]*\)".*/\1 \2/' -e 's/^{"error":"\(.*\)"}$/error \1/'
}

# --- every built-in rule --------------------------------------------------------------------------

# cases FILE HOME WORKSPACE: the cases of one file; those that depend on the default only if it can hold
# (below /tmp every write is allowed by the rule "temp").
cases() {
	grep -v '^#' "$1" | sed -e "s|\$H|$2|g" -e "s|\$W|$3|g" >"$T/cases"
	case $2 in
	/tmp/* | /var/tmp/*)
		grep -v '^deny default' "$T/cases" | grep -v '^allow [a-z]' >"$T/c2"
		mv "$T/c2" "$T/cases"
		;;
	esac
	cut -d' ' -f3- "$T/cases" | ask "$2" "$3" >"$T/got"
	paste -d'\t' "$T/cases" "$T/got" | awk -F'\t' '{
		split($1, want, " "); split($2, got, " ")
		if (got[1] != want[1] || (want[2] != "-" && got[2] != want[2]))
			print "# wanted " $1 "\n#    got " $2
	}' >"$T/diff"
	[ "$(wc -l <"$T/got")" -eq "$(wc -l <"$T/cases")" ] && [ ! -s "$T/diff" ]
	ok $? "$(basename "$1"): $(wc -l <"$T/cases") cases, home $4"
	cat "$T/diff"
}

mkdir -p "$T/home/src/w"
for f in "$DATA"/*.txt; do
	cases "$f" /home/crust-test /home/crust-test/src/w "that does not exist"
	cases "$f" "$T/home" "$T/home/src/w" "in a temporary directory"
done

# --- names that lead elsewhere --------------------------------------------------------------------

H=$T/home W=$T/home/src/w
mkdir -p "$H/.ssh" "$H/.aws" "$W/sub/deep" "$T/vault" "$T/bin"
echo key >"$H/.ssh/id_rsa"
echo key >"$H/.aws/credentials"
echo x >"$W/plain"
ln -s "$H/.ssh/id_rsa" "$W/link"
ln -s link "$W/link2"
ln -s "$H/.ssh" "$W/dir"
ln -s ../../../.ssh/id_rsa "$W/sub/rel"
echo key >"$T/vault/key"
ln -s "$T/vault/key" "$H/.ssh/id_vault"
ln -s "$H/.ssh/id_vault" "$W/through"
ln "$H/.aws/credentials" "$W/hard"
ln "$W/plain" "$W/plain2"
ln -s loop "$W/loop"
ln -s /nowhere/at/all "$W/dangling"
ln -s "$H/.ssh/new" "$W/tobe"

one() { # one NAME WANTED JSON
	is "$1" "$(printf '%s\n' "$3" | ask "$H" "$W")" "$2"
}
K="deny protect-ssh-keys"
one "symbolic link" "$K" '{"op":"read","path":"link"}'
one "link to a link" "$K" '{"op":"read","path":"link2"}'
one "directory behind a link" "$K" '{"op":"read","path":"dir/id_rsa"}'
one "relative link" "$K" '{"op":"read","path":"sub/rel"}'
one "a guarded name in the middle of a chain" "$K" '{"op":"read","path":"through"}'
one "link to a guarded name that does not exist yet" "$K" '{"op":"write","path":"tobe"}'
one "..' is what the kernel makes of it" "$K" '{"op":"read","path":"dir/../.ssh/id_rsa"}'
one "the guarded name itself, folded" "$K" '{"op":"read","path":"sub/deep/../../../../.ssh//./id_rsa"}'
one "deleting a link is not deleting what it names" "allow temp" '{"op":"delete","path":"link"}'
one "deleting through a link to a directory" "$K" '{"op":"delete","path":"dir/id_rsa"}'
one "hard link" "deny protect-cloud-credentials" '{"op":"read","path":"hard"}'
one "hard link of something harmless" "allow default" '{"op":"read","path":"plain2"}'
one "a loop leads nowhere" "allow default" '{"op":"read","path":"loop"}'
one "a dangling link out of the workspace" "deny default" '{"op":"write","path":"dangling"}'
one "/proc/self/root" "$K" "{\"op\":\"read\",\"path\":\"/proc/self/root$H/.ssh/id_rsa\"}"
one "/proc/self/root twice" "$K" "{\"op\":\"read\",\"path\":\"/proc/self/root/proc/self/root$H/.ssh/id_rsa\"}"
one "/proc/thread-self/root" "$K" "{\"op\":\"read\",\"path\":\"/proc/thread-self/root$H/.ssh/id_rsa\"}"
one "/proc/1/root" "$K" "{\"op\":\"read\",\"path\":\"/proc/1/root$H/.ssh/id_rsa\"}"
one "/proc/self/task/1/root" "$K" "{\"op\":\"read\",\"path\":\"/proc/self/task/1/root$H/.ssh/id_rsa\"}"
one "/proc/self/cwd" "$K" '{"op":"read","path":"/proc/self/cwd/link"}'
one "/proc/self/cwd/.." "$K" '{"op":"read","path":"/proc/self/cwd/../../.ssh/id_rsa"}'
one "file: URL" "$K" "{\"op\":\"connect\",\"url\":\"file://$H/.ssh/id_rsa\"}"
one "file: URL with escapes" "$K" "{\"op\":\"connect\",\"url\":\"file://localhost$H/%2essh/id_rsa\"}"
one "unix: URL" "deny container-sockets" '{"op":"connect","url":"unix:///run/docker.sock"}'
one "http+unix URL" "deny container-sockets" '{"op":"connect","url":"http+unix://%2Frun%2Fdocker.sock/v1/info"}'
ln -s /run/docker.sock "$W/d.sock"
one "socket behind a link" "deny container-sockets" '{"op":"connect","unix":"d.sock"}'

# --- programs -------------------------------------------------------------------------------------

printf '#!/bin/sh\n' >"$T/bin/tool"
chmod +x "$T/bin/tool"
ln -s tool "$T/bin/alias"
cat >"$T/p.yaml" <<'POLICY'
rules:
  - name: no-tool
    match: {program: tool}
    message: "Not this tool."
POLICY
pathed() { # pathed NAME WANTED JSON
	is "$1" "$(printf '%s\n' "$3" | PATH=$T/bin:$PATH ask "$H" "$W" --policy "$T/p.yaml")" "$2"
}
pathed "program by PATH" "deny no-tool" '{"op":"exec","argv":["tool","x"]}'
pathed "program behind a link" "deny no-tool" '{"op":"exec","argv":["alias"]}'
pathed "program by path" "deny no-tool" "{\"op\":\"exec\",\"argv\":[\"$T/bin/alias\"]}"
pathed "a program that is not there" "allow default" '{"op":"exec","argv":["no-such-program"]}'
pathed "command text" "deny no-tool" '{"op":"exec","command":"tool x"}'
pathed "another program" "allow default" '{"op":"exec","argv":["ls","tool"]}'

# --- lines that must be refused -------------------------------------------------------------------

bad() { # bad NAME LINE
	printf '%s\n' "$2" | ask "$H" "$W" >"$T/got"
	grep -qE '^(error ..|deny unparsable)' "$T/got" && [ "$(wc -l <"$T/got")" -eq 1 ]
	ok $? "refused: $1"
	grep -qE '^(error|deny unparsable)' "$T/got" || sed 's/^/# /' "$T/got"
}
bad "empty line" ''
bad "not JSON" 'read /etc/passwd'
bad "a list" '[{"op":"read","path":"x"}]'
bad "a string" '"read"'
bad "cut object" '{"op":"read","path":"x"'
bad "trailing garbage" '{"op":"read","path":"x"} x'
bad "two objects" '{"op":"read","path":"x"}{"op":"read","path":"y"}'
bad "duplicate key" '{"op":"read","path":"x","path":"y"}'
bad "duplicate key, escaped" '{"op":"read","path":"x","p\u0061th":"y"}'
bad "duplicate key below" '{"op":"read","path":"x","more":{"a":1,"a":2}}'
bad "NUL in a path" '{"op":"read","path":"x\u0000y"}'
bad "NUL in a command" '{"op":"exec","command":"ls\u0000"}'
bad "NUL in a key" '{"op":"read","path":"x","a\u0000":1}'
bad "NUL in content" '{"op":"write","path":".git/config","content":"\u0000"}'
bad "lone surrogate" '{"op":"read","path":"\ud800"}'
bad "single quotes" "{'op':'read','path':'x'}"
bad "unknown op" '{"op":"fly","path":"x"}'
bad "no op" '{"path":"x"}'
bad "op of another type" '{"op":1,"path":"x"}'
bad "no path" '{"op":"read"}'
bad "path of another type" '{"op":"read","path":["x"]}'
bad "empty path" '{"op":"read","path":""}'
bad "command and argv" '{"op":"exec","command":"x","argv":["x"]}'
bad "neither command nor argv" '{"op":"exec"}'
bad "empty argv" '{"op":"exec","argv":[]}'
bad "argv with a number" '{"op":"exec","argv":["x",1]}'
bad "host and unix" '{"op":"connect","host":"x","unix":"/x"}'
bad "port too large" '{"op":"connect","host":"x","port":65536}'
bad "port with a fraction" '{"op":"connect","host":"x","port":80.5}'
bad "port as text" '{"op":"connect","host":"x","port":"80"}'
bad "host with a slash" '{"op":"connect","host":"x/y"}'
bad "host that is not ASCII" '{"op":"connect","host":"１６９.254.169.254"}'
bad "host with a space" '{"op":"connect","host":"a b"}'
bad "empty host" '{"op":"connect","host":""}'
bad "URL without scheme" '{"op":"connect","url":"example.com/x"}'
bad "URL with NUL" '{"op":"connect","url":"http://x%00y/"}'
bad "IPv6 without brackets" '{"op":"connect","url":"http://fd00:ec2::254/"}'
bad "tool call without a tool" '{"op":"tool","input":{"command":"ls"}}'
bad "tool call without its command" '{"op":"tool","tool":"Bash","input":{}}'
bad "tool call with keys that collide" '{"op":"tool","tool":"Read","input":{"file_path":"a","filePath":"b"}}'
bad "text of another type" '{"op":"text","text":["x"]}'
bad "not UTF-8" "$(printf '{"op":"read","path":"\303("}')"
bad "overlong UTF-8" "$(printf '{"op":"read","path":"\300\257"}')"
bad "control character" "$(printf '{"op":"read","path":"a\001"}')"
bad "byte order mark" "$(printf '\357\273\277{"op":"read","path":"x"}')"
bad "long path" "{\"op\":\"read\",\"path\":\"$(printf '%05000d' 0)\"}"

nest() { # nest DEPTH: an object with lists inside, DEPTH levels in all
	awk -v d="$1" 'BEGIN { printf "{\"op\":\"read\",\"path\":\"x\",\"m\":"
		for (i = 1; i < d; i++) printf "["
		for (i = 1; i < d; i++) printf "]"
		print "}" }'
}
one "64 levels" "allow default" "$(nest 64)"
bad "65 levels" "$(nest 65)"
{
	printf '{"op":"read","path":"x","m":"'
	head -c 17000000 /dev/zero | tr '\0' a
	printf '"}\n{"op":"read","path":"x"}\n'
} | ask "$H" "$W" >"$T/got"
is "refused: 17 MB in one line; the next line is answered" "$(cat "$T/got")" \
	"$(printf 'error line longer than 16 MiB\nallow default')"

# --- order, exit status, flushing -----------------------------------------------------------------

printf '{"op":"read","path":"a"}\nx\n{"op":"read","path":".env"}\n{"op":"read","path":"b"}' |
	ask "$H" "$W" | cut -d' ' -f1 | tr '\n' ' ' >"$T/got"
is "one answer a line, in order, last line without newline" "$(cat "$T/got")" "allow error deny allow "

status() { # status NAME WANTED INPUT [OPTION...]
	name=$1 want=$2 in=$3
	shift 3
	printf '%s' "$in" | "$CRUST" check --home "$H" --cwd "$W" "$@" >/dev/null 2>&1
	is "exit status: $name" $? "$want"
}
status "nothing asked" 0 ''
status "all allowed" 0 '{"op":"read","path":"a"}'
status "one denied" 1 '{"op":"read","path":".env"}'
status "one asked" 1 '{"op":"connect","unix":"/tmp/.X11-unix/X0"}'
status "a bad line" 2 "$(printf '{"op":"read","path":".env"}\nx')"
echo 'rules: [{nonsense: 1}]' >"$T/bad.yaml"
status "a bad policy" 2 '' --policy "$T/bad.yaml"
status "a policy that is not there" 2 '' --policy "$T/none.yaml"
status "an unknown option" 2 '' --nonsense
status "an option of plan" 2 '' --filter
status "a stray word" 2 '' stray
"$CRUST" check --policy "$T/bad.yaml" --home "$H" </dev/null 2>&1 | grep -q 'bad.yaml:1:'
ok $? "a bad policy is named with its line"

mkfifo "$T/in" "$T/out"
"$CRUST" check --home "$H" --cwd "$W" <"$T/in" >"$T/out" &
exec 3>"$T/in" 4<"$T/out"
echo '{"op":"read","path":".env"}' >&3
read -r line <&4
is "an answer comes before the input ends" "${line%%,*}" '{"verdict":"deny"'
exec 3>&- 4<&-
wait

# --- policies -------------------------------------------------------------------------------------

mkdir -p "$H/.config/crust" "$W/.crust"
echo 'rules: [{name: mine, block: "~/mine"}]' >"$H/.config/crust/policy.yaml"
echo 'rules: [{name: theirs, block: "secret.txt"}]' >"$W/.crust/policy.yaml"
one "the user's own policy" "deny mine" '{"op":"read","path":"~/mine"}'
one "the project's policy" "deny theirs" '{"op":"read","path":"secret.txt"}'
is "--policy replaces the user's own" \
	"$(echo '{"op":"read","path":"~/mine"}' | ask "$H" "$W" --policy "$T/p.yaml")" "allow default"
is "--home leaves XDG_CONFIG_HOME alone" \
	"$(echo '{"op":"read","path":"~/mine"}' | XDG_CONFIG_HOME=$T ask "$H" "$W")" "deny mine"
mkdir -p "$T/xdg/crust"
echo 'rules: [{name: xdg, block: "~/mine"}]' >"$T/xdg/crust/policy.yaml"
is "XDG_CONFIG_HOME" "$(echo '{"op":"read","path":"~/mine"}' |
	HOME=$H XDG_CONFIG_HOME=$T/xdg "$CRUST" check --cwd "$W" | grep -c '"rule":"xdg"')" 1
rm "$W/.crust/policy.yaml"
echo 'rules: [{name: up, allow: "x"}]' >"$W/.crust/policy.yaml"
status "a project's policy that allows" 2 ''
rm "$W/.crust/policy.yaml"
cat >"$T/lift.yaml" <<'POLICY'
rules:
  - {name: my-docker, allow: "/run/docker.sock", actions: [connect], lifts: container-sockets}
POLICY
is "a rule can be lifted" \
	"$(echo '{"op":"connect","unix":"/run/docker.sock"}' | ask "$H" "$W" --policy "$T/lift.yaml")" \
	"allow my-docker"
is "a lift goes no further" \
	"$(echo '{"op":"connect","unix":"/run/podman/podman.sock"}' | ask "$H" "$W" --policy "$T/lift.yaml")" \
	"deny container-sockets"
echo 'rules: [{name: test-env, allow: "~/src/demo/.env", lifts: protect-env-files}]' >"$T/env.yaml"
is "one .env can be shown" \
	"$(echo '{"op":"read","path":"~/src/demo/.env"}' | ask "$H" "$W" --policy "$T/env.yaml")" \
	"allow test-env"
echo 'rules: [{name: my-key, allow: "~/.ssh/id_rsa", lifts: protect-ssh-keys}]' >"$T/lift2.yaml"
status "a locked rule cannot be lifted" 2 '' --policy "$T/lift2.yaml"

echo '{"op":"read","path":"link"}' | "$CRUST" check --home "$H" --cwd "$W" >"$T/got"
for key in verdict rule stage message severity source path suggestion; do
	grep -q "\"$key\":\"..*\"" "$T/got"
	ok $? "an answer has '$key'"
done
grep -q "\"path\":\"$H/.ssh/id_rsa\"" "$T/got"
ok $? "'path' is the resolved name"
echo '{"op":"read","path":"through"}' | "$CRUST" check --home "$H" --cwd "$W" >"$T/got"
grep -q "\"path\":\"$T/vault/key\",\"judged\":\"$H/.ssh/id_vault\"" "$T/got"
ok $? "'judged' is the name that decided, where it is another one"
echo '{"op":"read","path":"link"}' | "$CRUST" check --home "$H" --cwd "$W" --brief >"$T/got"
grep -q '"message"' "$T/got" && ! grep -q '"suggestion":\|"path":\|"source":' "$T/got"
ok $? "--brief"

# The examples of the manual are policies as they stand.
awk -v dir="$T" '/^\.Ed/ { on = 0 }
	on { gsub(/\\e/, "\\"); print > (dir "/man" n ".yaml") }
	/^\.Bd -literal/ { on = 1; n++ }' "$(dirname "$0")/../../docs/crust-policy.5"
for f in "$T"/man*.yaml; do
	if grep -q '^block "' "$f"; then # a rule file of security-hooks
		mv "$f" "${f%.yaml}.rules"
		f=${f%.yaml}.rules
	fi
	"$CRUST" check --home "$H" --cwd "$W" --policy "$f" </dev/null 2>"$T/got"
	ok $? "crust-policy.5: example $(basename "$f" .yaml)"
	sed 's/^/# /' "$T/got"
done

# --- plan and the main program --------------------------------------------------------------------

"$CRUST" plan --home "$H" --cwd "$W" >"$T/plan" 2>&1
is "plan: exit status" $? 0
sed -n 's/^- name: //p' "$(dirname "$0")/../../policy/builtin.yaml" | while read -r name; do
	case $name in block-eval-exec | ask-unlisted-*) continue ;; esac # off as shipped
	grep -q "^$name  *\(block\|ask\|allow\) " "$T/plan" || echo "# not in the plan: $name"
done >"$T/missing"
[ ! -s "$T/missing" ]
ok $? "plan: every built-in rule"
cat "$T/missing"
for text in "notify+verify" "host names need the DNS stub" "scopes only" "allow in the workspace, deny elsewhere"; do
	grep -q -- "$text" "$T/plan"
	ok $? "plan says: $text"
done
"$CRUST" plan --home "$H" --cwd "$W" --filter | grep -q '^The filter, [0-9]* instructions'
ok $? "plan --filter"
"$CRUST" plan --policy "$T/bad.yaml" >/dev/null 2>&1
is "plan: a bad policy" $? 2

is "--version" "$("$CRUST" --version | cut -d' ' -f1)" crust
"$CRUST" --help | grep -q '^  check '
ok $? "--help"
"$CRUST" chekc >"$T/got" 2>&1
is "an unknown command" $? 2
grep -q "did you mean 'check'" "$T/got"
ok $? "an unknown command gets a suggestion"
"$CRUST" >/dev/null 2>&1
is "no command" $? 2

echo "1..$n"
exit $failed
