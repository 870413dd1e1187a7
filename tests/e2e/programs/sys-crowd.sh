# 8 threads and 40 processes changing files at once
exec "$BIN/files" crowd
