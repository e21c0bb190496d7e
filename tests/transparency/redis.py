"""redis-server: all that its benchmark sends, a session of redis-cli, its forks, a daemon, a replica."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from stage import Stage, blur, free_port, is_listening, until, wait_listening, wait_quiet

# What redis-cli is told in one session; each answer is a case.
SESSION = """PING
SET greeting "hello world"
GET greeting
GETRANGE greeting 0 4
APPEND greeting !
STRLEN greeting
INCR counter
INCRBY counter 41
INCR greeting
EXPIRE counter 100
PERSIST counter
LPUSH list a b c
LRANGE list 0 -1
BLPOP list 1
BLPOP nothing 0.2
SADD set 1 2 3
SCARD set
HSET hash field value
HGETALL hash
ZADD sorted 1 one 2 two
ZRANGE sorted 0 -1 WITHSCORES
XADD stream 1-1 name value
XRANGE stream - +
MULTI
SET in-transaction 1
EXEC
EVAL "return redis.call('GET', KEYS[1])" 1 greeting
PUBLISH channel message
OBJECT ENCODING list
DBSIZE
CLIENT SETNAME tester
CLIENT GETNAME
WAIT 0 10
NOSUCHCOMMAND
GET
DEL list
EXISTS list
CONFIG GET maxclients
DEBUG SLEEP 0.1
SELECT 3
KEYS *
FLUSHALL
DBSIZE
SAVE
ECHO done""".splitlines()


def command(directory: Path, port: int, *more: str) -> list[str]:
    line = f"redis-server --port {port} --bind 127.0.0.1 --dir {directory} --appendonly no --loglevel notice"
    return [*line.split(), *(more or ("--save", ""))]


def cli(stage: Stage, port: int, *words: str, text: str = "") -> str:
    return stage.run(["redis-cli", "-h", "127.0.0.1", "-p", str(port), *words], text).told()


def tell(stage: Stage, port: int, *words: str) -> str:
    """One command, its answer without anything else."""
    return stage.run(["redis-cli", "-p", str(port), *words], watched=False).out.strip()


def told_log(text: str) -> str:
    """A server's own log: who says what, without pids and times."""
    kept = [line for line in text.splitlines() if " * " in line or " # " in line]
    return "\n".join(blur(re.sub(r"^[^*#]*", "", line)) for line in kept)


def benchmark(stage: Stage) -> None:
    stage.need("redis-server", "redis-benchmark")
    port = free_port()
    with stage.serving(command(stage.directory("data"), port), port) as server:
        # A row for each command that the benchmark has by default.
        line = f"redis-benchmark -h 127.0.0.1 -p {port} -n 3000 -c 20 -P 1 --csv"
        rows = stage.run(line.split())
        stage.say("benchmark/ends", f"status {rows.status}\n{blur(rows.err)}")
        for row in rows.out.splitlines()[1:]:
            stage.say("benchmark/" + row.split('"')[1], "answered" if '"0.00"' not in row[:60] else row)
        pipelined = stage.run(f"redis-benchmark -p {port} -n 5000 -c 50 -P 16 -t set,get --csv".split())
        stage.say("benchmark/pipelined", f"status {pipelined.status}, {len(pipelined.out.splitlines())} rows")
        # A connection for each request: as many as were asked for, and none refused.
        single = stage.run(f"redis-benchmark -p {port} -n 1500 -c 10 -k 0 -t ping_inline --csv".split())
        stage.say("benchmark/new connections", f"status {single.status}, {len(single.out.splitlines())} rows")
        stats = dict(line.split(":", 1) for line in tell(stage, port, "INFO", "stats").splitlines() if ":" in line)
        stage.say("benchmark/rejected", stats["rejected_connections"].strip())
        stage.say("benchmark/left", tell(stage, port, "DBSIZE"))
        stage.say("benchmark/server", told(server.stop()))


def told(ran: object) -> str:
    return f"status {getattr(ran, 'status')}\n{told_log(getattr(ran, 'out'))}\n{blur(getattr(ran, 'err'))}"


