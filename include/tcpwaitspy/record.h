/*
 * The flight record (`record=PATH`): a file of fixed size that processes map and write events into,
 * as a ring. Version 1. All numbers are little-endian, all texts UTF-8.
 *
 *	offset 0                the header (struct spy_record_header)
 *	offset 128              the table of calls, calls_size bytes of text
 *	offset header_size      slot_count slots of slot_size bytes each
 *
 * Slots. An event has one position or several in a row, counted from 0 and never used again;
 * position p stands in slot p % slot_count. A slot begins with its word:
 *
 *	0                       never written
 *	(p + 1) * 4             the first slot of the event at p, whole
 *	(p + 1) * 4 + 2         a further slot of an event, whole (or of one that was given up)
 *	odd                     being written, or its writer died over it: what it holds is nothing
 *
 * A writer makes the word odd before it touches the rest, and writes the even one last. An event's
 * first slot is finished after its further ones. So a reader of a file that is being written takes
 * a slot where the word was the same, and even, before and after it copied the slot; an event is
 * whole where all its slots are, each with the word of its own position. A first slot whose further
 * ones have other words was overwritten in part by newer events, and is no damage.
 *
 * Behind the word, 8 bytes, an event's first slot has struct spy_record_event, and then as much of
 * the payload as fits (96 bytes); further slots go on with it (120 bytes each).
 *
 * Order. Threads take positions in blocks: within a thread they rise with time, from one thread to
 * another they only nearly do. The same file may hold events of several processes, one after the
 * other or at once; each event says whose it is.
 *
 * Payloads.
 *	SPY_RECORD_CALL, SPY_RECORD_STATE
 *		struct spy_record_call, and then its parts without gaps, in this order and each only
 *		where its bits in `parts` say so: the arguments (8 bytes each, signed), the local, the
 *		peer's and the target's address, the stack's number (4 bytes). An address is the port (2 bytes) and the IP address (4
 *		or 16 bytes, in network order); with a scope, that follows (4 bytes).
 *	SPY_RECORD_LINE
 *		A line of the JSON log, without its newline: the process, a finding, the summary.
 *	SPY_RECORD_PROCESS
 *		The same, of type "process". Its wall_ns is the start of the process. It is written again
 *		from time to time, byte for byte, so that the ring does not forget whose events it holds.
 *	SPY_RECORD_STACK
 *		{"stack":NUMBER,"frames":[...]}: the frames, as those of a finding but without functions, of the
 *		stack that calls of this process name by that number. It comes before the first of them, and
 *		again where the ring has gone halfway round since.
 *	Others are of a newer version and to be skipped.
 *
 * The table of calls has a line for each value of spy_record_call.call from 0 on: the name of the
 * call, and after a blank each the names of its arguments. Processes of other builds, whose tables
 * differ, do not share a file.
 */
#ifndef TCPWAITSPY_RECORD_H
#define TCPWAITSPY_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define SPY_RECORD_MAGIC	"TCPWSREC" /* 8 bytes, without the NUL */
#define SPY_RECORD_VERSION	1
#define SPY_RECORD_CALLS_OFFSET 128
#define SPY_RECORD_HEADER_SIZE	16384
#define SPY_RECORD_SLOT_SIZE	128

#define SPY_RECORD_BUSY	   1u /* in a slot's word */
#define SPY_RECORD_FURTHER 2u

struct spy_record_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t header_size; /* where the slots begin */
	uint32_t slot_size;
	uint32_t calls_size;
	uint64_t slot_count;
	uint64_t created_ns; /* CLOCK_REALTIME, since 1970 */
	uint8_t reserved[24];
	uint64_t next; /* the first position that nobody has taken; written with atomic additions */
	uint64_t lost; /* events for which no slot could be had, or which were too long */
	uint8_t reserved_too[48];
};

enum spy_record_kind {
	SPY_RECORD_CALL = 1,
	SPY_RECORD_STATE = 2,
	SPY_RECORD_LINE = 3,
	SPY_RECORD_PROCESS = 4,
	SPY_RECORD_STACK = 5,
};

struct spy_record_event {
	uint16_t kind; /* enum spy_record_kind */
	uint16_t slots; /* how many, this one included */
	uint32_t length; /* of the payload, in bytes */
	uint64_t wall_ns; /* CLOCK_REALTIME, since 1970; of a call: when it had returned */
	int32_t pid;
	uint32_t tid;
};

/* How an address is written; two bits of `parts` for each of the three. */
enum spy_record_address {
	SPY_RECORD_NO_ADDRESS,
	SPY_RECORD_IPV4,
	SPY_RECORD_IPV6,
	SPY_RECORD_IPV6_SCOPED,
};

#define SPY_RECORD_LOCAL_SHIFT	0
#define SPY_RECORD_PEER_SHIFT	2
#define SPY_RECORD_TARGET_SHIFT 4 /* of bind() and connect() */
#define SPY_RECORD_ARG_SHIFT	6 /* three bits: which arguments were given */
#define SPY_RECORD_INFERRED	(1u << 9) /* the state was worked out and not told by the kernel */
#define SPY_RECORD_EOF		(1u << 10) /* a read that returned the end of file */
#define SPY_RECORD_ACCEPTED	(1u << 11) /* this side accepted the connection, or listens */
#define SPY_RECORD_STACKED	(1u << 12) /* a call whose stack was taken */

struct spy_record_call {
	uint64_t duration_ns; /* of the call; STATE: how long state_before lasted */
	int64_t ret; /* STATE: how long state has lasted, in ms, as the kernel says; INT64_MIN: not told */
	uint32_t conn; /* #ID, from 1 within a process; 0: none */
	int32_t fd;
	uint16_t call; /* a line of the table of calls; STATE: nothing */
	uint16_t err; /* errno, as on x86 and arm; 0: success */
	uint8_t state_before; /* the kernel's numbers, as in states.def; 0: unknown */
	uint8_t state;
	uint16_t parts;
};

/* What a first and a further slot hold of the payload, and the most that an event of calls comes to. */
#define SPY_RECORD_FIRST_ROOM	(SPY_RECORD_SLOT_SIZE - 8 - sizeof(struct spy_record_event))
#define SPY_RECORD_FURTHER_ROOM (SPY_RECORD_SLOT_SIZE - 8)
#define SPY_RECORD_CALL_MAX                                                                                            \
	(sizeof(struct spy_record_call) + 24 + 66 + 4) /* three arguments, three addresses, a stack */

_Static_assert(sizeof(struct spy_record_header) == SPY_RECORD_CALLS_OFFSET, "the header has no gaps");
_Static_assert(offsetof(struct spy_record_header, next) == 64, "next is alone on its cache line");
_Static_assert(sizeof(struct spy_record_event) == 24 && sizeof(struct spy_record_call) == 32, "nor have events");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the structs are the file's bytes as they are");

#endif
