#!/usr/bin/env bash
# deps.sh - install the Debian packages that building, checking, or running the agents needs; nothing when all are
# there. Without the right to install it prints the one command to run, and exits 1.
#
# usage: scripts/deps.sh [build|check|agents]…      (default: build check; each includes those before it)
set -u

build="gcc libc6-dev make pkg-config libyaml-dev libpcre2-dev libcjson-dev libutf8proc-dev libicu-dev python3-mnemonic"
check="clang clang-tidy cppcheck libclang-rt-14-dev musl-tools gcc-aarch64-linux-gnu libc6-dev-arm64-cross shellcheck mandoc
	python3 python3-venv libpython3.11-testsuite golang-go git perl gawk sed ripgrep findutils rsync tar patch diffutils
	zip unzip xz-utils bzip2 gzip ed vim-nox sqlite3 gnupg curl tmux openssh-client procps psmisc util-linux
	bsdutils bsdextrautils iproute2 strace file ca-certificates"
agents="chromium bubblewrap"

[ $# -gt 0 ] || set -- build check
packages=''
for group; do
	case $group in
	build) packages+=" $build" ;;
	check) packages+=" $build $check" ;;
	agents) packages+=" $build $check $agents" ;;
	*) echo "usage: scripts/deps.sh [build|check|agents]…" >&2; exit 2 ;;
	esac
done

# A node that is there already will do, wherever it came from; Debian's brings npm as a package of its own.
case " $* " in
*" check "* | *" agents "*)
	command -v node >/dev/null || packages+=" nodejs"
	command -v npm >/dev/null || packages+=" npm"
	;;
esac

# What some other package provides as a command counts as there.
there() {
	case $1 in
	vim-nox) command -v vim >/dev/null ;;
	golang-go) command -v go >/dev/null ;;
	gawk) command -v awk >/dev/null ;;
	*) [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	esac
}

command -v dpkg-query >/dev/null || {
	echo "deps: this is not Debian: please install what Debian calls$packages" | tr '\n\t' '  '
	echo
	exit 1
}

missing=()
for p in $packages; do
	case " ${missing[*]-} " in *" $p "*) continue ;; esac
	there "$p" || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" != 0 ]; then
	printf 'deps: missing packages; please run:\n  sudo %s\n' "${install[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
printf 'deps: installing %s\n' "${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists may be missing or old: fetch them once if the first try fails.
"${install[@]}" >"$log" 2>&1 </dev/null || { apt-get update && "${install[@]}"; } >"$log" 2>&1 </dev/null || {
	tail -n 25 "$log" >&2
	exit 1
}
