/*
 * The shim built for other machines and another libc (`make builds`): 32-bit x86 goes through the same tests as
 * this machine's build, musl and aarch64 are tried as far as they run here.
 */
#include "../support/record.h"
#include "../support/test.h"

#include <elf.h>
#include <grp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/read/item.h"

/* A whole test program of this folder against another build; what cannot hold there is left out by name. */
static void other_tests(const char *build, const char *name, const char *left_out)
{
	struct run_spec spec = {
		.argv = {file_built(memory_text("tests/e2e/%s", name))},
		.plain = true,
		.env = {memory_text("TCPWAITSPY_BUILD=%s", file_built(build)),
			memory_text("TCPWAITSPY_TEST_SKIP=%s", left_out ? left_out : "")},
	};
	struct run_result result = run(&spec);

	if (result.status != 0)
		test_fail("%s of %s:\n%.900s", name, build, result.err);
	assert_non_null(strstr(result.err, "[  PASSED  ]"));
}

/* A program of another build under its own shim; the log that came of it. */
static struct log run_other(const char *build, const char *program, const char *argument, const char *further)
{
	struct run_spec spec = {
		.argv = {file_built(memory_text("%s/%s", build, program)), argument},
		.plain = true,
	};
	struct run_result plain = run(&spec), result;

	spec.env[0] = memory_text("LD_PRELOAD=%s", file_built(memory_text("%s/libtcpwaitspy.so", build)));
	spec.env[1] = memory_text("TCPWAITSPY_OPTIONS=%s", script_options(further));
	result = run(&spec);
	run_assert_exit(&result, 0);
	run_assert_same(&result, &plain);
	return log_read(script_log());
}

static void i386_sees_each_call(void **state)
{
	(void)state;
	/* There is no accept(2) there, but accept4(2). */
	other_tests("i386", "log/calls_test", "syscall(SYS_accept)*");
}

static void i386_writes_the_same_log(void **state)
{
	(void)state;
	other_tests("i386", "log/json_test", NULL);
}

static void i386_knows_the_states(void **state)
{
	(void)state;
	/* That test's filter is one for 64-bit programs. */
	other_tests("i386", "log/states_test", "*netlink_is_refused");
}

static void i386_with_64_bit_times_is_seen_and_unchanged(void **state)
{
	static const char *const calls[] = {"setsockopt", "getsockopt", "fcntl",    "sendmsg",
					    "recvmsg",	  "sendmmsg",	"recvmmsg", "ioctl"};
	struct log log;

	(void)state;
	log = run_other("i386", "tests/programs/time64", NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		log_first(&log, &(const struct log_match){.type = "call", .call = calls[i]});
	log_assert_no_fault(&log);
}

static void musl_names_the_function(void **state)
{
	json_object *leak, *frames;
	struct log log;

	(void)state;
	log = run_other("musl", "demo/twins/close-wait-leak.bad", "0.5", "close_wait=100ms:watch=20ms");
	leak = log_first(&log, &(const struct log_match){.type = "finding", .rule = "close-wait-leak"});
	frames = log_member(leak, "stacks.eof");
	/* libunwind is glibc's: one frame, which is the call's own. */
	assert_int_equal(json_object_array_length(frames), 1);
	log_assert_text(json_object_array_get_idx(frames, 0), "function", "handle_client");
}

/* What another build has recorded is read here, call by call as its log has it. */
static void records_of_other_builds_are_read(void **state)
{
	static const char *const builds[] = {"i386", "musl"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(builds); i++) {
		const char *path = file_temp(memory_text("%s.rec", builds[i]));
		struct record record;
		struct log log;

		log = run_other(builds[i], "demo/twins/close-wait-leak.bad", "0.5",
				memory_text("close_wait=100ms:watch=20ms:record=%s:record_size=1M", path));
		record = record_read(path);
		assert_int_equal(record.skipped, 0);
		assert_null(record.trouble);
		assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "unknown"), 0);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, NULL),
				 log_count(&log, &(const struct log_match){.type = "call"}));
		assert_true(record_count(&record, ITEM_CALL, 0, "accept") +
				    record_count(&record, ITEM_CALL, 0, "accept4") >
			    0);
		assert_int_equal(record_count(&record, ITEM_FINDING, 0, "close-wait-leak"), 1);
		assert_int_equal(unlink(script_log()), 0);
	}
}

#define LARGE_USER 70000 /* more than the 16 bits of the numbers that the first Linux had */

static void become_large_user(void)
{
	const char *program = file_built("i386/tests/programs/script");

	if (setgroups(0, NULL) != 0 || setgid(LARGE_USER) != 0 || setuid(LARGE_USER) != 0 || access(program, X_OK) != 0)
		_exit(126);
}

/* A record is gone on with by the user whom it belongs to, and by nobody else. */
static void i386_knows_its_own_record_by_any_user(void **state)
{
	const char *path = file_temp("a.rec");
	struct run_spec spec = {
		.argv = {file_built("i386/tests/programs/script")},
		.plain = true,
		.env = {memory_text("LD_PRELOAD=%s", file_built("i386/libtcpwaitspy.so")),
			memory_text("TCPWAITSPY_OPTIONS=record=%s:record_size=1M:calls=none:summary=0:stack=0", path)},
		.input = SCRIPT_PAIR SCRIPT_END,
		.in_child = become_large_user,
	};
	struct record record;

	(void)state;
	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("only root can become another user");
	assert_int_equal(chown(file_temp(""), LARGE_USER, LARGE_USER), 0);
	for (int i = 0; i < 2; i++) {
		struct run_result result = run(&spec);

		if (WIFEXITED(result.status) && WEXITSTATUS(result.status) == 126)
			test_skip("that user cannot reach the build");
		run_assert_exit(&result, 0);
		assert_string_equal(result.err, "");
	}
	record = record_read(path);
	assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 2);
}

static void aarch64_is_a_shared_object_for_that_machine(void **state)
{
	const char *image;
	Elf64_Ehdr header;
	size_t len = 0;

	(void)state;
	image = file_read(file_built("aarch64/libtcpwaitspy.so"), &len);
	assert_true(image && len > sizeof(header));
	memcpy(&header, image, sizeof(header));
	assert_memory_equal(header.e_ident, ELFMAG, SELFMAG);
	assert_int_equal(header.e_type, ET_DYN);
	assert_int_equal(header.e_machine, EM_AARCH64);
}

int main(void)
{
	const struct CMUnitTest builds[] = {
		TEST(i386_sees_each_call),
		TEST(i386_writes_the_same_log),
		TEST(i386_knows_the_states),
		TEST(i386_with_64_bit_times_is_seen_and_unchanged),
		TEST(musl_names_the_function),
		TEST(records_of_other_builds_are_read),
		TEST(i386_knows_its_own_record_by_any_user),
		TEST(aarch64_is_a_shared_object_for_that_machine),
	};

	return cmocka_run_group_tests_name("other_builds", builds, NULL, NULL);
}
