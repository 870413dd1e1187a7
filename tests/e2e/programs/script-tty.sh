# a terminal of its own by script(1): /dev/tty, sizes, Ctrl-C, background jobs
# needs: script stty
# ignore: typescript
script -qec "tty | sed 's/[0-9]*\$//'; test -t 0 && test -t 1 && echo terminal; echo 'to the terminal' >/dev/tty; stty rows 33 cols 99; stty size; exit 6" /dev/null </dev/null | tr -d '\r'
echo "exit ${PIPESTATUS[0]}"
script -qec "$BIN/procs tty" /dev/null </dev/null | tr -d '\r'
script -qec "bash -i -c 'set -m; sleep 40 & sleep 0.3; kill -INT %1; wait %1; echo job \$?; fg 2>/dev/null; echo fg \$?'" /dev/null </dev/null 2>/dev/null | tr -d '\r' | grep -E '^(job|fg)'
(sleep 0.5; printf '\003'; sleep 0.3; printf 'x\n') | script -qec "sh -c 'trap \"echo caught; exit 9\" INT; sleep 10'" /dev/null | tr -d '\r' | grep -o caught
/usr/bin/python3 - <<'E'
import os, pty, select, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "-c", "read -p 'name? ' n </dev/tty; echo hello $n; stty -a | grep -c echo"])
out = b""
os.write(fd, b"pty\n")
end = time.time() + 10
while time.time() < end:
    try:
        d = os.read(fd, 1000)
    except OSError:
        break
    if not d: break
    out += d
_, st = os.waitpid(pid, 0)
print(b"hello pty" in out, os.waitstatus_to_exitcode(st))
E
