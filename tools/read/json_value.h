/*
 * The values of a record's members. A member that is missing, or of another type than is asked for, has
 * none. Texts belong to the record, or to the room where there is one.
 */
#ifndef TOOLS_READ_JSON_VALUE_H
#define TOOLS_READ_JSON_VALUE_H

#include <json-c/json.h>

#include "item.h"
#include "room.h"

/* NULL: there is none. */
json_object *json_value_get(json_object *record, const char *name, json_type type);

/* NULL where it is "", too: that is how the log says that there is none. */
const char *json_value_text(json_object *record, const char *name);

int64_t json_value_number(json_object *record, const char *name, int64_t otherwise);
uint64_t json_value_count(json_object *record, const char *name); /* 0 where it is negative, too */

/* A number of units, whole or not, in nanoseconds; and a time. 0: there is none. */
uint64_t json_value_duration(json_object *record, const char *name, double unit_ns);
int64_t json_value_moment(json_object *record, const char *name);

/* Of a name, not of a member: enum spy_state or ITEM_NO_STATE. */
int json_value_state(const char *name);

struct item_frame json_value_frame(json_object *record, const char *name, struct room *room);
struct item_stack json_value_stack(json_object *record, const char *name, struct room *room);
struct item_pairs json_value_pairs(json_object *record, const char *name, struct room *room);

#endif
