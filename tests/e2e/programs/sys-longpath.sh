# a directory 5,000 bytes deep
exec "$BIN/files" longpath
