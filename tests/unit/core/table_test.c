/*
 * Tests of shim/core/table.h: which descriptor refers to which record, and how long a record lives.
 */
#include "replay.h"

#define NOW_NS	UINT64_C(1000)
#define LAST_FD ((int)SPY_FD_LIMIT - 1)

static struct spy_table *table_of(void **state)
{
	return &((struct replay *)*state)->core->table;
}

/* Closes fd for good: no tombstone is left, as when the number is given out again. */
static void drop(struct spy_table *table, int fd)
{
	spy_table_detach(table, fd);
	spy_table_clear(table, fd);
}

static void a_descriptor_that_is_no_socket_has_an_empty_slot(void **state)
{
	struct spy_table *table = table_of(state);

	assert_int_equal(spy_table_slot(table, 0), 0);
	assert_int_equal(spy_table_slot(table, LAST_FD), 0);
	assert_int_equal(spy_table_slot(table, -1), 0);
	assert_int_equal(spy_table_slot(table, (int)SPY_FD_LIMIT), 0);
	assert_int_equal(spy_table_slot(table, INT32_MAX), 0);
	assert_int_equal(spy_table_slot(table, INT32_MIN), 0);
}

static void a_new_record_is_closed_and_wants_the_rules(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	assert_int_equal(conn->id, 1);
	assert_int_equal(conn->fd, 7);
	assert_int_equal(conn->state, SPY_STATE_CLOSED);
	assert_int_equal(conn->source, SPY_SOURCE_KERNEL);
	assert_int_equal(conn->since_ns, NOW_NS);
	assert_int_equal(conn->descriptors, 1);
	assert_int_equal(conn->slots, 1);
	assert_int_not_equal(conn->attention, 0);
	assert_ptr_equal(spy_table_conn(table, spy_table_slot(table, 7)), conn);
}

static void an_id_is_never_used_again_though_the_memory_is(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *first = spy_table_open(table, 7, NOW_NS);
	struct spy_conn *second;

	first->flags = SPY_CONN_EOF | SPY_CONN_ACCEPTED;
	first->reported = UINT64_MAX;
	drop(table, 7);
	assert_int_equal(first->id, 0);
	second = spy_table_open(table, 9, NOW_NS);
	assert_ptr_equal(second, first);
	assert_int_equal(second->id, 2);
	assert_int_equal(second->flags, 0);
	assert_int_equal(second->reported, 0);
	assert_int_equal(table->used, 1);
}

static void freed_records_are_all_used_again_before_a_new_one_is_taken(void **state)
{
	struct spy_table *table = table_of(state);

	for (int fd = 3; fd < 13; fd++)
		spy_table_open(table, fd, NOW_NS);
	for (int fd = 3; fd < 13; fd++)
		drop(table, fd);
	for (int fd = 3; fd < 13; fd++)
		assert_non_null(spy_table_open(table, fd, NOW_NS));
	assert_int_equal(table->used, 10);
	spy_table_open(table, 13, NOW_NS);
	assert_int_equal(table->used, 11);
}

static void a_descriptor_out_of_range_is_counted_and_not_tracked(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	assert_null(spy_table_open(table, -1, NOW_NS));
	assert_null(spy_table_open(table, (int)SPY_FD_LIMIT, NOW_NS));
	assert_int_equal(table->untracked, 2);
	spy_table_attach(table, -1, conn);
	spy_table_attach(table, (int)SPY_FD_LIMIT, conn);
	assert_int_equal(table->untracked, 4);
	assert_int_equal(conn->descriptors, 1);
	assert_int_equal(conn->slots, 1);
	spy_table_own(table, -1, true);
	spy_table_own(table, (int)SPY_FD_LIMIT, true);
	spy_table_clear(table, -1);
	assert_null(spy_table_detach(table, -1));
	assert_null(spy_table_detach(table, (int)SPY_FD_LIMIT));
}

static void the_last_descriptor_in_range_is_tracked(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, LAST_FD, NOW_NS);

	assert_non_null(conn);
	assert_ptr_equal(spy_table_detach(table, LAST_FD), conn);
	assert_int_equal(table->untracked, 0);
}

static void without_memory_a_socket_is_counted_and_the_next_one_may_have_more_luck(void **state)
{
	struct spy_table *table = table_of(state);

	replay_memory_left = 0;
	assert_null(spy_table_open(table, 7, NOW_NS));
	assert_int_equal(table->untracked, 1);
	assert_int_equal(spy_table_slot(table, 7), 0);
	assert_int_equal(table->used, 0);
	replay_memory_left = 1;
	assert_int_equal(spy_table_open(table, 7, NOW_NS)->id, 1);
}

static void a_full_table_counts_further_sockets(void **state)
{
	struct spy_table *table = table_of(state);

	spy_table_open(table, 7, NOW_NS);
	table->used = SPY_CHUNKS * SPY_CHUNK_CONNS;
	assert_null(spy_table_open(table, 8, NOW_NS));
	assert_int_equal(table->untracked, 1);
	drop(table, 7);
	assert_non_null(spy_table_open(table, 8, NOW_NS));
}

