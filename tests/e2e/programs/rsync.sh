# rsync: -a, --delete, --inplace, hard links, partial changes, over a pipe
# needs: rsync
set -e
mkdir -p src/a/b
for i in $(seq 50); do echo "$i" >"src/a/f$i"; done
head -c 300000 /dev/zero | tr '\0' x >src/big
ln -s a/f1 src/link && ln src/a/f2 src/a/b/hard
chmod 640 src/a/f3 && touch -d '2005-05-05Z' src/a/f4 src/a/b src/a src src/big
rsync -aH src/ dst
find dst -printf '%P %y %m %n %T@ %l\n' | grep -E 'f[1-4] |link|hard|/b ' | grep -v 'f[123]\|hard' | sort; stat -c '%h %a' dst/a/f2
rsync -ain src/ dst
echo more >>src/big && touch -d '2006-06-06Z' src/big && rm src/a/f5 && echo new >src/new
rsync -ai --delete --out-format='%i %n' src/ dst
rsync -a --inplace --no-whole-file src/big dst/ && cmp src/big dst/big
rsync -a --exclude='f*' --prune-empty-dirs src/ filtered && find filtered | sort
rsync -a --link-dest="$PWD/dst" src/ linked && [ linked/a/f2 -ef dst/a/f2 ] && echo linked
rsync -a --rsh="sh -c 'shift; exec \"\$@\"' sh" --rsync-path=rsync src/ localhost:"$PWD/remote" && diff -r src remote && echo "by a remote shell"
rsync -a --remove-source-files linked/a/ moved && ls moved | wc -l
rsync -a /no/such/dir x 2>/dev/null || echo "status $?"
