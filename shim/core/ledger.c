/*
 * The ledger of time spent in states; see ledger.h.
 */
#include "ledger.h"

#include <stddef.h>

static void add_time(struct spy_account *account, uint64_t time_ns)
{
	account->total_ns += time_ns;
	if (time_ns > account->max_ns)
		account->max_ns = time_ns;
}

/*
 * The place that put conn into its state: where its end of file was read, or where it was made if
 * that was never read, for CLOSE_WAIT; where this side closed or shut down for all the others.
 */
static uint32_t place_of(const struct spy_conn *conn)
{
	const uint32_t *stacks = conn->stacks;

	if (conn->state == SPY_STATE_CLOSE_WAIT)
		return stacks[SPY_STACK_EOF] ? stacks[SPY_STACK_EOF] : stacks[SPY_STACK_CREATED];
	return spy_conn_end_stack(conn);
}

static struct spy_account *account_of(struct spy_ledger *ledger, enum spy_state state, uint32_t stack)
{
	struct spy_wait_place *place;

	for (uint32_t i = 0; i < ledger->place_count; i++) {
		place = &ledger->places[i];
		if (place->state == state && place->stack == stack)
			return &place->account;
	}
	if (ledger->place_count >= SPY_WAIT_PLACES)
		return NULL;
	place = &ledger->places[ledger->place_count++];
	*place = (struct spy_wait_place){.state = state, .stack = stack};
	return &place->account;
}

/* The time that conn has spent in its state goes to the state, and to the place that put it there. */
static void book(struct spy_ledger *ledger, const struct spy_conn *conn, uint64_t time_ns)
{
	enum spy_state state = conn->state;
	struct spy_account *account;

	if (!spy_state_is_wait(state) || (conn->flags & SPY_CONN_FORKED))
		return; /* What the parent has, it counts. */
	add_time(&ledger->states[state], time_ns);
	account = account_of(ledger, state, place_of(conn));
	if (!account)
		return;
	account->connections++;
	add_time(account, time_ns);
}

const uint32_t spy_wait_bounds_ms[SPY_WAIT_BOUNDS] = SPY_WAIT_BOUNDS_MS;

/* A stay is over. Its time is not in the histogram before: what a histogram has counted stays where it is. */
static void count_stay(struct spy_ledger *ledger, const struct spy_conn *conn, uint64_t time_ns)
{
	struct spy_histogram *stays = &ledger->stays[conn->state];
	uint32_t bound = 0;

	if (!spy_state_is_wait(conn->state) || (conn->flags & SPY_CONN_FORKED))
		return;
	while (bound < SPY_WAIT_BOUNDS && time_ns > spy_wait_bounds_ms[bound] * SPY_NS_PER_MS)
		bound++;
	stays->count[bound]++;
	stays->total_ns += time_ns;
}

uint64_t spy_ledger_move(struct spy_ledger *ledger, struct spy_conn *conn, enum spy_state state, uint64_t since_ns)
{
	uint64_t spent_ns;

	/* An age from the kernel has a resolution of milliseconds and may reach back too far. */
	if (since_ns < conn->since_ns)
		since_ns = conn->since_ns;
	spent_ns = since_ns - conn->since_ns;
	book(ledger, conn, spent_ns);
	if (state != conn->state)
		count_stay(ledger, conn, spent_ns);
	if (spy_state_is_wait(state) && !(conn->states_seen & (1u << state)) && !(conn->flags & SPY_CONN_FORKED))
		ledger->states[state].connections++;
	conn->states_seen |= (uint16_t)(1u << state);
	atomic_store_explicit(&conn->state, (uint8_t)state, memory_order_relaxed);
	conn->since_ns = since_ns;
	return spent_ns;
}

void spy_ledger_book(struct spy_ledger *ledger, const struct spy_conn *conn, uint64_t now_ns)
{
	book(ledger, conn, now_ns > conn->since_ns ? now_ns - conn->since_ns : 0);
}
