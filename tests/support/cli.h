/*
 * Starts build/tcpwaitspy as a user would, without the shim in its own environment. It runs in the
 * test's temporary directory, which is its TMPDIR as well.
 */
#ifndef SUPPORT_CLI_H
#define SUPPORT_CLI_H

#include "run.h"

struct run_spec cli_spec(const char *const *args);
struct run_result cli_run_args(const char *input, const char *const *args);
struct run_process *cli_start_args(const char *const *args);

#define CLI_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* Runs the command with these arguments and this standard input, to its end. */
#define cli_run(input, ...) cli_run_args(input, CLI_ARGS(__VA_ARGS__))
/* The same as a dialog. */
#define cli_start(...) cli_start_args(CLI_ARGS(__VA_ARGS__))

/* Fails, showing standard error, unless an extended regular expression matches in it; or if it does. */
void cli_assert_says(const struct run_result *result, const char *pattern);
void cli_assert_silent_about(const struct run_result *result, const char *pattern);

#endif
