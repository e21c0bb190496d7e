/*
 * The shared parts; the contracts are in parts.h. The server's functions run in
 * the server thread, the client's in the client thread.
 */
#include "parts.h"

#include "kernel.h"
#include "net.h"
#include "say.h"

static void serve_one_client(struct stage *stage)
{
	int listener = open_listener(stage->server_port);
	int fd;

	stage->server_port = local_port(listener);
	give_cue(stage, SERVER_LISTENS);
	fd = accept_client(listener);
	/* One client is all that is wanted: a listener left open would hold the port. */
	close_socket(listener);
	stage->client_port = peer_port(fd);
	receive_message(SERVER, fd, HELLO_SERVER);
	send_message(SERVER, fd, HELLO_CLIENT);
	stage->server_ending(stage, fd);
}

static void visit_server(struct stage *stage)
{
	int fd;

	await_cue(stage, SERVER_LISTENS);
	fd = connect_to_server(stage->server_port);
	send_message(CLIENT, fd, HELLO_SERVER);
	receive_message(CLIENT, fd, HELLO_CLIENT);
	give_cue(stage, REPLY_READ);
	stage->client_ending(stage, fd);
}

void play_endings(struct stage *stage, ending_fn *server_ending, ending_fn *client_ending)
{
	stage->server_ending = server_ending;
	stage->client_ending = client_ending;
	play(stage, serve_one_client, visit_server);
}

void close_first(struct stage *stage, int fd)
{
	await_cue(stage, REPLY_READ);
	say(SERVER, "close(): the server closes first, which is the active close");
	close_socket(fd);
	give_cue(stage, SERVER_CLOSED);
}

void close_after_the_server(struct stage *stage, int fd)
{
	(void)stage;
	read_until_end(CLIENT, fd, SERVER);
	say(CLIENT, "close(): the client closes second, which is the passive close");
	close_socket(fd);
}

void tell_server_side(const struct stage *stage, const char *due)
{
	tell_state(SERVER, stage->server_port, stage->client_port, due);
}

void tell_client_side(const struct stage *stage, const char *due)
{
	tell_state(CLIENT, stage->client_port, stage->server_port, due);
}
