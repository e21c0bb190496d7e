/*
 * Tests of shim/core/annotations.h: a note belongs to one connection, however often its record is used
 * again, and is cut between characters.
 */
#include "../../../shim/core/annotations.h"
#include "../../../shim/format/json_parts.h"
#include "replay.h"

#include <pthread.h>
#include <stdatomic.h>

static const char *note_of(struct replay *replay, int fd)
{
	return spy_annotation(&replay->core->annotations, replay_conn(replay, fd));
}

static void annotate(struct replay *replay, int fd, const char *text)
{
	spy_annotate(&replay->core->annotations, replay_memory, replay_conn(replay, fd), text, strlen(text));
}

static void a_note_is_its_connection_s(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_accepted(replay, 8);
	assert_null(note_of(replay, 7));
	annotate(replay, 7, "first");
	annotate(replay, 8, "second");
	assert_string_equal(note_of(replay, 7), "first");
	annotate(replay, 7, "1st");
	assert_string_equal(note_of(replay, 7), "1st");
	assert_string_equal(note_of(replay, 8), "second");
	annotate(replay, 7, "");
	assert_null(note_of(replay, 7));
}

static void the_next_connection_in_the_record_has_none(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	annotate(replay, 7, "first");
	replay_close(replay, 7, SPY_STATE_CLOSED);
	assert_string_equal(note_of(replay, 7), "first");
	spy_table_clear(&replay->core->table, 7);
	assert_ptr_equal(replay_accepted(replay, 8), conn);
	assert_null(note_of(replay, 8));
}

static void a_finding_has_the_note(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	annotate(replay, 7, "tenant 7");
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_reports(replay, recv_after_close);
	assert_string_equal(replay_finding(replay, SPY_RULE_recv_after_close)->note, "tenant 7");
}

static void long_notes_are_cut_between_characters(void **state)
{
	struct replay *replay = *state;
	char text[300];

	replay_accepted(replay, 7);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	annotate(replay, 7, text);
	assert_int_equal(strlen(note_of(replay, 7)), SPY_ANNOTATION_ROOM - 1);
	memcpy(text + SPY_ANNOTATION_ROOM - 3, "\xe2\x82\xac", 3);
	annotate(replay, 7, text);
	assert_int_equal(strlen(note_of(replay, 7)), SPY_ANNOTATION_ROOM - 3);
	memset(text, 0x80, sizeof(text) - 1);
	annotate(replay, 7, text);
	assert_string_equal(note_of(replay, 7), "");
}

static void without_memory_there_is_no_note(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_memory_left = 0;
	annotate(replay, 7, "first");
	assert_null(note_of(replay, 7));
}

#define CHANGES 100000

static char changing[SPY_ANNOTATION_ROOM];
static _Atomic bool over;

/* As a second thread of the program puts one text after the other. */
static void *change(void *unused)
{
	(void)unused;
	while (!over)
		for (size_t text = 0; text < 2; text++)
			for (size_t i = 0; i < sizeof(changing) - 1; i++)
				__atomic_store_n(&changing[i], "a\""[text], __ATOMIC_RELAXED);
	return NULL;
}

static void a_note_that_changes_while_it_is_written_is_still_a_string_of_JSON(void **state)
{
	static char room[SPY_ANNOTATION_ROOM * 6 + 16];
	size_t unescaped = 0;
	pthread_t thread;

	(void)state;
	memset(changing, 'a', sizeof(changing) - 1);
	assert_int_equal(pthread_create(&thread, NULL, change, NULL), 0);
	for (unsigned int n = 0; n < CHANGES; n++) {
		struct spy_buf out = SPY_BUF(room);

		spy_json_note(&out, changing);
		for (size_t i = strlen(",\"note\":\""); i < out.len - 1; i++)
			if (room[i] == '\\')
				i++;
			else
				unescaped += room[i] == '"';
	}
	over = true;
	pthread_join(thread, NULL);
	assert_int_equal(unescaped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_note_is_its_connection_s),
		replay_test(the_next_connection_in_the_record_has_none),
		replay_test(a_finding_has_the_note),
		replay_test(long_notes_are_cut_between_characters),
		replay_test(without_memory_there_is_no_note),
		cmocka_unit_test(a_note_that_changes_while_it_is_written_is_still_a_string_of_JSON),
	};

	return cmocka_run_group_tests_name("annotations", tests, NULL, NULL);
}
