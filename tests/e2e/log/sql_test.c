/*
 * docs/sql.md: its schema, its way of loading and each of its queries, taken from the page itself and run
 * over logs of real runs on two hosts.
 */
#include "../../support/test.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Two connections whose clients go: the server closes one of them, after it has looked in vain for data
 * twice, and forgets the other.
 */
#define LEAK                                                                                                           \
	SCRIPT_PAIR "send c hello; recv a 9; close c; recv a 9\n"                                                      \
		    "d=socket 4 stream; connect d 127.0.0.1 @s; b=accept s\n"                                          \
		    "recv b 9 dontwait; recv b 9 dontwait; close d; recv b 9; close b; close s\n"

/* The block of SQL that follows a text of the page. */
static const char *block_after(const char *heading, int number)
{
	char *text = file_read(file_source("docs/sql.md"), NULL);
	char *at = text ? strstr(text, heading) : NULL;
	char *end = NULL;

	for (; at && number >= 0; number--) {
		at = strstr(at, "```sql\n");
		at += at ? strlen("```sql\n") : 0;
	}
	end = at ? strstr(at, "```\n") : NULL;
	if (!end)
		test_fail("docs/sql.md has no SQL after %s", heading);
	*end = '\0';
	return at;
}

/* sqlite3 on the test's database. */
static char *sqlite(const char *const *commands, const char *input)
{
	struct run_spec spec = {.argv = {test_require("sqlite3"), "-bail", "-json", file_temp("tcp.db")},
				.plain = true,
				.input = input};
	struct run_result result;

	for (size_t i = 0; commands && commands[i]; i++)
		spec.argv[4 + i] = commands[i];
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
	return result.out;
}

/* As the page's shell loop does it. */
static void take_in(const char *path)
{
	const char *commands[] = {".mode ascii", ".separator \"\\037\" \"\\n\"", memory_text(".import '%s' line", path),
				  block_after("## Loading", 1), NULL};

	sqlite(commands, NULL);
}

/* The answer to the query under a heading: an array of rows. */
static json_object *answer(const char *heading)
{
	const char *commands[] = {block_after(memory_text("\n### %s\n", heading), 0), NULL};
	const char *text = sqlite(commands, NULL);
	json_object *rows = json_tokener_parse(text);

	if (!rows)
		test_fail("%s: no rows: %s", heading, text);
	memory_keep(rows, (void (*)(void *))(uintptr_t)json_object_put);
	return rows;
}

/* The one row in which the members have these values; values are compared as text. */
static json_object *row_with(json_object *rows, const char *name, const char *value, const char *name2,
			     const char *value2)
{
	json_object *found = NULL;

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		json_object *row = json_object_array_get_idx(rows, i);

		if (strcmp(log_text(row, name), value) != 0 || (name2 && strcmp(log_text(row, name2), value2) != 0))
			continue;
		if (found)
			test_fail("two rows with %s %s: %s", name, value, json_object_to_json_string(rows));
		found = row;
	}
	if (!found)
		test_fail("no row with %s %s: %s", name, value, json_object_to_json_string(rows));
	return found;
}

static void be_host(const char *name)
{
	if (unshare(CLONE_NEWUTS) != 0 || sethostname(name, strlen(name)) != 0)
		test_skip("no host name of its own");
}

static const char *log_path(const char *name)
{
	return file_temp(memory_text("%s.json", name));
}

static struct run_process *start_logged(const char *name)
{
	return script_start(memory_text("log=%s:format=json:close_wait=10ms:watch=20ms", log_path(name)));
}

static void run_leak(const char *name)
{
	struct run_process *script = start_logged(name);
	struct run_result result;

	script_say_all(script, LEAK);
	log_wait(log_path(name), &(const struct log_match){.rule = "close-wait-leak"});
	result = run_finish(script);
	run_assert_exit(&result, 0);
}

/* Killed with a connection in CLOSE_WAIT, before anything was found; and its log ends in the middle of a line. */
static void run_killed(const char *name)
{
	struct run_process *script = script_start(memory_text("log=%s:format=json", log_path(name)));
	FILE *log;

	script_say_all(script, SCRIPT_PAIR "close c; recv a 9\n");
	run_stop(script, SIGKILL);
	log = fopen(log_path(name), "a");
	assert_non_null(log);
	fputs("{\"v\":1,\"type\":\"call\",\"ts\":\"2026", log);
	fclose(log);
}

static void run_annotated(const char *name)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/annotate"), "tenant 7"},
				      .options = memory_text("log=%s:format=json", log_path(name))};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
}

static void load_everything(void)
{
	static const char *const names[] = {"leak1", "leak2", "annotated", "killed"};

	test_require("sqlite3");
	be_host("web1");
	run_leak("leak1");
	be_host("web2");
	run_leak("leak2");
	run_annotated("annotated");
	run_killed("killed");
	sqlite(NULL, block_after("## Loading", 0));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		take_in(log_path(names[i]));
}

