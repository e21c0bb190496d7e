/*
 * How a process ends: the last look, the summary, the exit status.
 *
 * Locks: takes the core's, for one record at a time. Signals: a summary may come in a handler; one comes only once.
 */
#ifndef SPY_PRELOAD_ENDING_H
#define SPY_PRELOAD_ENDING_H

#include <signal.h>
#include <stdbool.h>

/* The last look, the findings about what is still open, the summary. Once for each process. */
void spy_ending_summary(void);

/* A summary as it is now, and the program goes on. */
void spy_ending_dump(void);

/* status, or what `exitcode` makes of it. */
int spy_ending_status(int status);

/* quick_exit() has been called: its status, for the handler that comes last. */
void spy_ending_quick(int status);

/* Handlers at the exits of libc; called by the constructor. */
void spy_ending_init(void);

/*
 * SIGINT, SIGTERM, SIGHUP and SIGPIPE, where the program leaves them at their default: the finding
 * about the write that raised it, the summary, and then the same death. Also `dump_signal`. Called at the first socket.
 */
void spy_ending_catch_signals(void);

/* True where this action is the shim's own, which the program must see as SIG_DFL. */
bool spy_ending_is_ours(const struct sigaction *action);

/* The program has set sig to its default: where it is one of those, the shim's handler stands in. */
void spy_ending_stand_in(int sig);

/* Before a sandbox: the summary, since none can come later; and the default actions back, if the shim could not die of them. */
void spy_ending_before_silence(void);
void spy_ending_release_signals(void);

/* In a fork's child: its summary is still to come. */
void spy_ending_forked(void);

#endif
