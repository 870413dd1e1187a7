#!/bin/bash
# run.sh LIBRARY - tests of the preload library, as TAP. Needs no crust-run: server.c stands in for the
# supervisor, and directories without rights give the denials, so the work is done as an ordinary user (as
# root, this script becomes nobody). KEEP=1 leaves the directory of work behind.
# shellcheck disable=SC2181 # the status of a command with much output is asked for on a line of its own
set -u

here=$(cd "$(dirname "$0")" && pwd)
lib=$(realpath "$1")
CC=${CC:-cc}

ok_count=0 bad_count=0
result() { # STATUS TEXT: status 0 ok, 77 skip, else not ok
	local n=$((ok_count + bad_count + 1))
	case $1 in
	0) ok_count=$((ok_count + 1)); echo "ok $n - $2" ;;
	77) ok_count=$((ok_count + 1)); echo "ok $n - $2 # SKIP ${3:-not possible here}" ;;
	*) bad_count=$((bad_count + 1)); echo "not ok $n - $2" ;;
	esac
}

build() { # OUT SOURCE FLAGS...
	"$CC" -D_GNU_SOURCE -I"$here/../.." -std=gnu17 -O1 -g -Wall -Wextra -o "$work/$1" "$here/$2" "${@:3}" ||
		{ echo "Bail out! cannot build $2"; exit 1; }
}

# Everything that root does: a directory of work, the programs, a user who may not read everything.
if [ -z "${PRELOAD_TEST_WORK:-}" ]; then
	work=$(mktemp -d /tmp/crust-preload.XXXXXX) || exit 1
	[ -n "${KEEP:-}" ] || trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
	cp "$lib" "$work/lib.so"
	build server server.c
	build hooks hooks.c
	build scenes scenes.c -pthread
	build bench bench.c
	build fake.so fake.c -shared -fPIC
	cp -r "$here" "$work/src"
	cp "$here/../../preload/wire.h" "$work/"
	chmod 755 "$work"
	as=()
	if [ "$(id -u)" = 0 ]; then
		cp "$work/scenes" "$work/suid" && chown daemon "$work/suid" && chmod 4755 "$work/suid"
		chown 65534:65534 "$work"
		as=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
	fi
	PRELOAD_TEST_WORK=$work HOME=$work "${as[@]}" bash "$work/src/run.sh" "$work/lib.so"
	exit
fi

work=$PRELOAD_TEST_WORK
cd "$work" || exit 1
ulimit -c 0
mkdir -p denied free secret run
echo plain >denied.plain
chmod 644 denied.plain
echo hidden >denied/f
cp /bin/true free/f
cp /bin/true secret/f
chmod 000 denied
if cat denied/f >/dev/null 2>&1; then
	echo "1..0 # SKIP nothing is denied to this user"
	exit 77
fi

sock=$work/run/sock
server_pid=
start() { # BEHAVIOUR
	stop
	: >log
	./server "$sock" log "$1" &
	server_pid=$!
	for _ in $(seq 200); do
		[ -S "$sock" ] && break
		sleep 0.01
	done
	sleep 0.02
}
stop() {
	[ -z "$server_pid" ] || { kill "$server_pid"; wait "$server_pid"; } 2>/dev/null
	server_pid=
	rm -f "$sock"
}
trap stop EXIT

under() { # COMMAND...: with the library
	env LD_PRELOAD="$work/lib.so" CRUST_RUN_SOCK="$sock" "$@"
}
asked() { # how many denials were asked about
	grep -c '^denial' log
}
hooks() { # MODE DIR VARIABLES...
	local line
	while read -r line; do
		case $line in
		ok*) result 0 "${line#ok - }" ;;
		not*) result 1 "${line#not ok - }" ;;
		*) echo "$line" ;;
		esac
	done < <(under "${@:3}" ./hooks "$1" "$2" 2>&1)
}
scene() { # NAME TEXT [WANTED-STDERR-PATTERN]: stderr must match, or be empty
	local status said
	said=$(under ./scenes "$1" "$work/denied/f" 2>&1 >out </dev/null)
	status=$?
	sed 's/^[^#]/# &/' out
	if [ $status = 0 ]; then
		# shellcheck disable=SC2053 # a pattern
		[[ $said == ${3-} ]] || { status=1; echo "# stderr: '$said'"; }
	fi
	result $status "$2"
}
told='crust-run: denied *'

