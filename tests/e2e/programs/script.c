/*
 * Makes the calls that its standard input names, one statement a line (or several with `;`
 * between them), and prints what each returned:
 *
 *     s=socket 4 stream; bind s 127.0.0.1 0; listen s 5
 *
 * prints `socket = 3`, `bind = 0`, `listen = 0` and, when the line is done, `.`. A failed call
 * prints the name of its errno (one that succeeds, too, where it has changed it), a read what came. Single letters are variables that hold
 * descriptors. `fork STATEMENTS` runs the rest of the line in a child and waits for it, `quiet`
 * ends all printing, `return N` returns from main. Everything else is in the script_*.h files.
 */
#include "script.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script_process.h"
#include "script_sockets.h"
#include "script_transfer.h"

/* What errno is before each call, so that a call that succeeds and changes it is seen. */
#define ERRNO_BEFORE ENOTBLK

struct script_state script;

static bool quiet;
static int returned = -1;

static const struct script_word *find_in(const struct script_word *words, const char *name)
{
	for (; words->name; words++) {
		if (strcmp(words->name, name) == 0)
			return words;
	}
	return NULL;
}

static const struct script_word *find(const char *name)
{
	const struct script_word *word = find_in(script_socket_words(), name);

	if (!word)
		word = find_in(script_transfer_words(), name);
	return word ? word : find_in(script_process_words(), name);
}

static void reply(const char *name, long ret, int error)
{
	if (quiet)
		return;
	printf("%s = %ld", name, ret);
	if (ret == -1 || error != ERRNO_BEFORE)
		printf("%s%s", ret == -1 ? " " : " errno ", error ? strerrorname_np(error) : "0");
	if (*script.received && ret > 0)
		printf(" \"%s\"", script.received);
	printf("%s%s\n", *script.extra ? " " : "", script.extra);
	fflush(stdout);
}

static void split(struct statement *s, char *text)
{
	char *rest;

	s->count = 0;
	for (char *word = strtok_r(text, " \n", &rest); word && s->count < SCRIPT_WORDS_MAX - 1;
	     word = strtok_r(NULL, " \n", &rest))
		s->word[s->count++] = word;
	s->word[s->count] = NULL;
}

/* True where the statement is of the script itself and no call. */
static bool run_own(const struct statement *s)
{
	if (script_says(s, 0, "quiet"))
		quiet = true;
	else if (script_says(s, 0, "return"))
		returned = script_number(s, 1);
	else
		return false;
	return true;
}

static void run_statement(char *text)
{
	struct statement s;
	const struct script_word *word;
	char variable = '\0';
	long ret;
	int error;

	split(&s, text);
	if (s.count == 0 || run_own(&s))
		return;
	if (islower(s.word[0][0]) && s.word[0][1] == '=') {
		variable = s.word[0][0];
		s.word[0] += 2;
	}
	word = find(s.word[0]);
	if (!word) {
		printf("unknown word %s\n", s.word[0]);
		exit(2);
	}
	memset(script.received, 0, sizeof(script.received));
	*script.extra = '\0';
	errno = ERRNO_BEFORE;
	ret = word->run(&s);
	error = errno;
	if (variable)
		script.variable[variable - 'a'] = (int)ret;
	reply(s.word[0], ret, error);
}

static void run_line(char *line)
{
	char *rest;

	for (char *text = strtok_r(line, ";", &rest); text && returned < 0; text = strtok_r(NULL, ";", &rest)) {
		int status = 0;
		pid_t pid;

		while (*text == ' ')
			text++;
		if (strncmp(text, "fork ", 5) != 0) {
			run_statement(text);
			continue;
		}
		pid = fork();
		if (pid == 0) {
			text += 5;
			run_statement(text);
			continue; /* The child has the rest of the line, and main ends it there. */
		}
		waitpid(pid, &status, 0);
		reply("fork", status, ERRNO_BEFORE);
		return;
	}
}

int main(void)
{
	static char line[8192];
	pid_t parent = getpid();

	/* Unbuffered, so that what exec() starts goes on with the next line. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (returned < 0 && fgets(line, sizeof(line), stdin)) {
		run_line(line);
		if (getpid() != parent)
			return 0;
		if (!quiet) {
			printf(".\n");
			fflush(stdout);
		}
	}
	return returned < 0 ? 0 : returned;
}
