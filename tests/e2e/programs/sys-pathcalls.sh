# rename, link, mkdir, chmod, truncate, utimens, xattr: errnos, edges
exec "$BIN/files" pathcalls
