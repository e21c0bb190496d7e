/*
 * Processes: forks of every kind while threads are inside calls, vfork, posix_spawn, exec, daemons.
 */
#include "compare.h"

static int64_t first_pid(const struct log *log)
{
	return log_number(log->records[0], "pid");
}

/* The parent's record of its pair: sent over and closed by the parent, as if no child had been. */
static void assert_parent_is_healthy(const struct log *log)
{
	int64_t parent = first_pid(log);
	json_object *summary = log_last(log, &(const struct log_match){.type = "summary", .pid = parent});

	log_assert_no_fault(log);
	log_assert_number(summary, "open_at_exit", 0);
	log_assert_number(summary, "unseen", 0);
}

static void thousand_children_of_a_thread_while_others_are_inside(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "forks", "calls=none");
	assert_parent_is_healthy(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 1001);
}

/* The child's finding has the one frame that the call came from, and its name by what the kernel says of the address. */
static void child_of_a_fork_while_another_thread_is_in_the_loader(void **state)
{
	const struct log_match wanted = {.rule = "double-close"};
	struct log log;

	(void)state;
	log = hazard_run("hazard/loader_lock", "", NULL);
	assert_int_equal(log_count(&log, &wanted), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
	for (size_t i = 0; i < log.count; i++) {
		json_object *stacks, *frames;

		if (!json_object_object_get_ex(log.records[i], "rule", NULL))
			continue;
		stacks = json_object_object_get(log.records[i], "stacks");
		frames = json_object_object_get(stacks, "here");
		if (frames)
			log_assert_text(json_object_array_get_idx(frames, 0), "function", "close_twice");
	}
}

static void child_of_a_fork_while_a_thread_of_the_program_has_the_loader_s_lock(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "fork_beside_iteration", NULL);
	assert_parent_is_healthy(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
}

static void children_that_no_handler_of_fork_hears_of(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "bare_forks", "calls=none");
	assert_parent_is_healthy(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 201);
}

static void vfork_child_that_closes_everything(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "vforks", "watch=10ms");
	assert_parent_is_healthy(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close", .pid = first_pid(&log)}), 3);
}

static void vfork_child_is_not_taken_for_its_parents_thread(void **state)
{
	json_object *childs, *threads;
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "vfork_thread", NULL);
	assert_parent_is_healthy(&log);
	childs = log_first(&log, &(const struct log_match){.call = "recv"});
	threads = log_first(&log, &(const struct log_match){.call = "send"});
	log_assert_text(childs, "errno", "EAGAIN");
	assert_int_not_equal(log_number(threads, "tid"), log_number(childs, "tid"));
	assert_int_not_equal(log_number(threads, "tid"), first_pid(&log));
}

static void vfork_child_that_duplicates(void **state)
{
	struct log log;
	json_object *closed;

	(void)state;
	log = hazard_run("hazard/processes", "vfork_dup", "watch=10ms");
	assert_parent_is_healthy(&log);
	/* The last close is the last close: no copy is known that the parent does not have. */
	closed = log_first(&log, &(const struct log_match){.call = "close", .fd = 4, .state_before = "ESTABLISHED"});
	log_assert_like(closed, "state", "FIN_WAIT_[12]");
}

static void posix_spawn_with_file_actions(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "spawn", "watch=10ms");
	assert_parent_is_healthy(&log);
}

static void exec_with_inherited_connections(void **state)
{
	struct log log;
	json_object *summary;

	(void)state;
	log = hazard_run("hazard/processes", "exec", "watch=10ms");
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "inherited-by-exec"}), 1);
	hazard_assert_calls(&log, "close", 3);
	summary = hazard_summary(&log);
	log_assert_number(summary, "open_at_exit", 0);
	log_assert_number(summary, "errors", 0);
}

static void daemon_that_serves_what_it_has_inherited(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/processes", "daemons", "watch=10ms");
	log_assert_no_fault(&log);
	/* The program and the daemon; the child in between says nothing, and has nothing to say. */
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "send"}), 1);
}

int main(void)
{
	const struct CMUnitTest processes[] = {
		TEST(thousand_children_of_a_thread_while_others_are_inside),
		TEST(child_of_a_fork_while_another_thread_is_in_the_loader),
		TEST(child_of_a_fork_while_a_thread_of_the_program_has_the_loader_s_lock),
		TEST(children_that_no_handler_of_fork_hears_of),
		TEST(vfork_child_that_closes_everything),
		TEST(vfork_child_is_not_taken_for_its_parents_thread),
		TEST(vfork_child_that_duplicates),
		TEST(posix_spawn_with_file_actions),
		TEST(exec_with_inherited_connections),
		TEST(daemon_that_serves_what_it_has_inherited),
	};

	return cmocka_run_group_tests_name("hazard_processes", processes, NULL, NULL);
}
