/*
 * Tests of tools/html: what the page is given is JSON that tells what the model has, and no text in it
 * can end the element that it stands in.
 */
#include "model_items.h"

#include <json-c/json.h>

#include "../../../tools/html/html.h"

#define ESTABLISHED SPY_STATE_ESTABLISHED
#define CLOSE_WAIT  SPY_STATE_CLOSE_WAIT
#define LAST_ACK    SPY_STATE_LAST_ACK
#define CLOSED	    SPY_STATE_CLOSED

#define DATA_STARTS "<script type=\"application/json\" id=\"data\">"

struct page {
	char *text;
	size_t len;
	json_object *data;
};

static struct page page_of(struct tale *tale)
{
	struct page page = {0};
	FILE *out = open_memstream(&page.text, &page.len);
	const char *data, *end;
	char *copy;

	model_finish(tale->model, NULL);
	html_write(tale->model, out);
	fclose(out);
	data = strstr(page.text, DATA_STARTS);
	assert_non_null(data);
	data += strlen(DATA_STARTS);
	end = strchr(data, '<');
	assert_memory_equal(end, "</script>", 9);
	copy = strndup(data, (size_t)(end - data));
	page.data = json_tokener_parse(copy);
	assert_non_null(page.data);
	free(copy);
	return page;
}

static void page_end(struct page *page, struct tale *tale)
{
	json_object_put(page->data);
	free(page->text);
	model_close(tale->model);
}

/* A member, or for a number an element, of what lies at the end of a path such as "findings.0.rule". */
static json_object *member(const struct page *page, const char *path)
{
	char copy[128];
	json_object *value = page->data;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *rest = copy, *name; (name = strsep(&rest, "."));)
		value = json_object_is_type(value, json_type_array)
				? json_object_array_get_idx(value, strtoul(name, NULL, 10))
				: json_object_object_get(value, name);
	if (!value)
		fail_msg("the page has no %s", path);
	return value;
}

static int64_t number(const struct page *page, const char *path)
{
	return json_object_get_int64(member(page, path));
}

static const char *text(const struct page *page, const char *path)
{
	return json_object_get_string(member(page, path));
}

static size_t count(const struct page *page, const char *path)
{
	return json_object_array_length(member(page, path));
}

/* The sum of a column up to an element: what the differences add up to. */
static int64_t sum(const struct page *page, const char *path, size_t last)
{
	int64_t total = 0;

	for (size_t i = 0; i <= last; i++)
		total += json_object_get_int64(json_object_array_get_idx(member(page, path), i));
	return total;
}

/* A connection in CLOSE_WAIT from second 2 to second `closed`; 0: to the end. */
static void tell_conn(struct tale *tale, uint64_t conn, double closed)
{
	char peer[32];

	snprintf(peer, sizeof(peer), "10.0.0.2:%d", 4000 + (int)conn);
	tell_call(tale, 1, "accept", conn, "10.0.0.1:80", peer, ESTABLISHED, ESTABLISHED);
	tell_call(tale, 2, "recv", conn, NULL, NULL, ESTABLISHED, CLOSE_WAIT);
	if (closed > 0) {
		tell_call(tale, closed, "close", conn, NULL, NULL, CLOSE_WAIT, LAST_ACK);
		tell_state(tale, closed + 1, conn, 0.5, LAST_ACK, CLOSED);
	}
}

static void columns_tell_each_connection_with_its_spans_and_events(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct page page;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_conn(&tale, 1, 6);
	tell_conn(&tale, 2, 0);
	page = page_of(&tale);
	assert_int_equal(number(&page, "start"), START_NS / 1000);
	assert_int_equal(count(&page, "connections.id"), 2);
	assert_int_equal(number(&page, "connections.role.0"), 1);
	assert_int_equal(number(&page, "connections.events.0"), 4);
	assert_int_equal(number(&page, "connections.spans.0"), 3);
	assert_int_equal(number(&page, "connections.spans.1"), 2);
	assert_int_equal(sum(&page, "spans.t", 1), 2000000);
	assert_int_equal(number(&page, "spans.d.1"), 4000000);
	assert_string_equal(text(&page, "states.8"), "CLOSE_WAIT");
	assert_int_equal(number(&page, "spans.s.1"), CLOSE_WAIT);
	assert_int_equal(number(&page, "spans.o.2"), 0);
	assert_int_equal(number(&page, "spans.o.4"), 1);
	assert_int_equal(sum(&page, "events.t", 2), 6000000);
	assert_int_equal(number(&page, "events.d.0"), 10000);
	assert_int_equal(count(&page, "events.t"), 6);
	assert_int_equal(number(&page, "events.call.3"), 0);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(member(&page, "strings"),
									     (size_t)number(&page, "events.call.1"))),
			    "recv");
	page_end(&page, &tale);
}

