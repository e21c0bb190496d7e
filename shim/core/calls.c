/*
 * The table of calls: an expansion of hooks.def.
 */
#include "../../include/tcpwaitspy/calls.h"

#define A(name, kind)                                                                                                  \
	{                                                                                                              \
#name, SPY_ARG_##kind                                                                                  \
	}
#define HOOK(symbol, need, op, ...) [SPY_CALL_##symbol] = {#symbol, SPY_OP_##op, {__VA_ARGS__}},

const struct spy_call_info spy_calls[SPY_CALL_COUNT] = {
#include "../../include/tcpwaitspy/hooks.def"
};
