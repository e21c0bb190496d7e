/*
 * Begin, end, wait and skip of a test; see test.h.
 */
#include "test.h"

#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <sys/prctl.h>

/* TCPWAITSPY_TEST_SKIP: a glob on names of tests that are left out (other_builds_test.c). */
__attribute__((constructor)) static void skip_by_name(void)
{
	const char *pattern = getenv("TCPWAITSPY_TEST_SKIP");

	if (pattern && pattern[0])
		cmocka_set_skip_filter(pattern);
}

int test_setup(void **state)
{
	(void)state;
	/* A program that we talk to may be gone: that is a failed write, not our end. */
	signal(SIGPIPE, SIG_IGN);
	/* Daemons that a test leaves behind come to us, and the teardown finds them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	net_setup();
	return file_setup();
}

int test_teardown(void **state)
{
	(void)state;
	run_kill_all();
	file_teardown();
	memory_release();
	return 0;
}

void test_until(bool (*condition)(void *), void *arg, const char *what)
{
	int waited_ms = 0;

	/* Looks, because nothing tells us when another process's file or the kernel's table changes. */
	while (waited_ms < TEST_DEADLINE_MS) {
		int pause_ms = waited_ms < 500 ? 5 : 50;

		if (condition(arg))
			return;
		poll(NULL, 0, pause_ms);
		waited_ms += pause_ms;
	}
	test_fail("waited %d ms for %s", TEST_DEADLINE_MS, what);
}

bool test_matches(const char *text, const char *pattern)
{
	regex_t regex;
	bool found;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		test_fail("%s is no regular expression", pattern);
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

void test_skip(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_message("[  REASON  ] ");
	vprint_message(format, ap);
	print_message("\n");
	va_end(ap);
	skip();
	abort();
}

const char *test_require(const char *program)
{
	const char *path = file_program(program);

	if (!path)
		test_skip("%s is not installed", program);
	return path;
}
