/*
 * The flight recorder; see recorder.h.
 */
#include "recorder.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "../observe/kernel.h"
#include "../sink/path.h"
#include "record_file.h"

_Atomic bool spy_recorder_on;

static struct {
	struct spy_path path;
	uint64_t size;
	void *(*memory)(size_t size);
	struct spy_ring rings[2]; /* a parent's, and then the child's own */
	_Atomic(const struct spy_ring *) ring; /* in use; NULL: not opened yet */
	_Atomic int32_t opened_pid; /* which has opened it, or failed to */
	/* Who this process is, once it has told, and when it did so last. */
	_Atomic int32_t told_pid;
	_Atomic uint64_t told_at;
	struct spy_ring_stamp stamp;
	char *line;
	size_t line_room;
	size_t line_len;
} recorder;

/* Initial-exec: the general model may allocate at a thread's first use, in a signal handler too. */
static __thread struct spy_ring_share share __attribute__((tls_model("initial-exec")));

static void complain(const char *path, const struct spy_record_map *map, struct spy_buf *complaints)
{
	spy_buf_str(complaints, "tcpwaitspy: cannot record to \"");
	spy_buf_plain(complaints, path, strlen(path));
	spy_buf_str(complaints, "\": ");
	if (map->why)
		spy_buf_str(complaints, map->why);
	else
		spy_put_error(complaints, map->err);
	spy_buf_str(complaints, "; nothing is recorded\n");
}

void spy_recorder_open(int32_t pid, struct spy_buf *complaints)
{
	const struct spy_ring *old = recorder.ring;
	struct spy_ring *ring = old == &recorder.rings[0] ? &recorder.rings[1] : &recorder.rings[0];
	struct spy_record_map map = {.err = ENAMETOOLONG};
	static char room[SPY_PATH_ROOM];
	struct spy_buf path = SPY_BUF(room);

	spy_path_expand(&recorder.path, pid, &path);
	spy_buf_cstr(&path);
	if (!path.truncated)
		map = spy_record_map(path.data, pid, recorder.size);
	recorder.opened_pid = pid;
	if (map.memory) {
		spy_ring_attach(ring, map.memory, (uint32_t)pid);
		recorder.ring = ring;
		return;
	}
	/* After chroot() or setuid() a child's own file may be out of reach: then it goes on in its parent's. */
	if (old)
		return;
	spy_recorder_on = false;
	complain(path.data, &map, complaints);
}

void spy_recorder_init(const struct spy_recorder_config *config, int32_t pid, struct spy_buf *complaints)
{
	if (!config->path[0])
		return;
	spy_path_set_program(&recorder.path, config->program);
	spy_path_set(&recorder.path, config->path);
	recorder.size = config->size;
	recorder.memory = config->memory;
	spy_recorder_on = true;
	if (!spy_path_has_pid(&recorder.path))
		spy_recorder_open(pid, complaints);
}

