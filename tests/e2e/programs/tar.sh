# tar: create and extract with modes, links, times, owners, xattrs, sparse files
# needs: tar
# volatile: a\.tar$
set -e
mkdir -p t/d/e
echo one >t/one && chmod 4755 t/one
echo two >t/d/two && chmod 0600 t/d/two
ln t/one t/hard
ln -s d/two t/soft
ln -s nowhere t/dangling
mkfifo t/fifo
truncate -s 1M t/sparse
: >t/empty
printf x >"t/new
line"
find t -exec touch -h -d '2000-01-01Z' {} +
touch -d '2001-02-03 04:05:06.123456789Z' t/one t/d/two
touch -h -d '2002-02-03Z' t/soft
chmod 1777 t/d/e
/usr/bin/python3 -c 'import os; os.setxattr("t/one", "user.note", b"kept"); os.setxattr("t/d", "user.dir", b"too")'
touch -d '2003-01-01Z' t/d t/d/e t
tar --format=pax --xattrs --sparse --sort=name -cf a.tar t
tar -tvf a.tar | awk '{print $1, $6, $7, $8}'
mkdir x && tar --xattrs -xpf a.tar -C x
find x -printf '%P %y %m %n %T@ %l\n' | grep -v '^ d\|sparse' | sort
/usr/bin/python3 -c 'import os; print(os.getxattr("x/t/one", "user.note"), os.getxattr("x/t/d", "user.dir"))'
[ x/t/one -ef x/t/hard ] && echo "hard link kept"
tar --compare -f a.tar -C x && echo "no difference"
echo changed >>x/t/one
tar --compare -f a.tar -C x 2>&1 | sed 's/^tar: //' | head -2
tar -czf a.tgz t && tar -cJf a.txz t && tar -tzf a.tgz | wc -l && tar -tJf a.txz | wc -l
tar -cf - t | tar -xf - -C x --strip-components=1 && ls x | wc -l
tar -xf a.tar -C x --keep-old-files t/one 2>/dev/null || echo "kept the old file"
tar -rf a.tar Makefile 2>/dev/null || echo "nothing to append"
tar --remove-files -cf b.tar t && test ! -e t && echo removed
rm a.tgz a.txz
