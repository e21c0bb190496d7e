/*
 * The lines of calls and of states seen without one; see report.h.
 *
 * A line of the JSON log, and an event of the flight record, name the stack of their call by its number. Its
 * frames are told once in each process, with the first line that has the number.
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "../observe/kernel.h"
#include "../observe/symbols.h"
#include "../sink/writer.h"
#include "recording.h"
#include "report.h"

#define LINE_ROOM 1024
/* The frames of a stack, their paths escaped, and two lines. */
#define FRAMES_ROOM (256 * 1024)

/* By number: the process that has told its frames in the log, and where in the record they are. */
static _Atomic int32_t told[SPY_STACKS_MAX + 1];
static _Atomic uint64_t recorded[SPY_STACKS_MAX + 1];

struct workspace {
	struct spy_named_stack stack;
	char text[FRAMES_ROOM];
};

/* Requests of getsockopt() and of most ioctl()s change nothing. */
static bool is_question(const struct spy_event *ev)
{
	return ev->call == SPY_CALL_getsockopt ||
	       (ev->call == SPY_CALL_ioctl && ev->arg[0] != FIONBIO && ev->arg[0] != FIOASYNC);
}

/* What calls=lifecycle leaves out: plain data, waiting, and questions, unless they failed. */
static bool is_lifecycle(const struct spy_event *ev)
{
	bool waits = ev->err == EAGAIN || ev->err == EINTR;

	switch (ev->op) {
	case SPY_OP_READ:
	case SPY_OP_WRITE:
		return ev->observed_eof || (ev->err && !waits);
	case SPY_OP_ACCEPT:
		return !waits;
	case SPY_OP_NAME:
		return ev->err != 0;
	case SPY_OP_CONFIGURE:
		return ev->err != 0 || !is_question(ev);
	default:
		return true;
	}
}

static bool is_wanted(const struct spy_event *ev)
{
	switch (spy_options.calls) {
	case SPY_CALLS_ALL:
		return true;
	case SPY_CALLS_LIFECYCLE:
		return is_lifecycle(ev);
	default:
		return false;
	}
}

/* Its line will have the number of a stack whose frames nobody who reads the log can know. */
static bool is_news(const struct spy_event *ev)
{
	return spy_options.format == SPY_FORMAT_JSON && is_wanted(ev) && told[ev->stack] != spy_self_pid();
}

static bool is_news_to_record(const struct spy_event *ev)
{
	return spy_recorder_is_on() && !spy_recorder_has(recorded[ev->stack], spy_self_pid());
}

static void compose(struct spy_buf *out, const struct spy_event *ev, const struct spy_line_conn *conn)
{
	struct spy_origin from = {ev->wall_ns, spy_self_pid(), ev->tid};

	spy_recording_event(ev, conn);
	if (!is_wanted(ev))
		return;
	if (!spy_report_process_is_told())
		spy_report_process();
	if (ev->op == SPY_OP_TICK)
		spy_report_format()->state(out, &from, ev, conn);
	else
		spy_report_format()->call(out, &from, ev, conn);
}

static void locate(uint32_t number, struct spy_named_stack *stack)
{
	struct spy_stack taken = spy_stacks_get(&spy_core.stacks, number);

	stack->count = taken.count < SPY_STACK_FRAMES_ROOM ? taken.count : SPY_STACK_FRAMES_ROOM;
	for (size_t i = 0; i < stack->count; i++)
		spy_symbols_locate(taken.frames[i], &stack->frames[i]);
	stack->count = spy_symbols_trim_located(stack->frames, stack->count);
}

static void record_stack(const struct spy_event *ev, struct workspace *room)
{
	struct spy_origin from = {ev->wall_ns, spy_self_pid(), ev->tid};
	struct spy_buf out = {room->text, 0, sizeof(room->text), false};

	spy_json_stack(&out, ev->stack, &room->stack);
	if (!out.truncated)
		recorded[ev->stack] = spy_recording_stack(&from, out.data, out.len);
}

/* With the frames of the call's stack. From room of its own: the caller's stack may be small. */
__attribute__((noinline)) static bool report_at_length(const struct spy_event *ev, const struct spy_event *after,
						       const struct spy_line_conn *conn)
{
	struct workspace *room = spy_room_take(sizeof(*room));
	struct spy_buf out;

	if (!room)
		return false;
	locate(ev->stack, &room->stack);
	if (is_news_to_record(ev))
		record_stack(ev, room);
	out = (struct spy_buf){room->text, 0, sizeof(room->text), false};
	compose(&out, ev, conn);
	/* Of two threads one has it in its line. */
	if (out.len && is_news(ev) && atomic_exchange(&told[ev->stack], spy_self_pid()) != spy_self_pid())
		spy_json_add_frames(&out, &room->stack);
	if (after)
		compose(&out, after, conn);
	if (out.len)
		spy_writer_put(out.data, out.len, false);
	spy_room_give(room, sizeof(*room));
	return true;
}

__attribute__((noinline)) static void report_briefly(const struct spy_event *ev, const struct spy_event *after,
						     const struct spy_line_conn *conn)
{
	char room[2 * LINE_ROOM];
	struct spy_buf out = SPY_BUF(room);

	compose(&out, ev, conn);
	if (after)
		compose(&out, after, conn);
	if (out.len)
		spy_writer_put(out.data, out.len, false);
}

void spy_report_event(const struct spy_event *ev, const struct spy_event *after, const struct spy_line_conn *conn)
{
	bool names_news = ev->stack && ev->op != SPY_OP_TICK && (is_news(ev) || is_news_to_record(ev));

	if (!names_news || !report_at_length(ev, after, conn))
		report_briefly(ev, after, conn);
}
