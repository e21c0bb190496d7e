/*
 * Metrics; see prom.h.
 */
#include "prom.h"

#include <string.h>

#include "test.h"

/* The labels of a line that is a sample of this name; NULL for others. */
static const char *labels_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, "tcpwaitspy_", 11) != 0 || strncmp(line + 11, name, len) != 0 || line[11 + len] != '{')
		return NULL;
	return line + 11 + len;
}

/* The label as a whole, between '{' or ',' and ',' or '}'. */
static bool has_label(const char *labels, const char *end, const char *label)
{
	size_t len = strlen(label);

	for (const char *at = strstr(labels, label); at && at < end; at = strstr(at + 1, label))
		if (strchr("{,", at[-1]) && strchr(",}", at[len]))
			return true;
	return false;
}

static bool is_match(const char *line, const char *end, const struct prom_match *match)
{
	const char *labels = labels_of(line, match->name);

	for (size_t i = 0; labels && i < PROM_LABELS_MAX && match->labels[i]; i++)
		if (!has_label(labels, end, match->labels[i]))
			return false;
	return labels != NULL;
}

static int find(const char *text, const struct prom_match *match, double *value)
{
	int count = 0;

	while (*text) {
		const char *end = strchr(text, '\n');

		if (!end)
			test_fail("the last line of the metrics has no end: %s", text);
		if (is_match(text, end, match)) {
			const char *number = end;

			while (number[-1] != ' ')
				number--;
			*value = strtod(number, NULL);
			count++;
		}
		text = end + 1;
	}
	return count;
}

double prom_value(const char *text, const struct prom_match *match)
{
	double value = 0;
	int count = find(text, match, &value);

	if (count != 1)
		test_fail("%d samples of tcpwaitspy_%s with %s, expected one:\n%s", count, match->name,
			  match->labels[0] ? match->labels[0] : "any label", text);
	return value;
}

int prom_count(const char *text, const struct prom_match *match)
{
	double value;

	return find(text, match, &value);
}

struct wait {
	const char *path;
	const struct prom_match *match;
	double value;
	const char *text;
};

static bool has_value(void *arg)
{
	struct wait *wait = arg;
	double value = 0;

	wait->text = file_read(wait->path, NULL);
	return wait->text && find(wait->text, wait->match, &value) == 1 && value == wait->value;
}

const char *prom_wait(const char *path, const struct prom_match *match, double value)
{
	struct wait wait = {path, match, value, NULL};

	test_until(has_value, &wait,
		   memory_text("tcpwaitspy_%s{%s} %g in %s", match->name, match->labels[0] ? match->labels[0] : "",
			       value, path));
	return wait.text;
}

const struct prom_match prom_up = {"up", {0}};

const char *prom_path(void)
{
	return file_temp("app.prom");
}

const char *prom_options(const char *further)
{
	return memory_text("metrics=%s:calls=none:watch=50ms%s%s", prom_path(), further ? ":" : "",
			   further ? further : "");
}

const char *prom_run(const char *further, const char *lines)
{
	struct run_result result = script_run(prom_options(further), lines);
	const char *text;

	run_assert_exit(&result, 0);
	text = file_read(prom_path(), NULL);
	if (!text)
		test_fail("there is no %s; standard error:\n%s", prom_path(), result.err);
	assert_true(prom_value(text, &prom_up) == 0);
	return text;
}

double prom_state(const char *text, const char *state)
{
	const struct prom_match match = {"connections", {memory_text("state=\"%s\"", state)}};

	return prom_value(text, &match);
}

void prom_check(const char *text)
{
	const struct run_spec spec = {
		.argv = {test_require("promtool"), "check", "metrics"}, .input = text, .plain = true};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	if (result.err_len || result.out_len)
		test_fail("promtool remarks: %s%s", result.out, result.err);
}
