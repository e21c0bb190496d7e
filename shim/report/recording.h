/*
 * From events and reports to the flight recorder: opens its file when it is time to, and tells who
 * this process is before anything else of it.
 *
 * The recorder gets every event, whatever `calls` says of the log. Locks: one of its own while the file is
 * opened, with all signals blocked. Signals: safe.
 */
#ifndef SPY_REPORT_RECORDING_H
#define SPY_REPORT_RECORDING_H

#include "../preload/spy.h"
#include "../record/recorder.h"

/* At the start: after the settings have been read. */
void spy_recording_init(struct spy_buf *complaints);

/* True where somebody wants to know every call: the log or the recorder. */
static inline bool spy_wants_calls(void)
{
	return spy_options.calls == SPY_CALLS_ALL || spy_recorder_is_on();
}

/* True where some calls have a line, which tells how long they took: before a call nobody knows whether it will. */
static inline bool spy_wants_times(void)
{
	return spy_options.calls != SPY_CALLS_NONE || spy_recorder_is_on();
}

void spy_recording_event(const struct spy_event *ev, const struct spy_line_conn *conn);

/*
 * A read or write that changed nothing on an established connection, which is most of all calls: the
 * same without the event.
 */
struct spy_call;
void spy_recording_data(const struct spy_call *call, long rc, int err);

/* A finding or a summary, as a line of the JSON log. */
void spy_recording_line(const struct spy_origin *from, const char *line, size_t len);

/* The frames of a stack, as spy_recorder_stack(). */
uint64_t spy_recording_stack(const struct spy_origin *from, const char *text, size_t len);

/* True where something of this process is in the record. */
bool spy_recording_has_begun(void);

/* Before a sandbox closes: what the next event would have done. */
void spy_recording_prepare(void);

/* In a fork's child. */
void spy_recording_forked(void);

#endif
