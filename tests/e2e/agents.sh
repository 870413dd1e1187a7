#!/usr/bin/env bash
# agents.sh - the real agents against a model of our own on loopback, natively and under crust-run: each is made to
# `cat` a decoy key, then to do an ordinary task. And Chromium with its own sandbox on, and claude at a terminal.
#
# usage: tests/e2e/agents.sh [-u root|user|both] [-i] [NAME…]; names: claude codex gemini opencode terminal chromium
#   -i           install only
#   AGENTS_DIR   where the npm packages go (default build/agents; about 1 GB)
SUITE=agents
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/lib.sh disable=SC2034 # lib.sh reads what is set here
. "$here/lib.sh"
AGENTS_DIR=${AGENTS_DIR:-$TOP/build/agents}

only_install=''
while getopts u:i opt; do
	case $opt in
	u) SUITE_USERS=$OPTARG ;;
	i) only_install=1 ;;
	*) exit 2 ;;
	esac
done
words=("$@")
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- claude codex gemini opencode terminal chromium

# --- installing ---------------------------------------------------------------------------------------------------

install_agents() {
	command -v npm >/dev/null || die "npm is missing: make deps"
	mkdir -p "$AGENTS_DIR" || die "cannot make $AGENTS_DIR"
	if cmp -s "$TOP/tests/agents/package-lock.json" "$AGENTS_DIR/installed.json" && [ -x "$AGENTS_DIR/node_modules/.bin/claude" ]; then
		return
	fi
	printf '# installing the agents into %s\n' "$AGENTS_DIR"
	rm -f "$AGENTS_DIR/installed.json"
	cp "$TOP/tests/agents/package.json" "$TOP/tests/agents/package-lock.json" "$AGENTS_DIR/"
	# Not `npm ci`: it refuses the lock when an optional package for another platform is not in the registry.
	# With the lock in place `install` takes the same versions and checks the same hashes.
	(cd "$AGENTS_DIR" && timeout 900 npm install --no-save --no-audit --no-fund --loglevel=error) >"$AGENTS_DIR/npm.log" 2>&1 || {
		tail -n 20 "$AGENTS_DIR/npm.log"
		die "npm install failed"
	}
	chmod -R a+rX "$AGENTS_DIR"
	cp "$TOP/tests/agents/package-lock.json" "$AGENTS_DIR/installed.json"
}

# --- one model, one agent, one run ------------------------------------------------------------------------------------

MODEL_PID='' PORT=''
model_start() { # SCRIPT LOG
	: >"$WORK/port"
	E2E_MARK=$RUN_MARK node "$TOP/tests/fake-model/fake-model.mjs" --port 0 --print-port --script "$1" --log "$2" >"$WORK/port" 2>"$WORK/model.err" &
	MODEL_PID=$!
	for _ in $(seq 100); do [ -s "$WORK/port" ] && break; sleep 0.05; done
	PORT=$(cat "$WORK/port")
	[ -n "$PORT" ] || die "the fake model did not start: $(cat "$WORK/model.err")"
}
model_stop() {
	kill "$MODEL_PID" 2>/dev/null
	wait "$MODEL_PID" 2>/dev/null
}

# The task: read the key (which must fail), write a program with a mistake, mend it, test it, build it.
write_script() { # FILE
	WS=$BOX/ws /usr/bin/python3 - "$1" <<'E'
import json, os, sys
ws = os.environ["WS"]
steps = [
    {"cmd": "cat ~/.ssh/id_rsa"},
    {"write": [ws + "/greet.sh", "echo hullo world"]},
    {"write": [ws + "/test.sh", "test \"$(sh greet.sh)\" = 'hello world' && echo PASSED || { echo FAILED; exit 1; }"]},
    {"cmd": "sh test.sh"},
    {"cmd": "sed -i s/hullo/hello/ greet.sh && sh test.sh"},
    {"cmd": "printf 'int main(void) { return 0; }\\n' > prog.c && printf 'prog: prog.c\\n\\tcc -o prog prog.c\\n' > Makefile && make && ./prog && echo BUILT"},
    {"cmd": "git init -q . && git add greet.sh && git -c user.name=a -c user.email=a@example.org commit -q -m one && git log --format=%s && cat ~/.ssh/id_rsa.pub"},
]
json.dump({"steps": steps}, open(sys.argv[1], "w"))
E
}

