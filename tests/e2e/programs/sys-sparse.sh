# sparse files and fallocate
exec "$BIN/files" sparse
