"""Runs one module of CPython's own tests and writes a line for each case, by itself, as it ends.

    python3.11 cpython_cases.py RESULTS MODULE [--only CASE ...] [--without PATTERN ...]

Started natively and under the shim. The results file is opened for each line and closed again: tests of
descriptors find the same ones open as without this program. A case that crashes or hangs leaves its
`start` without an end, which is a result, too.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import unittest
from fnmatch import fnmatch
from typing import Any, Iterator

from test import support  # type: ignore[import]
from test.support import os_helper  # type: ignore[import]

# Not what takes gigabytes, minutes or a display. `network` is asked for by tests that stay on this machine, too.
RESOURCES = ["subprocess", "network"]


class Lines(unittest.TextTestResult):
    """Each case's start and end as lines `TIME WORD CASE`. A case may fail in several of its parts."""

    path = ""

    def say(self, word: str, case: unittest.TestCase) -> None:
        line = f"{time.time():.6f} {word} {case.id()}\n"
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.write(fd, line.encode("utf-8", "replace"))
        os.close(fd)

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.say("start", test)

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        self.say("stop", test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.say("passed", test)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self.say("failed", test)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self.say("failed", test)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.say("skipped", test)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self.say("passed", test)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self.say("failed", test)

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.say("failed", test)


def cases_of(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases_of(part)
        else:
            yield part


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("module")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--without", nargs="*", default=[])
    wanted = parser.parse_args()
    Lines.path = os.path.abspath(wanted.results)
    support.use_resources = RESOURCES
    support.verbose = True
    sys.argv[1:] = []
    with os_helper.temp_cwd(quiet=True):
        suite = unittest.TestSuite()
        for case in cases_of(unittest.defaultTestLoader.loadTestsFromName(wanted.module)):
            named = not wanted.only or case.id() in wanted.only
            if named and not any(fnmatch(case.id(), pattern) for pattern in wanted.without):
                suite.addTest(case)
        outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Lines).run(suite)
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
