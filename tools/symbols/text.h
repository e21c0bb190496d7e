/*
 * Source files by line: each is read once, and only where it is a regular file of a source's size.
 */
#ifndef TOOLS_SYMBOLS_TEXT_H
#define TOOLS_SYMBOLS_TEXT_H

struct text_file;

/* The line, NUL-ended; NULL: none. Files are kept in *list. */
const char *text_line(struct text_file **list, const char *path, int line);
void text_close(struct text_file *list);

#endif
