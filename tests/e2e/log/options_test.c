/*
 * TCPWAITSPY_OPTIONS: what the settings do, and what happens when they are wrong or cannot be
 * followed. Whatever they are, the program runs as it would without us.
 */
#include "../../support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const keys[] = {
#define OPTION(key, kind, field, value, meaning) key,
#include "../../../include/tcpwaitspy/options.def"
};

static const struct {
	const char *key;
	const char *value;
	const char *meaning;
} rows[] = {
#define OPTION(key, kind, field, value, meaning) {key, value, meaning},
#include "../../../include/tcpwaitspy/options.def"
};

#define TALK SCRIPT_PAIR "send c hello; recv a 9\n" SCRIPT_END

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Runs TALK with these options; it prints and returns what it does without the shim. */
static struct run_result run_unharmed(const char *options)
{
	struct run_result plain = script_run_plain(TALK);
	struct run_result result = script_run(options, TALK);

	run_assert_same(&result, &plain);
	return result;
}

static void assert_says(const char *text, const char *word)
{
	if (!strstr(text, word))
		test_fail("\"%s\" does not name %s", text, word);
}

static void unknown_key_is_named_with_the_valid_ones(void **state)
{
	struct run_result result;

	(void)state;
	result = run_unharmed(script_options("colour=red"));
	assert_int_equal(count_lines(result.err), 1);
	assert_says(result.err, "colour");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_says(result.err, keys[i]);
	/* The rest of the settings is followed. */
	assert_true(log_read(script_log()).count > 10);
}

static void bad_value_is_named_with_what_is_valid_and_the_default_used(void **state)
{
	static const struct {
		const char *option;
		const char *named[4];
	} bad[] = {
		{"format=xml", {"format", "xml", "text", "json"}},
		{"calls=some", {"calls", "some", "lifecycle", "none"}},
		{"flush=never", {"flush", "never", "line", "buffer"}},
		{"close_wait=soon", {"close_wait", "soon", "ms", "m"}},
		{"watch=-1s", {"watch", "-1s", "ms", "s"}},
		{"stack=many", {"stack", "many", "0", "64"}},
		{"exitcode=256", {"exitcode", "256", "0", "255"}},
		{"summary=yes", {"summary", "yes", "0", "1"}},
		{"dump_signal=KILLROY", {"dump_signal", "KILLROY", "USR2", "USR2"}},
		{"rules=-no-such-rule", {"rules", "no-such-rule", "double-close", "close-wait-leak"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct run_result result = run_unharmed(memory_text("log=%s:%s", file_temp("log.txt"), bad[i].option));

		if (count_lines(result.err) != 1)
			test_fail("%s: not one line but \"%s\"", bad[i].option, result.err);
		for (size_t j = 0; j < ARRAY_LEN(bad[i].named); j++)
			assert_says(result.err, bad[i].named[j]);
	}
	assert_non_null(strstr(file_read(file_temp("log.txt"), NULL), " recv(5, 9, 0) = 5 | ESTABLISHED | #3 "));
}

static void empty_and_broken_settings_harm_nobody(void **state)
{
	static const char *const odd[] = {"", ":", "::::", "=", "=x", "log", "format", "log=:format=json", ":=:=:"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		run_unharmed(odd[i]);
}

static void help_prints_the_table_and_goes_on(void **state)
{
	struct run_result result;

	(void)state;
	result = run_unharmed(script_options("help=1"));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_true(test_matches(result.err, memory_text("(^|\n)[^\n]*%s[ =\t]", keys[i])));
	assert_says(result.err, "5s");
	assert_true(count_lines(result.err) >= ARRAY_LEN(keys));
}

/* Markdown as help=1 would print it: without backticks, and of a link its text alone. */
static const char *plain_text(const char *markdown)
{
	char *plain = memory_get(strlen(markdown) + 1);
	char *to = plain;

	for (; *markdown; markdown++) {
		if (strncmp(markdown, "](", 2) == 0)
			markdown += strcspn(markdown, ")");
		else if (!strchr("`[", *markdown))
			*to++ = *markdown;
	}
	return plain;
}

/* An option of the command: the key with '-' for '_'. */
static const char *dashed(const char *key)
{
	char *option = memory_get(strlen(key) + 1);

	for (size_t i = 0; key[i]; i++)
		option[i] = key[i] == '_' ? '-' : key[i];
	return option;
}

static void assert_documents(const char *document, const char *text, const char *row)
{
	if (!strstr(text, row))
		test_fail("%s has no \"%s\"", document, row);
}

static void the_docs_have_every_setting_as_help_prints_it(void **state)
{
	const char *readme = plain_text(file_read(file_source("README.md"), NULL));
	const char *shim_page = file_read(file_source("docs/man/libtcpwaitspy.7"), NULL);
	const char *command_page = file_read(file_source("docs/man/tcpwaitspy.1"), NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = *rows[i].value ? rows[i].value : "none";

		assert_documents("README.md", readme,
				 memory_text("| %s | %s | %s |\n", rows[i].key, value, plain_text(rows[i].meaning)));
		assert_documents("libtcpwaitspy.7", shim_page, memory_text("\n.It Cm %s Ns = Ns ", rows[i].key));
		/* The command has a help of its own. */
		if (strcmp(rows[i].key, "help") != 0)
			assert_documents("tcpwaitspy.1", command_page,
					 memory_text("\n.It Fl -%s Ns = Ns ", dashed(rows[i].key)));
	}
}

static void help_is_printed_by_a_program_without_sockets_too(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run("help=1", "open_descriptors\n");
	run_assert_exit(&result, 0);
	assert_says(result.err, "close_wait");
}

static void log_that_cannot_be_opened_is_said_and_replaced(void **state)
{
	const char *path = file_temp("no/such/directory/log");
	struct run_result result;

	(void)state;
	result = run_unharmed(memory_text("log=%s", path));
	assert_says(result.err, path);
	assert_true(test_matches(result.err, "ENOENT|No such file or directory"));
	/* The default takes its place, so that what was seen is not lost. */
	assert_says(result.err, "SUMMARY: tcpwaitspy: ");
}

static void log_that_is_a_directory_is_said(void **state)
{
	struct run_result result;

	(void)state;
	result = run_unharmed(memory_text("log=%s", file_temp("")));
	assert_says(result.err, file_temp(""));
}

static void calls_none_keeps_findings_and_summary(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged("calls=none", SCRIPT_PAIR "close c; close c; recv a 9; close a; close s\n");
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "call"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), 1);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 1);
}

