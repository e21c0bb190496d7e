/*
 * The scenarios, and the table that names them all. A scenario plays its two
 * parts on the stage, tells what happens, and returns when it has shown what it
 * should; when it cannot, it ends the program with status 1.
 *
 * A new scenario is a function, its declaration here and a row in scenario.c.
 */
#ifndef TCPWAITS_SCENARIO_H
#define TCPWAITS_SCENARIO_H

#include <stddef.h>

#include "stage.h"

struct scenario {
	const char *name;
	const char *summary;
	void (*run)(struct stage *stage);
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* Returns NULL when no scenario has this name. */
const struct scenario *find_scenario(const char *name);

/* closing.c: who closes, when, and what the other side sees. */
void run_baseline(struct stage *stage);
void run_close_wait(struct stage *stage);
void run_close_then_recv(struct stage *stage);
void run_half_close(struct stage *stage);
void run_client_first(struct stage *stage);

/* restart.c: the server starts again while its port is in TIME_WAIT. */
void run_port_in_use(struct stage *stage);
void run_reuse_addr(struct stage *stage);

/* slips.c: the tutorial's mistakes, all in one program. */
void run_slips(struct stage *stage);

#endif
