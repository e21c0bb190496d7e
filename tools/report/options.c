/*
 * Options by getopt_long(3): the command's own, and one for each writer.
 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/command.h"
#include "../cli/refuse.h"
#include "../cli/words.h"
#include "../read/moment.h"
#include "writer.h"

/* getopt_long()'s numbers of writers; those of the command's options are characters. */
#define WRITER 1000

static const struct option own[] = {
	{"since", required_argument, NULL, 's'},     {"rule", required_argument, NULL, 'r'},
	{"severity", required_argument, NULL, 'S'},  {"top", required_argument, NULL, 'n'},
	{"fail-on", required_argument, NULL, 'f'},   {"verbose", no_argument, NULL, 'v'},
	{"color", required_argument, NULL, 'c'},     {"no-debuginfod", no_argument, NULL, 'N'},
	{"debug-dir", required_argument, NULL, 'D'}, {"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
};

#define OWN_COUNT (sizeof(own) / sizeof(own[0]))

static void print_help(void)
{
	printf("usage: tcpwaitspy report [options] FILE...\n\n"
	       "Reads JSON logs and flight records of one or many processes and hosts, and shows their findings\n"
	       "by place, worst first, with file and line. FILE may be a directory, whose files are read, or -\n"
	       "for standard input. Ctrl-C ends the reading: what was read so far is reported.\n\n"
	       "      --since=WHEN        only what came after: 2026-11-22T14:00:00Z, 2026-11-22, or 10m, 2h, 1d ago\n"
	       "      --rule=RULE         only findings of this rule\n"
	       "      --severity=LEVEL    only error; warning and worse; or note, which is all\n"
	       "      --top=N             the N worst places\n"
	       "      --fail-on=LEVEL     exit status 1 where a finding is as bad as that, for CI\n"
	       "  -v, --verbose           with stacks, evidence, and every process\n"
	       "      --color=auto|always|never\n"
	       "      --debug-dir=DIR     separate debug files are in DIR, besides where they usually are\n"
	       "      --no-debuginfod     debug information from this machine only, whatever DEBUGINFOD_URLS says\n"
	       "  -h, --help              this text\n"
	       "  -V, --version           the version\n\n"
	       "Written besides (OUT may be - for standard output, instead of the report):\n");
	for (const struct report_writer *writer = report_writers; writer->name; writer++)
		printf("      --%s=OUT%*s %s\n", writer->name, 13 - (int)strlen(writer->name), "", writer->meaning);
	printf("\nExamples:\n"
	       "  tcpwaitspy report app.*.json                        what is wrong, and where\n"
	       "  tcpwaitspy report --since 1h --top 5 /var/log/spy   the worst of the last hour\n"
	       "  tcpwaitspy report --fail-on error --sarif=out.sarif app.json\n");
}

static bool read_span(const char *text, int64_t *ns)
{
	static const struct {
		char unit;
		int64_t seconds; /* in one */
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || number > 100000000 || !*end || end[1])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (*end != units[i].unit)
			continue;
		*ns = (int64_t)number * units[i].seconds;
		if (*ns > INT64_MAX / SPY_NS_PER_S)
			return false;
		*ns *= SPY_NS_PER_S;
		return true;
	}
	return false;
}

bool report_read_since(const char *text, int64_t now_ns, int64_t *since_ns)
{
	static const char *const ends[] = {"", "Z", "T00:00:00Z"};
	char moment[64];
	int64_t span_ns;

	if (read_span(text, &span_ns)) {
		*since_ns = span_ns < now_ns ? now_ns - span_ns : 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (snprintf(moment, sizeof(moment), "%s%s", text, ends[i]) < (int)sizeof(moment) &&
		    moment_parse(moment, since_ns))
			return true;
	}
	return false;
}

static int refuse(const char *option, const char *value, const char *valid)
{
	fprintf(stderr, "tcpwaitspy: bad value \"%s\" for --%s: %s\n", value, option, valid);
	return STATUS_USAGE;
}

static bool read_severity(const char *text, enum spy_severity *severity)
{
	*severity = model_severity(text);
	return strcmp(model_severity_name(*severity), text) == 0;
}

