# children that share memory, descriptors or the cwd
exec "$BIN/procs" clone
