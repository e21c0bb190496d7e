/*
 * Tests of tools/model: findings by rule and place over processes and hosts, counted as summaries say,
 * worst first; and the time in WAIT states.
 */
#include "model_items.h"

static struct item_place place_of(const char *rule, uint64_t count, double first, double last, struct item_frame frame)
{
	return (struct item_place){
		.rule = rule,
		.severity = "error",
		.count = count,
		.first_ns = at(first),
		.last_ns = at(last),
		.frame = frame,
	};
}

static void a_finding_counts_as_often_as_the_last_summary_says(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_frame frame = frame_at("handle", 0x100, "aa");
	struct item_place place = place_of("close-wait-leak", 40, 1, 7, frame);
	const struct model_group *group;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_finding(&tale, 1, "close-wait-leak", "error", 12, frame);
	tell_summary(&tale, 5, &place, NULL);
	place.count = 90;
	place.last_ns = at(9);
	tell_summary(&tale, 10, &place, NULL);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 1);
	group = &tale.model->groups[0];
	assert_int_equal(group->count, 90);
	assert_false(group->at_least);
	assert_int_equal(group->process_count, 1);
	assert_int_equal(group->finding_count, 1);
	assert_int_equal(group->first_ns, at(1));
	assert_int_equal(group->last_ns, at(9));
	assert_int_equal(tale.model->findings[group->first_finding].group, 0);
	assert_int_equal(tale.model->conns[0].first_finding, group->first_finding);
	assert_true(tale.model->processes[0].summarized);
	model_close(tale.model);
}

static void the_same_build_on_another_host_is_the_same_place(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_frame moved = frame_at("handle", 0x100, "aa");

	(void)state;
	tell_process(&tale, 0, 10, "web1", "/bin/served");
	tell_finding(&tale, 1, "close-wait-leak", "error", 12, frame_at("handle", 0x100, "aa"));
	tell_process(&tale, 1, 11, "web1", "/bin/served");
	tell_finding(&tale, 2, "close-wait-leak", "error", 3, frame_at("handle", 0x100, "aa"));
	model_next_file(tale.model);
	tell_process(&tale, 0, 10, "web2", "/opt/served");
	moved.module = "/opt/served";
	tell_finding(&tale, 3, "close-wait-leak", "error", 12, moved);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 1);
	assert_int_equal(tale.model->groups[0].count, 3);
	assert_true(tale.model->groups[0].at_least);
	assert_int_equal(tale.model->groups[0].process_count, 3);
	assert_int_equal(tale.model->groups[0].host_count, 2);
	model_close(tale.model);
}

static void without_a_build_id_the_function_is_the_place(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_finding(&tale, 1, "close-wait-leak", "error", 12, frame_at("handle", 0x100, NULL));
	tell_finding(&tale, 2, "close-wait-leak", "error", 13, frame_at("handle", 0x700, NULL));
	tell_finding(&tale, 2, "close-wait-leak", "error", 13, frame_at("serve", 0x100, NULL));
	tell_finding(&tale, 3, "close-wait-leak", "error", 14, (struct item_frame){0});
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 3);
	assert_int_equal(tale.model->groups[0].count, 2);
	assert_int_equal(tale.model->groups[2].frame, MODEL_NONE);
	model_close(tale.model);
}

static void groups_are_worst_first(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_place often = place_of("server-closes-first", 500, 1, 2, frame_at("serve", 0x300, "aa"));

	(void)state;
	often.severity = "note";
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_finding(&tale, 1, "server-closes-first", "note", 12, frame_at("serve", 0x300, "aa"));
	tell_finding(&tale, 2, "missing-reuseaddr", "warning", 1, frame_at("start", 0x400, "aa"));
	tell_finding(&tale, 3, "double-close", "error", 2, frame_at("stop", 0x500, "aa"));
	tell_finding(&tale, 4, "close-wait-leak", "error", 3, frame_at("handle", 0x100, "aa"));
	tell_finding(&tale, 5, "close-wait-leak", "error", 4, frame_at("handle", 0x100, "aa"));
	tell_summary(&tale, 6, &often, NULL);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 4);
	assert_string_equal(model_text(tale.model, tale.model->groups[0].rule), "close-wait-leak");
	assert_string_equal(model_text(tale.model, tale.model->groups[1].rule), "double-close");
	assert_string_equal(model_text(tale.model, tale.model->groups[2].rule), "missing-reuseaddr");
	assert_int_equal(tale.model->groups[3].count, 500);
	for (uint32_t i = 0; i < tale.model->groups_count; i++)
		assert_int_equal(tale.model->findings[tale.model->groups[i].first_finding].group, i);
	model_close(tale.model);
}

static void a_place_that_only_the_summary_knows_is_a_group_without_a_finding(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_place place = place_of("close-wait-leak", 7, 1, 7, frame_at("handle", 0x100, "aa"));

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_summary(&tale, 9, &place, NULL);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 1);
	assert_int_equal(tale.model->groups[0].count, 7);
	assert_int_equal(tale.model->groups[0].first_finding, MODEL_NONE);
	model_close(tale.model);
}

static void a_place_that_was_counted_never_is_none(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_place place = place_of("close-wait-leak", 0, 1, 7, frame_at("handle", 0x100, "aa"));

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_summary(&tale, 9, &place, NULL);
	place.count = UINT64_MAX;
	place.frame = frame_at("other", 0x200, "aa");
	tell_summary(&tale, 10, &place, NULL);
	tell_finding(&tale, 11, "close-wait-leak", "error", 12, frame_at("other", 0x200, "aa"));
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 1);
	assert_true(tale.model->groups[0].count > 0);
	model_close(tale.model);
}

