/*
 * What the tests of the flight record's reader put into a record besides: calls with their arguments and addresses,
 * and the lines of processes.
 */
#ifndef TESTS_UNIT_RECORD_CALLS_H
#define TESTS_UNIT_RECORD_CALLS_H

#include "../record/record_ring.h"

static inline void put(struct record_ring *made, const struct spy_ring_stamp *stamp, struct spy_record_call *call,
		       const struct spy_record_parts *parts)
{
	uint8_t room[SPY_RECORD_CALL_MAX];
	size_t len = spy_record_encode(room, call, parts);

	spy_ring_put(&made->ring, &made->share, SPY_RECORD_CALL, stamp, room, len);
}

static const struct spy_addr here = {.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET};
static const struct spy_addr there = {.ip = {10, 0, 0, 9}, .port = 41822, .family = AF_INET};
static const struct spy_addr here_6 = {.ip = {[15] = 1}, .port = 80, .family = AF_INET6};
static const struct spy_addr there_6 = {.ip = {0xfe, 0x80, [15] = 2}, .port = 8080, .family = AF_INET6, .scope_id = 3};

static inline void put_process(struct record_ring *made, int32_t pid, uint64_t wall_ns)
{
	static const char line[] = "{\"v\":1,\"type\":\"process\",\"ts\":\"2026-11-22T14:03:22.104512Z\",\"pid\":1,"
				   "\"tid\":1,\"host\":\"h\",\"exe\":\"/bin/x\",\"argv\":[\"x\"],\"ppid\":1,"
				   "\"version\":\"1\",\"options\":\"\"}";
	const struct spy_ring_stamp stamp = {wall_ns, pid, 1};

	spy_ring_put(&made->ring, &made->share, SPY_RECORD_PROCESS, &stamp, line, strlen(line));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, record_ring_setup, record_ring_teardown)

#endif
