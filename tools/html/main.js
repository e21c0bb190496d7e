/*
 * Main: draws everything once, and after that what a change of the view touches.
 */
function drawOrigin() {
	const last = day(reportLength);
	const until = (last === day(0) ? "" : last + " ") + clock(reportLength, 0);

	replace(byId("origin"), `${day(0)} ${clock(0, 0)} to ${until} UTC · ${many(events.t.length, "event")} from ${many(report.files, "file")}`,
		hosts.length ? ` · ${hosts.length > 3 ? many(hosts.length, "host") : hosts.join(", ")}` : "", ` · tcpwaitspy ${plain(report.version)}`);
	document.title = (total("error") ? many(total("error"), "error") + " · " : "") + "tcpwaitspy report";
}

function drawProcesses() {
	const rows = processes.filter((process) => process.used && processMatches(process));
	const count = (process, test) => connections.reduce((sum, conn) => sum + (conn.process === process && Boolean(test(conn))), 0);

	replace(byId("process-table"), el("table", null,
		el("thead", null, el("tr", null, ["Process", "Host", "Command line", "Connections", "Left in CLOSE_WAIT", "Summary"].map((name) => el("th", { scope: "col" }, name)))),
		el("tbody", null, rows.slice(0, 500).map((process) => el("tr", null,
			el("th", { scope: "row" }, `${process.name} ${process.pid}`), el("td", null, process.host), el("td", { class: "argv" }, el("code", null, process.argv || process.exe)),
			el("td", { class: "number" }, count(process, (conn) => conn.role !== LISTENER)),
			el("td", { class: "number" }, count(process, (conn) => conn.open && conn.lastState === closeWaitState)),
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
	addEventListener("resize", () => connections[view.c] && drawOwnLanes(document.querySelector(".own-lanes"), connections[view.c]));
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
