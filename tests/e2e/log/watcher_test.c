/*
 * What the watcher sees although the program makes no call: the peer's FIN on an idle connection,
 * and what becomes of a connection after close().
 */
#include "../../support/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_object *wait_for_state(const char *state, int64_t conn)
{
	const struct log_match match = {.type = "state", .state = state, .conn = conn};
	struct log log = log_wait(script_log(), &match);

	return log_first(&log, &match);
}

static void fin_on_an_idle_connection_is_logged(void **state)
{
	struct run_process *script;
	json_object *record;

	(void)state;
	script = script_start(script_options("watch=50ms"));
	script_say_all(script, SCRIPT_PAIR "close c\n");
	record = wait_for_state("CLOSE_WAIT", SCRIPT_A_CONN);
	log_assert_text(record, "state_before", "ESTABLISHED");
	log_assert_like(record, "local", "^127[.]0[.]0[.]1:[0-9]+$");
	assert_in_range(log_number(record, "dwell_ms"), 0, 20000);
}

static void closed_connection_is_followed_until_the_kernel_has_forgotten_it(void **state)
{
	struct run_process *script;
	struct run_result result;
	struct log log;

	(void)state;
	net_own();
	/* Nobody answers the FIN with one of his own, and after a second the kernel gives up. */
	net_set("tcp_fin_timeout", "1");
	script = script_start(script_options("watch=50ms"));
	script_say_all(script, SCRIPT_PAIR "close c\n");
	wait_for_state("CLOSED", SCRIPT_C_CONN);
	assert_int_equal(net_count("FIN_WAIT_2", NET_ANY, NET_ANY), 0);
	script_say_all(script, "recv a 9; close a; close s\n");
	result = run_finish(script);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	if (!test_matches(log_states(&log, 0, SCRIPT_C_CONN), "^CLOSED ESTABLISHED( FIN_WAIT_1)? FIN_WAIT_2 CLOSED$"))
		test_fail("the way is %s", log_states(&log, 0, SCRIPT_C_CONN));
	/* It had been there for about a second. */
	assert_in_range(log_number(log.records[log.count - 1], "wait_states.FIN_WAIT_2.max_ms"), 500, 10000);
}

static void active_close_is_followed_to_time_wait(void **state)
{
	struct run_process *script;
	json_object *record;

	(void)state;
	net_own();
	script = script_start(script_options("watch=50ms"));
	script_say_all(script, SCRIPT_PAIR "close c\n");
	wait_for_state("FIN_WAIT_2", SCRIPT_C_CONN);
	script_say_all(script, "recv a 9; close a\n");
	record = wait_for_state("TIME_WAIT", SCRIPT_C_CONN);
	log_assert_text(record, "state_before", "FIN_WAIT_2");
	assert_int_equal(net_count("TIME_WAIT", NET_ANY, NET_ANY), 1);
}

static void passive_close_is_followed_to_its_end(void **state)
{
	struct run_process *script;
	json_object *record;
	unsigned int port;

	(void)state;
	net_own();
	script = script_start(script_options("watch=50ms"));
	script_say_all(script, SCRIPT_PAIR "close c; recv a 9\n");
	assert_int_equal(sscanf(script_say(script, "port s"), "port = %u", &port), 1);
	net_drop(memory_text("tcp sport %u", port));
	script_say(script, "close a");
	net_drop_nothing();
	record = wait_for_state("CLOSED", SCRIPT_A_CONN);
	log_assert_text(record, "state_before", "LAST_ACK");
	/* The FIN was lost once: the kernel has waited at least its shortest timeout, 200 ms. */
	assert_in_range(log_number(record, "dwell_ms"), 100, 20000);
}

static void reset_on_an_idle_connection_is_logged(void **state)
{
	struct run_process *script;

	(void)state;
	script = script_start(script_options("watch=50ms"));
	script_say_all(script, SCRIPT_PAIR "setsockopt c linger 0; close c\n");
	log_assert_text(wait_for_state("CLOSED", SCRIPT_A_CONN), "state_before", "ESTABLISHED");
}

/* More than the watcher looks at one by one: the quiet ones are asked about together. */
static void of_many_connections_those_that_end_are_seen(void **state)
{
	enum { MORE = 60, LAST_CONN = SCRIPT_A_CONN + 2 * MORE };
	struct run_process *script;

	(void)state;
	script = script_start(script_options("watch=10ms"));
	script_say_all(script, SCRIPT_PAIR);
	for (int i = 0; i < MORE; i++)
		script_say_all(script, "d=socket 4 stream; connect d 127.0.0.1 @s; b=accept s\n");
	script_say(script, "close c");
	log_assert_text(wait_for_state("CLOSE_WAIT", SCRIPT_A_CONN), "state_before", "ESTABLISHED");
	script_say_all(script, "setsockopt d linger 0; close d\n");
	log_assert_text(wait_for_state("CLOSED", LAST_CONN), "state_before", "ESTABLISHED");
}

