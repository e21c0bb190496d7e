/*
 * Tests of shim/core/stacks.h: a stack is kept once, and what does not fit is counted.
 */
#include "replay.h"

static struct spy_stacks *stacks_of(void **state)
{
	return &((struct replay *)*state)->core->stacks;
}

static void a_stack_is_kept_once(void **state)
{
	const uintptr_t frames[] = {0x1000, 0x2000, 0x3000};
	const uintptr_t same[] = {0x1000, 0x2000, 0x3000};
	struct spy_stacks *stacks = stacks_of(state);

	assert_int_equal(spy_stacks_intern(stacks, frames, 3), 1);
	assert_int_equal(spy_stacks_intern(stacks, same, 3), 1);
	assert_int_equal(stacks->count, 1);
}

static void stacks_differ_by_any_frame_their_order_and_their_depth(void **state)
{
	const uintptr_t frames[] = {0x1000, 0x2000, 0x3000};
	const uintptr_t last_differs[] = {0x1000, 0x2000, 0x3001};
	const uintptr_t swapped[] = {0x2000, 0x1000, 0x3000};
	struct spy_stacks *stacks = stacks_of(state);

	assert_int_equal(spy_stacks_intern(stacks, frames, 3), 1);
	assert_int_equal(spy_stacks_intern(stacks, last_differs, 3), 2);
	assert_int_equal(spy_stacks_intern(stacks, swapped, 3), 3);
	assert_int_equal(spy_stacks_intern(stacks, frames, 2), 4);
	assert_int_equal(spy_stacks_intern(stacks, frames, 3), 1);
}

static void a_number_gives_the_frames_back_though_the_caller_reuses_its_own(void **state)
{
	uintptr_t frames[] = {0x1000, 0x2000};
	struct spy_stacks *stacks = stacks_of(state);
	uint32_t number = spy_stacks_intern(stacks, frames, 2);
	struct spy_stack stack;

	frames[0] = 0;
	stack = spy_stacks_get(stacks, number);
	assert_int_equal(stack.count, 2);
	assert_int_equal(stack.frames[0], 0x1000);
	assert_int_equal(stack.frames[1], 0x2000);
}

static void no_frames_are_no_stack(void **state)
{
	struct spy_stacks *stacks = stacks_of(state);
	const uintptr_t frame = 0x1000;

	assert_int_equal(spy_stacks_intern(stacks, &frame, 0), 0);
	assert_int_equal(stacks->dropped, 0);
	assert_int_equal(replay_block_count, 0);
}

static void a_number_that_names_nothing_is_an_empty_stack(void **state)
{
	struct spy_stacks *stacks = stacks_of(state);
	const uintptr_t frame = 0x1000;

	assert_int_equal(spy_stacks_get(stacks, 0).count, 0);
	assert_int_equal(spy_stacks_get(stacks, 1).count, 0);
	spy_stacks_intern(stacks, &frame, 1);
	assert_int_equal(spy_stacks_get(stacks, 1).count, 1);
	assert_int_equal(spy_stacks_get(stacks, 0).count, 0);
	assert_int_equal(spy_stacks_get(stacks, 2).count, 0);
	assert_int_equal(spy_stacks_get(stacks, SPY_STACKS_MAX + 1).count, 0);
	assert_int_equal(spy_stacks_get(stacks, UINT32_MAX).count, 0);
}

/* The first stack asks for the list, the buckets and the room for frames; any may be refused. */
static void without_memory_a_stack_is_counted_and_the_next_one_may_be_kept(void **state)
{
	struct spy_stacks *stacks = stacks_of(state);
	const uintptr_t frame = 0x1000;

	for (unsigned int refused = 0; refused < 3; refused++) {
		replay_memory_left = refused ? 1 : 0;
		assert_int_equal(spy_stacks_intern(stacks, &frame, 1), 0);
		assert_int_equal(stacks->dropped, refused + 1);
		assert_int_equal(stacks->count, 0);
	}
	replay_memory_left = 1;
	assert_int_equal(spy_stacks_intern(stacks, &frame, 1), 1);
	assert_int_equal(spy_stacks_get(stacks, 1).frames[0], 0x1000);
	assert_int_equal(stacks->dropped, 3);
}

static void a_full_table_counts_new_stacks_and_knows_the_old(void **state)
{
	struct spy_stacks *stacks = stacks_of(state);
	uintptr_t frames[2] = {0x1000, 0};

	for (uint32_t i = 1; i <= SPY_STACKS_MAX; i++) {
		frames[1] = i;
		assert_int_equal(spy_stacks_intern(stacks, frames, 2), i);
	}
	frames[1] = SPY_STACKS_MAX + 1;
	assert_int_equal(spy_stacks_intern(stacks, frames, 2), 0);
	assert_int_equal(stacks->dropped, 1);
	frames[1] = SPY_STACKS_MAX;
	assert_int_equal(spy_stacks_intern(stacks, frames, 2), SPY_STACKS_MAX);
	assert_int_equal(spy_stacks_get(stacks, SPY_STACKS_MAX).frames[1], SPY_STACKS_MAX);
	assert_int_equal(spy_stacks_get(stacks, 1).frames[1], 1);
	assert_int_equal(stacks->dropped, 1);
}

/* The frames of a stack stand together: one that does not fit into what is left begins a new room. */
static void a_stack_is_not_torn_between_two_rooms(void **state)
{
	struct spy_stacks *stacks = stacks_of(state);
	uintptr_t frames[64];
	uint32_t number = 0;

	for (uintptr_t i = 0; i < COUNT(frames); i++)
		frames[i] = i;
	for (uintptr_t first = 1; first <= 3 * SPY_STACKS_CHUNK / 63; first++) {
		frames[0] = first;
		number = spy_stacks_intern(stacks, frames, 63);
		assert_int_equal(number, first);
	}
	for (uint32_t i = 1; i <= number; i++) {
		assert_int_equal(spy_stacks_get(stacks, i).frames[0], i);
		assert_int_equal(spy_stacks_get(stacks, i).frames[62], 62);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_stack_is_kept_once),
		replay_test(stacks_differ_by_any_frame_their_order_and_their_depth),
		replay_test(a_number_gives_the_frames_back_though_the_caller_reuses_its_own),
		replay_test(no_frames_are_no_stack),
		replay_test(a_number_that_names_nothing_is_an_empty_stack),
		replay_test(without_memory_a_stack_is_counted_and_the_next_one_may_be_kept),
		replay_test(a_full_table_counts_new_stacks_and_knows_the_old),
		replay_test(a_stack_is_not_torn_between_two_rooms),
	};

	return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
