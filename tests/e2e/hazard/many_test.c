/*
 * Many connections: 9,000 at once and 200,000 in a row. The memory stays what the tables' bounds say, and what no
 * longer fits is counted.
 */
#include "compare.h"

#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>

#define AT_ONCE	 9000
#define IN_A_ROW 200000
#define PATIENCE 1800 /* tenths of a second, on a machine with much else to do */
#define FOLLOWED 4096 /* closed connections that the watcher follows, at most */

/* For each socket that is open: its record, and what the kernel's rounding up to pages adds. */
#define BYTES_EACH 320

struct memory {
	long early_kb; /* after a tenth of the connections */
	long late_kb;
};

static struct memory memory_of(const struct run_result *result)
{
	struct memory memory;

	if (sscanf(result->err, "rss %ld\nrss %ld", &memory.early_kb, &memory.late_kb) != 2)
		test_fail("no memory in: %.200s", result->err);
	return memory;
}

static void all_descriptors_allowed(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void nine_thousand_at_once(void **state)
{
	struct run_spec spec = hazard_spec("hazard/many", "at_once");
	struct run_result result;
	json_object *summary;
	struct log log;
	long each;

	(void)state;
	net_own();
	spec.argv[2] = memory_text("%d", AT_ONCE);
	spec.options = script_options("calls=none");
	spec.in_child = all_descriptors_allowed;
	result = hazard_compare(&spec);
	each = (memory_of(&result).late_kb - memory_of(&result).early_kb) * 1024 / (AT_ONCE * 2 * 9 / 10);
	if (each > BYTES_EACH)
		test_fail("%ld bytes for each socket", each);
	log = log_read(script_log());
	hazard_assert_healthy(&log);
	summary = hazard_summary(&log);
	log_assert_number(summary, "connections", AT_ONCE * 2);
	log_assert_number(summary, "lost.untracked", 0);
	/* Both ends are followed after close(), as far as there is room, and the others are counted. */
	assert_true(log_number(summary, "lost.not_followed") >= AT_ONCE - FOLLOWED);
}

static void two_hundred_thousand_in_a_row(void **state)
{
	struct run_spec spec = hazard_spec("hazard/many", "in_a_row");
	struct run_process *process;
	struct run_result result;
	struct memory memory;
	json_object *summary;
	struct log log;

	(void)state;
	net_own();
	spec.argv[2] = memory_text("%d", IN_A_ROW);
	spec.options = script_options("calls=none");
	process = run_start(&spec);
	for (int tries = 0; tries < PATIENCE && !run_is_over(process); tries++)
		poll(NULL, 0, 100);
	result = run_finish(process);
	run_assert_exit(&result, 0);
	assert_string_equal(result.out, memory_text("closed %d\ndone\n", IN_A_ROW));
	memory = memory_of(&result);
	/* Nine tenths of them have cost nothing: some pages of the ledger and of libc are in it. */
	if (memory.late_kb > memory.early_kb + 512)
		test_fail("%ld kB have become %ld kB", memory.early_kb, memory.late_kb);
	log = log_read(script_log());
	hazard_assert_healthy(&log);
	summary = hazard_summary(&log);
	log_assert_number(summary, "connections", IN_A_ROW * 2);
	assert_true(log_number(summary, "lost.not_followed") >= IN_A_ROW / 2 - FOLLOWED * 2);
	/* One place has reset a hundred thousand of them. */
	log_assert_number(summary, "by_rule.abortive-close", IN_A_ROW / 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "abortive-close"}), 1);
}

int main(void)
{
	const struct CMUnitTest many[] = {
		TEST(nine_thousand_at_once),
		TEST(two_hundred_thousand_in_a_row),
	};

	return cmocka_run_group_tests_name("hazard_many", many, NULL, NULL);
}
