/*
 * The predicates of the rules, one for each row of rules.def.
 *
 * Each gets the event, the record as it is after the event, and the finding prepared with what
 * every finding has; it returns whether the rule fires. Where it does, it may add cause, evidence and
 * story; where it does not, it leaves the finding alone, which is the next rule's then.
 *
 * Locks: the core's, held by the caller, who has blocked all signals.
 */
#ifndef SPY_CORE_PREDICATES_H
#define SPY_CORE_PREDICATES_H

#include "core.h"

#define RULE(id, name, severity, ops, often, message, remedy, source)                                                  \
	bool spy_rule_##id(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,       \
			   struct spy_finding *finding);
#include "../../include/tcpwaitspy/rules.def"

/* rules.c: adds a number to the finding's evidence. */
void spy_finding_add(struct spy_finding *finding, const char *name, int64_t number);

/* The same for the name of the process that holds something: evidence "holder_name". */
void spy_finding_add_holder_name(struct spy_finding *finding, const char name[16]);

/* Who still holds a connection, name and all, if that was found out. */
void spy_finding_add_holder(struct spy_finding *finding, const struct spy_holder *holder);

#endif
