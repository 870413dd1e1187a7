# shared and executable mappings of opened files
exec "$BIN/files" mmap
