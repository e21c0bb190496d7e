/*
 * `tcpwaitspy report --html`: the page as its reader sees it, in headless Chromium (html_page.py). The
 * findings are those of programs that ran under the shim; hostile names and large logs are written
 * by the tests.
 */
#include "../../support/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LARGE_CONNS 12500
#define LARGE_CALLS 8 /* of each */
#define LARGE_BUSY  3000 /* further calls of one of them */

/* A process' first line, of a host and a command line that the test chooses (as JSON has them). */
#define PROCESS_LINE                                                                                                   \
	"{\"v\":1,\"type\":\"process\",\"ts\":\"2026-11-22T10:00:00.000000Z\",\"pid\":77,\"tid\":77,\"host\":\"%s\","  \
	"\"exe\":\"%s\",\"argv\":[\"%s\"],\"ppid\":1,\"version\":\"0.1.0\",\"options\":\"format=json\"}\n"

static const char *run_twin_with(const char *twin, const char *further)
{
	const char *log = file_temp(memory_text("%s.json", twin));
	struct run_spec spec = {
		.argv = {file_built(memory_text("demo/twins/%s", twin)), "1.0"},
		.options = memory_text("log=%s:format=json:close_wait=200ms:watch=50ms%s", log, further),
	};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	return log;
}

static const char *run_twin(const char *twin)
{
	return run_twin_with(twin, "");
}

/* The page that the command makes of these logs. */
static const char *make_page(const char *first, const char *second, const char *third)
{
	const char *page = file_temp("report.html");
	struct run_spec spec = {
		.argv = {file_built("tcpwaitspy"), "report", "--html", page, first, second, third},
		.plain = true,
	};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	return page;
}

/* Has html_page.py look at the page. */
static void look(const char *test, const char *page, const char *first, const char *second)
{
	struct run_spec spec = {
		.argv = {file_program("python3"), file_source("tests/e2e/command/html_page.py"), test, page, first,
			 second},
		.env = {memory_text("TMPDIR=%s", file_temp("")), memory_text("HOME=%s", file_temp(""))},
		.plain = true,
	};
	struct run_result result = run(&spec);

	print_message("%s", result.out);
	run_assert_exit(&result, 0);
}

static void require_browser(void)
{
	test_require("chromium");
	test_require("chromedriver");
}

static void choosing_a_finding_shows_its_code_and_its_connection(void **state)
{
	(void)state;
	require_browser();
	look("leak",
	     make_page(run_twin("close-wait-leak.bad"), run_twin("recv-after-close.bad"), run_twin("open-at-exit.bad")),
	     "close-wait-leak", "handle_client");
}

static void it_is_readable_in_light_and_dark_and_on_a_telephone(void **state)
{
	(void)state;
	require_browser();
	look("looks", make_page(run_twin("close-wait-leak.bad"), NULL, NULL), NULL, NULL);
}

static void of_a_log_without_calls_it_tells_what_findings_and_summary_tell(void **state)
{
	(void)state;
	require_browser();
	look("without_calls", make_page(run_twin_with("close-wait-leak.bad", ":calls=none"), NULL, NULL), NULL, NULL);
}

static void of_a_healthy_program_it_says_that_nothing_is_wrong(void **state)
{
	(void)state;
	require_browser();
	look("healthy", make_page(run_twin("close-wait-leak.good"), NULL, NULL), NULL, NULL);
}

/* What a name would have to be to get out of a text, an attribute, the data or a script. */
#define HOSTILE_ELEMENT "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
#define HOSTILE_QUOTES	"\"'`${window.pwned=1}<!--<script>]]>&lt;&#60;"

