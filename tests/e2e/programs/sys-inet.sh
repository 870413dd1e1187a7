# TCP and UDP on loopback: connect, bind, send, time limits
exec "$BIN/socks" inet
