/*
 * Sockets as the healthy scenarios use them: close-on-exec, SO_REUSEADDR before
 * bind(), MSG_NOSIGNAL, every descriptor closed once. What a scenario gets wrong
 * on purpose it writes out itself and does not find here.
 *
 * Functions that take `who` tell the reader what they do (say.h). An error that
 * no scenario is about ends the program through fail().
 */
#ifndef TCPWAITS_NET_H
#define TCPWAITS_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define HELLO_SERVER   "Hello Server~"
#define HELLO_CLIENT   "Hello Client~"
#define GOODBYE_CLIENT "Goodbye Client~"

/* The address 127.0.0.1 with this port, in host order. */
struct sockaddr_in loopback(uint16_t port);

/* The port of this side of a socket, and of the other side, in host order. */
uint16_t local_port(int fd);
uint16_t peer_port(int fd);

/* A new TCP socket that an exec() closes. */
int new_socket(void);

/*
 * A server's socket, bound to 127.0.0.1 but not listening yet; port 0 lets the
 * kernel choose. Returns -1 with the errno of bind() when that fails.
 */
int bind_server(uint16_t port, bool reuse_address);

/* Binds with SO_REUSEADDR and listens; a port that another program uses ends this one. */
int open_listener(uint16_t port);

/* Waits for the next client and takes it. Says nothing: the client speaks first. */
int accept_client(int listener);

/* Connects to 127.0.0.1:port; while nobody listens there, tries again every 2 s. */
int connect_to_server(uint16_t port);

/* Sends all of text. */
void send_message(const char *who, int fd, const char *text);

/* Reads exactly the text that is due; anything else ends the program. */
void receive_message(const char *who, int fd, const char *due);

/* Reads until recv() returns 0, which says that `peer` sends nothing more. */
void read_until_end(const char *who, int fd, const char *peer);

/* Closes fd, checked. Says nothing: what a close() means differs by scenario. */
void close_socket(int fd);

#endif
