/*
 * Reading and searching a JSON log; see log.h.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../include/tcpwaitspy/states.h"
#include "schema.h"

static void release_record(void *object)
{
	json_object_put(object);
}

static json_object *parse_line(const char *line, size_t len, const char *name, size_t number)
{
	json_tokener *tokener = json_tokener_new();
	json_object *record;
	const char *complaint;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its end, so that a number or a word at the very end is known to be whole. */
	record = json_tokener_parse_ex(tokener, line, (int)len + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success || json_tokener_get_parse_end(tokener) < len)
		test_fail("%s:%zu is not one JSON value (%s):\n%s", name, number,
			  json_tokener_error_desc(json_tokener_get_error(tokener)), line);
	json_tokener_free(tokener);
	memory_keep(record, release_record);
	complaint = schema_complaint(record);
	if (complaint)
		test_fail("%s:%zu: %s:\n%s", name, number, complaint, line);
	return record;
}

static struct log parse(const char *text, size_t len, const char *name, bool may_grow)
{
	char *copy = memory_get(len + 1);
	size_t lines = 1;
	struct log log = {0};

	memcpy(copy, text, len);
	for (size_t i = 0; i < len; i++)
		lines += copy[i] == '\n';
	log.records = memory_get(lines * sizeof(void *));
	for (char *line = copy; line < copy + len;) {
		char *end = memchr(line, '\n', (size_t)(copy + len - line));

		if (!end && may_grow)
			break;
		if (!end)
			test_fail("%s: the last line is not ended:\n%s", name, line);
		*end = '\0';
		log.records[log.count] = parse_line(line, (size_t)(end - line), name, log.count + 1);
		log.count++;
		line = end + 1;
	}
	return log;
}

struct log log_parse(const char *text, size_t len, const char *name)
{
	return parse(text, len, name, false);
}

struct log log_read(const char *path)
{
	size_t len = 0;
	char *text = file_read(path, &len);

	if (!text)
		test_fail("there is no log %s", path);
	return parse(text, len, path, false);
}

json_object *log_member(json_object *record, const char *member)
{
	char name[64];

	while (record && member) {
		const char *dot = strchr(member, '.');

		snprintf(name, sizeof(name), "%.*s", dot ? (int)(dot - member) : (int)strlen(member), member);
		if (!json_object_is_type(record, json_type_object))
			return NULL;
		record = json_object_object_get(record, name);
		member = dot ? dot + 1 : NULL;
	}
	return record;
}

const char *log_text(json_object *record, const char *member)
{
	json_object *value = log_member(record, member);

	return value ? json_object_get_string(value) : "";
}

int64_t log_number(json_object *record, const char *member)
{
	json_object *value = log_member(record, member);

	return value ? json_object_get_int64(value) : LOG_NO_NUMBER;
}

static bool says(json_object *record, const char *member, const char *expected)
{
	return !expected || strcmp(log_text(record, member), expected) == 0;
}

static bool matches(json_object *record, const struct log_match *match)
{
	return says(record, "type", match->type) && says(record, "call", match->call) &&
	       says(record, "rule", match->rule) && says(record, "state", match->state) &&
	       says(record, "state_before", match->state_before) && says(record, "errno", match->error) &&
	       (!match->conn || log_number(record, "conn") == match->conn) &&
	       (!match->pid || log_number(record, "pid") == match->pid) &&
	       (!match->fd || log_number(record, "fd") == match->fd);
}

json_object *log_next(const struct log *log, json_object *after, const struct log_match *match)
{
	size_t i = 0;

	if (after) {
		while (i < log->count && log->records[i] != after)
			i++;
		i++;
	}
	for (; i < log->count; i++) {
		if (matches(log->records[i], match))
			return log->records[i];
	}
	return NULL;
}

static const char *describe(const struct log_match *match)
{
	return memory_text("type=%s call=%s rule=%s state=%s state_before=%s errno=%s conn=%lld pid=%lld fd=%d",
			   match->type ? match->type : "*", match->call ? match->call : "*",
			   match->rule ? match->rule : "*", match->state ? match->state : "*",
			   match->state_before ? match->state_before : "*", match->error ? match->error : "*",
			   (long long)match->conn, (long long)match->pid, match->fd);
}

/* The end of a log, which is where one looks first. */
static void print_tail(const struct log *log)
{
	for (size_t i = log->count > 40 ? log->count - 40 : 0; i < log->count; i++)
		print_error("    %s\n", json_object_to_json_string_ext(log->records[i], JSON_C_TO_STRING_PLAIN));
}

json_object *log_first(const struct log *log, const struct log_match *match)
{
	json_object *record = log_next(log, NULL, match);

	if (!record) {
		print_tail(log);
		test_fail("no record with %s among these %zu", describe(match), log->count);
	}
	return record;
}

json_object *log_last(const struct log *log, const struct log_match *match)
{
	json_object *last = log_first(log, match);

	for (json_object *record = last; record; record = log_next(log, record, match))
		last = record;
	return last;
}

size_t log_count(const struct log *log, const struct log_match *match)
{
	size_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += matches(log->records[i], match);
	return count;
}

struct waited {
	const char *path;
	const struct log_match *match;
	struct log log;
};

static bool has_come(void *arg)
{
	struct waited *waited = arg;
	size_t len = 0;
	char *text = file_read(waited->path, &len);

	if (!text)
		return false;
	waited->log = parse(text, len, waited->path, true);
	return log_next(&waited->log, NULL, waited->match) != NULL;
}

struct log log_wait(const char *path, const struct log_match *match)
{
	struct waited waited = {.path = path, .match = match};

	test_until(has_come, &waited, memory_text("a record with %s in %s", describe(match), path));
	return waited.log;
}

void log_assert_text(json_object *record, const char *member, const char *expected)
{
	if (strcmp(log_text(record, member), expected) != 0)
		test_fail("%s is \"%s\" instead of \"%s\" in %s", member, log_text(record, member), expected,
			  json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
}

void log_assert_like(json_object *record, const char *member, const char *pattern)
{
	if (!test_matches(log_text(record, member), pattern))
		test_fail("%s is \"%s\" and not like %s in %s", member, log_text(record, member), pattern,
			  json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
}

void log_assert_number(json_object *record, const char *member, int64_t expected)
{
	if (log_number(record, member) != expected)
		test_fail("%s is %s instead of %lld in %s", member, log_text(record, member), (long long)expected,
			  json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
}

void log_assert_no_fault(const struct log *log)
{
	size_t faults = 0;

	for (size_t i = 0; i < log->count; i++) {
		json_object *record = log->records[i];

		if (!says(record, "type", "finding") || says(record, "severity", "note"))
			continue;
		print_error("    %s\n", json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
		faults++;
	}
	if (faults)
		test_fail("%zu findings (above) on a program that does it right", faults);
}
