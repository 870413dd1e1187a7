# the calling thread sees its own /proc/self, thread-self and /dev/fd
exec "$BIN/procs" self
