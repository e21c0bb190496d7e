/*
 * Tests of the summary's line of the JSON log (shim/format/json_summary.c), to the letter.
 */
#include "json_line.h"

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

static const struct spy_frame main_frame = {
	.ip = 0x555000001234,
	.module = "/opt/server",
	.module_offset = 4660,
	.function = "main",
	.function_offset = 81,
};

#define FRAME                                                                                                          \
	"{\"ip\":93802085749300,\"module\":\"/opt/server\",\"offset\":4660,\"build_id\":\"\",\"function\":\"main\","   \
	"\"function_offset\":81}"

static void places_have_their_times_and_frames(void **state)
{
	static struct spy_summary summary = {
		.interim = true,
		.place_count = 2,
		.places = {{.rule = SPY_RULE_eof_ignored,
			    .severity = SPY_ERROR,
			    .count = 2,
			    .first_wall_ns = CALL_NS,
			    .last_wall_ns = CALL_NS + 1000},
			   {.rule = SPY_RULE_open_at_exit, .severity = SPY_NOTE, .count = 1}},
		.wait_count = 2,
		.waits = {{.state = SPY_STATE_CLOSE_WAIT, .account = {2, 1500 * REPLAY_MS, 1000 * REPLAY_MS}},
			  {.state = SPY_STATE_TIME_WAIT, .account = {1, 7 * REPLAY_MS, 7 * REPLAY_MS}}},
	};
	struct spy_buf out = SPY_BUF(line);

	(void)state;
	summary.places[0].frame = main_frame;
	summary.waits[1].frame = main_frame;
	spy_json_format.summary(&out, &from, &summary);
	assert_one_object(spy_buf_cstr(&out));
	assert_contains(HEAD("summary") ",\"interim\":true,\"errors\":0,");
	assert_contains(
		",\"by_place\":[{\"rule\":\"eof-ignored\",\"severity\":\"error\",\"count\":2,"
		"\"first\":\"2026-11-22T14:03:22.104512Z\",\"last\":\"2026-11-22T14:03:22.104513Z\",\"frame\":" FRAME
		"},{\"rule\":\"open-at-exit\",\"severity\":\"note\",\"count\":1,");
	assert_contains(
		",\"wait_places\":[{\"state\":\"CLOSE_WAIT\",\"connections\":2,\"total_ms\":1500.000,"
		"\"max_ms\":1000.000,\"frame\":null},{\"state\":\"TIME_WAIT\",\"connections\":1,\"total_ms\":7.000,"
		"\"max_ms\":7.000,\"frame\":" FRAME "}],");
}

static void what_is_open_is_listed_and_counted_by_state(void **state)
{
	static struct spy_summary summary = {.open_listed = 2, .open_at_exit = 3};
	struct spy_buf out = SPY_BUF(line);

	(void)state;
	summary.open_by_state[SPY_STATE_CLOSE_WAIT] = 2;
	summary.open_by_state[SPY_STATE_LISTEN] = 1;
	summary.open[0] = (struct spy_summary_socket){.conn = accepted, .fd = 7, .state = SPY_STATE_CLOSE_WAIT};
	summary.open[1] = (struct spy_summary_socket){.conn = accepted, .fd = 8, .state = SPY_STATE_LISTEN};
	summary.open[1].conn.note = "tenant 7";
	spy_json_format.summary(&out, &from, &summary);
	assert_one_object(spy_buf_cstr(&out));
	assert_null(strstr(line, "interim"));
	assert_contains(",\"open_by_state\":{\"CLOSE_WAIT\":2,\"LISTEN\":1},");
	assert_contains(",\"open\":[{\"fd\":7," CONN ",\"state\":\"CLOSE_WAIT\"},{\"fd\":8," CONN
			",\"note\":\"tenant 7\",\"state\":\"LISTEN\"}],");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_summary_has_every_wait_state_and_the_rules_that_fired),
		cmocka_unit_test(places_have_their_times_and_frames),
		cmocka_unit_test(what_is_open_is_listed_and_counted_by_state),
	};

	return cmocka_run_group_tests_name("json_summary", tests, NULL, NULL);
}
