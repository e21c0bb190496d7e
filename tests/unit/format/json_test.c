/*
 * Tests of the JSON log (shim/format/json.c): whole lines, to the letter of the contract, and valid
 * whatever bytes names and arguments hold.
 */
#include "../../../include/tcpwaitspy/version.h"
#include "../../../shim/core/predicates.h"
#include "../../../shim/format/format.h"
#include "../core/replay.h"

/* 2026-11-22 14:03:22.104512 UTC. */
#define CALL_NS	   (UINT64_C(1795356202) * 1000000000u + 104512000u)
#define HEAD(type) "{\"v\":1,\"type\":\"" type "\",\"ts\":\"2026-11-22T14:03:22.104512Z\",\"pid\":4711,\"tid\":4712"
#define CONN	   "\"conn\":12,\"local\":\"127.0.0.1:5197\",\"peer\":\"127.0.0.1:41822\""

static const struct spy_origin from = {.wall_ns = CALL_NS, .pid = 4711, .tid = 4712};
static const struct spy_line_conn accepted = {
	.id = 12,
	.accepted = true,
	.local = {.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET},
	.peer = {.ip = {127, 0, 0, 1}, .port = 41822, .family = AF_INET},
};

static char line[16384];

/* A reader of JSON (RFC 8259) that only says where a value ends; NULL where it is not valid. */
static const char *skip_value(const char *p);

static const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p))
			return NULL;
	}
	return p + 1;
}

/* The members of an object or the values of an array, up to the closing bracket. */
static const char *skip_members(const char *p, char close)
{
	if (*p == close)
		return p + 1;
	while (p) {
		if (close == '}') {
			p = skip_string(p);
			if (!p || *p++ != ':')
				return NULL;
		}
		p = skip_value(p);
		if (p && *p == close)
			return p + 1;
		if (!p || *p++ != ',')
			return NULL;
	}
	return NULL;
}

static const char *skip_value(const char *p)
{
	static const char *const words[] = {"true", "false", "null"};
	char *end;

	if (*p == '{')
		return skip_members(p + 1, '}');
	if (*p == '[')
		return skip_members(p + 1, ']');
	if (*p == '"')
		return skip_string(p);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	if (*p != '-' && (*p < '0' || *p > '9'))
		return NULL;
	strtod(p, &end);
	return end;
}

static void assert_one_object(const char *text)
{
	const char *end = *text == '{' ? skip_value(text) : NULL;

	if (!end || strcmp(end, "\n") != 0)
		fail_msg("no JSON object on one line: %s", text);
}

static void assert_contains(const char *part)
{
	if (!strstr(line, part))
		fail_msg("no %s in %s", part, line);
}

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
	spy_json_format.finding(&out, &from, &finding, &stacks);
	assert_one_object(spy_buf_cstr(&out));
	assert_non_null(strstr(line, "\"cause\":\"\",\"message\":"));
	assert_non_null(strstr(line, "\"function\":\"f\\\"},{\\\\\\n\xef\xbf\xbd\\u0001\""));
	assert_non_null(strstr(line, "\"holder_name\":\"\\\"\\\\\\n\xef\xbf\xbd is mine: \""));
}

static void a_summary_has_every_wait_state_and_the_rules_that_fired(void **state)
{
	static struct spy_summary summary = {
		.errors = 3,
		.warnings = 2,
		.notes = 1,
		.connections = 12,
		.place_count = 1,
		.places = {{.rule = SPY_RULE_double_close, .severity = SPY_ERROR, .count = 3}},
		.open_listed = 1,
		.open_at_exit = 4,
		.unseen = {.closes = 5, .not_followed = 6},
		.untracked = 7,
		.stacks_dropped = 8,
		.lines_lost = 9,
	};
	struct spy_buf out = SPY_BUF(line);

	(void)state;
	summary.by_rule[SPY_RULE_double_close] = 3;
	summary.by_rule[SPY_RULE_open_at_exit] = 1;
	summary.ledger.states[SPY_STATE_CLOSE_WAIT] = (struct spy_account){3, 7500 * REPLAY_MS + 1999, 5 * REPLAY_MS};
	summary.open[0] = (struct spy_summary_socket){.conn = accepted, .fd = 7, .state = SPY_STATE_CLOSE_WAIT};
	spy_json_format.summary(&out, &from, &summary);
	assert_one_object(spy_buf_cstr(&out));
#define UNUSED ":{\"connections\":0,\"total_ms\":0.000,\"max_ms\":0.000}"
	assert_contains(HEAD("summary") ",\"errors\":3,\"warnings\":2,\"notes\":1,\"connections\":12,");
	assert_contains(",\"by_rule\":{\"double-close\":3,\"open-at-exit\":1},");
	assert_contains(",\"wait_states\":{\"FIN_WAIT_1\"" UNUSED ",\"FIN_WAIT_2\"" UNUSED ",\"TIME_WAIT\"" UNUSED
			",\"CLOSE_WAIT\":{\"connections\":3,\"total_ms\":7500.001,\"max_ms\":5.000},"
			"\"LAST_ACK\"" UNUSED ",\"CLOSING\"" UNUSED "},");
	assert_contains(",\"open_at_exit\":4,");
	assert_contains("{\"fd\":7," CONN ",\"state\":\"CLOSE_WAIT\"}");
	assert_contains(",\"unseen\":5,");
	assert_contains("{\"rule\":\"double-close\",\"severity\":\"error\",\"count\":3,\"first\":\"1970-01-01T00:00:00."
			"000000Z\","
			"\"last\":\"1970-01-01T00:00:00.000000Z\",\"frame\":null}");
	assert_contains("{\"not_followed\":6,\"untracked\":7,\"stacks\":8,\"lines\":9}");
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
		cmocka_unit_test(a_summary_has_every_wait_state_and_the_rules_that_fired),
		cmocka_unit_test(a_line_that_does_not_fit_is_cut_and_says_so),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
