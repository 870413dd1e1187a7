#!/usr/bin/env bash
# programs.sh - real programs, run natively and under crust-run: same output, same exit status, same files.
#
# usage: tests/e2e/programs.sh [-u root|user|both] [-l] [NAME…]
#
# Every tests/e2e/programs/NAME.sh is run twice as each user, in directories of the same path made anew each time.
# Its header may say:
#   # needs: COMMAND…      skipped, with this reason, when one of them is missing
#   # limit: SECONDS       time allowed to one run (default 60)
#   # user: root | user    only as this one
#   # long: REASON          as root only with CRUST_LONG=1 (CI sets it)
#   # ignore: REGEX        names in the box left out of the comparison
#   # volatile: REGEX      names whose contents differ from run to run by nature
#   # stderr: compare      compare what went to stderr too
# See lib.sh for RUNNER and the rest of the environment.
SUITE=programs
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/lib.sh disable=SC2034 # lib.sh reads what is set here
. "$here/lib.sh"

list=''
while getopts u:l opt; do
	case $opt in
	u) SUITE_USERS=$OPTARG ;;
	l) list=1 ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
names=("$@")
[ $# -gt 0 ] || for f in "$here"/programs/*.sh; do
	f=${f##*/}
	names+=("${f%.sh}")
done
[ -z "$list" ] || { printf '%s\n' "${names[@]}"; exit 0; }

header() { # SCRIPT KEY
	sed -n "s/^# $2: //p" "$1"
}

missing_need() { # SCRIPT
	local w
	for w in $(header "$1" needs); do
		PATH=$PATH:/usr/sbin:/sbin command -v "$w" >/dev/null || { printf '%s' "$w"; return; }
	done
}

# one_run SCRIPT USER WHERE RUNNER…: leaves WHERE.{out,err,rc,tree} in $WORK
one_run() {
	local script=$1 user=$2 where=$3 limit args=() re rc
	shift 3
	limit=$(header "$script" limit)
	box_run "$user" "${limit:-60}" "$WORK/$where.out" "$WORK/$where.err" "$@" -- bash "$SHARE/programs/${script##*/}"
	rc=$?
	reap_marked
	[ "$rc" = 124 ] && rc="124 (ran longer than ${limit:-60} s)"
	printf 'exit %s\n' "$rc" >"$WORK/$where.rc"
	while IFS= read -r re; do args+=(--ignore "$re"); done < <(header "$script" ignore)
	while IFS= read -r re; do args+=(--volatile "$re"); done < <(header "$script" volatile)
	/usr/bin/python3 "$here/manifest.py" "$BOX" --ignore "^home/$OWN_CACHE" ${args[@]+"${args[@]}"} >"$WORK/$where.tree" 2>&1
	/usr/bin/python3 "$here/manifest.py" "$BOX_TMP" --ignore '^node-compile-cache' >>"$WORK/$where.tree" 2>&1
}

one_test() { # NAME USER
	local name=$1 user=$2 script=$here/programs/$1.sh need what parts='out rc tree' only
	[ -f "$script" ] || die "no test '$name'"
	only=$(header "$script" user)
	case $only:$user in
	root:root | user:*) [ "$only:$user" != user:root ] || return 0 ;;
	root:*) return 0 ;;
	esac
	[ "$user" != root ] || [ -n "${CRUST_LONG:-}" ] || [ -z "$(header "$script" long)" ] || return 0
	need=$(missing_need "$script")
	[ -z "$need" ] || { skip "$name ($user)" "$need is not installed"; return; }
	[ "$(header "$script" stderr)" != compare ] || parts+=' err'

	local start=$SECONDS
	make_box "$user"
	WORK=$SHARE/work
	rm -rf "$WORK"
	mkdir "$WORK"
	one_run "$script" "$user" native
	empty_box
	fill_box "$user"
	# shellcheck disable=SC2086 # RUNNER is words
	one_run "$script" "$user" crust $RUNNER

	: >"$WORK/diff"
	for what in $parts; do
		cmp -s "$WORK/native.$what" "$WORK/crust.$what" || {
			printf -- '--- %s: native against crust-run\n' "$what"
			diff -U1 "$WORK/native.$what" "$WORK/crust.$what" | tail -n +3 | head -n 30
		} >>"$WORK/diff"
	done
	if [ -s "$WORK/diff" ]; then
		{
			printf 'stderr under crust-run:\n'
			tail -n 15 "$WORK/crust.err"
			printf 'again: %s -u %s %s\n' tests/e2e/programs.sh "$user" "$name"
		} >>"$WORK/diff"
		DIAG_LINES=90 not_ok "$name ($user)" "$WORK/diff"
	elif ! grep -qx 'exit 0' "$WORK/native.rc"; then
		not_ok "$name ($user): fails natively, so it proves nothing" "$WORK/native.rc" "$WORK/native.err"
	else
		ok "$name ($user)"
	fi
	[ -z "${RUN_VERBOSE:-}" ] || {
		printf '# %s: %d s\n' "$name" $((SECONDS - start))
		sed 's/^/#   out: /' "$WORK/native.out" | head -n 100
		sed 's/^/#   err: /' "$WORK/native.err" | head -n 30
	}
	if [ -z "${RUN_KEEP:-}" ]; then
		empty_box
		unset 'SCRATCH[-1]' 'SCRATCH[-1]'
	fi
}

make_share
for p in files procs socks; do
	cc_probe "$p" "$p" || die "cannot compile $p"
	cc_probe "$p" "$p-static" -static || die "cannot compile $p -static"
	command -v musl-gcc >/dev/null || continue
	PROBE_CC=musl-gcc cc_probe "$p" "$p-musl" -static || die "cannot compile $p with musl"
done
# The project's own sources: a real tree to compile.
(cd "$TOP" && tar -cf "$SHARE/src.tar" --exclude='./build*' --exclude=./.git --exclude=node_modules .)
chmod -R a+rX "$SHARE"

for user in $(suite_users); do
	for name in "${names[@]}"; do
		one_test "$name" "$user"
	done
done
plan_end
