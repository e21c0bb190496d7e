/*
 * Debug information from servers: debuginfod, where DEBUGINFOD_URLS names some, as all of elfutils has it.
 *
 * What is on this machine is taken first. Before servers are asked that is said on stderr, how far a
 * download has come stands there on a terminal, and both end: where nothing comes for 5 seconds
 * (DEBUGINFOD_TIMEOUT) nothing more is asked for, and a download may take a minute (DEBUGINFOD_MAXTIME).
 *
 * One thread: the environment is another one for as long as libdw looks on this machine.
 */
#ifndef TOOLS_SYMBOLS_NETWORK_H
#define TOOLS_SYMBOLS_NETWORK_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

struct network {
	bool off; /* servers are not to be asked, or have not answered */
	bool said; /* that they are asked */
	bool slow; /* the answer did not come in time */
	bool on_screen;
	const char *module; /* what is asked for now */
	int64_t began_ms;
};

/* libdwfl's find_debuginfo. *userdata is a struct network. */
int network_find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
			   const char *link, GElf_Word crc, char **found);

#endif
