/*
 * The table of outputs.
 */
#include "writer.h"

#include "../html/html.h"

const struct report_writer report_writers[] = {
	{"html", html_write, true, "one page with pictures and code, for a browser"},
	{"sarif", sarif_write, false, "SARIF 2.1.0, for code scanning and editors"},
	{"perfetto", perfetto_write, true, "Chrome trace events, for ui.perfetto.dev"},
	{"folded", folded_write, false, "folded stacks of leaked connections, for flame graphs"},
	{"csv", csv_write, false, "a row for each place, for spreadsheets and SQL"},
	{"csv-events", csv_events_write, true, "a row for each call and change of state"},
	{NULL, NULL, false, NULL},
};
