"""What the shim said about a suite's programs, and which of it is known to be true.

Programs without a fault must get neither error nor warning. Tests that misuse sockets on purpose do get them; each of
those was looked at and stands in expected.txt with the reason. All others are false until somebody has looked.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Iterator, Optional

EXPECTED = Path(__file__).with_name("expected.txt")


@dataclass(frozen=True)
class Finding:
    """One error or warning: in which case of the suite it came, where cases have times."""

    suite: str
    case: str
    rule: str
    message: str


@dataclass(frozen=True)
class Expected:
    """A row of expected.txt."""

    suite: str
    rule: str
    case: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        return (
            fnmatchcase(finding.suite, self.suite)
            and finding.rule == self.rule
            and fnmatchcase(finding.case, self.case)
        )


def read_expected(path: Path = EXPECTED) -> list[Expected]:
    """Rows `SUITE RULE CASE REASON`; SUITE and CASE are globs, the reason goes on to the line's end."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            suite, rule, case, reason = line.split(None, 3)
            rows.append(Expected(suite, rule, case, reason))
    return rows


class Times:
    """Which case ran at a moment; a case is known by its start."""

    def __init__(self, starts: list[tuple[float, str]]) -> None:
        self.moments = [moment for moment, _ in starts]
        self.cases = [case for _, case in starts]

    def case_at(self, moment: float) -> str:
        index = bisect_right(self.moments, moment) - 1
        return self.cases[index] if index >= 0 else "-"


def records(room: Path) -> Iterator[dict[str, object]]:
    """The JSON logs of all processes of a suite. Raises ValueError at a line that is no JSON."""
    for path in sorted(room.glob("log.*")):
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    record: dict[str, object] = json.loads(line.decode("utf-8"))
                except ValueError as error:
                    raise ValueError(f"{path}:{number}: {error}: {line[:200]!r}") from error
                yield record


def read_findings(suite: str, room: Path, starts: list[tuple[float, str]]) -> list[Finding]:
    """The errors and warnings in a suite's JSON logs."""
    times = Times(starts)
    found = []
    for record in records(room):
        if record["type"] == "finding" and record["severity"] in ("error", "warning"):
            moment = datetime.fromisoformat(str(record["ts"]).replace("Z", "+00:00")).timestamp()
            found.append(Finding(suite, times.case_at(moment), str(record["rule"]), str(record["message"])))
    return found


def divide(found: list[Finding], expected: list[Expected]) -> tuple[Counter[Expected], list[Finding]]:
    """The true ones, counted by row, and the others."""
    true: Counter[Expected] = Counter()
    false = []
    for finding in found:
        row: Optional[Expected] = next((row for row in expected if row.covers(finding)), None)
        if row:
            true[row] += 1
        else:
            false.append(finding)
    return true, false
