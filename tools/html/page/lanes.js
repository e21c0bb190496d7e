/*
 * Lanes: draws connections over time on a canvas. What it costs depends on the pixels, not on the
 * number of events: of those that fall on one pixel only the first is looked at.
 */
const ROW_HEIGHT = 22, AXIS_HEIGHT = 20;

/* A piece of time laid over a piece of a canvas. */
function makeScale(from, to, left, width) {
	const perPixel = Math.max(to - from, 1) / Math.max(width, 1);

	return {
		from, to, left, width, perPixel,
		x: (time) => left + (time - from) / perPixel, time: (x) => from + (x - left) * perPixel,
	};
}

/* Fits the canvas to its place, in device pixels. Returns a pen in CSS pixels on a blank canvas. */
function penFor(canvas, width, height) {
	const ratio = devicePixelRatio || 1;
	const pen = canvas.getContext("2d");

	if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
		canvas.style.width = width + "px";
		canvas.style.height = height + "px";
	}
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	pen.clearRect(0, 0, width, height);
	return pen;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5,
	       1e6, 2e6, 5e6, 10e6, 15e6, 30e6, 60e6, 120e6, 300e6, 600e6, 1200e6, 1800e6, 3600e6,
	       7200e6, 14400e6, 21600e6, 43200e6, 86400e6];

function drawAxis(pen, scale, height) {
	const step = STEPS.find((us) => us / scale.perPixel >= 96) || Math.ceil(scale.perPixel * 96 / 86400e6) * 86400e6;
	const digits = step >= 1e6 ? 0 : step >= 1e3 ? 3 : 6;
	const shift = report.start % step;

	pen.font = "11px system-ui, sans-serif";
	pen.textBaseline = "middle";
	for (let t = Math.ceil((scale.from + shift) / step) * step - shift; t <= scale.to; t += step) {
		const x = Math.round(scale.x(t)) + 0.5;

		pen.strokeStyle = theme.line;
		pen.beginPath();
		pen.moveTo(x, AXIS_HEIGHT - 4);
		pen.lineTo(x, height);
		pen.stroke();
		pen.fillStyle = theme.dim;
		const label = step >= 86400e6 ? day(t) : clock(t, digits);
		if (x + 3 + pen.measureText(label).width <= scale.left + scale.width)
			pen.fillText(label, x + 3, AXIS_HEIGHT / 2);
	}
}

function drawLane(pen, conn, scale, middle) {
	pen.save();
	pen.beginPath();
	pen.rect(scale.left, middle - ROW_HEIGHT / 2, scale.width, ROW_HEIGHT);
	pen.clip();
	drawSpans(pen, conn, scale, middle);
	drawCalls(pen, conn, scale, middle);
	for (const { finding, at } of conn.findings)
		if (at >= 0)
			drawMark(pen, scale.x(at), middle, theme[finding.severity]);
	pen.restore();
}

function drawSpans(pen, conn, scale, middle) {
	for (let s = conn.firstSpan; s < conn.spanEnd; s++) {
		const look = theme.states[spans.state[s]];
		const last = s + 1 === conn.spanEnd;
		const x0 = Math.max(scale.x(spans.t[s]), scale.left - 8);
		const x1 = Math.min(scale.x(spans.t[s] + spans.d[s]), scale.left + scale.width + 8);

		if (x1 < scale.left || x0 > scale.left + scale.width || last && look.name === "CLOSED")
			continue;
		drawBar(pen, look, x0, Math.max(x1 - x0, 1), middle);
		if (look.height >= 11 && x1 - x0 > 84)
			nameBar(pen, look, Math.max(x0, scale.left) + 5, middle);
	}
}

/* On a patterned bar the name gets a plain ground. */
function nameBar(pen, look, x, middle) {
	pen.font = "600 9px system-ui, sans-serif";
	pen.textBaseline = "middle";
	if (look.pattern) {
		pen.fillStyle = look.fill;
		pen.fillRect(x - 2, middle - look.height / 2, pen.measureText(look.name).width + 4, look.height);
	}
	pen.fillStyle = look.ink;
	pen.fillText(look.name, x, middle + 0.5);
}

function drawCalls(pen, conn, scale, middle) {
	let event = eventAt(scale.from, conn.firstEvent, conn.eventEnd);

	while (event < conn.eventEnd && events.t[event] <= scale.to) {
		const x = Math.round(scale.x(events.t[event]));
		const next = eventAt(scale.time(x + 0.5), event + 1, conn.eventEnd);

		if (events.call[event])
			drawCall(pen, event, scale, x, middle);
		event = next;
	}
}

