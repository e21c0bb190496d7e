/*
 * The script (script.c) in a process that gets no further thread, as under a limit of a cgroup.
 */
#include "script.c" /* NOLINT(bugprone-suspicious-include) */

#include <pthread.h>

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	(void)thread;
	(void)attr;
	(void)start;
	(void)arg;
	return EAGAIN;
}
