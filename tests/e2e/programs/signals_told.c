/*
 * Says each signal that it gets, once for each time, and ends with the status 5 on SIGUSR2. With an
 * argument: the signals that it leaves at their default. Says "ready" first.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	static const int told[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGALRM};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		int left = 0;

		for (int j = 1; j < argc; j++)
			left |= strcmp(argv[j], sigabbrev_np(told[i])) == 0;
		if (!left)
			sigaddset(&set, told[i]);
	}
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(&set, &info);

		if (sig == -1)
			continue;
		if (sig == SIGRTMIN)
			printf("RTMIN\n");
		else if (info.si_code == SI_QUEUE)
			printf("%s %d\n", sigabbrev_np(sig), info.si_value.sival_int);
		else
			printf("%s\n", sigabbrev_np(sig));
		fflush(stdout);
		if (sig == SIGUSR2)
			return 5;
	}
}
