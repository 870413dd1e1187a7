# FIFOs: blocking opens, interrupted, restarted, killed, many
exec "$BIN/files" fifo
