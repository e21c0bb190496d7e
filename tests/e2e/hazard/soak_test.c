/*
 * Sixteen threads that do anything, for so many steps; at the end the table is the kernel's.
 */
#include "compare.h"

#include <stdio.h>

static void soak_with(const char *options)
{
	struct run_spec spec = hazard_spec("hazard/soak", "16");
	struct run_result result;
	json_object *summary;
	struct log log;
	int open = -1;

	spec.argv[2] = "600";
	spec.options = script_options(options);
	result = hazard_compare(&spec);
	log = log_read(script_log());
	log_assert_no_fault(&log);
	summary =
		log_last(&log, &(const struct log_match){.type = "summary", .pid = log_number(log.records[0], "pid")});
	log_assert_number(summary, "unseen", 0);
	assert_int_equal(sscanf(strstr(result.out, "sockets ") + strlen("sockets "), "%*d of %d", &open), 1);
	assert_int_equal(sscanf(strstr(strchr(result.out, '\n'), "sockets "), "sockets %d", &open), 1);
	log_assert_number(summary, "open_at_exit", open);
}

static void table_is_the_kernel_s_after_a_soak(void **state)
{
	(void)state;
	soak_with("watch=1ms:calls=lifecycle");
}

static void table_is_the_kernel_s_without_a_watcher(void **state)
{
	(void)state;
	soak_with("watch=0:calls=none");
}

int main(void)
{
	const struct CMUnitTest soak[] = {
		TEST(table_is_the_kernel_s_after_a_soak),
		TEST(table_is_the_kernel_s_without_a_watcher),
	};

	return cmocka_run_group_tests_name("hazard_soak", soak, NULL, NULL);
}
