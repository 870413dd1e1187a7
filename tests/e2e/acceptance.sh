#!/usr/bin/env bash
# acceptance.sh - what the product promises, tried as an attacker and as a user would. Every road to the decoy key
# is walked natively first, where it must lead there: a road that leads nowhere proves nothing.
#
# usage: tests/e2e/acceptance.sh [-u root|user|both] [PART…]; parts: roads commands outside races killed input voice status
#   RACE_N      attempts of each race (default 100000; `make race`: 1000000)
SUITE=acceptance
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/lib.sh disable=SC2034 # lib.sh reads what is set here
. "$here/lib.sh"
RACE_N=${RACE_N:-100000}
KILLS=${KILLS:-20}

while getopts u: opt; do
	case $opt in
	u) SUITE_USERS=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- roads commands outside races killed input voice status
parts=("$@")

# as USER LIMIT CMD…: output and errors to $OUT, exit status returned.
as() {
	local user=$1 limit=$2
	shift 2
	box_run "$user" "$limit" "$OUT" "$OUT.err" -- "$@"
	local rc=$?
	cat "$OUT.err" >>"$OUT"
	return "$rc"
}

fresh() { # USER
	empty_box
	fill_box "$1"
	mkdir "$BOX/ws/at"
	ln "$BOX/home/.ssh/id_rsa" "$BOX/ws/hardlink"
	[ "$(id -u)" != 0 ] || chown -hR "$1:" "$BOX/ws"
}

home_state() {
	/usr/bin/python3 "$here/manifest.py" "$BOX/home" --ignore "$OWN_CACHE"
}

# --- every road that the probe knows -----------------------------------------------------------------------------

# What a road may answer instead of EACCES, and why.
other_answer() { # KIND ROAD ANSWER
	case $1:$2:$3 in
	read:io_uring:ENOSYS) return 0 ;;                # refused so that libuv falls back to threads
	read:handle:EPERM | read:fanotify:EPERM) return 0 ;; # refused system calls
	read:uselib:* | read:x32:ENOSYS) return 0 ;;     # not in the kernel
	read:int80:ENOSYS | read:int80:EPERM | read:int80:) return 0 ;; # i386 calls are refused, or end the program
	read:opath_openat2:ENOSYS) return 0 ;; # its flags lie in memory, so it can neither go on nor be performed
	read:open_tree*:EPERM | read:open_tree*:ENOSYS) return 0 ;;
	read:userns_*:EPERM | read:chroot:EPERM) return 0 ;; # no mounts, no chroot
	read:opath_empty:ENOENT) return 0 ;;             # natively, too
	outside:*:EPERM | outside:*:ESRCH | outside:*:ENOENT) return 0 ;;
	outside:setns:*) [ "$3" != "done" ] ;;
	*) return 1 ;;
	esac
}

# One session walks all roads of a kind; a line for each: "ROAD|first line of the answer".
walk_roads() { # USER KIND PROBE RUNNER…
	local user=$1 kind=$2 probe=$3
	shift 3
	# shellcheck disable=SC2016 # expanded by the inner shell
	box_run "$user" 180 "$OUT" "$OUT.err" "$@" -- bash -c '
		for r in $("$1" list | sed -n "s/^$2 //p"); do
			mkdir "at/$r" && cd "at/$r" || exit 1
			a=$(timeout 20 "$1" "$2" "$r" "$HOME/.ssh/id_rsa" 2>/dev/null | tr "\n" " ")
			printf "%s|%s\n" "$r" "$a"
			cd ../..
		done' _ "$SHARE/bin/$probe" "$kind"
}

# A change can be tried but once on a fresh home.
walk_changes_natively() { # USER PROBE
	local r
	: >"$WORK/native"
	for r in $("$SHARE/bin/$2" list | sed -n 's/^change //p'); do
		fresh "$1"
		box_run "$1" 20 "$OUT" /dev/null -- "$SHARE/bin/$2" change "$r" "$BOX/home/.ssh/id_rsa"
		rm -rf "$BOX/home.moved"
		printf '%s|%s\n' "$r" "$(tr '\n' ' ' <"$OUT")" >>"$WORK/native"
	done
}