static void records_keep_their_place_when_the_table_grows(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *first = spy_table_open(table, 0, NOW_NS);

	for (int fd = 1; fd <= (int)SPY_CHUNK_CONNS; fd++)
		assert_non_null(spy_table_open(table, fd, NOW_NS));
	assert_int_equal(replay_block_count, 2);
	assert_ptr_equal(spy_table_at(table, 0), first);
	assert_int_equal(spy_table_at(table, SPY_CHUNK_CONNS)->fd, SPY_CHUNK_CONNS);
	assert_int_equal(spy_table_at(table, SPY_CHUNK_CONNS)->id, SPY_CHUNK_CONNS + 1);
	assert_int_equal(spy_table_at(table, SPY_CHUNK_CONNS - 1)->fd, SPY_CHUNK_CONNS - 1);
}

static void a_closed_descriptor_leaves_a_tombstone_that_names_its_connection(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	assert_ptr_equal(spy_table_detach(table, 7), conn);
	assert_int_equal(conn->descriptors, 0);
	assert_true(conn->flags & SPY_CONN_CLOSED);
	assert_int_equal(spy_table_slot(table, 7), conn->self | SPY_SLOT_CLOSED);
	assert_ptr_equal(spy_table_conn(table, spy_table_slot(table, 7)), conn);
	spy_table_release(table, conn);
	assert_int_equal(conn->id, 1);
}

static void only_an_open_descriptor_can_be_detached(void **state)
{
	struct spy_table *table = table_of(state);

	assert_null(spy_table_detach(table, 7));
	spy_table_open(table, 7, NOW_NS);
	spy_table_detach(table, 7);
	assert_null(spy_table_detach(table, 7));
	spy_table_own(table, 8, true);
	assert_null(spy_table_detach(table, 8));
}

static void a_number_that_is_given_out_again_forgets_the_tombstone(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *old = spy_table_open(table, 7, NOW_NS);
	struct spy_conn *new;

	spy_table_detach(table, 7);
	new = spy_table_open(table, 7, NOW_NS);
	assert_ptr_not_equal(new, old);
	assert_int_equal(old->id, 0);
	assert_int_equal(spy_table_slot(table, 7), new->self);
}

static void dups_share_a_record_until_the_last_is_closed(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_attach(table, 20, conn);
	spy_table_attach(table, 5, conn);
	assert_int_equal(conn->descriptors, 3);
	assert_int_equal(spy_table_slot(table, 7), spy_table_slot(table, 20));

	assert_ptr_equal(spy_table_detach(table, 5), conn);
	assert_int_equal(conn->fd, 7);
	assert_ptr_equal(spy_table_detach(table, 7), conn);
	assert_false(conn->flags & SPY_CONN_CLOSED);
	assert_int_equal(conn->fd, 20);
	assert_ptr_equal(spy_table_detach(table, 20), conn);
	assert_true(conn->flags & SPY_CONN_CLOSED);
}

static void every_tombstone_of_a_record_holds_it(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_attach(table, 8, conn);
	spy_table_detach(table, 7);
	spy_table_clear(table, 7);
	assert_int_equal(conn->id, 1);
	spy_table_detach(table, 8);
	assert_int_equal(conn->id, 1);
	spy_table_clear(table, 8);
	assert_int_equal(conn->id, 0);
	assert_int_equal(spy_table_slot(table, 8), 0);
}

static void a_pin_holds_a_record_whose_number_is_taken_meanwhile(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_detach(table, 7);
	spy_table_pin(conn);
	assert_ptr_not_equal(spy_table_open(table, 7, NOW_NS), conn);
	assert_int_equal(conn->id, 1);
	spy_table_unpin(conn);
	spy_table_release(table, conn);
	assert_int_equal(conn->id, 0);
}

static void a_close_that_failed_is_undone(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_detach(table, 7);
	spy_table_reattach(table, 7, conn);
	assert_int_equal(spy_table_slot(table, 7), conn->self);
	assert_int_equal(conn->descriptors, 1);
	assert_false(conn->flags & SPY_CONN_CLOSED);
	drop(table, 7);
	assert_int_equal(conn->id, 0);
}

static void a_descriptor_of_the_shim_has_no_record(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_detach(table, 7);
	spy_table_own(table, 7, true);
	assert_int_equal(spy_table_slot(table, 7), SPY_SLOT_OWN);
	assert_int_equal(conn->id, 0);
	spy_table_own(table, 7, false);
	assert_int_equal(spy_table_slot(table, 7), 0);
	spy_table_own(table, 7, true);
	assert_non_null(spy_table_open(table, 7, NOW_NS));
	spy_table_own(table, SPY_FD_LIMIT, true);
}

