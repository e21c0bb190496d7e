/*
 * `tcpwaitspy ps`: the sockets in WAIT states now.
 */
#include "ps.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../cli/words.h"
#include "row.h"

struct ps_options {
	uint32_t states; /* a mask */
	int pid; /* 0: all */
	bool json;
	bool count;
	bool offline;
	const char *debug_directory; /* NULL: none */
	enum out_colors colors;
};

enum { OPTION_COLOR = 500, OPTION_OFFLINE, OPTION_DEBUG };

static const struct option long_options[] = {
	{"all", no_argument, NULL, 'a'},
	{"state", required_argument, NULL, 's'},
	{"json", no_argument, NULL, 'j'},
	{"count", no_argument, NULL, 'c'},
	{"color", required_argument, NULL, OPTION_COLOR},
	{"help", no_argument, NULL, 'h'},
	{"no-debuginfod", no_argument, NULL, OPTION_OFFLINE},
	{"debug-dir", required_argument, NULL, OPTION_DEBUG},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void print_help(void)
{
	printf("usage: tcpwaitspy ps [options] [PID]\n\n"
	       "Shows the TCP sockets that wait for an end: FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, LAST_ACK, CLOSING\n"
	       "and TIME_WAIT, of all processes or of one (in its network namespace; with the connections of its\n"
	       "listeners' ports that no descriptor refers to any more).\n\n"
	       "  -a, --all               all states\n"
	       "  -s, --state=STATE       this state; may be given again\n"
	       "  -c, --count             a row for all of a process in one state from one place, with their number\n"
	       "  -j, --json              JSON Lines instead of a table\n"
	       "      --color=auto|always|never\n"
	       "                          auto: on a terminal, unless NO_COLOR is set\n"
	       "      --debug-dir=DIR     separate debug files are in DIR, besides where they usually are\n"
	       "      --no-debuginfod     debug information from this machine only, whatever DEBUGINFOD_URLS says\n"
	       "  -h, --help              this text\n"
	       "  -V, --version           the version\n\n"
	       "AGE is the time in the state where the kernel tells it (> where it may be longer), LEFT the rest of\n"
	       "its timer. WHERE comes from the JSON log or flight record of a process that runs under the shim. "
	       "UNREAD\n"
	       "are those whose RECV-Q is not 0: the program has not read to the end.\n\n"
	       "Examples:\n"
	       "  tcpwaitspy ps                           who leaks connections on this machine\n"
	       "  tcpwaitspy ps --count                   the same in a few lines\n"
	       "  tcpwaitspy ps $(pidof redis-server)     one process\n"
	       "  tcpwaitspy ps --state CLOSE_WAIT --json | wc -l\n");
}

static uint32_t wait_states(void)
{
	uint32_t states = 0;

	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++)
		if (spy_state_is_wait(state))
			states |= 1u << state;
	return states;
}

/* CLOSE_WAIT, close-wait, CLOSE-WAIT: as logs and as ss have it. 0: there is none. */
static uint32_t state_named(const char *text)
{
	char *name = words_copy(text);
	uint32_t found = 0;

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++)
		if (strcasecmp(name, spy_state_name(state)) == 0)
			found = 1u << state;
	free(name);
	return found;
}

static int refuse_state(const char *text)
{
	fprintf(stderr, "tcpwaitspy: no state is named \"%s\"; states are", text);
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++)
		fprintf(stderr, "%s %s", state == 1 ? "" : ",", spy_state_name(state));
	fputc('\n', stderr);
	return STATUS_USAGE;
}

/* STATUS_GOOD to go on; otherwise *done is set, too. */
static int read_options(struct ps_options *options, int argc, char **argv, bool *done)
{
	int code;

	*options = (struct ps_options){.colors = OUT_COLORS_AUTO};
	opterr = 0;
	optind = 1;
	*done = true;
	while ((code = getopt_long(argc, argv, ":acs:jhV", long_options, NULL)) != -1) {
		uint32_t state = code == 's' ? state_named(optarg) : 0;

		if (code == 'h') {
			print_help();
			return STATUS_GOOD;
		}
		if (code == 'V')
			return out_version();
		if (code == 's' && !state)
			return refuse_state(optarg);
		if (code == 'a')
			options->states = ~0u;
		else if (code == 's')
			options->states |= state;
		else if (code == 'j')
			options->json = true;
		else if (code == 'c')
			options->count = true;
		else if (code == OPTION_DEBUG)
			options->debug_directory = optarg;
		else if (code == OPTION_OFFLINE)
			options->offline = true;
		else if (code != OPTION_COLOR || !out_read_colors(optarg, &options->colors)) {
			fprintf(stderr,
				"tcpwaitspy: %s: valid are --all, --state=STATE, --count, --json, "
				"--color=auto|always|never, --debug-dir=DIR, --no-debuginfod, --help and --version\n",
				argv[optind - 1]);
			return STATUS_USAGE;
		}
	}
	if (optind < argc) {
		char *end;
		long pid = strtol(argv[optind], &end, 10);

		if (*end || end == argv[optind] || pid <= 0 || pid > INT32_MAX || optind + 1 < argc) {
			fprintf(stderr, "tcpwaitspy: \"%s\": one process id is wanted, or none for all\n",
				argv[optind]);
			return STATUS_USAGE;
		}
		options->pid = (int)pid;
	}
	if (!options->states)
		options->states = wait_states();
	*done = false;
	return STATUS_GOOD;
}

