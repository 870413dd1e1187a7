#!/bin/bash
# The launcher as its users meet it: statuses, messages, signals, files, environment, processes.
# TAP. CRUST_RUN names the program (default build/crust-run). As root it runs itself once more as nobody.
set -u
shopt -s extglob
export LC_ALL=C
unset CRUST_LOG XDG_CONFIG_HOME
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
run=$(realpath "${CRUST_RUN:-$top/build/crust-run}")
label=${LAUNCHER_LABEL:-}
n=0 failed=0

ok() { # ok STATUS TEXT [DETAIL]
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $label$2"
	else
		echo "not ok $n - $label$2"
		[ -n "${3:-}" ] && sed 's/^/#   /' <<<"$3"
		failed=$((failed + 1))
	fi
}
is() { # is GOT WANTED TEXT
	[ "$1" = "$2" ]
	ok $? "$3" "got:    $1
wanted: $2"
}
like() { # like GOT PATTERN TEXT
	[[ $1 =~ $2 ]]
	ok $? "$3" "got:     $1
pattern: $2"
}
skip() {
	n=$((n + 1))
	echo "ok $n - $label$1 # SKIP $2"
}
# Wait until the command succeeds, at most 5 s.
until_ok() {
	local i
	for ((i = 0; i < 250; i++)); do
		"$@" 2>/dev/null && return 0
		sleep 0.02
	done
	return 1
}
gone() { ! kill -0 "$1" 2>/dev/null || [ "$(state_of "$1")" = Z ]; }
state_of() { sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null; }
child_of() { ps -o pid= --ppid "$1" | head -1 | tr -d ' '; }

if [ ! -x "$run" ]; then
	echo "1..0 # SKIP $run is not built"
	exit 77
fi
work=$(mktemp -d /tmp/launcher-test.XXXXXX)
export HOME=$work/home XDG_RUNTIME_DIR=$work/runtime
mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$work/project"
chmod 700 "$XDG_RUNTIME_DIR"
cd "$work/project" || exit 1
trap 'cd /; rm -rf "$work"' EXIT
echo 'rules: [{block: "**/forbidden", name: no-forbidden}]' >"$work/policy.yaml"
echo secret >forbidden
echo fine >allowed

# --- statuses ---------------------------------------------------------------------------------------
for status in 0 1 3 125 255; do
	"$run" -q -- sh -c "exit $status"
	is $? $status "exit status $status"
done
for sig in TERM KILL HUP USR1 SEGV PIPE; do
	num=$(kill -l $sig)
	out=$("$run" -q -- sh -c "ulimit -c 0; kill -$sig \$\$" 2>&1)
	is "$?:$out" "$((128 + num)):" "killed by $sig: 128+$num, nothing printed"
done
out=$("$run" -q no-such-command 2>&1)
is "$?:$out" "127:crust-run: no-such-command: command not found" "127 for what does not exist"
out=$("$run" -q ./no-such-file 2>&1)
is "$?:$out" "127:crust-run: ./no-such-file: No such file or directory" "127 with a path"
out=$("$run" -q ./allowed 2>&1)
is "$?:$out" "126:crust-run: ./allowed: permission denied" "126 for what is no program"
printf '#!/no/such/interpreter\n' >broken && chmod +x broken
out=$("$run" -q ./broken 2>&1)
is "$?:$out" "127:crust-run: ./broken: its interpreter does not exist" "127 for a missing interpreter"
printf 'echo plain script\n' >plain && chmod +x plain
is "$("$run" -q ./plain 2>&1)" "plain script" "a script without #! runs, as execvp has it"

# --- the command line ---------------------------------------------------------------------------------
bad() { # bad TEXT PATTERN ARG…
	local text=$1 pattern=$2 out status
	shift 2
	out=$("$run" "$@" 2>&1 </dev/null)
	status=$?
	like "$status:$out" "^125:crust-run: $pattern"$'\n'"crust-run: try 'crust-run --help'$" "$text"
}
bad "unknown option" "unknown option '--bogus'" --bogus true
bad "unknown letter" "unknown option '-x'" -x true
bad "missing value" "--policy needs a value: FILE" --policy
bad "missing value before --" "--workspace needs a value: DIR" --workspace -- true
bad "value where there is none" "--quiet takes no value" --quiet=yes true
bad "no command" "no command given.*"
bad "no command after --" "no command given.*" -q --
bad "unknown profile" "unknown profile 'lockdown'; there are: default, observe" --profile lockdown true
bad "--report" "--report: not supported yet.*" --report x true
bad "--ask" "--ask 'tty': not supported yet.*" --ask tty true
out=$("$run" --help 2>"$work/err")
like "$?:$out:$(cat "$work/err")" "^0:usage: crust-run .*--best-effort.*:$" "--help goes to stdout"
like "$("$run" --version)" "^crust-run [0-9]+\.[0-9]+" "--version"
is "$("$run" -q echo -q --help)" "-q --help" "options of the command are the command's"
is "$("$run" -q -- echo -- x)" "-- x" "-- ends our options once"

