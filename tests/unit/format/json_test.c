/*
 * Tests of the JSON log (shim/format/json.c): whole lines, to the letter of the contract, and valid
 * whatever bytes names and arguments hold.
 */
#include "../../../include/tcpwaitspy/version.h"
#include "../../../shim/core/predicates.h"
#include "../../../shim/format/format.h"
#include "json_line.h"

static const char *call_line(const struct spy_event *ev, uint64_t wall_ns)
{
	struct spy_buf out = SPY_BUF(line);
	struct spy_origin origin = from;

	origin.wall_ns = wall_ns;
	spy_json_format.call(&out, &origin, ev, &accepted);
	assert_one_object(spy_buf_cstr(&out));
	return line;
}

static void the_contracts_call_is_written_as_it_stands_there(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_recv);

	(void)state;
	ev.arg[0] = 128;
	ev.arg[1] = 0;
	ev.state = SPY_STATE_CLOSE_WAIT;
	ev.observed_eof = true;
	ev.duration_ns = 3104299;
	assert_string_equal(
		call_line(&ev, CALL_NS),
		"{\"v\":1,\"type\":\"call\",\"ts\":\"2026-11-22T14:03:22.104512Z\",\"pid\":4711,\"tid\":4712,"
		"\"call\":\"recv\",\"fd\":7,\"args\":{\"len\":128,\"flags\":\"\"},\"ret\":0,\"duration_us\":3104.2,"
		"\"conn\":12,\"local\":\"127.0.0.1:5197\",\"peer\":\"127.0.0.1:41822\","
		"\"state_before\":\"ESTABLISHED\",\"state\":\"CLOSE_WAIT\",\"state_source\":\"kernel\","
		"\"observed_eof\":true}\n");
}

static void a_call_names_its_stack_and_frames_are_put_into_its_line(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_recv);
	static struct spy_named_stack stack = {
		.count = 2,
		.frames = {{.ip = 0x1234,
			    .module = "/bin/a\"b",
			    .module_offset = 0x234,
			    .build_id = {0xe0, 0xd9},
			    .build_id_len = 2},
			   {.ip = 0x9}},
	};
	struct spy_buf out = SPY_BUF(line);

	(void)state;
	assert_null(strstr(call_line(&ev, CALL_NS), "\"stack\""));
	ev.stack = 7;
	call_line(&ev, CALL_NS);
	assert_non_null(strstr(line, ",\"state_source\":\"kernel\",\"stack\":7}\n"));
	out.len = strlen(line);
	spy_json_add_frames(&out, &stack);
	assert_one_object(spy_buf_cstr(&out));
	assert_non_null(strstr(line, ",\"stack\":7,\"frames\":[{\"ip\":4660,\"module\":\"/bin/a\\\"b\",\"offset\":564,"
				     "\"build_id\":\"e0d9\",\"function\":\"\",\"function_offset\":0},{\"ip\":9,"));
	out.len = 0;
	spy_json_stack(&out, 7, &(struct spy_named_stack){.count = 0});
	assert_string_equal(spy_buf_cstr(&out), "{\"stack\":7,\"frames\":[]}");
}

static void a_failed_call_has_the_name_of_its_error(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_shutdown);

	(void)state;
	ev.arg[0] = SHUT_WR;
	replay_result(&ev, -ENOTCONN);
	ev.source = SPY_SOURCE_INFERRED;
	assert_string_equal(call_line(&ev, CALL_NS),
			    HEAD("call") ",\"call\":\"shutdown\",\"fd\":7,\"args\":{\"how\":\"SHUT_WR\"},\"ret\":-1,"
					 "\"errno\":\"ENOTCONN\",\"duration_us\":1.0," CONN
					 ",\"state_before\":\"ESTABLISHED\",\"state\":\"ESTABLISHED\","
					 "\"state_source\":\"inferred\"}\n");
	replay_result(&ev, -512);
	assert_non_null(strstr(call_line(&ev, CALL_NS), ",\"ret\":-1,\"errno\":512,"));
}

static void the_descriptor_of_a_new_socket_is_what_the_call_returned(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_socket);

	(void)state;
	ev.fd = -1;
	ev.ret = 9;
	ev.arg[0] = AF_INET;
	ev.arg[1] = SOCK_STREAM | SOCK_NONBLOCK;
	ev.arg[2] = 0;
	assert_non_null(strstr(call_line(&ev, 0), "\"call\":\"socket\",\"fd\":9,\"args\":{\"domain\":\"AF_INET\","
						  "\"type\":\"SOCK_STREAM|SOCK_NONBLOCK\",\"protocol\":0},\"ret\":9,"));
	ev = replay_plain_call(SPY_CALL_accept);
	ev.fd = 3;
	ev.ret = 9;
	assert_non_null(strstr(call_line(&ev, 0), "\"call\":\"accept\",\"fd\":3,\"args\":{},\"ret\":9,"));
}

