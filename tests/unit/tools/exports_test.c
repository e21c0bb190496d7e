/*
 * Tests of tools/report: SARIF and trace events keep the rules of their formats, and say what the model has.
 */
#include "model_leak.h"

#include <json-c/json.h>
#include <json-c/json_pointer.h>

#include "../../../tools/report/writer.h"
#include "../../support/sarif.h"
#include "../../support/trace.h"

static json_object *parsed(void (*write)(const struct model *model, FILE *out), const struct tale *tale)
{
	json_object *object;
	struct json_tokener *tokener = json_tokener_new();
	const char *text = written(write, tale->model);

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)strlen(text) - 1);
	if (!object)
		fail_msg("%s in:\n%s", json_tokener_error_desc(json_tokener_get_error(tokener)), text);
	json_tokener_free(tokener);
	return object;
}

static void assert_text_at(json_object *object, const char *pointer, const char *expected)
{
	json_object *value = NULL;

	if (json_pointer_get(object, pointer, &value) != 0)
		fail_msg("%s is not there", pointer);
	assert_string_equal(json_object_get_string(value), expected);
}

static json_object *good_sarif(const struct tale *tale)
{
	json_object *log = parsed(sarif_write, tale);
	const char *wrong = sarif_complaint(log);

	if (wrong)
		fail_msg("%s", wrong);
	return log;
}

static void sarif_keeps_the_schema_and_names_place_and_story(void **state)
{
	struct tale tale = tell_story();
	json_object *log;

	(void)state;
	name_story(&tale);
	log = good_sarif(&tale);
	assert_text_at(log, "/runs/0/results/0/ruleId", "close-wait-leak");
	assert_text_at(log, "/runs/0/results/0/level", "error");
	assert_text_at(log, "/runs/0/results/0/occurrenceCount", "5");
	assert_text_at(log, "/runs/0/results/0/message/text",
		       "connection #12 has been in CLOSE_WAIT for 5.0 s; remedy: close descriptor 7 where recv() "
		       "returns 0");
	assert_text_at(log, "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
		       "file:///src/line.c");
	assert_text_at(log, "/runs/0/results/0/locations/0/physicalLocation/region/startLine", "12");
	assert_text_at(log, "/runs/0/results/0/locations/0/logicalLocations/0/name", "read_line");
	assert_text_at(log, "/runs/0/results/0/codeFlows/0/threadFlows/0/locations/0/location/message/text",
		       "created at");
	assert_text_at(log, "/runs/0/results/0/codeFlows/0/threadFlows/0/locations/1/location/message/text",
		       "end of file read at");
	assert_text_at(log, "/runs/0/results/0/stacks/1/frames/1/location/logicalLocations/0/name", "main");
	/* Without source, the address in the module is the place. */
	assert_text_at(log, "/runs/0/results/1/locations/0/physicalLocation/address/relativeAddress", "1024");
	assert_text_at(log, "/runs/0/results/1/locations/0/physicalLocation/artifactLocation/uri",
		       "file:///usr/sbin/served");
	json_object_put(log);
	model_close(tale.model);
}

static void every_rule_has_a_description_help_and_an_address(void **state)
{
	struct tale tale = tale_begin(NULL);
	json_object *log, *rules = NULL;

	(void)state;
	model_finish(tale.model, NULL);
	log = good_sarif(&tale);
	assert_int_equal(json_pointer_get(log, "/runs/0/tool/driver/rules", &rules), 0);
	assert_int_equal(json_object_array_length(rules), SPY_RULE_COUNT);
	for (size_t i = 0; i < SPY_RULE_COUNT; i++) {
		json_object *rule = json_object_array_get_idx(rules, i);

		if (!json_object_object_get(rule, "fullDescription") || !json_object_object_get(rule, "help") ||
		    !json_object_object_get(rule, "helpUri"))
			fail_msg("%s", json_object_to_json_string(rule));
	}
	assert_text_at(log, "/runs/0/tool/driver/rules/0/helpUri", "https://pubs.opengroup.org/onlinepubs/9699919799/");
	json_object_put(log);
	model_close(tale.model);
}

static const char *fingerprint(struct tale *tale)
{
	static char text[32];
	json_object *log = good_sarif(tale);
	json_object *value = NULL;

	assert_int_equal(json_pointer_get(log, "/runs/0/results/0/partialFingerprints/ruleAndSource~1v1", &value), 0);
	snprintf(text, sizeof(text), "%s", json_object_get_string(value));
	json_object_put(log);
	return text;
}

