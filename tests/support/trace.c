/*
 * Each event by itself, and then the slices of each track: they lie inside or beside each other.
 */
#include "trace.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_NESTED 32

struct slice {
	int64_t pid;
	int64_t tid;
	int64_t from_ns;
	int64_t to_ns;
};

static char complaint[256];

static json_object *get(json_object *object, const char *name, json_type type)
{
	json_object *value;

	return json_object_object_get_ex(object, name, &value) && json_object_is_type(value, type) ? value : NULL;
}

static const char *text(json_object *object, const char *name)
{
	json_object *value = get(object, name, json_type_string);

	return value ? json_object_get_string(value) : "";
}

static bool has_number(json_object *event, const char *name)
{
	json_object *value = json_object_object_get(event, name);

	return (json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int)) &&
	       json_object_get_double(value) >= 0;
}

static int64_t ns_of(json_object *event, const char *name)
{
	return llround(json_object_get_double(json_object_object_get(event, name)) * 1000);
}

static const char *event_complaint(json_object *event)
{
	const char *phase = text(event, "ph");

	if (!get(event, "pid", json_type_int) || !get(event, "tid", json_type_int) || !*text(event, "name"))
		return "without pid, tid or name";
	if (strcmp(phase, "M") == 0)
		return *text(get(event, "args", json_type_object), "name") ? NULL : "metadata without args.name";
	if (!has_number(event, "ts") || !*text(event, "cat"))
		return "without ts or cat";
	if (strcmp(phase, "X") == 0)
		return has_number(event, "dur") ? NULL : "a slice without dur";
	if (strcmp(phase, "i") == 0)
		return strlen(text(event, "s")) == 1 && strchr("gpt", *text(event, "s")) ? NULL
											 : "an instant without scope";
	return "an unknown phase";
}

/* A name for the event's process and for its track stands in the metadata. */
static bool is_named(json_object *events, json_object *event, const char *what, bool track)
{
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		json_object *other = json_object_array_get_idx(events, i);

		if (strcmp(text(other, "ph"), "M") == 0 && strcmp(text(other, "name"), what) == 0 &&
		    json_object_equal(json_object_object_get(other, "pid"), json_object_object_get(event, "pid")) &&
		    (!track ||
		     json_object_equal(json_object_object_get(other, "tid"), json_object_object_get(event, "tid"))))
			return true;
	}
	return false;
}

static int by_track_and_start(const void *left, const void *right)
{
	const struct slice *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->from_ns != b->from_ns)
		return a->from_ns < b->from_ns ? -1 : 1;
	return a->to_ns > b->to_ns ? -1 : a->to_ns < b->to_ns;
}

static const char *nesting_complaint(struct slice *slices, size_t count)
{
	int64_t ends[TRACE_NESTED];
	size_t depth = 0;

	qsort(slices, count, sizeof(*slices), by_track_and_start);
	for (size_t i = 0; i < count; i++) {
		if (i && (slices[i].pid != slices[i - 1].pid || slices[i].tid != slices[i - 1].tid))
			depth = 0;
		while (depth && ends[depth - 1] <= slices[i].from_ns)
			depth--;
		if (depth && ends[depth - 1] < slices[i].to_ns)
			return "two slices of a track overlap";
		if (depth == TRACE_NESTED)
			return "slices are nested too deep";
		ends[depth++] = slices[i].to_ns;
	}
	return NULL;
}

const char *trace_complaint(json_object *trace)
{
	json_object *events = get(trace, "traceEvents", json_type_array);
	const char *unit = text(trace, "displayTimeUnit");
	const char *wrong = NULL;
	struct slice *slices;
	size_t count = 0;

	if (!events || (strcmp(unit, "ms") != 0 && strcmp(unit, "ns") != 0))
		return "no traceEvents, or no displayTimeUnit";
	slices = calloc(json_object_array_length(events) + 1, sizeof(*slices));
	for (size_t i = 0; slices && i < json_object_array_length(events) && !wrong; i++) {
		json_object *event = json_object_array_get_idx(events, i);

		wrong = event_complaint(event);
		if (!wrong && !is_named(events, event, "process_name", false))
			wrong = "of a process without a name";
		if (!wrong && strcmp(text(event, "ph"), "X") == 0) {
			wrong = is_named(events, event, "thread_name", true) ? NULL : "on a track without a name";
			slices[count++] = (struct slice){
				.pid = json_object_get_int64(json_object_object_get(event, "pid")),
				.tid = json_object_get_int64(json_object_object_get(event, "tid")),
				.from_ns = ns_of(event, "ts"),
				.to_ns = ns_of(event, "ts") + ns_of(event, "dur"),
			};
		}
		if (wrong) {
			snprintf(complaint, sizeof(complaint), "event %zu: %s", i, wrong);
			wrong = complaint;
		}
	}
	if (!wrong && slices)
		wrong = nesting_complaint(slices, count);
	free(slices);
	return wrong;
}

size_t trace_count(json_object *trace, const char *phase, const char *category)
{
	json_object *events = get(trace, "traceEvents", json_type_array);
	size_t count = 0;

	for (size_t i = 0; events && i < json_object_array_length(events); i++) {
		json_object *event = json_object_array_get_idx(events, i);

		count += strcmp(text(event, "ph"), phase) == 0 &&
			 (!category || strcmp(text(event, "cat"), category) == 0);
	}
	return count;
}
