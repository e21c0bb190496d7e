"""Apache in two of its ways to serve, haproxy with a master and workers, php-fpm and nginx that execute themselves."""

from __future__ import annotations

import os
import re
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import nginx
from stage import Stage, Unavailable, blur, free_port, is_over, until, wait_listening, wait_quiet

MODULES = Path("/usr/lib/apache2/modules")
PHP_FPM = "php-fpm8.2"
# What nginx executes has of its environment what is named here.
KEEPS_SHIM = "daemon on; env LD_PRELOAD; env TCPWAITSPY_OPTIONS;"


def bench(stage: Stage, url: str, *options: str) -> str:
    """How many requests ab made, and whether it could. Where answers name what is left, lengths differ: -l."""
    ran = stage.run(["ab", "-l", "-q", "-n", "600", "-c", "10", *options, url])
    kept = [line for line in ran.out.splitlines() if re.match(r"(Complete|Failed|Non-2xx|Write errors)", line)]
    return f"status {ran.status}\n" + "\n".join(kept) + "\n" + ran.err


def bench_during(stage: Stage, url: str, act: Iterator[str]) -> str:
    """The same while something else happens: what that said comes first."""
    busy = stage.popen(["ab", "-l", "-q", "-n", "3000", "-c", "10", url])
    said = "".join(act)
    out, _ = busy.communicate(timeout=90)
    failed = re.search(rb"Failed requests: +\d+", out)
    return f"{said}status {busy.returncode}, {failed and failed.group()!r}"


@contextmanager
def behind(stage: Stage, port: int) -> Iterator[None]:
    """nginx with the files that the others ask it for."""
    with stage.serving(nginx.configure(stage.directory("behind"), port), port, signal.SIGQUIT):
        yield


def apache_configuration(directory: Path, port: int, back: int, way: str) -> list[str]:
    site = directory / "site"
    site.mkdir()
    (site / "small").write_text("hello from a file\n" * 40, encoding="utf-8")
    (site / "large").write_bytes(bytes(range(256)) * 16384)
    script = directory / "script"
    lines = "#!/bin/sh\ncat >/dev/null\necho Content-Type: text/plain; echo; echo hello from $REQUEST_METHOD\n"
    script.write_text(lines, encoding="utf-8")
    script.chmod(0o755)
    modules = (f"mpm_{way}", "authz_core", "proxy", "proxy_http", "alias", "cgi" if way == "prefork" else "cgid")
    config = directory / "apache.conf"
    config.write_text(
        "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in modules)
        + f"ServerRoot {directory}\nDefaultRuntimeDir {directory}\nPidFile {directory}/pid\n"
        + f"ErrorLog {directory}/error.log\nLogLevel warn\nServerName localhost\nListen 127.0.0.1:{port}\n"
        + ("User www-data\nGroup www-data\n" if os.geteuid() == 0 else "")
        + f"DocumentRoot {site}\nKeepAliveTimeout 2\nScriptAlias /script {script}\n"
        + f"ProxyPass /proxied/ http://127.0.0.1:{back}/\n"
        + (f"ScriptSock {directory}/cgid\n" if way == "event" else ""),
        encoding="utf-8",
    )
    return ["apache2", "-f", str(config)]


def apache(stage: Stage, way: str) -> None:
    """A process for each connection, or threads; a proxy, a script, graceful restarts under load."""
    stage.need("apache2", "nginx", "ab", "curl")
    directory, port, back = stage.directory("apache"), free_port(), free_port()
    line = apache_configuration(directory, port, back, way)
    base = f"http://127.0.0.1:{port}"

    def graceful() -> Iterator[str]:
        yield stage.run([*line, "-k", "graceful"]).told()

    with behind(stage, back), stage.serving([*line, "-DFOREGROUND"], port) as server:
        stage.say("apache/new connections", bench(stage, f"{base}/small"))
        stage.say("apache/kept connections", bench(stage, f"{base}/small", "-k"))
        stage.say("apache/proxied", bench(stage, f"{base}/proxied/small", "-n", "200", "-c", "5"))
        stage.say("apache/script", bench(stage, f"{base}/script", "-n", "20", "-c", "2"))
        for name in ("small", "large", "proxied/large", "absent", "script"):
            stage.say(f"apache/bytes of {name}", nginx.fetch(stage, f"{base}/{name}"))
        stage.say("apache/upload", nginx.fetch(stage, f"{base}/script", "-d", "x" * 20000))
        stage.say("apache/broken upstream", nginx.fetch(stage, f"{base}/proxied/cut").splitlines()[1])
        for number in range(2):
            stage.say(f"apache/graceful {number}", bench_during(stage, f"{base}/small", graceful()))
        stage.say("apache/after", nginx.fetch(stage, f"{base}/small"))
        stage.say("apache/ends", server.stop(signal.SIGTERM).told())


