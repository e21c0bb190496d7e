/*
 * Words; see words.h.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

static void no_memory(void)
{
	fputs("tcpwaitspy: out of memory\n", stderr);
	_Exit(126);
}

void *words_room(size_t size)
{
	void *room = malloc(size);

	if (!room)
		no_memory();
	return room;
}

char *words_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(words_room(size), text, size);
}

char *words_join(const char *first, const char *second, const char *third)
{
	char *text = words_room(strlen(first) + strlen(second) + strlen(third) + 1);

	stpcpy(stpcpy(stpcpy(text, first), second), third);
	return text;
}

void words_wrap(FILE *out, const char *text, int used, int indent, int width)
{
	int column = used;

	if (used + 2 > indent) {
		fputc('\n', out);
		column = 0;
	}
	column += fprintf(out, "%*s", indent - column, "");
	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > indent && column + (int)len + 1 > width)
			column = fprintf(out, "\n%*s", indent, "") - 1;
		else if (column > indent)
			column += fprintf(out, " ");
		column += fprintf(out, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	fputc('\n', out);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int words_distance(const char *a, const char *b)
{
	unsigned int rows[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_len = strnlen(a, WORD_MAX);
	size_t b_len = strnlen(b, WORD_MAX);

	for (size_t i = 0; i <= a_len; i++)
		rows[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			unsigned int change = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			rows[i][j] = least(change, least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[a_len][b_len];
}

int words_are_near(const char *word, const char *name)
{
	size_t len = strlen(word);

	if (len >= 4 && strstr(name, word))
		return 1;
	return words_distance(word, name) <= (len < 6 ? 2 : len / 3);
}
