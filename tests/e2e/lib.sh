# shellcheck shell=bash
# lib - what the end-to-end suites share: TAP, users, twin directories, the runner. Sourced, never run.
#
#   B            build folder (default: build)
#   CRUST_RUN    the program under test (default: $B/crust-run)
#   RUNNER       words put before every command (default: "$CRUST_RUN -q --"). Set and empty: native against
#                native, which must pass everywhere and so tests the tests.
#   RUN_KEEP=1   keep the scratch directories and say where they are
#
# Everything a sandboxed user must reach is copied to $SHARE, because a clone below /root is closed to them.
set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$TOP/$B ;; esac
CRUST_RUN=${CRUST_RUN:-$B/crust-run}
TEST_USER=crusttest

SUITE=${SUITE:-e2e}
TAP_N=0 TAP_BAD=0
SHARE='' BOX='' BOX_TMP='' RUN_MARK="crust-e2e-$$-$RANDOM"
SCRATCH=()
# crust-run keeps the compiled policy here; for manifest.py --ignore.
OWN_CACHE='\.cache(/crust|$)'

ok() { # NAME
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s: %s\n' "$TAP_N" "$SUITE" "$1"
}

not_ok() { # NAME [FILE…]: the files are shown as diagnostics
	TAP_N=$((TAP_N + 1)) TAP_BAD=$((TAP_BAD + 1))
	printf 'not ok %d - %s: %s\n' "$TAP_N" "$SUITE" "$1"
	shift
	local f
	for f; do
		[ -s "$f" ] && head -c 6000 "$f" | head -n "${DIAG_LINES:-40}" | tr -c '\n\t -~' '?' | sed 's/^/#   /'
	done
	return 0
}

skip() { # NAME REASON
	TAP_N=$((TAP_N + 1))
	printf 'ok %d - %s: %s # SKIP %s\n' "$TAP_N" "$SUITE" "$1" "$2"
}

plan_end() {
	printf '1..%d\n' "$TAP_N"
	[ "$TAP_BAD" = 0 ]
}

die() {
	printf 'Bail out! %s: %s\n' "$SUITE" "$*"
	exit 1
}

# What our runs left behind (daemons of tmux, gpg …) is found by a mark in its environment and ended by id.
reap_marked() {
	local env pid
	for env in /proc/[0-9]*/environ; do
		pid=${env#/proc/} pid=${pid%/environ}
		grep -qzxF "E2E_MARK=$RUN_MARK" "$env" 2>/dev/null && kill -9 "$pid" 2>/dev/null
	done
	return 0
}

cleanup() {
	reap_marked
	local d
	for d in "${SCRATCH[@]}"; do
		if [ -n "${RUN_KEEP:-}" ]; then
			printf '# kept: %s\n' "$d"
		else
			chmod -R u+rwX "$d" 2>/dev/null
			rm -rf "$d" 2>/dev/null || { sleep 1 && rm -rf "$d"; }
		fi
	done
}

# The users that a suite runs as: "root crusttest" for root, otherwise the caller alone.
# SUITE_USERS narrows them.
suite_users() {
	local all
	if [ "$(id -u)" = 0 ]; then
		getent passwd "$TEST_USER" >/dev/null || useradd -m -s /bin/bash "$TEST_USER" >/dev/null 2>&1 ||
			die "cannot create the user $TEST_USER"
		all="root $TEST_USER"
	else
		all=$(id -un)
	fi
	case ${SUITE_USERS:-both} in
	both) printf '%s\n' "$all" ;;
	user) printf '%s\n' "${all##* }" ;;
	*) printf '%s\n' "$SUITE_USERS" ;;
	esac
}

home_of() {
	getent passwd "$1" | cut -d: -f6
}

