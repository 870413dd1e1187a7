# exec by a thread that is not the leader
exec "$BIN/procs" threadexec
