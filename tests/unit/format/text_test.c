/*
 * Tests of the text log (shim/format/text.c): whole lines, to the letter of the contract.
 */
#include "../../../shim/format/format.h"
#include "../core/replay.h"

/* 2026-11-22 14:03:22.104512 UTC. */
#define CALL_NS (UINT64_C(1795356202) * 1000000000u + 104512000u)

static const struct spy_origin from = {.wall_ns = CALL_NS, .pid = 4711, .tid = 4712};
static const struct spy_line_conn accepted = {
	.id = 12,
	.accepted = true,
	.local = {.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET},
	.peer = {.ip = {127, 0, 0, 1}, .port = 41822, .family = AF_INET},
};

static char line[8192];

static const char *call_line(const struct spy_event *ev, const struct spy_line_conn *conn, uint64_t wall_ns)
{
	struct spy_buf out = SPY_BUF(line);
	struct spy_origin origin = from;

	origin.wall_ns = wall_ns;
	spy_text_format.call(&out, &origin, ev, conn);
	return spy_buf_cstr(&out);
}

static void the_contracts_three_calls_are_written_as_they_stand_there(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_recv);

	(void)state;
	ev.arg[0] = 128;
	ev.arg[1] = 0;
	ev.state = SPY_STATE_CLOSE_WAIT;
	ev.observed_eof = true;
	ev.duration_ns = 3104200;
	assert_string_equal(call_line(&ev, &accepted, CALL_NS),
			    "==4711== 14:03:22.104512 [4712] recv(7, 128, 0) = 0 | ESTABLISHED -> CLOSE_WAIT"
			    " | #12 127.0.0.1:5197 <- 127.0.0.1:41822 | 3.104 ms\n");

	ev = replay_plain_call(SPY_CALL_close);
	ev.state_before = SPY_STATE_CLOSE_WAIT;
	ev.state = SPY_STATE_LAST_ACK;
	ev.duration_ns = 21999;
	assert_string_equal(call_line(&ev, &accepted, CALL_NS + 278999),
			    "==4711== 14:03:22.104790 [4712] close(7) = 0 | CLOSE_WAIT -> LAST_ACK"
			    " | #12 127.0.0.1:5197 <- 127.0.0.1:41822 | 0.021 ms\n");

	ev = replay_plain_call(SPY_CALL_recv);
	ev.arg[0] = 128;
	ev.arg[1] = 0;
	replay_result(&ev, -EBADF);
	ev.state_before = SPY_STATE_CLOSED;
	ev.state = SPY_STATE_CLOSED;
	assert_string_equal(call_line(&ev, &accepted, CALL_NS + 499000),
			    "==4711== 14:03:22.105011 [4712] recv(7, 128, 0) = -1 EBADF | CLOSED"
			    " | #12 127.0.0.1:5197 <- 127.0.0.1:41822 | 0.001 ms\n");
}

static void a_state_that_was_worked_out_has_a_tilde(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_close);
	struct spy_line_conn connected = accepted;

	(void)state;
	connected.accepted = false;
	ev.state = SPY_STATE_FIN_WAIT_1;
	ev.source = SPY_SOURCE_INFERRED;
	assert_string_equal(call_line(&ev, &connected, CALL_NS),
			    "==4711== 14:03:22.104512 [4712] close(7) = 0 | ESTABLISHED -> ~FIN_WAIT_1"
			    " | #12 127.0.0.1:5197 -> 127.0.0.1:41822 | 0.001 ms\n");
	ev.state_before = SPY_STATE_FIN_WAIT_1;
	assert_non_null(strstr(call_line(&ev, &connected, CALL_NS), " = 0 | ~FIN_WAIT_1 | #12 "));
}