static void a_finding_names_the_connections_that_its_count_leaves_no_doubt_about(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_frame frame = frame_at("handle", 0x100, "aa");
	struct item_place place = {.rule = "close-wait-leak",
				   .severity = "error",
				   .count = 2,
				   .first_ns = at(7),
				   .last_ns = at(8),
				   .frame = frame};
	struct page page;
	char path[32];

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_conn(&tale, 1, 2.1);
	tell_conn(&tale, 2, 0);
	tell_conn(&tale, 3, 0);
	tell_finding(&tale, 7, "close-wait-leak", "error", 3, frame);
	tell_summary(&tale, 10, &place, NULL);
	page = page_of(&tale);
	assert_int_equal(count(&page, "findings"), 1);
	assert_string_equal(text(&page, "findings.0.severity"), "error");
	assert_int_equal(number(&page, "findings.0.count"), 2);
	assert_int_equal(count(&page, "findings.0.conns"), 2);
	assert_int_equal(number(&page, "findings.0.conns.0.0"), 2);
	assert_int_equal(number(&page, "findings.0.conns.0.1"), 7000000);
	/* The one that the log does not name: connection 2, whose index is 1, and not the short one. */
	assert_int_equal(number(&page, "findings.0.conns.1.0"), 1);
	assert_int_equal(number(&page, "findings.0.conns.1.1"), -1);
	snprintf(path, sizeof(path), "frames.%d.0.0", (int)number(&page, "findings.0.place"));
	assert_string_equal(text(&page, path), "handle");
	assert_int_equal(count(&page, "findings.0.stacks.eof"), 2);
	page_end(&page, &tale);
}

static void of_a_rule_at_two_places_only_the_connections_that_the_log_names_are_told(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_frame frame = frame_at("handle", 0x100, "aa"), other = frame_at("other", 0x200, "aa");
	struct item_place place = {.rule = "close-wait-leak",
				   .severity = "error",
				   .count = 2,
				   .first_ns = at(7),
				   .last_ns = at(8),
				   .frame = frame};
	struct page page;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	for (uint64_t conn = 1; conn <= 3; conn++)
		tell_conn(&tale, conn, 0);
	tell_finding(&tale, 7, "close-wait-leak", "error", 1, frame);
	tell_finding(&tale, 8, "close-wait-leak", "error", 2, other);
	tell_summary(&tale, 10, &place, NULL);
	page = page_of(&tale);
	assert_int_equal(count(&page, "findings.0.conns"), 1);
	assert_int_equal(count(&page, "findings.1.conns"), 1);
	page_end(&page, &tale);
}

/* A connection that is made at 0x900 and read to its end at the offset, by stacks of those numbers. */
static void tell_conn_by(struct tale *tale, uint64_t conn, uint64_t offset)
{
	char peer[32];

	snprintf(peer, sizeof(peer), "10.0.0.2:%d", 4000 + (int)conn);
	tale->stack = 9;
	tale->frames_at = 0x900;
	tell_call(tale, 1, "accept", conn, "10.0.0.1:80", peer, ESTABLISHED, ESTABLISHED);
	tale->stack = (uint32_t)offset;
	tale->frames_at = conn == 1 ? 0 : offset; /* the first one's are told later */
	tell_call(tale, 2, "recv", conn, NULL, NULL, ESTABLISHED, CLOSE_WAIT);
}

