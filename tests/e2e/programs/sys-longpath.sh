# a directory 3,500 bytes deep, and texts longer than PATH_MAX
exec "$BIN/files" longpath
