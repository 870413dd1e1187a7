# static binaries, of musl and glibc: no loader, no preload
# needs: musl-gcc gcc
cat >m.c <<'E'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <dirent.h>
#include <sys/stat.h>
int main(int argc, char **argv) {
	char line[256];
	FILE *f = fopen("/etc/hostname", "r");
	printf("hostname %s\n", f && fgets(line, sizeof line, f) ? "read" : "unread");
	mkdir("made", 0750);
	f = fopen("made/file", "w"); fprintf(f, "%d args\n", argc); fclose(f);
	printf("sh %d\n", system("exit 3"));
	if (argc == 1) { fflush(stdout); execl(argv[0], argv[0], "again", (char *)0); }
	return 4;
}
E
musl-gcc -static -Os -o musl m.c && ./musl
echo "exit $?"
gcc -static -Os -o glibc m.c && ./glibc
echo "exit $?"
env -i ./musl x
LD_PRELOAD="" ./glibc x
cp musl renamed && ./renamed x
exit 0