def haproxy(stage: Stage) -> None:
    """A master and two workers' worth of threads: checks, many connections, reloads that pass the listeners on."""
    stage.need("haproxy", "nginx", "ab", "curl")
    directory, port, back, absent = stage.directory("haproxy"), free_port(), free_port(), free_port()
    config = directory / "haproxy.cfg"
    config.write_text(
        f"global\n stats socket {directory}/stats mode 600 level admin expose-fd listeners\n nbthread 2\n maxconn 500\n"
        "defaults\n mode http\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n option redispatch\n"
        f"frontend front\n bind 127.0.0.1:{port}\n default_backend back\n"
        f"backend back\n option httpchk GET /small\n server one 127.0.0.1:{back} check inter 200ms\n"
        f" server two 127.0.0.1:{absent} check inter 200ms\n",
        encoding="utf-8",
    )
    base = f"http://127.0.0.1:{port}"
    with behind(stage, back), stage.serving(["haproxy", "-W", "-f", str(config)], port) as server:
        until(lambda: b"back/two is DOWN" in server.err.read_bytes(), "the check's verdict")
        stage.say("haproxy/new connections", bench(stage, f"{base}/small"))
        stage.say("haproxy/kept connections", bench(stage, f"{base}/small", "-k"))
        stage.say("haproxy/many", bench(stage, f"{base}/small", "-k", "-n", "3000", "-c", "150"))
        for name in ("small", "large", "absent", "cut"):
            stage.say(f"haproxy/bytes of {name}", nginx.fetch(stage, f"{base}/{name}"))

        def reload() -> Iterator[str]:
            loaded = server.err.read_bytes().count(b"Loading success")
            server.process.send_signal(signal.SIGUSR2)
            until(lambda: server.err.read_bytes().count(b"Loading success") > loaded, "the new worker")
            yield "reloaded, "

        for number in range(2):
            stage.say(f"haproxy/reload {number}", bench_during(stage, f"{base}/small", reload()))
        stage.say("haproxy/after", nginx.fetch(stage, f"{base}/small"))
        ended = server.stop(signal.SIGTERM)
        bad = {line for line in blur(ended.err).splitlines() if "ERROR" in line or "tcpwaitspy" in line}
        stage.say("haproxy/ends", f"status {ended.status}\n{sorted(bad)}")


def upgrade(stage: Stage) -> None:
    """nginx executes itself for a new version, and takes its listeners along; the old master leaves when it is told."""
    stage.need("nginx", "ab", "curl")
    directory, port = stage.directory("nginx"), free_port()
    # It executes what its argv[0] says, and looks into no PATH.
    line = [shutil.which("nginx") or "nginx", *nginx.configure(directory, port, KEEPS_SHIM)[1:]]
    pid_file, base = directory / "pid", f"http://127.0.0.1:{port}"

    def master() -> int:
        return int(pid_file.read_text(encoding="ascii") or 0) if pid_file.exists() else 0

    stage.say("upgrade/start", stage.run(line).told())
    wait_listening(port)
    until(lambda: master() != 0, "the master's number")
    old = master()

    def replace() -> Iterator[str]:
        os.kill(old, signal.SIGUSR2)
        until(lambda: master() not in (0, old), "the new master")
        os.kill(old, signal.SIGQUIT)
        yield "replaced, "

    stage.say("upgrade/under load", bench_during(stage, f"{base}/small", replace()))
    until(lambda: is_over(old), "the old master's end")
    stage.say("upgrade/after", nginx.fetch(stage, f"{base}/small"))
    new = master()
    os.kill(new, signal.SIGQUIT)
    wait_quiet(port)
    until(lambda: is_over(new), "the new master's end")
    stage.say("upgrade/error log", nginx.errors(directory))


def php(stage: Stage) -> None:
    """php-fpm behind nginx; SIGUSR2 makes it execute itself."""
    stage.need(PHP_FPM, "nginx", "ab", "curl")
    if os.geteuid() != 0:
        raise Unavailable("php-fpm becomes www-data")
    directory, port, fcgi = stage.directory("php"), free_port(), free_port()
    (directory / "x.php").write_text("<?php echo 'hello from ', $_SERVER['REQUEST_METHOD'];", encoding="utf-8")
    fpm = directory / "fpm.conf"
    fpm.write_text(
        f"[global]\ndaemonize=no\nerror_log={directory}/fpm.log\n[www]\nuser=www-data\ngroup=www-data\n"
        f"listen=127.0.0.1:{fcgi}\npm=static\npm.max_children=3\npm.max_requests=40\n",
        encoding="utf-8",
    )
    front = directory / "front.conf"
    front.write_text(
        f"daemon off; user www-data; pid {directory}/pid; error_log {directory}/error.log; events {{ }} http {{ "
        f"access_log off; server {{ listen 127.0.0.1:{port}; location / {{ include /etc/nginx/fastcgi_params; "
        f"fastcgi_param SCRIPT_FILENAME {directory}/x.php; fastcgi_pass 127.0.0.1:{fcgi}; }} }} }}\n",
        encoding="utf-8",
    )
    base = f"http://127.0.0.1:{port}/"
    serve_php = stage.serving([PHP_FPM, "-n", "-y", str(fpm)], fcgi, signal.SIGQUIT)
    with serve_php as server, stage.serving(["nginx", "-c", str(front)], port, signal.SIGQUIT):
        stage.say("php/requests", bench(stage, base, "-n", "300", "-c", "4"))
        stage.say("php/upload", nginx.fetch(stage, base, "-d", "x" * 20000))
        log = directory / "fpm.log"
        begun = log.read_text(encoding="utf-8").count("ready to handle")
        server.process.send_signal(signal.SIGUSR2)
        until(lambda: log.read_text(encoding="utf-8").count("ready to handle") > begun, "the start after SIGUSR2")
        stage.say("php/after it has executed itself", bench(stage, base, "-n", "60", "-c", "2"))
        stage.say("php/ends", f"status {server.stop(signal.SIGQUIT).status}")
