/*
 * The shape of a record in the JSON log, as contract.md lists it.
 */
#ifndef SUPPORT_SCHEMA_H
#define SUPPORT_SCHEMA_H

#include <json-c/json.h>

/* NULL where the record is as the contract has it, else what is wrong with it. */
const char *schema_complaint(json_object *record);

#endif
