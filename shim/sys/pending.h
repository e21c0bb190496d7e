/*
 * Whose pending signals are: the process's, of which the main thread may take one, or this thread's alone.
 *
 * Locks: none. Signals: safe. Reads two small files of /proc.
 */
#ifndef SPY_SYS_PENDING_H
#define SPY_SYS_PENDING_H

#include <stdint.h>

/*
 * Of these signals, which are pending, those that the main thread may be about to take: not sent to this thread alone,
 * and not blocked there. All of them where nobody tells. Bits as in the kernel's set; real-time signals are left out.
 */
uint64_t spy_pending_for_main(uint64_t signals);

#endif
