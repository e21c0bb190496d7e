/*
 * Where the shim cannot work as it would: a full disk, no standard error, no libunwind. It says
 * so once where there is a place to say it, counts what it lost, and the program is unharmed.
 */
#include "../../support/test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TALK  SCRIPT_PAIR "send c hello; recv a 9; rounds c a 50\n" SCRIPT_END
#define FAULT "close c; close c; recv a 9; close a; close s\n"

static char libunwind[256];

/* Mounts from now on are seen by nobody else. */
static bool own_mounts(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* A disk of 64 kB, which only this test process and its children see, as `disk` in the temporary directory. */
static const char *mount_tiny_disk(void)
{
	const char *path = file_temp("disk");

	if (!own_mounts())
		test_skip("no mounts of its own are allowed here: %s", strerror(errno));
	assert_int_equal(mkdir(path, 0755), 0);
	if (mount("tmpfs", path, "tmpfs", 0, "size=64k") != 0)
		test_skip("a tmpfs cannot be mounted: %s", strerror(errno));
	return path;
}

/* Before the directory that it stands in is removed. */
static int unmount_and_teardown(void **state)
{
	umount2(file_temp("disk"), MNT_DETACH);
	return test_teardown(state);
}

/* Covers every libunwind beside the one that the loader finds with a file that is no library. */
static void cover_libunwind(void)
{
	DIR *list = own_mounts() ? opendir(libunwind) : NULL;
	struct dirent *entry;
	int covered = 0;

	while (list && (entry = readdir(list))) {
		char path[512];

		if (strncmp(entry->d_name, "libunwind", 9) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", libunwind, entry->d_name);
		covered += mount("/dev/null", path, NULL, MS_BIND, NULL) == 0;
	}
	if (covered == 0)
		_exit(126);
}

static void require_mounts(void)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(own_mounts() ? 0 : 1);
	waitpid(pid, &status, 0);
	if (status != 0)
		test_skip("no mounts of its own are allowed here");
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* The disk is full while the connection is at work. */
#define TALK_ON_FULL_DISK SCRIPT_PAIR "fill disk/filler; rounds c a 20\n"

static void full_disk_is_said_once_and_harms_nobody(void **state)
{
	static const char lines[] = TALK_ON_FULL_DISK SCRIPT_END;
	struct run_result plain;
	struct run_result result;
	const char *log;

	(void)state;
	log = memory_text("%s/log.json", mount_tiny_disk());
	plain = script_run_plain(lines);
	assert_int_equal(unlink(file_temp("disk/filler")), 0);
	result = script_run(memory_text("log=%s:format=json", log), lines);
	run_assert_same(&result, &plain);
	assert_true(test_matches(result.err, "ENOSPC|No space left on device"));
	assert_non_null(strstr(result.err, log));
	/* The trouble, and at the end, since the summary cannot say it, what it has cost. */
	assert_int_equal(count_lines(result.err), 2);
	assert_true(test_matches(result.err, " [1-9][0-9]* lines lost"));
	/* The disk was full in the middle of a line, which was taken back: what there is are whole ones. */
	assert_true(log_read(log).count > 0);
}

static void lines_lost_on_a_full_disk_are_counted(void **state)
{
	struct run_result result;
	const char *log;
	char *text;

	(void)state;
	log = memory_text("%s/log.txt", mount_tiny_disk());
	/* There is room again before the summary. */
	result = script_run(memory_text("log=%s", log), TALK_ON_FULL_DISK "remove disk/filler\n" SCRIPT_END);
	run_assert_exit(&result, 0);
	text = file_read(log, NULL);
	assert_non_null(text);
	if (!test_matches(text, " [1-9][0-9]* lines lost"))
		test_fail("the summary tells of no lost line: %.700s",
			  strstr(text, "SUMMARY") ? strstr(text, "SUMMARY") : "there is none");
	assert_non_null(strstr(text, "close(3) = 0"));
}

static void closed_standard_error_leaves_descriptor_2_to_the_program(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.no_stderr = true,
				.directory = file_temp(""),
				.input = "x=open mine; write x before\n" TALK "write x after\n" SCRIPT_PAIR FAULT};
	struct run_process *process;
	struct run_result plain;
	struct run_result result;
	const char *log;

	(void)state;
	spec.plain = true;
	plain = run(&spec);
	assert_non_null(strstr(plain.out, "open = 2\n"));
	assert_int_equal(unlink(file_temp("mine")), 0);
	spec.plain = false;
	process = run_start(&spec);
	log = memory_text("/tmp/tcpwaitspy.%d.log", (int)run_pid(process));
	result = run_finish(process);
	run_assert_same(&result, &plain);
	assert_string_equal(file_read(file_temp("mine"), NULL), "beforeafter");
	/* Where the log has gone that had no standard error. */
	assert_non_null(strstr(file_read(log, NULL), "ERROR: "));
	assert_int_equal(unlink(log), 0);
}

static void closed_standard_error_leaves_a_log_file_alone(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.options = script_options("nonsense=1"),
				.no_stderr = true,
				.input = TALK};
	struct run_result result;
	struct log log;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 1);
	log_assert_text(log.records[log.count - 1], "type", "summary");
}

