"""nginx with a master and two workers that become another user: load, reload, a slow download, a proxy, a daemon."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from stage import Server, Stage, blur, digest, free_port, is_over, until, wait_listening, wait_quiet

REQUESTS = 2000


def configure(directory: Path, port: int, mode: str = "daemon off;") -> list[str]:
    """A small and a large file, a proxy before them, and logs in the directory."""
    site = directory / "site"
    site.mkdir()
    (site / "small").write_text("hello from a file\n" * 40, encoding="utf-8")
    (site / "large").write_bytes(bytes(range(256)) * 16384)
    user = "user www-data;" if os.geteuid() == 0 else ""
    temporary = " ".join(
        f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # The last answer that a kept connection may have differs (Connection: close): whether one gets there is chance.
    config = directory / "nginx.conf"
    config.write_text(
        f"{mode} {user} worker_processes 2; pid {directory}/pid; error_log {directory}/error.log notice;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log {directory}/access.log; {temporary} sendfile on; keepalive_requests {2 * REQUESTS};\n"
        f"  upstream back {{ server 127.0.0.1:{port}; keepalive 4; }}\n"
        f"  server {{ listen 127.0.0.1:{port} backlog=511; root {site};\n"
        "    location = /slow { alias " + str(site) + "/large; limit_rate 2m; }\n"
        "    location /proxied/ { proxy_pass http://back/; proxy_http_version 1.1; proxy_set_header Connection ''; }\n"
        "    location = /broken { proxy_pass http://127.0.0.1:9/; }\n"
        "    location = /cut { return 444; } } }\n",
        encoding="utf-8",
    )
    return ["nginx", "-p", str(directory), "-c", str(config), "-e", str(directory / "error.log")]


def apache_bench(stage: Stage, url: str, *options: str) -> str:
    """What ab counted; times and rates left out."""
    ran = stage.run(["ab", "-q", "-n", str(REQUESTS), "-c", "20", *options, url])
    counts = [
        line
        for line in ran.out.splitlines()
        if re.match(r"(Document Length|Complete|Failed|Non-2xx|Total transferred|HTML|Write errors)", line)
    ]
    return f"status {ran.status}\n" + "\n".join(counts) + "\n" + ran.err


def fetch(stage: Stage, url: str, *options: str) -> str:
    """A status and the bytes, as curl got them."""
    body = stage.room / "body"
    body.unlink(missing_ok=True)
    ran = stage.run(["curl", "-sS", "-o", str(body), "-w", "%{http_code} %{size_download}", *options, url])
    return f"{blur(ran.told(), '[0-9]+ ms')}\n{digest(body.read_bytes()) if body.exists() else 'no body'}"


def errors(directory: Path) -> str:
    """What nginx itself complains of, each kind once. A warning, of a slow reader, is chance."""
    lines = (directory / "error.log").read_text(encoding="utf-8").replace(str(directory), "").splitlines()
    bad = {blur(line[line.index("[") :]) for line in lines if re.search(r"\[(error|crit|alert|emerg)\]", line)}
    return "\n".join(sorted(bad))


def control(stage: Stage, line: list[str], word: str) -> str:
    return stage.run([*line, "-s", word]).told()


def load(stage: Stage) -> None:
    stage.need("nginx", "ab", "curl")
    directory, port = stage.directory("nginx"), free_port()
    line = configure(directory, port)
    base = f"http://127.0.0.1:{port}"
    stage.say("load/configuration", stage.run([*line, "-t"]).told())
    with stage.serving(line, port, signal.SIGQUIT) as server:
        stage.say("load/new connections", apache_bench(stage, f"{base}/small"))
        stage.say("load/kept connections", apache_bench(stage, f"{base}/small", "-k"))
        stage.say("load/large", apache_bench(stage, f"{base}/large", "-n", "60", "-c", "6"))
        stage.say("load/proxied", apache_bench(stage, f"{base}/proxied/small", "-k", "-n", "500"))
        for name in ("small", "large", "proxied/large", "absent", "cut"):
            stage.say(f"bytes/{name}", fetch(stage, f"{base}/{name}"))
        # Nobody listens on discard's port in this network.
        stage.say("bytes/broken", fetch(stage, f"{base}/broken"))
        stage.say("bytes/range", fetch(stage, f"{base}/large", "-r", "1000-1999"))
        stage.say("bytes/upload", fetch(stage, f"{base}/small", "-d", "x" * 20000))
        quit_told = server.stop(signal.SIGQUIT)
        stage.say("load/server", quit_told.told())
        stage.say("load/error log", errors(directory))
        served = (directory / "access.log").read_text(encoding="utf-8").splitlines()
        stage.say("load/access log", str(len(served)))


def restart(stage: Stage) -> None:
    """Reloads under load lose no request; a graceful end lets a download finish; a fast one does not."""
    stage.need("nginx", "ab", "curl")
    directory, port = stage.directory("nginx"), free_port()
    line = configure(directory, port)
    base = f"http://127.0.0.1:{port}"
    with stage.serving(line, port, signal.SIGQUIT) as server:
        for number in range(3):
            busy = stage.popen(["ab", "-q", "-n", "3000", "-c", "10", f"{base}/small"])
            stage.say(f"reload/{number} told", control(stage, line, "reload"))
            out, _ = busy.communicate(timeout=60)
            failed = re.search(rb"Failed requests: +\d+", out)
            stage.say(f"reload/{number} under load", f"status {busy.returncode}, {failed and failed.group()!r}")
        slow = stage.popen(["curl", "-sS", f"{base}/slow"])
        until(lambda: has_established(port), "the download's begin")
        stage.say("quit/told", control(stage, line, "quit"))
        data, _ = slow.communicate(timeout=60)
        stage.say("quit/download", f"status {slow.returncode}, {digest(data)}")
        stage.say("quit/server", server.wait().told())
    with stage.serving(line, port, signal.SIGTERM) as server:
        stop_at_once(stage, server, line, port)
    stage.say("restart/error log", errors(directory))


def has_established(port: int) -> bool:
    """True once the kernel has a connection of this server that is open."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return any(row[3] == "01" and int(row[1].rpartition(":")[2], 16) == port for row in rows)