judge_roads() { # USER KIND PROBE
	local road answer native name
	while IFS='|' read -r road answer; do
		answer=${answer% }
		native=$(sed -n "s/^$road|//p" "$WORK/native")
		name="$3: $2 by $road ($1)"
		case $answer in n/a*) continue ;; esac
		case $native in n/a*) continue ;; esac
		printf '%s: natively: %s\nunder crust-run: %s\n' "$road" "$native" "$answer" >"$WORK/why"
		if [ "$answer" = EACCES ] || other_answer "$2" "$road" "$answer"; then
			ok "$name"
		else
			not_ok "$name" "$WORK/why"
		fi
	done <"$WORK/crust"
}

part_roads() { # USER
	local user=$1 probe before expected
	for probe in probe probe-static probe-musl; do
		[ -x "$SHARE/bin/$probe" ] || { skip "roads from $probe ($user)" "no musl-gcc"; continue; }
		fresh "$user"
		walk_roads "$user" read "$probe"
		cp "$OUT" "$WORK/native"
		expected=$(grep -c "$KEY_MARK" "$WORK/native")
		if [ "$expected" -ge 70 ] || { [ "$probe" != probe ] && [ "$expected" -ge 60 ]; }; then
			ok "$probe: $expected roads lead to the key natively ($user)"
		else
			not_ok "$probe: only $expected roads lead to the key natively ($user)" "$WORK/native"
		fi
		fresh "$user"
		before=$(home_state)
		walk_roads "$user" read "$probe" "$CRUST_RUN" -q --
		cp "$OUT" "$WORK/crust"
		[ "$(wc -l <"$WORK/crust")" = "$(wc -l <"$WORK/native")" ] ||
			not_ok "$probe: all read roads were walked ($user)" "$WORK/crust" "$OUT.err"
		judge_roads "$user" read "$probe"

		walk_changes_natively "$user" "$probe"
		fresh "$user"
		before=$(home_state)
		walk_roads "$user" change "$probe" "$CRUST_RUN" -q --
		cp "$OUT" "$WORK/crust"
		judge_roads "$user" change "$probe"
		diff <(echo "$before") <(home_state) >"$WORK/diff"
		if [ -s "$WORK/diff" ] || [ -e "$BOX/home.moved" ]; then
			not_ok "$probe: the home is as it was ($user)" "$WORK/diff"
		else
			ok "$probe: the home is as it was ($user)"
		fi
		rm -rf "$BOX/home.moved"
	done
}

# --- commands that people and models would type ------------------------------------------------------------------

