/*
 * Driving the script program; see script.h.
 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

const char *script_log(void)
{
	return file_temp("log.json");
}

const char *script_options(const char *further)
{
	return memory_text("log=%s:format=json%s%s", script_log(), further ? ":" : "", further ? further : "");
}

static struct run_spec spec_of(const char *options, const char *lines)
{
	return (struct run_spec){
		.argv = {file_built("tests/programs/script")},
		.options = options,
		.input = lines,
		.directory = file_temp(""),
	};
}

struct run_result script_run(const char *options, const char *lines)
{
	struct run_spec spec = spec_of(options, lines);

	return run(&spec);
}

struct run_result script_run_plain(const char *lines)
{
	struct run_spec spec = spec_of(NULL, lines);

	spec.plain = true;
	return run(&spec);
}

struct log script_run_logged(const char *further, const char *lines)
{
	struct run_result result = script_run(script_options(further), lines);

	run_assert_exit(&result, 0);
	return log_read(script_log());
}

struct run_result script_run_same(const char *options, const char *lines)
{
	struct run_result plain = script_run_plain(lines);
	struct run_result result = script_run(options, lines);

	run_assert_same(&result, &plain);
	return result;
}

struct log script_run_alike(const char *further, const char *lines)
{
	script_run_same(script_options(further), lines);
	return log_read(script_log());
}

struct run_process *script_start(const char *options)
{
	struct run_spec spec = spec_of(options, NULL);

	spec.dialog = true;
	return run_start(&spec);
}

const char *script_say(struct run_process *script, const char *line)
{
	const char *last = "";
	const char *reply;

	run_say(script, line);
	while ((reply = run_hear(script)) && strcmp(reply, ".") != 0)
		last = reply;
	if (!reply)
		test_fail("the script ended at \"%s\" after \"%s\"; standard error:\n%s", line, last,
			  run_stderr_now(script));
	return last;
}

void script_expect(struct run_process *script, const char *line, const char *reply)
{
	const char *last = script_say(script, line);

	if (strcmp(last, reply) != 0)
		test_fail("\"%s\" was answered with \"%s\" instead of \"%s\"", line, last, reply);
}

void script_say_all(struct run_process *script, const char *lines)
{
	char *copy = memory_keep(strdup(lines), free);
	char *rest;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		script_say(script, line);
}