static void a_new_socket_has_no_descriptor_among_its_arguments_and_no_addresses(void **state)
{
	struct spy_line_conn fresh = {.id = 1};
	struct spy_event ev = replay_plain_call(SPY_CALL_socket);

	(void)state;
	ev.arg[0] = AF_INET;
	ev.arg[1] = SOCK_STREAM | SOCK_CLOEXEC;
	ev.arg[2] = 0;
	ev.ret = 7;
	ev.state_before = SPY_STATE_CLOSED;
	ev.state = SPY_STATE_CLOSED;
	assert_string_equal(call_line(&ev, &fresh, CALL_NS),
			    "==4711== 14:03:22.104512 [4712] socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0) = 7 | CLOSED"
			    " | #1 * -> * | 0.001 ms\n");
}

static void arguments_that_were_not_given_are_left_out(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_setsockopt);

	(void)state;
	ev.arg[0] = SOL_SOCKET;
	ev.arg[1] = SO_BINDTODEVICE;
	assert_non_null(strstr(call_line(&ev, &accepted, 0), " setsockopt(7, SOL_SOCKET, SO_BINDTODEVICE) = 0 "));
	ev.arg[1] = SO_REUSEADDR;
	ev.arg[2] = 1;
	assert_non_null(strstr(call_line(&ev, &accepted, 0), " setsockopt(7, SOL_SOCKET, SO_REUSEADDR, 1) = 0 "));
	ev = replay_plain_call(SPY_CALL_connect);
	ev.target = REPLAY_PEER;
	assert_non_null(strstr(call_line(&ev, &accepted, 0), " connect(7, 127.0.0.1:41822) = 0 "));
	ev = replay_plain_call(SPY_CALL_read);
	ev.arg[0] = 4096;
	ev.ret = 4096;
	assert_non_null(strstr(call_line(&ev, &accepted, 0), " read(7, 4096) = 4096 | ESTABLISHED | "));
}

static void an_error_without_a_name_is_a_number(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_close);

	(void)state;
	replay_result(&ev, -512);
	assert_non_null(strstr(call_line(&ev, &accepted, 0), " close(7) = -1 512 | "));
}

static void the_time_of_day_is_in_utc_and_starts_again_at_midnight(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_close);
	const uint64_t midnight_ns = UINT64_C(86400) * 1000000000u * 20000;

	(void)state;
	assert_memory_equal(call_line(&ev, &accepted, midnight_ns), "==4711== 00:00:00.000000 [", 26);
	assert_memory_equal(call_line(&ev, &accepted, midnight_ns - 1), "==4711== 23:59:59.999999 [", 26);
}

static void a_change_without_a_call_tells_how_long_the_state_before_lasted(void **state)
{
	struct spy_buf out = SPY_BUF(line);
	struct spy_event ev = replay_plain_call(SPY_CALL_close);

	(void)state;
	ev.op = SPY_OP_TICK;
	ev.state_before = SPY_STATE_FIN_WAIT_2;
	ev.state = SPY_STATE_TIME_WAIT;
	ev.dwell_ns = UINT64_C(1250000999);
	spy_text_format.state(&out, &from, &ev, &accepted);
	assert_string_equal(spy_buf_cstr(&out), "==4711== 14:03:22.104512 [4712] state | FIN_WAIT_2 -> TIME_WAIT"
						" | #12 127.0.0.1:5197 <- 127.0.0.1:41822 | 1250.000 ms\n");
}

static struct spy_frame frame(const char *function, uint64_t offset, const char *module, uint64_t module_offset)
{
	struct spy_frame made = {.ip = 0x555000000000 + module_offset, .function_offset = offset};

	strcpy(made.function, function);
	strcpy(made.module, module);
	made.module_offset = module_offset;
	return made;
}

