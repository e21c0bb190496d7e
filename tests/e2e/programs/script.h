/*
 * The words of tests/e2e/programs/script.c: what a word gets, and what it may share with others.
 */
#ifndef PROGRAMS_SCRIPT_H
#define PROGRAMS_SCRIPT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SCRIPT_WORDS_MAX 12

/* One statement: word[0] is the name of the call, the rest its arguments. */
struct statement {
	int count;
	char *word[SCRIPT_WORDS_MAX];
};

struct script_word {
	const char *name;
	long (*run)(const struct statement *s);
};

/* The descriptors a to z; what is received; and what a word wants printed after its result. */
struct script_state {
	int variable[26];
	char received[256];
	char extra[320];
};

extern struct script_state script;

/* Argument i; "" where it was not given. */
static inline const char *script_arg(const struct statement *s, int i)
{
	return i < s->count ? s->word[i] : "";
}

/* A number, or the descriptor in a variable. */
static inline int script_number(const struct statement *s, int i)
{
	const char *text = script_arg(s, i);

	return *text >= 'a' && *text <= 'z' ? script.variable[*text - 'a'] : atoi(text);
}

static inline bool script_says(const struct statement *s, int i, const char *text)
{
	return strcmp(script_arg(s, i), text) == 0;
}

/* A port: a number, or @x for the local port of the socket in variable x. */
static inline in_port_t script_port(const struct statement *s, int i)
{
	const char *text = script_arg(s, i);
	struct sockaddr_in6 addr = {0};
	socklen_t len = sizeof(addr);

	if (*text != '@')
		return htons((in_port_t)atoi(text));
	getsockname(script.variable[text[1] - 'a'], (struct sockaddr *)&addr, &len);
	return addr.sin6_port; /* At the same place in sockaddr_in. */
}

/* The address in arguments i and i + 1; returns its length. */
static inline socklen_t script_address(const struct statement *s, int i, struct sockaddr_storage *storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (inet_pton(AF_INET, script_arg(s, i), &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = script_port(s, i + 1);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, script_arg(s, i), &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = script_port(s, i + 1);
	return sizeof(*v6);
}

/* The MSG_ flags from argument i on. */
static inline int script_msg_flags(const struct statement *s, int i)
{
	int flags = 0;

	for (; i < s->count; i++) {
		flags |= script_says(s, i, "peek") ? MSG_PEEK : 0;
		flags |= script_says(s, i, "dontwait") ? MSG_DONTWAIT : 0;
		flags |= script_says(s, i, "nosignal") ? MSG_NOSIGNAL : 0;
	}
	return flags;
}

#endif
