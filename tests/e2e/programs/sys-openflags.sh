# open, openat, openat2: flags, errnos, edges
exec "$BIN/files" openflags
