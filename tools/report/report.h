/*
 * `tcpwaitspy report`.
 */
#ifndef TOOLS_REPORT_REPORT_H
#define TOOLS_REPORT_REPORT_H

int report_command(int argc, char **argv);

#endif