def session(stage: Stage) -> None:
    stage.need("redis-server", "redis-cli")
    port = free_port()
    with stage.serving(command(stage.directory("data"), port), port) as server:
        # One connection for the whole session; markers part the answers.
        lines = "\n".join(f'{line}\nECHO "== {number}"' for number, line in enumerate(SESSION) if line != "MULTI")
        lines = lines.replace('SET in-transaction 1\nECHO "== 24"\n', "MULTI\nSET in-transaction 1\n")
        whole = cli(stage, port, "--no-raw", text=lines + "\n")
        stage.say("session/ends", blur(whole.splitlines()[0] if whole else "", r"0x[0-9a-f]+"))
        for part in re.split(r'"== (?=\d+"\n)', whole)[1:]:
            number, _, answer = part.partition('"\n')
            following = int(number) + 1
            if following < len(SESSION):
                stage.say(f"session/{following} {SESSION[following]}", blur(answer, r"\(\d+\.\d+s\)"))
        bulk = "".join(f"SET key:{number} {number}\r\n" for number in range(5000))
        stage.say("session/pipe", blur(cli(stage, port, "--pipe", text=bulk), r"seconds.*"))
        stage.say("session/keys", tell(stage, port, "DBSIZE"))
        stage.say("session/wrong password", cli(stage, port, "-a", "wrong", "PING"))
        stage.say("session/no listener", blur(cli(stage, free_port(), "PING"), r":\d+"))
        tell(stage, port, "CONFIG", "SET", "maxclients", "1")
        stage.say("session/killed", cli(stage, port, "CLIENT", "KILL", "TYPE", "pubsub"))
        stage.say("session/shutdown", cli(stage, port, "SHUTDOWN", "NOSAVE"))
        stage.say("session/server", told(server.wait()))


def persistence(stage: Stage) -> None:
    """Forks that write: BGSAVE, BGREWRITEAOF and the snapshots that `save` makes by itself; and a start from them."""
    stage.need("redis-server", "redis-cli")
    data = stage.directory("data")
    port = free_port()
    with stage.serving(command(data, port, "--save", "1 1"), port) as server:
        tell(stage, port, "SET", "kept", "yes")
        until(lambda: (data / "dump.rdb").exists(), "a snapshot by itself")
        stage.say("save/by itself", "written")
        until(lambda: "rdb_bgsave_in_progress:0" in tell(stage, port, "INFO", "persistence"), "its end")
        stage.say("save/BGSAVE", tell(stage, port, "BGSAVE"))
        until(lambda: "rdb_bgsave_in_progress:0" in tell(stage, port, "INFO", "persistence"), "BGSAVE's end")
        tell(stage, port, "CONFIG", "SET", "appendonly", "yes")
        until(lambda: "aof_rewrite_in_progress:0" in tell(stage, port, "INFO", "persistence"), "the rewrite's end")
        stage.say(
            "save/status",
            "\n".join(line for line in tell(stage, port, "INFO", "persistence").splitlines() if "status" in line),
        )
        ended = server.stop()
        stage.say("save/server", f"status {ended.status}\n{blur(ended.err)}")
    with stage.serving(command(data, port, "--appendonly", "yes"), port):
        stage.say("save/read again", tell(stage, port, "GET", "kept"))


def daemon(stage: Stage) -> None:
    stage.need("redis-server", "redis-cli")
    data = stage.directory("data")
    port = free_port()
    line = command(data, port, "--daemonize", "yes", "--pidfile", f"{data}/pid", "--logfile", f"{data}/log")
    stage.say("daemon/start", stage.run(line).told())
    wait_listening(port)
    stage.say("daemon/serves", cli(stage, port, "SET", "a", "b") + cli(stage, port, "GET", "a"))
    stage.say("daemon/shutdown", cli(stage, port, "SHUTDOWN", "NOSAVE"))
    wait_quiet(port)
    until(lambda: not (data / "pid").exists(), "the end of the daemon")
    stage.say("daemon/log", told_log((data / "log").read_text(encoding="utf-8")))


def replica(stage: Stage) -> None:
    """A replica that gets all, loses its master and says so."""
    stage.need("redis-server", "redis-cli")
    master, follower = free_port(), free_port()
    with stage.serving(command(stage.directory("master"), master), master) as first:
        tell(stage, master, "SET", "before", "1")
        follow = command(stage.directory("replica"), follower, "--replicaof", f"127.0.0.1 {master}", "--save", "")
        with stage.serving(follow, follower) as second:
            until(lambda: tell(stage, follower, "GET", "before") == "1", "the first copy", 30)
            tell(stage, master, "SET", "after", "2")
            until(lambda: tell(stage, follower, "GET", "after") == "2", "what came later", 30)
            stage.say("replica/follows", tell(stage, master, "WAIT", "1", "5000"))
            stage.say("replica/read-only", cli(stage, follower, "SET", "x", "y"))
            ended = first.stop()
            stage.say("replica/master", f"status {ended.status}")
            until(lambda: not is_listening(master), "the master's end")
            until(lambda: "master_link_status:down" in tell(stage, follower, "INFO", "replication"), "the loss")
            stage.say("replica/alone", tell(stage, follower, "GET", "after"))
            stage.say("replica/server", f"status {second.stop(signal.SIGTERM).status}")
