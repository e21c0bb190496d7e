/*
 * The flight record's file: what is in it, and whose it is after fork() and exec(). Whatever that is, the program
 * runs as it would without.
 */
#include "../../support/record.h"
#include "../../support/test.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../tools/read/item.h"

#define TALK SCRIPT_PAIR "send c hello; recv a 9\n" SCRIPT_END

static void a_record_has_every_call_whatever_the_log_shows(void **state)
{
	static const char *const modes[] = {"calls=all", "calls=lifecycle", "calls=none", "calls=none:summary=0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const char *path = file_temp(memory_text("%zu.rec", i));
		struct record record;

		script_run_same(record_options(path, modes[i]), TALK);
		record = record_read(path);
		assert_int_equal(record.skipped, 0);
		assert_null(record.trouble);
		assert_int_equal(record.items[0].type, ITEM_PROCESS);
		assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "socket"), 2);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "connect"), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "accept"), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "send"), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "recv"), 2);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "close"), 3);
		assert_int_equal(record_count(&record, ITEM_SUMMARY, 0, NULL), i < 3);
	}
}

/* The same calls with the same facts as in the JSON log of the same run. */
static void a_record_says_what_the_log_says(void **state)
{
	const char *path = file_temp("a.rec");
	struct record record;
	struct log log;
	size_t calls = 0;

	(void)state;
	log = script_run_logged(memory_text("record=%s:record_size=1M", path), TALK "recv c 5\n");
	record = record_read(path);
	for (size_t i = 0; i < log.count; i++) {
		const struct record_item *item = NULL;

		if (strcmp(log_text(log.records[i], "type"), "call") != 0)
			continue;
		for (size_t n = 0, seen = 0; n < record.count && !item; n++)
			if (record.items[n].type == ITEM_CALL && seen++ == calls)
				item = &record.items[n];
		if (!item)
			test_fail("the log has more calls than the record's %zu", calls);
		assert_string_equal(item->name, log_text(log.records[i], "call"));
		assert_int_equal(item->ret, log_number(log.records[i], "ret"));
		assert_int_equal(item->conn, log_number(log.records[i], "conn"));
		assert_int_equal(item->pid, log_number(log.records[i], "pid"));
		assert_int_equal(item->tid, log_number(log.records[i], "tid"));
		assert_string_equal(spy_state_name((unsigned int)item->state), log_text(log.records[i], "state"));
		calls++;
	}
	assert_true(calls > 10);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, NULL), calls);
	assert_int_equal(record_count(&record, ITEM_FINDING, 0, "recv-after-close"), 1);
}

/* The records in the temporary directory; "" where there are fewer. */
static const char *find_record(size_t number)
{
	glob_t found;
	const char *path = "";

	if (glob(file_temp("*.rec"), 0, NULL, &found) == 0 && number < found.gl_pathc)
		path = memory_text("%s", found.gl_pathv[number]);
	globfree(&found);
	return path;
}

static void a_program_without_tcp_leaves_no_event(void **state)
{
	struct record record;

	(void)state;
	/* With %p it leaves no file at all. */
	script_run_same(record_options(file_temp("%p.rec"), ""), "");
	assert_string_equal(find_record(0), "");
	script_run_same(record_options(file_temp("a.rec"), ""), "");
	record = record_read(file_temp("a.rec"));
	assert_int_equal(record.count, 0);
	assert_null(record.trouble);
}

/* The pid of the first process in the record that is not this one. */
static int other_pid(const struct record *record, int pid)
{
	for (size_t i = 0; i < record->count; i++)
		if (record->items[i].pid != pid)
			return record->items[i].pid;
	return 0;
}

static void a_forks_child_writes_under_its_own_pid(void **state)
{
	const char *path = file_temp("a.rec");
	struct record record;
	int parent, child;

	(void)state;
	script_run_same(record_options(path, ""), SCRIPT_PAIR "fork send c hello; recv a 9\n" SCRIPT_END);
	record = record_read(path);
	parent = record.items[0].pid;
	child = other_pid(&record, parent);
	assert_int_not_equal(child, 0);
	assert_int_equal(record_count(&record, ITEM_PROCESS, parent, NULL), 1);
	assert_int_equal(record_count(&record, ITEM_PROCESS, child, NULL), 1);
	assert_int_equal(record_count(&record, ITEM_CALL, child, "send"), 1);
	assert_int_equal(record_count(&record, ITEM_CALL, parent, "send"), 0);
	assert_int_equal(record_count(&record, ITEM_SUMMARY, parent, NULL), 1);
	assert_int_equal(record.skipped, 0);
}

