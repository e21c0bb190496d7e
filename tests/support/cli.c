/*
 * The command under test; see cli.h.
 */
#include "cli.h"

#include <string.h>
#include <unistd.h>

#include "test.h"

struct run_spec cli_spec(const char *const *args)
{
	struct run_spec spec = {
		.argv = {file_built("tcpwaitspy")},
		.plain = true,
		.directory = file_temp(""),
		.env = {memory_text("TMPDIR=%s", file_temp(""))},
	};

	for (size_t i = 0; args[i]; i++) {
		assert_true(i + 2 < RUN_ARGS_MAX);
		spec.argv[i + 1] = args[i];
	}
	return spec;
}

struct run_result cli_run_args(const char *input, const char *const *args)
{
	struct run_spec spec = cli_spec(args);

	spec.input = input;
	return run(&spec);
}

struct run_process *cli_start_args(const char *const *args)
{
	struct run_spec spec = cli_spec(args);

	spec.dialog = true;
	return run_start(&spec);
}

void cli_assert_says(const struct run_result *result, const char *pattern)
{
	if (!test_matches(result->err, pattern))
		test_fail("standard error is not like %s:\n%s", pattern, result->err);
}

void cli_assert_silent_about(const struct run_result *result, const char *pattern)
{
	if (test_matches(result->err, pattern))
		test_fail("standard error is like %s:\n%s", pattern, result->err);
}