static void calls_lifecycle_leaves_the_data_out(void **state)
{
	struct log log;
	const struct log_match received = {.call = "recv"};

	(void)state;
	log = script_run_logged("calls=lifecycle",
				SCRIPT_PAIR "send c hello; recv a 9; shutdown c wr; recv a 9\n"
					    "close a; close c\n"
					    "c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s\n"
					    "setsockopt c linger 0; close c; recv a 9; close a; close s\n");
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "send"}), 0);
	/* The end of file and the error, but not the 5 bytes. */
	assert_int_equal(log_count(&log, &received), 2);
	log_assert_text(log_first(&log, &received), "observed_eof", "true");
	log_assert_text(log_last(&log, &received), "errno", "ECONNRESET");
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "socket"}), 3);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "setsockopt"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "bind"}), 1);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "listen"}), 1);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "connect"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "shutdown"}), 1);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close"}), 5);
}

static void calls_lifecycle_leaves_questions_out_but_not_those_that_fail(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged("calls=lifecycle",
				SCRIPT_PAIR "getsockopt c error; ioctl c fionread; ioctl c fionbio 1; getsockname c\n"
					    "close a; recv c 9; close c; close s\n"
					    "getsockopt c error; ioctl c fionread; getsockname c\n");
	for (size_t i = 0; i < 2; i++) {
		static const char *const questions[] = {"getsockopt", "getsockname"};
		const struct log_match asked = {.call = questions[i]};

		assert_int_equal(log_count(&log, &asked), 1);
		log_assert_text(log_first(&log, &asked), "errno", "EBADF");
	}
	/* FIONBIO configures the socket. */
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "ioctl"}), 2);
	log_assert_text(log_last(&log, &(const struct log_match){.call = "ioctl"}), "errno", "EBADF");
}