static void with_percent_p_a_forks_child_has_a_file_of_its_own(void **state)
{
	size_t sends = 0, closes = 0;

	(void)state;
	script_run_same(record_options(file_temp("%p.rec"), ""),
			SCRIPT_PAIR "fork send c hello; recv a 9\n" SCRIPT_END);
	for (size_t i = 0; i < 2; i++) {
		const char *path = find_record(i);
		struct record record = record_read(path);
		int pid = atoi(strrchr(path, '/') + 1);

		assert_int_equal(other_pid(&record, pid), 0);
		assert_int_equal(record_count(&record, ITEM_PROCESS, pid, NULL), 1);
		sends += record_count(&record, ITEM_CALL, 0, "send");
		closes += record_count(&record, ITEM_CALL, 0, "close");
		/* One of the two, and not both, has all of it. */
		assert_true((sends == 1) != (closes == 3) || i == 1);
	}
	assert_int_equal(sends, 1);
	assert_int_equal(closes, 3);
	assert_string_equal(find_record(2), "");
}

static void a_child_that_cannot_make_its_own_goes_on_in_its_parents(void **state)
{
	struct record record;

	(void)state;
	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("only root can change its root");
	assert_int_equal(mkdir(file_temp("root"), 0755), 0);
	script_run_same(
		record_options(file_temp("%p.rec"), ""),
		memory_text(SCRIPT_PAIR "fork chroot %s; send c hello; recv a 9\n" SCRIPT_END, file_temp("root")));
	record = record_read(find_record(0));
	assert_string_equal(find_record(1), "");
	assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 2);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "send"), 1);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "close"), 3);
}

static void exec_goes_on_in_the_same_record(void **state)
{
	static const char *const names[] = {"a.rec", "%p.rec"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct record record;

		script_run(record_options(file_temp(names[i]), ""), SCRIPT_PAIR "exec\n" SCRIPT_LISTENER "close s\n");
		record = record_read(find_record(0));
		assert_int_equal(record_count(&record, ITEM_PROCESS, record.items[0].pid, NULL), 2);
		assert_int_equal(other_pid(&record, record.items[0].pid), 0);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "accept"), 1);
		assert_int_equal(record_count(&record, ITEM_CALL, 0, "socket"), 3);
		assert_int_equal(record.skipped, 0);
		assert_string_equal(find_record(1), "");
		unlink(find_record(0));
	}
}

static void the_next_run_goes_on_in_it(void **state)
{
	const char *path = file_temp("a.rec");
	struct record record;

	(void)state;
	for (int i = 0; i < 3; i++)
		script_run_same(record_options(path, ""), TALK);
	record = record_read(path);
	assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 3);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "close"), 9);
	assert_int_equal(record_count(&record, ITEM_SUMMARY, 0, NULL), 3);
}

static void programs_that_start_at_once_share_one_record(void **state)
{
	const char *path = file_temp("a.rec");
	struct run_process *scripts[4];
	struct record record;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		scripts[i] = script_start(record_options(path, ""));
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		script_say_all(scripts[i], TALK);
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		run_hang_up(scripts[i]);
		run_finish(scripts[i]);
	}
	record = record_read(path);
	assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 4);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "close"), 12);
	assert_string_equal(find_record(1), "");
}

/* Threads of several processes at once: none damages another's event, and none is missing. */
static void processes_and_threads_write_side_by_side(void **state)
{
	const char *path = file_temp("a.rec");
	struct run_spec spec = {
		.argv = {file_built("tests/programs/crowd"), "4", "8", "300"},
		.options = memory_text("record=%s:record_size=8M:calls=none:log=%s", path, file_temp("log.txt")),
	};
	struct run_result result;
	struct record record;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	record = record_read(path);
	assert_int_equal(record.skipped, 0);
	assert_null(record.trouble);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "send"), 4 * 8 * 300);
	/* And the end of each connection. */
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "recv"), 4 * 8 * 301);
	assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_has_every_call_whatever_the_log_shows),
		TEST(a_record_says_what_the_log_says),
		TEST(a_program_without_tcp_leaves_no_event),
		TEST(a_forks_child_writes_under_its_own_pid),
		TEST(with_percent_p_a_forks_child_has_a_file_of_its_own),
		TEST(a_child_that_cannot_make_its_own_goes_on_in_its_parents),
		TEST(exec_goes_on_in_the_same_record),
		TEST(the_next_run_goes_on_in_it),
		TEST(programs_that_start_at_once_share_one_record),
		TEST(processes_and_threads_write_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
