/*
 * Tests of tools/report: the report for people, tables and folded stacks, by what stands in them.
 */
#include "model_leak.h"

#include "../../../tools/report/options.h"
#include "../../../tools/report/text.h"
#include "../../../tools/report/writer.h"

#define DAY_NS INT64_C(86400000000000)

static bool verbose;
static unsigned long top;

static void write_text(const struct model *model, FILE *stream)
{
	const struct out out = {.stream = stream};

	text_report(&out, model, top, verbose);
}

static const char *text_of(const struct tale *tale, unsigned long places, bool all)
{
	top = places;
	verbose = all;
	return written(write_text, tale->model);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void the_report_names_place_count_time_and_remedy(void **state)
{
	struct tale tale = tell_story();

	(void)state;
	name_story(&tale);
	assert_has(text_of(&tale, 0, false),
		   "ERROR: close-wait-leak: 5 times at read_line /src/line.c:12\n"
		   "  first: connection #12 has been in CLOSE_WAIT for 5.0 s\n"
		   "  cause: eof-read\n"
		   "  seen: 2026-11-22T14:00:07Z to 2026-11-22T14:00:09Z in served[4711] on web\n"
		   "  remedy: close descriptor 7 where recv() returns 0\n"
		   "\n"
		   "WARNING: missing-reuseaddr: at least 1 time at start, \"now\"+0x8 (served+0x400)\n");
	assert_has(text_of(&tale, 0, false),
		   "Time in WAIT states\n"
		   "  FIN_WAIT_1  1 connection, total 100 ms, longest 100 ms\n"
		   "  FIN_WAIT_2  1 connection, total 100 ms, longest 100 ms\n"
		   "  CLOSE_WAIT  3 connections, total 21.0 s, longest 7.3 s\n"
		   "\n"
		   "Without a summary (killed, or still running): client[4712] on web\n"
		   "5 errors, 1 warning, 0 notes at 2 places in 4 connections of 2 processes\n");
	assert_lacks(text_of(&tale, 0, false), "created at");
	model_close(tale.model);
}

static void verbose_adds_the_stacks_with_inlined_frames_and_the_evidence(void **state)
{
	struct tale tale = tell_story();

	(void)state;
	name_story(&tale);
	assert_has(text_of(&tale, 0, true), "  evidence: eof_reads 1, holder_name sh \"x\"\n"
					    "  created at\n"
					    "    #0 accept_client+0x8 (served+0x900)\n"
					    "  end of file read at\n"
					    "       inlined read_line /src/line.c:12\n"
					    "    #0 handle_client /src/server one.c:88 (served+0x1288)\n"
					    "    #1 main+0x8 (served+0x20)\n");
	assert_has(text_of(&tale, 0, true), "  source: RFC 9293 3.3.2 and 3.6\n");
	model_close(tale.model);
}

static void top_shows_the_worst_and_says_how_many_are_left_out(void **state)
{
	struct tale tale = tell_story();

	(void)state;
	assert_has(text_of(&tale, 1, false), "close-wait-leak");
	assert_lacks(text_of(&tale, 1, false), "WARNING:");
	assert_has(text_of(&tale, 1, false), "1 more place not shown (--top)\n");
	assert_lacks(text_of(&tale, 2, false), "not shown");
	model_close(tale.model);
}

static void no_text_of_a_log_steers_the_terminal(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 1, "we\033[31mb\n", "/bin/\x07x");
	tell_finding(&tale, 1, "close-\033]0;wait\nleak", "error", 1, frame_at("f\033[2J", 0x400, "aa"));
	model_finish(tale.model, NULL);
	assert_lacks(text_of(&tale, 0, true), "\033");
	assert_lacks(text_of(&tale, 0, true), "\x07");
	assert_has(text_of(&tale, 0, true), "ERROR: close-\\x1b]0;wait\\x0aleak: at least 1 time at f\\x1b[2J+0x8");
	model_close(tale.model);
}

static void an_empty_report_is_one_line(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	model_finish(tale.model, NULL);
	assert_string_equal(text_of(&tale, 0, false),
			    "0 errors, 0 warnings, 0 notes at 0 places in 0 connections of 0 processes\n");
	model_close(tale.model);
}

static void csv_has_a_row_for_each_place_quoted_where_it_must_be(void **state)
{
	struct tale tale = tell_story();

	(void)state;
	name_story(&tale);
	assert_string_equal(
		written(csv_write, tale.model),
		"severity,rule,count,processes,hosts,first,last,function,file,line,module,offset,build_id,cause,"
		"message,"
		"remedy\r\n"
		"error,close-wait-leak,5,1,1,2026-11-22T14:00:07.000000Z,2026-11-22T14:00:09.000000Z,read_line,"
		"/src/line.c,12,/usr/sbin/served,4744,aa,eof-read,connection #12 has been in CLOSE_WAIT for 5.0 s,"
		"close descriptor 7 where recv() returns 0\r\n"
		"warning,missing-reuseaddr,1,1,1,2026-11-22T14:00:01.000000Z,2026-11-22T14:00:01.000000Z,"
		"\"start, \"\"now\"\"\",,,/usr/sbin/served,1024,aa,eof-read,connection #12 has been in CLOSE_WAIT for "
		"5.0 s,close descriptor 7 where recv() returns 0\r\n");
	model_close(tale.model);
}