static int take_since(struct report_options *options)
{
	if (report_read_since(optarg, moment_now(), &options->filter.since_ns))
		return REPORT_OPTIONS_GO;
	return refuse("since", optarg, "a moment as 2026-11-22T14:00:00Z or 2026-11-22, or a span as 10m, 2h, 1d");
}

static int take_rule(struct report_options *options)
{
	const char *near = NULL;

	options->filter.rule = optarg;
	for (unsigned int i = 0; i < SPY_RULE_COUNT; i++) {
		if (strcmp(spy_rules[i].name, optarg) == 0)
			return REPORT_OPTIONS_GO;
		if (!near && words_are_near(optarg, spy_rules[i].name))
			near = spy_rules[i].name;
	}
	fprintf(stderr, "tcpwaitspy: no rule is named \"%s\"%s%s; `tcpwaitspy explain` lists them\n", optarg,
		near ? ": did you mean " : "", near ? near : "");
	return STATUS_USAGE;
}

static int take_top(struct report_options *options)
{
	char *end;

	options->top = strtoul(optarg, &end, 10);
	if (*optarg >= '0' && *optarg <= '9' && !*end && options->top)
		return REPORT_OPTIONS_GO;
	return refuse("top", optarg, "a number from 1 on");
}

static int take_output(struct report_options *options, size_t writer)
{
	bool to_stdout = strcmp(optarg, "-") == 0;

	if (to_stdout && options->to_stdout) {
		fprintf(stderr, "tcpwaitspy: only one output can go to standard output\n");
		return STATUS_USAGE;
	}
	options->outputs[writer] = optarg;
	options->to_stdout |= to_stdout;
	options->filter.keep_events |= report_writers[writer].events;
	return REPORT_OPTIONS_GO;
}

static int take_option(struct report_options *options, int code)
{
	static const char severities[] = "error, warning or note is valid";

	switch (code) {
	case 's':
		return take_since(options);
	case 'r':
		return take_rule(options);
	case 'S':
		if (!read_severity(optarg, &options->filter.severity))
			return refuse("severity", optarg, severities);
		return REPORT_OPTIONS_GO;
	case 'n':
		return take_top(options);
	case 'f':
		options->fails = true;
		if (!read_severity(optarg, &options->fail_on))
			return refuse("fail-on", optarg, severities);
		return REPORT_OPTIONS_GO;
	case 'v':
		options->verbose = true;
		return REPORT_OPTIONS_GO;
	case 'c':
		if (!out_read_colors(optarg, &options->colors))
			return refuse("color", optarg, "auto, always or never is valid");
		return REPORT_OPTIONS_GO;
	case 'D':
		options->debug_directory = optarg;
		return REPORT_OPTIONS_GO;
	case 'N':
		options->offline = true;
		return REPORT_OPTIONS_GO;
	case 'h':
		print_help();
		return STATUS_GOOD;
	case 'V':
		return out_version();
	default:
		return take_output(options, (size_t)(code - WRITER));
	}
}

int report_options_read(struct report_options *options, int argc, char **argv)
{
	struct option all[OWN_COUNT + REPORT_OUTPUTS + 1] = {{0}};
	int status = REPORT_OPTIONS_GO;
	int code;

	*options = (struct report_options){.colors = OUT_COLORS_AUTO, .filter.since_ns = INT64_MIN};
	memcpy(all, own, sizeof(own));
	for (size_t i = 0; i < REPORT_OUTPUTS && report_writers[i].name; i++)
		all[OWN_COUNT + i] = (struct option){report_writers[i].name, required_argument, NULL, WRITER + (int)i};
	opterr = 0;
	optind = 1;
	while (status == REPORT_OPTIONS_GO && (code = getopt_long(argc, argv, ":vhV", all, NULL)) != -1)
		status = code == '?' || code == ':' ? refuse_option("report", argv[optind - 1], all, code == ':')
						    : take_option(options, code);
	options->inputs = argv + optind;
	options->input_count = argc - optind;
	if (status != REPORT_OPTIONS_GO || options->input_count)
		return status;
	fprintf(stderr, "tcpwaitspy: no file to report on; see tcpwaitspy report --help\n");
	return STATUS_USAGE;
}
