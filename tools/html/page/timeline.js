/*
 * Timeline: the lanes of all connections that the filters let through. Only the rows in sight
 * exist; canvas and labels are drawn together, once a frame at most.
 */
const lanes = {
	order: [], rowOf: new Map(), from: 0, to: reportLength, asked: false, pool: [], drag: null, touches: new Map(),
};

function severityOf(conn) {
	return Math.min(SEVERITIES.length, ...conn.findings.map(({ finding }) => SEVERITIES.indexOf(finding.severity)));
}

const ORDERS = {
	worst: (a, b) => severityOf(a) - severityOf(b) || b.closeWait - a.closeWait || a.start - b.start,
	start: (a, b) => a.start - b.start,
	wait: (a, b) => b.closeWait - a.closeWait || a.start - b.start,
	process: (a, b) => a.process.index - b.process.index || a.id - b.id,
};

/* The two sides of a connection stand one under the other, also where the filters name only one. */
function orderLanes() {
	const sorted = [...shownConnections].sort(ORDERS[view.order] || ORDERS.worst);
	const placed = new Set();

	lanes.order = [];
	for (const conn of sorted)
		for (const side of [conn, conn.twin])
			if (side && !placed.has(side)) {
				placed.add(side);
				lanes.order.push(side);
			}
	lanes.rowOf = new Map(lanes.order.map((conn, row) => [conn, row]));
	byId("lane-size").style.height = lanes.order.length * ROW_HEIGHT + AXIS_HEIGHT + "px";
	byId("lanes").style.height = Math.max(3, Math.min(lanes.order.length, 18)) * ROW_HEIGHT + AXIS_HEIGHT + 2 + "px";
	byId("lane-count").textContent = many(lanes.order.length, "lane");
	askForLanes();
}

function askForLanes() {
	if (lanes.asked)
		return;
	lanes.asked = true;
	requestAnimationFrame(() => {
		lanes.asked = false;
		drawLanes();
	});
}

function labelWidth() {
	return byId("lanes").clientWidth < 600 ? 128 : 300;
}

function laneScale() {
	const left = labelWidth();

	return makeScale(lanes.from, lanes.to, left, Math.max(byId("lanes").clientWidth - left - 8, 40));
}

function drawLanes() {
	const box = byId("lanes");
	const width = box.clientWidth, height = box.clientHeight;
	const pen = penFor(byId("lane-canvas"), width, height);
	const scale = laneScale();
	const first = Math.floor(box.scrollTop / ROW_HEIGHT);
	const offset = AXIS_HEIGHT - box.scrollTop % ROW_HEIGHT;
	const count = Math.min(Math.ceil((height - offset) / ROW_HEIGHT) + 1, lanes.order.length - first);

	byId("lane-stage").style.height = height + "px";
	for (let i = 0; i < count; i++)
		drawRowGround(pen, lanes.order[first + i], width, offset + i * ROW_HEIGHT);
	drawAxis(pen, scale, height);
	for (let i = 0; i < count; i++)
		drawLane(pen, lanes.order[first + i], scale, offset + i * ROW_HEIGHT + ROW_HEIGHT / 2);
	pen.fillStyle = theme.page;
	pen.fillRect(0, 0, scale.left, AXIS_HEIGHT);
	placeRows(first, count, offset, scale.left);
}

function drawRowGround(pen, conn, width, top) {
	const chosen = connections[view.c];

	if (chosen && (conn === chosen || conn === chosen.twin)) {
		pen.fillStyle = theme.chosen;
		pen.fillRect(0, top, width, ROW_HEIGHT);
		if (conn === chosen) {
			pen.fillStyle = theme.accent;
			pen.fillRect(0, top, 3, ROW_HEIGHT);
		}
	}
}

function placeRows(first, count, offset, width) {
	while (lanes.pool.length < count) {
		const row = el("div", { role: "option", class: "lane-row" },
			["dot", "lane-name", "lane-peer"].map((name) => el("span", { class: name })));

		lanes.pool.push(row);
		byId("lane-rows").append(row);
	}
	lanes.pool.forEach((row, i) => {
		row.hidden = i >= count;
		if (!row.hidden)
			fillRow(row, lanes.order[first + i], first + i, offset + i * ROW_HEIGHT, width);
	});
	const chosen = lanes.rowOf.get(connections[view.c]);
	byId("lanes").setAttribute("aria-activedescendant", chosen >= first && chosen < first + count ? "lane-" + view.c : "");
}

