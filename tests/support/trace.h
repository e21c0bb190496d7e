/*
 * A trace in the "Trace Event Format", held to its rules and to those of ui.perfetto.dev. Needs nothing
 * else of tests/support, so that unit tests can link it, too.
 */
#ifndef SUPPORT_TRACE_H
#define SUPPORT_TRACE_H

#include <json-c/json.h>

/* NULL where the trace keeps the rules, else what is wrong; static. */
const char *trace_complaint(json_object *trace);

/* How many events there are of a phase ("X", "i", "M") and category (NULL: any). */
size_t trace_count(json_object *trace, const char *phase, const char *category);

#endif