# What the library exports
nm -D --defined-only lib.so | awk '{print $3}' | LC_ALL=C sort >exports
diff src/exports.txt exports >diff.out
result $? "exports are those of exports.txt"
sed 's/^/# /' diff.out
./hooks list | LC_ALL=C sort | diff src/exports.txt - >diff.out
result $? "every export is tried below"
sed 's/^/# /' diff.out
[ "$(readelf -dW lib.so | grep -c NEEDED)" = 1 ]
result $? "no library is needed but libc"
readelf -lW lib.so | grep -q 'GNU_STACK.*RW ' && readelf -dW lib.so | grep -q BIND_NOW
result $? "bound at load, no executable stack"

# The voice
start voice
hooks voice "$work/denied"
grep -q bad log
result $((1 - $?)) "all requests were well formed"
start empty
hooks quiet "$work/denied"
stop
hooks quiet "$work/denied"

start voice
scene one "one line for a denied open" "$told"
scene cap "at most 20 lines"
scene threads "threads with small stacks: whole lines, at most 20"
scene fork "fork, vfork, posix_spawn"
scene closed "started without 0, 1 and 2"
scene closed_late "descriptor 2 closed, then reused for data"
scene redirected "2>FILE is stderr"
scene full "a full pipe does not block"
scene deadly "SIGPIPE and SIGXFSZ do not kill, nor get lost"
scene nofile "no descriptors left" "$told"
scene caged_prctl "silent in the program's own seccomp filter (prctl)" "$told"
scene caged_syscall "silent in the program's own seccomp filter (syscall)" "$told"
before=$(asked)
scene tty "a terminal is not told"
[ "$(asked)" = "$before" ]
result $? "and the supervisor not asked"
out=$(under ./scenes one "$work/denied/f" 2>/dev/null) && [ "$(asked)" = "$before" ]
result $? "/dev/null is not told either"
if command -v script >/dev/null; then
	script -qec "env LD_PRELOAD=$work/lib.so CRUST_RUN_SOCK=$sock ./scenes one $work/denied/f" /dev/null \
		</dev/null >typescript 2>&1
	[ $? = 0 ] && ! grep -q crust-run typescript
	result $? "silent under script(1)"
else
	result 77 "silent under script(1)" "no script(1)"
fi
out=$(env -i LD_PRELOAD="$work/lib.so" ./scenes one "$work/denied/f" 2>&1)
[ $? = 0 ] && [ -z "$out" ]
result $? "without the variables: nothing"
out=$(under env CRUST_RUN_SOCK=relative ./scenes one "$work/denied/f" 2>&1)
[ $? = 0 ] && [ -z "$out" ]
result $? "a relative socket name: nothing"
out=$(under env CRUST_RUN_SOCK="/$(printf '%0200d' 0)" ./scenes one "$work/denied/f" 2>&1)
[ $? = 0 ] && [ -z "$out" ]
result $? "a socket name that is too long: nothing"
if [ -u suid ]; then
	out=$(under ./suid one "$work/denied/f" 2>&1)
	[ $? = 0 ] && [ -z "$out" ]
	result $? "set-user-ID: nothing"
else
	result 77 "set-user-ID: nothing" "not begun as root"
fi

start empty
scene signals "denials in signal handlers on a small stack"
scene hammer "threads that ask all the time"
start same
scene same "the same line is said once"
start control
scene control "control characters do not get through"
start long
scene long "a long text is cut, and stays a line"
for bad in garbage short huge badlen toobig close; do
	start $bad
	scene one "a server that answers '$bad'"
done
start silent
scene slow "a server that never answers"
start deaf
scene slow "a server that never accepts"
stop
scene one "no server"

