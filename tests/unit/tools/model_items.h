/*
 * Items for the tests of the model and of what writes from it: a story of processes and connections is
 * told line by line, as a log would.
 */
#ifndef UNIT_MODEL_ITEMS_H
#define UNIT_MODEL_ITEMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../tools/model/model.h"

#define SECOND_NS    INT64_C(1000000000)
#define SECONDS(...) ((int64_t)((__VA_ARGS__)*1e9))

/* The story starts at 2026-11-22T14:00:00Z. */
#define START_NS INT64_C(1795356000000000000)

struct tale {
	struct model *model;
	int pid;
	const char *outer; /* the function around the place of a finding; NULL: main */
	bool observed_eof; /* its recv() are */
	uint32_t stack; /* number of the stack of the next calls; 0: none */
	uint64_t frames_at; /* its frame's offset in build "aa", told with the next call; 0: not told */
};

static inline int64_t at(double seconds)
{
	return START_NS + SECONDS(seconds);
}

static inline struct tale tale_begin(const struct model_filter *filter)
{
	return (struct tale){.model = model_open(filter ? filter : &(const struct model_filter){.keep_events = true})};
}

static inline void tell_process(struct tale *tale, double seconds, int pid, const char *host, const char *exe)
{
	tale->pid = pid;
	model_add(tale->model, &(const struct item){
				       .type = ITEM_PROCESS,
				       .ts_ns = at(seconds),
				       .pid = pid,
				       .tid = pid,
				       .state = ITEM_NO_STATE,
				       .state_before = ITEM_NO_STATE,
				       .process = {.host = host, .exe = exe, .argv = exe, .ppid = 1},
			       });
}

/* A call that took a millisecond. */
static inline void tell_call(struct tale *tale, double seconds, const char *name, uint64_t conn, const char *local,
			     const char *peer, int before, int state)
{
	const struct item_pair args[] = {{"len", "128", false}, {"flags", "MSG_PEEK", true}};
	const struct item_frame frame = {.module = "/usr/sbin/served", .offset = tale->frames_at, .build_id = "aa"};

	model_add(tale->model, &(const struct item){
				       .type = ITEM_CALL,
				       .ts_ns = at(seconds),
				       .pid = tale->pid,
				       .tid = tale->pid,
				       .conn = conn,
				       .local = local,
				       .peer = peer,
				       .accepted = strcmp(name, "accept") == 0,
				       .state_before = before,
				       .state = state,
				       .call = {.name = name,
						.fd = 7,
						.args = {2, args},
						.ret = 5,
						.duration_ns = 1000000,
						.observed_eof = tale->observed_eof && strcmp(name, "recv") == 0},
				       .stack = tale->stack,
				       .frames = {.count = tale->frames_at ? 1 : 0, .frames = &frame},
			       });
	tale->frames_at = 0;
}

static inline void tell_state(struct tale *tale, double seconds, uint64_t conn, double dwell, int before, int state)
{
	model_add(tale->model, &(const struct item){
				       .type = ITEM_STATE,
				       .ts_ns = at(seconds),
				       .pid = tale->pid,
				       .tid = tale->pid,
				       .conn = conn,
				       .state_before = before,
				       .state = state,
				       .dwell_ns = (uint64_t)SECONDS(dwell),
			       });
}

static inline struct item_frame frame_at(const char *function, uint64_t offset, const char *build_id)
{
	return (struct item_frame){
		.ip = 0x500000 + offset,
		.module = "/usr/sbin/served",
		.offset = offset,
		.build_id = build_id,
		.function = function,
		.function_offset = 8,
	};
}

static inline void tell_finding(struct tale *tale, double seconds, const char *rule, const char *severity,
				uint64_t conn, struct item_frame place)
{
	const struct item_frame eof[] = {
		place, frame_at(tale->outer ? tale->outer : "main", tale->outer ? 0x30 : 0x20, place.build_id)};
	const struct item_frame created[] = {frame_at("accept_client", 0x900, place.build_id)};
	const struct item_pair evidence[] = {{"eof_reads", "1", false}, {"holder_name", "sh \"x\"", true}};
	struct item item = {
		.type = ITEM_FINDING,
		.ts_ns = at(seconds),
		.pid = tale->pid,
		.tid = tale->pid,
		.conn = conn,
		.state = SPY_STATE_CLOSE_WAIT,
		.state_before = ITEM_NO_STATE,
		.finding = {.rule = rule,
			    .severity = severity,
			    .fd = 7,
			    .cause = "eof-read",
			    .message = "connection #12 has been in CLOSE_WAIT for 5.0 s",
			    .remedy = "close descriptor 7 where recv() returns 0",
			    .count = 1,
			    .place = SPY_STORY_EOF,
			    .evidence = {2, evidence}},
	};

	item.finding.stacks[SPY_STORY_EOF] = (struct item_stack){place.module ? 2 : 0, eof};
	item.finding.stacks[SPY_STORY_CREATED] = (struct item_stack){1, created};
	if (!place.module)
		item.finding.stacks[SPY_STORY_CREATED].count = 0;
	model_add(tale->model, &item);
}

/* A summary with one place and one WAIT state. */
static inline void tell_summary(struct tale *tale, double seconds, const struct item_place *place,
				const struct item_wait *wait)
{
	struct item_wait total = wait ? *wait : (struct item_wait){0};

	total.frame = (struct item_frame){0};
	model_add(tale->model, &(const struct item){
				       .type = ITEM_SUMMARY,
				       .ts_ns = at(seconds),
				       .pid = tale->pid,
				       .tid = tale->pid,
				       .state = ITEM_NO_STATE,
				       .state_before = ITEM_NO_STATE,
				       .summary = {.errors = 1,
						   .connections = 3,
						   .place_count = place ? 1 : 0,
						   .places = place,
						   .wait_count = wait ? 1 : 0,
						   .waits = &total,
						   .wait_place_count = wait ? 1 : 0,
						   .wait_places = wait},
			       });
}

#endif
