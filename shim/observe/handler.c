/*
 * Finding out about handlers; see handler.h.
 *
 * A handler returns to libc's call of sigreturn(2), whose address the kernel was told with the handler
 * (sa_restorer) and stands at the low end of the frame that the kernel pushes. So the stack is searched for
 * it. libunwind would find it, too, but allocates when a thread uses it for the first time.
 */
#include "handler.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

#include "../sys/lock.h"
#include "../sys/memory.h"
#include "../sys/sys.h"

#define SIGNALS	    64
#define CHUNK	    ((size_t)64) /* words at a time: this stack may be small, too */
#define DEPTH	    ((uintptr_t)256 * 1024) /* how far up the stack is searched */
#define FRAME_LIMIT ((uintptr_t)64 * 1024) /* more than the registers of any processor take */

/* As rt_sigaction(2) fills it on the architectures that sys.h knows. */
struct kernel_action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

struct handlers {
	uint64_t signals; /* that have one */
	bool may_nest; /* SA_NODEFER: its signal is not blocked in it */
	uintptr_t restorer; /* libc's, which is the same for all; 0 where it uses none */
};

static struct handlers find_handlers(void)
{
	struct handlers found = {.signals = 0};

	for (int sig = 1; sig <= SIGNALS; sig++) {
		struct kernel_action action = {.handler = (uintptr_t)SIG_DFL};

		if (spy_sys4(SYS_rt_sigaction, sig, NULL, &action, sizeof(action.mask)) != 0 ||
		    action.handler == (uintptr_t)SIG_DFL || action.handler == (uintptr_t)SIG_IGN)
			continue;
		found.signals |= UINT64_C(1) << (sig - 1);
		found.may_nest |= (action.flags & SA_NODEFER) != 0;
		found.restorer = action.restorer;
	}
	return found;
}

static bool is_on_alternate_stack(void)
{
	stack_t now;

	return spy_sys2(SYS_sigaltstack, NULL, &now) == 0 && (now.ss_flags & SS_ONSTACK);
}

#if defined(__x86_64__)
/* struct rt_sigframe (linux/arch/x86/include/asm/sigframe.h), as words: where it returns to, and the ucontext. */
enum { PRETCODE, UC_FLAGS, UC_LINK, UC_RSP = 21, FRAME_WORDS };

static bool is_frame(uintptr_t at)
{
	uintptr_t words[FRAME_WORDS] = {0};

	return spy_memory_copy(words, at, sizeof(words)) == (long)sizeof(words) && words[UC_FLAGS] < 16 &&
	       words[UC_LINK] == 0 && words[UC_RSP] > at && words[UC_RSP] - at < FRAME_LIMIT;
}

/*
 * Where the stack ends, as far as that is known without asking: libc has its own record of a thread at the top of the
 * thread's stack, and the kernel its random bytes at that of the first thread's.
 */
static uintptr_t stack_end(uintptr_t from)
{
	const uintptr_t tops[] = {(uintptr_t)pthread_self(), (uintptr_t)getauxval(AT_RANDOM)};
	uintptr_t end = from + DEPTH;

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		if (tops[i] > from && tops[i] < end)
			end = tops[i];
	return end;
}

/* True, too, where the stack cannot be read: then the mask has to tell. */
static bool has_frame(uintptr_t restorer)
{
	uintptr_t words[CHUNK] = {0}, at = (uintptr_t)__builtin_frame_address(0), end = stack_end(at);
	long got;

	do {
		got = spy_memory_copy(words, at, sizeof(words) - at % sizeof(words));
		for (long i = 0; i < got / (long)sizeof(*words); i++)
			if (words[i] == restorer && is_frame(at + (uintptr_t)i * sizeof(*words)))
				return true;
		at += got > 0 ? (uintptr_t)got : 0;
	} while (got > 0 && at < end);
	return got < 0 && got != -EFAULT;
}
#else
/* Where the kernel's own code returns from handlers, the mask has to tell. */
static bool has_frame(uintptr_t restorer)
{
	(void)restorer;
	return true;
}
#endif

bool spy_handler_is_inside(void)
{
	static _Atomic uintptr_t restorer;
	struct handlers found;

	if (is_on_alternate_stack())
		return true;
	if (restorer && !has_frame(restorer))
		return false;
	found = find_handlers();
	if (found.restorer && !restorer) {
		restorer = found.restorer;
		if (!has_frame(restorer))
			return false;
	}
	/* The frame may be what a handler has left that returned long ago: unless its signals are blocked. */
	return found.may_nest || (found.signals & spy_mask_of_program());
}
