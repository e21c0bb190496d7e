/*
 * What the tests of text buffers share.
 */
#ifndef TESTS_UNIT_COMPOSES_H
#define TESTS_UNIT_COMPOSES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../../shim/spell/buf.h"

/* Composes with one call of buf.h and compares the whole text. */
#define assert_composes(expected, compose)                                                                             \
	do {                                                                                                           \
		char data[512];                                                                                        \
		struct spy_buf buf = SPY_BUF(data);                                                                    \
                                                                                                                       \
		compose;                                                                                               \
		assert_false(buf.truncated);                                                                           \
		assert_string_equal(spy_buf_cstr(&buf), expected);                                                     \
	} while (0)

#endif