static void a_fingerprint_stays_when_lines_move(void **state)
{
	struct tale tale = tell_story();
	struct symbols_frame moved = {.function = "read_line", .file = "/other/line.c", .line = 99};
	char before[32];
	uint32_t frame;

	(void)state;
	name_story(&tale);
	frame = tale.model->groups[0].frame;
	strcpy(before, fingerprint(&tale));
	tale.model->frames[frame].names = &moved;
	tale.model->frames[frame].name_count = 1;
	assert_string_equal(fingerprint(&tale), before);
	moved.function = "other";
	assert_string_not_equal(fingerprint(&tale), before);
	model_close(tale.model);
}

static void rules_of_newer_logs_and_names_of_any_bytes_are_written(void **state)
{
	static const struct symbols_frame odd = {.function = "f\xff\x01", .file = "/s\xc3\xa4 \"%/x.c", .line = 3};
	struct tale tale = tale_begin(NULL);
	json_object *log, *trace;

	(void)state;
	tell_process(&tale, 0, 1, "we\nb", "/bin/\"x");
	tell_finding(&tale, 1, "from-the-future", "error", 1, frame_at("f", 0x400, "aa"));
	tell_finding(&tale, 1, "from-the-future", "error", 1, (struct item_frame){0});
	model_finish(tale.model, NULL);
	tale.model->frames[tale.model->groups[0].frame].names = &odd;
	tale.model->frames[tale.model->groups[0].frame].name_count = 1;
	log = good_sarif(&tale);
	assert_text_at(log, "/runs/0/results/0/locations/0/logicalLocations/0/name", "f\xef\xbf\xbd\x01");
	assert_text_at(log, "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
		       "file:///s%C3%A4%20%22%25/x.c");
	trace = parsed(perfetto_write, &tale);
	assert_null(trace_complaint(trace));
	json_object_put(trace);
	json_object_put(log);
	model_close(tale.model);
}

static json_object *good_trace(const struct tale *tale)
{
	json_object *trace = parsed(perfetto_write, tale);
	const char *wrong = trace_complaint(trace);

	if (wrong)
		fail_msg("%s in:\n%s", wrong, json_object_to_json_string_ext(trace, JSON_C_TO_STRING_PRETTY));
	return trace;
}

static void a_trace_has_states_calls_and_findings_on_tracks(void **state)
{
	struct tale tale = tell_story();
	json_object *trace = good_trace(&tale);

	(void)state;
	assert_int_equal(trace_count(trace, "X", "call"), 5);
	assert_int_equal(trace_count(trace, "X", "state"), tale.model->spans_count);
	assert_int_equal(trace_count(trace, "i", "finding"), 2);
	/* Two processes, three connections, two threads. */
	assert_int_equal(trace_count(trace, "M", NULL), 7);
	assert_text_at(trace, "/traceEvents/0/args/name", "served[4711] on web");
	assert_text_at(trace, "/traceEvents/2/args/name", "#1 127.0.0.1:80 <- *");
	json_object_put(trace);
	model_close(tale.model);
}

static void slices_that_rounding_makes_overlap_are_put_beside_each_other(void **state)
{
	static const double ends[] = {3, 3.0009995, 5, 5.0005, 5.0007, 8, 8};
	struct tale tale = tale_begin(NULL);
	json_object *trace;

	(void)state;
	tell_process(&tale, 0, 1, "web", "/bin/x");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		tell_call(&tale, ends[i], "recv", i % 2 + 1, "a:1", "b:2", SPY_STATE_ESTABLISHED,
			  SPY_STATE_ESTABLISHED);
	model_finish(tale.model, NULL);
	trace = good_trace(&tale);
	assert_int_equal(trace_count(trace, "X", "call"), sizeof(ends) / sizeof(ends[0]));
	json_object_put(trace);
	model_close(tale.model);
}

static void a_call_that_began_before_the_first_record_has_no_time_below_zero(void **state)
{
	struct tale tale = tale_begin(NULL);
	json_object *trace;

	(void)state;
	tell_call(&tale, 3, "recv", 1, "a:1", "b:2", SPY_STATE_ESTABLISHED, SPY_STATE_ESTABLISHED);
	model_finish(tale.model, NULL);
	trace = good_trace(&tale);
	assert_text_at(trace, "/otherData/start", "2026-11-22T14:00:02.999000000Z");
	json_object_put(trace);
	model_close(tale.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sarif_keeps_the_schema_and_names_place_and_story),
		cmocka_unit_test(every_rule_has_a_description_help_and_an_address),
		cmocka_unit_test(a_fingerprint_stays_when_lines_move),
		cmocka_unit_test(rules_of_newer_logs_and_names_of_any_bytes_are_written),
		cmocka_unit_test(a_trace_has_states_calls_and_findings_on_tracks),
		cmocka_unit_test(slices_that_rounding_makes_overlap_are_put_beside_each_other),
		cmocka_unit_test(a_call_that_began_before_the_first_record_has_no_time_below_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
