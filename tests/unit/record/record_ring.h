/*
 * A flight record of a test's own: a file in /tmp that is mapped and written as the shim does it, and
 * read through the command's source.
 */
#ifndef UNIT_RECORD_RING_H
#define UNIT_RECORD_RING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../shim/record/record_file.h"
#include "../../../shim/record/recorder.h"
#include "../../../tools/read/source.h"

#define RECORD_SIZE ((uint64_t)256 << 10)

struct record_ring {
	char directory[32];
	char path[64];
	struct spy_record_map map;
	struct spy_ring ring;
	struct spy_ring_share share;
};

static struct record_ring *record_ring_make(void)
{
	static struct record_ring made;

	made = (struct record_ring){.directory = "/tmp/spy-record-XXXXXX"};
	assert_non_null(mkdtemp(made.directory));
	snprintf(made.path, sizeof(made.path), "%s/a.rec", made.directory);
	made.map = spy_record_map(made.path, 1, RECORD_SIZE);
	assert_non_null(made.map.memory);
	spy_ring_attach(&made.ring, made.map.memory, 1);
	return &made;
}

__attribute__((unused)) static int record_ring_setup(void **state)
{
	*state = record_ring_make();
	return 0;
}

__attribute__((unused)) static int record_ring_teardown(void **state)
{
	struct record_ring *made = *state;

	munmap(made->map.memory, (size_t)made->map.size);
	unlink(made->path);
	return rmdir(made->directory);
}

/* Puts a call whose result is `ret`, of a thread at a time. */
__attribute__((unused)) static void record_put(struct record_ring *made, int64_t ret, uint32_t tid, uint64_t wall_ns)
{
	static const struct spy_addr none;
	struct spy_ring_stamp stamp = {wall_ns, 4711, tid};
	struct spy_record_call call = {.ret = ret, .conn = 1, .fd = 7, .call = SPY_CALL_recv};
	const struct spy_record_parts parts = {.local = &none, .peer = &none};
	uint8_t room[SPY_RECORD_CALL_MAX];
	size_t len = spy_record_encode(room, &call, &parts);

	spy_ring_put(&made->ring, &made->share, SPY_RECORD_CALL, &stamp, room, len);
}

/* The slot of a position. */
__attribute__((unused)) static uint64_t *record_word(struct record_ring *made, uint64_t position)
{
	if (!made->ring.count)
		abort();
	return (uint64_t *)(void *)(made->ring.slots + position % made->ring.count * SPY_RECORD_SLOT_SIZE);
}

/* The results of all calls in the record, in its order; how many. */
__attribute__((unused)) static size_t record_results(struct record_ring *made, int64_t *results, size_t room)
{
	struct source *source = source_open(made->path);
	struct item item;
	size_t count = 0;

	assert_non_null(source);
	while (source_next(source, &item)) {
		assert_int_equal(item.type, ITEM_CALL);
		assert_true(count < room);
		results[count++] = item.call.ret;
	}
	assert_int_equal(source_skipped(source), 0);
	source_close(source);
	return count;
}

#endif
