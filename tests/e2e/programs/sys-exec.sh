# exec: errnos, scripts, argv, environment, descriptors
exec "$BIN/procs" exec
