/*
 * The text log to the letter: every line has one of the shapes of contract.md.
 */
#include "../../support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "^==[0-9]+== "
#define TIME "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{6} \\[[0-9]+\\] "
#define NAME "(CLOSED|LISTEN|SYN_SENT|SYN_RECV|ESTABLISHED|FIN_WAIT_1|FIN_WAIT_2|CLOSE_WAIT|CLOSING|LAST_ACK|TIME_WAIT)"
#define ADDR "(\\*|[0-9.]+:[0-9]+|\\[[0-9a-f:.]+\\]:[0-9]+)"
#define ENDS "#[0-9]+ " ADDR " (->|<-) " ADDR

/* What a line may look like. */
static const char *const shapes[] = {
	/* CALL(ARGS) = RET [ERRNO] | BEFORE -> AFTER | #ID LOCAL ARROW PEER | DURATION */
	HEAD TIME "[a-z_0-9]+\\([^()]*\\) = (-?[0-9]+|-1 E[A-Z0-9]+) \\| (~?" NAME " -> )?~?" NAME " \\| " ENDS
		  " \\| [0-9]+\\.[0-9]{3} ms$",
	/* A change without a call, with the time spent in the state before. */
	HEAD TIME "state \\| ~?" NAME " -> ~?" NAME " \\| " ENDS " \\| [0-9]+(\\.[0-9]+)? ms$",
	/* A finding's first line, and what is below it. */
	HEAD "(ERROR|WARNING|NOTE): [a-z0-9-]+: .+$",
	HEAD "  cause: [a-z-]+: .+$",
	HEAD "  (created|end of file read|closed|used) at$",
	HEAD "    #[0-9]+ [^ ]+\\+0x[0-9a-f]+ \\([^ ]+\\+0x[0-9a-f]+\\)$",
	HEAD "  remedy: .+$",
};

#define SUMMARY	      HEAD "SUMMARY: tcpwaitspy: [0-9]+ errors, [0-9]+ warnings, [0-9]+ notes in [0-9]+ connections$"
#define BELOW_SUMMARY HEAD "  (  )?[^ ].*$"

struct lines {
	char *line[4096];
	size_t count;
};

static struct lines lines_of(char *text)
{
	struct lines lines = {0};
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		assert_true(lines.count < ARRAY_LEN(lines.line));
		lines.line[lines.count++] = line;
	}
	return lines;
}

/* The index of the first line from `from` on that matches; fails, printing the log, where there is none. */
static size_t find_line(const struct lines *lines, size_t from, const char *pattern)
{
	for (size_t i = from; i < lines->count; i++) {
		if (test_matches(lines->line[i], pattern))
			return i;
	}
	for (size_t i = from; i < lines->count; i++)
		print_error("    %s\n", lines->line[i]);
	test_fail("no line matches %s", pattern);
	return 0;
}

static size_t count_lines(const struct lines *lines, const char *pattern)
{
	size_t count = 0;

	for (size_t i = 0; i < lines->count; i++)
		count += test_matches(lines->line[i], pattern);
	return count;
}

static void assert_shapes(const struct lines *lines)
{
	bool in_summary = false;

	for (size_t i = 0; i < lines->count; i++) {
		size_t shape = 0;

		in_summary =
			in_summary ? !test_matches(lines->line[i], HEAD TIME) : test_matches(lines->line[i], SUMMARY);
		if (in_summary &&
		    (test_matches(lines->line[i], SUMMARY) || test_matches(lines->line[i], BELOW_SUMMARY)))
			continue;
		while (shape < ARRAY_LEN(shapes) && !test_matches(lines->line[i], shapes[shape]))
			shape++;
		if (shape == ARRAY_LEN(shapes))
			test_fail("line %zu has none of the shapes of the contract:\n%s", i + 1, lines->line[i]);
	}
}

static const char *text_options(const char *further)
{
	return memory_text("log=%s%s%s", file_temp("log.txt"), further ? ":" : "", further ? further : "");
}

