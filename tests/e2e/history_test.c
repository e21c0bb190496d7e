/*
 * Bugs that servers really had: for each the original's call pattern, which is told at the function
 * at fault, and the corrected one beside it, about which there is nothing to tell. The programs are
 * found in history/, so that a new pair needs no line here. The head of a bad one says what is
 * expected, in paragraphs of
 *
 *	Rule:     the finding's rule
 *	Cause:    its cause (where the rule has one)
 *	Fault:    the function at the top of the stack that the rule charges (where it can have one)
 *	Severity: note (where it is no error and no warning)
 *
 * and, once each, "Ends: SIGPIPE" where the program dies of it, and "Missed:" with the reason where
 * the tool is known not to tell. Of errors and warnings there is no other.
 */
#include "../support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../support/pairs.h"

#define VERDICTS_MAX 4

struct verdict {
	const char *rule;
	const char *cause;
	const char *fault;
	const char *severity;
};

struct verdicts {
	struct verdict of[VERDICTS_MAX];
	size_t count;
	const char *ends;
	const char *missed;
};

/* Sets *word to the word after the label that a line of the head begins with; or leaves it alone. */
static void read_label(const char *line, const char *label, const char **word)
{
	size_t len = strlen(label);

	if (strncmp(line, " * ", 3) != 0 || strncmp(line + 3, label, len) != 0)
		return;
	line += 3 + len;
	line += strspn(line, " ");
	*word = memory_text("%.*s", (int)strcspn(line, " \n"), line);
}

/* NULL where there is no such program. */
static const char *source_of(const char *program)
{
	return file_read(file_source(memory_text("tests/e2e/history/%s.c", program)), NULL);
}

static struct verdicts read_head(const char *program)
{
	const char *line = source_of(program);
	struct verdicts verdicts = {.count = 0};

	for (; line && strncmp(line, " */", 3) != 0; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *rule = NULL;
		struct verdict *last;

		read_label(line, "Rule:", &rule);
		if (rule) {
			if (!pairs_is_rule(rule) || verdicts.count == VERDICTS_MAX)
				test_fail("%s.c: rule %s is not in rules.def, or one too many", program, rule);
			verdicts.of[verdicts.count++] = (struct verdict){.rule = rule};
		}
		if (verdicts.count == 0)
			continue;
		last = &verdicts.of[verdicts.count - 1];
		read_label(line, "Cause:", &last->cause);
		read_label(line, "Fault:", &last->fault);
		read_label(line, "Severity:", &last->severity);
		read_label(line, "Ends:", &verdicts.ends);
		read_label(line, "Missed:", &verdicts.missed);
	}
	if (verdicts.count == 0)
		test_fail("%s.c is not there, or names no rule in its head", program);
	return verdicts;
}

/* The same bug's other program. */
static const char *beside(const char *program, const char *kind)
{
	return memory_text("%.*s.%s", (int)(strrchr(program, '.') - program), program, kind);
}

static struct log run_program(const char *program, const char *ends)
{
	struct run_spec spec = {
		.argv = {file_built(memory_text("tests/history/%s", program)), "1.0"},
		.options = script_options("close_wait=100ms:fin_wait=10s:watch=50ms"),
	};
	struct run_result result = run(&spec);

	if (WIFEXITED(result.status) && WEXITSTATUS(result.status) == PAIRS_EXIT_SKIPPED)
		test_skip("%s cannot run here: %s", program, result.out);
	if (ends && strcmp(ends, "SIGPIPE") == 0)
		run_assert_signal(&result, SIGPIPE);
	else
		run_assert_exit(&result, 0);
	return log_read(script_log());
}

