/*
 * `tcpwaitspy ps`.
 */
#ifndef TOOLS_PS_PS_H
#define TOOLS_PS_PS_H

int ps_command(int argc, char **argv);

#endif