function fillRow(row, conn, number, top, width) {
	row.style.transform = `translateY(${top}px)`;
	if (row.conn !== conn || row.laneWidth !== width) {
		const severity = SEVERITIES[severityOf(conn)];
		const second = conn.twin && lanes.order[number - 1] === conn.twin;

		row.conn = conn;
		row.laneWidth = width;
		row.style.width = width + "px";
		row.id = "lane-" + conn.index;
		row.dataset.conn = conn.index;
		row.children[0].className = "dot " + (severity || "");
		const narrow = width < 200;
		const name = narrow ? conn.process.name : processLabel(conn.process);
		const far = conn.role === LISTENER ? conn.local : conn.peer || conn.local || "*";
		row.children[1].textContent = `${second ? "└ " : ""}${name} #${conn.id}`;
		row.children[2].textContent = narrow ? "" : `${arrow(conn)} ${far}`;
		row.setAttribute("aria-label", laneLabel(conn));
		row.setAttribute("aria-posinset", number + 1);
		row.setAttribute("aria-setsize", lanes.order.length);
	}
	row.setAttribute("aria-selected", conn.index === view.c);
}

function laneLabel(conn) {
	const calls = conn.eventEnd - conn.firstEvent;
	const wait = conn.closeWait ? `, ${duration(conn.closeWait)} in CLOSE_WAIT` : "";
	const found = conn.findings.length ? ", " + conn.findings.map(({ finding }) => finding.rule).join(", ") : "";

	return `${processLabel(conn.process)}, connection ${conn.id}, ${roleName(conn)}, ${addresses(conn)}, ` +
		`last state ${STATES[conn.lastState]}${wait}, ${many(calls, "event")}${found}`;
}

/* Shows [from, to), never less than a microsecond a pixel's tenth and never more than there is. */
function showTime(from, to) {
	const margin = reportLength * 0.02;
	const length = Math.max(100, Math.min(to - from, reportLength + 2 * margin));

	lanes.from = Math.max(-margin, Math.min(from, reportLength + margin - length));
	lanes.to = lanes.from + length;
	const all = lanes.from <= 0 && lanes.to >= reportLength;
	change({ from: all ? "" : String(Math.round(lanes.from)), to: all ? "" : String(Math.round(lanes.to)) });
	askForLanes();
}

function zoom(factor, around = (lanes.from + lanes.to) / 2) {
	showTime(around - (around - lanes.from) * factor, around + (lanes.to - around) * factor);
}

function pan(part) {
	const by = (lanes.to - lanes.from) * part;

	showTime(lanes.from + by, lanes.to + by);
}

function showAll() {
	showTime(-reportLength * 0.02, reportLength * 1.02);
}

function fitConnection() {
	const conn = connections[view.c];

	if (!conn)
		return;
	const from = Math.min(conn.start, conn.twin ? conn.twin.start : Infinity);
	const to = Math.max(conn.end, conn.twin ? conn.twin.end : 0);
	showTime(from - (to - from) * 0.05 - 10, to + (to - from) * 0.05 + 10);
}

/* The chosen lane comes into sight in its box; the page does not move. */
function revealLane() {
	const row = lanes.rowOf.get(connections[view.c]);
	const box = byId("lanes");

	if (row !== undefined) {
		const top = row * ROW_HEIGHT, room = box.clientHeight - AXIS_HEIGHT - ROW_HEIGHT;

		if (top < box.scrollTop || top > box.scrollTop + room)
			box.scrollTop = Math.max(0, top - room / 2);
	}
	askForLanes();
}

function chooseRow(row) {
	const conn = lanes.order[Math.max(0, Math.min(row, lanes.order.length - 1))];

	if (conn)
		chooseConnection(conn.index);
}

function laneKey(event) {
	const row = lanes.rowOf.get(connections[view.c]) ?? -1;
	const page = Math.floor((byId("lanes").clientHeight - AXIS_HEIGHT) / ROW_HEIGHT);
	const keys = {
		ArrowDown: () => chooseRow(row + 1), ArrowUp: () => chooseRow(row - 1),
		PageDown: () => chooseRow(row + page), PageUp: () => chooseRow(row - page),
		Home: () => chooseRow(0), End: () => chooseRow(lanes.order.length - 1),
		ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15),
		"+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6),
		0: showAll, f: fitConnection, F: fitConnection, Escape: hideTip,
		Enter: () => byId("connection").focus(),
	};

	if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key])
		return;
	event.preventDefault();
	keys[event.key]();
}

