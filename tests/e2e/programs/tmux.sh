# tmux: server, session, keys, capture; on an own socket, and on the default one in a private TMUX_TMPDIR
# needs: tmux
# limit: 60
# ignore: ^ws/sockets
export TERM=screen
mkdir -m 700 sockets
try() {
	tmux "$@" -f /dev/null new-session -d -s one -x 80 -y 24 'sh -i' || echo "new-session failed: $?"
	tmux "$@" set-option -g default-shell /bin/sh
	tmux "$@" send-keys -t one "PS1='> '; clear; tty | sed 's/[0-9]*\$//'; echo \$((40+2)) >answer; stty size; test -t 1 && echo terminal" Enter
	for _ in $(seq 50); do tmux "$@" capture-pane -p -t one | grep -q '^terminal' && break; sleep 0.1; done
	tmux "$@" capture-pane -p -t one | grep -v '^>\|^$'
	cat answer && rm answer
	tmux "$@" split-window -t one 'sleep 30' && tmux "$@" list-panes -t one | wc -l
	tmux "$@" send-keys -t one.0 'sleep 60' Enter
	sleep 0.3
	tmux "$@" send-keys -t one.0 C-c
	tmux "$@" send-keys -t one.0 'echo "interrupted $?" >int' Enter
	for _ in $(seq 50); do [ -s int ] && break; sleep 0.1; done
	cat int && rm int
	tmux "$@" run-shell 'echo from run-shell'
	tmux "$@" kill-server
	echo "kill-server $?"
	tmux "$@" has-session -t one 2>/dev/null
	echo "gone $?"
}
TMUX_TMPDIR=$PWD/sockets try -L e2e
TMUX_TMPDIR=$PWD/sockets try
try -S "$TMPDIR/tmux.sock"
