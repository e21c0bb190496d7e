/*
 * The pages of docs/rules/, which the build puts into the command (tools/embed.sh).
 */
#ifndef TOOLS_CLI_PAGES_H
#define TOOLS_CLI_PAGES_H

struct page {
	const char *rule; /* NULL: the last one */
	const char *text; /* Markdown */
};

extern const struct page pages[];

/* The text of a rule's page; NULL: there is none. */
const char *pages_find(const char *rule);

#endif
