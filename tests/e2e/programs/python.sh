# python3: multiprocessing, asyncio, venv, sqlite3, shutil, threads
# needs: /usr/bin/python3
# limit: 120
# ignore: __pycache__
# volatile: venv/pyvenv.cfg
cat >p.py <<'E'
import asyncio, concurrent.futures, mmap, multiprocessing, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile, threading

def square(x):
    return x * x

async def serve():
    async def client(reader, writer):
        writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
    server = await asyncio.start_server(client, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async def one(i):
        r, w = await asyncio.open_connection("localhost", port)
        w.write(b"hello %d\n" % i); await w.drain()
        line = await r.readline(); w.close()
        return line.decode().strip()
    print(await asyncio.gather(*(one(i) for i in range(10))))
    server.close()
    p = await asyncio.create_subprocess_exec("sh", "-c", "echo out; exit 4", stdout=subprocess.PIPE)
    out, _ = await p.communicate()
    print(out, p.returncode)
    u = await asyncio.start_unix_server(client, "async.sock")
    r, w = await asyncio.open_unix_connection("async.sock")
    w.write(b"unix\n"); print(await r.readline()); w.close(); u.close()

if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(3) as pool:
            print(method, pool.map(square, range(10)))
    q = multiprocessing.Queue(); p = multiprocessing.Process(target=q.put, args=("queued",)); p.start(); print(q.get()); p.join()
    with multiprocessing.Manager() as m:
        d = m.dict(a=1); d["b"] = 2; print(dict(d))
    lock = multiprocessing.Lock()
    with lock: print("locked")
    with concurrent.futures.ThreadPoolExecutor(8) as ex:
        print(sum(ex.map(lambda i: pathlib.Path(f"t{i}").write_text("x" * i), range(50))))
    asyncio.run(serve())
    with tempfile.TemporaryDirectory() as t:
        shutil.copytree("/usr/share/doc/bash", t + "/c"); print(sorted(os.listdir(t)))
    with tempfile.TemporaryFile() as f: f.write(b"x"); print(os.fstat(f.fileno()).st_nlink)
    db = sqlite3.connect("p.db"); db.execute("create table t(x)"); db.executemany("insert into t values(?)", [(i,) for i in range(100)]); db.commit()
    print(db.execute("select sum(x) from t").fetchone()); db.close(); os.unlink("p.db")
    print(subprocess.run(["cat"], input=b"in", stdout=subprocess.PIPE).stdout, subprocess.run("exit 3", shell=True).returncode)
    try: subprocess.run(["/no/such/program"])
    except FileNotFoundError as e: print(e)
    os.mkdir("dfd"); fd = os.open("dfd", os.O_RDONLY)
    os.close(os.open("in", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=fd)); print(os.listdir(fd)); os.close(fd)
    print(os.path.realpath("dfd/../dfd/in").startswith(os.getcwd()))
E
/usr/bin/python3 p.py
/usr/bin/python3 -m venv --without-pip venv
venv/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'
printf 'import http.server\nprint("ok")\n' >m.py && /usr/bin/python3 -m compileall -q m.py && /usr/bin/python3 m.py
/usr/bin/python3 -c 'import ctypes, ssl, json, urllib.request, tkinter' 2>/dev/null; echo "imports done"
/usr/bin/python3 -m zipfile -c z.zip m.py && /usr/bin/python3 -m zipfile -l z.zip | awk '{print $1}'
rm -f z.zip
