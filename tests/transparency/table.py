"""The suites: one row each. A new one is a row, and a function that gets a Stage and says what came of its cases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Callable

import clients
import cpython
import databases
import nginx
import others
import redis
import remote
import web
from stage import Mode, Stage

NATIVE = Mode("native", watched=False)
JSON = Mode("json", "log=%log:format=json:calls=all")
TEXT = Mode("text")
BUFFERED = Mode("buffered", "log=%log:format=json:calls=lifecycle:flush=buffer:stack=4:watch=100ms")
ALONE = Mode("watch=0", "log=%log:format=json:calls=none:watch=0")
MODES = (NATIVE, JSON, TEXT, BUFFERED, ALONE)


@dataclass(frozen=True)
class Suite:
    """A row. `quick` suites are part of `make check`; `without` are cases left out, by glob, with the reason beside."""

    name: str
    play: Callable[[Stage], None]
    quick: bool = False
    without: tuple[str, ...] = ()
    patience_s: float = 120.0
    # The runner of single cases: what differs is tried again alone.
    singly: bool = False


def python(module: str, quick: bool = False, patience_s: float = 240.0, without: tuple[str, ...] = ()) -> Suite:
    play = partial(cpython.play, module=module, patience_s=patience_s)
    return Suite(f"cpython/{module}", play, quick, without, patience_s + 30, singly=True)


SUITES = (
    # A VSOCK connection to this machine itself hangs where it is a guest without that transport.
    python("test_socket", quick=True, without=("*VSOCK*",)),
    python("test_ssl"),
    python("test_asyncio"),
    python("test_asyncio.test_events", quick=True),
    python("test_httplib", quick=True),
    python("test_httpservers", quick=True),
    python("test_urllib2_localnet", quick=True),
    python("test_socketserver", quick=True),
    python("test_subprocess", quick=True),
    python("test_ftplib"),
    python("test_smtplib", quick=True),
    python("test_poplib"),
    python("test_imaplib"),
    python("test_nntplib"),
    python("test_telnetlib"),
    python("test_xmlrpc"),
    python("test_docxmlrpc"),
    python("test_asyncore"),
    python("test_asynchat"),
    python("test_smtpd"),
    python("test_wsgiref"),
    python("test_robotparser"),
    python("test_logging"),
    python("test_selectors", quick=True),
    python("test_select"),
    python("test_poll"),
    python("test_epoll"),
    python("test_signal"),
    python("test_threadsignals"),
    python("test_eintr"),
    python("test_fork1", quick=True),
    python("test_posix"),
    python("test_os"),
    python("test_pty"),
    python("test_multiprocessing_fork", patience_s=600),
    python("test_multiprocessing_forkserver", patience_s=600),
    Suite("redis/benchmark", redis.benchmark, quick=True),
    Suite("redis/session", redis.session, quick=True),
    Suite("redis/persistence", redis.persistence, quick=True),
    Suite("redis/daemon", redis.daemon, quick=True),
    Suite("redis/replica", redis.replica),
    Suite("nginx/load", nginx.load, quick=True),
    Suite("nginx/restart", nginx.restart, quick=True),
    Suite("nginx/daemon", nginx.daemon, quick=True),
    Suite("nginx/upgrade", web.upgrade, quick=True),
    Suite("php-fpm", web.php),
    Suite("apache/prefork", partial(web.apache, way="prefork")),
    Suite("apache/event", partial(web.apache, way="event")),
    Suite("haproxy", web.haproxy),
    Suite("postgres", databases.postgres, patience_s=240),
    Suite("mariadb", databases.mariadb, patience_s=240),
    Suite("ssh", remote.ssh),
    Suite("exim", remote.exim),
    Suite("rsync", remote.rsync),
    Suite("socat", clients.socat, quick=True),
    Suite("netcat", clients.netcat, quick=True),
    Suite("curl", clients.curl, quick=True),
    Suite("openssl", others.openssl, quick=True),
    Suite("java", others.java, quick=True),
    Suite("node", others.node, quick=True),
    Suite("iperf3", others.iperf, quick=True),
    Suite("stress-ng", others.stress, patience_s=600),
    Suite("daemon", others.daemon_of, quick=True),
)


def modes_of(suite: Suite, quick: bool) -> tuple[Mode, ...]:
    """Under the shim: what the quick part leaves out are settings, and cases that take long."""
    if quick:
        return (JSON,) if suite.singly else (JSON, TEXT)
    return (JSON, TEXT) if suite.singly else (JSON, TEXT, BUFFERED, ALONE)
