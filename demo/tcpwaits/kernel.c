/*
 * Reads connection states from /proc/net/tcp; the contract is in kernel.h.
 * Holds no state of its own and is called from any thread.
 */
#include "kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

/* The kernel's numbers for the states (include/net/tcp_states.h), from 1. */
static const char *const state_names[] = {
	[1] = "ESTABLISHED", [2] = "SYN_SENT",	[3] = "SYN_RECV", [4] = "FIN_WAIT_1",
	[5] = "FIN_WAIT_2",  [6] = "TIME_WAIT", [7] = "CLOSED",	  [8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",    [10] = "LISTEN",	[11] = "CLOSING", [12] = "SYN_RECV",
};

enum { STATE_COUNT = sizeof(state_names) / sizeof(state_names[0]), LOOKS = 100, LOOK_PAUSE_MS = 10 };

/* True when the line is about the connection; *state is then its number. */
static bool line_is_about(const char *line, uint16_t local, uint16_t remote, unsigned *state)
{
	unsigned local_address, local_number, remote_address, remote_number;

	/* The addresses are printed as the kernel holds them, in network order. */
	if (sscanf(line, " %*u: %8X:%4X %8X:%4X %2X", &local_address, &local_number, &remote_address, &remote_number,
		   state) != 5)
		return false;
	return local_address == htonl(INADDR_LOOPBACK) && remote_address == local_address && local_number == local &&
	       remote_number == remote;
}

/*
 * The state of the side 127.0.0.1:local of the connection with 127.0.0.1:remote,
 * by its name in RFC 9293; "CLOSED" when the kernel has no record of it.
 */
static const char *kernel_state(uint16_t local, uint16_t remote)
{
	FILE *table = fopen("/proc/net/tcp", "re");
	unsigned state = 7;
	char line[256];

	if (!table)
		fail(KERNEL, "/proc/net/tcp: %s", strerror(errno));
	while (fgets(line, sizeof(line), table)) {
		unsigned found;

		if (line_is_about(line, local, remote, &found)) {
			state = found;
			break;
		}
	}
	fclose(table);
	return state > 0 && state < STATE_COUNT ? state_names[state] : "in an unknown state";
}

void tell_state(const char *side, uint16_t local, uint16_t remote, const char *due)
{
	const char *state = kernel_state(local, remote);

	for (int looks = 1; looks < LOOKS && strcmp(state, due) != 0; looks++) {
		poll(NULL, 0, LOOK_PAUSE_MS);
		state = kernel_state(local, remote);
	}
	if (strcmp(state, due) != 0)
		fail(KERNEL, "the %s's side is %s, where %s was due", side, state, due);
	say(KERNEL, "the %s's side is %s", side, state);
}
