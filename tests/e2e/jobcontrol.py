#!/usr/bin/env python3
"""Job control at a terminal: crust-run between an interactive shell and a command, in a pty. TAP.

Each case types the same keys natively and under crust-run: the native run says what is right. Cases under
@ours are what crust-run does beyond that. CRUST_RUN names the program (default build/crust-run)."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
RUN = os.path.realpath(os.environ.get("CRUST_RUN", os.path.join(TOP, "build", "crust-run")))
count = failed = 0


class Terminal:
    """A program on a pty of its own, as leader of a session."""

    open = []

    def __init__(self, argv):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.environ.update(TERM="dumb", PS1="", HISTFILE="")
            os.execvp(argv[0], argv)
        os.set_inheritable(self.fd, False)
        Terminal.open.append(self)

    def read(self, wait):
        if not select.select([self.fd], [], [], wait)[0]:
            return
        try:
            self.text += os.read(self.fd, 65536).decode(errors="replace")
        except OSError:
            time.sleep(0.05)  # nobody has it open at the moment

    def until(self, pattern, wait=8.0):
        """Wait for a pattern; returns the match, and forgets the text up to its end."""
        end = time.monotonic() + wait
        while True:
            m = re.search(pattern, self.text, re.S)
            if m:
                self.text = self.text[m.end():]
                return m
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError("no %r in %r" % (pattern, self.text))
            self.read(left)

    def quiet(self, wait):
        end = time.monotonic() + wait
        while time.monotonic() < end:
            self.read(max(end - time.monotonic(), 0))
        return self.text

    def type(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        self.type(text + "\n")

    def size(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def end(self):
        self.close()
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except OSError:
            pass


class Shell(Terminal):
    """An interactive bash whose prompt shows the last status."""

    def __init__(self):
        super().__init__(["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.line("PS1='<$?''> '; stty -echo")
        self.until("<0> ")

    def status(self):
        return int(self.until(r"<(\d+)> ")[1])


def same(got, wanted):
    assert got == wanted, "got %r, wanted %r" % (got, wanted)


def run(function, front, suffix):
    global count, failed
    count += 1
    title = "jobcontrol: %s%s" % (function.__doc__.rstrip("."), suffix)
    try:
        function(front)
        print("ok %d - %s" % (count, title))
    except (AssertionError, OSError) as e:
        failed += 1
        print("not ok %d - %s\n#   %s" % (count, title, e))
    while Terminal.open:
        Terminal.open.pop().end()
    sys.stdout.flush()


def case(function):
    run(function, "", " (natively)")
    run(function, RUN + " -q -- ", "")


def ours(function):
    run(function, RUN + " -q -- ", "")


if not os.access(RUN, os.X_OK):
    print("1..0 # SKIP %s is not built" % RUN)
    sys.exit(77)
work = tempfile.mkdtemp(prefix="crust-jobs-")
os.chdir(work)


# --- ^C ---------------------------------------------------------------------------------------------

@case
def interrupt(front):
    """^C ends a command by SIGINT: 130."""
    sh = Shell()
    sh.line(front + "sh -c 'echo up; exec sleep 100'")
    sh.until("up")
    sh.type("\x03")
    same(sh.status(), 130)


@case
def interrupt_once(front):
    """One ^C is one SIGINT."""
    sh = Shell()
    sh.line(front + """bash -c 'trap "echo hit" INT; echo up; while :; do sleep 0.05; done'""")
    sh.until("up")
    sh.type("\x03")
    same(sh.quiet(0.6).count("hit"), 1)


@case
def loop_breaks(front):
    """^C in a loop ends the loop, not only its command."""
    sh = Shell()
    sh.line("for i in 1 2 3; do echo round $i; %ssleep 100; done" % front)
    sh.until("round 1")
    time.sleep(0.3)
    sh.type("\x03")
    same(sh.status(), 130)
    same("round 2" in sh.quiet(0.3), False)


# --- stopping and going on -----------------------------------------------------------------------------

@case
def stop_and_go(front):
    """^Z, jobs, bg, fg, ^Z, kill."""
    sh = Shell()
    sh.line(front + "bash -c 'echo up; while :; do sleep 0.1; done'")
    sh.until("up")
    sh.type("\x1a")
    sh.until(r"\[1\]\+  Stopped   ")
    same(sh.status(), 148)
    sh.line("jobs")
    sh.until(r"\[1\]\+  Stopped   ")
    sh.status()
    sh.line("bg")
    same(sh.status(), 0)
    time.sleep(0.2)
    sh.line("jobs")
    sh.until(r"\[1\]\+  Running")
    sh.line("fg")
    sh.until("bash -c")
    time.sleep(0.2)
    sh.type("\x1a")
    sh.until(r"\[1\]\+  Stopped")
    sh.status()
    sh.line("kill %1; fg >/dev/null 2>&1; wait; jobs; echo end")
    sh.until("end")


@case
def many_stops(front):
    """^Z and fg, twenty times in a row."""
    sh = Shell()
    sh.line(front + "sh -c 'echo up; exec sleep 100'")
    sh.until("up")
    for _ in range(20):
        sh.type("\x1a")
        same(sh.status(), 148)
        sh.line("fg")
        sh.until(r"sleep 100'?\r\n")
        time.sleep(0.03)  # a ^Z before the shell's SIGCONT is lost, natively as well
    sh.type("\x03")
    same(sh.status(), 130)


@case
def stopped_by_signal(front):
    """A command that stops itself with SIGSTOP."""
    sh = Shell()
    sh.line(front + "sh -c 'kill -STOP $$; echo on again'")
    sh.until("Stopped")
    sh.status()
    sh.line("fg")
    sh.until("on again\r")
    same(sh.status(), 0)


@case
def stop_reading(front):
    """A background job that reads the terminal stops; fg lets it read."""
    sh = Shell()
    sh.line(front + "cat &")
    sh.until("<0> ")
    time.sleep(0.4)
    sh.line("jobs")
    sh.until("Stopped")
    sh.line("fg")
    time.sleep(0.4)
    sh.line("hello")
    sh.until("hello")
    sh.type("\x04")
    sh.until(r"<0> $")


@case
def pipeline(front):
    """In a pipeline ^Z stops all of it, ^C ends it."""
    sh = Shell()
    sh.line(front + "sh -c 'echo up; exec sleep 100' | cat")
    sh.until("up")
    sh.type("\x1a")
    sh.until("Stopped")
    sh.status()
    sh.line("fg")
    time.sleep(0.3)
    sh.type("\x03")
    same(sh.status(), 130)


@case
def inner_shell(front):
    """An interactive shell has job control, can be suspended, and gives the terminal back."""
    sh = Shell()
    sh.line(front + "bash --norc --noprofile --noediting -i")
    sh.line("PS1='in[$?''] '; stty -echo")
    sh.until(r"in\[0\] ")
    sh.line("sleep 100")
    time.sleep(0.3)
    sh.type("\x1a")
    sh.until(r"\[1\]\+  Stopped.*in\[148\] ")
    sh.line("bg; kill %1; wait %1; echo inner $?")
    sh.until("inner 143")
    sh.line("sleep 100")
    time.sleep(0.3)
    sh.type("\x03")
    sh.until(r"in\[130\] ")
    sh.line("suspend")
    sh.until("Stopped")
    sh.status()
    sh.line("fg")
    sh.line("echo back")
    sh.until("back")
    sh.line("exit 7")
    same(sh.status(), 7)
    sh.line("cat")
    sh.line("mine again")
    sh.until("mine again")


@case
def own_group(front):
    """A command that makes itself leader of a group reads the terminal all the same."""
    sh = Shell()
    sh.line(front + "python3 -c 'import os; os.setpgid(0, 0); print(\"got\", input())'")
    time.sleep(0.4)
    sh.line("words")
    sh.until("got words")
    same(sh.status(), 0)


# --- the terminal ----------------------------------------------------------------------------------------

@case
def window(front):
    """A change of the window's size is one SIGWINCH, and the size is seen."""
    sh = Shell()
    sh.line(front + """bash -c 'trap "echo size; stty size" WINCH; echo up; while :; do sleep 0.05; done'""")
    sh.until("up")
    time.sleep(0.1)
    sh.size(33, 77)
    sh.until("size\r\n33 77")
    same(sh.quiet(0.3).count("size"), 0)


