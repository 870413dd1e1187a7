# Unix sockets: paths, abstract names, datagrams, passed descriptors
exec "$BIN/socks" unix
