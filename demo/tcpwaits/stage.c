/*
 * Two threads and the cues between them; the contract is in stage.h. One lock,
 * held only while the cues are looked at or changed, never across a socket call.
 */
#include "stage.h"

#include <string.h>

#include "say.h"

struct role {
	struct stage *stage;
	part_fn *part;
};

void stage_init(struct stage *stage, uint16_t server_port, double hold_s)
{
	*stage = (struct stage){.server_port = server_port, .hold_s = hold_s};
	pthread_mutex_init(&stage->lock, NULL);
	pthread_cond_init(&stage->changed, NULL);
}

void give_cue(struct stage *stage, enum cue cue)
{
	pthread_mutex_lock(&stage->lock);
	stage->cues |= (unsigned)cue;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->lock);
}

void await_cue(struct stage *stage, enum cue cue)
{
	pthread_mutex_lock(&stage->lock);
	while (!(stage->cues & (unsigned)cue))
		pthread_cond_wait(&stage->changed, &stage->lock);
	pthread_mutex_unlock(&stage->lock);
}

static void *thread_main(void *argument)
{
	const struct role *role = argument;

	role->part(role->stage);
	return NULL;
}

static pthread_t start_thread(struct role *role)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, thread_main, role);

	if (error)
		fail(KERNEL, "pthread_create(): %s", strerror(error));
	return thread;
}

void play(struct stage *stage, part_fn *server, part_fn *client)
{
	struct role server_role = {.stage = stage, .part = server};
	struct role client_role = {.stage = stage, .part = client};
	pthread_t server_thread, client_thread;

	stage->cues = 0;
	server_thread = start_thread(&server_role);
	client_thread = start_thread(&client_role);
	pthread_join(server_thread, NULL);
	pthread_join(client_thread, NULL);
}