static void standard_error_that_is_a_broken_pipe_harms_nobody(void **state)
{
	static const char command[] = "exec 3>&1; { \"$0\" 2>&1 >&3 3>&-; echo status $? >&3; } | true";
	struct run_spec spec = {.argv = {"sh", "-c", command, file_built("tests/programs/script")}};
	struct run_result result;

	(void)state;
	spec.input = TALK TALK "pipe r w; write w alive; read r 9\n";
	result = run(&spec);
	/* Not ended by SIGPIPE in a write of ours. */
	assert_non_null(strstr(result.out, "read = 5 \"alive\"\n"));
	assert_non_null(strstr(result.out, "status 0\n"));
}

static void missing_libunwind_costs_the_stacks_only(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.options = script_options(NULL),
				.in_child = cover_libunwind,
				.input = SCRIPT_PAIR FAULT};
	void *library = dlopen("libunwind.so.8", RTLD_LAZY);
	struct link_map *map = NULL;
	struct run_result plain;
	struct run_result result;
	struct log log;
	json_object *stacks;

	(void)state;
	if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0)
		test_skip("libunwind is not installed");
	require_mounts();
	snprintf(libunwind, sizeof(libunwind), "%.*s", (int)(strrchr(map->l_name, '/') - map->l_name), map->l_name);
	dlclose(library);
	plain = script_run_plain(SCRIPT_PAIR FAULT);
	result = run(&spec);
	run_assert_same(&result, &plain);
	assert_int_equal(count_lines(result.err), 1);
	assert_non_null(strstr(result.err, "libunwind"));
	log = log_read(script_log());
	/* The caller of the hook is known without it, and no more. */
	stacks = log_member(log_first(&log, &(const struct log_match){.rule = "double-close"}), "stacks");
	json_object_object_foreach(stacks, name, frames)
	{
		assert_string_not_equal(name, "");
		assert_in_range(json_object_array_length(frames), 0, 1);
	}
}

static void stack_0_keeps_no_stacks_and_says_nothing(void **state)
{
	struct run_result result;
	struct log log;
	json_object *finding;

	(void)state;
	result = script_run(script_options("stack=0"), SCRIPT_PAIR FAULT);
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
	log = log_read(script_log());
	finding = log_first(&log, &(const struct log_match){.rule = "double-close"});
	assert_int_equal(json_object_object_length(log_member(finding, "stacks")), 0);
}

static void stack_2_keeps_two_frames(void **state)
{
	struct log log;
	json_object *stacks;

	(void)state;
	log = script_run_logged("stack=2", SCRIPT_PAIR FAULT);
	stacks = log_member(log_first(&log, &(const struct log_match){.rule = "double-close"}), "stacks");
	json_object_object_foreach(stacks, name, frames)
	{
		assert_string_not_equal(name, "");
		assert_in_range(json_object_array_length(frames), 1, 2);
	}
	assert_true(json_object_object_length(stacks) >= 2);
}

static void preloaded_twice_works_once(void **state)
{
	const char *shim = file_built("libtcpwaitspy.so");
	struct run_spec spec = {
		.argv = {file_built("tests/programs/script")}, .options = script_options(NULL), .plain = true};
	struct run_result result;
	struct log log;

	(void)state;
	spec.env[0] = memory_text("LD_PRELOAD=%s:%s", shim, shim);
	spec.input = TALK;
	result = run(&spec);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 1);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 1);
}

int main(void)
{
	const struct CMUnitTest trouble[] = {
		cmocka_unit_test_setup_teardown(full_disk_is_said_once_and_harms_nobody, test_setup,
						unmount_and_teardown),
		cmocka_unit_test_setup_teardown(lines_lost_on_a_full_disk_are_counted, test_setup,
						unmount_and_teardown),
		TEST(closed_standard_error_leaves_descriptor_2_to_the_program),
		TEST(closed_standard_error_leaves_a_log_file_alone),
		TEST(standard_error_that_is_a_broken_pipe_harms_nobody),
		TEST(missing_libunwind_costs_the_stacks_only),
		TEST(stack_0_keeps_no_stacks_and_says_nothing),
		TEST(stack_2_keeps_two_frames),
		TEST(preloaded_twice_works_once),
	};

	return cmocka_run_group_tests_name("trouble", trouble, NULL, NULL);
}
