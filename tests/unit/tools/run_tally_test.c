/*
 * Tests of tools/run/tally.h: what is counted for a process that cannot count itself any more, from
 * items as readers make them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "../../../tools/run/tally.h"

#define MS INT64_C(1000000)

static struct tally tally;

static int begin(void **state)
{
	(void)state;
	tally = (struct tally){.processes = NULL};
	return 0;
}

static int end(void **state)
{
	(void)state;
	tally_end(&tally);
	return 0;
}

/* A call as the log of this very process would have it: its pid is one that lives. */
static struct item call_item(const char *name, uint64_t conn, int before, int after, int64_t ts_ms)
{
	return (struct item){
		.type = ITEM_CALL,
		.ts_ns = ts_ms * MS,
		.pid = getpid(),
		.conn = conn,
		.local = "127.0.0.1:1",
		.peer = "127.0.0.1:2",
		.state_before = before,
		.state = after,
		.accepted = strcmp(name, "accept") == 0,
		.call = {.name = name, .fd = 3, .ret = strcmp(name, "accept") == 0 ? 9 : 0},
	};
}

static struct tally_process *take(struct item item)
{
	return tally_take(&tally, &item);
}

static struct tally_process *take_call(const char *name, uint64_t conn, int before, int after, int64_t ts_ms)
{
	return take(call_item(name, conn, before, after, ts_ms));
}

static void time_in_a_wait_state_is_counted(void **state)
{
	struct tally_process *process;

	(void)state;
	take_call("accept", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 100);
	take_call("recv", 2, SPY_STATE_ESTABLISHED, SPY_STATE_CLOSE_WAIT, 200);
	process = take_call("close", 2, SPY_STATE_CLOSE_WAIT, SPY_STATE_LAST_ACK, 250);
	assert_int_equal(process->connections, 1);
	assert_int_equal(process->waits[SPY_STATE_CLOSE_WAIT].connections, 1);
	assert_int_equal(process->waits[SPY_STATE_CLOSE_WAIT].total_ns, 50 * MS);
	/* What is still in such a state is counted up to the end. */
	tally_close_accounts(process, 300 * MS);
	assert_int_equal(process->waits[SPY_STATE_LAST_ACK].max_ns, 50 * MS);
}

static void accepted_connection_has_the_descriptor_that_accept_returned(void **state)
{
	const struct tally_conn *conn;

	(void)state;
	conn = tally_conn(take_call("accept", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 1), 2);
	assert_true(conn->accepted);
	assert_int_equal(conn->fd, 9);
	assert_false(conn->closed);
}

static void close_of_a_duplicate_leaves_the_connection_open(void **state)
{
	struct tally_process *process;

	(void)state;
	take_call("accept", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 1);
	process = take_call("close", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 2);
	assert_false(tally_conn(process, 2)->closed);
	take_call("close", 2, SPY_STATE_ESTABLISHED, SPY_STATE_FIN_WAIT_1, 3);
	assert_true(tally_conn(process, 2)->closed);
}

static void connections_that_are_over_are_known_for_a_while_and_then_forgotten(void **state)
{
	const uint64_t count = 10 * TALLY_OVER_MAX;
	struct tally_process *process = NULL;

	(void)state;
	for (uint64_t id = 1; id <= count; id++) {
		take_call("accept", id, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 1);
		process = take_call("close", id, SPY_STATE_ESTABLISHED, SPY_STATE_CLOSED, 2);
		assert_non_null(tally_conn(process, id));
	}
	assert_int_equal(process->connections, count);
	assert_int_equal(process->conn_count, TALLY_OVER_MAX);
	assert_null(tally_conn(process, 1));
	for (uint64_t id = count - TALLY_OVER_MAX + 1; id <= count; id++)
		assert_true(tally_conn(process, id)->accepted);
}

static void exec_begins_anew(void **state)
{
	struct item item = {.type = ITEM_PROCESS, .pid = getpid(), .process = {.exe = "/bin/other", .ppid = 1}};
	struct tally_process *process;

	(void)state;
	take_call("accept", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 1);
	process = take(item);
	assert_string_equal(process->exe, "/bin/other");
	assert_null(tally_conn(process, 2));
	assert_int_equal(process->connections, 0);
	assert_false(process->has_tcp);
}

static void child_of_a_fork_knows_its_parent_s_connections(void **state)
{
	/* Its pid may be anybody's or nobody's: what is asked here is not whether it lives. */
	struct item child = {.type = ITEM_PROCESS, .pid = getppid(), .process = {.ppid = getpid()}};
	struct item call = call_item("recv", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 3);

	(void)state;
	take_call("accept", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 1);
	take(child);
	call.pid = getppid();
	assert_true(tally_conn(take(call), 2)->accepted);
}

static void summary_is_missing_where_something_came_after_it(void **state)
{
	struct item summary = {.type = ITEM_SUMMARY, .pid = getpid(), .summary = {.connections = 1}};

	(void)state;
	assert_false(take_call("recv", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 1)->has_summary);
	assert_true(take(summary)->has_summary);
	assert_false(take_call("recv", 2, SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED, 2)->has_summary);
}

#define TALLY_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TALLY_TEST(time_in_a_wait_state_is_counted),
		TALLY_TEST(accepted_connection_has_the_descriptor_that_accept_returned),
		TALLY_TEST(close_of_a_duplicate_leaves_the_connection_open),
		TALLY_TEST(connections_that_are_over_are_known_for_a_while_and_then_forgotten),
		TALLY_TEST(exec_begins_anew),
		TALLY_TEST(child_of_a_fork_knows_its_parent_s_connections),
		TALLY_TEST(summary_is_missing_where_something_came_after_it),
	};

	return cmocka_run_group_tests_name("cli_tally", tests, NULL, NULL);
}