static void names_from_outside_stay_text(void **state)
{
	const char *log = file_temp("hostile.json");
	const char *quoted = "\\\"'`${window.pwned=1}<!--<script>]]>&lt;&#60;";
	FILE *out = fopen(log, "w");

	(void)state;
	require_browser();
	assert_non_null(out);
	fprintf(out, PROCESS_LINE, HOSTILE_ELEMENT, HOSTILE_ELEMENT, quoted);
	fprintf(out,
		"{\"v\":1,\"type\":\"call\",\"ts\":\"2026-11-22T10:00:01.000000Z\",\"pid\":77,\"tid\":77,\"call\":\"%"
		"s\",\"fd\":4,"
		"\"args\":{\"%s\":\"%s\"},\"ret\":0,\"errno\":\"%s\",\"duration_us\":1.0,\"conn\":1,\"local\":\"%s\","
		"\"peer\":\"%s\","
		"\"state_before\":\"ESTABLISHED\",\"state\":\"CLOSE_WAIT\",\"state_source\":\"kernel\"}\n",
		HOSTILE_ELEMENT, HOSTILE_ELEMENT, quoted, quoted, HOSTILE_ELEMENT, quoted);
	fprintf(out,
		"{\"v\":1,\"type\":\"finding\",\"ts\":\"2026-11-22T10:00:09.000000Z\",\"pid\":77,\"tid\":77,\"rule\":"
		"\"%s\","
		"\"severity\":\"error\",\"conn\":1,\"fd\":4,\"local\":\"\",\"peer\":\"\",\"state\":\"CLOSE_WAIT\","
		"\"cause\":\"%s\","
		"\"message\":\"%s\",\"remedy\":\"%s\",\"count\":1,\"stacks\":{\"here\":[{\"ip\":1,\"module\":\"/tmp/"
		"%s\",\"offset\":1,"
		"\"build_id\":\"00\",\"function\":\"%s\",\"function_offset\":1}]},\"evidence\":{\"%s\":\"%s\"}}\n",
		HOSTILE_ELEMENT, quoted, HOSTILE_ELEMENT, quoted, HOSTILE_ELEMENT, HOSTILE_ELEMENT, quoted,
		HOSTILE_ELEMENT);
	fclose(out);
	look("hostile", make_page(log, NULL, NULL), HOSTILE_ELEMENT, HOSTILE_QUOTES);
}

static void write_call(FILE *out, uint64_t us, int conn, const char *call, const char *before, const char *after)
{
	fprintf(out,
		"{\"v\":1,\"type\":\"call\",\"ts\":\"2026-11-22T10:%02d:%02d.%06dZ\",\"pid\":77,\"tid\":78,\"call\":\"%"
		"s\",\"fd\":%d,"
		"\"args\":{\"len\":128,\"flags\":\"\"},\"ret\":%d,\"duration_us\":3.5,\"conn\":%d,\"local\":\"127.0.0."
		"1:80\","
		"\"peer\":\"127.0.0.1:%d\",\"state_before\":\"%s\",\"state\":\"%s\",\"state_source\":\"kernel\"}\n",
		(int)(us / 60000000), (int)(us / 1000000 % 60), (int)(us % 1000000), call, conn % 1000 + 4, conn, conn,
		1024 + conn, before, after);
}

/* A server's log of half an hour: the connections begin one after the other and are open for a while. */
static const char *write_large_log(void)
{
	static const char *const names[LARGE_CALLS] = {"accept", "recv", "send",  "recv",
						       "send",	 "recv", "close", "recv"};
	const char *log = file_temp("large.json");
	FILE *out = fopen(log, "w");

	assert_non_null(out);
	fprintf(out, PROCESS_LINE, "host", "/usr/bin/server", "server");
	for (int conn = 1; conn <= LARGE_CONNS; conn++) {
		uint64_t us = (uint64_t)conn * 140000;

		for (int call = 0; call < LARGE_CALLS; call++)
			write_call(out, us += 7000, conn, names[call], call < 6 ? "ESTABLISHED" : "CLOSE_WAIT",
				   call < 5   ? "ESTABLISHED"
				   : call < 6 ? "CLOSE_WAIT"
					      : "LAST_ACK");
		for (int call = 0; conn == LARGE_CONNS / 2 && call < LARGE_BUSY; call++)
			write_call(out, us += 50, conn, "recv", "LAST_ACK", "LAST_ACK");
	}
	fclose(out);
	return log;
}

static void a_hundred_thousand_events_can_be_looked_at(void **state)
{
	(void)state;
	require_browser();
	look("large", make_page(write_large_log(), NULL, NULL), "100000", NULL);
}

static void a_page_that_cannot_be_written_is_an_error(void **state)
{
	struct run_spec spec = {
		.argv = {file_built("tcpwaitspy"), "report", "--html", "/dev/full", run_twin("close-wait-leak.good")},
		.plain = true,
	};
	struct run_result result;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 126);
	assert_true(test_matches(result.err, "/dev/full.*No space left"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(choosing_a_finding_shows_its_code_and_its_connection),
		TEST(it_is_readable_in_light_and_dark_and_on_a_telephone),
		TEST(of_a_log_without_calls_it_tells_what_findings_and_summary_tell),
		TEST(of_a_healthy_program_it_says_that_nothing_is_wrong),
		TEST(names_from_outside_stay_text),
		TEST(a_hundred_thousand_events_can_be_looked_at),
		TEST(a_page_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
