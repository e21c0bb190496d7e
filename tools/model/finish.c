/*
 * The last step: names for frames, and lists in the order that readers want.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Twice: what one path does not give, another one of the same build may have given meanwhile. */
static void name_frames(struct model *model, struct symbols *symbols)
{
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < model->frames_count; i++) {
			struct model_frame *frame = &model->frames[i];

			if (!frame->name_count)
				frame->name_count =
					symbols_find(symbols, model_text(model, frame->module),
						     model_text(model, frame->build_id), frame->offset, &frame->names);
		}
	}
}

static int compare_times(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/*
 * Puts entries that begin with the index of their connection in the order of connections, keeps the order
 * within each, and hands the list over. *first and *count of each connection say where its entries are.
 */
static void *by_conn(struct model *model, void *list, uint32_t len, size_t size, bool events)
{
	char *from = list;
	char *to = pool_zeros(((size_t)len + 1) * size);
	uint32_t at = 0;

	for (uint32_t i = 0; i < len; i++) {
		struct model_conn *conn = &model->conns[*(const uint32_t *)(const void *)(from + i * size)];

		++*(events ? &conn->event_count : &conn->span_count);
	}
	for (uint32_t i = 0; i < model->conns_count; i++) {
		struct model_conn *conn = &model->conns[i];

		*(events ? &conn->first_event : &conn->first_span) = at;
		at += events ? conn->event_count : conn->span_count;
		*(events ? &conn->event_count : &conn->span_count) = 0;
	}
	for (uint32_t i = 0; i < len; i++) {
		struct model_conn *conn = &model->conns[*(const uint32_t *)(const void *)(from + i * size)];
		uint32_t place =
			events ? conn->first_event + conn->event_count++ : conn->first_span + conn->span_count++;

		memcpy(to + place * size, from + i * size, size);
	}
	free(list);
	return to;
}

/* Threads write their lines nearly in the order of time: few steps for each. */
static void sort_events(struct model_event *events, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct model_event event = events[i];
		uint32_t at = i;

		for (; at > 0 && compare_times(events[at - 1].ts_ns, event.ts_ns) > 0; at--)
			events[at] = events[at - 1];
		events[at] = event;
	}
}

void model_finish(struct model *model, struct symbols *symbols)
{
	model->symbols = symbols;
	if (symbols)
		name_frames(model, symbols);
	model_place(model);
	model_flow_end(model);
	model_make_groups(model);
	model_make_waits(model);
	model_make_pairs(model);
	model->events = by_conn(model, model->events, model->events_count, sizeof(*model->events), true);
	model->spans = by_conn(model, model->spans, model->spans_count, sizeof(*model->spans), false);
	for (uint32_t i = 0; i < model->conns_count; i++)
		sort_events(model->events + model->conns[i].first_event, model->conns[i].event_count);
}
