/*
 * A JSON log as a test reads it: each line a record that was checked against the contract, found
 * by what it says. Records live until the test ends.
 */
#ifndef SUPPORT_LOG_H
#define SUPPORT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

struct log {
	json_object **records;
	size_t count;
};

/* What a record must say; what is NULL or 0 is not asked. */
struct log_match {
	const char *type;
	const char *call;
	const char *rule;
	const char *state;
	const char *state_before;
	int64_t conn;
	int64_t pid;
	int fd; /* 0, standard input, is never a socket in these tests */
	const char *error;
};

/*
 * Reads a whole log. Fails the test, printing the line, where one is not ended, is no JSON for a
 * strict parser, or is not a record as contract.md has it.
 */
struct log log_read(const char *path);
/* The same for a text that was written to standard error. */
struct log log_parse(const char *text, size_t len, const char *name);

/* The first record that matches after `after` (NULL: from the start); NULL: none. */
json_object *log_next(const struct log *log, json_object *after, const struct log_match *match);
/* The same from the start; fails the test, printing the log, where there is none. */
json_object *log_first(const struct log *log, const struct log_match *match);
json_object *log_last(const struct log *log, const struct log_match *match);
size_t log_count(const struct log *log, const struct log_match *match);
/* Reads the log again and again until a record matches. */
struct log log_wait(const char *path, const struct log_match *match);

/* Members: "" and LOG_NO_NUMBER where there is none. A path of names may be joined by dots. */
#define LOG_NO_NUMBER INT64_MIN
const char *log_text(json_object *record, const char *member);
int64_t log_number(json_object *record, const char *member);
json_object *log_member(json_object *record, const char *member);

/* Fails, printing the record, unless the member is this text, is like this regular expression, or is this number. */
void log_assert_text(json_object *record, const char *member, const char *expected);
void log_assert_like(json_object *record, const char *member, const char *pattern);
void log_assert_number(json_object *record, const char *member, int64_t expected);

/*
 * The states of a connection in the order of the log, each change once, joined by spaces:
 * "CLOSED ESTABLISHED FIN_WAIT_1". Fails the test where a record starts from another state than
 * the one before it had ended in, or steps where RFC 9293 has no way.
 */
const char *log_states(const struct log *log, int64_t pid, int64_t conn);

/* Fails, printing them, where the log has a finding with severity error or warning. */
void log_assert_no_fault(const struct log *log);

#endif
