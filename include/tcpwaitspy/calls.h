/*
 * The intercepted calls as numbers, with what the logs print of each: name, kind, arguments.
 * Everything here is an expansion of hooks.def.
 */
#ifndef TCPWAITSPY_CALLS_H
#define TCPWAITSPY_CALLS_H

#include <stdint.h>

enum spy_call_id {
#define HOOK(symbol, need, op, ...) SPY_CALL_##symbol,
#include "hooks.def"
	SPY_CALL_COUNT
};

/* What a call, or the watcher, does to a connection. The last three are no calls on it. */
enum spy_op {
	SPY_OP_NONE,
	SPY_OP_OPEN, /* socket(), and sockets found at start or received from others */
	SPY_OP_CONFIGURE,
	SPY_OP_BIND,
	SPY_OP_LISTEN,
	SPY_OP_CONNECT,
	SPY_OP_ACCEPT,
	SPY_OP_NAME,
	SPY_OP_READ,
	SPY_OP_WRITE,
	SPY_OP_SHUTDOWN,
	SPY_OP_DUP,
	SPY_OP_CLOSE,
	SPY_OP_EXEC, /* the process becomes another program, or starts one */
	SPY_OP_TICK, /* the watcher looked */
	SPY_OP_EXIT /* the program ends and the descriptor is open */
};

#define SPY_OPS	   (SPY_OP_EXIT + 1)
#define SPY_ON(op) (1u << SPY_OP_##op)

/* How an argument is spelled; shim/spell/args.c has a row for each. */
enum spy_arg_kind {
	SPY_ARG_NONE = 0,
	SPY_ARG_NUMBER,
	SPY_ARG_DOMAIN, /* AF_INET */
	SPY_ARG_SOCKET_TYPE, /* SOCK_STREAM|SOCK_CLOEXEC */
	SPY_ARG_SOCKET_FLAGS, /* SOCK_NONBLOCK|SOCK_CLOEXEC */
	SPY_ARG_LEVEL, /* SOL_SOCKET */
	SPY_ARG_OPTION, /* SO_REUSEADDR; depends on the level, the argument before it */
	SPY_ARG_VALUE, /* an int, or absent where the option is no int */
	SPY_ARG_ADDRESS, /* event->target, not event->arg */
	SPY_ARG_HOW, /* SHUT_WR */
	SPY_ARG_MSG_FLAGS, /* MSG_PEEK|MSG_DONTWAIT */
	SPY_ARG_FD_FLAGS, /* O_CLOEXEC */
	SPY_ARG_CLOSE_RANGE, /* CLOSE_RANGE_CLOEXEC */
	SPY_ARG_FCNTL, /* F_SETFL */
	SPY_ARG_IOCTL /* FIONREAD */
};

#define SPY_CALL_ARGS 3

struct spy_arg_info {
	const char *name; /* the member of the JSON log's `args` */
	enum spy_arg_kind kind;
};

struct spy_call_info {
	const char *name;
	enum spy_op op;
	struct spy_arg_info args[SPY_CALL_ARGS];
};

/* Indexed by enum spy_call_id; shim/core/calls.c. */
extern const struct spy_call_info spy_calls[SPY_CALL_COUNT];

#endif
