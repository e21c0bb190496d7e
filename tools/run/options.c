/*
 * Options by getopt_long(3): the command's own and one for each row of options.def.
 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/command.h"
#include "../cli/refuse.h"
#include "../cli/words.h"

/* getopt_long()'s numbers of settings; those of the command's options are characters. */
#define SETTING 1000

enum { OWN_LIBRARY = 500, OWN_COLOR, OWN_OFFLINE, OWN_DEBUG };

static const struct option own[] = {
	{"quiet", no_argument, NULL, 'q'},
	{"output", required_argument, NULL, 'o'},
	{"color", required_argument, NULL, OWN_COLOR},
	{"library", required_argument, NULL, OWN_LIBRARY},
	{"no-wait", no_argument, NULL, 'D'},
	{"debug-dir", required_argument, NULL, OWN_DEBUG},
	{"no-debuginfod", no_argument, NULL, OWN_OFFLINE},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
};

#define OWN_COUNT (sizeof(own) / sizeof(own[0]))

static void print_help(void)
{
	printf("usage: tcpwaitspy [run] [options] [--] PROGRAM [ARGUMENTS]\n\n"
	       "Runs a program under the shim, and shows each call on its TCP connections with the state\n"
	       "that it led to, what is wrong with file and line, and a summary at the end, however it ends.\n"
	       "The program's input, output and exit status stay its own; the log goes to stderr.\n\n"
	       "  -q, --quiet             findings and the summary only\n"
	       "  -o, --output=FILE       the log in this file instead of stderr\n"
	       "      --color=auto|always|never\n"
	       "                          auto: on a terminal, unless NO_COLOR is set\n"
	       "      --library=FILE      the shim; looked for beside the command and in ../lib otherwise\n"
	       "  -D, --no-wait           end with the program, and not with the last process that it left running\n"
	       "      --debug-dir=DIR     separate debug files are in DIR, besides where they usually are\n"
	       "      --no-debuginfod     debug information from this machine only, whatever DEBUGINFOD_URLS says\n"
	       "  -h, --help              this text\n"
	       "  -V, --version           the version\n\n"
	       "Settings of the shim; they win over those in TCPWAITSPY_OPTIONS:\n");
	settings_print_help(stdout);
	printf("\nExamples:\n"
	       "  tcpwaitspy ./server --port 8080           everything, on the terminal\n"
	       "  tcpwaitspy -q --close-wait 2s ./server    only what is wrong; CLOSE_WAIT for 2 s is\n"
	       "  tcpwaitspy --exitcode 99 -q ./tests       99 where tests leak connections, for CI\n"
	       "  tcpwaitspy --log app.%%p.json --format json ./server && tcpwaitspy report app.*.json\n");
}

static struct option *all_options(void)
{
	unsigned int count = settings_count();
	struct option *options = words_room((OWN_COUNT + (size_t)2 * count + 1) * sizeof(*options));
	struct option *end = options + OWN_COUNT;

	memcpy(options, own, sizeof(own));
	for (unsigned int i = 0; i < count; i++) {
		*end++ = (struct option){settings_name(i), required_argument, NULL, SETTING + (int)i};
		/* --close_wait, for those who have copied the key of the variable. */
		if (strchr(settings_key(i), '_'))
			*end++ = (struct option){settings_key(i), required_argument, NULL, SETTING + (int)i};
	}
	*end = (struct option){NULL, 0, NULL, 0};
	return options;
}

static int take_option(struct run_options *options, int code)
{
	switch (code) {
	case 'q':
		options->quiet = true;
		return RUN_OPTIONS_GO;
	case 'D':
		options->no_wait = true;
		return RUN_OPTIONS_GO;
	case 'o':
		options->output = optarg;
		return RUN_OPTIONS_GO;
	case OWN_DEBUG:
		options->debug_directory = optarg;
		return RUN_OPTIONS_GO;
	case OWN_OFFLINE:
		options->offline = true;
		return RUN_OPTIONS_GO;
	case OWN_LIBRARY:
		options->library = optarg;
		return RUN_OPTIONS_GO;
	case OWN_COLOR:
		if (out_read_colors(optarg, &options->colors))
			return RUN_OPTIONS_GO;
		fprintf(stderr, "tcpwaitspy: bad value \"%s\" for --color: auto, always or never is valid\n", optarg);
		return STATUS_USAGE;
	case 'h':
		print_help();
		return STATUS_GOOD;
	case 'V':
		return out_version();
	default:
		return settings_give(&options->settings, (unsigned int)(code - SETTING), optarg) ? RUN_OPTIONS_GO
												 : STATUS_USAGE;
	}
}

int run_options_read(struct run_options *options, int argc, char **argv)
{
	struct option *all = all_options();
	int status = RUN_OPTIONS_GO;
	int code;

	*options = (struct run_options){.colors = OUT_COLORS_AUTO};
	settings_begin(&options->settings);
	opterr = 0;
	optind = 1;
	/* "+": what follows the program's name is the program's. */
	while (status == RUN_OPTIONS_GO && (code = getopt_long(argc, argv, "+:qDo:hV", all, NULL)) != -1)
		status = code == '?' || code == ':' ? refuse_option("run", argv[optind - 1], all, code == ':')
						    : take_option(options, code);
	free(all);
	options->program = optind;
	if (status == RUN_OPTIONS_GO && optind >= argc) {
		fprintf(stderr, "tcpwaitspy: no program; usage: tcpwaitspy [run] [options] [--] PROGRAM [ARGUMENTS]\n");
		status = STATUS_USAGE;
	}
	if (status != RUN_OPTIONS_GO)
		run_options_end(options);
	return status;
}

void run_options_end(struct run_options *options)
{
	settings_end(&options->settings);
}
