# ripgrep and find over a tree of some thousand files
# needs: rg find
# limit: 90
set -e
for d in $(seq 40); do
	mkdir -p "t/d$d/e"
	for f in $(seq 50); do echo "needle $((d * f)) hay" >"t/d$d/e/f$f.txt"; done
done
printf '*.log\nskipped/\n' >t/.gitignore
mkdir t/skipped t/.git && echo needle >t/skipped/x && echo needle >t/a.log && echo needle >t/.hidden
printf 'needle\0binary' >t/bin
rg -c 'needle 1200 ' t --sort path
rg -l needle t | wc -l
rg --hidden --no-ignore -l needle t | wc -l
rg -n --no-filename 'needle (1999|2000) ' t | sort | uniq -c | sort -rn | awk '{print $1, $2}'
rg -j4 --files t | wc -l
rg nothing-like-this t || echo "status $?"
rg needle /no/such 2>/dev/null || echo "status $?"
find t -name 'f4*.txt' -newer t/.gitignore | wc -l
find t -type d -empty
find t -name '*.txt' -path '*d7/*' -delete -print | wc -l
find t -name 'f1.txt' -exec sh -c 'echo "$#"' _ {} +
find t -name 'f1.txt' -print0 | xargs -0 -n 5 -P 3 cat | sort -n -k2 | tail -2
find / -maxdepth 1 -name etc
find t -perm -u+w -size -2 -user "$(id -un)" -type f | wc -l
grep -rc 'needle 77 ' t --include='f*.txt' | grep -v ':0' | sort
ls -R t | md5sum
du -s --inodes t | cut -f1
