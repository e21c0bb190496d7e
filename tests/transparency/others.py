"""OpenSSL, OpenJDK, node, iperf3 and stress-ng: a small server and client each, or the tool's own check."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from stage import Stage, Unavailable, blur, digest, free_port, wait_listening

HERE = Path(__file__).parent
LINES = "".join(f"line {number}\n" for number in range(300))


def openssl(stage: Stage) -> None:
    stage.need("openssl", "curl")
    key, cert, port = stage.room / "key.pem", stage.room / "cert.pem", free_port()
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    stage.run([*made.split(), "-keyout", str(key), "-out", str(cert)], watched=False)
    serve = ["openssl", "s_server", "-quiet", "-key", str(key), "-cert", str(cert), "-accept", f"127.0.0.1:{port}"]
    client = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}", "-servername", "localhost"]
    trust = ["-CAfile", str(cert), "-verify_return_error"]
    with stage.serving([*serve, "-rev"], port) as server:
        for version in ("-tls1_2", "-tls1_3"):
            ran = stage.run([*client, *trust, version, "-ign_eof"], "abc\ndef\nCLOSE\n", patience_s=10)
            stage.say(f"openssl/reversed {version}", blur(ran.told(), r"[0-9A-F]{8,}"))
        stage.say("openssl/not trusted", blur(stage.run([*client, "-verify_return_error"]).told(), r"[0-9A-F]{8,}"))
        stage.say("openssl/rev server", f"status {server.stop().status}")
    with stage.serving([*serve, "-www"], port) as server:
        url = f"https://localhost:{port}/"
        for options in (["--tls-max", "1.2"], ["--tlsv1.3"], ["-H", "Connection: close"]):
            ran = stage.run(["curl", "-sS", "--cacert", str(cert), "-w", "%{http_code} %{num_connects}", *options, url])
            page = re.search(r"SSL-Session:.*?Protocol *: (\S+)", ran.out, re.DOTALL)
            stage.say(f"openssl/www {options[-1]}", f"{ran.status} {page and page.group(1)} {ran.out[-5:]} {ran.err}")
        stage.say("openssl/curl does not trust", blur(stage.run(["curl", "-sS", url]).told()))
        stage.say("openssl/www server", f"status {server.stop().status}")
    directory = stage.directory("www")
    (directory / "file").write_text(LINES, encoding="utf-8")
    with stage.serving(["sh", "-c", f'cd {directory} && exec "$@"', "sh", *serve, "-WWW"], port) as server:
        ran = stage.run(["curl", "-sS", "--cacert", str(cert), "--http0.9", f"https://localhost:{port}/file"])
        stage.say("openssl/WWW", f"{ran.status} {digest(ran.out.encode())} {ran.err}")
        plain = stage.run(["curl", "-sS", "-m", "5", f"http://127.0.0.1:{port}/file"])
        stage.say("openssl/no TLS", blur(plain.told()))
        stage.say("openssl/WWW server", f"status {server.stop().status}")
    stage.say("openssl/refused", blur(stage.run(client).told(), r"[0-9A-F]{8,}|\d{4,}"))


def lines_as_cases(stage: Stage, suite: str, command: list[str]) -> None:
    """A program that prints `CASE: RESULT` for each of its cases, and nothing on stderr."""
    ran = stage.run(command, patience_s=90)
    for line in ran.out.splitlines():
        case, colon, result = line.partition(": ")
        stage.say(f"{suite}/{case}", result if colon else line)
    stage.say(f"{suite}/ends", f"status {ran.status}\n{ran.err}")


def java(stage: Stage) -> None:
    stage.need("java", "javac")
    lines_as_cases(stage, "java", ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(HERE / "Small.java")])


def node(stage: Stage) -> None:
    stage.need("node")
    lines_as_cases(stage, "node", ["node", str(HERE / "small.js")])


def iperf(stage: Stage) -> None:
    stage.need("iperf3")
    port = free_port()
    ways: dict[str, list[str]] = {
        "one way": [],
        "reverse": ["-R"],
        "both ways": ["--bidir"],
        "four streams": ["-P", "4"],
        "small blocks": ["-l", "1000", "-n", "2M"],
        "udp": ["-u", "-b", "50M", "-n", "2M"],
    }
    with stage.serving(["iperf3", "-s", "-B", "127.0.0.1", "-p", str(port)], port, signal.SIGTERM) as server:
        for name, options in ways.items():
            ran = stage.run(["iperf3", "-c", "127.0.0.1", "-p", str(port), "-J", "-n", "20M", *options])
            stage.say(f"iperf3/{name}", iperf_result(ran.out, ran.status, ran.err))
        ended = server.stop()
        stage.say("iperf3/server", f"status {ended.status}\n{ended.err}")
    refused = stage.run(["iperf3", "-c", "127.0.0.1", "-p", str(port), "-n", "1M"])
    stage.say("iperf3/refused", refused.told())


def iperf_result(out: str, status: int, err: str) -> str:
    """Whether it was sent over as many streams as asked for, and what went wrong; rates are not compared."""
    report = json.loads(out) if out.lstrip().startswith("{") else {}
    end = report.get("end", {})
    sent = end.get("sum_sent", end.get("sum", {})).get("bytes", 0)
    return (
        f"status {status}, sent {sent > 0}, streams {len(end.get('streams', []))}, error {report.get('error')}, {err}"
    )


# Bounded by operations, and in time: a stressor that is slow on a busy machine ends as well.
STRESSORS = {
    "sock": ["--sock", "2", "--sock-ops", "300"],
    "sock-ipv6": ["--sock", "1", "--sock-domain", "ipv6", "--sock-ops", "200"],
    "sock-sendmsg": ["--sock", "1", "--sock-opts", "sendmsg", "--sock-ops", "200"],
    "sock-sendmmsg": ["--sock", "1", "--sock-opts", "sendmmsg", "--sock-ops", "100"],
    "sock-readwrite": [
        "--sock",
        "1",
        "--sock-type",
        "stream",
        "--sock-opts",
        "send",
        "--sock-nodelay",
        "--sock-ops",
        "200",
    ],
    "sock-zerocopy": ["--sock", "1", "--sock-zerocopy", "--sock-ops", "100"],
    "sockabuse": ["--sockabuse", "2", "--sockabuse-ops", "150"],
    "sockdiag": ["--sockdiag", "1", "--sockdiag-ops", "2000"],
    "sockfd": ["--sockfd", "1", "--sockfd-ops", "500"],
    "sockmany": ["--sockmany", "1", "--sockmany-ops", "500"],
    "sockpair": ["--sockpair", "1", "--sockpair-ops", "2000"],
    "epoll": ["--epoll", "1", "--epoll-ops", "500"],
    "sendfile": ["--sendfile", "1", "--sendfile-ops", "200"],
    "splice": ["--splice", "1", "--splice-ops", "2000"],
    "dup": ["--dup", "1", "--dup-ops", "3000"],
    "close": ["--close", "1", "--close-ops", "500"],
    "fork": ["--fork", "2", "--fork-ops", "300"],
    "vfork": ["--vfork", "1", "--vfork-ops", "300"],
    "daemon": ["--daemon", "1", "--daemon-ops", "100"],
    "poll": ["--poll", "1", "--poll-ops", "500"],
    "rlimit": ["--rlimit", "1", "--rlimit-ops", "500"],
    "signal": ["--sigfd", "1", "--sigfd-ops", "500"],
    "seccomp": ["--seccomp", "1", "--seccomp-ops", "100"],
    "udp": ["--udp", "1", "--udp-ops", "2000"],
}


def stress(stage: Stage) -> None:
    stage.need("stress-ng")
    for name, options in STRESSORS.items():
        ran = stage.run(
            ["stress-ng", "--timeout", "20s", "--temp-path", str(stage.room), "--oomable", "--no-rand-seed", *options],
            patience_s=40,
        )
        said = [
            re.sub(r"^.*?\] ", "", blur(line, r"\d+\.\d+s|\[\d+\]|\d+\.\d+"))
            for line in (ran.out + ran.err).splitlines()
            if re.search(r"fail|error|warn|passed|skipped|successful|killed", line)
        ]
        stage.say(f"stress/{name}", f"status {ran.status}\n" + "\n".join(said))


def daemon_of(stage: Stage) -> None:
    """A program that closes every descriptor, forks twice, and serves on: its log goes on as well."""
    port = free_port()
    if not Path("/usr/bin/python3").exists():
        raise Unavailable("/usr/bin/python3 is not there")
    stage.say("daemon/start", stage.run(["/usr/bin/python3", "-B", str(HERE / "daemon.py"), str(port)]).told())
    wait_listening(port)
    for number in range(3):
        stage.say(f"daemon/{number}", stage.run(["curl", "-sS", f"http://127.0.0.1:{port}/{number}"]).told())
    stage.say("daemon/end", stage.run(["curl", "-sS", f"http://127.0.0.1:{port}/end"]).told())
