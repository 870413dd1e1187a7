# sqlite3: WAL, two writers at once, locks, a vacuum, a dump
# needs: sqlite3
# volatile: \.db
# volatile: -shm$|-wal$
set -e
sqlite3 a.db 'pragma journal_mode=wal; create table t(a integer primary key, b text); insert into t(b) values("x"),("y");'
for w in 1 2 3; do
	(for i in $(seq 40); do sqlite3 -cmd '.timeout 20000' a.db "insert into t(b) values('w$w-$i');"; done) &
done
wait
sqlite3 a.db 'select count(*), sum(length(b)) from t; pragma integrity_check; pragma wal_checkpoint(truncate);'
sqlite3 b.db 'pragma journal_mode=delete; create table t(x); begin; insert into t values(1); rollback; begin immediate; insert into t values(2); commit; select * from t;'
sqlite3 a.db 'attach "b.db" as b; insert into b.t select a from t where a < 4; select count(*) from b.t; vacuum;'
sqlite3 a.db .dump | grep -c INSERT
(echo 'begin exclusive; select "locked";'; sleep 1) | sqlite3 b.db &
sleep 0.3
sqlite3 b.db 'insert into t values(9);' 2>&1 | sed 's/^[^:]*: *//' | head -1
wait
sqlite3 -readonly b.db 'insert into t values(9);' 2>&1 | grep -o readonly | head -1
sqlite3 ':memory:' "select readfile('b.db') is not null, writefile('out', 'written');"
