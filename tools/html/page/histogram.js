/*
 * Histogram: how long connections sat in CLOSE_WAIT, by the place that put them there.
 */
const BIN_TOP = [1e2, 316, 1e3, 3162, 1e4, 31623, 1e5, 316228, 1e6, 3162278, 1e7, 31622777, 1e8, 316227766, 1e9,
		 3600e6, Infinity];
const BIN_NAMES = { 2: "1 ms", 4: "10 ms", 6: "100 ms", 8: "1 s", 10: "10 s", 12: "100 s", 15: "1 h" };

/* All were put there by one place where the summaries know no other, and only one process has such connections. */
const closeWaits = report.waits.filter(([state]) => state === closeWaitState);
const closeWaiters = new Set(connections.filter((conn) => conn.closeWait).map((conn) => conn.process));
const onlyPlace = closeWaits.length === 1 && closeWaits[0][1] >= 0 && closeWaiters.size === 1 ?
	frames[closeWaits[0][1]][0] : null;

/* The place of its finding; else where its end of file was read, or it was made; without any, what accepted it. */
function closeWaitPlace(conn) {
	const found = conn.findings.find(({ finding }) => ["close-wait-leak", "idle-close-wait"].includes(finding.rule));
	if (found && found.finding.frame)
		return placeText(found.finding.frame);
	if (conn.eof || onlyPlace || conn.made)
		return placeText(conn.eof || onlyPlace || conn.made);
	return `no place in the log (${conn.process.name}, ${roleName(conn)})`;
}

function closeWaitRows() {
	const rows = new Map();

	for (const conn of shownConnections) {
		if (!(conn.states & 1 << closeWaitState))
			continue;
		const place = closeWaitPlace(conn);
		if (!rows.has(place))
			rows.set(place, { place, bins: new Array(BIN_TOP.length).fill(0), times: [], left: 0, longest: conn });
		const row = rows.get(place);
		row.bins[BIN_TOP.findIndex((top) => conn.closeWait < top)]++;
		row.times.push(conn.closeWait);
		row.left += conn.open && conn.lastState === closeWaitState;
		if (conn.closeWait > row.longest.closeWait)
			row.longest = conn;
	}
	for (const row of rows.values()) {
		row.times.sort((a, b) => a - b);
		row.count = row.times.length;
		row.total = sumOf(row.times);
	}
	return [...rows.values(), ...toldRows(rows)].sort((a, b) => b.total - a.total);
}

/* Places of which only the summaries tell: the logs have no calls, or not of those connections. */
function toldRows(rows) {
	if (view.proc || view.q || view.found)
		return [];
	return closeWaits.filter(([, frame]) => frame >= 0)
		.map(([, frame, count, total, told]) => ({ place: placeText(frames[frame][0]), count, total, told }))
		.filter((row) => !rows.has(row.place));
}

function drawHistogram() {
	const rows = closeWaitRows();

	if (!rows.length) {
		replace(byId("histogram"), el("p", { class: "empty" }, "No connection as filtered was in CLOSE_WAIT."));
		return;
	}
	const highest = Math.max(...rows.flatMap((row) => row.bins || []));
	replace(byId("histogram"), el("table", { class: "histogram" },
		tableHead("Place", "#Connections", "#Still in it", "#Median", "#Longest", "#Total", "Each, on a logarithmic scale"),
		el("tbody", null, rows.map((row) => el("tr", null,
			el("th", { scope: "row" }, el("code", null, row.place)),
			numberCell(grouped(row.count)),
			numberCell(row.told ? "" : grouped(row.left), row.left > 0),
			numberCell(row.told ? "" : duration(median(row.times))),
			numberCell(row.told ? duration(row.told) : longestLink(row.longest)),
			numberCell(duration(row.total)),
			el("td", null, row.told ? dim("as the summary tells") : binsOf(row, highest)))))));
}

function longestLink(conn) {
	return link("#c=" + conn.index, null, () => chooseConnection(conn.index), duration(conn.closeWait));
}

function binsOf(row, highest) {
	const width = 20, height = 44;
	const drawing = svg("svg", {
		viewBox: `0 0 ${BIN_TOP.length * width} ${height + 14}`, class: "bins", role: "img", "aria-label": binsText(row),
	});

	row.bins.forEach((count, bin) => {
		const tall = count ? Math.max(Math.log1p(count) / Math.log1p(highest) * (height - 12), 2) : 0;

		if (count)
			drawing.append(svg("rect", { x: bin * width + 1, y: height - tall, width: width - 2, height: tall },
				svg("title", null, `${many(count, "connection")}, ${binText(bin)}`)),
				svg("text", { x: bin * width + width / 2, y: height - tall - 3 }, count));
		if (BIN_NAMES[bin])
			drawing.append(svg("line", { x1: (bin + 1) * width, x2: (bin + 1) * width, y1: height, y2: height + 3 }),
				svg("text", { x: (bin + 1) * width, y: height + 12, class: "bin-name" }, BIN_NAMES[bin]));
	});
	drawing.append(svg("line", { x1: 0, x2: BIN_TOP.length * width, y1: height, y2: height }));
	return drawing;
}

function binText(bin) {
	if (bin === 0)
		return "under " + duration(BIN_TOP[0]);
	return `${duration(BIN_TOP[bin - 1])} ` + (BIN_TOP[bin] === Infinity ? "or more" : `to ${duration(BIN_TOP[bin])}`);
}

function binsText(row) {
	return row.bins.map((count, bin) => count ? `${count}: ${binText(bin)}` : "").filter((text) => text).join("; ");
}
