/*
 * One intercepted call, from its hook's first line to its last. A hook enters, makes the real
 * call, and finishes:
 *
 *	struct spy_call call;
 *
 *	if (!spy_enter(&call, SPY_CALL_listen, fd))
 *		return REAL(listen)(fd, backlog);
 *	rc = REAL(listen)(fd, backlog);
 *	call.arg[0] = backlog;
 *	return spy_finish(&call, rc);
 *
 * Between the two nothing is held: the thread may be cancelled there, leave by longjmp, or be
 * interrupted by a handler that closes the very descriptor. Every finish keeps the errno of the
 * real call and returns its result.
 *
 * Signals: all of it is async-signal-safe. The watcher, whose pthread_create() is not, is started by
 * a call that is in no handler.
 */
#ifndef SPY_CALLS_CALL_H
#define SPY_CALLS_CALL_H

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "../observe/kernel.h"
#include "../preload/spy.h"
#include "../report/snapshot.h"

struct spy_call {
	enum spy_call_id id;
	enum spy_op op;
	int fd;
	uint32_t slot; /* of fd, when the call began */
	uint32_t conn_id; /* of its record: tells whether it is still the same */
	struct spy_conn *conn;
	uint64_t began_ns;
	uintptr_t caller;
	int64_t arg[SPY_CALL_ARGS];
	bool observed_eof;
	struct spy_addr target; /* bind, connect */
	struct spy_addr peer; /* accept, where the call told it */
	/* shutdown: what the kernel said before it, and when. */
	struct spy_tcp seen;
	int seen_rc;
	uint64_t seen_ns;
};

#define SPY_CALLER ((uintptr_t)__builtin_return_address(0))

/* The body that variants of a function share; always in line, so that the caller is the program. */
#define SPY_VARIANT static inline __attribute__((always_inline))

/* Counts a call that has returned rc, and errno with it, where the metrics want it; else nothing is in the way. */
void spy_count_call(enum spy_call_id call, long rc);

static inline void spy_count(enum spy_call_id call, long rc)
{
	if (__builtin_expect(spy_counts != NULL, 0))
		spy_count_call(call, rc);
}

/* The slow half of spy_enter(): false where the call is none of the shim's business after all. */
bool spy_enter_tracked(struct spy_call *call, enum spy_call_id id, int fd, uint32_t slot, uintptr_t caller);

/* A call for which there is no record yet (socket, accept). */
void spy_enter_new(struct spy_call *call, enum spy_call_id id, int fd, uintptr_t caller);

/* True where fd is, or was, a TCP socket. For any other descriptor: one load and a branch. */
#define spy_enter(call, call_id, descriptor)                                                                           \
	(__builtin_expect(spy_table_slot(&spy_core.table, (descriptor)) != 0, 0) &&                                    \
	 spy_enter_tracked((call), (call_id), (descriptor), spy_table_slot(&spy_core.table, (descriptor)),             \
			   SPY_CALLER))

/*
 * After the real call. spy_finish() is for everything that the next ones are not for; `data` is
 * for reads and writes, whose plain successes on a healthy connection go no further than the
 * mode asks.
 */
long spy_finish(struct spy_call *call, long rc);
long spy_finish_data(struct spy_call *call, long rc);

/* Before a write: on a side that has been shut down it may end the program with SIGPIPE. */
void spy_before_write(struct spy_call *call);

/*
 * In the handler of a SIGPIPE that will end the program: the write of this thread that raised it, if
 * that was on fd; -1: not known.
 */
void spy_report_sigpipe(int fd);

/* accept(): the listener's call, and the new connection that it returned. */
long spy_finish_accept(struct spy_call *call, long rc);

/* socket(): a new record for rc. */
long spy_finish_socket(struct spy_call *call, long rc);

/* dup() and F_DUPFD: rc is one more descriptor of the connection. */
long spy_finish_dup(struct spy_call *call, long rc);

/*
 * What a call ends, closed in two steps around the real call. begin takes the facts and detaches
 * the descriptor, so that another thread that gets the number at once meets no stale record; end
 * looks where the connection went. open: what begin found and detached.
 */
struct spy_closing {
	struct spy_call call;
	bool told; /* begin has told the core of the close already, since no line waits for its outcome */
	bool open;
	bool was_closed; /* the slot was a tombstone */
	bool last; /* no other descriptor of this process */
	enum spy_state before;
	int64_t unread_bytes;
	bool unread_is_alert;
	bool user_is_gone; /* the thread that used it last has ended */
	uint32_t in_use_tid; /* a thread blocked in a call on it */
	int shown_fd; /* the call's first argument; dup2() has the closed one second */
};

void spy_close_begin(struct spy_closing *closing, enum spy_call_id id, int fd, uintptr_t caller);
long spy_close_end(struct spy_closing *closing, long rc);

/* fd's tombstone goes: what was closed there is nobody's concern any more. */
void spy_forget_closed(int fd);

/*
 * A descriptor that came without a call of its own: handed over in a message, or found at start. The
 * latter is a parent's until this process uses it.
 */
void spy_adopt(int fd, bool handed_over);

/* Opens libunwind; in the constructor, since a first socket may come in a handler, or under the loader's lock. */
void spy_open_stacks(void);

/* The first TCP socket of this process: sock_diag, the log, signals, the watcher. Cheap when that is done. */
void spy_first_socket(void);

/* In a fork's child, whose pid may be its parent's: both are 1 where namespaces are nested. */
void spy_first_socket_forked(void);

/*
 * look.c: the state of conn, which fd refers to, into ev. 0, or where fd is not that any more -errno;
 * SPY_LOOK_ANOTHER where it is another connection.
 */
#define SPY_LOOK_ANOTHER (-ESTALE)
int spy_look(struct spy_conn *conn, int fd, struct spy_event *ev);

/* The same with the kernel's answer rc about fd in tcp, had before. */
int spy_look_with(struct spy_conn *conn, int fd, struct spy_event *ev, int rc, const struct spy_tcp *tcp);

/* The same by the connection's addresses, for one without a descriptor; rest_ms as spy_diag_state() has it. */
void spy_look_by_address(struct spy_conn *conn, struct spy_event *ev, int64_t *rest_ms);

/* True in TIME_WAIT before its timer's end: nothing else comes before that. */
#define SPY_TIME_WAIT_NS (SPY_TIME_WAIT_MS * SPY_NS_PER_MS)
bool spy_is_waiting(const struct spy_conn *conn, uint64_t now_ns);

/* An event with nothing known but what it is about and when. */
void spy_event_init(struct spy_event *ev, enum spy_call_id call, enum spy_op op, int fd);
void spy_event_at(struct spy_event *ev, enum spy_call_id call, enum spy_op op, int fd, uint64_t now_ns);

/* Before shutdown(): what changed since the last call is a state of its own. */
void spy_before_shutdown(struct spy_call *call);

#endif
