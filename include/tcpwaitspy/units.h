/*
 * Units of time. All times are in nanoseconds, of 64 bits, and say so in their names (..._ns).
 */
#ifndef TCPWAITSPY_UNITS_H
#define TCPWAITSPY_UNITS_H

#include <stdint.h>

#define SPY_NS_PER_US INT64_C(1000)
#define SPY_NS_PER_MS INT64_C(1000000)
#define SPY_NS_PER_S  INT64_C(1000000000)

#endif
