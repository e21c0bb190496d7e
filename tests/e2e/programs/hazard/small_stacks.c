/*
 * small_stacks CASE: handlers that make calls on a small stack, and an end of the process while one is set up.
 */
#include "strike.h"

#include <sys/mman.h>

static volatile sig_atomic_t strikes;
static volatile sig_atomic_t wrong;

/* A stack as small as the system says that a handler may have, between pages that nobody may touch. */
static void use_small_stack(size_t size)
{
	const size_t page = 4096;
	size_t room = (size + page - 1) / page * page;
	char *memory = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_size = size};

	if (memory == MAP_FAILED || mprotect(memory + page, room, PROT_READ | PROT_WRITE) != 0)
		give_up("mmap");
	stack.ss_sp = memory + page; /* Its lower end, to which it grows, is at the page. */
	if (sigaltstack(&stack, NULL) != 0)
		give_up("sigaltstack");
}

static void work_on_small_stack(int sig)
{
	int error = errno, fd;
	char byte;

	(void)sig;
	if (recv(pair.server, &byte, 1, MSG_DONTWAIT) != -1 || !exchange(pair) || close(pair.client) != 0 ||
	    recv(pair.server, &byte, 1, 0) != 0 || close(pair.server) != 0)
		wrong++;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || close(fd) != 0 || close(fd) != -1)
		wrong++;
	strikes++;
	errno = error;
}

static void small_stack_of(size_t size)
{
	/* Once on the large stack: the loader's lazy binding wants more than a small one has. */
	pair = open_pair();
	work_on_small_stack(SIGUSR1);
	use_small_stack(size);
	on_signal(SIGUSR1, work_on_small_stack, SA_ONSTACK);
	pair = open_pair();
	raise(SIGUSR1);
	printf("struck %d wrong %d\n", (int)strikes, (int)wrong);
}

static void small_stack(void)
{
	small_stack_of(8192);
}

/* What the signal's frame takes, and 2 KB. */
static void smallest_stack(void)
{
	small_stack_of((size_t)sysconf(_SC_MINSIGSTKSZ) + 2048);
}

/* The signal that ends the program comes while such a stack is set up, for other handlers. */
static void term_with_small_stack(void)
{
	use_small_stack(8192);
	pair = open_pair();
	for (int i = 0; i < 4; i++)
		open_pair();
	printf("raising\n");
	fflush(stdout);
	raise(SIGTERM);
}

static void term_with_smallest_stack(void)
{
	use_small_stack((size_t)sysconf(_SC_MINSIGSTKSZ));
	pair = open_pair();
	printf("raising\n");
	fflush(stdout);
	raise(SIGTERM);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(small_stack),
	HAZARD_CASE(smallest_stack),
	HAZARD_CASE(term_with_small_stack),
	HAZARD_CASE(term_with_smallest_stack),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
