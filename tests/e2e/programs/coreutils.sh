# cp, mv, ln, install, mktemp, mkfifo, stat, touch, dd, truncate, split, sort and their kind
set -e
mkdir -p d/e && echo one >d/one && chmod 751 d/one && ln -s one d/link && mkfifo d/pipe && touch -d '2010-10-10Z' d/one
cp -a d c && stat -c '%n %f %Y %h' c/one && readlink c/link && stat -c %F c/pipe
cp --reflink=auto --preserve=all d/one copy && cmp d/one copy
cp -l d/one hard && stat -c %h hard && cp -s "$PWD/d/one" slink && readlink slink | sed 's|.*/d|d|'
cp -r --parents d/e out 2>/dev/null || { mkdir out && cp -r --parents d/e out; } && find out
cp -u d/one copy && cp -n copy hard && cp -b copy hard && ls hard*
mkdir -p m/n && mv d/one m/n/ && mv -n m/n/one m && mv m/one d/ && mv d renamed && ls renamed
mv -T renamed m/n 2>/dev/null || mv renamed m/ && ls -R m
install -D -m 4750 copy inst/bin/prog && stat -c %a inst/bin/prog && install -d -m 700 inst/priv && stat -c %a inst/priv
f=$(mktemp) && test -O "$f" && stat -c %a "$f" && rm "$f"
t=$(mktemp -d) && stat -c %a "$t" && rmdir "$t"
mktemp -u -p . XXXX | wc -c
ln -sfn m current && ln -sfn inst current && readlink current && ln -r -s m/renamed/one rel && readlink rel
touch -r copy -m stamped && stat -c %Y stamped copy | uniq | wc -l
touch -c none && test ! -e none && touch -h -d '1999-09-09Z' current && stat -c %Y current
dd if=/dev/zero of=dd.out bs=1k count=64 conv=fsync,notrunc 2>/dev/null && dd if=dd.out of=dd2 bs=4k skip=1 seek=2 oflag=append conv=notrunc 2>/dev/null && stat -c %s dd.out dd2
truncate -s 5 dd2 && truncate -s +5 dd2 && stat -c %s dd2
seq 1000 >n && split -l 300 n part. && ls part.* && cat part.* | cmp - n && sort -R n | sort -n -S 1M -T . | cmp - n
shuf -n 5 n | wc -l && tac n | head -1 && tee x y <n >/dev/null && cmp x y && tail -f n --pid=1999999 | tail -1
rm -rf part.* x y && rmdir inst/priv && unlink copy && link hard hard2 && rm -r m && ls
chmod -R u=rwX,go= . && stat -c %a inst && chmod --reference=n hard && chgrp "$(id -g)" n && chown "$(id -u):$(id -g)" n
readlink -f current/bin/../bin/prog | sed 's|.*/inst|inst|' && realpath --relative-to=inst n && pathchk n && basename /a/b && nproc | wc -l
env -i sh -c 'echo $#' && nohup true 2>/dev/null && timeout 1 sleep 5 || echo "timed out $?"
nice -n 1 true && stdbuf -oL echo buffered && { chroot / true 2>/dev/null || true; }; sync n && df . | wc -l
test -p c/pipe && test -S /no || echo "no socket" && comm -12 <(sort n) <(seq 5 | sort) | wc -l
(umask 077 && mkdir um && : >um/f && stat -c %a um um/f) && shred -u um/f && ls um
