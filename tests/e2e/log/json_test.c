/*
 * The JSON log as a file: what stands first and last in it, that every line is whole and valid
 * whoever writes, and how the file is opened. The shape of each record is checked by log_read().
 */
#include "../../support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *argument(json_object *process, size_t i)
{
	json_object *text = json_object_array_get_idx(log_member(process, "argv"), i);

	return text ? json_object_get_string(text) : "";
}

static void process_record_says_what_runs(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script"), "one", "two words"},
				.options = script_options("close_wait=7s"),
				.input = SCRIPT_PAIR SCRIPT_END};
	struct run_process *script;
	struct log log;
	json_object *process;
	char host[256];
	pid_t pid;

	(void)state;
	script = run_start(&spec);
	pid = run_pid(script);
	run_finish(script);
	log = log_read(script_log());
	process = log.records[0];
	log_assert_text(process, "type", "process");
	log_assert_number(process, "pid", pid);
	log_assert_number(process, "ppid", getpid());
	log_assert_text(process, "exe", spec.argv[0]);
	assert_string_equal(argument(process, 0), spec.argv[0]);
	assert_string_equal(argument(process, 1), "one");
	assert_string_equal(argument(process, 2), "two words");
	assert_int_equal(json_object_array_length(log_member(process, "argv")), 3);
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	log_assert_text(process, "host", host);
	assert_non_null(strstr(log_text(process, "options"), "close_wait"));
	assert_string_not_equal(log_text(process, "version"), "");
}

static void process_record_is_first_in_child_and_after_exec(void **state)
{
	struct log log;
	json_object *first = NULL;
	int64_t parent;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "fork send c hello; close c; _exit 0\nexec once more\n"
						  "recv 5 9; close 4; recv 5 9; close 5; close 3\n");
	parent = log_number(log.records[0], "pid");
	log_assert_text(log.records[0], "type", "process");
	/* The child's first record, whatever it is. */
	for (size_t i = log.count; i-- > 0;)
		first = log_number(log.records[i], "pid") == parent ? first : log.records[i];
	assert_non_null(first);
	log_assert_text(first, "type", "process");
	log_assert_number(first, "ppid", parent);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process", .pid = parent}), 2);
	/* After exec() numbers begin anew, below a process record of its own. */
	first = log_last(&log, &(const struct log_match){.type = "process", .pid = parent});
	assert_string_equal(argument(first, 1), "once");
	log_assert_number(log_next(&log, first, &(const struct log_match){.call = "recv"}), "pid", parent);
}

static void summary_record_is_last_and_adds_up(void **state)
{
	struct log log;
	json_object *summary;

	(void)state;
	/* Half-closed for a while, so that there is time in CLOSE_WAIT and FIN_WAIT_2 to add up. */
	log = script_run_logged("watch=20ms", SCRIPT_PAIR
				"shutdown c wr; recv a 9; setsockopt c rcvtimeo 100; recv c 9; close a; recv c 9\n"
				"close c; close c; x=dup s; close s\n");
	summary = log.records[log.count - 1];
	log_assert_text(summary, "type", "summary");
	log_assert_number(summary, "errors", log_count(&log, &(const struct log_match){.rule = "double-close"}));
	log_assert_number(summary, "errors", 1);
	log_assert_number(summary, "warnings", 0);
	/* A listener is no connection. */
	log_assert_number(summary, "connections", 2);
	log_assert_number(summary, "by_rule.double-close", 1);
	log_assert_number(summary, "open_at_exit", 1);
	log_assert_number(summary, "by_rule.open-at-exit", 1);
	log_assert_number(summary, "notes", 1);
	log_assert_number(summary, "unseen", 0);
	log_assert_number(summary, "wait_states.CLOSE_WAIT.connections", 1);
	log_assert_number(summary, "wait_states.FIN_WAIT_2.connections", 1);
	log_assert_number(summary, "wait_states.TIME_WAIT.connections", 1);
	log_assert_number(summary, "wait_states.CLOSING.connections", 0);
	assert_in_range(log_number(summary, "wait_states.CLOSE_WAIT.total_ms"), 90, 5000);
	assert_in_range(log_number(summary, "wait_states.CLOSE_WAIT.max_ms"), 90,
			log_number(summary, "wait_states.CLOSE_WAIT.total_ms"));
	/* Less than that, because the peer may take up to 40 ms with its ACK. */
	assert_in_range(log_number(summary, "wait_states.FIN_WAIT_2.max_ms"), 30, 5000);
}

static void calls_past_libc_are_counted_as_unseen(void **state)
{
	struct log log;

	(void)state;
	/* The number comes back from socket() although no close() was seen: the record mends itself. */
	log = script_run_logged(NULL, SCRIPT_PAIR "raw_close c; recv a 9; close a; c=socket 4 stream\n"
						  "connect c 127.0.0.1 @s; a=accept s\n" SCRIPT_END);
	assert_in_range(log_number(log.records[log.count - 1], "unseen"), 1, 2);
	log_assert_number(log.records[log.count - 1], "open_at_exit", 0);
	log_assert_no_fault(&log);
}

static void lines_of_many_threads_and_processes_stay_whole(void **state)
{
	enum { PROCESSES = 4, THREADS = 8, ROUNDS = 50 };
	struct run_spec spec = {.argv = {file_built("tests/programs/crowd"), "4", "8", "50"},
				.options = script_options(NULL)};
	struct run_result result;
	struct log log;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_string_equal(result.out, "done\n");
	/* log_read() fails on a broken line; that none is lost is counted here. */
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), PROCESSES);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), PROCESSES);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "send"}), PROCESSES * THREADS * ROUNDS);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "recv"}),
			 PROCESSES * THREADS * (ROUNDS + 1));
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close"}), PROCESSES * THREADS * 3);
	log_assert_no_fault(&log);
}

