/*
 * What the log of a traced process says about a connection: the finding about it and the place in
 * the code. The log is found through the process' environment.
 */
#ifndef TOOLS_PS_PLACE_H
#define TOOLS_PS_PLACE_H

#include "../symbols/symbols.h"
#include "dump.h"

struct ps_story {
	const char *rule; /* of the last finding about the connection, or about others that came its way; NULL: none */
	const char *place; /* of the same: "handle_client echo.c:11"; NULL: none */
	const char *made; /* where the connection was made; NULL: the log does not tell */
	const char *last_call; /* "recv() = 0"; NULL: none */
};

struct ps_places;

/*
 * Never NULL. offline: debug information from this machine only; debug_directory: where it is besides, or NULL.
 */
struct ps_places *ps_places_open(bool offline, const char *debug_directory);
void ps_places_close(struct ps_places *places);

/*
 * The story of the connection with these addresses in the log of pid, or NULL. Lives until the next
 * question.
 */
const struct ps_story *ps_places_find(struct ps_places *places, int pid, const struct ps_socket *socket,
				      const char *local, const char *peer);

/* Why the log of a traced process tells nothing; NULL: it was read. */
const char *ps_places_trouble(struct ps_places *places, int pid);

#endif
