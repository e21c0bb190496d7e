/*
 * Finding the real functions; see real.h.
 *
 * dlsym() may allocate, and an allocator that is preloaded too (jemalloc) reads and closes files
 * when it starts: a hook that is entered from inside dlsym() gets a bare system call instead.
 */
#include "real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "../sys/sys.h"

struct spy_real_functions spy_real;

static __thread int resolving __attribute__((tls_model("initial-exec")));

static const struct {
	const char *name;
	size_t offset;
	bool required;
} hooks[SPY_CALL_COUNT] = {
#define REQUIRED		    true
#define OPTIONAL		    false
#define HOOK(symbol, need, op, ...) [SPY_CALL_##symbol] = {#symbol, offsetof(struct spy_real_functions, symbol), need},
#include "../../include/tcpwaitspy/hooks.def"
#undef REQUIRED
#undef OPTIONAL
};

static long as_libc(long rc)
{
	if (rc >= 0 || rc < -4095)
		return rc;
	errno = (int)-rc;
	return -1;
}

static int bare_close(int fd)
{
	return (int)as_libc(spy_sys_bare(SYS_close, fd, 0, 0, 0, 0));
}

static ssize_t bare_read(int fd, void *buf, size_t len)
{
	return as_libc(spy_sys_bare(SYS_read, fd, (long)buf, (long)len, 0, 0));
}

static ssize_t bare_write(int fd, const void *buf, size_t len)
{
	return as_libc(spy_sys_bare(SYS_write, fd, (long)buf, (long)len, 0, 0));
}

static long no_such_function(void)
{
	errno = ENOSYS;
	return -1;
}

static spy_function bare_call(enum spy_call_id id)
{
	switch (id) {
	case SPY_CALL_close:
		return (spy_function)bare_close;
	case SPY_CALL_read:
		return (spy_function)bare_read;
	case SPY_CALL_write:
		return (spy_function)bare_write;
	default:
		return (spy_function)no_such_function;
	}
}

spy_function spy_resolve(enum spy_call_id id)
{
	spy_function *place = (spy_function *)(void *)((char *)&spy_real + hooks[id].offset);
	spy_function found;
	int saved = errno;

	if (resolving)
		return bare_call(id);
	resolving = 1;
	found = (spy_function)dlsym(RTLD_NEXT, hooks[id].name);
	resolving = 0;
	errno = saved;
	*place = found ? found : (spy_function)no_such_function;
	return *place;
}

void spy_resolve_all(void (*missing)(const char *name))
{
	for (unsigned int id = 0; id < SPY_CALL_COUNT; id++)
		if (spy_resolve((enum spy_call_id)id) == (spy_function)no_such_function && hooks[id].required)
			missing(hooks[id].name);
}
