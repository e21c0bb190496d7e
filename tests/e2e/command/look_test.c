/*
 * `tcpwaitspy ps` on sockets that are really in those states, and `tcpwaitspy explain`.
 */
#include "../../support/test.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../support/cli.h"

#define RULE(id, name, severity, ops, often, message, remedy, source) name,
static const char *const rules[] = {
#include "../../../include/tcpwaitspy/rules.def"
};

static struct run_process *leak(const char *options, bool plain)
{
	struct run_spec spec = {
		.argv = {file_built("tests/programs/script")},
		.options = options,
		.plain = plain,
		.dialog = true,
		.directory = file_temp(""),
	};
	struct run_process *script = run_start(&spec);

	script_say_all(script, SCRIPT_PAIR "close c; recv a 100\n");
	return script;
}

static struct run_result ps(struct run_process *process, const char *option)
{
	struct run_result result = cli_run(NULL, "ps", option, memory_text("%d", (int)run_pid(process)));

	run_assert_exit(&result, 0);
	return result;
}

static void assert_shows(const struct run_result *result, const char *pattern)
{
	if (!test_matches(result->out, pattern))
		test_fail("standard output is not like %s:\n%s", pattern, result->out);
}

static void leak_has_its_age_its_owner_and_its_queue(void **state)
{
	struct run_process *script = leak(NULL, true);
	struct run_result result;

	(void)state;
	result = ps(script, "--color=never");
	assert_shows(&result, "^STATE +AGE +LEFT +RECV-Q +SEND-Q +LOCAL +PEER +PROCESS +TRACED +WHERE\n");
	assert_shows(&result,
		     memory_text("\nCLOSE_WAIT +[0-9]+ ms +- +0 +0 +127\\.0\\.0\\.1:[0-9]+ +127\\.0\\.0\\.1:[0-9]+ +"
				 "script\\[%d\\] fd 5 +no\n",
				 (int)run_pid(script)));
	/* The listener waits for nobody's end. */
	assert_null(strstr(result.out, "LISTEN"));
	result = ps(script, "--all");
	assert_shows(&result, "\nLISTEN ");
	result = ps(script, "--state=listen");
	assert_null(strstr(result.out, "CLOSE_WAIT"));
	assert_shows(&result, "\nLISTEN ");
	run_stop(script, SIGKILL);
}

static void json_says_the_same(void **state)
{
	struct run_process *script = leak(NULL, true);
	struct run_result result;
	json_object *line;

	(void)state;
	result = ps(script, "--json");
	line = json_tokener_parse(result.out);
	assert_non_null(line);
	log_assert_text(line, "state", "CLOSE_WAIT");
	assert_int_equal(json_object_array_length(log_member(line, "owners")), 1);
	line = json_object_array_get_idx(log_member(line, "owners"), 0);
	log_assert_number(line, "pid", run_pid(script));
	log_assert_number(line, "fd", SCRIPT_A_FD);
	run_stop(script, SIGKILL);
}

static bool has_told_of_leak(void *script)
{
	return strstr(run_stderr_now(script), "ERROR: close-wait-leak") != NULL;
}

static void traced_process_has_the_place(void **state)
{
	struct run_process *script = leak(script_options("close_wait=20ms:watch=10ms"), false);
	struct run_result result;

	(void)state;
	log_wait(script_log(), &(const struct log_match){.rule = "close-wait-leak"});
	result = ps(script, "--color=never");
	assert_shows(&result, "\nCLOSE_WAIT .* fd 5 +yes +close-wait-leak: [a-z_]+ script_[a-z]+\\.h:[0-9]+\n");
	run_stop(script, SIGKILL);
}

struct expectation {
	struct run_process *process;
	const char *pattern;
};

static bool is_shown(void *arg)
{
	const struct expectation *expected = arg;

	return test_matches(ps(expected->process, "--color=never").out, expected->pattern);
}

/* A second connection at the place of the first, which alone the log has a finding for. */
static struct run_process *leak_twice(const char *options)
{
	struct run_process *script = leak(script_options(options), false);

	script_say_all(script, "c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s; close c; recv a 100\n");
	return script;
}