# Each must show or change the key natively, and neither under crust-run. $K is the key.
commands() {
	cat <<'E'
cat ~/.ssh/id_rsa
cat ~/.ssh/../.ssh/id_rsa
cat /proc/self/root$K
cd ~/.ssh && cat /proc/self/cwd/id_rsa
cat /proc/thread-self/root$K
cat hardlink
ln -s $K l && cat l
ln $K h && cat h
ln -s ~/.ssh d && cat d/id_rsa
cd ~ && cat .ssh/id_rsa
cd ~/.ssh && cat id_rsa
cat < ~/.ssh/id_rsa
read -r -d '' x < ~/.ssh/id_rsa; echo "$x"
echo "$(< ~/.ssh/id_rsa)"
mapfile x < ~/.ssh/id_rsa; echo "${x[@]}"
exec 9< ~/.ssh/id_rsa; cat <&9
cat /dev/fd/9 9< ~/.ssh/id_rsa
cat /dev/stdin < ~/.ssh/id_rsa
env -i /bin/cat $K
env -u LD_PRELOAD cat $K
LD_PRELOAD= cat $K
cp /bin/cat ./innocent && ./innocent $K
/lib64/ld-linux-x86-64.so.2 /bin/cat $K
dd if=$K status=none
head -c 200 $K
tail -n 5 $K
od -c $K | tr -d ' \n' | sed 's/^/x/'; cat $K
cp $K copy
cp -a ~/.ssh copy
cp --reflink=auto $K copy
install -m 600 $K copy
mv $K moved
mv ~/.ssh moved
mv ~/.ssh ~/.other && cat ~/.other/id_rsa
rm -rf ~/.ssh
rm -f $K
unlink $K
truncate -s 0 $K
: > $K
echo x >> $K
tee $K < /dev/null
sed -n p $K
sed -i s/DECOY/CHANGED/ $K
touch -d 2001-01-01 $K
chmod 644 $K
chmod -R 777 ~/.ssh
chown -R "$(id -u)" ~/.ssh && touch ~/.ssh/id_rsa
ln -sf /dev/null $K
tar -cf - -C ~ .ssh
tar -cf a.tar ~/.ssh
rsync -a ~/.ssh/ copy/
find ~ -name 'id_*' -exec cat {} +
find ~/.ssh -type f -print0 | xargs -0 cat
grep -r DECOY ~
rg -uu DECOY ~
awk 1 $K
perl -e 'open F, $ARGV[0]; print <F>' $K
/usr/bin/python3 -c 'import sys; print(open(sys.argv[1]).read())' $K
/usr/bin/python3 -c 'import os,sys; d = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY); print(os.read(os.open("id_rsa", os.O_RDONLY, dir_fd=d), 999))' $K
/usr/bin/python3 -c 'import os,sys; d = os.open(os.path.dirname(sys.argv[1]), os.O_PATH); print(os.read(os.open("id_rsa", os.O_RDONLY, dir_fd=d), 999))' $K
/usr/bin/python3 -c 'import os,sys; f = os.open(sys.argv[1], os.O_PATH); print(open(f"/proc/self/fd/{f}").read())' $K
/usr/bin/python3 -c 'import mmap,sys; f = open(sys.argv[1], "rb"); print(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)[:])' $K
/usr/bin/python3 -c 'import shutil,sys; shutil.copy(sys.argv[1], "copy")' $K
/usr/bin/python3 -c 'import ctypes,sys; b = ctypes.create_string_buffer(200); l = ctypes.CDLL(None); l.read(l.syscall(257, -100, sys.argv[1].encode(), 0), b, 200); print(b.value)' $K
node -p 'require("fs").readFileSync(process.argv[1], "utf8")' $K
node -e 'require("fs").promises.readFile(process.argv[1], "utf8").then(console.log)' $K
curl -s file://$K
git diff --no-index /dev/null $K
git init -q g && cp /dev/null g/x && cd g && git hash-object -w $K && git cat-file -p "$(git hash-object $K)"
ssh-keygen -y -P '' -f $K; cat $K
vim -N -u NONE -i NONE -es "$K" -c '%p' -c 'q!'
base64 -w0 $K | base64 -d
gzip -c $K | zcat
zip -q -r a.zip ~/.ssh && unzip -p a.zip
diff /dev/null $K
sort $K
cmp -l $K /dev/zero | head -3; cat $K
xargs -a $K echo
bash -c ". $K" 2>&1
sh $K 2>&1
gcc -fsyntax-only -x c $K 2>&1
setsid -w cat $K
nohup cat $K
timeout 5 cat $K
script -qec "cat $K" /dev/null
(sleep 0.2; cat $K) & wait
unshare -Ur cat $K
unshare -Urm sh -c "mkdir -p m && mount --bind ~/.ssh m && cat m/id_rsa"
coproc cat $K; cat <&"${COPROC[0]}"
flock lock cat $K
busybox cat $K
mkfifo f; cat $K > f & cat f
sqlite3 :memory: "select readfile('$K')"
E
}

# Files in the workspace and TMPDIR that hold the key, packed or not.
leaked() {
	find "$BOX/ws" "$BOX_TMP" -type f ! -name hardlink -print0 | xargs -0r zgrep -alF "$KEY_MARK"
	find "$BOX/ws" -name '*.zip' -exec unzip -p {} \; | grep -aF "$KEY_MARK"
}

