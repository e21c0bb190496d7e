/*
 * What the tests of JSON lines share: where the lines come from, the room that they are composed in, and a reader
 * that says whether they are valid.
 */
#ifndef TESTS_UNIT_JSON_LINE_H
#define TESTS_UNIT_JSON_LINE_H

#include "../../../shim/format/format.h"
#include "../core/replay.h"

/* 2026-11-22 14:03:22.104512 UTC. */
#define CALL_NS	   (UINT64_C(1795356202) * 1000000000u + 104512000u)
#define HEAD(type) "{\"v\":1,\"type\":\"" type "\",\"ts\":\"2026-11-22T14:03:22.104512Z\",\"pid\":4711,\"tid\":4712"
#define CONN	   "\"conn\":12,\"local\":\"127.0.0.1:5197\",\"peer\":\"127.0.0.1:41822\""

static const struct spy_origin from = {.wall_ns = CALL_NS, .pid = 4711, .tid = 4712};
static const struct spy_line_conn accepted = {
	.id = 12,
	.accepted = true,
	.local = {.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET},
	.peer = {.ip = {127, 0, 0, 1}, .port = 41822, .family = AF_INET},
};

static char line[16384];

/* A reader of JSON (RFC 8259) that only says where a value ends; NULL where it is not valid. */
static inline const char *skip_value(const char *p);

static inline const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p))
			return NULL;
	}
	return p + 1;
}

/* The members of an object or the values of an array, up to the closing bracket. */
static inline const char *skip_members(const char *p, char close)
{
	if (*p == close)
		return p + 1;
	while (p) {
		if (close == '}') {
			p = skip_string(p);
			if (!p || *p++ != ':')
				return NULL;
		}
		p = skip_value(p);
		if (p && *p == close)
			return p + 1;
		if (!p || *p++ != ',')
			return NULL;
	}
	return NULL;
}

static inline const char *skip_value(const char *p)
{
	static const char *const words[] = {"true", "false", "null"};
	char *end;

	if (*p == '{')
		return skip_members(p + 1, '}');
	if (*p == '[')
		return skip_members(p + 1, ']');
	if (*p == '"')
		return skip_string(p);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	if (*p != '-' && (*p < '0' || *p > '9'))
		return NULL;
	strtod(p, &end);
	return end;
}

static inline void assert_one_object(const char *text)
{
	const char *end = *text == '{' ? skip_value(text) : NULL;

	if (!end || strcmp(end, "\n") != 0)
		fail_msg("no JSON object on one line: %s", text);
}

static inline void assert_contains(const char *part)
{
	if (!strstr(line, part))
		fail_msg("no %s in %s", part, line);
}

#endif
