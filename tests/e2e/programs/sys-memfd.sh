# a program in a memfd
exec "$BIN/procs" memfd
