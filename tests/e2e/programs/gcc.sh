# gcc and make: the project itself, from its own sources
# needs: gcc make pkg-config
# limit: 240
set -e
mkdir src && tar -C src -xf "$E2E/src.tar"
cd src
make -s -j2 OPT=-O1 B=out all >log 2>&1 || { tail -n 20 log; exit 1; }
out/crust-run --version
make -s B=out all
touch -d '1 minute' base/buf.c
make -n B=out all | grep -c 'base/buf.c'
rm log
cd .. && cat >t.c <<'E'
#include <stdio.h>
int main(void) { puts("compiled"); return 5; }
E
gcc -O2 -g -save-temps -o t t.c
./t || echo "status $?"
gcc -static -o ts t.c && { ./ts || echo "status $?"; }
gcc -shared -fPIC -o libt.so -x c - <<'E'
int answer(void) { return 42; }
E
printf '#include <stdio.h>\nint answer(void); int main(void) { printf("%%d\\n", answer()); }\n' | gcc -o user -x c - -L. -lt -Wl,-rpath,'$ORIGIN'
./user
gcc -c bad.c 2>/dev/null || echo "missing source $?"
as --version >/dev/null && ar rcs libt.a t.o && nm libt.a | grep -c main
objdump -d t | grep -c '<main>:'
strip t && ./t || echo "status $?"
