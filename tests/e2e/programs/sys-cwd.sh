# a current directory that is renamed, then removed
exec "$BIN/files" cwd
