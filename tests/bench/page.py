"""Puts the tables of a run of `make bench` into docs/performance.md.

    page.py RESULTS.json PAGE.md

A table stands in the page between `<!-- NAME -->` and `<!-- end -->`; what is outside is left as it is. The names are
those of TABLES; one that the page does not have is an error, and so is a name that is unknown.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

Row = dict[str, Any]
SERVERS = ("redis-server", "nginx")
TRACERS = ("strace", "ltrace", "valgrind")
TABLE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def head(*cells: str, words: int) -> str:
    """The first columns are words, as is one without a name behind them, and the others numbers."""
    kinds = ["---" if place < words or not cell else "--:" for place, cell in enumerate(cells)]
    return line(*cells) + f"|{'|'.join(kinds)}|\n"


def ratio(value: float, digits: int = 2) -> str:
    return f"x{value:.{digits}f}"


def more(value: float) -> str:
    """Where a difference is told, and not a ratio; a small one has no sign."""
    return f"{value:+.2f} ms" if abs(value) >= 0.005 else "0.00 ms"


def is_ratio(row: Row) -> bool:
    """A workload of the shim's own, against the native program."""
    tracer = row["mode"].startswith(TRACERS) or row["workload"].startswith(SERVERS)
    return row["cpu"] is not None and not tracer and row["mode"] != "native"


def budget_cells(row: Row) -> tuple[str, str, str, str]:
    spread = f"{row['cpu_low']:.3f} .. {row['cpu_high']:.3f}"
    if row["compared_unit"] != "x":
        return f"{row['value']:.2f} {row['unit']}", more(row["compared"]), f"**{more(row['cpu'])}**", spread
    return f"{row['value']:,.0f} {row['unit']}", ratio(row["compared"]), f"**{ratio(row['cpu'], 3)}**", spread


def budgets(rows: list[Row], _: Row) -> str:
    names = ("workload", "mode", "one round", "by the clock", "processor time", "quartiles", "limit", "goal", "")
    text, previous = head(*names, words=2), ""
    for row in filter(is_ratio, rows):
        shown = "" if row["workload"] == previous else row["workload"]
        previous = row["workload"]
        budget = row["budget"] or {}
        limits = [f"{budget[name]:.2f}" if budget.get(name) is not None else "" for name in ("limit", "goal")]
        text += line(shown, row["mode"], *budget_cells(row), *limits, row["verdict"])
    return text


def growing(rows: list[Row], _: Row) -> str:
    """Memory, and what the watcher takes: a row each, a column for each mode of the shim."""
    wanted = {
        "memory for an open connection": ("memory for each open connection, bytes", 0),
        "processor, 9,000 open and idle": ("watcher with 9,000 open connections, ms of processor time a second", 1),
    }
    found = [row for row in rows if row["workload"] in wanted and row["mode"] != "native"]
    modes = list(dict.fromkeys(row["mode"] for row in found))
    text = head("", *modes, "goal", words=1)
    for workload, (name, digits) in wanted.items():
        own = {row["mode"]: row for row in found if row["workload"] == workload}
        goals = {f"{row['budget']['goal']:g}" for row in own.values() if row["budget"]}
        text += line(name, *(f"{own[mode]['value']:.{digits}f}" for mode in modes), " ".join(goals))
    return text


def tracers(rows: list[Row], _: Row) -> str:
    found = [row for row in rows if row["mode"].startswith(TRACERS)]
    workloads = list(dict.fromkeys(row["workload"] for row in found))
    text = head("", *workloads, words=1)
    shown = [(mode, mode) for mode in dict.fromkeys(row["mode"] for row in found)]
    own = ("calls=none", "calls=all json flush=line, tmpfs")
    for mode, name in shown + [(mode, f"the shim, {mode}") for mode in own]:
        of = {row["workload"]: row["compared"] for row in rows if row["mode"] == mode}
        text += line(name, *(ratio(of[w], 2 if of[w] < 2 else 1) if w in of else "-" for w in workloads))
    return text


def servers(rows: list[Row], _: Row) -> str:
    names = ("server and load", "mode", "requests/s", "a request by the clock", "server's processor time", "quartiles")
    text, previous = head(*names, words=2), ""
    for row in (row for row in rows if row["workload"].startswith(SERVERS)):
        shown = "" if row["workload"] == previous else row["workload"]
        previous = row["workload"]
        clock = f"{ratio(row['compared'])} ({row['low']:.2f} .. {row['high']:.2f})"
        spread = f"{row['cpu_low']:.3f} .. {row['cpu_high']:.3f}"
        requests = row["note"].removesuffix(" requests/s")
        text += line(shown, row["mode"], requests, clock, f"**{ratio(row['cpu'], 3)}**", spread)
    return text


def instructions(rows: list[Row], _: Row) -> str:
    text, previous = head("call", "mode", "instructions", "more than native", words=2), ""
    for row in (row for row in rows if row["unit"] == "Ir"):
        call = row["workload"].removeprefix("instructions, ")
        text += line("" if call == previous else call, row["mode"], f"{row['value']:,.0f}", f"{row['compared']:,.0f}")
        previous = call
    return text


def machine(_: list[Row], results: Row) -> str:
    of = results["machine"]
    return (
        f"{of['processor']}, {of['cores']} cores, Linux {of['kernel']}, {of['libc']}, on {results['date']}: "
        f"{results['seconds']:.0f} s in all, with a load of {of['load'][0]:.1f} at the start.\n"
    )


TABLES = {
    "machine": machine,
    "budgets": budgets,
    "growing": growing,
    "tracers": tracers,
    "servers": servers,
    "instructions": instructions,
}


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: page.py RESULTS.json PAGE.md", file=sys.stderr)
        return 2
    results = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    page = Path(sys.argv[2])
    text = page.read_text(encoding="utf-8")
    there = {match.group(2) for match in TABLE.finditer(text)}
    if there != set(TABLES):
        print(f"page.py: {page} has the tables {sorted(there)}; wanted are {sorted(TABLES)}", file=sys.stderr)
        return 1
    filled = TABLE.sub(lambda m: m.group(1) + TABLES[m.group(2)](results["rows"], results) + m.group(3), text)
    page.write_text(filled, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