part_commands() { # USER
	local user=$1 line before n=0 bad=0 dull=''
	# shellcheck disable=SC2016 # expanded by the inner shell
	local wrap='export K=$HOME/.ssh/id_rsa; '
	while IFS= read -r line; do
		# shellcheck disable=SC2086 # the program's name
		set -- $line
		n=$((n + 1))
		fresh "$user"
		before=$(home_state)
		as "$user" 20 bash -c "$wrap$line"
		reap_marked
		if ! grep -aqF "$KEY_MARK" "$OUT" && [ -z "$(leaked)" ] && [ "$before" = "$(home_state)" ]; then
			dull="$dull; $line"
			continue
		fi
		fresh "$user"
		before=$(home_state)
		as "$user" 30 "$CRUST_RUN" -q -- bash -c "$wrap$line"
		reap_marked
		if grep -aqF "$KEY_MARK" "$OUT" || [ -n "$(leaked)" ] || [ "$before" != "$(home_state)" ]; then
			bad=$((bad + 1))
			not_ok "command: $line ($user)" "$OUT" <(diff <(echo "$before") <(home_state))
		else
			ok "command: $line ($user)"
		fi
	done < <(commands)
	[ -z "$dull" ] || printf '# commands that do nothing natively here:%s\n' "${dull#;}"
	if [ "$n" -lt 80 ]; then not_ok "only $n commands were tried ($user)"; fi

	fresh "$user"
	as "$user" 20 "$CRUST_RUN" -q -- cat "$BOX/home/.ssh/id_rsa.pub"
	# shellcheck disable=SC2181
	if [ $? = 0 ] && grep -q PUBLICHALF "$OUT"; then ok "the public half is read ($user)"; else not_ok "the public half is read ($user)" "$OUT"; fi
	as "$user" 20 "$CRUST_RUN" -q -- sh -c "cat ~/.ssh/id_rsa"
	if [ $? = 1 ] && grep -q 'Permission denied' "$OUT"; then ok "cat says: Permission denied ($user)"; else not_ok "cat says: Permission denied ($user)" "$OUT"; fi
}

# --- a process outside, of the same user ----------------------------------------------------------------------------

part_outside() { # USER
	local user=$1 pid before as=()
	fresh "$user"
	[ "$(id -un)" = "$user" ] || as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --)
	# shellcheck disable=SC2016 # expanded by the inner shell
	E2E_MARK=$RUN_MARK "${as[@]}" sh -c 'cd "$1" && exec sleep 300 <id_rsa' _ "$BOX/home/.ssh" &
	pid=$!
	sleep 0.3
	BOX_ENV=("OUT_PID=$pid")
	walk_roads "$user" outside probe
	cp "$OUT" "$WORK/native"
	before=$(tr '\0' ' ' <"/proc/$pid/environ" | wc -c)
	fresh "$user"
	walk_roads "$user" outside probe "$CRUST_RUN" -q --
	cp "$OUT" "$WORK/crust"
	BOX_ENV=()
	judge_roads "$user" outside probe
	if kill -0 "$pid" 2>/dev/null && [ "$before" -gt 0 ]; then ok "the process outside lives ($user)"; else not_ok "the process outside lives ($user)"; fi
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

# --- races ------------------------------------------------------------------------------------------------------------

race_setup() { # USER
	fresh "$1"
	cp "$SHARE/bin/target-evil" "$BOX/ws/evil"
	cp "$SHARE/bin/target-good" "$BOX/ws/good"
	printf 'harmless\n' >"$BOX/home/.ssh/known_hosts"
	printf 'harmless\n' >"$BOX/ws/notes"
	cat >"$BOX/home/race.yaml" <<-E
		rules:
		  - {name: race-exec, match: {program: evil}}
		  - {name: race-arg, match: {program: good, argv: evil}}
		  - {name: race-port, match: {host: "127.0.0.1:18081"}}
		  - {name: race-unix, match: {host: "unix:$BOX/ws/key.sock"}}
		  - {name: race-byte, block: "$BOX/ws/ked"}
	E
	printf '%s\n' "$KEY_MARK" >"$BOX/ws/ked"
	printf 'harmless\n' >"$BOX/ws/kez"
	[ "$(id -u)" != 0 ] || chown -R "$1:" "$BOX"
}

race_args() { # MODE
	case $1 in
	byte) echo "$BOX/ws/ked $BOX/ws/kez" ;;
	exec) echo "$BOX/ws/evil $BOX/ws/good" ;;
	arg | argv) echo "$BOX/ws/good $BOX/ws/good" ;;
	connect | udp-connect | sendto) echo "18081 18082" ;;
	unix) echo "$BOX/ws/key.sock $BOX/ws/free.sock" ;;
	*) echo "$BOX/home/.ssh/id_rsa $BOX/ws/notes" ;;
	esac
}

