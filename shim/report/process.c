/*
 * Who this process is, for the log and for the flight record.
 */
#include <string.h>
#include <sys/utsname.h>

#include "../observe/kernel.h"
#include "../observe/proc.h"
#include "../preload/start.h"
#include "../record/recorder.h"
#include "../sink/writer.h"
#include "../sys/sys.h"
#include "report.h"

#define ARGV_ROOM 16384
#define TEXT_ROOM (ARGV_ROOM * 6 + 16384) /* every byte of it escaped, and the rest */

struct process_room {
	char argv[ARGV_ROOM];
	char text[TEXT_ROOM];
};

static _Atomic bool process_told;

/* The line in one of the formats; empty where there is no room for it. */
static struct spy_buf compose(const struct spy_format_ops *format, const struct spy_origin *from,
			      struct process_room *room)
{
	struct spy_process process = {.ppid = (int32_t)spy_sys0(SYS_getppid)};
	struct spy_buf out = {room->text, 0, sizeof(room->text), false};
	struct utsname host;

	process.argv = room->argv;
	process.argv_len = spy_proc_read("/proc/self/cmdline", room->argv, sizeof(room->argv));
	process.host = spy_sys1(SYS_uname, &host) == 0 ? host.nodename : "";
	process.exe = spy_start_exe();
	process.options = spy_start_options();
	format->process(&out, from, &process);
	return out;
}

void spy_report_process(void)
{
	struct spy_origin from = {spy_clock_wall(), spy_self_pid(), spy_self_tid()};
	struct process_room *room;
	struct spy_buf out;

	if (atomic_exchange(&process_told, true))
		return;
	room = spy_room_take(sizeof(*room));
	if (!room)
		return;
	out = compose(spy_report_format(), &from, room);
	if (out.len)
		spy_writer_put(out.data, out.len, false);
	spy_room_give(room, sizeof(*room));
}

void spy_report_process_to_record(uint64_t start_ns)
{
	struct spy_origin from = {start_ns, spy_self_pid(), spy_self_tid()};
	struct process_room *room = spy_room_take(sizeof(*room));
	struct spy_buf out;

	if (!room)
		return;
	out = compose(&spy_json_format, &from, room);
	spy_recorder_process(&from, out.data, out.len);
	spy_room_give(room, sizeof(*room));
}

bool spy_report_process_is_told(void)
{
	return process_told;
}

void spy_report_process_forked(void)
{
	process_told = false;
}
