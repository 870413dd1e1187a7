#!/usr/bin/python3
"""terminal - a terminal and an interactive shell on it, for what crust-run owes them. usage: terminal.py CRUST-RUN jobs|interrupt|winch|restore"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

RUN = sys.argv[1]


class Shell:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.text = ""
        self.type("PS1='@ '; bind 'set enable-bracketed-paste off' 2>/dev/null; stty -echo")
        self.until(r"@ $")

    def type(self, line):
        os.write(self.fd, (line + "\n").encode())

    def key(self, k):
        os.write(self.fd, k)

    def until(self, pattern, seconds=15):
        end = time.time() + seconds
        while True:
            m = re.search(pattern, self.text)
            if m:
                self.text = self.text[m.end():]
                return m
            left = end - time.time()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit("never saw %r; the terminal shows %r" % (pattern, self.text))
            try:
                self.text += os.read(self.fd, 4096).decode(errors="replace").replace("\r", "")
            except OSError:
                sys.exit("the shell ended; the terminal showed %r" % self.text)

    def size(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


def jobs():
    s = Shell()
    s.type(RUN + " -q -- sh -c 'echo star\"\"ted; sleep 1; sleep 1; echo finished'")
    s.until("started")
    s.key(b"\x1a")
    s.until(r"Stopped")
    s.type("echo shell is here")
    s.until("shell is here")
    time.sleep(2.5)
    s.type("fg")
    s.until("finished")
    s.type("echo status $?")
    s.until("status 0")


def interrupt():
    s = Shell()
    s.type(RUN + " -q -- sh -c 'echo star\"\"ted; sleep 30'")
    s.until("started")
    time.sleep(0.3)
    s.key(b"\x03")
    s.type("echo status $?")
    s.until("status 130")
    s.type(RUN + " -q -- bash -c 'trap \"echo caught\" INT; echo star\"\"ted; sleep 1; sleep 1; echo went on'")
    s.until("started")
    time.sleep(0.3)
    s.key(b"\x03")
    s.until("caught")
    s.until("went on")


def winch():
    s = Shell()
    s.size(24, 80)
    s.type(RUN + " -q -- bash -c 'trap \"stty size\" WINCH; echo star\"\"ted; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; done'")
    s.until("started")
    time.sleep(0.3)
    s.size(40, 111)
    s.until("40 111")


def restore():
    s = Shell()
    s.type("stty -g")
    before = s.until(r"([0-9a-f:]{40,})").group(1)
    s.type(RUN + " -q -- sh -c 'stty raw -isig; kill -9 $$'")
    time.sleep(1)
    s.type("")
    s.type("stty -g")
    after = s.until(r"([0-9a-f:]{40,})").group(1)
    native = Shell()
    native.type("stty -g")
    native.until(r"([0-9a-f:]{40,})")
    native.type("sh -c 'stty raw -isig; kill -9 $$'")
    time.sleep(1)
    native.type("")
    native.type("stty -g")
    as_native = native.until(r"([0-9a-f:]{40,})").group(1)
    if after not in (before, as_native):
        sys.exit("the terminal was %s, is %s, natively %s" % (before, after, as_native))


signal.alarm(60)
{"jobs": jobs, "interrupt": interrupt, "winch": winch, "restore": restore}[sys.argv[2]]()