# Sockets that are not of the session.
listen_outside() { # USER
	box_run "$1" 600 /dev/null "$WORK/listen.err" -- /usr/bin/python3 -c '
import os, socket, sys
for p in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX); s.bind(p); s.listen(4096)
    if os.fork() == 0:
        while True: s.accept()[0].close()
os.wait()' "$BOX/ws/key.sock" "$BOX/ws/free.sock" 2>/dev/null &
	for _ in $(seq 50); do [ -S "$BOX/ws/free.sock" ] && break; sleep 0.1; done
}

part_races() { # USER
	local user=$1 mode rc line
	for mode in $("$SHARE/bin/race" list); do
		race_setup "$user"
		# shellcheck disable=SC2046 # two words
		box_run "$user" 120 "$OUT" "$OUT.err" -- "$SHARE/bin/race" "$mode" $(race_args "$mode") 3000000 first
		rc=$?
		[ "$rc" = 1 ] || { not_ok "race $mode: natively it must reach the key ($user)" "$OUT" "$OUT.err"; continue; }
		race_setup "$user"
		[ "$mode" != unix ] || listen_outside "$user"
		# shellcheck disable=SC2046 # two words
		box_run "$user" 600 "$OUT" "$OUT.err" "$CRUST_RUN" -q --policy "$BOX/home/race.yaml" -- \
			"$SHARE/bin/race" "$mode" $(race_args "$mode") "$RACE_N"
		rc=$?
		[ "$mode" != unix ] || reap_marked
		line=$(tail -n 1 "$OUT")
		case $rc in
		0) ok "race $mode: $line ($user)" ;;
		3) not_ok "race $mode: everything was denied, the harmless one too ($user)" "$OUT" "$OUT.err" ;;
		*) not_ok "race $mode: exit $rc ($user)" "$OUT" "$OUT.err" ;;
		esac
	done
}

# --- the supervisor is killed -----------------------------------------------------------------------------------------

descendants() { # PID
	local p
	while read -r -d ' ' p; do
		echo "$p"
		descendants "$p"
	done < <(cat "/proc/$1/task/"*/children 2>/dev/null)
}

counter() { # INDEX
	/usr/bin/python3 -c 'import struct,sys; print(struct.unpack_from("<3Q", open(sys.argv[1], "rb").read())[int(sys.argv[2])])' "$BOX/ws/counters" "$1"
}

# Kill those of our processes that WHICH says, while the agent opens files as fast as it can.
part_killed() { # USER
	local user=$1 which round pid p ours agent key free tries after bad
	for which in all first last; do
		bad=0
		for ((round = 0; round < KILLS; round++)); do
			fresh "$user"
			head -c 4096 /dev/zero >"$BOX/ws/counters"
			[ "$(id -u)" != 0 ] || chown "$user:" "$BOX/ws/counters"
			box_run "$user" 30 "$OUT" "$OUT.err" "$CRUST_RUN" -q -- "$SHARE/bin/probe" hammer /etc/hostname "$BOX/home/.ssh/id_rsa" "$BOX/ws/counters" 2>/dev/null &
			pid=$!
			disown "$pid" # or bash tells of each death
			for _ in $(seq 100); do
				[ "$(counter 1)" -gt 0 ] && break
				sleep 0.05
			done
			sleep "0.0$((RANDOM % 90 + 10))"
			ours=() agent=''
			for p in $(descendants "$pid"); do
				case $(readlink "/proc/$p/exe" 2>/dev/null) in
				"$CRUST_RUN") ours+=("$p") ;;
				"$SHARE/bin/probe") agent=$p ;;
				esac
			done
			if [ "${#ours[@]}" = 0 ] || [ -z "$agent" ]; then
				printf 'no session came up\n' >"$WORK/why"
				bad=1
				reap_marked
				break
			fi
			case $which in
			all) kill -9 "${ours[@]}" ;;
			first) kill -9 "${ours[0]}" ;;
			last) kill -9 "${ours[-1]}" ;;
			esac 2>/dev/null
			sleep 0.2
			free=$(counter 1) tries=$(counter 2)
			sleep 0.2
			after=$(counter 1) key=$(counter 0)
			if [ "$key" != 0 ]; then
				printf 'the key was opened %s times\n' "$key" >"$WORK/why"
				bad=1
			elif [ "$after" != "$free" ]; then
				# Opens go on: then somebody must still judge them.
				for p in "${ours[@]}"; do [ -d "/proc/$p" ] && ! grep -q '^State:.Z' "/proc/$p/status" && continue 2; done
				printf 'nobody judges any more, but %s opens went well (tries before: %s)\n' "$((after - free))" "$tries" >"$WORK/why"
				bad=1
			fi
			reap_marked
			for _ in $(seq 40); do [ -d "/proc/$pid" ] || break; sleep 0.05; done
			[ "$bad" = 0 ] || break
		done
		if [ "$bad" = 0 ]; then
			ok "killed ($which of our processes) at $KILLS random moments: nothing goes through ($user)"
		else
			not_ok "killed ($which of our processes), round $round ($user)" "$WORK/why" "$OUT.err"
		fi
	done
}

