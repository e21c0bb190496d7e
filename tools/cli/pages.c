/*
 * See pages.h.
 */
#include "pages.h"

#include <stddef.h>
#include <string.h>

const char *pages_find(const char *rule)
{
	for (const struct page *page = pages; page->rule; page++)
		if (strcmp(page->rule, rule) == 0)
			return page->text;
	return NULL;
}
