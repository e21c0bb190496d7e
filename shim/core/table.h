/*
 * The descriptor table and the connection records: which descriptor refers to which connection.
 *
 * Owns every struct spy_conn. A descriptor's slot is one atomic word, so that a hook learns
 * with one load that a descriptor is no TCP socket. A record lives as long as a slot refers to
 * it (an open descriptor, or the tombstone of a closed one) or the watcher follows it; its
 * memory is used again for other records and never given back, so that a stale pointer is at
 * worst a wrong record, which its id tells.
 *
 * Locks: all but spy_table_slot() and spy_table_conn() want the core's lock, which the caller
 * holds with all signals blocked (shim/sys/lock.h).
 */
#ifndef SPY_CORE_TABLE_H
#define SPY_CORE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/event.h"

#define SPY_FD_LIMIT	(1u << 20) /* descriptors from here on are not tracked */
#define SPY_CHUNK_CONNS 512u
#define SPY_CHUNKS	2048u /* about a million records */

/* A slot: 0 for nothing, else an index of a record plus 1, with these bits. */
#define SPY_SLOT_CLOSED (1u << 31) /* a tombstone: the descriptor was closed */
#define SPY_SLOT_OWN	(1u << 30) /* a descriptor of the shim's own; no record */
#define SPY_SLOT_INDEX	(SPY_SLOT_OWN - 1)

enum spy_conn_flags {
	SPY_CONN_ACCEPTED = 1 << 0,
	SPY_CONN_CONNECTED = 1 << 1, /* this side called connect() */
	SPY_CONN_LISTENER = 1 << 2,
	SPY_CONN_INHERITED = 1 << 3, /* open when the program started, from a parent, or received */
	SPY_CONN_BOUND = 1 << 4, /* bind() succeeded */
	SPY_CONN_FIXED_PORT = 1 << 5, /* ... to a port that is not 0 */
	SPY_CONN_REUSEADDR = 1 << 6, /* SO_REUSEADDR was on when bind() decided */
	SPY_CONN_REUSEPORT = 1 << 7,
	SPY_CONN_REUSE_LATE = 1 << 8, /* SO_REUSEADDR came after bind() */
	SPY_CONN_SHUT_RD = 1 << 9,
	SPY_CONN_SHUT_WR = 1 << 10,
	SPY_CONN_EOF = 1 << 11, /* a read call returned 0 */
	SPY_CONN_SENT_AFTER_FIN = 1 << 12,
	SPY_CONN_CONNECT_FAILED = 1 << 13,
	SPY_CONN_CLOSED = 1 << 14, /* the last descriptor of this process is gone */
	SPY_CONN_FOLLOWED = 1 << 15, /* the watcher looks until the kernel has forgotten it */
	SPY_CONN_STDIO = 1 << 16, /* a FILE has it: libc reads and writes unseen */
	SPY_CONN_LINGER_0 = 1 << 17, /* SO_LINGER on with 0 s: close() is meant to reset */
	SPY_CONN_SHUT_BOTH_AT_ONCE = 1 << 18, /* shutdown(SHUT_RDWR) */
	SPY_CONN_COUNTED = 1 << 19, /* in the summary's number of connections */
	SPY_CONN_CONNECT_RETRIED = 1 << 20,
	SPY_CONN_FORKED = 1 << 21, /* a parent's, and not used since fork() */
	SPY_CONN_CLOSE_EINTR = 1 << 22, /* close() failed with EINTR; the descriptor was gone */
	SPY_CONN_DUP_CLOSED = 1 << 23, /* a descriptor was closed, others remain, and none was used since */
	SPY_CONN_HELD = 1 << 24, /* close() ended nothing: the kernel says it goes on */
	SPY_CONN_CLOSED_BY_USER = 1 << 25, /* the thread that closed it had made calls on it */
	SPY_CONN_FORMER_BY_USER = 1 << 26, /* the same, of the connection that had this number before */
	SPY_CONN_CLOSED_IN_USE = 1 << 27, /* another thread was in a call on it at close() */
	SPY_CONN_USED_SINCE_FIN = 1 << 28, /* a call was made on it in CLOSE_WAIT */
	SPY_CONN_CLOSED_BY_PARENT = 1 << 29, /* before the fork() that made this process */
	SPY_CONN_ANNOTATED = 1 << 30 /* the program has put a note on it; see annotations.h */
};

/* The stacks that a record keeps. */
enum spy_conn_stack {
	SPY_STACK_CREATED,
	SPY_STACK_BOUND,
	SPY_STACK_EOF,
	SPY_STACK_SHUT,
	SPY_STACK_CLOSED,
	SPY_STACK_USED, /* last call since the peer closed; before that: last_caller */
	SPY_STACK_SENT, /* the first data sent after the peer's FIN */
	SPY_STACK_STORIES
};

