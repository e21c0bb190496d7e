/*
 * Sandboxes: after a strict filter the shim makes no call that the filter does not allow, so that
 * the program lives on, and its calls are still in the log.
 */
#include "compare.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../tools/read/item.h"
#include "../../support/record.h"

static void run_filtered(const char *action, const char *options)
{
	struct log log = hazard_run("hazard/seccomp", action, options);

	log_assert_no_fault(&log);
	log_assert_number(hazard_summary(&log), "open_at_exit", 0);
	hazard_assert_calls(&log, "accept", 1);
	hazard_assert_calls(&log, "close", 6);
}

static void filter_that_kills(void **state)
{
	(void)state;
	run_filtered("kill", NULL);
}

static void filter_that_kills_a_program_without_a_watcher(void **state)
{
	(void)state;
	run_filtered("kill", "watch=0");
}

static void filter_that_kills_while_the_watcher_is_busy(void **state)
{
	(void)state;
	run_filtered("kill", "watch=1ms:flush=buffer");
}

static void filter_that_kills_a_program_with_metrics(void **state)
{
	(void)state;
	run_filtered("kill", memory_text("watch=1ms:metrics=%s", file_temp("app.prom")));
	assert_non_null(file_read(file_temp("app.prom"), NULL));
}

/* The metrics are written by a process apart, where a filter lets one be. */
static void metrics_where_a_filter_forbids_processes(void **state)
{
	(void)state;
	run_filtered("threads", memory_text("watch=10ms:metrics=%s", file_temp("app.prom")));
}

static void metrics_where_a_filter_forbids_to_wait_leave_no_children_behind(void **state)
{
	(void)state;
	run_filtered("no_wait", memory_text("watch=10ms:metrics=%s", file_temp("app.prom")));
}

/* What is no file is asked whether it takes more, by whichever call the program may make. */
static void log_in_a_pipe_goes_on_under_a_filter_that_knows_poll_alone(void **state)
{
	struct run_spec spec = hazard_spec("hazard/seccomp", "no_ppoll");
	const char *path = file_temp("pipe");
	char text[65536] = "";
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	spec.options = memory_text("calls=none:log=%s", path);
	hazard_compare(&spec);
	assert_true(read(reader, text, sizeof(text) - 1) > 0);
	close(reader);
	assert_non_null(strstr(text, "SUMMARY"));
}

/* Of a record that was opened before the filter, by the start or by the first socket, nothing is lost behind it. */
static void filter_that_kills_a_program_with_a_record(void **state)
{
	static const char *const names[] = {"a.rec", "%e.%p.rec"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct record record;
		glob_t found;

		run_filtered("kill", memory_text("record=%s:record_size=1M", file_temp(names[i])));
		assert_int_equal(unlink(script_log()), 0);
		assert_int_equal(glob(file_temp("*.rec"), 0, NULL, &found), 0);
		assert_int_equal(found.gl_pathc, 1);
		record = record_read(found.gl_pathv[0]);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "accept"), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "close"), 6);
		assert_int_equal(record_count(&record, ITEM_SUMMARY, 0, NULL), 1);
		unlink(found.gl_pathv[0]);
		globfree(&found);
	}
}

static void filter_that_says_EPERM(void **state)
{
	(void)state;
	run_filtered("errno", NULL);
}

static void filter_that_raises_SIGSYS(void **state)
{
	(void)state;
	run_filtered("trap", NULL);
}

/* Such a program is not sandboxed, and states after close() are still the kernel's. */
static void filters_that_the_kernel_refuses(void **state)
{
	json_object *closed;
	struct log log;

	(void)state;
	log = hazard_run("hazard/seccomp", "probe", NULL);
	log_assert_no_fault(&log);
	hazard_assert_calls(&log, "close", 6);
	closed = log_first(&log, &(const struct log_match){.call = "close", .state_before = "ESTABLISHED"});
	log_assert_text(closed, "state_source", "kernel");
}

/* A write to the log would raise a signal that the filter does not let the shim take back. */
static void filter_with_a_limit_on_files(void **state)
{
	struct run_spec spec = hazard_spec("hazard/seccomp", "limit");
	struct log log;

	(void)state;
	log = hazard_run("hazard/seccomp", "limit", NULL);
	assert_true(log.count > 0);
	spec.options = script_options("flush=buffer");
	assert_int_equal(unlink(script_log()), 0);
	hazard_compare(&spec);
}

/* The rule is about what the program does: that this kernel's answer is a filter's makes it no better. */
static void close_that_a_filter_interrupts_again_is_a_retry(void **state)
{
	const char *const options[] = {"calls=all", "calls=none"};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct log log = hazard_run("hazard/seccomp", "interrupted", options[i]);

		assert_int_equal(log_count(&log, &(const struct log_match){.rule = "close-retry"}), 1);
		hazard_assert_calls(&log, "close", i == 0 ? 3 : 0);
		assert_int_equal(unlink(script_log()), 0);
	}
}

int main(void)
{
	const struct CMUnitTest seccomp[] = {
		TEST(filter_that_kills),
		TEST(filter_that_kills_a_program_without_a_watcher),
		TEST(filter_that_kills_while_the_watcher_is_busy),
		TEST(filter_that_kills_a_program_with_metrics),
		TEST(metrics_where_a_filter_forbids_processes),
		TEST(metrics_where_a_filter_forbids_to_wait_leave_no_children_behind),
		TEST(log_in_a_pipe_goes_on_under_a_filter_that_knows_poll_alone),
		TEST(filter_that_kills_a_program_with_a_record),
		TEST(filter_that_says_EPERM),
		TEST(filter_that_raises_SIGSYS),
		TEST(filters_that_the_kernel_refuses),
		TEST(filter_with_a_limit_on_files),
		TEST(close_that_a_filter_interrupts_again_is_a_retry),
	};

	return cmocka_run_group_tests_name("hazard_seccomp", seccomp, NULL, NULL);
}
