# node: fs, child_process, net, http, worker_threads, streams, watch, cluster
# needs: node
# limit: 60
cp "$E2E/programs/smoke.mjs" .
node smoke.mjs
echo "exit $?"
node -e 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'
echo "exit $?"
