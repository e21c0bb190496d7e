/*
 * Trace events as Chrome and ui.perfetto.dev read them ("Trace Event Format"): a process for each process,
 * in it its threads with their calls, and a track for each connection with a slice for each state.
 *
 * Slices of one track must lie inside or beside each other. A log's times are microseconds and its
 * durations tenths of them, so that two calls may seem to overlap by one: they are pushed apart.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../model/pool.h"
#include "../read/moment.h"
#include "place.h"
#include "quote.h"
#include "writer.h"

/* Above all that the kernel gives to threads (PID_MAX_LIMIT): the tracks of connections. */
#define FIRST_TRACK 4194305
#define ROUNDING_NS 1000
#define NESTED_MAX  16

struct trace {
	const struct model *model;
	FILE *out;
	int64_t start_ns; /* of time */
	bool any; /* events so far */
};

/* pids are numbers of processes here: those of several hosts and times may be the same. */
static void begin_event(struct trace *trace, const char *phase, uint32_t process, uint32_t track)
{
	fprintf(trace->out, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", trace->any ? ",\n" : "\n", phase, process + 1,
		track);
	trace->any = true;
}

static void put_text(struct trace *trace, const char *name, const char *text)
{
	fprintf(trace->out, ",\"%s\":", name);
	quote_put(trace->out, text);
}

/* Microseconds since the start, to the nanosecond. */
static void put_time(struct trace *trace, const char *name, int64_t ns)
{
	fprintf(trace->out, ",\"%s\":%" PRId64 ".%03" PRId64, name, ns / 1000, ns % 1000);
}

static void put_slice(struct trace *trace, int64_t from_ns, int64_t to_ns)
{
	put_time(trace, "ts", from_ns - trace->start_ns);
	put_time(trace, "dur", to_ns > from_ns ? to_ns - from_ns : 0);
}

static void put_metadata(struct trace *trace, const char *what, uint32_t process, uint32_t track, const char *text)
{
	begin_event(trace, "M", process, track);
	put_text(trace, "name", what);
	fputs(",\"args\":{\"name\":", trace->out);
	quote_put(trace->out, text);
	fputs("}}", trace->out);
}

static uint32_t track_of(uint32_t conn)
{
	return FIRST_TRACK + conn;
}

static void put_processes(struct trace *trace)
{
	for (uint32_t i = 0; i < trace->model->processes_count; i++) {
		const struct model_process *process = &trace->model->processes[i];
		const char *host = model_text(trace->model, process->host);
		char text[512];

		snprintf(text, sizeof(text), "%s[%d]%s%s", place_program(trace->model, process), process->pid,
			 host ? " on " : "", host ? host : "");
		put_metadata(trace, "process_name", i, 0, text);
	}
}

static void put_conn(struct trace *trace, uint32_t index)
{
	const struct model *model = trace->model;
	const struct model_conn *conn = &model->conns[index];
	char text[256];

	snprintf(text, sizeof(text), "#%" PRIu64 " %s %s %s", conn->id,
		 conn->local ? model_text(model, conn->local) : "*", conn->accepted || conn->listener ? "<-" : "->",
		 conn->peer ? model_text(model, conn->peer) : "*");
	put_metadata(trace, "thread_name", conn->process, track_of(index), text);
	for (uint32_t i = 0; i < conn->span_count; i++) {
		const struct model_span *span = &model->spans[conn->first_span + i];

		begin_event(trace, "X", conn->process, track_of(index));
		put_text(trace, "name", spy_state_name(span->state));
		fputs(",\"cat\":\"state\"", trace->out);
		put_slice(trace, span->from_ns, span->to_ns);
		fprintf(trace->out, ",\"args\":{\"inferred\":%s,\"open\":%s}}", span->inferred ? "true" : "false",
			span->open ? "true" : "false");
	}
}

/* A call as a slice of its thread. */
struct slice {
	uint32_t process;
	uint32_t tid;
	int64_t from_ns;
	int64_t to_ns;
	uint32_t event;
};

/* By thread, then start; of those that start together the longest first, as it has the others in it. */
static int by_thread_and_start(const void *left, const void *right)
{
	const struct slice *a = left, *b = right;

	if (a->process != b->process)
		return a->process < b->process ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->from_ns != b->from_ns)
		return a->from_ns < b->from_ns ? -1 : 1;
	if (a->to_ns != b->to_ns)
		return a->to_ns > b->to_ns ? -1 : 1;
	return a->event < b->event ? -1 : a->event > b->event;
}

static uint32_t take_slices(const struct model *model, struct slice *slices)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->events_count; i++) {
		const struct model_event *event = &model->events[i];

		if (event->kind != MODEL_CALL)
			continue;
		slices[count++] = (struct slice){
			.process = model->conns[event->conn].process,
			.tid = event->tid,
			.from_ns = event->ts_ns - (int64_t)event->duration_ns,
			.to_ns = event->ts_ns,
			.event = i,
		};
	}
	qsort(slices, count, sizeof(*slices), by_thread_and_start);
	return count;
}

