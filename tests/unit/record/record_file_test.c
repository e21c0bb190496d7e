/*
 * Tests of shim/record/record_file.h: a record is made whole or not at all, gone on with, and never
 * put over anything else.
 */
#include "record_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct spy_record_map map_again(const struct record_ring *made, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", made->directory, name);
	return spy_record_map(path, 1, RECORD_SIZE);
}

static void refuse(const struct record_ring *made, const char *name, const char *why)
{
	struct spy_record_map map = map_again(made, name);

	assert_null(map.memory);
	assert_non_null(map.why);
	assert_string_equal(map.why, why);
}

static void a_new_record_is_private_and_its_space_is_reserved(void **state)
{
	struct record_ring *made = *state;
	struct stat status;

	assert_int_equal(stat(made->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, RECORD_SIZE);
	assert_true(status.st_blocks * 512 >= (blkcnt_t)RECORD_SIZE);
}

static void an_old_record_is_gone_on_with_whatever_its_size(void **state)
{
	struct record_ring *made = *state;
	struct spy_record_map map;

	record_put(made, 7, 1, 1000);
	map = spy_record_map(made->path, 2, 4 * RECORD_SIZE);
	assert_non_null(map.memory);
	assert_int_equal(map.size, RECORD_SIZE);
	assert_memory_equal(map.memory, made->map.memory, RECORD_SIZE);
	munmap(map.memory, RECORD_SIZE);
}

static void what_is_no_record_stays_as_it_is(void **state)
{
	struct record_ring *made = *state;
	static const char text[] = "precious";
	char path[128];
	char bytes[16];
	int fd;

	snprintf(path, sizeof(path), "%s/text", made->directory);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	refuse(made, "text", "something else is there, which is no flight record");
	assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	refuse(made, "text", "something else is there, which is no flight record");
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(text));
	assert_string_equal(bytes, text);
	close(fd);
	unlink(path);
	mkfifo(path, 0600);
	refuse(made, "text", "it is no regular file");
	unlink(path);
}

static void a_link_is_not_followed(void **state)
{
	struct record_ring *made = *state;
	struct spy_record_map map;
	char path[128];

	snprintf(path, sizeof(path), "%s/link", made->directory);
	assert_int_equal(symlink(made->path, path), 0);
	map = map_again(made, "link");
	assert_null(map.memory);
	assert_int_equal(map.err, ELOOP);
	unlink(path);
}

static void records_of_others_are_refused(void **state)
{
	struct record_ring *made = *state;
	struct spy_record_header *header = made->ring.header;

	header->version++;
	refuse(made, "a.rec", "a record of another version or build of tcpwaitspy is there");
	header->version--;
	header->slot_count--;
	refuse(made, "a.rec", "a damaged record is there");
	header->slot_count++;
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(made->path, 65534, 65534), 0);
	refuse(made, "a.rec", "it belongs to another user");
}

static void a_limit_on_files_is_told_and_raises_no_signal(void **state)
{
	struct record_ring *made = *state;
	struct rlimit limit, small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	refuse(made, "big", "record_size is over the limit on the size of files (setrlimit)");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(map_again(made, "big/not").err, ENOENT);
}

static void nothing_is_left_where_none_can_be_made(void **state)
{
	struct record_ring *made = *state;
	struct spy_record_map map;
	char path[128];

	/* More than any file system has. */
	snprintf(path, sizeof(path), "%s/huge", made->directory);
	map = spy_record_map(path, 1, UINT64_C(1) << 60);
	assert_null(map.memory);
	assert_true(map.err == ENOSPC || map.err == EFBIG);
	assert_int_equal(access(path, F_OK), -1);
	/* The directory is empty but for the first one, or the teardown fails. */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, record_ring_setup, record_ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_record_is_private_and_its_space_is_reserved),
		TEST(an_old_record_is_gone_on_with_whatever_its_size),
		TEST(what_is_no_record_stays_as_it_is),
		TEST(a_link_is_not_followed),
		TEST(records_of_others_are_refused),
		TEST(a_limit_on_files_is_told_and_raises_no_signal),
		TEST(nothing_is_left_where_none_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
