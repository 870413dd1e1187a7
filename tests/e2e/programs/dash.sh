# dash: the shell of scripts
# needs: dash
cat >s.sh <<'E'
set -eu
umask 027
mkdir -p a/b/c
echo hello >a/b/c/f
(cd a/b && pwd -P | sed 's|.*/a|a|')
x=$(cat a/b/c/f)
echo "$x" | { read -r y; echo "got $y"; }
mkfifo p
cat p & 
echo "through a pipe" >p
wait
trap 'echo bye' 0
kill -0 $$
for i in 1 2 3; do /bin/echo $i; done | sort -r
ls -l a/b/c/f | cut -c1-10
command -v sed
sh -c 'exit 7' || echo "status $?"
E
dash s.sh
echo "exit $?"
dash -c 'kill -9 $$'
echo "exit $?"
