/*
 * Tests of the metrics' text (shim/format/metrics.c) and of what it is made from: histograms that only
 * grow, labels that nothing can break out of, no sample twice.
 */
#include "../../../shim/format/metrics.h"
#include "../core/replay.h"

#include <stdio.h>

#define MS REPLAY_MS

static char text[SPY_METRICS_ROOM];
static struct spy_metrics metrics;
static struct spy_counts counts;

static const char *render(void)
{
	struct spy_buf out = SPY_BUF(text);

	spy_metrics_render(&out, &metrics);
	assert_false(out.truncated);
	return spy_buf_cstr(&out);
}

static void begin(void)
{
	memset(&metrics, 0, sizeof(metrics));
	memset(&counts, 0, sizeof(counts));
	metrics.host = "db1";
	metrics.program = "app";
	metrics.pid = 4711;
	metrics.counts = &counts;
}

#define COMMON "{host=\"db1\",pid=\"4711\",program=\"app\""

static unsigned int count_of(const char *part)
{
	unsigned int count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		count++;
	return count;
}

#define assert_line(line) assert_int_equal(count_of("\n" line "\n"), 1)

static void every_state_is_there_also_with_none(void **state)
{
	(void)state;
	begin();
	metrics.by_state[SPY_STATE_CLOSE_WAIT] = 3;
	metrics.oldest_ns[SPY_STATE_CLOSE_WAIT] = 61500 * MS;
	render();
	assert_line("tcpwaitspy_connections" COMMON ",state=\"CLOSE_WAIT\"} 3");
	assert_line("tcpwaitspy_connections" COMMON ",state=\"ESTABLISHED\"} 0");
	assert_line("tcpwaitspy_connections_oldest_seconds" COMMON ",state=\"CLOSE_WAIT\"} 61.500000");
	assert_int_equal(count_of("\ntcpwaitspy_connections{"), 11);
	assert_int_equal(count_of("\ntcpwaitspy_connections_oldest_seconds{"), 6);
	assert_int_equal(count_of("\ntcpwaitspy_findings_total{"), SPY_RULE_COUNT);
}

static void what_a_process_says_of_itself_and_of_its_connections_is_spelled_out(void **state)
{
	(void)state;
	begin();
	metrics.wall_ns = UINT64_C(1795356202104512000);
	metrics.start_wall_ns = UINT64_C(1795356200000001999);
	metrics.accepted = 7;
	metrics.opened = 5;
	render();
	assert_line("# TYPE tcpwaitspy_up gauge");
	assert_line("# HELP tcpwaitspy_up 1 while the process runs, 0 in what it wrote when it ended.");
	assert_line("tcpwaitspy_up" COMMON "} 1");
	assert_line("tcpwaitspy_last_write_timestamp_seconds" COMMON "} 1795356202.104512");
	assert_line("tcpwaitspy_process_start_time_seconds" COMMON "} 1795356200.000001");
	assert_line("# TYPE tcpwaitspy_connections_opened_total counter");
	assert_line("tcpwaitspy_connections_accepted_total" COMMON "} 7");
	assert_line("tcpwaitspy_connections_opened_total" COMMON "} 5");
	metrics.is_over = true;
	render();
	assert_line("tcpwaitspy_up" COMMON "} 0");
}

static void every_family_has_help_and_type_before_its_samples(void **state)
{
	const char *line;

	(void)state;
	begin();
	spy_counts_add(&counts, 1, SPY_CALL_recv, EAGAIN);
	render();
	assert_int_equal(count_of("# HELP "), count_of("# TYPE "));
	for (line = text; *line; line = strchr(line, '\n') + 1) {
		char type[128];
		size_t len = strcspn(line, "{ ");
		const char *base = line;

		if (*line == '#')
			continue;
		/* A histogram's samples have suffixes that its type has not. */
		if (strncmp(line, "tcpwaitspy_wait_duration_seconds", 32) == 0)
			len = 32;
		snprintf(type, sizeof(type), "# TYPE %.*s ", (int)len, base);
		assert_int_equal(count_of(type), 1);
		assert_true(strstr(text, type) < line);
	}
}

static void stays_fall_into_the_first_bound_that_they_do_not_pass(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = spy_table_open(&replay->core->table, 7, 0);
	struct spy_ledger *ledger = &replay->core->ledger;

	begin();
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSE_WAIT, 1000 * MS);
	memcpy(metrics.stays, ledger->stays, sizeof(metrics.stays));
	render();
	/* What goes on is in no bucket yet. */
	assert_line("tcpwaitspy_wait_duration_seconds_count" COMMON ",state=\"CLOSE_WAIT\"} 0");
	spy_ledger_move(ledger, conn, SPY_STATE_LAST_ACK, 1010 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSE_WAIT, 1011 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_LAST_ACK, 1021 * MS + 1);
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSE_WAIT, 2000 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSED, 2000 * MS + 86400001 * MS);
	memcpy(metrics.stays, ledger->stays, sizeof(metrics.stays));
	render();
#define BUCKET(le) "tcpwaitspy_wait_duration_seconds_bucket" COMMON ",state=\"CLOSE_WAIT\",le=\"" le "\"} "
	assert_line(BUCKET("0.001") "0");
	assert_line(BUCKET("0.01") "1");
	assert_line(BUCKET("0.1") "2");
	assert_line(BUCKET("60") "2");
	assert_line(BUCKET("86400") "2");
	assert_line(BUCKET("+Inf") "3");
	assert_line("tcpwaitspy_wait_duration_seconds_count" COMMON ",state=\"CLOSE_WAIT\"} 3");
	assert_line("tcpwaitspy_wait_duration_seconds_sum" COMMON ",state=\"CLOSE_WAIT\"} 86400.021000");
}