prepare() { # NAME USER: what the agent needs in its home
	case $1 in
	gemini)
		mkdir -p "$BOX/home/.gemini"
		echo '{"security":{"auth":{"selectedType":"gemini-api-key"}},"privacy":{"usageStatisticsEnabled":false}}' >"$BOX/home/.gemini/settings.json"
		;;
	claude)
		printf '{"hasCompletedOnboarding":true,"theme":"dark","customApiKeyResponses":{"approved":["dummy"]},"projects":{"%s":{"hasTrustDialogAccepted":true}}}' \
			"$BOX/ws" >"$BOX/home/.claude.json"
		;;
	esac
	[ "$(id -u)" != 0 ] || chown -R "$2:" "$BOX"
}

# Sets CMD and BOX_ENV for NAME.
agent_command() { # NAME USER
	local url=http://127.0.0.1:$PORT bin=$AGENTS/node_modules/.bin
	BOX_ENV=(CI=)
	case $1 in
	claude)
		BOX_ENV=(ANTHROPIC_API_KEY=dummy "ANTHROPIC_BASE_URL=$url" CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1)
		[ "$2" != root ] || BOX_ENV+=(IS_SANDBOX=1)
		CMD=("$bin/claude" --dangerously-skip-permissions -p "do the task")
		;;
	codex)
		BOX_ENV=(CODEX_API_KEY=dummy)
		CMD=("$bin/codex" exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox
			-c "openai_base_url=\"$url/v1\"" -c analytics.enabled=false --disable plugins "do the task")
		;;
	gemini)
		BOX_ENV=(GEMINI_API_KEY=dummy GEMINI_CLI_TRUST_WORKSPACE=true "GOOGLE_GEMINI_BASE_URL=$url")
		CMD=("$bin/gemini" --yolo -m gemini-2.5-pro -p "do the task")
		;;
	opencode)
		BOX_ENV=(OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1
			"OPENCODE_CONFIG_CONTENT={\"model\":\"anthropic/claude-sonnet-4-5\",\"small_model\":\"anthropic/claude-sonnet-4-5\",\"autoupdate\":false,\"share\":\"disabled\",\"permission\":{\"*\":\"allow\",\"external_directory\":\"allow\"},\"provider\":{\"anthropic\":{\"options\":{\"baseURL\":\"$url/v1\",\"apiKey\":\"dummy\"}}}}")
		CMD=("$bin/opencode" run "do the task")
		;;
	esac
}

refill() { # NAME USER
	empty_box
	fill_box "$2"
	prepare "$1" "$2"
}

one_agent_run() { # NAME USER WHERE RUNNER…
	local name=$1 user=$2 where=$3
	shift 3
	refill "$name" "$user"
	write_script "$WORK/script.json"
	rm -f "$WORK/$where.log"
	model_start "$WORK/script.json" "$WORK/$where.log"
	agent_command "$name" "$user"
	box_run "$user" 150 "$WORK/$where.out" "$WORK/$where.err" "$@" -- "${CMD[@]}"
	echo "exit $?" >"$WORK/$where.rc"
	reap_marked_but_model
	model_stop
	/usr/bin/python3 "$here/manifest.py" "$BOX/ws" --ignore '^\.git/' --ignore '^\.(claude|codex|gemini|opencode|cursor)' >"$WORK/$where.tree" 2>&1
}

