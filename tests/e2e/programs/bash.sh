# bash: builtins, redirections, substitutions, job control
set -u
echo "here-doc: $(cat <<E
line $((1 + 2))
E
)"
cat <<<"here-string"
exec 7>out 8<>rw
echo seven >&7
echo eight >&8
exec 7>&- 8>&-
cat out rw
diff <(printf 'a\nb\n') <(printf 'a\nc\n')
echo "to a process" | tee >(tr a-z A-Z >upper) >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s upper ] && break; sleep 0.1; done
cat upper
coproc CAT { cat; }
pid=$CAT_PID to=${CAT[1]} from=${CAT[0]}
echo "through a coproc" >&"$to"
read -r line <&"$from"
echo "$line"
exec {to}>&-
wait "$pid"
set -m
sleep 30 &
kill -STOP %1
for _ in 1 2 3 4 5 6 7 8 9 10; do jobs | grep -q Stopped && break; sleep 0.1; done
jobs | sed 's/^\[\(.\)\][-+ ]*/\1 /'
kill -CONT %1
kill %1
wait %1
echo "status $?"
set +m
(trap 'echo term' TERM; kill -TERM "$BASHPID")
trap 'echo at exit' EXIT
cat /dev/stdin <<<"by /dev/stdin"
{ echo "by /dev/fd/1" >/dev/fd/1; echo "by /dev/stdout" >/dev/stdout; } | cat
{ echo "by /dev/stderr" >/dev/stderr; } 2>&1 | cat
cd /usr/../usr/bin && pwd
cd - >/dev/null
test -r /etc/hostname && test ! -w /etc/hostname; echo "test -w $?" >/dev/null
[[ -e nothing ]] || echo "nothing is not there"
set -o noclobber
echo x >clob
echo y >clob
cat clob
echo z >|clob
cat clob
mapfile -t lines < <(seq 3)
echo "${lines[@]}"
printf '%s\n' *.none ./* | sort
(ulimit -n 15; exec 2>/dev/null; for i in 3 4 5 6 7 8 9 10 11 12; do eval "exec $i</dev/null"; done; echo "limit kept")
: >/nonexistent/dir/file
echo "failed redirection: $?"
