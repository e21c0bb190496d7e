"""Plays one suite in one mode and writes down what came out of it: play.py SHIM ROOM SUITE MODE [CASE ...]

Started by run.py inside the suite's namespaces, in which it is the first process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

import cpython
import findings
from stage import Stage, Unavailable, forget_left_logs
from table import MODES, SUITES


def main(shim: str, room: str, suite_name: str, mode_name: str, *only: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stderr=subprocess.DEVNULL)
    suite = next(suite for suite in SUITES if suite.name == suite_name)
    mode = next(mode for mode in MODES if mode.name == mode_name)
    stage = Stage(mode, Path(shim), Path(room), only, suite.without)
    skipped = ""
    try:
        suite.play(stage)
    except Unavailable as reason:
        skipped = str(reason)
    except Exception:  # pylint: disable=broad-except
        # Whatever it was: a suite that ends early is a result, which run.py compares like all others.
        stage.say("the suite", traceback.format_exc())
    found = findings.read_findings(suite.name, stage.room, cpython.starts(stage.room))
    forget_left_logs()
    said = {"results": stage.results, "found": [asdict(finding) for finding in found], "skipped": skipped}
    (stage.room / "played.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