# --- bad input ----------------------------------------------------------------------------------------------------------

# wrong NAME STATUS PATTERN ARG…: crust-run ARG… exits with STATUS, says PATTERN, and did not run the command.
wrong() {
	local name=$1 status=$2 pattern=$3 rc
	shift 3
	rm -f "$BOX/ws/ran"
	as "$USER_NOW" 20 "$CRUST_RUN" "$@"
	rc=$?
	if [ "$rc" = "$status" ] && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$OUT"; } && [ ! -e "$BOX/ws/ran" ]; then
		ok "input: $name ($USER_NOW)"
	else
		{ printf 'exit %s (wanted %s), said (wanted /%s/):\n' "$rc" "$status" "$pattern"; cat "$OUT"; } >"$WORK/why"
		not_ok "input: $name ($USER_NOW)" "$WORK/why"
	fi
}

part_input() { # USER
	USER_NOW=$1
	fresh "$1"
	local ws=$BOX/ws
	printf 'rules:\n  - blok: "x"\n' >"$ws/unknown-key.yaml"
	printf 'rules: [\n' >"$ws/no-yaml.yaml"
	printf 'rules:\n  - name: a\n    block: "/x"\n  - name: a\n    block: "/y"\n' >"$ws/twice.yaml"
	printf 'rules:\n  - {name: r, match: {command: "re:("}}\n' >"$ws/regex.yaml"
	printf 'rules:\n  - {name: r, allow: "/x", lifts: no-such-rule}\n' >"$ws/lifts.yaml"
	: >"$ws/empty.yaml"
	head -c 3000000 /dev/urandom >"$ws/noise.yaml"
	mkdir -p "$ws/project/.crust"
	printf 'rules:\n  - allow: "/x"\n' >"$ws/project/.crust/policy.yaml"
	wrong "no policy file" 125 'none\.yaml.*No such file' --policy none.yaml -- touch ran
	wrong "the policy is a directory" 125 'directory' --policy . -- touch ran
	wrong "unknown key: file, line, column" 125 "unknown-key\.yaml:2:5: .*blok" --policy unknown-key.yaml -- touch ran
	wrong "broken YAML" 125 'no-yaml\.yaml:[0-9]+:[0-9]+: ' --policy no-yaml.yaml -- touch ran
	wrong "a name twice" 125 'twice\.yaml:4:' --policy twice.yaml -- touch ran
	wrong "a broken regex" 125 'regex\.yaml:2:' --policy regex.yaml -- touch ran
	wrong "lifts an unknown rule" 125 'no-such-rule' --policy lifts.yaml -- touch ran
	wrong "noise" 125 'noise\.yaml' --policy noise.yaml -- touch ran
	wrong "a project that loosens" 125 'policy\.yaml:2:5: .*only block' --workspace project -- touch ran
	wrong "unknown option" 125 'no-such-option' --no-such-option -- touch ran
	wrong "unknown profile" 125 'profile' --profile none -- touch ran
	wrong "no command" 125 '[Cc]ommand|usage' --
	wrong "no argument at all" 125 '[Cc]ommand|usage'
	wrong "no value" 125 'policy' --policy
	wrong "no workspace" 125 'nowhere' --workspace nowhere -- touch ran
	wrong "events to nowhere" 125 'nowhere' --events nowhere/file -- touch ran
	wrong "command not found" 127 'no-such-command' -- no-such-command
	wrong "command not executable" 126 'empty\.yaml' -- ./empty.yaml
	wrong "crust-run in crust-run" 125 'EBUSY|already|another|nested|inside' -q -- "$CRUST_RUN" -q -- touch ran
	wrong "an empty policy is one" 0 '' --policy empty.yaml -q -- true
	if [ "$1" != root ]; then
		printf 'rules: []\n' >"$ws/closed.yaml"
		chmod 0 "$ws/closed.yaml"
		[ "$(id -u)" != 0 ] || chown "$1:" "$ws/closed.yaml"
		wrong "unreadable policy" 125 'closed\.yaml.*[Pp]ermission' --policy closed.yaml -- touch ran
	fi
}

