/*
 * What hook bodies share with the hook of syscall(), which makes the same calls by number.
 *
 * All functions of libc that the shim replaces stand in this folder, by theme. Locks: none is held across a real call.
 * Signals: a hook is async-signal-safe where the function that it replaces is, and errno is what the real call left.
 */
#ifndef SPY_HOOKS_HOOKS_H
#define SPY_HOOKS_HOOKS_H

#include "../calls/call.h"

/*
 * True for the descriptors of files, pipes and all else that no record is about: one load and a
 * branch, and then the real call. The rest stands in a function of its own, so that this way stays short.
 */
static inline bool spy_is_untracked(int fd)
{
	return __builtin_expect((unsigned int)fd < SPY_FD_LIMIT &&
					!atomic_load_explicit(&spy_core.table.slot[fd], memory_order_acquire),
				1);
}

/* True where socket() with these arguments makes a TCP socket. */
bool spy_is_tcp_request(int domain, int type, int protocol);

/* Level, option and the value where it is an int or SO_LINGER's, as arguments of the event. */
void spy_note_option(struct spy_call *call, long rc, int level, int option, const void *value, socklen_t len);

/* The address of bind() or connect(); errno is the real call's. */
void spy_note_target(struct spy_call *call, long rc, const struct sockaddr *addr, socklen_t len);

/* True where these buffers have room for a byte: then a read of none is the end of file. */
struct iovec;
bool spy_has_room(const struct iovec *iov, size_t count);

/* Descriptors that came with a message (SCM_RIGHTS, unix(7)). */
struct msghdr;
void spy_adopt_rights(const struct msghdr *msg);

/* sandbox.c: the program is about to put a filter on itself (seccomp(2)), or the strict mode; and has tried to. */
bool spy_before_seccomp(unsigned long mode, const void *filter);
void spy_after_seccomp(bool added, long rc);

/* rights.c: the process is about to have fewer rights, other paths, or less room for descriptors. */
void spy_before_less(void);

/* What _exit() and exit_group() do before the end. Returns the status to end with. */
int spy_before_exit(int status);

/* What the system call exit() does before a thread's end, which is the process's end where it is the only one. Returns as above. */
int spy_before_bare_exit(int status);

#endif
