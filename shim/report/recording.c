/*
 * The flight recorder's place in the process; see recording.h.
 */
#include "recording.h"

#include "../calls/call.h"
#include "../observe/kernel.h"
#include "../observe/symbols.h"
#include "../preload/start.h"
#include "../sink/target.h"
#include "../sys/apart.h"
#include "report.h"

static struct spy_lock opening;
static uint64_t start_ns; /* of this process, before its first event */

void spy_recording_init(struct spy_buf *complaints)
{
	struct spy_recorder_config config = {
		.path = spy_options.record,
		.program = spy_symbols_basename(spy_start_exe()),
		.size = spy_options.record_size,
		.memory = spy_memory_take,
	};

	start_ns = spy_clock_wall();
	spy_recorder_init(&config, spy_self_pid(), complaints);
}

struct opened {
	int32_t pid;
	struct spy_buf *complaints;
};

static void open_file(void *data)
{
	const struct opened *opened = data;

	spy_recorder_open(opened->pid, opened->complaints);
}

/* The first event of this process. Its file is opened apart: only the mapping stays. */
static void begin(int32_t pid)
{
	struct spy_section quiet;
	static char room[SPY_PATH_MAX + 256]; /* The lock's, and not on what may be a coroutine's stack. */
	struct spy_buf complaints = SPY_BUF(room);

	spy_quiet_enter(&quiet);
	spy_lock_take(&opening);
	if (spy_recorder_is_to_open(pid))
		spy_apart_or_here(open_file, &(struct opened){pid, &complaints});
	if (spy_recorder_is_on() && spy_recorder_wants_process(pid))
		spy_report_process_to_record(start_ns);
	if (complaints.len)
		spy_target_complain(complaints.data, complaints.len);
	spy_lock_give(&opening);
	spy_quiet_leave(&quiet);
}

static bool is_ready(int32_t pid)
{
	if (spy_recorder_is_to_open(pid) || spy_recorder_wants_process(pid))
		begin(pid);
	return spy_recorder_is_on();
}

void spy_recording_event(const struct spy_event *ev, const struct spy_line_conn *conn)
{
	int32_t pid;

	if (!spy_recorder_is_on())
		return;
	pid = spy_self_pid();
	if (is_ready(pid))
		spy_recorder_event(ev, conn, pid);
}

void spy_recording_data(const struct spy_call *call, long rc, int err)
{
	const struct spy_conn *conn = call->conn;
	uint64_t now_ns = spy_clock_now();
	int32_t pid = spy_self_pid();
	struct spy_ring_stamp stamp = {spy_clock_wall_at(now_ns), pid, spy_self_tid()};
	struct spy_record_call plain = {
		.duration_ns = call->began_ns ? now_ns - call->began_ns : 0,
		.ret = rc,
		.conn = conn->id,
		.fd = call->fd,
		.call = (uint16_t)call->id,
		.err = rc < 0 ? (uint16_t)err : 0,
		.state_before = SPY_STATE_ESTABLISHED,
		.state = SPY_STATE_ESTABLISHED,
		.parts = conn->flags & SPY_CONN_ACCEPTED ? SPY_RECORD_ACCEPTED : 0,
	};
	const struct spy_record_parts parts = {.arg = call->arg, .local = &conn->local, .peer = &conn->peer};

	if (is_ready(pid))
		spy_recorder_call(&stamp, &plain, &parts);
}

void spy_recording_line(const struct spy_origin *from, const char *line, size_t len)
{
	if (spy_recorder_is_on() && is_ready(from->pid))
		spy_recorder_line(from, line, len);
}

uint64_t spy_recording_stack(const struct spy_origin *from, const char *text, size_t len)
{
	return is_ready(from->pid) ? spy_recorder_stack(from, text, len) : 0;
}

bool spy_recording_has_begun(void)
{
	return spy_recorder_is_on() && !spy_recorder_wants_process(spy_self_pid());
}

void spy_recording_prepare(void)
{
	if (spy_recorder_is_on())
		is_ready(spy_self_pid());
}

void spy_recording_forked(void)
{
	spy_lock_reset(&opening);
	spy_recorder_forked();
	start_ns = spy_clock_wall();
}
