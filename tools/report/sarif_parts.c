/*
 * Results with their locations, stacks and fingerprints; see sarif_parts.h.
 */
#include "sarif_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../model/pool.h"
#include "../read/moment.h"
#include "place.h"
#include "quote.h"

#define FINGERPRINT "ruleAndSource/v1"

/* json-c's own names are long. */
static void add(json_object *object, const char *name, json_object *value)
{
	json_object_object_add(object, name, value);
}

static json_object *number(uint64_t value)
{
	return json_object_new_int64(value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

json_object *sarif_message(const char *text)
{
	json_object *message = json_object_new_object();

	add(message, "text", quote_text(text));
	return message;
}

/* RFC 3986: what is no unreserved character, and no slash, as %XX. */
json_object *sarif_uri(const char *path)
{
	size_t size = 3 * strlen(path) + 8;
	char *uri = pool_zeros(size);
	size_t len = *path == '/' ? (size_t)snprintf(uri, size, "file://") : 0;
	json_object *object;

	for (; *path; path++) {
		if (isascii((unsigned char)*path) && (isalnum((unsigned char)*path) || strchr("-._~/", *path)))
			uri[len++] = *path;
		else
			len += (size_t)snprintf(uri + len, size - len, "%%%02X", (unsigned char)*path);
	}
	object = json_object_new_string(uri);
	free(uri);
	return object;
}

static json_object *artifact(const char *file)
{
	const char *path = place_short_path(file);
	json_object *location = json_object_new_object();

	add(location, "uri", sarif_uri(path));
	if (*path != '/')
		add(location, "uriBaseId", json_object_new_string(SARIF_ROOT));
	return location;
}

static json_object *region(const struct model *model, const struct model_spot *spot)
{
	json_object *object = json_object_new_object();
	const char *text = model->symbols ? symbols_source_line(model->symbols, spot->file, spot->line) : NULL;

	add(object, "startLine", number((uint64_t)spot->line));
	if (spot->column > 0)
		add(object, "startColumn", number((uint64_t)spot->column));
	if (text && *text)
		add(object, "snippet", sarif_message(text));
	return object;
}

/* Where nothing is known of the source, the module and the address in it are the place. */
static json_object *physical(const struct model *model, uint32_t index)
{
	const struct model_frame *frame = &model->frames[index];
	struct model_spot spot = model_spot(model, index);
	json_object *location = json_object_new_object();
	json_object *address;
	char text[MODEL_SPOT_TEXT];

	if (spot.file && spot.line > 0) {
		add(location, "artifactLocation", artifact(spot.file));
		add(location, "region", region(model, &spot));
		return location;
	}
	address = json_object_new_object();
	add(address, "relativeAddress", number(frame->offset));
	add(address, "fullyQualifiedName", quote_text(model_spot_text(model, index, text)));
	add(location, "address", address);
	if (frame->module)
		add(location, "artifactLocation", artifact(model_text(model, frame->module)));
	return location;
}

static json_object *location_of(const struct model *model, uint32_t index, const char *message)
{
	json_object *location = json_object_new_object();
	json_object *logical = json_object_new_object();
	json_object *logicals = json_object_new_array();
	char text[PLACE_TEXT];

	if (message)
		add(location, "message", sarif_message(message));
	add(location, "physicalLocation", physical(model, index));
	add(logical, "name", quote_text(place_name(model, index, text)));
	add(logical, "kind", json_object_new_string("function"));
	json_object_array_add(logicals, logical);
	add(location, "logicalLocations", logicals);
	return location;
}

static json_object *stack_of(const struct model *model, enum spy_story story, const struct model_stack *stack)
{
	json_object *object = json_object_new_object();
	json_object *frames = json_object_new_array();

	for (size_t i = 0; i < stack->count; i++) {
		const char *module = model_basename(model_text(model, model->frames[stack->frames[i]].module));
		json_object *frame = json_object_new_object();

		add(frame, "location", location_of(model, stack->frames[i], NULL));
		if (module)
			add(frame, "module", quote_text(module));
		json_object_array_add(frames, frame);
	}
	add(object, "message", sarif_message(model_story_title(story)));
	add(object, "frames", frames);
	return object;
}

/* The story once as whole stacks, and once as its places in the order in which they come, for viewers that step. */
static void add_story(const struct model *model, const struct model_finding *finding, json_object *result)
{
	static const enum spy_story order[] = {SPY_STORY_CREATED, SPY_STORY_EOF, SPY_STORY_CLOSED, SPY_STORY_HERE};
	json_object *stacks = json_object_new_array();
	json_object *steps = json_object_new_array();
	json_object *related = json_object_new_array();
	json_object *thread = json_object_new_object(), *threads = json_object_new_array();
	json_object *flow = json_object_new_object(), *flows = json_object_new_array();

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		uint32_t index = finding->stacks[order[i]];
		const char *title = model_story_title(order[i]);
		json_object *step;

		if (index == MODEL_NONE)
			continue;
		json_object_array_add(stacks, stack_of(model, order[i], &model->stacks[index]));
		step = json_object_new_object();
		add(step, "location", location_of(model, model->stacks[index].frames[0], title));
		json_object_array_add(steps, step);
		if (order[i] != finding->place)
			json_object_array_add(related, location_of(model, model->stacks[index].frames[0], title));
	}
	if (json_object_array_length(steps)) {
		add(thread, "locations", steps);
		json_object_array_add(threads, thread);
		add(flow, "threadFlows", threads);
		json_object_array_add(flows, flow);
		add(result, "codeFlows", flows);
		add(result, "stacks", stacks);
		add(result, "relatedLocations", related);
		return;
	}
	json_object_put(stacks);
	json_object_put(steps);
	json_object_put(related);
	json_object_put(thread);
	json_object_put(threads);
	json_object_put(flow);
	json_object_put(flows);
}

/* Of what stays when other lines of the file change: rule, function, and the line's text. */
static json_object *fingerprints(const struct model *model, const struct model_group *group)
{
	struct model_spot spot = model_spot(model, group->frame);
	const char *line = model->symbols ? symbols_source_line(model->symbols, spot.file, spot.line) : NULL;
	const char *parts[] = {model_text(model, group->rule), spot.function, model_basename(spot.file), line};
	json_object *object = json_object_new_object();
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char text[32];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *c = parts[i] ? parts[i] : ""; *c; c++)
			hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	if (!spot.file && group->frame != MODEL_NONE)
		hash ^= model->frames[group->frame].offset;
	snprintf(text, sizeof(text), "%016" PRIx64, hash);
	add(object, FINGERPRINT, json_object_new_string(text));
	return object;
}