out=$(cd / && "$run" true 2>&1)
like "$?:$out" "^125:crust-run: the workspace would be /.*--workspace DIR" "/ is no workspace"
like "$(cd "$HOME" && "$run" true 2>&1)" "the workspace is ~: everything in your home" "home as a workspace warns"
out=$("$run" --workspace "$work/none" true 2>&1)
like "$?:$out" "^125:crust-run: workspace '$work/none': No such file" "a workspace that is not there"
mkdir -p tree/sub/deep && mkdir -p tree/.git
like "$(cd tree/sub/deep && "$run" true 2>&1)" "workspace $work/project/tree\)" "the git work tree is the workspace"

echo 'bad: true' >"$work/bad.yaml"
out=$("$run" --policy "$work/bad.yaml" -- touch started 2>&1)
like "$?:$out" "^125:crust-run: .*$work/bad.yaml:1:1: " "a bad policy: 125 and the place"
[ ! -e started ]
ok $? "a bad policy starts nothing"
out=$("$run" --policy "$work/none.yaml" true 2>&1)
like "$?:$out" "^125:crust-run: .*none.yaml" "a policy that is not there"
out=$("$run" --events "$work/none/x" true 2>&1)
like "$?:$out" "^125:crust-run: events file '.*': No such file" "an events file that cannot be made"

# --- what it says ----------------------------------------------------------------------------------------
out=$("$run" --policy "$work/policy.yaml" -- cat allowed 2>&1 >/dev/null)
like "$out" "^crust-run: cat under policy \([0-9]+ rules, workspace .*\): seccomp notify, Landlock " "start line"
like "$out" $'\n'"crust-run: [0-9,]+ calls? judged, none denied$" "end summary"
out=$("$run" --policy "$work/policy.yaml" -- cat forbidden 2>&1 >/dev/null)
like "$out" "cat: forbidden: Permission denied" "a denied read"
like "$out" "1 denied \([a-z-]+ ×1\)" "the summary names the rule"
out=$("$run" -q -- true 2>&1)
is "$out" "" "-q says nothing"
out=$("$run" --policy "$work/policy.yaml" --profile observe -- cat forbidden 2>&1)
like "$out" "observe, nothing is denied" "the observe profile says so"

"$run" -q --policy "$work/policy.yaml" --events events.json -- cat forbidden 2>/dev/null
python3 - events.json <<'PY'
import json, re, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 1, lines
e = json.loads(lines[0])
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", e["ts"]), e
assert e["verdict"] == "deny" and e["op"] == "read" and e["object"].endswith("forbidden"), e
assert e["observed"] is False and e["best_effort"] is False and e["pid"] > 0, e
PY
ok $? "--events writes one line of JSON for a denial"
is "$(stat -c %a events.json)" 600 "the events file is private"
out=$("$run" --policy "$work/policy.yaml" --events /dev/full -- cat forbidden 2>&1)
like "$out" "1 event lost: No space left on device" "lost events are counted and shown"

# --- files ---------------------------------------------------------------------------------------------------
head -c 3000000 /dev/urandom >data
is "$("$run" -q cat <data | sha256sum)" "$(sha256sum <data)" "3 MB through stdin and stdout"
is "$(yes | "$run" -q head -1)" y "a writer gets its SIGPIPE"
exec 7<allowed
is "$("$run" -q cat /dev/fd/7)" fine "an inherited descriptor"
is "$("$run" -q ls /proc/self/fd 2>&1 | xargs)" "$(ls /proc/self/fd | xargs)" "the same descriptors as natively"
exec 7<&-
probe='for i in 0 1 2; do test -e /proc/self/fd/$i && printf %s $i >&9; done'
for closed in '0<&-' '1>&-' '2>&-' '0<&- 1>&- 2>&-'; do
	native=$(eval 'sh -c "$probe"' "$closed" 9>&1)
	is "$(eval '"$run" -q -- sh -c "$probe"' "$closed" 9>&1)" "$native" "started with $closed"
done
begin=$SECONDS
out=$("$run" -q -- sh -c 'sleep 5 >/dev/null 2>&1 & echo started')
[ $((SECONDS - begin)) -lt 3 ] && [ "$out" = started ]
ok $? "a background child does not hold the caller's pipe"