/* Runs the script with the log in the text format; all its lines have a shape that is allowed. */
static struct lines text_log(const char *further, const char *script)
{
	struct run_result result = script_run(text_options(further), script);
	struct lines lines;
	char *text;

	run_assert_exit(&result, 0);
	text = file_read(file_temp("log.txt"), NULL);
	assert_non_null(text);
	lines = lines_of(text);
	assert_shapes(&lines);
	return lines;
}

static bool has_come(void *pattern)
{
	char *text = file_read(file_temp("log.txt"), NULL);
	struct lines lines = lines_of(text ? text : memory_get(1));

	return count_lines(&lines, pattern) > 0;
}

/* The same, but the lines of `after` are not run before a line with this pattern has come. */
static struct lines text_log_with_pause(const char *further, const char *before, const char *pattern, const char *after)
{
	struct run_process *script = script_start(text_options(further));
	struct lines lines;

	script_say_all(script, before);
	test_until(has_come, (void *)(uintptr_t)pattern, memory_text("a line with %s", pattern));
	script_say_all(script, after);
	run_finish(script);
	lines = lines_of(file_read(file_temp("log.txt"), NULL));
	assert_shapes(&lines);
	return lines;
}

static void calls_are_lines_of_the_contract_s_shape(void **state)
{
	struct lines lines;
	size_t at;

	(void)state;
	lines = text_log(NULL, SCRIPT_PAIR "send c hello; recv a 128\nshutdown c wr; recv a 128\n"
					   "close a; recv c 128; close c; recv c 128; close s\n");
	at = find_line(&lines, 0,
		       HEAD TIME
		       "socket\\(AF_INET, SOCK_STREAM, 0\\) = 3 \\| CLOSED \\| #1 \\* -> \\* \\| [0-9.]+ ms$");
	at = find_line(&lines, at, HEAD TIME "setsockopt\\(3, SOL_SOCKET, SO_REUSEADDR, 1\\) = 0 \\| CLOSED \\| #1 ");
	at = find_line(&lines, at,
		       HEAD TIME "bind\\(3, 127\\.0\\.0\\.1:0\\) = 0 \\| CLOSED \\| #1 127\\.0\\.0\\.1:[0-9]+ ");
	at = find_line(&lines, at,
		       HEAD TIME "listen\\(3, 5\\) = 0 \\| CLOSED -> LISTEN \\| #1 127\\.0\\.0\\.1:[0-9]+ ");
	at = find_line(&lines, at,
		       HEAD TIME "connect\\(4, 127\\.0\\.0\\.1:[0-9]+\\) = 0 \\| CLOSED -> ESTABLISHED \\| "
				 "#2 127\\.0\\.0\\.1:[0-9]+ -> 127\\.0\\.0\\.1:[0-9]+ \\| ");
	at = find_line(&lines, at,
		       HEAD TIME "accept\\(3\\) = 5 \\| (CLOSED -> )?ESTABLISHED \\| "
				 "#3 127\\.0\\.0\\.1:[0-9]+ <- 127\\.0\\.0\\.1:[0-9]+ \\| ");
	at = find_line(&lines, at, HEAD TIME "send\\(4, 5, 0\\) = 5 \\| ESTABLISHED \\| #2 ");
	at = find_line(&lines, at, HEAD TIME "recv\\(5, 128, 0\\) = 5 \\| ESTABLISHED \\| #3 ");
	at = find_line(&lines, at, HEAD TIME "shutdown\\(4, SHUT_WR\\) = 0 \\| ESTABLISHED -> FIN_WAIT_[12] \\| #2 ");
	at = find_line(&lines, at, HEAD TIME "recv\\(5, 128, 0\\) = 0 \\| ESTABLISHED -> CLOSE_WAIT \\| #3 ");
	at = find_line(&lines, at, HEAD TIME "close\\(5\\) = 0 \\| CLOSE_WAIT -> ~?(LAST_ACK|CLOSED) \\| #3 ");
	at = find_line(&lines, at, HEAD TIME "close\\(4\\) = 0 \\| (FIN_WAIT_2 -> )?TIME_WAIT \\| #2 ");
	find_line(&lines, at, HEAD TIME "recv\\(4, 128, 0\\) = -1 EBADF \\| (TIME_WAIT -> )?[A-Z_]+ \\| #2 ");
}

