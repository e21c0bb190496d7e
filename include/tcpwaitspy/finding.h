/*
 * A finding: what a rule has to say about one connection, as values. The sinks make text or
 * JSON of it, with the names of functions.
 */
#ifndef TCPWAITSPY_FINDING_H
#define TCPWAITSPY_FINDING_H

#include <stdint.h>

#include "event.h"
#include "rules.h"

#define SPY_EVIDENCE_MAX 16

/* The stacks that tell a connection's story; the names are the members of JSON's `stacks`. */
enum spy_story {
	SPY_STORY_CREATED, /* "created", "created at" */
	SPY_STORY_EOF, /* "eof", "end of file read at" */
	SPY_STORY_CLOSED, /* "closed", "closed at" (or shut down, for the rules about shutdown) */
	SPY_STORY_HERE, /* "here", "used at" */
	SPY_STORY_COUNT
};

/* How an evidence is to be read. */
enum spy_evidence_kind {
	SPY_EVIDENCE_NUMBER,
	SPY_EVIDENCE_HOLDER /* the text in holder_name */
};

/* One fact, named as in the JSON log and in the templates of rules.def. */
struct spy_evidence {
	const char *name;
	enum spy_evidence_kind kind;
	int64_t number;
};

struct spy_finding {
	enum spy_rule rule;
	enum spy_severity severity;
	uint32_t conn; /* #ID */
	int fd;
	struct spy_addr local;
	struct spy_addr peer;
	enum spy_state state;
	const char *cause; /* contract's word; NULL: none */
	const char *cause_text; /* the same in a sentence, a template; NULL: none */
	uint32_t stacks[SPY_STORY_COUNT]; /* interned ids, 0: none */
	enum spy_story place; /* which of them the finding is charged to; there is that one, unless there is none */
	uint64_t count; /* times at this place, this one included */
	uint64_t wall_ns;
	uint32_t tid;
	uint64_t age_ns; /* of the state that the finding is about */
	const char *call; /* name of the call at fault */
	const char *side; /* "accepted" or "connected" */
	struct spy_evidence evidence[SPY_EVIDENCE_MAX];
	unsigned int evidence_count;
	char holder_name[16]; /* backs an evidence text */
	const char *note; /* the program's own text about the connection; NULL: none */
	const char *message; /* templates: those of rules.def unless the predicate chose others */
	const char *remedy;
};

#endif
