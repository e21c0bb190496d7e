/*
 * Lines of calls and of changes of state; the format is the contract's.
 */
#include "render.h"

#include <inttypes.h>
#include <string.h>

#include "../../include/tcpwaitspy/calls.h"
#include "../../include/tcpwaitspy/units.h"

void render_prefix(const struct render *render, int pid)
{
	out_print(&render->out, OUT_DIM, "==%d== ", pid);
}

void render_time(const struct render *render, int64_t ts_ns)
{
	int64_t seconds = ts_ns / SPY_NS_PER_S % 86400;

	out_print(&render->out, OUT_DIM, "%02d:%02d:%02d.%06d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
		  (int)(seconds % 60), (int)(ts_ns % SPY_NS_PER_S / SPY_NS_PER_US));
}

void render_endpoints(const struct render *render, uint64_t id, const char *local, bool accepted, const char *peer)
{
	out_print(&render->out, OUT_NORMAL, "#%" PRIu64 " ", id);
	out_plain(&render->out, OUT_NORMAL, local && *local ? local : "*");
	out_print(&render->out, OUT_NORMAL, accepted ? " <- " : " -> ");
	out_plain(&render->out, OUT_NORMAL, peer && *peer ? peer : "*");
}

enum out_style render_severity_style(const char *severity)
{
	if (strcmp(severity, "error") == 0)
		return OUT_ERROR;
	return strcmp(severity, "warning") == 0 ? OUT_WARNING : OUT_NOTE;
}

/* Red is the state that only the program can end, yellow those that wait for the peer or a timer. */
static enum out_style state_style(int state)
{
	if (state == SPY_STATE_CLOSE_WAIT)
		return OUT_ERROR;
	if (state > 0 && spy_state_is_wait((unsigned int)state))
		return OUT_WARNING;
	return state == SPY_STATE_ESTABLISHED ? OUT_GOOD : OUT_NORMAL;
}

static const char *state_name(int state)
{
	return spy_state_name(state > 0 ? (unsigned int)state : SPY_STATE_UNKNOWN);
}

/* socket() and its like have no descriptor before they return. */
static bool takes_descriptor(const char *call)
{
	for (size_t i = 0; i < SPY_CALL_COUNT; i++)
		if (strcmp(spy_calls[i].name, call) == 0)
			return spy_calls[i].op != SPY_OP_OPEN;
	return true;
}

static void render_call(const struct render *render, const struct item_call *call)
{
	const char *before = "";

	out_plain(&render->out, OUT_BOLD, call->name);
	out_print(&render->out, OUT_NORMAL, "(");
	if (takes_descriptor(call->name)) {
		out_print(&render->out, OUT_NORMAL, "%d", call->fd);
		before = ", ";
	}
	for (size_t i = 0; i < call->args.count; i++) {
		const char *value = call->args.pairs[i].value;

		out_print(&render->out, OUT_NORMAL, "%s", before);
		out_plain(&render->out, OUT_NORMAL, value && *value ? value : "0");
		before = ", ";
	}
	out_print(&render->out, OUT_NORMAL, ") = %" PRId64, call->ret);
	if (call->error) {
		out_print(&render->out, OUT_NORMAL, " ");
		out_plain(&render->out, OUT_ERROR, call->error);
	}
}

/* " | BEFORE -> AFTER | #ID LOCAL ARROW PEER | DURATION" and the line's end. */
static void render_tail(const struct render *render, const struct item *item, const struct tally_process *process,
			uint64_t time_ns)
{
	const struct tally_conn *conn = tally_conn(process, item->conn);
	bool accepted = item->accepted || (conn && (conn->accepted || conn->listens));

	out_print(&render->out, OUT_NORMAL, " | ");
	if (item->state_before != item->state && item->state_before != ITEM_NO_STATE) {
		out_print(&render->out, state_style(item->state_before), "%s", state_name(item->state_before));
		out_print(&render->out, OUT_NORMAL, " -> ");
	}
	out_print(&render->out, state_style(item->state), "%s%s", item->inferred ? "~" : "", state_name(item->state));
	out_print(&render->out, OUT_NORMAL, " | ");
	render_endpoints(render, item->conn, item->local, accepted, item->peer);
	out_print(&render->out, OUT_NORMAL, " | %" PRIu64 ".%03" PRIu64 " ms\n", time_ns / SPY_NS_PER_MS,
		  time_ns / SPY_NS_PER_US % 1000);
}

static void render_head(const struct render *render, const struct item *item)
{
	render_prefix(render, item->pid);
	render_time(render, item->ts_ns);
	out_print(&render->out, OUT_DIM, " [%d] ", item->tid);
}

void render_item(const struct render *render, const struct item *item, const struct tally_process *process)
{
	switch (item->type) {
	case ITEM_PROCESS:
	case ITEM_STACK:
		break;
	case ITEM_CALL:
		if (render->quiet)
			break;
		render_head(render, item);
		render_call(render, &item->call);
		render_tail(render, item, process, item->call.duration_ns);
		break;
	case ITEM_STATE:
		if (render->quiet)
			break;
		render_head(render, item);
		out_print(&render->out, OUT_NORMAL, "state");
		render_tail(render, item, process, item->dwell_ns);
		break;
	case ITEM_FINDING:
		render_finding(render, item);
		break;
	case ITEM_SUMMARY:
		render_summary(render, item, process);
		break;
	}
}
