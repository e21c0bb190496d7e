/*
 * Tests of shim/core/places.h and of shim/core/rules.c: findings are told apart by rule, severity
 * and stack, reported once at each place, counted, suppressed and switched off. And of the rules
 * that take stock: what is open when descriptors run out, at exec() and at the end.
 */
#include "../../../shim/core/predicates.h"
#include "replay.h"

static struct spy_places *places_of(void **state)
{
	return &((struct replay *)*state)->core->places;
}

static void the_same_finding_at_the_same_place_is_counted(void **state)
{
	struct spy_places *places = places_of(state);
	struct spy_place *place = spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, 3);

	assert_int_equal(place->count, 1);
	assert_false(place->suppressed);
	assert_ptr_equal(spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, 3), place);
	assert_int_equal(place->count, 2);
	assert_int_equal(places->count, 1);
}

static void rule_severity_and_stack_tell_places_apart(void **state)
{
	struct spy_places *places = places_of(state);

	spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, 3);
	assert_int_equal(spy_places_count(places, SPY_RULE_recv_after_close, SPY_ERROR, 3)->count, 1);
	assert_int_equal(spy_places_count(places, SPY_RULE_double_close, SPY_WARNING, 3)->count, 1);
	assert_int_equal(spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, 4)->count, 1);
	assert_int_equal(spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, 0)->count, 1);
	assert_int_equal(places->count, 5);
}

static void a_place_is_found_and_finding_it_does_not_count(void **state)
{
	struct spy_places *places = places_of(state);
	struct spy_place *place = spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, 3);

	assert_ptr_equal(spy_places_find(places, SPY_RULE_double_close, SPY_ERROR, 3), place);
	assert_int_equal(place->count, 1);
	assert_null(spy_places_find(places, SPY_RULE_double_close, SPY_ERROR, 4));
	assert_null(spy_places_find(places, SPY_RULE_double_close, SPY_NOTE, 3));
	assert_null(spy_places_find(places, SPY_RULE_eof_ignored, SPY_ERROR, 3));
}

static void a_full_table_crowds_out_new_places_and_counts_the_old(void **state)
{
	struct spy_places *places = places_of(state);

	for (uint32_t stack = 1; stack <= SPY_PLACES_MAX; stack++)
		assert_non_null(spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, stack));
	assert_null(spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, SPY_PLACES_MAX + 1));
	assert_int_equal(places->crowded_out, 1);
	assert_int_equal(spy_places_count(places, SPY_RULE_double_close, SPY_ERROR, SPY_PLACES_MAX)->count, 2);
	assert_int_equal(places->crowded_out, 1);
}

static void a_rule_is_known_at_a_stack_whatever_its_severity(void **state)
{
	struct spy_places *places = places_of(state);

	spy_places_count(places, SPY_RULE_double_close, SPY_WARNING, 3);
	assert_true(spy_places_has(places, SPY_RULE_double_close, 3));
	assert_false(spy_places_has(places, SPY_RULE_double_close, 4));
	assert_false(spy_places_has(places, SPY_RULE_eof_ignored, 3));
}

/* recv() on a descriptor that was closed, at a stack. */
static void fault_at(struct replay *replay, uint32_t stack)
{
	replay->stack = stack;
	replay_after_close(replay, SPY_CALL_recv, 7);
}

static void closed_connection(struct replay *replay)
{
	replay_accepted(replay, 7);
	replay_close(replay, 7, SPY_STATE_CLOSED);
}

static void a_finding_is_reported_once_a_place_and_counted_each_time(void **state)
{
	struct replay *replay = *state;

	closed_connection(replay);
	fault_at(replay, 3);
	assert_int_equal(replay->out.count, 1);
	assert_int_equal(replay->out.findings[0].count, 1);
	fault_at(replay, 3);
	assert_int_equal(replay->out.count, 0);
	fault_at(replay, 4);
	assert_int_equal(replay->out.count, 1);
	assert_counted(replay, recv_after_close, 3);
	assert_int_equal(replay->core->by_severity[SPY_ERROR], 3);
	assert_int_equal(replay->core->by_severity[SPY_WARNING], 0);
	assert_int_equal(replay->core->by_severity[SPY_NOTE], 0);
	assert_int_equal(spy_places_find(places_of(state), SPY_RULE_recv_after_close, SPY_ERROR, 3)->count, 2);
}

static void a_place_keeps_when_it_was_first_and_last_at_fault(void **state)
{
	struct replay *replay = *state;
	const struct spy_place *place;

	closed_connection(replay);
	fault_at(replay, 3);
	replay_wait_ms(replay, 20);
	fault_at(replay, 3);
	replay_wait_ms(replay, 20);
	fault_at(replay, 3);
	place = spy_places_find(places_of(state), SPY_RULE_recv_after_close, SPY_ERROR, 3);
	assert_int_equal(place->first_wall_ns, REPLAY_START_NS);
	assert_int_equal(place->last_wall_ns, replay->now_ns);
}

static void a_rule_that_is_switched_off_says_and_counts_nothing(void **state)
{
	struct replay *replay = *state;

	replay->core->settings.rule_on[SPY_RULE_recv_after_close] = false;
	closed_connection(replay);
	fault_at(replay, 3);
	assert_int_equal(replay->out.count, 0);
	assert_counted(replay, recv_after_close, 0);
	assert_int_equal(replay->core->by_severity[SPY_ERROR], 0);
	assert_int_equal(places_of(state)->count, 0);
}

