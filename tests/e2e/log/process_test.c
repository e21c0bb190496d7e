/*
 * More than one process: whose close() it was, and that a connection which another process still
 * holds, or has held, is the same connection.
 */
#include "../../support/test.h"

#include <stdio.h>
#include <string.h>

static void close_in_a_vfork_child_is_not_the_parent_s(void **state)
{
	static const char lines[] = SCRIPT_PAIR "vfork_close c; send c hello; recv a 9\n" SCRIPT_END;
	struct log log;

	(void)state;
	log = script_run_alike(NULL, lines);
	/* The record of the connection is still there, and knows of one close() in this process. */
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "send", .conn = SCRIPT_C_CONN}), 1);
	log_assert_text(log_first(&log, &(const struct log_match){.call = "send"}), "state", "ESTABLISHED");
	log_assert_number(log.records[log.count - 1], "unseen", 0);
	log_assert_no_fault(&log);
}

static void close_in_a_fork_child_leaves_the_parent_s_connection(void **state)
{
	struct log log;
	json_object *closed;
	int64_t parent;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR
				"fork close c; close a; close s; _exit 0\nsend c hello; recv a 9\n" SCRIPT_END);
	parent = log_number(log.records[0], "pid");
	closed = log_first(&log, &(const struct log_match){.call = "close", .fd = SCRIPT_C_FD});
	assert_int_not_equal(log_number(closed, "pid"), parent);
	/* The child's close() ended nothing. */
	log_assert_text(closed, "state", "ESTABLISHED");
	log_assert_text(log_first(&log, &(const struct log_match){.call = "send"}), "state", "ESTABLISHED");
	closed = log_first(&log, &(const struct log_match){.call = "close", .fd = SCRIPT_C_FD, .pid = parent});
	log_assert_like(closed, "state", "FIN_WAIT_[12]");
	log_assert_no_fault(&log);
}

static void posix_spawn_leaves_the_parent_s_connection(void **state)
{
	static const char lines[] = SCRIPT_PAIR "spawn c; send c hello; recv a 9\n" SCRIPT_END;
	struct run_result plain;
	struct run_result result;
	struct log log;

	(void)state;
	plain = script_run_plain(lines);
	result = script_run(script_options(NULL), lines);
	run_assert_same(&result, &plain);
	assert_non_null(strstr(result.out, "spawn = 0"));
	log = log_read(script_log());
	log_assert_text(log_first(&log, &(const struct log_match){.call = "send"}), "state", "ESTABLISHED");
	log_assert_no_fault(&log);
}

static void worker_that_was_forked_serves_and_closes(void **state)
{
	struct log log;
	json_object *closed;
	int64_t parent;

	(void)state;
	/* The classic server: the child serves until the end of file, and the parent has a copy that it closes. */
	log = script_run_logged(NULL, SCRIPT_PAIR "send c hello; shutdown c wr\n"
						  "fork recv a 9; recv a 9; close a; _exit 0\n"
						  "close a; close c; close s\n");
	parent = log_number(log.records[0], "pid");
	closed = log_first(&log, &(const struct log_match){.call = "close", .fd = SCRIPT_A_FD, .pid = parent});
	assert_non_null(closed);
	log_assert_no_fault(&log);
}

/* Python closes all descriptors in a vfork child, by numbers; then the parent uses its connection on. */
static const char python_program[] =
	"import socket, subprocess\n"
	"listener = socket.create_server(('127.0.0.1', 0))\n"
	"client = socket.create_connection(listener.getsockname())\n"
	"server, _ = listener.accept()\n"
	"print(subprocess.run(['echo', 'from the child'], close_fds=True, capture_output=True).stdout)\n"
	"print(subprocess.run('exit 3', shell=True, close_fds=True).returncode)\n"
	"client.sendall(b'after the child')\n"
	"print(server.recv(64))\n"
	"client.close()\n"
	"print(server.recv(64))\n"
	"server.close()\n"
	"listener.close()\n";

static void subprocess_of_python_leaves_the_parent_s_connections(void **state)
{
	struct run_spec spec = {.options = script_options(NULL)};
	struct run_result plain;
	struct run_result result;
	struct log log;
	int64_t parent;

	(void)state;
	spec.argv[0] = test_require("python3");
	spec.argv[1] = "-c";
	spec.argv[2] = python_program;
	spec.plain = true;
	plain = run(&spec);
	run_assert_exit(&plain, 0);
	spec.plain = false;
	result = run(&spec);
	run_assert_same(&result, &plain);
	log = log_read(script_log());
	parent = log_number(log.records[0], "pid");
	log_assert_text(log_last(&log, &(const struct log_match){.type = "summary", .pid = parent}), "open_at_exit",
			"0");
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close", .pid = parent}), 3);
	log_assert_no_fault(&log);
}

static void every_process_has_its_own_summary(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "fork close c; close c; _exit 0\n" SCRIPT_END);
	/* The child's fault is the child's. */
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
	log_assert_number(log_first(&log, &(const struct log_match){.type = "summary"}), "errors", 1);
	log_assert_number(log_last(&log, &(const struct log_match){.type = "summary"}), "errors", 0);
}

int main(void)
{
	const struct CMUnitTest process[] = {
		TEST(close_in_a_vfork_child_is_not_the_parent_s),
		TEST(close_in_a_fork_child_leaves_the_parent_s_connection),
		TEST(posix_spawn_leaves_the_parent_s_connection),
		TEST(worker_that_was_forked_serves_and_closes),
		TEST(subprocess_of_python_leaves_the_parent_s_connections),
		TEST(every_process_has_its_own_summary),
	};

	return cmocka_run_group_tests_name("process", process, NULL, NULL);
}