static void the_watcher_follows_up_to_its_limit(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *first = spy_table_open(table, 7, NOW_NS);
	struct spy_conn *second = spy_table_open(table, 8, NOW_NS);

	spy_table_detach(table, 7);
	assert_true(spy_table_follow(table, first, 1));
	spy_table_clear(table, 7);
	assert_int_equal(first->id, 1);
	assert_false(spy_table_follow(table, second, 1));
	assert_false(second->flags & SPY_CONN_FOLLOWED);
	spy_table_unfollow(table, first);
	assert_int_equal(first->id, 0);
	assert_int_equal(table->followed_count, 0);
	assert_true(spy_table_follow(table, second, 1));
}

static void a_record_that_is_not_followed_is_not_unfollowed(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_unfollow(table, conn);
	assert_int_equal(table->followed_count, 0);
	assert_int_equal(conn->id, 1);
}

static void a_tombstone_holds_a_record_that_is_followed_no_more(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	spy_table_detach(table, 7);
	spy_table_follow(table, conn, 10);
	spy_table_unfollow(table, conn);
	assert_int_equal(conn->id, 1);
}

static void a_visitor_meets_no_free_records(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn;

	spy_table_open(table, 7, NOW_NS);
	conn = spy_table_open(table, 8, NOW_NS);
	drop(table, 7);
	assert_null(spy_table_at(table, 0));
	assert_ptr_equal(spy_table_at(table, 1), conn);
}

static void releasing_a_free_record_again_does_nothing(void **state)
{
	struct spy_table *table = table_of(state);
	struct spy_conn *conn = spy_table_open(table, 7, NOW_NS);

	drop(table, 7);
	spy_table_release(table, conn);
	assert_ptr_equal(spy_table_open(table, 7, NOW_NS), conn);
	assert_ptr_not_equal(spy_table_open(table, 8, NOW_NS), conn);
}

static void a_close_that_nobody_saw_is_counted_and_stops_the_ledger(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, 400);
	spy_core_closed_unseen(replay->core, 7, replay->now_ns);
	assert_int_equal(replay->core->unseen.closes, 1);
	assert_int_equal(spy_table_slot(&replay->core->table, 7), 0);
	assert_int_equal(conn->id, 0);
	assert_int_equal(replay->core->ledger.states[SPY_STATE_CLOSE_WAIT].total_ns, 400 * REPLAY_MS);
}

static void an_unseen_close_of_a_dup_ends_no_state(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	spy_table_attach(&replay->core->table, 8, conn);
	spy_core_closed_unseen(replay->core, 7, replay->now_ns);
	assert_int_equal(replay->core->unseen.closes, 1);
	assert_int_equal(conn->state, SPY_STATE_ESTABLISHED);
	assert_int_equal(conn->fd, 8);
}

static void what_is_not_open_was_not_closed_unseen(void **state)
{
	struct replay *replay = *state;

	spy_core_closed_unseen(replay->core, 7, replay->now_ns);
	replay_accepted(replay, 7);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	spy_core_closed_unseen(replay->core, 7, replay->now_ns);
	assert_int_equal(replay->core->unseen.closes, 0);
	assert_int_equal(spy_table_slot(&replay->core->table, 7) & SPY_SLOT_CLOSED, SPY_SLOT_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_descriptor_that_is_no_socket_has_an_empty_slot),
		replay_test(a_new_record_is_closed_and_wants_the_rules),
		replay_test(an_id_is_never_used_again_though_the_memory_is),
		replay_test(freed_records_are_all_used_again_before_a_new_one_is_taken),
		replay_test(a_descriptor_out_of_range_is_counted_and_not_tracked),
		replay_test(the_last_descriptor_in_range_is_tracked),
		replay_test(without_memory_a_socket_is_counted_and_the_next_one_may_have_more_luck),
		replay_test(a_full_table_counts_further_sockets),
		replay_test(records_keep_their_place_when_the_table_grows),
		replay_test(a_closed_descriptor_leaves_a_tombstone_that_names_its_connection),
		replay_test(only_an_open_descriptor_can_be_detached),
		replay_test(a_number_that_is_given_out_again_forgets_the_tombstone),
		replay_test(dups_share_a_record_until_the_last_is_closed),
		replay_test(every_tombstone_of_a_record_holds_it),
		replay_test(a_pin_holds_a_record_whose_number_is_taken_meanwhile),
		replay_test(a_close_that_failed_is_undone),
		replay_test(a_descriptor_of_the_shim_has_no_record),
		replay_test(the_watcher_follows_up_to_its_limit),
		replay_test(a_record_that_is_not_followed_is_not_unfollowed),
		replay_test(a_tombstone_holds_a_record_that_is_followed_no_more),
		replay_test(a_visitor_meets_no_free_records),
		replay_test(releasing_a_free_record_again_does_nothing),
		replay_test(a_close_that_nobody_saw_is_counted_and_stops_the_ledger),
		replay_test(an_unseen_close_of_a_dup_ends_no_state),
		replay_test(what_is_not_open_was_not_closed_unseen),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
