/*
 * Taking stacks; see stack.h.
 *
 * The shim's frames at the top of a stack are known by their addresses, which all lie between
 * two symbols of the linker: nobody counts frames to skip.
 */
#include "stack.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "../sys/sys.h"
#include "handler.h"
#include "loader.h"

#define ROOM 128 /* frames asked of libunwind: the program's, and up to a dozen of the shim's */

typedef int (*backtrace_fn)(void **frames, int size);

static _Atomic(backtrace_fn) backtrace_of;
static __thread bool taking __attribute__((tls_model("initial-exec")));

/* First and last address of this shared object's code; the linker defines both in every object. */
extern const char __executable_start[] __attribute__((weak, visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

bool spy_stack_is_taking(void)
{
	return taking;
}

/* libunwind calls its own functions by name, and the program's come first. */
static bool is_shadowed(void *library)
{
	static const char *const names[] = {"_ULx86_64_init_local", "_ULx86_64_step", "_Ux86_64_getcontext",
					    "_ULaarch64_init_local", "_ULaarch64_step"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *own = dlsym(library, names[i]), *first = dlsym(RTLD_DEFAULT, names[i]);

		if (own && first && own != first)
			return true;
	}
	return false;
}

bool spy_stack_open(const char **why)
{
	static const char *const names[] = {"libunwind.so.8", "libunwind.so.1", "libunwind.so"};
	backtrace_fn found = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++) {
		void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

		found = library ? (backtrace_fn)dlsym(library, "unw_backtrace") : NULL;
		if (found && is_shadowed(library)) {
			*why = "the program has functions with libunwind's names, which libunwind would call";
			return false;
		}
	}
	if (!found) {
		*why = "libunwind.so.8 is not there, or has no unw_backtrace()";
		return false;
	}
	atomic_store(&backtrace_of, found);
	return true;
}

static bool is_own(uintptr_t ip)
{
	return ip >= (uintptr_t)__ehdr_start && ip < (uintptr_t)etext;
}

/* libunwind asks mincore() about pages, blocks signals, and gets memory; a filter may refuse that. */
static bool may_unwind(void)
{
	return !spy_sandboxed || (spy_sandbox_allows_number(SYS_mincore) && spy_sandbox_allows_number(SPY_SYS_MMAP) &&
				  spy_sandbox_allows_number(SYS_rt_sigprocmask));
}

/*
 * In a thread that uses it for the first time libunwind allocates (__tls_get_addr()): not in a handler, which may
 * have interrupted malloc(), and not where a filter may forbid what malloc() asks for.
 */
static bool is_warm(void)
{
	static __thread bool warm __attribute__((tls_model("initial-exec")));

	if (!warm)
		warm = !spy_sandboxed && !spy_handler_is_inside();
	return warm;
}

size_t spy_stack_take(uintptr_t caller, uintptr_t *frames, size_t max)
{
	backtrace_fn take = atomic_load_explicit(&backtrace_of, memory_order_relaxed);
	void *room[ROOM];
	size_t count = 0, skip = 0;
	int asked = (int)(max + 12 < ROOM ? max + 12 : ROOM);

	if (max == 0)
		return 0;
	if (take && may_unwind() && is_warm() && spy_loader_enter()) {
		int got;

		taking = true;
		got = take(room, asked);
		taking = false;
		spy_loader_leave();
		count = got > 0 ? (size_t)got : 0;
	}
	/* The hook's caller is the first frame wanted; in a handler the shim's frames stand on both sides of libc's. */
	while (skip < count && (uintptr_t)room[skip] != caller)
		skip++;
	if (skip == count)
		for (skip = 0; skip < count && is_own((uintptr_t)room[skip]);)
			skip++;
	if (skip == count) {
		frames[0] = caller;
		return caller ? 1 : 0;
	}
	count -= skip;
	if (count > max)
		count = max;
	memcpy(frames, room + skip, sizeof(*frames) * count);
	return count;
}