def stop_at_once(stage: Stage, server: Server, line: list[str], port: int) -> None:
    slow = stage.popen(["curl", "-sS", "-o", "/dev/null", f"http://127.0.0.1:{port}/slow"])
    until(lambda: has_established(port), "the download's begin")
    stage.say("stop/told", control(stage, line, "stop"))
    slow.communicate(timeout=60)
    stage.say("stop/download", f"status {slow.returncode}")
    stage.say("stop/server", server.wait().told())


def daemon(stage: Stage) -> None:
    """`daemon on`: the starter ends, its stderr is given up, the workers become www-data."""
    stage.need("nginx", "curl")
    directory, port = stage.directory("nginx"), free_port()
    line = configure(directory, port, "daemon on;")
    stage.say("daemon/start", stage.run(line).told())
    wait_listening(port)
    pid = int((directory / "pid").read_text(encoding="ascii"))
    stage.say("daemon/serves", fetch(stage, f"http://127.0.0.1:{port}/small"))
    stage.say("daemon/stderr", blur(os.readlink(f"/proc/{pid}/fd/2").replace(str(stage.room), "")))
    stage.say("daemon/again", blur(stage.run(line).told()))
    stage.say("daemon/reload", control(stage, line, "reload"))
    stage.say("daemon/serves after reload", fetch(stage, f"http://127.0.0.1:{port}/small"))
    stage.say("daemon/quit", control(stage, line, "quit"))
    wait_quiet(port)
    until(lambda: is_over(pid), "the daemon's end")
    stage.say("daemon/error log", errors(directory))
