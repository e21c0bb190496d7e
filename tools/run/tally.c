/*
 * The records; see tally.h.
 */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../cli/words.h"
#include "group.h"

#define FIRST_SLOTS 64

static int parent_of(int pid)
{
	char path[32], line[512];
	const char *end;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* The name in parentheses may hold anything (proc(5)). */
	end = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (end)
		sscanf(end + 1, " %*c %d", &parent);
	fclose(file);
	return parent;
}

/*
 * A descriptor that tells of its end; -1 where there is none to be had, and for the command itself, its helper, and those
 * that wait for it: a log may have them, too, where the command runs under another one.
 */
static int watch(int pid)
{
	if (group_is_bystander(pid))
		return -1;
	for (int above = getpid(); above > 0; above = parent_of(above))
		if (above == pid)
			return -1;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static size_t slot_of(uint64_t id, size_t slots)
{
	return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (slots - 1);
}

static struct tally_conn *find_slot(struct tally_conn *conns, size_t slots, uint64_t id)
{
	size_t slot = slot_of(id, slots);

	while (conns[slot].id && conns[slot].id != id)
		slot = (slot + 1) & (slots - 1);
	return &conns[slot];
}

struct tally_conn *tally_conn(const struct tally_process *process, uint64_t id)
{
	struct tally_conn *conn = process->conn_slots ? find_slot(process->conns, process->conn_slots, id) : NULL;

	return conn && conn->id ? conn : NULL;
}

static void free_conn(struct tally_conn *conn)
{
	free(conn->local);
	free(conn->peer);
	*conn = (struct tally_conn){.id = 0};
}

static void grow(struct tally_process *process)
{
	size_t slots = process->conn_slots ? 2 * process->conn_slots : FIRST_SLOTS;
	struct tally_conn *conns = words_room(slots * sizeof(*conns));

	memset(conns, 0, slots * sizeof(*conns));
	for (size_t i = 0; i < process->conn_slots; i++)
		if (process->conns[i].id)
			*find_slot(conns, slots, process->conns[i].id) = process->conns[i];
	free(process->conns);
	process->conns = conns;
	process->conn_slots = slots;
}

/* Takes a record out, and moves up those behind it that would not be found over the hole. */
static void remove_conn(struct tally_process *process, struct tally_conn *conn)
{
	size_t mask = process->conn_slots - 1;
	size_t hole = (size_t)(conn - process->conns);

	free_conn(conn);
	process->conn_count--;
	for (size_t at = (hole + 1) & mask; process->conns[at].id; at = (at + 1) & mask) {
		size_t home = slot_of(process->conns[at].id, process->conn_slots);

		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		process->conns[hole] = process->conns[at];
		process->conns[at] = (struct tally_conn){.id = 0};
		hole = at;
	}
}

static struct tally_process *find_process(const struct tally *tally, int pid)
{
	struct tally_process *process = tally->processes;

	while (process && process->pid != pid)
		process = process->next;
	return process;
}

/* A fork's child goes on with its parent's numbers: which side opened a connection is known from there. */
static void inherit(const struct tally *tally, const struct tally_process *process, struct tally_conn *conn)
{
	const struct tally_process *parent = process->parent ? find_process(tally, process->parent) : NULL;
	const struct tally_conn *before = parent ? tally_conn(parent, conn->id) : NULL;

	if (!before)
		return;
	conn->accepted = before->accepted;
	conn->listens = before->listens;
}

static struct tally_conn *make_conn(const struct tally *tally, struct tally_process *process, const struct item *item)
{
	struct tally_conn *conn = tally_conn(process, item->conn);

	if (conn)
		return conn;
	if (2 * (process->conn_count + 1) > process->conn_slots)
		grow(process);
	conn = find_slot(process->conns, process->conn_slots, item->conn);
	*conn = (struct tally_conn){.id = item->conn, .fd = -1, .state = ITEM_NO_STATE, .since_ns = item->ts_ns};
	process->conn_count++;
	inherit(tally, process, conn);
	return conn;
}

static void keep_text(char **kept, const char *text)
{
	if (!text || (*kept && strcmp(*kept, text) == 0))
		return;
	free(*kept);
	*kept = words_copy(text);
}

static void add_wait(struct tally_process *process, int state, uint64_t dwell_ns)
{
	struct tally_wait *wait;

	if (state < 0 || !spy_state_is_wait((unsigned int)state))
		return;
	wait = &process->waits[state];
	wait->connections++;
	wait->total_ns += dwell_ns;
	if (dwell_ns > wait->max_ns)
		wait->max_ns = dwell_ns;
}

static uint64_t elapsed(int64_t from_ns, int64_t to_ns)
{
	return to_ns > from_ns ? (uint64_t)(to_ns - from_ns) : 0;
}

static void set_state(struct tally_process *process, struct tally_conn *conn, int state, int64_t ts_ns)
{
	if (state == ITEM_NO_STATE || state == conn->state)
		return;
	add_wait(process, conn->state, elapsed(conn->since_ns, ts_ns));
	conn->state = state;
	conn->since_ns = ts_ns;
	conn->listens = conn->listens || state == SPY_STATE_LISTEN;
	if (!conn->connected && state != SPY_STATE_CLOSED && state != SPY_STATE_LISTEN && state != SPY_STATE_UNKNOWN) {
		conn->connected = true;
		process->connections++;
	}
}

/* Makes room for one more that is over. */
static void put_away(struct tally_process *process, struct tally_conn *conn)
{
	uint64_t *slot = &process->over[process->over_next];
	uint64_t oldest = *slot;

	conn->over = true;
	*slot = conn->id;
	process->over_next = (process->over_next + 1) % TALLY_OVER_MAX;
	conn = oldest ? tally_conn(process, oldest) : NULL;
	if (conn)
		remove_conn(process, conn);
}

/* After the last close() a connection is on its way out: here a duplicate or another process has it. */
static bool is_held(int state)
{
	return state == SPY_STATE_ESTABLISHED || state == SPY_STATE_CLOSE_WAIT || state == SPY_STATE_LISTEN;
}

static void take_conn(const struct tally *tally, struct tally_process *process, const struct item *item)
{
	struct tally_conn *conn;
	bool is_call = item->type == ITEM_CALL;

	process->has_tcp = true;
	if (item->conn == 0)
		return;
	/* A late line about a connection that is over makes no new record of it. */
	conn = tally_conn(process, item->conn);
	if (!conn && item->state == SPY_STATE_CLOSED && item->state_before != SPY_STATE_CLOSED)
		return;
	conn = make_conn(tally, process, item);
	keep_text(&conn->local, item->local);
	keep_text(&conn->peer, item->peer);
	conn->accepted = conn->accepted || item->accepted;
	set_state(process, conn, item->state, item->ts_ns);
	if (is_call && strcmp(item->call.name, "close") == 0 && item->call.ret == 0)
		conn->closed = !is_held(item->state);
	else if (is_call && !item->call.error)
		conn->fd = item->accepted ? (int)item->call.ret : item->call.fd;
	if (conn->closed && conn->state == SPY_STATE_CLOSED && !conn->over)
		put_away(process, conn);
}

static void keep_frame(struct item_frame *kept, const struct item_frame *frame)
{
	*kept = *frame;
	kept->module = frame->module ? words_copy(frame->module) : NULL;
	kept->build_id = frame->build_id ? words_copy(frame->build_id) : NULL;
	kept->function = frame->function ? words_copy(frame->function) : NULL;
}

static void take_finding(struct tally_process *process, const struct item_finding *finding)
{
	struct tally_place *place = words_room(sizeof(*place));
	struct tally_place **last = &process->places;
	const struct item_stack *stack = &finding->stacks[finding->place];

	process->has_tcp = true;
	if (strcmp(finding->severity, "error") == 0)
		process->errors++;
	else if (strcmp(finding->severity, "warning") == 0)
		process->warnings++;
	else
		process->notes++;
	*place = (struct tally_place){.rule = words_copy(finding->rule), .count = finding->count};
	if (stack->count)
		keep_frame(&place->frame, &stack->frames[0]);
	while (*last)
		last = &(*last)->next;
	*last = place;
}

/* A process begins, or has become another program by exec: what it had counted went with its memory. */
static void clear(struct tally_process *process)
{
	struct tally_place *next;

	for (size_t i = 0; i < process->conn_slots; i++)
		free_conn(&process->conns[i]);
	free(process->conns);
	for (struct tally_place *place = process->places; place; place = next) {
		next = place->next;
		free((char *)place->frame.module);
		free((char *)place->frame.build_id);
		free((char *)place->frame.function);
		free(place->rule);
		free(place);
	}
	free(process->exe);
	*process = (struct tally_process){.next = process->next, .pid = process->pid, .fd = process->fd};
}

struct tally_process *tally_process(struct tally *tally, int pid)
{
	struct tally_process *process = find_process(tally, pid);

	if (!process) {
		struct tally_process **last = &tally->processes;

		while (*last)
			last = &(*last)->next;
		process = words_room(sizeof(*process));
		/* One that has ended already has no pidfd: -1. Close-on-exec as all of them are. */
		*process = (struct tally_process){.pid = pid, .fd = watch(pid)};
		*last = process;
	}
	return process;
}

bool tally_watch(struct tally *tally, int pid)
{
	struct tally_process *process = tally_process(tally, pid);

	if (process->fd < 0)
		process->fd = watch(pid);
	return process->fd >= 0;
}

struct tally_process *tally_take(struct tally *tally, const struct item *item)
{
	bool is_new = find_process(tally, item->pid) == NULL;
	struct tally_process *process = tally_process(tally, item->pid);

	process->last_ns = item->ts_ns;
	switch (item->type) {
	case ITEM_PROCESS:
		clear(process);
		process->parent = is_new ? item->process.ppid : 0;
		process->exe = item->process.exe ? words_copy(item->process.exe) : NULL;
		break;
	case ITEM_CALL:
	case ITEM_STATE:
		take_conn(tally, process, item);
		break;
	case ITEM_FINDING:
		take_finding(process, &item->finding);
		break;
	case ITEM_SUMMARY:
		process->has_tcp = process->has_tcp || item->summary.connections || item->summary.open_at_exit;
		break;
	case ITEM_STACK:
		break;
	}
	process->has_summary = item->type == ITEM_SUMMARY;
	return process;
}

void tally_close_accounts(struct tally_process *process, int64_t now_ns)
{
	for (size_t i = 0; i < process->conn_slots; i++) {
		struct tally_conn *conn = &process->conns[i];

		if (!conn->id)
			continue;
		add_wait(process, conn->state, elapsed(conn->since_ns, now_ns));
		conn->since_ns = now_ns;
	}
}

void tally_end(struct tally *tally)
{
	struct tally_process *next;

	for (struct tally_process *process = tally->processes; process; process = next) {
		next = process->next;
		clear(process);
		if (process->fd >= 0)
			close(process->fd);
		free(process);
	}
	tally->processes = NULL;
}
