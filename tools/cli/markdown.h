/*
 * Shows the Markdown that the pages of the rules are written in: headings, paragraphs, lists, fenced
 * code, `code`, [links](to). Text is wrapped, code is kept as it is.
 */
#ifndef TOOLS_CLI_MARKDOWN_H
#define TOOLS_CLI_MARKDOWN_H

#include "out.h"

void markdown_show(const struct out *out, const char *text, unsigned int width);

#endif
