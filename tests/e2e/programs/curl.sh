# curl: a loopback server, by address and by name, over a Unix socket, with a proxy, a refused port
# needs: curl /usr/bin/python3
set -e
mkdir web && head -c 200000 /dev/zero | tr '\0' y >web/big && echo page >web/index.html
cat >server.py <<'E'
import http.server, socketserver, sys, threading, functools, os, socket
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory="web")
class U(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    def get_request(self):
        r, _ = super().get_request(); return r, ("unix", 0)
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), h)
u = U("web.sock", h)
threading.Thread(target=u.serve_forever, daemon=True).start()
with open("port.new", "w") as f: f.write(str(s.server_port))
os.rename("port.new", "port")
s.serve_forever()
E
/usr/bin/python3 server.py 2>/dev/null &
server=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
port=$(cat port)
rm port
curl -sS "http://127.0.0.1:$port/"
curl -sS "http://localhost:$port/index.html"
curl -sS --unix-socket web.sock http://any/index.html
curl -sS -o got "http://127.0.0.1:$port/big" -w '%{http_code} %{size_download}\n'
curl -sS -Z -o '#1.out' "http://127.0.0.1:$port/{big,index.html}" && wc -c <big.out
curl -sS -r 0-9 -o part "http://127.0.0.1:$port/big" && wc -c <part
curl -sS -I "http://127.0.0.1:$port/none" | head -1 | tr -d '\r'
curl -sS --resolve "named.test:$port:127.0.0.1" "http://named.test:$port/"
curl -sS -x "http://127.0.0.1:$port" http://elsewhere.test/index.html -o /dev/null -w '%{http_code}\n'
curl -sS http://127.0.0.1:1/ 2>/dev/null || echo "refused $?"
curl -sS --max-time 5 http://no-such-name.invalid/ 2>/dev/null || echo "no such name $?"
curl -sS "file://$PWD/web/index.html"
curl -sS --interface 127.0.0.1 "http://127.0.0.1:$port/"
kill $server
wait $server || echo "server ended $?"
