/*
 * What a test expects of a program that has ended; see run.h.
 */
#include "test.h"

#include <string.h>
#include <sys/wait.h>

static const char *ending(int status)
{
	if (WIFEXITED(status))
		return memory_text("exit status %d", WEXITSTATUS(status));
	return memory_text("signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
}

void run_assert_exit(const struct run_result *result, int status)
{
	if (!WIFEXITED(result->status) || WEXITSTATUS(result->status) != status)
		test_fail("expected exit status %d, got %s; standard error:\n%.700s", status, ending(result->status),
			  result->err);
}

void run_assert_signal(const struct run_result *result, int sig)
{
	if (!WIFSIGNALED(result->status) || WTERMSIG(result->status) != sig)
		test_fail("expected signal %d, got %s; standard error:\n%.700s", sig, ending(result->status),
			  result->err);
}

void run_assert_same(const struct run_result *result, const struct run_result *expected)
{
	size_t same = 0;
	size_t line = 0;

	if (result->status != expected->status)
		test_fail("%s instead of %s; standard error:\n%.700s", ending(result->status), ending(expected->status),
			  result->err);
	for (; result->out[same] && result->out[same] == expected->out[same]; same++)
		line = result->out[same] == '\n' ? same + 1 : line;
	if (result->out_len != expected->out_len || result->out[same] != expected->out[same])
		test_fail("printed \"%.200s\" instead of \"%.200s\"", result->out + line, expected->out + line);
}
