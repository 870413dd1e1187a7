# vim in ex mode: edit, write, backup, swap and undo files, filters, recovery of nothing
# needs: vim
# ignore: ^home/\.viminfo
# volatile: \.un~$
printf 'one\ntwo\nthree\n' >f
vim -N -u NONE -i NONE -es f -c '%s/two/2/' -c 'normal Gofour' -c 'wq'
echo "exit $?"
cat f
vim -N -u NONE -i NONE -es -c 'set backup backupext=.bak undofile' -c 'e f' -c '%!sort -r' -c 'w! g' -c 'w' -c 'qa!'
cat f g f.bak
vim -N -u NONE -i NONE -es -c 'r !echo from a shell' -c 'w new' -c 'q!'
cat new
chmod 444 g
vim -N -u NONE -i NONE -es g -c '$d' -c 'w!' -c 'q!'
ls -l g | cut -c1-10
vim -N -u NONE -i NONE -es /no/such/dir/f -c 'w' -c 'q!' >/dev/null 2>&1
echo "exit $?"
ln -s f link && vim -N -u NONE -i NONE -es link -c 's/^/linked /' -c 'wq' && head -1 f && test -L link && echo "still a link"
