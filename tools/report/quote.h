/*
 * Texts of any bytes in JSON.
 */
#ifndef TOOLS_REPORT_QUOTE_H
#define TOOLS_REPORT_QUOTE_H

#include <json-c/json.h>
#include <stdio.h>

/* text as a JSON string with its quotes, what is no UTF-8 replaced; null for NULL. */
void quote_put(FILE *out, const char *text);

/* The same as an object of json-c. */
json_object *quote_text(const char *text);

#endif
