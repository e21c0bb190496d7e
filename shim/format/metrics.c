/*
 * The metrics as text; see metrics.h. The format is
 * https://prometheus.io/docs/instrumenting/exposition_formats/, which OpenMetrics readers take, too.
 */
#include "metrics.h"

#include <string.h>

#include "../../include/tcpwaitspy/version.h"

struct page {
	struct spy_buf *out;
	const struct spy_metrics *metrics;
	struct spy_buf common; /* the labels that all samples have */
	char room[2048];
};

/* As in the text log, with bytes that are no text as \xHH; and then as the format wants a label's value. */
static void put_value_text(struct spy_buf *out, const char *text)
{
	char room[SPY_MODULE_MAX * 4];
	struct spy_buf plain = SPY_BUF(room);

	spy_buf_plain(&plain, text, strlen(text));
	for (size_t i = 0; i < plain.len; i++) {
		if (room[i] == '\\' || room[i] == '"')
			spy_buf_char(out, '\\');
		spy_buf_char(out, room[i]);
	}
}

static void put_label(struct spy_buf *out, const char *name, const char *text)
{
	spy_buf_char(out, ',');
	spy_buf_str(out, name);
	spy_buf_str(out, "=\"");
	put_value_text(out, text);
	spy_buf_char(out, '"');
}

static void family(const struct page *page, const char *name, const char *type, const char *help)
{
	spy_buf_str(page->out, "# HELP tcpwaitspy_");
	spy_buf_str(page->out, name);
	spy_buf_char(page->out, ' ');
	spy_buf_str(page->out, help);
	spy_buf_str(page->out, "\n# TYPE tcpwaitspy_");
	spy_buf_str(page->out, name);
	spy_buf_char(page->out, ' ');
	spy_buf_str(page->out, type);
	spy_buf_char(page->out, '\n');
}

/* A sample up to its own labels, which follow with their commas. */
static void begin(const struct page *page, const char *name)
{
	spy_buf_str(page->out, "tcpwaitspy_");
	spy_buf_str(page->out, name);
	spy_buf_char(page->out, '{');
	spy_buf_mem(page->out, page->common.data, page->common.len);
}

static void end(const struct page *page, uint64_t value)
{
	spy_buf_str(page->out, "} ");
	spy_buf_uint(page->out, value);
	spy_buf_char(page->out, '\n');
}

static void end_seconds(const struct page *page, uint64_t value_ns)
{
	spy_buf_str(page->out, "} ");
	spy_buf_fixed(page->out, value_ns / 1000, 6);
	spy_buf_char(page->out, '\n');
}

static void sample(const struct page *page, const char *name, uint64_t value)
{
	begin(page, name);
	end(page, value);
}

static void put_process(const struct page *page)
{
	const struct spy_metrics *metrics = page->metrics;

	family(page, "build_info", "gauge", "The version of the shim that writes this; always 1.");
	begin(page, "build_info");
	put_label(page->out, "version", SPY_VERSION);
	end(page, 1);
	family(page, "up", "gauge", "1 while the process runs, 0 in what it wrote when it ended.");
	sample(page, "up", metrics->is_over ? 0 : 1);
	family(page, "last_write_timestamp_seconds", "gauge", "When this was written, in seconds since 1970.");
	begin(page, "last_write_timestamp_seconds");
	end_seconds(page, metrics->wall_ns);
	family(page, "process_start_time_seconds", "gauge",
	       "When the program was started, or forked, in seconds since 1970.");
	begin(page, "process_start_time_seconds");
	end_seconds(page, metrics->start_wall_ns);
}

static void put_connections(const struct page *page)
{
	const struct spy_metrics *metrics = page->metrics;

	family(page, "connections", "gauge",
	       "TCP sockets by state now: those that the process has open, and those that it closed and the kernel "
	       "still has.");
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++) {
		begin(page, "connections");
		put_label(page->out, "state", spy_state_name(state));
		end(page, metrics->by_state[state]);
	}
	family(page, "connections_oldest_seconds", "gauge",
	       "For how long the connection that came to the state first of those in it now has been there; 0: none "
	       "is.");
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++) {
		if (!spy_state_is_wait(state))
			continue;
		begin(page, "connections_oldest_seconds");
		put_label(page->out, "state", spy_state_name(state));
		end_seconds(page, metrics->oldest_ns[state]);
	}
	family(page, "connections_accepted_total", "counter", "Connections that the process accepted, or was given.");
	sample(page, "connections_accepted_total", metrics->accepted);
	family(page, "connections_opened_total", "counter",
	       "Connections that the process began to open with connect().");
	sample(page, "connections_opened_total", metrics->opened);
}

