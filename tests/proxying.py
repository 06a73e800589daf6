"""Small real proxies on loopback: HTTP's two ways and SOCKS 5, each able to misbehave."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator


class Proxy(socketserver.ThreadingTCPServer):
    """Takes every host's name for the one server that it is told of; `way` is how it behaves."""

    daemon_threads = True

    def __init__(self, handler: type, port: int, way: str) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.port, self.way = port, way
        self.seen: list[str] = []
        self.stopped = threading.Event()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.StreamRequestHandler):
    server: Proxy

    def pass_on(self, first: bytes = b"") -> None:
        """Copy bytes both ways until both sides are done."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as target:
            target.sendall(first)
            back = threading.Thread(target=_copy, args=(target, self.connection))
            back.start()
            while data := self.rfile.read1(65536):
                target.sendall(data)
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)
            back.join()


class HttpProxy(_Handler):
    """Passes requests with whole addresses on, and makes tunnels for `CONNECT`."""

    def handle(self) -> None:
        """Read one head and do as the way says."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        first, _, rest = head.partition(b"\r\n")
        method, target, _ = first.decode().split()
        self.server.seen.append(f"{method} {target}")
        with contextlib.suppress(OSError):
            self._answer(method, target, rest)

    def _answer(self, method: str, target: str, rest: bytes) -> None:
        match self.server.way:
            case "stalls":
                self.server.stopped.wait(10)
            case "refuses":
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            case "hangs up":
                pass
            case "babbles":
                self.wfile.write(b"220 smtp ready\r\n")
            case "wants a password" if b"Proxy-Authorization: Basic dXNlcjpw" not in rest:
                self.wfile.write(
                    b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n'
                    b"Content-Length: 0\r\n\r\n"
                )
            case _ if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self.pass_on()
            case _:
                path = target.removeprefix("http://").partition("/")[2]
                self.pass_on(f"{method} /{path} HTTP/1.1\r\n".encode() + rest)


class SocksProxy(_Handler):
    """SOCKS 5 with and without a password."""

    def handle(self) -> None:
        """Greet, then make the one connection that is asked for."""
        if self.server.way == "stalls":
            self.server.stopped.wait(10)
            return
        _, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        if self.server.way == "wants a password":
            if 2 not in methods:
                self.wfile.write(b"\x05\xff")
                return
            self.wfile.write(b"\x05\x02")
            user = self.rfile.read(self.rfile.read(2)[1])
            password = self.rfile.read(self.rfile.read(1)[0])
            right = (user, password) == (b"user", b"p@ss")
            self.wfile.write(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return
        else:
            self.wfile.write(b"\x05\x00")
        kind = self.rfile.read(4)[3]
        host = self.rfile.read(self.rfile.read(1)[0] if kind == 3 else 4)
        self.rfile.read(2)
        self.server.seen.append(host.decode() if kind == 3 else socket.inet_ntoa(host))
        if self.server.way == "refuses":
            self.wfile.write(b"\x05\x02\x00\x01" + b"\0" * 6)
            return
        self.wfile.write(b"\x05\x00\x00\x01" + b"\0" * 6)
        self.pass_on()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxy(handler: type, *, port: int = 1, way: str = "well") -> Iterator[Proxy]:
    """A proxy until the end of the `with`."""
    with Proxy(handler, port, way) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()
