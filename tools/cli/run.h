/*
 * `tcpwaitspy run`.
 */
#ifndef TOOLS_CLI_RUN_H
#define TOOLS_CLI_RUN_H

int run_command(int argc, char **argv);

#endif
