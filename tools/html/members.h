/*
 * The connections that a finding is about. A log writes a finding once for each place and counts it
 * after that: it names the first connection, and how many there were. Where only one choice of others is
 * possible, they are told too.
 */
#ifndef TOOLS_HTML_MEMBERS_H
#define TOOLS_HTML_MEMBERS_H

#include "../model/model.h"

struct member {
	uint32_t conn;
	uint32_t group;
	int64_t ts_ns; /* of the finding; 0: the log does not name this connection */
};

struct members {
	struct member *list; /* by group, then connection; NULL: there are none */
	uint32_t count;
};

/* The list is to be freed. */
struct members members_find(const struct model *model);

#endif
