/*
 * A futex mutex in three states (Drepper, "Futexes Are Tricky", mutex 2); see lock.h.
 */
#include "lock.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "../../include/tcpwaitspy/units.h"
#include "pending.h"
#include "sys.h"

#define SPINS 100

/* How long the main thread has to take its signal. */
#define TURNS	100
#define TURN_NS (50 * SPY_NS_PER_US)

/* Real-time signals are mostly for one thread. */
#define SENT_TO_PROCESSES UINT64_C(0x7fffffff)

/*
 * How often this thread has blocked them: only the first time is a system call. Raised when they are
 * blocked already and lowered while they still are, so that no handler ever sees it raised.
 */
static __thread unsigned int masked __attribute__((tls_model("initial-exec")));
static __thread uint64_t of_program __attribute__((tls_model("initial-exec"))); /* the mask below ours */

void spy_mask_all(struct spy_mask *mask)
{
	static const uint64_t all = ~UINT64_C(0);

	mask->nested = masked > 0;
	if (!mask->nested) {
		spy_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask->bits, sizeof(mask->bits));
		of_program = mask->bits;
	}
	masked++;
}

/* Re-asked where it matters: a fork's child is its main thread, whoever forked it. */
static bool is_main_thread(void)
{
	return spy_sys0(SYS_gettid) == spy_sys0(SYS_getpid);
}

void spy_mask_let_main(uint64_t program)
{
	static __thread bool is_main __attribute__((tls_model("initial-exec")));
	static __thread bool is_known __attribute__((tls_model("initial-exec")));
	const struct timespec turn = {.tv_nsec = TURN_NS};
	uint64_t pending = 0;

	if (!is_known) {
		is_main = is_main_thread();
		is_known = true;
	}
	if (is_main)
		return;
	for (int i = 0; i < TURNS; i++) {
		long rc = spy_sys2(SYS_rt_sigpending, &pending, sizeof(pending));

		pending &= ~program & SENT_TO_PROCESSES;
		if (rc != 0 || !pending || is_main_thread() || (i == 0 && !spy_pending_for_main(pending)))
			return;
		spy_sys2(SYS_nanosleep, &turn, NULL);
	}
}

void spy_mask_restore(const struct spy_mask *mask)
{
	if (!mask->nested)
		spy_mask_let_main(mask->bits);
	masked--;
	if (!mask->nested)
		spy_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask->bits, NULL, sizeof(mask->bits));
}

uint64_t spy_mask_of_program(void)
{
	return of_program;
}

void spy_lock_take(struct spy_lock *lock)
{
	uint32_t expected;

	/* Sections are a microsecond long: another core is out of it sooner than a sleep begins. */
	for (int i = 0; i < SPINS; i++) {
		expected = 0;
		if (atomic_compare_exchange_weak_explicit(&lock->word, &expected, 1, memory_order_acquire,
							  memory_order_relaxed))
			return;
	}
	while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0)
		spy_sys4(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, NULL);
}

void spy_lock_give(struct spy_lock *lock)
{
	if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
		spy_sys3(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1);
}

void spy_lock_reset(struct spy_lock *lock)
{
	atomic_store_explicit(&lock->word, 0, memory_order_release);
}