/* The function at the top of the stack that the rule charges: "here" for most. */
static const char *place_of(json_object *finding)
{
	static const struct {
		const char *rule;
		const char *stacks[2]; /* the first that there is */
	} others[] = {
		{"close-wait-leak", {"eof", "created"}},
		{"idle-close-wait", {"created"}},
		{"shutdown-without-close", {"closed"}},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (strcmp(others[i].rule, log_text(finding, "rule")) != 0)
			continue;
		if (strcmp(log_text(finding, "cause"), "held-elsewhere") == 0)
			return pairs_top_of(finding, "closed");
		for (size_t j = 0; j < ARRAY_LEN(others[i].stacks) && others[i].stacks[j]; j++) {
			if (*pairs_top_of(finding, others[i].stacks[j]))
				return pairs_top_of(finding, others[i].stacks[j]);
		}
		return "";
	}
	return pairs_top_of(finding, "here");
}

static bool is_as_expected(json_object *finding, const struct verdict *verdict)
{
	return (!verdict->cause || strcmp(log_text(finding, "cause"), verdict->cause) == 0) &&
	       (!verdict->severity || strcmp(log_text(finding, "severity"), verdict->severity) == 0) &&
	       (!verdict->fault || strcmp(place_of(finding), verdict->fault) == 0);
}

static bool is_told(const struct log *log, const struct verdict *verdict)
{
	const struct log_match match = {.type = "finding", .rule = verdict->rule};

	for (json_object *finding = log_next(log, NULL, &match); finding; finding = log_next(log, finding, &match)) {
		if (is_as_expected(finding, verdict))
			return true;
	}
	return false;
}

static void assert_told(const struct log *log, const struct verdict *verdict)
{
	const struct log_match match = {.type = "finding", .rule = verdict->rule};
	const char *seen;

	if (is_told(log, verdict))
		return;
	seen = json_object_to_json_string_ext(log_last(log, &match), JSON_C_TO_STRING_PLAIN);
	test_fail("no %s (cause %s) at %s; the last is %s", verdict->rule, verdict->cause ? verdict->cause : "any",
		  verdict->fault ? verdict->fault : "any place", seen);
}

/* A bad program does one thing wrong, and is told of nothing else. */
static void assert_nothing_else_told(const struct log *log, const struct verdicts *verdicts)
{
	const struct log_match match = {.type = "finding"};

	for (json_object *finding = log_next(log, NULL, &match); finding; finding = log_next(log, finding, &match)) {
		bool expected = strcmp(log_text(finding, "severity"), "note") == 0;

		for (size_t i = 0; i < verdicts->count; i++)
			expected |= strcmp(log_text(finding, "rule"), verdicts->of[i].rule) == 0;
		if (!expected)
			test_fail("told of something else: %s",
				  json_object_to_json_string_ext(finding, JSON_C_TO_STRING_PLAIN));
	}
}

static void bad_program_is_told_at_its_function(void **state)
{
	const char *program = *state;
	struct verdicts verdicts;
	struct log log;

	assert_int_equal(test_setup(NULL), 0);
	verdicts = read_head(program);
	assert_non_null(source_of(beside(program, "good")));
	log = run_program(program, verdicts.ends);
	if (verdicts.missed) {
		/* When that is mended, the line in the head goes. */
		assert_false(is_told(&log, &verdicts.of[0]));
		test_skip("known to be missed, see the head of %s.c", program);
	}
	for (size_t i = 0; i < verdicts.count; i++)
		assert_told(&log, &verdicts.of[i]);
	assert_nothing_else_told(&log, &verdicts);
}

static void good_program_is_silent(void **state)
{
	const char *program = *state;
	struct verdicts verdicts;
	struct log log;

	assert_int_equal(test_setup(NULL), 0);
	verdicts = read_head(beside(program, "bad"));
	log = run_program(program, NULL);
	log_assert_no_fault(&log);
	/* Not as a note, either. */
	for (size_t i = 0; i < verdicts.count; i++)
		assert_int_equal(
			log_count(&log, &(const struct log_match){.type = "finding", .rule = verdicts.of[i].rule}), 0);
	/* It was seen, and not just left alone. */
	assert_true(log_count(&log, &(const struct log_match){.type = "call"}) > 0);
}

int main(void)
{
	return pairs_run("history", "tests/e2e/history", bad_program_is_told_at_its_function, good_program_is_silent);
}
