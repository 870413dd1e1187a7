# fcntl, flock and OFD locks
exec "$BIN/files" locks
