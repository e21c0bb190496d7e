/*
 * Parts of a SARIF log, as objects of json-c.
 */
#ifndef TOOLS_REPORT_SARIF_PARTS_H
#define TOOLS_REPORT_SARIF_PARTS_H

#include <json-c/json.h>

#include "../model/model.h"

/* What relative addresses are relative to. */
#define SARIF_ROOT "SRCROOT"

/* {"text": text} */
json_object *sarif_message(const char *text);

/* The address of a path: relative where it is below the working directory, else file:///... */
json_object *sarif_uri(const char *path);

json_object *sarif_result(const struct model *model, uint32_t group, uint32_t rule_index);

#endif
