# umask, setuid bits, setgid directories
exec "$BIN/files" umask