static void the_contracts_finding_is_written_as_it_stands_there(void **state)
{
	static struct spy_named_stacks stacks;
	struct spy_buf out = SPY_BUF(line);

	stacks.story[SPY_STORY_CREATED] = (struct spy_named_stack){.count = 2};
	stacks.story[SPY_STORY_CREATED].frames[0] = frame("serve_forever", 0x3f, "/opt/app/server", 0x1234);
	stacks.story[SPY_STORY_CREATED].frames[1] = frame("main", 0x51, "/opt/app/server", 0x1391);
	stacks.story[SPY_STORY_EOF] = (struct spy_named_stack){.count = 1};
	stacks.story[SPY_STORY_EOF].frames[0] = frame("handle_client", 0x88, "server", 0x1288);
	spy_text_format.finding(&out, &from, replay_leak(*state), &stacks);
	assert_string_equal(spy_buf_cstr(&out),
			    "==4711== ERROR: close-wait-leak: accepted connection #12 has been in CLOSE_WAIT for 5.0 s"
			    " (peer 127.0.0.1:41822 closed first)\n"
			    "==4711==   cause: eof-read: recv() returned 0 and descriptor 7 was never closed\n"
			    "==4711==   created at\n"
			    "==4711==     #0 serve_forever+0x3f (server+0x1234)\n"
			    "==4711==     #1 main+0x51 (server+0x1391)\n"
			    "==4711==   end of file read at\n"
			    "==4711==     #0 handle_client+0x88 (server+0x1288)\n"
			    "==4711==   remedy: close descriptor 7 where recv() returns 0\n");
}

static void a_finding_without_cause_and_names_makes_do_with_addresses(void **state)
{
	static struct spy_named_stacks stacks;
	struct replay *replay = *state;
	struct spy_buf out = SPY_BUF(line);

	stacks.story[SPY_STORY_CLOSED] = (struct spy_named_stack){.count = 1};
	stacks.story[SPY_STORY_CLOSED].frames[0] = frame("", 0, "/lib/libx.so", 0x10);
	stacks.story[SPY_STORY_HERE] = (struct spy_named_stack){.count = 1};
	stacks.story[SPY_STORY_HERE].frames[0] = (struct spy_frame){.ip = 0x7f0012345678};
	replay_accepted(replay, 7);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay_after_close(replay, SPY_CALL_recv, 7);
	spy_text_format.finding(&out, &from, &replay->out.findings[0], &stacks);
	assert_string_equal(spy_buf_cstr(&out), "==4711== ERROR: recv-after-close: recv() on descriptor 7, which was "
						"connection #1 and has been closed\n"
						"==4711==   closed at\n"
						"==4711==     #0 ?? (libx.so+0x10)\n"
						"==4711==   used at\n"
						"==4711==     #0 ?? (??+0x7f0012345678)\n"
						"==4711==   remedy: do not use descriptor 7 after its close(); set the "
						"variable to -1 where it is closed\n");
}

static void names_of_functions_and_modules_forge_no_line(void **state)
{
	static struct spy_named_stacks stacks;
	struct spy_buf out = SPY_BUF(line);

	stacks.story[SPY_STORY_HERE] = (struct spy_named_stack){.count = 1};
	stacks.story[SPY_STORY_HERE].frames[0] = frame("f\n==1==", 1, "m\x1b[2J", 2);
	spy_text_format.finding(&out, &from, replay_leak(*state), &stacks);
	assert_non_null(strstr(spy_buf_cstr(&out), "==4711==     #0 f\\x0a==1==+0x1 (m\\x1b[2J+0x2)\n"));
}

static void an_empty_summary_is_one_line(void **state)
{
	static struct spy_summary summary;
	struct spy_buf out = SPY_BUF(line);

	(void)state;
	spy_text_format.summary(&out, &from, &summary);
	assert_string_equal(spy_buf_cstr(&out),
			    "==4711== SUMMARY: tcpwaitspy: 0 errors, 0 warnings, 0 notes in 0 connections\n");
}