static void a_stay_in_the_same_state_goes_on(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = spy_table_open(&replay->core->table, 7, 0);
	struct spy_ledger *ledger = &replay->core->ledger;

	spy_ledger_move(ledger, conn, SPY_STATE_CLOSE_WAIT, 1000 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSE_WAIT, 2000 * MS);
	for (unsigned int i = 0; i <= SPY_WAIT_BOUNDS; i++)
		assert_int_equal(ledger->stays[SPY_STATE_CLOSE_WAIT].count[i], 0);
}

static void connections_are_counted_by_who_began_them(void **state)
{
	struct replay *replay = *state;

	replay_connected(replay, 7);
	replay_accepted(replay, 8);
	replay_accepted(replay, 9);
	assert_int_equal(replay->core->connections, 3);
	assert_int_equal(replay->core->accepted, 2);
	spy_core_not_ours_yet(replay->core, replay_conn(replay, 9));
	assert_int_equal(replay->core->accepted, 1);
	spy_core_forked(replay->core, replay->now_ns);
	assert_int_equal(replay->core->accepted, 0);
}

static void put_place(unsigned int i, const char *function, const char *module, uint64_t offset, uint64_t count)
{
	struct spy_metrics_place *place = &metrics.places[i];

	place->rule = SPY_RULE_close_wait_leak;
	place->severity = SPY_ERROR;
	place->count = count;
	place->frame.module_offset = offset;
	snprintf(place->frame.function, sizeof(place->frame.function), "%s", function);
	snprintf(place->frame.module, sizeof(place->frame.module), "%s", module);
	if (metrics.place_count <= i)
		metrics.place_count = i + 1;
}

#define LEAK ",rule=\"close-wait-leak\",severity=\"error\""

static void places_that_differ_by_their_callers_alone_are_one(void **state)
{
	(void)state;
	begin();
	put_place(0, "handle", "/usr/sbin/app", 0x1217, 2);
	put_place(1, "handle", "/usr/sbin/app", 0x1300, 1);
	put_place(2, "handle", "/usr/sbin/app", 0x1217, 5);
	render();
	assert_line("tcpwaitspy_place_findings_total" COMMON LEAK
		    ",function=\"handle\",module=\"app\",offset=\"0x1217\"} 7");
	assert_line("tcpwaitspy_place_findings_total" COMMON LEAK
		    ",function=\"handle\",module=\"app\",offset=\"0x1300\"} 1");
	assert_int_equal(count_of("\ntcpwaitspy_place_findings_total{"), 2);
}

static void names_cannot_leave_their_label(void **state)
{
	(void)state;
	begin();
	metrics.host = "h\"} 1\ntcpwaitspy_up 7";
	metrics.program = "a\\b\xff\xc3\xa9";
	put_place(0, "operator\"\"_s", "/opt/x\ny.so", 16, 1);
	render();
	assert_int_equal(count_of("\ntcpwaitspy_up 7"), 0);
	assert_int_equal(count_of("\ntcpwaitspy_up{host=\"h\\\"} 1\\\\x0atcpwaitspy_up 7\",pid=\"4711\","
				  "program=\"a\\\\x5cb\\\\xff\xc3\xa9\"} 1\n"),
			 1);
	assert_int_equal(count_of(",function=\"operator\\\"\\\"_s\",module=\"x\\\\x0ay.so\",offset=\"0x10\"} 1\n"), 1);
}

static void calls_and_errors_are_there_once_they_happened(void **state)
{
	(void)state;
	begin();
	spy_counts_add(&counts, 1, SPY_CALL_recv, 0);
	spy_counts_add(&counts, 2, SPY_CALL_recv, EAGAIN);
	spy_counts_add(&counts, 2, SPY_CALL_recv, 4095);
	spy_counts_add(&counts, 2, SPY_CALL_recv, 41); /* a number without a name */
	render();
	assert_line("tcpwaitspy_calls_total" COMMON ",call=\"recv\"} 4");
	assert_line("tcpwaitspy_call_errors_total" COMMON ",call=\"recv\",errno=\"EAGAIN\"} 1");
	assert_line("tcpwaitspy_call_errors_total" COMMON ",call=\"recv\",errno=\"other\"} 2");
	assert_int_equal(count_of("\ntcpwaitspy_calls_total{"), 1);
	assert_int_equal(count_of("\ntcpwaitspy_call_errors_total{"), 2);
}

static void everything_at_once_fits(void **state)
{
	(void)state;
	begin();
	for (unsigned int call = 0; call < SPY_CALL_COUNT; call++)
		for (int err = 0; err < 200; err++)
			spy_counts_add(&counts, 1, (enum spy_call_id)call, spy_calls[call].op ? err : 0);
	for (unsigned int i = 0; i < SPY_METRICS_PLACES; i++)
		put_place(i, "a_function_with_a_name_that_is_rather_long", "/usr/lib/x86_64-linux-gnu/libmodule.so.6",
			  i, 1);
	render();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_there_also_with_none),
		cmocka_unit_test(what_a_process_says_of_itself_and_of_its_connections_is_spelled_out),
		cmocka_unit_test(every_family_has_help_and_type_before_its_samples),
		replay_test(stays_fall_into_the_first_bound_that_they_do_not_pass),
		replay_test(a_stay_in_the_same_state_goes_on),
		replay_test(connections_are_counted_by_who_began_them),
		cmocka_unit_test(places_that_differ_by_their_callers_alone_are_one),
		cmocka_unit_test(names_cannot_leave_their_label),
		cmocka_unit_test(calls_and_errors_are_there_once_they_happened),
		cmocka_unit_test(everything_at_once_fits),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
