"""CPython's own tests, a module for each suite, as Debian packages them (libpython3.11-testsuite)."""

from __future__ import annotations

from pathlib import Path

from stage import Stage, Unavailable

# Debian's interpreter, to which the packaged tests belong; another one of that name may come first in PATH.
PYTHON = "/usr/bin/python3.11"
TESTS = Path("/usr/lib/python3.11/test")
RUNNER = Path(__file__).with_name("cpython_cases.py")


def play(stage: Stage, module: str, patience_s: float) -> None:
    """All cases of a module; a case without an end is `no end`, which is what a crash or a hang leaves."""
    if not Path(PYTHON).exists() or not list(TESTS.glob(f"{module.split('.')[0]}*")):
        raise Unavailable("libpython3.11-testsuite is not installed")
    lines = stage.room / "cases"
    command = [PYTHON, "-B", str(RUNNER), str(lines), f"test.{module}"]
    if stage.only:
        command += ["--only", *stage.only]
    if stage.without:
        command += ["--without", *stage.without]
    ran = stage.run(command, patience_s=patience_s)
    (stage.room / "out").write_text(ran.told(), encoding="utf-8")
    stage.results.update(results_of(lines))
    if not stage.results:
        raise Unavailable(f"test.{module} ran no case: {ran.err.strip()[-300:]}")


def results_of(lines: Path) -> dict[str, str]:
    """Each case's result: the worst of what was said about it and its parts."""
    words: dict[str, list[str]] = {}
    for _, word, case in read(lines):
        words.setdefault(case, []).append(word)
    results = {}
    for case, said in words.items():
        if said.count("stop") < said.count("start"):
            results[case] = "no end"
        else:
            results[case] = next((word for word in ("failed", "passed", "skipped") if word in said), "no result")
    return results


def starts(room: Path) -> list[tuple[float, str]]:
    """When which case began."""
    return [(moment, case) for moment, word, case in read(room / "cases") if word == "start"]


def read(lines: Path) -> list[tuple[float, str, str]]:
    if not lines.exists():
        return []
    rows = []
    for line in lines.read_text(encoding="utf-8", errors="backslashreplace").splitlines():
        words = line.split(None, 2)
        if len(words) == 3:
            rows.append((float(words[0]), words[1], words[2]))
    return rows
