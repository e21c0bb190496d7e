/*
 * SARIF 2.1.0 as far as the project writes it, held to the rules of its schema. Needs nothing else of
 * tests/support, so that unit tests can link it, too.
 */
#ifndef SUPPORT_SARIF_H
#define SUPPORT_SARIF_H

#include <json-c/json.h>

/* NULL where the log keeps the rules, else what is wrong and where; static. */
const char *sarif_complaint(json_object *log);

#endif
