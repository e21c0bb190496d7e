/*
 * The program as a child of the command that notices nothing of it: it starts with the signal mask,
 * dispositions, descriptors, directory and process group that it would have had, gets each signal
 * once, and its end and its stops become the command's own.
 *
 * Signals: all that can be caught are blocked in the command from child_start() on and come
 * through a signalfd. One thread.
 */
#ifndef TOOLS_RUN_CHILD_H
#define TOOLS_RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "program.h"

struct child {
	pid_t pid;
	int signal_fd; /* readable: call child_signals() */
	bool ended;
	int status; /* as from waitpid(), once it has ended */
	bool told_to_end; /* a signal that ends programs came when the child had ended already */
	sigset_t mask; /* as the command was started with */
	struct sigaction on_chld;
	struct sigaction on_pipe;
};

/*
 * Starts the program with argv and the environment as it is now. STATUS_GOOD, or STATUS_CANNOT or
 * STATUS_MISSING after one line on stderr. Afterwards the command holds none of the descriptors
 * that it was started with but stderr, so that pipes end when the program closes them.
 */
int child_start(struct child *child, const struct program *program, char **argv);

/* Takes what has come: passes signals on, stops with the child, notes its end. */
void child_signals(struct child *child);

/*
 * The exit status to end with; does not return where a signal killed the child: the command then
 * dies of the same signal, as strace does, and leaves no core of its own.
 */
int child_end_alike(const struct child *child);

#endif
