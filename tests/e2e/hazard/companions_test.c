/*
 * Beside others: libraries that are preloaded, too, before and after the shim, and programs that were built with
 * sanitizers. Each does what it does without the shim, which still sees the calls.
 */
#include "compare.h"

#include <stdio.h>

#define TALK                                                                                                           \
	SCRIPT_PAIR "send c hello; recv a 9; rounds c a 20; shutdown c wr; recv a 9; send a x; recv c 9\n"             \
		    "d=dup a; close a; close d; recv c 9; close c; close s\n"

/* The script with the library alone, and with the shim before and after it. */
static void run_beside(const char *library, const char *setting, size_t accepts)
{
	const char *shim = file_built("libtcpwaitspy.so");
	const char *orders[] = {memory_text("%s:%s", shim, library), memory_text("%s:%s", library, shim)};
	struct run_spec spec = {.argv = {file_built("tests/programs/script")}, .plain = true, .input = TALK};
	struct run_result alone, both;
	struct log log;

	spec.env[0] = memory_text("LD_PRELOAD=%s", library);
	spec.env[1] = setting;
	alone = run(&spec);
	run_assert_exit(&alone, 0);
	assert_non_null(strstr(alone.out, "recv = 5 \"hello\""));
	spec.options = script_options("watch=10ms");
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		spec.env[0] = memory_text("LD_PRELOAD=%s", orders[i]);
		both = run(&spec);
		run_assert_same(&both, &alone);
		log = log_read(script_log());
		log_assert_no_fault(&log);
		hazard_summary(&log);
		if (log_count(&log, &(const struct log_match){.call = "accept"}) < accepts)
			test_fail("the accept() is not in the log of %s", orders[i]);
		assert_int_equal(remove(script_log()), 0);
	}
}

static void jemalloc(void **state)
{
	(void)state;
	run_beside(hazard_library("/usr/lib/*/libjemalloc.so.2"), NULL, 1);
}

/* Its sockets are no TCP sockets to the kernel; there may be nothing to see. */
static void socket_wrapper(void **state)
{
	(void)state;
	run_beside(hazard_library("/usr/lib/*/libsocket_wrapper.so"),
		   memory_text("SOCKET_WRAPPER_DIR=%s", file_temp("")), 0);
}

static void faketime_that_runs(void **state)
{
	(void)state;
	run_beside(hazard_library("/usr/lib/*/faketime/libfaketimeMT.so.1"), "FAKETIME=@2020-12-24 20:30:00", 1);
}

static void faketime_that_runs_faster(void **state)
{
	(void)state;
	run_beside(hazard_library("/usr/lib/*/faketime/libfaketimeMT.so.1"), "FAKETIME=+10y x2", 1);
}

static void tsocks(void **state)
{
	const char *settings = file_temp("tsocks.conf");

	(void)state;
	file_write(settings, "local = 127.0.0.0/255.0.0.0\nserver = 127.0.0.1\nserver_port = 1\n");
	run_beside(hazard_library("/usr/lib/*/libtsocks.so"), memory_text("TSOCKS_CONF_FILE=%s", settings), 1);
}

static void proxychains(void **state)
{
	const char *settings = file_temp("proxychains.conf");

	(void)state;
	file_write(settings,
		   "strict_chain\nquiet_mode\nlocalnet 127.0.0.0/255.0.0.0\n[ProxyList]\nsocks5 127.0.0.1 1\n");
	run_beside(hazard_library("/usr/lib/*/libproxychains.so.4"), memory_text("PROXYCHAINS_CONF_FILE=%s", settings),
		   1);
}

/* A program of tests/e2e/programs, built with a sanitizer, and run by it with and without the shim. */
static void run_sanitized(const char *compiler, const char *sanitizer, const char *setting)
{
	struct run_spec build = {.plain = true,
				 .argv = {test_require(compiler), sanitizer, "-D_GNU_SOURCE", "-g", "-pthread", "-o",
					  file_temp("program"), file_source("tests/e2e/programs/script.c"), "-ldl"}};
	struct run_spec spec = {.argv = {file_temp("program")}, .input = TALK};
	struct run_result result;
	struct log log;

	result = run(&build);
	if (result.status != 0)
		test_skip("%s cannot link %s here: %.200s", compiler, sanitizer, result.err);
	spec.options = script_options("watch=10ms");
	spec.env[0] = setting;
	result = hazard_compare(&spec);
	assert_string_equal(result.err, "");
	log = log_read(script_log());
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "accept", 1);
}

/* What is preloaded stands before its runtime, which it would refuse. */
static void program_with_AddressSanitizer(void **state)
{
	(void)state;
	run_sanitized("gcc", "-fsanitize=address", "ASAN_OPTIONS=verify_asan_link_order=0");
}

static void program_with_AddressSanitizer_inside(void **state)
{
	(void)state;
	run_sanitized("clang", "-fsanitize=address", "ASAN_OPTIONS=detect_leaks=1");
}

static void program_with_ThreadSanitizer(void **state)
{
	(void)state;
	run_sanitized("gcc", "-fsanitize=thread", "TSAN_OPTIONS=halt_on_error=1");
}

static void program_with_UndefinedBehaviorSanitizer(void **state)
{
	(void)state;
	run_sanitized("gcc", "-fsanitize=undefined", "UBSAN_OPTIONS=halt_on_error=1");
}

/* memcheck: the shim reads and hands over nothing uninitialised, and leaves the program's errors as they are. */
static void program_under_valgrind(void **state)
{
	struct run_spec spec = {.argv = {test_require("valgrind"), "-q", "--error-exitcode=9", "--track-fds=no",
					 "--child-silent-after-fork=no", file_built("tests/programs/script")},
				.plain = true,
				.input =
					TALK "fork send c child\n" SCRIPT_PAIR "close c; close c; recv a 9; close a\n"};
	struct run_result alone, both;
	struct log log;

	(void)state;
	alone = run(&spec);
	run_assert_exit(&alone, 0);
	spec.plain = false;
	spec.options = script_options("watch=10ms");
	both = run(&spec);
	if (both.status != alone.status)
		test_fail("memcheck says: %.2000s", both.err);
	run_assert_same(&both, &alone);
	log = log_read(script_log());
	log_first(&log, &(const struct log_match){.rule = "double-close"});
}

int main(void)
{
	const struct CMUnitTest companions[] = {
		TEST(jemalloc),
		TEST(socket_wrapper),
		TEST(faketime_that_runs),
		TEST(faketime_that_runs_faster),
		TEST(tsocks),
		TEST(proxychains),
		TEST(program_with_AddressSanitizer),
		TEST(program_with_AddressSanitizer_inside),
		TEST(program_with_ThreadSanitizer),
		TEST(program_with_UndefinedBehaviorSanitizer),
		TEST(program_under_valgrind),
	};

	return cmocka_run_group_tests_name("hazard_companions", companions, NULL, NULL);
}
