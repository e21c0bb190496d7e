/*
 * Tests of the templates of rules.def as shim/core/message.c expands them.
 */
#include "../../../shim/spell/buf.h"
#include "replay.h"

static const struct spy_finding sample = {
	.rule = SPY_RULE_close_wait_leak,
	.severity = SPY_ERROR,
	.conn = 12,
	.fd = 7,
	.local = {.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET},
	.peer = {.ip = {[15] = 1}, .port = 41822, .family = AF_INET6},
	.state = SPY_STATE_CLOSE_WAIT,
	.age_ns = 5001 * REPLAY_MS,
	.call = "recv",
	.side = "accepted",
	.evidence = {{.name = "unread_bytes", .number = 12},
		     {.name = "holder_pid", .number = -1},
		     {.name = "holder_name", .kind = SPY_EVIDENCE_HOLDER}},
	.evidence_count = 3,
	.holder_name = "x\n==1== ERROR",
};

static void assert_expands(const struct spy_finding *finding, const char *text, const char *expected)
{
	char room[1024];
	struct spy_buf buf = SPY_BUF(room);

	spy_message_expand(text, finding, &buf);
	assert_false(buf.truncated);
	assert_string_equal(spy_buf_cstr(&buf), expected);
}

static void each_word_stands_for_a_member_of_the_finding(void **state)
{
	(void)state;
	assert_expands(&sample, "{conn}", "12");
	assert_expands(&sample, "{fd}", "7");
	assert_expands(&sample, "{call}", "recv");
	assert_expands(&sample, "{local}", "127.0.0.1:5197");
	assert_expands(&sample, "{peer}", "[::1]:41822");
	assert_expands(&sample, "{state}", "CLOSE_WAIT");
	assert_expands(&sample, "{side}", "accepted");
	assert_expands(&sample, "{age}", "5.0 s");
	assert_expands(&sample, "a {call}() on {fd}.", "a recv() on 7.");
	assert_expands(&sample, "{fd}{conn}", "712");
	assert_expands(&sample, "", "");
}

static void evidence_is_found_by_its_name(void **state)
{
	(void)state;
	assert_expands(&sample, "{unread_bytes} bytes", "12 bytes");
	assert_expands(&sample, "pid {holder_pid}", "pid -1");
}

/* The name is another program's to choose. */
static void the_name_of_a_holder_forges_no_line(void **state)
{
	struct spy_finding finding = sample;

	(void)state;
	assert_expands(&finding, "({holder_name})", "(x\\x0a==1== ERROR)");
	memcpy(finding.holder_name, "sixteen letters!", sizeof(finding.holder_name));
	assert_expands(&finding, "({holder_name})", "(sixteen letters!)");
}

static void an_address_that_is_not_known_is_said_to_be_so(void **state)
{
	struct spy_finding finding = sample;

	(void)state;
	finding.peer.family = 0;
	finding.local.family = 0;
	assert_expands(&finding, "{peer} had closed", "an address not known had closed");
	assert_expands(&finding, "listen() on {local}", "listen() on an address not known");
}

static void a_word_that_is_not_known_is_nothing(void **state)
{
	(void)state;
	assert_expands(&sample, "a {nothing} b", "a  b");
	assert_expands(&sample, "{con}{conns}{unread}{unread_bytes_}", "");
}

static void a_lone_brace_stands_for_itself(void **state)
{
	(void)state;
	assert_expands(&sample, "&(int){1}, sizeof(int)", "&(int){1}, sizeof(int)");
	assert_expands(&sample, "{}", "{}");
	assert_expands(&sample, "{", "{");
	assert_expands(&sample, "}", "}");
	assert_expands(&sample, "{fd", "{fd");
	assert_expands(&sample, "{ fd}", "{ fd}");
	assert_expands(&sample, "{Fd}", "{Fd}");
	assert_expands(&sample, "{{fd}}", "{7}");
	assert_expands(&sample, "{fd {fd}", "{fd 7");
}

static void a_message_too_long_for_its_room_is_cut(void **state)
{
	char room[8];
	struct spy_buf buf = SPY_BUF(room);

	(void)state;
	spy_message_expand("close({fd}) again", &sample, &buf);
	assert_true(buf.truncated);
	assert_memory_equal(room, "close(7)", 8);
}

/* What a user may not see: a brace that is left, or a gap where a word should have been. */
static void no_rule_leaves_a_word_unspoken_in_its_remedy(void **state)
{
	(void)state;
	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++) {
		char room[1024] = "";
		struct spy_buf buf = SPY_BUF(room);

		spy_message_expand(spy_rules[rule].remedy, &sample, &buf);
		spy_buf_cstr(&buf);
		if (strchr(room, '{') && !strstr(room, "(int){1}"))
			fail_msg("%s: %s", spy_rules[rule].name, room);
		if (strstr(room, "  ") || strstr(room, "()") == room || strstr(room, " ,"))
			fail_msg("%s: %s", spy_rules[rule].name, room);
	}
}

static void a_finding_of_the_core_speaks_as_the_contract_says(void **state)
{
	const struct spy_finding *finding = replay_leak(*state);

	assert_expands(finding, finding->message,
		       "accepted connection #12 has been in CLOSE_WAIT for 5.0 s (peer 127.0.0.1:41822 closed first)");
	assert_expands(finding, finding->cause_text, "recv() returned 0 and descriptor 7 was never closed");
	assert_expands(finding, finding->remedy, "close descriptor 7 where recv() returns 0");
	assert_expands(finding, spy_rules[SPY_RULE_missing_reuseaddr].remedy,
		       "setsockopt(7, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) before bind()");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_stands_for_a_member_of_the_finding),
		cmocka_unit_test(evidence_is_found_by_its_name),
		cmocka_unit_test(the_name_of_a_holder_forges_no_line),
		cmocka_unit_test(an_address_that_is_not_known_is_said_to_be_so),
		cmocka_unit_test(a_word_that_is_not_known_is_nothing),
		cmocka_unit_test(a_lone_brace_stands_for_itself),
		cmocka_unit_test(a_message_too_long_for_its_room_is_cut),
		cmocka_unit_test(no_rule_leaves_a_word_unspoken_in_its_remedy),
		replay_test(a_finding_of_the_core_speaks_as_the_contract_says),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
