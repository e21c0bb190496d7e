/*
 * The parts that most scenarios share: the server that serves one client, the
 * client that visits it. Both say hello and then go on with the ending that the
 * scenario has chosen; a scenario is little more than its two endings.
 */
#ifndef TCPWAITS_PARTS_H
#define TCPWAITS_PARTS_H

#include "stage.h"

/* Plays a healthy server and client up to the hellos, then the two endings. */
void play_endings(struct stage *stage, ending_fn *server_ending, ending_fn *client_ending);

/*
 * Server's ending: the active close, as soon as the client has its reply. The
 * client's ending must wait for SERVER_CLOSED or for the end of file.
 */
void close_first(struct stage *stage, int fd);

/* Client's ending: the passive close, after the end of file. */
void close_after_the_server(struct stage *stage, int fd);

/* Tells the state of the server's or the client's side of the latest connection. */
void tell_server_side(const struct stage *stage, const char *due);
void tell_client_side(const struct stage *stage, const char *due);

#endif
