/*
 * A socket that has only a handful of ports to connect from, so that a program can
 * run out of them without taking 28,000 from everybody else.
 *
 * Included by the two ports-exhausted twins and by nothing else.
 */
#ifndef TWIN_PORTS_H
#define TWIN_PORTS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "twin.h"

/* Since Linux 6.3; older headers do not have it. */
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

enum { FEW_PORTS = 8 };

/* A socket whose connect() may use first_port and the few above it. */
static int socket_with_few_ports(uint16_t first_port)
{
	uint32_t last_port = first_port > UINT16_MAX - FEW_PORTS ? UINT16_MAX : first_port + FEW_PORTS - 1u;
	uint32_t range = last_port << 16 | first_port;
	int fd = twin_socket();

	/* bind() would not do for older kernels: a connect() from a fixed port passes over TIME_WAIT. */
	if (setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof(range)) == -1)
		twin_skip("the kernel has no IP_LOCAL_PORT_RANGE (Linux 6.3)");
	return fd;
}

#endif
