/*
 * The version, from one place.
 */
#ifndef TCPWAITSPY_VERSION_H
#define TCPWAITSPY_VERSION_H

#define SPY_VERSION "0.1.0"

#endif
