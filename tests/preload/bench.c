/* bench SO PROGRAM ROUNDS - what the preload library costs a program's start: PROGRAM (which should
 * do nothing) is spawned and awaited without it, with it but no variables (it only loads), and with
 * it and its variables, in turn, so that the machine's moods hit all alike. Prints medians in
 * microseconds, then exits with 0 if the last is within 100 of the first. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define KINDS 3

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double run_us(const char *program, char *const env[])
{
	char name[] = "program", *argv[] = {name, NULL};
	struct timespec a, b;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &a);
	if (posix_spawn(&pid, program, NULL, NULL, argv, env) || waitpid(pid, &status, 0) != pid ||
	    status) {
		fprintf(stderr, "bench: cannot run %s\n", program);
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
}

int main(int argc, char **argv)
{
	static const char *const names[KINDS] = {"without", "loaded, off", "voice"};
	char preload[4096], sock[] = "CRUST_RUN_SOCK=/nonexistent/sock",
			    path[] = "PATH=/usr/bin:/bin";
	char *envs[KINDS][4] = {{path}, {path, preload}, {path, preload, sock}};
	double *us[KINDS], median[KINDS];
	int rounds;

	if (argc != 4)
		return 2;
	rounds = (int)strtol(argv[3], NULL, 10);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[1]);
	for (int k = 0; k < KINDS; k++)
		us[k] = calloc((size_t)rounds, sizeof(double));
	for (int i = 0; i < rounds; i++)
		for (int k = 0; k < KINDS; k++)
			us[(k + i) % KINDS][i] = run_us(argv[2], envs[(k + i) % KINDS]);
	for (int k = 0; k < KINDS; k++) {
		qsort(us[k], (size_t)rounds, sizeof(double), by_value);
		median[k] = us[k][rounds / 2];
		printf("%-12s median %7.1f us  (p10 %7.1f, p90 %7.1f)  %+.1f\n", names[k],
		       median[k], us[k][rounds / 10], us[k][rounds * 9 / 10],
		       median[k] - median[0]);
	}
	return median[KINDS - 1] - median[0] > 100;
}
