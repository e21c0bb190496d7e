/*
 * Which thread of this process waits for a descriptor in poll() or select(): the kernel keeps what they wait for until
 * they return, and a close() of it ends nothing before that.
 *
 * Reads /proc and no memory that could go away. No lock; errno is left alone. Signals are blocked by the caller.
 */
#ifndef SPY_OBSERVE_WAITERS_H
#define SPY_OBSERVE_WAITERS_H

#include <stdint.h>

/* Its id; 0 where there is none, or none that can be looked at. Opens files apart (apart.h). */
uint32_t spy_waiters_find(int fd);

#endif
