/*
 * A connection's way through its states, held against the diagram of RFC 9293; see log.h.
 */
#include "test.h"

#include <string.h>

#include "../../include/tcpwaitspy/states.h"

#define TO(state) (1u << SPY_STATE_##state)

/*
 * RFC 9293, 3.3.2, one step each, with reset and abort (CLOSED from everywhere) and with Linux's
 * socket that may connect or listen again.
 */
static const unsigned int steps[SPY_STATE_COUNT] = {
	[SPY_STATE_CLOSED] = TO(LISTEN) | TO(SYN_SENT),
	[SPY_STATE_LISTEN] = TO(SYN_RECV) | TO(SYN_SENT),
	[SPY_STATE_SYN_SENT] = TO(SYN_RECV) | TO(ESTABLISHED),
	[SPY_STATE_SYN_RECV] = TO(ESTABLISHED) | TO(FIN_WAIT_1),
	[SPY_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT),
	[SPY_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT),
	[SPY_STATE_FIN_WAIT_2] = TO(TIME_WAIT),
	[SPY_STATE_CLOSE_WAIT] = TO(LAST_ACK),
	[SPY_STATE_CLOSING] = TO(TIME_WAIT),
	[SPY_STATE_LAST_ACK] = 0,
	[SPY_STATE_TIME_WAIT] = 0,
};

static unsigned int number_of(const char *name)
{
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++) {
		if (strcmp(spy_state_name(state), name) == 0)
			return state;
	}
	test_fail("%s is no state", name);
	return 0;
}

/* One look may see several steps at once: everything that can be reached is a way. */
static bool can_reach(unsigned int from, unsigned int to)
{
	unsigned int reached = 1u << from | TO(CLOSED);

	for (unsigned int round = 0; round < SPY_STATE_COUNT; round++) {
		for (unsigned int state = 1; state < SPY_STATE_COUNT; state++) {
			/* What CLOSED leads to is another connection's way, unless it began there. */
			if (reached & 1u << state && (state != SPY_STATE_CLOSED || from == SPY_STATE_CLOSED))
				reached |= steps[state];
		}
	}
	return reached & 1u << to;
}

/* Asked anew before these, so that a change that nobody has seen before may show as their start. */
static bool looks_before(json_object *record)
{
	static const char *const calls[] = {"close", "shutdown", "closefrom", "close_range", "fclose", "dup2", "dup3"};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		if (strcmp(log_text(record, "call"), calls[i]) == 0)
			return true;
	}
	return false;
}

const char *log_states(const struct log *log, int64_t pid, int64_t conn)
{
	const struct log_match match = {.pid = pid, .conn = conn};
	const char *way = "";
	const char *last = NULL;

	for (json_object *record = log_next(log, NULL, &match); record; record = log_next(log, record, &match)) {
		const char *before = log_text(record, "state_before");
		const char *after = log_text(record, "state");

		if (strcmp(log_text(record, "type"), "finding") == 0)
			continue;
		if (last && strcmp(before, last) != 0 && !looks_before(record))
			test_fail("connection %lld was left in %s and goes on from %s: %s", (long long)conn, last,
				  before, json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
		if ((last && !can_reach(number_of(last), number_of(before))) ||
		    !can_reach(number_of(before), number_of(after)))
			test_fail("TCP has no way %s, %s, %s: %s", last ? last : "-", before, after,
				  json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
		if (!last || strcmp(last, before) != 0)
			way = memory_text("%s%s%s", way, *way ? " " : "", before);
		if (strcmp(before, after) != 0)
			way = memory_text("%s %s", way, after);
		last = after;
	}
	return way;
}
