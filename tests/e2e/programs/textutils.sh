# perl, awk, sed -i, diff, patch, zip, xz, find -exec, xargs, flock, bc: the tools of scripts
# needs: perl awk sed diff patch zip unzip xz flock
seq 20 >n
cp n orig && sed -i.bak -e '3d' -e 's/^1$/one/' n && head -3 n && cmp n.bak orig
diff -u orig n >d.patch
sed -i 's/\t.*$//' d.patch && patch -s -o patched orig <d.patch && cmp patched n && cp orig again && patch -s -b again <d.patch && ls again*
patch -R -s again <d.patch && cmp again orig && echo reversed
perl -i.pl -pe 's/7/seven/' n && grep seven n && perl -e 'open(F,"<","missing") or print "$!\n"; mkdir "pd", 0700; opendir D, "."; print scalar(grep !/^\./, readdir D) > 5, "\n"; system("exit 3"); print $? >> 8, "\n"; print `echo backticks`; my $pid = open(P, "-|", "echo", "piped") ; print <P>; rename "pd", "pe"; unlink "nothing"; print "$!\n"; rmdir "pe"; truncate "n", 4; utime 1, 1, "n"; print ((stat "n")[9], "\n")'
perl -MFile::Temp -MFile::Copy -MFile::Find -MIO::Socket::INET -e 'my $t = File::Temp->new; print $t "x"; copy("orig", "pcopy"); my $n = 0; find(sub { $n++ }, "."); print $n > 3, "\n"; my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die; my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport) or die; print $c->connected ? "connected\n" : "no\n"'
awk '{ s += $1; print > ("awk" (NR % 3)) } END { print s; close("awk0"); while ((getline l < "awk0") > 0) c++; print c; "date +%Y" | getline y; print (y > 2000); print "x" | "cat" }' orig
zip -q -r z.zip orig awk0 awk1 && unzip -q -o z.zip -d unz && diff -r unz/orig orig && unzip -l z.zip | tail -1 | awk '{print $2}'
rm z.zip
xz -k orig && xz -dc orig.xz | cmp - orig && gzip -k -n orig && zcat orig.gz | cmp - orig && bzip2 -k orig 2>/dev/null; ls orig*
for _ in 1 2 3 4 5 6; do (flock 9; x=$(cat count 2>/dev/null || echo 0); sleep 0.02; echo $((x + 1)) >count) 9>lock & done; wait; cat count
flock -n lock true && echo free
(flock 9; flock -n lock true || echo held) 9>lock
seq 100 | xargs -P 8 -n 7 sh -c 'echo "$#"' _ | sort | uniq -c | awk '{print $1, $2}'
find . -name 'awk*' -exec grep -l '^1' {} \; -exec cp {} {}.c \; | sort
xargs -a orig -I{} sh -c 'test {} = 20 && echo "last {}"'
mkfifo f && { seq 5 >f & sort -r f; wait; } && { (exec 5<>f; echo both >&5; head -1 <&5); }
cmp orig n | sed 's/,.*//'; cksum orig; md5sum orig | md5sum -c; base64 orig | base64 -d | cmp - orig
ed -s orig 2>/dev/null <<'E'
1d
w edited
q
E
echo "ed $?"
envsubst </dev/null >/dev/null 2>&1; column -t orig >/dev/null 2>&1; join orig orig | wc -l; paste orig orig | wc -l; od -c orig | tail -1; iconv -f utf8 -t latin1 orig | wc -c
