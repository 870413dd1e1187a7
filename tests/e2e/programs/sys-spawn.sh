# posix_spawn and vfork in eight threads
exec "$BIN/procs" spawn
