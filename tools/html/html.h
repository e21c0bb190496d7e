/*
 * The report as one HTML page that refers to nothing outside itself: page.html with its styles and
 * scripts, which the build puts together (page.S), and in it what the model has, as JSON.
 *
 * That JSON is one object. Times are microseconds after `start`, which is microseconds since
 * 1970-01-01 UTC; a place, a connection or a process is referred to by its index, -1 is none.
 *
 *   v           1; a page reads what was written together with it and nothing else
 *   version     of tcpwaitspy
 *   start, length
 *   files       how many were read
 *   states      names of the states, by their number in spans and events
 *   processes   [{host, pid, ppid, exe, argv, options, start, end, ended}]
 *   texts       [[first line, [line, ...]]]: source code around places
 *   frames      [[[function, offset in it, module, offset in it, file, line, text], ...]]: for each frame what
 *               was inlined there, innermost first; text is an index into texts
 *   findings    worst first: [{rule, severity, cause, why, message, remedy, count, procs, first, last, place, stacks, evidence,
 *               conns}]; place is a frame, stacks {created, eof, closed, here: [frame, ...]}, evidence [[name, value]],
 *               conns [[connection, time]], time -1 where the log does not name the connection (members.h)
 *   waits       [[state, frame, connections, total, longest]], as the processes' summaries tell
 *   connections columns: proc, id, local, peer (indexes into strings), role (0 opened, 1 accepted, 2 listener),
 *               twin (the other side), made, eof, closed (frames: where it was made, its end of file first read, and
 *               it was ended last), end, events and spans (how many)
 *   spans       columns, those of the first connection first: t (start; the difference to the one before it of the same
 *               connection), d (length), s (state), o (1: not over when the log ended)
 *   events      columns in the same order: t (the same; when a call returned), d (duration in tenths; of a change
 *               without a call, how long the state before had lasted), call (0: none), fd, args, ret, err, before,
 *               state, flags (1 inferred, 2 end of file), tid, at (a frame); call, args and err are indexes into strings
 *   strings     each text once; 0 is ""
 *
 * Nothing in it can end the element that it stands in: `<` is written by its code.
 */
#ifndef TOOLS_HTML_HTML_H
#define TOOLS_HTML_HTML_H

#include <stdio.h>

#include "../model/model.h"

/* Writes the page; the model needs its events. What out could not take, out knows. */
void html_write(const struct model *model, FILE *out);

#endif