static void arguments_that_were_not_given_are_left_out(void **state)
{
	struct spy_event ev = replay_plain_call(SPY_CALL_getsockopt);

	(void)state;
	ev.arg[0] = SOL_SOCKET;
	ev.arg[1] = SO_ERROR;
	assert_non_null(strstr(call_line(&ev, 0), "\"args\":{\"level\":\"SOL_SOCKET\",\"option\":\"SO_ERROR\"},"));
	ev.arg[2] = 0;
	assert_non_null(strstr(call_line(&ev, 0), "\"option\":\"SO_ERROR\",\"value\":0},"));
	ev = replay_plain_call(SPY_CALL_connect);
	ev.target = (struct spy_addr){.ip = {[15] = 1}, .port = 80, .family = AF_INET6};
	assert_non_null(strstr(call_line(&ev, 0), "\"args\":{\"address\":\"[::1]:80\"},"));
}

static void every_call_is_a_valid_line_whatever_its_arguments_are(void **state)
{
	static const int64_t odd[] = {0, 1, -1, SPY_UNKNOWN, INT64_MAX, INT32_MIN, 0x7fffffff};

	(void)state;
	for (unsigned int call = 0; call < SPY_CALL_COUNT; call++) {
		for (size_t i = 0; i < COUNT(odd); i++) {
			struct spy_event ev = replay_plain_call((enum spy_call_id)call);

			ev.arg[0] = odd[i];
			ev.arg[1] = odd[(i + 1) % COUNT(odd)];
			ev.arg[2] = odd[(i + 2) % COUNT(odd)];
			ev.ret = odd[i];
			ev.duration_ns = UINT64_MAX;
			call_line(&ev, UINT64_MAX);
		}
	}
}

static void dates_are_those_of_the_calendar(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *ts;
	} dates[] = {
		{0, "1970-01-01T00:00:00"},	     {951782399, "2000-02-28T23:59:59"},
		{951782400, "2000-02-29T00:00:00"},  {951868800, "2000-03-01T00:00:00"},
		{1735689599, "2024-12-31T23:59:59"}, {1735689600, "2025-01-01T00:00:00"},
		{1740787200, "2025-03-01T00:00:00"}, {4107542400, "2100-03-01T00:00:00"},
		{4107542399, "2100-02-28T23:59:59"}, {1709164800, "2024-02-29T00:00:00"},
	};
	struct spy_event ev = replay_plain_call(SPY_CALL_close);

	(void)state;
	for (size_t i = 0; i < COUNT(dates); i++) {
		const char *ts = strstr(call_line(&ev, dates[i].seconds * 1000000000u + 7999), "\"ts\":\"") + 6;

		assert_memory_equal(ts, dates[i].ts, 19);
		assert_memory_equal(ts + 19, ".000007Z\",", 10);
	}
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
	spy_json_format.state(&out, &from, &ev, &accepted);
	assert_string_equal(spy_buf_cstr(&out),
			    HEAD("state") "," CONN ",\"state_before\":\"FIN_WAIT_2\",\"state\":\"TIME_WAIT\","
					  "\"state_source\":\"kernel\",\"dwell_ms\":1250.000}\n");
	assert_one_object(line);
}

static void a_process_tells_who_it_is_and_escapes_what_it_does_not_choose(void **state)
{
	static const char argv[] = "server\0--name=\"x\"\0\0\xff\n";
	struct spy_buf out = SPY_BUF(line);
	struct spy_process process = {
		.host = "build-1",
		.exe = "/opt/my server",
		.argv = argv,
		.argv_len = sizeof(argv),
		.ppid = 4000,
		.options = "log=a\\b",
	};

	(void)state;
	spy_json_format.process(&out, &from, &process);
	assert_string_equal(spy_buf_cstr(&out),
			    HEAD("process") ",\"host\":\"build-1\",\"exe\":\"/opt/my server\","
					    "\"argv\":[\"server\",\"--name=\\\"x\\\"\",\"\",\"\xef\xbf\xbd\\n\"],"
					    "\"ppid\":4000,\"version\":\"" SPY_VERSION
					    "\",\"options\":\"log=a\\\\b\"}\n");
	assert_one_object(line);
	/* A title that was cut has no NUL at its end. */
	process.argv_len = 3;
	out = (struct spy_buf)SPY_BUF(line);
	spy_json_format.process(&out, &from, &process);
	assert_non_null(strstr(spy_buf_cstr(&out), ",\"argv\":[\"ser\"],"));
}

static struct spy_named_stacks stacks;