static void connections_that_came_the_same_way_have_the_same_place(void **state)
{
	struct run_process *script = leak_twice("close_wait=20ms:watch=10ms");
	struct expectation both = {script, " fd 5 +yes +close-wait-leak: [a-z_]+ (script_[a-z]+\\.h:[0-9]+)\n"
					   ".* fd 6 +yes +close-wait-leak: [a-z_]+ script_[a-z]+\\.h:[0-9]+\n"};

	(void)state;
	test_until(is_shown, &both, "the place of both");
	run_stop(script, SIGKILL);
}

static void a_connection_without_a_finding_has_the_place_that_made_it(void **state)
{
	struct run_process *script = leak_twice("close_wait=20ms:watch=10ms:rules=-all");
	struct expectation made = {script,
				   " fd 6 +yes +made at [a-z_]+ script_sockets\\.h:[0-9]+, last call recv\\(\\) = 0\n"};

	(void)state;
	test_until(is_shown, &made, "the place that made it");
	run_stop(script, SIGKILL);
}

static void flight_record_tells_places_too(void **state)
{
	struct run_process *script =
		leak(memory_text("record=%s:record_size=1M:close_wait=20ms:watch=10ms", file_temp("record")), false);
	struct run_result result;

	(void)state;
	test_until(has_told_of_leak, script, "the leak");
	result = ps(script, "--color=never");
	assert_shows(&result, "\nCLOSE_WAIT .* fd 5 +yes +close-wait-leak: [a-z_]+ script_[a-z]+\\.h:[0-9]+\n");
	run_stop(script, SIGKILL);
}

static void thousands_of_one_place_are_a_row(void **state)
{
	struct run_process *script = leak_twice("close_wait=20ms:watch=10ms");
	struct expectation both = {script, "close-wait-leak: .*\n.*close-wait-leak: "};
	struct run_result result;

	(void)state;
	test_until(is_shown, &both, "the place of both");
	result = cli_run(NULL, "ps", "--count", "--state=close_wait", memory_text("%d", (int)run_pid(script)));
	run_assert_exit(&result, 0);
	assert_shows(&result,
		     memory_text("^  COUNT  STATE +OLDEST  UNREAD  PROCESS +WHERE\n"
				 "      2  CLOSE_WAIT +[0-9.]+ m?s +0  script\\[%d\\]  close-wait-leak: [a-z_]+ "
				 "script_[a-z]+\\.h:[0-9]+\n$",
				 (int)run_pid(script)));
	run_stop(script, SIGKILL);
}

static void a_narrow_terminal_has_the_place_in_a_line_of_its_own(void **state)
{
	struct run_process *script = leak_twice("close_wait=20ms:watch=10ms");
	struct expectation both = {script, "close-wait-leak: .*\n.*close-wait-leak: "};
	struct run_result result;

	(void)state;
	test_until(is_shown, &both, "the place of both");
	setenv("COLUMNS", "80", 1);
	result = ps(script, "--state=close-wait");
	unsetenv("COLUMNS");
	assert_shows(&result,
		     "^STATE +AGE +LOCAL +PEER +PROCESS +TRACED\n"
		     "CLOSE_WAIT +[0-9.]+ m?s +127\\.0\\.0\\.1:[0-9]+ +127\\.0\\.0\\.1:[0-9]+ +script[^\n]* yes\n"
		     "    close-wait-leak: ");
	for (const char *text = result.out; *text; text += strcspn(text, "\n") + 1)
		assert_in_range(strcspn(text, "\n"), 1, 80);
	run_stop(script, SIGKILL);
}

static void what_nobody_has_read_is_counted(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.plain = true,
				.dialog = true,
				.directory = file_temp("")};
	struct run_process *script;
	struct run_result result;

	(void)state;
	net_own();
	script = run_start(&spec);
	script_say_all(script, SCRIPT_PAIR "close c\n");
	net_wait("CLOSE_WAIT", NET_ANY, NET_ANY, 1);
	result = cli_run(NULL, "ps", "-cs", "close-wait");
	assert_shows(&result,
		     memory_text("\n      1  CLOSE_WAIT +[0-9.]+ m?s +1  script\\[%d\\]\n$", (int)run_pid(script)));
	run_stop(script, SIGKILL);
}