static void leak_is_found_while_the_program_sleeps(void **state)
{
	const struct log_match match = {.rule = "close-wait-leak", .conn = SCRIPT_A_CONN};
	struct run_process *script;
	struct log log;
	json_object *finding;

	(void)state;
	script = script_start(script_options("watch=50ms:close_wait=200ms"));
	script_say_all(script, SCRIPT_PAIR "close c\n");
	log = log_wait(script_log(), &match);
	finding = log_first(&log, &match);
	log_assert_text(finding, "severity", "error");
	log_assert_text(finding, "cause", "eof-unread");
	log_assert_text(finding, "state", "CLOSE_WAIT");
	log_assert_number(finding, "fd", SCRIPT_A_FD);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "close-wait-leak"}), 1);
}

static long tasks(struct run_process *script)
{
	long count = 0;

	assert_int_equal(sscanf(script_say(script, "tasks"), "tasks = %ld", &count), 1);
	return count;
}

static void watcher_is_one_thread_that_starts_with_the_first_socket(void **state)
{
	struct run_process *script;

	(void)state;
	script = script_start(script_options("watch=50ms"));
	script_say(script, "pipe r w; u=socket 4 dgram; close u");
	assert_int_equal(tasks(script), 1);
	script_say_all(script, SCRIPT_PAIR);
	assert_int_equal(tasks(script), 2);
	script_say_all(script, SCRIPT_END SCRIPT_PAIR);
	assert_int_equal(tasks(script), 2);
}

static void watch_0_starts_no_thread(void **state)
{
	struct run_process *script;
	struct log log;

	(void)state;
	script = script_start(script_options("watch=0:close_wait=100ms"));
	script_say_all(script, SCRIPT_PAIR);
	assert_int_equal(tasks(script), 1);
	/* The looks happen on the way of calls, so that the leak is still found. */
	script_say_all(script, "close c; setsockopt s rcvtimeo 300; accept s; getsockname s\n");
	assert_int_equal(tasks(script), 1);
	script_say_all(script, "close a; close s\n");
	run_finish(script);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "close-wait-leak"}), 1);
}

static bool leak_is_found_by_the_next_call(void *script)
{
	const struct log_match match = {.rule = "close-wait-leak", .conn = SCRIPT_A_CONN};
	struct log log;

	script_say(script, "getsockname s");
	log = log_read(script_log());
	return log_count(&log, &match) > 0;
}

static void without_a_thread_for_the_watcher_calls_look_on_the_way(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/no_threads")},
				.options = script_options("watch=50ms:close_wait=100ms"),
				.dialog = true};
	struct run_process *script;

	(void)state;
	script = run_start(&spec);
	script_say_all(script, SCRIPT_PAIR "close c\n");
	assert_int_equal(tasks(script), 1);
	test_until(leak_is_found_by_the_next_call, script, "the leak in the log");
}

static void watcher_starts_anew_in_a_child(void **state)
{
	static const char lines[] = SCRIPT_PAIR "fork tasks; d=socket 4 stream; connect d 127.0.0.1 @s; tasks; "
						"close d; _exit 0\n" SCRIPT_END;
	struct run_result result;
	struct log log;

	(void)state;
	result = script_run(script_options("watch=50ms"), lines);
	run_assert_exit(&result, 0);
	assert_non_null(strstr(result.out, "tasks = 1\nsocket = 6\nconnect = 0\ntasks = 2\n"));
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
}

static void watcher_blocks_every_signal(void **state)
{
	struct run_process *script;
	const char *directory;
	struct dirent *entry;
	DIR *list;
	int watchers = 0;

	(void)state;
	script = script_start(script_options("watch=50ms"));
	script_say_all(script, SCRIPT_PAIR);
	directory = memory_text("/proc/%d/task", (int)run_pid(script));
	list = opendir(directory);
	assert_non_null(list);
	while ((entry = readdir(list))) {
		unsigned long long blocked = 0;
		char *status;

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == run_pid(script))
			continue;
		status = file_read(memory_text("%s/%s/status", directory, entry->d_name), NULL);
		assert_non_null(status);
		assert_int_equal(sscanf(strstr(status, "SigBlk:"), "SigBlk: %llx", &blocked), 1);
		/* One that is not blocked could be delivered here, and a handler run on a stack that it does not know. */
		for (int sig = 1; sig < 32; sig++) {
			if (sig != SIGKILL && sig != SIGSTOP && !(blocked & 1ull << (sig - 1)))
				test_fail("the watcher takes signal %d", sig);
		}
		watchers++;
	}
	closedir(list);
	assert_int_equal(watchers, 1);
}

int main(void)
{
	const struct CMUnitTest watcher[] = {
		TEST(fin_on_an_idle_connection_is_logged),
		TEST(closed_connection_is_followed_until_the_kernel_has_forgotten_it),
		TEST(active_close_is_followed_to_time_wait),
		TEST(passive_close_is_followed_to_its_end),
		TEST(reset_on_an_idle_connection_is_logged),
		TEST(of_many_connections_those_that_end_are_seen),
		TEST(leak_is_found_while_the_program_sleeps),
		TEST(watcher_is_one_thread_that_starts_with_the_first_socket),
		TEST(watch_0_starts_no_thread),
		TEST(without_a_thread_for_the_watcher_calls_look_on_the_way),
		TEST(watcher_starts_anew_in_a_child),
		TEST(watcher_blocks_every_signal),
	};

	return cmocka_run_group_tests_name("watcher", watcher, NULL, NULL);
}
