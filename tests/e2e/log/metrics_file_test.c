/*
 * The metrics' file: how it is replaced, whose it is after fork(), what the program does to its descriptors
 * and its root, and that a file that cannot be written harms nobody.
 */
#include "../../support/prom.h"
#include "../../support/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define TALK SCRIPT_PAIR "send c hello; recv a 9\n" SCRIPT_END

/* The client has gone and its end of file was read, but not answered. */
#define LEAK SCRIPT_PAIR "send c hello; recv a 9; close c; recv a 9\n"

static const struct prom_match in_close_wait = {"connections", {"state=\"CLOSE_WAIT\""}};

static int entries(const char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	int count = 0;

	assert_non_null(list);
	while ((entry = readdir(list)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(list);
	return count;
}

static void nothing_but_the_file_is_left_and_others_may_read_it(void **state)
{
	struct stat info;
	const char *path = file_temp("dir/app.prom");
	struct run_result result;

	(void)state;
	umask(022);
	assert_int_equal(mkdir(file_temp("dir"), 0755), 0);
	/* What a killed process may have left there. */
	file_write(memory_text("%s.old.tmp", path), "");
	result = script_run(memory_text("metrics=%s:watch=1ms", path), TALK TALK TALK);
	run_assert_exit(&result, 0);
	assert_int_equal(entries(file_temp("dir")), 2);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0644);
}

static void umask_is_the_program_s(void **state)
{
	struct stat info;

	(void)state;
	umask(077);
	prom_run(NULL, TALK);
	umask(022);
	assert_int_equal(stat(prom_path(), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void symbolic_link_is_replaced_and_not_followed(void **state)
{
	const char *target = file_temp("target");
	struct stat info;

	(void)state;
	file_write(target, "precious\n");
	assert_int_equal(symlink(target, prom_path()), 0);
	prom_run(NULL, TALK);
	assert_string_equal(file_read(target, NULL), "precious\n");
	assert_int_equal(lstat(prom_path(), &info), 0);
	assert_true(S_ISREG(info.st_mode));
}

static void names_are_expanded_as_in_log(void **state)
{
	struct run_process *script;

	(void)state;
	script = script_start(memory_text("metrics=%s:watch=50ms", file_temp("%e.%p.prom")));
	script_say_all(script, SCRIPT_PAIR);
	prom_wait(file_temp(memory_text("script.%d.prom", (int)run_pid(script))), &prom_up, 1);
}

static void child_has_a_file_of_its_own(void **state)
{
	static const struct prom_match accepted = {"connections_accepted_total", {0}};
	struct run_process *script;
	const char *text;
	const char *child;
	DIR *list;
	struct dirent *entry;

	(void)state;
	script = script_start(prom_options(NULL));
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "fork close c; d=socket 4 stream; connect d 127.0.0.1 @s; close d");
	text = prom_wait(prom_path(), &accepted, 1);
	assert_int_equal(
		prom_count(text, &(const struct prom_match){"up", {memory_text("pid=\"%d\"", (int)run_pid(script))}}),
		1);
	child = NULL;
	list = opendir(file_temp(""));
	assert_non_null(list);
	while ((entry = readdir(list)))
		if (test_matches(entry->d_name, "^app\\.[0-9]+\\.prom$"))
			child = memory_text("%s", file_temp(entry->d_name));
	closedir(list);
	if (!child)
		test_fail("the child left no app.PID.prom");
	text = file_read(child, NULL);
	/* Its counts begin with itself. */
	assert_true(prom_value(text, &prom_up) == 0);
	assert_true(prom_value(text, &accepted) == 0);
	assert_true(prom_value(text, &(const struct prom_match){"connections_opened_total", {0}}) == 1);
	assert_true(prom_value(text, &(const struct prom_match){"calls_total", {"call=\"socket\""}}) == 1);
	assert_int_equal(prom_count(text, &(const struct prom_match){"calls_total", {"call=\"accept\""}}), 0);
}

static void child_that_touches_no_socket_has_no_file(void **state)
{
	struct run_process *script;

	(void)state;
	script = script_start(prom_options(NULL));
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "fork exit 0");
	prom_wait(prom_path(), &prom_up, 1);
	run_stop(script, SIGTERM);
	assert_int_equal(entries(file_temp("")), 1);
}

static void program_without_sockets_has_no_file(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(prom_options(NULL), "pid\n");
	run_assert_exit(&result, 0);
	assert_int_equal(access(prom_path(), F_OK), -1);
}

static void signal_that_ends_the_program_writes_it_once_more(void **state)
{
	struct run_process *script;
	struct run_result result;

	(void)state;
	script = script_start(prom_options("watch=1m"));
	script_say_all(script, LEAK);
	result = run_stop(script, SIGTERM);
	run_assert_signal(&result, SIGTERM);
	assert_true(prom_value(file_read(prom_path(), NULL), &prom_up) == 0);
	assert_true(prom_state(file_read(prom_path(), NULL), "CLOSE_WAIT") == 1);
}

static void without_a_thread_it_is_written_on_the_way_of_calls(void **state)
{
	struct run_process *script;

	(void)state;
	script = script_start(prom_options("watch=0"));
	script_say_all(script, SCRIPT_PAIR);
	prom_wait(prom_path(), &prom_up, 1);
	script_expect(script, "tasks", "tasks = 1");
	script_say_all(script, "close c; recv a 9; close a; close s\n");
	run_finish(script);
	assert_true(prom_value(file_read(prom_path(), NULL), &prom_up) == 0);
}

/* Runs TALK; it prints and returns what it does without the shim. One line says what is wrong. */
static void assert_one_line_says(const char *path, const char *word)
{
	struct run_result plain = script_run_plain(TALK);
	struct run_result result = script_run(memory_text("metrics=%s:watch=1ms:calls=none:summary=0", path), TALK);

	run_assert_same(&result, &plain);
	if (!strstr(result.err, word) || !strstr(result.err, path) || strchr(result.err, '\n')[1])
		test_fail("expected one line with %s and %s, not:\n%s", path, word, result.err);
}

static void file_that_cannot_be_written_is_said_once(void **state)
{
	(void)state;
	assert_int_equal(mkdir(file_temp("directory"), 0755), 0);
	assert_one_line_says(file_temp("none/app.prom"), "ENOENT");
	assert_one_line_says(file_temp("directory"), "EISDIR");
	assert_one_line_says("/proc/app.prom", "E");
	assert_one_line_says(file_temp("directory/"), "ENAMETOOLONG");
}

static void limit_files(void)
{
	const struct rlimit limit = {4096, 4096};

	setrlimit(RLIMIT_FSIZE, &limit);
}

/* As on a full disk: a part could be written, and is not left there. */
static void file_that_does_not_fit_is_not_half_there(void **state)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				      .options = prom_options("summary=0"),
				      .directory = file_temp(""),
				      .input = TALK TALK,
				      .in_child = limit_files};
	struct run_result result;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_non_null(strstr(result.err, "EFBIG"));
	assert_int_equal(entries(file_temp("")), 0);
}

