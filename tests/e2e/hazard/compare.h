/*
 * A hazard's program, run without the shim and with it: it prints and ends alike, or the test fails.
 */
#ifndef HAZARD_COMPARE_H
#define HAZARD_COMPARE_H

#include "../../support/test.h"

#include <glob.h>
#include <string.h>
#include <sys/wait.h>

#define HAZARD_NOT_HERE 77 /* the program's exit status where the kernel has not what it needs */

static inline struct run_spec hazard_spec(const char *program, const char *name)
{
	return (struct run_spec){
		.argv = {file_built(memory_text("tests/programs/%s", program)), name},
		.directory = file_temp(""),
	};
}

/* Both runs; the one under the shim as spec has it. */
static inline struct run_result hazard_compare(const struct run_spec *spec)
{
	struct run_spec without = *spec;
	struct run_result plain, result;

	without.plain = true;
	without.options = NULL;
	for (size_t i = 0; i < RUN_ENV_MAX && without.env[i]; i++)
		if (strncmp(without.env[i], "LD_PRELOAD=", strlen("LD_PRELOAD=")) == 0)
			without.env[i] = "HAZARD_NO_PRELOAD=1";
	plain = run(&without);
	if (WIFEXITED(plain.status) && WEXITSTATUS(plain.status) == HAZARD_NOT_HERE)
		test_skip("%s", plain.out);
	result = run(spec);
	run_assert_same(&result, &plain);
	return result;
}

/* The same of a case of a program, and the log of it; `further` as script_options() takes it. */
static inline struct log hazard_run(const char *program, const char *name, const char *further)
{
	struct run_spec spec = hazard_spec(program, name);

	spec.options = script_options(further);
	hazard_compare(&spec);
	return log_read(script_log());
}

static inline json_object *hazard_summary(const struct log *log)
{
	json_object *last = log->records[log->count - 1];

	log_assert_text(last, "type", "summary");
	return last;
}

/* Nothing is wrong in the log, nothing is open at the end, nothing has gone unseen. */
static inline void hazard_assert_healthy(const struct log *log)
{
	json_object *summary = hazard_summary(log);

	log_assert_no_fault(log);
	log_assert_number(summary, "open_at_exit", 0);
	log_assert_number(summary, "unseen", 0);
}

/* So many calls of this name, in all processes. */
static inline void hazard_assert_calls(const struct log *log, const char *call, size_t expected)
{
	size_t count = log_count(log, &(const struct log_match){.call = call});

	if (count != expected)
		test_fail("%zu calls of %s() are logged and not %zu", count, call, expected);
}

/* The path of an installed library; skips the test where there is none. */
static inline const char *hazard_library(const char *pattern)
{
	const char *path = NULL;
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		path = memory_text("%s", found.gl_pathv[0]);
	globfree(&found);
	if (!path)
		test_skip("no %s is installed", pattern);
	return path;
}

#endif
