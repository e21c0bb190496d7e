"""The table: on the terminal while it comes in, and in Markdown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from findings import Expected, Finding


@dataclass
class Row:
    """What became of a suite. Cases by name, each with what there is to say."""

    suite: str
    cases: int = 0
    unstable: dict[str, str] = field(default_factory=dict)
    different: dict[str, str] = field(default_factory=dict)
    true: Counter[Expected] = field(default_factory=Counter)
    false: list[Finding] = field(default_factory=list)
    once: list[Finding] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    @property
    def same(self) -> int:
        return max(0, self.cases - len(self.unstable) - len(self.different))

    @property
    def failed(self) -> bool:
        return bool(self.different or self.false)


def print_row(row: Row) -> None:
    """A line as soon as a suite is done, and what there is to say about its cases."""
    if row.skipped:
        print(f"{row.suite:36} skipped: {row.skipped}", flush=True)
        return
    numbers = f"{row.cases:6} cases {row.same:6} same {len(row.unstable):3} unstable {len(row.different):3} different"
    print(
        f"{row.suite:36}{numbers}  findings: {sum(row.true.values())} expected, {len(row.false)} not"
        f"  {row.seconds:.0f} s",
        flush=True,
    )
    for case, why in row.unstable.items():
        print(f"    unstable: {case}: {why}")
    for case, why in row.different.items():
        print(f"    DIFFERENT: {case}\n" + "\n".join("        " + line for line in why.splitlines()[:60]))
    for finding, count in Counter(row.false).most_common(20):
        print(f"    NOT EXPECTED: {finding.rule} in {finding.case} ({count}): {finding.message}")
    for finding in row.once:
        print(f"    once: {finding.rule} in {finding.case}: {finding.message}")


def print_table(rows: list[Row]) -> int:
    """The sums, and the closing line; the exit status."""
    played = [row for row in rows if not row.skipped]
    for word, count in (
        ("cases", sum(row.cases for row in played)),
        ("same", sum(row.same for row in played)),
        ("unstable", sum(len(row.unstable) for row in played)),
        ("different", sum(len(row.different) for row in played)),
        ("findings expected", sum(sum(row.true.values()) for row in played)),
        ("findings not expected", sum(len(row.false) for row in played)),
    ):
        print(f"transparency: {word}: {count}")
    failed = sum(row.failed for row in played)
    print(f"{len(played) - failed} passed, {failed} failed, {len(rows) - len(played)} skipped")
    return 1 if failed else 0


def write_report(rows: list[Row], path: Path) -> None:
    """The table of docs/transparency.md."""
    lines = [
        "| suite | cases | same | unstable | different | findings expected | not expected |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.skipped:
            lines.append(f"| {row.suite} | skipped: {row.skipped} | | | | | |")
            continue
        numbers = (row.cases, row.same, len(row.unstable), len(row.different), sum(row.true.values()), len(row.false))
        lines.append(f"| {row.suite} | " + " | ".join(map(str, numbers)) + " |")
    lines += ["", "Unstable:", ""]
    lines += [f"- `{case}` ({row.suite}): {why}" for row in rows for case, why in row.unstable.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