# $SHARE: programs and helpers, readable by all, written by none of the users under test.
make_share() {
	SHARE=$(mktemp -d "${CRUST_E2E_SHARE:-/var/tmp}/crust-e2e.XXXXXX") || die "no scratch directory"
	SCRATCH+=("$SHARE")
	trap cleanup EXIT
	trap 'exit 130' INT TERM HUP
	mkdir "$SHARE/bin" "$SHARE/run"
	cp -r "$TOP/tests/e2e/programs" "$SHARE/programs"
	cp "$TOP"/tests/e2e/*.py "$SHARE/" 2>/dev/null
	local p
	if [ -z "${RUNNER+set}" ]; then
		[ -x "$CRUST_RUN" ] || die "no $CRUST_RUN: run make first"
		cp "$CRUST_RUN" "$SHARE/run/crust-run"
		for p in crust libcrust-preload.so; do
			[ -e "$(dirname "$CRUST_RUN")/$p" ] && cp "$(dirname "$CRUST_RUN")/$p" "$SHARE/run/"
		done
		CRUST_RUN=$SHARE/run/crust-run
		RUNNER="$CRUST_RUN -q --"
	fi
	chmod -R a+rX,go-w "$SHARE"
}

# cc_probe SOURCE NAME [FLAG…]: compile tests/live/SOURCE.c to $SHARE/bin/NAME.
cc_probe() {
	local src=$1 name=$2
	shift 2
	"${PROBE_CC:-gcc}" -D_GNU_SOURCE -I"$TOP" -std=gnu17 -O1 -w "$@" -o "$SHARE/bin/$name" \
		"$TOP/tests/live/$src.c" -lpthread >"$SHARE/cc.log" 2>&1 || { cat "$SHARE/cc.log"; return 1; }
}

# A directory of the user's own to work in; its path goes to $BOX. Short, for the sake of socket paths; root's
# is not below /root, so that what drops its rights still gets there.
make_box() { # USER
	local parent=/srv
	[ "$1" = root ] || parent=$(home_of "$1")
	[ -d "$parent" ] && [ -w "$parent" ] || parent=/var/tmp
	BOX=$(mktemp -d "$parent/e.XXXXXX") || die "no scratch directory in $parent"
	BOX_TMP=/tmp/${BOX##*/}
	SCRATCH+=("$BOX" "$BOX_TMP")
	fill_box "$1"
}

KEY_MARK=DECOY-KEY-dQw4w9WgXcQ-NOT-A-SECRET

# home/ with decoys, ws/ the workspace; TMPDIR is elsewhere, as it is for people.
fill_box() { # USER
	mkdir -p "$BOX/home/.ssh" "$BOX/ws" "$BOX_TMP"
	chmod 755 "$BOX"
	chmod 700 "$BOX_TMP"
	printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n' "$KEY_MARK" >"$BOX/home/.ssh/id_rsa"
	printf 'ssh-rsa AAAAB3NzaPUBLICHALF decoy@example\n' >"$BOX/home/.ssh/id_rsa.pub"
	printf 'harmless\n' >"$BOX/home/notes.txt"
	printf '# start file\n' >"$BOX/home/.bashrc"
	printf '[user]\n\tname = Test User\n\temail = test@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n' >"$BOX/home/.gitconfig"
	chmod 700 "$BOX/home/.ssh"
	chmod 600 "$BOX/home/.ssh/id_rsa"
	[ "$(id -u)" = 0 ] && chown -R "$1:" "$BOX" "$BOX_TMP"
	return 0
}

empty_box() {
	chmod -R u+rwX "$BOX" "$BOX_TMP" 2>/dev/null
	rm -rf "${BOX:?}" "${BOX_TMP:?}"
}

# box_run USER LIMIT OUT ERR RUNNER… -- CMD…: CMD in the box, in a session and an environment of its own.
box_run() {
	local user=$1 limit=$2 out=$3 err=$4 as=() run=() node_dir
	shift 4
	while [ "$1" != -- ]; do run+=("$1"); shift; done
	shift
	[ "$(id -un)" = "$user" ] || as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --)
	node_dir=$(command -v node || true)
	node_dir=${node_dir%/*}
	case $node_dir in /usr/local/bin | /usr/bin | /bin) node_dir='' ;; esac
	(
		cd "$BOX/ws" || exit 99
		exec setsid -w timeout -k 5 "$limit" "${as[@]}" env -i HOME="$BOX/home" USER="$user" LOGNAME="$user" \
			SHELL=/bin/bash PATH="${node_dir:+$node_dir:}/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LANG=C.UTF-8 \
			TZ=UTC TERM=xterm TMPDIR="$BOX_TMP" E2E="$SHARE" BIN="$SHARE/bin" E2E_MARK="$RUN_MARK" \
			${BOX_ENV[@]+"${BOX_ENV[@]}"} "${run[@]}" "$@"
	) >"$out" 2>"$err" </dev/null
}
