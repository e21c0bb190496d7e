/*
 * The shim's lock: a futex mutex that is taken with every signal blocked, so that no handler of
 * the same thread can ever find it taken by the code that it interrupted, and no handler can
 * leave by longjmp with it held. Blocking and restoring costs 0.26 us, and only where the story
 * of a connection turns.
 *
 * Signals: the mask that is put on includes libc's internal ones (cancellation, setuid in
 * threads), which libc's own pthread_sigmask() would leave out; they wait until the mask is back.
 */
#ifndef SPY_SYS_LOCK_H
#define SPY_SYS_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* 0 free, 1 taken, 2 taken with others waiting. Zeroed memory is a free lock. */
struct spy_lock {
	_Atomic uint32_t word;
};

/* The kernel's signal set: 64 signals, whatever libc's sigset_t looks like. */
struct spy_mask {
	uint64_t bits;
	bool nested; /* they were blocked by the shim already */
};

/* Blocks all signals of this thread; mask receives what was blocked before. */
void spy_mask_all(struct spy_mask *mask);
void spy_mask_restore(const struct spy_mask *mask);

/*
 * Call before signals are unblocked; program is the mask that is coming back. A signal that is sent to the process is the
 * main thread's while that has it unblocked, and programs count on it: Python's does not wake for a handler that ran
 * elsewhere. The kernel wakes that thread, but gives the signal to whoever looks first, and to unblock is to look. So
 * other threads leave it a moment, some milliseconds at most. One that was sent to this thread alone comes at once.
 */
void spy_mask_let_main(uint64_t program);

/* What this thread has blocked itself; while spy_mask_all() is in force. */
uint64_t spy_mask_of_program(void);

/* The caller has blocked all signals. */
void spy_lock_take(struct spy_lock *lock);
void spy_lock_give(struct spy_lock *lock);

/* In a fork's child, whose other threads are gone: the lock is free, whoever held it. */
void spy_lock_reset(struct spy_lock *lock);

#endif
