"""A daemon of the old school: forks twice, closes every descriptor, and serves: `daemon.py PORT`.

Prints nothing. It answers each request with its path and the descriptors that it has open below 100, until `/end`.
"""

from __future__ import annotations

import os
import socket
import sys


def leave() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 4096)
    os.open(os.devnull, os.O_RDWR)
    os.dup2(0, 1)
    os.dup2(0, 2)


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def serve(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(8)
        path = ""
        while path != "/end":
            connection, _ = listener.accept()
            with connection:
                words = connection.recv(4096).decode().split()
                path = words[1] if len(words) > 1 else "/end"
                body = f"{path} {[fd for fd in range(100) if is_open(fd)]}\n".encode()
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass


if __name__ == "__main__":
    leave()
    serve(int(sys.argv[1]))
