/*
 * Starts programs, with the shim preloaded or without it, and collects what they printed and how
 * they ended. Everything is bounded: a program that is not done at its deadline is killed and the
 * test fails with a message that says what it was.
 *
 * Failures are CMocka's: none of these functions returns an error. One test process, one thread.
 */
#ifndef SUPPORT_RUN_H
#define SUPPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RUN_ARGS_MAX 24
#define RUN_ENV_MAX  8

struct run_spec {
	const char *argv[RUN_ARGS_MAX]; /* NULL-ended; argv[0] is looked up in PATH */
	const char *options; /* TCPWAITSPY_OPTIONS; NULL: not set */
	bool plain; /* without the shim */
	bool dialog; /* standard input and output are pipes (run_say, run_hear) */
	bool no_stderr; /* started with descriptor 2 closed */
	const char *input; /* standard input; NULL: empty */
	const char *env[RUN_ENV_MAX]; /* further "NAME=VALUE", NULL-ended */
	const char *directory; /* NULL: the test's own working directory */
	void (*in_child)(void); /* runs after fork() and before exec(); exits with 126 on failure */
};

struct run_result {
	int status; /* as from waitpid() */
	char *out; /* NUL-ended */
	size_t out_len;
	char *err;
	size_t err_len;
};

struct run_process; /* running, or ended and not yet collected */

/* Starts, waits for the end, and collects. */
struct run_result run(const struct run_spec *spec);
struct run_process *run_start(const struct run_spec *spec);
pid_t run_pid(const struct run_process *process);
/* True once it has ended, collected or not. */
bool run_is_over(const struct run_process *process);
/* Waits for the end, and collects. */
struct run_result run_finish(struct run_process *process);
/* The same after a signal. */
struct run_result run_stop(struct run_process *process, int signal);
/* What it has written to standard error so far. */
char *run_stderr_now(struct run_process *process);

/* Writes one line to a dialog's standard input. */
void run_say(struct run_process *process, const char *line);
/* The next line of its standard output without the newline; NULL at the end of file. */
const char *run_hear(struct run_process *process);
/* No more input for it. */
void run_hang_up(struct run_process *process);

/* Fails, showing standard error, unless the program ended by itself with this status. */
void run_assert_exit(const struct run_result *result, int status);
/* Fails, showing standard error, unless this signal killed the program. */
void run_assert_signal(const struct run_result *result, int signal);

/* Fails, showing the first line that differs, unless both printed and returned the same. */
void run_assert_same(const struct run_result *result, const struct run_result *expected);

/* Kills what was started and not collected, and all that it left behind. */
void run_kill_all(void);

#endif
