/*
 * What the kernel says about a connection. It is asked through /proc/net/tcp,
 * which also lists the connections that no descriptor belongs to any more:
 * TIME_WAIT, LAST_ACK, and FIN_WAIT after a close(). TCP_INFO needs a descriptor
 * and cannot show those.
 */
#ifndef TCPWAITS_KERNEL_H
#define TCPWAITS_KERNEL_H

#include <stdint.h>

/*
 * Tells the reader that `side` is in the state that is due. A state takes a moment
 * to change (the ACK of a FIN may be delayed by 40 ms), so it is given a second;
 * after that the program ends with status 1, since the scenario has not shown
 * what it should. Opens a descriptor for a moment.
 */
void tell_state(const char *side, uint16_t local, uint16_t remote, const char *due);

#endif
