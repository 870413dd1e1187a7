# descriptor numbers and the program's own limits
exec "$BIN/files" fds