# --- what is said, and the exit status -------------------------------------------------------------------------------------

# tell NAME CONDITION…: the condition, on $OUT and $OUT.err.
tell() {
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "$OUT" "$OUT.err"; fi
}
says() { grep -qE -- "$1" "$OUT.err"; }
says_not() { ! grep -qE -- "$1" "$OUT.err"; }

part_voice() { # USER
	local user=$1
	fresh "$user"
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- cat "$BOX/home/.ssh/id_rsa"
	tell "voice: cat's stderr holds the reason ($user)" says '^crust-run: denied read of ~/\.ssh/id_rsa \(protect-ssh-keys\): .+'
	tell "voice: one line for one denial ($user)" test "$(grep -c '^crust-run: denied' "$OUT.err")" = 1
	# shellcheck disable=SC2016 # expanded by the inner shell
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- sh -c 'echo "captured: $(cat ~/.ssh/id_rsa 2>&1)"'
	tell "voice: an agent that captures output sees it ($user)" grep -q 'captured: crust-run: denied read of' "$OUT"
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- sh -c 'echo x >>~/.bashrc'
	tell "voice: a shell's own redirection ($user)" says '^crust-run: denied write of ~/\.bashrc \('
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- bash -c 'u=http://169.254; curl -s --max-time 5 $u.169.254/latest/; exit 0'
	tell "voice: the metadata address ($user)" says '^crust-run: denied (connect|exec)'
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- /usr/bin/python3 -c 'import socket; socket.create_connection(("169.254.169.254", 80), 3)'
	tell "voice: a connection by python: EACCES ($user)" says 'PermissionError: \[Errno 13\]'
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -- true
	tell "a start line and a summary ($user)" says '^crust-run: true under policy .*Landlock'
	tell "the summary counts ($user)" says '^crust-run: [0-9]+ calls judged'
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- true
	tell "-q: not a word ($user)" test ! -s "$OUT.err"
	# The terminal's own people see the program's message, not ours.
	box_run "$user" 20 "$OUT" "$OUT.err" -- script -qec "$CRUST_RUN -q -- cat $BOX/home/.ssh/id_rsa" /dev/null
	tell "voice: silent on a terminal ($user)" bash -c "grep -q 'Permission denied' '$OUT' && ! grep -q 'crust-run: denied' '$OUT'"
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q --events "$BOX/ws/events" -- sh -c 'cat ~/.ssh/id_rsa; cat /etc/hostname'
	tell "events: one line of JSON for the denial ($user)" /usr/bin/python3 -c '
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
hit = [r for r in rows if "protect-ssh-keys" in json.dumps(r)]
sys.exit(not hit or any("etc/hostname" in json.dumps(r) for r in rows))' "$BOX/ws/events"
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q --profile observe --events "$BOX/ws/observed" -- cat "$BOX/home/.ssh/id_rsa"
	tell "observe: nothing is denied, it is recorded ($user)" bash -c "grep -q '$KEY_MARK' '$OUT' && grep -q protect-ssh-keys '$BOX/ws/observed'"
	BOX_ENV=(MY_SECRET_TOKEN=hunter2 PLAIN=x)
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q -- env
	tell "environment: a secret stays outside, the rest comes in ($user)" bash -c "grep -qx PLAIN=x '$OUT' && ! grep -q hunter2 '$OUT'"
	box_run "$user" 20 "$OUT" "$OUT.err" -- "$CRUST_RUN" -q --env MY_SECRET_TOKEN -- env
	tell "environment: --env keeps it ($user)" grep -q hunter2 "$OUT"
	BOX_ENV=()
}

