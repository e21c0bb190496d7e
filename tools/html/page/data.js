/*
 * Data: the report's columns as connections, findings and processes. html.h describes the columns.
 * Times are microseconds after the report's start.
 */
const report = JSON.parse(byId("data").textContent);
const STATES = report.states;
const LISTENER = 2, ACCEPTED = 1;
const INFERRED = 1, END_OF_FILE = 2;
const SEVERITIES = ["error", "warning", "note"];
const stateNumber = Object.fromEntries(STATES.map((name, number) => [name, number]));
const strings = report.strings.map(plain);

/* Undoes the differences from one to the next, which start anew with each connection. */
function sums(differences, counts) {
	const values = new Float64Array(differences.length);
	let at = 0;
	for (const count of counts)
		for (let end = at + count, value = 0; at < end; at++)
			values[at] = value += differences[at];
	return values;
}

const spans = {
	t: sums(report.spans.t, report.connections.spans), d: report.spans.d, state: report.spans.s, open: report.spans.o,
};
const events = { ...report.events, t: sums(report.events.t, report.connections.events) };
const texts = report.texts.map(([first, lines]) => ({ first, lines: lines.map(plain) }));
/* For each frame what was inlined there, innermost first. */
const frames = report.frames.map((names) => names.map(([fn, fnOffset, module, offset, file, line, text]) => ({
	fn: plain(fn), fnOffset, module: plain(module), offset, file: plain(file), line, text: text < 0 ? null : texts[text],
})));
const processes = report.processes.map((process, index) => ({
	...process, index, exe: plain(process.exe), argv: plain(process.argv), host: plain(process.host),
	name: plain(baseName(process.exe)), options: plain(process.options),
}));
const hosts = [...new Set(processes.map((process) => process.host))];
const connections = makeConnections();
const findings = report.findings.map((finding, index) => ({
	...finding, index, rule: plain(finding.rule), message: plain(finding.message), cause: plain(finding.cause),
	why: plain(finding.why),
	remedy: plain(finding.remedy), frame: finding.place < 0 ? null : frames[finding.place][0],
	members: finding.conns.map(([conn, at]) => ({ conn: connections[conn], at })),
}));
for (const finding of findings)
	for (const member of finding.members)
		member.conn.findings.push({ finding, at: member.at });
for (const process of processes)
	process.used = findings.some((finding) => finding.procs.includes(process.index));
for (const conn of connections)
	conn.process.used = true;
const reportLength = Math.max(report.length, 1);
const closeWaitState = stateNumber.CLOSE_WAIT;

function frameAt(index) {
	return index < 0 ? null : frames[index][0];
}

function makeConnections() {
	const columns = report.connections;
	const made = [];
	let span = 0, event = 0;

	for (let i = 0; i < columns.id.length; i++) {
		const conn = {
			index: i, process: processes[columns.proc[i]], id: columns.id[i], role: columns.role[i],
			local: strings[columns.local[i]], peer: strings[columns.peer[i]], twin: null,
			firstSpan: span, spanEnd: span + columns.spans[i],
			firstEvent: event, eventEnd: event + columns.events[i],
			states: 0, closeWait: 0, findings: [],
			made: frameAt(columns.made[i]), eof: frameAt(columns.eof[i]), closed: frameAt(columns.closed[i]),
		};
		span = conn.spanEnd;
		event = conn.eventEnd;
		for (let s = conn.firstSpan; s < conn.spanEnd; s++) {
			conn.states |= 1 << spans.state[s];
			if (spans.state[s] === stateNumber.CLOSE_WAIT)
				conn.closeWait += spans.d[s];
		}
		conn.open = conn.spanEnd > conn.firstSpan && Boolean(spans.open[conn.spanEnd - 1]);
		conn.lastState = conn.open ? spans.state[conn.spanEnd - 1] : stateNumber.CLOSED;
		conn.start = Math.min(conn.spanEnd > conn.firstSpan ? spans.t[conn.firstSpan] : Infinity,
			conn.eventEnd > conn.firstEvent ? events.t[conn.firstEvent] : Infinity);
		conn.end = columns.end[i];
		if (!isFinite(conn.start))
			conn.start = conn.end;
		made.push(conn);
	}
	for (const conn of made)
		if (columns.twin[conn.index] >= 0)
			conn.twin = made[columns.twin[conn.index]];
	return made;
}

/* The first event of [from, to) at or after a time. */
function eventAt(time, from, to) {
	while (from < to) {
		const middle = (from + to) >> 1;
		if (events.t[middle] < time)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

function processLabel(process) {
	return `${process.name} ${process.pid}` + (hosts.length > 1 ? ` on ${process.host}` : "");
}

/* A connection of which the logs have a finding and no call: who opened it is not told. */
function isUnseen(conn) {
	return conn.eventEnd === conn.firstEvent && conn.spanEnd === conn.firstSpan;
}

function arrow(conn) {
	return isUnseen(conn) ? "–" : conn.role === 0 ? "→" : "←";
}

function addresses(conn) {
	return `${conn.local || "*"} ${arrow(conn)} ${conn.peer || "*"}`;
}

function roleName(conn) {
	return isUnseen(conn) ? "held" : ["opened", "accepted", "listener"][conn.role];
}

/* The frames of a finding's stack by the name of its story, innermost first. */
function stackOf(finding, story) {
	return (finding.stacks[story] || []).flatMap((index) => frames[index]);
}

/* A place as people look for it: function, and file:line or module+offset. */
function placeText(frame) {
	return frame ? (frame.fn ? frame.fn + " " : "") + placeSpot(frame) : "place not known";
}

function placeSpot(frame) {
	if (frame.file)
		return `${baseName(frame.file)}:${frame.line}`;
	return frame.module ? `${baseName(frame.module)}+0x${frame.offset.toString(16)}` : "";
}

/* A call as strace would write it; a change of state without a call is told as such. */
function callText(event) {
	if (!events.call[event])
		return `${STATES[events.before[event]]} ended after ${duration(events.d[event] / 10)}`;
	const args = [events.fd[event] >= 0 ? events.fd[event] : null, strings[events.args[event]] || null];
	const error = events.err[event] ? " " + strings[events.err[event]] : "";
	const given = args.filter((arg) => arg !== null).join(", ");

	return `${strings[events.call[event]]}(${given}) = ${events.ret[event]}${error}`;
}
