#!/usr/bin/env python3
"""Measures what the shim costs: bench.py BUILD_DIR, called by run.sh, which builds the workloads.

Prints a table, and writes it to BUILD_DIR/bench/results.json. Nothing is asserted: the budgets of
the design stand beside what was measured. Set BENCH_CORE to choose the core (the last one), and
BENCH_ROUNDS to take more or fewer samples of each mode than it says below (at least 7).
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Callable, Optional

import servers
import tracers
from lab import NATIVE, Budget, Lab, Mode, Row, Sample, compare, quartiles

LINE_TMPFS = "calls=all json flush=line, tmpfs"
LINE_DISK = "calls=all json flush=line, disk"
BUFFER = "calls=all json flush=buffer"
TEXT = "calls=all text flush=line, tmpfs"
NONE = "calls=none"
NONE_UNWATCHED = "calls=none watch=0"
IDLE_THREAD = "a thread that sleeps, no shim"
RECORD = "calls=none record=, tmpfs"
RECORD_DISK = "calls=none record=, disk"
LIFECYCLE = "calls=lifecycle json flush=line, tmpfs"
AGAIN = "native, a second time"
BY_HAND = "the system calls of calls=none, by hand"
LINE_BY_HAND = "the system calls of flush=line, by hand, tmpfs"

ROUNDS_BUDGETS = {
    NONE: Budget(1.00, 1.03),
    RECORD: Budget(1.20, 1.30),
    RECORD_DISK: Budget(1.20, 1.30),
    BUFFER: Budget(1.25, 1.45),
    LINE_TMPFS: Budget(1.50, 1.75),
    LINE_DISK: Budget(1.50, 1.75),
}
LIFE_BUDGETS = {
    NONE: Budget(1.15, 1.30),
    BUFFER: Budget(1.40, 1.70),
    LINE_TMPFS: Budget(1.40, 1.70),
    LINE_DISK: Budget(1.40, 1.70),
}
MANY_BUDGET = Budget(1.00, 1.10)
MEMORY_BUDGET = Budget(None, 256)
START_BUDGET = Budget(None, 0.5)


def all_modes(lab: Lab) -> dict[str, Mode]:
    """Every preload mode by its name; the first is the native one."""
    tmpfs = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else lab.bench
    json_line = "calls=all:format=json:flush=line:log=%log"
    modes = [
        Mode(NATIVE),
        Mode(AGAIN),
        Mode("empty hooks", lab.bench / "empty_hooks.so"),
        Mode("empty hooks + TCP_INFO", lab.bench / "tcp_info_hooks.so"),
        Mode(IDLE_THREAD, lab.bench / "idle_thread.so"),
        Mode(NONE, lab.shim, "calls=none:log=%log", tmpfs),
        Mode(NONE_UNWATCHED, lab.shim, "calls=none:watch=0:log=%log", tmpfs),
        Mode(RECORD, lab.shim, "calls=none:record=%log:log=/dev/null", tmpfs),
        Mode(RECORD_DISK, lab.shim, "calls=none:record=%log:log=/dev/null", lab.bench),
        Mode(LIFECYCLE, lab.shim, "calls=lifecycle:format=json:flush=line:log=%log", tmpfs),
        Mode(BUFFER, lab.shim, "calls=all:format=json:flush=buffer:log=%log", tmpfs),
        Mode(LINE_TMPFS, lab.shim, json_line, tmpfs),
        Mode(LINE_DISK, lab.shim, json_line, lab.bench),
        Mode(TEXT, lab.shim, "calls=all:format=text:flush=line:log=%log", tmpfs),
    ]
    return {mode.name: mode for mode in modes}


def pick(modes: dict[str, Mode], *names: str) -> list[Mode]:
    return [modes[name] for name in names]


def rounds_wanted(otherwise: int) -> int:
    """How many samples of each mode; 7 are the least that a median is taken of."""
    return max(7, int(os.environ.get("BENCH_ROUNDS", otherwise)))


def timed(lab: Lab, *command: str) -> Callable[[Mode], Sample]:
    """Takes one sample of a workload: its program and arguments."""
    program, *arguments = command
    return lambda mode: lab.run([lab.program(program), *arguments], mode)


def bench_rounds(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    samples = lab.in_turn(timed(lab, "rounds", "5000"), list(modes.values()), rounds_wanted(21))
    return compare("send+recv of 64 bytes", samples, ROUNDS_BUDGETS)


def bench_threads(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """Two threads on connections of their own, on any core: what they share shows as processor time."""
    command = [lab.program("rounds"), "5000", "1", "2"]
    chosen = pick(modes, NATIVE, AGAIN, NONE, RECORD, BUFFER, LINE_TMPFS)
    samples = lab.in_turn(lambda mode: lab.run(command, mode, pinned=False), chosen, rounds_wanted(9))
    return compare("send+recv in two threads", samples, {})


def bench_life(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """With a program that makes the shim's system calls itself: what no shim that asks as much can be below."""
    by_hand = {BY_HAND: "none", LINE_BY_HAND: "line"}
    preloaded = timed(lab, "life", "600")

    def take(mode: Mode) -> Sample:
        if mode.name not in by_hand:
            return preloaded(mode)
        return lab.run([lab.program("floor"), "600", by_hand[mode.name], str(lab.log_path(mode))], mode)

    floors = [Mode(name, log_dir=modes[LINE_TMPFS].log_dir) for name in by_hand]
    samples = lab.in_turn(take, [*modes.values(), *floors], rounds_wanted(15))
    return compare("life of one connection", samples, LIFE_BUDGETS)


