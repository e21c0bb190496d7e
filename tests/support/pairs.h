/*
 * Pairs of programs, a bad one and a good one beside it, found in a folder by their names
 * (NAME.bad.c, NAME.good.c), so that a new pair needs no line in a test: a test for each of them.
 */
#ifndef SUPPORT_PAIRS_H
#define SUPPORT_PAIRS_H

#include <stdbool.h>

#include <json-c/json.h>

#define PAIRS_EXIT_SKIPPED 77 /* of a program that cannot do here what it is about */

/* Runs a test for each program of the folder; *state is its name without the final ".c". CMocka's result. */
int pairs_run(const char *group, const char *folder, void (*bad)(void **), void (*good)(void **));

/* True for a rule of rules.def. */
bool pairs_is_rule(const char *name);

/* The function at the top of a stack of the finding; "" where there is none. */
const char *pairs_top_of(json_object *finding, const char *stack);

#endif
