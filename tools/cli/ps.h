/*
 * `tcpwaitspy ps`.
 */
#ifndef TOOLS_CLI_PS_H
#define TOOLS_CLI_PS_H

int ps_command(int argc, char **argv);

#endif