function laneAt(event) {
	const box = byId("lanes").getBoundingClientRect();
	const y = event.clientY - box.top - AXIS_HEIGHT;

	const row = y < 0 ? -1 : Math.floor((y + byId("lanes").scrollTop) / ROW_HEIGHT);

	return { conn: lanes.order[row], x: event.clientX - box.left };
}

function laneWheel(event) {
	const scale = laneScale();

	if (event.ctrlKey || event.metaKey || event.altKey) {
		event.preventDefault();
		zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200))), scale.time(Math.max(laneAt(event).x, scale.left)));
	} else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
		event.preventDefault();
		pan((event.deltaX || event.deltaY) / scale.width);
	}
}

/* One finger or button drags the time along, two fingers spread it. */
function laneDown(event) {
	if (event.button !== 0)
		return;
	lanes.touches.set(event.pointerId, event.clientX);
	lanes.drag = { x: event.clientX, from: lanes.from, to: lanes.to, moved: false };
}

function laneMove(event) {
	if (!lanes.touches.has(event.pointerId)) {
		hoverLane(event);
		return;
	}
	const before = [...lanes.touches.values()];
	lanes.touches.set(event.pointerId, event.clientX);
	const now = [...lanes.touches.values()];
	if (now.length > 1) {
		const scale = laneScale(), box = byId("lanes").getBoundingClientRect();

		zoom(Math.max(Math.abs(before[0] - before[1]), 10) / Math.max(Math.abs(now[0] - now[1]), 10),
			scale.time((now[0] + now[1]) / 2 - box.left));
		lanes.drag.moved = true;
		return;
	}
	const by = event.clientX - lanes.drag.x;
	if (!lanes.drag.moved && Math.abs(by) < 4)
		return;
	if (!lanes.drag.moved)
		byId("lanes").setPointerCapture(event.pointerId);
	lanes.drag.moved = true;
	hideTip();
	const shift = -by * (lanes.drag.to - lanes.drag.from) / laneScale().width;
	showTime(lanes.drag.from + shift, lanes.drag.to + shift);
}

function laneUp(event) {
	const drag = lanes.touches.delete(event.pointerId) && lanes.drag;

	if (!lanes.touches.size)
		lanes.drag = null;
	if (drag && !drag.moved && event.type === "pointerup") {
		const { conn } = laneAt(event);
		if (conn) {
			chooseConnection(conn.index);
			showIfAlone(byId("connection"));
		}
	}
}

function hoverLane(event) {
	const { conn, x } = laneAt(event);
	const scale = laneScale();

	if (!conn)
		hideTip();
	else
		showTip(event.clientX, event.clientY, tipFor(conn, x < scale.left ? {} : whatIsAt(conn, scale, x)));
}

function makeTimeline() {
	const box = byId("lanes");

	if (view.from !== "" && Number(view.to) > Number(view.from))
		showTime(Number(view.from), Number(view.to));
	else
		showAll();
	box.addEventListener("scroll", askForLanes, { passive: true });
	box.addEventListener("keydown", laneKey);
	box.addEventListener("wheel", laneWheel, { passive: false });
	box.addEventListener("pointerdown", laneDown);
	box.addEventListener("pointermove", laneMove);
	for (const type of ["pointerup", "pointercancel"])
		box.addEventListener(type, laneUp);
	box.addEventListener("pointerleave", hideTip);
	new ResizeObserver(askForLanes).observe(box);
	byId("zoom-in").addEventListener("click", () => zoom(0.6));
	byId("zoom-out").addEventListener("click", () => zoom(1 / 0.6));
	byId("zoom-all").addEventListener("click", showAll);
	byId("zoom-one").addEventListener("click", fitConnection);
	byId("lane-order").value = view.order;
	byId("lane-order").addEventListener("input", (event) => change({ order: event.target.value }));
	byId("lane-found").addEventListener("input", (event) => change({ found: event.target.checked ? "1" : "" }));
	watch(["found"], () => byId("lane-found").checked = view.found === "1");
	watch(["order"], () => byId("lane-order").value = view.order);
	watch(["from", "to"], () => {
		const from = view.from === "" ? lanes.from : Number(view.from), to = view.to === "" ? lanes.to : Number(view.to);
		if (view.from !== "" && (Math.round(lanes.from) !== from || Math.round(lanes.to) !== to))
			showTime(from, to);
	});
	byId("lane-found").checked = view.found === "1";
}
