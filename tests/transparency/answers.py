"""A web server that answers well or badly, as the path says: `answers.py PORT`. Ended by SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One method for each path."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        """Nothing: the order of threads is not the same each time."""

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        getattr(self, f"get_{path}", self.get_absent)()

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.answer(f"{len(self.rfile.read(length))} bytes\n".encode())

    def get_text(self) -> None:
        self.answer(b"hello\n")

    def get_large(self) -> None:
        self.answer(bytes(range(32, 96)) * 65536)

    def get_absent(self) -> None:
        self.answer(b"not here\n", 404)

    def get_redirect(self) -> None:
        self.answer(b"", 302, Location="/text")

    def get_chunked(self) -> None:
        self.send_response_only(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(20):
            self.wfile.write(b"10\r\n0123456789abcdef\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def get_empty(self) -> None:
        self.close_connection = True

    def get_short(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"ten bytes\n")
        self.close_connection = True

    def get_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())

    def get_never(self) -> None:
        self.connection.settimeout(20)
        self.connection.recv(1)
        self.close_connection = True


class Quiet(ThreadingHTTPServer):
    """What clients do is not printed."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is no news here."""


def main() -> None:
    server = Quiet(("127.0.0.1", int(sys.argv[1])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    over.wait()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
