"""Runs programs in one mode after the other, in turn, and compares what they print.

A mode is what a program is run with: a preload and the shim's options, or a tracer in front of
it. Each round runs every mode once, in an order that turns round from one round to the next, and
a mode is compared with the native run of the same round: what slows the machine down for a
second meets both. A result is the median of these ratios, with their quartiles as its noise.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

NATIVE = "native"

# What one run measured, by name: "ns" by the clock and, where it is known, "cpu_ns" of processor time.
Sample = dict[str, float]


@dataclass(frozen=True)
class Mode:
    """One way to run a program. `options` are the shim's, in which %log stands for the log's path."""

    name: str
    preload: Optional[Path] = None
    options: str = ""
    log_dir: Optional[Path] = None
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Budget:
    """What design.md allows: `limit` is the best that can be hoped for, `goal` what has to be met."""

    limit: Optional[float]
    goal: float


@dataclass
class Row:
    """One line of the table.

    `value` is in `unit` and by the clock. `compared` is what the budget is about: mostly the ratio
    to native by the clock, for which low and high are its quartiles. `cpu` is the same ratio by
    processor time, which is the better one while other programs run on the machine.
    """

    workload: str
    mode: str
    value: float
    unit: str
    compared: float
    compared_unit: str = "x"
    low: Optional[float] = None
    high: Optional[float] = None
    cpu: Optional[float] = None
    cpu_low: Optional[float] = None
    cpu_high: Optional[float] = None
    samples: int = 1
    budget: Optional[Budget] = None
    note: str = ""

    def verdict(self) -> str:
        """Where the row stands, by processor time where that is known; a matter of print, nothing fails."""
        if not self.budget:
            return ""
        return "met" if (self.compared if self.cpu is None else self.cpu) <= self.budget.goal else "over"


@dataclass
class Lab:
    """The machine's side of the bench: where things are, and on which core they run."""

    build: Path
    core: int
    skipped: list[str] = field(default_factory=list)

    @property
    def bench(self) -> Path:
        return self.build / "bench"

    @property
    def shim(self) -> Path:
        return self.build / "libtcpwaitspy.so"

    def program(self, name: str) -> str:
        return str(self.bench / name)

    def skip(self, what: str, why: str) -> None:
        """Says what is not measured and why, now and in the JSON."""
        self.skipped.append(f"{what}: {why}")
        print(f"bench: {what} skipped: {why}", file=sys.stderr)

    def log_path(self, mode: Mode) -> Path:
        return (mode.log_dir or self.bench) / f"tcpwaitspy-bench.{os.getpid()}.log"

    def environment(self, mode: Mode, log: Optional[Path] = None) -> dict[str, str]:
        """The environment of a program in this mode."""
        variables = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "TCPWAITSPY_OPTIONS")}
        if mode.preload:
            variables["LD_PRELOAD"] = str(mode.preload)
        if mode.options:
            variables["TCPWAITSPY_OPTIONS"] = mode.options.replace("%log", str(log or self.log_path(mode)))
        return variables

    def pinned(self, command: list[str], core: Optional[int] = None) -> list[str]:
        """The command on the bench's core, where taskset is installed."""
        if not shutil.which("taskset"):
            return command
        return ["taskset", "-c", str(self.core if core is None else core), *command]

    def run(self, command: list[str], mode: Mode, pinned: bool = True) -> Sample:
        """Runs a workload once in this mode; what it printed, by name. Raises RuntimeError where it failed."""
        line = [*mode.prefix, *command]
        done = subprocess.run(
            self.pinned(line) if pinned else line,
            env=self.environment(mode),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
        self.log_path(mode).unlink(missing_ok=True)
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            raise RuntimeError(f"{' '.join(command)} under {mode.name}: status {done.returncode}, {last[0]}")
        return dict(parse(done.stdout))

    def in_turn(self, take: Callable[[Mode], Sample], modes: list[Mode], rounds: int) -> dict[str, list[Sample]]:
        """`rounds` samples of every mode, A B C, C B A, ...; a mode that fails once is left out and said."""
        samples: dict[str, list[Sample]] = {mode.name: [] for mode in modes}
        failed: set[str] = set()
        for number in range(rounds):
            for mode in modes if number % 2 == 0 else list(reversed(modes)):
                if mode.name in failed:
                    continue
                try:
                    samples[mode.name].append(take(mode))
                except (RuntimeError, OSError, KeyError, subprocess.SubprocessError) as error:
                    failed.add(mode.name)
                    del samples[mode.name]
                    self.skip(mode.name, str(error))
        return samples


def parse(text: str) -> list[tuple[str, float]]:
    """The lines "NAME NUMBER" of a workload."""
    pairs: list[tuple[str, float]] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2:
            pairs.append((words[0], float(words[1])))
    return pairs


def quartiles(values: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def ratios_of(own: list[Sample], base: list[Sample], member: str) -> tuple[float, float, float]:
    """The quartiles of each sample's ratio to the native one of its round."""
    return quartiles([a[member] / b[member] for a, b in zip(own, base)])


def compare(workload: str, samples: dict[str, list[Sample]], budgets: dict[str, Budget]) -> list[Row]:
    """A row for each mode, against the native sample of the same round. Times are the smaller the better."""
    rows: list[Row] = []
    base = samples.get(NATIVE, [])
    for mode, own in samples.items():
        if not base:
            break
        row = Row(workload, mode, statistics.median(sample["ns"] for sample in own), "ns", 1.0)
        row.low, row.compared, row.high = ratios_of(own, base, "ns")
        if all(sample.get("cpu_ns", 0) > 0 for sample in own + base):
            row.cpu_low, row.cpu, row.cpu_high = ratios_of(own, base, "cpu_ns")
        row.samples = len(own)
        row.budget = budgets.get(mode)
        rows.append(row)
    return rows
