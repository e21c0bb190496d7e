/*
 * Every rule has a bad twin, which is told at the function that does it, and a good twin, which
 * does the same job and about which there is nothing to tell. They are found in demo/twins/, so
 * that a new pair needs no line here: the rule is the file's name up to its first dot, and the
 * head of a bad twin names the functions.
 */
#include "../support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../support/cli.h"
#include "../support/pairs.h"

static const char *rule_of(const char *twin)
{
	return memory_text("%.*s", (int)strcspn(twin, "."), twin);
}

/* The word after `label` in the twin's head; NULL where there is none. */
static const char *named_in_head(const char *twin, const char *label)
{
	const char *source = file_read(file_source(memory_text("demo/twins/%s.c", twin)), NULL);
	const char *at = source ? strstr(source, label) : NULL;

	if (!at)
		return NULL;
	at += strlen(label);
	at += strspn(at, " ");
	return memory_text("%.*s", (int)strcspn(at, " \n"), at);
}

/* Runs it without the shim and with it: it ends the same way, be it by a signal that is its point. */
static struct log run_twin(const char *twin)
{
	struct run_spec spec = {.argv = {file_built(memory_text("demo/twins/%s", twin)), "1.0"}, .plain = true};
	struct run_result plain = run(&spec);
	struct run_result result;

	if (WIFEXITED(plain.status) && WEXITSTATUS(plain.status) == PAIRS_EXIT_SKIPPED)
		test_skip("the twin cannot run here: %s", plain.err);
	if (!WIFSIGNALED(plain.status))
		run_assert_exit(&plain, 0);
	spec.plain = false;
	spec.options = script_options("close_wait=100ms:fin_wait=400ms:watch=50ms");
	result = run(&spec);
	if (result.status != plain.status)
		run_assert_same(&result, &plain);
	return log_read(script_log());
}

/* Where the finding says that it happened. */
static const char *place_of(json_object *finding)
{
	static const char *const stacks[] = {"here", "closed", "eof", "created"};

	for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
		if (*pairs_top_of(finding, stacks[i]))
			return pairs_top_of(finding, stacks[i]);
	}
	return "";
}

/* The definition of a function in a source: from its name to the brace in the first column. */
static bool find_function(const char *source, const char *name, const char **start, const char **end)
{
	for (*start = strstr(source, name); *start; *start = strstr(*start + 1, name)) {
		const char *body = *start + strcspn(*start, ";{");

		if ((*start)[strlen(name)] != '(' || *body != '{' || body[-1] != '\n')
			continue;
		*end = strstr(body, "\n}");
		return *end != NULL;
	}
	return false;
}

static unsigned int line_number(const char *source, const char *at)
{
	unsigned int line = 1;

	for (; source < at; source++)
		line += *source == '\n';
	return line;
}

/* The report on the same log names the rule, the function, and a line of its source inside it. */
static void assert_reported_inside(const char *twin, const char *rule, const char *fault)
{
	const char *path = memory_text("demo/twins/%s.c", twin);
	const char *source = file_read(file_source(path), NULL);
	struct run_result result = cli_run(NULL, "report", "--csv=-", script_log());
	const char *start, *end;

	run_assert_exit(&result, 0);
	if (!find_function(source, fault, &start, &end))
		test_fail("%s has no function %s", path, fault);
	for (const char *row = result.out; *row; row += strcspn(row, "\n") + 1) {
		const char *cell = row + strcspn(row, ",") + 1;
		const char *place = memory_text(",%s,", fault);
		const char *at = strncmp(cell, rule, strlen(rule)) == 0 ? strstr(cell, place) : NULL;
		const char *line = at && at < row + strcspn(row, "\n") ? strstr(at, memory_text("%s,", path)) : NULL;

		if (!line || line > row + strcspn(row, "\n"))
			continue;
		line += strlen(path) + 1;
		if (strtoul(line, NULL, 10) >= line_number(source, start) &&
		    strtoul(line, NULL, 10) <= line_number(source, end))
			return;
	}
	test_fail("no line of %s() in %s for %s in:\n%s\n%s", fault, path, rule, result.out, result.err);
}

static void bad_twin_is_told_at_its_function(void **state)
{
	const char *twin = *state;
	const char *fault;
	const char *created;
	const char *rule;
	struct log log;
	const char *seen = "";

	assert_int_equal(test_setup(NULL), 0);
	rule = rule_of(twin);
	if (!pairs_is_rule(rule))
		test_fail("%s is not in rules.def", rule);
	fault = named_in_head(twin, "Fault:");
	created = named_in_head(twin, "Created:");
	if (!fault)
		test_fail("%s.c names no function at fault in its head", twin);
	log = run_twin(twin);
	log_first(&log, &(const struct log_match){.rule = rule});
	for (json_object *finding = log_next(&log, NULL, &(const struct log_match){.rule = rule}); finding;
	     finding = log_next(&log, finding, &(const struct log_match){.rule = rule})) {
		if (strcmp(place_of(finding), fault) == 0 &&
		    (!created || strcmp(pairs_top_of(finding, "created"), created) == 0)) {
			assert_reported_inside(twin, rule, fault);
			return;
		}
		seen = json_object_to_json_string_ext(finding, JSON_C_TO_STRING_PLAIN);
	}
	test_fail("no %s at %s%s%s; the last is %s", rule, fault, created ? " created at " : "", created ? created : "",
		  seen);
}

static void good_twin_is_silent(void **state)
{
	const char *twin = *state;
	struct log log;

	assert_int_equal(test_setup(NULL), 0);
	log = run_twin(twin);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "finding", .rule = rule_of(twin)}), 0);
	log_assert_no_fault(&log);
	/* It was seen, and not just left alone. */
	assert_true(log_count(&log, &(const struct log_match){.type = "call"}) > 0);
}

int main(void)
{
	return pairs_run("twins", "demo/twins", bad_twin_is_told_at_its_function, good_twin_is_silent);
}