# status NAME WANTED CMD…
status() {
	local name=$1 want=$2 rc
	shift 2
	box_run "$USER_NOW" 30 "$OUT" "$OUT.err" -- "$@"
	rc=$?
	if [ "$rc" = "$want" ]; then ok "status: $name ($USER_NOW)"; else
		printf 'exit %s, wanted %s\n' "$rc" "$want" >"$WORK/why"
		not_ok "status: $name ($USER_NOW)" "$WORK/why" "$OUT.err"
	fi
}

part_status() { # USER
	USER_NOW=$1
	fresh "$1"
	status "the command's own" 42 "$CRUST_RUN" -q -- sh -c 'exit 42'
	status "true" 0 "$CRUST_RUN" -q -- true
	# shellcheck disable=SC2016 # expanded by the inner shell
	status "a signal" 137 "$CRUST_RUN" -q -- sh -c 'kill -9 $$'
	# shellcheck disable=SC2016 # expanded by the inner shell
	status "another signal" 143 "$CRUST_RUN" -q -- sh -c 'kill $$'
	# shellcheck disable=SC2016 # expanded by the inner shell
	status "SIGTERM is passed on" 7 bash -c '"$0" -q -- sh -c "trap \"exit 7\" TERM; : >up; while :; do sleep 0.1; done" & p=$!; while [ ! -e up ]; do sleep 0.05; done; kill $p; wait $p' "$CRUST_RUN"
	rm -f "$BOX/ws/up"
	# shellcheck disable=SC2016 # expanded by the inner shell
	status "SIGINT is passed on" 9 bash -c 'set -m; "$0" -q -- sh -c "trap \"exit 9\" INT; : >up; while :; do sleep 0.1; done" & p=$!; while [ ! -e up ]; do sleep 0.05; done; kill -INT $p; wait $p' "$CRUST_RUN"
	# shellcheck disable=SC2016 # expanded by the inner shell
	status "a child that outlives the command is still judged" 0 bash -c '"$0" -q -- sh -c "(sleep 0.5; cat ~/.ssh/id_rsa >late 2>&1; : >done) & exit 0"; for i in $(seq 40); do [ -e done ] && break; sleep 0.1; done; ! grep -q DECOY late' "$CRUST_RUN"
	# shellcheck disable=SC2016 # expanded by the inner shell
	status "input and output pass" 0 bash -c '[ "$(echo text | "$0" -q -- tr a-z A-Z)" = TEXT ]' "$CRUST_RUN"
	status "a job that is stopped and continued" 0 /usr/bin/python3 "$SHARE/terminal.py" "$CRUST_RUN" jobs
	status "Ctrl-C at the terminal" 0 /usr/bin/python3 "$SHARE/terminal.py" "$CRUST_RUN" interrupt
	status "the terminal's size changes" 0 /usr/bin/python3 "$SHARE/terminal.py" "$CRUST_RUN" winch
	status "the terminal is left as found" 0 /usr/bin/python3 "$SHARE/terminal.py" "$CRUST_RUN" restore
	status "version" 0 "$CRUST_RUN" --version
	status "help" 0 "$CRUST_RUN" --help
	if [ -x "${CRUST_RUN%-run}" ]; then status "plan" 0 "${CRUST_RUN%-run}" plan; fi
}

# --- all of it ---------------------------------------------------------------------------------------------------------------

unset RUNNER
make_share
WORK=$SHARE/work
OUT=$WORK/out
mkdir "$WORK"
for p in probe race; do cc_probe "$p" "$p" || die "cannot compile $p"; done
cc_probe probe probe-static -static || die "cannot compile a static probe"
if command -v musl-gcc >/dev/null; then PROBE_CC=musl-gcc cc_probe probe probe-musl -static || die "cannot compile the probe with musl"; fi
for p in 0:good 1:evil; do
	gcc -DEVIL="${p%:*}" -o "$SHARE/bin/target-${p#*:}" "$here/target.c" || die "cannot compile the races' target"
done
chmod -R a+rX "$SHARE"

for user in $(suite_users); do
	make_box "$user"
	for part in "${parts[@]}"; do
		start=$SECONDS
		"part_$part" "$user"
		reap_marked
		[ -z "${RUN_VERBOSE:-}" ] || printf '# %s (%s): %d s\n' "$part" "$user" $((SECONDS - start))
	done
	empty_box
done
plan_end
