/*
 * Values of a record's members; see json_value.h.
 */
#include "json_value.h"

#include <math.h>
#include <string.h>

#include "function.h"
#include "moment.h"

json_object *json_value_get(json_object *record, const char *name, json_type type)
{
	json_object *value;

	if (!json_object_object_get_ex(record, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *json_value_text(json_object *record, const char *name)
{
	json_object *value = json_value_get(record, name, json_type_string);
	const char *string = value ? json_object_get_string(value) : NULL;

	return string && *string ? string : NULL;
}

int64_t json_value_number(json_object *record, const char *name, int64_t otherwise)
{
	json_object *value = json_value_get(record, name, json_type_int);

	return value ? json_object_get_int64(value) : otherwise;
}

uint64_t json_value_count(json_object *record, const char *name)
{
	json_object *value = json_value_get(record, name, json_type_int);

	return value && json_object_get_int64(value) >= 0 ? json_object_get_uint64(value) : 0;
}

uint64_t json_value_duration(json_object *record, const char *name, double unit_ns)
{
	json_object *value;
	double ns;

	if (!json_object_object_get_ex(record, name, &value))
		return 0;
	ns = json_object_get_double(value) * unit_ns;
	return ns > 0 && ns < 9e18 ? (uint64_t)llround(ns) : 0;
}

int64_t json_value_moment(json_object *record, const char *name)
{
	const char *string = json_value_text(record, name);
	int64_t ns;

	return string && moment_parse(string, &ns) ? ns : 0;
}

int json_value_state(const char *name)
{
	for (unsigned int state = 1; name && state < SPY_STATE_COUNT; state++)
		if (strcmp(spy_state_name(state), name) == 0)
			return (int)state;
	return ITEM_NO_STATE;
}

static struct item_frame frame_of(json_object *value, struct room *room)
{
	return (struct item_frame){
		.ip = json_value_count(value, "ip"),
		.module = json_value_text(value, "module"),
		.offset = json_value_count(value, "offset"),
		.build_id = json_value_text(value, "build_id"),
		.function = function_plain(json_value_text(value, "function"), room),
		.function_offset = json_value_count(value, "function_offset"),
	};
}

struct item_stack json_value_stack(json_object *record, const char *name, struct room *room)
{
	json_object *list = json_value_get(record, name, json_type_array);
	size_t len = list ? json_object_array_length(list) : 0;
	struct item_frame *frames = len ? room_get(room, len * sizeof(*frames)) : NULL;

	for (size_t i = 0; i < len; i++)
		frames[i] = frame_of(json_object_array_get_idx(list, i), room);
	return (struct item_stack){.count = len, .frames = frames};
}

struct item_frame json_value_frame(json_object *record, const char *name, struct room *room)
{
	json_object *value = json_value_get(record, name, json_type_object);

	return value ? frame_of(value, room) : (struct item_frame){0};
}

struct item_pairs json_value_pairs(json_object *record, const char *name, struct room *room)
{
	json_object *object = json_value_get(record, name, json_type_object);
	struct item_pair *list;
	size_t filled = 0;

	if (!object)
		return (struct item_pairs){0};
	list = room_get(room, (size_t)json_object_object_length(object) * sizeof(*list));
	json_object_object_foreach(object, key, value)
	{
		const char *string = value ? json_object_get_string(value) : "null";

		list[filled++] = (struct item_pair){
			.name = key,
			.value = string ? string : "",
			.is_text = json_object_is_type(value, json_type_string),
		};
	}
	return (struct item_pairs){.count = filled, .pairs = list};
}