@case
def dev_tty(front):
    """/dev/tty is the terminal."""
    sh = Shell()
    sh.line(front + "sh -c 'exec </dev/null >/dev/null 2>&1; echo hello there >/dev/tty'")
    sh.until("hello there")


@case
def foreground(front):
    """The command is in the foreground group of the terminal."""
    sh = Shell()
    sh.line(front + "sh -c 'ps -o stat= -p $$'")
    sh.until(r"[RS]\S*\+")


@case
def restored_modes(front):
    """Killed in raw mode, under a shell that restores the terminal."""
    sh = Shell()
    sh.line("stty -a >before")
    sh.status()
    sh.line(front + "sh -c 'stty raw; kill -9 $$'")
    same(sh.status(), 137)
    sh.line("stty -a >after; cmp before after && echo same modes")
    sh.until("same modes\r")


@ours
def restored_in_script(front):
    """Killed in raw mode, under a script: the modes are put back."""
    t = Terminal(["sh", "-c", "stty -a >before; %ssh -c 'stty raw -echo; kill -9 $$'; stty -a >after; "
                  "cmp before after && echo same modes" % front])
    t.until("same modes")


@ours
def restored_foreground(front):
    """The foreground is taken back from a shell that was killed in it."""
    t = Terminal(["sh", "-c", "%sbash --norc -i -c 'kill -9 $$'; read x; echo got $x" % front])
    time.sleep(0.5)
    t.line("word")
    t.until("got word")


@case
def modes_that_stay(front):
    """A command that sets modes and ends well has set them."""
    t = Terminal(["sh", "-c", "%sstty -echo; stty -a" % front])
    t.until(" -echo ")


# --- sessions ----------------------------------------------------------------------------------------------

@case
def session_leader(front):
    """As leader of the session: ^Z stops nothing, ^C ends it."""
    t = Terminal(["sh", "-c", "exec %ssh -c 'echo up; sleep 1; echo still here; exec sleep 100'" % front])
    t.until("up")
    t.type("\x1a")
    t.until("still here", 4)
    t.type("\x03")
    same(os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1]), -2)


@case
def hang_up(front):
    """When the terminal goes away, the command gets SIGHUP."""
    if os.path.exists("hup"):
        os.unlink("hup")
    t = Terminal(["sh", "-c", "exec %sbash -c 'trap \"echo hup >hup; exit 3\" HUP; echo up; "
                  "while :; do sleep 0.1; done'" % front])
    t.until("up")
    t.close()
    status = os.waitstatus_to_exitcode(os.waitpid(t.pid, 0)[1])
    same((status, os.path.exists("hup")), (3, True))


for name in os.listdir(work):
    os.unlink(name)
os.chdir("/")
os.rmdir(work)
print("1..%d" % count)
sys.exit(1 if failed else 0)