static void a_summary_tells_places_times_what_was_not_seen_and_what_is_open(void **state)
{
	static struct spy_summary summary = {
		.errors = 3,
		.warnings = 2,
		.notes = 1,
		.connections = 12,
		.place_count = 2,
		.places = {{.rule = SPY_RULE_close_wait_leak,
			    .severity = SPY_ERROR,
			    .count = 3,
			    .first_wall_ns = UINT64_C(3600000001000),
			    .last_wall_ns = UINT64_C(7325000000000)},
			   {.rule = SPY_RULE_open_at_exit, .severity = SPY_NOTE, .count = 1}},
		.open_listed = 1,
		.open_at_exit = 4,
		.unseen = {.closes = 5, .not_followed = 6},
		.untracked = 7,
		.stacks_dropped = 8,
		.lines_lost = 9,
	};
	static const char *const lines[] = {
		"==4711== SUMMARY: tcpwaitspy: 3 errors, 2 warnings, 1 notes in 12 connections\n",
		("\n==4711==   close-wait-leak: 3 at handle_client+0x88 (server+0x1288), "
		 "first 01:00:00.000001, last 02:02:05.000000\n"),
		"\n==4711==   open-at-exit: 1 at a place not known\n",
		"\n==4711==   TIME_WAIT: 1 connection, total 20 ms, longest 20 ms\n",
		"\n==4711==   CLOSE_WAIT: 3 connections, total 7.5 s, longest 5.0 s\n",
		"\n==4711==   not seen: 5 descriptors closed by calls that are not seen\n",
		"\n==4711==   not seen: 6 closed connections not followed to their end\n",
		"\n==4711==   not seen: 7 sockets without room for a record\n",
		"\n==4711==   not seen: 8 stacks without room\n",
		"\n==4711==   not seen: 9 lines lost because the log could not be written\n",
		"\n==4711==   still open: descriptor 7 | CLOSE_WAIT | #12 127.0.0.1:5197 <- 127.0.0.1:41822\n",
		"\n==4711==   still open: 3 more\n",
	};
	struct spy_buf out = SPY_BUF(line);

	(void)state;
	summary.places[0].frame = frame("handle_client", 0x88, "/opt/server", 0x1288);
	summary.ledger.states[SPY_STATE_CLOSE_WAIT] = (struct spy_account){3, 7500 * REPLAY_MS, 5000 * REPLAY_MS};
	summary.ledger.states[SPY_STATE_TIME_WAIT] = (struct spy_account){1, 20 * REPLAY_MS, 20 * REPLAY_MS};
	summary.open[0] = (struct spy_summary_socket){.conn = accepted, .fd = 7, .state = SPY_STATE_CLOSE_WAIT};
	spy_text_format.summary(&out, &from, &summary);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!strstr(spy_buf_cstr(&out), lines[i]))
			fail_msg("no %s in:\n%s", lines[i], line);
	assert_ptr_equal(strstr(line, lines[0]), line);
	assert_null(strstr(line, "FIN_WAIT_1"));
}

static void a_process_begins_without_a_line(void **state)
{
	struct spy_buf out = SPY_BUF(line);
	struct spy_process process = {.host = "h", .exe = "e", .argv = "a", .argv_len = 2, .options = ""};

	(void)state;
	spy_text_format.process(&out, &from, &process);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_contracts_three_calls_are_written_as_they_stand_there),
		cmocka_unit_test(a_state_that_was_worked_out_has_a_tilde),
		cmocka_unit_test(a_new_socket_has_no_descriptor_among_its_arguments_and_no_addresses),
		cmocka_unit_test(arguments_that_were_not_given_are_left_out),
		cmocka_unit_test(an_error_without_a_name_is_a_number),
		cmocka_unit_test(the_time_of_day_is_in_utc_and_starts_again_at_midnight),
		cmocka_unit_test(a_change_without_a_call_tells_how_long_the_state_before_lasted),
		replay_test(the_contracts_finding_is_written_as_it_stands_there),
		replay_test(a_finding_without_cause_and_names_makes_do_with_addresses),
		replay_test(names_of_functions_and_modules_forge_no_line),
		cmocka_unit_test(an_empty_summary_is_one_line),
		cmocka_unit_test(a_summary_tells_places_times_what_was_not_seen_and_what_is_open),
		cmocka_unit_test(a_process_begins_without_a_line),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
