/*
 * The ledger: how long connections were in each WAIT state, LAST_ACK and CLOSING.
 *
 * Locks: the core's, held by the caller.
 */
#ifndef SPY_CORE_LEDGER_H
#define SPY_CORE_LEDGER_H

#include "table.h"

/* One state's account; connections counts each connection once, whatever it did after. */
struct spy_account {
	uint64_t connections;
	uint64_t total_ns;
	uint64_t max_ns;
};

#define SPY_WAIT_PLACES 128u /* further places are in the states' accounts only */

/* The same for one state and the place in the code that put the connections there. */
struct spy_wait_place {
	enum spy_state state;
	uint32_t stack; /* 0: not known */
	struct spy_account account;
};

/*
 * A histogram of the stays that are over, by state: how many were at most so many milliseconds long,
 * each bound counting those that the one before it does not; and behind the last bound all longer ones.
 */
#define SPY_WAIT_BOUNDS_MS                                                                                             \
	{                                                                                                              \
		1, 10, 100, 1000, 5000, 10000, 30000, 60000, 120000, 300000, 1800000, 3600000, 21600000, 86400000      \
	}
#define SPY_WAIT_BOUNDS 14u

extern const uint32_t spy_wait_bounds_ms[SPY_WAIT_BOUNDS];

struct spy_histogram {
	uint64_t count[SPY_WAIT_BOUNDS + 1];
	uint64_t total_ns;
};

struct spy_ledger {
	struct spy_account states[SPY_STATE_COUNT];
	struct spy_histogram stays[SPY_STATE_COUNT];
	struct spy_wait_place places[SPY_WAIT_PLACES];
	uint32_t place_count;
};

/*
 * Moves conn to state, which began at since_ns (not before the one it leaves), and books the
 * time of the state that it leaves. Returns that time in ns.
 */
uint64_t spy_ledger_move(struct spy_ledger *ledger, struct spy_conn *conn, enum spy_state state, uint64_t since_ns);

/* Books what conn has spent in its state until now, without a move: for a summary's copy of the ledger. */
void spy_ledger_book(struct spy_ledger *ledger, const struct spy_conn *conn, uint64_t now_ns);

#endif
