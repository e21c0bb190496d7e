/*
 * The shim's own descriptors: a program without TCP has none of them, and the log that is closed meanwhile is
 * there when the first socket comes, whatever the program has given up before.
 */
#include "../../support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void program_without_tcp_has_the_descriptors_that_it_has_alone(void **state)
{
	static const char lines[] = "open_descriptors\nfork open_descriptors\nexec\nopen_descriptors\n";
	struct log log;

	(void)state;
	log = script_run_alike(NULL, lines);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
}

static void log_has_room_where_the_program_leaves_little(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, "limit_descriptors 7\n" SCRIPT_PAIR SCRIPT_END);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 1);
	log_assert_number(log.records[log.count - 1], "connections", 2);
	log_assert_no_fault(&log);
}

static void log_of_a_child_comes_with_its_first_socket(void **state)
{
	struct log log;
	int64_t parent;

	(void)state;
	log = script_run_logged(NULL, "fork s=socket 4 stream; close s; exit 0\n");
	parent = log_number(log.records[0], "pid");
	assert_int_not_equal(log_number(log_first(&log, &(const struct log_match){.call = "close"}), "pid"), parent);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
}

/* A log that is a pipe stays open: its reader would take the end of file for the end of the program. */
static void log_that_is_a_pipe_stays_open(void **state)
{
	const char *path = file_temp("pipe");
	static char text[65536];
	struct log log;
	ssize_t got;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	script_say_all(script_start(memory_text("log=%s:format=json", path)), "open_descriptors\n");
	got = read(fd, text, sizeof(text));
	assert_true(got > 0);
	log = log_parse(text, (size_t)got, "the pipe");
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 1);
	/* Nothing more yet, and not the end. */
	assert_int_equal(read(fd, text, sizeof(text)), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

/* What starts Java's children closes every descriptor before the program that was asked for. */
static void helper_that_closes_everything_inherits_nothing(void **state)
{
	const struct log_match inherited = {.type = "finding", .rule = "inherited-by-exec"};
	const char *helper = file_temp("jspawnhelper");
	struct log log;

	(void)state;
	assert_int_equal(symlink("/bin/true", helper), 0);
	log = script_run_logged(NULL, memory_text(SCRIPT_PAIR "spawn_with_all %s\n" SCRIPT_END, helper));
	assert_int_equal(log_count(&log, &inherited), 0);
	log = script_run_logged(NULL, SCRIPT_PAIR "spawn_with_all /bin/true\n" SCRIPT_END);
	assert_int_not_equal(log_count(&log, &inherited), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_without_tcp_has_the_descriptors_that_it_has_alone),
		TEST(log_has_room_where_the_program_leaves_little),
		TEST(log_of_a_child_comes_with_its_first_socket),
		TEST(log_that_is_a_pipe_stays_open),
		TEST(helper_that_closes_everything_inherits_nothing),
	};

	return cmocka_run_group_tests_name("own_descriptors", tests, NULL, NULL);
}
