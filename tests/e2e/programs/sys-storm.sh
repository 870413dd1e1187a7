# opens under a storm of signals
exec "$BIN/files" storm
