/*
 * A close() that fails with EINTR and frees the descriptor all the same, as Linux
 * does wherever a close() can be interrupted (NFS, FUSE, some drivers). No plain
 * close() of a TCP socket is: SO_LINGER lets it wait, and a signal ends the wait,
 * but the call returns 0. So a seccomp filter hands the call to a thread that
 * plays the kernel's part.
 *
 * Included by the two close-retry twins and by nothing else.
 */
#ifndef TWIN_INTERRUPTED_CLOSE_H
#define TWIN_INTERRUPTED_CLOSE_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "twin.h"

/* What interrupt_close() shares with its thread; written before `filter_ready` is posted. */
static struct {
	sem_t filter_ready;
	int notifications;
} interrupter;

/*
 * Answers each intercepted close(): the first one is carried out from here and then
 * reported to the caller as interrupted, the later ones go on as they are. Ends
 * with the process, because a filter that nobody answers would block the caller.
 */
static void *interrupt_first_close(void *unused)
{
	struct seccomp_notif call;
	bool first = true;

	(void)unused;
	sem_wait(&interrupter.filter_ready);
	for (;;) {
		struct seccomp_notif_resp answer = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

		memset(&call, 0, sizeof(call));
		if (ioctl(interrupter.notifications, SECCOMP_IOCTL_NOTIF_RECV, &call) == -1) {
			if (errno == EINTR)
				continue;
			return NULL;
		}
		answer.id = call.id;
		if (first) {
			/* Past libc: for a shim, the only close() is the one that is about to fail. */
			syscall(SYS_close, (int)call.data.args[0]);
			answer.flags = 0;
			answer.error = -EINTR;
			first = false;
		}
		ioctl(interrupter.notifications, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* Hands this thread's close(fd), and no other call, over to a supervisor. Returns its descriptor. */
static int intercept_close(int fd)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)fd, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/*
 * Makes this thread's next close(fd) fail with EINTR and free the descriptor.
 * Skips the twin where the kernel or a sandbox does not let a program arrange that.
 */
static void interrupt_close(int fd)
{
	pthread_t thread;

	twin_require(sem_init(&interrupter.filter_ready, 0, 0) == 0, "sem_init()");
	/* Started before the filter: a thread inherits the filters of the one that starts it. */
	twin_require(pthread_create(&thread, NULL, interrupt_first_close, NULL) == 0, "pthread_create()");
	twin_require(pthread_detach(thread) == 0, "pthread_detach()");
	interrupter.notifications = intercept_close(fd);
	if (interrupter.notifications == -1)
		twin_skip("no seccomp filter with a supervisor here (Linux 5.5)");
	sem_post(&interrupter.filter_ready);
}

#endif
