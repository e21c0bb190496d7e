/*
 * How the values of calls are spelled: errno's names, and arguments by the names that man pages use.
 * For the logs, and for whoever reads a flight record.
 *
 * Locks: none. Signals: safe.
 */
#ifndef SPY_SPELL_SPELL_H
#define SPY_SPELL_SPELL_H

#include "../../include/tcpwaitspy/event.h"
#include "buf.h"

const char *spy_errno_name(int err); /* "EAGAIN"; NULL for numbers without a name */

/* The reason in a complaint: the same name, or that there is none. */
void spy_put_error(struct spy_buf *out, int err);

/* What the logs say of an argument: a number, a word, or nothing at all. */
enum spy_arg_form { SPY_FORM_ABSENT, SPY_FORM_NUMBER, SPY_FORM_WORD };
enum spy_arg_form spy_arg_form(const struct spy_event *ev, unsigned int index);

/* Writes it, without quotes. */
void spy_put_arg(struct spy_buf *out, const struct spy_event *ev, unsigned int index);

#endif
