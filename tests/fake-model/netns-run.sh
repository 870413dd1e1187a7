#!/bin/bash
# netns-run.sh - runs one command against the fake model in a new network namespace that has only `lo` (root needed):
# nothing can leave the machine, ports are always free, runs can go in parallel.
# usage: [RUN_AS=user] [PORT=8787] [CWD=dir] [LIMIT=120] netns-run.sh LOG.jsonl "FAKE-MODEL ARGS" -- CMD ARGS...
# example: RUN_AS=agent ./netns-run.sh /tmp/l.jsonl "--cmd 'cat ~/.ssh/id_rsa'" -- env -i HOME=/home/agent PATH=/usr/bin:/bin \
#            ANTHROPIC_API_KEY=dummy ANTHROPIC_BASE_URL=http://127.0.0.1:8787 claude --dangerously-skip-permissions -p hi
log=$1 fargs=$2; shift 3
# shellcheck disable=SC2155 # a failing cd shows soon enough
export HERE=$(cd "$(dirname "$0")" && pwd) PORT=${PORT:-8787} LIMIT=${LIMIT:-120} RUN_AS CWD=${CWD:-$PWD}
# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare -n bash -c '
ip link set lo up
log=$1 fargs=$2; shift 2; rm -f "$log"
eval "node $HERE/fake-model.mjs --port $PORT --log $log $fargs >/dev/null &"; fp=$!
for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null && break; sleep 0.05; done
cd "$CWD"; as=(); [ -n "$RUN_AS" ] && as=(setpriv --reuid "$RUN_AS" --regid "$RUN_AS" --clear-groups)
timeout "$LIMIT" "${as[@]}" "$@" </dev/null; rc=$?
kill $fp; wait $fp 2>/dev/null; exit $rc' _ "$log" "$fargs" "$@"