/* A bound as Prometheus writes numbers: 0.01, 5, 3600. */
static void put_bound(struct spy_buf *out, uint32_t bound_ms)
{
	unsigned int decimals = 3;

	while (decimals && bound_ms % 10 == 0) {
		bound_ms /= 10;
		decimals--;
	}
	if (decimals)
		spy_buf_fixed(out, bound_ms, decimals);
	else
		spy_buf_uint(out, bound_ms);
}

static void put_bucket(const struct page *page, unsigned int state, unsigned int bound, uint64_t count)
{
	begin(page, "wait_duration_seconds_bucket");
	put_label(page->out, "state", spy_state_name(state));
	spy_buf_str(page->out, ",le=\"");
	if (bound < SPY_WAIT_BOUNDS)
		put_bound(page->out, spy_wait_bounds_ms[bound]);
	else
		spy_buf_str(page->out, "+Inf");
	spy_buf_char(page->out, '"');
	end(page, count);
}

static void put_stays(const struct page *page, unsigned int state, const struct spy_histogram *stays)
{
	uint64_t count = 0;

	for (unsigned int bound = 0; bound <= SPY_WAIT_BOUNDS; bound++) {
		count += stays->count[bound];
		put_bucket(page, state, bound, count);
	}
	begin(page, "wait_duration_seconds_sum");
	put_label(page->out, "state", spy_state_name(state));
	end_seconds(page, stays->total_ns);
	begin(page, "wait_duration_seconds_count");
	put_label(page->out, "state", spy_state_name(state));
	end(page, count);
}

static void put_waits(const struct page *page)
{
	family(page, "wait_duration_seconds", "histogram",
	       "How long connections were in a state that waits, by state; counted when they leave it.");
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++)
		if (spy_state_is_wait(state))
			put_stays(page, state, &page->metrics->stays[state]);
}

static void put_rule(const struct page *page, enum spy_rule rule, enum spy_severity severity)
{
	put_label(page->out, "rule", spy_rules[rule].name);
	put_label(page->out, "severity", spy_severity_name(severity, false));
}

/* Rules that have found nothing are there with 0, so that the first finding is an increase. */
static void put_findings(const struct page *page)
{
	family(page, "findings_total", "counter", "Findings by rule.");
	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++)
		for (int severity = SPY_NOTE; severity <= SPY_ERROR; severity++) {
			uint64_t count = page->metrics->findings[rule][severity];

			if (!count && severity != (int)spy_rules[rule].severity)
				continue;
			begin(page, "findings_total");
			put_rule(page, (enum spy_rule)rule, (enum spy_severity)severity);
			end(page, count);
		}
}

/* The same labels: a rule's places differ by whole stacks, and here is only the innermost frame. */
static bool is_same_place(const struct spy_metrics_place *a, const struct spy_metrics_place *b)
{
	return a->rule == b->rule && a->severity == b->severity && a->frame.module_offset == b->frame.module_offset &&
	       strcmp(spy_symbols_basename(a->frame.module), spy_symbols_basename(b->frame.module)) == 0 &&
	       strcmp(a->frame.function, b->frame.function) == 0;
}

