/*
 * Main: draws everything once, and after that what a change of the view touches.
 */
function drawOrigin() {
	const last = day(reportLength);
	const until = (last === day(0) ? "" : last + " ") + clock(reportLength, 0);

	replace(byId("origin"), [`${day(0)} ${clock(0, 0)} to ${until} UTC`,
		`${many(events.t.length, "event")} from ${many(report.files, "file")}`,
		hosts.length > 3 ? many(hosts.length, "host") : hosts.join(", "), `tcpwaitspy ${plain(report.version)}`,
	].filter((part) => part).join(" · "));
	document.title = (total("error") ? many(total("error"), "error") + " · " : "") + "tcpwaitspy report";
}

function drawProcesses() {
	const rows = processes.filter((process) => process.used && processMatches(process)).slice(0, 500);
	const counted = new Map(processes.map((process) => [process, { all: 0, left: 0 }]));

	for (const conn of connections) {
		counted.get(conn.process).all += conn.role !== LISTENER;
		counted.get(conn.process).left += conn.open && conn.lastState === closeWaitState;
	}
	replace(byId("process-table"), el("table", null,
		tableHead("Process", "Host", "Command line", "#Connections", "#Left in CLOSE_WAIT", "Summary"),
		el("tbody", null, rows.map((process) => el("tr", null,
			el("th", { scope: "row" }, `${process.name} ${process.pid}`), el("td", null, process.host),
			el("td", { class: "argv" }, el("code", null, process.argv || process.exe)),
			numberCell(grouped(counted.get(process).all)),
			numberCell(grouped(counted.get(process).left), counted.get(process).left > 0),
			el("td", null, process.ended ? "yes" : "none: killed, or running still"))))));
}

function drawFiltered() {
	applyFilters();
	drawFindingList();
	orderLanes();
	drawDiagram();
	drawHistogram();
	drawProcesses();
}

/* On paper every finding stands with its code; the lanes stay as they are on the screen. */
function drawPaper() {
	replace(byId("paper"), el("h2", null, "Findings"),
		shownFindings.slice(0, 200).map((finding) => el("article", { class: "printed" }, findingBody(finding, false))));
}

function start() {
	readTheme();
	Object.assign(view, readHash(), { at: "" });
	drawOrigin();
	drawVerdict();
	makeFilters();
	makeTimeline();
	drawLegend();
	drawFiltered();
	drawFinding();
	drawConnection();
	revealLane();
	watch(["q", "rule", "proc", "state", "sev", "found"], drawFiltered);
	watch(["order"], orderLanes);
	watch(["f"], () => {
		drawFinding();
		markFinding();
		for (const link of document.querySelectorAll("#connection .found a"))
			link.setAttribute("aria-current", Number(link.dataset.finding) === view.f);
	});
	watch(["c"], () => {
		drawConnection();
		markMembers();
		revealLane();
	});
	addEventListener("hashchange", followHash);
	addEventListener("popstate", followHash);
	addEventListener("beforeprint", drawPaper);
	addEventListener("resize", () => {
		if (calls.conn)
			drawOwnLanes(document.querySelector(".own-lanes"), calls.conn);
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
		readTheme();
		drawLegend();
		drawConnection();
		askForLanes();
	});
}

start();
if (location.hash.includes("at="))
	followHash();
document.documentElement.dataset.ready = "yes";
