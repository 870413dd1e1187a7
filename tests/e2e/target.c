/* target - the program of the exec races. Built as "evil" it leaves the file "proof"; built as "good" only when
 * its first argument is "evil". */
#include <fcntl.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (EVIL || (argc > 1 && strcmp(argv[1], "evil") == 0))
		return open("proof", O_CREAT | O_WRONLY, 0600) < 0;
	return 0;
}
