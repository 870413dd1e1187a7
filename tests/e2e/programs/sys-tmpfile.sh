# O_TMPFILE: a file without a name gets one
exec "$BIN/files" tmpfile