/* Whether a listener of the process has the port of a connection that no descriptor refers to. */
static bool is_of_listener(const struct ps_socket *socket, const struct ps_list *list, const struct ps_owners *owners)
{
	size_t count;

	for (size_t i = 0; i < list->count; i++)
		if (list->sockets[i].state == SPY_STATE_LISTEN && list->sockets[i].local.port == socket->local.port &&
		    ps_owners_of(owners, list->sockets[i].inode, &count))
			return true;
	return false;
}

/* Longest first within a state; the states in the order of the table: CLOSE_WAIT is what leaks. */
static int by_weight(const void *a, const void *b)
{
	const struct ps_socket *first = ((const struct ps_row *)a)->socket;
	const struct ps_socket *second = ((const struct ps_row *)b)->socket;
	int first_leaks = first->state == SPY_STATE_CLOSE_WAIT;
	int second_leaks = second->state == SPY_STATE_CLOSE_WAIT;

	if (first_leaks != second_leaks)
		return second_leaks - first_leaks;
	if (first->state != second->state)
		return first->state - second->state;
	return (first->age_ms < second->age_ms) - (first->age_ms > second->age_ms);
}

static size_t select_rows(const struct ps_options *options, const struct ps_list *list, const struct ps_owners *owners,
			  struct ps_row *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct ps_socket *socket = &list->sockets[i];
		struct ps_row row = {.socket = socket, .all = owners};

		if (!(options->states & 1u << socket->state))
			continue;
		row.owners = ps_owners_of(owners, socket->inode, &row.owner_count);
		if (options->pid && !row.owner_count && (socket->inode || !is_of_listener(socket, list, owners)))
			continue;
		rows[count++] = row;
	}
	qsort(rows, count, sizeof(*rows), by_weight);
	return count;
}

static void tell_of_the_unseen(const struct ps_owners *owners, struct ps_places *places, const struct ps_row *rows,
			       size_t count)
{
	if (owners->hidden)
		fprintf(stderr, "tcpwaitspy: %u processes of other users cannot be looked into; as root they can\n",
			owners->hidden);
	for (size_t i = 0; i < owners->process_count; i++) {
		const struct ps_process *process = &owners->processes[i];
		bool shown = false;

		for (size_t j = 0; j < count && !shown; j++)
			for (size_t k = 0; k < rows[j].owner_count; k++)
				shown = shown || rows[j].owners[k].process == i;
		if (shown && process->traced && ps_places_trouble(places, process->pid))
			fprintf(stderr, "tcpwaitspy: %s[%d] is traced, but %s\n", process->name, process->pid,
				ps_places_trouble(places, process->pid));
	}
}

static int show(const struct ps_options *options, const struct ps_list *list)
{
	struct ps_row *rows = words_room((list->count + 1) * sizeof(*rows));
	struct ps_places *places = ps_places_open(options->offline, options->debug_directory);
	struct out out = out_make(stdout, options->colors);
	struct ps_owners owners;
	size_t count;

	ps_owners_read(&owners, options->pid);
	count = select_rows(options, list, &owners, rows);
	if (options->json)
		ps_print_json(stdout, rows, count, places);
	else if (options->count)
		ps_print_counts(&out, rows, count, places);
	else
		ps_print_table(&out, rows, count, places);
	fflush(stdout);
	tell_of_the_unseen(&owners, places, rows, count);
	ps_places_close(places);
	ps_owners_end(&owners);
	free(rows);
	return STATUS_GOOD;
}

int ps_command(int argc, char **argv)
{
	struct ps_options options;
	struct ps_list list = {.sockets = NULL};
	char netns[64];
	bool done;
	int status = read_options(&options, argc, argv, &done);

	if (done)
		return status;
	if (options.pid && kill(options.pid, 0) == -1 && errno == ESRCH) {
		fprintf(stderr, "tcpwaitspy: there is no process %d\n", options.pid);
		return STATUS_CANNOT;
	}
	snprintf(netns, sizeof(netns), "/proc/%d/ns/net", options.pid);
	/* Listeners always: they tell which ports are a process'. */
	status = ps_dump(&list, options.states | 1u << SPY_STATE_LISTEN, options.pid ? netns : NULL)
			 ? show(&options, &list)
			 : STATUS_CANNOT;
	free(list.sockets);
	return status;
}
