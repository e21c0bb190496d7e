"""Other tools on the same workloads, where they are installed, and instructions for each call."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

from lab import NATIVE, Lab, Mode, Row, Sample, compare

TRACED = "send,recv,sendto,recvfrom,socket,connect,accept,shutdown,close"
TRACER_SAMPLES = 3
FEW, MANY = 500, 2500


def tracer_modes(lab: Lab) -> list[Mode]:
    """A mode for each tracer that is installed; the others are said."""
    calls = TRACED.replace("send,recv,", "")
    commands: list[tuple[str, tuple[str, ...]]] = [
        ("strace", ("strace", "-f", "-o", "/dev/null")),
        ("strace, sockets only", ("strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}")),
        (
            "strace --seccomp-bpf, sockets only",
            ("strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={calls}"),
        ),
        ("ltrace, sockets only", ("ltrace", "-f", "-o", "/dev/null", "-e", TRACED.replace(",", "+"))),
        (
            "valgrind --tool=none --track-fds=yes",
            ("valgrind", "--tool=none", "--track-fds=yes", "--quiet", "--log-file=/dev/null"),
        ),
    ]
    modes: list[Mode] = []
    for name, prefix in commands:
        if shutil.which(prefix[0]):
            modes.append(Mode(name, prefix=prefix))
        else:
            lab.skip(name, "not installed")
    return modes


def by_the_clock(lab: Lab, command: list[str], mode: Mode) -> Sample:
    return {"ns": lab.run([lab.program(command[0]), *command[1:]], mode)["ns"]}


def bench_tracers(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """A few samples: these are factors, and not per cents."""
    rows: list[Row] = []
    work = (
        ("send+recv of 64 bytes", ["rounds", "1000"]),
        ("life of one connection", ["life", "150"]),
        ("write+read, untracked (pipe)", ["untracked", "pipe", "1000"]),
    )
    chosen = [modes[NATIVE], *tracer_modes(lab)]
    for workload, command in work:
        samples = lab.in_turn(
            # What a tracer takes is not in the processor time of the program that it traces.
            partial(by_the_clock, lab, command),
            chosen,
            TRACER_SAMPLES,
        )
        rows += [row for row in compare(workload, samples, {}) if row.mode != NATIVE]
    return rows


def instructions(lab: Lab, command: list[str], mode: Mode) -> int:
    """What callgrind counts for the whole program."""
    out = lab.bench / "callgrind.out"
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command],
        env=lab.environment(mode),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    Path(out).unlink(missing_ok=True)
    lab.log_path(mode).unlink(missing_ok=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise RuntimeError(f"callgrind of {command[0]} under {mode.name}: status {done.returncode}")
    return int(found.group(1))


def bench_instructions(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    """User-space instructions for one call, from the difference of a short run and a long one."""
    if not shutil.which("valgrind"):
        lab.skip("instructions for a call", "valgrind is not installed")
        return []
    rows: list[Row] = []
    names = (NATIVE, "empty hooks", "calls=none", "calls=all json flush=buffer", "calls=all json flush=line, tmpfs")
    work = (
        ("instructions, send or recv", ["rounds"], names),
        ("instructions, untracked read or write", ["untracked", "pipe"], names[:3]),
    )
    for workload, line, wanted in work:
        native = 0.0
        for name in wanted:
            mode = modes[name]
            command = [lab.program(line[0]), *line[1:]]
            try:
                few = instructions(lab, [*command, str(FEW)], mode)
                many = instructions(lab, [*command, str(MANY)], mode)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                lab.skip(f"{workload}, {name}", str(error))
                continue
            # Two calls in a round.
            each = (many - few) / (MANY - FEW) / 2
            native = each if name == NATIVE else native
            rows.append(Row(workload, name, each, "Ir", each - native, "more"))
    return rows
