/*
 * Who is inside the loader and libunwind; see loader.h.
 *
 * Of the shim's own threads that is counted. The program's may be in dl_iterate_phdr() as well (exceptions, profilers), or
 * in dlopen(): the lock itself tells. It lies in the loader's data, at a place that libc keeps to itself, and is known
 * by what it looks like while this thread has it.
 */
#define _GNU_SOURCE 1
#include "loader.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "../../include/tcpwaitspy/units.h"
#include "../sys/sys.h"

/* A stack takes a microsecond, and a finding's names some hundred: a fork waits no longer than it takes itself. */
#define TURNS	20
#define TURN_NS (50 * SPY_NS_PER_US)

static atomic_uint inside;
static atomic_bool locked_for_ever;

#ifdef __GLIBC__
/* glibc's, of dl_iterate_phdr() and of whoever changes the list of modules; NULL: not found. */
static const pthread_mutex_t *loader_lock;

static int value(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static bool is_taken(const pthread_mutex_t *mutex)
{
	return value(&mutex->__data.__lock) != 0;
}

struct loader_data {
	const char *start;
	size_t size;
	int tid;
	const pthread_mutex_t *found;
};

/* Called with the lock held, once; a mutex that this thread has had from before is none. */
static int find_mutex(struct dl_phdr_info *info, size_t size, void *data)
{
	struct loader_data *loader = data;

	(void)info;
	(void)size;
	for (size_t at = 0; at + sizeof(pthread_mutex_t) <= loader->size; at += sizeof(void *)) {
		const pthread_mutex_t *mutex = (const void *)(loader->start + at);

		if (is_taken(mutex) && mutex->__data.__count == 1 && mutex->__data.__owner == loader->tid &&
		    mutex->__data.__kind == PTHREAD_MUTEX_RECURSIVE_NP)
			loader->found = mutex;
	}
	return 1;
}

void spy_loader_init(void)
{
	struct loader_data loader = {.start = dlsym(RTLD_DEFAULT, "_rtld_global"), .tid = (int)spy_sys0(SYS_gettid)};
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (!loader.start || !dladdr1(loader.start, &info, (void **)(uintptr_t)&symbol, RTLD_DL_SYMENT) || !symbol)
		return;
	loader.size = symbol->st_size;
	dl_iterate_phdr(find_mutex, &loader);
	if (loader.found && !is_taken(loader.found))
		loader_lock = loader.found;
}

static bool is_program_inside(void)
{
	return loader_lock && is_taken(loader_lock);
}
#else
void spy_loader_init(void)
{
}

static bool is_program_inside(void)
{
	return false;
}
#endif

bool spy_loader_enter(void)
{
	if (locked_for_ever)
		return false;
	inside++;
	return true;
}

void spy_loader_leave(void)
{
	inside--;
}

void spy_loader_settle(void)
{
	const struct timespec turn = {.tv_nsec = TURN_NS};

	for (int i = 0; i < TURNS && (inside || is_program_inside()); i++)
		spy_sys2(SYS_nanosleep, &turn, NULL);
}

void spy_loader_forked(void)
{
	if (inside || is_program_inside())
		locked_for_ever = true;
	inside = 0;
}
