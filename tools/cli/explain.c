/*
 * `tcpwaitspy explain`: the rules from rules.def, and their pages.
 */
#include "explain.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/rules.h"
#include "command.h"
#include "markdown.h"
#include "pages.h"
#include "words.h"

#define WIDTH_MAX 100
#define WIDTH_MIN 40

static const struct option long_options[] = {
	{"color", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("usage: tcpwaitspy explain [--color=auto|always|never] [RULE...]\n\n"
	       "Shows the page of a rule: what happens on the wire, why it is wrong, the wrong and the right\n"
	       "code, how it looks in ss and in a capture. Without a rule: all of them, a line each.\n\n"
	       "      --color=auto|always|never\n"
	       "                          auto: on a terminal, unless NO_COLOR is set\n"
	       "  -h, --help              this text\n"
	       "  -V, --version           the version\n\n"
	       "Examples:\n"
	       "  tcpwaitspy explain\n"
	       "  tcpwaitspy explain close-wait-leak\n"
	       "  tcpwaitspy explain close-wait-leak fin-wait-2-stall | less\n");
}

static unsigned int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return WIDTH_MAX;
	if (size.ws_col < WIDTH_MIN)
		return WIDTH_MIN;
	return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

/* The first sentence of the page: what fires the rule, in one line. */
static char *meaning_of(const char *rule)
{
	const char *text = pages_find(rule);
	char *meaning;
	size_t len;

	text = text ? strstr(text, "\n\n") : NULL;
	if (!text)
		return words_copy("");
	text += 2;
	for (len = 0; text[len]; len++) {
		if (text[len] == '.' && (text[len + 1] == '\n' || text[len + 1] == ' '))
			break;
		if (text[len] == '\n' && text[len + 1] == '\n')
			break;
	}
	meaning = words_room(len + 1);
	memcpy(meaning, text, len);
	meaning[len] = '\0';
	for (char *c = meaning; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return meaning;
}

static void list_rules(const struct out *out)
{
	static const struct {
		const char *name;
		enum out_style style;
	} severities[] = {
		[SPY_NOTE] = {"note", OUT_NOTE},
		[SPY_WARNING] = {"warning", OUT_WARNING},
		[SPY_ERROR] = {"error", OUT_ERROR},
	};

	for (size_t i = 0; i < SPY_RULE_COUNT; i++) {
		const struct spy_rule_info *rule = &spy_rules[i];
		char *meaning = meaning_of(rule->name);

		out_print(out, severities[rule->severity].style, "%-8s", severities[rule->severity].name);
		out_print(out, OUT_BOLD, " %s", rule->name);
		/* A line each for grep and its like. */
		words_wrap(out->stream, meaning, 9 + (int)strlen(rule->name), 35,
			   isatty(fileno(out->stream)) ? (int)terminal_width() : INT_MAX);
		free(meaning);
	}
}

static int refuse_rule(const char *name)
{
	const char *before = "; did you mean ";
	unsigned int found = 0;

	fprintf(stderr, "tcpwaitspy: no rule is named \"%s\"", name);
	for (size_t i = 0; i < SPY_RULE_COUNT; i++) {
		if (!words_are_near(name, spy_rules[i].name))
			continue;
		fprintf(stderr, "%s%s", before, spy_rules[i].name);
		before = ", ";
		found++;
	}
	fprintf(stderr, found ? "?\n" : "; `tcpwaitspy explain` lists them\n");
	return STATUS_USAGE;
}

/* Told apart by how people write it: a rule's name from a log, or with underscores from the code. */
static const char *find_page(char *name)
{
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = '-';
	return pages_find(name);
}

int explain_command(int argc, char **argv)
{
	enum out_colors colors = OUT_COLORS_AUTO;
	struct out out;
	int status = STATUS_GOOD;
	int code;

	opterr = 0;
	optind = 1;
	while ((code = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
		if (code == 'h') {
			print_help();
			return STATUS_GOOD;
		}
		if (code == 'V')
			return out_version();
		if (code == 'c' && out_read_colors(optarg, &colors))
			continue;
		fprintf(stderr, "tcpwaitspy: %s: valid are --color=auto|always|never, --help and --version\n",
			argv[optind - 1]);
		return STATUS_USAGE;
	}
	out = out_make(stdout, colors);
	if (optind == argc)
		list_rules(&out);
	for (int i = optind; i < argc; i++) {
		const char *page = find_page(argv[i]);

		if (page)
			markdown_show(&out, page, terminal_width());
		else
			status = refuse_rule(argv[i]);
	}
	return status;
}
