/*
 * Tests of the rules about what runs out and about who pays for it: descriptors, what another program inherits,
 * and accept() that fails for want of a resource.
 */
#include "replay.h"

static void exec_with(struct replay *replay, int fd, bool no_cloexec)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_execve, fd);

	ev.op = SPY_OP_EXEC;
	ev.no_cloexec = no_cloexec;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

static void fail_accept(struct replay *replay, int err)
{
	replay_call(replay, SPY_CALL_accept, 3, -err, SPY_STATE_LISTEN);
}

static void exec_with_a_socket_that_stays_open_is_reported(void **state)
{
	struct replay *replay = *state;

	replay_connected(replay, 7);
	exec_with(replay, 7, false);
	replay_connected(replay, 2);
	exec_with(replay, 2, true);
	replay_socket(replay, 8);
	exec_with(replay, 8, true);
	assert_counted(replay, inherited_by_exec, 0);
	exec_with(replay, 7, true);
	assert_reports(replay, inherited_by_exec);
	assert_int_equal(replay->last.state, SPY_STATE_ESTABLISHED);
	exec_with(replay, 7, true);
	replay->stack++;
	replay_bind(replay, 8, 5197, SPY_OPT_REUSEADDR);
	exec_with(replay, 8, true);
	assert_counted(replay, inherited_by_exec, 2);
}

static void want_of_descriptors_is_reported_with_a_census(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_only(replay, SPY_RULE_descriptors_exhausted);
	replay->stack = 20;
	replay_socket(replay, 3);
	replay_listen(replay, 3, 0);
	replay->stack = 21;
	replay_accepted(replay, 7);
	replay->stack = 22;
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	for (int fd = 8; fd < 11; fd++)
		replay_connected(replay, fd);
	spy_table_attach(&replay->core->table, 11, replay_conn(replay, 8));
	replay->stack = 23;
	replay_connected(replay, 12);
	replay_close(replay, 12, SPY_STATE_ESTABLISHED);
	fail_accept(replay, EMFILE);
	finding = replay_finding(replay, SPY_RULE_descriptors_exhausted);
	assert_non_null(finding);
	assert_int_equal(replay_evidence(finding, "sockets"), 6);
	assert_int_equal(replay_evidence(finding, "established"), 4);
	assert_int_equal(replay_evidence(finding, "close_wait"), 1);
	assert_int_equal(replay_evidence(finding, "listening"), 1);
	assert_int_equal(replay_evidence(finding, "closed"), 0);
	assert_int_equal(replay_evidence(finding, "fin_wait_2"), 0);
	assert_int_equal(replay_evidence(finding, "created_there"), 3);
	assert_int_equal(finding->fd, 3);
	assert_int_equal(finding->stacks[SPY_STORY_CREATED], 22);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 23);
}

/* What made most of the sockets is found also where others made theirs in between. */
static void the_place_that_made_most_is_told_with_its_count(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_only(replay, SPY_RULE_descriptors_exhausted);
	replay->stack = 0;
	replay_socket(replay, 3);
	replay_listen(replay, 3, 0);
	for (int i = 0; i < 7; i++) {
		replay->stack = i % 2 ? 31 : 32 + (uint32_t)i / 4;
		replay_accepted(replay, 10 + i);
	}
	replay->stack = 40;
	replay_close(replay, 10, SPY_STATE_FIN_WAIT_2);
	fail_accept(replay, EMFILE);
	finding = replay_finding(replay, SPY_RULE_descriptors_exhausted);
	assert_int_equal(finding->stacks[SPY_STORY_CREATED], 31);
	assert_int_equal(replay_evidence(finding, "created_there"), 3);
	assert_int_equal(replay_evidence(finding, "sockets"), 7);
}

/* A busy server's sockets come from more places than there is room for: the first ones are counted. */
static void more_places_than_are_counted_do_no_harm(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_descriptors_exhausted);
	replay_socket(replay, 3);
	replay_listen(replay, 3, 0);
	for (int i = 0; i < 200; i++) {
		replay->stack = 100 + (uint32_t)i;
		replay_accepted(replay, 10 + i);
	}
	replay->stack = 100;
	replay_accepted(replay, 300);
	fail_accept(replay, EMFILE);
	assert_int_equal(replay_finding(replay, SPY_RULE_descriptors_exhausted)->stacks[SPY_STORY_CREATED], 100);
	assert_int_equal(replay_evidence(replay_finding(replay, SPY_RULE_descriptors_exhausted), "created_there"), 2);
}

static void want_of_descriptors_is_counted_by_place_and_other_wants_are_not(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	replay_only(replay, SPY_RULE_descriptors_exhausted);
	replay_socket(replay, 3);
	replay_listen(replay, 3, 0);
	fail_accept(replay, ENFILE);
	assert_reports(replay, descriptors_exhausted);
	fail_accept(replay, EMFILE);
	assert_silent(replay, descriptors_exhausted);
	fail_accept(replay, ENOBUFS);
	fail_accept(replay, EAGAIN);
	assert_counted(replay, descriptors_exhausted, 2);
	replay->stack++;
	ev = replay_event(replay, SPY_CALL_socket, -1);
	replay_result(&ev, -EMFILE);
	replay_observe(replay, &ev, spy_core_nobody(replay->core));
	assert_reports(replay, descriptors_exhausted);
	assert_int_equal(replay_finding(replay, SPY_RULE_descriptors_exhausted)->conn, 0);
}

static void an_accept_in_between_ends_a_row_of_failures(void **state)
{
	struct replay *replay = *state;

	replay_socket(replay, 3);
	replay_listen(replay, 3, 0);
	for (int i = 0; i < 12; i++) {
		replay_call(replay, SPY_CALL_accept, 3, -ENOBUFS, SPY_STATE_LISTEN);
		replay_accepted(replay, 10 + i);
		spy_core_accepted(spy_table_conn(&replay->core->table, spy_table_slot(&replay->core->table, 3)));
	}
	assert_counted(replay, accept_spin, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(exec_with_a_socket_that_stays_open_is_reported),
		replay_test(want_of_descriptors_is_reported_with_a_census),
		replay_test(the_place_that_made_most_is_told_with_its_count),
		replay_test(more_places_than_are_counted_do_no_harm),
		replay_test(want_of_descriptors_is_counted_by_place_and_other_wants_are_not),
		replay_test(an_accept_in_between_ends_a_row_of_failures),
	};

	return cmocka_run_group_tests_name("rules_limits", tests, NULL, NULL);
}
