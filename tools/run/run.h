/*
 * `tcpwaitspy run`.
 */
#ifndef TOOLS_RUN_RUN_H
#define TOOLS_RUN_RUN_H

int run_command(int argc, char **argv);

#endif