static void put_places(const struct page *page)
{
	const struct spy_metrics *metrics = page->metrics;
	uint64_t counts[SPY_METRICS_PLACES];
	unsigned int i, first;

	family(page, "place_findings_total", "counter",
	       "Findings by rule and place in the code, for the first 64 places that had any.");
	for (i = 0; i < metrics->place_count; i++) {
		counts[i] = metrics->places[i].count;
		for (first = 0; first < i; first++)
			if (is_same_place(&metrics->places[first], &metrics->places[i]))
				break;
		if (first == i)
			continue;
		counts[first] += counts[i];
		counts[i] = 0;
	}
	for (i = 0; i < metrics->place_count; i++) {
		const struct spy_metrics_place *place = &metrics->places[i];

		if (!counts[i])
			continue;
		begin(page, "place_findings_total");
		put_rule(page, place->rule, place->severity);
		put_label(page->out, "function", place->frame.function);
		put_label(page->out, "module", spy_symbols_basename(place->frame.module));
		spy_buf_str(page->out, ",offset=\"0x");
		spy_buf_hex(page->out, place->frame.module_offset);
		spy_buf_char(page->out, '"');
		end(page, counts[i]);
	}
}

static void put_error(const struct page *page, enum spy_call_id call, const char *name, uint64_t count)
{
	if (!count)
		return;
	begin(page, "call_errors_total");
	put_label(page->out, "call", spy_calls[call].name);
	put_label(page->out, "errno", name);
	end(page, count);
}

static void put_errors(const struct page *page, enum spy_call_id call)
{
	uint64_t others = 0;

	for (int err = 1; err < (int)SPY_COUNT_ERRNOS; err++) {
		uint64_t count = spy_counts_errors(page->metrics->counts, call, err);

		if (spy_errno_name(err))
			put_error(page, call, spy_errno_name(err), count);
		else
			others += count;
	}
	put_error(page, call, "other", others);
}

static void put_calls(const struct page *page)
{
	const struct spy_counts *counts = page->metrics->counts;

	family(page, "calls_total", "counter", "Calls on TCP sockets that have returned, by call.");
	for (unsigned int call = 0; counts && call < SPY_CALL_COUNT; call++) {
		uint64_t count = spy_counts_calls(counts, (enum spy_call_id)call);

		if (!count)
			continue;
		begin(page, "calls_total");
		put_label(page->out, "call", spy_calls[call].name);
		end(page, count);
	}
	family(page, "call_errors_total", "counter",
	       "Those that failed, by call and errno; EAGAIN and EINTR are among them.");
	for (unsigned int call = 0; counts && call < SPY_CALL_COUNT; call++)
		if (spy_counts_failed(counts, (enum spy_call_id)call))
			put_errors(page, (enum spy_call_id)call);
}

/* What is missing in the log, and in these metrics themselves. */
static void put_dropped(const struct page *page)
{
	const struct spy_metrics *metrics = page->metrics;
	const struct {
		const char *name;
		uint64_t value;
		const char *help;
	} rows[] = {
		{"log_lines_lost_total", metrics->lines_lost, "Lines that the log could not take."},
		{"stacks_dropped_total", metrics->stacks_dropped, "Stacks for which there was no room."},
		{"places_dropped_total", metrics->places_dropped,
		 "Findings counted without their place, for which there was no room."},
		{"sockets_untracked_total", metrics->untracked, "Sockets for which there was no room for a record."},
		{"closes_unseen_total", metrics->unseen.closes,
		 "Descriptors closed by calls that the shim does not see."},
		{"connections_unfollowed_total", metrics->unseen.not_followed,
		 "Closed connections that were not followed to their end."},
		{"metrics_writes_failed_total", metrics->writes_failed, "Times that this file could not be written."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		family(page, rows[i].name, "counter", rows[i].help);
		sample(page, rows[i].name, rows[i].value);
	}
}

void spy_metrics_render(struct spy_buf *out, const struct spy_metrics *metrics)
{
	struct page page = {.out = out, .metrics = metrics};

	page.common = (struct spy_buf)SPY_BUF(page.room);
	spy_buf_str(&page.common, "host=\"");
	put_value_text(&page.common, metrics->host);
	spy_buf_str(&page.common, "\",pid=\"");
	spy_buf_int(&page.common, metrics->pid);
	spy_buf_char(&page.common, '"');
	put_label(&page.common, "program", metrics->program);
	put_process(&page);
	put_connections(&page);
	put_waits(&page);
	put_findings(&page);
	put_places(&page);
	put_calls(&page);
	put_dropped(&page);
}