# Names
start voice
LD_TWICE="$work/lib.so $work/fake.so"
env LD_PRELOAD="$LD_TWICE" CRUST_RUN_SOCK="$sock" ./scenes names x
result $? "resolver calls return what they should"
sleep 0.05
diff - log <<'EOF'
host 0 example.test 192.0.2.1 2001:db8:0:0:0:0:0:1 
host 0 by-name.test 192.0.2.1 
host 0 by-name2.test 192.0.2.1 
host 0 by-name-r.test 192.0.2.1 
host 0 by-name2-r.test 192.0.2.1 
EOF
result $? "names are reported, numbers and localhost not"

# A user's own library
for order in "$work/lib.so $work/fake.so" "$work/fake.so $work/lib.so"; do
	out=$(env LD_PRELOAD="$order" CRUST_RUN_SOCK="$sock" ./scenes one "$work/denied/f" 2>&1 9>nine)
	# shellcheck disable=SC2053 # a pattern
	[ $? = 0 ] && [[ $out == $told ]] && [ "$(cat nine)" = f ]
	result $? "with a library of the user's: ${order//$work\//}"
done

# Programs
program() { # NAME COMMAND...: must say why, and fail as it does without the library
	local out status plain
	command -v "$2" >/dev/null || { result 77 "$1" "no $2"; return; }
	"${@:2}" >/dev/null 2>&1 </dev/null
	plain=$?
	out=$(under "${@:2}" 2>&1 </dev/null)
	status=$?
	[ $status = $plain ] && [[ $out == *crust-run:\ denied* ]]
	result $? "$1" && [[ $out == *crust-run* ]] || echo "# status $status, not $plain: $out"
}
start voice
program "bash reads" bash -c "read x <$work/denied/f"
program "bash runs" bash -c "$work/denied/f; exit \$?"
program "dash redirects" dash -c "echo x >$work/denied/f"
program "dash runs cat" dash -c "cat $work/denied/f; :"
program "env runs" env "$work/denied/f"
program "ls" ls "$work/denied"
program "rm" rm -f "$work/denied/f"
program "mv" mv "$work/free/f" "$work/denied/g"
program "sed -i" sed -i s/a/b/ "$work/denied/f"
program "mkdir" mkdir "$work/denied/d"
program "python3 open" python3 -c "open('$work/denied/f')"
program "python3 subprocess" python3 -c "import subprocess; subprocess.run(['$work/denied/f'])"
program "node reads" node -e "require('fs').readFileSync('$work/denied/f')"
program "node spawns" node -e "require('child_process').spawnSync('$work/denied/f', {stdio: 'inherit'})"
program "git" git hash-object "$work/denied/f"
program "perl" perl -e "open(F, '<', '$work/denied/f') or die"
out=$(cd / && under git --version && under python3 -c 'print("fine")' && under bash -c 'echo fine' 2>&1)
[ $? = 0 ] && [[ $out == *fine*fine ]]
result $? "programs that are denied nothing run as ever"

# Compilers' own runtimes
compile() { # OUT COMPILER FLAGS...
	printf '%s\n' '#include <fcntl.h>' '#include <stdlib.h>' \
		'int main(int c, char **v) { char *p = malloc(9); p[8] = 0; int f = open(v[c - 1], O_RDONLY);' \
		'free(p); return f < 0 ? 7 : 0; }' >one.c
	command -v "$2" >/dev/null && "${@:2}" -o "$1" one.c 2>/dev/null
}
for what in "gcc -fsanitize=address" "gcc -fsanitize=undefined" "gcc -fsanitize=thread" \
	"clang -fsanitize=address" "clang -fsanitize=thread" "gcc -static" "musl-gcc" "musl-gcc -static"; do
	# shellcheck disable=SC2086 # words
	compile sanitized $what || { result 77 "$what" "cannot build that"; continue; }
	./sanitized denied/f >/dev/null 2>&1
	[ $? = 7 ] || { result 77 "$what" "does not run here"; continue; }
	out=$(ASAN_OPTIONS=verify_asan_link_order=0 under ./sanitized denied/f 2>&1)
	status=$?
	[ $status = 7 ]
	result $? "$what: runs"
	echo "# status $status: ${out:-silent}"
	if [ "$what" = "gcc -fsanitize=address" ]; then
		out=$(under ./sanitized denied/f 2>&1)
		echo "# without verify_asan_link_order=0: status $?: $out"
		# The runtime looks for its own name in the path that LD_PRELOAD gives, in no other.
		ln -sfn "$work" libasan.so.d
		LD_PRELOAD=$work/libasan.so.d/lib.so CRUST_RUN_SOCK=$sock ./sanitized denied/f >out 2>&1
		[ $? = 7 ] && grep -q crust-run out
		result $? "$what: content with a path that has libasan.so in it"
	fi