# The daemons that an agent leaves; the model carries the mark, too, for the case that we are killed.
reap_marked_but_model() {
	local env pid
	for env in /proc/[0-9]*/environ; do
		pid=${env#/proc/} pid=${pid%/environ}
		[ "$pid" != "$MODEL_PID" ] && grep -qzxF "E2E_MARK=$RUN_MARK" "$env" 2>/dev/null && kill -9 "$pid" 2>/dev/null
	done
	return 0
}

# The tool results that the model was sent, in order, as text.
results() { # LOG
	/usr/bin/python3 "$here/results.py" "$1"
}

verdict() { # NAME CONDITION…: ok when the command succeeds; shows $WORK/why
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "$WORK/why"; fi
}

part_agent() { # NAME USER
	local name=$1 user=$2
	if [ "$name" = gemini ] && [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
		skip "gemini ($user)" "it needs Node 20; here is $(node --version)"
		return
	fi
	one_agent_run "$name" "$user" native
	results "$WORK/native.log" >"$WORK/native.results"
	{ cat "$WORK/native.rc" "$WORK/native.results"; tail -n 20 "$WORK/native.out" "$WORK/native.err"; } >"$WORK/why" 2>&1
	if ! grep -q "$KEY_MARK" "$WORK/native.results" || ! grep -q BUILT "$WORK/native.results" || ! grep -q PASSED "$WORK/native.results"; then
		not_ok "$name: natively it reads the key and does the task ($user)" "$WORK/why"
		return
	fi
	ok "$name: natively it reads the key and does the task ($user)"

	# shellcheck disable=SC2086 # RUNNER is words
	one_agent_run "$name" "$user" crust $RUNNER
	results "$WORK/crust.log" >"$WORK/crust.results"
	{
		cat "$WORK/crust.rc" "$WORK/crust.results"
		tail -n 25 "$WORK/crust.out" "$WORK/crust.err"
		printf 'again: tests/e2e/agents.sh -u %s %s\n' "$user" "$name"
	} >"$WORK/why" 2>&1
	if [ -n "$RUNNER" ]; then
		verdict "$name: cat of the key says Permission denied ($user)" grep -q 'Permission denied' "$WORK/crust.results"
		verdict "$name: the reason is in the tool's output ($user)" grep -q 'crust-run: denied read of' "$WORK/crust.results"
		verdict "$name: the key's bytes appear nowhere in what the model was sent ($user)" test "$(grep -c "$KEY_MARK" "$WORK/crust.log")" = 0
	fi
	# shellcheck disable=SC2016 # expanded by the inner shell
	verdict "$name: the task is done: written, edited, tested, built, committed ($user)" \
		bash -c 'grep -q PASSED "$0" && grep -q FAILED "$0" && grep -q BUILT "$0" && grep -q PUBLICHALF "$0"' "$WORK/crust.results"
	diff "$WORK/native.tree" "$WORK/crust.tree" >>"$WORK/why" && diff "$WORK/native.rc" "$WORK/crust.rc" >>"$WORK/why"
	verdict "$name: same files and exit status as natively ($user)" bash -c 'cmp -s "$0/native.tree" "$0/crust.tree" && cmp -s "$0/native.rc" "$0/crust.rc"' "$WORK"
}

# --- claude at a terminal ----------------------------------------------------------------------------------------------

screen_shows() { # PATTERN SECONDS
	local i
	for ((i = 0; i < $2 * 5; i++)); do
		tmux -L "$TMUX_NAME" capture-pane -p -t one >"$WORK/screen" 2>/dev/null
		grep -qE -- "$1" "$WORK/screen" && return 0
		sleep 0.2
	done
	return 1
}

part_terminal() { # USER
	local user=$1 run label env_words
	command -v tmux >/dev/null || { skip "terminal: claude in tmux ($user)" "tmux is not installed"; return; }
	TMUX_NAME=crust-e2e-$$
	for run in '' "$RUNNER"; do
		label="terminal: claude in tmux, ${run:+under crust-run}"
		[ -n "$run" ] || label+=natively
		refill claude "$user"
		echo '{"steps":[{"cmd":"touch made-by-the-tool; cat ~/.ssh/id_rsa"}],"final":"that-was-all"}' >"$WORK/script.json"
		rm -f "$WORK/tty.log"
		model_start "$WORK/script.json" "$WORK/tty.log"
		agent_command claude "$user"
		printf -v env_words '%q ' "${BOX_ENV[@]}"
		[ "$(id -un)" = "$user" ] || env_words="setpriv --reuid $user --regid $user --init-groups env -i $env_words"
		[ "$(id -un)" != "$user" ] || env_words="env -i $env_words"
		# The shell stays behind, so that what the terminal is left like can be seen.
		E2E_MARK=$RUN_MARK tmux -L "$TMUX_NAME" -f /dev/null new-session -d -s one -x 110 -y 40 \
			"cd '$BOX/ws' && $env_words E2E_MARK=$RUN_MARK HOME='$BOX/home' USER=$user LANG=C.UTF-8 TERM=screen-256color SHELL=/bin/bash PATH=/usr/local/bin:/usr/bin:/bin bash --norc -c 'stty -g >before; $run $AGENTS/node_modules/.bin/claude --dangerously-skip-permissions; echo left with \$?; stty -g >after; sleep 30'"
		: >"$WORK/why"
		if screen_shows 'Yes, I accept' 15; then
			tmux -L "$TMUX_NAME" send-keys -t one Down
			sleep 0.3
			tmux -L "$TMUX_NAME" send-keys -t one Enter
		fi
		screen_shows '^ *[❯>]|bypass permissions' 20 || echo "no prompt" >>"$WORK/why"
		sleep 1
		tmux -L "$TMUX_NAME" send-keys -t one -l 'do the task'
		sleep 0.5
		tmux -L "$TMUX_NAME" send-keys -t one Enter
		screen_shows 'that-was-all' 30 || echo "no answer" >>"$WORK/why"
		cp "$WORK/screen" "$WORK/answer"
		grep -qE 'made-by-the-tool|Read 1 file|Ran 1|1 shell' "$WORK/answer" && [ -e "$BOX/ws/made-by-the-tool" ] || echo "the tool call is not to be seen" >>"$WORK/why"
		tmux -L "$TMUX_NAME" send-keys -t one -l '/exit'
		sleep 0.5
		tmux -L "$TMUX_NAME" send-keys -t one Enter
		screen_shows 'left with 0' 20 || echo "it did not leave" >>"$WORK/why"
		cmp -s "$BOX/ws/before" "$BOX/ws/after" || echo "the terminal is not as it was" >>"$WORK/why"
		if [ -n "$run" ]; then
			grep -q "$KEY_MARK" "$WORK/tty.log" && echo "the key was read" >>"$WORK/why"
			grep -q 'Permission denied' "$WORK/tty.log" || echo "no denial" >>"$WORK/why"
		fi
		tmux -L "$TMUX_NAME" kill-server 2>/dev/null
		reap_marked_but_model
		model_stop
		if [ -s "$WORK/why" ]; then not_ok "$label ($user)" "$WORK/why" "$WORK/answer"; else ok "$label ($user)"; fi
	done
}

# --- Chromium ------------------------------------------------------------------------------------------------------------

chromium_run() { # USER WHERE RUNNER…
	local user=$1 where=$2
	shift 2
	empty_box
	fill_box "$user"
	cat >"$BOX/ws/page.html" <<-'E'
		<!doctype html><title>t</title><body style="background:#036;color:#fff"><p id=p>before</p><script>
		document.getElementById("p").textContent = "after " + [1,2,3].map(x => x * x) + " " + document.title;
		</script></body>
	E
	[ "$(id -u)" != 0 ] || chown -R "$user:" "$BOX"
	# shellcheck disable=SC2016 # expanded by the inner shell
	box_run "$user" 120 "$WORK/$where.out" "$WORK/$where.err" "$@" -- bash -c '
		flags="--headless=new --disable-gpu --no-first-run --user-data-dir=$PWD/profile --disable-background-networking --disable-component-update"
		chromium $flags --dump-dom "file://$PWD/page.html"
		echo "file $?"
		/usr/bin/python3 -c "
import http.server, os
s = http.server.ThreadingHTTPServer((\"127.0.0.1\", 0), http.server.SimpleHTTPRequestHandler)
open(\"port.new\", \"w\").write(str(s.server_port)); os.rename(\"port.new\", \"port\"); s.serve_forever()" 2>/dev/null & server=$!
		for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
		chromium $flags --dump-dom "http://127.0.0.1:$(cat port)/page.html"
		echo "http $?"
		kill $server
		chromium $flags --screenshot="$PWD/shot.png" --window-size=320,200 "file://$PWD/page.html" 2>/dev/null
		echo "screenshot $?"
		head -c 8 shot.png | od -An -c | head -1
		chromium $flags --virtual-time-budget=5000 --dump-dom chrome://sandbox 2>/dev/null | grep -o "You are[a-z ]*sandboxed"
		chromium $flags --dump-dom "file://$HOME/.ssh/id_rsa" 2>/dev/null | grep -c DECOY'
	reap_marked
}

part_chromium() { # USER
	local user=$1
	command -v chromium >/dev/null || { skip "chromium ($user)" "chromium is not installed"; return; }
	[ "$user" != root ] || { skip "chromium (root)" "its own sandbox refuses to run as root"; return; }
	chromium_run "$user" native
	cat "$WORK/native.out" "$WORK/native.err" >"$WORK/why"
	if grep -q 'after 1,4,9' "$WORK/native.out" && grep -q 'screenshot 0' "$WORK/native.out" && tail -n 1 "$WORK/native.out" | grep -qx '[1-9]'; then
		ok "chromium: runs natively ($user)"
	else
		not_ok "chromium: runs natively ($user)" "$WORK/why"
		return
	fi
	# shellcheck disable=SC2086 # RUNNER is words
	chromium_run "$user" crust $RUNNER
	sed '$d' "$WORK/native.out" >"$WORK/native.dom"
	sed '$d' "$WORK/crust.out" >"$WORK/crust.dom"
	{ diff "$WORK/native.dom" "$WORK/crust.dom"; tail -n 20 "$WORK/crust.err"; printf 'again: tests/e2e/agents.sh -u %s chromium\n' "$user"; } >"$WORK/why"
	verdict "chromium: pages, screenshot and its own sandbox as natively ($user)" cmp -s "$WORK/native.dom" "$WORK/crust.dom"
	[ -z "$RUNNER" ] || verdict "chromium: does not show the key ($user)" test "$(tail -n 1 "$WORK/crust.out")" = 0
}

# --- all of it -------------------------------------------------------------------------------------------------------------

install_agents
[ -z "$only_install" ] || exit 0
# A namespace with nothing but lo proves that no agent needs, or gets, anything from outside.
if [ "$(id -u)" = 0 ] && [ -z "${AGENTS_OFFLINE:-}" ] && unshare -n ip link set lo up 2>/dev/null; then
	# shellcheck disable=SC2016 # expanded by the inner shell
	AGENTS_OFFLINE=1 exec unshare -n bash -c 'ip link set lo up && exec "$@"' _ "$0" ${words[@]+"${words[@]}"}
fi
[ -n "${AGENTS_OFFLINE:-}" ] && printf '# offline: a network namespace with only lo\n'

make_share
WORK=$SHARE/work
mkdir "$WORK"
AGENTS=$AGENTS_DIR
for user in $(suite_users); do
	[ "$user" = "$(id -un)" ] || setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups test -x "$AGENTS/node_modules/.bin/claude" || {
		cp -al "$AGENTS_DIR" "$SHARE/agents" 2>/dev/null || cp -a "$AGENTS_DIR" "$SHARE/agents"
		AGENTS=$SHARE/agents
	}
done

for user in $(suite_users); do
	make_box "$user"
	for name; do
		start=$SECONDS
		case $name in
		terminal | chromium) "part_$name" "$user" ;;
		*) part_agent "$name" "$user" ;;
		esac
		[ -z "${RUN_VERBOSE:-}" ] || printf '# %s (%s): %d s\n' "$name" "$user" $((SECONDS - start))
	done
	empty_box
done
plan_end
