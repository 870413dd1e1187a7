# git: init, clone over file://, commit, branch, merge, rebase, stash, worktree, gc
# needs: git
# limit: 120
# volatile: \.git(/.*)?/index$
# volatile: /logs(/|$)
# volatile: ORIG_HEAD$
export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
set -e
git init -q origin
cd origin
for i in 1 2 3 4 5; do
	echo "line $i" >>file
	echo "$i" >"f$i"
	git add .
	git commit -q -m "commit $i"
done
chmod +x f1
ln -s file link
git add -A && git commit -q -m modes
git tag -a v1 -m v1
cd ..
git clone -q "file://$PWD/origin" clone
git clone -q --bare origin bare.git
git clone -q --depth 2 "file://$PWD/origin" shallow
cd clone
git checkout -q -b topic HEAD~2
echo topic >topic && git add topic && git commit -q -m topic
git rebase -q main
git log --format='%h %s' --graph
git checkout -q main
git merge -q --no-ff -m merge topic
git stash list
echo dirty >>file && git stash -q && git stash pop -q
git diff --stat
git checkout-index -q -f file
git config core.fileMode true
git push -q origin topic
git remote add other "file://$PWD/../bare.git"
git push -q other main topic
git worktree add -q ../tree topic
git -C ../tree status --short --branch
git cherry-pick --allow-empty topic >/dev/null || git cherry-pick --skip || true
git status --short --branch
git grep -n 'line 3'
git blame -s file | head -3
git bisect start -q HEAD HEAD~4 >/dev/null && git bisect run true >/dev/null && git bisect reset -q
git archive --format=tar HEAD | tar tf - | sort
git gc -q
git fsck --full
git count-objects -v | grep -E 'count|packs'
git rev-parse HEAD main topic v1
git clone -q "file://$PWD/../nowhere" failed 2>/dev/null || test ! -e failed && echo "a failed clone leaves nothing"
git submodule -q add "file://$PWD/../origin" sub 2>/dev/null || test ! -e .git/modules/sub && echo "a refused submodule leaves nothing"
git -c protocol.file.allow=always submodule --quiet add "file://$PWD/../origin" sub
git commit -q -m sub
git format-patch -1 --stdout HEAD | grep -c Subproject
cd ../origin && git fetch -q "file://$PWD/../bare.git" topic:fetched && git log --oneline -1 fetched
cd .. && rm -rf bare.git tree shallow && ls
