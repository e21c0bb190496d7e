"""Runs other people's programs and tests natively and under the shim, and compares each single case.

    run.py BUILD [--quick] [--suite GLOB ...] [--jobs N] [--keep DIRECTORY] [--report FILE]

Each suite plays in each mode, in network, process and mount namespaces of its own where that is allowed. A case is
  same        where its result under the shim is the native one, in all modes;
  unstable    where two native runs differ, or where what differed did so only once in four: named, not hidden;
  different   otherwise: a defect of the shim.
Findings with severity error or warning are held against expected.txt. Exit status 1: a difference, or a finding
that is not expected there and comes again when the suite is repeated. What is not installed is skipped with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Optional

import findings
from report import Row, print_row, print_table, write_report
from stage import Mode
from table import NATIVE, SUITES, Suite, modes_of

HERE = Path(__file__).parent
AGAIN = 3
BROKEN = "the suite"  # the case in which play.py, or this program, says that a suite did not come to its end

NAMESPACES = (
    ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"),
    ("unshare", "--net"),
    (),
)


@dataclass
class Played:
    """What one suite did in one mode."""

    results: dict[str, str] = field(default_factory=dict)
    found: list[findings.Finding] = field(default_factory=list)
    skipped: str = ""


@dataclass
class House:
    """Where suites are played, and how."""

    shim: Path
    room: Path
    namespaces: tuple[str, ...]

    def play(self, suite: Suite, mode: Mode, only: tuple[str, ...] = ()) -> Played:
        """Plays a suite in a process of its own, which gets a directory of its own."""
        # All rooms have names of one length: addresses of AF_UNIX have no room for a longer one.
        room = Path(tempfile.mkdtemp(dir=self.room))
        room.chmod(0o755)
        with (self.room / "rooms").open("a", encoding="utf-8") as rooms:
            rooms.write(f"{room.name} {suite.name} {mode.name} {' '.join(only)}\n")
        command = [*self.namespaces, sys.executable, "-B", str(HERE / "play.py")]
        command += [str(self.shim), str(room), suite.name, mode.name, *only]
        with (room / "player.out").open("wb") as out:
            player = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
            try:
                player.wait(suite.patience_s)
            except subprocess.TimeoutExpired:
                os.killpg(player.pid, 9)
                player.wait()
        return read_played(room, player.returncode, suite.patience_s)


def read_played(room: Path, status: int, patience_s: float) -> Played:
    path = room / "played.json"
    if not path.exists():
        last = (room / "player.out").read_text(encoding="utf-8", errors="replace")[-2000:]
        return Played({BROKEN: f"status {status} after at most {patience_s:g} s: {last}"})
    said = json.loads(path.read_text(encoding="utf-8"))
    found = [findings.Finding(**finding) for finding in said["found"]]
    return Played(said["results"], found, said["skipped"])


def first_that_works() -> tuple[str, ...]:
    """The namespaces that this machine allows."""
    for words in NAMESPACES:
        if not words:
            break
        try:
            done = subprocess.run(
                [*words, "ip", "link", "set", "lo", "up"], capture_output=True, check=False, timeout=20
            )
        except OSError:
            continue
        if done.returncode == 0:
            return words
    print("transparency: no namespaces of its own are allowed here; suites share the machine's network")
    return ()


def judge(house: House, suite: Suite, modes: tuple[Mode, ...], twice: bool) -> Row:
    """Plays a suite in all modes; cases that differ are tried again."""
    begun = time.monotonic()
    native = house.play(suite, NATIVE)
    row = Row(suite.name)
    if native.skipped:
        row.skipped = native.skipped
        return row
    if BROKEN in native.results:
        row.different[BROKEN] = native.results[BROKEN]
    second = house.play(suite, NATIVE) if twice else native
    under = {mode: house.play(suite, mode) for mode in modes}
    row.cases = len(native.results)
    for case in sorted(set(native.results).union(*(played.results for played in under.values()))):
        base = native.results.get(case, "absent")
        differing = {mode: got for mode, p in under.items() if (got := p.results.get(case, "absent")) != base}
        if second.results.get(case, "absent") != base:
            row.unstable[case] = "two native runs differ"
        elif differing:
            settle(house, suite, case, base, differing, row)
    for mode, played in under.items():
        weigh(house, suite, mode, played, row)
    row.seconds = time.monotonic() - begun
    return row


def weigh(house: House, suite: Suite, mode: Mode, played: Played, row: Row) -> None:
    """Findings that are not expected; what comes once in AGAIN + 1 plays hangs on chance, and is named."""
    expected = findings.read_expected()
    true, false = findings.divide(played.found, expected)
    row.true.update(true)
    if not false:
        return
    again = [house.play(suite, mode).found for _ in range(AGAIN)]
    repeated = {finding.rule for found in again for finding in findings.divide(found, expected)[1]}
    row.false += [finding for finding in false if finding.rule in repeated]
    row.once += [finding for finding in false if finding.rule not in repeated]


def settle(house: House, suite: Suite, case: str, base: str, differing: dict[Mode, str], row: Row) -> None:
    """Is it the shim, or was it chance? The case again, natively and in the first mode in which it differed."""
    mode, got = next(iter(differing.items()))
    only = (case,) if suite.singly else ()
    for _ in range(AGAIN):
        if house.play(suite, NATIVE, only).results.get(case, "absent") != base:
            row.unstable[case] = "differs natively when it is repeated"
            return
        if house.play(suite, mode, only).results.get(case, "absent") != base:
            row.different[case] = f"under {mode.name}:\n{got}\nnatively:\n{base}"
            return
    row.unstable[case] = f"differed once in {AGAIN + 1} under {mode.name}"


def parse(arguments: Optional[list[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The same suite with and without the shim.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--quick", action="store_true", help="the part that is run by make check")
    parser.add_argument("--suite", nargs="+", default=["*"], metavar="GLOB")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--keep", type=Path, help="leave what was printed and logged in this directory")
    parser.add_argument("--report", type=Path, help="write the table in Markdown")
    return parser.parse_args(arguments)


def main() -> int:
    wanted = parse()
    shim = (wanted.build / "libtcpwaitspy.so").resolve()
    if not shim.exists():
        print(f"transparency: {shim} is not built; run make first", file=sys.stderr)
        return 1
    if wanted.keep:
        wanted.keep.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="transparency.", dir=wanted.keep))
    room.chmod(0o755)
    house = House(shim, room.resolve(), first_that_works())
    chosen = [
        suite
        for suite in SUITES
        if any(fnmatch(suite.name, glob) for glob in wanted.suite) and (suite.quick or not wanted.quick)
    ]
    rows: list[Row] = []
    try:
        with ThreadPoolExecutor(wanted.jobs) as pool:
            jobs = [pool.submit(judge, house, s, modes_of(s, wanted.quick), not wanted.quick) for s in chosen]
            for job in jobs:
                rows.append(job.result())
                print_row(rows[-1])
    finally:
        if not wanted.keep:
            shutil.rmtree(room, ignore_errors=True)
    if wanted.report:
        write_report(rows, wanted.report)
    return print_table(rows)


if __name__ == "__main__":
    sys.exit(main())