static void of_a_rule_at_two_places_each_has_the_connections_that_came_by_it(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_frame frame = frame_at("handle", 0x100, "aa"), other = frame_at("other", 0x200, "aa");
	struct item_place place = {.rule = "close-wait-leak", .severity = "error", .count = 2, .frame = frame};
	struct page page;
	char path[48];

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tale.observed_eof = true;
	tell_conn_by(&tale, 1, 0x100);
	tell_conn_by(&tale, 2, 0x200);
	tell_conn_by(&tale, 3, 0x100);
	tell_conn_by(&tale, 4, 0x300);
	tell_finding(&tale, 7, "close-wait-leak", "error", 1, frame);
	tell_finding(&tale, 8, "close-wait-leak", "error", 2, other);
	tell_summary(&tale, 10, &place, NULL);
	page = page_of(&tale);
	assert_int_equal(count(&page, "findings.0.conns"), 2);
	assert_int_equal(number(&page, "findings.0.conns.0.0"), 0);
	assert_int_equal(number(&page, "findings.0.conns.1.0"), 2);
	assert_int_equal(count(&page, "findings.1.conns"), 1);
	assert_int_equal(number(&page, "findings.1.conns.0.0"), 1);
	assert_int_equal(number(&page, "connections.eof.0"), number(&page, "findings.0.place"));
	assert_int_equal(number(&page, "connections.eof.2"), number(&page, "findings.0.place"));
	assert_int_equal(number(&page, "connections.closed.0"), -1);
	assert_int_equal(number(&page, "events.at.0"), number(&page, "connections.made.0"));
	/* The calls' frames have no function; the finding's, at the same offset, has. */
	snprintf(path, sizeof(path), "frames.%d.0.0", (int)number(&page, "connections.made.3"));
	assert_string_equal(text(&page, path), "accept_client");
	page_end(&page, &tale);
}

static void a_killed_processs_findings_have_the_connections_that_waited_as_long(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_frame frame = frame_at("handle", 0x100, "aa");
	struct page page;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tale.observed_eof = true;
	tell_conn_by(&tale, 2, 0x100);
	tell_conn_by(&tale, 3, 0x100);
	tell_finding(&tale, 7, "close-wait-leak", "error", 2, frame);
	/* In CLOSE_WAIT from second 6 on, it is there for four seconds when the log ends, and the first was for five. */
	tell_call(&tale, 6, "recv", 4, "10.0.0.1:80", "10.0.0.2:4004", ESTABLISHED, CLOSE_WAIT);
	tell_call(&tale, 10, "send", 9, "10.0.0.1:80", "10.0.0.2:4009", ESTABLISHED, ESTABLISHED);
	page = page_of(&tale);
	assert_int_equal(count(&page, "findings.0.conns"), 2);
	assert_int_equal(number(&page, "findings.0.conns.1.0"), 1);
	page_end(&page, &tale);
}

static void no_text_ends_the_element_around_the_data(void **state)
{
	static const char hostile[] = "</script><!--<script>\xff\x01\"\\]]>&\xe2\x80\xa8";
	struct tale tale = tale_begin(NULL);
	struct page page;

	(void)state;
	tell_process(&tale, 0, 10, hostile, hostile);
	tell_call(&tale, 1, hostile, 1, hostile, hostile, ESTABLISHED, CLOSE_WAIT);
	tell_finding(&tale, 2, hostile, "error", 1, frame_at(hostile, 1, hostile));
	page = page_of(&tale);
	/* Bytes that are no UTF-8 are replaced, all others are as they were. */
	assert_string_equal(text(&page, "processes.0.host"),
			    "</script><!--<script>\xef\xbf\xbd\x01\"\\]]>&\xe2\x80\xa8");
	assert_string_equal(text(&page, "findings.0.rule"), text(&page, "processes.0.host"));
	page_end(&page, &tale);
}

static void a_model_of_nothing_makes_a_page_of_nothing(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct page page = page_of(&tale);

	(void)state;
	assert_int_equal(count(&page, "findings"), 0);
	assert_int_equal(count(&page, "events.t"), 0);
	assert_int_equal(count(&page, "strings"), 1);
	page_end(&page, &tale);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_tell_each_connection_with_its_spans_and_events),
		cmocka_unit_test(a_finding_names_the_connections_that_its_count_leaves_no_doubt_about),
		cmocka_unit_test(of_a_rule_at_two_places_only_the_connections_that_the_log_names_are_told),
		cmocka_unit_test(of_a_rule_at_two_places_each_has_the_connections_that_came_by_it),
		cmocka_unit_test(a_killed_processs_findings_have_the_connections_that_waited_as_long),
		cmocka_unit_test(no_text_ends_the_element_around_the_data),
		cmocka_unit_test(a_model_of_nothing_makes_a_page_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
