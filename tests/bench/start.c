/*
 * start COUNT PROGRAM [PRELOAD]: how long PROGRAM takes from its start to its end. PRELOAD is for
 * PROGRAM alone, so that what is measured is not the preloading of this one.
 */
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"

#define WARM_UP	  3
#define VARIABLES 256

extern char **environ;

/* This process's environment and, where there is one, the preload. */
static void make_environment(char **variables, char *preload)
{
	size_t count = 0;

	for (char **variable = environ; *variable && count < VARIABLES - 2; variable++)
		if (strncmp(*variable, "LD_PRELOAD=", 11) != 0)
			variables[count++] = *variable;
	if (preload)
		variables[count++] = preload;
	variables[count] = NULL;
}

static void run(char *program, char **variables, long count)
{
	char *const arguments[] = {program, NULL};

	for (long i = 0; i < count; i++) {
		int status = -1;
		pid_t pid;

		if (posix_spawn(&pid, program, NULL, NULL, arguments, variables) != 0 || waitpid(pid, &status, 0) < 0 ||
		    status != 0)
			bench_die(program);
	}
}

/* Processor time of the programs that have ended, which the kernel counts in microseconds. */
static double children_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv)
{
	long count = bench_number(argc, argv, 1, 50);
	char *variables[VARIABLES];
	char preload[4096];
	double children_begin_ns;
	struct bench_time begin;

	if (argc < 3)
		return 1;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argc > 3 ? argv[3] : "");
	make_environment(variables, argc > 3 ? preload : NULL);
	run(argv[2], variables, WARM_UP);
	children_begin_ns = children_ns();
	begin = bench_now();
	run(argv[2], variables, count);
	bench_print("ns", (bench_now().ns - begin.ns) / (double)count);
	bench_print("cpu_ns", (children_ns() - children_begin_ns) / (double)count);
	return 0;
}
