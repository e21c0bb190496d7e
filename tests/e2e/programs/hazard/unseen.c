/*
 * unseen CASE: descriptors that change behind libc's back, by bare system calls or io_uring.
 */
#include "net.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>

/* Only x86-64 has its own here; elsewhere the case says that it is not there. */
static long bare(long number, long a, long b, long c)
{
#if defined(__x86_64__)
	long rc;

	__asm__ volatile("syscall" : "=a"(rc) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return rc;
#else
	(void)number, (void)a, (void)b, (void)c;
	puts("not here");
	exit(77);
#endif
}

/* Closed unseen, and the number is nothing, a file, and a connection again. */
static void close_unseen(void)
{
	struct pair first = open_pair(), second;
	char byte;
	ssize_t got;

	bare(SYS_close, first.client, 0, 0);
	got = recv(first.client, &byte, 1, 0);
	printf("recv = %zd %s\n", got, error_of(got));
	second = open_pair();
	printf("same %d\n", second.client == first.client || second.server == first.client);
	say_end(second);
	printf("recv = %zd\n", recv(first.server, &byte, 1, 0));
	bare(SYS_close, first.server, 0, 0);
	printf("open %d\n", open("/dev/null", O_RDWR) == first.client);
	printf("open %d\n", open("/dev/null", O_RDWR) >= 0);
	printf("read = %zd\n", read(first.server, &byte, 1));
	printf("close = %d %d\n", close(first.client), close(first.server));
}

static void dup2_unseen(void)
{
	struct pair pair = open_pair();
	int null = open("/dev/null", O_RDWR);
	char byte;

	bare(SYS_dup3, null, pair.client, 0);
	printf("write = %zd\n", write(pair.client, "x", 1));
	printf("close = %d\n", close(pair.client));
	printf("recv = %zd\n", recv(pair.server, &byte, 1, 0));
	printf("close = %d %d\n", close(pair.server), close(null));
}

/* Each connection at the same number: accepted and closed unseen, read by libc until its end. */
static void replace_unseen(void)
{
	struct sockaddr_in addr;
	int listener = open_listener(5, &addr);

	for (int i = 0; i < 5; i++) {
		struct pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};
		char byte;

		if (connect(pair.client, (struct sockaddr *)&addr, sizeof(addr)) != 0)
			give_up("connect");
		pair.server = i ? (int)bare(SYS_accept, listener, 0, 0) : accept(listener, NULL, NULL);
		printf("exchanged %d\n", exchange(pair));
		close(pair.client);
		printf("%d: recv = %zd\n", pair.server, recv(pair.server, &byte, 1, 0));
		bare(SYS_close, pair.server, 0, 0);
	}
	printf("close = %d\n", close(listener));
}

/* How often the shim's watcher has slept; -1 without it. */
static long watcher_sleeps(void)
{
	DIR *list = opendir("/proc/self/task");
	struct dirent *entry;
	long sleeps = -1;

	while (sleeps < 0 && (entry = readdir(list))) {
		char path[300], line[128];
		bool is_watcher = false;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file)) {
			is_watcher |= strcmp(line, "Name:\ttcpwaitspy\n") == 0;
			if (is_watcher)
				sscanf(line, "voluntary_ctxt_switches: %ld", &sleeps);
		}
		if (file)
			fclose(file);
	}
	closedir(list);
	return sleeps;
}

/* Until it has looked at everything at least once from now on; without the shim there is none to wait for. */
static void wait_for_watcher(void)
{
	long before = -1;

	if (!getenv("TCPWAITSPY_OPTIONS"))
		return;
	while (before < 0)
		before = watcher_sleeps();
	while (watcher_sleeps() < before + 3)
		sched_yield();
}

/* A young connection gives way to another one unseen, which is the older one's story told on, as states go. */
static void swap_unseen(void)
{
	struct sockaddr_in addr, name = {0}, peer = {0};
	socklen_t len = sizeof(addr);
	int listener = open_listener(5, &addr), first, second, clients[2];
	char byte;

	for (int i = 0; i < 2; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(clients[i], (struct sockaddr *)&addr, sizeof(addr)) != 0)
			give_up("connect");
	}
	first = accept(listener, NULL, NULL);
	wait_for_watcher();
	bare(SYS_close, first, 0, 0);
	second = (int)bare(SYS_accept, listener, 0, 0);
	getsockname(clients[1], (struct sockaddr *)&name, &len);
	printf("shutdown = %d\n", shutdown(clients[1], SHUT_WR));
	wait_for_watcher();
	printf("same %d\n", second == first);
	printf("recv = %zd\n", recv(second, &byte, 1, 0));
	getpeername(second, (struct sockaddr *)&peer, &len);
	printf("its own peer %d\n", peer.sin_port == name.sin_port);
	printf("close = %d\n", close(second) | close(clients[0]) | close(clients[1]) | close(listener));
}

/* One request of a ring, and its result. */
static int ring_close(int fd)
{
	struct io_uring_params params = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	struct io_uring_sqe *entry;
	struct io_uring_cqe *result;
	char *memory;
	int rc;

	if (ring < 0) {
		puts("no io_uring");
		exit(77);
	}
	memory = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(*result), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (memory == MAP_FAILED || (void *)entry == MAP_FAILED || !(params.features & IORING_FEAT_SINGLE_MMAP))
		give_up("mmap");
	entry->opcode = IORING_OP_CLOSE;
	entry->fd = fd;
	*(unsigned int *)(void *)(memory + params.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(void *)(memory + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		give_up("io_uring_enter");
	result = (struct io_uring_cqe *)(void *)(memory + params.cq_off.cqes);
	rc = result->res;
	close(ring);
	return rc;
}

static void ring(void)
{
	struct pair pair = open_pair();
	char byte;
	ssize_t got;

	printf("close = %d\n", ring_close(pair.client));
	printf("recv = %zd\n", recv(pair.server, &byte, 1, 0));
	got = send(pair.client, "x", 1, MSG_NOSIGNAL);
	printf("send = %zd %s\n", got, error_of(got));
	printf("close = %d\n", close(pair.server));
	say_end(open_pair());
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(close_unseen), HAZARD_CASE(dup2_unseen), HAZARD_CASE(replace_unseen),
	HAZARD_CASE(swap_unseen),  HAZARD_CASE(ring),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
