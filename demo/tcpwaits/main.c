/*
 * tcpwaits: shows the WAIT states of a TCP connection, one scenario a run. This
 * file owns the command line: `tcpwaits SCENARIO [--hold SECONDS] [--port PORT]`.
 *
 * Exit status: 0 when the scenario has shown what it should (or for the list of
 * the scenarios), 1 when it could not, 2 when the command line is wrong.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario.h"

#define OPTIONS_LINE "--hold SECONDS, --port PORT, --help"

enum { EXIT_USAGE = 2, HOLD_MAX_S = 86400, PORT_MAX = 65535 };

/* Above every character, so that optopt tells a long option from a short one. */
enum { OPTION_HOLD = 256, OPTION_PORT, OPTION_HELP };

struct command {
	const char *scenario; /* NULL: list them. */
	double hold_s;
	uint16_t port;
};

static void list_scenarios(void)
{
	puts("tcpwaits SCENARIO [--hold SECONDS] [--port PORT]\n");
	for (size_t i = 0; i < scenario_count; i++)
		printf("  %-16s %s\n", scenarios[i].name, scenarios[i].summary);
	puts("\n  --hold SECONDS   how long close-wait keeps CLOSE_WAIT (30; 0.3 is fine)\n"
	     "  --port PORT      the server's port (5197; 0 lets the kernel choose)");
}

__attribute__((format(printf, 1, 2), noreturn)) static void usage_error(const char *format, ...)
{
	va_list arguments;

	fputs("tcpwaits: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

static double parse_hold(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	/* Written so that a NaN, which compares false with everything, is refused. */
	if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= HOLD_MAX_S))
		usage_error("--hold wants seconds from 0 to %d, not '%s'", HOLD_MAX_S, text);
	return seconds;
}

static uint16_t parse_port(const char *text)
{
	char *end;
	long port;

	errno = 0;
	port = strtol(text, &end, 10);
	if (errno || end == text || *end != '\0' || port < 0 || port > PORT_MAX)
		usage_error("--port wants a number from 0 to %d, not '%s'", PORT_MAX, text);
	return (uint16_t)port;
}

static struct command parse_command(int argc, char **argv)
{
	static const struct option options[] = {
		{"hold", required_argument, NULL, OPTION_HOLD},
		{"port", required_argument, NULL, OPTION_PORT},
		{"help", no_argument, NULL, OPTION_HELP},
		{NULL, 0, NULL, 0},
	};
	struct command command = {.hold_s = 30, .port = 5197};
	int option;

	/* The leading colon keeps getopt quiet and tells a missing value from an unknown option. */
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == OPTION_HOLD)
			command.hold_s = parse_hold(optarg);
		else if (option == OPTION_PORT)
			command.port = parse_port(optarg);
		else if (option == OPTION_HELP)
			return (struct command){.scenario = NULL};
		else if (option == ':')
			usage_error("%s needs a value; valid options are " OPTIONS_LINE, argv[optind - 1]);
		else if (optopt > 0 && optopt < OPTION_HOLD)
			usage_error("unknown option '-%c'; valid are " OPTIONS_LINE, optopt);
		else
			usage_error("unknown option '%s'; valid are " OPTIONS_LINE, argv[optind - 1]);
	}
	if (argc - optind > 1)
		usage_error("one scenario a run: '%s' and '%s' are two", argv[optind], argv[optind + 1]);
	command.scenario = argv[optind];
	return command;
}

__attribute__((noreturn)) static void unknown_scenario(const char *name)
{
	fprintf(stderr, "tcpwaits: unknown scenario '%s'; valid are", name);
	for (size_t i = 0; i < scenario_count; i++)
		fprintf(stderr, " %s", scenarios[i].name);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct command command = parse_command(argc, argv);
	const struct scenario *scenario;
	struct stage stage;

	if (!command.scenario) {
		list_scenarios();
		return EXIT_SUCCESS;
	}
	scenario = find_scenario(command.scenario);
	if (!scenario)
		unknown_scenario(command.scenario);

	/* A reader follows step by step, also through a pipe. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	stage_init(&stage, command.port, command.hold_s);
	scenario->run(&stage);
	return EXIT_SUCCESS;
}
