"""socat, netcat and curl: what they print, what they return, and in which words they fail."""

from __future__ import annotations

import signal
from pathlib import Path

from stage import Stage, blur, digest, free_port, wait_listening

SERVER = str(Path(__file__).with_name("answers.py"))
PYTHON = "/usr/bin/python3"
LINES = "".join(f"line {number}\n" for number in range(2000))


def socat(stage: Stage) -> None:
    stage.need("socat")
    port, absent = free_port(), free_port()
    listen = f"TCP4-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"
    to = f"TCP:127.0.0.1:{port}"
    with stage.serving(["socat", listen, "EXEC:cat"], port) as server:
        for number in range(5):
            stage.say(f"socat/cat {number}", stage.run(["socat", "-", to], LINES).told())
        stage.say("socat/large", digest(stage.run(["socat", "-", to], LINES * 200).out.encode()))
        stage.say("socat/closed at once", stage.run(["socat", "-u", "/dev/null", to]).told())
        stage.say("socat/server", blur(server.stop(signal.SIGTERM).told()))
    with stage.serving(["socat", f"TCP6-LISTEN:{port},bind=[::1],reuseaddr,fork", "SYSTEM:wc -c"], port):
        stage.say("socat/half-close over IPv6", stage.run(["socat", "-t5", "-", f"TCP6:[::1]:{port}"], LINES).told())
    with stage.serving(["socat", listen, "PIPE"], port):
        relay = free_port()
        front = ["socat", f"TCP4-LISTEN:{relay},reuseaddr,fork", to]
        with stage.serving(front, relay):
            stage.say("socat/relay", stage.run(["socat", "-t5", "-", f"TCP:127.0.0.1:{relay}"], LINES).told())
    refused = stage.run(["socat", "-", f"TCP:127.0.0.1:{absent}"])
    stage.say("socat/refused", blur(refused.told()))
    stage.say("socat/unreachable", blur(stage.run(["socat", "-", "TCP:192.0.2.1:9,connect-timeout=1"]).told()))
    stage.say("socat/retries", blur(stage.run(["socat", "-", f"TCP:127.0.0.1:{absent},retry=2,interval=0.1"]).told()))


def netcat(stage: Stage) -> None:
    stage.need("nc")
    port, absent = free_port(), free_port()
    where = ["127.0.0.1", str(port)]
    for number, options in enumerate((["-N"], ["-N", "-4"], ["-q", "0"])):
        server = stage.popen(["nc", "-l", "-s", "127.0.0.1", "-p", str(port)])
        wait_listening(port)
        stage.say(f"nc/sends {number}", stage.run(["nc", *options, *where], LINES).told())
        out, err = server.communicate(timeout=30)
        stage.say(f"nc/hears {number}", f"status {server.returncode}, {digest(out)}")
    with stage.serving(["nc", "-l", "-k", "-s", "127.0.0.1", "-p", str(port)], port) as keeps:
        for number in range(3):
            stage.say(f"nc/kept {number}", stage.run(["nc", "-N", *where], f"{number}\n").told())
        stage.say("nc/scan", stage.run(["nc", "-z", "-v", *where]).told().replace(str(port), "#"))
        ended = keeps.stop()
        stage.say("nc/server", f"status {ended.status}\n{ended.out}{ended.err}")
    stage.say("nc/refused", blur(stage.run(["nc", "-v", "127.0.0.1", str(absent)]).told()))
    stage.say("nc/unreachable", stage.run(["nc", "-v", "-w", "1", "192.0.2.1", "9"]).told())
    taken = stage.popen(["nc", "-l", "-k", "-s", "127.0.0.1", "-p", str(port)])
    wait_listening(port)
    stage.say("nc/idle client", stage.run(["nc", "-w", "1", *where]).told())
    taken.terminate()
    taken.communicate(timeout=30)


def curl(stage: Stage) -> None:
    """Against a server that answers as its path says; the server is under the shim as well."""
    stage.need("curl")
    port, absent = free_port(), free_port()
    base = f"http://127.0.0.1:{port}"
    cases = {
        "one": [f"{base}/text"],
        "kept connection": [f"{base}/text?[1-50]"],
        "new connections": ["-H", "Connection: close", f"{base}/text?[1-30]"],
        "large": [f"{base}/large"],
        "chunked": [f"{base}/chunked"],
        "head": ["-I", f"{base}/text"],
        "post": ["-d", "a=b&" * 5000, f"{base}/post"],
        "expect": ["-H", "Expect: 100-continue", "-d", "x" * 3000, f"{base}/post"],
        "not found": ["-f", f"{base}/absent"],
        "redirect": ["-L", f"{base}/redirect"],
        "empty reply": [f"{base}/empty"],
        "cut short": [f"{base}/short"],
        "reset": [f"{base}/reset"],
        "times out": ["-m", "0.5", f"{base}/never"],
        "refused": [f"http://127.0.0.1:{absent}/"],
        "refused over IPv6": [f"http://[::1]:{absent}/"],
        "unreachable": ["--connect-timeout", "1", "http://192.0.2.1/"],
        "from a port": ["--local-port", "20000-20100", f"{base}/text"],
        "from an address": ["--interface", "127.0.0.2", f"{base}/text"],
    }
    with stage.serving([PYTHON, "-B", SERVER, str(port)], port) as server:
        for name, words in cases.items():
            ran = stage.run(["curl", "-sS", "-w", " %{http_code} %{num_connects}\n", *words])
            body = digest(ran.out.encode()) if len(ran.out) > 2000 else ran.out
            stage.say(
                f"curl/{name}", blur(f"status {ran.status}\n{body}\n{ran.err}", r"\d+ m(illi)?s(econds)?|port \d+")
            )
        # The order of answers is chance, and so is the progress that curl shows here even when it is silent.
        ran = stage.run(["curl", "-sS", "-Z", "--parallel-max", "8", f"{base}/text?[1-30]"])
        stage.say("curl/in parallel", f"status {ran.status}\n{ran.out}")
        ended = server.stop()
        stage.say("curl/server", f"status {ended.status}\n{blur(ended.err)}")
