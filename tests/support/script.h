/*
 * Drives tests/e2e/programs/script.c, the program that makes the calls that it is told to make:
 * all at once, or line by line with something done in between. It runs in the test's temporary
 * directory.
 */
#ifndef SUPPORT_SCRIPT_H
#define SUPPORT_SCRIPT_H

#include "log.h"
#include "run.h"

/*
 * A listener in s, a connection in c and its accepted end in a, all on 127.0.0.1. They get the
 * descriptors 3, 4 and 5, and the shim numbers the connections 1, 2 and 3.
 */
#define SCRIPT_LISTENER "s=socket 4 stream; setsockopt s reuseaddr 1; bind s 127.0.0.1 0; listen s 5\n"
#define SCRIPT_PAIR	SCRIPT_LISTENER "c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s\n"
/* Its end as it should be: nobody loses data, and nothing is left open. */
#define SCRIPT_END "close c; recv a 100; close a; close s\n"

enum { SCRIPT_S_FD = 3, SCRIPT_C_FD, SCRIPT_A_FD };
enum { SCRIPT_S_CONN = 1, SCRIPT_C_CONN, SCRIPT_A_CONN };

/* The log that script_options() names. */
const char *script_log(void);
/* "log=...:format=json" and, after a colon, further options where there are any. */
const char *script_options(const char *further);

/* Runs these lines under the shim (plain: without it). */
struct run_result script_run(const char *options, const char *lines);
struct run_result script_run_plain(const char *lines);
/* Under the shim; it prints and ends as it does without. */
struct run_result script_run_same(const char *options, const char *lines);
/* The same with script_options(further); the log that came of it. */
struct log script_run_alike(const char *further, const char *lines);
/* With script_options(further), and exit status 0; the log that came of it. */
struct log script_run_logged(const char *further, const char *lines);

struct run_process *script_start(const char *options);
/* Says one line and waits until it is done. Returns its last reply. */
const char *script_say(struct run_process *script, const char *line);
/* The same, and fails unless the last reply is this one. */
void script_expect(struct run_process *script, const char *line, const char *reply);
/* Says each of several lines. */
void script_say_all(struct run_process *script, const char *lines);

#endif
