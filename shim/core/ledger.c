/*
 * The ledger of time spent in states; see ledger.h.
 */
#include "ledger.h"

static void add_time(struct spy_account *account, uint64_t time_ns)
{
	account->total_ns += time_ns;
	if (time_ns > account->max_ns)
		account->max_ns = time_ns;
}

uint64_t spy_ledger_move(struct spy_ledger *ledger, struct spy_conn *conn, enum spy_state state, uint64_t since_ns)
{
	enum spy_state left = conn->state;
	uint64_t spent_ns;

	/* An age from the kernel has a resolution of milliseconds and may reach back too far. */
	if (since_ns < conn->since_ns)
		since_ns = conn->since_ns;
	spent_ns = since_ns - conn->since_ns;
	if (spy_state_is_wait(left))
		add_time(&ledger->states[left], spent_ns);
	if (spy_state_is_wait(state) && !(conn->states_seen & (1u << state)))
		ledger->states[state].connections++;
	conn->states_seen |= (uint16_t)(1u << state);
	atomic_store_explicit(&conn->state, (uint8_t)state, memory_order_relaxed);
	conn->since_ns = since_ns;
	return spent_ns;
}

void spy_ledger_book(struct spy_ledger *ledger, const struct spy_conn *conn, uint64_t now_ns)
{
	if (spy_state_is_wait(conn->state) && now_ns > conn->since_ns)
		add_time(&ledger->states[conn->state], now_ns - conn->since_ns);
}
