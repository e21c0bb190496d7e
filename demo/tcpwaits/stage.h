/*
 * The stage that a scenario is played on: a server thread, a client thread, and
 * cues by which one lets the other go on. A cue stands where the order of two
 * steps must not be left to luck, and where TCP itself does not settle it.
 *
 * Threads: server_port is written before SERVER_LISTENS (or SERVER_BOUND) is given
 * and read by the client after it, so the lock of the cues orders the two.
 */
#ifndef TCPWAITS_STAGE_H
#define TCPWAITS_STAGE_H

#include <pthread.h>
#include <stdint.h>

enum cue {
	SERVER_BOUND = 1 << 0, /* The port is known, and nobody listens on it. */
	CONNECT_REFUSED = 1 << 1, /* The client's first connect() has failed. */
	SERVER_LISTENS = 1 << 2,
	REPLY_READ = 1 << 3, /* The client has the server's hello. */
	SERVER_CLOSED = 1 << 4,
	CLIENT_CLOSED = 1 << 5, /* The client is through with its connection. */
};

struct stage;

/* What one side does from its first call to its last; runs in its own thread. */
typedef void part_fn(struct stage *stage);

/* What one side does with its connection after both have said hello. */
typedef void ending_fn(struct stage *stage, int fd);

struct stage {
	uint16_t server_port; /* 0: the kernel chooses; the real one from SERVER_LISTENS on. */
	uint16_t client_port; /* Of the latest connection; the server thread's own until it ends. */
	double hold_s;
	ending_fn *server_ending;
	ending_fn *client_ending;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned cues;
};

void stage_init(struct stage *stage, uint16_t server_port, double hold_s);

/* Lets whoever waits for the cue go on; a cue stays given until the next play. */
void give_cue(struct stage *stage, enum cue cue);
void await_cue(struct stage *stage, enum cue cue);

/* Takes all cues back, runs both parts in a thread each, returns when both are over. */
void play(struct stage *stage, part_fn *server, part_fn *client);

#endif