static void flags_are_spelled_by_their_names(void **state)
{
	struct lines lines;

	(void)state;
	lines = text_log(NULL, SCRIPT_PAIR "send a hello nosignal; recv c 3 peek dontwait\n"
					   "x=socket 6 stream nonblock cloexec; fcntl c setfl nonblock\n");
	find_line(&lines, 0, HEAD TIME "send\\(5, 5, MSG_NOSIGNAL\\) = 5 ");
	find_line(&lines, 0, HEAD TIME "recv\\(4, 3, MSG_PEEK\\|MSG_DONTWAIT\\) = 3 ");
	find_line(&lines, 0, HEAD TIME "socket\\(AF_INET6, SOCK_STREAM\\|SOCK_NONBLOCK\\|SOCK_CLOEXEC, 0\\) = 6 ");
	find_line(&lines, 0, HEAD TIME "fcntl\\(4, F_SETFL, 2048\\) = 0 ");
}

static void ipv6_addresses_are_in_brackets(void **state)
{
	struct lines lines;

	(void)state;
	lines = text_log(NULL, "s=socket 6 stream; setsockopt s reuseaddr 1; bind s ::1 0; listen s 5\n"
			       "c=socket 6 stream; connect c ::1 @s; a=accept s\n" SCRIPT_END);
	find_line(&lines, 0,
		  HEAD TIME
		  "accept\\(3\\) = 5 \\| (CLOSED -> )?ESTABLISHED \\| #3 \\[::1\\]:[0-9]+ <- \\[::1\\]:[0-9]+ \\| ");
}

static void state_seen_without_a_call_is_a_line(void **state)
{
	struct lines lines;

	(void)state;
	lines = text_log_with_pause("watch=20ms", SCRIPT_PAIR "close c\n", "\\] state \\| ESTABLISHED",
				    "recv a 9; close a; close s\n");
	find_line(&lines, 0, HEAD TIME "state \\| ESTABLISHED -> CLOSE_WAIT \\| #3 127\\.0\\.0\\.1:[0-9]+ <- ");
}

static void finding_is_a_block_with_its_story(void **state)
{
	struct lines lines;
	size_t at;

	(void)state;
	lines = text_log(NULL, SCRIPT_PAIR "close c; recv c 9\nrecv a 9; close a; close s\n");
	at = find_line(&lines, 0, HEAD "ERROR: recv-after-close: .*descriptor 4.*#2");
	at = find_line(&lines, at, HEAD "  created at$");
	at = find_line(&lines, at, HEAD "    #0 word_socket\\+0x[0-9a-f]+ \\(script\\+0x[0-9a-f]+\\)$");
	at = find_line(&lines, at, HEAD "    #[1-9] main\\+0x[0-9a-f]+ \\(script\\+0x[0-9a-f]+\\)$");
	at = find_line(&lines, at, HEAD "  closed at$");
	at = find_line(&lines, at, HEAD "    #0 word_close\\+0x[0-9a-f]+ \\(script\\+0x[0-9a-f]+\\)$");
	at = find_line(&lines, at, HEAD "  used at$");
	at = find_line(&lines, at, HEAD "    #0 word_recv\\+0x[0-9a-f]+ \\(script\\+0x[0-9a-f]+\\)$");
	find_line(&lines, at, HEAD "  remedy: ");
}

static void leak_is_told_with_its_cause(void **state)
{
	struct lines lines;
	size_t at;

	(void)state;
	lines = text_log_with_pause("watch=20ms:close_wait=100ms", SCRIPT_PAIR "close c; recv a 9\n",
				    "  remedy: ", "close a; close s\n");
	at = find_line(&lines, 0,
		       HEAD "ERROR: close-wait-leak: accepted connection #3 has been in CLOSE_WAIT for "
			    "[0-9.]+ m?s \\(peer 127\\.0\\.0\\.1:[0-9]+ closed first\\)$");
	at = find_line(&lines, at, HEAD "  cause: eof-read: recv\\(\\) returned 0 and descriptor 5 was never closed$");
	at = find_line(&lines, at, HEAD "  created at$");
	at = find_line(&lines, at, HEAD "    #0 word_accept\\+");
	at = find_line(&lines, at, HEAD "  end of file read at$");
	at = find_line(&lines, at, HEAD "    #0 word_recv\\+");
	find_line(&lines, at, HEAD "  remedy: close descriptor 5 where recv\\(\\) returns 0$");
}