static void a_record_beside_a_log_without_calls_tells_places(void **state)
{
	struct run_process *script = leak_twice(
		memory_text("record=%s:record_size=1M:calls=none:close_wait=20ms:watch=10ms", file_temp("record")));
	struct expectation both = {script, " fd 5 +yes +close-wait-leak: [^\n]*\n.* fd 6 +yes +close-wait-leak: "};

	(void)state;
	test_until(is_shown, &both, "the place of both");
	run_stop(script, SIGKILL);
}

static void traced_process_without_a_log_file_is_told(void **state)
{
	struct run_process *script = leak("", false);
	struct run_result result;

	(void)state;
	result = ps(script, "--color=never");
	assert_shows(&result, "\nCLOSE_WAIT .* fd 5 +yes\n");
	cli_assert_says(&result, "script\\[[0-9]+\\] is traced, but its log is its stderr");
	run_stop(script, SIGKILL);
}

static void time_wait_and_fin_wait_2_have_the_rest_of_their_timers(void **state)
{
	struct run_process *script = leak(NULL, true);
	struct run_result result;

	(void)state;
	net_own();
	/* The ACK of the FIN may take 40 ms. */
	net_wait("FIN_WAIT_2", NET_ANY, NET_ANY, 1);
	result = cli_run(NULL, "ps", "--color=never");
	assert_shows(&result, "\nFIN_WAIT_2 +- +[0-9.]+ (s|min [0-9]+ s) +0 +0 ");
	script_say(script, "close a");
	result = cli_run(NULL, "ps", "--color=never");
	assert_shows(&result, "\nTIME_WAIT +[0-9.]+ m?s +[0-9.]+ (s|min)");
	run_stop(script, SIGKILL);
}

static void other_network_namespace_is_entered(void **state)
{
	struct run_process *script = leak(NULL, true);
	struct run_result result;

	(void)state;
	if (net_is_unprivileged())
		test_skip("without root no other network namespace can be entered");
	result = cli_run(NULL, "-o", "/dev/null", "unshare", "-n", file_built("tcpwaitspy"), "ps", "--color=never",
			 memory_text("%d", (int)run_pid(script)));
	run_assert_exit(&result, 0);
	assert_shows(&result, "\nCLOSE_WAIT ");
	run_stop(script, SIGKILL);
}

static void every_rule_is_listed_and_has_a_page(void **state)
{
	struct run_result list;
	size_t lines = 0;

	(void)state;
	list = cli_run(NULL, "explain");
	run_assert_exit(&list, 0);
	for (const char *c = list.out; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, ARRAY_LEN(rules));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct run_result page = cli_run(NULL, "explain", rules[i]);

		run_assert_exit(&page, 0);
		assert_true(test_matches(list.out, memory_text("(error|warning|note) +%s +.+", rules[i])));
		assert_true(strncmp(page.out, rules[i], strlen(rules[i])) == 0);
		/* Rendered: no mark of a heading, a fence or a link is left. */
		assert_false(test_matches(page.out, "(^|\n)#+ |\n```|\\]\\([a-z-]+\\.md\\)"));
	}
}

static void page_has_bold_headings_where_colors_are_wanted(void **state)
{
	struct run_result page;

	(void)state;
	page = cli_run(NULL, "explain", "--color=always", "close-wait-leak");
	assert_shows(&page, "\033\\[1mWrong and right\033\\[0m\n");
	page = cli_run(NULL, "explain", "close-wait-leak");
	assert_null(strchr(page.out, '\033'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(leak_has_its_age_its_owner_and_its_queue),
		TEST(json_says_the_same),
		TEST(traced_process_has_the_place),
		TEST(connections_that_came_the_same_way_have_the_same_place),
		TEST(a_connection_without_a_finding_has_the_place_that_made_it),
		TEST(flight_record_tells_places_too),
		TEST(thousands_of_one_place_are_a_row),
		TEST(a_narrow_terminal_has_the_place_in_a_line_of_its_own),
		TEST(what_nobody_has_read_is_counted),
		TEST(a_record_beside_a_log_without_calls_tells_places),
		TEST(traced_process_without_a_log_file_is_told),
		TEST(time_wait_and_fin_wait_2_have_the_rest_of_their_timers),
		TEST(other_network_namespace_is_entered),
		TEST(every_rule_is_listed_and_has_a_page),
		TEST(page_has_bold_headings_where_colors_are_wanted),
	};

	return cmocka_run_group_tests_name("cli_look", tests, NULL, NULL);
}