struct spy_conn {
	_Atomic uint32_t id; /* #ID; 0 while the record is free */
	_Atomic uint32_t attention; /* not 0: a plain read or write wants the rules, too */
	_Atomic uintptr_t last_caller; /* return address of the last call; a hint, written without the lock */
	_Atomic uint32_t last_call; /* enum spy_call_id of the same */
	_Atomic uint32_t last_tid; /* thread of the last read or write; 0: none yet */
	_Atomic uint32_t last_writer; /* thread of the last write; 0: none yet */
	_Atomic uint32_t used_forks; /* the core's count of forks at the last call */
	struct spy_addr local;
	struct spy_addr peer;
	uint32_t flags; /* enum spy_conn_flags */
	int32_t fd; /* the number it is, or was last, known by */
	uint32_t descriptors; /* open ones in this process */
	uint32_t slots; /* slots that refer to it, tombstones included */
	uint32_t pins; /* closes of it that are not over */
	_Atomic uint8_t state; /* enum spy_state */
	uint8_t source; /* enum spy_state_source */
	uint16_t eof_reads;
	uint16_t states_seen; /* bit for each state that the ledger has counted it in */
	uint16_t eof_call; /* enum spy_call_id of the read that returned 0 */
	uint32_t forks; /* of this process, before it was made: fewer than now, and a child may have it */
	uint16_t reads_after_shut; /* begun after shutdown(SHUT_RD) had returned */
	uint64_t since_ns; /* CLOCK_MONOTONIC, when it came to its state */
	uint32_t made_tid; /* thread that made or accepted it */
	uint32_t closed_tid;
	uint32_t former_tid; /* closed_tid of the connection that had this number before; 0: none */
	uint32_t former_user; /* the last thread that read or wrote on that one */
	uint32_t former_writer; /* and the last that wrote */
	uint32_t former_stack; /* and where that was closed */
	uint16_t failed_accepts; /* a listener's, in a row, with nothing closed in between */
	uint16_t failed_errno;
	uint32_t failed_closes; /* the core's count of closes at the first of them */
	uint64_t inode; /* of the socket, known from close() on */
	uint64_t closed_ns;
	uint64_t shut_ns; /* the latest shutdown() */
	_Atomic uint64_t next_look_ns; /* followed ones: when the watcher looks again */
	uint64_t cookie; /* SO_COOKIE, known from close() on; 0: not asked */
	uint64_t reported; /* bit for each rule of kind ONCE that has fired */
	uint32_t stacks[SPY_STACK_STORIES];
	uint32_t self; /* index plus 1: what slots hold */
	uint32_t next_free; /* the same of the next free record; 0 at the end */
};

/* Where this side ended the connection: its shutdown(), or else its close(); 0 before either. */
static inline uint32_t spy_conn_end_stack(const struct spy_conn *conn)
{
	return conn->stacks[SPY_STACK_SHUT] ? conn->stacks[SPY_STACK_SHUT] : conn->stacks[SPY_STACK_CLOSED];
}

/* Where memory comes from: zeroed, never given back. Returns NULL when there is none. */
typedef void *(*spy_memory_fn)(size_t size);

struct spy_table {
	_Atomic uint32_t slot[SPY_FD_LIMIT];
	struct spy_conn *chunks[SPY_CHUNKS];
	spy_memory_fn memory;
	uint32_t used; /* records that were ever handed out */
	uint32_t free_head;
	uint32_t followed_count;
	uint32_t next_id;
	uint32_t high_fd; /* no slot above it was ever set */
	uint64_t untracked; /* sockets for which there was no record or no slot */
};

/* The slot of any descriptor, one load; 0 for numbers out of range. No lock needed. */
static inline uint32_t spy_table_slot(const struct spy_table *table, int fd)
{
	if ((unsigned int)fd >= SPY_FD_LIMIT)
		return 0;
	return atomic_load_explicit(&table->slot[fd], memory_order_acquire);
}

/* The record of a slot that is not 0 and not OWN. No lock needed. */
static inline struct spy_conn *spy_table_conn(const struct spy_table *table, uint32_t slot)
{
	uint32_t index = (slot & SPY_SLOT_INDEX) - 1;

	return &table->chunks[index / SPY_CHUNK_CONNS][index % SPY_CHUNK_CONNS];
}

void spy_table_init(struct spy_table *table, spy_memory_fn memory);

/* Forgets every record and every slot but the shim's own: they may be torn, and are found anew. */
void spy_table_empty(struct spy_table *table);

/* A new record in state CLOSED for fd, which takes the slot; NULL when there is no room (counted). */
struct spy_conn *spy_table_open(struct spy_table *table, int fd, uint64_t now_ns);

/* One more descriptor for conn (dup). What the slot held before is dropped. */
void spy_table_attach(struct spy_table *table, int fd, struct spy_conn *conn);

/*
 * fd refers to its connection no more: its slot becomes a tombstone. Returns the record, NULL
 * where fd was not tracked. With its last descriptor the record is CLOSED.
 */
struct spy_conn *spy_table_detach(struct spy_table *table, int fd);

/* Holds the record of a connection whose close is not over yet, whatever becomes of its slots; and lets it be. */
void spy_table_pin(struct spy_conn *conn);
void spy_table_unpin(struct spy_conn *conn);

/* Undoes a detach whose real call failed and left the descriptor open. */
void spy_table_reattach(struct spy_table *table, int fd, struct spy_conn *conn);

/* Forgets the tombstone of fd: the number belongs to something else now. */
void spy_table_clear(struct spy_table *table, int fd);

/* Marks and unmarks a descriptor of the shim's own. */
void spy_table_own(struct spy_table *table, int fd, bool own);

/* The watcher follows a closed record from now on; false where it follows limit of them. */
bool spy_table_follow(struct spy_table *table, struct spy_conn *conn, uint32_t limit);

/* Not any more. Frees the record where no slot refers to it. */
void spy_table_unfollow(struct spy_table *table, struct spy_conn *conn);

/* Frees a closed record that nothing refers to; else does nothing. */
void spy_table_release(struct spy_table *table, struct spy_conn *conn);

/*
 * The record with this index, from 0 to used - 1; NULL where it is free. Whoever visits all of
 * them can give the lock back in between.
 */
struct spy_conn *spy_table_at(const struct spy_table *table, uint32_t index);

#endif