# --- what a process inherits ------------------------------------------------------------------------------------
same() { # same TEXT COMMAND…
	local text=$1
	shift
	is "$("$run" -q -- "$@" 2>&1)" "$("$@" 2>&1)" "$text"
}
hidden='^(LD_PRELOAD|CRUST_RUN_SOCK|CRUST_RUN_MODE|_|SHLVL)='
is "$("$run" -q env | grep -Ev "$hidden" | sort)" "$(env | grep -Ev "$hidden" | sort)" "environment"
is "$(LD_PRELOAD=/none.so "$run" -q env 2>/dev/null | sed -n 's/^LD_PRELOAD=//p' | cut -d: -f1)" /none.so \
	"the user's LD_PRELOAD stays in front"
(ulimit -n 512 -c 0; ulimit -S -s 4096; same "limits" bash -c 'ulimit -a'; [ $failed -eq 0 ]) || failed=$((failed + 1))
n=$((n + 1))
umask 037
same "umask" bash -c umask
umask 022
is "$(nice -n 5 "$run" -q nice)" "$(nice -n 5 nice)" "niceness"
same "working directory" pwd
sigs='sed -n /^Sig[IBCP]/p /proc/self/status; sed -n /^ShdPnd/p /proc/self/status'
same "signal masks and dispositions" sh -c "$sigs"
for opt in --ignore-signal=CHLD --ignore-signal=HUP --ignore-signal=TTOU --block-signal=USR1 --block-signal=CHLD; do
	is "$(env $opt "$run" -q -- sed -n '/^Sig[IBCP]/p' /proc/self/status)" \
		"$(env $opt sed -n '/^Sig[IBCP]/p' /proc/self/status)" "inherited $opt"
	env $opt "$run" -q -- sh -c 'exit 7'
	is $? 7 "works with $opt"
done
like "$("$run" -q -- sed -n '/^NoNewPrivs/p;/^Seccomp:/p' /proc/self/status | xargs)" \
	"NoNewPrivs: 1 Seccomp: 2" "the agent is confined"
if [ "$(id -u)" -eq 0 ]; then
	bound=$("$run" -q -- sed -n 's/^CapBnd:[ \t]*//p' /proc/self/status)
	[ $((0x$bound & ~0xa00405fb)) -eq 0 ]
	ok $? "root's bounding set is cut" "$bound"
	is "$("$run" -q -- sed -n 's/^CapEff:[ \t]*//p' /proc/self/status)" "$bound" "root's effective set is cut"
else
	is "$("$run" -q -- sed -n 's/^CapEff:[ \t]*//p' /proc/self/status)" 0000000000000000 "no capabilities"
fi

# --- signals sent to us -----------------------------------------------------------------------------------------
for sig in TERM HUP INT QUIT USR1 USR2 WINCH ALRM CONT IO PWR; do
	rm -f got ready
	# Background jobs of a script ignore INT and QUIT; python can take them back.
	"$run" -q -- python3 -c "
import os, signal, sys, time
def got(*a):
    open('got', 'w').write('$sig'); sys.exit(9)
signal.signal(signal.SIG$sig, got)
open('ready', 'w').close()
while True: time.sleep(10)" &
	front=$!
	until_ok test -e ready
	kill -$sig $front
	wait $front
	is "$?:$(cat got 2>&1)" "9:$sig" "SIG$sig reaches the agent"
done
"$run" -q -- sleep 100 &
front=$!
until_ok test -n "$(child_of $front)"
kill -TERM $front
wait $front 2>/dev/null
is $? 143 "SIGTERM ends an agent that does not handle it"
python3 -c "
import os, signal
signal.setitimer(signal.ITIMER_REAL, 0.3)
os.execv('$run', ['crust-run', '-q', 'sleep', '100'])" 2>/dev/null
is $? 142 "an alarm set before exec ends the agent"
rm -f ready
"$run" -q -- sh -c 'touch ready; exec sleep 100' &
front=$!
until_ok test -e ready
kill -STOP "$(pgrep -P "$(child_of $front)" | head -1)"
until_ok test "$(state_of $front)" = T || until_ok eval '[ "$(state_of $front)" = T ]'
is "$(state_of $front)" T "the front stops with the agent"
kill -CONT $front
until_ok eval '[ "$(state_of $front)" = S ]'
agent=$(pgrep -P "$(child_of $front)" | head -1)
until_ok eval '[ "$(state_of $agent)" = S ]'
is "$(state_of $front)$(state_of "$agent")" SS "SIGCONT continues both"
kill -KILL "$agent"
wait $front 2>/dev/null
is $? 137 "SIGKILL of the agent"

# --- processes that die, and those that live on -----------------------------------------------------------------
dirs() { find "$XDG_RUNTIME_DIR" -maxdepth 1 -name 'crust-run-??????' | wc -l; }
before=$(dirs)
"$run" -q true
is "$(dirs)" "$before" "no directory is left behind"
rm -f pids
"$run" -q -- sh -c 'setsid sleep 100 & echo $! >>pids; (setsid sh -c "echo \$\$ >>pids; exec sleep 100" &); echo $$ >>pids; exec sleep 100' 2>"$work/err" &
front=$!
until_ok eval '[ "$(wc -l <pids)" = 3 ]'
kill -KILL "$(child_of $front)"
wait $front
is $? 125 "supervisor killed: 125"
like "$(cat "$work/err")" "crust-run: the supervisor was killed by signal 9 .*everything below was killed" \
	"supervisor killed: said"
