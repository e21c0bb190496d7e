"""Where a suite plays: one mode, a directory and a network of its own, and what it writes down.

A suite is a function that gets a Stage, runs programs through it and says what came out of each of its cases. The
same function is played natively and under the shim, and knows not which; results are compared as text, so what
differs between two native runs (pids, times, ports) has to be blurred by the suite.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Callable, Iterator, Optional, Sequence, Union

PATIENCE_S = 60.0

Sink = Union[int, IO[bytes]]

# What the text log writes on stderr, by the contract: every line has the pid between equal signs.
SHIM_LINE = re.compile(rb"==\d+== .*\n?")
GOES_ON = re.compile(rb"the log goes on in (/tmp/tcpwaitspy\.\d+\.log)")


# Files in which the shim said that it goes on, where a program gave up its stderr.
left_logs: set[bytes] = set()


class Unavailable(Exception):
    """A program that the suite needs is not here; the message says which."""


@dataclass(frozen=True)
class Mode:
    """One way to run programs: natively (no options), or under the shim. %log stands for the log's path."""

    name: str
    options: Optional[str] = None
    watched: bool = True


@dataclass(frozen=True)
class Ran:
    """How a program ended. The shim's own lines are not in `err`, and text that is no UTF-8 is kept as escapes."""

    status: int
    out: str
    err: str

    def told(self) -> str:
        """All that a user would notice, as a case's result."""
        return f"status {self.status}\n{self.out}\n-- stderr\n{self.err}"


@dataclass
class Stage:
    """One suite in one mode."""

    mode: Mode
    shim: Path
    room: Path
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    results: dict[str, str] = field(default_factory=dict)

    def say(self, case: str, result: str) -> None:
        """What came out of a case, with the room's name left out. A case said twice has both results, in order."""
        result = result.replace(str(self.room), "ROOM")
        said = self.results.get(case)
        self.results[case] = result if said is None else f"{said}\n{result}"

    def need(self, *programs: str) -> None:
        """Raises Unavailable unless all of these are installed."""
        for program in programs:
            if not shutil.which(program):
                raise Unavailable(f"{program} is not installed")

    def need_user(self, user: str) -> None:
        """Raises Unavailable unless this user is there and can load the shim, and this process can become it."""
        command = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "test", "-r", str(self.shim)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            raise Unavailable(f"there is no user {user} who can read the shim")

    def directory(self, name: str) -> Path:
        """A directory below the room, made anew, that other users may enter."""
        path = self.room / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o755)
        return path

    def environment(self, watched: bool = True) -> dict[str, str]:
        """A program's environment in this mode; without the shim where `watched` is false."""
        keep = {k: v for k, v in os.environ.items() if k not in ("LD_PRELOAD", "TCPWAITSPY_OPTIONS")}
        keep["LC_ALL"] = "C.UTF-8"
        if watched and self.mode.watched:
            keep["LD_PRELOAD"] = str(self.shim)
            if self.mode.options:
                keep["TCPWAITSPY_OPTIONS"] = self.mode.options.replace("%log", str(self.room / "log.%p"))
        return keep

    def popen(
        self,
        command: Sequence[str],
        watched: bool = True,
        stdin: int = subprocess.DEVNULL,
        stdout: Sink = subprocess.PIPE,
        stderr: Sink = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Starts a program in a process group of its own."""
        return subprocess.Popen(
            list(command),
            env=self.environment(watched),
            cwd=self.room,
            start_new_session=True,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )

    def run(self, command: Sequence[str], text: str = "", watched: bool = True, patience_s: float = PATIENCE_S) -> Ran:
        """Runs a program to its end, with this text as standard input. One that hangs is killed: status -9."""
        process = self.popen(command, watched, stdin=subprocess.PIPE)
        return collect(process, text.encode(), patience_s)

    @contextmanager
    def serving(
        self, command: Sequence[str], port: int, end: signal.Signals = signal.SIGTERM, watched: bool = True
    ) -> Iterator["Server"]:
        """A server that listens on the port when the block begins, and is ended after it."""
        out, err = self.room / f"out.{port}", self.room / f"err.{port}"
        with out.open("wb") as to, err.open("wb") as to_err:
            process = self.popen(command, watched, stdout=to, stderr=to_err)
        server = Server(process, out, err)
        try:
            wait_listening(port, lambda: process.poll() is None)
            yield server
        finally:
            server.stop(end)


@dataclass
class Server:
    """A program that runs beside the case, with its output in files."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def stop(self, end: signal.Signals = signal.SIGTERM, patience_s: float = 15.0) -> Ran:
        """Ends it, unless it has ended; how it did."""
        if self.process.poll() is None and end:
            self.process.send_signal(end)
        return self.wait(patience_s)

    def wait(self, patience_s: float = 15.0) -> Ran:
        """Waits until it ends by itself."""
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            kill_group(self.process)
        return Ran(self.process.returncode, readable(self.out.read_bytes()), plain(self.err.read_bytes()))


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a program that was started by popen(), with what it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def collect(process: subprocess.Popen[bytes], text: bytes, patience_s: float) -> Ran:
    try:
        out, err = process.communicate(text, timeout=patience_s)
    except subprocess.TimeoutExpired:
        kill_group(process)
        out, err = process.communicate()
    return Ran(process.returncode, readable(out), plain(err))


def readable(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def plain(data: bytes) -> str:
    """Standard error without the lines that the shim writes there in its text format."""
    left_logs.update(GOES_ON.findall(data))
    return readable(SHIM_LINE.sub(b"", data))


def forget_left_logs() -> None:
    """Removes the logs that programs without a stderr have left."""
    for path in left_logs:
        Path(os.fsdecode(path)).unlink(missing_ok=True)


def digest(data: bytes) -> str:
    """Bytes, in a result."""
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}"


def blur(text: str, pattern: str = r"\d+", to: str = "#") -> str:
    """The text with what differs from run to run replaced."""
    return re.sub(pattern, to, text)


def until(condition: Callable[[], bool], what: str, patience_s: float = 15.0) -> None:
    """Waits for a state; raises TimeoutError, naming it, when it does not come."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {patience_s:g} s")
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Asks the kernel, without making a connection."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                return True
    return False


def is_over(pid: int) -> bool:
    """True once a process has ended, whether or not anybody has waited for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_listening(port: int, alive: Callable[[], bool] = lambda: True) -> None:
    until(lambda: is_listening(port) or not alive(), f"a listener on port {port}")


def wait_quiet(port: int) -> None:
    """Waits until nobody listens on the port any more."""
    until(lambda: not is_listening(port), f"no listener on port {port}")


def free_port() -> int:
    """A port of this network that nobody has now; it is not given out for a connection of the kernel's choice."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