/* The names of functions, by which it is told, are known only after the finding has been counted. */
static void a_suppressed_finding_is_counted_no_more_and_what_was_is_taken_back(void **state)
{
	struct replay *replay = *state;
	struct spy_finding finding;

	closed_connection(replay);
	fault_at(replay, 4);
	fault_at(replay, 3);
	finding = replay->out.findings[0];
	fault_at(replay, 3);
	assert_counted(replay, recv_after_close, 3);
	spy_rules_suppress(replay->core, &finding);
	assert_counted(replay, recv_after_close, 1);
	assert_int_equal(replay->core->by_severity[SPY_ERROR], 1);
	spy_rules_suppress(replay->core, &finding);
	assert_counted(replay, recv_after_close, 1);
	fault_at(replay, 3);
	assert_int_equal(replay->out.count, 0);
	assert_counted(replay, recv_after_close, 1);
	fault_at(replay, 4);
	assert_counted(replay, recv_after_close, 2);
}

static void what_was_never_counted_cannot_be_suppressed(void **state)
{
	struct replay *replay = *state;
	struct spy_finding finding = {.rule = SPY_RULE_double_close, .severity = SPY_ERROR};

	spy_rules_suppress(replay->core, &finding);
	assert_counted(replay, double_close, 0);
	assert_int_equal(places_of(state)->count, 0);
}

static void without_room_for_its_place_a_finding_is_still_counted(void **state)
{
	struct replay *replay = *state;

	closed_connection(replay);
	places_of(state)->count = SPY_PLACES_MAX;
	fault_at(replay, 3);
	assert_int_equal(replay->out.count, 0);
	assert_int_equal(places_of(state)->crowded_out, 1);
	assert_counted(replay, recv_after_close, 1);
}

/* A finding without a stack where it happened is told apart by where the connection was closed, or made. */
static void a_finding_without_a_stack_is_charged_to_the_next_one_of_its_story(void **state)
{
	struct replay *replay = *state;

	replay->stack = 5;
	closed_connection(replay);
	fault_at(replay, 0);
	assert_true(spy_places_has(places_of(state), SPY_RULE_recv_after_close, 5));
	replay->stack = 0;
	closed_connection(replay);
	fault_at(replay, 0);
	assert_true(spy_places_has(places_of(state), SPY_RULE_recv_after_close, 0));
	assert_counted(replay, recv_after_close, 2);
}

static void every_finding_has_when_who_and_where(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding = &replay->out.findings[0];

	closed_connection(replay);
	replay_wait_ms(replay, 7);
	fault_at(replay, 3);
	assert_int_equal(finding->wall_ns, replay->now_ns);
	assert_int_equal(finding->tid, 4712);
	assert_int_equal(finding->local.port, 5197);
	assert_int_equal(finding->peer.port, 41822);
	assert_string_equal(finding->message, spy_rules[SPY_RULE_recv_after_close].message);
	assert_string_equal(finding->remedy, spy_rules[SPY_RULE_recv_after_close].remedy);
}

static void evidence_is_bounded(void **state)
{
	struct spy_finding finding = {.evidence_count = 0};

	(void)state;
	for (int i = 0; i < SPY_EVIDENCE_MAX + 3; i++)
		spy_finding_add(&finding, "number", i);
	spy_finding_add_holder_name(&finding, "fifteen letters");
	assert_int_equal(finding.evidence_count, SPY_EVIDENCE_MAX);
	assert_int_equal(finding.evidence[SPY_EVIDENCE_MAX - 1].number, SPY_EVIDENCE_MAX - 1);
}

static void sockets_that_are_open_at_exit_are_noted_once_each(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay->stack = 21;
	conn = replay_connected(replay, 7);
	replay->stack = 22;
	replay_read(replay, 7, 12);
	replay_exit(replay, conn);
	assert_reports(replay, open_at_exit);
	assert_int_equal(replay_finding(replay, SPY_RULE_open_at_exit)->severity, SPY_NOTE);
	assert_int_equal(replay_finding(replay, SPY_RULE_open_at_exit)->place, SPY_STORY_CREATED);
	assert_int_equal(replay_finding(replay, SPY_RULE_open_at_exit)->stacks[SPY_STORY_CREATED], 21);
	assert_int_equal(replay_finding(replay, SPY_RULE_open_at_exit)->stacks[SPY_STORY_HERE], 0);
	replay_exit(replay, conn);
	assert_counted(replay, open_at_exit, 1);
	replay_exit(replay, replay_socket(replay, 8));
	assert_counted(replay, open_at_exit, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(the_same_finding_at_the_same_place_is_counted),
		replay_test(rule_severity_and_stack_tell_places_apart),
		replay_test(a_place_is_found_and_finding_it_does_not_count),
		replay_test(a_full_table_crowds_out_new_places_and_counts_the_old),
		replay_test(a_rule_is_known_at_a_stack_whatever_its_severity),
		replay_test(a_finding_is_reported_once_a_place_and_counted_each_time),
		replay_test(a_place_keeps_when_it_was_first_and_last_at_fault),
		replay_test(a_rule_that_is_switched_off_says_and_counts_nothing),
		replay_test(a_suppressed_finding_is_counted_no_more_and_what_was_is_taken_back),
		replay_test(what_was_never_counted_cannot_be_suppressed),
		replay_test(without_room_for_its_place_a_finding_is_still_counted),
		replay_test(a_finding_without_a_stack_is_charged_to_the_next_one_of_its_story),
		replay_test(every_finding_has_when_who_and_where),
		replay_test(evidence_is_bounded),
		replay_test(sockets_that_are_open_at_exit_are_noted_once_each),
	};

	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
