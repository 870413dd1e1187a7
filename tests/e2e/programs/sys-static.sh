# the same calls from static binaries, of glibc and musl
for kind in static musl; do
	[ -x "$BIN/files-$kind" ] || continue
	for probe in "files openflags" "files pathcalls" "files crowd" "procs exec" "procs spawn" "socks unix"; do
		# shellcheck disable=SC2086 # two words
		set -- $probe
		mkdir "$kind-$2"
		(cd "$kind-$2" && echo "-- $kind $2" && "$BIN/$1-$kind" "$2")
	done
done
