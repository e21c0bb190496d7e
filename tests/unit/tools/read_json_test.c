/*
 * Tests of tools/read: a JSON log, whole or growing, as items.
 */
#include "read_log.h"

static void a_call_has_all_that_its_line_says(void **state)
{
	struct source *source = LOG(CALL "\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_CALL);
	assert_int_equal(item.ts_ns, INT64_C(1795356202104512000));
	assert_int_equal(item.pid, 4711);
	assert_int_equal(item.tid, 4712);
	assert_int_equal(item.conn, 12);
	assert_string_equal(item.local, "127.0.0.1:5197");
	assert_null(item.peer);
	assert_int_equal(item.state_before, SPY_STATE_ESTABLISHED);
	assert_int_equal(item.state, SPY_STATE_CLOSE_WAIT);
	assert_true(item.inferred);
	assert_false(item.accepted);
	assert_string_equal(item.call.name, "recv");
	assert_int_equal(item.call.fd, 7);
	assert_int_equal(item.call.duration_ns, 3104200);
	assert_true(item.call.observed_eof);
	assert_null(item.call.error);
	assert_int_equal(item.call.args.count, 2);
	assert_string_equal(item.call.args.pairs[0].name, "len");
	assert_string_equal(item.call.args.pairs[0].value, "128");
	assert_false(item.call.args.pairs[0].is_text);
	assert_string_equal(item.call.args.pairs[1].value, "MSG_PEEK");
	assert_true(item.call.args.pairs[1].is_text);
	assert_false(source_next(source, &item));
	assert_null(source_trouble(source));
	source_close(source);
}

static void an_accepted_connection_is_known_by_its_accept(void **state)
{
	struct source *source =
		LOG(HEAD("call") ",\"call\":\"accept4\",\"fd\":3,\"args\":{},\"ret\":0,\"conn\":2}\n" HEAD(
			"call") ",\"call\":\"accept\",\"fd\":3,\"args\":{},\"ret\":-1,\"errno\":\"EMFILE\",\"conn\":1}"
				"\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_true(item.accepted);
	assert_true(source_next(source, &item));
	assert_false(item.accepted);
	assert_string_equal(item.call.error, "EMFILE");
	assert_int_equal(item.state, ITEM_NO_STATE);
	source_close(source);
}

static void a_state_tells_how_long_the_one_before_lasted(void **state)
{
	struct source *source = LOG(STATE "\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_STATE);
	assert_int_equal(item.dwell_ns, 46179000);
	assert_int_equal(item.state, SPY_STATE_FIN_WAIT_2);
	assert_false(item.inferred);
	source_close(source);
}

static void the_command_line_can_be_pasted_into_a_shell(void **state)
{
	struct source *source =
		LOG(HEAD("process") ",\"host\":\"web\",\"exe\":\"/bin/x\",\"argv\":[\"x\",\"a b\",\"it's\",\"\"],"
				    "\"ppid\":1,\"version\":\"0.1.0\",\"options\":\"\"}\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_PROCESS);
	assert_string_equal(item.process.argv, "x 'a b' 'it'\\''s' ''");
	assert_string_equal(item.process.host, "web");
	assert_null(item.process.options);
	source_close(source);
}

#define FRAME(function)                                                                                                \
	"{\"ip\":94325606974416,\"module\":\"/bin/x\",\"offset\":5072,\"build_id\":\"e0d9\",\"function\":\"" function  \
	"\",\"function_offset\":40}"
#define FINDING(more)                                                                                                  \
	HEAD("finding")                                                                                                \
	",\"rule\":\"close-wait-leak\",\"severity\":\"error\",\"conn\":3,\"fd\":5,\"state\":\"CLOSE_WAIT\","           \
	"\"cause\":\"eof-read\",\"message\":\"m\",\"remedy\":\"r\",\"count\":1,"                                       \
	"\"stacks\":{\"created\":[" FRAME("made") "],\"eof\":[" FRAME("read") "," FRAME("main") "],\"here\":[" FRAME(  \
		"used") "]},\"evidence\":{\"eof_reads\":1,\"holder_name\":\"sh\"}" more "}\n"

static void a_finding_has_its_stacks_and_the_one_that_it_is_charged_to(void **state)
{
	struct source *source = LOG(FINDING("") FINDING(",\"place\":\"created\""));
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_string_equal(item.finding.rule, "close-wait-leak");
	assert_string_equal(item.finding.cause, "eof-read");
	assert_int_equal(item.finding.stacks[SPY_STORY_EOF].count, 2);
	assert_string_equal(item.finding.stacks[SPY_STORY_EOF].frames[1].function, "main");
	assert_int_equal(item.finding.stacks[SPY_STORY_EOF].frames[0].offset, 5072);
	assert_string_equal(item.finding.stacks[SPY_STORY_EOF].frames[0].build_id, "e0d9");
	assert_int_equal(item.finding.stacks[SPY_STORY_CLOSED].count, 0);
	assert_int_equal(item.finding.place, SPY_STORY_EOF);
	assert_int_equal(item.finding.evidence.count, 2);
	assert_true(source_next(source, &item));
	assert_int_equal(item.finding.place, SPY_STORY_CREATED);
	source_close(source);
}

/* Logs of the first version do not say which stack a finding is charged to: it is the one that the shim charges. */
static void a_finding_that_names_no_place_is_charged_as_the_shim_does(void **state)
{
	static const struct {
		const char *stacks;
		enum spy_story place;
	} rows[] = {
		{"\"closed\":[" FRAME("c") "],\"created\":[" FRAME("m") "],\"here\":[" FRAME("u") "]", SPY_STORY_HERE},
		{"\"closed\":[" FRAME("c") "],\"created\":[" FRAME("m") "],\"eof\":[" FRAME("e") "]", SPY_STORY_EOF},
		{"\"closed\":[" FRAME("c") "],\"created\":[" FRAME("m") "]", SPY_STORY_CLOSED},
		{"\"created\":[" FRAME("m") "]", SPY_STORY_CREATED},
		/* A place whose stack is missing is none. */
		{"\"created\":[" FRAME("m") "]},\"place\":\"closed\",\"x\":{", SPY_STORY_CREATED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[2048];
		struct source *source;
		struct item item;

		snprintf(text, sizeof(text), "%s,\"rule\":\"sigpipe\",\"stacks\":{%s}}\n", HEAD("finding"),
			 rows[i].stacks);
		source = log_of(text, strlen(text));
		assert_true(source_next(source, &item));
		assert_int_equal(item.finding.place, rows[i].place);
		/* What else is missing is what does least. */
		assert_string_equal(item.finding.severity, "note");
		assert_int_equal(item.finding.count, 1);
		source_close(source);
	}
}

static void a_summary_has_its_places_waits_and_what_is_open(void **state)
{
	struct source *source = LOG(HEAD(
		"summary") ",\"errors\":1,\"warnings\":2,\"notes\":3,\"connections\":4,\"by_rule\":{},\"by_place\":[{"
			   "\"rule\":\"open-at-exit\",\"severity\":\"note\",\"count\":9,\"first\":\"1970-01-01T00:00:"
			   "01Z\","
			   "\"last\":\"1970-01-01T00:00:02Z\",\"frame\":" FRAME(
				   "_ZN3net4Pool4takeEv") "},{\"rule\":\"sigpipe\","
							  "\"severity\":\"error\",\"count\":1,\"frame\":null}],"
							  "\"wait_states\":{\"CLOSE_WAIT\":{\"connections\":3,\"total_"
							  "ms\":1.5,\"max_"
							  "ms\":1}},"
							  "\"wait_places\":[{\"state\":\"CLOSE_WAIT\",\"connections\":"
							  "3,\"total_ms\":"
							  "1.5,\"max_ms\":1,"
							  "\"frame\":" FRAME(
								  "read") "}],\"open\":[{\"fd\":3,\"conn\":1,\"local\":"
									  "\"l\",\"peer\":\"\","
									  "\"state\":\"LISTEN\"}],\"open_at_exit\":1,"
									  "\"open_by_state\":{\"LISTEN\":1},"
									  "\"unseen\":2,\"lost\":{\"lines\":5}}\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_int_equal(item.summary.errors, 1);
	assert_int_equal(item.summary.place_count, 2);
	assert_int_equal(item.summary.places[0].count, 9);
	assert_int_equal(item.summary.places[0].last_ns, 2000000000);
	assert_string_equal(item.summary.places[0].frame.function, "net::Pool::take");
	assert_null(item.summary.places[1].frame.module);
	assert_int_equal(item.summary.wait_count, 1);
	assert_int_equal(item.summary.waits[0].state, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(item.summary.waits[0].total_ns, 1500000);
	assert_int_equal(item.summary.waits[0].max_ns, 1000000);
	assert_int_equal(item.summary.wait_place_count, 1);
	assert_string_equal(item.summary.wait_places[0].frame.function, "read");
	assert_int_equal(item.summary.open_count, 1);
	assert_int_equal(item.summary.open[0].state, SPY_STATE_LISTEN);
	assert_int_equal(item.summary.lost_lines, 5);
	assert_string_equal(item.summary.lost.pairs[0].name, "lines");
	assert_string_equal(item.summary.open_by_state.pairs[0].name, "LISTEN");
	assert_string_equal(item.summary.open_by_state.pairs[0].value, "1");
	source_close(source);
}

static void a_growing_log_is_read_as_far_as_its_lines_are_ended(void **state)
{
	struct source *source = LOG(CALL "\n" HEAD("state") ",\"conn\":1");
	struct item item;
	uint64_t done, size;

	(void)state;
	assert_true(source_next(source, &item));
	assert_false(source_next(source, &item));
	put(",\"state\":\"CLOSED\"}", 18);
	assert_false(source_next(source, &item));
	put("\n" CALL "\n", sizeof(CALL) + 1);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_STATE);
	assert_int_equal(item.state, SPY_STATE_CLOSED);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_CALL);
	assert_false(source_next(source, &item));
	source_progress(source, &done, &size);
	assert_int_equal(done, size);
	assert_null(source_trouble(source));
	source_close(source);
}

static void the_last_line_needs_no_newline_at_the_end(void **state)
{
	struct source *source = LOG(CALL);

	(void)state;
	assert_int_equal(count_all(source), 1);
	assert_null(source_trouble(source));
	source_close(source);
}

static void moments_are_read_as_rfc_3339_has_them(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T00:00:00.000000001z", 1},
		{"1969-12-31T23:59:59.5Z", -500000000},
		{"2026-11-22 14:03:22.104512Z", INT64_C(1795356202104512000)},
		{"2026-11-22T15:33:22.104512+01:30", INT64_C(1795356202104512000)},
		{"2000-02-29T00:00:00-00:00", INT64_C(951782400000000000)},
		{"2016-12-31T23:59:60Z", INT64_C(1483228800000000000)}, /* A leap second is the next one. */
		{"2261-12-31T23:59:59Z", INT64_C(9214646399000000000)},
	};
	static const char *const bad[] = {"",
					  "2026",
					  "2026-13-01T00:00:00Z",
					  "2026-11-22T14:03:22",
					  "2026-11-22T24:00:00Z",
					  "2026-11-22T23:60:00Z",
					  "2026-11-22T23:59:61Z",
					  "2026-11-32T00:00:00Z",
					  "2026-11-00T00:00:00Z",
					  "2026-00-22T00:00:00Z",
					  "1677-11-22T00:00:00Z",
					  "2262-11-22T00:00:00Z",
					  "2026-11-22T14:03:22Zx",
					  "10m"};
	char text[MOMENT_TEXT];
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(moment_parse(good[i].text, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(moment_parse(bad[i], &ns));
	assert_string_equal(moment_text(INT64_C(1795356202104512000), 6, text), "2026-11-22T14:03:22.104512Z");
	assert_string_equal(moment_text(INT64_C(1795356202104512000), 0, text), "2026-11-22T14:03:22Z");
	assert_string_equal(moment_text(-500000000, 3, text), "1969-12-31T23:59:59.500Z");
}

static void what_cannot_be_opened_says_why(void **state)
{
	(void)state;
	assert_null(source_open("/nonexistent/log"));
	assert_int_equal(errno, ENOENT);
	assert_null(source_open("/"));
	assert_int_equal(errno, EISDIR);
}

static void a_pipe_is_read_like_a_file(void **state)
{
	char path[64];
	int fds[2];
	struct source *source;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], CALL "\n" STATE, sizeof(CALL STATE)), sizeof(CALL STATE));
	close(fds[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	source = source_open(path);
	assert_non_null(source);
	close(fds[0]);
	assert_int_equal(count_all(source), 2);
	source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_has_all_that_its_line_says),
		cmocka_unit_test(an_accepted_connection_is_known_by_its_accept),
		cmocka_unit_test(a_state_tells_how_long_the_one_before_lasted),
		cmocka_unit_test(the_command_line_can_be_pasted_into_a_shell),
		cmocka_unit_test(a_finding_has_its_stacks_and_the_one_that_it_is_charged_to),
		cmocka_unit_test(a_finding_that_names_no_place_is_charged_as_the_shim_does),
		cmocka_unit_test(a_summary_has_its_places_waits_and_what_is_open),
		cmocka_unit_test(a_growing_log_is_read_as_far_as_its_lines_are_ended),
		cmocka_unit_test(the_last_line_needs_no_newline_at_the_end),
		cmocka_unit_test(moments_are_read_as_rfc_3339_has_them),
		cmocka_unit_test(what_cannot_be_opened_says_why),
		cmocka_unit_test(a_pipe_is_read_like_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
