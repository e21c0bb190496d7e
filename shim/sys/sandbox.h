/*
 * What a seccomp filter that the program has put on itself leaves to the shim. The shim keeps a
 * copy of the filter and runs it over each of its own system calls: what would be refused, or
 * would kill, is not made, and fails with EPERM instead. So the shim knows less and harms nobody.
 *
 * Written before a filter is on, read without a lock. Async-signal-safe. Filters are a thread's;
 * here they count for the whole process, which errs on the quiet side.
 */
#ifndef SPY_SYS_SANDBOX_H
#define SPY_SYS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_fprog;

/* True once there is a filter: the one load that every system call of the shim pays. */
extern _Atomic bool spy_sandboxed;

/* True where every filter lets this call through. */
bool spy_sandbox_allows(long number, const uint64_t args[6]);

/* The same for a call that libc makes for the shim, with arguments that no filter looks at. */
bool spy_sandbox_allows_number(long number);

/* What became of a filter that the program offers to the kernel. */
enum spy_sandbox_taken {
	SPY_SANDBOX_TAKEN, /* the copy is good */
	SPY_SANDBOX_INVALID, /* the kernel will refuse it: not readable, or no program that ends */
	SPY_SANDBOX_NO_ROOM, /* it may well be good, and there is no memory for the copy */
};

/*
 * Copies the struct sock_fprog at `offered`, an address that the program made up perhaps, with its
 * instructions. memory is where they go.
 */
enum spy_sandbox_taken spy_sandbox_read(const void *offered, struct sock_fprog *copy, void *(*memory)(size_t size));

/* The program is about to install this filter, a copy that stays where it is. */
void spy_sandbox_add(const struct sock_fprog *copy);

/* The kernel did not take the last one. */
void spy_sandbox_take_back(void);

/* The program is about to allow itself read, write and exit only (SECCOMP_MODE_STRICT). */
void spy_sandbox_strict(void);

/* What a filter that spy_sandbox_read() took returns for a call (SECCOMP_RET_*). */
uint32_t spy_sandbox_run(const struct sock_fprog *filter, long number, const uint64_t args[6]);

#endif
