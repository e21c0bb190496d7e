/*
 * What every end-to-end test includes first: CMocka with the headers that it wants before it, and
 * how a test of this project is entered in its group, waits and is skipped.
 *
 * Failures are CMocka's throughout tests/support: no function there returns an error.
 * One test process, one thread.
 */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "files.h"
#include "log.h"
#include "memory.h"
#include "net.h"
#include "run.h"
#include "script.h"

/* Every wait of these tests is for an event; this is when it is given up. */
#define TEST_DEADLINE_MS 90000

/*
 * A test with a temporary directory and, where allowed, a network of its own, after which nothing
 * that it started still runs.
 */
#define TEST(function) cmocka_unit_test_setup_teardown(function, test_setup, test_teardown)

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

int test_setup(void **state);
int test_teardown(void **state);

/* Asks condition over and over; fails the test, naming `what`, when it is not true at the deadline. */
void test_until(bool (*condition)(void *), void *arg, const char *what);

/* True where an extended regular expression matches somewhere in text. */
bool test_matches(const char *text, const char *pattern);

/* CMocka's fail_msg(); the abort(), which is never reached, tells compilers and readers that it does not return. */
#define test_fail(...)                                                                                                 \
	do {                                                                                                           \
		fail_msg(__VA_ARGS__);                                                                                 \
		abort();                                                                                               \
	} while (0)

/* Prints the reason and skips the test. */
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Skips the test, naming the program, where none of that name is installed. Returns its path. */
const char *test_require(const char *program);

#endif
