/*
 * The core: takes events, keeps the connection records, the ledger and the places of findings,
 * and says what the rules found. Pure: no system call, clock, malloc or lock; time and facts
 * come in with the event, memory through a function.
 *
 * Locks: the caller holds the core's lock with all signals blocked, for every function here.
 */
#ifndef SPY_CORE_CORE_H
#define SPY_CORE_CORE_H

#include "../../include/tcpwaitspy/finding.h"
#include "annotations.h"
#include "ledger.h"
#include "places.h"
#include "stacks.h"
#include "table.h"

#define SPY_FINDINGS_MAX 4 /* that one event can bring */
#define SPY_FOLLOWED_MAX 4096u /* closed connections that the watcher follows */

struct spy_core_settings {
	uint64_t close_wait_ns;
	uint64_t fin_wait_ns;
	bool rule_on[SPY_RULE_COUNT];
};

/* What an event brought that shall be reported: findings at places that were new. */
struct spy_outbox {
	struct spy_finding findings[SPY_FINDINGS_MAX];
	unsigned int count;
};

/* What the shim knows that it did not see, or could not keep. */
struct spy_unseen {
	uint64_t closes; /* a descriptor was closed by other means than the hooked calls */
	uint64_t not_followed; /* closed connections for which the watcher's list had no room */
};

struct spy_core {
	struct spy_table table;
	struct spy_stacks stacks;
	struct spy_places places;
	struct spy_ledger ledger;
	struct spy_annotations annotations;
	struct spy_core_settings settings;
	struct spy_unseen unseen;
	uint64_t asks[SPY_OPS]; /* for each operation a bit for each rule that wants it */
	uint64_t once; /* the rules that a connection has one finding of at most */
	struct spy_conn nobody; /* stands for the socket of a call that made none */
	uint32_t hand; /* the record from which on a place in the watcher's list is looked for */
	uint32_t closes; /* descriptors closed so far, TCP or not, as far as the hooks see */
	uint32_t forks; /* how often this process has forked: what was open then may be open elsewhere */
	uint64_t connections; /* accepted, connected or inherited so */
	uint64_t accepted; /* of these; a connection that came from elsewhere counts as accepted */
	uint64_t by_severity[SPY_ERROR + 1];
	uint64_t by_rule[SPY_RULE_COUNT];
};

/* core is zeroed memory. memory: see table.h. */
void spy_core_init(struct spy_core *core, const struct spy_core_settings *settings, spy_memory_fn memory);

/*
 * Takes one event on conn: completes ev's states, brings the record up to date, asks the rules.
 * out gains what is to be reported; its count is not reset here.
 */
void spy_core_observe(struct spy_core *core, struct spy_event *ev, struct spy_conn *conn, struct spy_outbox *out);

/* A new record for fd, which knows what had the number before. NULL: see spy_table_open(). */
struct spy_conn *spy_core_open(struct spy_core *core, int fd, uint64_t now_ns);

/* The listener has given a connection: what failed before was not in a row. */
void spy_core_accepted(struct spy_conn *listener);

/* A record that stands for a socket which could not be made; the next call of this makes it anew. */
struct spy_conn *spy_core_nobody(struct spy_core *core);

/* True where the next look at conn shall bring who else holds it: a finding is due. */
bool spy_core_wants_holder(const struct spy_core *core, const struct spy_conn *conn, uint64_t now_ns);

/*
 * conn has lost its last descriptor and its close was observed: the watcher follows it where the
 * kernel still knows it, else its record is let go. conn may be gone after this.
 */
void spy_core_let_go(struct spy_core *core, struct spy_conn *conn, uint64_t next_look_ns);

/* fd, which its record has open, was closed by means that no hook saw: forgotten, and counted. */
void spy_core_closed_unseen(struct spy_core *core, int fd, uint64_t now_ns);

/* conn was there before this process: it answers for it, and counts it, from its first use on. */
void spy_core_not_ours_yet(struct spy_core *core, struct spy_conn *conn);

/* In the child of a fork(): the counts start anew, and all that is open is the parent's until it is used. */
void spy_core_forked(struct spy_core *core, uint64_t now_ns);

/* rules.c: notes which rule wants which operation. */
void spy_rules_init(struct spy_core *core);

/* rules.c: asks every rule that wants ev's operation; adds what is new to out. */
void spy_rules_run(struct spy_core *core, const struct spy_event *ev, struct spy_conn *conn, struct spy_outbox *out);

/* The finding was suppressed where it was first seen: its counts are taken back, and it stays uncounted. */
void spy_rules_suppress(struct spy_core *core, const struct spy_finding *finding);

/* message.c: expands a template of rules.def for finding. */
struct spy_buf;
void spy_message_expand(const char *text, const struct spy_finding *finding, struct spy_buf *out);

#endif