/* The ends of the slices around the one that is next. */
struct nest {
	int64_t ends[NESTED_MAX];
	int depth;
};

/* What ends before this one starts is behind it; what does not has it in itself. */
static void fit(struct nest *nest, struct slice *slice)
{
	while (nest->depth && nest->ends[nest->depth - 1] <= slice->from_ns + ROUNDING_NS) {
		int64_t end = nest->ends[--nest->depth];

		if (slice->from_ns < end)
			slice->from_ns = end;
	}
	if (nest->depth && slice->to_ns > nest->ends[nest->depth - 1])
		slice->to_ns = nest->ends[nest->depth - 1];
	if (nest->depth && slice->from_ns > nest->ends[nest->depth - 1])
		slice->from_ns = nest->ends[nest->depth - 1];
	if (slice->to_ns < slice->from_ns)
		slice->to_ns = slice->from_ns;
	if (nest->depth < NESTED_MAX)
		nest->ends[nest->depth++] = slice->to_ns;
}

static void put_call(struct trace *trace, const struct slice *slice)
{
	const struct model *model = trace->model;
	const struct model_event *event = &model->events[slice->event];
	const struct model_conn *conn = &model->conns[event->conn];

	begin_event(trace, "X", slice->process, slice->tid);
	put_text(trace, "name", model_text(model, event->call));
	fputs(",\"cat\":\"call\"", trace->out);
	put_slice(trace, slice->from_ns, slice->to_ns);
	fprintf(trace->out, ",\"args\":{\"conn\":%" PRIu64 ",\"fd\":%d,\"ret\":%" PRId64, conn->id, event->fd,
		event->ret);
	if (event->error)
		put_text(trace, "errno", model_text(model, event->error));
	if (event->args)
		put_text(trace, "args", model_text(model, event->args));
	if (event->state != ITEM_NO_STATE)
		put_text(trace, "state", spy_state_name((unsigned int)event->state));
	fputs("}}", trace->out);
}

static void put_calls(struct trace *trace)
{
	const struct model *model = trace->model;
	struct slice *slices = pool_zeros(((size_t)model->events_count + 1) * sizeof(*slices));
	uint32_t count = take_slices(model, slices);
	struct nest nest = {.depth = 0};

	for (uint32_t i = 0; i < count; i++) {
		if (!i || slices[i].process != slices[i - 1].process || slices[i].tid != slices[i - 1].tid) {
			char name[32];

			nest.depth = 0;
			snprintf(name, sizeof(name), "thread %u", slices[i].tid);
			put_metadata(trace, "thread_name", slices[i].process, slices[i].tid, name);
		}
		fit(&nest, &slices[i]);
		put_call(trace, &slices[i]);
	}
	free(slices);
}

static void put_finding(struct trace *trace, const struct model_finding *finding)
{
	const struct model *model = trace->model;
	const struct model_group *group = &model->groups[finding->group];
	char place[PLACE_TEXT];

	begin_event(trace, "i", finding->process, finding->conn == MODEL_NONE ? finding->tid : track_of(finding->conn));
	put_text(trace, "name", model_text(model, group->rule));
	fputs(",\"cat\":\"finding\",\"s\":\"t\"", trace->out);
	put_time(trace, "ts", finding->ts_ns - trace->start_ns);
	fputs(",\"args\":{\"severity\":", trace->out);
	quote_put(trace->out, model_severity_name(group->severity));
	put_text(trace, "message", model_text(model, finding->message));
	put_text(trace, "remedy", model_text(model, finding->remedy));
	put_text(trace, "place", place_name(model, group->frame, place));
	fputs("}}", trace->out);
}

/* A call that is the first record began before it. */
static int64_t start_of(const struct model *model)
{
	int64_t start_ns = model->first_ns;

	for (uint32_t i = 0; i < model->conns_count; i++)
		if (model->conns[i].first_ns < start_ns)
			start_ns = model->conns[i].first_ns;
	for (uint32_t i = 0; i < model->events_count; i++)
		if (model->events[i].ts_ns - (int64_t)model->events[i].duration_ns < start_ns)
			start_ns = model->events[i].ts_ns - (int64_t)model->events[i].duration_ns;
	return start_ns;
}

void perfetto_write(const struct model *model, FILE *out)
{
	struct trace trace = {.model = model, .out = out, .start_ns = start_of(model)};
	char start[MOMENT_TEXT];

	fprintf(out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"start\":\"%s\"},\"traceEvents\":[",
		moment_text(trace.start_ns, 9, start));
	put_processes(&trace);
	for (uint32_t i = 0; i < model->conns_count; i++)
		put_conn(&trace, i);
	put_calls(&trace);
	for (uint32_t i = 0; i < model->findings_count; i++)
		put_finding(&trace, &model->findings[i]);
	fputs("\n]}\n", out);
}