static void filters_leave_out_other_rules_lower_severities_and_earlier_times(void **state)
{
	static const struct {
		struct model_filter filter;
		uint32_t groups;
		uint64_t count;
	} cases[] = {
		{{.severity = SPY_NOTE}, 3, 9},
		{{.severity = SPY_WARNING}, 2, 9},
		{{.severity = SPY_ERROR}, 1, 9},
		{{.rule = "missing-reuseaddr"}, 1, 1},
		{{.rule = "no-such-rule"}, 0, 0},
		/* It came again after that, how often is not known. */
		{{.since_ns = START_NS + 5 * SECOND_NS}, 1, 1},
		{{.since_ns = START_NS + 60 * SECOND_NS}, 0, 0},
	};
	struct item_place place = place_of("close-wait-leak", 9, 1, 7, frame_at("handle", 0x100, "aa"));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tale tale = tale_begin(&cases[i].filter);

		tell_process(&tale, 0, 10, "web", "/bin/served");
		tell_finding(&tale, 1, "close-wait-leak", "error", 12, frame_at("handle", 0x100, "aa"));
		tell_finding(&tale, 2, "missing-reuseaddr", "warning", 1, frame_at("start", 0x400, "aa"));
		tell_finding(&tale, 3, "server-closes-first", "note", 1, frame_at("serve", 0x300, "aa"));
		tell_summary(&tale, 100, &place, NULL);
		model_finish(tale.model, NULL);
		assert_int_equal(tale.model->groups_count, cases[i].groups);
		if (cases[i].groups)
			assert_int_equal(tale.model->groups[0].count, cases[i].count);
		model_close(tale.model);
	}
}

static void time_in_wait_states_is_the_sum_of_the_processes(void **state)
{
	struct tale tale = tale_begin(NULL);
	struct item_wait wait = {
		.state = SPY_STATE_CLOSE_WAIT,
		.connections = 3,
		.total_ns = 7000,
		.max_ns = 4000,
		.frame = frame_at("handle", 0x100, "aa"),
	};

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_summary(&tale, 5, NULL, &wait);
	wait.max_ns = 6000;
	tell_summary(&tale, 6, NULL, &wait);
	tell_process(&tale, 7, 11, "web", "/bin/served");
	wait.max_ns = 5000;
	tell_summary(&tale, 8, NULL, &wait);
	wait.frame = (struct item_frame){0};
	tell_process(&tale, 9, 12, "web", "/bin/served");
	tell_summary(&tale, 10, NULL, &wait);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->waits_count, 1);
	assert_int_equal(tale.model->waits[0].connections, 9);
	assert_int_equal(tale.model->waits[0].total_ns, 21000);
	assert_int_equal(tale.model->waits[0].max_ns, 6000);
	assert_int_equal(tale.model->wait_places_count, 2);
	assert_int_equal(tale.model->wait_places[0].total_ns, 14000);
	assert_int_not_equal(tale.model->wait_places[0].frame, MODEL_NONE);
	assert_int_equal(tale.model->processes[0].connections, 3);
	model_close(tale.model);
}

static void a_finding_keeps_its_stacks_and_evidence(void **state)
{
	struct tale tale = tale_begin(NULL);
	const struct model_finding *finding;
	const struct model_stack *stack;
	char text[MODEL_SPOT_TEXT];

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_finding(&tale, 1, "close-wait-leak", "error", 12, frame_at("handle", 0x100, "aa"));
	model_finish(tale.model, NULL);
	finding = &tale.model->findings[0];
	assert_int_equal(finding->stacks[SPY_STORY_HERE], MODEL_NONE);
	stack = &tale.model->stacks[finding->stacks[SPY_STORY_EOF]];
	assert_int_equal(stack->count, 2);
	assert_string_equal(model_spot_text(tale.model, stack->frames[0], text), "handle+0x8 (served+0x100)");
	assert_int_equal(tale.model->groups[0].frame, stack->frames[0]);
	assert_int_equal(finding->evidence_count, 2);
	assert_string_equal(model_text(tale.model, tale.model->evidence[finding->first_evidence + 1].value),
			    "sh \"x\"");
	assert_non_null(model_rule(tale.model, tale.model->groups[0].rule));
	assert_string_equal(model_spot_text(tale.model, MODEL_NONE, text), "an unknown place");
	model_close(tale.model);
}

static void a_thousand_places_and_connections_are_all_found_again(void **state)
{
	struct tale tale = tale_begin(NULL);
	const uint32_t many = 1000;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < many; i++)
			tell_finding(&tale, 1, "close-wait-leak", "error", i + 1, frame_at("handle", 0x100 + i, "aa"));
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, many);
	assert_int_equal(tale.model->conns_count, many);
	for (uint32_t i = 0; i < many; i++) {
		assert_int_equal(tale.model->groups[i].count, 2);
		assert_int_equal(tale.model->groups[i].finding_count, 2);
	}
	model_close(tale.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_counts_as_often_as_the_last_summary_says),
		cmocka_unit_test(the_same_build_on_another_host_is_the_same_place),
		cmocka_unit_test(without_a_build_id_the_function_is_the_place),
		cmocka_unit_test(groups_are_worst_first),
		cmocka_unit_test(a_place_that_only_the_summary_knows_is_a_group_without_a_finding),
		cmocka_unit_test(a_place_that_was_counted_never_is_none),
		cmocka_unit_test(filters_leave_out_other_rules_lower_severities_and_earlier_times),
		cmocka_unit_test(time_in_wait_states_is_the_sum_of_the_processes),
		cmocka_unit_test(a_finding_keeps_its_stacks_and_evidence),
		cmocka_unit_test(a_thousand_places_and_connections_are_all_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
