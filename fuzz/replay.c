/* replay - the main() that runs a fuzz target over the files of some directories, once each: seed corpora and what
 * once crashed it. TAP. Without libFuzzer, so that it is part of `make check` with any compiler.
 *
 * usage: replay_NAME DIRECTORY… */
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#include "tests/unit/tap.h"
#include "base/base.h"

#define INPUT_SECONDS 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static char current[4096];

static void tell(void)
{
	static const char text[] = "not ok - the last input was ";

	(void)(write(STDOUT_FILENO, text, sizeof(text) - 1) + write(STDOUT_FILENO, current, strlen(current)) +
	       write(STDOUT_FILENO, "\n", 1)); /* the exit status tells, too */
}

static void on_signal(int sig)
{
	tell();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void run_file(const char *path)
{
	autofree uint8_t *data = NULL;
	autoclose fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	(void)snprintf(current, sizeof(current), "%s", path);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	data = malloc((size_t)st.st_size + !st.st_size); /* exactly: the sanitizer sees the first byte too much */
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		return;
	(void)alarm(INPUT_SECONDS);
	(void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	(void)alarm(0);
}

static void run_dir(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	char path[4096];
	unsigned n = 0;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		run_file(path);
		n++;
	}
	if (d)
		ok(true, "%u inputs of %s", n, dir);
	if (d)
		(void)closedir(d);
}

int main(int argc, char **argv)
{
	static const int deadly[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};

	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		if (deadly[i] == SIGALRM || !__sanitizer_set_death_callback)
			(void)signal(deadly[i], on_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(tell);
	else
		(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		run_dir(argv[i]);
	return tap_done();
}