static void same_finding_at_the_same_place_is_printed_once(void **state)
{
	struct lines lines;

	(void)state;
	lines = text_log(NULL, SCRIPT_PAIR "close c; recv c 9; recv c 9; recv c 9\nrecv a 9; close a; close s\n");
	assert_int_equal(count_lines(&lines, HEAD "ERROR: recv-after-close: "), 1);
	find_line(&lines, 0, HEAD "SUMMARY: tcpwaitspy: 3 errors, 0 warnings, 0 notes in 2 connections$");
	find_line(&lines, 0, HEAD "  .*recv-after-close.*word_recv");
	find_line(&lines, 0, HEAD "  .*3.*recv-after-close|" HEAD "  .*recv-after-close.*3");
}

static void summary_tells_the_wait_states_and_what_is_open(void **state)
{
	struct lines lines;
	size_t at;

	(void)state;
	lines = text_log(NULL, SCRIPT_PAIR "close c; recv a 9\n");
	at = find_line(&lines, 0, HEAD "SUMMARY: tcpwaitspy: 0 errors, 0 warnings, [0-9]+ notes in 2 connections$");
	find_line(&lines, at, HEAD "  .*CLOSE_WAIT.*1");
	find_line(&lines, at, HEAD "  .*FIN_WAIT_[12].*1");
	find_line(&lines, at, HEAD "  .*open.*#?3|" HEAD "  .*#3.*CLOSE_WAIT|" HEAD "  .*2.*open");
}

static void default_log_is_standard_error(void **state)
{
	struct run_result result;
	struct lines lines;

	(void)state;
	result = script_run(NULL, SCRIPT_PAIR SCRIPT_END);
	run_assert_exit(&result, 0);
	lines = lines_of(result.err);
	find_line(&lines, 0, HEAD TIME "accept\\(3\\) = 5 \\| (CLOSED -> )?ESTABLISHED \\| #3 ");
	assert_true(test_matches(lines.line[lines.count - 1], HEAD "(SUMMARY| )"));
	assert_int_equal(
		count_lines(&lines, HEAD "SUMMARY: tcpwaitspy: 0 errors, 0 warnings, 0 notes in 2 connections$"), 1);
	assert_null(strstr(result.out, "=="));
}

static void lines_carry_the_pid_and_the_thread(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")}};
	struct run_process *script;
	struct run_result result;
	struct lines lines;
	int pid;

	(void)state;
	spec.input = SCRIPT_PAIR SCRIPT_END;
	script = run_start(&spec);
	pid = run_pid(script);
	result = run_finish(script);
	lines = lines_of(result.err);
	assert_int_equal(count_lines(&lines, memory_text("^==%d== ", pid)), lines.count);
	find_line(&lines, 0, memory_text("^==%d== [0-9:.]+ \\[%d\\] close\\(4\\) = 0 ", pid, pid));
}

int main(void)
{
	const struct CMUnitTest text_log_tests[] = {
		TEST(calls_are_lines_of_the_contract_s_shape),
		TEST(flags_are_spelled_by_their_names),
		TEST(ipv6_addresses_are_in_brackets),
		TEST(state_seen_without_a_call_is_a_line),
		TEST(finding_is_a_block_with_its_story),
		TEST(leak_is_told_with_its_cause),
		TEST(same_finding_at_the_same_place_is_printed_once),
		TEST(summary_tells_the_wait_states_and_what_is_open),
		TEST(default_log_is_standard_error),
		TEST(lines_carry_the_pid_and_the_thread),
	};

	return cmocka_run_group_tests_name("text_log", text_log_tests, NULL, NULL);
}