static void buffered_lines_of_many_threads_stay_whole(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/crowd"), "2", "8", "200"},
				.options = script_options("flush=buffer")};
	struct run_result result;
	struct log log;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "send"}), 2 * 8 * 200);
	log_assert_no_fault(&log);
}

static void any_bytes_in_arguments_leave_the_log_valid(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script"), "a \"quote\" and a \\",
					 "new\nline\ttab\x01\x1f\x7f", "\xff\xfe bad \xc3( \xed\xa0\x80 utf-8",
					 "gut \xc3\xbc\xe2\x82\xac", ""},
				.options = script_options(NULL)};
	struct run_result result;
	struct log log;

	(void)state;
	spec.input = SCRIPT_PAIR SCRIPT_END;
	result = run(&spec);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	assert_string_equal(argument(log.records[0], 1), "a \"quote\" and a \\");
	assert_string_equal(argument(log.records[0], 2), "new\nline\ttab\x01\x1f\x7f");
	/* Bytes that are no UTF-8 become U+FFFD. */
	assert_non_null(strstr(argument(log.records[0], 3), "\xef\xbf\xbd"));
	assert_non_null(strstr(argument(log.records[0], 3), " bad "));
	assert_string_equal(argument(log.records[0], 4), "gut \xc3\xbc\xe2\x82\xac");
	assert_int_equal(json_object_array_length(log_member(log.records[0], "argv")), 6);
}

static void very_long_arguments_leave_the_log_valid(void **state)
{
	char *longest = memory_get(100001);
	struct run_spec spec = {.argv = {file_built("tests/programs/script"), longest, "after"},
				.options = script_options(NULL)};
	struct run_result result;

	(void)state;
	/* Quotes and bad bytes, so that the line would be cut within an escape. */
	for (size_t i = 0; i < 100000; i++)
		longest[i] = "\"\xe2\x82\xac\\\n"[i % 6];
	spec.input = SCRIPT_PAIR SCRIPT_END;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_true(log_read(script_log()).count > 8);
}

static void log_file_is_readable_by_its_owner_only(void **state)
{
	struct stat info;

	(void)state;
	script_run_logged(NULL, SCRIPT_PAIR SCRIPT_END);
	assert_int_equal(stat(script_log(), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void log_file_is_appended_to(void **state)
{
	struct log log;

	(void)state;
	script_run_logged(NULL, SCRIPT_PAIR SCRIPT_END);
	log = script_run_logged(NULL, SCRIPT_PAIR SCRIPT_END);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
}

static void log_through_a_symbolic_link_is_refused(void **state)
{
	const char *victim = file_temp("victim");
	struct run_result result;

	(void)state;
	file_write(victim, "precious\n");
	assert_int_equal(symlink(victim, script_log()), 0);
	result = script_run(script_options(NULL), SCRIPT_PAIR SCRIPT_END);
	run_assert_exit(&result, 0);
	assert_non_null(strstr(result.err, script_log()));
	assert_string_equal(file_read(victim, NULL), "precious\n");
}

static void log_name_holds_pid_and_program(void **state)
{
	const char *options = memory_text("log=%s:format=json", file_temp("%e.%p.json"));
	struct run_spec spec = {.argv = {file_built("tests/programs/script")}, .options = options};
	struct run_process *script;
	const char *path;

	(void)state;
	spec.input = SCRIPT_PAIR "fork send c hello; close c; _exit 0\nrecv a 9\n" SCRIPT_END;
	script = run_start(&spec);
	path = file_temp(memory_text("script.%d.json", (int)run_pid(script)));
	run_finish(script);
	/* The child has a file of its own, so that no record of it is in here. */
	for (struct log log = log_read(path); log.count > 0; log.count--)
		log_assert_number(log.records[log.count - 1], "pid", log_number(log.records[0], "pid"));
}

static void child_writes_to_the_file_of_its_own_pid(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.options = memory_text("log=%s:format=json", file_temp("%p.json"))};
	struct run_result result;
	struct log log;
	const char *reply;
	int child = 0;

	(void)state;
	spec.input = SCRIPT_PAIR "fork pid; send c hello; close c; _exit 0\nrecv a 9\n" SCRIPT_END;
	result = run(&spec);
	reply = strstr(result.out, "pid = ");
	assert_non_null(reply);
	assert_int_equal(sscanf(reply, "pid = %d", &child), 1);
	log = log_read(file_temp(memory_text("%d.json", child)));
	log_assert_text(log.records[0], "type", "process");
	log_assert_number(log_first(&log, &(const struct log_match){.call = "send"}), "pid", child);
}

int main(void)
{
	const struct CMUnitTest json_log[] = {
		TEST(process_record_says_what_runs),
		TEST(process_record_is_first_in_child_and_after_exec),
		TEST(summary_record_is_last_and_adds_up),
		TEST(calls_past_libc_are_counted_as_unseen),
		TEST(lines_of_many_threads_and_processes_stay_whole),
		TEST(buffered_lines_of_many_threads_stay_whole),
		TEST(any_bytes_in_arguments_leave_the_log_valid),
		TEST(very_long_arguments_leave_the_log_valid),
		TEST(log_file_is_readable_by_its_owner_only),
		TEST(log_file_is_appended_to),
		TEST(log_through_a_symbolic_link_is_refused),
		TEST(log_name_holds_pid_and_program),
		TEST(child_writes_to_the_file_of_its_own_pid),
	};

	return cmocka_run_group_tests_name("json_log", json_log, NULL, NULL);
}
