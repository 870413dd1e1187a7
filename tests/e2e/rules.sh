#!/bin/sh
# `crust rules`: list, show, lint, test, and what they end with. TAP on stdout. CRUST names the program.
set -u

CRUST=${CRUST:-${B:-build}/crust}
case $CRUST in /*) ;; *) CRUST=$PWD/$CRUST ;; esac
if [ ! -x "$CRUST" ]; then
	echo "1..0 # SKIP: $CRUST is not built"
	exit 77
fi
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
unset XDG_CONFIG_HOME
HOME=$T/home
mkdir -p "$HOME/.config/crust" "$T/work/.crust"
cd "$T/work" || exit 1

n=0
failed=0
ok() { # ok STATUS NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - rules: $2"
	else
		echo "not ok $n - rules: $2"
		failed=1
	fi
}

# run NAME STATUS PATTERN WORD...: the status, and a line of the output that matches (extended regex)
run() {
	name=$1 status=$2 pattern=$3
	shift 3
	out=$("$CRUST" rules "$@" 2>&1)
	got=$?
	printf '%s\n' "$out" | grep -qE -- "$pattern" && [ "$got" -eq "$status" ]
	ok $? "$name"
	[ "$got" -eq "$status" ] || printf '# status %s, wanted %s\n' "$got" "$status"
}

cat >"$HOME/.config/crust/policy.yaml" <<'E'
rules:
  - name: mine
    match: {program: foo, subcommand: "a b"}
    message: "Not foo."
    examples: {match: ["foo a b", "foo --x y a b"], not_match: [foo]}
  - {name: wide, allow: "/**"}
E
cat >.crust/policy.yaml <<'E'
rules:
  - {name: theirs, ask: "secret/**", message: m}
E
cat >"$T/bad-example.yaml" <<'E'
rules:
  - {name: x, block: /x, examples: {match: [{op: read, path: /y}]}}
E
printf 'block "r"\n  match command("rm") with_flags("-r")\n  nudge "n"\n' >"$T/bash.rules"
echo 'rules: [{name: x, blck: /x}]' >"$T/bad.yaml"

run 'a list, by file' 0 '^Built-in rules \([0-9]+\):'
run 'the user file has a heading' 0 'policy\.yaml \(2\):' list
run 'the project file too' 0 '\.crust/policy\.yaml \(1\):' list
run 'a line of the list' 0 '^  protect-ssh-keys +block +critical +all +\[locked\] ' list
run 'JSON' 0 '^\{"name":"theirs","effect":"ask","severity":"high","ops":\["read".*"locked":false' list --json
"$CRUST" rules list --json | python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]'
ok $? 'every line is JSON'
run 'one rule' 0 '^subcommand: +a b$' show mine
run 'with its examples counted' 0 '^examples: +3$' show mine
run 'no such rule' 1 "there is no rule 'nobody'" show nobody
run 'lint warns' 1 "policy.yaml:6: rule 'wide': allows everything below /\*\*" lint
run 'lint of a file' 0 '^0 warnings$' lint "$T/bash.rules"
run 'lint of a bad file' 2 "bad.yaml:1:19: unknown key 'blck'" lint "$T/bad.yaml"
run 'examples of a file' 0 '^# 3 passed, 0 failed$' test "$HOME/.config/crust/policy.yaml"
run 'one that fails' 1 "^not ok 1 - .*bad-example.yaml:2:45: rule 'x': .*the rule does not apply to it" test "$T/bad-example.yaml"
run 'all of the built-in ones pass' 0 '^# [0-9]+ passed, 0 failed$' test
run 'options behind words' 0 '^rule: +x$' show x --policy "$T/bad-example.yaml"
run 'help' 0 '^usage: crust rules' --help
run 'an unknown word' 2 "expected list, show, lint or test, not 'lst'" lst
run 'too many words' 2 'wrong words for show' show a b
run 'an option of another command' 2 "unknown option '--filter'" list --filter
printf '{"op":"read","path":"/x"}\n' | "$CRUST" check --policy "$T/bad-example.yaml" >/dev/null 2>&1
[ $? -eq 2 ]
ok $? 'check refuses a policy with a failing example'
printf '{"op":"exec","command":"rm -r x"}\n' | "$CRUST" check --brief --policy "$T/bash.rules" | grep -q '"deny","rule":"r"'
ok $? 'a rule file of security-hooks'
echo "1..$n"
exit $failed