static void flush_line_is_in_the_file_before_the_call_returns(void **state)
{
	struct run_process *script;
	struct log log;

	(void)state;
	script = script_start(script_options("flush=line"));
	script_say_all(script, SCRIPT_PAIR);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 1);
}

static void flush_buffer_writes_behind_and_at_once_with_a_finding(void **state)
{
	struct run_process *script;
	struct log log;

	(void)state;
	script = script_start(script_options("flush=buffer"));
	script_say_all(script, SCRIPT_PAIR);
	/* Behind, but without a further call of the program. */
	log_wait(script_log(), &(const struct log_match){.call = "accept"});
	script_say(script, "close c; close c");
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), 1);
	/* A killed program has lost nothing that was before its finding. */
	run_stop(script, 9);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close"}), 2);
}

static void rules_switch_single_rules_off_and_on(void **state)
{
	static const char lines[] = SCRIPT_PAIR "close c; close c; recv c 9; recv a 9; close a; close s\n";
	struct log log;

	(void)state;
	log = script_run_logged("rules=-double-close", lines);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "recv-after-close"}), 1);
	log_assert_number(log.records[log.count - 1], "errors", 1);
	assert_int_equal(unlink(script_log()), 0);
	log = script_run_logged("rules=-double-close,-recv-after-close,+double-close", lines);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), 1);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "recv-after-close"}), 0);
}

static void suppressions_hold_by_rule_and_by_function_or_module(void **state)
{
	static const char lines[] = SCRIPT_PAIR "close c; close c; recv c 9; recv a 9; close a; close s\n";
	static const struct {
		const char *text;
		size_t closes;
		size_t reads;
	} cases[] = {
		{"# nothing\n\n", 1, 1},
		{"double-close:word_*\n", 0, 1},
		{"double-close:word_recv\n", 1, 1},
		{"*:word_recv\n", 1, 0},
		{"recv-after-close:script\n*:no_such_function\n", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *path = file_temp("suppressions");
		struct log log;

		file_write(path, cases[i].text);
		log = script_run_logged(memory_text("suppressions=%s", path), lines);
		assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), cases[i].closes);
		assert_int_equal(log_count(&log, &(const struct log_match){.rule = "recv-after-close"}),
				 cases[i].reads);
		log_assert_number(log.records[log.count - 1], "errors", (int64_t)(cases[i].closes + cases[i].reads));
		assert_int_equal(unlink(script_log()), 0);
	}
}

static void suppressions_that_cannot_be_read_are_said(void **state)
{
	const char *path = file_temp("none");
	struct run_result result;

	(void)state;
	result = run_unharmed(script_options(memory_text("suppressions=%s", path)));
	assert_int_equal(count_lines(result.err), 1);
	assert_says(result.err, path);
	file_write(path, "double-close:main\nno-such-rule:main\nnonsense\n");
	result = run_unharmed(script_options(memory_text("suppressions=%s", path)));
	assert_int_equal(count_lines(result.err), 2);
	assert_says(result.err, "no-such-rule");
}

int main(void)
{
	const struct CMUnitTest options[] = {
		TEST(unknown_key_is_named_with_the_valid_ones),
		TEST(bad_value_is_named_with_what_is_valid_and_the_default_used),
		TEST(empty_and_broken_settings_harm_nobody),
		TEST(help_prints_the_table_and_goes_on),
		TEST(the_docs_have_every_setting_as_help_prints_it),
		TEST(help_is_printed_by_a_program_without_sockets_too),
		TEST(log_that_cannot_be_opened_is_said_and_replaced),
		TEST(log_that_is_a_directory_is_said),
		TEST(calls_none_keeps_findings_and_summary),
		TEST(calls_lifecycle_leaves_the_data_out),
		TEST(calls_lifecycle_leaves_questions_out_but_not_those_that_fail),
		TEST(flush_line_is_in_the_file_before_the_call_returns),
		TEST(flush_buffer_writes_behind_and_at_once_with_a_finding),
		TEST(rules_switch_single_rules_off_and_on),
		TEST(suppressions_hold_by_rule_and_by_function_or_module),
		TEST(suppressions_that_cannot_be_read_are_said),
	};

	return cmocka_run_group_tests_name("options", options, NULL, NULL);
}
