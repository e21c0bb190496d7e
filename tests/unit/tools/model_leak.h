/*
 * A small story for the tests of what writes from a model: a server leaks a connection of a client that was
 * traced as well, and misses SO_REUSEADDR.
 */
#ifndef UNIT_MODEL_LEAK_H
#define UNIT_MODEL_LEAK_H

#include "model_items.h"

static inline struct tale tell_story(void)
{
	static const struct item_wait wait = {
		.state = SPY_STATE_CLOSE_WAIT, .connections = 3, .total_ns = 21000000000, .max_ns = 7300000000};
	struct item_frame frame = frame_at("handle_client", 0x1288, "aa");
	struct item_place place = {.rule = "close-wait-leak",
				   .severity = "error",
				   .count = 5,
				   .first_ns = at(7),
				   .last_ns = at(9),
				   .frame = frame};
	struct tale tale = tale_begin(NULL);

	tell_process(&tale, 0, 4711, "web", "/usr/sbin/served");
	tell_call(&tale, 1, "listen", 1, "127.0.0.1:80", NULL, SPY_STATE_CLOSED, SPY_STATE_LISTEN);
	tell_finding(&tale, 1, "missing-reuseaddr", "warning", 1, frame_at("start, \"now\"", 0x400, "aa"));
	tell_call(&tale, 2, "accept", 12, "127.0.0.1:80", "127.0.0.1:4000", SPY_STATE_ESTABLISHED,
		  SPY_STATE_ESTABLISHED);
	tell_call(&tale, 3, "recv", 12, NULL, NULL, SPY_STATE_ESTABLISHED, SPY_STATE_CLOSE_WAIT);
	tell_finding(&tale, 7, "close-wait-leak", "error", 12, frame);
	tell_summary(&tale, 10, &place, &wait);
	model_next_file(tale.model);
	tell_process(&tale, 0, 4712, "web", "/usr/bin/client");
	tell_call(&tale, 2, "connect", 1, "127.0.0.1:4000", "127.0.0.1:80", SPY_STATE_CLOSED, SPY_STATE_ESTABLISHED);
	tell_call(&tale, 2.5, "close", 1, NULL, NULL, SPY_STATE_ESTABLISHED, SPY_STATE_FIN_WAIT_1);
	tell_state(&tale, 2.7, 1, 0.1, SPY_STATE_FIN_WAIT_1, SPY_STATE_FIN_WAIT_2);
	model_finish(tale.model, NULL);
	return tale;
}

/* What symbols would have found: handle_client() with read_line() inlined into it. */
static inline void name_story(struct tale *tale)
{
	static const struct symbols_frame names[] = {
		{.function = "read_line", .file = "/src/line.c", .line = 12, .column = 3, .inlined = true},
		{.function = "handle_client", .file = "/src/server one.c", .line = 88, .column = 7},
	};

	for (uint32_t i = 0; i < tale->model->frames_count; i++) {
		const char *function = model_text(tale->model, tale->model->frames[i].function);

		if (function && strcmp(function, "handle_client") == 0) {
			tale->model->frames[i].names = names;
			tale->model->frames[i].name_count = 2;
		}
	}
}

/* What a writer writes, until the next call. */
static inline const char *written(void (*write)(const struct model *model, FILE *out), const struct model *model)
{
	static char *text;
	size_t len;
	FILE *out;

	free(text);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	write(model, out);
	fclose(out);
	return text;
}

#endif
