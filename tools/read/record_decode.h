/*
 * The payloads of a flight record's events as items. What a payload says is checked: one that does
 * not hold together gives no item.
 */
#ifndef TOOLS_READ_RECORD_DECODE_H
#define TOOLS_READ_RECORD_DECODE_H

#include "../../include/tcpwaitspy/calls.h"
#include "../../include/tcpwaitspy/record.h"
#include "item.h"
#include "room.h"

/* A line of the file's table of calls. */
struct record_call_names {
	const char *name;
	const char *args[SPY_CALL_ARGS];
	int known; /* as enum spy_call_id, where this build has that call with these arguments; -1: not */
};

struct record_calls {
	size_t count;
	struct record_call_names *calls; /* one more than count: for numbers that the table does not have */
};

/* Takes the table apart; text is changed and must live as long as calls. */
struct record_calls record_calls_read(char *text, size_t len, struct room *room);

/* SPY_RECORD_CALL and SPY_RECORD_STATE. Texts are the room's. False: damaged. */
bool record_decode_call(const struct spy_record_event *event, const uint8_t *payload, const struct record_calls *calls,
			struct room *room, struct item *item);

#endif
