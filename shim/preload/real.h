/*
 * The real functions behind the hooks, found with dlsym(RTLD_NEXT).
 *
 * The constructor resolves all of them; a hook that runs before it, from another library's
 * constructor, resolves its own. No locks: two threads that resolve at once store the same value.
 */
#ifndef SPY_PRELOAD_REAL_H
#define SPY_PRELOAD_REAL_H

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <threads.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/calls.h"
#include "../../include/tcpwaitspy/libc_chk.h"

/* sigset() and others are deprecated for programs; the shim replaces them for those that call them. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct spy_real_functions {
#define HOOK(symbol, need, op, ...) __typeof__(&symbol) symbol;
#include "../../include/tcpwaitspy/hooks.def"
};

extern struct spy_real_functions spy_real;

/* A function of any type; each caller casts it to the real one. */
typedef void (*spy_function)(void);

/* The real function of a hook; one that fails with ENOSYS where libc has none. */
spy_function spy_resolve(enum spy_call_id id);

/* Resolves every hook; names of missing REQUIRED ones go to missing(). */
void spy_resolve_all(void (*missing)(const char *name));

#define REAL(symbol)                                                                                                   \
	(__builtin_expect(spy_real.symbol != NULL, 1) ? spy_real.symbol                                                \
						      : (__typeof__(&symbol))spy_resolve(SPY_CALL_##symbol))

#endif
