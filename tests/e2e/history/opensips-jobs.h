/*
 * Jobs that the main process gives to its TCP worker, each with a copy of a connection's
 * descriptor, as SIP servers do it: the main process keeps the connections, the workers use them.
 *
 * Included by the two opensips-3164 programs and by nothing else.
 */
#ifndef HISTORY_OPENSIPS_JOBS_H
#define HISTORY_OPENSIPS_JOBS_H

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "../../../demo/twins/twin.h"

enum job { JOB_WRITE, JOB_STOP };

#define NO_DESCRIPTOR (-1)

/* Room for one descriptor, aligned as CMSG_FIRSTHDR() wants it. */
union descriptor_room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_job(int channel, enum job job, int fd)
{
	union descriptor_room room;
	struct iovec data = {.iov_base = &job, .iov_len = sizeof(job)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (fd != NO_DESCRIPTOR) {
		memset(&room, 0, sizeof(room));
		message.msg_control = room.bytes;
		message.msg_controllen = sizeof(room.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	twin_require(sendmsg(channel, &message, MSG_NOSIGNAL) == sizeof(job), "sendmsg() of a job");
}

static enum job receive_job(int channel, int *fd)
{
	union descriptor_room room;
	enum job job = JOB_STOP;
	struct iovec data = {.iov_base = &job, .iov_len = sizeof(job)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = room.bytes,
		.msg_controllen = sizeof(room.bytes),
	};
	struct cmsghdr *header;

	*fd = NO_DESCRIPTOR;
	twin_require(recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == sizeof(job), "recvmsg() of a job");
	header = CMSG_FIRSTHDR(&message);
	if (header)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return job;
}

#endif
