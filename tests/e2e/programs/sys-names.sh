# names of 255 bytes, of any bytes, with newlines
exec "$BIN/files" names
