"""Real servers under load, with and without the shim: redis-server and nginx.

One server for each mode runs all the time, each on a port of its own, and the load goes to one
after the other in turn. The servers share one core, the load generator has another. A request's
time by the clock is that of both and of their waiting; its processor time is the server's alone.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Callable, Optional

from lab import NATIVE, Lab, Mode, Row, Sample, compare

SAMPLES = 7
START_PATIENCE_S = 5.0

# Puts load on a port; how many requests were answered, and in how many seconds.
Load = Callable[[int], tuple[float, float]]


class Server:
    """A server in one mode, in a directory of its own that goes with it."""

    def __init__(self, lab: Lab, mode: Mode, port: int, command: list[str], log: Path) -> None:
        self.port = port
        self.log = log
        self.process = subprocess.Popen(
            lab.pinned(command),
            env=lab.environment(mode, log),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait_ready(self) -> None:
        """Returns when the port answers; raises RuntimeError when it does not."""
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server did not start")

    def processor_ns(self) -> float:
        """Processor time of the server and its children so far, all threads (schedstat is in nanoseconds)."""
        total = 0.0
        for pid in (self.process.pid, *children_of(self.process.pid)):
            for task in Path(f"/proc/{pid}/task").iterdir():
                total += float((task / "schedstat").read_text(encoding="utf-8").split()[0])
        return total

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def children_of(pid: int) -> list[int]:
    """The processes that this one's first thread has forked."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(word) for word in text.split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def output_of(lab: Lab, command: list[str]) -> str:
    """What a load generator prints, from the core that the servers do not have."""
    others = [core for core in sorted(os.sched_getaffinity(0)) if core != lab.core]
    done = subprocess.run(
        lab.pinned(command, others[0] if others else lab.core),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: status {done.returncode}")
    return done.stdout


def redis_command(directory: Path, port: int) -> list[str]:
    return [
        "redis-server",
        *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
    ]


def nginx_command(directory: Path, port: int) -> list[str]:
    """One worker process, as it would be for one core, and a small file."""
    (directory / "logs").mkdir()
    (directory / "index.html").write_text("x" * 600, encoding="utf-8")
    directory.chmod(0o755)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off; {user} worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; {temporary} keepalive_requests 100000000;\n"
        f"  server {{ listen 127.0.0.1:{port}; root {directory}; }} }}\n",
        encoding="utf-8",
    )
    return ["nginx", "-p", str(directory), "-c", str(config), "-e", str(directory / "error.log")]


def redis_load(lab: Lab) -> Load:
    requests = 15000

    def load(port: int) -> tuple[float, float]:
        line = f"redis-benchmark -h 127.0.0.1 -p {port} -t get -n {requests} -c 50 --csv"
        text = output_of(lab, line.split())
        found = re.search(r'^"GET","([0-9.]+)"', text, re.MULTILINE)
        if not found:
            raise RuntimeError("redis-benchmark printed no rate")
        return requests, requests / float(found.group(1))

    return load


def wrk_load(lab: Lab, *headers: str) -> Load:
    def load(port: int) -> tuple[float, float]:
        text = output_of(lab, ["wrk", "-t1", "-c20", "-d1s", *headers, f"http://127.0.0.1:{port}/index.html"])
        rate = re.search(r"Requests/sec:\s+([0-9.]+)", text)
        count = re.search(r"(\d+) requests in", text)
        if not rate or not count or int(count.group(1)) == 0:
            raise RuntimeError("wrk printed no rate")
        return int(count.group(1)), int(count.group(1)) / float(rate.group(1))

    return load


def start(lab: Lab, mode: Mode, room: Path, command_of: Callable[[Path, int], list[str]]) -> Optional[Server]:
    """The server in this mode, ready; None where it does not start, which is said."""
    directory = Path(tempfile.mkdtemp(dir=room))
    port = free_port()
    log = (mode.log_dir or directory) / f"tcpwaitspy-bench.{os.getpid()}.{port}.log"
    server = Server(lab, mode, port, command_of(directory, port), log)
    try:
        server.wait_ready()
    except RuntimeError as error:
        server.stop()
        lab.skip(f"{command_of.__name__.split('_', maxsplit=1)[0]}, {mode.name}", str(error))
        return None
    return server


def one_load(servers: dict[str, Server], load: Load, mode: Mode) -> Sample:
    """Time and processor time of the server for one request."""
    server = servers[mode.name]
    before_ns = server.processor_ns()
    requests, seconds = load(server.port)
    return {"ns": seconds * 1e9 / requests, "cpu_ns": (server.processor_ns() - before_ns) / requests}


def bench_server(
    lab: Lab, modes: list[Mode], command_of: Callable[[Path, int], list[str]], loads: list[tuple[str, Load]]
) -> list[Row]:
    """All loads on one kind of server in every mode."""
    rows: list[Row] = []
    servers: dict[str, Server] = {}
    with tempfile.TemporaryDirectory(prefix="tcpwaitspy-bench.") as name:
        Path(name).chmod(0o755)
        try:
            for mode in modes:
                server = start(lab, mode, Path(name), command_of)
                if server:
                    servers[mode.name] = server
            ready = [mode for mode in modes if mode.name in servers]
            for workload, load in loads:
                samples = lab.in_turn(partial(one_load, servers, load), ready, SAMPLES)
                rows += compare(workload, samples, {})
        finally:
            for row in rows:
                row.note = f"{1e9 / row.value:,.0f} requests/s"
            for server in servers.values():
                server.stop()
                server.log.unlink(missing_ok=True)
    return rows


def bench_servers(lab: Lab, modes: dict[str, Mode]) -> list[Row]:
    names = (NATIVE, "native, a second time", "calls=none", "calls=all json flush=line, disk")
    chosen = [modes[name] for name in names]
    rows: list[Row] = []
    if shutil.which("redis-server") and shutil.which("redis-benchmark"):
        rows += bench_server(lab, chosen, redis_command, [("redis-server, GET", redis_load(lab))])
    else:
        lab.skip("redis-server", "redis-server or redis-benchmark is not installed")
    if shutil.which("nginx") and shutil.which("wrk"):
        loads = [
            ("nginx, kept connections", wrk_load(lab)),
            ("nginx, a connection a request", wrk_load(lab, "-H", "Connection: close")),
        ]
        rows += bench_server(lab, chosen, nginx_command, loads)
    else:
        lab.skip("nginx", "nginx or wrk is not installed")
    return rows