def growth(
    lab: Lab, modes: list[Mode], workload: str, few: tuple[list[str], str], many: tuple[list[str], str]
) -> list[Row]:
    """How much more a mode costs, against native, with many connections than with few.

    few and many are a command and the prefix of what it prints. A sample is the quotient of both.
    """

    def take(mode: Mode) -> Sample:
        sample: Sample = {}
        little, much = (lab.run([lab.program(line[0]), *line[1:]], mode) for line, _ in (few, many))
        for member in ("ns", "cpu_ns"):
            sample[f"few_{member}"] = little[few[1] + member]
            sample[f"many_{member}"] = much[many[1] + member]
            sample[member] = sample[f"many_{member}"] / sample[f"few_{member}"]
        return sample

    samples = lab.in_turn(take, modes, rounds_wanted(7))
    rows = compare(workload, samples, {mode.name: MANY_BUDGET for mode in modes[1:]})
    for row in rows:
        own = samples[row.mode]
        row.value = statistics.median(sample["many_ns"] for sample in own)
        row.note = f"{statistics.median(sample['few_ns'] for sample in own):,.0f} ns with few"
    return rows


def bench_many(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """The cost of a call, and of a connection, must not grow with their number."""
    open_now = growth(
        lab,
        pick(modes, NATIVE, NONE, BUFFER),
        "send+recv with 9,000 open, against 10",
        (["rounds", "10000", "10"], ""),
        (["rounds", "20000", "9000"], ""),
    )
    ever_were = growth(
        lab,
        pick(modes, NATIVE, NONE),
        "life after 4,500 others, against 450",
        (["life", "500"], "last_"),
        (["life", "5000"], "last_"),
    )
    return open_now + ever_were


def bench_untracked(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    rows: list[Row] = []
    for kind, rounds in (("pipe", "40000"), ("unix", "15000"), ("udp", "6000")):
        chosen = pick(modes, NATIVE, AGAIN, "empty hooks", NONE, BUFFER)
        samples = lab.in_turn(timed(lab, "untracked", kind, rounds), chosen, rounds_wanted(11))
        rows += compare(f"write+read, untracked ({kind})", samples, {})
    return rows


def bench_start(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """The program is preloaded by start.c itself, which runs without."""

    def take(mode: Mode) -> Sample:
        preload = [str(mode.preload)] if mode.preload else []
        bare = Mode(mode.name, None, mode.options, mode.log_dir)
        return lab.run([lab.program("start"), "40", lab.program("nothing"), *preload], bare)

    chosen = pick(modes, NATIVE, AGAIN, "empty hooks", NONE, BUFFER)
    samples = lab.in_turn(take, chosen, rounds_wanted(11))
    rows = compare("start without sockets", samples, {})
    for row in rows:
        pairs = list(zip(samples[row.mode], samples[NATIVE]))
        row.low, row.compared, row.high = quartiles([(own["ns"] - base["ns"]) / 1e6 for own, base in pairs])
        row.cpu_low, row.cpu, row.cpu_high = quartiles([(own["cpu_ns"] - base["cpu_ns"]) / 1e6 for own, base in pairs])
        row.value, row.unit, row.compared_unit = row.value / 1e6, "ms", "ms more"
        row.budget = START_BUDGET if row.mode in (NONE, BUFFER) else None
    return rows


def bench_idle(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """Memory for each open connection, and what the watcher takes while nobody calls."""
    rows: list[Row] = []
    bytes_native = 0.0
    for mode in pick(modes, NATIVE, NONE, BUFFER):
        try:
            found = lab.run([lab.program("idle"), "4500", "3"], mode)
        except RuntimeError as error:
            lab.skip(f"memory, {mode.name}", str(error))
            continue
        if mode.name == NATIVE:
            bytes_native = found["bytes"]
        budget = MEMORY_BUDGET if mode.name != NATIVE else None
        more = found["bytes"] - bytes_native
        rows.append(
            Row("memory for an open connection", mode.name, found["bytes"], "B", more, "B more", budget=budget)
        )
        share = found["processor_us"] / 10000
        rows.append(
            Row("processor, 9,000 open and idle", mode.name, found["processor_us"] / 1000, "ms/s", share, "% of a core")
        )
    return rows


def number(value: float) -> str:
    """With as many digits as a verdict can turn on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def budget_number(value: Optional[float]) -> str:
    return "" if value is None else f"{value:g}" if value >= 10 else f"{value:.2f}"


def spread(low: Optional[float], high: Optional[float]) -> str:
    return "" if low is None or high is None else f"{number(low)}..{number(high)}"


def cells(row: Row) -> tuple[str, ...]:
    """A row as the table has it."""
    budget = row.budget
    ratio = f"x{number(row.compared)}" if row.compared_unit == "x" else f"{number(row.compared)} {row.compared_unit}"
    return (
        row.workload,
        row.mode,
        f"{number(row.value)} {row.unit}",
        ratio,
        spread(row.low, row.high),
        "" if row.cpu is None else number(row.cpu),
        spread(row.cpu_low, row.cpu_high),
        budget_number(budget.limit if budget else None),
        budget_number(budget.goal if budget else None),
        "; ".join(text for text in (row.verdict(), row.note) if text),
    )


def print_table(rows: list[Row]) -> None:
    heads = ("workload", "mode", "measured", "to native", "quartiles", "cpu", "quartiles", "limit", "goal", "")
    lines: list[tuple[str, ...]] = [heads, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    previous = ""
    for line in lines:
        shown = ("", *line[1:]) if line[0] == previous else line
        previous = line[0]
        print("  ".join(cell.ljust(width) for cell, width in zip(shown, widths)).rstrip())


def machine() -> dict[str, object]:
    """What the numbers were taken on, as far as it matters."""
    model = platform.processor()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "processor": model,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
    }


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: bench.py BUILD_DIR", file=sys.stderr)
        return 2
    cores = sorted(os.sched_getaffinity(0))
    lab = Lab(Path(sys.argv[1]).resolve(), int(os.environ.get("BENCH_CORE", cores[-1])))
    modes = all_modes(lab)
    host = machine()
    before = os.getloadavg()[0]
    began = time.monotonic()
    rows: list[Row] = []

    parts = (bench_rounds, bench_threads, bench_life, bench_many, bench_untracked, bench_start, bench_idle)
    others = (tracers.bench_tracers, tracers.bench_instructions, servers.bench_servers)
    for part in parts + others:
        part_began = time.monotonic()
        rows += part(lab, modes)
        print(f"bench: {part.__name__} took {time.monotonic() - part_began:.0f} s", file=sys.stderr)

    loads = f"load {before:.1f} before and {os.getloadavg()[0]:.1f} after"
    print(f"{host['processor']}, {host['cores']} cores, Linux {host['kernel']}, {host['libc']}")
    print(f"core {lab.core}, {loads}, {time.monotonic() - began:.0f} s\n")
    print_table(rows)
    results = {
        "version": 1,
        "date": date.today().isoformat(),
        "machine": host,
        "core": lab.core,
        "seconds": round(time.monotonic() - began, 1),
        "rows": [asdict(row) | {"verdict": row.verdict()} for row in rows],
        "skipped": lab.skipped,
    }
    path = lab.bench / "results.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
