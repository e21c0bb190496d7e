/*
 * Processes that lack something are the same under the shim, which does without it as well.
 */
#include "compare.h"

static void exec_of_addresses_that_cannot_be_read(void **state)
{
	(void)state;
	hazard_run("hazard/confined", "exec_nowhere", NULL);
}

/* The parent is pid 1, too; the child has a watcher of its own. */
static void child_that_has_its_parent_s_pid(void **state)
{
	json_object *change;
	struct log log;

	(void)state;
	log = hazard_run("hazard/confined", "nested_namespaces", "watch=20ms");
	change = log_first(&log, &(const struct log_match){.type = "state", .state_before = "ESTABLISHED"});
	log_assert_text(change, "state", "CLOSE_WAIT");
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 3);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 3);
}

static void log_is_opened_before_a_chroot_by_syscall(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/confined", "chroot_by_number", NULL);
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "accept4", 1);
}

static void record_of_a_child_without_a_free_descriptor(void **state)
{
	glob_t found;

	(void)state;
	hazard_run("hazard/confined", "child_without_a_free_descriptor",
		   memory_text("record_size=1M:record=%s", file_temp("%p.rec")));
	assert_int_equal(glob(file_temp("*.rec"), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 2);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest confined[] = {
		TEST(exec_of_addresses_that_cannot_be_read),
		TEST(child_that_has_its_parent_s_pid),
		TEST(log_is_opened_before_a_chroot_by_syscall),
		TEST(record_of_a_child_without_a_free_descriptor),
	};

	return cmocka_run_group_tests_name("hazard_confined", confined, NULL, NULL);
}