static json_object *properties(const struct model *model, const struct model_group *group,
			       const struct model_finding *first)
{
	json_object *object = json_object_new_object();
	char text[MOMENT_TEXT];

	add(object, "processes", number(group->process_count));
	add(object, "hosts", number(group->host_count));
	add(object, "first", json_object_new_string(moment_text(group->first_ns, 6, text)));
	add(object, "last", json_object_new_string(moment_text(group->last_ns, 6, text)));
	if (first && first->cause)
		add(object, "cause", quote_text(model_text(model, first->cause)));
	for (uint32_t i = 0; first && i < first->evidence_count; i++) {
		const struct model_pair *pair = &model->evidence[first->first_evidence + i];

		add(object, model_text(model, pair->name), quote_text(model_text(model, pair->value)));
	}
	return object;
}

/* What a reader of the list sees: what happened, and what to do about it. */
static json_object *message_of(const struct model *model, const struct model_group *group,
			       const struct model_finding *first)
{
	const char *message = first ? model_text(model, first->message) : NULL;
	const char *remedy = first ? model_text(model, first->remedy) : NULL;
	char text[2048];

	if (!message)
		snprintf(text, sizeof(text), "%s, as the summary counts it", model_text(model, group->rule));
	else
		snprintf(text, sizeof(text), "%s%s%s", message, remedy ? "; remedy: " : "", remedy ? remedy : "");
	return sarif_message(text);
}

json_object *sarif_result(const struct model *model, uint32_t index, uint32_t rule_index)
{
	const struct model_group *group = &model->groups[index];
	const struct model_finding *first =
		group->first_finding == MODEL_NONE ? NULL : &model->findings[group->first_finding];
	json_object *result = json_object_new_object();
	json_object *locations = json_object_new_array();

	add(result, "ruleId", quote_text(model_text(model, group->rule)));
	add(result, "ruleIndex", number(rule_index));
	add(result, "level", json_object_new_string(model_severity_name(group->severity)));
	add(result, "message", message_of(model, group, first));
	add(result, "occurrenceCount", number(group->count));
	if (group->frame != MODEL_NONE)
		json_object_array_add(locations, location_of(model, group->frame, NULL));
	add(result, "locations", locations);
	add(result, "partialFingerprints", fingerprints(model, group));
	if (first)
		add_story(model, first, result);
	add(result, "properties", properties(model, group, first));
	return result;
}
