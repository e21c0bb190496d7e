/*
 * `tcpwaitspy explain`.
 */
#ifndef TOOLS_CLI_EXPLAIN_H
#define TOOLS_CLI_EXPLAIN_H

int explain_command(int argc, char **argv);

#endif
