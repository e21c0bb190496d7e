/*
 * JSON as it is written piece by piece into a page: texts escaped so that they can stand inside a
 * script element, commas between members.
 */
#ifndef TOOLS_HTML_PAGE_JSON_H
#define TOOLS_HTML_PAGE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct page_json {
	FILE *file;
	bool inside; /* something stands before in this object or array: a comma comes first */
};

/* name NULL: an element of an array. open and close are brackets. */
void page_json_open(struct page_json *out, const char *name, char bracket);
void page_json_close(struct page_json *out, char bracket);
void page_json_number(struct page_json *out, const char *name, int64_t value);
/* NULL is "". Bytes that are no UTF-8 become U+FFFD. */
void page_json_text(struct page_json *out, const char *name, const char *text);

#endif
