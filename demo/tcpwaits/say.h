/*
 * What the demo tells its reader: one line a step, on standard output.
 *
 * A line is written whole, so that the lines of two threads never mix. A call
 * that the other side reacts to (send, shutdown, close) is told before it is
 * made, a call that waits (accept, recv) after it has returned: in this order
 * a cause always stands above its effect.
 */
#ifndef TCPWAITS_SAY_H
#define TCPWAITS_SAY_H

/* Who speaks, at the start of a line. */
#define SERVER "server"
#define CLIENT "client"
#define KERNEL "kernel"

/* Writes "who: text" and a line end. Keeps errno. */
void say(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes the same to standard error and ends the program with status 1. */
void fail(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

#endif