/* However often the file is written meanwhile. */
static void descriptors_have_the_numbers_that_they_would_have(void **state)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/numbers")},
				      .options = prom_options("watch=1ms:summary=0")};
	struct run_result result;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_string_equal(result.out, "the same number\n");
	assert_true(prom_value(file_read(prom_path(), NULL), &prom_up) == 0);
}

/* What the program does to descriptors, its root and its rights; the file goes on. */
static void assert_goes_on_after(const char *lines)
{
	struct run_process *script = script_start(prom_options(NULL));

	script_say_all(script, SCRIPT_PAIR);
	prom_wait(prom_path(), &prom_up, 1);
	script_say(script, lines);
	assert_int_equal(unlink(prom_path()), 0);
	script_say_all(script, LEAK);
	prom_wait(prom_path(), &in_close_wait, 1);
	run_stop(script, SIGTERM);
	assert_true(prom_value(file_read(prom_path(), NULL), &prom_up) == 0);
}

static void file_goes_on_after_everything_is_closed(void **state)
{
	(void)state;
	assert_goes_on_after("closefrom 3");
	assert_goes_on_after("close_range 3 max");
	assert_goes_on_after("close_all 3 70000");
	assert_goes_on_after("x=open /dev/null; dup2_over x; close x");
}

static void file_goes_on_in_an_empty_root(void **state)
{
	(void)state;
	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("wants root");
	assert_int_equal(mkdir(file_temp("root"), 0755), 0);
	assert_int_equal(chmod(file_temp(""), 0777), 0);
	assert_goes_on_after(memory_text("chroot %s; become 65534", file_temp("root")));
}

static void limit_descriptors(void)
{
	const struct rlimit limit = {24, 24};

	setrlimit(RLIMIT_NOFILE, &limit);
}

static void program_without_a_free_descriptor_has_metrics(void **state)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				      .options = prom_options(NULL),
				      .dialog = true,
				      .directory = file_temp(""),
				      .in_child = limit_descriptors};
	static const struct prom_match exhausted = {"call_errors_total", {"call=\"socket\"", "errno=\"EMFILE\""}};
	struct run_process *script;
	int tried = 0;

	(void)state;
	script = run_start(&spec);
	script_say_all(script, SCRIPT_PAIR);
	for (int i = 0; i < 24; i++)
		tried += strstr(script_say(script, "x=socket 4 stream"), "EMFILE") != NULL;
	assert_true(tried > 0);
	prom_wait(prom_path(), &exhausted, tried);
	assert_int_equal(
		prom_count(file_read(prom_path(), NULL),
			   &(const struct prom_match){"place_findings_total",
						      {"rule=\"descriptors-exhausted\"", "function=\"word_socket\""}}),
		1);
}

/* One reader sees a whole file at every moment of its being replaced. */
static void reader_never_sees_a_part(void **state)
{
	struct run_process *script;

	(void)state;
	script = script_start(prom_options("watch=1ms"));
	script_say_all(script, SCRIPT_PAIR);
	prom_wait(prom_path(), &prom_up, 1);
	for (int i = 0; i < 400; i++) {
		size_t len;
		const char *text = file_read(prom_path(), &len);

		assert_non_null(text);
		assert_true(len > 0 && text[len - 1] == '\n');
		prom_value(text, &(const struct prom_match){"metrics_writes_failed_total", {0}});
	}
	script_say_all(script, "close c; recv a 9; close a; close s\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_but_the_file_is_left_and_others_may_read_it),
		TEST(umask_is_the_program_s),
		TEST(symbolic_link_is_replaced_and_not_followed),
		TEST(names_are_expanded_as_in_log),
		TEST(child_has_a_file_of_its_own),
		TEST(child_that_touches_no_socket_has_no_file),
		TEST(program_without_sockets_has_no_file),
		TEST(signal_that_ends_the_program_writes_it_once_more),
		TEST(without_a_thread_it_is_written_on_the_way_of_calls),
		TEST(file_that_cannot_be_written_is_said_once),
		TEST(file_that_does_not_fit_is_not_half_there),
		TEST(descriptors_have_the_numbers_that_they_would_have),
		TEST(file_goes_on_after_everything_is_closed),
		TEST(file_goes_on_in_an_empty_root),
		TEST(program_without_a_free_descriptor_has_metrics),
		TEST(reader_never_sees_a_part),
	};

	return cmocka_run_group_tests_name("metrics file", tests, NULL, NULL);
}
