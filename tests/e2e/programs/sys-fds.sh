# refused opens among many good ones: each descriptor leads to the file that was asked for
# needs: python3
# limit: 120
exec /usr/bin/python3 - <<'P'
import ctypes, os, threading
libc = ctypes.CDLL(None, use_errno=True)
for i in range(50):
    with open("f%d" % i, "w") as f:
        f.write("file %d\n" % i)
bad = []
def refused():
    how = (ctypes.c_uint64 * 3)(os.O_PATH | 1 << 40, 0, 0)
    for flags in (os.O_PATH, 1 << 40, os.O_CREAT | os.O_DIRECTORY, 0) * 500:
        how[0], how[2] = flags, 0 if flags else 1 << 40
        fd = libc.syscall(437, -100, b"f0", ctypes.byref(how), 24)
        if fd >= 0:
            os.close(fd)
        fd = libc.open(b"f0", os.O_CREAT | os.O_DIRECTORY, 0)
        if fd >= 0:
            os.close(fd)
def good(n):
    for i in range(1500):
        k = (i * 7 + n) % 50
        with open("f%d" % k) as f:
            text = f.read()
        if text != "file %d\n" % k:
            bad.append((k, text))
threads = [threading.Thread(target=refused) for _ in range(4)]
threads += [threading.Thread(target=good, args=(n,)) for n in range(6)]
for t in threads: t.start()
for t in threads: t.join()
print("wrong files:", len(bad))
P
