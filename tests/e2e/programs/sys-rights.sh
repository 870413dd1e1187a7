# a performed call has the caller's rights: other fsuid, dropped groups and uid
# user: root
exec "$BIN/files" rights
