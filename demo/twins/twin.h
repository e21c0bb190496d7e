/*
 * What the twins share. For every rule there is a bad twin, which breaks it, and a
 * good twin, which does the same job right; tests run both under the shim.
 *
 * The call at fault stands in the twin itself. Everything here is healthy: close
 * on exec, SO_REUSEADDR before bind(), MSG_NOSIGNAL, every descriptor closed once.
 * A failure that a twin is not about ends it with status 1 and a line on stderr,
 * and no twin outlives its alarm by accident.
 *
 * Most twins hold both ends of a connection in one thread, which makes the order
 * of their steps certain; the client is the one that closes first.
 */
#ifndef TWIN_H
#define TWIN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TWIN_REQUEST "Hello Server~"
#define TWIN_REPLY   "Hello Client~"

/* A function whose name the tests look for in a stack. */
#define TWIN_IN_STACKS __attribute__((noinline))

/* How long a twin that must live a while does so: argv[1] in seconds, or 1.0. */
double twin_seconds(int argc, char **argv);

/* Ends the program, and names what failed and errno, unless ok. */
void twin_require(bool ok, const char *what);

/* The same for the point of a twin; tells the reader when it holds. */
void twin_show(bool ok, const char *what);

/* Ends the program with 77, as Automake and Meson have it for a test that cannot run here. */
void twin_skip(const char *why) __attribute__((noreturn));

/* Sockets on 127.0.0.1; ports in host order. */
struct sockaddr_in twin_loopback(uint16_t port);
int twin_socket(void);

/* A port that is free now; the kernel gives it again only by chance. */
uint16_t twin_free_port(void);

/* Bound with SO_REUSEADDR, not listening; a *port of 0 is replaced by the kernel's choice. */
int twin_bind(uint16_t *port);
void twin_start_listening(int fd);

/* twin_bind() and twin_start_listening(). */
int twin_listen(uint16_t *port);

int twin_connect(uint16_t port);
int twin_accept(int listener);
void twin_close(int fd);

/* The two ends of one connection; the listener that made it is closed. */
struct twin_pair {
	int client;
	int server;
};

struct twin_pair twin_open_pair(void);

void twin_send(int fd, const char *text);

/* Reads exactly the text that is due. */
void twin_receive(int fd, const char *due);

/* Reads until recv() returns 0. */
void twin_read_until_end(int fd);

/* shutdown(SHUT_WR): the peer reads the end of file, this side still reads. */
void twin_end_sending(int fd);

/* False when fd has neither data, nor a client, nor an end of file within the time. */
bool twin_wait_readable(int fd, double seconds);

/* Waits until the peer's RST is here. */
void twin_wait_reset(int fd);

/* Waits until the thread is asleep in the kernel, as in a blocking call. */
void twin_wait_asleep(pid_t tid);

/*
 * A peer in a process of its own. Start it before the twin opens a socket, or it
 * holds that socket, too. `work` talks with the parent through twin_tell() and
 * twin_hear() on the descriptor it is given, as the parent does on `channel`.
 */
struct twin_child {
	pid_t pid;
	int channel;
};

struct twin_child twin_start_child(void (*work)(int channel));

/* Ports travel through the channel; so does a 0 that only says "go on". */
void twin_tell(int channel, uint16_t value);
uint16_t twin_hear(int channel);

/* Waits for the child's end, which must be exit status 0. */
void twin_wait_child(struct twin_child child);

/* SIGKILL: the kernel closes what the child has open. */
void twin_kill_child(struct twin_child child);

/*
 * Leaves room for this many more descriptors, so that the next one fails with
 * EMFILE; twin_unlimit_descriptors() takes that back.
 */
void twin_limit_descriptors(int room);
void twin_unlimit_descriptors(void);

#endif
