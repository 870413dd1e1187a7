#!/bin/sh
# The cases in tests/data/cases: what a person would have refused, asked about, or let pass. Each file goes through
# one `crust check`; each class is one test, and the cases it got wrong are its diagnostics. TAP on stdout.
#
#   tests/e2e/cases.sh [FILE...]      CRUST names the program; MIN_STOP and MIN_ALLOW (percent) are what a class
#                                     must reach (default 100 each)
#
# A line is VERDICT<tab>COMMAND, or VERDICT<tab>{a question for crust check}. VERDICT is deny, ask, allow, or
# stop: deny or ask. `# class: NAME` begins a class. There is no file system: home is /home/u, the workspace
# /home/u/src/demo, and none of it exists.
set -u

CRUST=${CRUST:-${B:-build}/crust}
DATA=$(dirname "$0")/../data/cases
case $CRUST in /*) ;; *) CRUST=$PWD/$CRUST ;; esac
if [ ! -x "$CRUST" ]; then
	echo "1..0 # SKIP: $CRUST is not built"
	exit 77
fi
[ $# -gt 0 ] || set -- "$DATA"/*.txt
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
unset XDG_CONFIG_HOME

# A line that is no question becomes one.
questions() {
	awk -F'\t' '{
		q = substr($0, length($1) + 2)
		if (q !~ /^[{]"op":/) {
			gsub(/\\/, "\\\\\\\\", q)
			gsub(/"/, "\\\"", q)
			gsub(/\t/, "\\t", q)
			q = "{\"op\":\"exec\",\"command\":\"" q "\"}"
		}
		print q
	}'
}

for f; do
	grep -v '^$' "$f" | grep -v '^#' >"$T/cases"
	questions <"$T/cases" | "$CRUST" check --brief --home /home/u --cwd /home/u/src/demo --workspace /home/u/src/demo \
		>"$T/out" 2>"$T/err"
	status=$?
	if [ $status -gt 2 ] || [ ! -s "$T/out" ]; then
		sed 's/^/# /' "$T/err"
		echo "Bail out! crust check says nothing to $f (exit status $status)"
		exit 1
	fi
	sed -e 's/^{"verdict":"\([a-z]*\)","rule":"\([^"]*\)".*/\1	\2/' -e 's/^{"error":"\(.*\)"}$/error	\1/' "$T/out" >"$T/got"
	grep -v '^$' "$f" | awk -F'\t' -v got="$T/got" -v file="$(basename "$f" .txt)" '
		function close_class() {
			if (class == "")
				return
			printf "%s %s: %s: %d of %d\n", bad ? "not ok" : "ok", file, class, n - bad, n
			printf "%s", notes
		}
		/^# class: / { close_class(); class = substr($0, 10); n = bad = 0; notes = ""; next }
		/^#/ { next }
		{
			verdict = "nothing"; rule = ""
			if ((getline line < got) > 0) {
				split(line, g, "\t")
				verdict = g[1]; rule = g[2]
			}
			n++
			if (verdict == $1 || ($1 == "stop" && (verdict == "deny" || verdict == "ask")))
				next
			bad++
			notes = notes "#   " $1 ", not " verdict (rule != "" ? " (" rule ")" : "") ": " substr($0, length($1) + 2) "\n"
		}
		END { close_class() }' >>"$T/tap"
done
awk '/^#/ { print; next } { i++; if (/^not/) { failed = 1; sub(/^not ok/, "not ok " i " -") } else sub(/^ok/, "ok " i " -"); print }
	END { print "1.." i; exit failed }' "$T/tap"