static void no_cell_is_a_formula(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 1, "web", "/bin/x");
	tell_finding(&tale, 1, "=1+1", "error", 1, frame_at("@f", 0x400, "aa"));
	model_finish(tale.model, NULL);
	assert_has(written(csv_write, tale.model), "error,\"'=1+1\",1,");
	assert_has(written(csv_write, tale.model), ",\"'@f\",");
	model_close(tale.model);
}

static void csv_of_events_has_a_row_for_each_call_and_change(void **state)
{
	struct tale tale = tell_story();
	const char *text = written(csv_events_write, tale.model);
	size_t rows = 0;

	(void)state;
	for (const char *c = text; *c; c++)
		rows += *c == '\n';
	assert_int_equal(rows, 1 + tale.model->events_count);
	assert_has(text, "\r\n2026-11-22T14:00:03.000000Z,web,served,4711,4711,12,127.0.0.1:80,127.0.0.1:4000,recv,7,"
			 "\"len=128, flags=MSG_PEEK\",5,,1000.0,ESTABLISHED,CLOSE_WAIT,0,0\r\n");
	assert_has(text, ",state,,,,,100000.0,FIN_WAIT_1,FIN_WAIT_2,0,0\r\n");
	model_close(tale.model);
}

static void folded_stacks_are_those_of_leaks_root_first(void **state)
{
	struct tale tale = tell_story();

	(void)state;
	assert_string_equal(written(folded_write, tale.model), "served;[close-wait-leak];main;handle_client 5\n");
	name_story(&tale);
	assert_string_equal(written(folded_write, tale.model),
			    "served;[close-wait-leak];main;handle_client;read_line 5\n");
	model_close(tale.model);
}

static void stacks_with_the_same_innermost_frame_share_its_count(void **state)
{
	struct item_frame frame = frame_at("a;b", 0x100, "aa");
	struct item_place place = {.rule = "open-at-exit", .severity = "note", .count = 3, .frame = frame};
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 1, "web", "/bin/x");
	tell_finding(&tale, 1, "open-at-exit", "note", 1, frame);
	tale.outer = "serve";
	tell_finding(&tale, 1, "open-at-exit", "note", 2, frame);
	tell_summary(&tale, 9, &place, NULL);
	model_finish(tale.model, NULL);
	/* What separates frames is no part of a name. */
	assert_string_equal(written(folded_write, tale.model),
			    "x;[open-at-exit];main;a:b 2\nx;[open-at-exit];serve;a:b 1\n");
	model_close(tale.model);
}

static void since_is_a_moment_or_a_span(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"2026-11-22T14:00:00Z", START_NS},
		{"2026-11-22T15:00:00+01:00", START_NS},
		{"2026-11-22T14:00:00", START_NS},
		{"2026-11-22", START_NS - 14 * 3600 * SECOND_NS},
		{"90s", START_NS + DAY_NS - 90 * SECOND_NS},
		{"10m", START_NS + DAY_NS - 600 * SECOND_NS},
		{"2h", START_NS + DAY_NS - 7200 * SECOND_NS},
		{"1d", START_NS},
		{"99999d", 0},
	};
	static const char *const bad[] = {"", "yesterday", "10", "10x", "m", "-5m", "10m ", "99999999999999999999d"};
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(report_read_since(good[i].text, START_NS + DAY_NS, &ns));
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(report_read_since(bad[i], START_NS, &ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_report_names_place_count_time_and_remedy),
		cmocka_unit_test(verbose_adds_the_stacks_with_inlined_frames_and_the_evidence),
		cmocka_unit_test(top_shows_the_worst_and_says_how_many_are_left_out),
		cmocka_unit_test(no_text_of_a_log_steers_the_terminal),
		cmocka_unit_test(an_empty_report_is_one_line),
		cmocka_unit_test(csv_has_a_row_for_each_place_quoted_where_it_must_be),
		cmocka_unit_test(no_cell_is_a_formula),
		cmocka_unit_test(csv_of_events_has_a_row_for_each_call_and_change),
		cmocka_unit_test(folded_stacks_are_those_of_leaks_root_first),
		cmocka_unit_test(stacks_with_the_same_innermost_frame_share_its_count),
		cmocka_unit_test(since_is_a_moment_or_a_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
