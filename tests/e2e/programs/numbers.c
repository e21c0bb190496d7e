/*
 * Opens and closes a file over and over, beside a TCP socket, and says whether it got the same number each
 * time: the lowest free one is the program's (POSIX, open()), whatever else goes on in the process.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RUN_MS 300

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
	long end = now_ms() + RUN_MS;
	int others = 0;

	if (socket(AF_INET, SOCK_STREAM, 0) != 3)
		return 2;
	while (now_ms() < end) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		others += fd != 4;
		close(fd);
	}
	printf("%s\n", others ? "other numbers" : "the same number");
	return 0;
}
