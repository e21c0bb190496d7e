/*
 * The writer: puts whole lines into the log, wherever that is now.
 *
 * Owns the log's descriptor and the buffer of flush=buffer. A line is one write() with O_APPEND,
 * so that threads and processes that share a file do not mix. What cannot be written is counted,
 * never waited for without bound. Never raises a signal, never touches errno.
 *
 * Locks: one of its own for the buffer, taken with all signals blocked; nothing is called with
 * it held. Signals: async-signal-safe.
 */
#ifndef SPY_SINK_WRITER_H
#define SPY_SINK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../core/buf.h"

/* How the writer is set up; texts stay the caller's until the call returns. */
struct spy_writer_config {
	const char *path;	/* "stderr" or a path with %p and %e */
	const char *program;	/* for %e */
	bool buffered;
	int (*keep_fd)(int fd);	/* puts a new descriptor out of the program's way */
	void (*drop_fd)(int fd);	/* closes one of those */
};

/* Opens the log. What went wrong becomes a line in complaints; the log is then stderr. */
void spy_writer_open(const struct spy_writer_config *config, int32_t pid, struct spy_buf *complaints);

/* True where the log is a file of its own, and not the program's stderr. */
bool spy_writer_is_file(void);

/* Puts text, which is whole lines. at_once: also past the buffer, with all that waits in it. */
void spy_writer_put(const char *text, size_t len, bool at_once);

/* A line about the tool itself: on the program's stderr, and nowhere else. */
void spy_writer_complain(const char *text, size_t len);

/* Writes what waits in the buffer. */
void spy_writer_flush(void);

/* Lines that could not be written. */
uint64_t spy_writer_lost(void);

/*
 * The program gives up its stderr: closes it, or puts something else over it. Call before the real
 * call; does nothing where the log is a file already. The log goes on in a file whose name is the
 * last line on that stderr. Not so for a program that never had a TCP socket and is no daemon, as
 * a shell's child before its exec: nobody wants to hear of it; where it does get a socket after
 * all, spy_writer_needed() makes up for it.
 */
void spy_writer_leave_stderr(bool announce);

/*
 * The program puts fd over its stderr. The log follows to a file or a terminal, as all that the
 * program writes there; it leaves before /dev/null, and before a peer's connection.
 */
void spy_writer_stderr_replaced(int fd, bool announce);

/* fclose(stderr), which many programs do as their last act: the log keeps a descriptor of its own. */
void spy_writer_keep_stderr(void);

/* The process has its first TCP socket: from now on the log has to be somewhere. */
void spy_writer_needed(void);

/* In a fork's child: the buffer's contents are the parent's; with %p the child's log has its own name. */
void spy_writer_forked(int32_t pid);

/* The descriptor in use if it is the shim's own, else -1; and its new number after it had to move. */
int spy_writer_fd(void);
void spy_writer_moved(int fd);

#endif
