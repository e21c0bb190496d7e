/*
 * A parsed record of the JSON log as an item.
 */
#ifndef TOOLS_READ_JSON_ITEM_H
#define TOOLS_READ_JSON_ITEM_H

#include <json-c/json.h>

#include "item.h"
#include "room.h"

enum json_item_result {
	JSON_ITEM_READ,
	JSON_ITEM_FOREIGN, /* an object, but none of this log: the program's own output may be JSON */
	JSON_ITEM_UNKNOWN, /* of a type that is not known here, so of a newer version */
	JSON_ITEM_DAMAGED, /* without type or time */
};

/*
 * Fills item, whose texts then belong to the record or to the room. Members that are missing, or of
 * another type than the log's, are as if they had no value.
 */
enum json_item_result json_item_read(json_object *record, struct room *room, struct item *item);

/* What `stack` and `frames` say. record may be NULL, and says nothing then. */
void json_item_read_stack(json_object *record, struct room *room, struct item *item);

/* The `v` of a record; 0: none. */
int json_item_version(json_object *record);

#endif
