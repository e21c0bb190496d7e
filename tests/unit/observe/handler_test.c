/*
 * Tests of shim/observe/handler.h: asked inside and outside of handlers of every kind.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../shim/observe/handler.h"
#include "../../../shim/sys/lock.h"

static volatile bool inside, inside_deep;
static sigjmp_buf way_out;
static volatile bool jump;

static bool ask(void)
{
	struct spy_mask mask;
	bool answer;

	spy_mask_all(&mask);
	answer = spy_handler_is_inside();
	spy_mask_restore(&mask);
	return answer;
}

__attribute__((noinline)) static bool ask_deep(void)
{
	volatile char room[100000];

	memset((void *)room, 1, sizeof(room));
	return ask() && room[5000];
}

static void on_signal(int sig)
{
	(void)sig;
	inside = ask();
	inside_deep = ask_deep();
	if (jump)
		siglongjmp(way_out, 1);
}

static void handle(int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	inside = false;
	inside_deep = false;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	if (sigsetjmp(way_out, 1) == 0)
		raise(SIGUSR1);
}

static void no_handler_is_no_handler(void **state)
{
	(void)state;
	assert_false(ask());
}

static void handler_is_told_from_what_follows_it(void **state)
{
	(void)state;
	handle(0);
	assert_true(inside);
	assert_true(inside_deep);
	assert_false(ask());
	assert_false(ask_deep());
}

static void handler_whose_signal_is_not_blocked_is_one(void **state)
{
	(void)state;
#ifndef __x86_64__
	skip();
#endif
	handle(SA_NODEFER);
	assert_true(inside);
	assert_true(inside_deep);
	handle(0);
	assert_false(ask());
}

static void handler_on_a_stack_of_its_own_is_one(void **state)
{
	stack_t own = {.ss_sp = malloc(400000), .ss_size = 400000}, none = {.ss_flags = SS_DISABLE};

	(void)state;
	assert_non_null(own.ss_sp);
	assert_int_equal(sigaltstack(&own, NULL), 0);
	handle(SA_ONSTACK);
	assert_int_equal(sigaltstack(&none, NULL), 0);
	free(own.ss_sp);
	assert_true(inside);
	assert_true(inside_deep);
	assert_false(ask());
}

static void handler_that_was_left_by_longjmp_is_over(void **state)
{
	(void)state;
	jump = true;
	handle(0);
	jump = false;
	assert_true(inside);
	assert_false(ask());
}

/* As a program does that takes its signals in ppoll() only. */
static void signal_that_stays_blocked_is_no_handler(void **state)
{
	sigset_t usr1, before;

	(void)state;
#ifndef __x86_64__
	skip();
#endif
	handle(0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &before);
	/* Nothing of the handler is left in the frames from here on. */
	inside = ask();
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_false(inside);
}

int main(void)
{
	const struct CMUnitTest handler[] = {
		cmocka_unit_test(no_handler_is_no_handler),
		cmocka_unit_test(handler_is_told_from_what_follows_it),
		cmocka_unit_test(handler_whose_signal_is_not_blocked_is_one),
		cmocka_unit_test(handler_on_a_stack_of_its_own_is_one),
		cmocka_unit_test(handler_that_was_left_by_longjmp_is_over),
		cmocka_unit_test(signal_that_stays_blocked_is_no_handler),
	};

	return cmocka_run_group_tests_name("handler", handler, NULL, NULL);
}
