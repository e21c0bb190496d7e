"""PostgreSQL, a process for each connection, and MariaDB, a thread for each: sessions, a load, a replica."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from typing import Sequence

from stage import Stage, Unavailable, blur, digest, free_port, until

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def as_user(user: str, command: Sequence[str]) -> list[str]:
    return ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *command]


def prepare(stage: Stage, user: str, name: str) -> Path:
    """A directory of this user's; and each of its processes has a log of its own in the room."""
    stage.need_user(user)
    directory = stage.directory(name)
    subprocess.run(["chown", f"{user}:", str(directory)], check=True)
    stage.room.chmod(0o777)
    return directory


def answers(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def transactions(stage: Stage, command: Sequence[str]) -> str:
    ran = stage.run(command)
    return f"status {ran.status} {re.findall('actually processed: (.*)', ran.out)}\n{blur(ran.err, '[0-9.]+ s')}"


def postgres(stage: Stage) -> None:
    if not POSTGRES:
        raise Unavailable("postgresql is not installed")
    tools, port = POSTGRES[-1], free_port()
    directory = prepare(stage, "postgres", "postgres")
    make = [f"{tools}/initdb", "-D", f"{directory}/data", "-A", "trust", "-N", "--locale=C"]
    subprocess.run(as_user("postgres", make), capture_output=True, check=True, cwd=directory)
    serve = as_user("postgres", [f"{tools}/postgres", "-h", "127.0.0.1", "-k", str(directory), "-c", "fsync=off"])
    at = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    psql = [f"{tools}/psql", "-At", *at, "-d", "postgres"]
    load, single = ["-c", "6", "-j", "2", "-t", "60", "postgres"], ["-C", "-S", "-c", "3", "-t", "30", "postgres"]
    with stage.serving([*serve, "-D", f"{directory}/data", "-p", str(port)], port, signal.SIGINT) as server:
        until(lambda: answers([f"{tools}/pg_isready", *at]), "the start", 40)
        stage.say("postgres/tables", str(stage.run([f"{tools}/pgbench", *at, "-i", "-q", "postgres"]).status))
        stage.say("postgres/load", transactions(stage, [f"{tools}/pgbench", *at, "-n", *load]))
        stage.say("postgres/new connections", transactions(stage, [f"{tools}/pgbench", *at, "-n", *single]))
        rows = "\\copy (select tid, bid from pgbench_tellers order by tid) to stdout\n"
        lines = f"select count(*) from pgbench_accounts;\n{rows}select nosuch;\n"
        stage.say("postgres/session", stage.run(psql, lines).told())
        workers = "set parallel_setup_cost=0; set parallel_tuple_cost=0; set min_parallel_table_scan_size=0;"
        stage.say("postgres/parallel", stage.run(psql, f"{workers} select count(*) from pgbench_accounts;\n").told())
        stage.say("postgres/terminated", stage.run(psql, "select pg_terminate_backend(pg_backend_pid());\n").told())
        slow = ["timeout", "-s", "INT", "1", *psql, "-c", "select pg_sleep(20)"]
        stage.say("postgres/cancelled", stage.run(slow).told())
        stage.say("postgres/dump", str(stage.run([f"{tools}/pg_dump", *at, "postgres"]).status))
        follow(stage, tools, [*serve, "-D", f"{directory}/copy"], at, directory / "copy")
        ended = server.stop(signal.SIGINT)
        stage.say("postgres/ends", f"status {ended.status} {re.findall('PANIC.*|tcpwaitspy:.*', ended.err)}")


def follow(stage: Stage, tools: Path, serve: list[str], at: list[str], copy: Path) -> None:
    """A copy of the whole, and a server on it that gets what comes later."""
    port = free_port()
    take = [f"{tools}/pg_basebackup", *at, "-D", str(copy), "-R", "-X", "stream", "-c", "fast"]
    stage.say("postgres/base backup", stage.run(as_user("postgres", take)).told())
    with stage.serving([*serve, "-p", str(port)], port, signal.SIGINT) as server:
        stage.run([f"{tools}/psql", *at, "-d", "postgres", "-c", "create table late as select 1 as one"])
        ask = [f"{tools}/psql", "-At", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", "table late"]
        until(lambda: answers(ask), "what came later", 30)
        stage.say("postgres/follower", stage.run(ask).told())
        stage.say("postgres/follower ends", f"status {server.stop(signal.SIGINT).status}")


def mariadb(stage: Stage) -> None:
    stage.need("mariadbd", "mariadb", "mariadb-install-db", "mysqlslap")
    directory, port = prepare(stage, "mysql", "mariadb"), free_port()
    make = ["mariadb-install-db", "--user=mysql", f"--datadir={directory}/data"]
    subprocess.run([*make, "--auth-root-authentication-method=normal"], capture_output=True, check=True)
    serve = ["mariadbd", "--no-defaults", "--user=mysql", f"--datadir={directory}/data", f"--socket={directory}/socket"]
    serve += [f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={directory}/pid", "--skip-name-resolve"]
    at = ["--no-defaults", "-h", "127.0.0.1", "-P", str(port), "-uroot", "--protocol=tcp"]
    with stage.serving([*serve, "--innodb-flush-log-at-trx-commit=0", "--thread-cache-size=2"], port) as server:
        until(lambda: answers(["mariadb-admin", *at, "ping"]), "the start", 60)
        lines = (
            "create database tests; use tests; create table many (number int, words varchar(99));\n"
            "insert into many select seq, repeat('x', 50) from seq_1_to_20000;\n"
            "select count(*), sum(number) from many;\n"
            "select nosuch;\n"
        )
        stage.say("mariadb/session", stage.run(["mariadb", *at], lines).told())
        out = stage.run(["mariadb", *at, "-N", "-e", "select * from tests.many"]).out
        stage.say("mariadb/large answer", digest(out.encode()))
        for name, more in (("load", "--iterations=2"), ("new connections", "--detach=2")):
            load = ["mysqlslap", *at, "--concurrency=6", "--auto-generate-sql", "--number-of-queries=300"]
            ran = stage.run([*load, more])
            stage.say(f"mariadb/{name}", f"status {ran.status} {ran.err}")
        stage.say("mariadb/killed", blur(stage.run(["mariadb", *at], "kill connection_id();\nselect 2;\n").told()))
        stage.say("mariadb/wrong password", stage.run(["mariadb", *at, "-unobody", "-pwrong", "-e", "select 1"]).told())
        ended = server.stop()
        stage.say("mariadb/ends", f"status {ended.status} {re.findall('ERROR.*|tcpwaitspy:.*', ended.err)}")
