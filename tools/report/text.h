/*
 * The report for people: findings by place, worst first; time in WAIT states; processes.
 */
#ifndef TOOLS_REPORT_TEXT_H
#define TOOLS_REPORT_TEXT_H

#include <stdbool.h>

#include "../cli/out.h"
#include "../model/model.h"

/* top: places shown, 0: all. */
void text_report(const struct out *out, const struct model *model, unsigned long top, bool verbose);

#endif
