/*
 * Columns: one array for each thing that is told of every connection, span or event. Lists that are sorted
 * by connection need no reference to it: each connection tells how many are its own.
 */
#include "columns.h"

#include "../model/pool.h"

enum { ROLE_OPENED, ROLE_ACCEPTED, ROLE_LISTENER };
enum { FLAG_INFERRED = 1, FLAG_END_OF_FILE = 2 };

/* The number of a text of the model in the page, counted in the order of first use; 0: none. */
static uint32_t string(struct pool *strings, model_text_id text)
{
	return text ? pool_put(strings, &text, sizeof(text)) + 1 : 0;
}

/* An array named `name` with an element for each connection, in which `conn` is that connection. */
#define CONN_COLUMN(name, element)                                                                                     \
	do {                                                                                                           \
		page_json_open(out, name, '[');                                                                        \
		for (uint32_t i = 0; i < model->conns_count; i++) {                                                    \
			const struct model_conn *conn = &model->conns[i];                                              \
			page_json_number(out, NULL, (int64_t)(element));                                               \
		}                                                                                                      \
		page_json_close(out, ']');                                                                             \
	} while (0)

/* The same for what connections have several of: `type` `item`, its connection's from `first`, `count` of them. */
#define ITEM_COLUMN(name, type, list, first, count, element)                                                           \
	do {                                                                                                           \
		page_json_open(out, name, '[');                                                                        \
		for (uint32_t i = 0; i < model->conns_count; i++)                                                      \
			for (uint32_t j = 0; j < model->conns[i].count; j++) {                                         \
				const struct type *item = &model->list[model->conns[i].first + j];                     \
				const struct type *before = j ? item - 1 : NULL;                                       \
				(void)before;                                                                          \
				page_json_number(out, NULL, (int64_t)(element));                                       \
			}                                                                                              \
		page_json_close(out, ']');                                                                             \
	} while (0)

#define SPAN_COLUMN(name, element)  ITEM_COLUMN(name, model_span, spans, first_span, span_count, element)
#define EVENT_COLUMN(name, element) ITEM_COLUMN(name, model_event, events, first_event, event_count, element)

static int role(const struct model_conn *conn)
{
	return conn->listener ? ROLE_LISTENER : conn->accepted ? ROLE_ACCEPTED : ROLE_OPENED;
}

static int64_t index_of(uint32_t index)
{
	return index == MODEL_NONE ? -1 : (int64_t)index;
}

/* The innermost frame of a stack. */
static int64_t frame_of(const struct model *model, uint32_t stack)
{
	return stack == MODEL_NONE ? -1 : (int64_t)model->stacks[stack].frames[0];
}

static int64_t end_us(const struct model *model, const struct model_conn *conn)
{
	int64_t end = conn->last_ns;

	if (conn->span_count && model->spans[conn->first_span + conn->span_count - 1].to_ns > end)
		end = model->spans[conn->first_span + conn->span_count - 1].to_ns;
	return page_us(model, end);
}

static int state_number(int state)
{
	return state > 0 && state < SPY_STATE_COUNT ? state : SPY_STATE_UNKNOWN;
}

static void write_connections(struct page_json *out, const struct model *model, struct pool *strings)
{
	page_json_open(out, "connections", '{');
	CONN_COLUMN("proc", conn->process);
	CONN_COLUMN("id", conn->id);
	CONN_COLUMN("local", string(strings, conn->local));
	CONN_COLUMN("peer", string(strings, conn->peer));
	CONN_COLUMN("role", role(conn));
	CONN_COLUMN("twin", index_of(conn->other));
	CONN_COLUMN("made", frame_of(model, conn->stacks[SPY_STORY_CREATED]));
	CONN_COLUMN("eof", frame_of(model, conn->stacks[SPY_STORY_EOF]));
	CONN_COLUMN("closed", frame_of(model, conn->stacks[SPY_STORY_CLOSED]));
	CONN_COLUMN("end", end_us(model, conn));
	CONN_COLUMN("events", conn->event_count);
	CONN_COLUMN("spans", conn->span_count);
	page_json_close(out, '}');
}

static void write_spans(struct page_json *out, const struct model *model)
{
	page_json_open(out, "spans", '{');
	SPAN_COLUMN("t", page_us(model, item->from_ns) - (before ? page_us(model, before->from_ns) : 0));
	SPAN_COLUMN("d", item->to_ns / 1000 - item->from_ns / 1000);
	SPAN_COLUMN("s", state_number(item->state));
	SPAN_COLUMN("o", item->open);
	page_json_close(out, '}');
}

static void write_events(struct page_json *out, const struct model *model, struct pool *strings)
{
	page_json_open(out, "events", '{');
	EVENT_COLUMN("t", page_us(model, item->ts_ns) - (before ? page_us(model, before->ts_ns) : 0));
	EVENT_COLUMN("d", item->duration_ns / 100);
	EVENT_COLUMN("call", item->kind == MODEL_CALL ? string(strings, item->call) : 0);
	EVENT_COLUMN("fd", item->kind == MODEL_CALL ? item->fd : -1);
	EVENT_COLUMN("args", string(strings, item->args));
	EVENT_COLUMN("ret", item->ret);
	EVENT_COLUMN("err", string(strings, item->error));
	EVENT_COLUMN("before", state_number(item->state_before));
	EVENT_COLUMN("state", state_number(item->state));
	EVENT_COLUMN("flags", (item->inferred ? FLAG_INFERRED : 0) | (item->observed_eof ? FLAG_END_OF_FILE : 0));
	EVENT_COLUMN("tid", item->tid);
	EVENT_COLUMN("at", frame_of(model, item->stack));
	page_json_close(out, '}');
}

void columns_write(struct page_json *out, const struct model *model)
{
	struct pool strings = {0};

	write_connections(out, model, &strings);
	write_spans(out, model);
	write_events(out, model, &strings);
	page_json_open(out, "strings", '[');
	page_json_text(out, NULL, "");
	for (uint32_t i = 0; i < strings.count; i++)
		page_json_text(out, NULL, model_text(model, *(const model_text_id *)strings.keys[i].bytes));
	page_json_close(out, ']');
	pool_close(&strings);
}
