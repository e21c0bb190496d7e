/*
 * A flight record that cannot be had: something else is there, a limit or a full disk is in the way. It is said in
 * one line, and the program runs as it would without; what was there stays.
 */
#include "../../support/record.h"
#include "../../support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../tools/read/item.h"

#define TALK SCRIPT_PAIR "send c hello; recv a 9\n" SCRIPT_END

/* One line on standard error that names the path and the reason; the program is as it would be. */
static void assert_refused(const char *path, const char *lines, const char *reason)
{
	struct run_result result = script_run_same(record_options(path, ""), lines);

	assert_string_equal(result.err, memory_text("tcpwaitspy: cannot record to \"%s\": %s; nothing is recorded\n",
						    path, reason));
}

static void what_is_no_record_is_refused_with_one_line(void **state)
{
	const char *path = file_temp("notes.txt");

	(void)state;
	file_write(path, "precious\n");
	assert_refused(path, TALK, "something else is there, which is no flight record");
	assert_string_equal(file_read(path, NULL), "precious\n");
	assert_refused(file_temp(""), TALK, "EISDIR");
	assert_refused(file_temp("no/such/directory/a.rec"), TALK, "ENOENT");
	assert_int_equal(symlink(path, file_temp("link.rec")), 0);
	assert_refused(file_temp("link.rec"), TALK, "ELOOP");
}

static void limit_files(void)
{
	const struct rlimit limit = {4096, 4096};

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(126);
}

static void a_limit_on_the_size_of_files_is_told_and_does_not_kill(void **state)
{
	struct run_spec spec = {
		.argv = {file_built("tests/programs/script")},
		.options = memory_text("record=%s:calls=none:summary=0", file_temp("a.rec")),
		.input = TALK,
		.in_child = limit_files,
	};
	struct run_result result;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_non_null(strstr(result.err, "record_size is over the limit on the size of files (setrlimit)"));
	assert_int_equal(access(file_temp("a.rec"), F_OK), -1);
}

/* A disk of so many bytes, which only this test process and its children see. */
static const char *mount_disk(const char *size)
{
	const char *path = file_temp("disk");

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		test_skip("no mounts of its own are allowed here: %s", strerror(errno));
	assert_int_equal(mkdir(path, 0755), 0);
	if (mount("tmpfs", path, "tmpfs", 0, memory_text("size=%s", size)) != 0)
		test_skip("a tmpfs cannot be mounted: %s", strerror(errno));
	return path;
}

/* Before the directory that it stands in is removed. */
static int unmount_and_teardown(void **state)
{
	umount2(file_temp("disk"), MNT_DETACH);
	return test_teardown(state);
}

static void a_disk_without_room_is_told_at_the_start(void **state)
{
	const char *path = memory_text("%s/a.rec", mount_disk("512k"));
	glob_t found;

	(void)state;
	assert_refused(path, TALK, "ENOSPC");
	/* Nothing is left of the attempt. */
	assert_int_equal(glob(memory_text("%s*", path), 0, NULL, &found), GLOB_NOMATCH);
	globfree(&found);
}

static void fill(const char *path)
{
	static const char bytes[65536];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	ssize_t done;

	do
		done = write(fd, bytes, sizeof(bytes));
	while (done > 0);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void a_disk_that_fills_up_later_loses_nothing(void **state)
{
	const char *disk = mount_disk("2m");
	const char *path = memory_text("%s/a.rec", disk);
	struct run_process *script;
	struct run_result result;
	struct record record;

	(void)state;
	script = script_start(record_options(path, "calls=none"));
	script_say_all(script, SCRIPT_PAIR);
	fill(memory_text("%s/rest", disk));
	for (int i = 0; i < 20; i++)
		script_say_all(script, "rounds c a 50\n");
	script_say_all(script, SCRIPT_END);
	run_hang_up(script);
	result = run_finish(script);
	run_assert_exit(&result, 0);
	record = record_read(path);
	assert_int_equal(record.skipped, 0);
	assert_null(record.trouble);
	assert_true(record_count(&record, ITEM_CALL, 0, "send") >= 1000);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "close"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_record_is_refused_with_one_line),
		TEST(a_limit_on_the_size_of_files_is_told_and_does_not_kill),
		cmocka_unit_test_setup_teardown(a_disk_without_room_is_told_at_the_start, test_setup,
						unmount_and_teardown),
		cmocka_unit_test_setup_teardown(a_disk_that_fills_up_later_loses_nothing, test_setup,
						unmount_and_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