static void assert_findings(void)
{
	json_object *rows = answer("Worst places");
	json_object *row = row_with(rows, "rule", "close-wait-leak", NULL, NULL);

	log_assert_text(row, "severity", "error");
	log_assert_text(row, "function", "word_recv");
	log_assert_number(row, "findings", 2);
	log_assert_number(row, "hosts", 2);
	log_assert_number(row, "processes", 2);
	log_assert_text(json_object_array_get_idx(rows, 0), "rule", "close-wait-leak");
	log_assert_text(row_with(rows, "rule", "double-close", NULL, NULL), "function", "main");
	rows = answer("Findings so far");
	log_assert_number(row_with(rows, "rule", "close-wait-leak", NULL, NULL), "processes", 2);
	rows = answer("Who is concerned");
	log_assert_number(row_with(rows, "note", "tenant 7", "rule", "double-close"), "findings", 1);
	rows = answer("What one connection did");
	assert_true(json_object_array_length(rows) > 3);
	log_assert_text(json_object_array_get_idx(rows, 0), "type", "call");
	row_with(rows, "type", "finding", "what", "close-wait-leak");
}

/* What `minutes` come to for a host; the last of them has what is left. */
static void assert_minutes(json_object *minutes, const char *host, int64_t came, int64_t went)
{
	int64_t all_came = 0, all_went = 0, left = 0;

	for (size_t i = 0; i < json_object_array_length(minutes); i++) {
		json_object *row = json_object_array_get_idx(minutes, i);

		if (strcmp(log_text(row, "host"), host) != 0)
			continue;
		all_came += log_number(row, "came");
		all_went += log_number(row, "went");
		left = log_number(row, "in_close_wait");
	}
	assert_int_equal(all_came, came);
	assert_int_equal(all_went, went);
	assert_int_equal(left, came - went);
}

static void assert_close_wait(void)
{
	json_object *rows = answer("Hosts with growing CLOSE_WAIT");
	double before = 1e9;
	int64_t still_there = 0;

	/* On web2 the annotated program's client is closed properly, and the killed one's server is not. */
	assert_minutes(rows, "web1", 2, 1);
	assert_minutes(rows, "web2", 4, 2);
	rows = answer("Hosts by growth");
	log_assert_text(json_object_array_get_idx(rows, 0), "host", "web2");
	log_assert_number(json_object_array_get_idx(rows, 0), "left_there", 2);
	log_assert_number(row_with(rows, "host", "web1", NULL, NULL), "left_there", 1);
	rows = answer("Longest CLOSE_WAIT");
	assert_int_equal(json_object_array_length(rows), 6);
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		json_object *row = json_object_array_get_idx(rows, i);
		double seconds = json_object_get_double(log_member(row, "seconds"));

		assert_true(seconds >= 0 && seconds <= before);
		before = seconds;
		still_there += log_number(row, "still_there");
	}
	assert_int_equal(still_there, 3);
	/* A leak of 10 ms and more, and not a call's length. */
	assert_true(json_object_get_double(log_member(json_object_array_get_idx(rows, 0), "seconds")) >= 0.01);
	rows = answer("Time in states");
	log_assert_number(row_with(rows, "state", "CLOSE_WAIT", NULL, NULL), "connections", 5);
}

static void assert_calls(void)
{
	json_object *rows = answer("Connections by peer");
	json_object *row = row_with(rows, "peer", "127.0.0.1", NULL, NULL);

	assert_int_equal(json_object_array_length(rows), 1);
	log_assert_number(row, "connections", 12);
	log_assert_number(row, "accepted", 6);
	log_assert_number(row, "opened", 6);
	rows = answer("Calls that fail");
	row = row_with(rows, "call", "recv", "errno", "EAGAIN");
	log_assert_number(row, "calls", 4);
	log_assert_number(row, "processes", 2);
	log_assert_number(row, "connections", 2);
	log_assert_number(row_with(rows, "call", "close", "errno", "EBADF"), "calls", 1);
	rows = answer("Where the time goes");
	log_assert_number(row_with(rows, "call", "accept", NULL, NULL), "calls", 6);
}

static void queries_of_the_page_answer_what_they_say(void **state)
{
	(void)state;
	load_everything();
	assert_findings();
	assert_close_wait();
	assert_calls();
}

/* No query of the page goes untested. */
static void every_query_of_the_page_is_known_here(void **state)
{
	static const char *const known[] = {"Worst places",
					    "Findings so far",
					    "Hosts with growing CLOSE_WAIT",
					    "Hosts by growth",
					    "Longest CLOSE_WAIT",
					    "Connections by peer",
					    "Time in states",
					    "Calls that fail",
					    "Where the time goes",
					    "What one connection did",
					    "Who is concerned"};
	const char *at = file_read(file_source("docs/sql.md"), NULL);
	size_t count = 0;

	(void)state;
	assert_non_null(at);
	while ((at = strstr(at, "\n### "))) {
		const char *heading;
		bool found = false;

		at += strlen("\n### ");
		heading = memory_text("%.*s", (int)strcspn(at, "\n"), at);
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found = found || strcmp(known[i], heading) == 0;
		if (!found)
			test_fail("docs/sql.md: the query \"%s\" is not tested", heading);
		count++;
	}
	assert_int_equal(count, ARRAY_LEN(known));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(queries_of_the_page_answer_what_they_say),
		TEST(every_query_of_the_page_is_known_here),
	};

	return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