bool spy_recorder_is_to_open(int32_t pid)
{
	if (__builtin_expect(recorder.opened_pid == pid, 1))
		return false;
	return !recorder.ring || spy_path_has_pid(&recorder.path);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* Writes an address; which kind of it goes into parts. */
static uint8_t *put_address(uint8_t *at, const struct spy_addr *addr, unsigned int shift, uint16_t *parts)
{
	unsigned int kind = SPY_RECORD_IPV4;

	if (!addr->family)
		return at;
	if (addr->family != AF_INET)
		kind = addr->scope_id ? SPY_RECORD_IPV6_SCOPED : SPY_RECORD_IPV6;
	*parts = (uint16_t)(*parts | kind << shift);
	at = put_bytes(at, &addr->port, sizeof(addr->port));
	at = put_bytes(at, addr->ip, kind == SPY_RECORD_IPV4 ? 4 : 16);
	return kind == SPY_RECORD_IPV6_SCOPED ? put_bytes(at, &addr->scope_id, sizeof(addr->scope_id)) : at;
}

size_t spy_record_encode(void *room, struct spy_record_call *call, const struct spy_record_parts *parts)
{
	uint8_t *at = (uint8_t *)room + sizeof(*call);

	for (unsigned int i = 0; i < SPY_CALL_ARGS && parts->arg; i++)
		if (parts->arg[i] != SPY_UNKNOWN) {
			call->parts = (uint16_t)(call->parts | 1u << (SPY_RECORD_ARG_SHIFT + i));
			at = put_bytes(at, &parts->arg[i], sizeof(parts->arg[i]));
		}
	at = put_address(at, parts->local, SPY_RECORD_LOCAL_SHIFT, &call->parts);
	at = put_address(at, parts->peer, SPY_RECORD_PEER_SHIFT, &call->parts);
	if (parts->target)
		at = put_address(at, parts->target, SPY_RECORD_TARGET_SHIFT, &call->parts);
	if (parts->stack) {
		call->parts |= SPY_RECORD_STACKED;
		at = put_bytes(at, &parts->stack, sizeof(parts->stack));
	}
	memcpy(room, call, sizeof(*call));
	return (size_t)(at - (uint8_t *)room);
}

/* Puts an event, and before the ring could forget who this process is, that again. Returns the event's position. */
static uint64_t put(enum spy_record_kind kind, const struct spy_ring_stamp *stamp, const void *payload, size_t len)
{
	const struct spy_ring *ring = recorder.ring;
	uint64_t taken, told_at;

	if (!ring)
		return 0;
	taken = spy_ring_put(ring, &share, kind, stamp, payload, len);
	told_at = recorder.told_at;
	if (taken - told_at > ring->count / 4 && recorder.line_len &&
	    atomic_compare_exchange_strong(&recorder.told_at, &told_at, taken))
		spy_ring_put(ring, &share, SPY_RECORD_PROCESS, &recorder.stamp, recorder.line, recorder.line_len);
	return taken;
}

static void put_call(enum spy_record_kind kind, const struct spy_ring_stamp *stamp, struct spy_record_call *call,
		     const struct spy_record_parts *parts)
{
	uint8_t room[SPY_RECORD_CALL_MAX];

	put(kind, stamp, room, spy_record_encode(room, call, parts));
}

void spy_recorder_call(const struct spy_ring_stamp *stamp, struct spy_record_call *call,
		       const struct spy_record_parts *parts)
{
	put_call(SPY_RECORD_CALL, stamp, call, parts);
}

void spy_recorder_event(const struct spy_event *ev, const struct spy_line_conn *conn, int32_t pid)
{
	bool is_state = ev->op == SPY_OP_TICK;
	struct spy_ring_stamp stamp = {ev->wall_ns, pid, ev->tid};
	struct spy_record_call call = {
		.duration_ns = is_state ? ev->dwell_ns : ev->duration_ns,
		.ret = is_state ? ev->state_age_ms : ev->ret,
		.conn = conn->id,
		.fd = ev->op == SPY_OP_OPEN ? (int32_t)ev->ret : ev->fd,
		.call = (uint16_t)ev->call,
		.err = (uint16_t)ev->err,
		.state_before = (uint8_t)ev->state_before,
		.state = (uint8_t)ev->state,
		.parts = conn->accepted ? SPY_RECORD_ACCEPTED : 0,
	};
	const struct spy_record_parts parts = {is_state ? NULL : ev->arg, &conn->local, &conn->peer, &ev->target,
					       is_state ? 0 : ev->stack};

	if (ev->source == SPY_SOURCE_INFERRED)
		call.parts |= SPY_RECORD_INFERRED;
	if (ev->observed_eof)
		call.parts |= SPY_RECORD_EOF;
	put_call(is_state ? SPY_RECORD_STATE : SPY_RECORD_CALL, &stamp, &call, &parts);
}

static size_t without_newline(const char *line, size_t len)
{
	return len && line[len - 1] == '\n' ? len - 1 : len;
}

void spy_recorder_line(const struct spy_origin *from, const char *line, size_t len)
{
	struct spy_ring_stamp stamp = {from->wall_ns, from->pid, from->tid};

	put(SPY_RECORD_LINE, &stamp, line, without_newline(line, len));
}

/* Positions are numbers below 2^40 for as long as anybody records; above them stands whose it is. */
#define POSITION_BITS 40

uint64_t spy_recorder_stack(const struct spy_origin *from, const char *text, size_t len)
{
	struct spy_ring_stamp stamp = {from->wall_ns, from->pid, from->tid};

	return recorder.ring ? (uint64_t)from->pid << POSITION_BITS | put(SPY_RECORD_STACK, &stamp, text, len) : 0;
}

bool spy_recorder_has(uint64_t where, int32_t pid)
{
	const struct spy_ring *ring = recorder.ring;
	uint64_t position = where & ((UINT64_C(1) << POSITION_BITS) - 1);

	if (!ring || where >> POSITION_BITS != (uint64_t)pid)
		return false;
	return atomic_load_explicit((_Atomic uint64_t *)&ring->header->next, memory_order_relaxed) - position <=
	       ring->count / 2;
}

bool spy_recorder_wants_process(int32_t pid)
{
	return __builtin_expect(recorder.told_pid != pid, 0);
}

void spy_recorder_forked(void)
{
	recorder.told_pid = 0;
}

void spy_recorder_process(const struct spy_origin *from, const char *line, size_t len)
{
	const struct spy_ring *ring = recorder.ring;

	if (!ring)
		return;
	recorder.line_len = 0;
	recorder.stamp = (struct spy_ring_stamp){from->wall_ns, from->pid, from->tid};
	if (len > recorder.line_room) {
		recorder.line = recorder.memory(len);
		recorder.line_room = recorder.line ? len : 0;
	}
	len = without_newline(line, len);
	if (recorder.line) {
		memcpy(recorder.line, line, len);
		recorder.line_len = len;
	}
	recorder.told_at = spy_ring_put(ring, &share, SPY_RECORD_PROCESS, &recorder.stamp, line, len);
	recorder.told_pid = from->pid;
}
