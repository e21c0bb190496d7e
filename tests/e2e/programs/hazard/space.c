/*
 * space CASE: a process that goes into other namespaces, some of which want it to have one
 * thread only.
 */
#include "net.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

static void say_unshare(int flags)
{
	int rc = unshare(flags);

	printf("unshare = %d %s\n", rc, error_of(rc));
}

static void user_before(void)
{
	say_unshare(CLONE_NEWUSER);
	say_end(open_pair());
}

static void user_after(void)
{
	struct pair pair = open_pair();

	say_unshare(CLONE_NEWUSER);
	say_end(pair);
	say_end(open_pair());
}

static void loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
		give_up("lo");
	close(fd);
}

/* Connections of two networks in one process. */
static void net(void)
{
	struct pair here = open_pair(), there;
	int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	say_unshare(CLONE_NEWUSER | CLONE_NEWNET);
	loopback_up();
	there = open_pair();
	say_end(there);
	say_end(here);
	here = open_pair();
	printf("exchanged %d\n", exchange(here));
	close(here.client);
	close(here.server);
	close(back);
}

/* Into another network and back again, with connections that live on in both. */
static void there_and_back(void)
{
	struct pair here = open_pair(), there, again;
	int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (unshare(CLONE_NEWNET) != 0) {
		printf("unshare: %s\n", strerrorname_np(errno));
		exit(77);
	}
	loopback_up();
	there = open_pair();
	printf("exchanged %d %d\n", exchange(here), exchange(there));
	printf("setns = %d\n", setns(back, CLONE_NEWNET));
	again = open_pair();
	printf("exchanged %d %d %d\n", exchange(here), exchange(there), exchange(again));
	say_end(there);
	say_end(here);
	say_end(again);
	close(back);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(user_before),
	HAZARD_CASE(user_after),
	HAZARD_CASE(net),
	HAZARD_CASE(there_and_back),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