alive=0
for pid in $(cat pids); do gone "$pid" || alive=$((alive + 1)); done
is $alive 0 "supervisor killed: the whole tree is gone"
is "$(dirs)" "$before" "supervisor killed: no directory is left behind"

rm -f pids
"$run" -q -- sh -c 'setsid sleep 100 & echo $! >>pids; (setsid sh -c "echo \$\$ >>pids; exec sleep 100" &); echo $$ >>pids; exec sleep 100' &
front=$!
until_ok eval '[ "$(wc -l <pids)" = 3 ]'
supervisor=$(child_of $front)
kill -KILL $front
wait $front 2>/dev/null
until_ok gone "$supervisor"
ok $? "front killed: the supervisor ends"
alive=0
for pid in $(cat pids); do gone "$pid" || alive=$((alive + 1)); done
is $alive 0 "front killed: the whole tree is gone"
is "$(dirs)" "$before" "front killed: no directory is left behind"

rm -f out
"$run" -q --policy "$work/policy.yaml" -- sh -c '(sleep 0.5; cat forbidden allowed >out 2>&1; echo done >>out) & '
[ ! -s out ]
ok $? "the front returns when the agent ends"
until_ok grep -q done out
like "$(cat out)" "forbidden: Permission denied"$'\n'"fine"$'\n'"done" "what it left behind lives, and is judged"
until_ok eval '[ "$(dirs)" = '"$before"' ]'
is "$(dirs)" "$before" "the supervisor ends with its last process"

zombies=$("$run" -q -- bash -c '
	for ((i = 0; i < '"${ORPHANS:-10000}"'; i++)); do (: &) ; done
	sleep 0.3
	supervisor=$PPID
	ps -o stat= --ppid $supervisor | grep -c Z')
is "$zombies" 0 "${ORPHANS:-10000} orphans are reaped"

# --- the policy is reloaded -----------------------------------------------------------------------------------
cp "$work/policy.yaml" "$work/live.yaml"
rm -f stop
"$run" --policy "$work/live.yaml" -- sh -c 'touch ready2; while [ ! -e stop ]; do sleep 0.05; done' 2>"$work/err" &
front=$!
until_ok test -e ready2
sleep 0.6
echo 'bad: true' >"$work/live.yaml.new" && mv "$work/live.yaml.new" "$work/live.yaml"
until_ok grep -q reloaded "$work/err"
like "$(cat "$work/err")" "policy not reloaded, the old one stays: .*live.yaml:1:1:" "a bad change keeps the old policy"
sleep 0.3
is "$(grep -c reloaded "$work/err")" 1 "said once"
touch stop
wait $front
cp "$work/policy.yaml" "$work/live.yaml"
"$run" -q --policy "$work/live.yaml" -- sh -c 'i=0; until ! cat allowed || [ $i -gt 60 ]; do i=$((i + 1)); sleep 0.05; done' \
	>"$work/out" 2>&1 &
front=$!
sleep 0.7
echo 'rules: [{block: "**/allowed"}]' >"$work/live.yaml"
wait $front
like "$(tail -1 "$work/out")" "allowed: Permission denied" "a good change takes effect while the command runs"

# --- without a listener -----------------------------------------------------------------------------------------
out=$("$run" -q -- "$run" -q -- echo inner 2>&1)
like "$?:$out" "^125:crust-run: " "inside another one: 125"

# --- once more as somebody without privilege ------------------------------------------------------------------
if [ "$(id -u)" -eq 0 ] && [ -z "$label" ]; then
	if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$run"; then
		chmod 755 "$work"
		out=$(LAUNCHER_LABEL="as nobody: " CRUST_RUN=$run ORPHANS=1000 XDG_RUNTIME_DIR= \
			setpriv --reuid=65534 --regid=65534 --clear-groups "$BASH" "$here/launcher.sh" 2>&1)
		while IFS= read -r line; do
			case $line in
			"ok "*) n=$((n + 1)); echo "ok $n${line##ok +([0-9])}" ;;
			"not ok "*) n=$((n + 1)); failed=$((failed + 1)); echo "not ok $n${line##not ok +([0-9])}" ;;
			1..*) ;;
			*) echo "# $line" ;;
			esac
		done <<<"$out"
	else
		skip "as nobody" "$run cannot be reached by uid 65534"
	fi
elif [ -z "$label" ]; then
	skip "as root" "needs root"
fi
echo "1..$n"
[ $failed -eq 0 ]