done

# Best-effort mode
start ask
hooks refused "$work/secret" CRUST_RUN_MODE=ask
[ -s secret/f ] && [ "$(ls secret)" = f ]
result $? "nothing was done to what is refused"
hooks allowed "$work/free" CRUST_RUN_MODE=ask
: >log
out=$(under env CRUST_RUN_MODE=ask ./scenes questions x 2>&1)
result $? "questions: results are the kernel's" && [ -z "$out" ] || echo "# $out"
grep -v 'ask 4 .*/env ' log | awk 'length($0) > 200 { $0 = substr($0, 1, 30) "... " length($0) } { print }' >questions
sed "s|W/|$work/|" >wanted <<'EOF'
ask 0 W/relative
ask 0 /etc/../both
ask 1 /etc/../both
ask 3 W/listed
ask 1 W/.
ask 0 /usr/in-usr
ask 1 /usr
ask 0 W/reopened
ask 1 W/reopened
ask 2 W/from
ask 1 W/to
ask 0 W/old
ask 1 W/old
ask 1 W/new
ask 5 127.0.0.1:80
ask 5 [0:0:0:0:0:0:0:1]:443
ask 5 unix:W/rel.sock
ask 5 unix:@name
ask 1 W/rel.sock
ask 4 W/./none 'it'\''s' '' 'a b' -n
ask 4 no-such-program 'it'\''s' '' 'a b' -n
ask 4 /none/l 1 2
EOF
head -n "$(wc -l <wanted)" questions | diff wanted - >diff.out
result $? "questions: names, operations, quoting"
sed 's/^/# /' diff.out
sed -n "$(($(wc -l <wanted) + 1)),\$p" questions | grep -c '^ask 4 /none/many abcdef' >count.out
[ "$(cat count.out)" = 3 ] && ! grep -q too-long log
result $? "questions: a long command line comes in parts, a long argument is refused"
under env CRUST_RUN_MODE=ask sh -c 'echo x >free/h; echo y >secret/h' 2>said
[ -s free/h ] && [ ! -e secret/h ] && grep -q 'crust-run: denied write' said
result $? "a shell in best-effort mode"
under env CRUST_RUN_MODE=ask cat doubtful 2>said
[ $? = 1 ] && grep -q 'Permission denied' said
result $? "'ask' is no 'allow'"
for bad in garbage close; do
	start $bad
	LD_PRELOAD="$work/lib.so" CRUST_RUN_SOCK="$sock" CRUST_RUN_MODE=ask ./hooks dead "$work/secret" >out 2>&1
	! grep -q '^not' out
	result $? "best-effort, a server that answers '$bad': refused"
done
stop
hooks dead "$work/secret" CRUST_RUN_MODE=ask
out=$(LD_PRELOAD="$work/lib.so" CRUST_RUN_MODE=ask ./scenes one denied/f 2>&1)
[[ $out == "crust-run: denied: the supervisor"* ]]
result $? "best-effort without a socket name: refused"

# What it costs
for _ in 1 2 3; do
	./bench "$work/lib.so" /bin/true 300 >bench.out
	status=$?
	[ $status = 0 ] && break
done
sed 's/^/# /' bench.out
result "$status" "under 100 us at the start of a program"

echo "1..$((ok_count + bad_count))"
[ $bad_count = 0 ]
