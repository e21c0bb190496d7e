/*
 * The target: where the log goes, which is a file of its own or the program's stderr, and where it
 * goes on when the program gives that up, forks, or becomes a daemon.
 *
 * Owns the log's descriptor. Locks: none; the descriptor is one atomic word. Signals: safe.
 */
#ifndef SPY_SINK_TARGET_H
#define SPY_SINK_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../spell/buf.h"

/* How the target is set up; texts stay the caller's until the call returns. */
struct spy_target_config {
	const char *path; /* "stderr" or a path with %p and %e */
	const char *program; /* for %e */
	int (*keep_fd)(int fd); /* puts a new descriptor out of the program's way */
	void (*drop_fd)(int fd); /* closes one of those */
};

/*
 * Opens the log. What went wrong becomes a line in complaints; the log is then stderr. Where the file is there, and is
 * another user's, it is what this process has left under its %p before it became this user and this program: of a program
 * without a TCP socket nobody wants to hear that, and the line waits for spy_target_needed().
 */
void spy_target_open(const struct spy_target_config *config, int32_t pid, struct spy_buf *complaints);

/* True where the log is a file of its own, and not the program's stderr; and its name, with %p as it was given. */
bool spy_target_is_file(void);
const char *spy_target_name(void);

/* Writes bytes to the log. Returns how many it took; err has the reason where these are fewer. */
size_t spy_target_write(const char *text, size_t len, int *err);

/* The last write stopped after done bytes, in the middle of a line: takes them back where nobody has written since. */
bool spy_target_take_back(size_t done);

/* A limit on the size of files is on: a write may raise SIGXFSZ from now on. */
void spy_target_careful(void);

/* A line about the tool itself: on the stderr that the program was started with, if that is still there. */
void spy_target_complain(const char *text, size_t len);

/*
 * The program gives up its stderr: closes it, or puts something else over it. Call before the real
 * call; does nothing where the log is a file already. The log goes on in a file whose name is the
 * last line on that stderr. Not so for a program that never had a TCP socket and is no daemon, as
 * a shell's child before its exec: nobody wants to hear of it; where it does get a socket after
 * all, spy_target_needed() makes up for it.
 */
void spy_target_leave_stderr(bool announce);

/*
 * The program puts fd over its stderr. The log follows to a file or a terminal, as all that the
 * program writes there; it leaves before /dev/null, and before a peer's connection.
 */
void spy_target_stderr_replaced(int fd, bool announce);

/* fclose(stderr), which many programs do as their last act: the log keeps a descriptor of its own. */
void spy_target_keep_stderr(void);

/*
 * A process without a TCP socket keeps no descriptor of the log: whoever lists its descriptors finds its own.
 * spy_target_park() closes a log file; what writes to it, or needs it soon, opens it again. A process that is about
 * to lose the right or the room to open it calls spy_target_unpark() before.
 */
void spy_target_park(void);
void spy_target_unpark(void);

/* The process has its first TCP socket: from now on the log has to be somewhere. */
void spy_target_needed(void);

/*
 * The process becomes another user, without a TCP socket so far: the file under its own %p becomes that user's, so
 * that the program which it executes next can go on in it.
 */
void spy_target_hand_over(uint32_t uid);

/* In a fork's child: with %p its log has its own name. */
void spy_target_forked(int32_t pid);

/* The descriptor in use if it is the shim's own, else -1; and its new number after it had to move. */
int spy_target_fd(void);
void spy_target_moved(int fd);

#endif