function drawCall(pen, event, scale, x, middle) {
	const failed = events.err[event] && !["EAGAIN", "EINPROGRESS"].includes(strings[events.err[event]]);
	const began = scale.x(events.t[event] - events.d[event] / 10);

	pen.fillStyle = pen.strokeStyle = theme.text;
	if (x - began > 3) {
		pen.globalAlpha = 0.45;
		pen.fillRect(began, middle + 8, x - began, 1.5);	/* it waited in the call */
		pen.globalAlpha = 1;
	}
	if (failed) {
		pen.strokeStyle = theme.error;
		pen.lineWidth = 2;
		pen.beginPath();
		pen.moveTo(x - 3, middle - 3);
		pen.lineTo(x + 3, middle + 3);
		pen.moveTo(x + 3, middle - 3);
		pen.lineTo(x - 3, middle + 3);
		pen.stroke();
		pen.lineWidth = 1;
		return;
	}
	pen.fillRect(x, middle - 9, 1, 18);
	if (events.flags[event] & END_OF_FILE) {
		pen.beginPath();
		pen.moveTo(x - 3, middle - 10);
		pen.lineTo(x + 4, middle - 10);
		pen.lineTo(x + 0.5, middle - 4);
		pen.fill();
	}
}

function drawMark(pen, x, middle, colour) {
	pen.fillStyle = colour;
	pen.strokeStyle = theme.page;
	pen.beginPath();
	pen.moveTo(x, middle - 7);
	pen.lineTo(x + 5, middle);
	pen.lineTo(x, middle + 7);
	pen.lineTo(x - 5, middle);
	pen.closePath();
	pen.fill();
	pen.stroke();
}

/* What is at a time in a lane: the finding or call within 5 pixels, or the state. */
function whatIsAt(conn, scale, x) {
	const time = scale.time(x);
	const reach = 5 * scale.perPixel;
	const found = conn.findings.find(({ at }) => at >= 0 && Math.abs(at - time) <= reach);

	if (found)
		return { finding: found.finding };
	const after = eventAt(time, conn.firstEvent, conn.eventEnd);
	let best = -1;
	for (const event of [after - 1, after])
		if (event >= conn.firstEvent && event < conn.eventEnd && Math.abs(events.t[event] - time) <= reach &&
		    (best < 0 || Math.abs(events.t[event] - time) < Math.abs(events.t[best] - time)))
			best = event;
	if (best >= 0)
		return { event: best };
	for (let s = conn.firstSpan; s < conn.spanEnd; s++)
		if (time >= spans.t[s] && time < spans.t[s] + spans.d[s])
			return { span: s };
	return {};
}

/* The same as text for a tip. */
function tipFor(conn, what) {
	const head = el("p", { class: "dim" }, `#${conn.id} of ${processLabel(conn.process)}, ${addresses(conn)}`);

	if (what.finding)
		return [head, el("p", null, severityMark(what.finding.severity), " ", what.finding.rule),
			el("p", null, what.finding.message)];
	if (what.event !== undefined)
		return [head, el("p", null, el("code", null, callText(what.event))), el("p", null, eventFacts(what.event))];
	if (what.span !== undefined)
		return [head, el("p", null, stateChip(spans.state[what.span]), ` for ${duration(spans.d[what.span])}`),
			el("p", { class: "dim" }, `from ${clock(spans.t[what.span])} UTC`)];
	return [head];
}

function eventFacts(event) {
	const before = events.before[event], state = events.state[event];
	const after = (events.flags[event] & INFERRED ? "~" : "") + STATES[state];
	const took = events.call[event] ? `took ${duration(events.d[event] / 10)}, thread ${events.tid[event]}, ` : "";

	return `${before === state ? after : STATES[before] + " → " + after}; ${took}${clock(events.t[event])} UTC`;
}

/* Shows a tip beside a point of the window; nothing hides it. */
function showTip(x, y, content) {
	const tip = byId("tip");

	replace(tip, content);
	tip.hidden = false;
	const { width, height } = tip.getBoundingClientRect();
	tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 8)) + "px";
	tip.style.top = (y + 18 + height > innerHeight ? Math.max(4, y - height - 10) : y + 18) + "px";
}

function hideTip() {
	byId("tip").hidden = true;
}
