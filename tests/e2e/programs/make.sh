# make: many jobs, targets, includes, the jobserver, a failure
# needs: make
cat >Makefile <<'E'
N := $(shell seq 1 60)
all: $(N:%=out/%.o) ; @echo linked $(words $^)
out/%.o: in/%.c | out ; @cp $< $@
in/%.c: | in ; @echo 'int f$*;' >$@
in out: ; @mkdir -p $@
-include missing.mk
.PRECIOUS: in/%.c
sub: ; @$(MAKE) --no-print-directory -C subdir
fail: ; @false
E
mkdir subdir
printf 'all: a b c\n\t@echo sub done\na b c:\n\t@sleep 0.1; echo $@ >$@\n' >subdir/Makefile
make -s -j8
make -s -j8
touch -d '1 minute' in/3.c
make -j2 --trace all | grep -c update
make -s -j4 sub
make -s fail 2>/dev/null
echo "status $?"
MAKEFLAGS=-j3 make -s sub
