# inotify: each event in order, close-write at once
exec "$BIN/files" inotify
