/*
 * What is known of the processes whose log is followed, from their items: enough for the arrow of a
 * line, and for the summary of a process that could not write its own.
 *
 * Memory: a record for each connection that is open, and for the last ones that are over; nothing
 * grows with the number of calls.
 */
#ifndef TOOLS_RUN_TALLY_H
#define TOOLS_RUN_TALLY_H

#include <stdbool.h>
#include <sys/types.h>

#include "../read/item.h"

#define TALLY_OVER_MAX 1024

struct tally_conn {
	uint64_t id; /* 0: an empty slot */
	bool accepted;
	bool listens;
	bool connected; /* it is, or was, a connection, and not only a socket */
	bool closed; /* by this process */
	bool over; /* and gone from the kernel */
	int fd;
	int state;
	int64_t since_ns; /* in that state */
	char *local;
	char *peer;
};

/* A rule at a place, as the log told it. */
struct tally_place {
	struct tally_place *next;
	char *rule;
	uint64_t count;
	struct item_frame frame; /* its texts are owned */
};

struct tally_wait {
	uint64_t connections;
	uint64_t total_ns;
	uint64_t max_ns;
};

struct tally_process {
	struct tally_process *next;
	int pid;
	int parent; /* pid, where it was forked and has not become another program; else 0 */
	int fd; /* a pidfd: readable once the process has ended; -1: it has */
	char *exe;
	bool has_tcp; /* it has said anything about a socket */
	bool has_summary; /* its own, and nothing after it */
	uint64_t errors;
	uint64_t warnings;
	uint64_t notes;
	uint64_t connections;
	int64_t last_ns; /* of its newest item */
	struct tally_place *places;
	struct tally_wait waits[SPY_STATE_COUNT];
	uint64_t over[TALLY_OVER_MAX]; /* a ring of connections that are over: lines about them may still come */
	size_t over_next;
	struct tally_conn *conns; /* open addressing by id */
	size_t conn_slots; /* a power of two, or 0 */
	size_t conn_count;
};

struct tally {
	struct tally_process *processes;
};

/* Takes one item; returns its process. */
struct tally_process *tally_take(struct tally *tally, const struct item *item);

/* Knows a process from now on, if it did not. */
struct tally_process *tally_process(struct tally *tally, int pid);

/* The same, with a fresh look at whether it lives. True where it does. */
bool tally_watch(struct tally *tally, int pid);

/* NULL: not known, or over for long. */
struct tally_conn *tally_conn(const struct tally_process *process, uint64_t id);

/* Time in WAIT states up to now for connections that are still in one. */
void tally_close_accounts(struct tally_process *process, int64_t now_ns);

void tally_end(struct tally *tally);

#endif
