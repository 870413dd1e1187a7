#!/usr/bin/python3
"""manifest - one line for each name below a directory: what a program could have made differently.

usage: manifest.py DIR [--ignore REGEX]... [--volatile REGEX]...
Paths that match --ignore are left out (with what is below them); of those that match --volatile only type, mode
and owner are told, since their contents differ from run to run by nature (times, process ids, random keys).
"""
import argparse
import hashlib
import os
import re
import stat
import sys

TYPES = {stat.S_IFDIR: "dir", stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "sock", stat.S_IFCHR: "chr", stat.S_IFBLK: "blk"}


def digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()[:16]


def describe(path, volatile):
    st = os.lstat(path)
    words = [TYPES.get(stat.S_IFMT(st.st_mode), "?"), "%04o" % stat.S_IMODE(st.st_mode), "%d:%d" % (st.st_uid, st.st_gid)]
    if stat.S_ISREG(st.st_mode):
        words.append("links=%d" % st.st_nlink)
        if not volatile:
            try:
                words += ["size=%d" % st.st_size, digest(path)]
            except OSError as e:
                words.append("unreadable:%s" % e.strerror)
    if stat.S_ISLNK(st.st_mode) and not volatile:
        words.append("-> " + repr(os.readlink(path)))
    if not stat.S_ISLNK(st.st_mode):
        for name in sorted(os.listxattr(path)):
            words.append("%s=%r" % (name, os.getxattr(path, name)))
    return " ".join(words)


def walk(fd_path, rel, out, ignore, volatile):
    for name in sorted(os.listdir(fd_path)):
        r = rel + "/" + name if rel else name
        if any(x.search(r) for x in ignore):
            continue
        p = os.path.join(fd_path, name)
        out.append("%r %s" % (r, describe(p, any(x.search(r) for x in volatile))))
        if stat.S_ISDIR(os.lstat(p).st_mode):
            walk(p, r, out, ignore, volatile)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("dir")
    ap.add_argument("--ignore", action="append", default=[], type=re.compile)
    ap.add_argument("--volatile", action="append", default=[], type=re.compile)
    a = ap.parse_args()
    out = []
    walk(a.dir, "", out, a.ignore, a.volatile)
    print("\n".join(out))


sys.exit(main())