/* One frame in each story that is named, with a build id of three bytes. */
static void one_frame_in(enum spy_story story, const char *function)
{
	struct spy_frame *frame = &stacks.story[story].frames[0];

	stacks.story[story].count = 1;
	*frame = (struct spy_frame){
		.ip = 0x555000001234,
		.module = "/opt/server",
		.module_offset = 0x1234,
		.build_id = {0x0a, 0xbc, 0xd0},
		.build_id_len = 3,
		.function_offset = 0x3f,
	};
	strcpy(frame->function, function);
}

static void a_finding_has_its_story_and_its_evidence(void **state)
{
	struct spy_buf out = SPY_BUF(line);

	memset(&stacks, 0, sizeof(stacks));
	one_frame_in(SPY_STORY_CREATED, "serve_forever");
	one_frame_in(SPY_STORY_EOF, "");
	spy_json_format.finding(&out, &from, replay_leak(*state), &stacks);
	assert_string_equal(
		spy_buf_cstr(&out),
		HEAD("finding") ",\"rule\":\"close-wait-leak\",\"severity\":\"error\",\"conn\":12,\"fd\":7,"
				"\"local\":\"127.0.0.1:5197\",\"peer\":\"127.0.0.1:41822\",\"state\":\"CLOSE_WAIT\","
				"\"cause\":\"eof-read\",\"cause_text\":\"recv() returned 0 and descriptor 7"
				" was never closed\",\"message\":\"accepted connection #12 has been in CLOSE_WAIT"
				" for 5.0 s (peer 127.0.0.1:41822 closed first)\","
				"\"remedy\":\"close descriptor 7 where recv() returns 0\",\"count\":1,"
				"\"stacks\":{\"created\":[{\"ip\":93802085749300,\"module\":\"/opt/server\","
				"\"offset\":4660,\"build_id\":\"0abcd0\",\"function\":\"serve_forever\","
				"\"function_offset\":63}],\"eof\":[{\"ip\":93802085749300,\"module\":\"/opt/server\","
				"\"offset\":4660,\"build_id\":\"0abcd0\",\"function\":\"\",\"function_offset\":63}]},"
				"\"place\":\"eof\","
				"\"evidence\":{\"close_wait_ms\":5001,\"eof_reads\":1,\"descriptors\":1}}\n");
	assert_one_object(line);
}

static void a_finding_is_valid_whatever_names_it_holds(void **state)
{
	static const char holder[16] = "\"\\\n\xc3 is mine: ";
	struct spy_buf out = SPY_BUF(line);
	struct spy_finding finding = *replay_leak(*state);

	memset(&stacks, 0, sizeof(stacks));
	one_frame_in(SPY_STORY_HERE, "f\"},{\\\n\xff\x01");
	spy_finding_add_holder_name(&finding, holder);
	finding.message = "held by {holder_name}";
	finding.cause = NULL;
	finding.note = "tenant \"7\"";
	stacks.story[SPY_STORY_HERE].frames[1] = stacks.story[SPY_STORY_HERE].frames[0];
	stacks.story[SPY_STORY_HERE].count = 2;
	spy_json_format.finding(&out, &from, &finding, &stacks);
	assert_one_object(spy_buf_cstr(&out));
	assert_non_null(strstr(line, ",\"note\":\"tenant \\\"7\\\"\",\"state\":"));
	assert_non_null(strstr(line, "\"cause\":\"\",\"message\":"));
	assert_non_null(strstr(line, "\"function\":\"f\\\"},{\\\\\\n\xef\xbf\xbd\\u0001\""));
	assert_non_null(strstr(line, "\"holder_name\":\"\\\"\\\\\\n\xef\xbf\xbd is mine: \""));
}

static void a_line_that_does_not_fit_is_cut_and_says_so(void **state)
{
	char room[64];
	struct spy_buf out = SPY_BUF(room);
	struct spy_event ev = replay_plain_call(SPY_CALL_recv);

	(void)state;
	spy_json_format.call(&out, &from, &ev, &accepted);
	assert_true(out.truncated);
	assert_memory_equal(room, HEAD("call"), sizeof(room));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_contracts_call_is_written_as_it_stands_there),
		cmocka_unit_test(a_call_names_its_stack_and_frames_are_put_into_its_line),
		cmocka_unit_test(a_failed_call_has_the_name_of_its_error),
		cmocka_unit_test(the_descriptor_of_a_new_socket_is_what_the_call_returned),
		cmocka_unit_test(arguments_that_were_not_given_are_left_out),
		cmocka_unit_test(every_call_is_a_valid_line_whatever_its_arguments_are),
		cmocka_unit_test(dates_are_those_of_the_calendar),
		cmocka_unit_test(a_change_without_a_call_tells_how_long_the_state_before_lasted),
		cmocka_unit_test(a_process_tells_who_it_is_and_escapes_what_it_does_not_choose),
		replay_test(a_finding_has_its_story_and_its_evidence),
		replay_test(a_finding_is_valid_whatever_names_it_holds),
		cmocka_unit_test(a_line_that_does_not_fit_is_cut_and_says_so),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
